// A drawing that shows where an instance stands. The server says what is done, where the tokens are, what failed.
import { draw, mark } from './drawing.js';

for (const place of document.querySelectorAll('[data-diagram]')) {
  const drawing = await draw(place);
  if (drawing) {
    const { done = [], active = [], failed = [], look } = JSON.parse(place.dataset.position || '{}');
    mark(drawing, done, 'is-done');
    mark(drawing, active, 'is-active');
    mark(drawing, failed, 'is-failed');
    drawing.look(look || active[0]);
  }
}

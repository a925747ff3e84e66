// A drawing that shows where an instance stands. The server says what is done, where the tokens are, what failed.
// It is drawn when it comes into sight: folded away it has no size, and nobody waits for what he does not look at.
import { draw, mark } from './drawing.js';

async function show(place) {
  const drawing = await draw(place);
  if (!drawing) return;
  const { done = [], active = [], failed = [], look } = JSON.parse(place.dataset.position || '{}');
  mark(drawing, done, 'is-done');
  mark(drawing, active, 'is-active');
  mark(drawing, failed, 'is-failed');
  drawing.look(look || active[0]);
}

const seen = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    seen.unobserve(target);
    show(target);
  }
}, { rootMargin: '600px' });
for (const place of document.querySelectorAll('[data-diagram]')) seen.observe(place);

// The heat of a drawing: steps shaded by a figure that stands on them; a click leads to their cases. The same figures
// stand in the table below.
import { draw } from './drawing.js';
import './heat.css';

const place = document.querySelector('[data-heat]');
const frame = place?.querySelector('.drawing');
const drawing = frame && await draw(frame, frame.dataset.drawing);
if (drawing) {
  const levels = JSON.parse(place.dataset.heat);
  const known = new Set();
  const down = JSON.parse(place.dataset.down || '{}'); // steps that call a procedure lead to its heat
  for (const [id, level, value] of levels) {
    if (!drawing.elements.get(id)) continue;
    known.add(id);
    if (level) drawing.canvas.addMarker(id, `is-heat-${level}`);
    drawing.canvas.addMarker(id, 'has-cases');
    const badge = document.createElement('span');
    badge.className = 'heat-badge';
    badge.textContent = value;
    drawing.overlays.add(id, 'heat', { position: { bottom: 10, left: 4 }, html: badge });
  }
  drawing.viewer.on('element.click', ({ element }) => {
    if (down[element.id]) window.location.assign(down[element.id]);
    else if (known.has(element.id)) window.location.assign(`${place.dataset.cases.replace('ELEMENT', encodeURIComponent(element.id))}#cases`);
  });
  drawing.whole(); // where it is hot compared with the rest: the whole way at once, closer by the buttons
  place.dataset.ready = 'yes';
}

const period = document.querySelector('[data-period]');
document.querySelectorAll('[data-period-day]').forEach((day) => day.addEventListener('input', () => { period.value = 'own'; }));

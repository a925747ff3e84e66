// A read-only drawing by bpmn-js. Its watermark stays visible: nothing of ours lies over the bottom right corner.
import NavigatedViewer from 'bpmn-js/lib/NavigatedViewer';
import 'bpmn-js/dist/assets/diagram-js.css';
import 'bpmn-js/dist/assets/bpmn-js.css';
import './drawing.css';

const MARGIN = 20;
const READABLE = 0.75; // below this scale names cannot be read: show the place of work instead of the whole drawing

export async function draw(place, url = place.dataset.diagram) {
  const sheet = place.querySelector('.drawing-sheet');
  try {
    const answer = await fetch(url, { credentials: 'same-origin' });
    if (!answer.ok) throw new Error(String(answer.status));
    const xml = await answer.text();
    sheet.replaceChildren();
    const viewer = new NavigatedViewer({ container: sheet, keyboard: { bind: false } });
    await viewer.importXML(xml);
    return steer(place, viewer);
  } catch {
    sheet.textContent = place.dataset.failed;
    return null;
  }
}

export function mark(drawing, ids, name) {
  for (const id of ids) if (drawing.elements.get(id)) drawing.canvas.addMarker(id, name);
}

export function unmark(drawing, name) {
  drawing.elements.forEach((element) => drawing.canvas.removeMarker(element, name));
}

// Where a window of this length begins that has ``middle`` in its middle, but shows no emptiness beyond the drawing.
function within(middle, length, from, whole) {
  if (whole + 2 * MARGIN <= length) return from - (length - whole) / 2;
  return Math.min(Math.max(middle - length / 2, from - MARGIN), from + whole + MARGIN - length);
}

function steer(place, viewer) {
  const canvas = viewer.get('canvas');
  const elements = viewer.get('elementRegistry');
  const whole = () => canvas.zoom('fit-viewport', 'auto');
  const look = (id) => {
    const element = id && elements.get(id);
    if (canvas.zoom('fit-viewport', 'auto') >= READABLE || !element) return;
    const box = canvas.viewbox();
    const scale = Math.min(1, Math.max(READABLE, box.outer.width / 900));
    const width = box.outer.width / scale;
    const height = box.outer.height / scale;
    canvas.viewbox({
      x: within(element.x + (element.width || 0) / 2, width, box.inner.x, box.inner.width),
      y: within(element.y + (element.height || 0) / 2, height, box.inner.y, box.inner.height),
      width, height,
    });
  };
  const acts = { in: () => canvas.zoom(canvas.zoom() * 1.25), out: () => canvas.zoom(canvas.zoom() / 1.25), all: whole };
  place.querySelectorAll('[data-zoom]').forEach((button) => {
    button.addEventListener('click', () => acts[button.dataset.zoom]());
  });
  return { viewer, canvas, elements, whole, look, overlays: viewer.get('overlays') };
}

// The way of an instance over its drawings: a slider of moments, a play button, tokens as dots, called procedures
// followed or opened by a click, and what people did beside the diagram as signs and arrows. The same way stands below as a list, for those who cannot or need not see pictures.
import { draw, mark, unmark } from './drawing.js';

const place = document.querySelector('[data-replay]');
const slider = document.querySelector('#replay-moment');
const play = document.querySelector('#replay-play');
const choice = document.querySelector('#replay-sheet');
const caption = document.querySelector('#replay-caption');
const rows = [...document.querySelectorAll('[data-step]')];
const NAMED = 4; // steps of one moment that are called by name: the system takes many at once
const SIGNS = { returned: '↩', recalled: '⟲', skip: '⤼', move: '⇢', edit: '✎' }; // beside the diagram
const TICK = 900; // milliseconds a moment is shown while playing

const way = await (await fetch(place.dataset.replay, { credentials: 'same-origin' })).json();
const sheets = new Map(way.sheets.map((sheet) => [sheet.path, sheet]));
const drawings = new Map();
const blank = place.querySelector('.drawing-sheet');
let shown = null;
let timer = null;
let turn = 0;
let steered = false; // the reader has moved the drawing himself: leave it where he put it

slider.max = Math.max(0, way.times.length - 1);
slider.value = slider.max;

async function open(path) {
  if (!drawings.has(path)) {
    const sheet = drawings.size ? blank.cloneNode(false) : blank;
    place.append(sheet);
    reveal(sheet); // a drawing can be fitted to its sheet only while the sheet is to be seen
    const holder = { querySelector: () => sheet, querySelectorAll: () => [], dataset: place.dataset };
    const drawing = await draw(holder, sheets.get(path).drawing);
    if (!drawing) return null;
    drawings.set(path, { ...drawing, sheet });
    drawing.viewer.on('element.click', ({ element }) => enter(path, element.id));
  }
  shown = path;
  return drawings.get(path);
}

function reveal(sheet) {
  place.querySelectorAll('.drawing-sheet').forEach((one) => { one.hidden = one !== sheet; });
}

function enter(path, element) {
  const inner = way.sheets.find((sheet) => sheet.parent === path && sheet.caller === element);
  if (!inner || !choice) return;
  choice.value = inner.path;
  show();
}

// Where the latest coming or going of this moment happened: the sheet to look at when following.
function busiest(moment) {
  let found = '';
  for (const [path, , from, to] of way.stays) if (from === moment || to === moment) found = path;
  for (const act of way.marks) if (act.at === moment) found = act.to ? act.toSheet : act.sheet;
  return found;
}

async function show() {
  const mine = ++turn;
  const moment = Number(slider.value);
  const path = !choice || choice.value === 'follow' ? busiest(moment) : choice.value;
  const drawing = await open(path);
  if (mine !== turn || !drawing) return;
  reveal(drawing.sheet);
  paint(drawing, path, moment);
  const names = rows.map((row) => row.dataset.name);
  rows.forEach((row, index) => row.classList.toggle('step-ahead', way.stays[index][2] > moment));
  const fresh = way.stays.flatMap(([, , from], index) => (from === moment && names[index] ? [names[index]] : []));
  const named = fresh.length > NAMED ? [`… +${fresh.length - NAMED + 1}`, ...fresh.slice(1 - NAMED)] : fresh;
  const acts = way.marks.filter((act) => act.at === moment).map((act) => act.said);
  caption.textContent = [way.times[moment], sheets.get(path).name, ...acts, ...named].filter(Boolean).join(' · ');
  slider.setAttribute('aria-valuetext', caption.textContent);
}

function paint(drawing, path, moment) {
  ['is-done', 'is-active', 'is-failed'].forEach((name) => unmark(drawing, name));
  drawing.overlays.clear();
  const done = new Set();
  const here = new Map();
  for (const [sheet, element, from, to, outcome] of way.stays) {
    if (sheet !== path || from > moment) continue;
    if (to === null || to > moment) here.set(element, (here.get(element) || 0) + 1);
    else if (outcome === 'completed') done.add(element);
  }
  mark(drawing, [...done].filter((id) => !here.has(id)), 'is-done');
  mark(drawing, [...here.keys()], 'is-active');
  if (!steered) drawing.look([...here.keys()][0] || [...done].at(-1));
  const failed = moment === way.times.length - 1 ? way.failed.filter(([sheet]) => sheet === path).map(([, id]) => id) : [];
  mark(drawing, failed, 'is-failed');
  paintActs(drawing, path, moment);
  for (const [id, count] of here) {
    if (!drawing.elements.get(id)) continue;
    const dot = document.createElement('span');
    dot.className = failed.includes(id) ? 'token token-failed' : 'token';
    dot.textContent = count > 1 ? String(count) : '';
    drawing.overlays.add(id, 'token', { position: { top: -12, left: -12 }, html: dot });
  }
}

// A sign stays on the step where it was done; of this very moment also an arrow shows where the work went.
function paintActs(drawing, path, moment) {
  drawing.sheet.querySelectorAll('.act-arrow').forEach((arrow) => arrow.remove());
  const signs = new Map();
  for (const act of way.marks) {
    if (act.at > moment) continue;
    const element = act.kind === 'returned' || act.kind === 'recalled' ? act.to : act.element;
    const sheet = act.kind === 'returned' || act.kind === 'recalled' ? act.toSheet : act.sheet;
    if (sheet === path && drawing.elements.get(element)) signs.set(element, [...(signs.get(element) || []), act]);
    if (act.at === moment && act.sheet === path && act.toSheet === path) arrow(drawing, act);
  }
  for (const [id, acts] of signs) {
    const sign = document.createElement('span');
    sign.className = acts.some((act) => act.at === moment) ? 'act-sign is-now' : 'act-sign';
    sign.textContent = SIGNS[acts.at(-1).kind] + (acts.length > 1 ? acts.length : '');
    sign.title = acts.map((act) => act.said).join('\n');
    drawing.overlays.add(id, 'act', { position: { top: -14, right: 14 }, html: sign });
  }
}

function arrow(drawing, act) {
  const from = drawing.elements.get(act.element);
  const to = drawing.elements.get(act.to);
  if (!from || !to || from === to) return;
  const [x1, x2] = [from.x + from.width / 2, to.x + to.width / 2];
  const top = Math.min(from.y, to.y) - 46;
  const layer = drawing.canvas.getLayer('acts', 1);
  const name = 'http://www.w3.org/2000/svg';
  const line = document.createElementNS(name, 'g');
  line.setAttribute('class', 'act-arrow');
  const curve = document.createElementNS(name, 'path');
  curve.setAttribute('d', `M${x1},${from.y} C${x1},${top} ${x2},${top} ${x2},${to.y - 8}`);
  const head = document.createElementNS(name, 'path');
  head.setAttribute('d', `M${x2 - 6},${to.y - 10} L${x2},${to.y} L${x2 + 6},${to.y - 10} Z`);
  head.setAttribute('class', 'act-head');
  line.append(curve, head);
  layer.append(line);
}

function stop() {
  clearInterval(timer);
  timer = null;
  play.setAttribute('aria-pressed', 'false');
}

play.addEventListener('click', () => {
  if (timer) { stop(); return; }
  if (Number(slider.value) >= Number(slider.max)) slider.value = 0;
  play.setAttribute('aria-pressed', 'true');
  show();
  timer = setInterval(() => {
    if (Number(slider.value) >= Number(slider.max)) { stop(); return; }
    slider.value = Number(slider.value) + 1;
    show();
  }, TICK);
});
document.querySelectorAll('[data-move]').forEach((button) => button.addEventListener('click', () => {
  stop();
  slider.value = Number(slider.value) + Number(button.dataset.move);
  show();
}));
slider.addEventListener('input', () => { stop(); show(); });
place.addEventListener('wheel', () => { steered = true; }, { passive: true });
choice?.addEventListener('change', show);
place.querySelectorAll('[data-zoom]').forEach((button) => button.addEventListener('click', () => {
  const drawing = drawings.get(shown);
  if (!drawing) return;
  steered = button.dataset.zoom !== 'all';
  const scale = { in: 1.25, out: 0.8 }[button.dataset.zoom];
  if (scale) drawing.canvas.zoom(drawing.canvas.zoom() * scale); else drawing.whole();
}));
await show();
place.dataset.ready = 'yes';

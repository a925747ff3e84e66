// The designer's drawing board: bpmn-js with the zeebe properties panel; the server's findings stand under it.
// The page works against four addresses in data attributes: source (GET), check, save, publish (POST, XML in, JSON out).
import BpmnModeler from 'bpmn-js/lib/Modeler';
import { BpmnPropertiesPanelModule, BpmnPropertiesProviderModule, ZeebePropertiesProviderModule } from 'bpmn-js-properties-panel';
import { CloudElementTemplatesPropertiesProviderModule } from 'bpmn-js-element-templates';
import { CreateAppendAnythingModule, CreateAppendElementTemplatesModule } from 'bpmn-js-create-append-anything';
import Behaviors from 'camunda-bpmn-js-behaviors/lib/camunda-cloud';
import zeebe from 'zeebe-bpmn-moddle/resources/zeebe.json';
import 'bpmn-js/dist/assets/diagram-js.css';
import 'bpmn-js/dist/assets/bpmn-js.css';
import 'bpmn-js/dist/assets/bpmn-font/css/bpmn.css';
import '@bpmn-io/properties-panel/dist/assets/properties-panel.css';
import 'bpmn-js-element-templates/dist/assets/element-templates.css';
import './modeler.css';
import { Findings } from './findings.js';
import { keepModule } from './keep.js';
import { elementTemplates } from './templates.js';
import { translateModule } from './translate.js';

const CHECK_DELAY = 700; // ms after the last change
const PALETTE = 120; // px kept free for the palette at the left
const MARGIN = 24;

const page = document.querySelector('[data-modeler]');
const say = JSON.parse(document.querySelector('#modeler-words').textContent);
const russian = document.documentElement.lang === 'ru';
const state = document.querySelector('[data-state]');
const buttons = Object.fromEntries([...document.querySelectorAll('[data-act]')].map((b) => [b.dataset.act, b]));

const modeler = new BpmnModeler({
  container: '#canvas',
  propertiesPanel: { parent: '#properties' },
  additionalModules: [
    BpmnPropertiesPanelModule, BpmnPropertiesProviderModule, ZeebePropertiesProviderModule,
    CloudElementTemplatesPropertiesProviderModule, CreateAppendAnythingModule, CreateAppendElementTemplatesModule, Behaviors,
    keepModule,
    ...(russian ? [translateModule] : []),
  ],
  moddleExtensions: { zeebe },
});
modeler.on('elementTemplates.errors', ({ errors }) => errors.forEach((error) => console.error(error.message)));
modeler.get('elementTemplatesLoader').setTemplates(elementTemplates(russian, JSON.parse(page.dataset.limits)));

const findings = new Findings(document.querySelector('#findings'), modeler, say);
let changed = false;
let revision = page.dataset.revision;

async function send(address, extra = {}) {
  const { xml } = await modeler.saveXML({ format: true });
  const response = await fetch(address, {
    method: 'POST',
    headers: { 'Content-Type': 'application/xml', 'X-CSRFToken': page.dataset.csrf, ...extra },
    body: xml,
  });
  const type = response.headers.get('Content-Type') || '';
  if (!type.includes('json')) throw new Error(say.lost);
  return { ok: response.ok, ...(await response.json()) };
}

function show(text, tone = '') {
  state.textContent = text;
  state.dataset.tone = tone;
}

async function act(name, work) {
  for (const button of Object.values(buttons)) button.disabled = true;
  try {
    await work();
  } catch (error) {
    show(error.message || say.lost, 'bad');
  } finally {
    for (const button of Object.values(buttons)) button.disabled = false;
    buttons[name]?.focus();
  }
}

async function check() {
  try {
    const answer = await send(page.dataset.check);
    findings.show(answer.faults);
  } catch (error) {
    show(error.message || say.lost, 'bad');
  }
}

const save = () => act('save', async () => {
  const answer = await send(page.dataset.save, { 'X-Revision': revision });
  if (answer.ok) {
    revision = answer.revision;
    changed = false;
  }
  show(answer.message, answer.ok ? 'good' : 'bad');
});

const publish = () => act('publish', async () => {
  const answer = await send(page.dataset.publish, { 'X-Revision': revision });
  findings.show(answer.faults || []);
  if (answer.ok) changed = false;
  show(answer.message, answer.ok ? 'good' : 'bad');
});

buttons.save?.addEventListener('click', save);
buttons.publish?.addEventListener('click', publish);
document.addEventListener('keydown', (event) => {
  if ((event.ctrlKey || event.metaKey) && event.code === 'KeyS') {
    event.preventDefault();
    save();
  }
});
window.addEventListener('beforeunload', (event) => {
  if (changed) event.preventDefault();
});

// The whole drawing beside the palette, never larger than life.
function fit(canvas) {
  const { inner, outer } = canvas.viewbox();
  const scale = Math.min(1, (outer.width - PALETTE - MARGIN) / inner.width, (outer.height - 2 * MARGIN) / inner.height);
  canvas.viewbox({
    x: inner.x - PALETTE / scale, y: inner.y - (outer.height / scale - inner.height) / 2,
    width: outer.width / scale, height: outer.height / scale,
  });
}

let timer;
modeler.on('commandStack.changed', () => {
  changed = true;
  show(say.unsaved, 'warn');
  clearTimeout(timer);
  timer = setTimeout(check, CHECK_DELAY);
});

async function open(xml) {
  try {
    await modeler.importXML(xml);
    fit(modeler.get('canvas'));
    await check();
    return true;
  } catch (error) {
    show(`${say.unreadable} ${error.message}`, 'bad');
    return false;
  }
}

// A file drawn elsewhere takes the place of the drawing; it is not saved until the designer says so.
const file = document.querySelector('#open-file');
file.addEventListener('change', async () => {
  const before = (await modeler.saveXML({ format: true })).xml;
  if (await open(await file.files[0].text())) {
    changed = true;
    show(say.unsaved, 'warn');
  } else {
    const problem = state.textContent;
    await open(before);
    show(problem, 'bad');
  }
  file.value = '';
});

await open(await (await fetch(page.dataset.source)).text());
document.documentElement.dataset.ready = 'modeler';

// The board of deals: a card is dragged to a stage, or its menu is opened; either way a panel says what leads there.
// Without this script the menus are ordinary links to the same panels as pages.
const board = document.querySelector('[data-board]');
const dialog = document.querySelector('.board-dialog');
const said = document.querySelector('[data-board-said]');
const lost = document.querySelector('.board-lost');
let card = null; // the one that is dragged
let opener = null; // where the keyboard was before the panel opened

async function show(address) {
  const answer = await fetch(address, { credentials: 'same-origin', headers: { 'X-Part': 'dialog' } });
  if (!answer.ok) { window.location.assign(address); return; }
  dialog.querySelector('[data-dialog]').innerHTML = await answer.text();
  if (!dialog.open) dialog.showModal();
  dialog.querySelector('#way-head').focus();
}

if (dialog) {
  document.addEventListener('click', (event) => {
    const link = event.target.closest('[data-way]');
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0) {
      event.preventDefault();
      if (!dialog.contains(link)) opener = link;
      show(link.href);
    }
    if (event.target.closest('[data-close]') || event.target === dialog) dialog.close();
  });
  dialog.addEventListener('close', () => { opener?.focus(); });
}

const stageOf = (target) => target.closest?.('[data-stage]');
const leads = (stage) => stage.dataset.stage === card.dataset.following || stage.dataset.stage === 'lost';
const stages = () => [...document.querySelectorAll('[data-stage]')];

function clear() {
  stages().forEach((stage) => stage.classList.remove('is-allowed', 'is-refused', 'is-over'));
  if (lost) lost.hidden = true;
  card?.classList.remove('is-dragged');
  card = null;
}

if (board) {
  board.addEventListener('dragstart', (event) => {
    card = event.target.closest?.('[data-card]');
    if (!card) return;
    event.dataTransfer.effectAllowed = 'all';
    event.dataTransfer.setData('text/plain', card.dataset.card);
    // the page may change its shape only after the browser has taken the card's picture
    requestAnimationFrame(() => {
      if (!card) return;
      card.classList.add('is-dragged');
      lost.hidden = false;
      const own = stageOf(card);
      stages().filter((stage) => stage !== own).forEach((stage) => stage.classList.add(leads(stage) ? 'is-allowed' : 'is-refused'));
    });
  });
  document.addEventListener('dragover', (event) => {
    const stage = card && stageOf(event.target);
    stages().forEach((one) => one.classList.toggle('is-over', one === stage));
    if (!stage || stage === stageOf(card)) return;
    event.preventDefault(); // let go anywhere: what is not allowed says why
    event.dataTransfer.dropEffect = leads(stage) ? 'move' : 'link';
    const sentence = leads(stage) ? board.dataset.allowed : board.dataset.refused;
    const text = sentence.replace('%s', stage.dataset.title || stage.textContent.trim());
    if (said.textContent !== text) said.textContent = text;
  });
  document.addEventListener('drop', (event) => {
    const stage = card && stageOf(event.target);
    if (!stage || stage === stageOf(card)) { clear(); return; }
    event.preventDefault();
    const [path, query] = card.dataset.card.split('?');
    opener = card.querySelector('[data-way]');
    show(`${path}/to/${stage.dataset.stage}${query ? `?${query}` : ''}`);
    clear();
  });
  document.addEventListener('dragend', clear);
}

// Choosing why a deal stands still proposes whose clock runs.
document.querySelector('[data-pause-reason]')?.addEventListener('change', (event) => {
  const clock = event.target.selectedOptions[0]?.dataset.clock;
  const choice = clock && event.target.form.querySelector(`[name=clock][value="${clock}"]`);
  if (choice) choice.checked = true;
});

// Days typed by hand count; a period chosen by name makes them silent.
const period = document.querySelector('[data-period]');
document.querySelectorAll('[data-period-day]').forEach((day) => day.addEventListener('input', () => { period.value = 'own'; }));

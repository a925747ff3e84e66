// Single keys for those who never leave the keyboard. They are off while somebody types, and for whoever switched them
// off; the list of them is a dialog that everybody can open by a button too.
const OFF = 'reglament-keys-off';
const list = document.getElementById('keys');
const off = () => localStorage.getItem(OFF) === 'yes';
const typing = (target) => target.closest?.('input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable], .djs-container, .bjs-container');
const rows = () => [...document.querySelectorAll('[data-task]')];
let going = false; // «g» was pressed: the next letter is a page
let last = null; // the line the keys stand on, by its task

const current = () => document.activeElement?.closest?.('[data-task]')
  ?? rows().find((row) => row.dataset.task === last);

function stand(row) {
  if (!row) return;
  last = row.dataset.task;
  row.querySelector('.title-link')?.focus();
  row.scrollIntoView({ block: 'nearest' });
}

function step(by) {
  const all = rows();
  if (!all.length) return;
  const at = all.indexOf(current());
  stand(all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + by))]);
}

function press(name) {
  const place = current()?.querySelector(`[data-key="${name}"]`) ?? (rows().length ? null : document.querySelector(`[data-key="${name}"]`));
  if (!place) return;
  if (place.tagName !== 'SUMMARY') { place.click(); return; }
  place.parentElement.open = true;
  place.parentElement.querySelector('.menu-item, input, select, button')?.focus();
}

const acts = {
  j: () => step(1),
  k: () => step(-1),
  o: () => current()?.querySelector('.title-link')?.click(),
  x: () => {
    const box = current()?.querySelector('input[name=task]');
    if (box) { box.checked = !box.checked; box.dispatchEvent(new Event('change', { bubbles: true })); }
  },
  c: () => press('c'),
  s: () => press('s'),
  '/': () => { const field = document.querySelector('[data-search]'); field?.focus(); field?.select(); },
  '?': () => list?.showModal(),
};

function go(key) {
  const link = list?.querySelector(`[data-go="${key}"]`);
  if (link) window.location.assign(link.href);
}

document.addEventListener('keydown', (event) => {
  if (!list || off() || event.ctrlKey || event.altKey || event.metaKey || event.isComposing || event.defaultPrevented) return;
  if (typing(event.target) || document.querySelector('dialog[open], details.menu[open]')) return;
  if (going) {
    going = false;
    event.preventDefault();
    go(event.key.toLowerCase());
    return;
  }
  if (event.key === 'g') { going = true; setTimeout(() => { going = false; }, 1500); return; }
  const act = acts[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

// On a keyboard of Cyrillic letters the same places mean the same keys.
const PLACES = { KeyJ: 'j', KeyK: 'k', KeyO: 'o', KeyX: 'x', KeyC: 'c', KeyS: 's', KeyG: 'g' };
document.addEventListener('keydown', (event) => {
  if (!/^[а-яё.,]$/i.test(event.key) || event.ctrlKey || event.altKey || event.metaKey || typing(event.target)) return;
  const key = going && /^Key[A-Z]$/.test(event.code) ? event.code.slice(3).toLowerCase()
    : PLACES[event.code] ?? (event.code === 'Slash' ? (event.shiftKey ? '?' : '/') : event.code === 'Digit7' && event.shiftKey ? '?' : null);
  if (!key) return;
  event.stopImmediatePropagation();
  event.target.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
}, true);

document.addEventListener('focusin', ({ target }) => { last = target.closest?.('[data-task]')?.dataset.task ?? last; });
document.addEventListener('click', ({ target }) => {
  if (target.closest?.('[data-keys-show]')) list?.showModal();
  if (target.closest?.('[data-keys-close]')) list?.close();
});

const box = list?.querySelector('[data-keys-on]');
if (box) {
  box.checked = !off();
  box.addEventListener('change', () => {
    localStorage.setItem(OFF, box.checked ? 'no' : 'yes');
    hint();
  });
}

function hint() {
  document.querySelectorAll('[data-keys-hint]').forEach((place) => { place.hidden = off() || matchMedia('(pointer: coarse)').matches; });
}
hint();

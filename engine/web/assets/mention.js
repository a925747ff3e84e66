// Mentions: "@" in a text area that says data-mention offers the colleagues who may see the case. The list is below the
// text area; arrows, Enter or Tab choose, Escape closes. Without this script one types the login oneself.
const MOST = 8;
let people = null;
let open = null; // the text area, its list, what is offered and which of it is chosen

const fold = (text) => text.toLowerCase().replaceAll('ё', 'е');

function close() {
  if (!open) return;
  open.list.remove();
  open.area.removeAttribute('aria-activedescendant');
  open.area.removeAttribute('aria-controls');
  open = null;
}

function wanted(area) {
  const before = area.value.slice(0, area.selectionStart);
  const found = /(^|[^\p{L}\p{N}_@.])@([\p{L}\p{N}_.-]{0,30})$/u.exec(before);
  return found ? { word: fold(found[2]), start: before.length - found[2].length - 1 } : null;
}

function take(index) {
  const { area, rows, start } = open;
  const name = `@${rows[index].login} `;
  area.setRangeText(name, start, area.selectionStart, 'end');
  close();
  area.focus();
  area.dispatchEvent(new Event('input', { bubbles: true }));
}

function mark(index) {
  open.index = index;
  [...open.list.children].forEach((row, number) => row.setAttribute('aria-selected', String(number === index)));
  open.area.setAttribute('aria-activedescendant', `mention-${index}`);
  open.list.children[index].scrollIntoView({ block: 'nearest' });
}

function offer(area, rows, start) {
  close();
  if (!rows.length) return;
  const list = document.createElement('ul');
  list.className = 'mention-list';
  list.id = 'mention-list';
  list.setAttribute('role', 'listbox');
  list.setAttribute('aria-label', area.dataset.list);
  rows.forEach((person, index) => {
    const row = document.createElement('li');
    row.id = `mention-${index}`;
    row.setAttribute('role', 'option');
    const name = document.createElement('strong');
    name.textContent = person.name;
    row.append(name, ` @${person.login} · ${person.position}`);
    row.addEventListener('mousedown', (event) => { event.preventDefault(); take(index); });
    list.append(row);
  });
  area.after(list);
  area.setAttribute('aria-controls', list.id);
  open = { area, list, rows, start, index: 0 };
  mark(0);
  const status = area.closest('.talk')?.querySelector('[role=status]');
  if (status) status.textContent = area.dataset.found.replace('#', String(rows.length));
}

async function look(area) {
  const place = wanted(area);
  if (!place) { close(); return; }
  if (people?.url !== area.dataset.mention) {
    const answer = await fetch(area.dataset.mention, { credentials: 'same-origin' });
    if (!answer.ok) return;
    people = { url: area.dataset.mention, rows: await answer.json() };
  }
  const now = wanted(area);
  if (!now) return;
  const fits = (person) => fold(person.login).startsWith(now.word)
    || fold(person.name).split(' ').some((part) => part.startsWith(now.word));
  offer(area, people.rows.filter(fits).slice(0, MOST), now.start);
}

document.addEventListener('input', (event) => {
  if (event.target.matches?.('[data-mention]')) look(event.target);
});
document.addEventListener('keydown', (event) => {
  if (!open || event.target !== open.area) return;
  const count = open.rows.length;
  if (event.key === 'ArrowDown') mark((open.index + 1) % count);
  else if (event.key === 'ArrowUp') mark((open.index + count - 1) % count);
  else if (event.key === 'Enter' || event.key === 'Tab') take(open.index);
  else if (event.key === 'Escape') close();
  else return;
  event.preventDefault();
  event.stopImmediatePropagation();
}, true);
document.addEventListener('focusout', (event) => { if (open && event.target === open.area) close(); });

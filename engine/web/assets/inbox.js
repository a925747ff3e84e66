// The list of tasks looks for changes by itself. What is chosen, where the focus is and what is being read stays.
const place = document.querySelector('[data-inbox]');
const lines = () => [...document.querySelectorAll('#rows [data-task]')];
const boxes = () => [...document.querySelectorAll('#rows input[name=task]')];
const chosen = () => boxes().filter((box) => box.checked);
const said = document.getElementById('inbox-said');

function count() {
  const output = document.querySelector('[data-picked]');
  if (output) output.textContent = String(chosen().length);
  const all = document.querySelector('[data-pick-all]');
  if (!all) return;
  all.hidden = false;
  all.checked = boxes().length > 0 && chosen().length === boxes().length;
  all.indeterminate = chosen().length > 0 && !all.checked;
}

function choose(wanted) {
  for (const box of boxes()) box.checked = wanted;
  count();
}

if (place) {
  let running = false;
  let anchor = null; // for choosing a span with Shift
  document.querySelector('[data-pick-none]')?.removeAttribute('hidden');
  place.addEventListener('change', ({ target }) => {
    if (target.matches('[data-pick-all]')) choose(target.checked);
    else if (target.name === 'task') count();
  });
  place.addEventListener('click', (event) => {
    if (event.target.closest('[data-pick-none]')) choose(false);
    if (event.target.name !== 'task') return;
    const all = boxes();
    if (event.shiftKey && anchor) {
      const [from, to] = [all.indexOf(anchor), all.indexOf(event.target)].sort((a, b) => a - b);
      if (from >= 0) for (const box of all.slice(from, to + 1)) box.checked = event.target.checked;
    }
    anchor = event.target;
    count();
  });

  const busy = () => document.hidden || place.querySelector('#rows details[open], #inbox-form[data-sent]');

  let over = false; // signed out: what is on the screen is no longer kept up to date
  const out = () => {
    over = true;
    clearInterval(looking);
    document.querySelector('[data-signed-out]').hidden = false;
  };

  const look = async () => {
    if (running || over || busy()) return;
    running = true;
    try {
      const fields = new URLSearchParams(new FormData(document.getElementById('inbox-filter')));
      const page = new URLSearchParams(window.location.search).get('page');
      if (page) fields.set('page', page);
      const stamp = document.querySelector('#rows [data-stamp]');
      const asked = fields.toString();
      const answer = await fetch(`${place.dataset.inbox}?${asked}`, {
        headers: { 'X-Stamp': stamp?.dataset.stamp ?? '' }, credentials: 'same-origin',
      });
      if (answer.status === 401) out();
      if (answer.status === 204 && answer.headers.get('X-Stamp')) stamp.dataset.stamp = answer.headers.get('X-Stamp');
      if (answer.status === 200 && !busy()) put(await answer.text());
    } catch { /* no connection: the next look may find one */ } finally { running = false; }
  };

  const looking = setInterval(look, Number(place.dataset.every) * 1000);
  document.addEventListener('visibilitychange', look);
  window.addEventListener('focus', look);
  document.addEventListener('htmx:afterSwap', ({ detail }) => {
    if (detail.target.id !== 'rows') return;
    count();
    if (said) said.textContent = document.querySelector('#rows caption, #rows .empty-state strong')?.textContent ?? '';
  });
  count();
}

function put(html) {
  const fresh = new DOMParser().parseFromString(html, 'text/html');
  const before = new Set(lines().map((row) => row.dataset.task));
  const picked = new Set(chosen().map((box) => box.value));
  const here = document.activeElement;
  const row = here?.closest?.('[data-task]');
  const mark = row && { task: row.dataset.task, at: focusable(row).indexOf(here), next: neighbour(row) };
  const top = lines().find((line) => line.getBoundingClientRect().bottom > 0);
  const held = top && { task: top.dataset.task, y: top.getBoundingClientRect().top };

  const tabs = document.getElementById('inbox-tabs');
  const tab = tabs.contains(here) ? here.getAttribute('href') : null;
  tabs.replaceChildren(...fresh.querySelector('[data-part=tabs]').childNodes);
  if (tab) [...tabs.querySelectorAll('a')].find((link) => link.getAttribute('href') === tab)?.focus();
  const rows = document.getElementById('rows');
  rows.replaceChildren(...fresh.querySelector('[data-part=rows]').childNodes);

  for (const box of boxes()) box.checked = picked.has(box.value);
  count();
  const find = (task) => lines().find((line) => line.dataset.task === task);
  if (mark) (find(mark.task) ? focusable(find(mark.task))[Math.max(0, mark.at)] : find(mark.next)?.querySelector('.title-link'))?.focus({ preventScroll: true });
  const again = held && find(held.task);
  if (again && held.y < 0) window.scrollBy(0, again.getBoundingClientRect().top - held.y);
  tell(before);
}

const focusable = (row) => [...row.querySelectorAll('a, button, input, summary')];
const neighbour = (row) => (row.nextElementSibling ?? row.previousElementSibling)?.dataset.task;

function tell(before) {
  const { newOne, newMany, gone } = place.dataset;
  const fresh = lines().filter((line) => !before.has(line.dataset.task));
  fresh.forEach((line) => line.classList.add('row-new'));
  const left = [...before].filter((task) => !lines().some((line) => line.dataset.task === task)).length;
  const name = fresh[0]?.querySelector('.title-link').textContent;
  const words = [];
  if (fresh.length === 1) words.push(newOne.replace('#', name));
  if (fresh.length > 1) words.push(newMany.replace('#', name).replace('@', String(fresh.length - 1)));
  if (left) words.push(gone.replace('#', String(left)));
  if (said && words.length) said.textContent = `${words.join('. ')}.`;
  const waiting = document.querySelector('#rows [data-waiting]')?.dataset.waiting;
  const badge = document.querySelector('.side-link[aria-current] .count');
  if (badge && waiting) badge.firstChild.textContent = waiting;
}

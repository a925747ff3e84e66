// A draft is saved half a second after the last keystroke, and once more when the page is left. If another window has
// saved something else meanwhile, both fillings are shown side by side, and saving waits for the choice.
const form = document.querySelector('form[data-draft]');
const token = document.querySelector('meta[name="csrf-token"]')?.content;

if (form) {
  const note = document.querySelector('#draft-note');
  const own = crypto.randomUUID?.() ?? String(Math.random()).slice(2);
  const field = document.createElement('input');
  Object.assign(field, { type: 'hidden', name: '_window', value: own });
  form.append(field);
  let timer = null;
  let dirty = false;
  let held = false; // a clash is being decided

  const known = (answer) => {
    const mark = answer.headers.get('X-Draft');
    if (mark !== null) form.elements._draft.value = mark;
  };
  const place = () => {
    let found = document.getElementById('draft-clash');
    if (!found) {
      found = Object.assign(document.createElement('div'), { id: 'draft-clash' });
      form.closest('.card').before(found);
    }
    return found;
  };
  const show = (html) => {
    held = true;
    place().innerHTML = html;
    window.htmx.process(place());
    const head = document.getElementById('clash-head');
    if (head && note) note.textContent = head.textContent;
    place().scrollIntoView({ block: 'nearest' });
  };

  const save = async (leaving = false) => {
    if (!dirty || held || form.dataset.sent) return;
    dirty = false;
    const body = new FormData(form);
    for (const [name, value] of [...body.entries()]) if (value instanceof File) body.delete(name);
    try {
      const answer = await fetch(form.dataset.draft, {
        method: 'POST', body, keepalive: leaving, headers: { 'X-CSRFToken': token }, credentials: 'same-origin',
      });
      if (answer.status === 409) { known(answer); show(await answer.text()); return; }
      if (answer.ok) known(answer);
      if (note) note.textContent = answer.ok ? await answer.text() : note.dataset.failed;
    } catch { dirty = true; if (note) note.textContent = note.dataset.failed; }
  };
  const touched = () => {
    dirty = true;
    clearTimeout(timer);
    timer = setTimeout(save, 500);
  };
  form.addEventListener('input', touched);
  window.addEventListener('pagehide', () => save(true));
  document.addEventListener('htmx:afterSwap', ({ detail }) => {
    if (detail.target.id === 'form-body') touched(); // a row was added or removed
    if (detail.target.id === 'draft-clash') document.getElementById('clash-head')?.focus();
  });
  document.addEventListener('htmx:afterRequest', ({ detail }) => {
    if (!detail.successful || detail.xhr.getResponseHeader('X-Draft-Note') !== 'merged') return;
    form.elements._draft.value = detail.xhr.getResponseHeader('X-Draft');
    held = false;
    place().replaceChildren();
    document.getElementById('form-head')?.scrollIntoView({ block: 'nearest' });
    form.querySelector('#form-body input:not([type=hidden]), #form-body textarea, #form-body select')?.focus();
  });
  document.addEventListener('click', ({ target }) => {
    if (!target.closest?.('[data-clash-close]')) return;
    held = false;
    place().replaceChildren();
  });
}

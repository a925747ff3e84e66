// A form that depends on its own fields is drawn anew by the server after a change. Nobody waits for that while typing:
// what was typed after the question went out is put into the new drawing, and a date is not taken before it is whole.
const BODY = 'form-body';
const isDate = (control) => ['date', 'datetime-local', 'time', 'month', 'week'].includes(control.type);
const isTicked = (control) => control.type === 'radio' || control.type === 'checkbox';
const state = (control) => (isTicked(control) ? control.checked : control.value);
const controls = () => [...(document.getElementById(BODY)?.querySelectorAll('input[id], textarea[id], select[id]') ?? [])]
  .filter((control) => control.type !== 'file' && control.type !== 'hidden');

let asked = new Map(); // id -> what stood in the control when the server was asked
let later = null; // what has been typed since
let put = false;

document.addEventListener('htmx:beforeRequest', ({ target }) => {
  if (target.closest?.(`#${BODY}, #draft-clash`)) asked = new Map(controls().map((control) => [control.id, state(control)]));
});

document.addEventListener('htmx:beforeSwap', ({ detail }) => {
  if (detail.target.id !== BODY) return;
  const typed = controls().filter((control) => asked.has(control.id) && asked.get(control.id) !== state(control));
  const here = document.activeElement;
  later = { typed: typed.map((control) => [control.id, state(control)]), at: caret(here), focus: here?.id };
});

document.addEventListener('htmx:afterSwap', ({ detail }) => {
  if (detail.target.id !== BODY || !later) return;
  const { typed, at, focus } = later;
  later = null;
  put = false;
  for (const [id, value] of typed) {
    const control = document.getElementById(id);
    if (!control || state(control) === value) continue;
    if (isTicked(control)) control.checked = value; else control.value = value;
    if (id === focus && at) control.setSelectionRange(...at);
    put = true;
  }
});

document.addEventListener('htmx:afterSettle', () => {
  if (!put) return;
  put = false; // other fields may depend on what was put back: ask once more
  document.getElementById(BODY)?.dispatchEvent(new Event('change', { bubbles: true }));
});

// A browser reports a date after every digit of the year; redrawn in between, the control would lose its place.
document.addEventListener('change', (event) => {
  const { target } = event;
  if (!isDate(target) || !target.closest(`#${BODY}`) || document.activeElement !== target) return;
  event.stopPropagation();
  target.dataset.touched = 'yes';
}, true);
document.addEventListener('focusout', ({ target }) => {
  if (!target.dataset?.touched) return;
  delete target.dataset.touched;
  target.dispatchEvent(new Event('change', { bubbles: true }));
}, true);

function caret(control) {
  const typed = control?.tagName === 'TEXTAREA' || ['text', 'search', 'tel', 'url'].includes(control?.type);
  return typed ? [control.selectionStart, control.selectionEnd] : null;
}

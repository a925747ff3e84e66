// What every page has: htmx without eval, menus that close, drafts that save themselves, forms that are sent once.
import htmx from 'htmx.org';
import './redraw.js';
import './keys.js';
import './inbox.js';
import './bell.js';
import './folds.js';
import './draft.js';
import './preview.js';
import './mention.js';

htmx.config.allowEval = false;
htmx.config.includeIndicatorStyles = false;
htmx.config.selfRequestsOnly = true;
htmx.config.historyCacheSize = 0;
window.htmx = htmx;

const token = document.querySelector('meta[name="csrf-token"]')?.content;
document.addEventListener('htmx:configRequest', (event) => {
  event.detail.headers['X-CSRFToken'] = token;
});

// Menus and small panels are <details class="menu">: one open at a time, closed by Escape or a click elsewhere.
const openMenus = () => document.querySelectorAll('details.menu[open]');
document.addEventListener('click', (event) => {
  openMenus().forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
});
document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape') return;
  openMenus().forEach((menu) => { menu.open = false; menu.querySelector('summary').focus(); });
});

// A form is sent once: a second click on a slow line must not do the thing twice.
document.addEventListener('submit', (event) => {
  const form = event.target;
  if (form.dataset.sent) { event.preventDefault(); return; }
  if (form.method !== 'post' || form.hasAttribute('hx-post')) return;
  form.dataset.sent = 'yes';
});
window.addEventListener('pageshow', () => {
  document.querySelectorAll('form[data-sent]').forEach((form) => { delete form.dataset.sent; });
});

// Choosing a language or a filter sends its form at once; without scripts the form has its own button.
document.addEventListener('change', (event) => {
  if (event.target.matches('[data-autosubmit]')) event.target.form.requestSubmit();
});

// Russian for the drawing board. The base comes from bpmn-js-i18n, the properties panel's words from russian.js.
// What has no Russian is kept in window.untranslated, so that a test can name it.
import base from 'bpmn-js-i18n/translations/ru.js';
import { russian } from './russian.js';
import { help } from './russian_help.js';

const words = { ...base, ...help, ...russian };
window.untranslated = new Set();

function translate(template, values = {}) {
  const known = words[template];
  if (!known && /[a-z]{3}/i.test(template)) window.untranslated.add(template);
  return (known || template).replace(/{([^}]+)}/g, (_, name) => values[name] ?? `{${name}}`);
}

export const translateModule = { translate: ['value', translate] };

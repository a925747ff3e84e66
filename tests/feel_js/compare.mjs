// Evaluates the expressions of standard input with feelin and prints the results: one JSON array in, one out.
import { readFileSync } from 'node:fs';
import { evaluate, unaryTest } from 'feelin';

const cases = JSON.parse(readFileSync(0, 'utf-8'));

function plain(value) {
  if (value === undefined || value === null) return null;
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value === 'function') return { $: 'function' };
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object') return value;
  if (typeof value.toJSON === 'function') return { $: 'time', v: value.toJSON() };
  if ('start included' in value) {
    return { $: 'range', v: [plain(value.start), plain(value.end), value['start included'], value['end included']] };
  }
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

const results = cases.map(({ expression, value, variables, unary }) => {
  try {
    const found = unary ? unaryTest(expression, { ...variables, '?': value }) : evaluate(expression, variables);
    return { value: plain(found && typeof found === 'object' && 'value' in found ? found.value : found) };
  } catch (error) {
    return { error: String(error.message).slice(0, 200) };
  }
});
process.stdout.write(JSON.stringify(results));

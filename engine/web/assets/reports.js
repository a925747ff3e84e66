// Pages of reports: charts drawn from the numbers of the table beside them, the print button, the choice of a period.
import {
  BarController, BarElement, CategoryScale, Chart, Legend, LinearScale, LineController, LineElement, PointElement,
  Tooltip,
} from 'chart.js';

Chart.register(
  BarController, BarElement, CategoryScale, Legend, LinearScale, LineController, LineElement, PointElement, Tooltip,
);

// Told apart by lightness as well as by hue; the same in the dark theme, where the page is nearly black.
const LIGHT = ['#1d4f91', '#d98324', '#2f7d4f', '#7a4fa3', '#b3373b', '#4a8fa8', '#8a8f3a', '#6b7683'];
const DARK = ['#7fb2f5', '#f0b465', '#7fd6a0', '#c3a0e8', '#ff9b91', '#8fd0e6', '#d3d77f', '#aab6c4'];
const charts = [];

function words(unit, locale) {
  const style = unit === 'money' ? { style: 'currency', currency: 'RUB', maximumFractionDigits: 0 } : { maximumFractionDigits: 1 };
  const format = new Intl.NumberFormat(locale, style);
  return (value) => (value === null ? '' : format.format(value) + (unit === 'percent' ? '\u00a0%' : ''));
}

// Names beside the bars must leave room for the bars. Codes («CP-07 …») stand for their names where there are many; the
// whole name is in the tooltip and in the table.
function shortened(labels, room) {
  const codes = labels.map((label) => label.split(' ')[0]);
  const coded = labels.length > 8 && new Set(codes).size === labels.length && codes.every((code) => /\d/.test(code));
  return coded ? codes : labels.map((label) => (label.length > room ? `${label.slice(0, room - 1)}…` : label));
}

function build(canvas) {
  const given = JSON.parse(canvas.dataset.chart);
  const page = getComputedStyle(document.documentElement);
  const colours = document.documentElement.dataset.bsTheme === 'dark' ? DARK : LIGHT;
  const say = words(given.unit, given.locale);
  const across = given.kind === 'across';
  const stacked = given.kind === 'stacked';
  const ink = page.getPropertyValue('--tblr-secondary').trim();
  const line = page.getPropertyValue('--line').trim();
  if (across) canvas.parentElement.style.height = `${Math.max(8, given.labels.length * 2.1 + 3)}rem`;
  const short = shortened(given.labels, across ? Math.max(14, Math.floor(canvas.parentElement.clientWidth / 22)) : 22);
  const names = {
    stacked, grid: { display: false },
    ticks: { color: ink, autoSkip: !across, display: across || given.labels.length <= 40, callback: (_, place) => short[place] },
  };
  const numbers = {
    stacked, beginAtZero: true, grid: { color: line }, border: { display: false },
    ticks: { color: ink, callback: say, precision: given.unit === 'int' ? 0 : undefined },
  };
  return new Chart(canvas, {
    type: given.kind === 'line' ? 'line' : 'bar',
    data: {
      labels: given.labels,
      datasets: given.series.map(({ name, values }, number) => ({
        label: name, data: values, backgroundColor: colours[number % colours.length],
        borderColor: colours[number % colours.length], borderWidth: given.kind === 'line' ? 2 : 0,
        pointRadius: given.labels.length > 40 ? 0 : 3, tension: 0, maxBarThickness: 44, spanGaps: false,
      })),
    },
    options: {
      animation: false, maintainAspectRatio: false, responsive: true, indexAxis: across ? 'y' : 'x',
      scales: across ? { x: numbers, y: names } : { x: names, y: numbers },
      plugins: {
        legend: { display: given.series.length > 1, position: 'bottom', labels: { color: ink, boxWidth: 12 } },
        tooltip: { callbacks: { label: (item) => `${item.dataset.label}: ${say(item.raw)}` } },
      },
    },
  });
}

for (const canvas of document.querySelectorAll('canvas[data-chart]')) charts.push(build(canvas));

document.querySelector('[data-print]')?.addEventListener('click', () => window.print());
window.addEventListener('beforeprint', () => charts.forEach((chart) => chart.resize(640, 260)));
window.addEventListener('afterprint', () => charts.forEach((chart) => chart.resize()));

// Days typed by hand count; a period chosen by name makes them silent.
const period = document.querySelector('[data-period]');
const days = document.querySelectorAll('[data-period-day]');
days.forEach((day) => day.addEventListener('input', () => { period.value = 'own'; }));

// Sections that fold away stay as their reader left them, on this computer.
const key = (fold) => `reglament-fold-${fold.dataset.fold}`;
for (const fold of document.querySelectorAll('details[data-fold]')) {
  const kept = localStorage.getItem(key(fold));
  const narrow = fold.dataset.foldNarrow !== undefined && window.matchMedia('(max-width: 699px)').matches;
  if (kept) fold.open = kept === 'open';
  else if (narrow) fold.open = false;
  fold.addEventListener('toggle', () => localStorage.setItem(key(fold), fold.open ? 'open' : 'closed'));
}

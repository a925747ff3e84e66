// A document opens over the page: what is typed stays, Escape leads back to it. Without scripts it is an ordinary link.
const sheet = document.getElementById('preview');

if (sheet) {
  const paper = sheet.querySelector('iframe');
  document.addEventListener('click', (event) => {
    const link = event.target.closest?.('[data-preview]');
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      sheet.querySelector('h2').textContent = link.dataset.preview;
      sheet.querySelector('[data-preview-link]').href = link.href;
      paper.src = `${link.href}#navpanes=0&view=FitH`;
      sheet.showModal();
    }
    if (event.target.closest?.('[data-preview-close]')) sheet.close();
  });
  sheet.addEventListener('close', () => { paper.removeAttribute('src'); });
}

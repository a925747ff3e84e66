// The bell asks once a minute what waits, while somebody looks at the page; only a larger number is said aloud.
const MINUTE = 60_000;

const bell = document.querySelector('[data-bell]');
if (bell) watch();

function watch() {
  const said = document.querySelector('[data-bell-said]');
  const unread = () => Number(bell.querySelector('[data-unread]')?.dataset.unread ?? 0);
  let last = Date.now();
  let over = false; // signed out: the number stays as it was

  const look = async () => {
    if (over || document.hidden || Date.now() - last < MINUTE - 1000) return;
    last = Date.now();
    try {
      const answer = await fetch(bell.dataset.bell, { credentials: 'same-origin' });
      over = answer.status === 401;
      if (answer.status !== 200) return;
      const before = unread();
      const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
      bell.replaceChildren(...fresh.body.childNodes);
      if (unread() > before) said.textContent = bell.textContent.replace(/\s+/g, ' ').trim();
    } catch { /* no connection: the next look may find one */ }
  };

  setInterval(look, MINUTE);
  document.addEventListener('visibilitychange', look);
}

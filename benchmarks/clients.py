"""``python -m benchmarks.clients``: eight people at once over HTTP, with 100,000 open and 1,000,000 finished tasks:
each opens his inbox, opens a task and completes it, again and again, as fast as the server answers. The server is the
one of ``python app.py run`` in a process of its own, without its clock for jobs.

``BENCH_KEEP=folder`` takes the database that ``benchmarks.pages`` filled and kept there; tasks in it get completed.
"""

from __future__ import annotations

import http.cookiejar
import os
import re
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import waitress
from sqlalchemy import select

import app
from benchmarks import pages, volume
from benchmarks.bench_env import percentile
from engine import database
from engine.models import User, UserTask
from engine.web import create_web

PORT, THREADS, TURNS = 8766, 8, 15
CLIENTS = (1, 8)
FILLED = {"qualification_result": "ok", "needs": "…", "probability": "50", "can_deliver": "yes", "money": "confirmed",
          "decision_maker": "Директор", "risk": "low", "_complete": "1"}  # fmt: skip
HIDDEN = re.compile(r'<input type="hidden" name="(csrf_token|_revision|_seal|_draft)" value="([^"]*)"')
Spent = dict[str, list[float]]


class Client:
    """One person with a browser of his own."""

    def __init__(self, login: str) -> None:
        self.open = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()), urllib.request.ProxyHandler({}), Stay()
        ).open
        token = self._hidden(self.get("/signin"))["csrf_token"]
        self.post("/signin", {"login": login, "password": volume.PASSWORD, "csrf_token": token})

    def get(self, path: str) -> str:
        """A page."""
        with self.open(f"http://127.0.0.1:{PORT}{path}") as answer:
            return str(answer.read().decode())

    def post(self, path: str, form: dict[str, str]) -> int:
        """What is answered to a form; where it leads is not followed."""
        try:
            with self.open(f"http://127.0.0.1:{PORT}{path}", urllib.parse.urlencode(form).encode()) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as answer:
            return answer.code

    def work(self, tasks: list[int], spent: Spent) -> None:
        """Inbox, task, completion, for each task."""
        for task in tasks:
            self._timed("inbox", spent, lambda: self.get("/tasks"))
            page = self._timed("task page", spent, lambda task=task: self.get(f"/tasks/{task}"))
            form = FILLED | self._hidden(page[page.rindex('name="_revision"') - 200 :]) | self._hidden(page)
            done = self._timed("completion", spent, lambda task=task, form=form: self.post(
                f"/tasks/{task}/complete", form))  # fmt: skip
            if done not in (302, 303):
                raise RuntimeError(f"task {task}: {done}")

    @staticmethod
    def _hidden(page: str) -> dict[str, str]:
        return dict(HIDDEN.findall(page))

    @staticmethod
    def _timed(name: str, spent: Spent, call: Callable[[], Any]) -> Any:
        begun = time.perf_counter()
        found = call()
        spent.setdefault(name, []).append(1000 * (time.perf_counter() - begun))
        return found


class Stay(urllib.request.HTTPRedirectHandler):
    """Follows nothing: whoever asks is told where to go instead."""

    def redirect_request(self, *_asked: Any) -> None:
        """Nowhere."""


def main() -> None:
    """Serve, work, print."""
    folder = Path(os.environ.get("BENCH_KEEP") or "")
    url = f"sqlite:///{folder / 'full'}.db"
    if not (folder / "full.db").exists():
        raise SystemExit("BENCH_KEEP must name the folder of `python -m benchmarks.pages`")
    server = subprocess.Popen([sys.executable, "-m", "benchmarks.clients", url, str(folder / "full")])
    try:
        _await()
        print(f"{'clients':<9}{'what':<12}{'p50, ms':>9}{'p95, ms':>9}{'a second':>10}")
        first = 0
        for many in CLIENTS:
            given = _tasks(url, many, first)
            first += TURNS
            spent: Spent = {}
            people = [(Client(login), tasks) for login, tasks in given.items()]
            threads = [threading.Thread(target=one.work, args=(tasks, spent)) for one, tasks in people]
            begun, worked = time.monotonic(), _worked(server.pid)
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            lasted = time.monotonic() - begun
            for name, own in spent.items():
                middle, most = percentile(own, 50), percentile(own, 95)
                print(f"{many:<9}{name:<12}{middle:>9.0f}{most:>9.0f}{len(own) / lasted:>10.1f}")
            answers = sum(map(len, spent.values()))
            each = 1000 * (_worked(server.pid) - worked) / answers
            print(f"{many:<9}{answers} answers in {lasted:.1f} s, {each:.0f} ms of the server's work each;"
                  f" load {os.getloadavg()[0]:.1f}")  # fmt: skip
    finally:
        server.terminate()
        server.wait()


def _tasks(url: str, many: int, first: int) -> dict[str, list[int]]:
    """Open tasks of as many sellers, other ones each time."""
    engine = database.connect(url)
    with database.sessions(engine)() as session:
        query = select(UserTask.id).where(UserTask.rank.is_not(None)).order_by(UserTask.id).offset(first).limit(TURNS)
        found = {
            login: list(session.scalars(query.join(User, User.id == UserTask.assignee_id).where(User.login == login)))
            for login in (f"b{number}" for number in range(1, many + 1))
        }
    engine.dispose()
    return found


def _await() -> None:
    for _ in range(100):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{PORT}/healthz").close()
        except OSError:
            time.sleep(0.3)
        else:
            return
    raise SystemExit("the server does not answer")


def _worked(pid: int) -> float:
    """Seconds that a process has worked so far."""
    parts = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")


def serve(url: str, folder: Path) -> None:
    """As ``python app.py run``."""
    env = pages._environment(url, folder)
    web = create_web(env, {"SECRET_KEY": volume.PASSWORD})
    app.settle(env)
    waitress.serve(web, host="127.0.0.1", port=PORT, threads=THREADS, ident=None)


if __name__ == "__main__":
    serve(sys.argv[1], Path(sys.argv[2])) if len(sys.argv) > 2 else main()

"""The product as a company runs it: the composition root over a folder of its own, served on the loopback, a clock that
is moved by hand, jobs that are done between two clicks."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select
from waitress.server import create_server

import app
from engine import audit, database, deployments, jobs
from engine.crm import demo
from engine.models import Incident, Job, ProcessInstance, UserTask
from engine.vocabulary import JobStatus
from engine.web import create_web
from engine.work import SYSTEM, Work, run
from tests.case import Clock

ROOT = Path(__file__).resolve().parents[2]
MONDAY = datetime(2026, 11, 16, 6, 0, tzinfo=UTC)  # 9:00 in Moscow
PASSWORD = "one password for the whole demo company"
ENDLESS = 200


@dataclass
class Company:
    """One running product: ``url`` to go to, ``clock`` to move."""

    config: app.Config
    clock: Clock
    url: str = ""

    def open(self) -> None:
        """Connect the parts and serve the pages."""
        self.env = app.create_environment(self.config)
        self.env.clock = self.clock
        web = create_web(self.env, {"SECRET_KEY": "only for tests"})
        self._server = create_server(web, host="127.0.0.1", port=0, threads=4, ident=None)
        self.url = f"http://127.0.0.1:{self._server.effective_port}"
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the server and the office."""
        self._server.close()
        self._server.task_dispatcher.shutdown()
        self._thread.join(10)
        self.env.pdf.close()
        self.env.sessions.kw["bind"].dispose()

    def work(self) -> None:
        """Do all jobs that are due now; none of them may fail."""
        for _ in range(ENDLESS):
            if not jobs.run_due(self.env):
                break
        with self.env.sessions() as session:
            trouble = [f"{one.element_id}: {one.message}" for one in session.scalars(select(Incident))]
            retried = [f"{job.type}: {job.error}" for job in session.scalars(select(Job)) if job.error]
        assert (trouble, retried) == ([], [])

    def wait(self, spec: str) -> None:
        """Let working or calendar time pass (``P2BD``, ``PT3H``)."""
        self.until(self.env.calendar("main").due(self.clock.now, spec).at)

    def until(self, moment: datetime) -> None:
        """Let time pass, going from one due job to the next."""
        while (following := self._next_due()) is not None and following <= moment:
            self.clock.now = max(self.clock.now, following)
            self.work()
        self.clock.now = max(self.clock.now, moment)
        self.work()

    def open_tasks(self) -> list[str]:
        """Names of the open tasks, for messages of failing tests."""
        with self.env.sessions() as session:
            return sorted(session.scalars(select(UserTask.name).where(UserTask.rank.is_not(None))))

    def instance(self, key: str) -> ProcessInstance:
        """The newest instance of a procedure."""
        with self.env.sessions() as session:
            query = select(ProcessInstance).where(ProcessInstance.key == key).order_by(ProcessInstance.id.desc())
            return session.scalars(query.limit(1)).one()

    def log_holds(self) -> bool:
        """Whether every chain of the log is whole."""
        with self.env.sessions() as session:
            return all(verdict.holds for verdict in audit.verify_all(session))

    def _next_due(self) -> datetime | None:
        with self.env.sessions() as session:
            return session.scalar(
                select(Job.due_at).where(Job.status == JobStatus.WAITING).order_by(Job.due_at).limit(1)
            )


def found(folder: Path) -> app.Config:
    """Everything `make run` does before it serves, with one password for all."""
    config = app.Config(folder, f"sqlite:///{folder / 'reglament.db'}", None)
    env = app.create_environment(config)
    env.clock = Clock(MONDAY)
    database.create_tables(env.sessions.kw["bind"])
    run(env, SYSTEM, _people_and_deals)
    run(env, SYSTEM, deployments.publish, deployments.files_of(ROOT))
    env.sessions.kw["bind"].dispose()
    return config


def copied(original: app.Config, folder: Path) -> app.Config:
    """The same company for one test."""
    with sqlite3.connect(original.var / "reglament.db") as made, sqlite3.connect(folder / "reglament.db") as own:
        made.backup(own)
    if (original.var / "files").exists():
        shutil.copytree(original.var / "files", folder / "files")
    return app.Config(folder, f"sqlite:///{folder / 'reglament.db'}", None)


def _people_and_deals(work: Work) -> None:
    data = demo.company()
    demo.load_people(work, data, PASSWORD)
    demo.load_products(work, data)
    demo.load_deals(work, data, demo.load_clients(work, data))

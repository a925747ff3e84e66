"""The product as measured: a real database file, real people, published drawings, the verbs and nothing in between."""
from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, select, text

from benchmarks import models
from engine import database, deployments, instances, tasks
from engine.access import actor_of
from engine.calendar import calendars
from engine.environment import Environment
from engine.models import Group, Membership, User, UserTask
from engine.work import SYSTEM, Actor, run, unit_of_work

ROOT = Path(__file__).resolve().parents[1]
GROUPS = ("manager", "head", "accountant", "admin")


class MovableClock:
    """The real time, plus what was added."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


class Product:
    """One database with the measured drawings published and one employee in every group."""

    def __init__(self, url: str, synchronous: str = "NORMAL") -> None:
        self.url = url
        self.engine: Engine = database.connect(url, synchronous=synchronous)
        if not url.startswith("sqlite"):
            with self.engine.begin() as connection:
                connection.execute(text("DROP SCHEMA public CASCADE"))
                connection.execute(text("CREATE SCHEMA public"))
        database.create_tables(self.engine)
        self.clock = MovableClock()
        self.env = Environment(
            sessions=database.sessions(self.engine),
            calendars=calendars(ROOT / "settings" / "calendars.yaml"),
            clock=self.clock,
        )
        with unit_of_work(self.env, SYSTEM) as work:
            work.session.add_all(Group(key=key, title=key, title_en=key) for key in GROUPS)
            work.session.flush()
            user = User(
                login="worker", last="Worker", first="W", middle=None, position="", email="w@example.test",
                password_hash="", memberships=[Membership(group_key=key) for key in GROUPS],
            )  # fmt: skip
            work.session.add(user)
            work.session.flush()
            self.worker: Actor = actor_of(user)
        drawings = {f"processes/bench/{d.key}.bpmn": d.xml(feel=True) for d in DRAWINGS}
        run(self.env, SYSTEM, deployments.publish, drawings | models.forms())

    def start(self, key: str, **variables: Any) -> int:
        return int(run(self.env, SYSTEM, instances.start, key, variables).id)

    def task(self, instance_id: int, element_id: str) -> int:
        """The open task of an element; found beforehand, since a person arrives with the task on his screen."""
        with self.env.sessions() as session:
            found = session.scalar(
                select(UserTask.id).where(
                    UserTask.instance_id == instance_id, UserTask.element_id == element_id, UserTask.rank.is_not(None)
                )
            )
        assert found is not None, element_id
        return found

    def complete(self, task_id: int, raw: dict[str, Any]) -> None:
        run(self.env, self.worker, tasks.complete, task_id, raw)

    def size(self) -> int:
        """Bytes of the database, everything checkpointed."""
        with self.engine.connect() as connection:
            if not self.url.startswith("sqlite"):
                return int(connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one())
        path = Path(self.url.removeprefix("sqlite:///"))
        with self.engine.connect() as connection:
            driver: Any = connection.connection.dbapi_connection
            driver.execute("ROLLBACK") if driver.in_transaction else None
            driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return path.stat().st_size


DRAWINGS = (models.sale(), models.loop(), models.timer())


def timed(latencies: list[float], act: Callable[..., Any], *arguments: Any) -> None:
    """Run and note how long it took, in milliseconds."""
    begun = time.perf_counter()
    act(*arguments)
    latencies.append((time.perf_counter() - begun) * 1000)


def percentile(latencies: list[float], share: int) -> float:
    """``share`` per cent of them are not longer."""
    ordered = sorted(latencies)
    return ordered[min(len(ordered) - 1, round(share / 100 * (len(ordered) - 1)))]

"""The process dies at the n-th database event, n = 1, 2, 3 … until it survives. Then the books must balance: the work
is either not done at all or done with everything that follows from it, and what remains is finished by the next."""
from __future__ import annotations

import contextlib
import gc
import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, event

from engine import audit, tasks
from engine.models import UserTask, Visit
from engine.work import run
from tests.case import END, START, Case, drawing, form, timer, user_task
from tests.cast import actor


class Died(BaseException):
    """kill -9: no handler catches it, nothing after it reaches the database."""


class Reaper:
    """Counts what is sent to the database and strikes at the n-th. The connection is cut, as by a dead process."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.left = -1
        self.open: list[Any] = []
        cut = self

        class SqliteConnection(sqlite3.Connection):
            def cursor(self, *_: Any) -> Any:
                made = super().cursor(SqliteCursor)
                cut.open.append(made)
                return made

            def commit(self) -> None:
                cut.count()
                super().commit()
                cut.count()

        class SqliteCursor(sqlite3.Cursor):
            def execute(self, *arguments: Any) -> Any:
                cut.count()
                done = super().execute(*arguments)
                cut.count()
                return done

            def executemany(self, *arguments: Any) -> Any:
                cut.count()
                return super().executemany(*arguments)

        class PostgresCursor(psycopg.Cursor[Any]):
            def execute(self, *arguments: Any, **more: Any) -> Any:
                cut.count()
                done = super().execute(*arguments, **more)
                cut.count()
                return done

            def executemany(self, *arguments: Any, **more: Any) -> Any:
                cut.count()
                return super().executemany(*arguments, **more)

        class PostgresConnection(psycopg.Connection[Any]):
            def commit(self) -> None:
                cut.count()
                super().commit()
                cut.count()

        @event.listens_for(engine, "do_connect")
        def connect(dialect: Any, record: Any, arguments: Any, options: Any) -> Any:
            made: Any
            if dialect.name == "sqlite":
                made = sqlite3.connect(*arguments, factory=SqliteConnection, **options)
            else:
                made = PostgresConnection.connect(*arguments, **options, cursor_factory=PostgresCursor)
            cut.open.append(made)
            return made

        self.listener = connect

    def count(self) -> None:
        if self.left > 0:
            self.left -= 1
            if self.left == 0:
                raise Died

    def strike(self, at: int, act: Callable[[], object]) -> bool:
        """Run with death at the n-th event; True if it came to that. The dead hold nothing: what their frames still
        refer to is collected, since a pending statement would keep the write lock."""
        died = self._strike(at, act)
        gc.collect()
        return died

    def _strike(self, at: int, act: Callable[[], object]) -> bool:
        self.engine.dispose()
        self.left = at
        try:
            act()
        except Died:
            return True
        finally:
            self.left = -1
            for held in reversed(self.open):
                with contextlib.suppress(sqlite3.Error, psycopg.Error):
                    held.close()
            self.open.clear()
            self.engine.dispose()
        return False


@pytest.fixture
def reaper(engine: Engine) -> Iterator[Reaper]:
    made = Reaper(engine)
    yield made
    event.remove(engine, "do_connect", made.listener)


def balanced(case: Case) -> None:
    """The log holds, tasks, visits and log tell the same story."""
    with case.env.sessions() as session:
        assert audit.verify(session, case.instance_id).holds
        done = session.query(UserTask).filter_by(instance_id=case.instance_id, status="completed").count()
        left = session.query(Visit).filter(Visit.instance_id == case.instance_id, Visit.element_id.in_(["do", "then"]),
                                           Visit.outcome == "completed").count()  # fmt: skip
    assert done == left == case.logged().count("user_task.completed")


def test_a_completion_survives_death_at_every_point(case: Case, reaper: Reaper) -> None:
    case.publish(
        drawing("p", START + user_task("do", form="t/do") + user_task("then") + END, flows="start>do;do>then;then>end"),
        forms={"t/do": form("note")},
    )
    anna = actor(case.env, "anna")
    deaths, after = 0, 0
    for point in range(1, 400):
        case.start("p")
        task_id = case.task("do").id

        def complete(task_id: int = task_id) -> None:
            run(case.env, anna, tasks.complete, task_id, {"note": "x"})

        died = reaper.strike(point, complete)
        balanced(case)
        assert case.open in (["do"], ["then"])
        after += died and case.open == ["then"]
        if case.open == ["do"]:
            case.complete("do", note="again")
        case.complete("then")
        balanced(case)
        assert case.instance.status == "completed"
        if not died:
            break
        deaths += 1
    assert deaths > 20
    assert after >= 1  # it died after the commit: everything was done, only nobody was told


def test_a_timer_fires_exactly_once_wherever_its_worker_dies(case: Case, reaper: Reaper) -> None:
    case.publish(drawing("p", START + timer("t", "PT1H") + user_task("then") + END,
                         flows="start>t;t>then;then>end"))  # fmt: skip
    deaths = 0
    for point in range(1, 400):
        case.start("p")
        case.clock.move(hours=1)
        died = reaper.strike(point, case.run_jobs)
        assert case.logged().count("timer.fired") <= 1
        case.later(minutes=30)
        assert case.logged().count("timer.fired") == 1
        assert case.open == ["then"]
        balanced(case)
        assert case.incidents == []
        if not died:
            break
        deaths += 1
    assert deaths > 20

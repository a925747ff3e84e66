"""One piece of work: one actor, one moment, one transaction. The only file that commits or knows a clock."""
from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.orm.exc import StaleDataError

from engine.errors import Conflict

Result = TypeVar("Result")
RETRIES = 5
WRITE = {"write": True}  # execution option by which engine.database tells a writer's transaction from a reader's


@dataclass(frozen=True)
class Actor:
    """Who does it: a person or ``system``. ``on_behalf_of``: the absent person he stands in for."""

    user_id: int | None
    name: str
    groups: frozenset[str] = frozenset()
    on_behalf_of: int | None = None
    locale: str = "ru"

    @property
    def is_system(self) -> bool:
        """The engine itself acts."""
        return self.user_id is None


SYSTEM = Actor(None, "system")


class Environment(Protocol):
    """What the composition root provides to every verb (app.py builds it; engine/environment.py defines it)."""

    @property
    def sessions(self) -> sessionmaker[Session]: ...

    @property
    def clock(self) -> Callable[[], datetime]: ...

    @property
    def settings(self) -> Mapping[str, Any]: ...

    def refresh(self, connection: Connection, now: datetime) -> None: ...


@dataclass
class Work:
    """The transaction in hand. ``now`` is fixed for its whole length; ``connection`` is the session's.

    ``before_commit`` runs inside the transaction when the verb is done (the log is written there, in one go);
    ``after_commit`` runs when it held; ``memory`` keeps what lower floors want to remember until the commit.
    """

    session: Session
    connection: Connection
    actor: Actor
    now: datetime
    env: Any
    before_commit: list[Callable[[], None]] = field(default_factory=list)
    after_commit: list[Callable[[], None]] = field(default_factory=list)
    memory: dict[str, Any] = field(default_factory=dict)


def system_clock() -> datetime:
    """The real time, aware, UTC."""
    return datetime.now(UTC)


@contextmanager
def unit_of_work(env: Environment, actor: Actor) -> Iterator[Work]:
    """Open a transaction for ``actor`` at this moment; commit on success, roll back on any error.

    Raises Conflict when another transaction changed one of the rows first.
    """
    session = env.sessions()
    try:
        work = Work(session, session.connection(execution_options=WRITE), actor, env.clock(), env)
        env.refresh(work.connection, work.now)
        yield work
        while work.before_commit:
            work.before_commit.pop(0)()
        session.commit()
    except StaleDataError as error:
        session.rollback()
        raise Conflict("Somebody else has just changed this. Reload the page and look again.") from error
    except BaseException:
        session.rollback()
        raise
    finally:
        session.close()
    for announce in work.after_commit:
        announce()


def run(env: Environment, actor: Actor, verb: Callable[..., Result], *args: Any, **kwargs: Any) -> Result:
    """Run a whole verb in its own unit of work and again, at most five times, if the database says "locked" or
    another writer won: the verb finds fresh state and either does its work or refuses in its own words."""
    for attempt in range(RETRIES):
        try:
            with unit_of_work(env, actor) as work:
                return verb(work, *args, **kwargs)
        except (Conflict, OperationalError) as error:
            if attempt == RETRIES - 1 or not _is_passing(error):
                raise
            time.sleep(random.uniform(0.01, 0.05) * 2**attempt)
    raise AssertionError("unreachable")


def _is_passing(error: Exception) -> bool:
    if isinstance(error, Conflict):
        return isinstance(error.__cause__, (StaleDataError, IntegrityError))
    code = getattr(getattr(error, "orig", None), "sqlstate", None)
    return code in {"40001", "40P01"} or "locked" in str(error)

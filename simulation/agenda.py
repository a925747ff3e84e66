"""What happens next in a simulated stretch of time: things planned by people, and jobs the engine owes."""
from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from sqlalchemy import Connection, Engine, bindparam, select

from engine import jobs
from engine.environment import Environment
from engine.models import Job, table_of
from engine.rows import Prepared
from engine.vocabulary import JobStatus

ROUNDS = 200
JOBS = table_of(Job)
NEXT = Prepared(
    select(JOBS.c.due_at)
    .where(JOBS.c.status == bindparam("waiting"), JOBS.c.ended_at.is_(None))
    .order_by(JOBS.c.due_at)
    .limit(1)
)  # fmt: skip


@dataclass
class Clock:
    """Stands until it is moved; never goes back."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now

    def until(self, moment: datetime) -> None:
        """Move on to a moment, if it is still ahead."""
        self.now = max(self.now, moment)


@dataclass
class Agenda:
    """Planned acts in the order of their moments. ``after``: called after each of them and after due jobs."""

    env: Environment
    clock: Clock
    after: Callable[[], None]
    planned: list[tuple[datetime, int, Callable[[], None]]] = field(default_factory=list)
    _number: itertools.count[int] = field(default_factory=itertools.count)

    @cached_property
    def eye(self) -> Connection:
        """A connection for the short looks between two acts; it never holds a transaction."""
        engine: Engine = self.env.sessions.kw["bind"]
        return engine.connect().execution_options(isolation_level="AUTOCOMMIT")

    def plan(self, at: datetime, act: Callable[[], None]) -> None:
        """Somebody will do this then."""
        heapq.heappush(self.planned, (at, next(self._number), act))

    def live(self, end: datetime) -> None:
        """Let time pass until ``end``."""
        while True:
            due, act = self._next_job(), self.planned[0][0] if self.planned else None
            following = min((moment for moment in (due, act) if moment is not None), default=None)
            if following is None or following > end:
                break
            self.clock.until(following)
            if act is not None and (due is None or act <= due):
                heapq.heappop(self.planned)[2]()
            self.work()
            self.after()
        self.clock.until(end)

    def work(self) -> None:
        """Do everything the engine owes by now."""
        for _ in range(ROUNDS):
            due = self._next_job()
            if due is None or due > self.clock.now:
                return
            jobs.run_due(self.env)

    def _next_job(self) -> datetime | None:
        found = NEXT.first(self.eye, waiting=JobStatus.WAITING)
        return found[0] if found else None

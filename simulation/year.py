"""A year of the company: clients appear, ask, buy, complain; the staff works; time passes by working days."""
from __future__ import annotations

import logging
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, select

from engine.environment import Environment
from engine.errors import ReglamentError, UnderWay
from engine.models import UserTask, table_of
from engine.rows import Prepared
from simulation import arrivals, past
from simulation.agenda import Agenda, Clock
from simulation.people import Expected, Staff

ZONE = ZoneInfo("Europe/Moscow")
AGAIN = timedelta(days=1)
GIVE_UP = 3

TASKS = table_of(UserTask)
FRESH = Prepared(
    select(*(TASKS.c[name] for name in Expected._fields))
    .where(TASKS.c.id > bindparam("seen"), TASKS.c.rank.is_not(None))
    .order_by(TASKS.c.id)
)

log = logging.getLogger(__name__)


@dataclass
class Year:
    """The state of a simulation. ``told``: what must be entered in a task of an instance, by instance id."""

    env: Environment
    clock: Clock
    dice: random.Random
    staff: Staff = field(init=False)
    agenda: Agenda = field(init=False)
    told: dict[int, dict[str, Any]] = field(default_factory=dict)
    survey_seen: int = 0
    numbers: int = 0
    gone: set[int] = field(default_factory=set)
    seen: int = 0
    failures: Counter[int] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.staff = Staff(self.env, self.dice)
        self.agenda = Agenda(self.env, self.clock, self.notice)

    def live(self, end: datetime, newcomers: int, progress: Callable[[str], None]) -> None:
        """Live until ``end``; so many clients, beside those that are there, come in the course of it."""
        self.staff.meet()
        past.tell(self, newcomers)
        arrivals.plan(self, end)
        while self.clock.now < end:
            following = min(end, _next_month(self.clock.now))
            self.agenda.live(following)
            month = self.clock.now.astimezone(ZONE).date()
            progress(f"{month.isoformat()}: {sum(self.staff.done.values())} tasks done")

    def number(self) -> int:
        """A number for the next company that appears."""
        self.numbers += 1
        return self.numbers

    def notice(self) -> None:
        """New tasks have appeared: somebody will do each of them."""
        for row in FRESH.all(self.agenda.eye, seen=self.seen):
            task = Expected(*row)
            self.seen = task.id
            self._expect(task.id, task.instance_id, self.staff.when(task, self.clock.now))

    def attempt(self, act: Callable[[], Any], name: str) -> Any:
        """Something from outside happens; what the product refuses is counted, not hidden."""
        try:
            return act()
        except UnderWay:  # somebody was faster
            return None
        except ReglamentError as error:
            self.staff.trouble[f"{name}: {type(error).__name__} {error}"] += 1
            return None

    def moment(self, day: date, hour: float) -> datetime:
        """An hour of a day by the office's clock."""
        return datetime.combine(day, time(0), ZONE) + timedelta(hours=hour)

    def _expect(self, task_id: int, instance_id: int, at: datetime) -> None:
        def do() -> None:
            if not self.staff.do(task_id, self.told.get(instance_id, {})):
                self.failures[task_id] += 1
                if self.failures[task_id] < GIVE_UP:
                    self._expect(task_id, instance_id, self.clock.now + AGAIN)

        self.agenda.plan(at, do)


def _next_month(moment: datetime) -> datetime:
    first = moment.astimezone(ZONE).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (first + timedelta(days=32)).replace(day=1)

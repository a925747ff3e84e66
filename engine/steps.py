"""What every step of the drawings costs, rolled up by day: passes, waiting and working time, lateness.

Pages read the roll-up and, of what was done since, the tasks themselves: their cost follows the length of the period
and not the number of tasks. The roll-up is a job that owes itself again; a day may be rolled up as often as one likes.
"""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from engine import misses, outbox
from engine.models import Job, MissedTask, ProcessInstance, RolledDay, StepDay, User, UserTask
from engine.outbox import Owed
from engine.vocabulary import JobKind, TaskStatus
from engine.work import Work

OFFICE = "main"
NIGHT = timedelta(minutes=10)  # after midnight the day that ended is rolled up
MINUTE, HOUR, DAY = 60, 3600, 8 * 3600
# Upper ends of the classes a pass falls into, in working seconds: the first holds what took no time at all, the last
# has no end.
SCALE = (
    0, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR, DAY, DAY + DAY // 2, 2 * DAY, 3 * DAY,
    5 * DAY, 10 * DAY, 20 * DAY,
)  # fmt: skip

Key = tuple[str, int, str]  # procedure, version, element


@dataclass(frozen=True)
class Pass:
    """One completed task as it is counted: working seconds of waiting and working, late by how much (None: no term)."""

    task_id: int
    key: Key
    name: str
    instance_id: int
    deal_id: int | None
    client_id: int | None
    user_id: int
    created_at: datetime
    claimed_at: datetime
    ended_at: datetime
    due_at: datetime | None
    round: int
    waiting: int
    working: int
    late: int | None


@dataclass
class Sum:
    """Passes of one element added up. ``waits``, ``works``: how many fell into each class of SCALE."""

    passes: int = 0
    waiting: int = 0
    working: int = 0
    due: int = 0
    late: int = 0
    waits: list[int] = field(default_factory=lambda: [0] * (len(SCALE) + 1))
    works: list[int] = field(default_factory=lambda: [0] * (len(SCALE) + 1))

    def add(self, one: Pass) -> None:
        """One more pass."""
        self.passes += 1
        self.waiting += one.waiting
        self.working += one.working
        self.due += one.late is not None
        self.late += bool(one.late)
        self.waits[_class(one.waiting)] += 1
        self.works[_class(one.working)] += 1

    def join(self, other: Any) -> None:
        """Another sum, or a row of the roll-up."""
        for name in ("passes", "waiting", "working", "due", "late"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.waits = [a + b for a, b in zip(self.waits, other.waits, strict=True)]
        self.works = [a + b for a, b in zip(self.works, other.works, strict=True)]

    @property
    def usual_waiting(self) -> int:
        """The median of waiting, in working seconds."""
        return median(self.waits)

    @property
    def usual_working(self) -> int:
        """The median of working, in working seconds."""
        return median(self.works)


def median(counts: Sequence[int]) -> int:
    """The middle pass, straight between the ends of its class: enough to compare steps by."""
    half, before = sum(counts) / 2, 0
    for number, count in enumerate(counts):
        if count and before + count >= half:
            low = SCALE[number - 1] if number else 0
            high = SCALE[number] if number < len(SCALE) else 2 * SCALE[-1]
            return round(low + (high - low) * (half - before) / count)
        before += count
    return 0


def arm(work: Work) -> None:
    """See to it that the roll-up is owed; called when the engine begins to run."""
    _owe(work, _following(work))


def roll_up(work: Work, day: date) -> bool:
    """Count one day and owe the next. True when nothing is left behind: the figures are as fresh as they get."""
    start, end = bounds(work.env, day)
    found = list(passes(work.session, work.env, start, end))
    for table in (StepDay, MissedTask):
        work.session.execute(delete(table).where(table.day == day))
    for (key, version, element_id), total in summed(found).items():
        work.session.add(StepDay(
            process_key=key, version=version, element_id=element_id, day=day, passes=total.passes,
            waiting=total.waiting, working=total.working, due=total.due, late=total.late, waits=total.waits,
            works=total.works,
        ))  # fmt: skip
    misses.write(work, day, [one for one in found if one.late])
    work.session.merge(RolledDay(day=day, at=work.now, passes=len(found)))
    _owe(work, day + timedelta(days=1))
    return bounds(work.env, day + timedelta(days=1))[1] > work.now


def summed(found: Iterable[Pass]) -> dict[Key, Sum]:
    """Passes by element."""
    totals: dict[Key, Sum] = {}
    for one in found:
        totals.setdefault(one.key, Sum()).add(one)
    return totals


def rolled_until(session: Session) -> date | None:
    """The last day that has been rolled up."""
    return session.scalar(select(func.max(RolledDay.day)))


def fresh(session: Session, env: Any, now: datetime, since: date, *where: ColumnElement[bool]) -> list[Pass]:
    """What was completed after the roll-up, of the period from ``since``, narrowed to ``where``."""
    return list(passes(session, env, *unrolled(session, env, now, since), *where))


def unrolled(session: Session, env: Any, now: datetime, since: date) -> tuple[datetime, datetime]:
    """The stretch that the roll-up has not reached: of today and yesterday at most, should it be far behind."""
    zone = env.calendar(OFFICE).zone
    rolled = rolled_until(session)
    begin = now.astimezone(zone).date() - timedelta(days=1)
    first = max(since, begin, rolled + timedelta(days=1) if rolled else begin)
    return bounds(env, first)[0], now + timedelta(seconds=1)


def bounds(env: Any, day: date) -> tuple[datetime, datetime]:
    """The first moment of a day at the main office, and that of the next."""
    zone = env.calendar(OFFICE).zone
    midnights = (datetime.combine(one, time(), zone).astimezone(UTC) for one in (day, day + timedelta(days=1)))
    start, end = midnights
    return start, end


def passes(
    session: Session, env: Any, start: datetime, end: datetime, *where: ColumnElement[bool]
) -> Iterator[Pass]:
    """Tasks that people completed in between. By the index of what each person has done: one for all of them would be
    paid for with every task."""
    people = list(session.scalars(select(User.id)))
    task, instance = UserTask, ProcessInstance
    rows = session.execute(
        select(
            task.id, task.process_key, task.element_id, task.name, task.instance_id, task.completed_by,
            task.created_at, task.claimed_at, task.ended_at, task.due_at, task.round,
            instance.key, instance.version, instance.versions, instance.deal_id, instance.client_id, instance.office,
        )
        .join(instance, instance.id == task.instance_id)
        .where(task.completed_by.in_(people), task.ended_at >= start, task.ended_at < end)
        .where(task.status == TaskStatus.COMPLETED, *where)
    )  # fmt: skip
    for row in sorted(rows, key=lambda one: one.id):  # asked for an order, SQLite would read all tasks there ever were
        yield _pass(env, row)


def _pass(env: Any, row: Any) -> Pass:
    calendar = env.calendar(row.office)
    claimed = min(max(row.claimed_at or row.created_at, row.created_at), row.ended_at)
    late = None
    if row.due_at is not None:
        # a task completed outside working hours after its due moment is late all the same
        overdue = row.ended_at > row.due_at
        late = max(1, _seconds(calendar, row.due_at, row.ended_at)) if overdue else 0
    version = row.version if row.process_key == row.key else row.versions.get(row.process_key, 0)
    return Pass(
        task_id=row.id, key=(row.process_key, version, row.element_id), name=row.name, instance_id=row.instance_id,
        deal_id=row.deal_id, client_id=row.client_id, user_id=row.completed_by, created_at=row.created_at,
        claimed_at=claimed, ended_at=row.ended_at, due_at=row.due_at, round=row.round,
        waiting=_seconds(calendar, row.created_at, claimed), working=_seconds(calendar, claimed, row.ended_at),
        late=late,
    )  # fmt: skip


def _seconds(calendar: Any, start: datetime, end: datetime) -> int:
    minutes: float = calendar.working_minutes_between(start, end)
    return round(minutes * 60)


def _class(seconds: int) -> int:
    return next((number for number, limit in enumerate(SCALE) if seconds <= limit), len(SCALE))


def _following(work: Work) -> date:
    """The day after the last that was rolled up; at first the day on which the first instance began."""
    if (last := rolled_until(work.session)) is not None:
        return last + timedelta(days=1)
    first = work.session.scalar(select(ProcessInstance.started_at).order_by(ProcessInstance.id).limit(1))
    zone = work.env.calendar(OFFICE).zone
    begun: date = (first or work.now).astimezone(zone).date()
    return begun


def _owe(work: Work, day: date) -> None:
    """Once: whoever rolls up a day by hand must not begin a second chain."""
    waiting = select(Job.id).where(Job.kind == JobKind.ROLL_UP, Job.ended_at.is_(None))
    if work.session.scalar(waiting.limit(1)) is not None:
        return
    due = max(work.now, bounds(work.env, day)[1] + NIGHT)
    payload: Mapping[str, Any] = {"day": day.isoformat()}
    key = f"roll_up:{day.isoformat()}:{work.now.timestamp()}"
    outbox.owe(work, Owed(JobKind.ROLL_UP, "steps", key, due, payload=dict(payload)))

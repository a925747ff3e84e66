"""What happened before, as engine.foresight wants it: how long each step lasted, who did it, what it led to."""
from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from math import log
from statistics import pvariance
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.foresight import Habit, Leaving, Place
from engine.hours import Hours
from engine.models import ProcessInstance, UserTask, Visit, table_of
from engine.vocabulary import InstanceStatus

NEWEST = 5000  # instances looked at
ARRIVALS = 8  # weeks whose beginnings stand for the weeks to come
PLANNED = timedelta(days=7)  # a task due later than that is done by its date, not when it comes
DAY = timedelta(days=1)
WAITS = ("intermediateCatchEvent", "boundaryEvent", "receiveTask", "serviceTask", "sendTask", "startEvent")
VISITS, TASKS, INSTANCES = table_of(Visit), table_of(UserTask), table_of(ProcessInstance)


@dataclass
class Past:
    """Habits by drawing, version (None: all) and element; what began in each of the last weeks; ``paced``: steps that
    go at their own pace."""

    habits: dict[tuple[str, int | None, str], Habit] = field(default_factory=dict)
    weeks: list[list[Leaving]] = field(default_factory=lambda: [[] for _ in range(ARRIVALS)])
    paced: set[Place] = field(default_factory=set)


@dataclass(frozen=True)
class _Done:
    """How a task was done."""

    person: int
    work: float
    rest: float
    lead: float | None


@dataclass(frozen=True)
class _Span:
    """A task in somebody's hands, in minutes worked: from when it could be done until it was."""

    row: Any
    rest: float
    lead: float | None
    hands: tuple[float, float]

    @property
    def step(self) -> Place:
        return place(self.row)


class Clock:
    """Moments as minutes from now."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self, at: datetime) -> float:
        return (at - self.now).total_seconds() / 60


def look_back(session: Session, env: Any, clock: Clock, hours: Hours) -> Past:
    """The newest instances, their steps and tasks."""
    newest = session.scalar(select(func.max(ProcessInstance.id))) or 0
    oldest = newest - NEWEST
    known = {
        row.id: row
        for row in session.execute(
            select(INSTANCES.c.id, INSTANCES.c.started_at, INSTANCES.c.ended_at, INSTANCES.c.status)
            .where(INSTANCES.c.id > oldest)
        )
    }  # fmt: skip
    done, paced = _done(session, clock, hours, oldest)
    columns = [VISITS.c[name] for name in ("instance_id", "token_id", "process_key", "version", "element_id",
                                           "entered_at", "left_at", "outcome")]  # fmt: skip
    visits_of = select(*columns).where(VISITS.c.instance_id > oldest)
    rows = session.execute(visits_of.order_by(VISITS.c.instance_id, VISITS.c.id))
    past, kinds = Past(paced=paced), Kinds(session, env)
    for instance_id, visits in groupby(rows, key=lambda row: row.instance_id):
        stops = [row for row in visits if kinds.is_stop(row, (instance_id, row.token_id) in done)]
        _learn(past, stops, known[instance_id], done, clock, kinds)
    return past


class Kinds:
    """What each element of a drawing is."""

    def __init__(self, session: Session, env: Any) -> None:
        self._session, self._env = session, env
        self._known: dict[tuple[str, int], Mapping[str, Any]] = {}

    def of(self, key: str, version: int, element_id: str) -> str:
        """The element's BPMN tag."""
        if (key, version) not in self._known:
            self._known[key, version] = self._env.library.bound(self._session, key, version).procedure.elements
        element = self._known[key, version].get(element_id)
        return element.kind if element is not None else ""

    def is_stop(self, row: Any, is_done: bool) -> bool:
        """Is this a step where a case stands for a while: a person's task, or a wait?"""
        if is_done:
            return True
        kind = self.of(row.process_key, row.version, row.element_id)
        return kind == "userTask" if row.left_at is None else kind in WAITS and row.left_at > row.entered_at


def _done(session: Session, clock: Clock, hours: Hours, oldest: int) -> tuple[dict[tuple[int, str], _Done], set[Place]]:
    """What every completed task took of its performer's time, and which steps go at their own pace."""
    rows = session.execute(
        select(TASKS.c.instance_id, TASKS.c.token_id, TASKS.c.created_at, TASKS.c.ended_at, TASKS.c.follow_up_at,
               TASKS.c.due_at, TASKS.c.completed_by, TASKS.c.process_key, TASKS.c.element_id)
        .where(TASKS.c.completed_by.is_not(None), TASKS.c.instance_id > oldest)
        .order_by(TASKS.c.completed_by, TASKS.c.ended_at, TASKS.c.id)
    )  # fmt: skip
    hands = [
        [_span(row, clock, hours) for row in own] for _, own in groupby(rows, key=lambda row: row.completed_by)
    ]  # fmt: skip
    paced = _paced(hands)
    found: dict[tuple[int, str], _Done] = {}
    for own in hands:
        busy = [one for one in own if one.step not in paced]
        works = {id(one): work for one, work in zip(busy, shared([one.hands for one in busy]), strict=True)}
        for one in own:
            work = works.get(id(one), one.hands[1] - one.hands[0])
            found[one.row.instance_id, one.row.token_id] = _Done(one.row.completed_by, work, one.rest, one.lead)
    return found, paced


def _span(row: Any, clock: Clock, hours: Hours) -> _Span:
    ready = min(ready_at(row.created_at, row.due_at, row.follow_up_at, row.ended_at), row.ended_at)
    lead = clock(row.due_at) - clock(row.ended_at) if is_planned(row.created_at, row.due_at) else None
    rest = max(0.0, (ready - row.created_at).total_seconds() / 60)
    return _Span(row, rest, lead, (hours.worked(clock(ready)), hours.worked(clock(row.ended_at))))


def _paced(hands: Sequence[Sequence[_Span]]) -> set[Place]:
    """Steps that last as long as they last: their passes are more alike by the clock of the office than by the share of
    their performer's time that came to them. They wait for a client, a courier, a bank; his other work does not slow
    them, and they do not slow his other work."""
    clocked: dict[Place, list[float]] = {}
    worked: dict[Place, list[float]] = {}
    for own in hands:
        for one, work in zip(own, shared([one.hands for one in own]), strict=True):
            clocked.setdefault(one.step, []).append(log(1 + one.hands[1] - one.hands[0]))
            worked.setdefault(one.step, []).append(log(1 + work))
    return {step for step, times in clocked.items() if pvariance(times) < pvariance(worked[step])}


def shared(spans: Sequence[tuple[float, float]]) -> list[float]:
    """How much of a person's time each thing took that he had in hand from then to then: what he had at the same time
    shared it equally."""
    turns = sorted({moment for span in spans for moment in span})
    starts, ends = sorted(start for start, _ in spans), sorted(end for _, end in spans)
    done, at = [0.0], 0
    for before, after in pairwise(turns):
        at = bisect_right(starts, before) - bisect_right(ends, before)
        done.append(done[-1] + ((after - before) / at if at else 0.0))
    place_of = {moment: nth for nth, moment in enumerate(turns)}
    return [done[place_of[end]] - done[place_of[start]] for start, end in spans]


def ready_at(created: datetime, due: datetime | None, follow_up: datetime | None, ended: datetime) -> datetime:
    """When a task was to be done: on its follow-up date, or, with a date far away, on the day it was done."""
    if follow_up is not None and follow_up > created:
        return follow_up
    if is_planned(created, due) and ended - created > DAY:
        return ended - DAY
    return created


def is_planned(created: datetime, due: datetime | None) -> bool:
    """Is it a thing for a day, not one to be done as it comes?"""
    return due is not None and due - created > PLANNED


def _learn(
    past: Past, stops: Sequence[Any], instance: Any, done: Mapping[tuple[int, str], _Done], clock: Clock, kinds: Kinds
) -> None:
    """The passes of one instance."""
    began = tuple(place(row) for row in stops if row.entered_at == instance.started_at)
    week = int(-clock(instance.started_at) // (7 * 24 * 60))
    if began and 0 <= week < ARRIVALS:
        past.weeks[week].append(Leaving(opens=began))
    cut = instance.ended_at if instance.status == InstanceStatus.CANCELLED else None
    by_end: dict[datetime, list[Any]] = {}
    for row in stops:
        if row.left_at is not None and row.left_at != cut:
            by_end.setdefault(row.left_at, []).append(row)
    for at, left in by_end.items():
        _leave(past, stops, at, left, done, kinds)


def _leave(
    past: Past, stops: Sequence[Any], at: datetime, left: list[Any], done: Mapping[tuple[int, str], _Done],
    kinds: Kinds,
) -> None:  # fmt: skip
    """What was left at one moment: the first completed step led on, what was cancelled beside it was ended by it."""
    first = next((row for row in left if row.outcome == "completed"), left[0])
    opens = tuple(place(row) for row in stops if row.entered_at == at and row is not first)
    ends = tuple(place(row) for row in left if row is not first and row.outcome != "completed")
    for row in left:
        if row is not first and row.outcome != "completed":
            continue
        others = any(
            one.entered_at < at and (one.left_at is None or one.left_at > at) for one in stops if one is not row
        )
        way = Leaving(opens, ends) if row is first else Leaving()
        how = done.get((row.instance_id, row.token_id))
        for version in (row.version, None):
            key = (row.process_key, version, row.element_id)
            is_task = kinds.of(row.process_key, row.version, row.element_id) == "userTask"
            paced = (row.process_key, row.element_id) in past.paced
            habit = past.habits.setdefault(key, Habit(is_task, paced=paced))
            (habit.beside if others else habit.alone).append(way)
            if how is not None:
                habit.people.append(how.person)
                habit.rests.append(how.rest)
                habit.lasts.append(how.work)
                habit.leads += [how.lead] if how.lead is not None else []
            elif not is_task:
                habit.lasts.append((at - row.entered_at).total_seconds() / 60)


def place(row: Any) -> Place:
    """Where a visit was."""
    return row.process_key, row.element_id


def hours_of(calendar: Any, clock: Clock, back: timedelta, ahead: timedelta) -> Hours:
    """The office's working hours around now."""
    start, end = (clock.now - back).date(), (clock.now + ahead).date()
    days: Iterable[Any] = (start + DAY * n for n in range((end - start).days + 1))
    return Hours([(clock(a), clock(b)) for day in days for a, b in calendar.pieces(day)])



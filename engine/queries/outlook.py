"""What if: where open work stands now, walked on by what happened before; and the same with somebody away, or one
more person. SELECTs only; the walking itself is engine.foresight."""
from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import substitution
from engine.foresight import WEEK, Case, Habit, Place, Run, Standing, World, runs, spread
from engine.hours import NEVER, Cover, Hours
from engine.models import (
    Absence,
    Candidate,
    ControlPoint,
    Group,
    Job,
    Membership,
    ProcessInstance,
    User,
    UserTask,
    Visit,
    table_of,
)
from engine.queries.passes import Clock, Kinds, is_planned, look_back, place, shared
from engine.queries.passes import hours_of as office_hours
from engine.vocabulary import InstanceStatus, JobKind

BACK = timedelta(days=400)
HELPER = 0  # the person who is not there yet
FEWEST, MOST, EFFORT = 20, 200, 20_000  # runs; open steps times runs
VISITS, TASKS, POINTS = table_of(Visit), table_of(UserTask), table_of(ControlPoint)
TASK = [TASKS.c[name] for name in ("id", "instance_id", "token_id", "name", "assignee_id", "due_at", "follow_up_at",
                                   "created_at", "process_key", "element_id")]  # fmt: skip
POINT = [POINTS.c[name] for name in ("id", "instance_id", "token_id", "code", "title", "planned_at")]
NOWHERE: Place = ("", "")


@dataclass(frozen=True)
class Question:
    """What is asked. ``away``: who, from and until which day; ``stand_in``: who does his work meanwhile, if anybody;
    ``helper``: the group that gets one more person."""

    weeks: int = 8
    away: int | None = None
    since: date | None = None
    until: date | None = None
    helper: str | None = None
    stand_in: int | None = None

    @property
    def changes(self) -> bool:
        """Is anything different from how it stands?"""
        return (self.away is not None and self.since is not None and self.until is not None) or bool(self.helper)


@dataclass(frozen=True)
class Risk:
    """A date somebody counts on. ``chance``: that it is broken, None when too little is known; ``passes``: past passes
    of the step behind it; ``otherwise``: the chance in the changed world."""

    name: str
    title: str
    case: str
    instance_id: int
    deal_id: int | None
    task_id: int | None
    person: str | None
    due_at: datetime
    chance: float | None
    otherwise: float | None
    passes: int


@dataclass(frozen=True)
class Line:
    """How much waits with somebody at the end of each week: p10, p50 and p90. ``now``: today."""

    name: str
    now: int
    weeks: Sequence[tuple[float, float, float]]
    otherwise: Sequence[tuple[float, float, float]]


@dataclass
class Answer:
    """Everything a page tells."""

    question: Question
    runs: int
    risks: list[Risk] = field(default_factory=list)
    unknown: list[Risk] = field(default_factory=list)
    groups: list[Line] = field(default_factory=list)
    people: list[Line] = field(default_factory=list)
    days: Sequence[tuple[date, tuple[float, float, float]]] = ()
    days_otherwise: Sequence[tuple[float, float, float]] = ()
    places: dict[Place, tuple[float, float, float]] = field(default_factory=dict)
    habits: Mapping[tuple[str, int | None, str], Habit] = field(default_factory=dict)
    late: tuple[float, float, float] = (0, 0, 0)
    late_otherwise: tuple[float, float, float] = (0, 0, 0)
    stuck: int = 0
    cases: int = 0


@dataclass
class _Now:
    """Where everything stands."""

    cases: list[Case] = field(default_factory=list)
    tasks: dict[tuple[int, str], Any] = field(default_factory=dict)
    points: dict[tuple[int, str], list[Any]] = field(default_factory=dict)
    titles: dict[int, tuple[str, int | None]] = field(default_factory=dict)
    places: dict[str, tuple[int, Place]] = field(default_factory=dict)


def ask(session: Session, env: Any, now: datetime, question: Question) -> Answer:
    """The answer, the same for the same question and the same state of things."""
    world, here = _world(session, env, now, question)
    coming = sum(map(len, world.weeks)) / max(1, len(world.weeks)) * question.weeks
    number = int(max(FEWEST, min(MOST, EFFORT / (1 + sum(len(case.standings) for case in world.cases) + coming))))
    found = list(runs(world, number))
    other = list(runs(_changed(session, world, now, env, question), number)) if question.changes else []
    answer = Answer(question, number, habits=world.habits, cases=len(world.cases))
    answer.stuck = len({case for run in found for case in run.stuck if case})
    _judge(session, answer, world, here, now, found, other)
    _count(session, answer, world, found, other)
    _by_day(answer, env.calendar("main"), now, found, other)
    return answer


def _world(session: Session, env: Any, now: datetime, question: Question) -> tuple[World, _Now]:
    clock, horizon = Clock(now), question.weeks * WEEK
    hours = office_hours(env.calendar("main"), clock, BACK, timedelta(minutes=horizon) + timedelta(days=14))
    past = look_back(session, env, clock, hours)
    gaps = _absences(session, clock, now)
    people = {one: hours.without(gaps.get(one, ())) for one in session.scalars(select(User.id).where(User.active))}
    here = _standing(session, env, clock, hours, past.paced)
    covers = _covers(session, clock, people)
    return World(past.habits, here.cases, people, past.weeks, horizon=horizon, covers=covers), here


def _covers(session: Session, clock: Clock, people: Collection[int]) -> list[Cover]:
    """Who stands in for whom, in absences that go on and in planned ones. What somebody stands in with for one group
    alone is left out: whose task of which group a step will be is not known beforehand."""
    planned = select(Absence.starts_at).where(Absence.ends_at > clock.now)
    moments = sorted({max(clock.now, starts_at) for starts_at in session.scalars(planned)})
    found: dict[tuple[int, int, str | None, float], Cover] = {}
    for at in moments:
        gone = substitution.away(session, at)
        substitution.forget(session)
        for one in [one for person in gone for one in substitution.standing_in(gone, person)]:
            key = (one.user_id, one.substitute_id, one.scope.procedure, clock(one.until))
            if one.scope.group is None and {one.user_id, one.substitute_id} <= set(people):
                found.setdefault(key, Cover(*key[:2], clock(at), clock(one.until), one.scope.procedure))
    return list(found.values())


def _absences(session: Session, clock: Clock, now: datetime) -> dict[int, list[tuple[float, float]]]:
    found: dict[int, list[tuple[float, float]]] = {}
    for row in session.scalars(select(Absence).where(Absence.ends_at > now)):
        found.setdefault(row.user_id, []).append((clock(row.starts_at), clock(row.ends_at)))
    return found


def _standing(session: Session, env: Any, clock: Clock, hours: Hours, paced: Collection[Place]) -> _Now:
    here, kinds = _Now(), Kinds(session, env)
    for one in session.execute(select(*TASK).where(TASKS.c.rank.is_not(None))):
        here.tasks[one.instance_id, one.token_id] = one
    for point in session.execute(select(*POINT).where(POINTS.c.status == "open")):
        here.points.setdefault((point.instance_id, point.token_id), []).append(point)
    timers = select(Job.instance_id, Job.token_id, Job.due_at).where(Job.ended_at.is_(None), Job.kind == JobKind.TIMER)
    until = {(row[0], row[1]): clock(row[2]) for row in session.execute(timers)}
    rows = session.execute(
        select(VISITS, ProcessInstance.title, ProcessInstance.deal_id, ProcessInstance.versions)
        .join(ProcessInstance, ProcessInstance.id == VISITS.c.instance_id)
        .where(VISITS.c.left_at.is_(None), ProcessInstance.status == InstanceStatus.ACTIVE)
        .order_by(VISITS.c.instance_id, VISITS.c.id)
    )
    taken = _taken(here.tasks.values(), clock, hours, paced)
    standings: dict[int, list[Standing]] = {}
    versions: dict[int, Mapping[str, int]] = {}
    for row in rows:
        token = (row.instance_id, row.token_id)
        task = here.tasks.get(token)
        kind = kinds.of(row.process_key, row.version, row.element_id)
        if task is None and token not in until and kind not in ("intermediateCatchEvent", "receiveTask"):
            continue  # a call or a join: what is inside it stands somewhere itself
        versions[row.instance_id], here.titles[row.instance_id] = row.versions, (row.title, row.deal_id)
        wait = Standing(NOWHERE, -clock(row.entered_at), until=until.get(token))
        standing = _of_task(task, clock, taken) if task else wait
        promises = _promises(here, task, token, clock)
        for name in promises:
            here.places[name] = (row.instance_id, place(row))
        standings.setdefault(row.instance_id, []).append(replace(standing, place=place(row), promises=promises))
    here.cases = [Case(one, tuple(found), versions[one]) for one, found in standings.items()]
    return here


def _of_task(task: Any, clock: Clock, taken: Mapping[int, float]) -> Standing:
    rests = clock(task.follow_up_at) if task.follow_up_at is not None and task.follow_up_at > clock.now else None
    day = clock(task.due_at) if is_planned(task.created_at, task.due_at) else None
    age = 0.0 if rests or day is not None else taken.get(task.id, 0.0)
    return Standing(NOWHERE, age, task.assignee_id, rests, day)


def _taken(tasks: Iterable[Any], clock: Clock, hours: Hours, paced: Collection[Place]) -> dict[int, float]:
    """How much of its performer's time each open task has had, as far as what he has in hand now tells; of what goes at
    its own pace, how much of the office's time."""
    by_person: dict[int, list[Any]] = {}
    found: dict[int, float] = {}
    now = hours.worked(0.0)
    for one in tasks:
        if is_planned(one.created_at, one.due_at):
            continue
        if place(one) in paced:
            found[one.id] = now - hours.worked(clock(one.created_at))
        elif one.assignee_id is not None:
            by_person.setdefault(one.assignee_id, []).append(one)
    for own in by_person.values():
        works = shared([(hours.worked(clock(one.created_at)), now) for one in own])
        found |= {one.id: work for one, work in zip(own, works, strict=True)}
    return found


def _promises(here: _Now, task: Any | None, token: tuple[int, str], clock: Clock) -> dict[str, float]:
    found = {f"point:{point.id}": clock(point.planned_at) for point in here.points.get(token, ())}
    if task is not None and task.due_at is not None:
        found[f"task:{task.id}"] = clock(task.due_at)
    return found


def _changed(session: Session, world: World, now: datetime, env: Any, question: Question) -> World:
    """The world with somebody away, or one more person."""
    hours = dict(world.hours)
    if question.away in hours and question.since is not None and question.until is not None:
        zone, clock = env.calendar("main").zone, Clock(now)
        start = datetime.combine(question.since, datetime.min.time(), zone)
        end = datetime.combine(question.until + timedelta(days=1), datetime.min.time(), zone)
        hours[question.away] = hours[question.away].without([(clock(start), clock(end))])
        if question.stand_in in hours and question.stand_in != question.away:
            cover = Cover(question.away, question.stand_in, clock(start), clock(end))
            world = replace(world, covers=[*world.covers, cover])
    if not question.helper:
        return replace(world, hours=hours)
    members = session.scalars(select(Membership.user_id).where(Membership.group_key == question.helper))
    office = office_hours(env.calendar("main"), Clock(now), timedelta(days=1), timedelta(minutes=world.horizon))
    return replace(world, hours=hours | {HELPER: office}, new={HELPER: frozenset(members)})


def _judge(
    session: Session, answer: Answer, world: World, here: _Now, now: datetime, found: list[Run], other: list[Run]
) -> None:
    people = {row.id: row.name for row in session.scalars(select(User))}
    asked = select(Candidate.task_id, Group.title).join(Group, Group.key == Candidate.group_key)
    groups = {row[0]: row[1] for row in session.execute(asked)}
    versions = {case.id: case.versions for case in world.cases}
    named: dict[str, Any] = {f"task:{task.id}": task for task in here.tasks.values()}
    named |= {f"point:{point.id}": point for points in here.points.values() for point in points}
    dues: dict[str, float] = {}
    for name, (instance_id, where) in here.places.items():
        row, is_task = named[name], name.startswith("task:")
        due = row.due_at if is_task else row.planned_at
        if Clock(now)(due) > world.horizon:
            continue  # what is due after the last day looked at is neither kept nor broken by then
        dues[name] = Clock(now)(due)
        habit = world.habit(where, versions[instance_id])
        task = row if is_task else here.tasks.get((row.instance_id, row.token_id))
        title, deal_id = here.titles[instance_id]
        who = (people.get(task.assignee_id) if task.assignee_id else groups.get(task.id)) if task else None
        risk = Risk(
            name, row.name if is_task else f"{row.code} {row.title}", title, instance_id, deal_id,
            task.id if task else None, who, due, _chance(found, name, dues[name]) if habit else None,
            _chance(other, name, dues[name]) if habit and other else None, habit.passes if habit else 0,
        )  # fmt: skip
        (answer.risks if habit else answer.unknown).append(risk)
    answer.risks.sort(key=lambda risk: (-max(risk.chance or 0, risk.otherwise or 0), risk.due_at, risk.name))
    answer.unknown.sort(key=lambda risk: (risk.due_at, risk.name))
    answer.late, answer.late_otherwise = _late(found, dues), _late(other, dues)


def _chance(found: Sequence[Run], name: str, due: float) -> float:
    return sum(run.kept.get(name, NEVER) > due for run in found) / len(found)


def _late(found: Sequence[Run], dues: Mapping[str, float]) -> tuple[float, float, float]:
    return spread([sum(run.kept.get(name, NEVER) > due for name, due in dues.items()) for run in found] or [0])


def _count(session: Session, answer: Answer, world: World, found: list[Run], other: list[Run]) -> None:
    """The lines of people and groups, and what waits where."""
    present: dict[int, int] = {}
    for case in world.cases:
        for one in case.standings:
            if one.person is not None and one.until is None:
                present[one.person] = present.get(one.person, 0) + 1
    names = {row.id: row.name for row in session.scalars(select(User).where(User.active))}
    members: dict[str, set[int]] = {}
    for membership in session.scalars(select(Membership)):
        members.setdefault(membership.group_key, set()).add(membership.user_id)
    helped = answer.question.helper
    for person in sorted(names, key=lambda one: names[one]):
        line = _line(names[person], {person}, {person}, present, found, other)
        if any(week[2] for week in (*line.weeks, *line.otherwise)):
            answer.people.append(line)
    for group in session.scalars(select(Group).order_by(Group.title)):
        own = members.get(group.key, set())
        line = _line(group.title, own, own | ({HELPER} if group.key == helped else set()), present, found, other)
        if any(week[2] for week in (*line.weeks, *line.otherwise)):
            answer.groups.append(line)
    everywhere = {where for run in found for week in run.places for where in week}
    for where in everywhere:
        answer.places[where] = spread([sum(week[where] for week in run.places) / len(run.places) for run in found])


def _by_day(answer: Answer, calendar: Any, now: datetime, found: list[Run], other: list[Run]) -> None:
    """How much waits with people on each working day to come."""
    days = [now.astimezone(calendar.zone).date() + timedelta(days=nth + 1) for nth in range(len(found[0].days))]
    works = [nth for nth, day in enumerate(days) if calendar.pieces(day)]
    answer.days = [(days[nth], spread([run.days[nth] for run in found])) for nth in works]
    answer.days_otherwise = [spread([run.days[nth] for run in other]) for nth in works] if other else []


def _line(
    name: str, people: set[int], otherwise: set[int], present: Mapping[int, int], found: list[Run], other: list[Run]
) -> Line:
    return Line(name, sum(present.get(one, 0) for one in people), _weekly(found, people), _weekly(other, otherwise))


def _weekly(found: Sequence[Run], people: set[int]) -> list[tuple[float, float, float]]:
    weeks = len(found[0].lines) if found else 0
    return [spread([sum(run.lines[week][one] for one in people) for run in found]) for week in range(weeks)]



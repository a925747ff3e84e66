"""Who has how much: open, overdue, due this week, done in the period, the working hours it usually takes, absences.

SELECTs only. Counts come from indexes of what is open; the usual length of a step comes from the daily roll-up.
"""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import and_, case, func, select
from sqlalchemy.orm import Session, contains_eager, defer

from engine import steps
from engine.models import (
    Absence,
    Candidate,
    Client,
    Deal,
    Group,
    Membership,
    MissedTask,
    ProcessInstance,
    StepDay,
    User,
    UserTask,
)

PAGE = 25
TASKS = 50
HISTORY = timedelta(days=180)
INSTANCE = (
    contains_eager(UserTask.instance).defer(ProcessInstance.state).defer(ProcessInstance.variables)
    .defer(ProcessInstance.versions)
)  # fmt: skip
HEAVY = (defer(UserTask.outcome), defer(UserTask.due_why), defer(UserTask.settings))


@dataclass
class Load:
    """One person. ``expected``: working seconds that what is open usually takes; ``guessed``: open tasks of steps that
    have no history. ``away``: absences of the next weeks."""

    user: User
    groups: Sequence[str] = ()
    open: int = 0
    overdue: int = 0
    week: int = 0
    done: int = 0
    late: int = 0
    expected: int = 0
    guessed: int = 0
    away: list[Absence] = field(default_factory=list)


@dataclass(frozen=True)
class Free:
    """Tasks of a group that nobody has taken."""

    key: str
    title: str
    title_en: str
    count: int


@dataclass(frozen=True)
class TaskRow:
    """One open task of a person, for the drill-down."""

    task: UserTask
    instance: ProcessInstance
    deal: Deal | None
    client: Client | None


def loads(
    session: Session, now: datetime, since: datetime, week_end: datetime, *, group: str = "", page: int = 1
) -> tuple[list[Load], int]:
    """One page of the people by how much is overdue and open, and how many people there are."""
    people = select(User).where(User.active)
    if group:
        people = people.where(User.id.in_(select(Membership.user_id).where(Membership.group_key == group)))
    found = {user.id: Load(user) for user in session.scalars(people)}
    by_step: dict[int, list[tuple[str, str, int]]] = defaultdict(list)
    for user_id, key, element_id, count, overdue, week in _open(session, now, week_end):
        if user_id in found:
            one = found[user_id]
            one.open, one.overdue, one.week = one.open + count, one.overdue + overdue, one.week + week
            by_step[user_id].append((key, element_id, count))
    order = sorted(found.values(), key=lambda one: (-one.overdue, -one.open, one.user.name))
    shown = order[(page - 1) * PAGE : page * PAGE]
    _fill(session, shown, now, since)
    _expect(session, shown, by_step, now.date())
    return shown, len(order)


def free(session: Session) -> list[Free]:
    """How many tasks wait for somebody of each group."""
    rows = session.execute(
        select(Group.key, Group.title, Group.title_en, func.count(Candidate.id))
        .join(Candidate, and_(Candidate.group_key == Group.key, Candidate.rank.is_not(None)))
        .group_by(Group.key, Group.title, Group.title_en).order_by(func.count(Candidate.id).desc())
    )  # fmt: skip
    return [Free(*row) for row in rows]


def tasks_of(session: Session, user_id: int, page: int = 1) -> tuple[list[TaskRow], int]:
    """What a person has, in the order of his inbox."""
    mine = and_(UserTask.assignee_id == user_id, UserTask.rank.is_not(None))
    count = session.scalar(select(func.count()).select_from(UserTask).where(mine)) or 0
    ids = select(UserTask.id).where(mine).order_by(UserTask.rank, UserTask.id).limit(TASKS).offset((page - 1) * TASKS)
    rows = session.execute(
        select(UserTask, Deal, Client)
        .join(UserTask.instance)
        .options(INSTANCE, *HEAVY)
        .outerjoin(Deal, Deal.id == ProcessInstance.deal_id)
        .outerjoin(Client, Client.id == func.coalesce(ProcessInstance.client_id, Deal.client_id))
        .where(UserTask.id.in_(list(session.scalars(ids)))).order_by(UserTask.rank, UserTask.id)
    )  # fmt: skip
    return [TaskRow(task, task.instance, deal, client) for task, deal, client in rows], count


def groups(session: Session) -> Sequence[Group]:
    """Groups that have members."""
    members = select(Membership.group_key).distinct()
    return session.scalars(select(Group).where(Group.key.in_(members)).order_by(Group.title)).all()


def colleagues(session: Session) -> Sequence[User]:
    """Everybody a task may be given to."""
    return session.scalars(select(User).where(User.active).order_by(User.last, User.first)).all()


def _open(session: Session, now: datetime, week_end: datetime) -> Sequence[Any]:
    """Person, step, open, overdue, due by the end of the week: all from one index of what is open."""
    due = UserTask.due_at
    return session.execute(
        select(
            UserTask.assignee_id, UserTask.process_key, UserTask.element_id, func.count(),
            func.sum(case((due <= now, 1), else_=0)),
            func.sum(case((and_(due > now, due <= week_end), 1), else_=0)),
        )
        .where(UserTask.rank.is_not(None), UserTask.assignee_id.is_not(None))
        .group_by(UserTask.assignee_id, UserTask.process_key, UserTask.element_id)
    ).all()  # fmt: skip


def _fill(session: Session, shown: Sequence[Load], now: datetime, since: datetime) -> None:
    by_id = {one.user.id: one for one in shown}
    done = select(UserTask.completed_by, func.count()).where(
        UserTask.completed_by.in_(by_id), UserTask.ended_at >= since
    )
    rows: Any = session.execute(done.group_by(UserTask.completed_by))
    for user_id, count in rows:
        by_id[user_id].done = count
    late = select(MissedTask.user_id, func.count()).where(MissedTask.day >= since.date(), MissedTask.user_id.in_(by_id))
    rows = session.execute(late.group_by(MissedTask.user_id))
    for user_id, count in rows:
        by_id[user_id].late = count
    away = select(Absence).where(Absence.user_id.in_(by_id), Absence.ends_at > now).order_by(Absence.starts_at)
    for absence in session.scalars(away):
        by_id[absence.user_id].away.append(absence)
    named = select(Membership.user_id, Membership.group_key).where(Membership.user_id.in_(by_id))
    members: dict[int, list[str]] = defaultdict(list)
    rows = session.execute(named)
    for user_id, key in rows:
        members[user_id].append(key)
    for one in shown:
        one.groups = sorted(members[one.user.id])


def _expect(
    session: Session, shown: Sequence[Load], by_step: dict[int, list[tuple[str, str, int]]], today: date
) -> None:
    """What is open by step, times the median of the step."""
    keys = {key for one in shown for key, _, _ in by_step[one.user.id]}
    usual = usual_working(session, keys, today)
    for one in shown:
        for key, element_id, count in by_step[one.user.id]:
            length = usual.get((key, element_id))
            if length is None:
                one.guessed += count
            else:
                one.expected += length * count


def usual_working(session: Session, keys: set[str], today: date) -> dict[tuple[str, str], int]:
    """The median working time of each step of these procedures, over all versions of the last half year."""
    if not keys:
        return {}
    sums: dict[tuple[str, str], steps.Sum] = {}
    rows = session.scalars(select(StepDay).where(StepDay.process_key.in_(keys), StepDay.day >= today - HISTORY))
    for row in rows:
        sums.setdefault((row.process_key, row.element_id), steps.Sum()).join(row)
    return {key: total.usual_working for key, total in sums.items()}

"""Where deadlines are missed and why: late tasks by step, person, stage, class of client and reason. SELECTs only."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from engine import misses, steps
from engine.models import Deal, MissedTask, ProcessInstance, StepDay, User, UserTask

PAGE = 50
DIMENSIONS = ("step", "person", "stage", "class", "why")
NOTHING = "-"


@dataclass(frozen=True)
class Line:
    """One value of a dimension: how many were late, by how much in all, and of how many (None: not known)."""

    value: str
    label: str
    count: int
    late: int
    of: int | None = None


@dataclass(frozen=True)
class Wanted:
    """A period, as days and as moments, and the values that have been chosen, by dimension."""

    since: date
    until: date
    start: datetime
    end: datetime
    chosen: dict[str, str]


@dataclass(frozen=True)
class LateTask:
    """One late task with its case."""

    missed: MissedTask
    ended_at: datetime | None
    due_at: datetime | None
    title: str
    deal: str | None
    person: str


def lines(session: Session, wanted: Wanted, dimension: str) -> list[Line]:
    """How the late tasks divide, most first."""
    column, label = _column(dimension)
    rows = session.execute(
        select(column, func.max(label), func.count(), func.sum(MissedTask.late))
        .where(*_where(wanted)).group_by(column).order_by(func.count().desc(), column)
    )  # fmt: skip
    found = [Line(str(value) if value is not None else NOTHING, str(name or ""), count, int(late or 0))
             for value, name, count, late in rows]  # fmt: skip
    if dimension == "person":
        names = {str(user.id): user.name for user in session.scalars(select(User))}
        done = _done(session, wanted)
        return [Line(one.value, names.get(one.value, "?"), one.count, one.late, done.get(one.value)) for one in found]
    if dimension == "step":
        due = _due(session, wanted)
        return [Line(one.value, one.label, one.count, one.late, due.get(one.value)) for one in found]
    return found


def total(session: Session, wanted: Wanted) -> tuple[int, int]:
    """How many tasks were late, and how many had a due moment at all (of all that were completed)."""
    late = session.scalar(select(func.count()).select_from(MissedTask).where(*_where(wanted))) or 0
    due = select(func.sum(StepDay.due)).where(StepDay.day >= wanted.since, StepDay.day <= wanted.until)
    return late, int(session.scalar(due) or 0)


def tasks(session: Session, wanted: Wanted, page: int = 1) -> list[LateTask]:
    """The late tasks themselves, the latest day first, the most late of a day first."""
    rows = session.execute(
        select(
            MissedTask, UserTask.ended_at, UserTask.due_at, ProcessInstance.title, Deal.number, User.last, User.first
        )
        .join(UserTask, UserTask.id == MissedTask.task_id)
        .join(ProcessInstance, ProcessInstance.id == UserTask.instance_id)
        .join(User, User.id == MissedTask.user_id)
        .outerjoin(Deal, Deal.id == MissedTask.deal_id)
        .where(*_where(wanted)).order_by(MissedTask.day.desc(), MissedTask.late.desc(), MissedTask.task_id)
        .limit(PAGE).offset((page - 1) * PAGE)
    )  # fmt: skip
    return [LateTask(row[0], row[1], row[2], row[3], row[4], f"{row[5]} {row[6]}") for row in rows]


def today(session: Session, env: Any, now: datetime, wanted: Wanted) -> int:
    """How many more were late after the last roll-up."""
    start, end = steps.unrolled(session, env, now, wanted.since)
    late = select(func.count()).select_from(UserTask).where(
        UserTask.completed_by.in_(list(session.scalars(select(User.id)))), UserTask.ended_at >= start,
        UserTask.ended_at < end, UserTask.ended_at > UserTask.due_at,
    )  # fmt: skip
    return session.scalar(late) or 0


def open_overdue(session: Session, now: datetime) -> int:
    """How many are late and still open."""
    late = select(func.count()).select_from(UserTask).where(UserTask.rank.is_not(None), UserTask.due_at <= now)
    return session.scalar(late) or 0


def _column(dimension: str) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    step = MissedTask.process_key + "/" + MissedTask.element_id
    columns: dict[str, tuple[Any, Any]] = {
        "step": (step, MissedTask.name),
        "person": (MissedTask.user_id, MissedTask.name),
        "stage": (MissedTask.milestone, MissedTask.milestone),
        "class": (MissedTask.client_class, MissedTask.client_class),
        "why": (MissedTask.why, MissedTask.why),
    }
    return columns[dimension]


def _where(wanted: Wanted) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = [MissedTask.day >= wanted.since, MissedTask.day <= wanted.until]
    for dimension, value in wanted.chosen.items():
        if dimension == "step":
            key, _, element_id = value.partition("/")
            where += [MissedTask.process_key == key, MissedTask.element_id == element_id]
        elif dimension == "person":
            where.append(MissedTask.user_id == (int(value) if value.isdigit() else 0))
        elif dimension == "why":
            where.append(MissedTask.why == (value if value in misses.WHY else ""))
        else:
            column: Any = MissedTask.milestone if dimension == "stage" else MissedTask.client_class
            where.append(column.is_(None) if value == NOTHING else column == value)
    return where


def _due(session: Session, wanted: Wanted) -> dict[str, int]:
    rows = session.execute(
        select(StepDay.process_key, StepDay.element_id, func.sum(StepDay.due))
        .where(StepDay.day >= wanted.since, StepDay.day <= wanted.until)
        .group_by(StepDay.process_key, StepDay.element_id)
    )
    return {f"{key}/{element_id}": int(count) for key, element_id, count in rows}


def _done(session: Session, wanted: Wanted) -> dict[str, int]:
    """How many tasks each person of the period completed: of these so many were late."""
    people: Sequence[int] = session.scalars(select(MissedTask.user_id).where(*_where(wanted)).distinct()).all()
    rows = session.execute(
        select(UserTask.completed_by, func.count())
        .where(UserTask.completed_by.in_(people), UserTask.ended_at >= wanted.start, UserTask.ended_at < wanted.end)
        .group_by(UserTask.completed_by)
    )
    return {str(user_id): count for user_id, count in rows}

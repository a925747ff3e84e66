"""What each step of a drawing costs in a period: waiting, working, passes, lateness; and the cases behind it.

SELECTs only: the daily roll-up, and what was done since straight from the tasks.
"""
from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import steps
from engine.models import ProcessDefinition, ProcessInstance, StepDay, User, UserTask

CASES = 50
MEASURES = ("waiting", "working", "passes", "late")


@dataclass(frozen=True)
class Case:
    """One pass of a step."""

    task_id: int
    instance_id: int
    title: str
    person: str
    created_at: datetime
    claimed_at: datetime | None
    ended_at: datetime
    due_at: datetime | None


def totals(
    session: Session, env: Any, now: datetime, key: str, since: date, until: date, version: int | None = None
) -> dict[str, steps.Sum]:
    """Element id -> what it cost."""
    where = [StepDay.process_key == key, StepDay.day >= since, StepDay.day <= until]
    if version is not None:
        where.append(StepDay.version == version)
    found: dict[str, steps.Sum] = {}
    for row in session.scalars(select(StepDay).where(*where)):
        found.setdefault(row.element_id, steps.Sum()).join(row)
    today = now.astimezone(env.calendar(steps.OFFICE).zone).date()
    if until >= today:
        for (process_key, its_version, element_id), total in steps.summed(
            steps.fresh(session, env, now, since, UserTask.process_key == key)
        ).items():
            if process_key == key and version in (None, its_version):
                found.setdefault(element_id, steps.Sum()).join(total)
    return found


def called(
    session: Session, env: Any, now: datetime, calls: Mapping[str, Collection[str]], since: date, until: date
) -> dict[str, steps.Sum]:
    """Call activity -> what all the steps of the procedures behind it cost, by whatever drawing they were called.
    ``calls``: element id -> keys. An element behind which nothing was done is left out."""
    wanted = {key for keys in calls.values() for key in keys}
    if not wanted:
        return {}
    by_key: dict[str, steps.Sum] = {}
    rows = select(StepDay).where(StepDay.process_key.in_(wanted), StepDay.day >= since, StepDay.day <= until)
    for row in session.scalars(rows):
        by_key.setdefault(row.process_key, steps.Sum()).join(row)
    if until >= now.astimezone(env.calendar(steps.OFFICE).zone).date():
        fresh = steps.summed(steps.fresh(session, env, now, since, UserTask.process_key.in_(wanted)))
        for (key, _, _), total in fresh.items():
            by_key.setdefault(key, steps.Sum()).join(total)
    found: dict[str, steps.Sum] = {}
    for element_id, keys in calls.items():
        for key in set(keys) & set(by_key):
            found.setdefault(element_id, steps.Sum()).join(by_key[key])
    return found


def value(total: steps.Sum, measure: str) -> float:
    """What the picture is coloured by: medians of waiting and working, the number of passes, the share of late ones."""
    if measure == "passes":
        return total.passes
    if measure == "late":
        return total.late / total.due if total.due else 0
    return total.usual_waiting if measure == "waiting" else total.usual_working


def versions(session: Session, key: str) -> Sequence[int]:
    """Versions that have been worked by, the newest first."""
    found = select(StepDay.version).where(StepDay.process_key == key).distinct().order_by(StepDay.version.desc())
    return session.scalars(found).all()


def names(session: Session) -> dict[str, str]:
    """Key -> name of every procedure, as its newest version is called."""
    rows: Any = session.execute(
        select(ProcessDefinition.key, ProcessDefinition.name).order_by(ProcessDefinition.version)
    )
    return dict(rows.all())


def busiest(session: Session, since: date) -> Sequence[tuple[str, int]]:
    """Procedures by how much was done in them since a day."""
    rows = session.execute(
        select(StepDay.process_key, func.sum(StepDay.passes)).where(StepDay.day >= since)
        .group_by(StepDay.process_key).order_by(func.sum(StepDay.passes).desc(), StepDay.process_key)
    )  # fmt: skip
    return [(key, int(count)) for key, count in rows]


def cases(
    session: Session, env: Any, now: datetime, key: str, element_id: str, since: date, until: date, page: int = 1
) -> tuple[list[Case], int]:
    """The passes of one step in a period, in all versions, the newest first, and how many there were. The roll-up says
    on which days to look, so that a page costs what was done on a few days."""
    days = _days(session, env, now, key, element_id, since, until)
    skip, found = (page - 1) * CASES, []
    for day, count in days:
        if skip >= count:
            skip -= count
            continue
        found += _of_day(session, env, key, element_id, day)
        if len(found) >= skip + CASES:
            break
    return found[skip : skip + CASES], sum(count for _, count in days)


def _days(
    session: Session, env: Any, now: datetime, key: str, element_id: str, since: date, until: date
) -> list[tuple[date, int]]:
    where = [StepDay.process_key == key, StepDay.element_id == element_id, StepDay.day >= since, StepDay.day <= until]
    counted = select(StepDay.day, func.sum(StepDay.passes)).where(*where).group_by(StepDay.day)
    days = {row[0]: int(row[1]) for row in session.execute(counted)}
    zone = env.calendar(steps.OFFICE).zone
    here = UserTask.process_key == key, UserTask.element_id == element_id
    for one in steps.fresh(session, env, now, since, *here):
        day = one.ended_at.astimezone(zone).date()
        if day <= until:
            days[day] = days.get(day, 0) + 1
    return sorted(days.items(), reverse=True)


def _of_day(session: Session, env: Any, key: str, element_id: str, day: date) -> list[Case]:
    start, end = steps.bounds(env, day)
    people = {row.id: f"{row.last} {row.first}" for row in session.execute(select(User.id, User.last, User.first))}
    rows = session.execute(
        select(
            UserTask.id, UserTask.instance_id, ProcessInstance.title, UserTask.completed_by, UserTask.created_at,
            UserTask.claimed_at, UserTask.ended_at, UserTask.due_at,
        )
        .join(ProcessInstance, ProcessInstance.id == UserTask.instance_id)
        .where(UserTask.completed_by.in_(list(people)), UserTask.ended_at >= start, UserTask.ended_at < end)
        .where(UserTask.process_key == key, UserTask.element_id == element_id)
    )  # fmt: skip
    found = [
        Case(row.id, row.instance_id, row.title, people[row.completed_by], row.created_at, row.claimed_at,
             row.ended_at, row.due_at)
        for row in rows
    ]  # fmt: skip
    return sorted(found, key=lambda one: (one.ended_at, one.task_id), reverse=True)

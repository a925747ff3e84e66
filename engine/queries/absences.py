"""Who is away in a stretch of days, who stands in when, and where nobody does. SELECTs only."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from engine.models import Absence, ProcessInstance, User, UserTask
from engine.substitution import EVERYTHING, Away, Scope, Standing, standing_in

COVERED, PARTLY, NOBODY = "covered", "partly", "nobody"
LATEST = 50


@dataclass(frozen=True)
class Stretch:
    """A piece of an absence in which the same people stand in. ``kind``: covered, partly, nobody."""

    starts_at: datetime
    ends_at: datetime
    kind: str
    standing: tuple[Standing, ...]


@dataclass(frozen=True)
class Line:
    """One absence on the timeline with its pieces. ``open_tasks``: what the person has at this moment."""

    absence: Absence
    person: User
    stretches: Sequence[Stretch]
    open_tasks: int

    @property
    def gaps(self) -> list[Stretch]:
        """The pieces in which nobody stands in for everything."""
        return [one for one in self.stretches if one.kind != COVERED]


def timeline(session: Session, starts: datetime, ends: datetime) -> list[Line]:
    """Every absence that touches this time, the earlier first."""
    absences = _touching(session, starts, ends)
    people = _people(session, absences)
    counts = _open_tasks(session, list(people))
    return [
        Line(one, people[one.user_id], stretches(one, absences), counts.get(one.user_id, 0))
        for one in absences if one.user_id in people
    ]  # fmt: skip


def stretches(absence: Absence, others: Sequence[Absence]) -> list[Stretch]:
    """An absence cut where who stands in changes. ``others``: every absence that touches it (itself may be among
    them)."""
    around = [one for one in others if one.ends_at > absence.starts_at and one.starts_at < absence.ends_at]
    around = around if absence in around else [*around, absence]
    cuts = {absence.starts_at, absence.ends_at}
    cuts |= {at for one in around for at in (one.starts_at, one.ends_at) if absence.starts_at < at < absence.ends_at}
    marks, found = sorted(cuts), list[Stretch]()
    for first, last in pairwise(marks):
        standing = tuple(standing_in(_at(around, first), absence.user_id))
        kind = NOBODY if not standing else COVERED if any(one.scope == EVERYTHING for one in standing) else PARTLY
        before = found[-1] if found else None
        if before is not None and _who(before.standing) == _who(standing):
            found[-1] = Stretch(before.starts_at, last, kind, before.standing)
        else:
            found.append(Stretch(first, last, kind, standing))
    return found


def of_person(session: Session, user_id: int, since: datetime) -> list[Absence]:
    """Somebody's absences that end after a moment, the earlier first."""
    query = select(Absence).options(selectinload(Absence.substitutes))
    query = query.where(Absence.user_id == user_id, Absence.ends_at > since).order_by(Absence.starts_at)
    return list(session.scalars(query))


def held_for(session: Session, user_id: int) -> list[tuple[UserTask, User]]:
    """Open tasks that a substitute has taken for this person, with the substitute."""
    query = select(UserTask, User).join(User, User.id == UserTask.assignee_id)
    query = query.where(UserTask.claimed_for == user_id, UserTask.rank.is_not(None)).order_by(UserTask.rank)
    return [(row[0], row[1]) for row in session.execute(query.limit(LATEST))]


def done_for(session: Session, user_id: int, since: datetime) -> list[tuple[UserTask, User, str]]:
    """What substitutes have completed for this person since a moment, newest first, with what it was about."""
    query = (
        select(UserTask, User, ProcessInstance.title)
        .join(User, User.id == UserTask.completed_by)
        .join(ProcessInstance, ProcessInstance.id == UserTask.instance_id)
        .where(UserTask.completed_for == user_id, UserTask.ended_at > since)
        .order_by(UserTask.ended_at.desc())
        .limit(LATEST)
    )
    return [(row[0], row[1], row[2]) for row in session.execute(query)]


def _touching(session: Session, starts: datetime, ends: datetime) -> list[Absence]:
    query = select(Absence).options(selectinload(Absence.substitutes))
    query = query.where(Absence.ends_at > starts, Absence.starts_at < ends)
    return list(session.scalars(query.order_by(Absence.starts_at, Absence.id)))


def _people(session: Session, absences: Sequence[Absence]) -> Mapping[int, User]:
    ids = {one.user_id for one in absences}
    return {one.id: one for one in session.scalars(select(User).where(User.id.in_(ids), User.active))}


def _open_tasks(session: Session, people: Sequence[int]) -> dict[int, int]:
    rows = session.execute(
        select(UserTask.assignee_id, func.count())
        .where(UserTask.assignee_id.in_(people), UserTask.rank.is_not(None))
        .group_by(UserTask.assignee_id)
    )
    return {row[0]: row[1] for row in rows if row[0] is not None}


def _at(absences: Sequence[Absence], moment: datetime) -> dict[int, Away]:
    gone: dict[int, Away] = {}
    for one in absences:
        if one.starts_at <= moment < one.ends_at:
            named = tuple((sub.substitute_id, Scope(sub.group_key, sub.process_key)) for sub in one.substitutes)
            gone[one.user_id] = Away(one.ends_at, named)
    return gone


def _who(standing: Sequence[Standing]) -> set[tuple[int, Scope]]:
    return {(one.substitute_id, one.scope) for one in standing}

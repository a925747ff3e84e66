"""What a manager looks at first: how much calls for him today. SELECTs only, each by an index of what is open."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from engine.models import (
    Absence,
    ControlPoint,
    Deal,
    Incident,
    Intervention,
    ProcessInstance,
    User,
    UserTask,
)
from engine.vocabulary import ControlPointStatus, IncidentStatus

HEAD_ASKED = 3  # the rung of the ladder on which the head is asked (engine.control_points)
SHOWN = 8


@dataclass(frozen=True)
class Points:
    """Open control points: past their moment, due today, due in the coming days; with the head asked already."""

    overdue: int
    today: int
    coming: int
    escalated: int


@dataclass(frozen=True)
class PointRow:
    """One control point that is late, with what it is about."""

    point: ControlPoint
    title: str
    deal: Deal | None
    owner: User | None


def points(session: Session, now: datetime, midnight: datetime, horizon: datetime) -> Points:
    """How many control points call for attention."""
    planned = ControlPoint.planned_at
    late = select(func.count(), func.sum(case((ControlPoint.level >= HEAD_ASKED, 1), else_=0))).where(
        ControlPoint.status == ControlPointStatus.OPEN, planned <= now
    )
    overdue, escalated = session.execute(late).one()
    return Points(
        overdue=overdue,
        today=_points(session, planned > now, planned < midnight),
        coming=_points(session, planned >= midnight, planned < horizon),
        escalated=int(escalated or 0),
    )


def latest_points(session: Session, now: datetime) -> list[PointRow]:
    """The control points that are late the longest."""
    rows = session.execute(
        select(ControlPoint, ProcessInstance.title, Deal, User)
        .join(ProcessInstance, ProcessInstance.id == ControlPoint.instance_id)
        .outerjoin(Deal, Deal.id == ProcessInstance.deal_id).outerjoin(User, User.id == ControlPoint.owner_id)
        .where(ControlPoint.status == ControlPointStatus.OPEN, ControlPoint.planned_at <= now)
        .order_by(ControlPoint.planned_at, ControlPoint.id).limit(SHOWN)
    )  # fmt: skip
    return [PointRow(*row) for row in rows]


def overdue_tasks(session: Session, now: datetime) -> int:
    """Open tasks of everybody that are late."""
    late = select(func.count()).select_from(UserTask).where(UserTask.rank.is_not(None), UserTask.due_at <= now)
    return session.scalar(late) or 0


def unclaimed(session: Session) -> int:
    """Tasks that nobody has taken, in all groups."""
    free = select(func.count()).select_from(UserTask).where(UserTask.rank.is_not(None), UserTask.assignee_id.is_(None))
    return session.scalar(free) or 0


def incidents(session: Session) -> int:
    """Incidents that wait for a person."""
    return session.scalar(select(func.count()).select_from(Incident).where(Incident.status == IncidentStatus.OPEN)) or 0


def interventions(session: Session) -> int:
    """Interventions that wait for a second person."""
    waiting = select(func.count()).select_from(Intervention).where(Intervention.decided_at.is_(None))
    return session.scalar(waiting) or 0


def away(session: Session, now: datetime, until: datetime) -> Sequence[tuple[User, Absence]]:
    """Who is away now or soon, the nearest first."""
    rows = session.execute(
        select(User, Absence).join(Absence, Absence.user_id == User.id)
        .where(Absence.ends_at > now, Absence.starts_at < until).order_by(Absence.starts_at, User.last).limit(SHOWN)
    )  # fmt: skip
    return [(user, absence) for user, absence in rows]


def _points(session: Session, *where: ColumnElement[bool]) -> int:
    found = select(func.count()).select_from(ControlPoint).where(ControlPoint.status == ControlPointStatus.OPEN, *where)
    return session.scalar(found) or 0

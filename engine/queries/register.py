"""The register of control points, of incidents and of documents: what those who oversee look at. SELECTs only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, defer, joinedload

from engine.models import Client, ControlPoint, Deal, Document, Incident, ProcessInstance, User
from engine.queries import deal as deals
from engine.queries.seen import UNSHOWN, Count, seen
from engine.queries.words import contain
from engine.vocabulary import ControlPointStatus, IncidentStatus
from engine.work import Actor

PAGE = 50
TIMES = ("overdue", "today", "coming")


@dataclass(frozen=True)
class PointRow:
    """One control point with what it is about."""

    point: ControlPoint
    instance: ProcessInstance
    deal: Deal | None
    owner: User | None
    waiver: User | None


@dataclass(frozen=True)
class IncidentRow:
    """One incident with the instance it stops (None: a job of no instance)."""

    incident: Incident
    instance: ProcessInstance | None


@dataclass(frozen=True)
class DocumentRow:
    """One document with the deal it belongs to, and the client it is about."""

    document: Document
    deal: Deal | None
    client: Client | None = None


def points(
    session: Session, *, status: str = "open", code: str = "", page: int = 1, size: int = PAGE,
    times: tuple[datetime, datetime] | None = None,
) -> tuple[list[PointRow], int]:  # fmt: skip
    """One page of the register, the most urgent first, and how many there are. ``status`` may be ``late``, and with
    ``times`` (now, the end of today) ``overdue``, ``today`` or ``coming``: open ones by their planned moment."""
    where = _point_time(status, times) if times and status in TIMES else _point_status(status)
    if code:
        where.append(ControlPoint.code == code)
    found = (
        select(ControlPoint, ProcessInstance, Deal, User)
        .join(ProcessInstance, ProcessInstance.id == ControlPoint.instance_id)
        .outerjoin(Deal, Deal.id == ProcessInstance.deal_id)
        .outerjoin(User, User.id == ControlPoint.owner_id)
        .where(*where)
        .options(*UNSHOWN)
        .order_by(_order(status), ControlPoint.id)
    )
    count = session.scalar(select(func.count()).select_from(ControlPoint).where(*where)) or 0
    rows = session.execute(found.limit(size).offset((page - 1) * size)).all()
    known = deals.people_by_id(session, {row[0].waived_by for row in rows})
    return [PointRow(row[0], row[1], row[2], row[3], known.get(row[0].waived_by or 0)) for row in rows], count


def point_counts(session: Session) -> dict[str, int]:
    """How many there are of each status."""
    rows = session.execute(select(ControlPoint.status, func.count()).group_by(ControlPoint.status))
    return {row[0]: row[1] for row in rows}


def codes(session: Session) -> list[str]:
    """The codes that occur."""
    return list(session.scalars(select(ControlPoint.code).distinct().order_by(ControlPoint.code)))


def incidents(session: Session, *, status: str = "open", page: int = 1) -> tuple[list[IncidentRow], int]:
    """One page of incidents, newest first, and how many there are."""
    where = [Incident.status == IncidentStatus.OPEN if status == "open" else Incident.status != IncidentStatus.OPEN]
    found = (
        select(Incident, ProcessInstance)
        .outerjoin(ProcessInstance, ProcessInstance.id == Incident.instance_id)
        .where(*where)
        .options(*UNSHOWN)
        .order_by(Incident.raised_at.desc(), Incident.id.desc())
    )
    count = session.scalar(select(func.count()).select_from(Incident).where(*where)) or 0
    rows = session.execute(found.limit(PAGE).offset((page - 1) * PAGE))
    return [IncidentRow(row[0], row[1]) for row in rows], count


def open_incidents(session: Session) -> int:
    """How many incidents wait for a person."""
    return session.scalar(select(func.count()).select_from(Incident).where(Incident.status == IncidentStatus.OPEN)) or 0


def documents(
    session: Session, actor: Actor, *, words: str = "", kind: str = "", page: int = 1, size: int = PAGE
) -> tuple[list[DocumentRow], Count]:
    """One page of the documents this person may see, newest first, and how many there are: those of his deals, and
    those of his clients that belong to no deal."""
    mine = seen(session, actor)
    where = [mine.documents, *contain(words, Document.title, Document.number, Client.name)]
    if kind:
        where.append(Document.kind == kind)
    joined = (
        select(Document, Deal, Client)
        .outerjoin(Deal, Deal.id == Document.deal_id)
        .outerjoin(ProcessInstance, ProcessInstance.id == Document.instance_id)
        .outerjoin(Client, Client.id == func.coalesce(Deal.client_id, ProcessInstance.client_id))
        .options(joinedload(Deal.client), defer(Document.data))
    )
    bare = joined.with_only_columns(Document.id) if words else select(Document.id)
    count = mine.counted(session, bare.where(*where))
    rows = session.execute(joined.where(*where).order_by(Document.id.desc()).limit(size).offset((page - 1) * size))
    return [DocumentRow(document, deal, client) for document, deal, client in rows], count


def document_kinds(session: Session) -> list[str]:
    """The kinds that occur."""
    return list(session.scalars(select(Document.kind).distinct().order_by(Document.kind)))


def point_times(session: Session, times: tuple[datetime, datetime]) -> dict[str, int]:
    """How many open ones are past their moment, due today, coming."""
    counted = select(func.count()).select_from(ControlPoint)
    return {one: session.scalar(counted.where(*_point_time(one, times))) or 0 for one in TIMES}


def _order(status: str) -> Any:
    return ControlPoint.planned_at if status in {"open", *TIMES} else ControlPoint.actual_at.desc()


def _point_time(status: str, times: tuple[datetime, datetime]) -> list[ColumnElement[bool]]:
    now, midnight = times
    planned = ControlPoint.planned_at
    when = {
        "overdue": [planned <= now], "today": [planned > now, planned < midnight], "coming": [planned >= midnight]
    }  # fmt: skip
    return [ControlPoint.status == ControlPointStatus.OPEN, *when[status]]


def _point_status(status: str) -> list[ColumnElement[bool]]:
    if status == "all":
        return [ControlPoint.status != ControlPointStatus.CANCELLED]
    if status == "late":
        return [
            ControlPoint.deviation > 0,
            ControlPoint.status.in_([ControlPointStatus.MET, ControlPointStatus.WAIVED, ControlPointStatus.MISSED]),
        ]
    return [ControlPoint.status == status]

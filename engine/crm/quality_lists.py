"""Lists of complaints and surveys: what stands where now (R276, R277)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select, true
from sqlalchemy.orm import Session

from engine import audit
from engine.errors import NotFound
from engine.models import AuditEvent, Client, Complaint, Product, Survey, SurveyAnswer, User
from engine.words import contain
from engine.work import Actor

ALL_SEEING = frozenset(
    {"head", "director", "admin", "auditor", "quality", "operator", "marketer", "product_head"}
)
PAGE = 50


@dataclass(frozen=True)
class ComplaintRow:
    """One line: ``days``: how long it has been in its stage."""

    complaint: Complaint
    client: Client | None
    responsible: User | None
    days: int


@dataclass(frozen=True)
class SurveyRow:
    """One line of the surveys."""

    survey: Survey
    client: Client
    product: Product | None


@dataclass(frozen=True)
class Wanted:
    """Filters of the list: ``status`` open, closed or empty for all; the interval is of the receipt, ``until`` not
    included."""

    status: str = ""
    words: str = ""
    since: datetime | None = None
    until: datetime | None = None
    cause: str = ""
    stage: str = ""


def seen_by(actor: Actor) -> ColumnElement[bool]:
    """Complaints this person may see: all, or those of his clients and those he answers for."""
    if actor.user_id is None or actor.groups & ALL_SEEING:
        return true()
    own = select(Client.id).where(Client.owner_id == actor.user_id)
    return or_(
        Complaint.responsible_id == actor.user_id, Complaint.client_id.in_(own), Complaint.unit.in_(actor.groups)
    )


def complaints(
    session: Session, actor: Actor, now: datetime, wanted: Wanted, page: int = 1
) -> tuple[list[ComplaintRow], int]:
    """One page of the complaints this person may see, newest first, and how many there are (R276)."""
    where = [seen_by(actor), *_filters(wanted)]
    query = (
        select(Complaint, Client, User)
        .outerjoin(Client, Client.id == Complaint.client_id)
        .outerjoin(User, User.id == Complaint.responsible_id)
        .where(*where)
    )
    count = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    rows = session.execute(
        query.order_by(Complaint.received_at.desc(), Complaint.id.desc()).limit(PAGE).offset((page - 1) * PAGE)
    ).all()
    return [ComplaintRow(one, client, person, (now - one.stage_at).days) for one, client, person in rows], count


def complaint(session: Session, actor: Actor, complaint_id: int) -> Complaint:
    """One complaint, if this person may see it. Raises NotFound."""
    row = session.scalar(select(Complaint).where(Complaint.id == complaint_id, seen_by(actor)))
    if row is None:
        raise NotFound("There is no complaint {id}.", id=complaint_id)
    return row


def of_client(session: Session, client_id: int) -> list[Complaint]:
    """Everything a client ever complained of, newest first (R277)."""
    query = select(Complaint).where(Complaint.client_id == client_id)
    return list(session.scalars(query.order_by(Complaint.received_at.desc(), Complaint.id.desc())))


def story_of(session: Session, complaint_id: int) -> Sequence[AuditEvent]:
    """Its lines in the log: who, when, from whom to whom."""
    query = select(AuditEvent).where(audit.about(f"complaint:{complaint_id}"))
    return session.scalars(query.order_by(AuditEvent.id)).all()


def surveys(session: Session, actor: Actor, status: str, page: int = 1) -> tuple[list[SurveyRow], int]:
    """One page of the surveys this person may see, newest first, and how many there are."""
    where: list[Any] = [] if not status else [Survey.status == status]
    if not actor.groups & ALL_SEEING:
        own = select(Client.id).where(Client.owner_id == actor.user_id)
        where.append(or_(Survey.client_id.in_(own), Survey.manager_id == actor.user_id))
    query = (
        select(Survey, Client, Product)
        .join(Client, Client.id == Survey.client_id)
        .outerjoin(Product, Product.id == Survey.product_id)
        .where(*where)
    )
    count = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    rows = session.execute(
        query.order_by(Survey.opened_at.desc(), Survey.id.desc()).limit(PAGE).offset((page - 1) * PAGE)
    ).all()
    return [SurveyRow(*row) for row in rows], count


def survey(session: Session, actor: Actor, survey_id: int) -> SurveyRow:
    """One survey, if this person may see it. Raises NotFound."""
    query = (
        select(Survey, Client, Product)
        .join(Client, Client.id == Survey.client_id)
        .outerjoin(Product, Product.id == Survey.product_id)
        .where(Survey.id == survey_id)
    )
    found = session.execute(query).first()
    mine = found is not None and actor.user_id in (found[1].owner_id, found[0].manager_id)
    if found is None or not (mine or actor.groups & ALL_SEEING):
        raise NotFound("There is no survey {id}.", id=survey_id)
    return SurveyRow(*found)


def scores(session: Session, survey_id: int) -> dict[str, int]:
    """Marks by question."""
    query = select(SurveyAnswer.question, SurveyAnswer.score).where(SurveyAnswer.survey_id == survey_id)
    return {row.question: row.score for row in session.execute(query)}


def _filters(wanted: Wanted) -> list[Any]:
    where: list[Any] = []
    if wanted.status:
        closed = Complaint.closed_at
        where.append(closed.is_(None) if wanted.status == "open" else closed.is_not(None))
    if wanted.since is not None:
        where.append(Complaint.received_at >= wanted.since)
    if wanted.until is not None:
        where.append(Complaint.received_at < wanted.until)
    if wanted.cause:
        where.append(Complaint.cause == wanted.cause)
    if wanted.stage:
        where.append(Complaint.stage == wanted.stage)
    return where + contain(wanted.words, Complaint.number, Complaint.essence, Client.name)

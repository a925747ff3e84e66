"""What the system did for a person while he did something else: documents, letters, milestones, timers. From the log,
by its primary key: lines are written in the order of time, so the first of a day is found by halving. SELECTs only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select, union
from sqlalchemy.orm import Session

from engine import audit
from engine.models import AuditEvent, Client, Deal, Document, Mail, ProcessInstance
from engine.work import Actor

TOLD = (
    "document.issued", "mail.sent", "deal.milestone_reached", "timer.fired", "process_instance.completed",
    "control_point.reminded", "control_point.escalated", "message.correlated",
)  # fmt: skip
LINES = 40
DEALS = 500


@dataclass(frozen=True)
class Deed:
    """One line of the log that the system wrote. ``about``: the deal's or the instance's title; ``what``: which
    document or letter; ``milestone``: which one was reached."""

    at: datetime
    type: str
    instance_id: int | None
    deal_id: int | None
    about: str
    what: str = ""
    milestone: str = ""
    client: str = ""


def newest(session: Session) -> int:
    """The number of the last line of the log: as long as it stays, nothing anywhere has changed."""
    return session.scalar(select(func.max(AuditEvent.id))) or 0


def deeds(session: Session, actor: Actor, since: datetime) -> list[Deed]:
    """What happened by itself in this person's deals and in what he started, since then, newest first."""
    if actor.user_id is None:
        return []
    owned = list(session.scalars(
        select(Deal.id).where(Deal.owner_id == actor.user_id, or_(Deal.closed_at.is_(None), Deal.closed_at >= since))
        .order_by(Deal.id.desc()).limit(DEALS)
    ))  # fmt: skip
    running = or_(ProcessInstance.ended_at.is_(None), ProcessInstance.ended_at >= since)
    mine = union(
        select(ProcessInstance.id).where(ProcessInstance.started_by == actor.user_id, running),
        select(ProcessInstance.id).where(ProcessInstance.deal_id.in_(owned), running),
    )
    lines = session.execute(
        select(AuditEvent.at, AuditEvent.type, AuditEvent.chain, AuditEvent.subject, AuditEvent.data)
        .where(
            AuditEvent.id >= _first_since(session, since),
            AuditEvent.actor_id.is_(None),
            AuditEvent.type.in_(TOLD),
            or_(AuditEvent.chain.in_(mine), audit.about(*(f"deal:{one}" for one in owned))),
        )
        .order_by(AuditEvent.id.desc())
        .limit(LINES)
    ).all()
    return _told(session, lines)


def _first_since(session: Session, since: datetime) -> int:
    """The number of the first line not earlier than this, by halving."""
    low, high = 0, newest(session) + 1
    while low < high:
        middle = (low + high) // 2
        query = select(AuditEvent.id, AuditEvent.at).where(AuditEvent.id >= middle).order_by(AuditEvent.id).limit(1)
        row = session.execute(query).first()
        if row is not None and row.at < since:
            low = row.id + 1
        else:
            high = middle
    return low


def _told(session: Session, lines: Sequence[Any]) -> list[Deed]:
    places: dict[int, Any] = {
        row.id: row
        for row in session.execute(
            select(ProcessInstance.id, ProcessInstance.title, ProcessInstance.deal_id, Client.name)
            .outerjoin(Deal, Deal.id == ProcessInstance.deal_id)
            .outerjoin(Client, Client.id == func.coalesce(ProcessInstance.client_id, Deal.client_id))
            .where(ProcessInstance.id.in_({line.chain for line in lines}))
        )
    }
    deals: dict[int, Any] = {
        row.id: row
        for row in session.execute(
            select(Deal.id, Deal.number, Deal.title, Client.name)
            .join(Client, Client.id == Deal.client_id)
            .where(Deal.id.in_(_ids(lines, "deal")))
        )
    }
    papers = session.execute(
        select(Document.id, Document.title, Document.number).where(Document.id.in_(_ids(lines, "document")))
    )
    letters = session.execute(select(Mail.id, Mail.subject).where(Mail.id.in_(_ids(lines, "mail"))))
    named = {f"document:{row.id}": " ".join(filter(None, (row.title, row.number))) for row in papers}
    named |= {f"mail:{row.id}": row.subject for row in letters}
    return [_deed(line, places, deals, named) for line in lines]


def _deed(line: Any, places: dict[int, Any], deals: dict[int, Any], named: dict[str, str]) -> Deed:
    place, subject = places.get(line.chain), line.subject or ""
    deal = deals.get(int(subject.removeprefix("deal:"))) if subject.startswith("deal:") else None
    reached = (line.data.get("milestone") or ["", ""])[-1] if line.type == "deal.milestone_reached" else ""
    if deal is not None:
        return Deed(line.at, line.type, None, deal.id, f"{deal.number} · {deal.title}", "", str(reached), deal.name)
    return Deed(
        line.at, line.type, place.id if place else None, place.deal_id if place else None,
        place.title if place else "", named.get(subject, ""), str(reached), (place.name or "") if place else "",
    )  # fmt: skip


def _ids(lines: Sequence[Any], kind: str) -> set[int]:
    own = (line.subject for line in lines if (line.subject or "").startswith(f"{kind}:"))
    return {int(subject.split(":", 1)[1]) for subject in own}

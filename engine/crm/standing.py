"""How a client stands, as procedures see it: class, segment, what to offer next, what it allowed, its loyalty."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.crm import development, segments, terms
from engine.crm.lazily import once
from engine.models import Client, Complaint, Consent, Interest, LoyaltyCard, Product

FEW_NEEDS = 5


def written(client: Client) -> dict[str, Any]:
    """The part of the fact ``client`` that stands in its row."""
    return {
        "state": client.state, "abc": client.abc, "xyz": client.xyz, "segment": client.segment,
        "target": client.target, "profile": dict(client.profile or {}), "territory": client.territory,
        "preferred_channel": client.preferred_channel, "parent_id": client.parent_id,
        "next_contact": _next_contact(client),
    }  # fmt: skip


def counted(session: Session, client: Client) -> dict[str, Callable[[], Any]]:
    """The part of the fact ``client`` that has to be found out, by name: what finds it out."""
    targets = once(lambda: development.targets(session, client))
    segment = once(lambda: segments.by_key(session, client.segment))
    return {
        "segment_title": lambda: getattr(segment(), "title", client.segment),
        "tier": lambda: segments.tier(len(targets())) if segment() is not None else segments.NON_TARGET,
        "development": lambda: development.degree_of(targets()),
        "next_product": lambda: _offer(development.next_of(targets())),
        "targets": lambda: [_target(target) for target in targets()],
        "consents": lambda: _consents(session, client),
        "loyalty": lambda: _loyalty(session, client),
        "needs": lambda: _needs(session, client),
        "contracts": lambda: terms.contracts_of(session, client),
        "open_complaints": lambda: session.scalar(
            select(func.count()).where(Complaint.client_id == client.id, Complaint.closed_at.is_(None))
        ),
    }


def _target(target: development.Target) -> dict[str, Any]:
    return {
        "id": target.product_id, "name": target.name, "priority": target.priority, "state": target.state,
        "stage": target.stage, "next_step_on": target.next_step_on,
    }  # fmt: skip


def _offer(following: development.Target | None) -> dict[str, Any] | None:
    return None if following is None else {"id": following.product_id, "name": following.name}


def product(session: Session, product_id: int | None) -> dict[str, Any] | None:
    """A product as a plain dict: the fact ``product`` of an instance with the variable product_id."""
    row = session.get(Product, product_id) if product_id is not None else None
    if row is None:
        return None
    direction = session.get(Product, row.direction_id) if row.direction_id is not None else None
    return {
        "id": row.id, "code": row.code, "name": row.name, "unit": row.unit, "price": row.price, "cost": row.cost,
        "simple": row.simple, "every_months": row.every_months, "description": row.description,
        "direction_id": row.direction_id, "direction": direction.name if direction is not None else row.name,
        "withdrawn_on": row.withdrawn_on,
    }  # fmt: skip


def _next_contact(client: Client) -> dict[str, Any] | None:
    if client.next_contact_on is None:
        return None
    return {
        "date": client.next_contact_on,
        "purpose": client.next_contact_purpose,
        "product": client.next_contact_product_id,
    }


def _consents(session: Session, client: Client) -> list[dict[str, Any]]:
    people = [contact.id for contact in client.contacts if contact.active]
    query = select(Consent).where(Consent.contact_id.in_(people), Consent.withdrawn_at.is_(None)).order_by(Consent.id)
    return [
        {"contact_id": row.contact_id, "purpose": row.purpose, "channel": row.channel}
        for row in session.scalars(query)
    ]


def _needs(session: Session, client: Client) -> list[dict[str, Any]]:
    """The latest needs the client has named, the newest first (R230)."""
    query = select(Interest).where(Interest.client_id == client.id).order_by(Interest.id.desc()).limit(FEW_NEEDS)
    return [{"need": row.need, "product_id": row.product_id, "on": row.at.date()} for row in session.scalars(query)]


def _loyalty(session: Session, client: Client) -> dict[str, Any]:
    """The best active card: its tier and discount in per cent."""
    query = select(LoyaltyCard).where(LoyaltyCard.client_id == client.id, LoyaltyCard.status == "active")
    card = session.scalar(query.order_by(LoyaltyCard.discount.desc(), LoyaltyCard.id).limit(1))
    return {"tier": card.tier if card else None, "discount": card.discount if card else Decimal(0)}

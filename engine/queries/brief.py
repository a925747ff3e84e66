"""What one should know of a client before answering: what was said, agreed, what else goes on. SELECTs only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.models import Client, Deal, DealLine, Product, ScheduledPayment
from engine.queries import client as cards

TALKS = 3
DEALS = 4


@dataclass(frozen=True)
class Brief:
    """``talks``: the last contacts; ``deals``: the client's other deals, open ones first; ``product``: what the next
    contact is about; ``lines``, ``total``: of this deal, before VAT is shown apart, its discount taken off;
    ``payments``: its schedule."""

    talks: Sequence[cards.Talk]
    deals: Sequence[Deal]
    product: str | None
    lines: int
    total: Decimal | None
    payments: Sequence[ScheduledPayment]


def of(session: Session, client: Client, deal: Deal | None) -> Brief:
    """For the page of a task about this client."""
    talks, _ = cards.talks(session, client.id, TALKS)
    others = select(Deal).where(Deal.client_id == client.id, Deal.id != (deal.id if deal else 0))
    closed_last = (Deal.closed_at.is_not(None), Deal.milestone_at.desc(), Deal.id.desc())
    product = session.get(Product, client.next_contact_product_id) if client.next_contact_product_id else None
    lines, total = 0, None
    payments: Sequence[ScheduledPayment] = ()
    if deal is not None:
        of_deal = select(func.count(), func.sum(DealLine.quantity * DealLine.price)).where(DealLine.deal_id == deal.id)
        lines, gross = session.execute(of_deal).one()
        if gross is not None:
            total = (Decimal(str(gross)) * (100 - deal.discount) / 100).quantize(Decimal("0.01"))
        schedule = select(ScheduledPayment).where(ScheduledPayment.deal_id == deal.id)
        payments = session.scalars(schedule.order_by(ScheduledPayment.part)).all()
    deals = session.scalars(others.order_by(*closed_last).limit(DEALS)).all()
    return Brief(talks, deals, product.name if product else None, lines, total, payments)

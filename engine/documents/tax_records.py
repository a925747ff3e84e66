"""What lines 5, 5а and 5б of a VAT invoice are filled from: payments, the invoices on them, the act (CP-17)."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.documents import sections
from engine.errors import Failed
from engine.models import Document, Payment
from engine.vocabulary import DocumentStatus

DEAD = (DocumentStatus.CANCELLED, DocumentStatus.SUPERSEDED)
SHIPPING = ("act", "upd")


def of(session: Session, row: Document, settings: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    """What engine.documents.context takes as ``tax``; empty for kinds without ``tax`` in their settings.

    An ``advance`` needs ``payment_id`` among the data and is about that payment alone.
    """
    if settings.get("tax") == "advance":
        payment = _payment(session, data)
        return {"advance": {"sum": payment.sum, "date": payment.dated}, "payments": [_order(payment)]}
    if settings.get("tax") != "service" or row.deal_id is None:
        return {}
    payments = _before(session, row.deal_id, _rendered(data, row.dated))
    shipped = _shipped(session, row)
    return {
        "payments": [_order(payment) for payment in payments],
        "advances": _advances(session, payments),
        "shipped": {"number": shipped.number, "date": shipped.dated},
    }


def keep(session: Session, row: Document, settings: Mapping[str, Any], data: Mapping[str, Any]) -> None:
    """Write the number of an advance invoice to its payment, for line 5б of the invoice that follows."""
    if settings.get("tax") == "advance":
        _payment(session, data).advance_document_id = row.id


def _payment(session: Session, data: Mapping[str, Any]) -> Payment:
    wanted = data.get("payment_id")
    found = session.get(Payment, int(wanted)) if wanted is not None else None
    if found is None or found.kind != "in":
        raise Failed("An advance invoice is about one payment, and there is no payment {id}.", id=wanted)
    return found


def _rendered(data: Mapping[str, Any], dated: date) -> date:
    service = data.get("service")
    given = service if isinstance(service, Mapping) else {}
    return sections.as_date(given.get("ends")) or sections.as_date(given.get("starts")) or dated


def _before(session: Session, deal_id: int, rendered: date) -> Sequence[Payment]:
    """Money that came before the service was rendered. A surplus moved on to another part came with its own payment
    and has no number of an order."""
    query = select(Payment).where(Payment.deal_id == deal_id, Payment.kind == "in", Payment.dated <= rendered)
    rows = session.scalars(query.order_by(Payment.dated, Payment.id))
    return [row for row in rows if row.advance_document_id is not None or _is_order(row.reference)]


def _is_order(reference: str | None) -> bool:
    return not reference or any(sign.isdigit() for sign in reference)


def _order(payment: Payment) -> dict[str, Any]:
    return {"number": payment.reference or "", "date": payment.dated}


def _advances(session: Session, payments: Sequence[Payment]) -> list[dict[str, Any]]:
    ids = [payment.advance_document_id for payment in payments if payment.advance_document_id is not None]
    if not ids:
        return []
    rows = session.scalars(select(Document).where(Document.id.in_(ids)).order_by(Document.dated, Document.id))
    return [{"number": row.number, "date": row.dated} for row in rows if row.status not in DEAD]


def _shipped(session: Session, row: Document) -> Document:
    """The act of the deal; an UPD is its own."""
    if row.kind in SHIPPING:
        return row
    query = (
        select(Document)
        .where(Document.deal_id == row.deal_id, Document.kind.in_(SHIPPING), Document.status.not_in(DEAD))
        .order_by(Document.id.desc())
        .limit(1)
    )
    return session.scalar(query) or row

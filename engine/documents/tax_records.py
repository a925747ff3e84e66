"""What lines 5, 5а and 5б of a VAT invoice are filled from: payments, the invoices on them, the act (CP-17)."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import values
from engine.documents import sections
from engine.errors import Failed
from engine.models import Document, Payment
from engine.vocabulary import DocumentStatus

DEAD = (DocumentStatus.CANCELLED, DocumentStatus.SUPERSEDED)
SHIPPING = ("act", "upd")
INVOICES = ("vat_invoice", "upd")  # what a corrective invoice corrects
CORRECTIVE = "corrective_vat_invoice"


def of(session: Session, row: Document, settings: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    """What engine.documents.context takes as ``tax``; empty for kinds without ``tax`` in their settings.

    An ``advance`` needs ``payment_id`` among the data and is about that payment alone. A ``correction`` needs
    ``corrected`` [{no, quantity, sum}]: the lines as they are from now on.
    """
    if settings.get("tax") == "advance":
        payment = _payment(session, data)
        return {"advance": {"sum": payment.sum, "date": payment.dated}, "payments": [_order(payment)]}
    if row.deal_id is None:
        return {}
    if settings.get("tax") == "correction":
        return {"correction": {"invoice": invoiced(session, row.deal_id), "after": data.get("corrected") or []}}
    if settings.get("tax") != "service":
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


def invoiced(session: Session, deal_id: int) -> dict[str, Any] | None:
    """The newest living VAT invoice (or UPD with tax) of a deal as corrections have left it, with the tax inside its
    lines: number, date, fix, fixed_on, percent, lines [{no, name, unit, quantity, sum}]; None where there is none."""
    row = _living(session, deal_id, INVOICES)
    if row is None:
        return None
    data = values.decode(row.data)
    document, percent = data["document"], data["document"]["totals"]["vat_percent"]
    if percent is None:  # an UPD of status 2 is no invoice
        return None
    lines = [{name: line[name] for name in ("no", "name", "unit", "quantity", "sum")} for line in document["lines"]]
    return {
        "kind": row.kind, "number": row.number, "date": row.dated,
        "fix": row.version - 1 if row.version > 1 else None,
        "fixed_on": document["made_on"] if row.version > 1 else None,
        "percent": percent, "lines": _as_left(session, deal_id, row.id, lines),
    }


def _as_left(session: Session, deal_id: int, invoice_id: int, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Row А of a second correction is row Б of the first."""
    found = session.scalars(
        select(Document)
        .where(Document.deal_id == deal_id, Document.kind == CORRECTIVE, Document.status.not_in(DEAD),
               Document.id > invoice_id)
        .order_by(Document.id)
    )  # fmt: skip
    by_number = {line["no"]: line for line in lines}
    for row in found:
        for line in values.decode(row.data)["correction"]["lines"]:
            by_number[line["no"]] |= {"quantity": line["after"]["quantity"], "sum": line["after"]["gross"]}
    return lines


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
    return row if row.kind in SHIPPING else _living(session, row.deal_id, SHIPPING) or row


def _living(session: Session, deal_id: int | None, kinds: Sequence[str]) -> Document | None:
    query = (
        select(Document)
        .where(Document.deal_id == deal_id, Document.kind.in_(kinds), Document.status.not_in(DEAD))
        .order_by(Document.id.desc())
        .limit(1)
    )
    found: Document | None = session.scalar(query)
    return found

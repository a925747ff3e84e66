"""What a refund must know of a deal's papers (R142): what the client has accepted, which VAT invoice stands for it,
which invoices on advances the money that goes back was in, and how the accepted lines look when they cost less."""
from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import values
from engine.documents import tax_records
from engine.documents.dates import date_short
from engine.documents.money import kopecks
from engine.models import Document, Payment
from engine.vocabulary import DocumentStatus

ACCEPTED = {"act": "Акт", "upd": "УПД"}
DEAD = (DocumentStatus.CANCELLED, DocumentStatus.SUPERSEDED)


def papers(session: Session, deal_id: int) -> dict[str, Any]:
    """``accepted``: an act or UPD is signed; ``act``: which; ``invoice`` {name, total}: the VAT invoice for it as
    corrections have left it, or null."""
    act = session.scalar(
        select(Document)
        .where(Document.deal_id == deal_id, Document.kind.in_(ACCEPTED), Document.status == DocumentStatus.SIGNED)
        .order_by(Document.id.desc())
        .limit(1)
    )
    invoice = tax_records.invoiced(session, deal_id) if act is not None else None
    name = None if invoice is None else ("УПД" if invoice["kind"] == "upd" else "Счёт-фактура")
    return {
        "accepted": act is not None,
        "act": None if act is None else f"{ACCEPTED[act.kind]} № {act.number} от {date_short(act.dated)}",
        "invoice": None if invoice is None else {
            "name": f"{name} № {invoice['number']} от {date_short(invoice['date'])}",
            "total": sum((_money(line["sum"]) for line in invoice["lines"]), kopecks(0)),
        },
    }  # fmt: skip


def lessened(session: Session, deal_id: int, sum_: Decimal) -> list[dict[str, Any]]:
    """The lines of the VAT invoice [{no, name, amount, was, cost}], together ``sum_`` cheaper: each by its share, the
    kopecks that are left over by the biggest line. An accountant may say it otherwise."""
    invoice = tax_records.invoiced(session, deal_id)
    lines = [] if invoice is None else invoice["lines"]
    total = sum((_money(line["sum"]) for line in lines), kopecks(0))
    if not total:
        return []
    less = min(sum_, total)
    shares = [kopecks(_money(line["sum"]) * less / total) for line in lines]
    biggest = max(range(len(lines)), key=lambda at: _money(lines[at]["sum"]))
    shares[biggest] += less - sum(shares, kopecks(0))
    return [
        {"no": line["no"], "name": line["name"], "amount": line["quantity"], "was": _money(line["sum"]),
         "cost": _money(line["sum"]) - share}
        for line, share in zip(lines, shares, strict=True)
    ]  # fmt: skip


def advances(session: Session, deal_id: int, back: Decimal) -> list[dict[str, Any]]:
    """The VAT invoices on advances whose money the latest ``back`` roubles of refunds were [{name, sum, vat}]; ``vat``
    is the part of its tax that may be deducted. The newest money goes back first."""
    returned = session.scalar(
        select(func.coalesce(func.sum(Payment.sum), 0)).where(Payment.deal_id == deal_id, Payment.kind == "refund")
    )
    skip = max(_money(returned) - back, kopecks(0))
    return list(_shares(session, deal_id, skip, back))


def _shares(session: Session, deal_id: int, skip: Decimal, back: Decimal) -> Iterator[dict[str, Any]]:
    """``skip`` of the newest money had gone back before."""
    rows = session.execute(
        select(Payment.sum, Document)
        .outerjoin(Document, Document.id == Payment.advance_document_id)
        .where(Payment.deal_id == deal_id, Payment.kind == "in")
        .order_by(Payment.dated.desc(), Payment.id.desc())
    )
    for came, paper in rows:
        gone = min(skip, came)
        share = min(back, came - gone)
        skip, back = skip - gone, back - share
        if share > 0 and paper is not None and paper.status not in DEAD:
            totals = values.decode(paper.data)["document"]["totals"]
            tax = kopecks(_money(totals["vat"]) * share / _money(totals["gross"]))
            yield {"name": f"№ {paper.number} от {date_short(paper.dated)}", "sum": share, "vat": tax}


def _money(value: Any) -> Decimal:
    return kopecks(Decimal(str(value)))

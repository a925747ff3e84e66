"""How we stand with a client over a period: what was rendered by acts against what was paid (R218)."""
from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.crm import clients
from engine.errors import Invalid
from engine.models import Deal, Document, Payment
from engine.vocabulary import DocumentStatus

RENDERED = ("act", "upd")
COUNTED = (DocumentStatus.SENT, DocumentStatus.SIGNED)
ZERO = Decimal("0.00")
Move = tuple[date, str, Decimal, Decimal]  # day, paper, debit (he owes more), credit (he owes less)


def of(session: Session, client_id: int, starts: date, ends: date) -> dict[str, Any]:
    """The section ``reconciliation`` of the act: opening balance and the moves of the period. Raises NotFound, Invalid.

    Acts and UPD that were sent or signed count as rendered; money in, written-off debts and prices lowered by
    agreement against them; refunds back.
    """
    clients.find(session, client_id)
    if starts > ends:
        raise Invalid("The period begins after its end.")
    moves = sorted((*_acts(session, client_id, ends), *_money(session, client_id, ends)), key=lambda move: move[0])
    opening = sum((debit - credit for day, _, debit, credit in moves if day < starts), ZERO)
    rows = [
        {"date": day, "name": name, "debit": debit, "credit": credit}
        for day, name, debit, credit in moves if day >= starts
    ]  # fmt: skip
    return {"starts": starts, "ends": ends, "opening": opening, "rows": rows}


def _acts(session: Session, client_id: int, ends: date) -> Iterator[Move]:
    found = session.scalars(
        select(Document)
        .join(Deal, Deal.id == Document.deal_id)
        .where(Deal.client_id == client_id, Document.kind.in_(RENDERED), Document.status.in_(COUNTED),
               Document.dated <= ends)
        .order_by(Document.dated, Document.id)
    )  # fmt: skip
    for row in found:
        name = "УПД" if row.kind == "upd" else "Акт"
        yield row.dated, f"{name} № {row.number}", row.total or ZERO, ZERO


def _money(session: Session, client_id: int, ends: date) -> Iterator[Move]:
    found = session.scalars(
        select(Payment)
        .join(Deal, Deal.id == Payment.deal_id)
        .where(Deal.client_id == client_id, Payment.dated <= ends)
        .order_by(Payment.dated, Payment.id)
    )
    for row in found:
        number = f" № {row.reference}" if row.reference else ""
        if row.kind == "write_off" and number:
            yield row.dated, f"Уменьшение стоимости: соглашение{number}", ZERO, row.sum
        elif row.kind == "refund":
            yield row.dated, f"Возврат{number}", row.sum, ZERO
        else:
            name = "Списание долга" if row.kind == "write_off" else "Платежное поручение"
            yield row.dated, f"{name}{number}", ZERO, row.sum

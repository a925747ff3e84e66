"""What clients bought in a period, counted from settlements, and what that says about their loyalty (R090-R095)."""
from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, select
from sqlalchemy.orm import Session, aliased

from engine.documents.money import kopecks
from engine.models import Client, Settlement

PURCHASE = func.coalesce(Settlement.deal_id, -Settlement.id)  # money of one deal is one purchase, however often it came
REGULAR = "regular"


@dataclass(frozen=True)
class Purchases:
    """What one client bought: money less refunds, purchases, different products."""

    sum: Decimal
    count: int
    products: int


@dataclass(frozen=True)
class Indices:
    """Loyalty in numbers over a period (R091). ``total``: clients that bought; ``loyal``: those that bought at least
    twice; ``index``: per cent (R092). ``recommended``: sum that clients brought whom another client recommended (R093);
    ``regular``: sum of regular clients (R094); ``old``: sum of clients that had bought before the period (R095).
    Shares are per cent of ``sales``; None where there is nothing to divide by."""

    total: int
    loyal: int
    sales: Decimal
    recommended: Decimal
    recommenders: int
    regular: Decimal
    old: Decimal

    @property
    def index(self) -> Decimal | None:
        """Loyal clients of all that bought, per cent (R092)."""
        return share(Decimal(self.loyal), Decimal(self.total))

    @property
    def recommended_share(self) -> Decimal | None:
        """Purchases on recommendation, per cent of sales (R093)."""
        return share(self.recommended, self.sales)

    @property
    def old_share(self) -> Decimal | None:
        """Sales to old clients, per cent (R095)."""
        return share(self.old, self.sales)


def purchases_of(session: Session, client_id: int, after: date, until: date) -> Purchases:
    """What a client bought after one day until another (included)."""
    bought = Settlement.kind == "in"
    found = session.execute(
        select(
            func.coalesce(func.sum(Settlement.sum), 0),
            func.count(func.distinct(case((bought, PURCHASE)))),
            func.count(func.distinct(case((bought, Settlement.product_id)))),
        ).where(Settlement.client_id == client_id, Settlement.dated > after, Settlement.dated <= until)
    ).one()
    return Purchases(_sum(found[0]), int(found[1]), int(found[2]))


def indices(session: Session, begin: date, end: date, purchases: int = 2) -> Indices:
    """The loyalty indices of a period, both days included. ``purchases``: from how many on a client is loyal."""
    bought, earlier = Settlement.kind == "in", aliased(Settlement)
    per_client = (
        select(
            Settlement.client_id.label("client_id"), func.sum(Settlement.sum).label("sum"),
            func.count(func.distinct(case((bought, PURCHASE)))).label("count"),
        )
        .where(Settlement.dated >= begin, Settlement.dated <= end)
        .group_by(Settlement.client_id).subquery()
    )  # fmt: skip
    before = select(earlier.id).where(
        earlier.client_id == per_client.c.client_id, earlier.dated < begin, earlier.kind == "in"
    )

    def of(*only: ColumnElement[bool]) -> Any:
        return func.sum(case((and_(*only), per_client.c.sum), else_=0))

    row = session.execute(
        select(
            func.count(), func.sum(case((per_client.c.count >= purchases, 1), else_=0)), func.sum(per_client.c.sum),
            of(Client.recommended_by_id.is_not(None)), func.count(func.distinct(Client.recommended_by_id)),
            of(Client.state == REGULAR), of(before.exists()),
        )
        .select_from(per_client).join(Client, Client.id == per_client.c.client_id).where(per_client.c.count > 0)
    ).one()  # fmt: skip
    return Indices(
        total=row[0], loyal=int(row[1] or 0), sales=_sum(row[2]), recommended=_sum(row[3]), recommenders=row[4],
        regular=_sum(row[5]), old=_sum(row[6]),
    )  # fmt: skip


def share(part: Decimal, whole: Decimal) -> Decimal | None:
    """Per cent with one digit, None of nothing."""
    return (part * 100 / whole).quantize(Decimal("0.1")) if whole else None


def months_before(day: date, months: int) -> date:
    """The same day so many months before (below zero: after), or the last day of a shorter month."""
    at = day.year * 12 + day.month - 1 - months
    year, month = divmod(at, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _sum(value: Any) -> Decimal:
    return kopecks(Decimal(str(value or 0)))

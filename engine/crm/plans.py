"""The sales plan: what is to be sold in a month, by an employee, of a product direction, or both (R340)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from engine import access, audit
from engine.crm import deals
from engine.errors import Invalid, NotFound
from engine.models import Product, SalesPlan, User
from engine.work import Work

MOST = 100_000


def set_plan(
    work: Work, month: date, owner_id: int | None, product_id: int | None, sum: Decimal, count: int | None = None
) -> bool:
    """Plan a month; zero takes the plan away. True if anything changed. Raises Forbidden, NotFound, Invalid."""
    access.require(work, "plans.change")
    if owner_id is not None and work.session.get(User, owner_id) is None:
        raise NotFound("There is no person {id}.", id=owner_id)
    if product_id is not None and work.session.get(Product, product_id) is None:
        raise NotFound("There is no product {id}.", id=product_id)
    if not sum.is_finite() or not 0 <= sum <= deals.BIGGEST or sum != round(sum, 2):
        raise Invalid("Enter a sum in roubles and kopecks.")
    if count is not None and not 0 <= count <= MOST:
        raise Invalid("Enter a number of sales from 0 to {most}.", most=MOST)
    month = month.replace(day=1)
    row = work.session.scalar(select(SalesPlan).where(*_is(month, owner_id, product_id)))
    before = [row.sum, row.count] if row is not None else [Decimal(0), None]
    if before == [sum, count] or (row is None and sum == 0 and not count):
        return False
    if row is None:
        work.session.add(SalesPlan(month=month, owner_id=owner_id, product_id=product_id, sum=sum, count=count))
    elif sum == 0 and not count:
        work.session.delete(row)
    else:
        row.sum, row.count = sum, count
    work.session.flush()
    audit.record(
        work, "sales_plan.set", subject=f"sales_plan:{month.isoformat()}", owner_id=owner_id, product_id=product_id,
        sum=[before[0], sum], count=[before[1], count],
    )  # fmt: skip
    return True


def of_year(session: Session, year: int) -> list[tuple[SalesPlan, User | None, Product | None]]:
    """The plans of a year, by month, employee and direction."""
    rows = session.execute(
        select(SalesPlan, User, Product)
        .outerjoin(User, User.id == SalesPlan.owner_id)
        .outerjoin(Product, Product.id == SalesPlan.product_id)
        .where(SalesPlan.month >= date(year, 1, 1), SalesPlan.month <= date(year, 12, 31))
        .order_by(SalesPlan.month, User.last, Product.name, SalesPlan.id)
    )
    return [(row[0], row[1], row[2]) for row in rows]


def _is(month: date, owner_id: int | None, product_id: int | None) -> list[ColumnElement[bool]]:
    return [
        SalesPlan.month == month,
        SalesPlan.owner_id.is_(None) if owner_id is None else SalesPlan.owner_id == owner_id,
        SalesPlan.product_id.is_(None) if product_id is None else SalesPlan.product_id == product_id,
    ]

"""Competitors, what they ask for the like of our products, how far ours are from theirs (R219, R254, R282)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import access, audit
from engine.crm import deals, prices
from engine.errors import Conflict, Invalid, NotFound
from engine.models import Competitor, CompetitorPrice, Product
from engine.work import Work

LONGEST = 500


@dataclass(frozen=True)
class Comparison:
    """The newest price of a competitor beside ours. ``deviation``: ours above theirs, per cent of theirs."""

    product: Product
    competitor: Competitor
    seen: CompetitorPrice
    ours: Decimal
    deviation: Decimal | None


def add(work: Work, name: str, site: str | None = None, note: str | None = None) -> Competitor:
    """Register a competitor. Raises Forbidden, Invalid, Conflict for a known name."""
    access.require(work, "competitors.change")
    row = Competitor(name=_name(work, name, 0), site=_short(site), note=_short(note))
    work.session.add(row)
    work.session.flush()
    audit.record(work, "competitor.created", subject=f"competitor:{row.id}", name=row.name)
    return row


def change(work: Work, competitor_id: int, name: str, site: str | None, note: str | None) -> Competitor:
    """Change what is known of a competitor. Raises Forbidden, NotFound, Invalid, Conflict."""
    access.require(work, "competitors.change")
    row = find(work.session, competitor_id)
    before = [row.name, row.site, row.note]
    row.name, row.site, row.note = _name(work, name, row.id), _short(site), _short(note)
    if before != [row.name, row.site, row.note]:
        audit.record(work, "competitor.changed", subject=f"competitor:{row.id}", before=before, name=row.name)
    return row


def set_price(
    work: Work, competitor_id: int, product_id: int, price: Decimal, seen_on: date, note: str | None = None
) -> bool:
    """Write down a price seen on a day; the same day again replaces it. True if anything changed.

    Raises Forbidden, NotFound, Invalid.
    """
    access.require(work, "competitors.change")
    find(work.session, competitor_id)
    if work.session.get(Product, product_id) is None:
        raise NotFound("There is no product {id}.", id=product_id)
    if not price.is_finite() or not 0 < price <= deals.BIGGEST or price != round(price, 2):
        raise Invalid("Enter a sum above zero in roubles and kopecks.")
    if seen_on > deals.today(work):
        raise Invalid("A price is seen today or before.")
    query = select(CompetitorPrice).where(
        CompetitorPrice.competitor_id == competitor_id, CompetitorPrice.product_id == product_id,
        CompetitorPrice.seen_on == seen_on,
    )  # fmt: skip
    row = work.session.scalar(query)
    before = row.price if row is not None else None
    if row is not None and (row.price, row.note) == (price, _short(note)):
        return False
    if row is None:
        row = CompetitorPrice(competitor_id=competitor_id, product_id=product_id, seen_on=seen_on)
        work.session.add(row)
    row.price, row.note = price, _short(note)
    work.session.flush()
    audit.record(
        work, "competitor.price_seen", subject=f"competitor:{competitor_id}", product_id=product_id, seen_on=seen_on,
        price=[before, price],
    )  # fmt: skip
    return True


def find(session: Session, competitor_id: int) -> Competitor:
    """Raises NotFound."""
    row = session.get(Competitor, competitor_id)
    if row is None:
        raise NotFound("There is no competitor {id}.", id=competitor_id)
    return row


def compare(session: Session, on: date) -> list[Comparison]:
    """The newest price of each competitor for each product that is still offered, and how ours deviates (R219)."""
    newest = (
        select(
            CompetitorPrice.id,
            func.row_number()
            .over(
                partition_by=(CompetitorPrice.competitor_id, CompetitorPrice.product_id),
                order_by=(CompetitorPrice.seen_on.desc(), CompetitorPrice.id.desc()),
            )
            .label("place"),
        )
        .where(CompetitorPrice.seen_on <= on)
        .subquery()
    )
    rows = session.execute(
        select(CompetitorPrice, Competitor, Product)
        .join(newest, newest.c.id == CompetitorPrice.id)
        .join(Competitor, Competitor.id == CompetitorPrice.competitor_id)
        .join(Product, Product.id == CompetitorPrice.product_id)
        .where(newest.c.place == 1)
        .order_by(Product.name, Competitor.name)
    ).all()
    found = []
    for seen, competitor, product in rows:
        if product.withdrawn_on is not None and product.withdrawn_on <= on:
            continue
        ours = prices.price_of(session, product, Decimal(1), None, on)
        deviation = round((ours - seen.price) * 100 / seen.price, 1) if seen.price else None
        found.append(Comparison(product, competitor, seen, ours, deviation))
    return found


def _name(work: Work, name: str, besides: int) -> str:
    name = name.strip()
    if not name or len(name) > LONGEST:
        raise Invalid("Fill in the name.")
    if work.session.scalar(select(Competitor.id).where(Competitor.name == name, Competitor.id != besides)):
        raise Conflict("The competitor «{name}» is known already.", name=name)
    return name


def _short(value: str | None) -> str | None:
    return (value or "").strip()[:LONGEST] or None

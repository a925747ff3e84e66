"""What kind of sale a deal is for the client's way with us (R067): the first at all, a repeat, the first of a new
product direction, a repeat of such a one."""
from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from sqlalchemy import bindparam, func, or_, select
from sqlalchemy.orm import Session

from engine.models import ClientProduct, Deal, Product, Settlement
from engine.rows import Prepared
from engine.work import Work

PAID = Prepared(
    select(Settlement.product_id, func.min(Settlement.dated))
    .where(Settlement.client_id == bindparam("client"), Settlement.kind == "in")
    .where(or_(Settlement.deal_id.is_(None), Settlement.deal_id != bindparam("besides")))
    .group_by(Settlement.product_id)
)
USED = Prepared(
    select(ClientProduct.product_id, ClientProduct.used_since).where(
        ClientProduct.client_id == bindparam("client"), ClientProduct.used_since.is_not(None)
    )
)

FIRST, REPEAT, FIRST_NEW, REPEAT_NEW = "first", "repeat", "first_new_product", "repeat_new_product"


def of(session: Session, client_id: int, product_ids: Iterable[int], besides: int | None = None) -> str:
    """The kind of a sale of these products to this client. ``besides``: the deal itself, whose money does not count.

    Products count by direction: a second training is no new product if trainings are one direction (R020).
    """
    known = bought(session, client_id, besides)
    if not known:
        return FIRST
    wanted = set(directions(session, product_ids).values())
    if not wanted:
        return REPEAT
    if wanted - set(known):
        return FIRST_NEW
    earliest = min(known, key=lambda direction: (known[direction], direction))
    return REPEAT if wanted == {earliest} else REPEAT_NEW


def bought(session: Session, client_id: int, besides: int | None = None) -> dict[int, date]:
    """Product directions the client has paid for or uses, with the first day of each; 0: of unknown product."""
    paid = PAID.see(session, client=client_id, besides=besides or 0)
    used = USED.see(session, client=client_id)
    days = [(product, day) for product, day in (*paid, *used) if day is not None]
    to = directions(session, {product for product, _ in days if product is not None})
    found: dict[int, date] = {}
    for product, day in days:
        direction = to.get(product, 0) if product is not None else 0
        found[direction] = min(found.get(direction, day), day)
    return found


def directions(session: Session, product_ids: Iterable[int]) -> dict[int, int]:
    """Product -> the direction it belongs to; a product without one is its own."""
    wanted = set(product_ids)
    if not wanted:
        return {}
    rows = session.execute(select(Product.id, Product.direction_id).where(Product.id.in_(wanted))).all()
    return {product: direction or product for product, direction in rows}


def renew(work: Work, deal: Deal) -> None:
    """The lines of an open deal have changed, so its kind may have."""
    deal.sale_kind = of(work.session, deal.client_id, _products(deal), besides=deal.id)


def is_new_to(session: Session, deal: Deal) -> bool:
    """Does the client buy at least one product of this deal for the first time (R121)?"""
    used = select(ClientProduct.product_id).where(
        ClientProduct.client_id == deal.client_id, ClientProduct.used_since.is_not(None)
    )
    paid = select(Settlement.product_id).where(
        Settlement.client_id == deal.client_id, Settlement.product_id.is_not(None), Settlement.kind == "in",
        or_(Settlement.deal_id.is_(None), Settlement.deal_id != deal.id),
    )
    known = {*session.scalars(used), *session.scalars(paid)}
    wanted = _products(deal)
    return bool(wanted - known) if wanted else deal.sale_kind in {FIRST, FIRST_NEW}


def _products(deal: Deal) -> set[int]:
    return {line.product_id for line in deal.lines if line.product_id is not None}

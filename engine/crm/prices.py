"""Prices: the client's own list before the general one, the tier by quantity, the list in force on the day (R343)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from engine import access, audit
from engine.errors import Conflict, Invalid, NotFound, Text, text
from engine.models import Client, Price, PriceList, Product
from engine.work import Work

BIGGEST = Decimal("9999999999.99")
LONGEST = 200


def price_of(
    session: Session, product: Product | int, quantity: Decimal, client: Client | None, on: date
) -> Decimal:
    """The price of one unit, VAT included, at this quantity for this client on this day.

    The client's own list, if in force, then the general list that began last, then the price of the product itself.
    In a list the highest tier the quantity reaches counts. Raises NotFound.
    """
    goods = session.get(Product, product) if isinstance(product, int) else product
    if goods is None:
        raise NotFound("There is no product {id}.", id=product)
    for price_list in lists_for(session, client, on):
        query = select(Price.price).where(
            Price.price_list_id == price_list.id, Price.product_id == goods.id, Price.min_quantity <= quantity
        )
        found = session.scalar(query.order_by(Price.min_quantity.desc()).limit(1))
        if found is not None:
            return found
    return goods.price


def lists_for(session: Session, client: Client | None, on: date) -> list[PriceList]:
    """The lists that hold for a client on a day, the one to look into first at the head."""
    in_force = (PriceList.valid_from <= on, or_(PriceList.valid_until.is_(None), PriceList.valid_until >= on))
    general = select(PriceList).where(PriceList.general, *in_force)
    found = list(session.scalars(general.order_by(PriceList.valid_from.desc(), PriceList.id.desc())))
    if client is not None and client.price_list_id is not None:
        own = session.scalar(select(PriceList).where(PriceList.id == client.price_list_id, *in_force))
        if own is not None:
            found = [own, *(row for row in found if row.id != own.id)]
    return found


def find(session: Session, price_list_id: int) -> PriceList:
    """Raises NotFound."""
    found = session.get(PriceList, price_list_id)
    if found is None:
        raise NotFound("There is no price list {id}.", id=price_list_id)
    return found


def tiers(session: Session, price_list_id: int) -> dict[int, list[Price]]:
    """The prices of a list by product, each product's tiers from the smallest quantity on."""
    found: dict[int, list[Price]] = {}
    query = select(Price).where(Price.price_list_id == price_list_id)
    for row in session.scalars(query.order_by(Price.product_id, Price.min_quantity)):
        found.setdefault(row.product_id, []).append(row)
    return found


def create(
    work: Work, key: str, name: str, valid_from: date, valid_until: date | None = None, *, general: bool = True,
    copy_of: int | None = None,
) -> PriceList:  # fmt: skip
    """Make a price list, empty or with the prices of another. Raises Forbidden, Invalid by field, Conflict,
    NotFound."""
    access.require(work, "products.change")
    faults = _faults(key, name, valid_from, valid_until)
    if faults:
        raise Invalid("The price list cannot be saved yet.", fields=faults)
    if work.session.scalar(select(PriceList.id).where(PriceList.key == key.strip())) is not None:
        raise Conflict("There is a price list «{key}» already.", key=key.strip())
    row = PriceList(
        key=key.strip(), name=name.strip(), valid_from=valid_from, valid_until=valid_until, general=general
    )
    work.session.add(row)
    work.session.flush()
    if copy_of is not None:
        for prices in tiers(work.session, find(work.session, copy_of).id).values():
            for old in prices:
                copied = Price(product_id=old.product_id, min_quantity=old.min_quantity, price=old.price)
                copied.price_list_id = row.id
                work.session.add(copied)
        work.session.flush()
    audit.record(work, "price_list.created", subject=f"price_list:{row.id}", name=row.name, valid_from=valid_from,
                 valid_until=valid_until, general=general, copy_of=copy_of)  # fmt: skip
    return row


def change(
    work: Work, price_list_id: int, *, name: str, valid_from: date, valid_until: date | None
) -> PriceList:
    """Change the name and the days of a list. Raises NotFound, Forbidden, Invalid by field."""
    access.require(work, "products.change")
    row = find(work.session, price_list_id)
    faults = _faults(row.key, name, valid_from, valid_until)
    if faults:
        raise Invalid("The price list cannot be saved yet.", fields=faults)
    after = {"name": name.strip(), "valid_from": valid_from, "valid_until": valid_until}
    changed = {key: [getattr(row, key), value] for key, value in after.items() if getattr(row, key) != value}
    if changed:
        for key, value in after.items():
            setattr(row, key, value)
        audit.record(work, "price_list.changed", subject=f"price_list:{row.id}", changed=changed)
    return row


def set_tiers(work: Work, price_list_id: int, product_id: int, rows: Iterable[Mapping[str, Any]]) -> list[Price]:
    """Replace the tiers of a product in a list: [{min_quantity, price}]; none takes the product out of the list.

    Raises NotFound, Forbidden, Invalid by field (``tiers[0].price``).
    """
    access.require(work, "products.change")
    price_list = find(work.session, price_list_id)
    if work.session.get(Product, product_id) is None:
        raise NotFound("There is no product {id}.", id=product_id)
    made: dict[Decimal, Decimal] = {}
    faults: dict[str, Text] = {}
    for no, row in enumerate(rows):
        quantity, price = row.get("min_quantity"), row.get("price")
        if not isinstance(quantity, Decimal) or quantity <= 0 or quantity != round(quantity, 3):
            faults[f"tiers[{no}].min_quantity"] = text(
                "Enter a quantity above zero, with at most three digits after the comma."
            )
        elif quantity in made:
            faults[f"tiers[{no}].min_quantity"] = text("Two tiers begin with the same quantity.")
        if not isinstance(price, Decimal) or not 0 <= price <= BIGGEST or price != round(price, 2):
            faults[f"tiers[{no}].price"] = text("Enter a price in roubles and kopecks.")
        if not any(place.startswith(f"tiers[{no}]") for place in faults):
            made[quantity] = price  # type: ignore[index,assignment]  # both were judged above
    if faults:
        raise Invalid("The prices cannot be saved yet.", fields=faults)
    old = tiers(work.session, price_list.id).get(product_id, [])
    before = {row.min_quantity: row.price for row in old}
    if before != made:
        for gone in old:
            work.session.delete(gone)
        work.session.flush()
        for quantity, price in sorted(made.items()):
            work.session.add(
                Price(price_list_id=price_list.id, product_id=product_id, min_quantity=quantity, price=price)
            )
        work.session.flush()
        audit.record(
            work, "price_list.priced", subject=f"price_list:{price_list.id}", product_id=product_id,
            prices=[_shown(before), _shown(made)],
        )  # fmt: skip
    return tiers(work.session, price_list.id).get(product_id, [])


def assign(work: Work, client_id: int, price_list_id: int | None) -> None:
    """Give a client its own price list, or take it away. Raises NotFound, Forbidden."""
    client = work.session.get(Client, client_id)
    if client is None:
        raise NotFound("There is no client {id}.", id=client_id)
    access.require(work, "client.give", client)
    if price_list_id is not None:
        find(work.session, price_list_id)
    if client.price_list_id != price_list_id:
        audit.record(
            work, "client.price_list_set", subject=f"client:{client.id}",
            price_list=[client.price_list_id, price_list_id],
        )  # fmt: skip
        client.price_list_id = price_list_id


def day_before(day: date) -> date:
    """The last day of a list whose successor begins on ``day``."""
    return day - timedelta(days=1)


def _shown(prices: Mapping[Decimal, Decimal]) -> list[dict[str, Decimal]]:
    return [{"min_quantity": quantity, "price": price} for quantity, price in sorted(prices.items())]


def _faults(key: str, name: str, valid_from: date, valid_until: date | None) -> dict[str, Text]:
    faults: dict[str, Text] = {}
    if not key.strip() or len(key) > LONGEST:
        faults["key"] = text("Give it a short name in Latin letters.")
    if not name.strip() or len(name) > LONGEST:
        faults["name"] = text("Fill in the name.")
    if valid_until is not None and valid_until < valid_from:
        faults["valid_until"] = text("The last day is before the first.")
    return faults

"""The catalogue: product directions and their components (R020, R181); what is sold, what is withdrawn."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import access, audit
from engine.errors import Conflict, Invalid, NotFound, Text, WrongState, text
from engine.models import Product, User
from engine.work import Work

COLUMNS = (
    "code", "name", "unit", "price", "direction_id", "head_id", "cost", "description", "simple", "every_months",
)  # fmt: skip
BIGGEST = Decimal("9999999999.99")
LONGEST, LONGEST_TEXT = 200, 4000


@dataclass(frozen=True)
class Branch:
    """One product of the catalogue with what belongs to it."""

    product: Product
    below: tuple[Branch, ...]

    @property
    def is_direction(self) -> bool:
        """It has components, or belongs to nothing itself."""
        return bool(self.below) or self.product.direction_id is None


def find(session: Session, product_id: int) -> Product:
    """Raises NotFound."""
    product = session.get(Product, product_id)
    if product is None:
        raise NotFound("There is no product {id}.", id=product_id)
    return product


def listing(session: Session, on: date | None = None) -> list[Product]:
    """The whole catalogue by code; with a day, only what is offered then."""
    rows = list(session.scalars(select(Product).order_by(Product.code)))
    return [row for row in rows if on is None or row.withdrawn_on is None or row.withdrawn_on > on]


def tree(rows: Iterable[Product]) -> list[Branch]:
    """The directions with their components below them."""
    given = list(rows)
    known = {row.id for row in given}
    below: dict[int | None, list[Product]] = {}
    for row in given:
        below.setdefault(row.direction_id if row.direction_id in known else None, []).append(row)

    def branch(row: Product) -> Branch:
        return Branch(row, tuple(branch(part) for part in below.get(row.id, ())))

    return [branch(row) for row in below.get(None, ())]


def direction_of(session: Session, product: Product) -> Product:
    """The direction a product belongs to; one without a direction is its own."""
    seen = {product.id}
    while product.direction_id is not None and product.direction_id not in seen:
        product = find(session, product.direction_id)
        seen.add(product.id)
    return product


def directions(session: Session) -> list[Product]:
    """All directions: what belongs to nothing else."""
    return list(session.scalars(select(Product).where(Product.direction_id.is_(None)).order_by(Product.code)))


def add(work: Work, code: str, name: str, price: Decimal, **values: Any) -> Product:
    """Put a product into the catalogue. ``values``: unit, direction_id, head_id, cost, description, simple,
    every_months. Raises Forbidden, Invalid by field, Conflict for a known code."""
    access.require(work, "products.change")
    given = _trimmed({"code": code, "name": name, "price": price, **values})
    faults = _faults(work.session, given, None)
    if faults:
        raise Invalid("The product cannot be saved yet.", fields=faults)
    _refuse_code(work.session, given["code"], None)
    product = Product(**{key: value for key, value in given.items() if value is not None})
    work.session.add(product)
    work.session.flush()
    audit.record(work, "product.created", subject=f"product:{product.id}", code=product.code, name=product.name)
    return product


def change(work: Work, product_id: int, **values: Any) -> Product:
    """Change what is known of a product. Raises NotFound, Forbidden, Invalid by field, Conflict for a known code."""
    access.require(work, "products.change")
    product = find(work.session, product_id)
    before = {key: getattr(product, key) for key in COLUMNS}
    given = _trimmed(values)
    faults = _faults(work.session, before | given, product.id)
    if faults:
        raise Invalid("The product cannot be saved yet.", fields=faults)
    _refuse_code(work.session, str((before | given)["code"]), product.id)
    changed = {key: [before[key], value] for key, value in given.items() if before[key] != value}
    if changed:
        for key in changed:
            setattr(product, key, given[key])
        audit.record(work, "product.changed", subject=f"product:{product.id}", changed=changed)
    return product


def withdraw(work: Work, product_id: int, on: date | None) -> None:
    """Offer a product no more from a day on; None: offer it again. Raises NotFound, Forbidden, WrongState."""
    access.require(work, "products.change")
    product = find(work.session, product_id)
    parts = select(Product.name).where(Product.direction_id == product.id, Product.withdrawn_on.is_(None))
    still = work.session.scalar(parts.limit(1)) if on is not None else None
    if still is not None:
        raise WrongState("«{name}» of this direction is still offered. Withdraw it first.", name=still)
    if product.withdrawn_on != on:
        event = "product.withdrawn" if on is not None else "product.offered_again"
        audit.record(work, event, subject=f"product:{product.id}", withdrawn_on=[product.withdrawn_on, on])
        product.withdrawn_on = on


def _trimmed(values: dict[str, Any]) -> dict[str, Any]:
    return {key: (value.strip() or None) if isinstance(value, str) else value for key, value in values.items()}


def _faults(session: Session, given: dict[str, Any], product_id: int | None) -> dict[str, Text]:
    unknown = set(given) - set(COLUMNS)
    faults = {name: text("A product has no field {name}.", name=name) for name in unknown}
    if not given.get("code") or len(str(given["code"])) > 40:
        faults["code"] = text("Give it a short code, such as TR-01.")
    if not given.get("name"):
        faults["name"] = text("Fill in the name.")
    for name, limit in (("name", LONGEST), ("unit", 40), ("description", LONGEST_TEXT)):
        if len(str(given.get(name) or "")) > limit:
            faults[name] = text("The text is too long: at most {limit} characters.", limit=limit)
    for name in ("price", "cost"):
        value = given.get(name)
        if value is None and name == "cost":
            continue
        if not isinstance(value, Decimal) or not 0 <= value <= BIGGEST or value != round(value, 2):
            faults[name] = text("Enter a price in roubles and kopecks.")
    months = given.get("every_months")
    if months is not None and (not isinstance(months, int) or not 1 <= months <= 120):
        faults["every_months"] = text("Enter a whole number of months, from 1 to 120.")
    if given.get("head_id") is not None and session.get(User, given["head_id"]) is None:
        faults["head_id"] = text("Choose from the list")
    faults |= _wrong_direction(session, given.get("direction_id"), product_id)
    return faults


def _wrong_direction(session: Session, direction_id: int | None, product_id: int | None) -> dict[str, Text]:
    above = session.get(Product, direction_id) if direction_id is not None else None
    if direction_id is not None and above is None:
        return {"direction_id": text("Choose from the list")}
    while above is not None:
        if above.id == product_id:
            return {"direction_id": text("A product is no component of itself.")}
        above = session.get(Product, above.direction_id) if above.direction_id is not None else None
    return {}


def _refuse_code(session: Session, code: str, besides: int | None) -> None:
    known = session.scalar(select(Product).where(Product.code == code, Product.id != (besides or 0)))
    if known is not None:
        raise Conflict("The product «{name}» already has the code {code}.", name=known.name, code=code)

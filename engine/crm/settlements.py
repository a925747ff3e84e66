"""Settlements: the money of a client by product and day, the ground of classes, states and sales figures.

Each payment is divided over the lines of its deal by their share of the total, to the kopeck (largest remainder).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from sqlalchemy.orm import Session

from engine import access, audit
from engine.crm import amounts, clients
from engine.documents.money import kopecks
from engine.errors import Invalid, NotFound, Text, text
from engine.models import Deal, Payment, Product, Settlement, User
from engine.work import Work

KINDS = ("in", "refund")
KOPECK = Decimal("0.01")
BIGGEST = Decimal("9999999999.99")


def write(work: Work, payment: Payment) -> list[Settlement]:
    """Divide a payment (or a refund) over the lines of its deal: one row for each product, with its part of the cost
    and the deal's owner of that day. The rows add up to the payment exactly."""
    deal = work.session.get_one(Deal, payment.deal_id)
    sign = -1 if payment.kind == "refund" else 1
    taxed = amounts.of(deal, work.env, payment.dated).lines
    weights: dict[int | None, Decimal] = {}
    costs: dict[int | None, Decimal] = {}
    for line, sums in zip(deal.lines, taxed, strict=True):
        weights[line.product_id] = weights.get(line.product_id, Decimal(0)) + sums.sum
        cost = _cost(work.session, line.product_id, line.quantity)
        if cost is not None:
            costs[line.product_id] = costs.get(line.product_id, Decimal(0)) + cost
    products = list(weights) or [None]
    parts = divide(payment.sum, [weights.get(product, Decimal(0)) for product in products])
    rows = []
    for product, part in zip(products, parts, strict=True):
        whole = weights.get(product, Decimal(0))
        cost = kopecks(costs[product] * part / whole) if product in costs and whole else None
        rows.append(
            Settlement(
                client_id=deal.client_id, product_id=product, deal_id=deal.id, payment_id=payment.id,
                owner_id=deal.owner_id, dated=payment.dated, kind=payment.kind, sum=sign * part,
                cost=None if cost is None else sign * cost, reference=payment.reference,
            )
        )  # fmt: skip
    work.session.add_all(rows)
    work.session.flush()
    return rows


def record(
    work: Work, client_id: int, product_id: int | None, dated: date, sum: Decimal, *, kind: str = "in",
    cost: Decimal | None = None, owner_id: int | None = None, deal_id: int | None = None, reference: str | None = None,
) -> Settlement:  # fmt: skip
    """Write down money of a client that no payment here stands for: older years, other systems.

    ``sum`` and ``cost`` are given without a sign; a refund is kept below zero. The owner is the client's manager unless
    told otherwise. Raises Forbidden, NotFound, Invalid by field.
    """
    client = clients.find(work.session, client_id)
    access.require(work, "payment.record")
    faults: dict[str, Text] = {}
    if kind not in KINDS:
        faults["kind"] = text("Choose one of: {choices}.", choices=", ".join(KINDS))
    if not sum.is_finite() or not 0 < sum <= BIGGEST or sum != round(sum, 2):
        faults["sum"] = text("Enter a sum above zero in roubles and kopecks.")
    if cost is not None and (not cost.is_finite() or not 0 <= cost <= BIGGEST or cost != round(cost, 2)):
        faults["cost"] = text("Enter a sum in roubles and kopecks.")
    if faults:
        raise Invalid("The settlement cannot be saved yet.", fields=faults)
    if product_id is not None and work.session.get(Product, product_id) is None:
        raise NotFound("There is no product {id}.", id=product_id)
    if owner_id is not None and work.session.get(User, owner_id) is None:
        raise NotFound("There is no person {id}.", id=owner_id)
    sign = -1 if kind == "refund" else 1
    row = Settlement(
        client_id=client.id, product_id=product_id, deal_id=deal_id, owner_id=owner_id or client.owner_id,
        dated=dated, kind=kind, sum=sign * sum, cost=None if cost is None else sign * cost, reference=reference,
    )  # fmt: skip
    work.session.add(row)
    work.session.flush()
    audit.record(
        work, "settlement.recorded", subject=f"client:{client.id}", settlement_id=row.id, product_id=product_id,
        dated=dated, sum=row.sum,
    )  # fmt: skip
    return row


def divide(sum: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """Divide a sum in proportion to weights, to the kopeck: what rounding leaves over goes to the largest remainders,
    among equals to the first. Without any weight everything goes to the first part."""
    total = Decimal(0)
    for weight in weights:
        total += weight
    if not weights or total <= 0:
        return [sum, *[Decimal("0.00") for _ in weights[1:]]] if weights else []
    exact = [sum * weight / total for weight in weights]
    parts = [amount.quantize(KOPECK, "ROUND_FLOOR") for amount in exact]
    left = sum
    for part in parts:
        left -= part
    order = sorted(range(len(parts)), key=lambda place: (parts[place] - exact[place], place))
    for place in order[: int(left / KOPECK)]:
        parts[place] += KOPECK
    return parts


def _cost(session: Session, product_id: int | None, quantity: Decimal) -> Decimal | None:
    product = session.get(Product, product_id) if product_id is not None else None
    return None if product is None or product.cost is None else product.cost * quantity

"""The usual ways to divide the total of a deal into parts, and how the parts follow a new total."""
from __future__ import annotations

from decimal import Decimal

from engine.documents.money import kopecks
from engine.errors import WrongState
from engine.models import Deal
from engine.quick import with_many

BEFORE, AFTER = "before_delivery", "after_delivery"
SCHEDULES: dict[str, tuple[tuple[str, Decimal], ...]] = {
    "full_before": ((BEFORE, Decimal(100)),),
    "half": ((BEFORE, Decimal(50)), (AFTER, Decimal(50))),
    "after": ((AFTER, Decimal(100)),),
}


def respread(deal: Deal, total: Decimal) -> None:
    """Let the parts add up to a new total. Parts that are paid stay; the last open one takes what is left.

    Raises WrongState when more has come in than the new total.
    """
    parts = list(with_many(deal, "payments").payments)
    if not parts:
        return
    if not any(part.received for part in parts):
        left = total
        for part in parts[:-1]:
            part.sum = kopecks(total * part.share / 100)
            left -= part.sum
        parts[-1].sum = left
        return
    last = parts[-1]
    rest = total - sum((part.sum for part in parts[:-1]), Decimal(0))
    if rest < last.received:
        raise WrongState("More money has come in for {number} than the new total.", number=deal.number)
    last.sum = rest

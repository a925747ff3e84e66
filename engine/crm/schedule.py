"""The ways to divide the total of a deal into parts, and how the parts follow a new total."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from engine.documents.money import kopecks
from engine.errors import Invalid, Text, WrongState, text
from engine.models import Deal, ScheduledPayment
from engine.quick import with_many

BEFORE, AFTER = "before_delivery", "after_delivery"
SCHEDULES: dict[str, tuple[tuple[str, Decimal], ...]] = {
    "full_before": ((BEFORE, Decimal(100)),),
    "half": ((BEFORE, Decimal(50)), (AFTER, Decimal(50))),
    "after": ((AFTER, Decimal(100)),),
}
OWN = "own"
MOST_PARTS = 12


@dataclass(frozen=True)
class Planned:
    """A part before there are sums: when it falls due, how much of the total it is (per cent), its day if agreed."""

    trigger: str
    share: Decimal
    due_on: date | None = None


def planned(kind: str, rows: Iterable[Mapping[str, Any]] | None = None) -> list[Planned]:
    """The parts of a usual schedule, or of one's ``own`` as given in ``rows``. Raises Invalid by field."""
    if kind in SCHEDULES:
        return [Planned(trigger, share) for trigger, share in SCHEDULES[kind]]
    if kind != OWN:
        raise Invalid("Choose one of: {choices}.", choices=", ".join((*SCHEDULES, OWN)))
    faults: dict[str, Text] = {}
    given = list(rows or ())
    if not given or len(given) > MOST_PARTS:
        faults["parts"] = text("A payment schedule has from one to {limit} parts.", limit=MOST_PARTS)
    parts = [_planned(row, no, faults) for no, row in enumerate(given[:MOST_PARTS])]
    if not faults and sum(part.share for part in parts) != 100:
        faults["parts"] = text("The parts of the payment make 100 per cent together.")
    if faults:
        raise Invalid("The payment schedule cannot be saved yet.", fields=faults)
    return parts


def kind_of(parts: Iterable[tuple[str, Decimal]]) -> str | None:
    """Which schedule these (trigger, share) are; None for none yet."""
    given = tuple(parts)
    return next((kind for kind, usual in SCHEDULES.items() if usual == given), OWN) if given else None


def _planned(row: Mapping[str, Any], no: int, faults: dict[str, Text]) -> Planned:
    try:
        share = Decimal(str(row.get("share")))
    except InvalidOperation:
        share = Decimal("NaN")
    if not share.is_finite() or not 0 < share <= 100 or share != round(share, 2):
        faults[f"parts[{no}].share"] = text("A share is above 0 and up to 100 per cent.")
    trigger, day = str(row.get("trigger")), row.get("due_on")
    if trigger not in (BEFORE, AFTER):
        faults[f"parts[{no}].trigger"] = text("Choose from the list")
    return Planned(trigger, share, day if isinstance(day, date) else None)


def respread(deal: Deal, total: Decimal, *, overpaid: bool = False) -> None:
    """Let the parts add up to a new total. Parts that are paid stay; the last open one takes what is left.

    Raises WrongState when more has come in than the new total, unless parts may be ``overpaid``: then they shrink, the
    last one first.
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
    if overpaid:
        _shrink(parts, total)
        return
    if rest < last.received:
        raise WrongState("More money has come in for {number} than the new total.", number=deal.number)
    last.sum = rest


def _shrink(parts: list[ScheduledPayment], total: Decimal) -> None:
    left = total
    for part in parts[:-1]:
        part.sum = min(part.sum, left)
        left -= part.sum
    parts[-1].sum = left

"""When a deal is paid: the schedule of its parts, the money that came in, the money that went back."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from engine import access, audit
from engine.crm import amounts, bonus, deals, settlements
from engine.crm.schedule import planned, respread
from engine.documents.money import kopecks
from engine.errors import Conflict, Invalid, NotFound, WrongState
from engine.models import Deal, Payment, ScheduledPayment
from engine.work import Work

OLDEST_DAYS = 3 * 366
LONGEST_TERM = 250  # working days, about a year


@dataclass(frozen=True)
class Settled:
    """How a deal stands after a payment. ``part_balance``: what is missing of this part, negative if overpaid."""

    payment_id: int
    paid: Decimal
    balance: Decimal
    part_balance: Decimal


def set_schedule(
    work: Work, deal_id: int, kind: str, due_on: dict[int, date] | None = None, *, days: int | None = None,
    rows: Iterable[Mapping[str, Any]] | None = None,
) -> list[ScheduledPayment]:  # fmt: skip
    """Divide the total into parts: ``full_before``, ``half`` (the odd kopeck goes to the first part), ``after``, or
    ``own``: then ``rows`` are the parts, [{share, trigger, due_on}], 100 per cent together (X19).

    ``due_on``: by part number. ``days``: working days to pay from the day of an invoice, as agreed. Raises Forbidden,
    NotFound, Invalid (of own parts by field, ``parts[0].share``), WrongState once money has come in.
    """
    deal = deals.find_open(work.session, deal_id)
    access.require(work, "deal.change", deal)
    parts = planned(kind, rows)
    if days is not None and not 1 <= days <= LONGEST_TERM:
        raise Invalid("The term of payment is from 1 to {limit} working days.", limit=LONGEST_TERM)
    if any(part.received for part in deal.payments):
        raise WrongState("Money has come in already: the payment schedule of {number} stays.", number=deal.number)
    total = amounts.of(deal, work.env, deals.today(work)).total
    deal.payments.clear()
    work.session.flush()
    deal.payments.extend(
        ScheduledPayment(part=no, trigger=part.trigger, share=part.share, sum=Decimal(0), received=Decimal(0),
                         due_on=(due_on or {}).get(no, part.due_on), days=days)
        for no, part in enumerate(parts, 1)
    )  # fmt: skip
    respread(deal, total)
    work.session.flush()
    audit.record(
        work, "deal.schedule_set", subject=f"deal:{deal.id}", schedule=kind, days=days,
        parts=[{"part": part.part, "trigger": part.trigger, "sum": part.sum} for part in deal.payments],
    )  # fmt: skip
    return list(deal.payments)


def record_payment(
    work: Work, deal_id: int, part: int, sum: Decimal, dated: date, *, reference: str | None = None
) -> Settled:
    """Write down money that came in for a part of the schedule; parts and overpayments are accepted.

    ``reference``: number of the payment order; the same number, day and sum twice is a slip. Raises Forbidden,
    NotFound, Invalid, Conflict.
    """
    deal = deals.find(work.session, deal_id)
    access.require(work, "payment.record", deal)
    planned = next((row for row in deal.payments if row.part == part), None)
    if planned is None:
        raise NotFound("The deal {number} has no payment part {part}.", number=deal.number, part=part)
    _check(work, sum, dated)
    if reference and _known(work, deal_id, reference, dated, sum):
        raise Conflict("Payment order {reference} of this day and sum is recorded already.", reference=reference)
    planned.received = kopecks((planned.received or Decimal(0)) + sum)
    return _write(work, deal, planned, "in", sum, dated, reference)


def refund(
    work: Work, deal_id: int, part: int, sum: Decimal, dated: date, *, reference: str | None = None
) -> Settled:
    """Write down money that went back. Raises Forbidden, NotFound, Invalid when it is more than has come in."""
    deal = deals.find(work.session, deal_id)
    access.require(work, "payment.record", deal)
    planned = next((row for row in deal.payments if row.part == part), None)
    if planned is None:
        raise NotFound("The deal {number} has no payment part {part}.", number=deal.number, part=part)
    _check(work, sum, dated)
    if sum > (planned.received or Decimal(0)):
        raise Invalid("Only {received} has come in for this part.", received=str(planned.received or 0))
    planned.received = kopecks(planned.received - sum)
    return _write(work, deal, planned, "refund", sum, dated, reference)


def write_off(
    work: Work, deal_id: int, part: int, reason: str, *, sum: Decimal | None = None, reference: str | None = None
) -> Decimal:
    """Give up what is left of a part, or ``sum`` of it; no money moves, no settlement is written (R218). Returns what
    was written off. ``reference``: the paper that lowers the price, where there is one (R142).

    Raises Forbidden, NotFound, Invalid (no reason).
    """
    deal = deals.find(work.session, deal_id)
    access.require(work, "payment.write_off", deal)
    planned = next((row for row in deal.payments if row.part == part), None)
    if planned is None:
        raise NotFound("The deal {number} has no payment part {part}.", number=deal.number, part=part)
    if not reason.strip():
        raise Invalid("Say why.")
    left = kopecks(planned.sum - (planned.received or Decimal(0)))
    left = left if sum is None else min(left, sum)
    if left <= 0:
        return kopecks(0)
    planned.received = kopecks((planned.received or Decimal(0)) + left)
    row = Payment(
        deal_id=deal.id, part=part, kind="write_off", dated=deals.today(work), sum=left, reference=reference,
        recorded_at=work.now,
    )  # fmt: skip
    work.session.add(row)
    work.session.flush()
    audit.record(
        work, "payment.written_off", subject=f"deal:{deal.id}", payment_id=row.id, part=part, sum=left, reason=reason
    )
    return left


def _check(work: Work, sum: Decimal, dated: date) -> None:
    if not isinstance(sum, Decimal) or not sum.is_finite() or sum <= 0 or sum != round(sum, 2) or sum > deals.BIGGEST:
        raise Invalid("Enter a sum above zero in roubles and kopecks.")
    today = deals.today(work)
    if dated > today:
        raise Invalid("The day of a payment is today or before.")
    if (today - dated).days > OLDEST_DAYS:
        raise Invalid("The day of the payment is too long ago. Check the year.")


def _known(work: Work, deal_id: int, reference: str, dated: date, sum: Decimal) -> bool:
    query = select(Payment.id).where(
        Payment.deal_id == deal_id, Payment.reference == reference, Payment.dated == dated, Payment.sum == sum,
        Payment.kind == "in",
    )  # fmt: skip
    return work.session.scalar(query.limit(1)) is not None


def _write(
    work: Work, deal: Deal, planned: ScheduledPayment, kind: str, sum: Decimal, dated: date, reference: str | None
) -> Settled:
    row = Payment(
        deal_id=deal.id, part=planned.part, kind=kind, dated=dated, sum=sum, reference=reference,
        recorded_at=work.now,
    )  # fmt: skip
    work.session.add(row)
    work.session.flush()
    settlements.write(work, row)
    event = "payment.recorded" if kind == "in" else "payment.refunded"
    audit.record(
        work, event, subject=f"deal:{deal.id}", payment_id=row.id, part=planned.part, sum=sum, dated=dated,
        reference=reference,
    )  # fmt: skip
    bonus.settle(work, row.id)
    paid = amounts.paid(work.session, deal.id)
    total = amounts.of(deal, work.env, deals.today(work)).total
    return Settled(row.id, paid, total - paid, planned.sum - planned.received)

"""Bonus accounts of loyalty cards (R103, R257): earned with what is paid, spent on a deal, expired after a time.

What was earned first is spent first and expires first; the account is a list of movements that nobody changes.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_DOWN, Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import access, audit
from engine.crm import amounts, deals, loyalty
from engine.crm.purchases import months_before
from engine.documents.money import kopecks, money
from engine.errors import Invalid, WrongState
from engine.models import BonusEntry, LoyaltyCard, Payment
from engine.work import Work

EARNED, REVERSED, SPENT, EXPIRED = "earned", "reversed", "spent", "expired"
INSTRUMENT = "bonus"
PERCENT = Decimal("0.01")


@dataclass(frozen=True)
class Account:
    """A card's account: what can be spent, what of it expires soon, and every movement, the newest first."""

    balance: Decimal
    expiring: Decimal
    expiring_on: date | None
    entries: Sequence[BonusEntry]


def balance(session: Session, card_id: int) -> Decimal:
    """What can be spent now."""
    found = session.scalar(select(func.coalesce(func.sum(BonusEntry.sum), 0)).where(BonusEntry.card_id == card_id))
    return kopecks(Decimal(str(found or 0)))


def account(session: Session, card_id: int, on: date, warn_days: int = 30) -> Account:
    """The account as the client sees it (R257)."""
    entries = _entries(session, card_id)
    parts = [(day, sum) for day, sum in _unspent(entries) if day is not None and (day - on).days <= warn_days]
    return Account(
        balance(session, card_id), kopecks(sum((sum for _, sum in parts), Decimal(0))),
        min((day for day, _ in parts), default=None), list(reversed(entries)),
    )  # fmt: skip


def settle(work: Work, payment_id: int) -> BonusEntry | None:
    """Reward a payment, or take the reward of what went back; once per payment (R103). None: the client has no account.

    Called with every payment; a refund takes no more than the account holds.
    """
    payment = work.session.get_one(Payment, payment_id)
    if work.session.scalar(select(BonusEntry.id).where(BonusEntry.payment_id == payment_id)) is not None:
        return None
    deal = deals.find(work.session, payment.deal_id)
    on = deals.today(work)
    card = loyalty.card_of(work.session, deal.client_id, on)
    if card is None or card.instrument != INSTRUMENT:
        return None
    rules = loyalty.programme(work.env)["bonus"]
    reward = (Decimal(payment.sum) * Decimal(str(rules["earn"])) / 100).quantize(PERCENT, ROUND_DOWN)
    if payment.kind == "refund":
        reward = -min(reward, balance(work.session, card.id))
    if not reward:
        return None
    expires = months_before(on, -int(rules["months"])) if reward > 0 else None
    kind = EARNED if reward > 0 else REVERSED
    return _write(work, card, kind, reward, deal_id=deal.id, payment_id=payment_id, expires_on=expires)


def spend(work: Work, deal_id: int, sum: Decimal) -> Decimal:
    """Pay a part of an open deal with bonuses: its discount grows by what they are worth. Returns what was taken.

    The discount of a deal has two digits, so a few roubles less than asked may be taken. Raises Invalid (more than the
    account or the allowed share), WrongState (no account, or money has come in already), Forbidden.
    """
    access.require(work, "loyalty.write")
    deal = deals.find_open(work.session, deal_id)
    card = loyalty.card_of(work.session, deal.client_id, deals.today(work))
    if card is None or card.instrument != INSTRUMENT:
        raise WrongState("This client has no bonus account.")
    if any(part.received for part in deal.payments):
        raise WrongState("Money has come in already: bonuses are spent before the invoice.")
    before = amounts.of(deal, work.env, deals.today(work))
    largest = spendable(work.session, work.env, card, before.total)
    if sum <= 0 or sum > largest:
        raise Invalid("At most {largest} roubles can be paid with bonuses in this deal.", largest=money(largest))
    percent = ((before.full - before.total + sum) * 100 / before.full).quantize(PERCENT, ROUND_DOWN)
    lines = [
        {"product_id": line.product_id, "name": line.name, "unit": line.unit, "quantity": line.quantity,
         "price": line.price}
        for line in deal.lines
    ]  # fmt: skip
    with access.whole(work, "loyalty.write"):  # the discount that bonuses bring is not a change of the deal's owner
        after = deals.set_lines(work, deal_id, lines, percent)
    taken = before.total - after.total
    if taken > 0:
        _write(work, card, SPENT, -taken, deal_id=deal_id)
    return taken


def spendable(session: Session, env: Any, card: LoyaltyCard, total: Decimal) -> Decimal:
    """How much of a deal of this total may be paid with bonuses."""
    rules = loyalty.programme(env)["bonus"]
    held = balance(session, card.id)
    if held < Decimal(str(rules["smallest"])):
        return Decimal("0.00")
    return min(held, kopecks(total * Decimal(str(rules["largest_share"])) / 100))


def expire(work: Work, on: date | None = None) -> Decimal:
    """Take away what was earned too long ago and not spent; returns the sum over all cards. Doing it twice a day
    changes nothing."""
    day = on or deals.today(work)
    lost = Decimal("0.00")
    holders = select(BonusEntry.card_id).where(BonusEntry.expires_on <= day).distinct()
    for card in work.session.scalars(select(LoyaltyCard).where(LoyaltyCard.id.in_(holders)).order_by(LoyaltyCard.id)):
        left = _unspent(_entries(work.session, card.id))
        overdue = [part for until, part in left if until is not None and until <= day]
        gone = kopecks(sum(overdue, Decimal(0)))
        if gone > 0:
            _write(work, card, EXPIRED, -gone)
            lost += gone
    return lost


def _entries(session: Session, card_id: int) -> list[BonusEntry]:
    query = select(BonusEntry).where(BonusEntry.card_id == card_id).order_by(BonusEntry.at, BonusEntry.id)
    return list(session.scalars(query))


def _unspent(entries: Sequence[BonusEntry]) -> list[tuple[date | None, Decimal]]:
    """What is left of each reward when everything taken is taken from the oldest first: (expires on, sum)."""
    taken = -sum((Decimal(entry.sum) for entry in entries if entry.sum < 0), Decimal(0))
    left = []
    for entry in entries:
        if entry.sum <= 0:
            continue
        used = min(taken, Decimal(entry.sum))
        taken -= used
        if Decimal(entry.sum) > used:
            left.append((entry.expires_on, Decimal(entry.sum) - used))
    return left


def _write(
    work: Work, card: LoyaltyCard, kind: str, sum: Decimal, *, deal_id: int | None = None,
    payment_id: int | None = None, expires_on: date | None = None,
) -> BonusEntry:  # fmt: skip
    entry = BonusEntry(
        card_id=card.id, at=work.now, kind=kind, sum=sum, deal_id=deal_id, payment_id=payment_id, expires_on=expires_on
    )
    work.session.add(entry)
    work.session.flush()
    audit.record(
        work, f"bonus.{kind}", subject=f"client:{card.client_id}", card=card.number, sum=sum, deal_id=deal_id,
        expires_on=expires_on,
    )  # fmt: skip
    return entry

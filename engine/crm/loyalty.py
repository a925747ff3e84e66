"""The loyalty programme (R090-R107, R300): who is eligible, cards, the discount that is due, the review of tiers.

The rules are settings/loyalty.yaml. What a client has gathered on its card is in bonus.
"""
from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from engine import access, audit
from engine.crm import clients, deals
from engine.crm.purchases import Purchases, months_before, purchases_of
from engine.documents.issue import next_number
from engine.documents.money import money
from engine.errors import Conflict, Invalid, NotFound, WrongState
from engine.models import Client, LoyaltyCard, Survey
from engine.work import Work

ACTIVE, CLOSED = "active", "closed"
BASES = ("treatment", "services", "prices")
NUMBER = {"number": "L-{yyyy}-{n:04d}"}
HUNDRED = Decimal(100)


@dataclass(frozen=True)
class Eligibility:
    """May a client be enrolled? ``reasons``: Russian sentences for the form, why not. ``suggested``: instrument key."""

    eligible: bool
    reasons: tuple[str, ...]
    bought: Purchases
    tier: str | None
    discount: Decimal
    suggested: str


def programme(env: Any) -> Mapping[str, Any]:
    """The settings, checked: one key factor with a rationale of our own (R096, R098). Raises Invalid."""
    found: Mapping[str, Any] = env.setting("loyalty")
    if not str(found.get("key_factor") or "").strip() or not str(found.get("rationale") or "").strip():
        raise Invalid("The loyalty programme needs a key factor and a rationale of it (settings/loyalty.yaml).")
    if found.get("basis") not in BASES:
        raise Invalid("Choose what loyal clients get: special treatment, services or prices (settings/loyalty.yaml).")
    return found


def instruments(env: Any) -> list[Mapping[str, Any]]:
    """The instruments that are on, in the order of the settings (R099-R106)."""
    return [row for row in programme(env)["instruments"] if row.get("enabled")]


def check(session: Session, env: Any, client_id: int, on: date) -> Eligibility:
    """Does the client fit the programme's conditions on a day? Repeated and conscious purchases count (R090), and only
    a satisfied client is loyal (R107). Raises NotFound, Invalid."""
    rules = programme(env)["eligibility"]
    client = clients.find(session, client_id)
    bought = purchases_of(session, client_id, months_before(on, int(rules["period_months"])), on)
    reasons = [*_short_of(rules, client, bought), *_unsatisfied(session, rules, client_id)]
    tier = tier_of(env, bought.sum)
    suggested = "tiers" if tier else "bonus"
    usable = [str(row["key"]) for row in instruments(env)]
    suggested = suggested if suggested in usable else next(iter(usable), "")
    return Eligibility(not reasons, tuple(reasons), bought, tier, discount_for(env, suggested, bought.sum), suggested)


def tier_of(env: Any, sum: Decimal) -> str | None:
    """The highest tier that purchases of this sum give (R101); None below the lowest."""
    fitting = [row for row in programme(env)["tiers"] if sum >= row["from"]]
    return str(max(fitting, key=lambda row: row["from"])["key"]) if fitting else None


def discount_for(env: Any, instrument: str, sum: Decimal) -> Decimal:
    """The discount in per cent that an instrument gives at this sum of purchases."""
    rules = programme(env)
    if instrument == "tiers":
        return _step(rules["tiers"], sum)
    if instrument == "progressive":
        return _step(rules["scale"], sum)
    fixed = next((row.get("discount") for row in rules["instruments"] if row["key"] == instrument), None)
    return Decimal(str(fixed or 0))


def card_of(session: Session, client_id: int, on: date) -> LoyaltyCard | None:
    """The client's card in force on a day."""
    query = select(LoyaltyCard).where(
        LoyaltyCard.client_id == client_id, LoyaltyCard.status == ACTIVE, LoyaltyCard.issued_on <= on,
        or_(LoyaltyCard.valid_until.is_(None), LoyaltyCard.valid_until >= on),
    )  # fmt: skip
    return session.scalars(query.order_by(LoyaltyCard.discount.desc(), LoyaltyCard.id.desc()).limit(1)).first()


def discount_of(session: Session, client_id: int, on: date) -> Decimal:
    """The discount a client is due on a day, per cent; nought without a card (R300)."""
    card = card_of(session, client_id, on)
    return Decimal(card.discount) if card is not None else Decimal(0)


def find(session: Session, card_id: int) -> LoyaltyCard:
    """Raises NotFound."""
    card = session.get(LoyaltyCard, card_id)
    if card is None:
        raise NotFound("There is no loyalty card {id}.", id=card_id)
    return card


def enrol(
    work: Work, client_id: int, instrument: str, *, tier: str | None = None, discount: Decimal | None = None,
    terms: str | None = None,
) -> LoyaltyCard:  # fmt: skip
    """Give a client a card. Its tier and discount follow its purchases unless they are told.

    Raises NotFound, Invalid (an instrument that is off, a discount beyond 100), Conflict (it has a card already).
    """
    access.require(work, "loyalty.write")
    client = clients.find(work.session, client_id)
    on = deals.today(work)
    if instrument not in {row["key"] for row in instruments(work.env)}:
        raise Invalid("This instrument of the loyalty programme is switched off.")
    if card_of(work.session, client_id, on) is not None:
        raise Conflict("The client «{name}» has a loyalty card already.", name=client.name)
    rules = programme(work.env)
    bought = purchases_of(work.session, client_id, months_before(on, int(rules["eligibility"]["period_months"])), on)
    percent = discount_for(work.env, instrument, bought.sum) if discount is None else discount
    if not 0 <= percent < HUNDRED:
        raise Invalid("A discount is from 0 to 100 per cent.")
    if instrument == "tiers":
        tier = tier or tier_of(work.env, bought.sum)
    card = LoyaltyCard(
        number=next_number(work, "loyalty_card", on, NUMBER), client_id=client.id, instrument=instrument, tier=tier,
        discount=percent, bearer=instrument == "fixed_bearer", terms=(terms or "").strip() or None, issued_on=on,
        valid_until=_last_day(on, int(rules["valid_months"])), status=ACTIVE,
    )  # fmt: skip
    work.session.add(card)
    work.session.flush()
    audit.record(
        work, "loyalty_card.issued", subject=f"client:{client.id}", card=card.number, instrument=instrument, tier=tier,
        discount=percent, valid_until=card.valid_until,
    )  # fmt: skip
    return card


def close(work: Work, card_id: int, reason: str) -> LoyaltyCard:
    """The card is no longer in force; its account stays to be seen. Raises NotFound, WrongState, Invalid."""
    access.require(work, "loyalty.write")
    card = find(work.session, card_id)
    if card.status != ACTIVE:
        raise WrongState("The card {number} is closed.", number=card.number)
    if not reason.strip():
        raise Invalid("Say why.")
    card.status, card.closed_on = CLOSED, deals.today(work)
    audit.record(
        work, "loyalty_card.closed", subject=f"client:{card.client_id}", card=card.number, reason=reason.strip()
    )
    return card


def open_link(work: Work, card_id: int) -> str:
    """A new token for the link by which the client sees its account (R257); links given before no longer work."""
    access.require(work, "loyalty.write")
    card = find(work.session, card_id)
    token = secrets.token_urlsafe(24)
    card.token_hash = hashed(token)
    audit.record(work, "loyalty_card.link_opened", subject=f"client:{card.client_id}", card=card.number)
    return token


def by_token(session: Session, token: str) -> LoyaltyCard | None:
    """The card that a client's link belongs to."""
    return session.scalars(select(LoyaltyCard).where(LoyaltyCard.token_hash == hashed(token))).first()


def hashed(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def review(work: Work) -> list[dict[str, Any]]:
    """Work out tier and discount of every active card anew (quarterly), prolong what still holds.

    A card of a client that no longer reaches the lowest tier keeps its number and loses its discount. Returns what
    changed: {card, client, before, after, tier}.
    """
    on = deals.today(work)
    months = int(programme(work.env)["eligibility"]["period_months"])
    cards = work.session.scalars(select(LoyaltyCard).where(LoyaltyCard.status == ACTIVE).order_by(LoyaltyCard.id))
    changed: list[dict[str, Any]] = []
    for card in cards.all():
        sum = purchases_of(work.session, card.client_id, months_before(on, months), on).sum
        before = (card.tier, Decimal(card.discount))
        if card.instrument in {"tiers", "progressive"}:
            card.tier = tier_of(work.env, sum) if card.instrument == "tiers" else card.tier
            card.discount = discount_for(work.env, card.instrument, sum)
        card.valid_until = _last_day(on, int(programme(work.env)["valid_months"]))
        after = (card.tier, Decimal(card.discount))
        if before != after:
            client = clients.find(work.session, card.client_id)
            changed.append({
                "card": card.number, "client_id": client.id, "client": client.name, "before": before[1],
                "after": after[1], "tier": after[0], "sum": sum,
            })  # fmt: skip
            audit.record(
                work, "loyalty_card.reviewed", subject=f"client:{client.id}", card=card.number,
                tier=[before[0], after[0]], discount=[before[1], after[1]], purchases=sum,
            )  # fmt: skip
    return changed


def _short_of(rules: Mapping[str, Any], client: Client, bought: Purchases) -> list[str]:
    short = []
    if client.stop_list:
        short.append("Клиент в стоп-листе.")
    if client.state not in rules["states"]:
        short.append("Клиент не относится к постоянным или восстановленным.")
    if bought.sum < rules["sum"] and client.abc not in rules["classes"]:
        short.append(f"Покупок на {money(bought.sum)} руб. за период — меньше {money(Decimal(rules['sum']))} руб.")
    if bought.count < rules["purchases"]:
        short.append(f"Покупок за период: {bought.count}, нужно не меньше {rules['purchases']}.")
    if bought.products < rules["products"]:
        short.append(f"Куплено продуктов: {bought.products}, нужно не меньше {rules['products']}.")
    return short


def _unsatisfied(session: Session, rules: Mapping[str, Any], client_id: int) -> Sequence[str]:
    last = session.scalar(
        select(Survey.minimum)
        .where(Survey.client_id == client_id, Survey.status == "answered", Survey.minimum.is_not(None))
        .order_by(Survey.answered_at.desc())
        .limit(1)
    )
    if last is None or last >= rules["satisfaction"]:
        return ()
    return (f"Последняя оценка клиента — {last}: сначала разберитесь, чем он недоволен.",)


def _step(rows: Sequence[Mapping[str, Any]], sum: Decimal) -> Decimal:
    fitting = [row for row in rows if sum >= row["from"]]
    return Decimal(str(max(fitting, key=lambda row: row["from"])["discount"])) if fitting else Decimal(0)


def _last_day(on: date, months: int) -> date:
    return months_before(on, -months)

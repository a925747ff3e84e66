"""Verbs on deals: open, fill with lines, bring to a milestone. Money and the end are in payments and closing."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import access, audit, pauses, searching
from engine.crm import amounts, clients, sale_kinds, stages
from engine.crm.schedule import respread
from engine.documents.issue import next_number
from engine.documents.money import kopecks
from engine.errors import Invalid, NotFound, Text, WrongState, text
from engine.models import Campaign, Deal, DealLine, MilestoneReached, Product, Source, User
from engine.work import Work

INITIATIVES = ("company", "client")
CYCLES = ("long", "short")
SALE_KINDS = ("first", "repeat", "first_new_product", "repeat_new_product")
NUMBER = {"number": "D-{yyyy}-{n:04d}"}
OFFICE = "main"
MAX_LINES = 200
LONGEST_NEED = 2000
KNOWN: Mapping[str, tuple[str, ...]] = {  # of a deal's prospects: what may be chosen, or nothing for free text
    "money": ("confirmed", "expected", "none"), "decides": (), "rival": (), "risk": ("low", "medium", "high"),
    "risk_note": (),
}  # fmt: skip
BIGGEST = Decimal("9999999999.99")


def find(session: Session, deal_id: int) -> Deal:
    """Raises NotFound."""
    deal = session.get(Deal, deal_id)
    if deal is None:
        raise NotFound("There is no deal {id}.", id=deal_id)
    return deal


def find_open(session: Session, deal_id: int) -> Deal:
    """A deal that may still be changed. Raises NotFound, WrongState."""
    deal = find(session, deal_id)
    if deal.status != "open":
        raise WrongState("The deal {number} is closed.", number=deal.number)
    return deal


def today(work: Work) -> date:
    """The day in the main office."""
    calendar = (getattr(work.env, "calendars", None) or {}).get(OFFICE)
    return work.now.astimezone(calendar.zone if calendar is not None else UTC).date()


def open_deal(
    work: Work, client_id: int, title: str, *, contact_id: int | None = None, owner_id: int | None = None,
    initiative: str = "company", cycle: str = "long", sale_kind: str | None = None, milestone: str = "M0",
    vat_mode: str | None = None, source_id: int | None = None, campaign_id: int | None = None, need: str | None = None,
    caused_by_id: int | None = None, product_ids: Iterable[int] = (),
) -> Deal:  # fmt: skip
    """Open a deal with the next number of the year (D-2026-0001; no gaps: a rollback gives the number back).

    The owner is the client's manager unless told otherwise, then whoever opens it. ``source_id``, ``campaign_id``,
    ``caused_by_id``: where it comes from (R237, R249). The kind of sale follows from what the client has bought and
    ``product_ids`` (R067). Raises Forbidden, NotFound, Invalid.
    """
    access.require(work, "deal.open")
    client = clients.find(work.session, client_id)
    sale_kind = sale_kind or sale_kinds.of(work.session, client_id, product_ids)
    faults = _wrong_choice(
        initiative=(initiative, INITIATIVES), cycle=(cycle, CYCLES), sale_kind=(sale_kind, SALE_KINDS)
    )
    if not title.strip():
        faults["title"] = text("Say what the deal is about.")
    if contact_id is not None and contact_id not in {contact.id for contact in client.contacts}:
        faults["contact_id"] = text("Choose a contact of this client.")
    faults |= _wrong_origin(work.session, source_id, campaign_id, caused_by_id)
    if faults:
        raise Invalid("The deal cannot be opened yet.", fields=faults)
    stages.position(milestone)
    company = work.env.settings.get("company") or {}
    deal = Deal(
        number=next_number(work, "deal", today(work), NUMBER), title=title.strip(), client_id=client.id,
        contact_id=contact_id, owner_id=owner_id or client.owner_id or work.actor.user_id, initiative=initiative,
        cycle=cycle, sale_kind=sale_kind, milestone=milestone, milestone_at=work.now, status="open",
        vat_mode=vat_mode or str(company.get("vat_mode") or "none"), discount=Decimal(0), created_at=work.now,
        lines=[], payments=[], source_id=source_id, campaign_id=campaign_id, caused_by_id=caused_by_id,
        need=(need or "").strip()[:LONGEST_NEED] or None,
    )  # fmt: skip
    amounts.rate_of(deal.vat_mode, work.env, today(work))
    work.session.add(deal)
    work.session.flush()
    work.session.add(MilestoneReached(deal_id=deal.id, milestone=milestone, at=work.now))
    audit.record(
        work, "deal.opened", subject=f"deal:{deal.id}", number=deal.number, client_id=client.id, milestone=milestone,
        sale_kind=sale_kind, source_id=source_id, campaign_id=campaign_id, caused_by_id=caused_by_id,
    )  # fmt: skip
    return deal


def set_lines(
    work: Work, deal_id: int, lines: Iterable[Mapping[str, Any]], discount: Any = None, *, overpaid: bool = False
) -> amounts.Amounts:
    """Replace the lines and, if given, the discount (per cent); the payment schedule follows the new total. It may fall
    below what has come in only if ``overpaid``: the rest is then to be returned.

    A line: ``name`` or ``product_id``, ``quantity``, ``price`` (VAT included; a product brings its own), ``unit``.
    Raises Forbidden, NotFound, WrongState, Invalid by line (``lines[0].price``).
    """
    deal = find_open(work.session, deal_id)
    access.require(work, "deal.change", deal)
    rows = list(lines)
    faults: dict[str, Text] = {}
    if not rows or len(rows) > MAX_LINES:
        faults["lines"] = text("A deal has from one to {limit} lines.", limit=MAX_LINES)
    made = [_line(work.session, row, no, faults) for no, row in enumerate(rows[:MAX_LINES], 1)]
    percent = deal.discount if discount is None else _decimal(discount)
    if percent is None or not 0 <= percent <= 100 or percent != round(percent, 2):
        faults["discount"] = text("A discount is from 0 to 100 per cent.")
    if faults:
        raise Invalid("The lines of the deal cannot be saved yet.", fields=faults)
    before = amounts.of(deal, work.env, today(work)).total
    deal.lines[:] = [line for line in made if line is not None]
    deal.discount = percent or Decimal(0)
    sums = amounts.of(deal, work.env, today(work))
    if sums.total > BIGGEST:
        raise Invalid("The total of the deal is too large.")
    deal.worth = sums.total
    respread(deal, sums.total, overpaid=overpaid)
    work.session.flush()
    sale_kinds.renew(work, deal)
    audit.record(
        work, "deal.lines_set", subject=f"deal:{deal.id}", total=[before, sums.total], discount=deal.discount,
        lines=[{"name": line.name, "quantity": line.quantity, "price": line.price} for line in deal.lines],
    )  # fmt: skip
    searching.renew_deal(work, deal.id)
    return sums


def reach(work: Work, deal_id: int, milestone: str) -> bool:
    """Bring a deal to a milestone; a milestone behind it changes nothing. True when the deal moved on.

    M9 and MX are reached by closing only. Raises Forbidden, NotFound, WrongState, Invalid.
    """
    deal = find_open(work.session, deal_id)
    access.require(work, "deal.change", deal)
    if milestone in {"M9", stages.LOST}:
        raise Invalid("A deal reaches {milestone} when it is closed.", milestone=milestone)
    if stages.position(milestone) <= stages.position(deal.milestone):
        return False
    move(work, deal, milestone)
    return True


def move(work: Work, deal: Deal, milestone: str) -> None:
    """Write a milestone down, once and for all. A next step whose day has come is thereby done."""
    before, since = deal.milestone, deal.milestone_at
    deal.milestone, deal.milestone_at = milestone, work.now
    if deal.next_step_on is not None and deal.next_step_on <= today(work):
        deal.next_step = deal.next_step_on = None
    line = MilestoneReached(deal_id=deal.id, milestone=milestone, at=work.now, came_from=before, came_at=since)
    work.session.add(line)
    pauses.stir(work, deal.id, moved_on=True)
    audit.record(work, "deal.milestone_reached", subject=f"deal:{deal.id}", milestone=[before, milestone])


def set_next_step(work: Work, deal_id: int, what: str, on: date) -> None:
    """What is done next for this deal, and on which day (R041). Raises Forbidden, NotFound, WrongState, Invalid."""
    deal = find_open(work.session, deal_id)
    access.require(work, "deal.change", deal)
    if not what.strip():
        raise Invalid("Say what is done next.", fields={"what": text("Say what is done next.")})
    before = [deal.next_step, deal.next_step_on]
    after = [what.strip()[: clients.LONGEST], on]
    if before != after:
        deal.next_step, deal.next_step_on = what.strip()[: clients.LONGEST], on
        audit.record(work, "deal.next_step_set", subject=f"deal:{deal.id}", next_step=[before, after])


def set_prospects(
    work: Work, deal_id: int, *, probability: int, need: str | None = None, expected_on: date | None = None,
    known: Mapping[str, Any] | None = None,
) -> Decimal:  # fmt: skip
    """The chance to win in per cent, the need, the day the sale is expected, what else is ``known``: money, decides,
    rival, risk, risk_note (R215). Returns the forecast: the total multiplied by the chance. Raises Forbidden, NotFound,
    WrongState, Invalid."""
    deal = find_open(work.session, deal_id)
    deal.need = (need or "").strip()[:LONGEST_NEED] or deal.need
    judge(work, deal_id, probability, expected_on or deal.expected_on, {**(deal.prospects or {}), **(known or {})})
    return kopecks(amounts.of(deal, work.env, today(work)).total * probability / 100)


def judge(
    work: Work, deal_id: int, probability: int | None, expected_on: date | None, known: Mapping[str, Any]
) -> None:
    """Replace what is thought of a deal: what is not given is not known any more. Raises Forbidden, NotFound,
    WrongState, Invalid by field."""
    deal = find_open(work.session, deal_id)
    access.require(work, "deal.change", deal)
    kept = {name: str(known[name]).strip()[: clients.LONGEST] for name in KNOWN if known.get(name)}
    faults = {
        name: text("Choose from the list") for name, allowed in KNOWN.items() if allowed and kept.get(name, "") not in
        ("", *allowed)
    }  # fmt: skip
    if probability is not None and not 0 <= probability <= 100:
        faults["probability"] = text("From 0 to 100.")
    if faults:
        raise Invalid("A chance is from 0 to 100 per cent." if "probability" in faults else "Choose from the list",
                      fields=faults)  # fmt: skip
    before = deal.probability, deal.expected_on
    deal.probability, deal.expected_on, deal.prospects = probability, expected_on, kept or None
    audit.record(
        work, "deal.prospects_set", subject=f"deal:{deal.id}", probability=[before[0], probability],
        expected_on=[before[1], expected_on], money=kept.get("money"), risk=kept.get("risk"),
    )  # fmt: skip


def set_owner(work: Work, deal_id: int, user_id: int) -> None:
    """Give a deal to another manager. Raises Forbidden, NotFound, WrongState."""
    deal = find_open(work.session, deal_id)
    access.require(work, "deal.give", deal)
    if work.session.get(User, user_id) is None:
        raise NotFound("There is no person {id}.", id=user_id)
    if deal.owner_id != user_id:
        audit.record(work, "deal.owner_set", subject=f"deal:{deal.id}", owner=[deal.owner_id, user_id])
        deal.owner_id = user_id


def set_contact(work: Work, deal_id: int, contact_id: int) -> None:
    """Choose the person at the client with whom the deal is talked over. Raises Forbidden, NotFound, WrongState,
    Invalid."""
    deal = find_open(work.session, deal_id)
    access.require(work, "deal.change", deal)
    if contact_id not in {contact.id for contact in clients.find(work.session, deal.client_id).contacts}:
        raise Invalid("Choose a contact of this client.")
    if deal.contact_id != contact_id:
        audit.record(work, "deal.contact_set", subject=f"deal:{deal.id}", contact=[deal.contact_id, contact_id])
        deal.contact_id = contact_id
        searching.renew_deal(work, deal.id)


def _line(session: Session, row: Mapping[str, Any], no: int, faults: dict[str, Text]) -> DealLine | None:
    place = f"lines[{no - 1}]"
    product_id = row.get("product_id")
    product = session.get(Product, int(product_id)) if product_id not in (None, "") else _named(session, row)
    if product is None and product_id not in (None, ""):
        faults[f"{place}.product_id"] = text("Choose a product of the list.")
    name = str(row.get("name") or (product.name if product else "")).strip()
    quantity = _decimal(row.get("quantity", 1))
    price = _decimal(row["price"]) if row.get("price") not in (None, "") else (product.price if product else None)
    if not name or len(name) > clients.LONGEST:
        faults[f"{place}.name"] = text("Say what is sold in this line.")
    if quantity is None or not 0 < quantity <= 1_000_000 or quantity != round(quantity, 3):
        faults[f"{place}.quantity"] = text("Enter a quantity above zero, with at most three digits after the comma.")
    if price is None or not 0 <= price <= BIGGEST or price != round(price, 2):
        faults[f"{place}.price"] = text("Enter a price in roubles and kopecks.")
    if any(key.startswith(place + ".") for key in faults) or quantity is None or price is None:
        return None
    unit = str(row.get("unit") or (product.unit if product else "усл.")).strip()
    return DealLine(
        no=no, product_id=product.id if product else None, name=name, unit=unit, quantity=quantity, price=price
    )


def _named(session: Session, row: Mapping[str, Any]) -> Product | None:
    """A line typed by hand with the very name of a product is a line of that product."""
    return session.scalar(select(Product).where(Product.name == str(row.get("name") or "").strip()).limit(1))


def _wrong_origin(
    session: Session, source_id: int | None, campaign_id: int | None, caused_by_id: int | None
) -> dict[str, Text]:
    given = {"source_id": (Source, source_id), "campaign_id": (Campaign, campaign_id),
             "caused_by_id": (Deal, caused_by_id)}  # fmt: skip
    return {
        name: text("Choose from the list")
        for name, (model, number) in given.items()
        if number is not None and session.get(model, number) is None
    }


def _decimal(value: Any) -> Decimal | None:
    if isinstance(value, bool) or value is None:
        return None
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def _wrong_choice(**choices: tuple[str, tuple[str, ...]]) -> dict[str, Text]:
    return {
        name: text("Choose one of: {choices}.", choices=", ".join(allowed))
        for name, (value, allowed) in choices.items()
        if value not in allowed
    }

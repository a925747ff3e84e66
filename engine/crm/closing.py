"""The end of a deal: what still stands in its way, why it was lost, and when the client is next spoken to."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import access, audit
from engine.crm import amounts, clients, deals, followup, next_contacts, stages
from engine.documents.money import money
from engine.errors import Invalid, Text, text
from engine.models import Client, ClientProduct, Competitor, Deal, Document, Product
from engine.vocabulary import DocumentStatus
from engine.work import Work

TO_BE_SIGNED = ("contract", "act", "upd")
ACTS = ("act", "upd")  # an UPD is act and VAT invoice in one
ENDED = (DocumentStatus.SIGNED, DocumentStatus.SUPERSEDED, DocumentStatus.CANCELLED)
NEEDS_COMMENT = "other"
NEEDS_COMPETITOR = "competitor"
POSTPONED = "timing"
NOT_OFFERED = "scope"
NO_WORD_ON_PRODUCT = {POSTPONED, "duplicate", "lost_contact", "internal", "illegal_contact"}
OUTCOMES = ("won", "lost", "postponed")


@dataclass(frozen=True)
class Gap:
    """What is missing before a deal may be closed as won. ``label`` is Russian, for forms and documents."""

    code: str
    text: Text
    label: str


def check_closing(session: Session, env: Any, deal_id: int, on: date) -> list[Gap]:
    """What keeps a deal from being closed as won: lines, money, signatures, the act. Empty: nothing."""
    deal = deals.find(session, deal_id)
    total = amounts.of(deal, env, on).total
    balance = total - amounts.paid(session, deal.id)
    gaps: list[Gap] = []
    if not deal.lines:
        gaps.append(Gap("no_lines", text("The deal has no lines."), "В сделке нет ни одной позиции."))
    if balance > 0:
        sentence = text("{sum} roubles are not paid yet.", sum=money(balance))
        gaps.append(Gap("unpaid", sentence, f"Не оплачено {money(balance)} руб."))
    elif balance < 0:
        sentence = text("The client has paid {sum} roubles too much: return or offset them.", sum=money(-balance))
        gaps.append(Gap("overpaid", sentence, f"Переплата {money(-balance)} руб.: вернуть или зачесть."))
    return gaps + _unsigned(session, deal)


def _unsigned(session: Session, deal: Deal) -> list[Gap]:
    rows = session.scalars(
        select(Document).where(Document.deal_id == deal.id, Document.kind.in_(TO_BE_SIGNED)).order_by(Document.id)
    ).all()
    gaps = [
        Gap(
            "unsigned",
            text("{title} No {number} is not signed.", title=row.title, number=row.number),
            f"Не подписан документ «{row.title}» № {row.number}.",
        )
        for row in rows
        if row.status not in ENDED
    ]
    if not any(row.kind in ACTS and row.status == DocumentStatus.SIGNED for row in rows) and not any(
        row.kind in ACTS and row.status not in ENDED for row in rows
    ):
        gaps.append(Gap("no_act", text("There is no signed act."), "Нет подписанного акта."))
    return gaps


def refuse(
    work: Work, deal_id: int, category: str, comment: str = "", *, competitor: str = "", stage: str = ""
) -> dict[str, Any]:
    """Write down why the deal was lost and at which milestone (R065). The deal stays open until it is closed.

    ``category``: a key of settings/refusals.yaml. Raises Forbidden, NotFound, WrongState, Invalid.
    """
    deal = deals.find_open(work.session, deal_id)
    access.require(work, "deal.refuse", deal)
    refusal = _refusal(work, deal, {"category": category, "comment": comment, "competitor": competitor, "stage": stage})
    deal.refusal = refusal
    audit.record(work, "deal.refused", subject=f"deal:{deal.id}", **refusal)
    return refusal


def close(
    work: Work, deal_id: int, outcome: str, *, refusal: Mapping[str, Any] | None = None,
    next_contact: Mapping[str, Any] | None = None,
) -> Deal:  # fmt: skip
    """Close a deal as ``won``, ``lost`` or ``postponed`` (lost for now: wrong time, next contact agreed).

    A lost deal has a reason and a stage (R065); a client is never left without the day, purpose and product of the
    next contact unless he is on the stop list (R137). Raises Forbidden, NotFound, WrongState, Invalid naming what is
    missing.
    """
    deal = deals.find_open(work.session, deal_id)
    access.require(work, "deal.change", deal)
    if outcome not in OUTCOMES:
        raise Invalid("A deal is closed as won, lost or postponed.")
    if outcome == "postponed":
        outcome, refusal = "lost", refusal or {"category": POSTPONED}
    client = clients.find(work.session, deal.client_id)
    if outcome == "won":
        gaps = check_closing(work.session, work.env, deal.id, deals.today(work))
        if gaps:
            fields = {f"gap{no}": gap.text for no, gap in enumerate(gaps, 1)}
            raise Invalid("The deal cannot be closed as won yet: {count} gaps.", fields=fields, count=len(gaps))
    elif refusal:
        deal.refusal = _refusal(work, deal, refusal)
    elif not deal.refusal:
        raise Invalid("A lost deal has a reason and a stage. Say why it was lost.")
    contact = _next_contact(work, next_contact)
    if contact is None and not client.stop_list:
        raise Invalid("Agree on the next contact: its day, purpose and product; or put the client on the stop list.")
    deal.next_contact = contact
    if contact is not None:
        _keep_in_touch(work, client, contact)
    deal.status, deal.closed_at = outcome, work.now
    if outcome == "lost":
        _count_refusal(work, deal)
    _note_products(work, deal)
    deals.move(work, deal, "M9" if outcome == "won" else stages.LOST)
    audit.record(
        work, "deal.closed", subject=f"deal:{deal.id}", outcome=outcome, refusal=deal.refusal, next_contact=contact
    )
    return deal


def _count_refusal(work: Work, deal: Deal) -> None:
    """The refusal once more as columns, so that it can be counted (R058, R065); the competitor by its name (R254)."""
    refusal = deal.refusal or {}
    deal.refusal_category = refusal.get("category")
    if deal.refusal_category == NOT_OFFERED:  # what we do not do is a need for a new direction (R038)
        followup.note_need(work, deal.client_id, refusal.get("comment") or deal.need or deal.title, deal_id=deal.id)
    deal.refusal_milestone = deal.milestone
    if refusal.get("competitor"):
        deal.competitor_id = find_competitor(work, str(refusal["competitor"])).id


def find_competitor(work: Work, name: str) -> Competitor:
    """The competitor of this name, entered now if nobody has named it before."""
    wanted = " ".join(name.split())
    folded = wanted.casefold()
    rows = work.session.scalars(select(Competitor)).all()
    found = next((row for row in rows if row.name.casefold() == folded), None)
    if found is None:
        found = Competitor(name=wanted)
        work.session.add(found)
        work.session.flush()
        audit.record(work, "competitor.created", subject=f"competitor:{found.id}", name=wanted)
    return found


def _note_products(work: Work, deal: Deal) -> None:
    """How the client stands with the products of the deal: used from today, or refused today and why (R040)."""
    category = deal.refusal_category
    if deal.status == "lost" and category in NO_WORD_ON_PRODUCT:
        return
    today = deals.today(work)
    for product_id in sorted({line.product_id for line in deal.lines if line.product_id is not None}):
        row = work.session.get(ClientProduct, (deal.client_id, product_id))
        if row is None:
            row = ClientProduct(client_id=deal.client_id, product_id=product_id)
            work.session.add(row)
        if deal.status == "won":
            row.used_since, row.refused_on, row.refusal_category = row.used_since or today, None, None
        else:
            row.refused_on, row.refusal_category = today, category
        event = "client_product.used" if deal.status == "won" else "client_product.refused"
        audit.record(work, event, subject=f"client:{deal.client_id}", product_id=product_id, category=category)


def _keep_in_touch(work: Work, client: Client, contact: Mapping[str, Any]) -> None:
    """The client's next contact: its day, purpose and product (R137)."""
    product = contact["product"]
    by_name = select(Product.id).where(Product.name == str(product)).limit(1)
    product_id = product if isinstance(product, int) else work.session.scalar(by_name)
    next_contacts.set(work, client.id, date.fromisoformat(contact["date"]), contact["purpose"], product_id)


def _refusal(work: Work, deal: Deal, given: Mapping[str, Any]) -> dict[str, Any]:
    category = str(given.get("category") or "").strip()
    comment = str(given.get("comment") or "").strip()[:2000]
    competitor = str(given.get("competitor") or "").strip()[:200]
    stage = str(given.get("stage") or "").strip() or deal.milestone
    known = _categories(work.env.settings.get("refusals"))
    if not category or (known and category not in known):
        raise Invalid("Choose why the deal was lost.")
    if category == NEEDS_COMMENT and not comment:
        raise Invalid("Say in your own words why the deal was lost.")
    if category == NEEDS_COMPETITOR and not competitor:
        raise Invalid("Name the competitor the client has chosen.")
    lesson = str(given.get("lesson") or "").strip()[:2000]
    found = {"category": category, "comment": comment, "competitor": competitor or None, "stage": stage}
    return found | ({"lesson": lesson} if lesson else {})


def _categories(settings: Any) -> set[str]:
    """Keys of the refusal categories, however the file groups them."""
    found = settings.get("categories", settings) if isinstance(settings, Mapping) else settings
    if isinstance(found, Mapping):
        return {str(key) for key in found}
    rows = found if isinstance(found, list) else []
    return {str(row.get("key") or row.get("value")) for row in rows if isinstance(row, Mapping)}


def _next_contact(work: Work, given: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if not given or not any(given.get(name) for name in ("date", "purpose", "product")):
        return None
    day, purpose, product = given.get("date"), str(given.get("purpose") or "").strip(), given.get("product")
    try:
        found = day if isinstance(day, date) else date.fromisoformat(str(day))
    except ValueError:
        raise Invalid("Agree on the day of the next contact.") from None
    if found < deals.today(work):
        raise Invalid("The day of the next contact is today or later.")
    if not purpose or product in (None, ""):
        raise Invalid("Say the purpose of the next contact and the product to offer.")
    kept = int(product) if isinstance(product, Decimal) else product
    return {"date": found.isoformat(), "purpose": purpose[:500], "product": kept}

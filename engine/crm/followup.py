"""The next contact between sales: what to offer, when, with which words; and what came of the talk (R021, R131-R137).

Nothing ends without a next contact: whoever writes down a result agrees on the next day here (PAT-4), unless the client
is on the stop list or is not developed.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from engine import audit, thrown
from engine.crm import clients, contacts, deals, development, next_contacts, periods
from engine.errors import Invalid, NotFound, text
from engine.models import Client, ClientProduct, Contact, Interest, ProcessInstance, Product, Settlement
from engine.vocabulary import InstanceStatus
from engine.work import Work

PROCEDURE = "client_development"
MESSAGE = "next_contact"
EXISTING = ("new", "regular", "restored", "lost")
LONGEST = 500


@dataclass(frozen=True)
class Plan:
    """What was agreed or reckoned. ``ideal``: the client has all that is meant for it: only support contacts (R021).
    ``periodic``: a service is due again (R334)."""

    on: date
    purpose: str
    product: Product | None
    ideal: bool = False
    periodic: bool = False


def is_over(client: Client) -> bool:
    """Is this client approached no more: on the stop list, not developed, or merged into another?"""
    return client.stop_list or not client.target or client.merged_into_id is not None


def plan(work: Work, client_id: int, agreed: Mapping[str, Any] | None = None) -> Plan:
    """Fix the next contact: as agreed, else by the matrix and the interval of the client's kind (CP-08, CP-22).

    Raises NotFound, Invalid.
    """
    client = clients.find(work.session, client_id)
    found = reckon(work, client, agreed or {})
    next_contacts.set(work, client.id, found.on, found.purpose, found.product.id if found.product else None)
    return found


def reckon(work: Work, client: Client, agreed: Mapping[str, Any]) -> Plan:
    """The same without writing it down."""
    today = deals.today(work)
    targets = development.targets(work.session, client)
    following, ideal = _offer(work, targets), is_ideal(targets)
    on = max(_day(agreed.get("date")) or today + timedelta(days=interval(work.env, client)), today)
    purpose = str(agreed.get("purpose") or "").strip()[:LONGEST]
    product = named(work.session, agreed.get("product"))
    due = None if agreed.get("date") else due_again(work.session, client)
    if due is not None and due[1] - timedelta(days=int(_setting(work.env, "horizon_days", 14))) <= on:
        product, on = due[0], max(today, due[1] - timedelta(days=int(_setting(work.env, "horizon_days", 14))))
        said = purpose or f"Напомнить: {product.name} — снова пора {due[1]:%d.%m.%Y}"
        return Plan(on, said[:LONGEST], product, ideal, periodic=True)
    product = product or following
    if not purpose:
        purpose = f"Предложить: {product.name}" if product is not None else (
            "Поддержать отношения: у клиента есть всё, что для него предназначено" if ideal else "Узнать потребности"
        )  # fmt: skip
    return Plan(on, purpose[:LONGEST], product, ideal)


def interval(env: Any, client: Client) -> int:
    """Calendar days between contacts when nothing was agreed (CP-08)."""
    kind = "class_a" if client.abc == "A" else "existing" if client.state in EXISTING else "potential"
    return int(_setting(env, "intervals", {}).get(kind, 61))


def is_ideal(targets: list[development.Target]) -> bool:
    """Does the client use everything that is meant for it?"""
    return bool(targets) and all(target.state == development.USED for target in targets)


def due_again(session: Session, client: Client) -> tuple[Product, date] | None:
    """The periodic service that is due soonest: a product with a period that the client has bought (R334)."""
    last: dict[int, date] = {}
    paid = (
        select(Settlement.product_id, func.max(Settlement.dated))
        .where(Settlement.client_id == client.id, Settlement.product_id.is_not(None), Settlement.sum > 0)
        .group_by(Settlement.product_id)
    )
    used = select(ClientProduct.product_id, ClientProduct.used_since).where(
        ClientProduct.client_id == client.id, ClientProduct.used_since.is_not(None)
    )
    for product_id, day in (*session.execute(used), *session.execute(paid)):
        last[product_id] = max(last.get(product_id, day), day)
    periodic = session.scalars(
        select(Product).where(
            Product.id.in_(last), Product.every_months.is_not(None), Product.withdrawn_on.is_(None)
        )
    )  # fmt: skip
    found = [(product, periods.add_months(last[product.id], product.every_months or 0)) for product in periodic]
    return min(found, key=lambda pair: pair[1], default=None)


def script(env: Any, session: Session, product: Product | None, *, ideal: bool = False) -> dict[str, Any]:
    """What to say: opening, questions, offer, by the direction of the product (R253: also for lost clients)."""
    known = env.settings.get("scripts") or {}
    direction = session.get(Product, product.direction_id) if product is not None and product.direction_id else product
    own = (known.get("directions") or {}).get(direction.code if direction is not None else "", {})
    base = known.get("support" if ideal and product is None else "default") or {}
    said: dict[str, Any] = {"opening": "", "questions": [], "offer": ""} | base | own
    return said


def refuse_product(work: Work, client_id: int, product_id: int, category: str, comment: str = "") -> None:
    """The client does not want this product now and says why (R040). Raises NotFound, Invalid."""
    clients.find(work.session, client_id)
    if not category:
        raise Invalid("Choose why the client does not want it.")
    if work.session.get(Product, product_id) is None:
        raise NotFound("There is no product {id}.", id=product_id)
    row = work.session.get(ClientProduct, (client_id, product_id))
    if row is None:
        row = ClientProduct(client_id=client_id, product_id=product_id)
        work.session.add(row)
    row.refused_on, row.refusal_category, row.note = deals.today(work), category, comment.strip() or None
    audit.record(
        work, "client_product.refused", subject=f"client:{client_id}", product_id=product_id, category=category
    )


def note_need(
    work: Work, client_id: int, need: str, product_id: int | None = None, *, deal_id: int | None = None
) -> Interest:
    """A need the client named (R214, R038). Raises NotFound, Invalid."""
    client = clients.find(work.session, client_id)
    if not need.strip():
        raise Invalid("Say what the client needs.", {"contact_need": text("Say what the client needs.")})
    row = Interest(
        client_id=client.id, deal_id=deal_id, product_id=product_id, need=need.strip()[:2000], at=work.now
    )
    work.session.add(row)
    work.session.flush()
    audit.record(work, "interest.noted", subject=f"client:{client.id}", interest_id=row.id, product_id=product_id)
    return row


def change_contact(work: Work, contact_id: int, **values: Any) -> Contact:
    """New particulars of the person we speak to; what is not told stays (R287). Raises NotFound, Invalid."""
    told = {name: value for name, value in values.items() if value}
    return contacts.change(work, contact_id, **told) if told else contacts.find(work.session, contact_id)


def let_go(work: Work, client_id: int | None = None) -> int:
    """The development of clients who are approached no more comes to its end: of one client, or of all such. It is told
    by the message it listens to, and sees by itself that there is nothing left to do. How many there were."""
    query = (
        select(ProcessInstance.client_id)
        .join(Client, Client.id == ProcessInstance.client_id)
        .where(
            ProcessInstance.key == PROCEDURE, ProcessInstance.status == InstanceStatus.ACTIVE,
            or_(Client.stop_list, Client.target.is_(False), Client.merged_into_id.is_not(None)),
        )
    )  # fmt: skip
    if client_id is not None:
        query = query.where(ProcessInstance.client_id == client_id)
    found = sorted({int(one) for one in work.session.scalars(query) if one is not None})
    for one in found:
        payload = {"client_id": one, "deal_id": None, "next_contact": None}
        thrown.enqueue(work, MESSAGE, str(one), payload, thrown.PATIENCE)
    return len(found)


def named(session: Session, product: Any) -> Product | None:
    """A product by its id or its name."""
    if product in (None, ""):
        return None
    if isinstance(product, str) and not product.isdigit():
        return session.scalar(select(Product).where(Product.name == product).limit(1))
    return session.get(Product, int(product))


def _offer(work: Work, targets: list[development.Target]) -> Product | None:
    """Targets of the segment minus used, minus those on offer, minus refused lately; in the order of the matrix. When
    all were refused lately, the one whose refusal is the oldest: a client is never left without a product (R137)."""
    since = periods.add_months(deals.today(work), -int(_setting(work.env, "refused_months", 6)))
    refused = [target for target in targets if target.state == development.REFUSED]
    free = [
        target for target in targets
        if target.state == development.NOT_OFFERED or (target in refused and (target.since or since) <= since)
    ]  # fmt: skip
    chosen = min(free, key=lambda target: target.priority, default=None)
    if chosen is None:
        chosen = min(refused, key=lambda target: target.since or since, default=None)
    return work.session.get(Product, chosen.product_id) if chosen is not None else None


def _day(given: Any) -> date | None:
    if given in (None, ""):
        return None
    if isinstance(given, date):
        return given
    try:
        return date.fromisoformat(str(given))
    except ValueError:
        raise Invalid("Agree on the day of the next contact.") from None


def _setting(env: Any, name: str, default: Any) -> Any:
    return (env.settings.get("development") or {}).get(name, default)

"""Clients: the list with its filters, and what stands on the card of one. SELECTs only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select, union
from sqlalchemy.orm import Session, joinedload

from engine import audit, phones
from engine.models import (
    AuditEvent,
    Client,
    Complaint,
    Contact,
    ContactRecord,
    Deal,
    Document,
    LoyaltyCard,
    ProcessInstance,
    Product,
    Settlement,
    Survey,
    User,
)
from engine.queries.seen import UNSHOWN
from engine.queries.words import contain
from engine.vocabulary import InstanceStatus

PAGE = 50
RUNNING = (InstanceStatus.ACTIVE, InstanceStatus.SUSPENDED)
NONE = "none"  # the filter value for «without a segment», «without an owner»


@dataclass(frozen=True)
class Filters:
    """What the list is narrowed to; empty: everything. ``stopped``: only the stop list."""

    words: str = ""
    owner: str = ""
    segment: str = ""
    state: str = ""
    abc: str = ""
    stopped: bool = False


@dataclass(frozen=True)
class ClientRow:
    """One line of the list."""

    client: Client
    owner: User | None
    open_deals: int


@dataclass(frozen=True)
class Talk:
    """One line of the contact log with the people on both sides."""

    record: ContactRecord
    user: User | None
    contact: Contact | None
    deal: Deal | None


@dataclass(frozen=True)
class Bought:
    """What a client has paid for one product."""

    product: Product | None
    sum: Decimal
    count: int
    last: Any


def listing(
    session: Session, filters: Filters, page: int = 1, size: int = PAGE, known: int | None = None
) -> tuple[list[ClientRow], int]:
    """One page of the clients by name, and how many there are in all (``known``, if they have been counted). Doubles
    that were merged are left out."""
    where = _where(filters)
    counted = select(func.count()).select_from(Client).where(*where)
    count = known if known is not None else session.scalar(counted) or 0
    found = session.execute(
        select(Client, User).outerjoin(User, User.id == Client.owner_id).where(*where)
        .order_by(Client.name, Client.id).limit(size).offset((page - 1) * size)
    ).all()  # fmt: skip
    ids = [client.id for client, _ in found]
    open_deals = dict(
        session.execute(
            select(Deal.client_id, func.count()).where(Deal.client_id.in_(ids), Deal.status == "open")
            .group_by(Deal.client_id)
        ).all()
    )  # fmt: skip
    return [ClientRow(client, owner, open_deals.get(client.id, 0)) for client, owner in found], count


def by_state(session: Session, filters: Filters) -> dict[str, int]:
    """How many clients there are in each state, whatever state is chosen; under "" all of them."""
    where = _where(Filters(filters.words, filters.owner, filters.segment, "", filters.abc, filters.stopped))
    rows = session.execute(select(Client.state, func.count()).where(*where).group_by(Client.state)).all()
    counts = {row[0]: row[1] for row in rows}
    return {"": sum(counts.values()), **counts}


def owners(session: Session) -> list[User]:
    """The people who have clients, for the filter."""
    having = select(Client.owner_id).where(Client.owner_id.is_not(None)).distinct()
    return list(session.scalars(select(User).where(User.id.in_(having)).order_by(User.last, User.first)))


def _where(filters: Filters) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = [Client.merged_into_id.is_(None)]
    if filters.words:
        where += found_by(filters.words)
    if filters.owner:
        where.append(
            Client.owner_id.is_(None) if filters.owner == NONE else Client.owner_id == int(filters.owner)
        )
    if filters.segment:
        where.append(Client.segment.is_(None) if filters.segment == NONE else Client.segment == filters.segment)
    if filters.state:
        where.append(Client.state == filters.state)
    if filters.abc:
        where.append(Client.abc == filters.abc)
    if filters.stopped:
        where.append(Client.stop_list.is_(True))
    return where


def found_by(words: str) -> list[ColumnElement[bool]]:
    """The condition of a search: by words in the names, by INN, by phone or mail of the client or of a person there."""
    named = contain(words, Client.name, Client.full_name)
    people = select(Contact.client_id)
    by_name = people.where(*contain(words, Contact.last, Contact.first))
    found: list[ColumnElement[bool]] = [Client.id.in_(by_name)]
    if named:
        condition = named[0]
        for more in named[1:]:
            condition = condition & more
        found.append(condition)
    mail = phones.mail_key(words)
    if mail and "@" in mail:
        found += [Client.email_key == mail, Client.id.in_(people.where(Contact.email_key == mail))]
    digits = "".join(sign for sign in words if sign.isdigit())
    phone = phones.key(words) if len(digits) >= phones.SHORTEST else None
    if phone:
        found += [Client.phone_key == phone, Client.id.in_(people.where(Contact.phone_key == phone))]
    if digits and digits == words.strip():
        found += [Client.inn.like(f"{digits}%"), Client.ogrn == digits]
    return [or_(*found)]


def deals(session: Session, client_ids: Sequence[int], limit: int = 200) -> list[Deal]:
    """The deals of a client (or of a whole group), open ones first, the newest first."""
    query = select(Deal).options(joinedload(Deal.lines)).where(Deal.client_id.in_(client_ids))
    rows = list(session.scalars(query.order_by(Deal.created_at.desc(), Deal.id.desc()).limit(limit)).unique())
    return sorted(rows, key=lambda deal: deal.status != "open")


def talks(session: Session, client_id: int, limit: int, offset: int = 0) -> tuple[list[Talk], int]:
    """The contact log, the newest first, and how many lines there are."""
    query = (
        select(ContactRecord, User, Contact, Deal)
        .outerjoin(User, User.id == ContactRecord.user_id)
        .outerjoin(Contact, Contact.id == ContactRecord.contact_id)
        .outerjoin(Deal, Deal.id == ContactRecord.deal_id)
        .where(ContactRecord.client_id == client_id)
        .order_by(ContactRecord.at.desc(), ContactRecord.id.desc())
    )
    count = session.scalar(select(func.count()).where(ContactRecord.client_id == client_id)) or 0
    rows = session.execute(query.limit(limit).offset(offset)).all()
    return [Talk(record, user, contact, deal) for record, user, contact, deal in rows], count


def documents(session: Session, client_id: int, limit: int = 100) -> list[Document]:
    """Documents of the client's deals and of procedures about the client, the newest first."""
    of_deal = select(Document.id).join(Deal, Deal.id == Document.deal_id).where(Deal.client_id == client_id)
    of_instance = select(Document.id).join(ProcessInstance, ProcessInstance.id == Document.instance_id)
    ids = union(of_deal, of_instance.where(ProcessInstance.client_id == client_id))  # each by its index
    query = select(Document).where(Document.id.in_(ids))
    return list(session.scalars(query.order_by(Document.created_at.desc(), Document.id.desc()).limit(limit)))


def bought(session: Session, client_ids: Sequence[int]) -> list[Bought]:
    """What was paid by product, the largest sum first."""
    query = (
        select(Settlement.product_id, func.sum(Settlement.sum), func.count(), func.max(Settlement.dated))
        .where(Settlement.client_id.in_(client_ids))
        .group_by(Settlement.product_id)
    )
    rows = session.execute(query).all()
    products = {row.id: row for row in session.scalars(select(Product).where(Product.id.in_([r[0] for r in rows])))}
    found = [
        Bought(products.get(product or 0), Decimal(str(total)).quantize(Decimal("0.01")), count, last)
        for product, total, count, last in rows
    ]
    return sorted(found, key=lambda one: -one.sum)


def settlements(session: Session, client_ids: Sequence[int], limit: int = 100) -> list[tuple[Settlement, str | None]]:
    """The newest settlements with the name of the product."""
    query = select(Settlement, Product.name).outerjoin(Product, Product.id == Settlement.product_id)
    query = query.where(Settlement.client_id.in_(client_ids)).order_by(Settlement.dated.desc(), Settlement.id.desc())
    return [(row, name) for row, name in session.execute(query.limit(limit))]


def complaints(session: Session, client_id: int, limit: int = 100) -> list[Complaint]:
    """The complaints of a client, open ones first."""
    query = select(Complaint).where(Complaint.client_id == client_id)
    return list(
        session.scalars(
            query.order_by(Complaint.closed_at.is_not(None), Complaint.received_at.desc()).limit(limit)
        )
    )


def surveys(session: Session, client_id: int, limit: int = 100) -> list[tuple[Survey, str | None]]:
    """The surveys of a client with the name of the product they were about."""
    query = select(Survey, Product.name).outerjoin(Product, Product.id == Survey.product_id)
    return [(s, n) for s, n in session.execute(
        query.where(Survey.client_id == client_id).order_by(Survey.id.desc()).limit(limit)
    )]  # fmt: skip


def cards(session: Session, client_id: int) -> list[LoyaltyCard]:
    """The loyalty cards of a client, the active ones first."""
    query = select(LoyaltyCard).where(LoyaltyCard.client_id == client_id)
    return list(session.scalars(query.order_by(LoyaltyCard.status, LoyaltyCard.issued_on.desc())))


def running(session: Session, client_id: int) -> list[ProcessInstance]:
    """The procedures that run about the client or its deals; not those called by another."""
    runs, goes_on = select(ProcessInstance.id), ProcessInstance.status.in_(RUNNING)
    of_deal = runs.join(Deal, Deal.id == ProcessInstance.deal_id).where(Deal.client_id == client_id, goes_on)
    ids = union(of_deal, runs.where(ProcessInstance.client_id == client_id, goes_on))  # each by its index
    query = select(ProcessInstance).options(*UNSHOWN).where(ProcessInstance.id.in_(ids))
    return list(session.scalars(query.order_by(ProcessInstance.started_at.desc()).limit(50)))


def history(
    session: Session, client: Client, limit: int, offset: int = 0
) -> tuple[list[tuple[AuditEvent, User | None]], int]:
    """The log about a client, its people and its deals, the newest first, and how many lines there are."""
    of_deals = session.scalars(select(Deal.id).where(Deal.client_id == client.id))
    subjects = [f"client:{client.id}", *(f"contact:{one.id}" for one in client.contacts)]
    subjects += [f"deal:{deal_id}" for deal_id in of_deals]
    where = audit.about(*subjects)
    count = session.scalar(select(func.count()).select_from(AuditEvent).where(where)) or 0
    query = select(AuditEvent, User).outerjoin(User, User.id == AuditEvent.actor_id).where(where)
    rows = session.execute(query.order_by(AuditEvent.at.desc(), AuditEvent.id.desc()).limit(limit).offset(offset))
    return [(line, user) for line, user in rows], count

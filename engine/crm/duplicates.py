"""Who is known already: by INN, by phone, by mail, however they were typed; the people at clients included."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import phones
from engine.models import Client, Contact

INN, PHONE, MAIL = "inn", "phone", "mail"


@dataclass(frozen=True)
class Double:
    """A client that may be the same. ``by``: inn, phone or mail; ``contact``: the person there it was found by."""

    client: Client
    by: str
    contact: Contact | None = None


def by_inn(session: Session, inn: str | None, kpp: str | None = None, besides: int | None = None) -> list[Client]:
    """Clients with the same INN; with a KPP only the same branch counts, since branches share the INN."""
    if not inn:
        return []
    query = select(Client).where(Client.inn == inn, Client.id != (besides or 0), Client.merged_into_id.is_(None))
    found = list(session.scalars(query.order_by(Client.id)))
    return [client for client in found if not kpp or not client.kpp or client.kpp == kpp]


def find(
    session: Session, *, inn: str | None = None, kpp: str | None = None, phones_given: Iterable[str | None] = (),
    mails: Iterable[str | None] = (), besides: int | None = None,
) -> list[Double]:  # fmt: skip
    """Clients that may be the same as the one described, each once, by its strongest ground."""
    numbers = {key for key in map(phones.key, phones_given) if key}
    addresses = {key for key in map(phones.mail_key, mails) if key}
    found = [Double(client, INN) for client in by_inn(session, inn, kpp, besides)]
    for ground, own, theirs, keys in (
        (PHONE, Client.phone_key, Contact.phone_key, numbers),
        (MAIL, Client.email_key, Contact.email_key, addresses),
    ):
        if not keys:
            continue
        here = select(Client).where(own.in_(keys)).order_by(Client.id)
        found += [Double(client, ground) for client in session.scalars(here)]
        there = select(Contact).where(theirs.in_(keys), Contact.active).order_by(Contact.id)
        found += [Double(contact.client, ground, contact) for contact in session.scalars(there)]
    return _once(found, besides)


def groups(session: Session, limit: int = 50) -> list[tuple[str, list[Client]]]:
    """Clients of the base that look like one: lists with the same INN and KPP, the same phone, the same mail."""
    lists: list[tuple[str, list[Client]]] = []
    seen: set[frozenset[int]] = set()
    for ground, column in ((INN, Client.inn), (PHONE, Client.phone_key), (MAIL, Client.email_key)):
        twice = (
            select(column)
            .where(column.is_not(None), Client.merged_into_id.is_(None), Client.parent_id.is_(None))
            .group_by(column)
            .having(func.count() > 1)
            .order_by(column)
            .limit(limit)
        )
        for value in session.scalars(twice).all():
            alike = (column == value, Client.merged_into_id.is_(None), Client.parent_id.is_(None))
            rows = list(session.scalars(select(Client).where(*alike).order_by(Client.id)))
            if ground == INN and len({row.kpp for row in rows if row.kpp}) == len(rows):
                continue  # branches of one company, each with a KPP of its own
            ids = frozenset(row.id for row in rows)
            if ids not in seen:
                seen.add(ids)
                lists.append((ground, rows))
    return lists[:limit]


def _once(found: Iterable[Double], besides: int | None) -> list[Double]:
    kept: dict[int, Double] = {}
    for double in found:
        if double.client.id != besides and double.client.merged_into_id is None:
            kept.setdefault(double.client.id, double)
    return list(kept.values())

"""Verbs on the people at a client: changed, found right, gone. New ones: engine/crm/clients.py, add_contact."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from engine import access, audit, phones, searching
from engine.crm import clients, contact_log
from engine.errors import NotFound
from engine.models import Client, Contact
from engine.work import Work

FRESH_DAYS = 180  # after half a year nobody has checked them, contact data are asked about again (R287)


def find(session: Session, contact_id: int) -> Contact:
    """Raises NotFound."""
    contact = session.get(Contact, contact_id)
    if contact is None:
        raise NotFound("There is no contact {id}.", id=contact_id)
    return contact


def change(work: Work, contact_id: int, **values: Any) -> Contact:
    """Change what is known of a person. Whoever changes it has just found the rest right. Raises NotFound,
    Forbidden, Invalid."""
    contact = find(work.session, contact_id)
    access.require(work, "client.change", contact.client)
    given = {key: (value.strip() or None) if isinstance(value, str) else value for key, value in values.items()}
    before = {key: getattr(contact, key) for key in clients.PERSON}
    clients.refuse_person(contact.client, before | given, contact.id)
    changed = {key: [before[key], value] for key, value in given.items() if before[key] != value}
    if not changed:
        return contact
    for key in changed:
        setattr(contact, key, given[key] if given[key] is not None or key != "position" else "")
    contact.phone_key, contact.email_key = phones.key(contact.phone), phones.mail_key(contact.email)
    contact.checked_at = work.now
    audit.record(
        work, "contact.changed", subject=f"contact:{contact.id}", client_id=contact.client_id, changed=changed
    )
    if changed.keys() & {"last", "first"}:
        searching.renew_client(work, contact.client_id)
    return contact


def check(work: Work, contact_id: int) -> None:
    """What is written down about a person is right as of now (R287). Raises NotFound, Forbidden."""
    access.require(work, "client.change", find(work.session, contact_id).client)
    contact_log.confirm(work, contact_id)


def stale(session: Session, now: datetime, owner_id: int | None = None, days: int = FRESH_DAYS) -> list[Contact]:
    """People whose data nobody has checked for so many days, the longest first; of one manager's clients or of all."""
    limit = now - timedelta(days=days)
    query = (
        select(Contact)
        .join(Client, Client.id == Contact.client_id)
        .where(
            Contact.active,
            Client.merged_into_id.is_(None),
            Client.stop_list.is_(False),
            or_(Contact.checked_at < limit, Contact.checked_at.is_(None) & (Client.created_at < limit)),
        )
        .order_by(Contact.checked_at, Contact.id)
    )
    if owner_id is not None:
        query = query.where(Client.owner_id == owner_id)
    return list(session.scalars(query))


def is_stale(contact: Contact, client: Client, now: datetime, days: int = FRESH_DAYS) -> bool:
    """Whether it is time to ask if the data of this person still hold."""
    return contact.active and (contact.checked_at or client.created_at) < now - timedelta(days=days)

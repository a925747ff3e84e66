"""What a person allowed: each permission with the text he saw, the moment and the proof; withdrawn, never deleted.

Advertising by phone or mail needs a consent given before it (law 38-FZ, article 18); the consent to the processing of
personal data is a document of its own since 1 September 2025. The stop list overrules every consent.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from engine import access, audit, instances
from engine.errors import Conflict, Invalid, NotFound, Text, WrongState, text
from engine.models import Client, Consent, Contact, ProcessInstance, StoredFile
from engine.work import Work

PURPOSES = ("personal_data", "advertising", "survey")
CHANNELS = ("any", "mail", "phone", "sms")
ANY = "any"
LONGEST = 100
ASKED = ("personal_data", "advertising")  # what the procedure asks for in writing
PROCEDURE = "consent_request"


def ask(work: Work, contact_id: int) -> ProcessInstance:
    """Start the procedure that asks a person at a client for his consents in writing. Raises NotFound, Forbidden,
    WrongState (he is gone, or has given both)."""
    contact = work.session.get(Contact, contact_id)
    if contact is None:
        raise NotFound("There is no contact {id}.", id=contact_id)
    if not contact.active or all(allows(work.session, contact, one, ANY, work.now) for one in ASKED):
        raise WrongState("There is nothing to ask this person for: he is gone or has given his consents.")
    return instances.start(work, PROCEDURE, {"contact_id": contact.id}, client_id=contact.client_id)


def allows(session: Session, contact: Contact | int, purpose: str, channel: str, now: datetime) -> bool:
    """May this person be written to or called for this purpose now? The stop list says no to everything."""
    person = session.get(Contact, contact) if isinstance(contact, int) else contact
    if person is None or not person.active:
        return False
    client = session.get(Client, person.client_id)
    if client is None or client.stop_list:
        return False
    query = select(Consent.id).where(
        Consent.contact_id == person.id,
        Consent.purpose == purpose,
        Consent.channel.in_((ANY, channel)),
        Consent.given_at <= now,
        or_(Consent.withdrawn_at.is_(None), Consent.withdrawn_at > now),
    )
    return session.scalar(query.limit(1)) is not None


def of(session: Session, contact_id: int) -> list[Consent]:
    """Everything this person ever allowed, newest first."""
    query = select(Consent).where(Consent.contact_id == contact_id)
    return list(session.scalars(query.order_by(Consent.given_at.desc(), Consent.id.desc())))


def summary(session: Session, contact_ids: list[int], now: datetime) -> dict[int, list[dict[str, str]]]:
    """What holds now, by person: [{purpose, channel}]."""
    found: dict[int, list[dict[str, str]]] = {contact_id: [] for contact_id in contact_ids}
    query = select(Consent).where(
        Consent.contact_id.in_(contact_ids),
        Consent.given_at <= now,
        or_(Consent.withdrawn_at.is_(None), Consent.withdrawn_at > now),
    )
    for row in session.scalars(query.order_by(Consent.id)):
        found[row.contact_id].append({"purpose": row.purpose, "channel": row.channel})
    return found


def give(
    work: Work, contact_id: int, purpose: str, channel: str = ANY, *, text_version: str, ip: str | None = None,
    file_id: int | None = None,
) -> Consent:  # fmt: skip
    """Write down that a person allowed something: under which version of the text, from which address or by which
    signed file. Raises NotFound, Forbidden, Invalid by field, Conflict when the same consent is in force already."""
    contact = _contact(work, contact_id)
    access.require(work, "client.change", contact.client)
    faults: dict[str, Text] = {}
    if purpose not in PURPOSES:
        faults["purpose"] = text("Choose one of: {choices}.", choices=", ".join(PURPOSES))
    if channel not in CHANNELS:
        faults["channel"] = text("Choose one of: {choices}.", choices=", ".join(CHANNELS))
    if not text_version.strip() or len(text_version) > LONGEST:
        faults["text_version"] = text("Name the version of the text that was agreed to.")
    if file_id is not None and work.session.get(StoredFile, file_id) is None:
        faults["file"] = text("Choose the signed file.")
    if faults:
        raise Invalid("The consent cannot be saved yet.", fields=faults)
    held = select(Consent.id).where(
        Consent.contact_id == contact.id, Consent.purpose == purpose, Consent.channel == channel,
        Consent.withdrawn_at.is_(None),
    )  # fmt: skip
    if work.session.scalar(held.limit(1)) is not None:
        raise Conflict("This consent is in force already.")
    row = Consent(
        contact_id=contact.id, purpose=purpose, channel=channel, text_version=text_version.strip(),
        given_at=work.now, ip=ip, file_id=file_id,
    )  # fmt: skip
    work.session.add(row)
    work.session.flush()
    _audit(work, "consent.given", contact, row)
    return row


def withdraw(work: Work, consent_id: int) -> Consent:
    """Take a consent back from now on. Raises NotFound, Forbidden, WrongState."""
    row = work.session.get(Consent, consent_id)
    if row is None:
        raise NotFound("There is no consent {id}.", id=consent_id)
    contact = _contact(work, row.contact_id)
    access.require(work, "client.change", contact.client)
    if row.withdrawn_at is not None:
        raise WrongState("This consent has been withdrawn already.")
    row.withdrawn_at = work.now
    _audit(work, "consent.withdrawn", contact, row)
    return row


def withdraw_all(work: Work, contact_id: int, purpose: str) -> int:
    """Take back every consent of a person for a purpose (an «unsubscribe»). How many there were. Raises NotFound,
    Forbidden."""
    contact = _contact(work, contact_id)
    rows = [row for row in of(work.session, contact.id) if row.purpose == purpose and row.withdrawn_at is None]
    for row in rows:
        withdraw(work, row.id)
    return len(rows)


def texts(settings: Any) -> dict[str, str]:
    """Which version of the text is used now, by purpose (settings/contacts.yaml)."""
    found = (settings.get("contacts") or {}).get("consents") or {}
    return {purpose: str((found.get(purpose) or {}).get("version") or "") for purpose in PURPOSES}


def is_quiet(settings: Any, local: datetime) -> bool:
    """Whether nobody is to be called or written to at this hour (``local``: the time in the main office)."""
    hours = (settings.get("contacts") or {}).get("quiet_hours") or {}
    begin, end = str(hours.get("from") or ""), str(hours.get("until") or "")
    now = local.strftime("%H:%M")
    if not begin or not end:
        return False
    return begin <= now < end if begin < end else now >= begin or now < end


def _contact(work: Work, contact_id: int) -> Contact:
    contact = work.session.get(Contact, contact_id)
    if contact is None:
        raise NotFound("There is no contact {id}.", id=contact_id)
    return contact


def _audit(work: Work, event: str, contact: Contact, row: Consent) -> None:
    audit.record(
        work, event, subject=f"contact:{contact.id}", client_id=contact.client_id, consent_id=row.id,
        purpose=row.purpose, channel=row.channel, text_version=row.text_version,
    )  # fmt: skip

"""The contact log: every call, letter, meeting and message with a client, through whatever channel (R046, R173)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, select

from engine import audit, pauses
from engine.crm import clients
from engine.errors import Invalid, NotFound, Text, text
from engine.models import Campaign, Contact, ContactRecord, Deal
from engine.quick import with_many
from engine.rows import Prepared
from engine.work import Work

DIRECTIONS = ("in", "out")
CHANNELS = ("phone", "mail", "meeting", "web", "chat", "sms", "fax", "post")
RESULTS = ("answered", "no_answer", "later", "refused", "interested", "wrong_contact", "sent", "replied")
LONGEST = 4000
LONGEST_PURPOSE = 500
MOST_MINUTES = 24 * 60
OPEN_DEALS = Prepared(select(Deal.id).where(Deal.client_id == bindparam("client"), Deal.status == "open"))


def record(
    work: Work, client_id: int, *, channel: str, purpose: str, direction: str = "out", contact_id: int | None = None,
    deal_id: int | None = None, campaign_id: int | None = None, instance_id: int | None = None,
    user_id: int | None = None, at: datetime | None = None, result: str | None = None, note: str | None = None,
    agreed: str | None = None, minutes: int | None = None,
) -> ContactRecord:  # fmt: skip
    """Write down one contact. ``at``: now unless told; ``user_id``: who spoke, the actor unless told; ``agreed``: what
    was agreed (R297). Raises NotFound, Invalid by field."""
    client = clients.find(work.session, client_id)
    moment = at or work.now
    faults = _wrong(channel=(channel, CHANNELS), direction=(direction, DIRECTIONS), result=(result, (*RESULTS, None)))
    if not purpose.strip() or len(purpose) > LONGEST_PURPOSE:
        faults["purpose"] = text("Say what it was about.")
    if moment > work.now:
        faults["at"] = text("A contact that has not happened yet is a next contact, not a line of the log.")
    if minutes is not None and not 0 <= minutes <= MOST_MINUTES:
        faults["minutes"] = text("Enter how many minutes it took.")
    faults |= {
        name: text("The text is too long: at most {limit} characters.", limit=LONGEST)
        for name, value in (("note", note), ("agreed", agreed))
        if value and len(value) > LONGEST
    }
    if contact_id is not None and contact_id not in {contact.id for contact in with_many(client, "contacts").contacts}:
        faults["contact_id"] = text("Choose a contact of this client.")
    if faults:
        raise Invalid("The contact cannot be written down yet.", fields=faults)
    _known(work, client.id, deal_id, campaign_id)
    row = ContactRecord(
        client_id=client.id, contact_id=contact_id, deal_id=deal_id, campaign_id=campaign_id, instance_id=instance_id,
        user_id=work.actor.user_id if user_id is None else user_id, at=moment, direction=direction, channel=channel,
        purpose=purpose.strip(), result=result, note=(note or "").strip() or None,
        agreed=(agreed or "").strip() or None, minutes=minutes,
    )  # fmt: skip
    work.session.add(row)
    work.session.flush()
    audit.record(
        work, "contact.logged", subject=f"client:{client.id}", record_id=row.id, channel=channel, direction=direction,
        result=result, deal_id=deal_id,
    )  # fmt: skip
    about = [deal_id] if deal_id is not None else _open_deals(work, client.id)
    for one in about:
        pauses.stir(work, one)
    if contact_id is not None and result in {"answered", "interested", "replied", "later", "refused"}:
        confirm(work, contact_id, moment)
    return row


def confirm(work: Work, contact_id: int, at: datetime | None = None) -> None:
    """The person was reached by what is written down: his data were right then (now, unless told; R287). What is
    newer stays. Raises NotFound."""
    contact = work.session.get(Contact, contact_id)
    if contact is None:
        raise NotFound("There is no contact {id}.", id=contact_id)
    moment = at or work.now
    if contact.checked_at is not None and contact.checked_at >= moment:
        return
    contact.checked_at = moment
    audit.record(work, "contact.checked", subject=f"contact:{contact.id}", client_id=contact.client_id)


def _wrong(**choices: tuple[str | None, tuple[str | None, ...]]) -> dict[str, Text]:
    return {
        name: text("Choose one of: {choices}.", choices=", ".join(word for word in allowed if word))
        for name, (value, allowed) in choices.items()
        if value not in allowed
    }


def _open_deals(work: Work, client_id: int) -> list[int]:
    """A contact that names no deal stirs all that are under way with this client."""
    return [row[0] for row in OPEN_DEALS.see(work.session, client=client_id)]


def _known(work: Work, client_id: int, deal_id: int | None, campaign_id: int | None) -> None:
    deal = work.session.get(Deal, deal_id) if deal_id is not None else None
    if deal_id is not None and (deal is None or deal.client_id != client_id):
        raise NotFound("This client has no deal {id}.", id=deal_id)
    if campaign_id is not None and work.session.get(Campaign, campaign_id) is None:
        raise NotFound("There is no campaign {id}.", id=campaign_id)

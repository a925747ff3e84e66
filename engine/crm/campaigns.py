"""Marketing campaigns (R236-R240, R246): define, plan, run in portions, note replies, end, draw conclusions.

The list of a campaign is in campaign_lists, its figures in campaign_results. Nobody is written to twice: a recipient
once approached is never planned again, and a mail's key is its recipient.
"""
from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import access, audit, notifications, outbox
from engine.crm import clients, consents, contact_log, deals
from engine.documents.issue import next_number
from engine.errors import Invalid, NotFound, Text, WrongState, text
from engine.models import Campaign, CampaignRecipient, Client, Contact, Deal, ProcessInstance, Product
from engine.outbox import Owed
from engine.vocabulary import JobKind
from engine.work import Work

PLANNED, RUNNING, ENDED, ANALYSED, STOPPED = "planned", "running", "ended", "analysed", "stopped"
CHANNELS = ("mail", "phone")
NUMBER = {"number": "CM-{yyyy}-{n:03d}"}
REACHED = ("sent", "replied")
FREE = ("title", "aim", "offer", "channel", "segment", "product_id", "selection", "budget", "starts_on", "ends_on",
        "previous_id")  # fmt: skip


def find(session: Session, campaign_id: int) -> Campaign:
    """Raises NotFound."""
    campaign = session.get(Campaign, campaign_id)
    if campaign is None:
        raise NotFound("There is no campaign {id}.", id=campaign_id)
    return campaign


def find_planned(session: Session, campaign_id: int) -> Campaign:
    """A campaign that may still be changed. Raises NotFound, WrongState."""
    campaign = find(session, campaign_id)
    if campaign.status != PLANNED:
        raise WrongState("The campaign {number} has begun already.", number=campaign.number)
    return campaign


def recipient(session: Session, campaign_id: int, client_id: int) -> CampaignRecipient:
    """A client's line on the list. Raises NotFound."""
    query = select(CampaignRecipient).where(
        CampaignRecipient.campaign_id == campaign_id, CampaignRecipient.client_id == client_id
    )
    found = session.scalars(query).first()
    if found is None:
        raise NotFound("This client is not on the list of the campaign.")
    return found


def define(
    work: Work, values: Mapping[str, Any], campaign_id: int | None = None, instance_id: int | None = None
) -> Campaign:
    """Register a campaign, or change one that has not begun. ``values``: title, aim, channel, budget, starts_on,
    ends_on; offer, segment, product_id, selection, previous_id. Raises Forbidden, NotFound, WrongState, Invalid."""
    access.require(work, "campaign.write")
    given = {name: values.get(name) for name in FREE}
    faults = _faults(work, given)
    if faults:
        raise Invalid("The campaign cannot be saved yet.", fields=faults)
    if campaign_id is None:
        campaign = Campaign(
            number=next_number(work, "campaign", deals.today(work), NUMBER), created_at=work.now, status=PLANNED,
            owner_id=work.actor.user_id, instance_id=instance_id, cost=Decimal(0),
        )  # fmt: skip
        work.session.add(campaign)
    else:
        campaign = find_planned(work.session, campaign_id)
    for name, value in given.items():
        setattr(campaign, name, value.strip() if isinstance(value, str) else value)
    campaign.selection = given["selection"] or {}
    work.session.flush()
    audit.record(
        work, "campaign.defined", subject=f"campaign:{campaign.id}", number=campaign.number,
        **{name: value for name, value in given.items() if value not in (None, "")},
    )  # fmt: skip
    return campaign


def plan(work: Work, campaign_id: int, *, subject: str | None, body: str, budget: Decimal | None = None) -> Campaign:
    """What is said and what it may cost. A mail needs a subject, a call a script. Raises Forbidden, Invalid."""
    access.require(work, "campaign.write")
    campaign = find_planned(work.session, campaign_id)
    faults: dict[str, Text] = {}
    if campaign.channel == "mail" and not (subject or "").strip():
        faults["subject"] = text("A mail needs a subject.")
    if not body.strip():
        faults["body"] = text("Write what is said to the client.")
    if budget is not None and budget < 0:
        faults["budget"] = text("Enter a sum of nought or more.")
    if faults:
        raise Invalid("The plan cannot be saved yet.", fields=faults)
    campaign.subject, campaign.body = (subject or "").strip() or None, body.strip()
    campaign.budget = campaign.budget if budget is None else budget
    audit.record(work, "campaign.planned", subject=f"campaign:{campaign.id}", budget=campaign.budget)
    return campaign


def start(work: Work, campaign_id: int) -> Campaign:
    """From now on clients are approached. Raises NotFound, WrongState, Invalid (nothing to say)."""
    campaign = find_planned(work.session, campaign_id)
    if not campaign.body:
        raise Invalid("The campaign has no plan yet.")
    campaign.status = RUNNING
    audit.record(work, "campaign.started", subject=f"campaign:{campaign.id}", number=campaign.number)
    return campaign


def approach(work: Work, campaign_id: int, instance: ProcessInstance | None = None) -> int:
    """Write to, or begin to call, the next portion of the list; returns how many are left. A campaign that was stopped
    has nobody left. Consent is looked at once more: it may have been withdrawn since (R245)."""
    campaign = find(work.session, campaign_id)
    if campaign.status != RUNNING:
        return 0
    portion = int(work.env.setting("campaigns.portion", 50))
    query = (
        select(CampaignRecipient)
        .where(CampaignRecipient.campaign_id == campaign.id, CampaignRecipient.status == "planned")
        .order_by(CampaignRecipient.id)
    )
    rows = list(work.session.scalars(query.limit(portion + 1)))
    for row in rows[:portion]:
        contact = work.session.get(Contact, row.contact_id) if row.contact_id is not None else None
        if contact is None or not consents.allows(work.session, contact, "advertising", campaign.channel, work.now):
            row.status, row.reason = "excluded", "no_consent"
        elif campaign.channel == "mail":
            _write(work, campaign, row, contact, instance)
        else:
            _call(work, campaign, row)
    audit.record(work, "campaign.portion_sent", subject=f"campaign:{campaign.id}", count=len(rows[:portion]))
    return max(0, len(rows) - portion)


def reply(work: Work, campaign_id: int, client_id: int, *, deal_id: int | None = None, note: str = "") -> None:
    """A client answered a campaign, with a line in the contact log. Raises Forbidden, NotFound."""
    access.require(work, "campaign.reply")
    campaign = answered(work, campaign_id, client_id, deal_id=deal_id)
    contact_log.record(
        work, client_id, channel=campaign.channel, direction="in", purpose=f"Отклик на кампанию «{campaign.title}»",
        campaign_id=campaign.id, deal_id=deal_id, result="replied", note=note.strip() or None,
    )  # fmt: skip


def answered(work: Work, campaign_id: int, client_id: int, *, deal_id: int | None = None) -> Campaign:
    """Count an answer where the contact itself is written down elsewhere (an enquiry, a call). The first answer counts,
    of a client on the list or not (somebody passed it on); a deal that came of it remembers the campaign.

    Raises NotFound.
    """
    campaign = find(work.session, campaign_id)
    clients.find(work.session, client_id)
    row = work.session.scalars(
        select(CampaignRecipient).where(
            CampaignRecipient.campaign_id == campaign.id, CampaignRecipient.client_id == client_id
        )
    ).first()
    if row is None:
        row = CampaignRecipient(campaign_id=campaign.id, client_id=client_id)
        work.session.add(row)
    first = row.replied_at is None
    if first:
        row.status, row.replied_at = "replied", work.now
    if deal_id is not None:
        deal = deals.find(work.session, deal_id)
        deal.campaign_id = deal.campaign_id or campaign.id
    work.session.flush()
    if first or deal_id is not None:
        audit.record(work, "campaign.replied", subject=f"campaign:{campaign.id}", client_id=client_id, deal_id=deal_id)
    return campaign


def fail(work: Work, campaign_id: int, client_id: int, note: str = "") -> None:
    """The client could not be reached at all. Raises NotFound."""
    row = recipient(work.session, campaign_id, client_id)
    if row.status in {"planned", "sent"}:
        row.status = "failed"
        audit.record(work, "campaign.failed", subject=f"campaign:{campaign_id}", client_id=client_id, note=note.strip())


def spend(work: Work, campaign_id: int, sum: Decimal, what: str) -> Campaign:
    """Money spent on a campaign. Raises Forbidden, NotFound, Invalid."""
    access.require(work, "campaign.write")
    campaign = find(work.session, campaign_id)
    if sum <= 0 or not what.strip():
        raise Invalid("Say what was paid for and how much.")
    campaign.cost = Decimal(campaign.cost or 0) + sum
    audit.record(work, "campaign.spent", subject=f"campaign:{campaign.id}", sum=sum, what=what.strip())
    return campaign


def end(work: Work, campaign_id: int, *, stopped: bool = False, reason: str = "") -> Campaign:
    """The campaign is over, or is stopped before its end. What was planned and not sent is not sent any more.

    Raises Forbidden, NotFound, WrongState, Invalid (stopped without a reason).
    """
    access.require(work, "campaign.write")
    campaign = find(work.session, campaign_id)
    if campaign.status not in {PLANNED, RUNNING}:
        raise WrongState("The campaign {number} is over.", number=campaign.number)
    if stopped and not reason.strip():
        raise Invalid("Say why.")
    campaign.status, campaign.ended_at = (STOPPED if stopped else ENDED), work.now
    event = "campaign.stopped" if stopped else "campaign.ended"
    audit.record(work, event, subject=f"campaign:{campaign.id}", reason=reason.strip())
    return campaign


def conclude(work: Work, campaign_id: int, conclusions: str, *, cost: Decimal | None = None) -> Campaign:
    """What was learnt; the next campaign begins with it (R247). Raises Forbidden, NotFound, WrongState, Invalid."""
    access.require(work, "campaign.write")
    campaign = find(work.session, campaign_id)
    if campaign.status not in {ENDED, STOPPED, ANALYSED}:
        raise WrongState("The campaign {number} is not over yet.", number=campaign.number)
    if not conclusions.strip():
        raise Invalid("Write down the conclusions.")
    campaign.conclusions = conclusions.strip()
    campaign.cost = campaign.cost if cost is None else cost
    campaign.status = ANALYSED if campaign.status != STOPPED else STOPPED
    audit.record(work, "campaign.concluded", subject=f"campaign:{campaign.id}", cost=campaign.cost)
    return campaign


def unsubscribe(work: Work, token: str) -> Client | None:
    """The reader of a mail withdraws the consent to advertising by the mail's link (R245). None: an unknown link.

    Doing it again changes nothing.
    """
    row = by_token(work.session, token)
    contact = work.session.get(Contact, row.contact_id) if row is not None and row.contact_id is not None else None
    if row is None or contact is None:
        return None
    consents.withdraw_all(work, contact.id, "advertising")
    audit.record(work, "campaign.unsubscribed", subject=f"campaign:{row.campaign_id}", contact_id=contact.id)
    return work.session.get(Client, contact.client_id)


def by_token(session: Session, token: str) -> CampaignRecipient | None:
    """The recipient whose mail had this link."""
    wanted = hashlib.sha256(token.encode()).hexdigest()
    return session.scalars(select(CampaignRecipient).where(CampaignRecipient.token_hash == wanted)).first()


def deals_of(session: Session, campaign_id: int) -> Sequence[Deal]:
    """The deals that came of a campaign."""
    return session.scalars(select(Deal).where(Deal.campaign_id == campaign_id).order_by(Deal.id)).all()


def letter(work: Work, campaign: Campaign, client: Client, contact: Contact, token: str) -> str:
    """The words of a mail to one person: {имя}, {компания} filled in, with the link to unsubscribe."""
    name = " ".join(part for part in (contact.first, contact.middle) if part)
    filled = str(campaign.body or "").replace("{имя}", name).replace("{компания}", client.name)
    address = str(work.env.setting("campaigns.address", "")).rstrip("/")
    return f"{filled}\n\n—\nНе хотите получать такие письма? Откажитесь здесь: {address}/unsubscribe/{token}"


def _write(
    work: Work, campaign: Campaign, row: CampaignRecipient, contact: Contact, instance: ProcessInstance | None
) -> None:
    client = clients.find(work.session, row.client_id)
    token = secrets.token_urlsafe(24)
    row.token_hash = hashlib.sha256(token.encode()).hexdigest()
    notifications.write(
        work, f"campaign:{campaign.id}:{row.id}", str(contact.email), str(campaign.subject),
        letter(work, campaign, client, contact, token), instance=instance,
    )  # fmt: skip
    _mark_sent(work, campaign, row)


def _call(work: Work, campaign: Campaign, row: CampaignRecipient) -> None:
    """Begin the procedure that a person calls this client by; it tells the campaign what came of it."""
    procedure = str(work.env.setting("campaigns.procedure"))
    variables = {"client_id": row.client_id, "contact_id": row.contact_id, "campaign_id": campaign.id}
    outbox.owe(
        work,
        Owed(JobKind.START, procedure, f"campaign:{campaign.id}:{row.id}", work.now,
             payload={"key": procedure, "variables": variables}),
    )  # fmt: skip
    row.status, row.sent_at = "sent", work.now


def _mark_sent(work: Work, campaign: Campaign, row: CampaignRecipient) -> None:
    row.status, row.sent_at = "sent", work.now
    contact_log.record(
        work, row.client_id, channel="mail", purpose=f"Кампания «{campaign.title}»", contact_id=row.contact_id,
        campaign_id=campaign.id, result="sent", user_id=campaign.owner_id,
    )  # fmt: skip


def _faults(work: Work, given: Mapping[str, Any]) -> dict[str, Text]:
    faults: dict[str, Text] = {}
    for name in ("title", "aim"):
        if not str(given[name] or "").strip():
            faults[name] = text("Fill in this field.")
    if given["channel"] not in CHANNELS:
        faults["channel"] = text("Choose a value.")
    if not isinstance(given["budget"], Decimal) or given["budget"] < 0:
        faults["budget"] = text("Enter a sum of nought or more.")
    starts, ends = given["starts_on"], given["ends_on"]
    if not isinstance(starts, date) or not isinstance(ends, date):
        faults["starts_on"] = text("Enter the first and the last day.")
    elif ends < starts:
        faults["ends_on"] = text("The last day is not before the first.")
    if given["product_id"] is not None and work.session.get(Product, given["product_id"]) is None:
        faults["product_id"] = text("Choose a value.")
    if given["previous_id"] is not None and work.session.get(Campaign, given["previous_id"]) is None:
        faults["previous_id"] = text("Choose a value.")
    return faults

"""Whom a campaign is for: the list generator (R245, R248). A selection says what kind of clients is looked for; whoever
fits and must not be approached stays on the list with the reason.
"""
from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, delete, exists, func, or_, select
from sqlalchemy.orm import Session, selectinload

from engine import access, audit
from engine.crm import campaigns, consents
from engine.errors import Invalid, WrongState
from engine.models import Campaign, CampaignRecipient, Client, ClientProduct, Complaint, Contact, ContactRecord
from engine.work import Work

ADVERTISING = "advertising"
ADDRESS = {"mail": "email", "phone": "phone"}
PROFILES = ("adoption", "response")
MOST = 5000
BY_HAND = "by_hand"


@dataclass(frozen=True)
class Recipient:
    """One line of a list with what a reader wants to know of it."""

    row: CampaignRecipient
    client: Client
    contact: Contact | None


def generate(work: Work, campaign_id: int) -> dict[str, int]:
    """Make the list anew from the campaign's selection; what was on it and not yet approached goes. Returns ``counts``.

    Raises NotFound, WrongState once the campaign runs, Invalid when far too many fit.
    """
    campaign = campaigns.find_planned(work.session, campaign_id)
    work.session.execute(delete(CampaignRecipient).where(CampaignRecipient.campaign_id == campaign.id))
    found = list(work.session.scalars(_fitting(campaign, work.now).limit(MOST + 1)))
    if len(found) > MOST:
        raise Invalid("More than {limit} clients fit. Narrow the selection.", limit=MOST)
    barred = _barred(work, campaign, [client.id for client in found])
    for client in found:
        if _profile_fits(campaign.selection, client.profile or {}):
            contact, reason = _approachable(work.session, campaign, client, work.now)
            reason = barred.get(client.id) if reason is None else reason
            work.session.add(
                CampaignRecipient(
                    campaign_id=campaign.id, client_id=client.id, contact_id=contact.id if contact else None,
                    status="planned" if reason is None else "excluded", reason=reason,
                )
            )
    work.session.flush()
    counted = counts(work.session, campaign.id)
    audit.record(work, "campaign.list_made", subject=f"campaign:{campaign.id}", counts=counted,
                 selection=campaign.selection)  # fmt: skip
    return counted


def exclude(work: Work, campaign_id: int, client_ids: Sequence[int], note: str = "") -> int:
    """Take clients off the list by hand, with the reason kept; returns how many. Raises Forbidden, WrongState."""
    access.require(work, "campaign.write")
    campaign = campaigns.find_planned(work.session, campaign_id)
    rows = work.session.scalars(
        select(CampaignRecipient).where(
            CampaignRecipient.campaign_id == campaign.id, CampaignRecipient.client_id.in_(list(client_ids)),
            CampaignRecipient.status == "planned",
        )
    ).all()  # fmt: skip
    for row in rows:
        row.status, row.reason = "excluded", BY_HAND
    if rows:
        audit.record(
            work, "campaign.list_cleaned", subject=f"campaign:{campaign.id}", note=note.strip(),
            clients=[row.client_id for row in rows],
        )  # fmt: skip
    return len(rows)


def include(work: Work, campaign_id: int, client_id: int) -> None:
    """Put one back that was taken off by hand; no other reason can be overruled. Raises Forbidden, WrongState."""
    access.require(work, "campaign.write")
    campaign = campaigns.find_planned(work.session, campaign_id)
    row = campaigns.recipient(work.session, campaign.id, client_id)
    if row.reason != BY_HAND:
        raise WrongState("Only those that were removed by hand can be put back.")
    row.status, row.reason = "planned", None
    audit.record(work, "campaign.list_cleaned", subject=f"campaign:{campaign.id}", put_back=client_id)


def counts(session: Session, campaign_id: int) -> dict[str, int]:
    """Head counts of a list: chosen (all that fit), planned, excluded, sent, failed, replied."""
    query = select(CampaignRecipient.status, func.count()).where(CampaignRecipient.campaign_id == campaign_id)
    found = Counter({row[0]: row[1] for row in session.execute(query.group_by(CampaignRecipient.status))})
    return {"chosen": sum(found.values())} | {
        status: found[status] for status in ("planned", "excluded", "sent", "failed", "replied")
    }


def reasons(session: Session, campaign_id: int) -> dict[str, int]:
    """How many are excluded, by reason, the most frequent first."""
    query = select(CampaignRecipient.reason, func.count()).where(
        CampaignRecipient.campaign_id == campaign_id, CampaignRecipient.status == "excluded"
    )
    return dict(Counter({str(row[0]): row[1] for row in session.execute(query.group_by(CampaignRecipient.reason))})
                .most_common())  # fmt: skip


def recipients(
    session: Session, campaign_id: int, status: str = "", reason: str = "", limit: int | None = None, offset: int = 0
) -> list[Recipient]:
    """The list, by the client's name."""
    query = (
        select(CampaignRecipient, Client, Contact)
        .join(Client, Client.id == CampaignRecipient.client_id)
        .outerjoin(Contact, Contact.id == CampaignRecipient.contact_id)
        .where(CampaignRecipient.campaign_id == campaign_id)
        .order_by(Client.name, Client.id)
        .offset(offset)
    )
    if status:
        query = query.where(CampaignRecipient.status == status)
    if reason:
        query = query.where(CampaignRecipient.reason == reason)
    rows = session.execute(query.limit(limit) if limit is not None else query)
    return [Recipient(*row) for row in rows]


def _fitting(campaign: Campaign, now: datetime) -> Select[Any]:
    wanted = campaign.selection or {}
    query = (
        select(Client)
        .where(Client.role == "client", Client.merged_into_id.is_(None))
        .options(selectinload(Client.contacts))
        .order_by(Client.id)
    )
    if campaign.segment:
        query = query.where(Client.segment == campaign.segment)
    if wanted.get("states"):
        query = query.where(Client.state.in_(list(wanted["states"])))
    if wanted.get("abc"):
        query = query.where(Client.abc.in_(list(wanted["abc"])))
    if wanted.get("territory"):
        query = query.where(Client.territory == str(wanted["territory"]).strip())
    if wanted.get("recommended"):
        query = query.where(Client.recommended_by_id.is_not(None))
    if campaign.product_id is not None and wanted.get("product_state") not in (None, "", "any"):
        query = query.where(_stands(campaign.product_id, str(wanted["product_state"])))
    if wanted.get("idle_days"):
        since = now - timedelta(days=int(wanted["idle_days"]))
        spoken = exists().where(ContactRecord.client_id == Client.id, ContactRecord.at >= since)
        query = query.where(~spoken)
    return query


def _stands(product_id: int, state: str) -> Any:
    about = ClientProduct.client_id == Client.id, ClientProduct.product_id == product_id
    if state == "used":
        return exists().where(*about, ClientProduct.used_since.is_not(None))
    if state == "refused":
        return exists().where(*about, ClientProduct.refused_on.is_not(None))
    return ~exists().where(*about, or_(ClientProduct.used_since.is_not(None), ClientProduct.refused_on.is_not(None)))


def _profile_fits(wanted: Mapping[str, Any], profile: Mapping[str, Any]) -> bool:
    return all(not wanted.get(name) or profile.get(name) in wanted[name] for name in PROFILES)


def _approachable(
    session: Session, campaign: Campaign, client: Client, now: datetime
) -> tuple[Contact | None, str | None]:
    """The person to approach, or why nobody may be: the first with an address who allowed it."""
    if client.stop_list:
        return None, "stop_list"
    field = ADDRESS[campaign.channel]
    reachable = [contact for contact in client.contacts if contact.active and getattr(contact, field)]
    if not reachable:
        return None, "no_address"
    for contact in reachable:
        if consents.allows(session, contact, ADVERTISING, campaign.channel, now):
            return contact, None
    return reachable[0], "no_consent"


def _barred(work: Work, campaign: Campaign, client_ids: list[int]) -> dict[int, str]:
    """Clients that had another campaign lately, or have a complaint that is not closed."""
    since = work.now - timedelta(days=int(work.env.setting("campaigns.quiet_days", 0)))
    quiet = select(CampaignRecipient.client_id).where(
        CampaignRecipient.campaign_id != campaign.id, CampaignRecipient.sent_at > since,
        CampaignRecipient.client_id.in_(client_ids),
    )  # fmt: skip
    open_ones = select(Complaint.client_id).where(Complaint.closed_at.is_(None), Complaint.client_id.in_(client_ids))
    found = dict.fromkeys(work.session.scalars(quiet), "quiet")
    return found | dict.fromkeys(work.session.scalars(open_ones), "complaint")

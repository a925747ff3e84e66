"""What came of a campaign (R236, R240, R305, R344): figures for its page, for the next campaign and for the report.

A campaign's income is what clients paid in the deals that came of it. ``cac``: cost of one new client; ``roi``: (income
less the direct cost of what was sold, as far as known, less the cost of the campaign) / cost of the campaign, per cent.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from engine.documents.money import kopecks
from engine.models import Campaign, CampaignRecipient, Client, Deal, Settlement

REACHED = ("sent", "replied")
FIRST = "first"


@dataclass(frozen=True)
class Refusal:
    """Deals of the campaign lost at a milestone for a reason."""

    milestone: str
    category: str
    count: int


@dataclass(frozen=True)
class GroupResult:
    """The figures of one segment (R236: results per client group). ``segment``: None for clients outside segments."""

    segment: str | None
    contacts: int
    replies: int
    deals: int
    sum: Decimal


@dataclass(frozen=True)
class Results:
    """The figures of one campaign. Ratios are None where there is nothing to divide by."""

    chosen: int
    excluded: int
    contacts: int
    replies: int
    deals: int
    won: int
    lost: int
    new_clients: int
    sum: Decimal
    direct_cost: Decimal
    cost: Decimal
    refusals: Sequence[Refusal]
    groups: Sequence[GroupResult]

    @property
    def reply_rate(self) -> Decimal | None:
        """Replies of a hundred contacts."""
        return _ratio(Decimal(self.replies) * 100, Decimal(self.contacts), "0.1")

    @property
    def conversion(self) -> Decimal | None:
        """Deals won of a hundred contacts."""
        return _ratio(Decimal(self.won) * 100, Decimal(self.contacts), "0.1")

    @property
    def cac(self) -> Decimal | None:
        """What one new client cost (R320)."""
        return _ratio(self.cost, Decimal(self.new_clients), "0.01")

    @property
    def roi(self) -> Decimal | None:
        """Return on what was spent, per cent (R344)."""
        return _ratio((self.sum - self.direct_cost - self.cost) * 100, self.cost, "0.1")


def results(session: Session, campaign: Campaign) -> Results:
    """The figures of a campaign as they are now."""
    return of_many(session, [campaign])[campaign.id]


def of_many(session: Session, campaigns: Sequence[Campaign]) -> dict[int, Results]:
    """The figures of campaigns by their ids, in as many questions as for one."""
    ids = [campaign.id for campaign in campaigns]
    heads, groups, refusals = _heads(session, ids), _groups(session, ids), _refusals(session, ids)
    found = {row[0]: row[1:] for row in session.execute(
        select(
            Deal.campaign_id,
            func.count(),
            func.count(case((Deal.status == "won", 1))),
            func.count(case((Deal.status == "lost", 1))),
            func.count(func.distinct(case(((Deal.status == "won") & (Deal.sale_kind == FIRST), Deal.client_id)))),
        ).where(Deal.campaign_id.in_(ids)).group_by(Deal.campaign_id)
    )}  # fmt: skip
    money = {row[0]: row[1:] for row in session.execute(
        select(Deal.campaign_id, func.sum(Settlement.sum), func.sum(Settlement.cost))
        .join(Settlement, Settlement.deal_id == Deal.id)
        .where(Deal.campaign_id.in_(ids)).group_by(Deal.campaign_id)
    )}  # fmt: skip
    made = {}
    for campaign in campaigns:
        own, parts = heads.get(campaign.id, {}), groups.get(campaign.id, [])
        deals, won, lost, new = found.get(campaign.id, (0, 0, 0, 0))
        income, direct = money.get(campaign.id, (0, 0))
        made[campaign.id] = Results(
            chosen=sum(own.values()), excluded=own.get("excluded", 0),
            contacts=sum(part.contacts for part in parts), replies=sum(part.replies for part in parts),
            deals=deals, won=won, lost=lost, new_clients=new, sum=_sum(income), direct_cost=_sum(direct),
            cost=_sum(campaign.cost), refusals=refusals.get(campaign.id, ()), groups=parts,
        )  # fmt: skip
    return made


def history(session: Session, besides: int | None = None, limit: int = 20) -> list[tuple[Campaign, Results]]:
    """Campaigns that are over, the newest first, with their figures: what the next one begins with (R247)."""
    query = select(Campaign).where(
        Campaign.status.in_(("ended", "analysed", "stopped")), Campaign.id != (besides or 0)
    )
    rows = session.scalars(query.order_by(Campaign.ends_on.desc(), Campaign.id.desc()).limit(limit)).all()
    found = of_many(session, rows)
    return [(campaign, found[campaign.id]) for campaign in rows]


def advice(found: Sequence[tuple[Campaign, Results]]) -> Mapping[str, Any]:
    """Where money of campaigns would do more (R255): the best and the worst by return, of those that cost something."""
    rated = [(figures.roi, campaign) for campaign, figures in found if figures.roi is not None]
    if len(rated) < 2:
        return {"best": None, "worst": None}
    rated.sort(key=lambda pair: (pair[0], pair[1].id))
    return {"best": rated[-1][1], "worst": rated[0][1]}


def _heads(session: Session, ids: Sequence[int]) -> dict[int, dict[str, int]]:
    query = select(CampaignRecipient.campaign_id, CampaignRecipient.status, func.count())
    query = query.where(CampaignRecipient.campaign_id.in_(ids))
    found: dict[int, dict[str, int]] = {}
    for campaign_id, status, count in session.execute(
        query.group_by(CampaignRecipient.campaign_id, CampaignRecipient.status)
    ):
        found.setdefault(campaign_id, {})[status] = count
    return found


def _groups(session: Session, ids: Sequence[int]) -> dict[int, list[GroupResult]]:
    people = session.execute(
        select(
            CampaignRecipient.campaign_id,
            Client.segment,
            func.count(CampaignRecipient.sent_at),
            func.count(CampaignRecipient.replied_at),
        )
        .join(Client, Client.id == CampaignRecipient.client_id)
        .where(CampaignRecipient.campaign_id.in_(ids))
        .group_by(CampaignRecipient.campaign_id, Client.segment)
    )
    sales = session.execute(
        select(
            Deal.campaign_id, Client.segment, func.count(func.distinct(Deal.id)),
            func.coalesce(func.sum(Settlement.sum), 0),
        )
        .select_from(Deal)
        .join(Client, Client.id == Deal.client_id)
        .outerjoin(Settlement, Settlement.deal_id == Deal.id)
        .where(Deal.campaign_id.in_(ids))
        .group_by(Deal.campaign_id, Client.segment)
    )  # fmt: skip
    known: dict[int, dict[str | None, list[Any]]] = {}
    for campaign_id, segment, contacts, replies in people:
        known.setdefault(campaign_id, {})[segment] = [contacts, replies, 0, Decimal(0)]
    for of_campaign, segment, count, income in sales:
        assert of_campaign is not None  # of these campaigns
        own = known.setdefault(of_campaign, {})
        own.setdefault(segment, [0, 0, 0, Decimal(0)])[2:] = [count, income]
    return {campaign_id: _in_order(by_segment) for campaign_id, by_segment in known.items()}


def _in_order(by_segment: Mapping[str | None, Sequence[Any]]) -> list[GroupResult]:
    ordered = sorted(by_segment.items(), key=lambda pair: (pair[0] is None, pair[0] or ""))
    return [GroupResult(segment, row[0], row[1], row[2], _sum(row[3])) for segment, row in ordered if any(row)]


def _refusals(session: Session, ids: Sequence[int]) -> dict[int, list[Refusal]]:
    query = (
        select(Deal.campaign_id, Deal.refusal_milestone, Deal.refusal_category, func.count())
        .where(Deal.campaign_id.in_(ids), Deal.status == "lost")
        .group_by(Deal.campaign_id, Deal.refusal_milestone, Deal.refusal_category)
    )
    found: dict[int, list[Refusal]] = {}
    for campaign_id, milestone, category, count in session.execute(query):
        assert campaign_id is not None  # of these campaigns
        found.setdefault(campaign_id, []).append(Refusal(milestone or "MX", category or "other", count))
    return {
        campaign_id: sorted(rows, key=lambda row: (row.milestone, -row.count, row.category))
        for campaign_id, rows in found.items()
    }


def _ratio(part: Decimal, whole: Decimal, digits: str) -> Decimal | None:
    return (part / whole).quantize(Decimal(digits)) if whole else None


def _sum(value: Any) -> Decimal:
    return kopecks(Decimal(str(value or 0)))

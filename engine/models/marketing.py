"""Where clients come from, campaigns, loyalty."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import ForeignKey, Numeric, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.base import Base, Json

Money = Numeric(18, 2)


class Source(Base):
    """Where enquiries come from: an advertisement, a site, a recommendation (R237). ``channel``: see ContactRecord."""

    __tablename__ = "source"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    channel: Mapped[str]
    active: Mapped[bool] = mapped_column(default=True)


class SourceCost(Base):
    """What a source cost in a month (its first day), for the cost of acquisition (R320)."""

    __tablename__ = "source_cost"
    __table_args__ = (UniqueConstraint("source_id", "month"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("source.id"))
    month: Mapped[date]
    sum: Mapped[Decimal] = mapped_column(Money)


class Campaign(Base):
    """A marketing campaign (R236, R246). ``status``: planned, running, ended, analysed, stopped. ``cost``: spent.

    ``previous_id``: the campaign whose conclusions this one began with (R247). ``selection``: the filter of its list.
    """

    __tablename__ = "campaign"
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    aim: Mapped[str]
    offer: Mapped[str | None]
    channel: Mapped[str]
    segment: Mapped[str | None]
    product_id: Mapped[int | None] = mapped_column(ForeignKey("product.id"))
    selection: Mapped[Json]
    budget: Mapped[Decimal] = mapped_column(Money)
    cost: Mapped[Decimal] = mapped_column(Money, default=Decimal(0))
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    status: Mapped[str] = mapped_column(default="planned", index=True)
    conclusions: Mapped[str | None]
    previous_id: Mapped[int | None] = mapped_column(ForeignKey("campaign.id"))
    created_at: Mapped[datetime]


class CampaignRecipient(Base):
    """One client on a campaign's list. ``status``: planned, excluded (``reason``: no consent, stop list …), sent,
    failed, replied."""

    __tablename__ = "campaign_recipient"
    __table_args__ = (UniqueConstraint("campaign_id", "client_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"), index=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"), index=True)
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"))
    status: Mapped[str] = mapped_column(default="planned")
    reason: Mapped[str | None]
    sent_at: Mapped[datetime | None]
    replied_at: Mapped[datetime | None]


class LoyaltyCard(Base):
    """A client's place in the loyalty programme (settings/loyalty.yaml says which instruments and tiers there are).

    ``status``: active, closed. ``discount``: per cent. ``bearer``: whoever shows it (R099); else personal.
    """

    __tablename__ = "loyalty_card"
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"), index=True)
    instrument: Mapped[str]
    tier: Mapped[str | None]
    discount: Mapped[Decimal] = mapped_column(Numeric(5, 2), default=Decimal(0))
    bearer: Mapped[bool] = mapped_column(default=False)
    terms: Mapped[str | None]
    issued_on: Mapped[date]
    valid_until: Mapped[date | None]
    status: Mapped[str] = mapped_column(default="active")


class BonusEntry(Base):
    """One movement of a card's bonus account: earned (above zero), spent or expired (below) (R103, R257)."""

    __tablename__ = "bonus_entry"
    id: Mapped[int] = mapped_column(primary_key=True)
    card_id: Mapped[int] = mapped_column(ForeignKey("loyalty_card.id"), index=True)
    at: Mapped[datetime]
    kind: Mapped[str]
    sum: Mapped[Decimal] = mapped_column(Money)
    deal_id: Mapped[int | None] = mapped_column(ForeignKey("deal.id"))
    expires_on: Mapped[date | None]
    note: Mapped[str | None]

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
    ``channel``: mail or phone. ``subject``, ``body``: the mail to everybody, or the script of the call.
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
    subject: Mapped[str | None]
    body: Mapped[str | None]
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("user_.id"))
    instance_id: Mapped[int | None]  # no foreign key: an instance names its deal, a deal its campaign
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class CampaignRecipient(Base):
    """One client on a campaign's list. ``status``: planned, excluded (``reason``: no consent, stop list …), sent,
    failed, replied. ``token_hash``: SHA-256 of the token in the mail's link by which its reader withdraws the consent
    to advertising; the token itself is kept nowhere."""

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
    token_hash: Mapped[str | None] = mapped_column(unique=True)


class LoyaltyCard(Base):
    """A client's place in the loyalty programme (settings/loyalty.yaml says which instruments and tiers there are).

    ``status``: active, closed. ``discount``: per cent. ``bearer``: whoever shows it (R099); else personal.
    ``token_hash``: SHA-256 of the token in the link by which the client sees its bonus account (R257).
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
    closed_on: Mapped[date | None]
    token_hash: Mapped[str | None] = mapped_column(unique=True)


class BonusEntry(Base):
    """One movement of a card's bonus account (R103, R257): earned (above zero), reversed by a refund, spent or expired
    (below). ``payment_id``: the payment that it comes from, once."""

    __tablename__ = "bonus_entry"
    id: Mapped[int] = mapped_column(primary_key=True)
    card_id: Mapped[int] = mapped_column(ForeignKey("loyalty_card.id"), index=True)
    at: Mapped[datetime]
    kind: Mapped[str]
    sum: Mapped[Decimal] = mapped_column(Money)
    deal_id: Mapped[int | None] = mapped_column(ForeignKey("deal.id"))
    payment_id: Mapped[int | None] = mapped_column(ForeignKey("payment.id"), unique=True)
    expires_on: Mapped[date | None]
    note: Mapped[str | None]

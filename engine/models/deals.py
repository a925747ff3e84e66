"""Deals, their money, and the settlements that every figure about sales is taken from."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ForeignKey, Index, Numeric, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.models.base import Base, Json, where
from engine.models.clients import Client, Contact

Money = Numeric(18, 2)


def _as_it_began(context: Any) -> Any:
    """A new deal stands still from its milestone on."""
    return context.get_current_parameters().get("milestone_at")


class Deal(Base):
    """One sale to one client. ``milestone``: M0-M9, MX (domain 1.3.1). ``refusal``: category, comment, stage.
    ``next_contact``: date, purpose, product. ``discount``: per cent. ``refusal_category``, ``refusal_milestone``,
    ``competitor_id``: the refusal again, for counting (R065). ``probability``: chance to win, per cent (R215);
    ``prospects``: what else is known of it: money, decides, rival, risk, risk_note.
    ``next_step``/``next_step_on``: what is done next and when (R041). ``caused_by_id``: the deal this one grew out of
    (cross-sale, R249). ``stirred_at``: the last contact, message or move of it, from which its staleness counts.
    ``worth``: its lines less its discount, VAT included, for lists and totals. ``terms``: team (logins of those who do
    the work), acceptance (who accepts it for the client, R228), frame (the earlier contract it goes by)."""

    __tablename__ = "deal"
    __table_args__ = (
        Index("ix_deal_status_at", "status", "milestone_at", "id"),
        Index("ix_deal_milestone_at", "milestone_at", "id"),
        Index("ix_deal_board", "status", "milestone", "stirred_at", "worth"),
        Index("ix_deal_stirred", "status", "stirred_at"),
        Index("ix_deal_owner", "owner_id", "closed_at", "status"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"), index=True)
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("user_.id"))
    initiative: Mapped[str] = mapped_column(default="company")
    cycle: Mapped[str] = mapped_column(default="long")
    sale_kind: Mapped[str] = mapped_column(default="first")
    milestone: Mapped[str] = mapped_column(default="M0", index=True)
    milestone_at: Mapped[datetime]
    status: Mapped[str] = mapped_column(default="open")
    vat_mode: Mapped[str] = mapped_column(default="osno_22")
    discount: Mapped[Decimal] = mapped_column(Numeric(5, 2), default=Decimal(0))
    refusal: Mapped[Json | None]
    next_contact: Mapped[Json | None]
    source_id: Mapped[int | None] = mapped_column(ForeignKey("source.id"), index=True)
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey("campaign.id"), index=True)
    caused_by_id: Mapped[int | None] = mapped_column(ForeignKey("deal.id"))
    competitor_id: Mapped[int | None] = mapped_column(ForeignKey("competitor.id"))
    refusal_category: Mapped[str | None] = mapped_column(index=True)
    refusal_milestone: Mapped[str | None]
    need: Mapped[str | None]
    probability: Mapped[int | None]
    expected_on: Mapped[date | None]
    prospects: Mapped[Json | None]
    next_step: Mapped[str | None]
    next_step_on: Mapped[date | None]
    stirred_at: Mapped[datetime | None] = mapped_column(default=_as_it_began)
    worth: Mapped[Decimal | None] = mapped_column(Money)
    terms: Mapped[Json | None]
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    client: Mapped[Client] = relationship()
    contact: Mapped[Contact | None] = relationship()
    lines: Mapped[list[DealLine]] = relationship(cascade="all, delete-orphan", order_by="DealLine.no")
    payments: Mapped[list[ScheduledPayment]] = relationship(
        cascade="all, delete-orphan", order_by="ScheduledPayment.part"
    )


class DealLine(Base):
    """One line of a deal: product, quantity, price with VAT included, before the deal's discount."""

    __tablename__ = "deal_line"
    id: Mapped[int] = mapped_column(primary_key=True)
    deal_id: Mapped[int] = mapped_column(ForeignKey("deal.id"), index=True)
    no: Mapped[int]
    product_id: Mapped[int | None] = mapped_column(ForeignKey("product.id"))
    name: Mapped[str]
    unit: Mapped[str]
    quantity: Mapped[Decimal] = mapped_column(Numeric(14, 3))
    price: Mapped[Decimal] = mapped_column(Money)


class ScheduledPayment(Base):
    """One part of the payment schedule. ``trigger``: before_delivery or after_delivery. ``received``: so far. It is to
    be paid on ``due_on``, else within ``days`` working days of its invoice, else within the usual term (CP-03)."""

    __tablename__ = "scheduled_payment"
    __table_args__ = (Index("ix_scheduled_payment_owed", "deal_id", **where("received < sum")),)
    id: Mapped[int] = mapped_column(primary_key=True)
    deal_id: Mapped[int] = mapped_column(ForeignKey("deal.id"), index=True)
    part: Mapped[int]
    trigger: Mapped[str]
    share: Mapped[Decimal] = mapped_column(Numeric(5, 2))
    sum: Mapped[Decimal] = mapped_column(Money)
    received: Mapped[Decimal] = mapped_column(Money, default=Decimal(0))
    due_on: Mapped[date | None]
    days: Mapped[int | None]
    invoice_id: Mapped[int | None] = mapped_column(ForeignKey("document.id"))


class Payment(Base):
    """Money that came in (kind in) or went back (kind refund). ``advance_document_id``: the VAT invoice on it, if it
    came before the service (line 5б of the invoice that follows)."""

    __tablename__ = "payment"
    id: Mapped[int] = mapped_column(primary_key=True)
    deal_id: Mapped[int] = mapped_column(ForeignKey("deal.id"), index=True)
    part: Mapped[int]
    kind: Mapped[str] = mapped_column(default="in")
    dated: Mapped[date]
    sum: Mapped[Decimal] = mapped_column(Money)
    reference: Mapped[str | None]
    advance_document_id: Mapped[int | None] = mapped_column(ForeignKey("document.id"))
    recorded_at: Mapped[datetime]


class MilestoneReached(Base):
    """A deal reached a milestone: one append-only row each, the ground of every report on stages (PAT-5).

    ``came_from``, ``came_at``: the milestone it left by that, and when it had reached it; none for its first.
    """

    __tablename__ = "milestone_reached"
    __table_args__ = (
        Index("ix_milestone_reached_deal_at", "deal_id", "at", "id", "milestone"),
        Index("ix_milestone_reached_stay", "came_from", "at", "came_at", "milestone", "deal_id"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    deal_id: Mapped[int] = mapped_column(ForeignKey("deal.id"))
    milestone: Mapped[str]
    at: Mapped[datetime]
    came_from: Mapped[str | None]
    came_at: Mapped[datetime | None]


class Settlement(Base):
    """Money of one client for one product on one day: the ground of classes, states and sales figures.

    Written with every payment (divided over the lines of the deal) and by import of older years. ``kind``: in or
    refund; a refund's ``sum`` and ``cost`` are negative. ``owner_id``: whose sale it was on that day.
    """

    __tablename__ = "settlement"
    __table_args__ = (
        Index("ix_settlement_client_money", "client_id", "dated", "kind", "product_id"),
        Index("ix_settlement_dated", "dated"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"))
    product_id: Mapped[int | None] = mapped_column(ForeignKey("product.id"), index=True)
    deal_id: Mapped[int | None] = mapped_column(ForeignKey("deal.id"), index=True)
    payment_id: Mapped[int | None] = mapped_column(ForeignKey("payment.id"), index=True)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("user_.id"))
    dated: Mapped[date]
    kind: Mapped[str] = mapped_column(default="in")
    sum: Mapped[Decimal] = mapped_column(Money)
    cost: Mapped[Decimal | None] = mapped_column(Money)
    reference: Mapped[str | None]


class SalesPlan(Base):
    """What is to be sold in a month (its first day): by an employee, of a product direction, or both (R340)."""

    __tablename__ = "sales_plan"
    __table_args__ = (UniqueConstraint("month", "owner_id", "product_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    month: Mapped[date]
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("user_.id"))
    product_id: Mapped[int | None] = mapped_column(ForeignKey("product.id"))
    sum: Mapped[Decimal] = mapped_column(Money)
    count: Mapped[int | None]

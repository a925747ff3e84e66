"""Clients, contacts, products and deals: the business records a procedure is about."""
from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import ForeignKey, Numeric
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.models.base import Base, Json

Money = Numeric(18, 2)


class Client(Base):
    """A client: legal, ip (entrepreneur) or person. ``requisites``: address, bank, account, bik, corr_account …"""

    __tablename__ = "client"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    name: Mapped[str] = mapped_column(index=True)
    full_name: Mapped[str]
    inn: Mapped[str | None] = mapped_column(index=True)
    kpp: Mapped[str | None]
    ogrn: Mapped[str | None]
    abc: Mapped[str | None]
    segment: Mapped[str | None]
    stop_list: Mapped[bool] = mapped_column(default=False)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("user_.id"))
    requisites: Mapped[Json]
    created_at: Mapped[datetime]
    contacts: Mapped[list[Contact]] = relationship(back_populates="client")


class Contact(Base):
    """A person at a client. ``signs``: may sign for it, ``basis``: on what ground (устава, доверенности № …)."""

    __tablename__ = "contact"
    id: Mapped[int] = mapped_column(primary_key=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"), index=True)
    last: Mapped[str]
    first: Mapped[str]
    middle: Mapped[str | None]
    gender: Mapped[str | None]
    position: Mapped[str]
    email: Mapped[str | None]
    phone: Mapped[str | None]
    signs: Mapped[bool] = mapped_column(default=False)
    basis: Mapped[str | None]
    client: Mapped[Client] = relationship(back_populates="contacts")


class Product(Base):
    """What the company sells."""

    __tablename__ = "product"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    unit: Mapped[str] = mapped_column(default="усл.")
    price: Mapped[Decimal] = mapped_column(Money)


class Deal(Base):
    """One sale to one client. ``milestone``: M0-M9, MX (domain 1.3.1). ``refusal``: category, comment, stage.
    ``next_contact``: date, purpose, product. ``discount``: per cent."""

    __tablename__ = "deal"
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"), index=True)
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("user_.id"), index=True)
    initiative: Mapped[str] = mapped_column(default="company")
    cycle: Mapped[str] = mapped_column(default="long")
    sale_kind: Mapped[str] = mapped_column(default="first")
    milestone: Mapped[str] = mapped_column(default="M0", index=True)
    milestone_at: Mapped[datetime]
    status: Mapped[str] = mapped_column(default="open", index=True)
    vat_mode: Mapped[str] = mapped_column(default="osno_22")
    discount: Mapped[Decimal] = mapped_column(Numeric(5, 2), default=Decimal(0))
    refusal: Mapped[Json | None]
    next_contact: Mapped[Json | None]
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
    """One part of the payment schedule. ``trigger``: before_delivery or after_delivery. ``received``: so far."""

    __tablename__ = "scheduled_payment"
    id: Mapped[int] = mapped_column(primary_key=True)
    deal_id: Mapped[int] = mapped_column(ForeignKey("deal.id"), index=True)
    part: Mapped[int]
    trigger: Mapped[str]
    share: Mapped[Decimal] = mapped_column(Numeric(5, 2))
    sum: Mapped[Decimal] = mapped_column(Money)
    received: Mapped[Decimal] = mapped_column(Money, default=Decimal(0))
    due_on: Mapped[date | None]
    invoice_id: Mapped[int | None] = mapped_column(ForeignKey("document.id"))


class Payment(Base):
    """Money that came in (kind in) or went back (kind refund)."""

    __tablename__ = "payment"
    id: Mapped[int] = mapped_column(primary_key=True)
    deal_id: Mapped[int] = mapped_column(ForeignKey("deal.id"), index=True)
    part: Mapped[int]
    kind: Mapped[str] = mapped_column(default="in")
    dated: Mapped[date]
    sum: Mapped[Decimal] = mapped_column(Money)
    reference: Mapped[str | None]
    recorded_at: Mapped[datetime]


class MilestoneReached(Base):
    """A deal reached a milestone: one append-only row each, the ground of every report on stages (PAT-5)."""

    __tablename__ = "milestone_reached"
    id: Mapped[int] = mapped_column(primary_key=True)
    deal_id: Mapped[int] = mapped_column(ForeignKey("deal.id"), index=True)
    milestone: Mapped[str]
    at: Mapped[datetime]

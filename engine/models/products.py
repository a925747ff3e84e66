"""What is sold, at what price, beside whom."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sqlalchemy import ForeignKey, Numeric, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.base import Base

Money = Numeric(18, 2)


class Product(Base):
    """What the company sells. ``direction_id``: the product direction it belongs to; one without it is a direction
    itself, or a product that is its own direction (R020). ``head_id``: who leads the direction (R071). ``cost``: what
    one unit costs us, for margins. ``simple``: sold by price list in a short sale. ``every_months``: a periodic service
    is due again after so many months. ``withdrawn_on``: not offered from that day."""

    __tablename__ = "product"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    unit: Mapped[str] = mapped_column(default="усл.")
    price: Mapped[Decimal] = mapped_column(Money)
    direction_id: Mapped[int | None] = mapped_column(ForeignKey("product.id"), index=True)
    head_id: Mapped[int | None] = mapped_column(ForeignKey("user_.id"))
    cost: Mapped[Decimal | None] = mapped_column(Money)
    description: Mapped[str | None]
    simple: Mapped[bool] = mapped_column(default=False, server_default="0")
    every_months: Mapped[int | None]
    withdrawn_on: Mapped[date | None]


class PriceList(Base):
    """Prices in force from a day to a day (included). A ``general`` list is for everybody; another is a client's own
    (R343)."""

    __tablename__ = "price_list"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    general: Mapped[bool] = mapped_column(default=True, server_default="1")


class Price(Base):
    """The price of one unit, VAT included, from a quantity on (a tier)."""

    __tablename__ = "price"
    __table_args__ = (UniqueConstraint("price_list_id", "product_id", "min_quantity"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    price_list_id: Mapped[int] = mapped_column(ForeignKey("price_list.id"), index=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"), index=True)
    min_quantity: Mapped[Decimal] = mapped_column(Numeric(14, 3), default=Decimal(1))
    price: Mapped[Decimal] = mapped_column(Money)


class Competitor(Base):
    """Another company that our clients may choose (R254, R282)."""

    __tablename__ = "competitor"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    site: Mapped[str | None]
    note: Mapped[str | None]


class CompetitorPrice(Base):
    """What a competitor (or a supplier) asked for the like of our product on a day (R219)."""

    __tablename__ = "competitor_price"
    id: Mapped[int] = mapped_column(primary_key=True)
    competitor_id: Mapped[int] = mapped_column(ForeignKey("competitor.id"), index=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"), index=True)
    price: Mapped[Decimal] = mapped_column(Money)
    seen_on: Mapped[date]
    note: Mapped[str | None]

"""Segments of clients and what is meant for each of them, in versions (R001-R018)."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.models.base import Base, Json, Strings


class SegmentParameter(Base):
    """One parameter that clients are divided by. Without a ``purpose`` it is none (R008, R011).

    ``nature``: inherent (from birth) or behavioural (R010). ``type``: text, number, flag or choice (``choices``).
    """

    __tablename__ = "segment_parameter"
    key: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    title_en: Mapped[str]
    nature: Mapped[str]
    type: Mapped[str]
    choices: Mapped[Strings]
    purpose: Mapped[str]
    position: Mapped[int] = mapped_column(default=0)


class Matrix(Base):
    """One version of the segment-product matrix: draft, in_force (one at a time) or withdrawn (R016)."""

    __tablename__ = "matrix"
    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(unique=True)
    status: Mapped[str] = mapped_column(default="draft")
    in_force_from: Mapped[date | None]
    note: Mapped[str | None]
    created_at: Mapped[datetime]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("user_.id"))
    segments: Mapped[list[Segment]] = relationship(
        back_populates="matrix", cascade="all, delete-orphan", order_by="Segment.position"
    )


class Segment(Base):
    """One segment in a version of the matrix. The first by ``position`` whose rules all hold takes the client (R014).

    ``rules``: [{parameter, op: = != < <= > >= in, value}]. ``portrait``: the ideal client in words (R001).
    ``specialist_id``: who gets new clients of the segment (R007).
    """

    __tablename__ = "segment"
    __table_args__ = (UniqueConstraint("matrix_id", "key"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    matrix_id: Mapped[int] = mapped_column(ForeignKey("matrix.id"), index=True)
    key: Mapped[str]
    title: Mapped[str]
    title_en: Mapped[str]
    position: Mapped[int]
    rules: Mapped[list[Json]]
    portrait: Mapped[str | None]
    specialist_id: Mapped[int | None] = mapped_column(ForeignKey("user_.id"))
    matrix: Mapped[Matrix] = relationship(back_populates="segments")
    products: Mapped[list[SegmentProduct]] = relationship(
        cascade="all, delete-orphan", order_by="SegmentProduct.priority"
    )


class SegmentProduct(Base):
    """A target product (or whole direction) of a segment; the lowest ``priority`` is offered first (R003, R021)."""

    __tablename__ = "segment_product"
    segment_id: Mapped[int] = mapped_column(ForeignKey("segment.id"), primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"), primary_key=True)
    priority: Mapped[int] = mapped_column(default=0)

"""Issued documents, their numbers and stored files."""
from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import ForeignKey, Index, Numeric, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.base import Base, Json, where


class StoredFile(Base):
    """Bytes kept in the storage under their SHA-256; uploads and rendered documents alike. ``comment_id``: the comment
    it is attached to, where that is about no instance."""

    __tablename__ = "stored_file"
    id: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(index=True)
    name: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int]
    instance_id: Mapped[int | None] = mapped_column(ForeignKey("process_instance.id"), index=True)
    created_at: Mapped[datetime]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("user_.id"))
    comment_id: Mapped[int | None] = mapped_column(ForeignKey("comment.id"))


class Document(Base):
    """One version of one issued document. Number and date stay through the versions; a locked one never changes.

    ``kind``: protocol, proposal, contract, invoice, act … ``template``/``template_version``: the resource it was
    rendered from. ``data``: exactly what the template was given. ``locked_at``: set at approval.
    ``requested_by_token``: makes the issuing job repeatable without a second number.
    """

    __tablename__ = "document"
    __table_args__ = (
        UniqueConstraint("kind", "number", "version"),
        Index("ix_document_loose", "created_by", **where("deal_id IS NULL")),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    instance_id: Mapped[int | None] = mapped_column(ForeignKey("process_instance.id"), index=True)
    deal_id: Mapped[int | None] = mapped_column(ForeignKey("deal.id"), index=True)
    kind: Mapped[str]
    title: Mapped[str]
    number: Mapped[str]
    version: Mapped[int] = mapped_column(default=1)
    status: Mapped[str] = mapped_column(default="draft")
    dated: Mapped[date]
    valid_until: Mapped[datetime | None]
    total: Mapped[Decimal | None] = mapped_column(Numeric(18, 2))
    template: Mapped[str]
    template_version: Mapped[int]
    data: Mapped[Json]
    docx_id: Mapped[int | None] = mapped_column(ForeignKey("stored_file.id"))
    pdf_id: Mapped[int | None] = mapped_column(ForeignKey("stored_file.id"))
    request_key: Mapped[str | None] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("user_.id"))
    locked_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    signed_at: Mapped[datetime | None]


class NumberSequence(Base):
    """The last number given per kind and year: without gaps or doubles, since it moves in the issuing transaction."""

    __tablename__ = "number_sequence"
    kind: Mapped[str] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    last: Mapped[int] = mapped_column(default=0)


class TemplateVersion(Base):
    """The life of one version of a document template: draft, approved, in_force (from a day on), withdrawn (R157).

    ``template``/``version`` name the published resource. Only one in force on the day may be used for a document.
    """

    __tablename__ = "template_version"
    template: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(default="draft")
    in_force_from: Mapped[date | None]
    approved_by: Mapped[int | None] = mapped_column(ForeignKey("user_.id"))
    approved_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    note: Mapped[str | None]

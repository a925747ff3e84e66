"""The knowledge base."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.base import Base


class KnowledgeItem(Base):
    """One item: faq, case, price_list, service, specification, regulation, project_template, staff_document or manual
    (R262-R270). ``status``: draft, published or withdrawn. ``body`` is Markdown."""

    __tablename__ = "knowledge_item"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(index=True)
    title: Mapped[str]
    body: Mapped[str]
    product_id: Mapped[int | None] = mapped_column(ForeignKey("product.id"))
    segment: Mapped[str | None]
    status: Mapped[str] = mapped_column(default="published")
    version: Mapped[int] = mapped_column(default=1)
    file_id: Mapped[int | None] = mapped_column(ForeignKey("stored_file.id"))
    complaint_id: Mapped[int | None] = mapped_column(ForeignKey("complaint.id"))
    created_by: Mapped[int | None] = mapped_column(ForeignKey("user_.id"))
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class KnowledgeStem(Base):
    """A word stem of an item: ``weight`` is how often it stands there, the title counting more."""

    __tablename__ = "knowledge_stem"
    item_id: Mapped[int] = mapped_column(ForeignKey("knowledge_item.id"), primary_key=True)
    stem: Mapped[str] = mapped_column(primary_key=True, index=True)
    weight: Mapped[int]

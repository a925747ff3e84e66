"""Filters of the inbox that somebody named and kept."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.base import Base, Json


class SavedFilter(Base):
    """A filter by name. ``query``: the fields of engine.filters.Query that are set, nothing else. ``group_key``: the
    group it is shared with, null for one's own."""

    __tablename__ = "saved_filter"
    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("user_.id"), index=True)
    group_key: Mapped[str | None] = mapped_column(ForeignKey("group_.key"), index=True)
    name: Mapped[str]
    query: Mapped[Json]
    saved_at: Mapped[datetime]

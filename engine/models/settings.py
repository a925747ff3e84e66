"""Rules that are changed in pages: each change is a version laid over what the settings files hold."""
from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.base import Base, Json


class SettingVersion(Base):
    """One version of one rule. ``kind``/``key``: ``calendar`` of an office, ``deadlines`` by its name, ``authority`` by
    its kind. ``data``: the rule in full; ``null`` in ``value`` of a deadline gives it back to the file. The newest
    ``valid_from`` that has come is in force."""

    __tablename__ = "setting_version"
    __table_args__ = (UniqueConstraint("kind", "key", "version"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    key: Mapped[str]
    version: Mapped[int]
    data: Mapped[Json]
    valid_from: Mapped[datetime]
    created_at: Mapped[datetime]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("user_.id"))
    note: Mapped[str]

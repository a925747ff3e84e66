"""Assignments: work that one person gives another (R188-R193)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.base import Base


class Assignment(Base):
    """An assignment as it stands. ``status``: issued, accepted, reported, done, cancelled. ``round``: reports so far;
    ``redirects``: how often it went to another executor. Who did what and when is in the log of ``instance_id``."""

    __tablename__ = "assignment"
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    what: Mapped[str]
    expected: Mapped[str | None]
    issuer_id: Mapped[int] = mapped_column(ForeignKey("user_.id"), index=True)
    executor_id: Mapped[int | None] = mapped_column(ForeignKey("user_.id"), index=True)
    executor_group: Mapped[str | None]
    priority: Mapped[int] = mapped_column(default=50)
    due_at: Mapped[datetime]
    client_id: Mapped[int | None] = mapped_column(ForeignKey("client.id"), index=True)
    deal_id: Mapped[int | None] = mapped_column(ForeignKey("deal.id"), index=True)
    complaint_id: Mapped[int | None] = mapped_column(ForeignKey("complaint.id"), index=True)
    instance_id: Mapped[int | None] = mapped_column(ForeignKey("process_instance.id"))
    status: Mapped[str] = mapped_column(default="issued", index=True)
    round: Mapped[int] = mapped_column(default=0)
    redirects: Mapped[int] = mapped_column(default=0)
    result: Mapped[str | None]
    issued_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]

"""The register of control points: planned, actual, deviation."""
from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.base import Base, Json, where


class ControlPoint(Base):
    """A fact that must be established by a date.

    ``planned_why``: explanation of the due moment. ``deviation``: working days late (negative: early). ``level``: the
    rung of the escalation ladder already climbed (0 none, 1 reminder, 2 overdue, 3 head, 4 director). ``evidence``:
    what shows it was met. ``reminder``: how long before the due moment the owner is reminded. ``escalation``: key of
    the procedure started on rung 3, if any.
    """

    __tablename__ = "control_point"
    __table_args__ = (
        Index("ix_control_point_open", "status", "planned_at", "id", "level"),
        Index("ix_control_point_owner", "owner_id", "planned_at", **where("status = 'open'")),
        Index("ix_control_point_late", "planned_at", **where("deviation > 0 OR status IN ('missed', 'open')")),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    instance_id: Mapped[int] = mapped_column(ForeignKey("process_instance.id"), index=True)
    token_id: Mapped[str]
    element_id: Mapped[str]
    code: Mapped[str] = mapped_column(index=True)
    title: Mapped[str]
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("user_.id"))
    owner_group: Mapped[str | None]
    planned_at: Mapped[datetime]
    planned_why: Mapped[Json]
    evidence_rule: Mapped[str]
    escalation: Mapped[str | None]
    reminder: Mapped[str] = mapped_column(default="P1BD")
    status: Mapped[str] = mapped_column(default="open")
    level: Mapped[int] = mapped_column(default=0)
    opened_at: Mapped[datetime]
    actual_at: Mapped[datetime | None]
    deviation: Mapped[float | None]
    evidence: Mapped[Json | None]
    waived_by: Mapped[int | None] = mapped_column(ForeignKey("user_.id"))
    reason: Mapped[str | None]

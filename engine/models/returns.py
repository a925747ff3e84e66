"""Steps taken back and interventions: what people did to a running instance that no diagram draws."""
from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.base import Base, Json, where


class TaskReturn(Base):
    """A task went back to an earlier performer (kind returned) or was taken back by its finisher (kind recalled).

    ``from_task_id``: the open task that was withdrawn (none if nobody had a task yet); ``earlier_task_id``: the
    completed task whose step is done again; ``to_task_id``: the task that was opened for it; ``by``/``on_behalf_of``:
    who did it and for whom he stood in.
    """

    __tablename__ = "task_return"
    __table_args__ = (Index("ix_task_return_at", "at"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    instance_id: Mapped[int] = mapped_column(ForeignKey("process_instance.id"), index=True)
    kind: Mapped[str]
    from_task_id: Mapped[int | None] = mapped_column(ForeignKey("user_task.id"), index=True)
    earlier_task_id: Mapped[int] = mapped_column(ForeignKey("user_task.id"), index=True)
    to_task_id: Mapped[int] = mapped_column(ForeignKey("user_task.id"), index=True)
    by: Mapped[int | None] = mapped_column(ForeignKey("user_.id"))
    on_behalf_of: Mapped[int | None] = mapped_column(ForeignKey("user_.id"))
    at: Mapped[datetime]
    remark: Mapped[str]


class Intervention(Base):
    """A step skipped, a token moved, data edited, and every other act against or beside the diagram with its reason.

    ``kind``: skip, move, edit, cancel …; ``element_id``: where it was done; ``what``: the arguments of the verb, old
    and new values for the ledger; ``status``: requested -> done | refused | withdrawn; a kind that needs no second
    person is done at once. ``decided_by``: the second person. ``target``: the element a token was moved to.
    """

    __tablename__ = "intervention"
    __table_args__ = (
        Index("ix_intervention_open", "requested_at", **where("decided_at IS NULL")),
        Index("ix_intervention_decided", "decided_at"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    instance_id: Mapped[int] = mapped_column(ForeignKey("process_instance.id"), index=True)
    task_id: Mapped[int | None] = mapped_column(ForeignKey("user_task.id"))
    kind: Mapped[str]
    process_key: Mapped[str]
    element_id: Mapped[str | None]
    path: Mapped[str] = mapped_column(default="")
    target: Mapped[str | None]
    what: Mapped[Json]
    reason: Mapped[str]
    status: Mapped[str]
    requested_by: Mapped[int | None] = mapped_column(ForeignKey("user_.id"))
    requested_for: Mapped[int | None] = mapped_column(ForeignKey("user_.id"))
    requested_at: Mapped[datetime]
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("user_.id"))
    decided_at: Mapped[datetime | None]
    answer: Mapped[str | None]

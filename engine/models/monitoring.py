"""What the manager watches by: pauses with their reason, the daily roll-up of steps, missed deadlines, usual times."""
from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.base import Base, Json, where


class Pause(Base):
    """A deal (or an instance of no deal) stands still for a known reason until a moment.

    ``reason``: a value of settings/pauses.yaml. ``clock``: whose time runs meanwhile: ``ours``, ``client`` or
    ``nobody``; unless it is ours, deadlines rest. ``milestone``: how far the deal had come. ``moved``: what rests:
    ``{"task:17": due moment before, "point:3": …, "job:9": …}``. ``ended_how``: ``resumed`` by a person, ``expired``
    on its day, ``closed`` with the deal. An expired one waits until a manager has looked at its reason
    (``reviewed_at``).
    """

    __tablename__ = "pause"
    __table_args__ = (
        Index("ix_pause_open_deal", "deal_id", unique=True, **where("ended_at IS NULL AND deal_id IS NOT NULL")),
        Index("ix_pause_open", "resumes_at", **where("ended_at IS NULL")),
        Index("ix_pause_unreviewed", "ended_at", **where("ended_how = 'expired' AND reviewed_at IS NULL")),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    deal_id: Mapped[int | None] = mapped_column(ForeignKey("deal.id"), index=True)
    instance_id: Mapped[int | None] = mapped_column(ForeignKey("process_instance.id"), index=True)
    reason: Mapped[str]
    note: Mapped[str | None]
    clock: Mapped[str]
    milestone: Mapped[str | None]
    starts_at: Mapped[datetime]
    resumes_at: Mapped[datetime]
    started_by: Mapped[int | None] = mapped_column(ForeignKey("user_.id"))
    moved: Mapped[Json]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[int | None] = mapped_column(ForeignKey("user_.id"))
    ended_how: Mapped[str | None]
    reviewed_at: Mapped[datetime | None]
    reviewed_by: Mapped[int | None] = mapped_column(ForeignKey("user_.id"))


class StepDay(Base):
    """What one user task of a drawing cost on one day, of all that were completed on it.

    ``waiting``: working seconds until somebody took it, ``working``: from then until it was completed; ``waits`` and
    ``works``: how many passes fell into which step of the scale in engine.steps, for medians. ``late``: completed
    after the due moment; ``due``: how many had one.
    """

    __tablename__ = "step_day"
    __table_args__ = (Index("ix_step_day_on", "day"),)
    process_key: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    element_id: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    passes: Mapped[int]
    waiting: Mapped[int]
    working: Mapped[int]
    due: Mapped[int]
    late: Mapped[int]
    waits: Mapped[list[int]]
    works: Mapped[list[int]]


class MissedTask(Base):
    """A task that was completed after its due moment, with what is asked about it: by whom, at which milestone of a
    client of which class, how late in working seconds and why, found from the facts (engine.misses)."""

    __tablename__ = "missed_task"
    __table_args__ = (Index("ix_missed_task_day", "day"),)
    task_id: Mapped[int] = mapped_column(ForeignKey("user_task.id"), primary_key=True)
    day: Mapped[date]
    process_key: Mapped[str]
    element_id: Mapped[str]
    name: Mapped[str]
    user_id: Mapped[int] = mapped_column(ForeignKey("user_.id"))
    deal_id: Mapped[int | None] = mapped_column(ForeignKey("deal.id"))
    milestone: Mapped[str | None]
    client_class: Mapped[str | None]
    late: Mapped[int]
    why: Mapped[str]


class RolledDay(Base):
    """A day that has been rolled up: the job goes on after the last one, whatever happened in between."""

    __tablename__ = "rolled_day"
    day: Mapped[date] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    passes: Mapped[int]


class StageTime(Base):
    """How long deals of a segment (empty: of all) stayed in a stage of a scheme before they moved on, in days:
    quantiles over ``cases`` deals. Calculated anew with every roll-up."""

    __tablename__ = "stage_time"
    scheme: Mapped[str] = mapped_column(primary_key=True)
    stage: Mapped[str] = mapped_column(primary_key=True)
    segment: Mapped[str] = mapped_column(primary_key=True)
    cases: Mapped[int]
    p50: Mapped[float]
    p80: Mapped[float]
    p95: Mapped[float]

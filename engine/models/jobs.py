"""What the engine owes: jobs, messages that wait, subscriptions, incidents, mails."""
from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.base import Base, Json, Strings, where


class Job(Base):
    """A row that says "the engine owes this at that time".

    ``due_at``: not before. ``attempts``: counted just before the work. ``owner``/``claimed_until``: the worker's claim.
    ``key``: idempotency key, unique. ``lateness``: seconds between due and done. ``type``: the action's name, the
    signal's, the procedure's to start … ``ended_at``: set in every final status; only jobs without it cost anything.
    """

    __tablename__ = "job"
    __table_args__ = (
        Index("ix_job_due", "due_at", **where("ended_at IS NULL")),
        Index("ix_job_open", "instance_id", **where("ended_at IS NULL")),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    type: Mapped[str]
    key: Mapped[str] = mapped_column(unique=True)
    instance_id: Mapped[int | None] = mapped_column(ForeignKey("process_instance.id"))
    token_id: Mapped[str | None]
    element_id: Mapped[str | None]
    payload: Mapped[Json]
    due_at: Mapped[datetime]
    status: Mapped[str] = mapped_column(default="waiting")
    attempts: Mapped[int] = mapped_column(default=0)
    max_attempts: Mapped[int] = mapped_column(default=5)
    owner: Mapped[str | None]
    claimed_until: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    lateness: Mapped[float | None]
    error: Mapped[str | None]


class MessageSubscription(Base):
    """This instance awaits message (or signal) ``name`` with ``correlation_key``."""

    __tablename__ = "message_subscription"
    __table_args__ = (Index("ix_message_subscription_name_key", "kind", "name", "correlation_key"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    instance_id: Mapped[int] = mapped_column(ForeignKey("process_instance.id"), index=True)
    token_id: Mapped[str]
    element_id: Mapped[str]
    kind: Mapped[str]
    name: Mapped[str]
    correlation_key: Mapped[str | None]


class Message(Base):
    """Something from outside (or from another instance) meant for one instance; waits until ``expires_at``."""

    __tablename__ = "message"
    __table_args__ = (Index("ix_message_waiting", "status", "name", "correlation_key"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    correlation_key: Mapped[str | None]
    key: Mapped[str | None] = mapped_column(unique=True)
    payload: Mapped[Json]
    received_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    status: Mapped[str] = mapped_column(default="waiting")
    instance_id: Mapped[int | None] = mapped_column(ForeignKey("process_instance.id"))


class Incident(Base):
    """A failure that stops an instance until a person retries or resolves it."""

    __tablename__ = "incident"
    id: Mapped[int] = mapped_column(primary_key=True)
    instance_id: Mapped[int | None] = mapped_column(ForeignKey("process_instance.id"), index=True)
    job_id: Mapped[int | None] = mapped_column(ForeignKey("job.id"))
    kind: Mapped[str]
    element_id: Mapped[str | None]
    token_id: Mapped[str | None]
    message: Mapped[str]
    raised_at: Mapped[datetime]
    status: Mapped[str] = mapped_column(default="open", index=True)
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[int | None] = mapped_column(ForeignKey("user_.id"))
    reason: Mapped[str | None]


class Mail(Base):
    """One mail handed over, or to be. ``attachments``: document ids. ``message_id`` is deterministic, but for a mail to
    one of us (``user_id``), where nobody may guess it: a reply to it becomes a comment, on ``task_id`` if it has one.
    ``comment_id``: the comment it tells of, where that is about no instance. ``html``: the same as a page."""

    __tablename__ = "mail"
    id: Mapped[int] = mapped_column(primary_key=True)
    instance_id: Mapped[int | None] = mapped_column(ForeignKey("process_instance.id"), index=True)
    recipient: Mapped[str]
    subject: Mapped[str]
    body: Mapped[str]
    attachments: Mapped[Strings]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user_.id"))
    task_id: Mapped[int | None] = mapped_column(ForeignKey("user_task.id"))
    comment_id: Mapped[int | None] = mapped_column(ForeignKey("comment.id"))
    html: Mapped[str | None]
    message_id: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]

"""What people are told and how they want to be told it; mails that came in; the address of a person's calendar."""
from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.base import Base, Json, where


class Notice(Base):
    """One thing a person is told. ``kind``: names its sentence (engine.notifications); ``facts``: what is put in.

    ``subject``: the row it is about where that is neither task nor instance (``comment:5``). ``channel``: how it leaves
    the house: now, digest or nothing; ``mailed_at``: when it was put into a digest; ``mail_id``: the mail it went out
    with at once.
    """

    __tablename__ = "notice"
    __table_args__ = (
        Index("ix_notice_unread", "user_id", "id", **where("read_at IS NULL")),
        Index("ix_notice_user", "user_id", "id"),
        Index("ix_notice_digest", "user_id", **where("channel = 'digest' AND mailed_at IS NULL")),
        Index("ix_notice_instance", "instance_id", "user_id"),
        Index("ix_notice_subject", "subject", **where("instance_id IS NULL AND subject IS NOT NULL")),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_.id"))
    kind: Mapped[str]
    instance_id: Mapped[int | None] = mapped_column(ForeignKey("process_instance.id"))
    task_id: Mapped[int | None] = mapped_column(ForeignKey("user_task.id"))
    subject: Mapped[str | None]
    facts: Mapped[Json]
    at: Mapped[datetime]
    read_at: Mapped[datetime | None]
    channel: Mapped[str]
    mailed_at: Mapped[datetime | None]
    mail_id: Mapped[int | None] = mapped_column(ForeignKey("mail.id"))


class NoticeChoice(Base):
    """How a person wants to be told of one topic: now, digest or nothing. Without a row: the topic's default."""

    __tablename__ = "notice_choice"
    user_id: Mapped[int] = mapped_column(ForeignKey("user_.id"), primary_key=True)
    topic: Mapped[str] = mapped_column(primary_key=True)
    channel: Mapped[str]


class NoticeHabit(Base):
    """When mails may come. ``digest_hour``: by the office's clock, null for no digest. ``quiet``: none, working (mails
    only in working time) or hours (not from ``quiet_from`` to ``quiet_until``, minutes of the day)."""

    __tablename__ = "notice_habit"
    user_id: Mapped[int] = mapped_column(ForeignKey("user_.id"), primary_key=True)
    digest_hour: Mapped[int | None]
    quiet: Mapped[str] = mapped_column(default="working")
    quiet_from: Mapped[int] = mapped_column(default=20 * 60)
    quiet_until: Mapped[int] = mapped_column(default=8 * 60)


class IncomingMail(Base):
    """A mail that came in, once by its Message-ID. ``status``: taken (a comment), ignored (a machine wrote it) or
    unmatched until somebody has settled it. The mail itself stays in the mailbox, in ``folder``."""

    __tablename__ = "incoming_mail"
    __table_args__ = (Index("ix_incoming_mail_open", "id", **where("status = 'unmatched' AND settled_at IS NULL")),)
    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[str] = mapped_column(unique=True)
    sender: Mapped[str]
    subject: Mapped[str]
    received_at: Mapped[datetime]
    size: Mapped[int]
    status: Mapped[str]
    reason: Mapped[str | None]
    folder: Mapped[str | None]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user_.id"))
    comment_id: Mapped[int | None] = mapped_column(ForeignKey("comment.id"))
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[int | None] = mapped_column(ForeignKey("user_.id"))
    note: Mapped[str | None]


class CalendarFeed(Base):
    """The address by which a person's calendar program reads his dates. Only the hash of its token is kept.

    ``discreet``: names of clients and people stay out of it. ``hits``/``hits_since``: reads of the present hour.
    """

    __tablename__ = "calendar_feed"
    user_id: Mapped[int] = mapped_column(ForeignKey("user_.id"), primary_key=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    discreet: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    read_at: Mapped[datetime | None]
    hits: Mapped[int] = mapped_column(default=0)
    hits_since: Mapped[datetime | None]

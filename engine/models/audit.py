"""The log: append-only, hash-chained per instance. Guarded here (ORM) and by triggers (migrations)."""
from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, event
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.models.base import Base, Json


class AuditEvent(Base):
    """One line of the log: at, actor, ``subject.past_tense``, subject, data. Never changed.

    ``chain``: the instance id, or 0 for what belongs to none; ``seq``: gapless within the chain; ``definition``:
    ``key:version`` of the rules in force; ``on_behalf_of``: the absent person; ``data``: old and new values.
    """

    __tablename__ = "audit_event"
    __table_args__ = (UniqueConstraint("chain", "seq"), Index("ix_audit_event_at", "at"))
    id: Mapped[int] = mapped_column(primary_key=True)
    chain: Mapped[int]
    seq: Mapped[int]
    at: Mapped[datetime]
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("user_.id"))
    on_behalf_of: Mapped[int | None] = mapped_column(ForeignKey("user_.id"))
    type: Mapped[str]
    subject: Mapped[str | None]
    definition: Mapped[str | None]
    data: Mapped[Json]
    hash: Mapped[bytes]


@event.listens_for(Session, "before_flush")
def _append_only(session: Session, *_: Any) -> None:
    if any(isinstance(row, AuditEvent) for row in (*session.dirty, *session.deleted)):
        raise TypeError("audit events are never changed or deleted")

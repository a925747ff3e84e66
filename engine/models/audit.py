"""The log: append-only, hash-chained per instance. Guarded here (ORM) and by triggers in the database itself."""
from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import DDL, ForeignKey, Index, UniqueConstraint, event
from sqlalchemy.orm import Mapped, Session, mapped_column
from sqlalchemy.schema import ExecutableDDLElement

from engine.models.base import Base, Json, where


class AuditEvent(Base):
    """One line of the log: at, actor, ``subject.past_tense``, subject, data. Never changed.

    ``chain``: the instance id, or 0 for what belongs to none; ``seq``: gapless within the chain; ``definition``:
    ``key:version`` of the rules in force; ``on_behalf_of``: the absent person; ``data``: old and new values; ``hash``:
    SHA-256 over the hash before it and everything in this line. Lines of no instance are looked up by subject.
    """

    __tablename__ = "audit_event"
    __table_args__ = (
        UniqueConstraint("chain", "seq"),
        Index("ix_audit_event_subject", "subject", **where("chain = 0")),
    )
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


# The insert trigger matters as much as the other two: SQLite's INSERT OR REPLACE deletes without asking a delete
# trigger unless recursive_triggers is on, and whoever opens the file with another program has it off.
SQLITE = (
    """
    CREATE TRIGGER audit_event_no_update BEFORE UPDATE ON audit_event
    BEGIN SELECT RAISE(ABORT, 'audit events are never changed'); END
    """,
    """
    CREATE TRIGGER audit_event_no_delete BEFORE DELETE ON audit_event
    BEGIN SELECT RAISE(ABORT, 'audit events are never deleted'); END
    """,
    """
    CREATE TRIGGER audit_event_in_order BEFORE INSERT ON audit_event
    WHEN NEW.seq IS NOT (SELECT COALESCE(MAX(seq), 0) + 1 FROM audit_event WHERE chain = NEW.chain)
    BEGIN SELECT RAISE(ABORT, 'audit events are written in order'); END
    """,
)
POSTGRESQL = (
    """
    CREATE FUNCTION audit_event_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'audit events are never changed or deleted'; END $$
    """,
    """
    CREATE FUNCTION audit_event_order() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.seq <> (SELECT COALESCE(MAX(seq), 0) + 1 FROM audit_event WHERE chain = NEW.chain) THEN
            RAISE EXCEPTION 'audit events are written in order';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER audit_event_no_change BEFORE UPDATE OR DELETE ON audit_event
    FOR EACH ROW EXECUTE FUNCTION audit_event_refuse()
    """,
    """
    CREATE TRIGGER audit_event_no_truncate BEFORE TRUNCATE ON audit_event
    FOR EACH STATEMENT EXECUTE FUNCTION audit_event_refuse()
    """,
    """
    CREATE TRIGGER audit_event_in_order BEFORE INSERT ON audit_event
    FOR EACH ROW EXECUTE FUNCTION audit_event_order()
    """,
)

for _dialect, _statements in (("sqlite", SQLITE), ("postgresql", POSTGRESQL)):
    for _statement in _statements:
        _ddl: ExecutableDDLElement = DDL(_statement.strip())  # type: ignore[no-untyped-call]  # untyped there
        event.listen(AuditEvent.__table__, "after_create", _ddl.execute_if(dialect=_dialect))

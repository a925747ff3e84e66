"""Running and finished process instances, every version of their state, and where their tokens have been."""
from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.models.base import Base, Json, PackedJson, where
from engine.models.definitions import ProcessDefinition


class ProcessInstance(Base):
    """One run of a definition.

    ``key``/``version``: its definition's, so that lists and log lines need no join. ``versions``: process key ->
    version, bound at the start for itself and all it may call. ``deal_id``: the deal it is about, if any. ``state``:
    compact live tokens (engine.bpmn), ``revision``: optimistic lock. ``variables``: the root scope's variables as of
    the last step, for lists and documents. ``parent_id``: the instance that started it. ``office``: the calendar it
    counts working time by. ``sole``: ``deal`` or ``client`` of a procedure that runs once at a time for one.
    """

    __tablename__ = "process_instance"
    __table_args__ = (
        Index("ix_process_instance_begun", "started_by", "ended_at", "deal_id"),
        Index("ix_process_instance_running", "key", "version", **where("ended_at IS NULL")),
        Index("ix_process_instance_over", "key", "version", **where("ended_at IS NOT NULL")),
        Index(
            "ix_process_instance_sole_deal", "deal_id", "key", unique=True,
            **where("sole = 'deal' AND ended_at IS NULL"),
        ),
        Index(
            "ix_process_instance_sole_client", "client_id", "key", unique=True,
            **where("sole = 'client' AND ended_at IS NULL"),
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    definition_id: Mapped[int] = mapped_column(ForeignKey("process_definition.id"), index=True)
    key: Mapped[str]
    version: Mapped[int]
    business_key: Mapped[str | None] = mapped_column(index=True)
    title: Mapped[str]
    status: Mapped[str] = mapped_column(index=True, default="active")
    versions: Mapped[Json]
    state: Mapped[bytes]
    variables: Mapped[Json] = mapped_column(PackedJson)
    client_id: Mapped[int | None] = mapped_column(ForeignKey("client.id"), index=True)
    deal_id: Mapped[int | None] = mapped_column(ForeignKey("deal.id"), index=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("process_instance.id"), index=True)
    office: Mapped[str] = mapped_column(default="main")
    sole: Mapped[str | None]
    started_at: Mapped[datetime]
    started_by: Mapped[int | None] = mapped_column(ForeignKey("user_.id"))
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None]
    revision: Mapped[int] = mapped_column()
    definition: Mapped[ProcessDefinition] = relationship()
    __mapper_args__ = {"version_id_col": revision}


class StateVersion(Base):
    """The state as it stood after a step, whole or as the difference to the one before (engine.history reads them):
    return, recall and "how did it stand on Tuesday" restore one of these."""

    __tablename__ = "state_version"
    __table_args__ = ({"sqlite_with_rowid": False},)
    instance_id: Mapped[int] = mapped_column(ForeignKey("process_instance.id"), primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    state: Mapped[bytes]


class Visit(Base):
    """One token's stay at one element: append-only but for its end. ``path``: ids of the call activities and
    sub-processes around it, root first, joined by ``/``; ``process_key``/``version``: the drawing the element is in.
    ``outcome``: completed or cancelled. ``id`` orders the visits of one instance (engine.projection gives it)."""

    __tablename__ = "visit"
    __table_args__ = (
        Index("ix_visit_open", "token_id", "instance_id", unique=True, **where("left_at IS NULL")),
        {"sqlite_with_rowid": False},
    )
    instance_id: Mapped[int] = mapped_column(ForeignKey("process_instance.id"), primary_key=True)
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    token_id: Mapped[str]
    process_key: Mapped[str]
    version: Mapped[int]
    element_id: Mapped[str]
    path: Mapped[str]
    entered_at: Mapped[datetime]
    left_at: Mapped[datetime | None]
    outcome: Mapped[str | None]

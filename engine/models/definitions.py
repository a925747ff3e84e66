"""What has been published: deployments, process definitions, forms, decisions, templates; and drafts."""
from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.models.base import Base, Json, Strings


class Deployment(Base):
    """The act of putting files into the engine. Never changed afterwards."""

    __tablename__ = "deployment"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("user_.id"))
    note: Mapped[str | None]


class ProcessDefinition(Base):
    """One version of one procedure. The highest version of a key is in force for new instances.

    ``calls``: keys of the procedures it may call, statically known. ``starter_groups``: who may start it by hand;
    empty means it is only called. ``forms``/``decisions``: form key / decision id -> version bound at publication.
    """

    __tablename__ = "process_definition"
    __table_args__ = (UniqueConstraint("key", "version"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(index=True)
    version: Mapped[int]
    name: Mapped[str]
    file: Mapped[str]
    xml: Mapped[bytes]
    sha256: Mapped[str]
    calls: Mapped[Strings]
    forms: Mapped[Json]
    decisions: Mapped[Json]
    starter_groups: Mapped[Strings]
    deployment_id: Mapped[int] = mapped_column(ForeignKey("deployment.id"))
    deployment: Mapped[Deployment] = relationship()


class Resource(Base):
    """One version of a form (key ``sale/qualify``), decision file or document template (key ``sale/contract``)."""

    __tablename__ = "resource"
    __table_args__ = (UniqueConstraint("kind", "key", "version"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    key: Mapped[str]
    version: Mapped[int]
    file: Mapped[str]
    content: Mapped[bytes]
    sha256: Mapped[str]
    provides: Mapped[Strings]
    deployment_id: Mapped[int] = mapped_column(ForeignKey("deployment.id"))


class DraftFile(Base):
    """A designer's unpublished file: may have faults, is never executed."""

    __tablename__ = "draft_file"
    __table_args__ = (UniqueConstraint("kind", "key"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    key: Mapped[str]
    file: Mapped[str]
    content: Mapped[bytes]
    author_id: Mapped[int | None] = mapped_column(ForeignKey("user_.id"))
    saved_at: Mapped[datetime]
    revision: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": revision}

"""Procedures for the designer: versions, what runs on each, drafts. SELECTs only."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.models import Deployment, DraftFile, ProcessDefinition, ProcessInstance, User
from engine.vocabulary import ResourceKind


@dataclass(frozen=True)
class ProcedureRow:
    """One procedure: its version in force, how many instances run on which version, whether a draft waits."""

    key: str
    name: str
    version: int
    published_at: datetime
    running: int
    running_old: int
    draft_saved_at: datetime | None


@dataclass(frozen=True)
class VersionRow:
    """One version of a procedure and what runs on it."""

    definition_id: int
    version: int
    name: str
    file: str
    sha256: str
    published_at: datetime
    published_by: str | None
    note: str | None
    running: int
    finished: int


def procedures(session: Session) -> Sequence[ProcedureRow]:
    """Every procedure in its newest version, by name."""
    newest = (
        select(ProcessDefinition.key, func.max(ProcessDefinition.version).label("version"))
        .group_by(ProcessDefinition.key)
        .subquery()
    )
    running = {(key, version): count for key, version, count in session.execute(_instances(ended=False))}
    rows = session.execute(
        select(
            ProcessDefinition.key, ProcessDefinition.name, ProcessDefinition.version, Deployment.at, DraftFile.saved_at
        )
        .join(newest, (newest.c.key == ProcessDefinition.key) & (newest.c.version == ProcessDefinition.version))
        .join(Deployment)
        .outerjoin(DraftFile, DraftFile.file == ProcessDefinition.file)
        .order_by(ProcessDefinition.name)
    )
    return [
        ProcedureRow(
            key, name, version, at,
            running=running.get((key, version), 0),
            running_old=sum(n for (k, v), n in running.items() if k == key and v != version),
            draft_saved_at=saved,
        )
        for key, name, version, at, saved in rows
    ]  # fmt: skip


def versions(session: Session, key: str) -> Sequence[VersionRow]:
    """All versions of a procedure, newest first; empty if there is none."""
    running = {v: n for _, v, n in session.execute(_instances(ended=False).where(ProcessInstance.key == key))}
    finished = {v: n for _, v, n in session.execute(_instances(ended=True).where(ProcessInstance.key == key))}
    rows = session.execute(
        select(ProcessDefinition, Deployment.at, Deployment.note, User)
        .select_from(ProcessDefinition)
        .join(Deployment, Deployment.id == ProcessDefinition.deployment_id)
        .outerjoin(User, User.id == Deployment.actor_id)
        .where(ProcessDefinition.key == key)
        .order_by(ProcessDefinition.version.desc())
    )
    return [
        VersionRow(
            d.id, d.version, d.name, d.file, d.sha256, at, user.name if user else None, note,
            running.get(d.version, 0), finished.get(d.version, 0),
        )
        for d, at, note, user in rows
    ]  # fmt: skip


def source(session: Session, key: str, version: int | None = None) -> ProcessDefinition | None:
    """A definition with its file: this version, or the newest."""
    found = select(ProcessDefinition).where(ProcessDefinition.key == key)
    if version is not None:
        found = found.where(ProcessDefinition.version == version)
    return session.scalar(found.order_by(ProcessDefinition.version.desc()).limit(1))


def file_of(session: Session, key: str) -> str:
    """The file a procedure came in, or, of a new one, will come in: ``processes/<key>/<key>.bpmn``."""
    published = source(session, key)
    return published.file if published else f"processes/{key}/{key}.bpmn"


def draft(session: Session, key: str) -> DraftFile | None:
    """The draft of a procedure, if somebody saved one."""
    return session.scalar(select(DraftFile).where(DraftFile.file == file_of(session, key)))


def begun(session: Session) -> Sequence[DraftFile]:
    """Drawings that have never been published, newest first."""
    published = select(ProcessDefinition.file)
    return session.scalars(
        select(DraftFile)
        .where(DraftFile.kind == ResourceKind.PROCESS, DraftFile.file.not_in(published))
        .order_by(DraftFile.saved_at.desc())
    ).all()


def _instances(ended: bool):  # type: ignore[no-untyped-def]  # SQLAlchemy infers the row type
    state = ProcessInstance.ended_at.is_not(None) if ended else ProcessInstance.ended_at.is_(None)
    return (
        select(ProcessInstance.key, ProcessInstance.version, func.count())
        .where(state)
        .group_by(ProcessInstance.key, ProcessInstance.version)
    )

"""What the engine owes from now on: a job is written in the transaction that decided it, or not at all."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, update

from engine import values
from engine.models import Job, ProcessInstance, table_of
from engine.rows import Prepared
from engine.vocabulary import JobKind, JobStatus
from engine.work import Work

JOBS = table_of(Job)
ATTEMPTS = 5
WRITE = Prepared(
    insert(JOBS).inline(),
    columns=["kind", "type", "key", "instance_id", "token_id", "element_id", "payload", "due_at", "status", "attempts",
             "max_attempts"],
)  # fmt: skip
CANCEL = Prepared(
    update(JOBS)
    .where(JOBS.c.id == bindparam("job"), JOBS.c.ended_at.is_(None))
    .values(status=bindparam("cancelled"), ended_at=bindparam("at"))
)
WOKEN = "outbox.woken"


@dataclass(frozen=True)
class Debt:
    """A job in the hand of who pays it."""

    id: int
    kind: str
    type: str
    key: str
    instance_id: int | None
    token_id: str | None
    element_id: str | None
    payload: dict[str, Any]
    due_at: datetime


DEBT = tuple(JOBS.c[name] for name in Debt.__dataclass_fields__)


@dataclass(frozen=True)
class Owed:
    """A job to be written. ``key``: idempotency, unique for ever; ``type``: action, signal, procedure … by ``kind``."""

    kind: JobKind
    type: str
    key: str
    due_at: datetime
    instance: ProcessInstance | None = None
    token_id: str | None = None
    element_id: str | None = None
    payload: dict[str, Any] = field(default_factory=dict)
    max_attempts: int = ATTEMPTS


def owe(work: Work, *jobs: Owed) -> None:
    """Write jobs. What is due at once wakes a worker after the commit. Raises IntegrityError if a key was used."""
    if not jobs:
        return
    rows = [
        {
            "kind": job.kind,
            "type": job.type,
            "key": job.key,
            "instance_id": job.instance.id if job.instance is not None else None,
            "token_id": job.token_id,
            "element_id": job.element_id,
            "payload": values.encode(job.payload),
            "due_at": job.due_at,
            "status": JobStatus.WAITING,
            "attempts": 0,
            "max_attempts": job.max_attempts,
        }
        for job in jobs
    ]
    WRITE.run_many(work.connection, rows)
    if any(job.due_at <= work.now for job in jobs):
        wake(work)


def wake(work: Work) -> None:
    """After the commit, tell a worker that something is due."""
    if work.env.wake is not None and not work.memory.get(WOKEN):
        work.memory[WOKEN] = True
        work.after_commit.append(work.env.wake)


def cancel(work: Work, job_ids: Iterable[int]) -> None:
    """These jobs are owed no more."""
    for job_id in job_ids:
        CANCEL.run(work.connection, job=job_id, at=work.now, cancelled=JobStatus.CANCELLED)

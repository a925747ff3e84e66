"""The log. ``record`` remembers lines; they are chained and written in one go just before the commit.

Each instance has its own chain, chain 0 is for what belongs to none. A line's hash covers the hash before it, so a
changed, missing or inserted line breaks every hash after it; cutting off the end is found by comparing with an anchor
(count and head) that was kept elsewhere.
"""
from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, func, insert, literal_column, select, text
from sqlalchemy.orm import Session

from engine import values
from engine.models import AuditEvent, ProcessInstance, UserTask, table_of
from engine.rows import Prepared
from engine.work import Work

COMMON = 0
START = b"\0" * 32
DIGEST = 32  # hexadecimal digits
COMPLETED = "user_task.completed"
PENDING = "audit.pending"
LINES = table_of(AuditEvent)
HEAD = Prepared(
    select(LINES.c.seq, LINES.c.hash).where(LINES.c.chain == bindparam("chain")).order_by(LINES.c.seq.desc()).limit(1)
)
TASKS = table_of(UserTask)
OUTCOMES = Prepared(
    select(TASKS.c.id, TASKS.c.outcome)
    .where(TASKS.c.instance_id == bindparam("instance"))
    .where(TASKS.c.ended_at.is_not(None))
)
WRITE = Prepared(insert(LINES).inline(), columns=[column.name for column in LINES.c if column.name != "id"])
LOCK = text("SELECT pg_advisory_xact_lock(7201, :chain)")


@dataclass(frozen=True)
class Head:
    """How far a chain has come. Kept outside the database it is an anchor: nobody can cut or rewrite what it covers."""

    chain: int
    count: int
    hash: bytes


@dataclass(frozen=True)
class Verdict:
    """What verification of one chain found. ``broken``: seq of the first line that is not as it was written."""

    head: Head
    broken: int | None = None
    reason: str = ""

    @property
    def holds(self) -> bool:
        """Nothing was changed, removed, inserted or cut off."""
        return self.broken is None


@dataclass(frozen=True)
class _Line:
    instance: ProcessInstance | None
    type: str
    subject: str | None
    definition: str | None
    actor_id: int | None
    on_behalf_of: int | None
    data: dict[str, Any]


def record(
    work: Work,
    type: str,
    *,
    instance: ProcessInstance | None = None,
    subject: str | None = None,
    definition: str | None = None,
    **data: Any,
) -> None:
    """Write a line when the work is done. ``type``: ``subject.past_tense``; ``data``: what changed, old and new.

    Raises TypeError for data that cannot be kept (values.encode).
    """
    lines = work.memory.get(PENDING)
    if lines is None:
        lines = work.memory[PENDING] = []
        work.before_commit.append(lambda: _write(work))
    actor = work.actor
    lines.append(
        _Line(instance, type, subject, definition, actor.user_id, actor.on_behalf_of, values.encode(data))
    )


def about(*subjects: str) -> ColumnElement[bool]:
    """Lines of no instance about these subjects (``client:17``), found by their index."""
    is_common: ColumnElement[bool] = AuditEvent.chain == literal_column(str(COMMON))  # said as the index says it
    return and_(is_common, AuditEvent.subject.in_(subjects))


def verify(session: Session, chain: int, anchor: Head | None = None) -> Verdict:
    """Recompute a chain; name the first line that is broken. With an ``anchor``, also find a cut or rewritten chain."""
    head = Head(chain, 0, START)
    filled_in = {row[0]: row[1] for row in OUTCOMES.see(session, instance=chain)}
    rows = session.execute(select(LINES).where(LINES.c.chain == chain).order_by(LINES.c.seq)).mappings()
    for row in rows:
        due = head.count + 1
        if row["seq"] != due:
            return Verdict(head, due, "line is missing")
        if _hash(head.hash, dict(row)) != row["hash"]:
            return Verdict(head, due, "line was changed")
        if row["type"] == COMPLETED and not _is_outcome(filled_in, row["subject"], row["data"].get("outcome")):
            return Verdict(head, due, "what was filled in is not what was signed for")
        head = Head(chain, due, row["hash"])
        if anchor and anchor.count == due and anchor.hash != head.hash:
            return Verdict(head, due, "chain was rewritten since the anchor was taken")
    if anchor and anchor.count > head.count:
        return Verdict(head, head.count + 1, "lines were cut off since the anchor was taken")
    return Verdict(head)


def digest(encoded: Any) -> str:
    """What the log keeps of data that stands elsewhere and may one day have to be erased: enough to prove it."""
    return hashlib.sha256(values.dumps(encoded)).hexdigest()[:DIGEST]


def verify_all(session: Session, anchors: Sequence[Head] = ()) -> Iterator[Verdict]:
    """Every chain there is, and every one an anchor says there was."""
    kept = {anchor.chain: anchor for anchor in anchors}
    chains = set(session.scalars(select(AuditEvent.chain).distinct())) | set(kept)
    for chain in sorted(chains):
        yield verify(session, chain, kept.get(chain))


def anchor(session: Session) -> list[Head]:
    """The heads of all chains, to be kept where the database's owner cannot reach."""
    newest = select(AuditEvent.chain, func.max(AuditEvent.seq).label("seq")).group_by(AuditEvent.chain).subquery()
    rows = session.execute(
        select(AuditEvent.chain, AuditEvent.seq, AuditEvent.hash)
        .join(newest, (newest.c.chain == AuditEvent.chain) & (newest.c.seq == AuditEvent.seq))
        .order_by(AuditEvent.chain)
    )
    return [Head(row.chain, row.seq, row.hash) for row in rows]


def _write(work: Work) -> None:
    lines: list[_Line] = work.memory.pop(PENDING)
    if any(line.instance is not None and line.instance.id is None for line in lines):
        work.session.flush()
    at = work.now.astimezone(UTC)
    heads: dict[int, tuple[int, bytes]] = {}
    rows: list[dict[str, Any]] = []
    connection = work.connection
    is_postgresql = connection.dialect.name == "postgresql"
    for line in lines:
        chain = line.instance.id if line.instance is not None else COMMON
        if chain not in heads:
            if is_postgresql:  # two writers of one chain take turns
                connection.execute(LOCK, {"chain": chain})
            head = HEAD.first(connection, chain=chain)
            heads[chain] = (head[0], head[1]) if head is not None else (0, START)
        seq, previous = heads[chain]
        row: dict[str, Any] = {
            "chain": chain,
            "seq": seq + 1,
            "at": at,
            "actor_id": line.actor_id,
            "on_behalf_of": line.on_behalf_of,
            "type": line.type,
            "subject": line.subject,
            "definition": line.definition or _definition(line.instance),
            "data": line.data,
        }
        row["hash"] = _hash(previous, row)
        heads[chain] = (seq + 1, row["hash"])
        rows.append(row)
    WRITE.run_many(connection, rows)


def _is_outcome(filled_in: Mapping[int, Any], subject: str, signed: str | None) -> bool:
    """Whether a completed task still holds what its line in the log says it was completed with."""
    outcome = filled_in.get(int(subject.partition(":")[2]))
    return signed is None or digest(outcome if outcome is not None else {}) == signed


def _definition(instance: ProcessInstance | None) -> str | None:
    return f"{instance.key}:{instance.version}" if instance is not None else None


def _hash(previous: bytes, row: Mapping[str, Any]) -> bytes:
    at: datetime = row["at"]
    line = [
        row["chain"],
        row["seq"],
        at.astimezone(UTC).isoformat(),
        row["actor_id"],
        row["on_behalf_of"],
        row["type"],
        row["subject"],
        row["definition"],
        row["data"],
    ]
    return hashlib.sha256(previous + values.dumps(line)).digest()

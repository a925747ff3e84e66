"""The ledger of interventions as people read it: what waits for a second person, what was done. SELECTs only."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.models import Intervention, ProcessInstance, User
from engine.queries.deal import people_by_id

PAGE = 50
MOST_WAITING = 200


@dataclass(frozen=True)
class Entry:
    """One row of the ledger with the title of its instance."""

    row: Intervention
    title: str


@dataclass(frozen=True)
class Page:
    """Entries, and the people in them."""

    entries: Sequence[Entry]
    people: dict[int, User]
    count: int


def waiting(session: Session) -> Page:
    """Requests that nobody has decided, the oldest first."""
    query = select(Intervention, ProcessInstance.title).join(ProcessInstance)
    rows = session.execute(
        query.where(Intervention.decided_at.is_(None)).order_by(Intervention.requested_at).limit(MOST_WAITING)
    ).all()
    return _page(session, rows, len(rows))


def done(session: Session, page: int, kind: str = "") -> Page:
    """What was decided, newest first."""
    where = [Intervention.decided_at.is_not(None), *([Intervention.kind == kind] if kind else [])]
    rows = session.execute(
        select(Intervention, ProcessInstance.title).join(ProcessInstance).where(*where)
        .order_by(Intervention.decided_at.desc(), Intervention.id.desc()).limit(PAGE).offset((page - 1) * PAGE)
    ).all()  # fmt: skip
    count = session.scalar(select(func.count()).select_from(Intervention).where(*where)) or 0
    return _page(session, rows, count)


def of_instance(session: Session, instance_id: int) -> Page:
    """Everything that was done to one instance, newest first."""
    rows = session.execute(
        select(Intervention, ProcessInstance.title).join(ProcessInstance)
        .where(Intervention.instance_id == instance_id).order_by(Intervention.id.desc()).limit(PAGE)
    ).all()  # fmt: skip
    return _page(session, rows, len(rows))


def to_confirm(session: Session, kinds: Collection[str], user_id: int | None) -> int:
    """How many requests of these kinds this person may decide on."""
    if not kinds:
        return 0
    mine = select(func.count()).select_from(Intervention).where(
        Intervention.decided_at.is_(None), Intervention.kind.in_(kinds), Intervention.requested_by != user_id
    )
    return session.scalar(mine) or 0


def _page(session: Session, rows: Sequence[Sequence[object]], count: int) -> Page:
    entries = [Entry(row[0], str(row[1])) for row in rows if isinstance(row[0], Intervention)]
    people = {entry.row.requested_by for entry in entries} | {entry.row.decided_by for entry in entries}
    return Page(entries, people_by_id(session, people), count)

"""What a person has been told. SELECTs only."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import values
from engine.models import Notice, ProcessInstance

PAGE = 40


@dataclass(frozen=True)
class Told:
    """One notice. ``facts``: what its sentence says; ``instance``: the title of what it is about."""

    notice: Notice
    facts: dict[str, Any]
    instance: str | None


def listing(session: Session, user_id: int, *, unread: bool, page: int = 1) -> tuple[list[Told], int]:
    """One page of a person's notices, the newest first, and how many there are."""
    where = [Notice.user_id == user_id]
    if unread:
        where.append(Notice.read_at.is_(None))
    count = session.scalar(select(func.count()).select_from(Notice).where(*where)) or 0
    rows = session.execute(
        select(Notice, ProcessInstance.title)
        .outerjoin(ProcessInstance, ProcessInstance.id == Notice.instance_id)
        .where(*where)
        .order_by(Notice.id.desc())
        .limit(PAGE)
        .offset((page - 1) * PAGE)
    )
    return [Told(notice, values.decode(notice.facts), title) for notice, title in rows], count

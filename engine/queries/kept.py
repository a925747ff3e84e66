"""What the filters of the inbox are chosen from, and those that are kept for this person. SELECTs only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from engine.filters import Query
from engine.models import Group, ProcessDefinition, SavedFilter
from engine.work import Actor


@dataclass(frozen=True)
class Kept:
    """One saved filter. ``group``: with whom it is shared; ``own``: whether this person saved it."""

    id: int
    name: str
    query: Query
    group: Group | None
    own: bool


def filters(session: Session, actor: Actor) -> list[Kept]:
    """One's own and those shared with one's groups, by name."""
    rows = session.execute(
        select(SavedFilter, Group)
        .outerjoin(Group, Group.key == SavedFilter.group_key)
        .where(or_(SavedFilter.owner_id == actor.user_id, SavedFilter.group_key.in_(actor.groups)))
        .order_by(SavedFilter.name, SavedFilter.id)
    )
    return [Kept(row.id, row.name, Query.read(row.query), group, row.owner_id == actor.user_id) for row, group in rows]


def procedures(session: Session) -> Sequence[tuple[str, str]]:
    """Keys and names of all procedures in force, by name."""
    newest = select(func.max(ProcessDefinition.id)).group_by(ProcessDefinition.key)
    rows = session.execute(
        select(ProcessDefinition.key, ProcessDefinition.name)
        .where(ProcessDefinition.id.in_(newest))
        .order_by(ProcessDefinition.name)
    )
    return [(row.key, row.name) for row in rows]


def groups(session: Session, actor: Actor, *, everyone: bool) -> Sequence[Group]:
    """One's own groups; for those who oversee, all of them."""
    query = select(Group).order_by(Group.title)
    return session.scalars(query if everyone else query.where(Group.key.in_(actor.groups))).all()

"""Assignments: lists of those I issued, those given to me, and all of them. SELECTs only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, true
from sqlalchemy.orm import Session, aliased

from engine.models import Assignment, Client, Deal, Group, User, UserTask
from engine.work import Actor

OPEN = ("issued", "accepted", "reported")
PAGE = 50
ISSUED, GIVEN, ALL = "issued", "given", "all"


@dataclass(frozen=True)
class Row:
    """One line of the list. ``task_id``: the open step of it that this person may do."""

    assignment: Assignment
    issuer: User
    executor: User | None
    client: Client | None
    deal: Deal | None
    group: Group | None
    task_id: int | None


def listing(
    session: Session, actor: Actor, which: str, *, closed: bool = False, page: int = 1
) -> tuple[Sequence[Row], int]:
    """One page of assignments and how many there are: open ones by their due moment, closed ones newest first."""
    issuer, executor = aliased(User), aliased(User)
    state = Assignment.status.not_in(OPEN) if closed else Assignment.status.in_(OPEN)
    wanted = and_(_whose(actor, which), state)
    order: tuple[Any, ...] = (
        (Assignment.closed_at.desc(), Assignment.id.desc()) if closed else (Assignment.due_at, Assignment.id)
    )
    query = (
        select(Assignment, issuer, executor, Client, Deal, Group)
        .join(issuer, issuer.id == Assignment.issuer_id)
        .outerjoin(executor, executor.id == Assignment.executor_id)
        .outerjoin(Client, Client.id == Assignment.client_id)
        .outerjoin(Deal, Deal.id == Assignment.deal_id)
        .outerjoin(Group, Group.key == Assignment.executor_group)
        .where(wanted)
        .order_by(*order)
        .limit(PAGE)
        .offset((page - 1) * PAGE)
    )
    rows = session.execute(query).all()
    steps = _steps(session, actor, [row[0].instance_id for row in rows if row[0].instance_id is not None])
    count = session.scalar(select(func.count()).select_from(Assignment).where(wanted)) or 0
    return [Row(*row, task_id=steps.get(row[0].instance_id or 0)) for row in rows], count


def waiting(session: Session, actor: Actor) -> dict[str, int]:
    """How many open assignments there are in each list."""
    return {
        which: session.scalar(
            select(func.count()).select_from(Assignment).where(_whose(actor, which), Assignment.status.in_(OPEN))
        )
        or 0
        for which in (ISSUED, GIVEN, ALL)
    }


def _whose(actor: Actor, which: str) -> ColumnElement[bool]:
    if which == ISSUED:
        return Assignment.issuer_id == actor.user_id
    if which == GIVEN:
        mine = and_(Assignment.executor_id.is_(None), Assignment.executor_group.in_(actor.groups))
        return or_(Assignment.executor_id == actor.user_id, mine)
    return true()


def _steps(session: Session, actor: Actor, instances: Sequence[int]) -> dict[int, int]:
    """Instance -> the open task there that this person has."""
    query = select(UserTask.instance_id, UserTask.id).where(
        UserTask.instance_id.in_(instances), UserTask.rank.is_not(None), UserTask.assignee_id == actor.user_id
    )
    return {row.instance_id: row.id for row in session.execute(query)}

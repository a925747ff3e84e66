"""The inbox: what one person has, may take, is late with and has done. SELECTs only; the cost follows what is open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from engine import access
from engine.models import Candidate, Client, Deal, Group, Membership, ProcessInstance, User, UserTask
from engine.queries.words import contain
from engine.work import Actor

PAGE = 50
TABS = ("mine", "groups", "overdue", "done")


@dataclass(frozen=True)
class InboxRow:
    """One line. ``groups``: who may claim it, while nobody has it."""

    task: UserTask
    instance: ProcessInstance
    deal: Deal | None
    client: Client | None
    assignee: User | None
    groups: Sequence[Group] = ()


@dataclass(frozen=True)
class Counts:
    """How many tasks each tab holds."""

    mine: int
    groups: int
    overdue: int


@dataclass(frozen=True)
class Desk:
    """Whose tasks a person sees as his: his own and those of the people he stands in for at this moment."""

    people: tuple[int, ...]
    groups: frozenset[str]

    @property
    def mine(self) -> ColumnElement[bool]:
        """Assigned to one of them."""
        return and_(UserTask.assignee_id.in_(self.people), UserTask.rank.is_not(None))

    @property
    def free(self) -> ColumnElement[bool]:
        """Nobody has it and one of them may take it."""
        may = select(Candidate.task_id).where(
            Candidate.rank.is_not(None),
            or_(Candidate.group_key.in_(self.groups), Candidate.user_id.in_(self.people)),
        )
        return and_(UserTask.id.in_(may), UserTask.assignee_id.is_(None), UserTask.rank.is_not(None))


def desk(session: Session, actor: Actor, now: datetime) -> Desk:
    """The desk of a person at this moment."""
    if actor.user_id is None:
        return Desk((), frozenset())
    absent = access.absent(session, actor.user_id, now)
    groups = set(actor.groups)
    if absent:
        groups |= set(session.scalars(select(Membership.group_key).where(Membership.user_id.in_(absent))))
    return Desk((actor.user_id, *absent), frozenset(groups))


def counts(session: Session, actor: Actor, now: datetime) -> Counts:
    """What calls for this person."""
    place = desk(session, actor, now)
    return Counts(
        mine=_count(session, place.mine),
        groups=_count(session, place.free),
        overdue=_count(session, or_(place.mine, place.free) & (UserTask.due_at <= now)),
    )


def tasks(
    session: Session, actor: Actor, now: datetime, tab: str, *, words: str = "", page: int = 1
) -> tuple[list[InboxRow], int]:
    """One page of a tab, and how many lines it has. By priority, then due date; what rests until a follow-up date
    comes last; what is done, newest first."""
    place = desk(session, actor, now)
    where = {
        "mine": place.mine,
        "groups": place.free,
        "overdue": or_(place.mine, place.free) & (UserTask.due_at <= now),
        "done": UserTask.completed_by == actor.user_id,
    }[tab]
    found = _found(where, words)
    count = session.scalar(select(func.count()).select_from(found.with_only_columns(UserTask.id).subquery())) or 0
    rests = func.coalesce(UserTask.follow_up_at > now, False)
    order = (UserTask.ended_at.desc(), UserTask.id.desc()) if tab == "done" else (rests, UserTask.rank, UserTask.id)
    rows = session.execute(found.order_by(*order).limit(PAGE).offset((page - 1) * PAGE)).all()
    groups = _groups(session, [row[0].id for row in rows if row[0].assignee_id is None])
    return [InboxRow(row[0], row[1], row[2], row[3], row[4], groups.get(row[0].id, ())) for row in rows], count


def _found(where: ColumnElement[bool], words: str) -> Select[UserTask, ProcessInstance, Deal, Client, User]:
    return (
        select(UserTask, ProcessInstance, Deal, Client, User)
        .join(ProcessInstance, ProcessInstance.id == UserTask.instance_id)
        .outerjoin(Deal, Deal.id == ProcessInstance.deal_id)
        .outerjoin(Client, Client.id == func.coalesce(ProcessInstance.client_id, Deal.client_id))
        .outerjoin(User, User.id == UserTask.assignee_id)
        .where(where, *contain(words, UserTask.name, ProcessInstance.title, Client.name, Deal.number))
    )


def _count(session: Session, where: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).select_from(UserTask).where(where)) or 0


def _groups(session: Session, task_ids: Sequence[int]) -> dict[int, list[Group]]:
    rows = session.execute(
        select(Candidate.task_id, Group)
        .join(Group, Group.key == Candidate.group_key)
        .where(Candidate.task_id.in_(task_ids))
        .order_by(Group.title)
    )
    found: dict[int, list[Group]] = {}
    for task_id, group in rows:
        found.setdefault(task_id, []).append(group)
    return found

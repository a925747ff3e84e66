"""The inbox: what one person has, may take, is late with and has done. SELECTs only; the cost follows what is open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, true
from sqlalchemy.orm import Session, defer

from engine import access
from engine.models import Candidate, Client, Deal, Group, Membership, ProcessInstance, User, UserTask
from engine.queries.words import contain
from engine.substitution import EVERYTHING, Scope
from engine.work import Actor

PAGE = 50
HEAVY = tuple(
    defer(column)
    for column in (ProcessInstance.state, ProcessInstance.variables, ProcessInstance.versions, UserTask.outcome)
)  # what no line of a list shows
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
class Part:
    """What a person sees of an absent colleague whom he stands in for only in part."""

    user_id: int
    groups: frozenset[str]
    scope: Scope

    @property
    def mine(self) -> ColumnElement[bool]:
        """The colleague's own tasks in that part."""
        parts: list[ColumnElement[bool]] = [UserTask.assignee_id == self.user_id, UserTask.rank.is_not(None)]
        if self.scope.group is not None:
            named = exists().where(Candidate.task_id == UserTask.id, Candidate.group_key == self.scope.group)
            parts.append(named)
        return and_(*parts, self._drawn)

    @property
    def free(self) -> ColumnElement[bool]:
        """What the colleague might claim in that part."""
        groups = self.groups if self.scope.group is None else self.groups & {self.scope.group}
        person = Candidate.user_id == self.user_id
        may = select(Candidate.task_id).where(
            Candidate.rank.is_not(None),
            Candidate.group_key.in_(groups) if self.scope.group else or_(Candidate.group_key.in_(groups), person),
        )
        return and_(UserTask.id.in_(may), UserTask.assignee_id.is_(None), UserTask.rank.is_not(None), self._drawn)

    @property
    def _drawn(self) -> ColumnElement[bool]:
        return UserTask.process_key == self.scope.procedure if self.scope.procedure else true()


@dataclass(frozen=True)
class Desk:
    """Whose tasks a person sees as his: his own and those of the people he stands in for at this moment, wholly
    (``people``, ``groups``) or in ``parts``."""

    people: tuple[int, ...]
    groups: frozenset[str]
    parts: tuple[Part, ...] = ()

    @property
    def mine(self) -> ColumnElement[bool]:
        """Assigned to one of them."""
        whole = and_(UserTask.assignee_id.in_(self.people), UserTask.rank.is_not(None))
        return or_(whole, *(part.mine for part in self.parts)) if self.parts else whole

    @property
    def free(self) -> ColumnElement[bool]:
        """Nobody has it and one of them may take it."""
        may = select(Candidate.task_id).where(
            Candidate.rank.is_not(None),
            or_(Candidate.group_key.in_(self.groups), Candidate.user_id.in_(self.people)),
        )
        whole = and_(UserTask.id.in_(may), UserTask.assignee_id.is_(None), UserTask.rank.is_not(None))
        return or_(whole, *(part.free for part in self.parts)) if self.parts else whole


def desk(session: Session, actor: Actor, now: datetime) -> Desk:
    """The desk of a person at this moment."""
    if actor.user_id is None:
        return Desk((), frozenset())
    standing = access.absent(session, actor.user_id, now)
    if not standing:
        return Desk((actor.user_id,), frozenset(actor.groups))
    theirs: dict[int, set[str]] = {one.user_id: set() for one in standing}
    memberships = select(Membership.user_id, Membership.group_key).where(Membership.user_id.in_(theirs))
    for user_id, group in session.execute(memberships):
        theirs[user_id].add(group)
    wholly = tuple(dict.fromkeys(one.user_id for one in standing if one.scope == EVERYTHING))
    groups = frozenset(actor.groups).union(*(theirs[user_id] for user_id in wholly))
    parts = [one for one in standing if one.user_id not in wholly]
    return Desk(
        (actor.user_id, *wholly), groups,
        tuple(Part(one.user_id, frozenset(theirs[one.user_id]), one.scope) for one in parts),
    )  # fmt: skip


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
    ids, count = _search(session, where, tab, now, words, page) if words else _browse(session, where, tab, now, page)
    rows = {row[0].id: row for row in session.execute(_found(UserTask.id.in_(ids), ""))}
    groups = _groups(session, [task_id for task_id, row in rows.items() if row[0].assignee_id is None])
    found = [rows[task_id] for task_id in ids if task_id in rows]
    return [InboxRow(row[0], row[1], row[2], row[3], row[4], groups.get(row[0].id, ())) for row in found], count


def _browse(
    session: Session, where: ColumnElement[bool], tab: str, now: datetime, page: int
) -> tuple[list[int], int]:
    """The ids of one page straight from the index of the inbox, whose order is the rank's: only the page is read, not
    everything the person has. What rests comes after all that does not."""
    start = (page - 1) * PAGE
    ids = select(UserTask.id).where(where)
    if tab == "done":
        newest = ids.order_by(UserTask.ended_at.desc(), UserTask.id.desc())
        return list(session.scalars(newest.limit(PAGE).offset(start))), _count(session, where)
    ids = ids.order_by(UserTask.rank, UserTask.id)
    rests = UserTask.follow_up_at > now
    awake = or_(UserTask.follow_up_at.is_(None), UserTask.follow_up_at <= now)
    found = list(session.scalars(ids.where(awake).limit(PAGE).offset(start)))
    if len(found) < PAGE:
        before = max(0, start - _count(session, and_(where, awake)))
        found += session.scalars(ids.where(rests).limit(PAGE - len(found)).offset(before))
    return found, _count(session, where)


def _search(
    session: Session, where: ColumnElement[bool], tab: str, now: datetime, words: str, page: int
) -> tuple[list[int], int]:
    found = _found(where, words).with_only_columns(UserTask.id)
    count = session.scalar(select(func.count()).select_from(found.subquery())) or 0
    rests = func.coalesce(UserTask.follow_up_at > now, False)
    order = (UserTask.ended_at.desc(), UserTask.id.desc()) if tab == "done" else (rests, UserTask.rank, UserTask.id)
    return list(session.scalars(found.order_by(*order).limit(PAGE).offset((page - 1) * PAGE))), count


def _found(where: ColumnElement[bool], words: str) -> Select[UserTask, ProcessInstance, Deal, Client, User]:
    return (
        select(UserTask, ProcessInstance, Deal, Client, User)
        .join(ProcessInstance, ProcessInstance.id == UserTask.instance_id)
        .outerjoin(Deal, Deal.id == ProcessInstance.deal_id)
        .outerjoin(Client, Client.id == func.coalesce(ProcessInstance.client_id, Deal.client_id))
        .outerjoin(User, User.id == UserTask.assignee_id)
        .options(*HEAVY)
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

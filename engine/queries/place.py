"""The desk of one person: whose tasks he sees as his, and by which index each of them is found. SELECTs only."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select, true
from sqlalchemy.orm import Session

from engine import access
from engine.assignment import HOUR, SPREAD
from engine.models import Candidate, Deal, Membership, ProcessInstance, User, UserTask
from engine.substitution import EVERYTHING, Scope
from engine.work import Actor


@dataclass(frozen=True)
class Source:
    """Some tasks that one index yields in the order of their rank, which is in ``rank``. ``bare``: the ids of the same
    tasks from that index alone, where that is enough to count them."""

    tasks: Select[Any]
    rank: Any = field(default_factory=lambda: UserTask.rank)  # a column is a descriptor: no default of a class
    bare: Select[Any] | None = None

    def narrowed(self, *where: ColumnElement[bool]) -> Source:
        """Those of them for which this holds."""
        return replace(self, tasks=self.tasks.where(*where), bare=None) if where else self


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
    def open_to(self) -> ColumnElement[bool]:
        """The same, asked of one task at a time."""
        groups = self.groups if self.scope.group is None else self.groups & {self.scope.group}
        people = () if self.scope.group else (self.user_id,)
        return and_(may_be_claimed(groups, people), self._drawn)

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
        """Nobody has it and one of them may take it. Asked of one task at a time: for few tasks among many."""
        whole = may_be_claimed(self.groups, self.people)
        return or_(whole, *(part.open_to for part in self.parts)) if self.parts else whole


def may_be_claimed(groups: Collection[str], people: Collection[int]) -> ColumnElement[bool]:
    """Nobody has the task, and a member of these groups or one of these people may take it."""
    named = exists().where(
        Candidate.task_id == UserTask.id,
        Candidate.rank.is_not(None),
        or_(Candidate.group_key.in_(groups), Candidate.user_id.in_(people)),
    )
    return and_(UserTask.assignee_id.is_(None), UserTask.rank.is_not(None), named)


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


def sources(place: Desk, *tabs: str) -> list[Source]:
    """Where the tasks of ``mine`` and ``free`` come from: one source for each person and group, so that the first page
    of a list is read from the indexes and nothing else, however long the list is."""
    found: list[Source] = []
    if "mine" in tabs:
        for user_id in place.people:
            found.append(Source(select(UserTask.id).where(UserTask.assignee_id == user_id, UserTask.rank.is_not(None))))
        found += [Source(select(UserTask.id).where(part.mine)) for part in place.parts]
    if "free" in tabs:
        by_candidate = select(UserTask.id).join(Candidate, Candidate.task_id == UserTask.id)
        named = [Candidate.group_key == key for key in sorted(place.groups)]
        named += [Candidate.user_id == user_id for user_id in place.people]
        open_ = Candidate.rank.is_not(None)
        found += [
            Source(by_candidate.where(one, open_), Candidate.rank, select(Candidate.task_id).where(one, open_))
            for one in named
        ]
        found += [Source(select(UserTask.id).where(part.free)) for part in place.parts]
    return found


def overdue(place: Desk, now: datetime) -> list[Source]:
    """What is late, one's own and what one may take. The rank of a candidate tells the hour it is due in: of hours that
    are over the task itself need not be asked, of hours to come it is not looked at."""
    late = UserTask.due_at <= now
    begun = int(now.timestamp()) // HOUR * HOUR
    found = [one.narrowed(late) for one in sources(place, "mine")]
    for one in sources(place, "free"):
        if one.rank is UserTask.rank:
            found.append(one.narrowed(late))
            continue
        hour, over = one.rank % SPREAD, one.rank % SPREAD < begun
        bare = one.bare.where(over) if one.bare is not None else None
        found.append(replace(one, tasks=one.tasks.where(over), bare=bare))
        found.append(one.narrowed(hour >= begun, hour < begun + HOUR, late))
    return found


def resting(place: Desk, now: datetime) -> list[Source]:
    """What was put off and has not come back: one's own and what one may take. Few of all open tasks rest, and they
    have an index of their own."""
    later = and_(UserTask.follow_up_at > now, UserTask.rank.is_not(None))
    may = exists().where(
        Candidate.task_id == UserTask.id,
        Candidate.rank.is_not(None),
        or_(Candidate.group_key.in_(place.groups), Candidate.user_id.in_(place.people)),
    )
    found = [Source(select(UserTask.id).where(later, may))]
    found += [one.narrowed(UserTask.follow_up_at > now) for one in sources(place, "mine")]
    return found + [Source(select(UserTask.id).where(later, part.free)) for part in place.parts]


def waiting(place: Desk, actor: Actor) -> list[Source]:
    """What this person waits for: open tasks of others in what he started, in the deals he owns, and what he has
    delegated. Not what he, or whom he stands in for, may do himself."""
    theirs = and_(
        UserTask.rank.is_not(None),
        or_(UserTask.assignee_id.is_(None), UserTask.assignee_id.not_in(place.people)),
        ~exists().where(
            Candidate.task_id == UserTask.id,
            Candidate.rank.is_not(None),
            or_(Candidate.group_key.in_(place.groups), Candidate.user_id.in_(place.people)),
        ),
    )
    of_instance = select(UserTask.id).join(ProcessInstance, ProcessInstance.id == UserTask.instance_id).where(theirs)
    running = ProcessInstance.ended_at.is_(None)
    begun = of_instance.where(ProcessInstance.started_by == actor.user_id, running)
    owned = of_instance.join(Deal, Deal.id == ProcessInstance.deal_id).where(
        Deal.owner_id == actor.user_id, Deal.closed_at.is_(None), running
    )
    delegated = select(UserTask.id).where(
        UserTask.owner_id == actor.user_id, UserTask.assignee_id != actor.user_id, UserTask.rank.is_not(None)
    )
    return [Source(begun), Source(owned), Source(delegated)]


def substituted(session: Session, actor: Actor, now: datetime) -> Mapping[int, tuple[str, frozenset[str]]]:
    """Whom this person stands in for: name and groups, by account."""
    if actor.user_id is None:
        return {}
    absent = {one.user_id for one in access.absent(session, actor.user_id, now)}
    if not absent:
        return {}
    groups: dict[int, set[str]] = {user_id: set() for user_id in absent}
    for user_id, key in session.execute(
        select(Membership.user_id, Membership.group_key).where(Membership.user_id.in_(absent))
    ):
        groups[user_id].add(key)
    people = session.scalars(select(User).where(User.id.in_(absent)).order_by(User.id))
    return {user.id: (user.name, frozenset(groups[user.id])) for user in people}

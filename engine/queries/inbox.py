"""The inbox: what one person has, may take, has put off, is late with, waits for and has done. SELECTs only.

The cost follows the page, not the list: every source is read in the order of its index and no further than the page
goes, counts stop at ``MOST``, and a line is made of the few columns that it shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, func, or_, select, union
from sqlalchemy.orm import Session, aliased

from engine.filters import Query
from engine.models import (
    Candidate,
    Client,
    Deal,
    FormDraft,
    Group,
    ProcessInstance,
    TaskReturn,
    User,
    UserTask,
)
from engine.queries.narrow import conditions
from engine.queries.place import Desk, Source, desk, overdue, resting, sources, substituted, waiting
from engine.work import Actor

__all__ = ["MOST", "PAGE", "TABS", "Counts", "Desk", "InboxRow", "Listing", "counts", "desk", "mine", "most", "tasks"]
PAGE = 50
MOST = 1000  # counted no further: nobody reads the twenty-first page, everybody narrows
FEWER = {"waiting": 200, "overdue": 300}  # of what is not read from one index alone
TABS = ("mine", "groups", "later", "overdue", "waiting", "done")
COUNTED = ("mine", "later", "overdue", "waiting")
OWNER: Any = aliased(User)
COLUMNS = (
    UserTask.id, UserTask.name, UserTask.status, UserTask.priority, UserTask.round, UserTask.due_at,
    UserTask.created_at, UserTask.claimed_at, UserTask.ended_at, UserTask.follow_up_at, UserTask.assignee_id,
    UserTask.owner_id, UserTask.claimed_for, UserTask.completed_for, UserTask.revision, UserTask.instance_id,
    ProcessInstance.title, Deal.number, Deal.id.label("deal_id"), Client.name.label("client"),
    Client.id.label("client_id"), Client.abc.label("grade"), User.last, User.first,
    OWNER.last.label("owner_last"), OWNER.first.label("owner_first"),
)  # fmt: skip


@dataclass(frozen=True)
class InboxRow:
    """One line. ``groups``: who may claim it, while nobody has it; ``instead_of``: the absent colleague because of whom
    it stands in this list; ``returned``: the remark with which it came back, and from whom; ``has_draft``: this person
    has begun to fill it in."""

    task: Any
    groups: Sequence[Group] = ()
    instead_of: str | None = None
    returned: tuple[str, str] | None = None
    has_draft: bool = False

    @property
    def assignee(self) -> str:
        """Who has it."""
        return f"{self.task.last} {self.task.first}" if self.task.last else ""

    @property
    def asker(self) -> str:
        """Who has delegated it and gets it back."""
        return f"{self.task.owner_last} {self.task.owner_first}" if self.task.owner_last else ""


@dataclass(frozen=True)
class Counts:
    """How many tasks each tab holds; more than ``MOST`` are not told apart."""

    mine: int = 0
    groups: int = 0
    later: int = 0
    overdue: int = 0
    waiting: int = 0


@dataclass(frozen=True)
class Listing:
    """One page of a tab, and how many lines it has in all (``MOST`` + 1: more than that)."""

    rows: Sequence[InboxRow]
    count: int


def most(tab: str) -> int:
    """How far the lines of a tab are counted."""
    return FEWER.get(tab, MOST)


def mine(session: Session, actor: Actor, now: datetime) -> int:
    """How many tasks wait for this person himself."""
    return pressing(session, actor, now, "mine").mine


def pressing(session: Session, actor: Actor, now: datetime, *tabs: str) -> Counts:
    """The counts of these tabs alone."""
    place = desk(session, actor, now)
    return Counts(**{tab: _count(session, _sources(place, actor, tab, now), most(tab)) for tab in tabs})


def counts(session: Session, actor: Actor, now: datetime) -> Counts:
    """What calls for this person. What may be claimed is counted in the index of candidates, without the tasks."""
    place = desk(session, actor, now)
    if not place.people:
        return Counts()
    found = {tab: _count(session, _sources(place, actor, tab, now), most(tab)) for tab in COUNTED}
    if place.parts:
        return Counts(groups=_count(session, _sources(place, actor, "groups", now), MOST), **found)
    asleep = _count(session, resting(place, now)[:1], MOST)
    free = _count(session, sources(place, "free"), MOST + asleep)
    return Counts(groups=min(free - asleep, MOST + 1), **found)


def tasks(
    # a constant of its own kind
    session: Session, actor: Actor, now: datetime, tab: str, query: Query = Query(), *, page: int = 1,  # noqa: B008
    zone: ZoneInfo = ZoneInfo("UTC"), known: Counts | None = None,  # noqa: B008 - constants of their own kind
) -> Listing:  # fmt: skip
    """One page of a tab by urgency (priority, then due date, then class of the client), or as the filter orders it;
    what is done, newest first. ``known``: the counts, if they have been asked for already."""
    place = desk(session, actor, now)
    where = conditions(query, now, zone, done=tab == "done")
    found = [one.narrowed(*where) for one in _sources(place, actor, tab, now)]
    order, start = "done" if tab == "done" else query.sort, (page - 1) * PAGE
    if where:  # one search finds the page and the count
        every = _first(session, found, order, most(tab) + 1)
        ids, count = every[start : start + PAGE], len(every)
    else:
        ids = _first(session, found, order, start + PAGE)[start:]
        count = getattr(known, tab) if known is not None and tab != "done" else _count(session, found, most(tab))
    rows = {row.id: row for row in session.execute(_lines(ids))}
    return Listing(_told(session, actor, now, [rows[one] for one in ids if one in rows], tab), count)


def _sources(place: Desk, actor: Actor, tab: str, now: datetime) -> list[Source]:
    if not place.people:
        return []
    if tab == "done":
        return [Source(select(UserTask.id).where(UserTask.completed_by == actor.user_id))]
    if tab == "waiting":
        return waiting(place, actor)
    if tab == "later":
        return resting(place, now)
    if tab == "overdue":
        return overdue(place, now)
    return [one.narrowed(_awake(now)) for one in sources(place, {"groups": "free"}.get(tab, tab))]


def _awake(now: datetime) -> ColumnElement[bool]:
    return or_(UserTask.follow_up_at.is_(None), UserTask.follow_up_at <= now)


def _first(session: Session, found: Sequence[Source], order: str, count: int) -> list[int]:
    """The ids of the first so many: from each source as many as may be needed, then the best of them."""
    parts = []
    for one in found:
        keys = {
            "due": (UserTask.due_at.is_(None).label("k0"), UserTask.due_at.label("k1")),
            "age": (UserTask.created_at.label("k0"),),
            "done": (UserTask.ended_at.label("k0"),),
        }.get(order, (one.rank.label("k0"),))
        first = [key.desc() for key in keys] if order == "done" else list(keys)
        parts.append(one.tasks.add_columns(*keys).order_by(*first, UserTask.id).limit(count).subquery())
    if not parts:
        return []
    every = union(*(select(part) for part in parts)).subquery() if len(parts) > 1 else parts[0]
    columns = [column for name, column in every.c.items() if name != "id"]
    order_by = [column.desc() for column in columns] if order == "done" else columns
    return list(session.scalars(select(every.c.id).order_by(*order_by, every.c.id).limit(count)))


def _count(session: Session, found: Sequence[Source], most: int) -> int:
    return _counted(session, [one.tasks if one.bare is None else one.bare for one in found], most)


def _counted(session: Session, parts: Sequence[Select[Any]], most: int) -> int:
    """How many different ones there are, but no more than ``most`` + 1."""
    if not parts:
        return 0
    first = [select(part.limit(most + 1).subquery()) for part in parts]
    every = union(*first).limit(most + 1) if len(first) > 1 else first[0]
    return session.scalar(select(func.count()).select_from(every.subquery())) or 0


def _lines(ids: Sequence[int]) -> Select[Any]:
    return (
        select(*COLUMNS)
        .join(ProcessInstance, ProcessInstance.id == UserTask.instance_id)
        .outerjoin(Deal, Deal.id == ProcessInstance.deal_id)
        .outerjoin(Client, Client.id == func.coalesce(ProcessInstance.client_id, Deal.client_id))
        .outerjoin(User, User.id == UserTask.assignee_id)
        .outerjoin(OWNER, OWNER.id == UserTask.owner_id)
        .where(UserTask.id.in_(ids))
    )


def _told(session: Session, actor: Actor, now: datetime, rows: Sequence[Any], tab: str) -> list[InboxRow]:
    """The lines with what few of them have."""
    ids = [row.id for row in rows]
    groups = _groups(session, [row.id for row in rows if row.assignee_id is None])
    absent = substituted(session, actor, now) if tab != "done" else {}
    returned = _returned(session, ids) if tab != "done" else {}
    drafts = select(FormDraft.task_id).where(FormDraft.task_id.in_(ids), FormDraft.user_id == actor.user_id)
    begun = set(session.scalars(drafts))
    return [
        InboxRow(
            row, groups.get(row.id, ()), _instead_of(row, groups.get(row.id, ()), actor, absent),
            returned.get(row.id), row.id in begun,
        )
        for row in rows
    ]  # fmt: skip


def _instead_of(row: Any, groups: Sequence[Group], actor: Actor, absent: Any) -> str | None:
    for user_id, (name, theirs) in absent.items():
        if user_id in (row.assignee_id, row.claimed_for):
            return str(name)
        keys = {group.key for group in groups}
        if row.assignee_id is None and keys & theirs and not keys & actor.groups:
            return str(name)
    return None


def _returned(session: Session, ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    rows = session.execute(
        select(TaskReturn.to_task_id, TaskReturn.remark, User.last, User.first)
        .outerjoin(User, User.id == TaskReturn.by)
        .where(TaskReturn.to_task_id.in_(ids), TaskReturn.kind == "returned")
    )
    return {row[0]: (row[1], f"{row[2]} {row[3]}" if row[2] else "") for row in rows}


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

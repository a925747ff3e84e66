"""Who works here and what he may do: lists for the pages of people and groups. SELECTs only."""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, selectinload

from engine import access, phones
from engine.definitions import Definition
from engine.models import Candidate, Client, Deal, Group, Membership, User, UserTask

PAGE = 50


@dataclass(frozen=True)
class Step:
    """A user task of a procedure in force that a group may do."""

    definition: Definition
    element_id: str
    name: str
    is_approval: bool


@dataclass(frozen=True)
class Rights:
    """What membership in some groups permits. ``acts``: rows of engine.access.RULES."""

    starts: Sequence[Definition]
    steps: Sequence[Step]
    acts: Sequence[str]

    @property
    def approves(self) -> list[Step]:
        """Decisions about a document of somebody else."""
        return [one for one in self.steps if one.is_approval]


def listing(
    session: Session, *, words: str = "", group: str = "", state: str = "active", now: datetime, page: int = 1
) -> tuple[list[User], int]:
    """One page of people by name. ``state``: active, inactive, locked."""
    where: list[Any] = [User.active.is_(state != "inactive")]
    if state == "locked":
        where.append(User.locked_until > now)
    if group:
        where.append(User.id.in_(select(Membership.user_id).where(Membership.group_key == group)))
    query = select(User).where(*where).options(selectinload(User.memberships)).order_by(User.last, User.first, User.id)
    found = [one for one in session.scalars(query) if _fits(one, words)]
    return found[(page - 1) * PAGE : page * PAGE], len(found)


def open_counts(session: Session, people: Sequence[int]) -> Mapping[int, int]:
    """How many open tasks each of these people has."""
    rows = session.execute(
        select(UserTask.assignee_id, func.count())
        .where(UserTask.assignee_id.in_(people), UserTask.rank.is_not(None))
        .group_by(UserTask.assignee_id)
    )
    return {row[0]: row[1] for row in rows if row[0] is not None}


def owned(session: Session, user_id: int) -> tuple[int, int]:
    """How many clients and open deals somebody has."""
    clients = select(func.count()).select_from(Client).where(Client.owner_id == user_id)
    deals = select(func.count()).select_from(Deal).where(Deal.owner_id == user_id, Deal.closed_at.is_(None))
    return session.scalar(clients) or 0, session.scalar(deals) or 0


def suspected_twins(session: Session) -> list[tuple[User, User]]:
    """Pairs of active accounts with one mail address, phone or full name."""
    seen: dict[tuple[str, object], User] = {}
    found: dict[tuple[int, int], tuple[User, User]] = {}
    for one in session.scalars(select(User).where(User.active).order_by(User.id)):
        name = (one.last.casefold(), one.first.casefold(), (one.middle or "").casefold())
        keys = (("mail", phones.mail_key(one.email)), ("phone", phones.key(one.phone)), ("name", name))
        for key in keys:
            if key[1] is None:
                continue
            other = seen.setdefault(key, one)
            if other is not one:
                found[other.id, one.id] = (other, one)
    return list(found.values())


def groups(session: Session) -> list[tuple[Group, int, int]]:
    """Every group with its active members and the open tasks that nobody of it has taken yet."""
    members = session.execute(
        select(Membership.group_key, func.count())
        .join(User, User.id == Membership.user_id).where(User.active).group_by(Membership.group_key)
    )  # fmt: skip
    waiting = session.execute(
        select(Candidate.group_key, func.count())
        .where(Candidate.rank.is_not(None), Candidate.group_key.is_not(None))
        .group_by(Candidate.group_key)
    )
    people, tasks = ({row[0]: row[1] for row in found} for found in (members, waiting))
    rows = session.scalars(select(Group).order_by(Group.title))
    return [(one, people.get(one.key, 0), tasks.get(one.key, 0)) for one in rows]


def members(session: Session, key: str) -> list[User]:
    """The active people of a group by name."""
    query = select(User).join(Membership).where(Membership.group_key == key, User.active)
    return list(session.scalars(query.order_by(User.last, User.first)))


def rights(session: Session, library: Any, keys: Iterable[str]) -> Rights:
    """What membership in these groups permits, by the procedures in force."""
    wanted, starts, steps = set(keys), list[Definition](), list[Step]()
    for definition in library.in_force(session):
        if wanted & set(definition.starter_groups):
            starts.append(definition)
        for element in definition.procedure.elements.values():
            named = element.settings.candidate_groups or ""
            if element.kind == "userTask" and not named.startswith("=") and wanted & {
                part.strip() for part in named.split(",")
            }:
                properties = element.settings.properties
                is_approval = "document" in properties and bool(properties.get("separateFrom"))
                steps.append(Step(definition, element.id, element.name or element.id, is_approval))
    return Rights(starts, steps, access.acts_of(wanted))


def superiors(session: Session, user_id: int | None) -> Sequence[User]:
    """Everybody who may be made somebody's superior."""
    query = select(User).where(User.active, or_(User.id != user_id, user_id is None))  # type: ignore[arg-type]  # a plain bool
    return session.scalars(query.order_by(User.last, User.first)).all()


def _fits(user: User, words: str) -> bool:
    told = f"{user.last} {user.first} {user.middle or ''} {user.login} {user.position} {user.email}".casefold()
    return all(word in told for word in words.casefold().split())

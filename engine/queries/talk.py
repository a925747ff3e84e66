"""What people said about a case, and whom they may mention there. SELECTs only."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, and_, or_, select, union
from sqlalchemy.orm import Session

from engine.comments import UNDO, Place
from engine.models import (
    Candidate,
    Client,
    Comment,
    Deal,
    Membership,
    Notice,
    ProcessInstance,
    StoredFile,
    User,
    UserTask,
)
from engine.rights import RULES, InGroup
from engine.work import Actor

MOST = 200  # comments shown; the newest
OVERSEERS = ("head", "director", "admin", "auditor")


@dataclass(frozen=True)
class Said:
    """One comment. ``task``: name of the task it is on; ``mentioned``: login -> name; ``mine``: may be taken back."""

    comment: Comment
    author: User
    task: str | None
    files: Sequence[StoredFile]
    mentioned: dict[str, str]
    mine: bool


@dataclass(frozen=True)
class Talk:
    """The talk about a case. ``more``: there are older comments that are not shown; ``unread``: the reader has notices
    of this case that he has not read."""

    said: Sequence[Said]
    more: bool
    unread: bool


def of_instance(session: Session, actor: Actor, now: datetime, instance_id: int) -> Talk:
    """The talk about one instance, in the order of time."""
    return of_instances(session, actor, now, [instance_id])


def of_instances(
    session: Session, actor: Actor, now: datetime, instance_ids: Sequence[int], about: Place | None = None
) -> Talk:
    """The talk about instances that the reader may see, and about the thing they are about."""
    where = Comment.instance_id.in_(instance_ids)
    return _talk(session, actor, now, or_(where, about.spoken) if about is not None else where, instance_ids)


def of_deal(session: Session, deal_id: int) -> Sequence[ProcessInstance]:
    """The instances about a deal."""
    return session.scalars(
        select(ProcessInstance).where(ProcessInstance.deal_id == deal_id).order_by(ProcessInstance.id)
    ).all()


def who_see(session: Session, instance: ProcessInstance) -> Sequence[User]:
    """The active people who may see an instance, by name: the list's form of the rule ``instance.see``."""
    tasks = select(UserTask.id).where(UserTask.instance_id == instance.id)
    groups: CompoundSelect[Any] = union(
        select(Candidate.group_key).where(Candidate.task_id.in_(tasks), Candidate.group_key.is_not(None)),
        select(Membership.group_key).where(Membership.group_key.in_(OVERSEERS)),
    )
    people = union(
        select(UserTask.assignee_id).where(UserTask.instance_id == instance.id),
        select(UserTask.completed_by).where(UserTask.instance_id == instance.id),
        select(Candidate.user_id).where(Candidate.task_id.in_(tasks)),
        select(Deal.owner_id).where(Deal.id == instance.deal_id),
    )
    members = select(Membership.user_id).where(Membership.group_key.in_(groups))
    seen = or_(User.id == instance.started_by, User.id.in_(members), User.id.in_(people))
    return session.scalars(select(User).where(User.active, seen).order_by(User.last, User.first, User.id)).all()


def who_see_thing(session: Session, place: Place) -> Sequence[User]:
    """The active people who may see a client, a deal or a complaint, by name: the list's form of its rule ``see``."""
    order = (User.last, User.first, User.id)
    if place.kind == "client":
        return session.scalars(select(User).where(User.active).order_by(*order)).all()
    groups = {rule.key for rule in RULES[f"{place.kind}.see"] if isinstance(rule, InGroup)}
    if place.kind == "deal":
        worked = {one.id for instance in of_deal(session, place.thing.id) for one in who_see(session, instance)}
        people: set[int | None] = {place.thing.owner_id, *worked}
    else:
        client = session.get(Client, place.thing.client_id) if place.thing.client_id is not None else None
        people = {place.thing.responsible_id, client.owner_id if client is not None else None}
        groups.add(place.thing.unit)
    members = select(Membership.user_id).where(Membership.group_key.in_(groups - {None}))
    seen = or_(User.id.in_(members), User.id.in_(people - {None}))
    return session.scalars(select(User).where(User.active, seen).order_by(*order)).all()


def _talk(
    session: Session, actor: Actor, now: datetime, where: ColumnElement[bool], instance_ids: Sequence[int]
) -> Talk:
    rows = session.execute(
        select(Comment, User, UserTask.name)
        .join(User, User.id == Comment.author_id)
        .outerjoin(UserTask, UserTask.id == Comment.task_id)
        .where(where)
        .order_by(Comment.id.desc())
        .limit(MOST + 1)
    ).all()
    shown = rows[:MOST][::-1]
    files = _files(session, [row[0] for row in shown])
    people = _people(session, [row[0] for row in shown])
    said = [
        Said(
            comment, author, task,
            [files[int(one)] for one in comment.files or [] if int(one) in files],
            dict(people[int(one)] for one in comment.mentions or [] if int(one) in people),
            comment.author_id == actor.user_id and comment.withdrawn_at is None and now - comment.at <= UNDO,
        )
        for comment, author, task in shown
    ]  # fmt: skip
    loose = [f"comment:{row[0].id}" for row in shown if row[0].instance_id is None]
    told = or_(Notice.instance_id.in_(instance_ids), and_(Notice.instance_id.is_(None), Notice.subject.in_(loose)))
    unread = select(Notice.id).where(told, Notice.user_id == actor.user_id, Notice.read_at.is_(None))
    return Talk(said, len(rows) > MOST, session.scalar(unread.limit(1)) is not None)


def _files(session: Session, comments: Sequence[Comment]) -> dict[int, StoredFile]:
    wanted = {int(one) for comment in comments for one in comment.files or []}
    rows = session.scalars(select(StoredFile).where(StoredFile.id.in_(wanted))).all() if wanted else ()
    return {file.id: file for file in rows}


def _people(session: Session, comments: Sequence[Comment]) -> dict[int, tuple[str, str]]:
    wanted = {int(one) for comment in comments for one in comment.mentions or []}
    rows = session.scalars(select(User).where(User.id.in_(wanted))).all() if wanted else ()
    return {person.id: (person.login, person.name) for person in rows}

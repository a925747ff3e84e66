"""What people said about a case, and whom they may mention there. SELECTs only."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, or_, select, union
from sqlalchemy.orm import Session

from engine.comments import UNDO
from engine.models import Candidate, Comment, Deal, Membership, Notice, ProcessInstance, StoredFile, User, UserTask
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
    return _talk(session, actor, now, Comment.instance_id == instance_id, [instance_id])


def of_instances(session: Session, actor: Actor, now: datetime, instance_ids: Sequence[int]) -> Talk:
    """The talk about all the instances of a deal that the reader may see."""
    return _talk(session, actor, now, Comment.instance_id.in_(instance_ids), instance_ids)


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
    unread = select(Notice.id).where(
        Notice.instance_id.in_(instance_ids), Notice.user_id == actor.user_id, Notice.read_at.is_(None)
    )
    return Talk(said, len(rows) > MOST, session.scalar(unread.limit(1)) is not None)


def _files(session: Session, comments: Sequence[Comment]) -> dict[int, StoredFile]:
    wanted = {int(one) for comment in comments for one in comment.files or []}
    rows = session.scalars(select(StoredFile).where(StoredFile.id.in_(wanted))).all() if wanted else ()
    return {file.id: file for file in rows}


def _people(session: Session, comments: Sequence[Comment]) -> dict[int, tuple[str, str]]:
    wanted = {int(one) for comment in comments for one in comment.mentions or []}
    rows = session.scalars(select(User).where(User.id.in_(wanted))).all() if wanted else ()
    return {person.id: (person.login, person.name) for person in rows}

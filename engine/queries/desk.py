"""What lies around one task on its page, and which one comes next. SELECTs only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, literal_column, or_, select
from sqlalchemy.orm import Session

from engine import access
from engine.models import (
    Candidate,
    Client,
    Contact,
    ControlPoint,
    Deal,
    Document,
    FormDraft,
    Group,
    Job,
    ProcessInstance,
    User,
    UserTask,
)
from engine.queries import inbox
from engine.queries.deal import documents_of, people_by_id
from engine.vocabulary import ControlPointStatus
from engine.work import Actor

MOST = 1000  # approvals of one person counted: nobody has more of them before him


@dataclass(frozen=True)
class Surroundings:
    """Everything beside the form. ``document``: what the element shows beside it; ``draft``: what this person typed;
    ``rounds``: earlier passes of the same element, newest first."""

    instance: ProcessInstance
    deal: Deal | None
    client: Client | None
    contact: Contact | None
    documents: Sequence[Document]
    document: Document | None
    groups: Sequence[Group]
    people: dict[int, User]
    points: Sequence[ControlPoint]
    rounds: Sequence[UserTask]
    draft: FormDraft | None


def around(session: Session, task: UserTask, actor: Actor, variables: Mapping[str, Any]) -> Surroundings:
    """What surrounds a task. ``variables``: the task's own, to find the document it shows."""
    instance = task.instance
    deal = session.get(Deal, instance.deal_id) if instance.deal_id else None
    client_id = instance.client_id or (deal.client_id if deal else None)
    place = Document.deal_id == deal.id if deal else Document.instance_id == instance.id
    rounds = session.scalars(
        select(UserTask)
        .where(
            UserTask.instance_id == instance.id,
            UserTask.element_id == task.element_id,
            UserTask.path == task.path,
            UserTask.round < task.round,  # those of the same round are for others to do, each his own
            UserTask.completed_by.is_not(None),
        )
        .order_by(UserTask.id.desc())
    ).all()
    candidates = session.scalars(select(Candidate).where(Candidate.task_id == task.id)).all()
    if (task.settings or {}).get("separateFrom"):  # each approver has his own rounds; the others stand in the chain
        own = {task.assignee_id} | {candidate.user_id for candidate in candidates}
        own |= {person.id for one in candidates if one.group_key for person in access.members(session, one.group_key)}
        rounds = [earlier for earlier in rounds if earlier.completed_by in own]
    wanted = {task.assignee_id, task.owner_id, task.completed_by, task.completed_for}
    wanted |= {candidate.user_id for candidate in candidates} | {earlier.completed_by for earlier in rounds}
    keys = [candidate.group_key for candidate in candidates if candidate.group_key]
    return Surroundings(
        instance=instance,
        deal=deal,
        client=session.get(Client, client_id) if client_id else None,
        contact=session.get(Contact, deal.contact_id) if deal and deal.contact_id else None,
        documents=documents_of(session, place),
        document=shown_document(session, task, variables),
        groups=session.scalars(select(Group).where(Group.key.in_(keys)).order_by(Group.title)).all() if keys else [],
        people=people_by_id(session, wanted),
        points=session.scalars(
            select(ControlPoint).where(
                ControlPoint.instance_id == instance.id,
                ControlPoint.token_id == task.token_id,
                ControlPoint.status != ControlPointStatus.CANCELLED,
            )
        ).all(),
        rounds=rounds,
        draft=session.get(FormDraft, (task.id, actor.user_id)) if actor.user_id else None,
    )


def shown_document(session: Session, task: UserTask, variables: Mapping[str, Any]) -> Document | None:
    """The document that the element's ``document`` property names by a variable: kept with the task when it opened."""
    settings = task.settings or {}
    name, number = settings.get("document"), settings.get("document_id")
    if number is None and name:
        number = variables.get(name)
    try:
        return session.get(Document, int(number)) if number is not None else None
    except (TypeError, ValueError):
        return None


def claimable(session: Session, actor: Actor, now: datetime) -> ColumnElement[bool]:
    """Tasks that are this person's, or that nobody has and he may claim: for himself or for whom he stands in."""
    place = inbox.desk(session, actor, now)
    return or_(place.mine, place.free)


def is_approval(task: Any = UserTask) -> ColumnElement[bool]:
    """Whether a task asks for a decision about a document of somebody else, from whom it is kept apart."""
    is_one: ColumnElement[bool] = task.decision == literal_column("1")  # said as the index says it
    return is_one


def approvals_of(session: Session, actor: Actor, now: datetime) -> Select[Any]:
    """Ids of the open approvals that this person may decide on, the most urgent ``MOST``. They are read in the order
    of their index, which holds nothing else, and each is asked about by itself; without the order a database that has
    counted no rows goes through all open tasks instead."""
    mine = select(UserTask.id).where(UserTask.rank.is_not(None), is_approval(), claimable(session, actor, now))
    return mine.order_by(UserTask.rank).limit(MOST)


def approval_count(session: Session, actor: Actor, now: datetime) -> int:
    """How many approvals wait for this person; more than ``MOST`` are not told apart."""
    return session.scalar(select(func.count()).select_from(approvals_of(session, actor, now).subquery())) or 0


def following(
    session: Session, actor: Actor, now: datetime, instance_id: int | None, *, approval: bool = False
) -> UserTask | None:
    """The task to open after one is completed: the same instance's first, then the most urgent of one's own."""
    mine = select(UserTask).where(UserTask.rank.is_not(None))
    if approval:
        mine = mine.where(UserTask.id.in_(approvals_of(session, actor, now)))
    order, may = (UserTask.rank, UserTask.id), claimable(session, actor, now)
    same = mine.where(UserTask.instance_id == instance_id, may).order_by(*order).limit(1)
    own = mine.where(may if approval else UserTask.assignee_id == actor.user_id).order_by(*order).limit(1)
    return session.scalar(same) or session.scalar(own)


def next_in(session: Session, actor: Actor, now: datetime, instance_id: int) -> UserTask | None:
    """This person's most urgent task of one instance."""
    may = claimable(session, actor, now)
    mine = select(UserTask).where(UserTask.rank.is_not(None), UserTask.instance_id == instance_id, may)
    return session.scalar(mine.order_by(UserTask.rank, UserTask.id).limit(1))


def is_busy(session: Session, instance_id: int, now: datetime) -> bool:
    """Whether the system owes this instance something at this moment: a document, a mail, a step of its own."""
    owed = exists().where(Job.instance_id == instance_id, Job.ended_at.is_(None), Job.due_at <= now)
    return bool(session.scalar(select(owed)))


def colleagues(session: Session, actor: Actor) -> Sequence[User]:
    """Everybody a task may be given to: active accounts but one's own, by name."""
    return session.scalars(
        select(User).where(User.active.is_(True), User.id != actor.user_id).order_by(User.last, User.first)
    ).all()

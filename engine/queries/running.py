"""Instances: the list of those a person may see, and what stands on the page of one. SELECTs only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.models import (
    AuditEvent,
    Client,
    Comment,
    ControlPoint,
    Deal,
    Incident,
    ProcessInstance,
    User,
    UserTask,
)
from engine.queries.deal import people_by_id
from engine.queries.seen import UNSHOWN, Count, seen
from engine.queries.words import contain
from engine.vocabulary import ControlPointStatus, IncidentStatus
from engine.work import Actor

PAGE = 50
LOG_PAGE = 100


@dataclass(frozen=True)
class InstanceRow:
    """One line of the list; ``incidents``: how many stop it now."""

    instance: ProcessInstance
    deal: Deal | None
    client: Client | None
    starter: User | None
    incidents: int


@dataclass(frozen=True)
class InstancePage:
    """What surrounds an instance."""

    deal: Deal | None
    client: Client | None
    parent: ProcessInstance | None
    children: Sequence[ProcessInstance]
    open_tasks: Sequence[UserTask]
    points: Sequence[ControlPoint]
    incidents: Sequence[Incident]
    comments: Sequence[Comment]
    people: dict[int, User]


def listing(
    session: Session,
    actor: Actor,
    *,
    words: str = "",
    status: str = "active",
    key: str = "",
    page: int = 1,
    size: int = PAGE,
) -> tuple[list[InstanceRow], Count]:
    """One page of the instances this person may see, newest first, and how many there are."""
    mine = seen(session, actor)
    where = [mine.instances]
    if status != "all":
        where.append(ProcessInstance.status == status)
    if key:
        where.append(ProcessInstance.key == key)
    where += contain(words, ProcessInstance.title, ProcessInstance.business_key, Client.name)
    found = (
        select(ProcessInstance, Deal, Client, User)
        .outerjoin(Deal, Deal.id == ProcessInstance.deal_id)
        .outerjoin(Client, Client.id == func.coalesce(ProcessInstance.client_id, Deal.client_id))
        .outerjoin(User, User.id == ProcessInstance.started_by)
        .where(*where)
        .options(*UNSHOWN)
    )
    bare = found.with_only_columns(ProcessInstance.id) if words else select(ProcessInstance.id).where(*where)
    count = mine.counted(session, bare)
    rows = session.execute(found.order_by(ProcessInstance.id.desc()).limit(size).offset((page - 1) * size)).all()
    stopped = _incident_counts(session, [row[0].id for row in rows])
    return [InstanceRow(row[0], row[1], row[2], row[3], stopped.get(row[0].id, 0)) for row in rows], count


def whole(session: Session, instance: ProcessInstance) -> InstancePage:
    """Everything around one instance."""
    of_it = UserTask.instance_id == instance.id
    open_tasks = session.scalars(
        select(UserTask).where(of_it, UserTask.rank.is_not(None)).order_by(UserTask.rank)
    ).all()
    points = session.scalars(
        select(ControlPoint)
        .where(ControlPoint.instance_id == instance.id, ControlPoint.status != ControlPointStatus.CANCELLED)
        .order_by(ControlPoint.planned_at)
    ).all()
    comments = session.scalars(select(Comment).where(Comment.instance_id == instance.id).order_by(Comment.id)).all()
    deal = session.get(Deal, instance.deal_id) if instance.deal_id else None
    client_id = instance.client_id or (deal.client_id if deal else None)
    return InstancePage(
        deal=deal,
        client=session.get(Client, client_id) if client_id else None,
        parent=session.get(ProcessInstance, instance.parent_id) if instance.parent_id else None,
        children=session.scalars(
            select(ProcessInstance).options(*UNSHOWN).where(ProcessInstance.parent_id == instance.id)
            .order_by(ProcessInstance.id)
        ).all(),
        open_tasks=open_tasks,
        points=points,
        incidents=session.scalars(
            select(Incident).where(Incident.instance_id == instance.id, Incident.status == IncidentStatus.OPEN)
        ).all(),
        comments=comments,
        people=people_by_id(
            session, {t.assignee_id for t in open_tasks} | {c.author_id for c in comments} | {instance.started_by}
        ),
    )


def log(session: Session, chain: int, page: int = 1) -> tuple[Sequence[AuditEvent], int, dict[int, User]]:
    """One page of the log of an instance, newest first; how many lines there are; the people named in it."""
    where = AuditEvent.chain == chain
    count = session.scalar(select(func.count()).select_from(AuditEvent).where(where)) or 0
    lines = session.scalars(
        select(AuditEvent).where(where).order_by(AuditEvent.seq.desc()).limit(LOG_PAGE).offset((page - 1) * LOG_PAGE)
    ).all()
    people = people_by_id(session, {line.actor_id for line in lines} | {line.on_behalf_of for line in lines})
    return lines, count, people


def _incident_counts(session: Session, ids: Sequence[int]) -> dict[int, int]:
    rows = session.execute(
        select(Incident.instance_id, func.count())
        .where(Incident.instance_id.in_(ids), Incident.status == IncidentStatus.OPEN)
        .group_by(Incident.instance_id)
    )
    return {row[0]: row[1] for row in rows if row[0] is not None}

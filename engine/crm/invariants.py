"""What must hold of every client at any moment (R137): it stands at a stage of a sale with the day of a next step, or
between sales with the day, the purpose and the product of the next contact; or it is not approached at all."""
from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session

from engine.crm import development
from engine.models import Client, Deal, Job, ProcessInstance, UserTask
from engine.vocabulary import InstanceStatus

UNDER_WAY = (InstanceStatus.ACTIVE, InstanceStatus.SUSPENDED)


def without_next_contact(session: Session, now: datetime) -> list[Client]:
    """The clients who fell through, one question for all; work that is due now but not yet done counts as under way.

    A next contact needs a product as long as there is something to offer: the ideal client needs none (R021).
    """
    fallen = fallen_through(session, now)
    return list(session.scalars(select(Client).where(Client.id.in_(fallen)).order_by(Client.id))) if fallen else []


def fallen_through(session: Session, now: datetime) -> set[int]:
    """The same clients by id alone: what lists need that show a page of them."""
    rows: Sequence[Any] = session.execute(
        select(Client.id, Client.segment, Client.next_contact_on, Client.next_contact_purpose)
        .where(
            Client.role == "client",
            Client.merged_into_id.is_(None),
            Client.target.is_(True),
            Client.stop_list.is_(False),
            ~_in_a_sale(),
            ~_just_moving(now),
            or_(_nothing_agreed(), Client.next_contact_product_id.is_(None)),
        )
    ).all()  # fmt: skip
    agreed = [row for row in rows if row.next_contact_on is not None and (row.next_contact_purpose or "").strip()]
    targets = development.targets_of(session, agreed)
    fine = {row.id for row in agreed if development.next_of(targets[row.id]) is None}
    return {row.id for row in rows} - fine


def _nothing_agreed() -> ColumnElement[bool]:
    return or_(
        Client.next_contact_on.is_(None), Client.next_contact_purpose.is_(None), Client.next_contact_purpose == ""
    )


def _in_a_sale() -> ColumnElement[bool]:
    """An open deal with a running procedure that has a task with a due date, a timer, or a step with a day."""
    task = exists().where(
        UserTask.instance_id == ProcessInstance.id, UserTask.rank.is_not(None), UserTask.due_at.is_not(None)
    )
    job = exists().where(Job.instance_id == ProcessInstance.id, Job.ended_at.is_(None))
    running = exists().where(
        ProcessInstance.deal_id == Deal.id, ProcessInstance.status.in_(UNDER_WAY),
        or_(task, job, Deal.next_step_on.is_not(None)),
    )  # fmt: skip
    return exists().where(Deal.client_id == Client.id, Deal.status == "open", running)


def _just_moving(now: datetime) -> ColumnElement[bool]:
    """A procedure of the client has work that is due already: the next moment is not yet decided."""
    due = exists().where(Job.instance_id == ProcessInstance.id, Job.ended_at.is_(None), Job.due_at <= now)
    return exists().where(
        and_(ProcessInstance.client_id == Client.id, ProcessInstance.status == InstanceStatus.ACTIVE, due)
    )

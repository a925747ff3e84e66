"""Clients pass from one manager to others: with their open deals, tasks and control points; the past stays (R296)."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from engine import audit, tasks
from engine.crm import clients, deals
from engine.errors import NotFound
from engine.models import Client, ControlPoint, Deal, ProcessInstance, User, UserTask
from engine.work import Work

REASON = "Передача клиентов"
OPEN = "open"


def person(session: Session, login: str) -> User:
    """Raises NotFound."""
    found = session.scalar(select(User).where(User.login == login))
    if found is None:
        raise NotFound("There is no person {id}.", id=login)
    return found


def holdings(session: Session, login: str) -> dict[str, Any]:
    """What a person answers for: ``clients`` [{client_id, name}], numbers of open ``deals`` and ``tasks``."""
    user = person(session, login)
    own = select(Client).where(Client.owner_id == user.id).order_by(Client.name, Client.id)
    open_deals = select(func.count()).select_from(Deal).where(Deal.owner_id == user.id, Deal.status == OPEN)
    open_tasks = (
        select(func.count()).select_from(UserTask).where(UserTask.assignee_id == user.id, UserTask.rank.is_not(None))
    )
    return {
        "clients": [{"client_id": row.id, "name": row.name} for row in session.scalars(own)],
        "deals": int(session.scalar(open_deals) or 0),
        "tasks": int(session.scalar(open_tasks) or 0),
    }


def apply(work: Work, login: str, default: str, owners: Mapping[int, str]) -> list[dict[str, Any]]:
    """Give everything open of one person to others. ``owners``: client -> new owner's login; ``default``: who takes
    what belongs to no client of the list. Returns the clients with their new owners. Raises NotFound."""
    old, heir = person(work.session, login), person(work.session, default)
    takers = {client: person(work.session, name) for client, name in owners.items()}
    passed = []
    for client_id, taker in takers.items():
        clients.set_owner(work, client_id, taker.id)
        client = clients.find(work.session, client_id)
        passed.append({"client_id": client.id, "name": client.name, "to": taker.login})
    for deal in work.session.scalars(select(Deal).where(Deal.owner_id == old.id, Deal.status == OPEN)).all():
        deals.set_owner(work, deal.id, takers.get(deal.client_id, heir).id)
    _pass_tasks(work, old, heir, takers)
    _pass_points(work, old, heir, takers)
    audit.record(work, "clients.transferred", subject=f"user:{old.id}", to=default, clients=len(passed))
    return passed


def _pass_tasks(work: Work, old: User, heir: User, takers: Mapping[int, User]) -> None:
    """Open tasks, and what he gave away for an answer, go to whoever has the client now."""
    query = (
        select(UserTask.id, ProcessInstance.client_id, ProcessInstance.deal_id)
        .join(ProcessInstance, ProcessInstance.id == UserTask.instance_id)
        .where(or_(UserTask.assignee_id == old.id, UserTask.owner_id == old.id), UserTask.rank.is_not(None))
        .order_by(UserTask.id)
    )
    for task_id, client_id, deal_id in work.session.execute(query).all():
        tasks.reassign(work, task_id, _taker(work.session, heir, takers, client_id, deal_id).id, REASON)


def _pass_points(work: Work, old: User, heir: User, takers: Mapping[int, User]) -> None:
    query = (
        select(ControlPoint, ProcessInstance.client_id, ProcessInstance.deal_id)
        .join(ProcessInstance, ProcessInstance.id == ControlPoint.instance_id)
        .where(ControlPoint.owner_id == old.id, ControlPoint.status == OPEN)
    )
    for point, client_id, deal_id in work.session.execute(query).all():
        point.owner_id = _taker(work.session, heir, takers, client_id, deal_id).id
        audit.record(work, "control_point.owner_set", subject=f"control_point:{point.id}",
                     owner=[old.id, point.owner_id])  # fmt: skip


def _taker(
    session: Session, heir: User, takers: Mapping[int, User], client_id: int | None, deal_id: int | None
) -> User:
    deal = session.get(Deal, deal_id) if client_id is None and deal_id is not None else None
    return takers.get(client_id or (deal.client_id if deal is not None else 0), heir)

"""Clients and deals pass from one manager to another, with open tasks and control points; the past stays (R296)."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, true
from sqlalchemy.orm import Session

from engine import audit, tasks
from engine.crm import clients, deals
from engine.errors import Invalid, NotFound
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
    _pass_on(work, Passing(old.id, heir, takers, REASON))
    audit.record(work, "clients.transferred", subject=f"user:{old.id}", to=default, clients=len(passed))
    return passed


def give_client(work: Work, client_id: int, user_id: int, along: bool = True) -> None:
    """Give one client to another manager; ``along``: with what the former one has open for it: deals, tasks, control
    points. Raises Forbidden, NotFound."""
    client = clients.find(work.session, client_id)
    before = client.owner_id
    clients.set_owner(work, client_id, user_id)
    if not along or before in (None, user_id):
        return
    mine = select(Deal.id).where(Deal.client_id == client_id, Deal.status == OPEN, Deal.owner_id == before)
    given = list(work.session.scalars(mine.order_by(Deal.id)))
    for deal_id in given:
        deals.set_owner(work, deal_id, user_id)
    of_client = and_(ProcessInstance.client_id == client_id, ProcessInstance.deal_id.is_(None))
    of_it = or_(ProcessInstance.deal_id.in_(given), of_client)
    _pass_on(work, Passing(before, work.session.get_one(User, user_id), {}, REASON, of_it))


def give_deal(work: Work, deal_id: int, user_id: int, reason: str) -> int:
    """Give one deal to another manager, with the tasks and control points that the former one has open for it (R227).
    Returns how many tasks went along. Raises Forbidden, NotFound, WrongState, Invalid (no reason)."""
    if not reason.strip():
        raise Invalid("Say why the deal goes to somebody else.")
    before = deals.find(work.session, deal_id).owner_id
    deals.set_owner(work, deal_id, user_id)
    if before in (None, user_id):
        return 0
    taker = work.session.get_one(User, user_id)
    return _pass_on(work, Passing(before, taker, {}, reason.strip(), ProcessInstance.deal_id == deal_id))


@dataclass(frozen=True)
class Passing:
    """Who gives (``old``, a number); who takes, by client, else ``heir``; why; of which instances, else of all."""

    old: int | None
    heir: User
    takers: Mapping[int, User]
    reason: str
    of: ColumnElement[bool] = field(default_factory=true)

    def taker(self, session: Session, client_id: int | None, deal_id: int | None) -> User:
        """Who has the client, or the client of the deal, now."""
        deal = session.get(Deal, deal_id) if client_id is None and deal_id is not None else None
        return self.takers.get(client_id or (deal.client_id if deal is not None else 0), self.heir)


def _pass_on(work: Work, passing: Passing) -> int:
    """Open tasks, what was given away for an answer, and open control points go to whoever takes them."""
    count = _pass_tasks(work, passing)
    _pass_points(work, passing)
    return count


def _pass_tasks(work: Work, passing: Passing) -> int:
    query = (
        select(UserTask.id, ProcessInstance.client_id, ProcessInstance.deal_id)
        .join(ProcessInstance, ProcessInstance.id == UserTask.instance_id)
        .where(
            or_(UserTask.assignee_id == passing.old, UserTask.owner_id == passing.old), UserTask.rank.is_not(None),
            passing.of,
        )
        .order_by(UserTask.id)
    )  # fmt: skip
    rows = work.session.execute(query).all()
    for task_id, client_id, deal_id in rows:
        tasks.reassign(work, task_id, passing.taker(work.session, client_id, deal_id).id, passing.reason)
    return len(rows)


def _pass_points(work: Work, passing: Passing) -> None:
    query = (
        select(ControlPoint, ProcessInstance.client_id, ProcessInstance.deal_id)
        .join(ProcessInstance, ProcessInstance.id == ControlPoint.instance_id)
        .where(ControlPoint.owner_id == passing.old, ControlPoint.status == OPEN, passing.of)
    )
    for point, client_id, deal_id in work.session.execute(query).all():
        point.owner_id = passing.taker(work.session, client_id, deal_id).id
        audit.record(work, "control_point.owner_set", subject=f"control_point:{point.id}",
                     owner=[passing.old, point.owner_id])  # fmt: skip

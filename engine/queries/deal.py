"""Deals: the list, and everything that stands on the page of one. SELECTs only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session, aliased, joinedload, selectinload

from engine.errors import NotFound
from engine.models import (
    Client,
    ControlPoint,
    Deal,
    Document,
    MilestoneReached,
    Payment,
    ProcessInstance,
    User,
    UserTask,
)
from engine.queries.seen import MOST, UNSHOWN, Count, row_by_row, seen
from engine.queries.seen import OVERSEERS as OVERSEERS  # where the lists of deals know it from
from engine.queries.words import contain
from engine.vocabulary import ControlPointStatus, DocumentStatus
from engine.work import Actor

PAGE = 50
WORDS = 8  # words of a search looked at


@dataclass(frozen=True)
class DealRow:
    """One line of the list. ``next_due``: the earliest due moment of its open tasks; ``open_tasks``: how many."""

    deal: Deal
    client: str
    owner: User | None
    open_tasks: int
    next_due: datetime | None


@dataclass(frozen=True)
class DealPage:
    """Everything about one deal, newest things last."""

    deal: Deal
    owner: User | None
    reached: dict[str, datetime]
    instances: Sequence[ProcessInstance]
    points: Sequence[ControlPoint]
    documents: Sequence[Document]
    payments: Sequence[Payment]
    open_tasks: Sequence[UserTask]
    done_tasks: Sequence[UserTask]
    people: dict[int, User]
    team: Sequence[User]


def listing(
    session: Session,
    actor: Actor,
    *,
    words: str = "",
    status: str = "open",
    milestones: Sequence[str] = (),
    page: int = 1,
    size: int = PAGE,
) -> tuple[list[DealRow], Count]:
    """One page of the deals this person may see, and how many there are in all."""
    mine = seen(session, actor)
    where = [mine.deals]
    if status:
        where.append(Deal.status == status)
    if milestones:
        where.append(Deal.milestone.in_(milestones))
    order, start = (Deal.milestone_at.desc(), Deal.id.desc()), (page - 1) * size
    ids = select(Deal.id).where(*by_words(words), *where)
    if words and size == PAGE:  # a search reads what it goes through once: for the page and the count
        every = list(session.scalars(ids.order_by(*order).limit(MOST + 1)))
        count, wanted = Count(min(len(every), MOST), len(every) > MOST), every[start : start + size]
    else:
        count = mine.counted(session, ids)
        wanted = list(session.scalars(ids.order_by(*order).limit(size).offset(start)))
    rows = session.execute(
        select(Deal, User).outerjoin(User, User.id == Deal.owner_id)
        .options(joinedload(Deal.client), selectinload(Deal.lines)).where(Deal.id.in_(wanted)).order_by(*order)
    ).unique().all()  # fmt: skip
    open_ = _open_tasks(session, [deal.id for deal, _ in rows])
    return [DealRow(deal, deal.client.name, owner, *open_.get(deal.id, (0, None))) for deal, owner in rows], count


def by_words(words: str) -> list[ColumnElement[bool]]:
    """The conditions of a search for deals: each word is one of the client's name, the title or the number."""
    return [_named(word) for word in words.split()[:WORDS]]


def _named(word: str) -> ColumnElement[bool]:
    """A word of its client's name, or of its title or number: the clients are gone through once, not deal by deal, and
    a deal whose client is found is not read."""
    clients = select(Client.id).where(*contain(word, Client.name))
    return or_(Deal.client_id.in_(clients), *contain(word, Deal.title, Deal.number))


def one(session: Session, actor: Actor, deal_id: int) -> Deal:
    """The deal, if this person may see it. Raises NotFound otherwise."""
    deal = session.scalar(
        select(Deal)
        .options(joinedload(Deal.client), joinedload(Deal.contact))
        .where(Deal.id == deal_id, row_by_row(actor).deals)
    )
    if deal is None:
        raise NotFound("There is no such deal, or it is not yours to see")
    return deal


def whole(session: Session, deal: Deal) -> DealPage:
    """Everything about one deal."""
    about = ProcessInstance.deal_id == deal.id
    runs = select(ProcessInstance).options(*UNSHOWN).where(about)
    instances = session.scalars(runs.order_by(ProcessInstance.id)).all()
    ids = [instance.id for instance in instances]
    of_it = UserTask.instance_id.in_(ids)
    points = session.scalars(
        select(ControlPoint)
        .where(ControlPoint.instance_id.in_(ids), ControlPoint.status != ControlPointStatus.CANCELLED)
        .order_by(ControlPoint.planned_at)
    ).all()
    open_tasks = session.scalars(
        select(UserTask).where(of_it, UserTask.rank.is_not(None)).order_by(UserTask.rank)
    ).all()
    done_tasks = session.scalars(
        select(UserTask).where(of_it, UserTask.completed_by.is_not(None)).order_by(UserTask.ended_at.desc()).limit(100)
    ).all()
    reached = session.execute(
        select(MilestoneReached.milestone, func.min(MilestoneReached.at))
        .where(MilestoneReached.deal_id == deal.id).group_by(MilestoneReached.milestone)
    ).all()  # fmt: skip
    people = {t.assignee_id for t in open_tasks} | {t.completed_by for t in done_tasks} | {p.owner_id for p in points}
    people |= {deal.owner_id} | {p.waived_by for p in points}
    known = people_by_id(session, people)
    return DealPage(
        deal=deal,
        owner=known.get(deal.owner_id or 0),
        reached={row[0]: row[1] for row in reached},
        instances=instances,
        points=points,
        documents=documents_of(session, Document.deal_id == deal.id),
        payments=session.scalars(
            select(Payment).where(Payment.deal_id == deal.id).order_by(Payment.dated, Payment.id)
        ).all(),
        open_tasks=open_tasks,
        done_tasks=done_tasks,
        people=known,
        team=_team(session, deal),
    )


def _team(session: Session, deal: Deal) -> Sequence[User]:
    """Those who do the work of the deal (R228)."""
    logins = (deal.terms or {}).get("team") or []
    return session.scalars(select(User).where(User.login.in_(logins)).order_by(User.last)).all() if logins else []


def documents_of(session: Session, condition: ColumnElement[bool]) -> Sequence[Document]:
    """The newest version of each document, oldest document first; cancelled ones too, superseded ones not."""
    return session.scalars(
        select(Document).where(condition, Document.status != DocumentStatus.SUPERSEDED).order_by(Document.id)
    ).all()


def people_by_id(session: Session, ids: set[int | None]) -> dict[int, User]:
    """Accounts by id."""
    wanted = [number for number in ids if number]
    return {user.id: user for user in session.scalars(select(User).where(User.id.in_(wanted)))} if wanted else {}


def _open_tasks(session: Session, deal_ids: Sequence[int]) -> dict[int, tuple[int, Any]]:
    task = aliased(UserTask)
    rows = session.execute(
        select(ProcessInstance.deal_id, func.count(task.id), func.min(task.due_at))
        .join(task, and_(task.instance_id == ProcessInstance.id, task.rank.is_not(None)))
        .where(ProcessInstance.deal_id.in_(deal_ids))
        .group_by(ProcessInstance.deal_id)
    )
    return {deal_id: (count, due) for deal_id, count, due in rows if deal_id is not None}

"""The board of deals: columns are the stages of a scheme, the stillest deals first. SELECTs only."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, union_all
from sqlalchemy.orm import Session

from engine.crm import stages, staleness
from engine.models import Client, Deal, DealLine, Pause, ProcessInstance, Product, Segment, User, UserTask
from engine.queries.seen import OVERSEERS
from engine.queries.words import contain
from engine.work import Actor

MOST = 300


@dataclass(frozen=True)
class Wanted:
    """What the board is narrowed to. ``state``: paused, moving or nothing; ``stage``: one column alone."""

    scheme: str
    words: str = ""
    owner: int | None = None
    product: int | None = None
    segment: str = ""
    least: Decimal | None = None
    state: str = ""
    stage: str = ""
    page: int = 1


@dataclass(frozen=True)
class Card:
    """One deal. ``step``: what is done next, by whom it was agreed or by the diagram; ``step_at``: until when."""

    id: int
    number: str
    title: str
    client_id: int
    client: str
    owner: str | None
    sum: Decimal
    milestone: str
    judgement: staleness.Judgement
    pause: Pause | None
    step: str | None = None
    step_at: datetime | date | None = None
    tasks: int = 0


@dataclass(frozen=True)
class Column:
    """One stage with its cards. ``following``: the stage that a deal of it comes to next, if any."""

    key: str
    title: str
    title_en: str
    milestones: tuple[str, ...]
    count: int
    total: Decimal
    cards: Sequence[Card]
    following: str | None


@dataclass(frozen=True)
class Choices:
    """What the filters offer; ``segments`` with key, title, title_en."""

    owners: Sequence[tuple[int, str]]
    products: Sequence[tuple[int, str]]
    segments: Sequence[Any]


def columns(session: Session, env: Any, actor: Actor, now: datetime, wanted: Wanted) -> list[Column]:
    """The columns of the board, or the one that is wanted alone."""
    items = _stages(env.setting("stages")[wanted.scheme])
    where = _where(actor, wanted)
    sums = _sums(session, where)
    usuals = staleness.Usuals(session, env, wanted.scheme)
    alone = any(item.key == wanted.stage for item in items)
    size = int(env.setting("board.page", 60) if alone else env.setting("board.column", 12))
    found = []
    for number, item in enumerate(items):
        if alone and item.key != wanted.stage:
            continue
        here = [sums[name] for name in item.milestones if name in sums]
        offset = (wanted.page - 1) * size if alone else 0
        rows = _rows(session, where, item.milestones, size, offset) if here else []
        following = items[number + 1].key if number + 1 < len(items) else None
        found.append(replace(
            item, count=sum(count for count, _ in here), total=sum((total for _, total in here), Decimal(0)),
            cards=_cards(session, rows, usuals, now), following=following,
        ))  # fmt: skip
    return found


def outline(env: Any, scheme: str) -> list[Column]:
    """The stages of a scheme as empty columns."""
    return _stages(env.setting("stages")[scheme])


def choices(session: Session, actor: Actor) -> Choices:
    """Owners of open deals, products that are sold, segments of the matrix."""
    has_deals = exists().where(Deal.owner_id == User.id, Deal.status == "open")
    owners = select(User.id, User.last, User.first).where(has_deals if actor.groups & OVERSEERS else User.id.is_(None))
    products = select(Product.id, Product.name).where(Product.withdrawn_on.is_(None)).order_by(Product.name).limit(MOST)
    segments = select(Segment.key, Segment.title, Segment.title_en).order_by(Segment.id)
    return Choices(
        [(row.id, f"{row.last} {row.first}") for row in session.execute(owners.order_by(User.last, User.first))],
        [(row.id, row.name) for row in session.execute(products)],
        list({row.key: row for row in session.execute(segments)}.values()),
    )


def may_see(actor: Actor, deal: Deal) -> bool:
    """Is this deal on his board?"""
    return bool(actor.groups & OVERSEERS) or deal.owner_id == actor.user_id


def worth() -> ColumnElement[Decimal]:
    """The sum of a deal as it stands in it; of one that was never counted, its lines less its discount."""
    lines = select(func.sum(DealLine.quantity * DealLine.price)).where(DealLine.deal_id == Deal.id).scalar_subquery()
    counted: ColumnElement[Decimal] = func.coalesce(lines, 0) * (100 - Deal.discount) / 100
    found: ColumnElement[Decimal] = func.coalesce(Deal.worth, counted)
    return found


def _stages(entry: Mapping[str, Any]) -> list[Column]:
    """A deal stands in the first stage that it has not ended: a column holds the milestones before the stage's end."""
    found, low = [], 0
    for item in entry["stages"]:
        high = stages.position(str(item["milestones"][-1]))
        names = stages.MILESTONES[low:high]
        found.append(Column(str(item["key"]), str(item["title"]), str(item.get("title_en") or item["title"]),
                            tuple(names), 0, Decimal(0), (), None))  # fmt: skip
        low = max(low, high)
    return found


def _seen(actor: Actor) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = [Deal.status == "open"]
    if not actor.groups & OVERSEERS:
        where.append(Deal.owner_id == actor.user_id)
    return where


def _where(actor: Actor, wanted: Wanted) -> list[ColumnElement[bool]]:
    where = _seen(actor)
    if wanted.owner is not None:
        where.append(Deal.owner_id == wanted.owner)
    if wanted.product is not None:
        where.append(exists().where(DealLine.deal_id == Deal.id, DealLine.product_id == wanted.product))
    clients = [*contain(wanted.words, Client.name, Deal.title, Deal.number)]
    if wanted.segment:
        clients.append(Client.segment == wanted.segment)
    if clients:
        where.append(exists().where(Client.id == Deal.client_id, *clients))
    if wanted.least is not None:
        where.append(worth() >= wanted.least)
    if wanted.state:
        paused = exists().where(Pause.deal_id == Deal.id, Pause.ended_at.is_(None))
        where.append(paused if wanted.state == "paused" else ~paused)
    return where


def _sums(session: Session, where: Sequence[ColumnElement[bool]]) -> dict[str, tuple[int, Decimal]]:
    """Milestone -> how many deals, and their sum. What stands in the deals is read from their index alone; the few that
    were never counted are asked for by themselves."""
    found: dict[str, tuple[int, Decimal]] = {}
    for sum_, part in ((Deal.worth, Deal.worth.is_not(None)), (worth(), Deal.worth.is_(None))):
        each = select(Deal.milestone, sum_.label("sum")).where(*where, part).subquery()
        rows = select(each.c.milestone, func.count(), func.sum(each.c.sum)).group_by(each.c.milestone)
        for milestone, count, total in session.execute(rows):
            before = found.get(milestone, (0, Decimal(0)))
            found[milestone] = before[0] + count, before[1] + _money(total)
    return found


def _rows(
    session: Session, where: Sequence[ColumnElement[bool]], milestones: Sequence[str], size: int, offset: int
) -> Sequence[Any]:
    """The stillest of a column: of each milestone by the index of its deals, then the stillest of all these."""
    nearest = (
        select(Deal.id, Deal.stirred_at).where(*where, Deal.milestone == name)
        .order_by(Deal.stirred_at, Deal.id).limit(size + offset).subquery()
        for name in milestones
    )  # fmt: skip
    found = union_all(*(select(one.c.id, one.c.stirred_at) for one in nearest)).subquery()
    ids = select(found.c.id).order_by(found.c.stirred_at, found.c.id).limit(size).offset(offset)
    query = (
        select(
            Deal.id, Deal.number, Deal.title, Deal.client_id, Client.name.label("client"), Client.segment, User.last,
            User.first, worth().label("sum"), Deal.milestone, Deal.milestone_at, Deal.stirred_at, Deal.cycle,
            Deal.next_step, Deal.next_step_on,
        )
        .join(Client, Client.id == Deal.client_id).outerjoin(User, User.id == Deal.owner_id)
        .where(Deal.id.in_(list(session.scalars(ids)))).order_by(Deal.stirred_at, Deal.id)
    )  # fmt: skip
    return session.execute(query).all()


def _cards(session: Session, rows: Sequence[Any], usuals: staleness.Usuals, now: datetime) -> list[Card]:
    ids = [row.id for row in rows]
    rested = staleness.rested(session, rows, now)
    stand = select(Pause).where(Pause.deal_id.in_(ids), Pause.ended_at.is_(None))
    pauses = {pause.deal_id: pause for pause in session.scalars(stand)} if ids else {}
    steps = first_steps(session, ids)
    found = []
    for row in rows:
        name, at, many = steps.get(row.id, (None, None, 0))
        agreed = not many and bool(row.next_step)  # an open step of the procedure says more than an old promise
        found.append(Card(
            id=row.id, number=row.number, title=row.title, client_id=row.client_id, client=row.client,
            owner=f"{row.last} {row.first}" if row.last else None, sum=_money(row.sum), milestone=row.milestone,
            judgement=usuals.judge(row, row.segment, now, rested[row.id]), pause=pauses.get(row.id),
            step=row.next_step if agreed else name, step_at=row.next_step_on if agreed else at, tasks=many,
        ))  # fmt: skip
    return found


def first_steps(session: Session, deal_ids: Sequence[int]) -> dict[int, tuple[str, datetime | None, int]]:
    """Of each deal the open task that is due first, and how many there are."""
    if not deal_ids:
        return {}
    rows = session.execute(
        select(ProcessInstance.deal_id, UserTask.name, UserTask.due_at)
        .join(UserTask, and_(UserTask.instance_id == ProcessInstance.id, UserTask.rank.is_not(None)))
        .where(ProcessInstance.deal_id.in_(deal_ids), or_(ProcessInstance.ended_at.is_(None)))
        .order_by(UserTask.due_at.is_(None), UserTask.due_at, UserTask.id)
    )
    found: dict[int, tuple[str, datetime | None, int]] = {}
    for deal_id, name, at in rows:
        if deal_id is None:
            continue
        first = found.get(deal_id)
        found[deal_id] = (first[0], first[1], first[2] + 1) if first else (name, at, 1)
    return found


def _money(value: Any) -> Decimal:
    return Decimal(str(value or 0)).quantize(Decimal("0.01"))

"""How far a client is developed: the target products of its segment, what became of each, what to offer next (R021).

A target may be a whole product direction: then any of its components counts for it. What a client uses outside its
segment does not count (R033). Used: written down as used since a day, or paid for in no deal that is still open.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import and_, bindparam, func, or_, select
from sqlalchemy.orm import Session

from engine.crm import periods, stages
from engine.models import (
    Client,
    ClientProduct,
    Deal,
    DealLine,
    Matrix,
    ProcessInstance,
    Product,
    Segment,
    SegmentProduct,
    Settlement,
    UserTask,
    table_of,
)
from engine.rows import Prepared

USED, OPEN, REFUSED, NOT_OFFERED = "used", "open", "refused", "not_offered"
TENTH = Decimal("0.1")
PRODUCTS, TARGETS, SEGMENTS, MATRICES = map(table_of, (Product, SegmentProduct, Segment, Matrix))
IN_FORCE = select(MATRICES.c.id).where(MATRICES.c.status == "in_force").order_by(MATRICES.c.version.desc()).limit(1)
CELLS = Prepared(
    select(
        SEGMENTS.c.key, TARGETS.c.priority, PRODUCTS.c.id, PRODUCTS.c.code, PRODUCTS.c.name, PRODUCTS.c.withdrawn_on
    )
    .select_from(TARGETS)
    .join(SEGMENTS, SEGMENTS.c.id == TARGETS.c.segment_id)
    .join(PRODUCTS, PRODUCTS.c.id == TARGETS.c.product_id)
    .where(SEGMENTS.c.matrix_id == IN_FORCE.scalar_subquery())
    .order_by(SEGMENTS.c.key, TARGETS.c.priority, TARGETS.c.product_id)
)  # fmt: skip
PARENTS = Prepared(select(PRODUCTS.c.id, PRODUCTS.c.direction_id))


@dataclass(frozen=True)
class State:
    """What became of one product at one client. ``stage``: milestone of the open deal, ``next_step_on``: the day of
    its next step (not the day it came there, R041); ``refusal``: category of the refusal."""

    state: str
    since: date | None = None
    deal_id: int | None = None
    stage: str | None = None
    next_step_on: date | None = None
    refusal: str | None = None


@dataclass(frozen=True)
class Target:
    """A target product of the client's segment with its state there."""

    product_id: int
    code: str
    name: str
    priority: int
    state: str
    stage: str | None = None
    next_step_on: date | None = None
    since: date | None = None
    deal_id: int | None = None
    refusal: str | None = None


def targets(session: Session, client: Client) -> list[Target]:
    """The target products of the client's segment by priority; none for a client without a segment."""
    return targets_of(session, [client]).get(client.id, [])


def next_product(session: Session, client: Client) -> Product | None:
    """What to offer this client next: the first target never offered; when there is none, what it once refused.

    None: the client uses or is just buying everything meant for it.
    """
    found = next_of(targets(session, client))
    return None if found is None else session.get(Product, found.product_id)


def next_of(found: Iterable[Target]) -> Target | None:
    """The target to offer next among these."""
    rows = list(found)
    fresh = next((target for target in rows if target.state == NOT_OFFERED), None)
    return fresh or next((target for target in rows if target.state == REFUSED), None)


def degree(session: Session, client: Client) -> Decimal | None:
    """Used target products of all target products, per cent with one digit (R033). None without target products."""
    return degree_of(targets(session, client))


def degree_of(found: Collection[Target]) -> Decimal | None:
    """The degree of development of a client with these targets."""
    if not found:
        return None
    used = sum(target.state == USED for target in found)
    return (Decimal(100) * used / len(found)).quantize(TENTH)


def targets_of(session: Session, clients: Iterable[Client]) -> dict[int, list[Target]]:
    """The targets of many clients at once, by client: a handful of questions to the database, however many clients."""
    rows = list(clients)
    plan = _plan(session)
    wanted = [client for client in rows if plan.get(client.segment or "")]
    states = states_of(session, [client.id for client in wanted])
    members = components(session)
    found: dict[int, list[Target]] = {client.id: [] for client in rows}
    for client in wanted:
        own = states.get(client.id, {})
        for cell in plan[client.segment or ""]:
            product = cell.product_id
            state = best([own[part] for part in (product, *members.get(product, ())) if part in own])
            if cell.withdrawn_on is not None and state.state in (NOT_OFFERED, REFUSED):
                continue  # not sold any more, and not used either: not meant for anybody
            found[client.id].append(
                Target(
                    product, cell.code, cell.name, cell.priority, state.state, state.stage, state.next_step_on,
                    state.since, state.deal_id, state.refusal,
                )
            )  # fmt: skip
    return found


def with_next_steps(
    session: Session, env: Any, found: Mapping[int, Sequence[Target]]
) -> dict[int, list[Target]]:
    """The same targets, where an open deal has no agreed next step with the day its earliest open task is due: while
    work goes on, every cell has a date (R041)."""
    bare = {one.deal_id for own in found.values() for one in own if one.state == OPEN and one.next_step_on is None}
    due = _due_days(session, env, bare - {None})
    return {
        client_id: [replace(one, next_step_on=one.next_step_on or due.get(one.deal_id)) for one in own]
        for client_id, own in found.items()
    }


def _due_days(session: Session, env: Any, deals: Collection[int | None]) -> dict[int | None, date | None]:
    if not deals:
        return {}
    query = (
        select(ProcessInstance.deal_id, func.min(UserTask.due_at))
        .join(UserTask, and_(UserTask.instance_id == ProcessInstance.id, UserTask.rank.is_not(None)))
        .where(ProcessInstance.deal_id.in_(deals))
        .group_by(ProcessInstance.deal_id)
    )
    return {deal_id: periods.day_of(env, at) for deal_id, at in session.execute(query)}


class _Cell(NamedTuple):
    """A target product of a segment."""

    segment: str
    priority: int
    product_id: int
    code: str
    name: str
    withdrawn_on: date | None


def _plan(session: Session) -> dict[str, list[_Cell]]:
    """``plan_of`` the matrix in force, in one question: every expression that asks what to offer passes here."""
    plan: dict[str, list[_Cell]] = {}
    for row in CELLS.see(session):
        plan.setdefault(row[0], []).append(_Cell(*row))
    return plan


def plan_of(session: Session, matrix: Matrix | None) -> dict[str, list[tuple[int, Product]]]:
    """The target products of each segment of a matrix by segment key, the first to offer at the head."""
    if matrix is None:
        return {}
    wanted = {cell.product_id for segment in matrix.segments for cell in segment.products}
    products = {row.id: row for row in session.scalars(select(Product).where(Product.id.in_(wanted)))}
    return {
        segment.key: [
            (cell.priority, products[cell.product_id])
            for cell in sorted(segment.products, key=lambda cell: (cell.priority, cell.product_id))
        ]
        for segment in matrix.segments
    }


def components(session: Session) -> dict[int, list[int]]:
    """The products of each direction, by the direction's id; components of components included."""
    parents: dict[int, int | None] = {row[0]: row[1] for row in PARENTS.see(session)}
    found: dict[int, list[int]] = {}
    for product_id in parents:
        above, seen = parents[product_id], {product_id}
        while above is not None and above not in seen:
            found.setdefault(above, []).append(product_id)
            seen.add(above)
            above = parents.get(above)
    return found


def states_of(session: Session, client_ids: Collection[int]) -> dict[int, dict[int, State]]:
    """What became of every product these clients had to do with, by client and product."""
    found: dict[int, dict[int, State]] = {client_id: {} for client_id in client_ids}
    for client_id, product_id, state in (
        *_written_down(session, client_ids),
        *_paid_for(session, client_ids),
        *_on_offer(session, client_ids),
    ):
        own = found[client_id]
        own[product_id] = best([own[product_id], state]) if product_id in own else state
    return found


def best(states: Iterable[State]) -> State:
    """What counts of several states: used before open before refused; of open deals the one that has come farthest."""
    return min(states, key=_rank, default=State(NOT_OFFERED))


def _rank(state: State) -> tuple[int, int, int]:
    order = (USED, OPEN, REFUSED, NOT_OFFERED).index(state.state)
    farthest = -stages.position(state.stage) if state.stage else 0
    newest = -state.since.toordinal() if state.since and state.state == REFUSED else 0
    return order, farthest, newest


Found = tuple[int, int, State]


class _Question:
    """A question about clients: about many at once, and prepared about one."""

    def __init__(self, client: Any, of_all: Any) -> None:
        self.client, self.of_all = client, of_all
        self.of_one = Prepared(of_all.where(client == bindparam("client")))


WRITTEN_DOWN = _Question(
    ClientProduct.client_id,
    select(
        ClientProduct.client_id, ClientProduct.product_id, ClientProduct.used_since, ClientProduct.refused_on,
        ClientProduct.refusal_category,
    ),
)  # fmt: skip
PAID_FOR = _Question(
    Settlement.client_id,
    select(Settlement.client_id, Settlement.product_id, func.min(Settlement.dated))
    .outerjoin(Deal, Deal.id == Settlement.deal_id)
    .where(Settlement.product_id.is_not(None), or_(Settlement.deal_id.is_(None), Deal.status != "open"))
    .group_by(Settlement.client_id, Settlement.product_id)
    .having(func.sum(Settlement.sum) > 0),
)
ON_OFFER = _Question(
    Deal.client_id,
    select(Deal.client_id, DealLine.product_id, Deal.id, Deal.milestone, Deal.next_step_on)
    .join(DealLine, DealLine.deal_id == Deal.id)
    .where(Deal.status == "open", DealLine.product_id.is_not(None)),
)


def _written_down(session: Session, client_ids: Collection[int]) -> list[Found]:
    return [
        (client, product, State(USED, since=used) if used is not None else State(REFUSED, since=refused, refusal=why))
        for client, product, used, refused, why in _asked(session, WRITTEN_DOWN, client_ids)
        if used is not None or refused is not None
    ]


def _paid_for(session: Session, client_ids: Collection[int]) -> list[Found]:
    rows = _asked(session, PAID_FOR, client_ids)
    return [(client, product or 0, State(USED, since=day)) for client, product, day in rows]


def _on_offer(session: Session, client_ids: Collection[int]) -> list[Found]:
    return [
        (client, product or 0, State(OPEN, deal_id=deal, stage=milestone, next_step_on=step))
        for client, product, deal, milestone, step in _asked(session, ON_OFFER, client_ids)
    ]


def _asked(session: Session, question: _Question, client_ids: Collection[int]) -> Iterable[Any]:
    """Of one client, as nearly every expression asks, by a prepared statement."""
    if len(client_ids) == 1:
        return question.of_one.see(session, client=next(iter(client_ids)))
    return session.execute(question.of_all.where(question.client.in_(client_ids)))


def matrix_table(plan: Mapping[str, list[tuple[int, Product]]]) -> dict[str, dict[int, int]]:
    """A plan as a table: priority by segment key and product id."""
    return {key: {product.id: priority for priority, product in cells} for key, cells in plan.items()}

"""The way of deals: how far each has come, what it is worth, how long it stayed where (PAT-5: read from the log of
milestones, whatever scheme of stages it is looked at through)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CTE, ColumnElement, Numeric, Subquery, case, cast, func, or_, select, tuple_
from sqlalchemy.orm import aliased

from engine.crm import stages
from engine.crm.reports import ground
from engine.crm.reports.model import Asked
from engine.crm.reports.stage_names import Stage
from engine.models import Client, Deal, DealLine, MilestoneReached, Product

PLACES = tuple(enumerate(stages.MILESTONES))
LAST = len(stages.MILESTONES) - 1


def place_of(milestone: ColumnElement[str] | Any) -> ColumnElement[int]:
    """The place of a milestone on the way; -1 for a lost deal's last line."""
    return case({name: place for place, name in PLACES}, value=milestone, else_=-1)


def deals(asked: Asked, *only: ColumnElement[bool], money: bool = True, brief: bool = False) -> CTE:
    """One row per deal: its columns, ``place`` (the farthest milestone it ever reached) and, with ``money``, ``sum``
    (lines less discount), narrowed by the filters of the report and by ``only``. ``brief``: without what lists alone
    show. Place and sum are looked up once for each deal that remains, so what is known beforehand goes into ``only``.
    """
    far = select(func.max(place_of(MilestoneReached.milestone))).where(MilestoneReached.deal_id == Deal.id)
    shown: tuple[Any, ...] = (
        Deal.id, Deal.status, Deal.owner_id, Deal.milestone_at, Deal.expected_on, Deal.created_at, Deal.closed_at,
        Deal.refusal_category, Deal.competitor_id, Deal.source_id,
        func.coalesce(far.scalar_subquery(), 0).label("place"),
    )  # fmt: skip
    if not brief:
        shown += (Deal.number, Deal.title, Deal.client_id, Client.name.label("client"), Deal.sale_kind, Deal.milestone,
                  Deal.probability, Deal.next_step, Deal.next_step_on)  # fmt: skip
    if money:
        full = select(func.sum(DealLine.quantity * DealLine.price)).where(DealLine.deal_id == Deal.id).scalar_subquery()
        less = func.coalesce(full, 0) * (100 - Deal.discount) / 100
        shown += (cast(less, Numeric(18, 2)).label("sum"),)
    query = select(*shown).join(Client, Client.id == Deal.client_id).where(*filters(asked), *only)
    return query.cte().prefix_with("MATERIALIZED")


def intervals(asked: Asked, since: datetime, until: datetime) -> Subquery:
    """Every stay at a milestone that fell into a time: from ``at`` until ``left`` (null: the deal stands there)."""
    later = aliased(MilestoneReached)
    # one step in the index for each row: a window function would sort the whole log first
    following = (
        select(later.at)
        .where(
            later.deal_id == MilestoneReached.deal_id,
            tuple_(later.at, later.id) > tuple_(MilestoneReached.at, MilestoneReached.id),
        )
        .order_by(later.at, later.id).limit(1).scalar_subquery()
    )  # fmt: skip
    rows = (
        select(
            MilestoneReached.deal_id, MilestoneReached.milestone, MilestoneReached.at, following.label("left"),
            Deal.status,
        )
        .join(Deal, Deal.id == MilestoneReached.deal_id).join(Client, Client.id == Deal.client_id)
        .where(Deal.created_at < until, or_(Deal.closed_at.is_(None), Deal.closed_at >= since), *filters(asked),
               MilestoneReached.milestone != stages.LOST, MilestoneReached.at < until)
        .cte().prefix_with("MATERIALIZED")
    )  # fmt: skip
    return select(rows).where(or_(rows.c.left.is_(None), rows.c.left >= since)).subquery()


def place_at(deal_id: Any, at: Any) -> ColumnElement[int]:
    """How far a deal had come at a moment."""
    reached = select(func.max(place_of(MilestoneReached.milestone))).where(
        MilestoneReached.deal_id == deal_id, MilestoneReached.at <= at
    )
    return func.coalesce(reached.scalar_subquery(), 0)


def bounds(known: Sequence[Stage]) -> list[tuple[int, int]]:
    """For each stage the places of a deal that works in it: from the end of the stage before, to before its own end."""
    ends = [stages.position(stage.milestones[-1]) for stage in known]
    return [(ends[no - 1] if no else 0, end - 1) for no, end in enumerate(ends)]


def stage_number(known: Sequence[Stage], place: int) -> int | None:
    """Which stage, from 0, a deal works in whose farthest milestone is this. None: past the last one."""
    return next((no for no, (_, end) in enumerate(bounds(known)) if place <= end), None)


def stage_of(known: Sequence[Stage], milestone: Any) -> ColumnElement[int]:
    """Which stage, from 0, a deal works in that stands at a milestone; -1: past the last one."""
    numbers = {name: stage_number(known, place) for place, name in PLACES}
    return case({name: no for name, no in numbers.items() if no is not None}, value=milestone, else_=-1)


def in_stage(known: Sequence[Stage], number: int, place: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether a place belongs to a stage, from 0."""
    low, high = bounds(known)[number]
    return place.between(low if number else -1, high)


def filters(asked: Asked) -> list[ColumnElement[bool]]:
    """Which deals are asked for: of whom, of what, for whom. Wants Client joined."""
    found = ground.client_filters(asked)
    if asked["employee"]:
        found.append(Deal.owner_id == asked["employee"])
    if asked["kind"]:
        found.append(Deal.sale_kind == asked["kind"])
    if asked["initiative"]:
        found.append(Deal.initiative == asked["initiative"])
    for name, column in (("product", Product.id), ("direction", ground.direction_of())):
        if asked[name]:
            sold = select(DealLine.deal_id).join(Product, Product.id == DealLine.product_id)
            found.append(Deal.id.in_(sold.where(column == asked[name])))
    return found


def zero() -> Decimal:
    """No roubles and no kopecks."""
    return Decimal("0.00")

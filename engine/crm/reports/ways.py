"""The way of deals: how far each has come, what it is worth, how long it stayed where (PAT-5: read from the log of
milestones, whatever scheme of stages it is looked at through)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Numeric, Subquery, case, cast, func, select

from engine.crm import stages
from engine.crm.reports import ground
from engine.crm.reports.model import Asked
from engine.crm.reports.stage_names import Stage
from engine.models import Client, Deal, DealLine, MilestoneReached, Product, UtcDateTime

PLACES = tuple(enumerate(stages.MILESTONES))
LAST = len(stages.MILESTONES) - 1


def place_of(milestone: ColumnElement[str] | Any) -> ColumnElement[int]:
    """The place of a milestone on the way; -1 for a lost deal's last line."""
    return case(*((milestone == name, place) for place, name in PLACES), else_=-1)


def worth() -> Subquery:
    """The lines of each deal added up, before the discount."""
    return (
        select(DealLine.deal_id, func.sum(DealLine.quantity * DealLine.price).label("full"))
        .group_by(DealLine.deal_id).subquery()
    )  # fmt: skip


def deals(asked: Asked) -> Subquery:
    """One row per deal: its columns, ``place`` (the farthest milestone it ever reached) and ``sum`` (lines less
    discount), narrowed by the filters of the report."""
    far = (
        select(MilestoneReached.deal_id, func.max(place_of(MilestoneReached.milestone)).label("place"))
        .group_by(MilestoneReached.deal_id).subquery()
    )  # fmt: skip
    full = worth()
    money = func.coalesce(full.c.full, 0) * (100 - Deal.discount) / 100
    query = (
        select(
            Deal.id, Deal.number, Deal.title, Deal.client_id, Client.name.label("client"), Deal.owner_id, Deal.status,
            Deal.sale_kind, Deal.milestone, Deal.milestone_at, Deal.created_at, Deal.closed_at, Deal.expected_on,
            Deal.probability, Deal.next_step, Deal.next_step_on, Deal.refusal_category, Deal.competitor_id,
            Deal.source_id, func.coalesce(far.c.place, 0).label("place"),
            cast(money, Numeric(18, 2)).label("sum"),
        )
        .join(Client, Client.id == Deal.client_id)
        .outerjoin(far, far.c.deal_id == Deal.id)
        .outerjoin(full, full.c.deal_id == Deal.id)
        .where(*_filters(asked))
    )  # fmt: skip
    return query.subquery()


def intervals(asked: Asked) -> Subquery:
    """Every stay of a deal at a milestone: from ``at`` until ``left`` (null while it stands there)."""
    following = func.lead(MilestoneReached.at, type_=UtcDateTime()).over(
        partition_by=MilestoneReached.deal_id, order_by=(MilestoneReached.at, MilestoneReached.id)
    )
    after = func.lead(MilestoneReached.milestone).over(
        partition_by=MilestoneReached.deal_id, order_by=(MilestoneReached.at, MilestoneReached.id)
    )
    return (
        select(
            MilestoneReached.deal_id, place_of(MilestoneReached.milestone).label("place"), MilestoneReached.at,
            following.label("left"), after.label("after"),
        )
        .join(Deal, Deal.id == MilestoneReached.deal_id).join(Client, Client.id == Deal.client_id)
        .where(*_filters(asked)).subquery()
    )  # fmt: skip


def bounds(known: Sequence[Stage]) -> list[tuple[int, int]]:
    """For each stage the places of a deal that works in it: from the end of the stage before, to before its own end."""
    ends = [stages.position(stage.milestones[-1]) for stage in known]
    return [(ends[no - 1] if no else 0, end - 1) for no, end in enumerate(ends)]


def stage_number(known: Sequence[Stage], place: int) -> int | None:
    """Which stage, from 0, a deal works in whose farthest milestone is this. None: past the last one."""
    return next((no for no, (_, end) in enumerate(bounds(known)) if place <= end), None)


def in_stage(known: Sequence[Stage], number: int, place: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether a place belongs to a stage, from 0."""
    low, high = bounds(known)[number]
    return place.between(low if number else -1, high)


def _filters(asked: Asked) -> list[ColumnElement[bool]]:
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

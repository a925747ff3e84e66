"""The way of deals: how far each has come, what it is worth, how long it stayed where (PAT-5: read from the log of
milestones, whatever scheme of stages it is looked at through)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CTE, ColumnElement, CompoundSelect, Numeric, case, cast, func, literal, or_, select, union_all

from engine.crm import stages
from engine.crm.reports import ground
from engine.crm.reports.elapsed import DaysBetween
from engine.crm.reports.model import Asked
from engine.crm.reports.stage_names import Stage
from engine.models import Client, Deal, DealLine, MilestoneReached, Product, UtcDateTime

PLACES = tuple(enumerate(stages.MILESTONES))
LAST = len(stages.MILESTONES) - 1


def deals(asked: Asked, *only: ColumnElement[bool], money: bool = True, brief: bool = False) -> CTE:
    """One row per deal: its columns, ``place`` (the farthest milestone it ever reached) and, with ``money``, ``sum``
    (lines less discount), narrowed by the filters of the report and by ``only``. ``brief``: without what lists alone
    show. Place and sum are looked up once for each deal that remains, so what is known beforehand goes into ``only``.
    """
    shown: tuple[Any, ...] = (
        Deal.id, Deal.status, Deal.owner_id, Deal.milestone_at, Deal.expected_on, Deal.created_at, Deal.closed_at,
        Deal.refusal_category, Deal.competitor_id, Deal.source_id,
        _farthest(MilestoneReached.deal_id == Deal.id).label("place"),
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


def stays(asked: Asked, known: Sequence[Stage], since: datetime, until: datetime, now: datetime) -> CompoundSelect[Any]:
    """Stays of deals in stages that fell into a time: ``stage`` (from 0), ``deals``, ``days`` together, ``longest`` at
    one milestone. What lasts has lasted until ``now``. Several rows may be about one stage.

    Each milestone is asked about by itself, for its lines lie together in an index and need not be sorted.
    """
    line, found = MilestoneReached, []
    whose = _whose(asked)
    for place, name in PLACES:
        number = stage_number(known, place)
        if number is None:
            continue
        same = [other for at, other in PLACES if stage_number(known, at) == number]
        # no deal comes back, so each leaves a stage once: by this line, or by one that lies past the time
        over = or_(line.milestone.not_in(same), line.at >= until)
        days = DaysBetween(line.came_at, line.at)
        found.append(
            select(literal(number).label("stage"), func.sum(case((over, 1), else_=0)).label("deals"),
                   func.sum(days).label("days"), func.max(days).label("longest"))
            .where(line.came_from == name, line.at >= since, line.came_at < until, whose)
        )  # fmt: skip
    stage, days = stage_of(known, Deal.milestone), DaysBetween(Deal.milestone_at, literal(now, UtcDateTime()))
    lasting = (
        select(stage, func.count(), func.sum(days), func.max(days)).join(Client, Client.id == Deal.client_id)
        .where(Deal.status == "open", Deal.milestone_at < until, *filters(asked)).group_by(stage)
    )  # fmt: skip
    return union_all(*found, lasting)


def _whose(asked: Asked) -> ColumnElement[bool]:
    """Whether a line of the log is of a deal asked for. Where all are, those few that are not are named instead."""
    own = select(Deal.id).join(Client, Client.id == Deal.client_id)
    narrow = filters(asked)
    if len(narrow) > 1:
        wanted = own.where(*narrow).cte("wanted").prefix_with("MATERIALIZED")
        return MilestoneReached.deal_id.in_(select(wanted.c.id))
    double = own.where(Client.merged_into_id.is_not(None)).cte("double").prefix_with("MATERIALIZED")
    return MilestoneReached.deal_id.not_in(select(double.c.id))


def place_at(deal_id: Any, at: Any) -> ColumnElement[int]:
    """How far a deal had come at a moment."""
    return _farthest(MilestoneReached.deal_id == deal_id, MilestoneReached.at <= at)


def _farthest(*only: ColumnElement[bool]) -> ColumnElement[int]:
    """The place of the last line of a deal that is not its loss: no deal goes back. One step in the index."""
    last = (
        select(MilestoneReached.milestone).where(*only, MilestoneReached.milestone != stages.LOST)
        .order_by(MilestoneReached.at.desc(), MilestoneReached.id.desc()).limit(1).scalar_subquery()
    )  # fmt: skip
    return case({name: place for place, name in PLACES}, value=last, else_=0)


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

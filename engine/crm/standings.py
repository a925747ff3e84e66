"""Where all clients stand on a day: state, classes and the figures behind them, counted by the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Float, Select, and_, case, cast, func, literal, select
from sqlalchemy.orm import Session

from engine.crm import class_rules
from engine.crm.class_rules import Rules, Window
from engine.documents.money import kopecks
from engine.models import Client, Product, Settlement

FINE = 10_000  # shares are compared in whole kopecks times this: no database rounds them


@dataclass(frozen=True)
class Standing:
    """One client on a day. ``turnover``: what ABC was counted by; ``variation``: per cent; ``first``, ``last``: days of
    the first and the last money."""

    client_id: int
    state: str
    abc: str | None
    xyz: str | None
    variation: Decimal | None
    turnover: Decimal
    first: date | None
    last: date | None


def period(rules: Rules, on: date) -> tuple[date, date]:
    """The days that ABC is counted over."""
    return class_rules.months_back(on, rules.months)[-1][0], on


def standings(session: Session, rules: Rules, on: date) -> dict[int, Standing]:
    """All clients but merged doubles, by id. A potential client has no classes, a new one no XYZ (R080-R083)."""
    spread = _spread(session, rules, on)
    months = class_rules.months_back(on, rules.periods)
    found: dict[int, Standing] = {}
    for row in session.execute(_clients(rules, on)):
        percent = None
        if row.state not in (class_rules.POTENTIAL, class_rules.NEW):
            count = _months_known(months, row.first)
            percent = class_rules.variation_of(count, *spread.get(row.id, (0.0, 0.0))) if count >= rules.least else None
        found[row.id] = Standing(
            row.id, row.state, row.abc if row.state != class_rules.POTENTIAL else None, class_rules.xyz(percent, rules),
            percent, kopecks(Decimal(row.kopecks or 0) / 100), row.first, row.last,
        )  # fmt: skip
    return found


def directions(session: Session, rules: Rules, on: date) -> dict[tuple[int, int], str]:
    """The state of every client in every product direction it ever paid for, by client and direction (X6)."""
    area = func.coalesce(Product.direction_id, Product.id)
    frame = class_rules.window(rules, on)
    query = (
        select(Settlement.client_id, area.label("direction"), state_of(frame).label("state"))
        .join(Product, Product.id == Settlement.product_id)
        .where(Settlement.kind == "in", Settlement.dated <= on)
        .group_by(Settlement.client_id, area)
    )
    return {(row.client_id, row.direction): row.state for row in session.execute(query)}


def state_of(frame: Window) -> ColumnElement[str]:
    """The state of a group of settlements (money in, up to the day): the first that fits (X4)."""
    first, last = func.min(Settlement.dated), func.max(Settlement.dated)
    before = func.max(case((and_(Settlement.dated >= frame.before, Settlement.dated < frame.since), 1), else_=0))
    return case(
        (last.is_(None), class_rules.POTENTIAL),
        (last < frame.since, class_rules.LOST),
        (first >= frame.since, class_rules.NEW),
        (before == 0, class_rules.RESTORED),
        else_=class_rules.REGULAR,
    )


def worth(base: str) -> ColumnElement[Any]:
    """What a settlement counts by the chosen base (R023)."""
    if base == "turnover":
        return Settlement.sum + 0
    if base == "margin":
        return Settlement.sum - func.coalesce(Settlement.cost, 0)
    return case((Settlement.cost.is_not(None), Settlement.sum - func.coalesce(Settlement.cost, 0)), else_=0)


def _clients(rules: Rules, on: date) -> Select[Any]:
    since, until = period(rules, on)
    counted = (
        select(
            Settlement.client_id,
            cast(func.round(func.sum(worth(rules.base)) * 100), BigInteger).label("kopecks"),
        )
        .where(Settlement.dated >= since, Settlement.dated <= until)
        .group_by(Settlement.client_id).subquery()
    )  # fmt: skip
    states = (
        select(
            Settlement.client_id, state_of(class_rules.window(rules, on)).label("state"),
            func.min(Settlement.dated).label("first"), func.max(Settlement.dated).label("last"),
        )
        .where(Settlement.kind == "in", Settlement.dated <= on)
        .group_by(Settlement.client_id).subquery()
    )  # fmt: skip
    own = case((counted.c.kopecks > 0, counted.c.kopecks), else_=0)
    before = func.coalesce(func.sum(own).over(order_by=(own.desc(), Client.id), rows=(None, -1)), 0)
    whole = func.sum(own).over()
    letter = case(
        (own == 0, "C"),
        (before * FINE < whole * literal(int(rules.a * FINE / 100)), "A"),
        (before * FINE < whole * literal(int(rules.b * FINE / 100)), "B"),
        else_="C",
    )
    return (
        select(
            Client.id, func.coalesce(states.c.state, class_rules.POTENTIAL).label("state"), letter.label("abc"),
            counted.c.kopecks, states.c.first, states.c.last,
        )
        .outerjoin(states, states.c.client_id == Client.id)
        .outerjoin(counted, counted.c.client_id == Client.id)
        .where(Client.merged_into_id.is_(None), Client.role == "client")
    )  # fmt: skip


def _spread(session: Session, rules: Rules, on: date) -> Mapping[int, tuple[float, float]]:
    """Sum and sum of squares of the monthly sums of each client."""
    months = class_rules.months_back(on, rules.periods)
    number = case(*((Settlement.dated >= since, place) for place, (since, _) in enumerate(months)), else_=len(months))
    monthly = (
        select(Settlement.client_id, cast(func.sum(Settlement.sum), Float).label("sum"))
        .where(Settlement.dated >= months[-1][0], Settlement.dated <= on)
        .group_by(Settlement.client_id, number).subquery()
    )  # fmt: skip
    query = select(
        monthly.c.client_id, func.sum(monthly.c.sum).label("total"),
        func.sum(monthly.c.sum * monthly.c.sum).label("squares"),
    ).group_by(monthly.c.client_id)  # fmt: skip
    return {row.client_id: (float(row.total), float(row.squares)) for row in session.execute(query)}


def _months_known(months: Sequence[tuple[date, date]], first: date | None) -> int:
    """How many of the months looked at the client has been with us."""
    if first is None:
        return 0
    return next((place + 1 for place, (since, _) in enumerate(months) if first >= since), len(months))

"""What sales figures stand on: settlements with the sale they belong to, and clients as they may be narrowed down.

Nothing here is dialect: window functions, CASE and bounds made in Python mean the same on SQLite and PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Date, Subquery, case, extract, func, literal, or_, select
from sqlalchemy.orm import Session

from engine.crm.periods import Period, add_months
from engine.crm.reports.model import Asked
from engine.models import Client, Product, Settlement, User

FIRST, REPEAT, NEW = "first", "repeat", "new"
WINDOW = 3  # months


def window_months(env: Any) -> int:
    """How long a client may be silent before he counts as lost (R088)."""
    return int(env.setting("classes.state.months", WINDOW))


def direction_of(product: Any = Product) -> ColumnElement[int]:
    """The product direction of a product: its own id where it stands for itself; 0 for an unknown product."""
    return func.coalesce(product.direction_id, product.id, 0)


def owner() -> ColumnElement[int | None]:
    """Whose sale a settlement was; for older rows without a name, whose client it is."""
    return func.coalesce(Settlement.owner_id, Client.owner_id)


def client_filters(asked: Asked, *, of_owner: bool = False) -> list[ColumnElement[bool]]:
    """Segment, division and, where the client's own manager counts, employee. Doubles merged away are left out."""
    found: list[ColumnElement[bool]] = [Client.merged_into_id.is_(None)]
    if asked["segment"]:
        found.append(Client.segment == asked["segment"])
    if asked["territory"]:
        found.append(Client.territory == asked["territory"])
    if of_owner and asked["employee"]:
        found.append(Client.owner_id == asked["employee"])
    return found


def money_filters(asked: Asked) -> list[ColumnElement[bool]]:
    """The same for settlements joined to Client and Product: whose sale, of what."""
    found = client_filters(asked)
    if asked["employee"]:
        found.append(owner() == asked["employee"])
    if asked["product"]:
        found.append(Settlement.product_id == asked["product"])
    if asked["direction"]:
        found.append(direction_of() == asked["direction"])
    return found


def sales(asked: Asked, until: date) -> Subquery:
    """Settlements up to a day, each with the kind of its sale (R073-R076).

    A sale is a deal, or a settlement that belongs to none: it begins with its first money. First: the sale that began
    on the client's first day with us. New: not that, but it began on the first day of its product direction at the
    client. Repeat: every other. A refund belongs to its sale and lowers it.
    """
    day, client = Settlement.dated, Settlement.client_id
    area = direction_of().label("direction")
    within = (Settlement.deal_id.is_not(None), func.min(day).over(partition_by=(client, Settlement.deal_id)))
    within_area = (Settlement.deal_id.is_not(None), func.min(day).over(partition_by=(client, Settlement.deal_id, area)))
    rows = (
        select(
            Settlement.id, client, Settlement.product_id, Settlement.deal_id, day, Settlement.sum, Settlement.cost,
            Settlement.kind.label("money"), area, owner().label("owner_id"),
            case(within, else_=day).label("begun"),
            case(within_area, else_=day).label("area_begun"),
            func.min(day).over(partition_by=client).label("client_first"),
            func.min(day).over(partition_by=(client, area)).label("area_first"),
        )
        .join(Client, Client.id == client)
        .outerjoin(Product, Product.id == Settlement.product_id)
        .where(day <= until, *client_filters(asked))
        .subquery()
    )  # fmt: skip
    kind = case(
        (rows.c.begun == rows.c.client_first, FIRST), (rows.c.area_begun == rows.c.area_first, NEW), else_=REPEAT
    )
    return select(rows, kind.label("sale")).subquery()


@dataclass(frozen=True)
class Turn:
    """A client lost or won back in a product direction. ``on``: the day it happened; ``paid``: the payment it is seen
    by (the last one before, or the first one after the silence); ``before``: the payment before the silence."""

    client_id: int
    direction: int
    owner_id: int | None
    on: date
    paid: date
    before: date | None = None


def lost(asked: Asked, period: Period, months: int, *, whole: bool = False) -> list[Turn]:
    """Who stopped paying in the period, by direction (``whole``: the client as such, direction 0): no settlement for
    more than ``months`` (R078, R084).

    The day is the first one on which the last settlement lies further back than that.
    """
    day = Settlement.dated
    pair: dict[str, Any] = {"partition_by": (Settlement.client_id, _area(whole)), "order_by": (day, Settlement.id)}
    following = func.lead(day, type_=Date).over(**pair)
    rows = _pairs(asked, period.until, following.label("other"), whole)
    # the first day of silence lies in the period, so the last money lies in a range that can be named beforehand
    earliest = add_months(period.since, -months - 1)
    query = select(rows).where(
        rows.c.dated >= earliest, rows.c.dated <= add_months(period.until, -months),
        or_(rows.c.other.is_(None), _months(rows.c.other) - _months(rows.c.dated) >= months),
    )  # fmt: skip
    found = []
    for row in asked.session.execute(query):
        on = _silent_from(row.dated, months)
        if period.since <= on <= period.until and (row.other is None or row.other >= on):
            found.append(Turn(row.client_id, row.direction, row.owner_id, on, row.dated))
    return [turn for turn in found if not asked["employee"] or turn.owner_id == asked["employee"]]


def restored(asked: Asked, period: Period, months: int, *, whole: bool = False) -> list[Turn]:
    """Who paid again in the period after a silence that had made him lost, by direction or as such (R079, R085)."""
    day = Settlement.dated
    pair: dict[str, Any] = {"partition_by": (Settlement.client_id, _area(whole)), "order_by": (day, Settlement.id)}
    previous = func.lag(day, type_=Date).over(**pair)
    rows = _pairs(asked, period.until, previous.label("other"), whole)
    query = select(rows).where(
        rows.c.dated >= period.since, _months(rows.c.dated) - _months(rows.c.other) >= months
    )
    return [
        Turn(row.client_id, row.direction, row.owner_id, row.dated, row.dated, row.other)
        for row in asked.session.execute(query)
        if row.other < add_months(row.dated, -months)
        and (not asked["employee"] or row.owner_id == asked["employee"])
    ]


def names_of(session: Session, ids: Iterable[int | None]) -> dict[int, str]:
    """Names of people by id."""
    wanted = {number for number in ids if number}
    rows = session.execute(select(User.id, User.last, User.first).where(User.id.in_(wanted))) if wanted else ()
    return {row.id: f"{row.last} {row.first}" for row in rows}


def clients_by_id(session: Session, ids: Iterable[int]) -> dict[int, str]:
    """Names of clients by id."""
    wanted = set(ids)
    rows = session.execute(select(Client.id, Client.name).where(Client.id.in_(wanted))) if wanted else ()
    return {row.id: row.name for row in rows}


def products_by_id(session: Session) -> Mapping[int, str]:
    """Names of products by id; there are few."""
    return {row.id: row.name for row in session.execute(select(Product.id, Product.name))}


def _area(whole: bool) -> ColumnElement[int]:
    return literal(0) if whole else direction_of()


def _pairs(asked: Asked, until: date, other: Any, whole: bool) -> Subquery:
    return (
        select(
            Settlement.client_id, _area(whole).label("direction"), owner().label("owner_id"), Settlement.dated, other
        )
        .join(Client, Client.id == Settlement.client_id)
        .outerjoin(Product, Product.id == Settlement.product_id)
        .where(Settlement.kind == "in", Settlement.dated <= until, *client_filters(asked))
        .subquery()
    )  # fmt: skip


def _months(day: Any) -> ColumnElement[int]:
    return extract("year", day) * 12 + extract("month", day)


def _silent_from(paid: date, months: int) -> date:
    """The first day that lies more than ``months`` behind the payment."""
    day = add_months(paid, months)
    while add_months(day, -months) <= paid:
        day += timedelta(days=1)
    return day

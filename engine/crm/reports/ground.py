"""What sales figures stand on: settlements with the sale they belong to, and clients as they may be narrowed down.

Nothing here is dialect: window functions, CASE and bounds made in Python mean the same on SQLite and PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    CTE,
    ColumnElement,
    Date,
    Select,
    Subquery,
    and_,
    case,
    func,
    literal,
    literal_column,
    or_,
    select,
    tuple_,
    type_coerce,
)
from sqlalchemy.orm import Session, aliased

from engine.crm.periods import Period, add_months
from engine.crm.reports.elapsed import DaysApart
from engine.crm.reports.model import Asked
from engine.models import Client, ClientProduct, Product, Settlement, User

FIRST, REPEAT, NEW = "first", "repeat", "new"
WINDOW = 3  # months
SHORTEST = 28  # days of a month: a silence of so many months lasts at least so many times that


def window_months(env: Any) -> int:
    """How long a client may be silent before he counts as lost (R088)."""
    return int(env.setting("classes.state.months", WINDOW))


def direction_of(product: Any = Product) -> ColumnElement[int]:
    """The product direction of a product: its own id where it stands for itself; 0 for an unknown product."""
    return func.coalesce(product.direction_id, product.id, literal_column("0"))  # no parameter: it is grouped by


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


def sales(asked: Asked, since: date, until: date) -> Subquery:
    """Settlements of a period, each with the kind of its sale (R073-R076).

    A sale is a deal, or a settlement that belongs to none: it begins with its first money. First: the sale that began
    on the client's first day with us. New: not that, but it began on the first day of its product direction at the
    client. Repeat: every other. A refund belongs to its sale and lowers it.
    """
    day, client, deal, area = Settlement.dated, Settlement.client_id, Settlement.deal_id, direction_of()
    begun = _begun(until, "deal_id", deal)
    area_begun = _begun(until, "deal_id", deal, area)
    client_first = _begun(until, "client_id", client)
    area_first = _begun(until, "client_id", client, area)
    kind = case(
        (func.coalesce(begun.c.day, day) == client_first.c.day, FIRST),
        (func.coalesce(area_begun.c.day, day) == area_first.c.day, NEW),
        else_=REPEAT,
    )
    return (
        select(
            Settlement.id, client, Settlement.product_id, deal, day, Settlement.sum, Settlement.cost,
            Settlement.kind.label("money"), area.label("direction"), owner().label("owner_id"), kind.label("sale"),
            func.coalesce(area_begun.c.day, day).label("area_begun"),
        )
        .join(Client, Client.id == client).outerjoin(Product, Product.id == Settlement.product_id)
        .outerjoin(begun, begun.c.key == deal)
        .outerjoin(area_begun, and_(area_begun.c.key == deal, area_begun.c.direction == area))
        .join(client_first, client_first.c.key == client)
        .join(area_first, and_(area_first.c.key == client, area_first.c.direction == area))
        .where(day >= since, day <= until, *client_filters(asked)).subquery()
    )  # fmt: skip


def _begun(until: date, name: str, key: Any, area: Any = None) -> Subquery:
    """The first day of money by a column, or by it and the product direction. Grouping is several times faster than
    as many window functions, for each of them sorts everything anew."""
    by = [key] if area is None else [key, area]
    shown = [key.label("key"), func.min(Settlement.dated).label("day")]
    query: Select[Any] = select(*shown, *([] if area is None else [area.label("direction")]))
    if area is not None:
        query = query.outerjoin(Product, Product.id == Settlement.product_id)
    return query.where(key.is_not(None), Settlement.dated <= until).group_by(*by).subquery(f"{name}_{len(by)}")


class Turn(NamedTuple):
    """A client lost or won back in a product direction. ``on``: the day it happened; ``paid``: the payment it is seen
    by (the last one before, or the first one after the silence; none where a contract was not renewed); ``before``: the
    payment before the silence."""

    client_id: int
    direction: int
    owner_id: int | None
    on: date
    paid: date | None
    before: date | None = None


def lost(asked: Asked, period: Period, months: int, *, whole: bool = False) -> list[Turn]:
    """Who stopped paying in the period, by direction (``whole``: the client as such, direction 0): no settlement for
    more than ``months``; by direction also who did not renew a contract (R078, R084). A direction is lost once.

    The day is the first one on which the last settlement lies further back than that, so the last money lies in a
    range that can be named beforehand.
    """
    until = add_months(period.until, -months)
    rows = _pairs(asked, add_months(period.since, -months - 1), until, whole, after=period.until)
    query = select(rows).where(or_(rows.c.other.is_(None), DaysApart(rows.c.dated, rows.c.other) >= SHORTEST * months))
    ended = {} if whole else _not_renewed(asked, add_months(period.since, -months - 1), period.until)
    found = []
    for row in asked.session.execute(query):
        on, pair = _silent_from(row.dated, months), (row.client_id, row.direction)
        if period.since <= on <= period.until and (row.other is None or row.other >= on):
            if pair in ended and row.dated <= ended[pair].on <= on:
                continue  # lost with its contract, before the silence told
            found.append(Turn(row.client_id, row.direction, row.owner_id, on, row.dated))
    told = {(turn.client_id, turn.direction) for turn in found}
    found += [turn for pair, turn in ended.items() if turn.on >= period.since and pair not in told]
    return [turn for turn in found if not asked["employee"] or turn.owner_id == asked["employee"]]


def restored(asked: Asked, period: Period, months: int, *, whole: bool = False) -> list[Turn]:
    """Who paid again in the period after a silence that had made him lost, by direction or as such (R079, R085)."""
    rows = _pairs(asked, period.since, period.until, whole)
    query = select(rows).where(DaysApart(rows.c.other, rows.c.dated) >= SHORTEST * months)
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


def _not_renewed(asked: Asked, since: date, until: date) -> dict[tuple[int, int], Turn]:
    """Contracts that ended and were not renewed, by client and direction: lost on the day the client said so."""
    query = (
        select(ClientProduct.client_id, direction_of().label("direction"), Client.owner_id, ClientProduct.refused_on)
        .join(Client, Client.id == ClientProduct.client_id)
        .join(Product, Product.id == ClientProduct.product_id)
        .where(
            ClientProduct.refused_on.between(since, until), ClientProduct.contract_until.is_not(None),
            ClientProduct.used_since.is_(None), *client_filters(asked),
        )
        .order_by(ClientProduct.refused_on.desc())
    )  # fmt: skip
    return {
        (row.client_id, row.direction): Turn(row.client_id, row.direction, row.owner_id, row.refused_on, None)
        for row in asked.session.execute(query)
    }


def _area(whole: bool) -> ColumnElement[int]:
    return literal(0) if whole else direction_of()


def _pairs(asked: Asked, since: date, until: date, whole: bool, *, after: date | None = None) -> CTE:
    """Money of some days with the day of the money before it, or of the one after it up to a day; of the same client
    and, unless ``whole``, of the same direction.

    Asked row by row through the index, once for each row: MATERIALIZED keeps SQLite from asking again wherever the
    answer is used.
    """
    other, theirs = aliased(Settlement), aliased(Product)
    here, there = tuple_(Settlement.dated, Settlement.id), tuple_(other.dated, other.id)
    nearest = select(other.dated).where(
        other.client_id == Settlement.client_id, other.kind == "in", there < here if after is None else there > here
    )
    if not whole:
        nearest = nearest.outerjoin(theirs, theirs.id == other.product_id).where(direction_of(theirs) == direction_of())
    if after is not None:
        nearest = nearest.where(other.dated <= after)
    # the first in the order of the index, not the least of all
    nearest = nearest.order_by(other.dated.desc() if after is None else other.dated).limit(1)
    found = nearest.correlate(Settlement, Product).scalar_subquery()
    return (
        select(
            Settlement.client_id, _area(whole).label("direction"), owner().label("owner_id"), Settlement.dated,
            type_coerce(found, Date).label("other"),
        )
        .join(Client, Client.id == Settlement.client_id)
        .outerjoin(Product, Product.id == Settlement.product_id)
        .where(Settlement.kind == "in", Settlement.dated.between(since, until), *client_filters(asked))
        .cte().prefix_with("MATERIALIZED")
    )  # fmt: skip


@lru_cache(maxsize=4096)
def _silent_from(paid: date, months: int) -> date:
    """The first day that lies more than ``months`` behind the payment."""
    day = add_months(paid, months)
    while add_months(day, -months) <= paid:
        day += timedelta(days=1)
    return day

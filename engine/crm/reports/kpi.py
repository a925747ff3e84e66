"""RP-01 and RP-02: the two tables of figures of the sources, by employee and by client (R069, R086, R087)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import and_, case, func, select

from engine.crm.periods import moments
from engine.crm.reports import ground
from engine.crm.reports.filters import EMPLOYEE, PERIOD, SEGMENT, TERRITORY
from engine.crm.reports.model import (
    Asked,
    Case,
    Chart,
    Column,
    Report,
    Table,
    roubles,
    share,
    to_case,
    to_client,
    to_deal,
    total,
)  # fmt: skip
from engine.errors import text
from engine.models import Client, Deal, MilestoneReached, Settlement

INITIAL = ("M0", "M1", "M2", "M3")
COUNT, SUM = text("How many"), text("Sum")
NAME = Column("name", text("Employee"))
TABLE = (
    NAME,
    Column("potential", text("Potential clients"), "int", total=True, group=COUNT),
    Column("firsts", text("First sales"), "int", total=True, group=COUNT),
    Column("lost", text("Lost clients"), "int", total=True, group=COUNT),
    Column("restored", text("Restored clients"), "int", total=True, group=COUNT),
    Column("first", text("First sales"), "money", total=True, group=SUM),
    Column("repeat", text("Repeat sales"), "money", total=True, group=SUM),
    Column("new", text("First sales in new directions"), "money", total=True, group=SUM),
)
MORE = (
    NAME,
    Column("conversion", text("Potential clients who bought"), "percent"),
    Column("repeats", text("Repeat sales"), "int", total=True),
    Column("news", text("First sales in new directions"), "int", total=True),
    Column("all", text("Sales in all"), "money", total=True),
)


def _employees(asked: Asked) -> Sequence[Table]:
    session, months = asked.session, ground.window_months(asked.env)
    figures: dict[int, dict[str, Any]] = {}
    for owner, count in session.execute(_potential(asked)):
        _of(figures, owner)["potential"] = count
    for row in session.execute(_sold(asked)):
        _of(figures, row.owner_id).update({row.sale: roubles(row.sum), f"{row.sale}s": row.many})
    for name, turns in (
        ("lost", ground.lost(asked, asked.period, months)), ("restored", ground.restored(asked, asked.period, months)),
    ):  # fmt: skip
        for owner, many in Counter(turn.owner_id for turn in turns).items():
            _of(figures, owner)[name] += many
    names = ground.names_of(session, figures)
    ordered = sorted(figures, key=lambda owner: (owner == 0, names.get(owner, "")))
    rows = [_linked(owner, names.get(owner), figures[owner]) for owner in ordered]
    more = [
        {"name": row["name"], "conversion": share(own["firsts"], own["potential"]), "repeats": own["repeats"],
         "news": own["news"], "all": own["first"] + own["repeat"] + own["new"]}
        for row, own in ((row, figures[owner]) for row, owner in zip(rows, ordered, strict=True))
    ]  # fmt: skip
    sums = [sum((figures[owner][name] for owner in ordered), Decimal(0)) for name in ("firsts", "potential")]
    chart = Chart(
        text("Sales by employee"), "stacked", [row["name"] or text("nobody") for row in rows],
        [(column.title, [figures[owner][column.key] for owner in ordered]) for column in TABLE[5:]], "money",
    )  # fmt: skip
    return [
        Table(TABLE, rows, total=total(TABLE, rows), chart=chart),
        Table(MORE, more, title=text("Conversion and repeat sales"),
              total=total(MORE, more) | ({"conversion": share(*sums)} if more else {})),
    ]  # fmt: skip


def _of(figures: dict[int, dict[str, Any]], owner: int | None) -> dict[str, Any]:
    empty: dict[str, Any] = dict.fromkeys(("potential", "firsts", "repeats", "news", "lost", "restored"), 0)
    empty |= dict.fromkeys(("first", "repeat", "new"), Decimal("0.00"))
    return figures.setdefault(owner or 0, empty)


def _linked(owner: int, name: str | None, own: dict[str, Any]) -> dict[str, Any]:
    kinds = {"firsts": "first", "first": "first", "repeat": "repeat", "new": "new"}
    row: dict[str, Any] = {"name": name or text("nobody")}
    for column in TABLE[1:]:
        case_ = column.key if column.key not in kinds else "sales"
        kind = kinds.get(column.key)
        row[column.key] = to_case(case_, own[column.key], employee=owner or None, kind=kind)
    return row


def _potential(asked: Asked, *, listed: bool = False) -> Any:
    """Clients who were in the initial stage at some time of the period: a deal not yet past the proposal, and no sale
    before the period (X23, R072). Listed: the deals themselves."""
    start, end = moments(asked.env, asked.period)
    went_on = select(MilestoneReached.id).where(
        MilestoneReached.deal_id == Deal.id, MilestoneReached.milestone.not_in(INITIAL), MilestoneReached.at < start
    )
    bought = select(Settlement.id).where(
        Settlement.client_id == Client.id, Settlement.dated < asked.period.since
    )
    shown = (Deal, Client.name, Client.id) if listed else (Deal.owner_id, func.count(Client.id.distinct()))
    query = (
        select(*shown)
        .join(Client, Client.id == Deal.client_id)
        .where(Deal.created_at < end, ~went_on.exists(), ~bought.exists(), *ground.client_filters(asked))
    )
    if asked["employee"]:
        query = query.where(Deal.owner_id == asked["employee"])
    return query.order_by(Client.name, Deal.id) if listed else query.group_by(Deal.owner_id)


def _sold(asked: Asked) -> Any:
    """Sums and numbers of sales by employee and kind; a sale counts on the day it began."""
    sold = ground.sales(asked, asked.period.since, asked.period.until)
    began = and_(sold.c.area_begun == sold.c.dated, sold.c.money == "in")
    counted = case((sold.c.sale == ground.FIRST, sold.c.client_id), else_=func.coalesce(sold.c.deal_id, -sold.c.id))
    query = select(
        sold.c.owner_id, sold.c.sale, func.sum(sold.c.sum).label("sum"),
        func.count(case((began, counted)).distinct()).label("many"),
    ).group_by(sold.c.owner_id, sold.c.sale)  # fmt: skip
    if asked["employee"]:
        query = query.where(sold.c.owner_id == asked["employee"])
    return query


def _potential_cases(asked: Asked) -> Sequence[Table]:
    columns = (Column("client", text("Client")), Column("deal", text("Deal")), Column("title", text("What about")),
               Column("since", text("Opened"), "moment"))  # fmt: skip
    rows = [
        {"client": to_client(number, name), "deal": to_deal(deal.id, deal.number), "title": deal.title,
         "since": deal.created_at}
        for deal, name, number in asked.session.execute(_potential(asked, listed=True))
    ]  # fmt: skip
    return [Table(columns, rows)]


def turn_table(asked: Asked, turns: Sequence[ground.Turn]) -> Sequence[Table]:
    """Who was lost or won back, when, and by which payment it is seen."""
    columns = (
        Column("client", text("Client")), Column("direction", text("Product direction")),
        Column("on", text("Happened on"), "date"), Column("paid", text("Payment"), "date"),
        Column("before", text("Payment before"), "date"), Column("name", text("Employee")),
    )  # fmt: skip
    clients = ground.clients_by_id(asked.session, [turn.client_id for turn in turns])
    names = ground.names_of(asked.session, [turn.owner_id for turn in turns])
    products = ground.products_by_id(asked.session)
    rows = [
        {"client": to_client(turn.client_id, clients.get(turn.client_id)), "on": turn.on, "paid": turn.paid,
         "direction": products.get(turn.direction), "before": turn.before, "name": names.get(turn.owner_id or 0)}
        for turn in sorted(turns, key=lambda turn: (turn.on, turn.client_id))
    ]  # fmt: skip
    return [Table(columns, rows)]


def _lost_cases(asked: Asked) -> Sequence[Table]:
    return turn_table(asked, ground.lost(asked, asked.period, ground.window_months(asked.env)))


def _restored_cases(asked: Asked) -> Sequence[Table]:
    return turn_table(asked, ground.restored(asked, asked.period, ground.window_months(asked.env)))


def _sale_cases(asked: Asked) -> Sequence[Table]:
    columns = (
        Column("on", text("Date"), "date"), Column("client", text("Client")), Column("product", text("Product")),
        Column("deal", text("Deal")), Column("name", text("Employee")), Column("sum", text("Sum"), "money", total=True),
    )  # fmt: skip
    sold = ground.sales(asked, asked.period.since, asked.period.until)
    query = (
        select(sold, Client.name, Deal.number)
        .join(Client, Client.id == sold.c.client_id).outerjoin(Deal, Deal.id == sold.c.deal_id)
        .order_by(sold.c.dated, sold.c.id)
    )  # fmt: skip
    if asked.given.get("kind") in (ground.FIRST, ground.REPEAT, ground.NEW):
        query = query.where(sold.c.sale == asked.given["kind"])
    if asked["employee"]:
        query = query.where(sold.c.owner_id == asked["employee"])
    if client := asked.number("client"):
        query = query.where(sold.c.client_id == client)
    found = asked.session.execute(query).all()
    names = ground.names_of(asked.session, {row.owner_id for row in found})
    products = ground.products_by_id(asked.session)
    rows = [
        {"on": row.dated, "client": to_client(row.client_id, row.name), "product": products.get(row.product_id),
         "deal": to_deal(row.deal_id, row.number), "name": names.get(row.owner_id), "sum": roubles(row.sum)}
        for row in found
    ]  # fmt: skip
    return [Table(columns, rows, total=total(columns, rows))]


SALES = Case(text("Sales behind the figure"), _sale_cases)
REPORTS = (
    Report(
        "RP-01",
        text("Figures by employee"),
        text("How many clients each employee won, kept, lost and won back, and what they paid."),
        "clients",
        ("R068", "R069", "R072", "R073", "R074", "R075", "R076", "R078", "R079", "R086"),
        (PERIOD, EMPLOYEE, SEGMENT, TERRITORY),
        _employees,
        figures=(
            (text("Potential clients"), text(
                "Clients with a deal that was in the initial stage (up to the proposal sent) at some time of the period"
                " and without a sale before it.")),
            (text("First sales"), text(
                "Clients whose first money ever came in the period; the sum is everything paid in that first sale.")),
            (text("Repeat sales"), text("Sales in a product direction in which the client had bought before.")),
            (text("First sales in new directions"), text(
                "Sales in a product direction that is new to a client who has bought something else before.")),
            (text("Lost clients"), text(
                "Client and product direction where the silence became longer than the state window (3 months unless"
                " set otherwise) in the period; a client lost in two directions counts twice.")),
            (text("Restored clients"), text(
                "Client and product direction with money in the period after a silence longer than the state window.")),
            (text("Potential clients who bought"), text("First sales of all potential clients of the period.")),
        ),
        cases={
            "potential": Case(text("Potential clients"), _potential_cases),
            "lost": Case(text("Lost clients"), _lost_cases),
            "restored": Case(text("Restored clients"), _restored_cases),
            "sales": SALES,
        },
        own=True,
    ),
)  # fmt: skip

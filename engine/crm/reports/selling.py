"""RP-13: sales by product and by client, and how they move (R053, R054, R057)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, case, extract, func, or_, select

from engine.crm.periods import Period, add_months
from engine.crm.reports import ground
from engine.crm.reports.filters import DIRECTION, EMPLOYEE, PRODUCT, SEGMENT, TERRITORY, YEAR
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
from engine.models import Client, Deal, Product, Settlement

BEFORE = text("The period before")


def sales(asked: Asked) -> Sequence[Table]:
    """Sums of the period beside those of the period before: by month, product and client."""
    return [_by_month(asked), _by_product(asked), _by_client(asked)]


def _money(asked: Asked, *shown: Any) -> Select[Any]:
    query: Select[Any] = select(*shown).select_from(Settlement)
    return (
        query.join(Client, Client.id == Settlement.client_id)
        .outerjoin(Product, Product.id == Settlement.product_id).where(*ground.money_filters(asked))
    )  # fmt: skip


def _within(period: Period) -> Any:
    return Settlement.dated.between(period.since, period.until)


def _sums(asked: Asked) -> tuple[Any, Any, Any]:
    """Sum of the period, of the period before, and the condition that money lies in one of them."""
    now, before = asked.period, asked.period.before()
    return (
        func.sum(case((_within(now), Settlement.sum), else_=0)).label("now"),
        func.sum(case((_within(before), Settlement.sum), else_=0)).label("before"),
        or_(_within(now), _within(before)),
    )


def _change(now: Any, before: Any) -> Decimal | None:
    """By how many per cent more; nothing beside nothing before."""
    found = share(now, before)
    return None if found is None else found - 100


def _by_month(asked: Asked) -> Table:
    """The same month a year before stands beside each month, for the season."""
    period = asked.period
    first = add_months(period.since, -12)
    year, month = extract("year", Settlement.dated), extract("month", Settlement.dated)
    number = func.count(func.coalesce(Settlement.deal_id, -Settlement.id).distinct())
    query = _money(asked, year.label("year"), month.label("month"), func.sum(Settlement.sum).label("sum"),
                   func.sum(Settlement.cost).label("cost"), number.label("many"),
                   func.count(Settlement.client_id.distinct()).label("clients"))  # fmt: skip
    query = query.where(Settlement.dated >= first, Settlement.dated <= period.until).group_by(year, month)
    found = {(int(row.year), int(row.month)): row for row in asked.session.execute(query)}
    columns = (
        Column("month", text("Month")), Column("sum", text("Sales"), "money", total=True),
        Column("before", text("A year before"), "money", total=True), Column("change", text("Difference"), "percent"),
        Column("many", text("Sales, number"), "int", total=True), Column("clients", text("Clients"), "int"),
        Column("margin", text("Sales less known costs"), "money", total=True),
    )  # fmt: skip
    rows = []
    for one in period.months():
        row, old = found.get((one.since.year, one.since.month)), found.get((one.since.year - 1, one.since.month))
        sum_, before = roubles(row.sum if row else 0), roubles(old.sum if old else 0)
        where = {"from": one.since.isoformat(), "to": one.until.isoformat(), "period": "own"}
        rows.append({
            "month": f"{one.since:%m.%Y}", "sum": to_case("sales", sum_, **where), "before": before,
            "change": _change(sum_, before), "many": row.many if row else 0, "clients": row.clients if row else 0,
            "margin": sum_ - roubles(row.cost if row else 0),
        })  # fmt: skip
    chart = Chart(text("Sales by month"), "line", [row["month"] for row in rows],
                  [(text("Sales"), [row["sum"] for row in rows]),
                   (text("A year before"), [row["before"] for row in rows])], "money")  # fmt: skip
    return Table(columns, rows if found else [], title=text("By month"), chart=chart,
                 total=total(columns, rows) if found else None)  # fmt: skip


def _by_product(asked: Asked) -> Table:
    now, before, within = _sums(asked)
    number = func.count(case((_within(asked.period), func.coalesce(Settlement.deal_id, -Settlement.id))).distinct())
    clients = func.count(case((_within(asked.period), Settlement.client_id)).distinct())
    query = _money(asked, Product.id, Product.name, now, before, number.label("many"), clients.label("clients"))
    found = asked.session.execute(query.where(within).group_by(Product.id, Product.name)).all()
    whole = sum(row.now for row in found)
    columns = (
        Column("product", text("Product")), Column("sum", text("Sales"), "money", total=True),
        Column("share", text("Share"), "percent"), Column("before", BEFORE, "money", total=True),
        Column("change", text("Difference"), "percent"), Column("many", text("Sales, number"), "int", total=True),
        Column("clients", text("Clients"), "int"),
    )  # fmt: skip
    rows = [
        {"product": row.name or text("unknown product"), "sum": to_case("sales", roubles(row.now), product=row.id),
         "share": share(row.now, whole), "before": roubles(row.before), "change": _change(row.now, row.before),
         "many": row.many, "clients": row.clients}
        for row in sorted(found, key=lambda row: (-row.now, row.name or ""))
    ]  # fmt: skip
    chart = Chart(text("Sales by product"), "across", [row["product"] for row in rows],
                  [(text("Sales"), [row["sum"] for row in rows]), (BEFORE, [row["before"] for row in rows])],
                  "money")  # fmt: skip
    return Table(columns, rows, title=text("By product"), total=total(columns, rows), chart=chart)


def _by_client(asked: Asked) -> Table:
    now, before, within = _sums(asked)
    query = _money(asked, Client.id, Client.name, now, before).where(within).group_by(Client.id, Client.name)
    found = query.subquery()
    count, all_, old = asked.session.execute(
        select(func.count(), func.sum(found.c.now), func.sum(found.c.before))
    ).one()
    limit, offset = asked.slice()
    ordered = select(found).order_by(found.c.now.desc(), found.c.name, found.c.id).limit(limit).offset(offset)
    columns = (
        Column("client", text("Client")), Column("sum", text("Sales"), "money"),
        Column("share", text("Share"), "percent"),
        Column("before", BEFORE, "money"), Column("change", text("Difference"), "percent"),
    )  # fmt: skip
    rows = [
        {"client": to_client(row.id, row.name), "sum": to_case("sales", roubles(row.now), client=row.id),
         "share": share(row.now, all_), "before": roubles(row.before), "change": _change(row.now, row.before)}
        for row in asked.session.execute(ordered)
    ]  # fmt: skip
    sums = {"client": text("Total"), "sum": roubles(all_), "before": roubles(old), "change": _change(all_, old)}
    return Table(columns, rows, title=text("By client"), total=sums if rows else None, count=count)


def _sale_cases(asked: Asked) -> Sequence[Table]:
    """The money behind a number, newest first."""
    columns = (
        Column("on", text("Date"), "date"), Column("client", text("Client")), Column("product", text("Product")),
        Column("deal", text("Deal")), Column("name", text("Employee")), Column("sum", text("Sum"), "money"),
        Column("reference", text("Document")),
    )  # fmt: skip
    where = [_within(asked.period)]
    if client := asked.number("client"):
        where.append(Settlement.client_id == client)
    counted = _money(asked, func.count(), func.sum(Settlement.sum)).where(*where)
    count, whole = asked.session.execute(counted).one()
    limit, offset = asked.slice()
    query = _money(asked, Settlement, Client.name.label("client"), Product.name.label("product"), Deal.number,
                   ground.owner().label("owner_id")).outerjoin(Deal, Deal.id == Settlement.deal_id)  # fmt: skip
    query = query.where(*where).order_by(Settlement.dated.desc(), Settlement.id.desc()).limit(limit).offset(offset)
    found = asked.session.execute(query).all()
    names = ground.names_of(asked.session, {row.owner_id for row in found})
    rows = [
        {"on": row[0].dated, "client": to_client(row[0].client_id, row.client), "product": row.product,
         "deal": to_deal(row[0].deal_id, row.number), "name": names.get(row.owner_id), "sum": roubles(row[0].sum),
         "reference": row[0].reference}
        for row in found
    ]  # fmt: skip
    return [Table(columns, rows, total={"on": text("Total"), "sum": roubles(whole)} if rows else None, count=count)]


REPORTS = (
    Report(
        "RP-13",
        text("Sales"),
        text("Sums by month, product and client beside the period before and the same months of last year."),
        "sales",
        ("R053", "R054", "R057", "R069"),
        (YEAR, EMPLOYEE, PRODUCT, DIRECTION, SEGMENT, TERRITORY),
        sales,
        figures=(
            (text("Sales"), text("Money that came in, less refunds, by the day of the payment.")),
            (text("The period before"), text(
                "As many days just before the period; whole months are compared with whole months.")),
            (text("Sales, number"), text("Deals with money in the period; money of no deal counts for itself.")),
        ),
        cases={"sales": Case(text("Sales behind the figure"), _sale_cases)},
        own=True,
    ),
)  # fmt: skip

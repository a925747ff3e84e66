"""RP-23, RP-24: the self-diagnosis, the sales plan and its fulfilment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.crm import diagnosis
from engine.crm.periods import month_named, month_number
from engine.crm.reports import ground
from engine.crm.reports.elapsed import MonthsOf
from engine.crm.reports.filters import DIRECTION, EMPLOYEE, YEAR
from engine.crm.reports.model import (
    Asked,
    Case,
    Cell,
    Chart,
    Column,
    Filter,
    Group,
    Report,
    Row,
    Said,
    Table,
    Words,
    roubles,
    share,
    to_case,
    to_client,
    total,
)  # fmt: skip
from engine.errors import text
from engine.models import Client, Diagnosis, Product, SalesPlan, Settlement

DIAGNOSIS = (
    Column("title", text("Indicator")), Column("managed", text("Managed")), Column("unmanaged", text("Unmanaged")),
    Column("ours", text("With us")), Column("before", text("Before")), Column("change", text("How it moved")),
)  # fmt: skip
CHANGES = {"better": text("better"), "worse": text("worse"), "same": text("the same")}
TONES = {"better": "good", "worse": "late"}


def _dates(session: Session, _env: Any) -> list[tuple[str, Said]]:
    return [(str(one.id), f"{one.on_date:%d.%m.%Y}") for one in diagnosis.history(session)]


def _diagnosis(asked: Asked) -> Sequence[Table]:
    """The 32 rows with our marks of the chosen diagnosis, else the newest, and the ones before it (R061)."""
    session = asked.session
    chosen = session.get(Diagnosis, asked["diagnosis"] or 0) or next(iter(diagnosis.history(session)), None)
    before = diagnosis.previous(session, chosen) if chosen is not None else None
    marks, earlier = chosen.marks if chosen else {}, before.marks if before else {}
    rows: list[Row] = []
    for group in diagnosis.groups(asked.env, marks, earlier):
        rows.append(Group(Words(group.title, group.title_en)))
        rows += [
            {"title": Words(line.title, line.title_en), "managed": line.managed, "unmanaged": line.unmanaged,
             "ours": line.ours, "before": line.before,
             "change": Cell(CHANGES.get(line.change, ""), tone=TONES.get(line.change, ""))}
            for line in group.lines
        ]  # fmt: skip
    counts = [("managed", "+"), ("partly", "+/-"), ("unmanaged", "-")]
    columns = (Column("mark", text("Mark")), Column("ours", text("With us"), "int", total=True),
               Column("before", text("Before"), "int", total=True),
               Column("typical", text("Unmanaged company"), "int", total=True))  # fmt: skip
    ours, was = diagnosis.count(marks), diagnosis.count(earlier)
    typical = diagnosis.count([line.unmanaged for line in diagnosis.lines(asked.env)])
    summary = [{"mark": mark, "ours": ours[mark], "before": was[mark], "typical": typical[mark]} for _, mark in counts]
    return [Table(DIAGNOSIS, rows), Table(columns, summary, title=text("Marks"), total=total(columns, summary))]


PLAN = (
    Column("plan", text("Plan"), "money", total=True), Column("fact", text("Fact"), "money", total=True),
    Column("deviation", text("Deviation"), "money", total=True), Column("done", text("Fulfilled"), "percent"),
)  # fmt: skip
BY_MONTH = (Column("month", text("Month")), *PLAN)
BY_EMPLOYEE = (Column("name", text("Employee")), *PLAN)
BY_DIRECTION = (Column("direction", text("Direction")), *PLAN)


def _plans(asked: Asked) -> Sequence[Table]:
    """Plan and fact by month, employee and direction (R340). A plan of a whole counts before the sum of its parts."""
    plans = _planned(asked)
    months = [month_number(month.since) for month in asked.period.months()]
    facts = {key: _facts(asked, key) for key in ("month", "owner", "direction")}
    by_month = [
        {"month": month_named(number), **_compared(_whole(asked, [one for one in plans if one[0] == number]),
                                              facts["month"].get(number))}
        for number in months
    ]  # fmt: skip
    chart = Chart(text("Plan and fact by month"), "bar", [row["month"] for row in by_month],
                  [(text("Plan"), [row["plan"] for row in by_month]),
                   (text("Fact"), [row["fact"].value for row in by_month])], "money")  # fmt: skip
    owners = {one[1] for one in plans if one[1]} | {key for key in facts["owner"] if key}
    names = ground.names_of(asked.session, owners)
    by_owner = [
        {"name": names.get(key, "?"), **_compared(_by(plans, 1, key, 2), facts["owner"].get(key), employee=key)}
        for key in sorted(owners, key=lambda key: names.get(key, ""))
    ]
    areas = {one[2] for one in plans if one[2]} | {key for key in facts["direction"] if key}
    products = ground.products_by_id(asked.session)
    by_area = [
        {"direction": products.get(key, "?"), **_compared(_by(plans, 2, key, 1), facts["direction"].get(key), area=key)}
        for key in sorted(areas, key=lambda key: products.get(key, ""))
    ]
    return [
        Table(BY_MONTH, by_month, total=_summed(BY_MONTH, by_month), chart=chart),
        Table(BY_EMPLOYEE, by_owner, title=text("By employee"), total=_summed(BY_EMPLOYEE, by_owner)),
        Table(BY_DIRECTION, by_area, title=text("By direction"), total=_summed(BY_DIRECTION, by_area)),
    ]


Planned = tuple[int, int, int, Decimal]


def _planned(asked: Asked) -> list[Planned]:
    """Month, employee (0: all), direction (0: all), sum; a plan of a product is one of its direction."""
    period = asked.period
    query = (
        select(SalesPlan.month, SalesPlan.owner_id, Product.direction_id, Product.id, SalesPlan.sum)
        .outerjoin(Product, Product.id == SalesPlan.product_id)
        .where(SalesPlan.month >= period.since.replace(day=1), SalesPlan.month <= period.until)
    )  # fmt: skip
    rows = [
        (month_number(month), owner or 0, direction or product or 0, roubles(sum_))
        for month, owner, direction, product, sum_ in asked.session.execute(query)
    ]
    chosen = [row for row in rows if not asked["employee"] or row[1] == asked["employee"]]
    return [row for row in chosen if not asked["direction"] or row[2] == asked["direction"]]


def _whole(asked: Asked, rows: Sequence[Planned]) -> Decimal:
    """The plan of one month: of the company if there is one; else of its employees, each as a whole or by direction;
    else of its directions."""
    if not asked["employee"] and not asked["direction"]:
        company = [row for row in rows if not row[1] and not row[2]]
        if company:
            return _sum(company)
    owners = {row[1] for row in rows if row[1]}
    if owners:
        return sum((_by(rows, 1, owner, 2) for owner in owners), Decimal("0.00"))
    return _sum(rows)


def _by(rows: Sequence[Planned], place: int, key: int, other: int) -> Decimal:
    """The plan of an employee (or direction): month by month, what is planned for him as a whole, else its parts."""
    found = Decimal("0.00")
    for month in {row[0] for row in rows}:
        own = [row for row in rows if row[0] == month and row[place] == key]
        whole = [row for row in own if not row[other]]
        found += _sum(whole or own)
    return found


def _sum(rows: Iterable[Planned]) -> Decimal:
    return sum((row[3] for row in rows), Decimal("0.00"))


def _facts(asked: Asked, by: str) -> dict[int, Decimal]:
    """What was paid, refunds taken off."""
    keys: Mapping[str, Any] = {
        "month": MonthsOf(Settlement.dated), "owner": ground.owner(), "direction": ground.direction_of()
    }  # fmt: skip
    key = keys[by]
    query = (
        select(key, func.sum(Settlement.sum))
        .select_from(Settlement)
        .join(Client, Client.id == Settlement.client_id).outerjoin(Product, Product.id == Settlement.product_id)
        .where(Settlement.dated >= asked.period.since, Settlement.dated <= asked.period.until)
        .where(*ground.money_filters(asked)).group_by(key)
    )  # fmt: skip
    return {int(row[0] or 0): roubles(row[1]) for row in asked.session.execute(query)}


def _compared(plan: Decimal, fact: Decimal | None, **arguments: Any) -> dict[str, Any]:
    came = fact if fact is not None else Decimal("0.00")
    shown = to_case("sales", came, **arguments) if arguments else Cell(came)
    less = came - plan
    return {"plan": plan, "fact": shown, "deviation": Cell(less, tone="late" if less < 0 else ""),
            "done": share(came, plan)}  # fmt: skip


def _summed(columns: Sequence[Column], rows: Sequence[Row]) -> dict[str, Any]:
    summed = total(columns, rows)
    return summed | {"done": share(summed["fact"], summed["plan"])} if summed else summed


def _sale_cases(asked: Asked) -> Sequence[Table]:
    columns = (
        Column("on", text("Date"), "date"), Column("client", text("Client")), Column("product", text("Product")),
        Column("sum", text("Sum"), "money", total=True),
    )  # fmt: skip
    query = (
        select(Settlement, Client.name, Product.name)
        .join(Client, Client.id == Settlement.client_id).outerjoin(Product, Product.id == Settlement.product_id)
        .where(Settlement.dated >= asked.period.since, Settlement.dated <= asked.period.until)
        .where(*ground.money_filters(asked)).order_by(Settlement.dated, Settlement.id)
    )  # fmt: skip
    if area := asked.number("area"):
        query = query.where(ground.direction_of() == area)
    rows = [
        {"on": paid.dated, "client": to_client(paid.client_id, client), "product": product, "sum": roubles(paid.sum)}
        for paid, client, product in asked.session.execute(query)
    ]
    return [Table(columns, rows, total=total(columns, rows))]


FILLED = Filter("diagnosis", text("Filled in on"), choices=_dates, number=True)
REPORTS = (
    Report(
        "RP-23",
        text("Self-diagnosis"),
        text("How far the work with clients is managed: 32 indicators, ours beside an unmanaged company."),
        "quality",
        ("R061", "R062", "R063", "R064"),
        (FILLED,),
        _diagnosis,
    ),
    Report(
        "RP-24",
        text("Sales plan and fact"),
        text("What was to be sold and what was paid, by month, employee and direction."),
        "sales",
        ("R340",),
        (YEAR, EMPLOYEE, DIRECTION),
        _plans,
        figures=(
            (text("Plan"), text("A plan of the whole company counts before the sum of the plans of its parts.")),
            (text("Fact"), text("Money that came in, less what went back.")),
        ),
        cases={"sales": Case(text("Sales"), _sale_cases)},
        own=True,
    ),
)

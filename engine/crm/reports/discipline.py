"""RP-10: the register of control points, and the discipline it shows (R068, R169)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, select

from engine.crm.periods import Period, moments
from engine.crm.reports import ground
from engine.crm.reports.filters import EMPLOYEE, PERIOD, choice
from engine.crm.reports.model import (
    Asked,
    Case,
    Cell,
    Chart,
    Column,
    Filter,
    Link,
    Report,
    Said,
    Table,
    share,
    to_case,
    total,
)  # fmt: skip
from engine.errors import Text, text
from engine.models import Client, ControlPoint, Deal, ProcessInstance

STATES: Mapping[str, Text] = {
    "in_time": text("met in time"),
    "late": text("met late"),
    "missed": text("missed"),
    "waived": text("waived with a reason"),
    "waiting": text("awaited"),
    "overdue": text("overdue"),
}
STATE = choice("state", text("State"), list(STATES.items()))
COUNTED = tuple(Column(key, name, "int", total=True) for key, name in STATES.items())
RATE = Column("rate", text("In time"), "percent")
LATE = Column("days", text("Working days late, on average"), "number")


def discipline(asked: Asked) -> Sequence[Table]:
    """Control points planned for the period: how they were kept, by code and by employee, and the register itself."""
    return [_summary(asked, "code"), _summary(asked, "owner"), _register(asked)]


def _state(now: datetime) -> ColumnElement[str]:
    open_ = ControlPoint.status == "open"
    return case(
        (and_(ControlPoint.status == "met", func.coalesce(ControlPoint.deviation, 0) <= 0), "in_time"),
        (ControlPoint.status == "met", "late"),
        (ControlPoint.status == "missed", "missed"),
        (ControlPoint.status == "waived", "waived"),
        (and_(open_, ControlPoint.planned_at < now), "overdue"),
        else_="waiting",
    )


def _now(asked: Asked) -> datetime:
    """The beginning of today: what is due today is not overdue yet."""
    return moments(asked.env, Period(asked.today, asked.today))[0]


def _points(asked: Asked, *shown: Any) -> Select[Any]:
    start, end = moments(asked.env, asked.period)
    query: Select[Any] = (
        select(*shown).select_from(ControlPoint)
        .where(ControlPoint.status != "cancelled", ControlPoint.planned_at >= start, ControlPoint.planned_at < end)
    )  # fmt: skip
    if asked["employee"]:
        query = query.where(ControlPoint.owner_id == asked["employee"])
    code, state = asked.given.get("code"), asked.given.get("state")
    if code:
        query = query.where(ControlPoint.code == code)
    if asked.number("owner") is not None:
        query = query.where(func.coalesce(ControlPoint.owner_id, 0) == asked.number("owner"))
    return query.where(_state(_now(asked)) == state) if state in STATES else query


def _summary(asked: Asked, by: str) -> Table:
    column = ControlPoint.code if by == "code" else func.coalesce(ControlPoint.owner_id, 0)
    state = _state(_now(asked))
    late = func.avg(case((ControlPoint.deviation > 0, ControlPoint.deviation)))
    query = _points(
        asked, column.label("what"), func.max(ControlPoint.title).label("title"), func.count().label("many"),
        *(func.sum(case((state == key, 1), else_=0)).label(key) for key in STATES), late.label("days"),
    ).group_by(column).order_by(column)  # fmt: skip
    found = asked.session.execute(query).all()
    name: Callable[[Any], Said]
    if by == "code":
        head, name = text("Control point"), lambda row: f"{row.what} {row.title}"
    else:
        names = ground.names_of(asked.session, [row.what for row in found])
        head, name = text("Employee"), lambda row: names.get(row.what) or text("a group")
    columns = (Column("what", head), Column("many", text("Control points"), "int", total=True), *COUNTED, RATE, LATE)
    rows = []
    for row in found:
        counts = {key: int(getattr(row, key)) for key in STATES}
        ended = sum(counts[key] for key in ("in_time", "late", "missed", "overdue"))
        where = {by: row.what}
        rows.append({
            "what": name(row), "many": to_case("points", row.many, **where),
            **{key: to_case("points", many, state=key, **where) for key, many in counts.items()},
            "rate": share(counts["in_time"], ended), "days": None if row.days is None else round(float(row.days), 1),
        })  # fmt: skip
    chart = Chart(text("Control points by state"), "stacked", [row["what"] for row in rows],
                  [(said, [int(getattr(row, key)) for row in found]) for key, said in STATES.items()])  # fmt: skip
    sums = total(columns, rows)
    kept = [sum(int(getattr(row, key)) for row in found) for key in ("in_time", "late", "missed", "overdue")]
    title = text("By control point") if by == "code" else text("By employee")
    return Table(columns, rows, title=title, chart=chart if by == "code" else None,
                 total=sums | {"rate": share(kept[0], sum(kept))} if rows else None)  # fmt: skip


def _register(asked: Asked) -> Table:
    """The points themselves: planned, actual, deviation, evidence of a reason."""
    columns = (
        Column("code", text("Code")), Column("title", text("Control point")), Column("about", text("About")),
        Column("client", text("Client")), Column("name", text("Owner")), Column("planned", text("Planned"), "moment"),
        Column("actual", text("Actual"), "moment"), Column("deviation", text("Deviation, working days"), "number"),
        Column("state", text("State")), Column("reason", text("Reason")),
    )  # fmt: skip
    point, state = ControlPoint, _state(_now(asked))
    query = (
        _points(
            asked, point.id, point.code, point.title, point.owner_id, point.owner_group, point.planned_at,
            point.actual_at, point.deviation, point.reason, state.label("state"),
            ProcessInstance.id.label("instance"), ProcessInstance.title.label("about"), Deal.id.label("deal"),
            Deal.number, Client.name,
        )
        .join(ProcessInstance, ProcessInstance.id == point.instance_id)
        .outerjoin(Deal, Deal.id == ProcessInstance.deal_id)
        .outerjoin(Client, Client.id == func.coalesce(Deal.client_id, ProcessInstance.client_id))
    )  # fmt: skip
    count = asked.session.scalar(_points(asked, func.count())) or 0
    limit, offset = asked.slice()
    ordered = query.order_by(point.planned_at.desc(), point.id.desc()).limit(limit).offset(offset)
    found = asked.session.execute(ordered).all()
    names = ground.names_of(asked.session, {row.owner_id for row in found})
    bad = {"late", "missed", "overdue"}
    rows = [
        {"code": row.code, "title": row.title, "client": row.name, "name": names.get(row.owner_id) or row.owner_group,
         "about": Cell(row.number or row.about, Link("deal", row.deal) if row.deal else Link("instance", row.instance)),
         "planned": row.planned_at, "actual": row.actual_at, "deviation": row.deviation, "reason": row.reason,
         "state": Cell(STATES[row.state], None, "late" if row.state in bad else "")}
        for row in found
    ]  # fmt: skip
    return Table(columns, rows, title=text("Register"), count=count)


def _point_cases(asked: Asked) -> Sequence[Table]:
    return [_register(asked)]


def _codes(session: Any, _env: Any) -> list[tuple[str, Said]]:
    rows = session.execute(select(ControlPoint.code, func.max(ControlPoint.title)).group_by(ControlPoint.code))
    return [(row[0], f"{row[0]} {row[1]}") for row in sorted(rows)]


CODE = Filter("code", text("Control point"), choices=_codes)
REPORTS = (
    Report(
        "RP-10",
        text("Control points"),
        text("What was to be established by when, when it was, and how well the days are kept."),
        "control",
        ("R068", "R157", "R169"),
        (PERIOD, EMPLOYEE, CODE, STATE),
        discipline,
        figures=(
            (text("Control points"), text("Planned for a day of the period, cancelled ones left out.")),
            (text("In time"), text(
                "Met in time of those met, missed or overdue; waived and awaited ones do not count.")),
            (text("Deviation, working days"), text("Working days after the planned moment; below zero: before it.")),
        ),
        cases={"points": Case(text("Control points behind the figure"), _point_cases)},
        own=True,
    ),
)  # fmt: skip

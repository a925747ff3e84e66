"""RP-11, RP-12 and RP-14: classes, states and their movement, products per client (R025, R052, R077, R079, R089)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Subquery, func, select

from engine.crm import class_rules, standings
from engine.crm.class_rules import STATES
from engine.crm.reports import ground, won
from engine.crm.reports.filters import choice
from engine.crm.reports.kpi import turn_table
from engine.crm.reports.model import (
    Asked,
    Case,
    Chart,
    Column,
    Table,
    Words,
    share,
    to_case,
    to_client,
    total,
    value_of,
)
from engine.crm.reports.stage_names import CLIENT_STATES
from engine.crm.standings import Standing
from engine.errors import text
from engine.models import ClassHistory, Client, Matrix, Product, Segment, SegmentProduct, Settlement

LETTERS, VARIATIONS = ("A", "B", "C"), ("X", "Y", "Z")
VALUABLE = 3  # products (R031)
POINTS = 200  # of a curve; more would not be seen
ORDER = choice(
    "order", text("Order"), [("turnover", text("by turnover")), ("variation", text("by variation"))], default="turnover"
)
CLASSES = (
    Column("client", text("Client")), Column("abc", text("ABC")), Column("xyz", text("XYZ")),
    Column("variation", text("Coefficient of variation"), "percent"), Column("turnover", text("Turnover"), "money"),
    Column("share", text("Share"), "percent"), Column("before", text("Share of those before"), "percent"),
    Column("state", text("State")),
)  # fmt: skip


def _known(asked: Asked, on: Any) -> tuple[dict[int, str], dict[int, Standing]]:
    """Names of the clients asked for, and where all clients stand: classes are of the whole company."""
    rows = asked.session.execute(
        select(Client.id, Client.name).where(Client.role == "client", *ground.client_filters(asked, of_owner=True))
    )
    return {row.id: row.name for row in rows}, standings.standings(asked.session, class_rules.rules_of(asked.env), on)


def classes(asked: Asked) -> Sequence[Table]:
    """The classes as of a day, counted now from settlements by the rules in force."""
    names, found = _known(asked, asked["on"])
    own = [one for one in found.values() if one.client_id in names and one.state != class_rules.POTENTIAL]
    return [_grid(own), _list(asked, names, found), _valuable(asked, names, own)]


def _grid(own: Sequence[Standing]) -> Table:
    columns = [
        Column("abc", text("Class")),
        *(Column(letter.lower(), letter, "int", total=True, group=text("Clients")) for letter in VARIATIONS),
        Column("none", text("without XYZ"), "int", total=True, group=text("Clients")),
        Column("all", text("Total"), "int", total=True), Column("sum", text("Turnover"), "money", total=True),
        Column("share", text("Share of turnover"), "percent"),
    ]  # fmt: skip
    whole = sum((one.turnover for one in own), Decimal(0))
    rows = []
    for letter in LETTERS:
        here = [one for one in own if one.abc == letter]
        sums = sum((one.turnover for one in here), Decimal("0.00"))
        row: dict[str, Any] = {"abc": letter, "sum": sums, "share": share(sums, whole)}
        for other, key in (*((name, name.lower()) for name in VARIATIONS), (None, "none")):
            many = sum(one.xyz == other for one in here)
            row[key] = to_case("clients", many, abc=letter, xyz=other or "none")
        rows.append(row | {"all": to_case("clients", len(here), abc=letter)})
    title = text("Clients by class")
    return Table(columns, rows, title=title, total=total(columns, rows)) if own else Table(columns, [], title=title)


def _list(asked: Asked, names: dict[int, str], found: dict[int, Standing]) -> Table:
    whole = sum((one.turnover for one in found.values() if one.turnover > 0), Decimal(0))
    ordered = sorted(found.values(), key=lambda one: (-one.turnover, one.client_id))
    before: dict[int, Decimal] = {}
    passed = Decimal(0)
    for one in ordered:
        before[one.client_id] = passed
        passed += max(one.turnover, Decimal(0))
    shown = [one for one in ordered if one.client_id in names and one.state != class_rules.POTENTIAL]
    curve = sorted((one for one in shown if one.variation is not None), key=lambda one: one.variation or Decimal(0))
    if asked["order"] == "variation":
        shown = [*curve, *(one for one in shown if one.variation is None)]
    limit, offset = asked.slice()
    rows = [
        {"client": to_client(one.client_id, names[one.client_id]),
         "abc": to_case("history", one.abc, client=one.client_id), "xyz": one.xyz,
         "variation": one.variation, "turnover": one.turnover, "share": share(one.turnover, whole),
         "before": share(before[one.client_id], whole), "state": CLIENT_STATES[one.state]}
        for one in shown[offset : offset + limit if limit else None]
    ]  # fmt: skip
    rules = class_rules.rules_of(asked.env)
    curve = curve[:: -(-len(curve) // POINTS) or 1]
    chart = Chart(
        text("Coefficient of variation, clients in rising order"), "line", [names[one.client_id] for one in curve],
        [(text("Coefficient of variation"), [one.variation for one in curve]),
         (text("Border of X"), [rules.x for _ in curve]), (text("Border of Y"), [rules.y for _ in curve])], "percent",
    )  # fmt: skip
    return Table(CLASSES, rows, title=text("Clients"), chart=chart, count=len(shown))


def _valuable(asked: Asked, names: dict[int, str], own: Sequence[Standing]) -> Table:
    """A, X and three products or more (R031)."""
    best = {one.client_id: one for one in own if one.abc == "A" and one.xyz == "X"}
    counted = products_of(asked)
    query = select(counted.c.client_id, counted.c.many).where(counted.c.client_id.in_(best), counted.c.many >= VALUABLE)
    columns = (Column("client", text("Client")), Column("many", text("Product directions"), "int"),
               Column("turnover", text("Turnover"), "money"))  # fmt: skip
    rows = [
        {"client": to_client(row.client_id, names[row.client_id]), "many": row.many,
         "turnover": best[row.client_id].turnover}
        for row in asked.session.execute(query.order_by(counted.c.many.desc(), counted.c.client_id))
    ] if best else []  # fmt: skip
    return Table(columns, rows, title=text("The most valuable: A, X, three products or more"),
                 empty=text("No client is A and X and uses three products or more."))  # fmt: skip


def products_of(asked: Asked) -> Subquery:
    """How many product directions each client has paid for up to a day."""
    on = asked["on"] or asked.period.until
    bought = (
        select(Settlement.client_id, ground.direction_of().label("direction"))
        .join(Client, Client.id == Settlement.client_id).join(Product, Product.id == Settlement.product_id)
        .where(Settlement.dated <= on, *ground.client_filters(asked, of_owner=True))
        .group_by(Settlement.client_id, ground.direction_of()).having(func.sum(Settlement.sum) > 0).subquery()
    )  # fmt: skip
    return select(bought.c.client_id, func.count().label("many")).group_by(bought.c.client_id).subquery()


def _class_cases(asked: Asked) -> Sequence[Table]:
    names, found = _known(asked, asked["on"] or asked.period.until)
    wanted = {name: asked.given[name] for name in ("abc", "xyz", "state") if asked.given.get(name)}
    shown = [
        one for one in found.values()
        if one.client_id in names
        and all((getattr(one, name) or "none") == value for name, value in wanted.items())
        and (one.state != class_rules.POTENTIAL or "state" in wanted)
    ]  # fmt: skip
    columns = (Column("client", text("Client")), Column("state", text("State")), Column("abc", text("ABC")),
               Column("xyz", text("XYZ")), Column("variation", text("Coefficient of variation"), "percent"),
               Column("turnover", text("Turnover"), "money", total=True), Column("first", text("First money"), "date"),
               Column("last", text("Last money"), "date"))  # fmt: skip
    rows = [
        {"client": to_client(one.client_id, names[one.client_id]), "state": CLIENT_STATES[one.state], "abc": one.abc,
         "xyz": one.xyz, "variation": one.variation, "turnover": one.turnover, "first": one.first, "last": one.last}
        for one in sorted(shown, key=lambda one: (-one.turnover, names[one.client_id]))
    ]  # fmt: skip
    return [Table(columns, rows, total=total(columns, rows))]


def _history_cases(asked: Asked) -> Sequence[Table]:
    """The history of one client's classes (R077), of the client as such and of the directions."""
    columns = (
        Column("on", text("Calculated on"), "date"), Column("area", text("Product direction")),
        Column("state", text("State")),
        Column("abc", text("ABC")), Column("xyz", text("XYZ")),
        Column("variation", text("Coefficient of variation"), "percent"), Column("turnover", text("Turnover"), "money"),
        Column("degree", text("Degree of development"), "percent"), Column("since", text("From"), "date"),
        Column("until", text("To"), "date"),
    )  # fmt: skip
    query = (
        select(ClassHistory).join(Client, Client.id == ClassHistory.client_id)
        .where(ClassHistory.client_id == (asked.number("client") or 0), *ground.client_filters(asked, of_owner=True))
        .order_by(ClassHistory.on_date.desc(), ClassHistory.id.desc())
    )  # fmt: skip
    products = ground.products_by_id(asked.session)
    rows = [
        {"on": one.on_date, "area": products.get(one.product_id) if one.product_id else text("all"),
         "state": CLIENT_STATES.get(one.state, one.state), "abc": one.abc, "xyz": one.xyz, "variation": one.variation,
         "turnover": one.turnover if one.product_id is None else None, "degree": one.development,
         "since": one.period_from, "until": one.period_to}
        for one in asked.session.scalars(query)
    ]  # fmt: skip
    return [Table(columns, rows, empty=text("Nothing has been calculated for this client yet."))]


def states(asked: Asked) -> Sequence[Table]:
    """How many clients are in which state at the end and at the beginning of a period, and who moved (R079, R327)."""
    period, months = asked.period, ground.window_months(asked.env)
    now, then = (_count_states(asked, day) for day in (period.until, period.since - timedelta(days=1)))
    columns = (
        Column("state", text("State")), Column("then", text("Before the period"), "int", total=True),
        Column("then_share", text("Share before"), "percent"), Column("now", text("At its end"), "int", total=True),
        Column("share", text("Share"), "percent"), Column("change", text("Difference"), "int", total=True),
    )  # fmt: skip
    rows = [
        {"state": CLIENT_STATES[state], "then": then.get(state, 0),
         "then_share": share(then.get(state, 0), sum(then.values())),
         "now": to_case("clients", now.get(state, 0), state=state),
         "share": share(now.get(state, 0), sum(now.values())),
         "change": now.get(state, 0) - then.get(state, 0)}
        for state in STATES
    ]  # fmt: skip
    chart = Chart(text("Clients by state"), "bar", [row["state"] for row in rows],
                  [(text("Before the period"), [then.get(state, 0) for state in STATES]),
                   (text("At its end"), [now.get(state, 0) for state in STATES])])  # fmt: skip
    active = sum(then.get(state, 0) for state in STATES[1:] if state != class_rules.LOST)
    return [Table(columns, rows, title=text("States"), total=total(columns, rows), chart=chart),
            _movement(asked, months, active)]  # fmt: skip


def _count_states(asked: Asked, day: Any) -> dict[str, int]:
    frame = class_rules.window(class_rules.rules_of(asked.env), day)
    own = (
        select(Settlement.client_id, standings.state_of(frame).label("state"))
        .where(Settlement.kind == "in", Settlement.dated <= day).group_by(Settlement.client_id).subquery()
    )  # fmt: skip
    state = func.coalesce(own.c.state, class_rules.POTENTIAL)
    query = (
        select(state, func.count()).select_from(Client).outerjoin(own, own.c.client_id == Client.id)
        .where(Client.role == "client", *ground.client_filters(asked, of_owner=True)).group_by(state)
    )  # fmt: skip
    return {row[0]: row[1] for row in asked.session.execute(query)}


def _movement(asked: Asked, months: int, active: int) -> Table:
    """New, lost and restored by month, and how much the clients bought; a share is of the clients who were with us
    before the period."""
    first = (
        select(Settlement.client_id, func.min(Settlement.dated).label("day")).join(Client)
        .where(Settlement.kind == "in", *ground.client_filters(asked, of_owner=True))
        .group_by(Settlement.client_id).subquery()
    )  # fmt: skip
    query = select(first.c.day).where(first.c.day >= asked.period.since, first.c.day <= asked.period.until)
    events = {
        "new": list(asked.session.scalars(query)),
        "restored": [turn.on for turn in ground.restored(asked, asked.period, months, whole=True)],
        "lost": [turn.on for turn in ground.lost(asked, asked.period, months, whole=True)],
    }
    columns = (
        Column("month", text("Month")), Column("new", CLIENT_STATES["new"], "int", total=True),
        Column("restored", CLIENT_STATES["restored"], "int", total=True),
        Column("lost", CLIENT_STATES["lost"], "int", total=True),
        Column("rate", text("Lost of those with us before"), "percent"),
        Column("gained", text("New to those with us before"), "percent"),
        Column("change", text("Difference"), "int", total=True), Column("won", text("Deals won"), "int"),
        Column("often", text("Deals per client who bought"), "number"),
        Column("mean", text("Mean sum of a deal"), "money"),
    )  # fmt: skip
    bought, whole = won.by_month(asked)
    counted = {name: Counter((day.year, day.month) for day in days) for name, days in events.items()}
    rows: list[dict[str, Any]] = []
    for month in asked.period.months():
        own = {name: found[month.since.year, month.since.month] for name, found in counted.items()}
        where = {"from": month.since.isoformat(), "to": month.until.isoformat(), "period": "own"}
        rows.append({
            "month": f"{month.since:%m.%Y}", "new": own["new"], "rate": share(own["lost"], active),
            "restored": to_case("restored", own["restored"], **where), "lost": to_case("lost", own["lost"], **where),
            "change": own["new"] + own["restored"] - own["lost"], "gained": share(own["new"], active),
            **bought.get((month.since.year, month.since.month), won.NOTHING).cells(),
        })  # fmt: skip
    chart = Chart(
        text("Movement of clients"), "bar", [row["month"] for row in rows],
        [(CLIENT_STATES[name], [value_of(row[name]) for row in rows]) for name in events],
    )  # fmt: skip
    return Table(columns, rows, title=text("Movement"), chart=chart,
                 total=total(columns, rows) | {
                     "rate": share(len(events["lost"]), active), "gained": share(len(events["new"]), active),
                     **whole.cells()})  # fmt: skip


def _lost_cases(asked: Asked) -> Sequence[Table]:
    return turn_table(asked, ground.lost(asked, asked.period, ground.window_months(asked.env), whole=True))


def _restored_cases(asked: Asked) -> Sequence[Table]:
    return turn_table(asked, ground.restored(asked, asked.period, ground.window_months(asked.env), whole=True))


def products(asked: Asked) -> Sequence[Table]:
    """How many products clients use: the spread over all of them, and the mean by segment beside its ideal (R005)."""
    counted = products_of(asked)
    many = func.coalesce(counted.c.many, 0)
    clients = (
        select(Client.segment, many.label("products"), func.count().label("clients"))
        .outerjoin(counted, counted.c.client_id == Client.id)
        .where(Client.role == "client", *ground.client_filters(asked, of_owner=True)).group_by(Client.segment, many)
    )  # fmt: skip
    found = asked.session.execute(clients).all()
    spread: dict[int, int] = {}
    for row in found:
        spread[row.products] = spread.get(row.products, 0) + row.clients
    whole = sum(spread.values())
    first = (
        Column("products", text("Product directions"), "int"), Column("clients", text("Clients"), "int", total=True),
        Column("share", text("Share"), "percent"),
    )  # fmt: skip
    rows = [
        {"products": number, "clients": to_case("clients", spread[number], many=number),
         "share": share(spread[number], whole)}
        for number in sorted(spread)
    ]  # fmt: skip
    chart = Chart(text("Clients by number of products"), "bar", [str(number) for number in sorted(spread)],
                  [(text("Clients"), [spread[number] for number in sorted(spread)])])  # fmt: skip
    buyers = [row for row in found if row.products]
    sums = total(first, rows) | {"products": text("Total")} if rows else None
    mean = _mean(buyers)
    notes = [text("{mean} product directions per client who has bought.", mean=mean)] if mean is not None else []
    return [Table(first, rows, total=sums, chart=chart, notes=notes), _by_segment(asked, found)]


def _by_segment(asked: Asked, found: Sequence[Any]) -> Table:
    segments = asked.session.execute(
        select(Segment.key, Segment.title, Segment.title_en, func.count(SegmentProduct.product_id).label("ideal"))
        .join(Matrix, Matrix.id == Segment.matrix_id).outerjoin(SegmentProduct, SegmentProduct.segment_id == Segment.id)
        .where(Matrix.status == "in_force")
        .group_by(Segment.key, Segment.title, Segment.title_en, Segment.position).order_by(Segment.position)
    ).all()  # fmt: skip
    columns = (
        Column("segment", text("Segment")), Column("clients", text("Clients"), "int", total=True),
        Column("buyers", text("Of them have bought"), "int", total=True),
        Column("mean", text("Products per client who has bought"), "number"), Column("ideal", text("Ideal"), "int"),
    )  # fmt: skip
    rows = []
    for key, title, title_en, ideal in [*((*row,) for row in segments), (None, None, None, None)]:
        own = [row for row in found if row.segment == key]
        if key is None and not own:
            continue
        rows.append({
            "segment": Words(str(title), str(title_en)) if key else text("without a segment"), "ideal": ideal,
            "clients": sum(row.clients for row in own), "mean": _mean([row for row in own if row.products]),
            "buyers": sum(row.clients for row in own if row.products),
        })  # fmt: skip
    return Table(columns, rows, title=text("By segment"), total=total(columns, rows))


def _mean(rows: Sequence[Any]) -> Decimal | None:
    clients = sum(row.clients for row in rows)
    if not clients:
        return None
    return Decimal(str(round(sum(row.products * row.clients for row in rows) / clients, 2)))


def _count_cases(asked: Asked) -> Sequence[Table]:
    counted = products_of(asked)
    query = (
        select(Client.id, Client.name, Client.segment, Client.abc, Client.state)
        .outerjoin(counted, counted.c.client_id == Client.id)
        .where(Client.role == "client", *ground.client_filters(asked, of_owner=True),
               func.coalesce(counted.c.many, 0) == (asked.number("many") or 0)).order_by(Client.name, Client.id)
    )  # fmt: skip
    columns = (Column("client", text("Client")), Column("segment", text("Segment")), Column("abc", text("ABC")),
               Column("state", text("State")))  # fmt: skip
    rows = [
        {"client": to_client(row.id, row.name), "segment": row.segment, "abc": row.abc,
         "state": CLIENT_STATES.get(row.state, row.state)}
        for row in asked.session.execute(query)
    ]  # fmt: skip
    return [Table(columns, rows)]


CLIENTS = Case(text("Clients behind the figure"), _class_cases)
HISTORY = Case(text("History of classes"), _history_cases)
LOST, RESTORED = Case(text("Lost clients"), _lost_cases), Case(text("Restored clients"), _restored_cases)
COUNTED = Case(text("Clients behind the figure"), _count_cases)

"""RP-02, RP-03 and RP-04: what clients use of what is meant for them (R003, R004, R033, R037-R043, R087)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from engine.crm import development, segments
from engine.crm.development import Target
from engine.crm.periods import months_between
from engine.crm.reports import ground, positions
from engine.crm.reports.filters import choice
from engine.crm.reports.model import (
    Asked,
    Case,
    Cell,
    Chart,
    Column,
    Group,
    Link,
    Row,
    Said,
    Table,
    Words,
    roubles,
    share,
    to_case,
    to_client,
    to_deal,
    total,
)
from engine.crm.reports.stage_names import CLIENT_STATES, refusal_name, stage_name
from engine.errors import Text, text
from engine.models import ClassHistory, Client, Product, Settlement

NONE = text("without a segment")
STATES: Mapping[str, Text] = {
    development.USED: text("used"),
    development.OPEN: text("in work"),
    development.REFUSED: text("refused"),
    development.NOT_OFFERED: text("not offered"),
}
CLIENT = Column("client", text("Client"))
PLAN = text("Product directions")
CLIENTS_TABLE = (
    CLIENT,
    Column("abc", text("Class ABC")),
    Column("xyz", text("Class XYZ")),
    Column("plan", text("Plan"), "int", group=PLAN),
    Column("fact", text("Fact"), "int", group=PLAN),
    Column("sum", text("Sum of sales"), "money", total=True),
    Column("months", text("With us for"), "months"),
)


def clients(asked: Asked) -> Sequence[Table]:
    """1.4-E. The class is the one in force at the end of the period, never counted anew from the shown sum (X10)."""
    sums = (
        select(Settlement.client_id, func.sum(Settlement.sum).label("sum"))
        .where(Settlement.dated >= asked.period.since, Settlement.dated <= asked.period.until)
        .group_by(Settlement.client_id).subquery()
    )  # fmt: skip
    firsts = (
        select(Settlement.client_id, func.min(Settlement.dated).label("first"))
        .where(Settlement.dated <= asked.period.until, Settlement.kind == "in")
        .group_by(Settlement.client_id).subquery()
    )  # fmt: skip
    where = [*ground.client_filters(asked, of_owner=True), firsts.c.first.is_not(None)]
    if asked["whose"] == "period":
        where.append(sums.c.sum.is_not(None))
    shown = (
        select(Client, sums.c.sum, firsts.c.first)
        .outerjoin(sums, sums.c.client_id == Client.id).outerjoin(firsts, firsts.c.client_id == Client.id)
        .where(*where)
    )  # fmt: skip
    counted = (
        select(func.count(), func.sum(sums.c.sum)).select_from(Client)
        .outerjoin(sums, sums.c.client_id == Client.id).outerjoin(firsts, firsts.c.client_id == Client.id).where(*where)
    )  # fmt: skip
    count, whole = asked.session.execute(counted).one()
    limit, offset = asked.slice()
    found = asked.session.execute(shown.order_by(Client.name, Client.id).limit(limit).offset(offset)).all()
    targets = development.targets_of(asked.session, [row[0] for row in found])
    classes = _classes_on(asked, asked.period.until, list(targets))
    rows = [_client_row(asked, row, targets[row[0].id], *classes.get(row[0].id, (None, None))) for row in found]
    return [Table(CLIENTS_TABLE, rows, total={"client": text("Total"), "sum": roubles(whole)}, count=count)]


def _client_row(
    asked: Asked, row: Any, targets: Sequence[Target], abc: str | None, xyz: str | None
) -> dict[str, Any]:
    client, until = row[0], asked.period.until
    used = [one for one in targets if one.state == development.USED and (one.since is None or one.since <= until)]
    return {
        "client": to_client(client.id, client.name), "abc": abc, "xyz": xyz,
        "plan": to_case("targets", len(targets), client=client.id), "fact": len(used),
        "sum": to_case("sales", roubles(row.sum), client=client.id), "months": months_between(row.first, until),
    }  # fmt: skip


def _classes_on(asked: Asked, day: date, clients: Sequence[int]) -> dict[int, tuple[str | None, str | None]]:
    """ABC and XYZ of these clients as of the last calculation up to a day."""
    query = (
        select(ClassHistory.client_id, ClassHistory.abc, ClassHistory.xyz)
        .where(ClassHistory.client_id.in_(clients), ClassHistory.on_date <= day, ClassHistory.product_id.is_(None))
        .order_by(ClassHistory.on_date, ClassHistory.id)
    )
    return {row.client_id: (row.abc, row.xyz) for row in asked.session.execute(query)}  # the last one stays


def base(asked: Asked) -> Sequence[Table]:
    """1.4-F: a cell says whether the product is used, refused, never offered, or at which stage the offer is."""
    plan = development.plan_of(asked.session, segments.in_force(asked.session))
    products = _in_order(plan, asked["segment"])
    titles = _segment_titles(asked.session)
    limit, offset = asked.slice()
    query = _base_clients(asked, list(plan))
    count = asked.session.scalar(select(func.count()).select_from(query.subquery())) or 0
    clients = list(asked.session.scalars(query.order_by(*_order(asked)).limit(limit).offset(offset)))
    targets = _targets(asked, clients)
    columns = [CLIENT, *_more_columns(asked), *(Column(f"p{product.id}", product.name) for product in products)]
    more = _more(asked, clients)
    rows: list[Row] = []
    head: Any = object()
    names = ground.names_of(asked.session, [client.owner_id for client in clients])
    for client in clients:
        own = _head(asked, client, titles, names)
        if own != head:
            rows.append(Group(own))
            head = own
        cells = {f"p{one.product_id}": _state(asked, client.id, one) for one in targets[client.id]}
        rows.append({"client": to_client(client.id, client.name)} | more.get(client.id, {}) | cells)
    return [Table(columns, rows, count=count), _summary(asked, products)]


def _targets(asked: Asked, clients: Iterable[Client]) -> dict[int, list[Target]]:
    """What is meant for these clients, with the day of the next step wherever work goes on (R041)."""
    found = development.targets_of(asked.session, clients)
    return development.with_next_steps(asked.session, asked.env, found)


def _base_clients(asked: Asked, keys: Sequence[str]) -> Select[Any]:
    query = select(Client).where(
        *ground.client_filters(asked, of_owner=True), Client.role == "client", Client.segment.in_(keys)
    )
    if asked["product"] or asked["state"]:
        found = positions.positions(asked)
        wanted = select(found.c.client_id)
        if asked["product"]:
            wanted = wanted.where(found.c.product_id == asked["product"])
        if asked["state"]:
            wanted = wanted.where(found.c.state == asked["state"])
        query = query.where(Client.id.in_(wanted))
    return query


def _order(asked: Asked) -> tuple[Any, ...]:
    if asked["group"] == "territory":
        return (func.coalesce(Client.territory, ""), Client.name, Client.id)
    if asked["group"] == "owner":
        return (func.coalesce(Client.owner_id, 0), Client.name, Client.id)
    place = positions.segment_place(asked.session)
    return (place, Client.name, Client.id)


def _head(asked: Asked, client: Client, titles: Mapping[str, Words], names: Mapping[int, str]) -> Said:
    if asked["group"] == "territory":
        return client.territory or text("without a division")
    if asked["group"] == "owner":
        return names.get(client.owner_id or 0) or text("nobody")
    return titles.get(client.segment or "", NONE)


def _state(asked: Asked, client_id: int, target: Target) -> Cell:
    if target.state == development.USED:
        return Cell("+", Link("cases", "sales", {"client": client_id}), "good")
    if target.state == development.OPEN:
        stage = stage_name(asked, target.stage or "M0")
        said = (stage, target.next_step_on) if target.next_step_on else stage
        return Cell(said, Link("deal", target.deal_id) if target.deal_id else None)
    if target.state == development.REFUSED:
        return Cell(text("Refusal"), Link("cases", "targets", {"client": client_id}), "late")
    return Cell(text("Not offered"), None)


def _more_columns(asked: Asked) -> list[Column]:
    if asked["columns"] != "more":
        return []
    return [Column("abc", text("ABC")), Column("xyz", text("XYZ")),
            Column("turnover", text("Turnover of 12 months"), "money")]  # fmt: skip


def _more(asked: Asked, clients: Sequence[Client]) -> dict[int, dict[str, Any]]:
    if asked["columns"] != "more":
        return {}
    since = asked.today.replace(year=asked.today.year - 1, day=min(asked.today.day, 28))
    query = (
        select(Settlement.client_id, func.sum(Settlement.sum))
        .where(Settlement.dated > since, Settlement.client_id.in_([client.id for client in clients]))
        .group_by(Settlement.client_id)
    )  # fmt: skip
    sums = {row[0]: roubles(row[1]) for row in asked.session.execute(query)}
    return {one.id: {"abc": one.abc, "xyz": one.xyz, "turnover": sums.get(one.id)} for one in clients}


def _summary(asked: Asked, products: Sequence[Product]) -> Table:
    """How each target product stands with the clients it is meant for (R037, R039)."""
    columns = [
        Column("product", text("Product")), Column("meant", text("Meant for clients"), "int"),
        *(Column(state, name, "int") for state, name in STATES.items()),
        Column("degree", text("Share used"), "percent"),
    ]  # fmt: skip
    found = positions.positions(asked)
    query = select(found.c.product_id, found.c.state, func.count().label("count")).group_by(
        found.c.product_id, found.c.state
    )
    counts: dict[tuple[int, str], int] = {(row[0], row[1]): int(row[2]) for row in asked.session.execute(query)}
    rows = []
    for product in products:
        own: dict[str, int] = {state: counts.get((product.id, state), 0) for state in STATES}
        meant = sum(own.values())
        linked = {state: to_case("targets", many, product=product.id, state=state) for state, many in own.items()}
        rows.append({"product": product.name, "meant": meant, **linked, "degree": share(own["used"], meant)})
    chart = Chart(
        text("Clients by product and state"), "stacked", [product.name for product in products],
        [(name, [counts.get((product.id, state), 0) for product in products]) for state, name in STATES.items()],
    )  # fmt: skip
    return Table(columns, rows, title=text("Summary by product"), chart=chart)


def matrix(asked: Asked) -> Sequence[Table]:
    """1.4-C with what became of it: the portrait of each segment and how near its clients are to it."""
    version = segments.in_force(asked.session)
    if version is None:
        return [Table((Column("segment", text("Segment")),), [], empty=text("No matrix is in force yet."))]
    plan = development.plan_of(asked.session, version)
    products = _in_order(plan, None)
    titles = _segment_titles(asked.session)
    used, meant, clients = positions.counts(asked)
    keys = [one.key for one in sorted(version.segments, key=lambda one: one.position)]
    segment = Column("segment", text("Segment"))
    cells = [Column(f"p{product.id}", product.name) for product in products]
    marks: list[Row] = []
    shares: list[Row] = []
    degrees: list[Row] = []
    for key in keys:
        own = {product.id for _, product in plan[key]}
        marks.append({"segment": titles[key], "n": len(own)} | {f"p{one}": "+" for one in own})
        parts = {one: share(used.get((key, one), 0), meant.get((key, one))) for one in own}
        linked = {f"p{one}": to_case("targets", part, product=one, segment=key) for one, part in parts.items()}
        shares.append({"segment": titles[key]} | linked)
        many, all_ = (sum(counted.get((key, one), 0) for one in own) for counted in (used, meant))
        degrees.append({
            "segment": titles[key], "clients": to_case("clients", clients.get(key, 0), segment=key), "meant": all_,
            "used": many, "degree": share(many, all_),
            "each": round(many / clients[key], 2) if clients.get(key) else None,
        })  # fmt: skip
    portrait = [segment, *cells, Column("n", text("Products"), "int", total=True)]
    degree = (
        segment, Column("clients", text("Clients"), "int", total=True),
        Column("meant", text("Meant"), "int", total=True),
        Column("used", text("used"), "int", total=True), Column("degree", text("Degree of development"), "percent"),
        Column("each", text("Products per client"), "number"),
    )  # fmt: skip
    chart = Chart(text("Degree of development by segment"), "across", [titles[key] for key in keys],
                  [(text("Degree of development"), [row["degree"] for row in degrees if not isinstance(row, Group)])],
                  "percent")  # fmt: skip
    whole = total(degree, degrees)
    whole |= {"degree": share(whole.get("used"), whole.get("meant"))}
    return [
        Table(portrait, marks, title=text("Portraits of the ideal client"), total=total(portrait, marks)),
        Table(degree, degrees, title=text("Degree of development"), total=whole, chart=chart),
        Table([segment, *(Column(one.key, one.title, "percent") for one in cells)], shares,
              title=text("Share of clients who use the product")),
    ]  # fmt: skip


def _in_order(plan: Mapping[str, Sequence[tuple[int, Product]]], only: str | None) -> list[Product]:
    found = {product.id: product for key, cells in plan.items() if only in (None, key) for _, product in cells}
    return [found[key] for key in sorted(found)]


def _segment_titles(session: Session) -> dict[str, Words]:
    matrix = segments.in_force(session)
    return {one.key: Words(one.title, one.title_en) for one in matrix.segments} if matrix else {}


def _target_cases(asked: Asked) -> Sequence[Table]:
    """Each target product of each client: state, stage and next step, or why it was refused (R037)."""
    columns = (
        CLIENT, Column("product", text("Product")), Column("state", text("State")), Column("stage", text("Stage")),
        Column("next", text("Next step"), "date"), Column("deal", text("Deal")), Column("refusal", text("Refusal")),
    )  # fmt: skip
    found = positions.positions(asked)
    wanted = select(found.c.client_id, found.c.product_id).join(Client, Client.id == found.c.client_id)
    if asked.given.get("state") in STATES:
        wanted = wanted.where(found.c.state == asked.given["state"])
    if product := asked.number("product"):
        wanted = wanted.where(found.c.product_id == product)
    if client := asked.number("client"):
        wanted = wanted.where(found.c.client_id == client)
    count = asked.session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    limit, offset = asked.slice()
    ordered = wanted.order_by(Client.name, Client.id, found.c.product_id).limit(limit).offset(offset)
    pairs = [(row.client_id, row.product_id) for row in asked.session.execute(ordered)]
    query = select(Client).where(Client.id.in_({client_id for client_id, _ in pairs}))
    clients = {one.id: one for one in asked.session.scalars(query)}
    targets = _targets(asked, clients.values())
    known = {(client_id, one.product_id): one for client_id, own in targets.items() for one in own}
    rows = [
        {"client": to_client(pair[0], clients[pair[0]].name), "product": one.name, "state": STATES[one.state],
         "stage": stage_name(asked, one.stage) if one.stage else None, "next": one.next_step_on,
         "deal": to_deal(one.deal_id, one.deal_id and f"№ {one.deal_id}"), "refusal": refusal_name(asked, one.refusal)}
        for pair in pairs if (one := known.get(pair))
    ]  # fmt: skip
    return [Table(columns, rows, count=count)]


def _client_cases(asked: Asked) -> Sequence[Table]:
    columns = (CLIENT, Column("state", text("State")), Column("abc", text("ABC")), Column("xyz", text("XYZ")),
               Column("degree", text("Degree of development"), "percent"))  # fmt: skip
    query = select(Client).where(*ground.client_filters(asked, of_owner=True), Client.role == "client")
    rows = [
        {"client": to_client(one.id, one.name), "state": CLIENT_STATES.get(one.state, one.state), "abc": one.abc,
         "xyz": one.xyz, "degree": one.development}
        for one in asked.session.scalars(query.order_by(Client.name, Client.id))
    ]  # fmt: skip
    return [Table(columns, rows)]


TARGETS = Case(text("Target products of clients"), _target_cases)
CLIENTS = Case(text("Clients behind the figure"), _client_cases)
WHOSE = choice(
    "whose", text("Clients"), [("period", text("with sales in the period")), ("all", text("all who ever paid"))],
    default="period",
)  # fmt: skip
STATE = choice("state", text("State"), list(STATES.items()))
GROUPED = choice(
    "group", text("Grouped by"),
    [("segment", text("segment")), ("territory", text("division")), ("owner", text("employee"))], default="segment",
)  # fmt: skip
COLUMNS = choice(
    "columns", text("Columns"),
    [("plain", text("products only")), ("more", text("with classes and turnover"))], default="plain",
)  # fmt: skip

"""RP-20, RP-21, RP-22: products outside segments, demand and profitability, the result of each product direction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import and_, case, distinct, exists, func, or_, select

from engine.crm.periods import Period, day_of, moments
from engine.crm.reports import ground
from engine.crm.reports.filters import DIRECTION, PERIOD, SEGMENT, TERRITORY, YEAR
from engine.crm.reports.model import (
    Asked,
    Case,
    Cell,
    Chart,
    Column,
    Link,
    Report,
    Table,
    roubles,
    share,
    to_case,
    to_client,
    total,
)  # fmt: skip
from engine.errors import text
from engine.models import (
    Campaign,
    Client,
    Deal,
    DealLine,
    Interest,
    Matrix,
    Product,
    Segment,
    SegmentProduct,
    Settlement,
    User,
)

NONE = text("outside segments")
OUTSIDE = (
    Column("product", text("Product")), Column("segment", text("Segment")),
    Column("clients", text("Clients"), "int", total=True), Column("sum", text("Sales"), "money", total=True),
)  # fmt: skip
MISSING = (
    Column("need", text("Need")), Column("clients", text("Clients"), "int"), Column("last", text("Last named"), "date"),
)  # fmt: skip


def _is_target() -> Any:
    """Is the product, or its direction, a target of the client's segment by the matrix in force?"""
    return exists(
        select(SegmentProduct.product_id)
        .join(Segment, Segment.id == SegmentProduct.segment_id)
        .join(Matrix, Matrix.id == Segment.matrix_id)
        .where(
            Matrix.status == "in_force", Segment.key == Client.segment,
            or_(SegmentProduct.product_id == Product.id, SegmentProduct.product_id == Product.direction_id),
        )
    )  # fmt: skip


def _outside(asked: Asked) -> Sequence[Table]:
    """Sales of what is no target of the buyer's segment, and needs that no product of ours meets (R006, R038)."""
    segments = dict(SEGMENT.choices(asked.session, asked.env)) if SEGMENT.choices else {}
    found = asked.session.execute(
        select(
            Product.id, Product.name, Client.segment, func.count(distinct(Client.id)).label("clients"),
            func.sum(Settlement.sum).label("sum"),
        )
        .join(Settlement, Settlement.product_id == Product.id)
        .join(Client, Client.id == Settlement.client_id)
        .where(*_inside(asked.period), ~_is_target(), *ground.client_filters(asked))
        .group_by(Product.id, Product.name, Client.segment)
        .order_by(func.sum(Settlement.sum).desc(), Product.name, Client.segment)
    )  # fmt: skip
    rows = [
        {"product": Cell(row.name, Link("product", row.id)),
         "segment": segments.get(row.segment or "", row.segment) or NONE,
         "clients": to_case("outside", row.clients, product=row.id, group=row.segment or ""), "sum": roubles(row.sum)}
        for row in found
    ]  # fmt: skip
    return [Table(OUTSIDE, rows, total=total(OUTSIDE, rows)), _missing(asked)]


def _missing(asked: Asked) -> Table:
    start, end = moments(asked.env, asked.period)
    need = func.lower(Interest.need)
    found = asked.session.execute(
        select(func.min(Interest.need).label("need"), func.count(distinct(Interest.client_id)).label("clients"),
               func.max(Interest.at).label("last"))
        .join(Client, Client.id == Interest.client_id)
        .where(Interest.product_id.is_(None), Interest.at >= start, Interest.at < end, *ground.client_filters(asked))
        .group_by(need).order_by(func.count(distinct(Interest.client_id)).desc(), need)
    )  # fmt: skip
    rows = [{"need": row.need, "clients": row.clients, "last": day_of(asked.env, row.last)} for row in found]
    return Table(MISSING, rows, title=text("Wanted, but not in our catalogue"))


def _outside_cases(asked: Asked) -> Sequence[Table]:
    columns = (
        Column("client", text("Client")), Column("on", text("Last sale"), "date"),
        Column("sum", text("Sum"), "money", total=True),
    )  # fmt: skip
    group = asked.given.get("group", "")
    query = (
        select(Client.id, Client.name, func.max(Settlement.dated).label("on"), func.sum(Settlement.sum).label("sum"))
        .join(Settlement, Settlement.client_id == Client.id)
        .where(
            Settlement.product_id == asked.number("product"), *_inside(asked.period),
            Client.segment == group if group else Client.segment.is_(None), *ground.client_filters(asked),
        )
        .group_by(Client.id, Client.name).order_by(Client.name)
    )  # fmt: skip
    rows = [
        {"client": to_client(row.id, row.name), "on": row.on, "sum": roubles(row.sum)}
        for row in asked.session.execute(query)
    ]
    return [Table(columns, rows, total=total(columns, rows))]


DEMAND = (
    Column("product", text("Product")),
    Column("interests", text("Named needs"), "int", total=True, group=text("Demand")),
    Column("deals", text("Deals"), "int", total=True, group=text("Demand")),
    Column("won", text("Won"), "int", total=True, group=text("Demand")),
    Column("lost", text("Lost"), "int", total=True, group=text("Demand")),
    Column("sum", text("Sales"), "money", total=True),
    Column("change", text("Against the period before"), "percent"),
    Column("cost", text("Direct cost"), "money", total=True),
    Column("margin", text("Margin"), "money", total=True),
    Column("rate", text("Profitability"), "percent"),
)
UNWANTED = (
    Column("product", text("Product")), Column("direction", text("Direction")),
    Column("last", text("Last sale"), "date"), Column("deals", text("Deals of the period"), "int"),
)  # fmt: skip


def _demand(asked: Asked) -> Sequence[Table]:
    """Each direction with what it is asked for, sold for and leaves (R336, R338); then what nobody buys."""
    names = ground.products_by_id(asked.session)
    now, before = _money(asked, asked.period), _money(asked, asked.period.before())
    asked_for, deals = _interests(asked), _deals(asked)
    rows: list[dict[str, Any]] = []
    for key in sorted({*now, *asked_for, *deals}, key=lambda key: (key == 0, names.get(key, ""))):
        own, earlier = now.get(key, NOTHING), before.get(key, NOTHING)[0]
        opened = deals.get(key, (0, 0, 0))
        rows.append({
            "product": Cell(names.get(key) or text("without a product"), Link("product", key) if key else None),
            "interests": asked_for.get(key, 0), "deals": opened[0], "won": opened[1], "lost": opened[2], "sum": own[0],
            "change": share(own[0] - earlier, earlier) if earlier > 0 else None, "cost": own[1],
            "margin": own[0] - own[1], "rate": share(own[0] - own[1], own[0]) if own[0] > 0 else None,
        })  # fmt: skip
    summed = total(DEMAND, rows)
    if rows:
        was = sum((row[0] for row in before.values()), Decimal(0))
        summed["change"] = share(summed["sum"] - was, was) if was > 0 else None
        summed["rate"] = share(summed["margin"], summed["sum"]) if summed["sum"] > 0 else None
    chart = Chart(text("Sales and margin by direction"), "bar", [row["product"].value for row in rows],
                  [(text("Sales"), [row["sum"] for row in rows]), (text("Margin"), [row["margin"] for row in rows])],
                  "money")  # fmt: skip
    return [Table(DEMAND, rows, total=summed, chart=chart), _unwanted(asked, names)]


NOTHING = (Decimal("0.00"), Decimal("0.00"))


def _inside(period: Period) -> tuple[Any, Any]:
    return Settlement.dated >= period.since, Settlement.dated <= period.until


def _money(asked: Asked, period: Period) -> dict[int, tuple[Decimal, Decimal]]:
    area = ground.direction_of()
    found = asked.session.execute(
        select(area.label("area"), func.sum(Settlement.sum).label("sum"), func.sum(Settlement.cost).label("cost"))
        .join(Client, Client.id == Settlement.client_id)
        .outerjoin(Product, Product.id == Settlement.product_id)
        .where(*_inside(period), *ground.money_filters(asked)).group_by(area)
    )  # fmt: skip
    return {row.area: (roubles(row.sum), roubles(row.cost)) for row in found}


def _interests(asked: Asked) -> dict[int, int]:
    start, end = moments(asked.env, asked.period)
    area = ground.direction_of()
    query = (
        select(area.label("area"), func.count().label("count"))
        .select_from(Interest)
        .join(Client, Client.id == Interest.client_id)
        .join(Product, Product.id == Interest.product_id)
        .where(Interest.at >= start, Interest.at < end, *ground.client_filters(asked)).group_by(area)
    )  # fmt: skip
    if asked["direction"]:
        query = query.where(area == asked["direction"])
    return {row[0]: row[1] for row in asked.session.execute(query)}


def _deals(asked: Asked) -> dict[int, tuple[int, int, int]]:
    """Deals opened in the period by the directions of their lines: all, won, lost."""
    start, end = moments(asked.env, asked.period)
    area = ground.direction_of()
    query = (
        select(
            area, func.count(distinct(Deal.id)), func.count(distinct(case((Deal.status == "won", Deal.id)))),
            func.count(distinct(case((Deal.status == "lost", Deal.id)))),
        )
        .select_from(Deal)
        .join(Client, Client.id == Deal.client_id)
        .join(DealLine, DealLine.deal_id == Deal.id)
        .outerjoin(Product, Product.id == DealLine.product_id)
        .where(Deal.created_at >= start, Deal.created_at < end, *ground.client_filters(asked)).group_by(area)
    )  # fmt: skip
    if asked["direction"]:
        query = query.where(area == asked["direction"])
    return {row[0]: (row[1], row[2], row[3]) for row in asked.session.execute(query)}


def _unwanted(asked: Asked, names: Mapping[int, str]) -> Table:
    """Products that are offered and that nobody paid for in the period: change the price or withdraw them (R336)."""
    start, end = moments(asked.env, asked.period)
    part = Product.__table__.alias("part")
    sold = select(Settlement.product_id).where(*_inside(asked.period), Settlement.product_id.is_not(None))
    last = select(func.max(Settlement.dated)).where(Settlement.product_id == Product.id).scalar_subquery()
    opened = (
        select(func.count(distinct(Deal.id)))
        .join(DealLine, DealLine.deal_id == Deal.id)
        .where(DealLine.product_id == Product.id, Deal.created_at >= start, Deal.created_at < end)
        .scalar_subquery()
    )
    query = (
        select(Product.id, Product.name, Product.direction_id, last.label("last"), opened.label("deals"))
        .where(
            or_(Product.withdrawn_on.is_(None), Product.withdrawn_on > asked.period.until), Product.id.not_in(sold),
            ~exists(select(part.c.id).where(part.c.direction_id == Product.id)),
        )
        .order_by(Product.name)
    )  # fmt: skip
    if asked["direction"]:
        query = query.where(ground.direction_of() == asked["direction"])
    rows = [
        {"product": Cell(row.name, Link("product", row.id)), "direction": names.get(row.direction_id or 0),
         "last": row.last, "deals": row.deals}
        for row in asked.session.execute(query)
    ]  # fmt: skip
    title = text("Unwanted: offered, not sold in the period")
    return Table(UNWANTED, rows, title=title, empty=text("Everything offered is sold."))


RESULT = (
    Column("direction", text("Direction")), Column("head", text("Head")),
    Column("clients", text("Clients"), "int"), Column("sum", text("Sales"), "money", total=True),
    Column("cost", text("Direct cost"), "money", total=True),
    Column("campaigns", text("Campaigns"), "money", total=True), Column("result", text("Result"), "money", total=True),
    Column("rate", text("Profitability"), "percent"), Column("share", text("Share of the company's result"), "percent"),
)  # fmt: skip
BY_CLIENT = (
    Column("client", text("Client")), Column("sum", text("Sales"), "money", total=True),
    Column("cost", text("Direct cost"), "money", total=True), Column("result", text("Result"), "money", total=True),
    Column("rate", text("Profitability"), "percent"),
)  # fmt: skip


def _directions(asked: Asked) -> Sequence[Table]:
    """Sales less direct costs less campaigns of each direction; the clients' results add up to the company's (R070)."""
    area, period = ground.direction_of(), asked.period
    found = {
        row.area: row
        for row in asked.session.execute(
            select(area.label("area"), func.count(distinct(Client.id)).label("clients"),
                   func.sum(Settlement.sum).label("sum"), func.sum(Settlement.cost).label("cost"))
            .join(Client, Client.id == Settlement.client_id)
            .outerjoin(Product, Product.id == Settlement.product_id)
            .where(*_inside(period), *ground.money_filters(asked)).group_by(area)
        )
    }  # fmt: skip
    spent = _campaign_costs(asked)
    named = select(Product.id, Product.name, User.last, User.first).outerjoin(User, User.id == Product.head_id)
    heads = {row.id: row for row in asked.session.execute(named)}
    rows: list[dict[str, Any]] = []
    for key in sorted({*found, *spent}, key=lambda key: (key == 0, heads[key].name if key else "")):
        own = found.get(key)
        sold, cost = roubles(own.sum if own else 0), roubles(own.cost if own else 0)
        campaigns = spent.get(key, NOTHING[0])
        head = heads.get(key)
        rows.append({
            "direction": Cell(head.name if head else text("without a product"), Link("product", key) if key else None),
            "head": f"{head.last} {head.first}" if head and head.last else None,
            "clients": to_case("clients", own.clients if own else 0, area=key), "sum": sold, "cost": cost,
            "campaigns": campaigns, "result": sold - cost - campaigns,
            "rate": share(sold - cost - campaigns, sold) if sold > 0 else None,
        })  # fmt: skip
    summed = total(RESULT, rows)
    for row in rows:
        row["share"] = share(row["result"], summed["result"]) if summed["result"] > 0 else None
        row["result"] = Cell(row["result"], tone="late" if row["result"] < 0 else "")
    if rows:
        summed["rate"] = share(summed["result"], summed["sum"]) if summed["sum"] > 0 else None
    return [Table(RESULT, rows, total=summed), _by_client(asked, None, text("Result by client"))]


def _campaign_costs(asked: Asked) -> dict[int, Decimal]:
    """Costs of the campaigns that began in the period, by the direction they were for."""
    area = ground.direction_of()
    query = (
        select(area, func.sum(Campaign.cost)).select_from(Campaign).join(Product, Product.id == Campaign.product_id)
        .where(Campaign.starts_on >= asked.period.since, Campaign.starts_on <= asked.period.until).group_by(area)
    )  # fmt: skip
    if asked["direction"]:
        query = query.where(area == asked["direction"])
    return {row[0]: roubles(row[1]) for row in asked.session.execute(query) if row[1]}


def _by_client(asked: Asked, area: int | None, title: Any = None) -> Table:
    query = (
        select(Client.id, Client.name, func.sum(Settlement.sum).label("sum"), func.sum(Settlement.cost).label("cost"))
        .join(Settlement, Settlement.client_id == Client.id)
        .outerjoin(Product, Product.id == Settlement.product_id)
        .where(and_(*_inside(asked.period)), *ground.money_filters(asked))
        .group_by(Client.id, Client.name).order_by(func.sum(Settlement.sum).desc(), Client.name)
    )  # fmt: skip
    if area is not None:
        query = query.where(ground.direction_of() == area)
    rows = []
    for row in asked.session.execute(query):
        sold, cost = roubles(row.sum), roubles(row.cost)
        rows.append({"client": to_client(row.id, row.name), "sum": sold, "cost": cost, "result": sold - cost,
                     "rate": share(sold - cost, sold) if sold > 0 else None})  # fmt: skip
    summed = total(BY_CLIENT, rows)
    if rows:
        summed["rate"] = share(summed["result"], summed["sum"]) if summed["sum"] > 0 else None
    return Table(BY_CLIENT, rows, title=title, total=summed)


def _client_cases(asked: Asked) -> Sequence[Table]:
    return [_by_client(asked, asked.number("area"))]


REPORTS = (
    Report(
        "RP-20",
        text("Products outside segments and missing products"),
        text("What clients buy that their segment is not meant for, and what they want that we do not have."),
        "sales",
        ("R006", "R038"),
        (YEAR, SEGMENT, TERRITORY),
        _outside,
        figures=(
            (text("Product"), text(
                "Sold in the period; neither it nor its direction is a target product of the segment.")),
            (text("Wanted, but not in our catalogue"), text(
                "Needs that clients named and that no product stands for.")),
        ),
        cases={"outside": Case(text("Clients who bought it"), _outside_cases)},
    ),
    Report(
        "RP-21",
        text("Demand and profitability of product groups"),
        text("What is asked for, what is sold, what it leaves, and what nobody wants."),
        "sales",
        ("R336", "R338"),
        (PERIOD, DIRECTION, SEGMENT, TERRITORY),
        _demand,
        figures=(
            (text("Deals"), text(
                "Deals registered in the period with a line of the direction; won and lost: of those.")),
            (text("Margin"), text("Sales less the direct cost, as far as the cost is known.")),
            (text("Profitability"), text("The margin of the sales.")),
        ),
    ),
    Report(
        "RP-22",
        text("Results of product directions"),
        text("Whether each direction earns its keep; the results of the clients make the company's."),
        "sales",
        ("R070", "R071"),
        (PERIOD, DIRECTION, SEGMENT, TERRITORY),
        _directions,
        figures=(
            (text("Campaigns"), text("What the campaigns for the direction cost that began in the period.")),
            (text("Result"), text("Sales less direct cost, less campaigns.")),
        ),
        cases={"clients": Case(text("Clients of the direction"), _client_cases)},
    ),
)  # fmt: skip

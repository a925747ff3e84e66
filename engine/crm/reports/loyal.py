"""RP-16, RP-17: loyalty in numbers (R091-R095), and what campaigns and sources brought (R237, R240, R320, R344)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import Subquery, and_, case, distinct, func, select

from engine.crm import campaign_results
from engine.crm.periods import add_months, moments
from engine.crm.reports import ground
from engine.crm.reports.activity import CHANNELS
from engine.crm.reports.elapsed import MonthsOf
from engine.crm.reports.filters import PERIOD, SEGMENT, TERRITORY, YEAR
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
    to_deal,
    total,
)  # fmt: skip
from engine.errors import text
from engine.models import Campaign, Client, Deal, Settlement, Source, SourceCost

PURCHASES = 2
NEW, REGULAR, RESTORED, UNSURE = "new", "regular", "restored", "unsure"
CLIENTS, SUMS = text("Clients"), text("Sum")
LOYALTY = (
    Column("segment", text("Segment")),
    Column("clients", text("bought"), "int", total=True, group=CLIENTS),
    Column("loyal", text("loyal"), "int", total=True, group=CLIENTS),
    Column("index", text("Loyalty index"), "percent"),
    Column("advised", text("came on recommendation"), "int", total=True, group=CLIENTS),
    Column("all", text("all sales"), "money", total=True, group=SUMS),
    Column("recommended", text("on recommendation"), "money", total=True, group=SUMS),
    Column("recommended_share", text("Share of sales on recommendation"), "percent"),
    Column("regular", text("regular clients"), "money", total=True, group=SUMS),
    Column("old", text("old clients"), "money", total=True, group=SUMS),
    Column("old_share", text("Share of sales to old clients"), "percent"),
)


def _buyers(asked: Asked) -> Subquery:
    """Everybody who paid in the period: how often and how much, and when before it."""
    since, until = asked.period.since, asked.period.until
    inside = and_(Settlement.dated >= since, Settlement.dated <= until)
    came = and_(inside, Settlement.kind == "in")
    return (
        select(
            Client.id, Client.name, Client.segment, Client.recommended_by_id,
            func.count(distinct(case((came, func.coalesce(Settlement.deal_id, -Settlement.id))))).label("purchases"),
            func.sum(case((inside, Settlement.sum), else_=0)).label("sum"),
            func.min(case((came, Settlement.dated))).label("first"),
            func.max(case((and_(Settlement.dated < since, Settlement.kind == "in"), Settlement.dated))).label("before"),
        )
        .join(Settlement, Settlement.client_id == Client.id)
        .where(Settlement.dated <= until, *ground.client_filters(asked))
        .group_by(Client.id, Client.name, Client.segment, Client.recommended_by_id)
        .having(func.count(case((came, 1))) > 0)
        .subquery()
    )  # fmt: skip


def _summed(asked: Asked) -> Sequence[Any]:
    """The buyers of each segment added up by what they are: ``kind`` new (the first money ever), restored (after a
    silence longer than the state window) or regular. Where months alone do not tell a silence, days are looked at."""
    months = ground.window_months(asked.env)
    buyers = _buyers(asked)
    silence = MonthsOf(buyers.c.first) - MonthsOf(buyers.c.before)
    least = int(asked.env.setting("classes.loyalty.purchases", PURCHASES))
    known = select(
        buyers.c.segment, buyers.c.sum,
        case((buyers.c.before.is_(None), NEW), (silence == months, UNSURE), (silence > months, RESTORED),
             else_=REGULAR).label("kind"),
        case((silence == months, buyers.c.first)).label("first"),
        case((silence == months, buyers.c.before)).label("before"),
        case((buyers.c.purchases >= least, 1), else_=0).label("loyal"),
        case((buyers.c.recommended_by_id.is_not(None), 1), else_=0).label("advised"),
    ).subquery()  # fmt: skip
    by = (known.c.segment, known.c.kind, known.c.first, known.c.before)
    query = select(
        *by, func.count().label("clients"), func.sum(known.c.sum).label("sum"), func.sum(known.c.loyal).label("loyal"),
        func.sum(known.c.advised).label("advised"),
        func.sum(known.c.advised * known.c.sum).label("recommended"),
    ).group_by(*by)  # fmt: skip
    return asked.session.execute(query).all()


def _was_lost(row: Any, months: int) -> bool:
    return bool(row.kind == RESTORED or (row.kind == UNSURE and row.before < add_months(row.first, -months)))


def _loyalty(asked: Asked) -> Sequence[Table]:
    titles = dict(_segments(asked))
    groups: dict[str, list[Any]] = {}
    for row in _summed(asked):
        groups.setdefault(row.segment or "", []).append(row)
    rows = [
        {"segment": titles.get(key, key) or text("outside segments"), **_figures(asked, groups[key], key)}
        for key in sorted(groups, key=lambda key: (key == "", list(titles).index(key) if key in titles else 99))
    ]
    everybody = [row for own in groups.values() for row in own]
    whole = _figures(asked, everybody, None)
    summed = total(LOYALTY, rows) | {key: whole[key] for key in ("index", "recommended_share", "old_share")}
    return [Table(LOYALTY, rows, total=summed if rows else None)]


def _segments(asked: Asked) -> Sequence[tuple[str, Any]]:
    choices = SEGMENT.choices
    return choices(asked.session, asked.env) if choices is not None else ()


def _figures(asked: Asked, rows: Sequence[Any], segment: str | None) -> dict[str, Any]:
    months = ground.window_months(asked.env)

    def sum_of(chosen: Sequence[Any]) -> Decimal:
        return sum((roubles(row.sum) for row in chosen), Decimal("0.00"))

    clients, loyal, advised = (sum(getattr(row, name) for row in rows) for name in ("clients", "loyal", "advised"))
    old = [row for row in rows if row.kind != NEW]
    regular = [row for row in old if not _was_lost(row, months)]
    everything = sum_of(rows)
    recommended = sum((roubles(row.recommended) for row in rows), Decimal("0.00"))
    return {
        "clients": to_case("buyers", clients, group=segment), "loyal": to_case("loyal", loyal, group=segment),
        "index": share(loyal, clients), "advised": to_case("advised", advised, group=segment),
        "all": everything, "recommended": recommended, "recommended_share": share(recommended, everything),
        "regular": sum_of(regular), "old": sum_of(old), "old_share": share(sum_of(old), everything),
    }  # fmt: skip


def _buyer_cases(asked: Asked, wanted: str = "") -> Sequence[Table]:
    columns = (
        Column("client", text("Client")), Column("purchases", text("Purchases"), "int", total=True),
        Column("sum", text("Sum"), "money", total=True), Column("by", text("Recommended by")),
    )  # fmt: skip
    buyers = _buyers(asked)
    query = select(buyers).order_by(buyers.c.name, buyers.c.id)
    if wanted == "loyal":
        query = query.where(buyers.c.purchases >= int(asked.env.setting("classes.loyalty.purchases", PURCHASES)))
    if wanted == "advised":
        query = query.where(buyers.c.recommended_by_id.is_not(None))
    group = asked.given.get("group")
    if group is not None:
        query = query.where(buyers.c.segment == group if group else buyers.c.segment.is_(None))
    found = asked.session.execute(query).all()
    names = ground.clients_by_id(asked.session, {row.recommended_by_id for row in found if row.recommended_by_id})
    rows = [
        {"client": to_client(row.id, row.name), "purchases": row.purchases, "sum": roubles(row.sum),
         "by": to_client(row.recommended_by_id, names.get(row.recommended_by_id))}
        for row in found
    ]  # fmt: skip
    return [Table(columns, rows, total=total(columns, rows))]


def _loyal_cases(asked: Asked) -> Sequence[Table]:
    return _buyer_cases(asked, "loyal")


def _advised_cases(asked: Asked) -> Sequence[Table]:
    return _buyer_cases(asked, "advised")


RETURN = (
    Column("deals", text("Deals"), "int", total=True), Column("won", text("Won"), "int", total=True),
    Column("new", text("New clients"), "int", total=True), Column("sum", text("Income"), "money", total=True),
    Column("cost", text("Cost"), "money", total=True), Column("cac", text("Cost of a new client"), "money"),
    Column("roi", text("Return"), "percent"),
)  # fmt: skip
CAMPAIGNS = (
    Column("campaign", text("Campaign")), Column("channel", text("Channel")),
    Column("contacts", text("Contacts"), "int", total=True), Column("replies", text("Replies"), "int", total=True),
    Column("reply_rate", text("Replies of contacts"), "percent"), *RETURN,
)  # fmt: skip
SOURCES = (Column("source", text("Source")), *RETURN)


def _campaigns(asked: Asked) -> Sequence[Table]:
    period = asked.period
    query = select(Campaign).where(Campaign.starts_on <= period.until, Campaign.ends_on >= period.since)
    rows: list[dict[str, Any]] = []
    direct = Decimal(0)
    campaigns = asked.session.scalars(query.order_by(Campaign.starts_on, Campaign.id)).all()
    found = campaign_results.of_many(asked.session, campaigns)
    for campaign in campaigns:
        got = found[campaign.id]
        direct += got.direct_cost
        rows.append({
            "campaign": Cell(f"{campaign.number} · {campaign.title}", Link("campaign", campaign.id)),
            "channel": CHANNELS.get(campaign.channel, campaign.channel), "contacts": got.contacts,
            "replies": got.replies,
            "reply_rate": got.reply_rate, "deals": to_case("deals", got.deals, campaign=campaign.id), "won": got.won,
            "new": got.new_clients, "sum": got.sum, "cost": got.cost, "cac": got.cac, "roi": got.roi,
        })  # fmt: skip
    summed = total(CAMPAIGNS, rows)
    if rows:
        summed |= {"reply_rate": share(summed["replies"], summed["contacts"]), **_ratios(summed, direct)}
    chart = Chart(text("Return by campaign"), "bar", [row["campaign"].value for row in rows],
                  [(text("Return"), [row["roi"] for row in rows])], "percent")  # fmt: skip
    return [Table(CAMPAIGNS, rows, total=summed, chart=chart), _sources(asked)]


def _sources(asked: Asked) -> Table:
    """Deals opened in the period by where they came from, what they paid so far, what the source cost then."""
    start, end = moments(asked.env, asked.period)
    period, session = asked.period, asked.session
    fresh = and_(Deal.status == "won", Deal.sale_kind == "first")
    opened = and_(Deal.source_id.is_not(None), Deal.created_at >= start, Deal.created_at < end)
    counts = {
        row.source_id: row
        for row in session.execute(
            select(
                Deal.source_id, func.count().label("deals"), func.count(case((Deal.status == "won", 1))).label("won"),
                func.count(distinct(case((fresh, Deal.client_id)))).label("new"),
            ).where(opened).group_by(Deal.source_id)
        )
    }  # fmt: skip
    money = {
        row.source_id: row
        for row in session.execute(
            select(Deal.source_id, func.sum(Settlement.sum).label("sum"), func.sum(Settlement.cost).label("direct"))
            .join(Settlement, Settlement.deal_id == Deal.id).where(opened).group_by(Deal.source_id)
        )
    }  # fmt: skip
    spent = session.execute(
        select(SourceCost.source_id, func.sum(SourceCost.sum).label("cost"))
        .where(SourceCost.month >= period.since.replace(day=1), SourceCost.month <= period.until)
        .group_by(SourceCost.source_id)
    )
    costs = {row.source_id: roubles(row.cost) for row in spent}
    rows: list[dict[str, Any]] = []
    direct = Decimal(0)
    for source in session.scalars(select(Source).order_by(Source.title, Source.id)):
        own, paid = counts.get(source.id), money.get(source.id)
        if own is None and source.id not in costs:
            continue
        row: dict[str, Any] = {
            "source": source.title, "deals": own.deals if own else 0, "won": own.won if own else 0,
            "new": own.new if own else 0, "sum": roubles(paid.sum if paid else 0),
            "cost": costs.get(source.id, Decimal("0.00")),
        }  # fmt: skip
        spent_on = roubles(paid.direct if paid else 0)
        direct += spent_on
        row |= _ratios(row, spent_on)
        rows.append(row | {"deals": to_case("deals", row["deals"], source=source.id)})
    summed = total(SOURCES, rows)
    return Table(SOURCES, rows, title=text("By source"), total=summed | _ratios(summed, direct) if rows else None)


def _ratios(row: dict[str, Any], direct: Decimal) -> dict[str, Any]:
    cost = row["cost"]
    return {
        "cac": roubles(cost / row["new"]) if row["new"] and cost else None,
        "roi": share(row["sum"] - direct - cost, cost) if cost else None,
    }


def _deal_cases(asked: Asked) -> Sequence[Table]:
    columns = (
        Column("deal", text("Deal")), Column("client", text("Client")), Column("title", text("About")),
        Column("opened", text("Registered"), "moment"), Column("paid", text("Paid"), "money", total=True),
    )  # fmt: skip
    start, end = moments(asked.env, asked.period)
    paid = select(func.sum(Settlement.sum)).where(Settlement.deal_id == Deal.id).scalar_subquery()
    query = select(Deal, Client.name, paid).join(Client, Client.id == Deal.client_id).order_by(Deal.id)
    if campaign := asked.number("campaign"):
        query = query.where(Deal.campaign_id == campaign)
    else:
        query = query.where(Deal.source_id == asked.number("source"), Deal.created_at >= start, Deal.created_at < end)
    rows = [
        {"deal": to_deal(deal.id, deal.number), "client": to_client(deal.client_id, name), "title": deal.title,
         "opened": deal.created_at, "paid": roubles(sum_)}
        for deal, name, sum_ in asked.session.execute(query)
    ]  # fmt: skip
    return [Table(columns, rows, total=total(columns, rows))]


REPORTS = (
    Report(
        "RP-16",
        text("Loyalty"),
        text("How many clients come back, how many come on recommendation, and what they bring."),
        "clients",
        ("R091", "R092", "R093", "R094", "R095"),
        (PERIOD, SEGMENT, TERRITORY),
        _loyalty,
        figures=(
            (text("Loyalty index"), text("Loyal clients of all who bought in the period. Loyal: at least two purchases"
                                         " in the period (a setting).")),
            (text("on recommendation"), text("What clients paid who have a recommender in their record.")),
            (text("regular clients"), text("Clients who had bought before the period and were not silent longer than"
                                           " the state window.")),
            (text("old clients"), text("All who had bought before the period, those won back included.")),
        ),
        cases={
            "buyers": Case(text("Clients who bought"), _buyer_cases),
            "loyal": Case(text("Loyal clients"), _loyal_cases),
            "advised": Case(text("Clients on recommendation"), _advised_cases),
        },
    ),
    Report(
        "RP-17",
        text("Campaigns and sources"),
        text("What campaigns and sources of enquiries cost and brought."),
        "marketing",
        ("R237", "R240", "R305", "R320", "R344"),
        (YEAR,),
        _campaigns,
        figures=(
            (text("Income"), text("What was paid for the deals of the campaign or source until today.")),
            (text("Cost of a new client"), text("The cost divided by the clients who bought for the first time.")),
            (text("Return"), text("Income less the cost of what was sold and the cost of the campaign, of that cost.")),
            (text("By source"), text("Deals registered in the period; costs of the months of the period.")),
        ),
        cases={"deals": Case(text("Deals"), _deal_cases)},
    ),
)  # fmt: skip

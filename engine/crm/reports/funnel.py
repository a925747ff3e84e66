"""RP-05 and RP-06: the funnel by any scheme of stages, and why deals are lost where (R055, R058, R146, R149, R254)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select

from engine.crm.periods import moments
from engine.crm.reports import ground, ways
from engine.crm.reports.filters import DIRECTION, EMPLOYEE, SCHEME, SEGMENT, TERRITORY, YEAR, choice
from engine.crm.reports.model import (
    Asked,
    Case,
    Cell,
    Chart,
    Column,
    Report,
    Said,
    Table,
    roubles,
    share,
    to_case,
    to_client,
    to_deal,
    total,
)
from engine.crm.reports.stage_names import Stage, refusal_name, stages_of
from engine.errors import Text, text
from engine.models import Competitor, Deal, Source

KINDS: Mapping[str, Text] = {
    "first": text("first sale"),
    "repeat": text("repeat sale"),
    "first_new_product": text("first sale of a new product"),
    "repeat_new_product": text("repeat sale of a new product"),
}
KIND = choice("kind", text("Kind of sale"), list(KINDS.items()))
INITIATIVE = choice("initiative", text("Initiative"), [("client", text("of the client")), ("company", text("ours"))])
OPENED, NOW = text("Deals opened in the period"), text("In work now")
FUNNEL = (
    Column("no", text("No."), "int"),
    Column("stage", text("Stage")),
    Column("came", text("Came to it"), "int", group=OPENED),
    Column("sum", text("Sum"), "money", group=OPENED),
    Column("stays", text("Still there"), "int", total=True, group=OPENED),
    Column("lost", text("Lost"), "int", total=True, group=OPENED),
    Column("lost_sum", text("Sum lost"), "money", total=True, group=OPENED),
    Column("passed", text("Went on"), "int", group=OPENED),
    Column("rate", text("Went on, share"), "percent", group=OPENED),
    Column("whole", text("Of all opened"), "percent", group=OPENED),
    Column("open", text("Deals"), "int", total=True, group=NOW),
    Column("open_sum", text("Sum"), "money", total=True, group=NOW),
)


def funnel(asked: Asked) -> Sequence[Table]:
    """How many deals came to each stage, went on, were lost there; and what is in work now."""
    known = stages_of(asked)
    start, end = moments(asked.env, asked.period)
    opened = _counted(asked, Deal.created_at >= start, Deal.created_at < end)
    now = _counted(asked, Deal.status == "open")
    rows = [_stage_row(known, no, opened, now) for no in range(len(known))]
    won = [row for row in opened if row.status == "won"]
    everything = sum(row.many for row in opened)
    last = {
        "stage": text("Won"), "came": to_case("deals", sum(row.many for row in won), what="won"),
        "sum": roubles(sum(row.sum for row in won)), "whole": share(sum(row.many for row in won), everything),
    }  # fmt: skip
    chart = Chart(
        text("Deals that came to each stage"), "across", [*[stage.title for stage in known], text("Won")],
        [(text("Came to it"), [row["came"].value for row in (*rows, last)])],
    )  # fmt: skip
    if not everything and not now:
        return [Table(FUNNEL, [])]
    sums = total(FUNNEL, rows) | {"no": None, "stage": text("Total")}
    return [Table(FUNNEL, [*rows, last], total=sums, chart=chart)]


def _counted(asked: Asked, *only: ColumnElement[bool]) -> Sequence[Any]:
    found = ways.deals(asked, *only, brief=True)
    shown = (found.c.status, found.c.place, func.count().label("many"), func.sum(found.c.sum).label("sum"))
    return asked.session.execute(select(*shown).group_by(found.c.status, found.c.place)).all()


def _stage_row(known: Sequence[Stage], no: int, opened: Sequence[Any], now: Sequence[Any]) -> dict[str, Any]:
    """A deal came to a stage when it works there or has gone on: it has ended the stage before."""
    low = ways.bounds(known)[no][0] if no else -1
    came = [row for row in opened if row.place >= low or row.status == "won"]
    here = [row for row in opened if ways.stage_number(known, row.place) == no and row.status != "won"]
    lost, stays = ([row for row in here if (row.status == "lost") is gone] for gone in (True, False))
    open_ = [row for row in now if ways.stage_number(known, row.place) == no]
    many, away = sum(row.many for row in came), sum(row.many for row in here)
    return {
        "no": no + 1, "stage": known[no].title, "came": to_case("deals", many, what="came", stage=no + 1),
        "sum": roubles(sum(row.sum for row in came)),
        "stays": to_case("deals", sum(row.many for row in stays), what="stays", stage=no + 1),
        "lost": to_case("deals", sum(row.many for row in lost), what="lost", stage=no + 1),
        "lost_sum": roubles(sum(row.sum for row in lost)),
        "passed": many - away, "rate": share(many - away, many),
        "whole": share(many, sum(row.many for row in opened)),
        "open": to_case("deals", sum(row.many for row in open_), what="open", stage=no + 1),
        "open_sum": roubles(sum(row.sum for row in open_)),
    }  # fmt: skip


def deal_cases(asked: Asked) -> Sequence[Table]:
    """The deals behind a number of the funnel: ``what`` came, stays, lost, won or open (now), ``stage`` from 1."""
    known = stages_of(asked)
    start, end = moments(asked.env, asked.period)
    what, number = asked.given.get("what", ""), (asked.number("stage") or 0) - 1
    states = {"open": ("open",), "stays": ("open", "postponed"), "lost": ("lost",), "won": ("won",)}
    only = [] if what == "open" else [Deal.created_at >= start, Deal.created_at < end]
    only += [Deal.status.in_(states[what])] if what in states else []
    found = ways.deals(asked, *only)
    query = select(found)
    if 0 <= number < len(known):
        low = ways.bounds(known)[number][0] if number else -1
        came = (found.c.place >= low) | (found.c.status == "won")
        query = query.where(came if what == "came" else ways.in_stage(known, number, found.c.place))
    return [deal_table(asked, query.order_by(found.c.created_at.desc(), found.c.id.desc()))]


def deal_table(asked: Asked, query: Select[Any]) -> Table:
    """Deals as a list: client, stage, sum, next step, why lost."""
    columns = (
        Column("deal", text("Deal")), Column("title", text("What about")), Column("client", text("Client")),
        Column("name", text("Employee")), Column("stage", text("Stage")),
        Column("sum", text("Sum"), "money", total=True),
        Column("opened", text("Opened"), "moment"), Column("closed", text("Closed"), "moment"),
        Column("next", text("Next step"), "date"), Column("refusal", text("Why lost")),
    )  # fmt: skip
    known = stages_of(asked)
    count = asked.session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
    limit, offset = asked.slice()
    found = asked.session.execute(query.limit(limit).offset(offset)).all()
    names = ground.names_of(asked.session, {row.owner_id for row in found})
    rows = [
        {"deal": to_deal(row.id, row.number), "title": row.title, "client": to_client(row.client_id, row.client),
         "name": names.get(row.owner_id), "stage": _standing(known, row), "sum": roubles(row.sum),
         "opened": row.created_at, "closed": row.closed_at, "next": row.next_step_on,
         "refusal": refusal_name(asked, row.refusal_category)}
        for row in found
    ]  # fmt: skip
    return Table(columns, rows, total=total(columns, rows) if count <= len(rows) else None, count=count)


def _standing(known: Sequence[Stage], row: Any) -> Cell:
    number = ways.stage_number(known, row.place)
    if row.status == "won":
        return Cell(text("Won"), None, "good")
    title = known[number].title if number is not None else text("past the last stage")
    return Cell((text("Lost"), title), None, "late") if row.status == "lost" else Cell(title)


def refusals(asked: Asked) -> Sequence[Table]:
    """Lost deals by stage, and what that says to those who sell, market and make the products (R146)."""
    known, found = stages_of(asked), ways.deals(asked, *_lost(asked), brief=True)
    query = select(
        found.c.place, found.c.refusal_category, found.c.competitor_id, found.c.owner_id, found.c.source_id,
        func.count().label("many"), func.sum(found.c.sum).label("sum"),
    ).group_by(found.c.place, found.c.refusal_category, found.c.competitor_id, found.c.owner_id,
               found.c.source_id)  # fmt: skip
    lost = asked.session.execute(query).all()
    names = ground.names_of(asked.session, {row.owner_id for row in lost})
    rivals = {row.id: row.name for row in asked.session.execute(select(Competitor.id, Competitor.name))}
    sources = {row.id: row.title for row in asked.session.execute(select(Source.id, Source.title))}

    def stage(row: Any) -> int:
        number = ways.stage_number(known, row.place)
        return len(known) if number is None else number + 1

    categories = _by_weight(lost, lambda row: row.refusal_category or "")
    heads = [(str(key), refusal_name(asked, key) or text("not said")) for key in categories]
    stages_ = [(str(item.no), item.title) for item in known]
    people = [(str(key or 0), names.get(key) or text("nobody")) for key in _by_weight(lost, lambda row: row.owner_id)]
    origins = [
        (str(key or 0), sources.get(key) or text("not known")) for key in _by_weight(lost, lambda row: row.source_id)
    ]
    won_by = [(str(key), rivals.get(key, "")) for key in _by_weight(lost, lambda row: row.competitor_id) if key]

    def category(row: Any) -> str:
        return row.refusal_category or ""

    return [
        _cross(text("Stages and reasons"), text("Stage"), "stage", stages_, stage, "category", heads, category, lost,
               chart=True),
        _cross(text("Competitors and stages"), text("Competitor"), "competitor",
               won_by, lambda row: row.competitor_id, "stage", stages_, stage,
               [row for row in lost if row.competitor_id]),
        _cross(text("Employees and stages"), text("Employee"), "owner",
               people, lambda row: row.owner_id or 0, "stage", stages_, stage, lost),
        _cross(text("Sources and reasons"), text("Source"), "source",
               origins, lambda row: row.source_id or 0, "category", heads, category, lost),
    ]  # fmt: skip


def _by_weight(rows: Sequence[Any], key: Callable[[Any], Any]) -> list[Any]:
    weights: dict[Any, int] = {}
    for row in rows:
        weights[key(row)] = weights.get(key(row), 0) + row.many
    return sorted(weights, key=lambda one: (-weights[one], str(one)))


def _cross(
    title: Text, head: Text, row_name: str, row_keys: Sequence[tuple[str, Said]], row_of: Callable[[Any], Any],
    column_name: str, column_keys: Sequence[tuple[str, Said]], column_of: Callable[[Any], Any], lost: Sequence[Any],
    *, chart: bool = False,
) -> Table:  # fmt: skip
    """One dimension against another; each number leads to its deals."""
    counts: dict[tuple[str, str], int] = {}
    sums: dict[str, Any] = {}
    for one in lost:
        pair = str(row_of(one)), str(column_of(one))
        counts[pair] = counts.get(pair, 0) + one.many
        sums[pair[0]] = sums.get(pair[0], 0) + one.sum
    columns = [
        Column("head", head), *(Column(f"c{key}", name, "int", total=True) for key, name in column_keys),
        Column("all", text("Total"), "int", total=True), Column("share", text("Share"), "percent"),
        Column("sum", text("Sum lost"), "money", total=True),
    ]  # fmt: skip
    whole = sum(counts.values())
    rows = []
    for key, name in row_keys:
        own = {other: counts.get((key, other), 0) for other, _ in column_keys}
        row: dict[str, Any] = {"head": name, "sum": roubles(sums.get(key)), "share": share(sum(own.values()), whole)}
        row |= {f"c{other}": to_case("lost", n, **{row_name: key, column_name: other}) for other, n in own.items()}
        rows.append(row | {"all": to_case("lost", sum(own.values()), **{row_name: key})})
    picture = None
    if chart:
        series = [(name, [counts.get((key, other), 0) for key, _ in row_keys]) for other, name in column_keys[:8]]
        picture = Chart(text("Lost deals by stage and reason"), "stacked", [name for _, name in row_keys], series)
    if not whole:
        return Table(columns, [], title=title)
    return Table(columns, rows, title=title, total=total(columns, rows), chart=picture)


def _lost(asked: Asked) -> tuple[ColumnElement[bool], ...]:
    start, end = moments(asked.env, asked.period)
    return Deal.status == "lost", Deal.closed_at >= start, Deal.closed_at < end


def lost_cases(asked: Asked) -> Sequence[Table]:
    """The lost deals of a period behind a number."""
    known, found = stages_of(asked), ways.deals(asked, *_lost(asked))
    query = select(found)
    number = asked.number("stage")
    if number and number <= len(known):
        query = query.where(ways.in_stage(known, number - 1, found.c.place) if number < len(known)
                            else found.c.place >= ways.bounds(known)[number - 1][0])  # fmt: skip
    if "category" in asked.given:
        query = query.where(func.coalesce(found.c.refusal_category, "") == asked.given["category"])
    narrow = {"competitor": found.c.competitor_id, "owner": found.c.owner_id, "source": found.c.source_id}
    for name, column in narrow.items():
        value = asked.number(name)
        if value is not None:
            query = query.where(func.coalesce(column, 0) == value)
    return [deal_table(asked, query.order_by(found.c.closed_at.desc(), found.c.id.desc()))]


DEALS = Case(text("Deals behind the figure"), deal_cases)
LOST = Case(text("Lost deals behind the figure"), lost_cases)
REPORTS = (
    Report(
        "RP-05",
        text("Sales funnel"),
        text("How many deals came to each stage, went on or were lost there, and what is in work now."),
        "sales",
        ("R055", "R149", "R195"),
        (YEAR, SCHEME, EMPLOYEE, DIRECTION, SEGMENT, TERRITORY, KIND, INITIATIVE),
        funnel,
        figures=(
            (text("Came to it"), text(
                "Deals opened in the period that have ended every stage before this one, whatever became of them.")),
            (text("Lost"), text("Of these, deals closed as lost while they worked in this stage.")),
            (text("In work now"), text("Open deals by the stage they work in, whenever they were opened.")),
            (text("Stages"), text(
                "A stage is a view of the milestones of a deal. A deal works in the first stage whose last milestone it"
                " has not reached.")),
        ),
        cases={"deals": DEALS},
        own=True,
    ),
    Report(
        "RP-06",
        text("Refusals"),
        text("At which stage deals are lost, why, to whom, by whom; what staff, marketing and products need."),
        "sales",
        ("R058", "R065", "R146", "R254"),
        (YEAR, SCHEME, EMPLOYEE, DIRECTION, SEGMENT, TERRITORY, KIND, INITIATIVE),
        refusals,
        figures=(
            (text("Lost deals"), text(
                "Deals closed as lost in the period, by the stage they worked in: a lost deal keeps the farthest"
                " milestone it had reached.")),
        ),
        cases={"lost": LOST},
        own=True,
    ),
)  # fmt: skip

"""RP-07: the hardest stage of a sale and the list of its difficulties (R148, R150), with the contacts between the
milestones beside it (X16)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, literal_column, or_, select

from engine.crm.periods import Period, moments
from engine.crm.reports import ground, ways
from engine.crm.reports.filters import DIRECTION, EMPLOYEE, SCHEME, SEGMENT, TERRITORY, YEAR, choice
from engine.crm.reports.funnel import INITIATIVE, KIND, LOST
from engine.crm.reports.model import (
    Asked,
    Case,
    Cell,
    Chart,
    Column,
    Link,
    Report,
    Said,
    Table,
    share,
    to_case,
    to_deal,
)
from engine.crm.reports.stage_names import Stage, refusal_name, stages_of
from engine.errors import text
from engine.models import Client, ContactRecord, ControlPoint, Deal, ProcessInstance, UserTask

STAGE = Column("stage", text("Stage"))
HARDEST = (
    STAGE,
    Column("worked", text("Deals that worked in it"), "int"),
    Column("lost", text("Lost in it"), "int", total=True),
    Column("rate", text("Loss rate"), "percent"),
    Column("days", text("Days in it, on average"), "number"),
    Column("longest", text("The longest, days"), "number"),
    Column("rounds", text("Steps done again"), "int", total=True),
    Column("late", text("Control points late"), "int", total=True),
    Column("contacts", text("Contacts per deal"), "number"),
    Column("rank", text("Difficulty"), "int"),
)
DIFFICULTIES = (
    STAGE, Column("kind", text("Difficulty")), Column("what", text("What")),
    Column("count", text("How often"), "int"), Column("share", text("Of the deals in it"), "percent"),
)  # fmt: skip


def hardest(asked: Asked) -> Sequence[Table]:
    """The stages by how hard they are: loss rate first, then late control points and repeated steps per deal."""
    known = stages_of(asked)
    lost, late, again, spent = _losses(asked, known), _late(asked), _again(asked), _spent(asked, known)
    contacts = _contacts(asked) if asked["contacts"] else {}
    figures: list[dict[str, Any]] = []
    for no, stage in enumerate(known):
        low, high = ways.bounds(known)[no]
        deals, days, longest = spent.get(no, (0, 0.0, 0.0))
        gone = sum(many for (number, _), many in lost.items() if number == no)
        figures.append({
            "stage": stage.title, "worked": deals, "lost": gone, "rate": share(gone, deals),
            "days": _rounded(days, deals), "longest": _rounded(longest, 1) if deals else None,
            "rounds": sum(many for (place, _, _), many in again.items() if low <= place <= high),
            "late": sum(many for (place, _, _), many in late.items() if low <= place <= high),
            "contacts": _rounded(sum(contacts.get(place, 0) for place in range(low, high + 1)), deals),
        })  # fmt: skip
    order = sorted(range(len(figures)), key=lambda no: _weight(figures[no]), reverse=True)
    for rank, no in enumerate(order, 1):
        figures[no]["rank"] = rank if figures[no]["worked"] else None
    rows = [_linked(no, own, own["rank"] == 1 and _weight(own) > (0, 0)) for no, own in enumerate(figures)]
    chart = Chart(text("Loss rate by stage"), "bar", [stage.title for stage in known],
                  [(text("Loss rate"), [own["rate"] for own in figures])], "percent")  # fmt: skip
    columns = [column for column in HARDEST if column.key != "contacts" or asked["contacts"]]
    difficulties = Table(DIFFICULTIES, _difficulties(asked, known, order, figures, lost, late, again),
                         title=text("Difficulties, the hardest stage first"))  # fmt: skip
    if not any(own["worked"] for own in figures):
        return [Table(columns, []), difficulties]
    sums = {"stage": text("Total")} | {name: sum(own[name] for own in figures) for name in ("lost", "rounds", "late")}
    return [Table(columns, rows, total=sums, chart=chart), difficulties]


def _weight(own: Mapping[str, Any]) -> tuple[Decimal, float]:
    deals = own["worked"] or 1
    return own["rate"] or Decimal(0), (own["late"] + own["rounds"]) / deals


def _rounded(total: float, by: int) -> Decimal | None:
    return Decimal(str(round(total / by, 1))) if by else None


def _linked(no: int, own: Mapping[str, Any], is_hardest: bool) -> dict[str, Any]:
    row = dict(own)
    if is_hardest:
        row["stage"] = Cell((own["stage"], text("the hardest")), None, "late")
    row["lost"] = to_case("lost", own["lost"], stage=no + 1)
    row["late"] = to_case("late", own["late"], stage=no + 1)
    row["rounds"] = to_case("again", own["rounds"], stage=no + 1)
    return row


def _now(asked: Asked) -> datetime:
    """The end of today: what still lasts has lasted until then."""
    return moments(asked.env, Period(asked.today, asked.today))[1]


def _spent(asked: Asked, known: Sequence[Stage]) -> dict[int, tuple[int, float, float]]:
    """For each stage: how many deals worked in it in the period, how many days together, and the longest stay. A deal
    that stays at two milestones of a stage counts once."""
    start, end = moments(asked.env, asked.period)
    found: dict[int, tuple[int, float, float]] = {}
    for row in asked.session.execute(ways.stays(asked, known, start, end, min(end, _now(asked)))):
        deals, days, longest = found.get(row.stage, (0, 0.0, 0.0))
        found[row.stage] = (deals + (row.deals or 0), days + float(row.days or 0), max(longest, row.longest or 0))
    return found


def _losses(asked: Asked, known: Sequence[Stage]) -> dict[tuple[int, str], int]:
    start, end = moments(asked.env, asked.period)
    of_period = Deal.status == "lost", Deal.closed_at >= start, Deal.closed_at < end
    found = ways.deals(asked, *of_period, money=False, brief=True)
    query = (
        select(found.c.place, func.coalesce(found.c.refusal_category, "").label("category"), func.count().label("many"))
        .group_by(found.c.place, found.c.refusal_category)
    )  # fmt: skip
    losses: dict[tuple[int, str], int] = {}
    for row in asked.session.execute(query):
        no = ways.stage_number(known, row.place)
        if no is not None:
            losses[no, row.category] = losses.get((no, row.category), 0) + row.many
    return losses


def _of_deals(query: Select[Any], asked: Asked) -> Select[Any]:
    """Narrowed to the deals asked for; ProcessInstance is in the query."""
    return (
        query.join(Deal, Deal.id == ProcessInstance.deal_id).join(Client, Client.id == Deal.client_id)
        .where(*ways.filters(asked))
    )  # fmt: skip


def _late_points(asked: Asked, *shown: Any) -> Select[Any]:
    """Control points that were late, with ``place``: how far their deal had come when they fell due."""
    start, end = moments(asked.env, asked.period)
    late = or_(ControlPoint.deviation > 0, ControlPoint.status == "missed",
               and_(ControlPoint.status == "open", ControlPoint.planned_at < _now(asked)))  # fmt: skip
    place = ways.place_at(ProcessInstance.deal_id, ControlPoint.planned_at).label("place")
    query: Select[Any] = (
        select(*shown, place).select_from(ControlPoint)
        .join(ProcessInstance, ProcessInstance.id == ControlPoint.instance_id)
        .where(_not_in_time(), late, ControlPoint.status.not_in(("cancelled", "waived")),
               ControlPoint.planned_at >= start, ControlPoint.planned_at < end)
    )  # fmt: skip
    return _of_deals(query, asked)


def _not_in_time() -> ColumnElement[bool]:
    """Late, missed or still open, in the very words of the index that holds these alone."""
    kinds: tuple[Any, ...] = literal_column("'missed'"), literal_column("'open'")
    return or_(ControlPoint.deviation > literal_column("0"), ControlPoint.status.in_(kinds))


def _repeated(asked: Asked, *shown: Any) -> Select[Any]:
    """User tasks of a second or later round, with ``place``: how far their deal had come."""
    start, end = moments(asked.env, asked.period)
    place = ways.place_at(ProcessInstance.deal_id, UserTask.created_at).label("place")
    query: Select[Any] = (
        select(*shown, place).select_from(UserTask)
        .join(ProcessInstance, ProcessInstance.id == UserTask.instance_id)
        .where(UserTask.round > literal_column("1"), UserTask.created_at >= start, UserTask.created_at < end)
    )  # fmt: skip
    return _of_deals(query, asked)


def _late(asked: Asked) -> dict[tuple[int, str, str], int]:
    return _grouped(asked, _late_points(asked, ControlPoint.code.label("key"), ControlPoint.title))


def _again(asked: Asked) -> dict[tuple[int, str, str], int]:
    return _grouped(asked, _repeated(asked, UserTask.element_id.label("key"), UserTask.name.label("title")))


def _grouped(asked: Asked, query: Select[Any]) -> dict[tuple[int, str, str], int]:
    found = query.cte().prefix_with("MATERIALIZED")  # the place is looked up once for each row, not wherever it is used
    counted = select(found.c.place, found.c.key, func.max(found.c.title), func.count())
    rows = asked.session.execute(counted.group_by(found.c.place, found.c.key))
    return {(row[0], row[1], row[2]): row[3] for row in rows}


def _contacts(asked: Asked) -> dict[int, int]:
    """Contacts by how far their deal had come (X16)."""
    start, end = moments(asked.env, asked.period)
    found = (
        select(ways.place_at(ContactRecord.deal_id, ContactRecord.at).label("place")).select_from(ContactRecord)
        .join(Deal, Deal.id == ContactRecord.deal_id).join(Client, Client.id == Deal.client_id)
        .where(ContactRecord.at >= start, ContactRecord.at < end, *ways.filters(asked))
        .cte().prefix_with("MATERIALIZED")
    )  # fmt: skip
    counted = select(found.c.place, func.count()).group_by(found.c.place)
    return {row[0]: row[1] for row in asked.session.execute(counted)}


def _difficulties(
    asked: Asked, known: Sequence[Stage], order: Sequence[int], figures: Sequence[Mapping[str, Any]],
    lost: Mapping[tuple[int, str], int], late: Mapping[tuple[int, str, str], int],
    again: Mapping[tuple[int, str, str], int],
) -> list[dict[str, Any]]:  # fmt: skip
    """What went wrong in each stage: reasons of refusals, late control points, steps done again."""
    rows: list[dict[str, Any]] = []
    for no in order:
        low, high = ways.bounds(known)[no]
        own: list[tuple[int, Said, Said, Link]] = [
            (many, text("Refusal"), refusal_name(asked, category or None) or text("not said"),
             Link("cases", "lost", {"stage": no + 1, "category": category}))
            for (number, category), many in lost.items() if number == no
        ]  # fmt: skip
        kinds = ((late, text("Control point late"), "late"), (again, text("Step done again"), "again"))
        for found, kind, case_ in kinds:
            sums: dict[tuple[str, str], int] = {}
            for (place, key, title), many in found.items():
                if low <= place <= high:
                    sums[key, title] = sums.get((key, title), 0) + many
            own += [
                (many, kind, f"{key} {title}" if case_ == "late" else title,
                 Link("cases", case_, {"stage": no + 1, "code": key}))
                for (key, title), many in sums.items()
            ]  # fmt: skip
        rows += [
            {"stage": known[no].title, "kind": kind, "what": what, "count": Cell(many, link),
             "share": share(many, figures[no]["worked"])}
            for many, kind, what, link in sorted(own, key=lambda one: (-one[0], str(one[2])))
        ]  # fmt: skip
    return rows


def _late_cases(asked: Asked) -> Sequence[Table]:
    columns = (Column("code", text("Code")), Column("title", text("Control point")), Column("deal", text("Deal")),
               Column("name", text("Owner")), Column("planned", text("Planned"), "moment"),
               Column("actual", text("Actual"), "moment"),
               Column("deviation", text("Working days late"), "number"))  # fmt: skip
    query = _of_stage(asked, _late_points(asked, ControlPoint, ProcessInstance.deal_id, Deal.number),
                      ways.place_at(ProcessInstance.deal_id, ControlPoint.planned_at))  # fmt: skip
    if code := asked.given.get("code"):
        query = query.where(ControlPoint.code == code)
    found = asked.session.execute(query.order_by(ControlPoint.planned_at.desc(), ControlPoint.id)).all()
    names = ground.names_of(asked.session, {row[0].owner_id for row in found})
    rows = [
        {"code": point.code, "title": point.title, "deal": to_deal(deal_id, number), "name": names.get(point.owner_id),
         "planned": point.planned_at, "actual": point.actual_at, "deviation": point.deviation}
        for point, deal_id, number, _ in found
    ]  # fmt: skip
    return [Table(columns, rows)]


def _again_cases(asked: Asked) -> Sequence[Table]:
    columns = (Column("name", text("Step")), Column("round", text("Round"), "int"), Column("deal", text("Deal")),
               Column("at", text("Created"), "moment"), Column("by", text("Completed by")))  # fmt: skip
    shown = (UserTask.name, UserTask.round, UserTask.created_at, UserTask.completed_by, Deal.id, Deal.number)
    place = ways.place_at(ProcessInstance.deal_id, UserTask.created_at)
    query = _of_stage(asked, _repeated(asked, *shown), place)
    if code := asked.given.get("code"):
        query = query.where(UserTask.element_id == code)
    found = asked.session.execute(query.order_by(UserTask.created_at.desc(), UserTask.id)).all()
    names = ground.names_of(asked.session, {row.completed_by for row in found})
    rows = [
        {"name": row.name, "round": row.round, "deal": to_deal(row.id, row.number), "at": row.created_at,
         "by": names.get(row.completed_by)}
        for row in found
    ]  # fmt: skip
    return [Table(columns, rows)]


def _of_stage(asked: Asked, query: Select[Any], place: Any) -> Select[Any]:
    known, number = stages_of(asked), asked.number("stage")
    return query.where(ways.in_stage(known, number - 1, place)) if number and number <= len(known) else query


CONTACTS = choice("contacts", text("Contacts"), [("yes", text("count contacts between milestones"))])
REPORTS = (
    Report(
        "RP-07",
        text("The hardest stage"),
        text("Where deals are lost, stand long, are done again or miss their control points, and why."),
        "sales",
        ("R148", "R150", "R146"),
        (YEAR, SCHEME, EMPLOYEE, DIRECTION, SEGMENT, TERRITORY, KIND, INITIATIVE, CONTACTS),
        hardest,
        figures=(
            (text("Loss rate"), text(
                "Deals lost in the stage of the deals that worked in it during the period.")),
            (text("Days in it, on average"), text(
                "Calendar days from milestone to milestone, per deal that worked in it.")),
            (text("Steps done again"), text(
                "User tasks of a second or later round while the deal stood in the stage.")),
            (text("Control points late"), text(
                "Control points late or missed that fell due while the deal stood in the stage.")),
            (text("Difficulty"), text(
                "1 is the hardest: the highest loss rate, then late points and repeated steps per deal.")),
        ),
        cases={
            "lost": LOST,
            "late": Case(text("Late control points"), _late_cases),
            "again": Case(text("Steps done again"), _again_cases),
        },
        own=True,
    ),
)  # fmt: skip

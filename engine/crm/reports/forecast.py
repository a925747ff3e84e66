"""RP-25: what the open deals are likely to bring, by the experience with deals that stood where they stand (R195, R207,
R215). Every estimate comes with its interval and with the number of cases it stands on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from engine.crm import stages
from engine.crm.periods import day_of, moments
from engine.crm.reports import ground, ways
from engine.crm.reports.elapsed import DaysBetween
from engine.crm.reports.filters import DIRECTION, EMPLOYEE, SCHEME, SEGMENT, TERRITORY, YEAR
from engine.crm.reports.funnel import KIND
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
)
from engine.crm.reports.stage_names import stages_of
from engine.errors import text
from engine.models import Client, Deal, MilestoneReached

CONFIDENCE = 1.96  # of 100 such intervals 95 hold the truth
FEW = 10  # cases; below this an estimate is a guess and is marked
RANGE = text("Sum of the deals"), text("Expected"), text("At least"), text("At most")


@dataclass(frozen=True)
class Experience:
    """What became of closed deals that once stood at a milestone: how many there were, how many were won, and how many
    days the won ones then took."""

    cases: int
    won: int
    days: float | None

    def chance(self) -> tuple[float, float, float]:
        """The share won with its interval."""
        return self.won / self.cases if self.cases else 0.0, *interval(self.won, self.cases)


@dataclass
class Heap:
    """Open deals that are alike: how many, and their sum."""

    deals: int = 0
    sum: Decimal = Decimal(0)


def interval(won: int, cases: int) -> tuple[float, float]:
    """Where the true share lies, with 95 of 100 (Wilson): honest for few cases, where won / cases alone is not."""
    if cases <= 0:
        return 0.0, 1.0
    part, z = won / cases, CONFIDENCE
    middle = part + z * z / (2 * cases)
    spread = z * math.sqrt(part * (1 - part) / cases + z * z / (4 * cases * cases))
    whole = 1 + z * z / cases
    return max(0.0, (middle - spread) / whole), min(1.0, (middle + spread) / whole)


def experience(asked: Asked) -> dict[int, Experience]:
    """By the place of a milestone: deals closed in the period that had come at least so far."""
    start, end = moments(asked.env, asked.period)
    closed = Deal.closed_at >= start, Deal.closed_at < end, Deal.status.in_(("won", "lost"))
    found = ways.deals(asked, *closed, money=False, brief=True)
    counted = select(found.c.status, found.c.place, func.count().label("many"))
    rows = asked.session.execute(counted.group_by(found.c.status, found.c.place)).all()
    lasted = (
        select(MilestoneReached.milestone, func.avg(DaysBetween(MilestoneReached.at, Deal.closed_at)).label("days"))
        .join(Deal, Deal.id == MilestoneReached.deal_id).join(Client, Client.id == Deal.client_id)
        .where(Deal.closed_at >= start, Deal.closed_at < end, Deal.status == "won", *ways.filters(asked))
        .group_by(MilestoneReached.milestone)
    )  # fmt: skip
    days = {stages.position(row.milestone): float(row.days) for row in asked.session.execute(lasted) if row.days}
    known: dict[int, Experience] = {}
    for place in range(len(stages.MILESTONES)):
        cases = sum(row.many for row in rows if row.place >= place or row.status == "won")
        won = sum(row.many for row in rows if row.status == "won")
        known[place] = Experience(cases, won, _days(days, place))
    return known


def _days(days: Mapping[int, float], place: int) -> float | None:
    """How long won deals took from there; from the nearest milestone before where none was seen just there."""
    return next((days[one] for one in range(place, -1, -1) if one in days), None)


def _forecast(asked: Asked) -> Sequence[Table]:
    known = experience(asked)
    open_ = _open(asked, known)
    months: dict[tuple[int, int], dict[int, Heap]] = {}
    for (year, month, place), heap in sorted(open_.items()):
        months.setdefault((year, month), {})[place] = heap
    sums = zip(("sum", "likely", "low", "high"), RANGE, strict=True)
    columns = (
        Column("month", text("Month")), Column("deals", text("Deals"), "int", total=True),
        *(Column(key, title, "money", total=True) for key, title in sums),
    )  # fmt: skip
    shown: list[dict[str, Any]] = [
        {"month": f"{month:02d}.{year}", **_expected(own, known),
         "deals": to_case("deals", sum(heap.deals for heap in own.values()), month=f"{year}-{month:02d}"),
         "sum": roubles(sum(heap.sum for heap in own.values()))}
        for (year, month), own in sorted(months.items())
    ]  # fmt: skip
    chart = Chart(text("Expected sales by month"), "bar", [row["month"] for row in shown],
                  [(RANGE[2], [row["low"] for row in shown]), (RANGE[1], [row["likely"] for row in shown]),
                   (RANGE[3], [row["high"] for row in shown])], "money")  # fmt: skip
    cases = known[0].cases
    few = text(
        "Only {count} deals were closed in the period looked at: these figures are a guess. Choose a longer period.",
        count=cases,
    )
    notes = [] if cases >= FEW else [few]
    months_ = Table(columns, shown, total=total(columns, shown), chart=chart, notes=notes)
    return [months_, _conversion(asked, known, open_)]


def _open(asked: Asked, known: Mapping[int, Experience]) -> dict[tuple[int, int, int], Heap]:
    """The open deals by the month they are expected in and by their place: a heap of them shares one fate."""
    found = ways.deals(asked, Deal.status == "open", brief=True)
    heaps: dict[tuple[int, int, int], Heap] = {}
    for place, worth, said, reached in asked.session.execute(
        select(found.c.place, found.c.sum, found.c.expected_on, found.c.milestone_at)
    ):
        on = expected_on(asked, said, reached, known[place].days)
        heap = heaps.setdefault((on.year, on.month, place), Heap())
        heap.deals += 1
        heap.sum += worth
    return heaps


def expected_on(asked: Asked, said: date | None, reached: datetime | None, days: float | None) -> date:
    """When an open deal is likely to be closed: as its owner says, else after as many days as won deals took from
    there; never before today."""
    if said is not None:
        return max(asked.today, said)
    begun = day_of(asked.env, reached) or asked.today
    return max(asked.today, begun + timedelta(days=round(days or 0.0)))


def _expected(own: Mapping[int, Heap], known: Mapping[int, Experience]) -> dict[str, Decimal]:
    """The bounds add up as if all deals shared one fate; chance evens out, so the truth lies well inside."""
    names = ("likely", "low", "high")
    return {
        name: roubles(sum(float(heap.sum) * known[at].chance()[place] for at, heap in own.items()))
        for place, name in enumerate(names)
    }


def _conversion(
    asked: Asked, known: Mapping[int, Experience], open_: Mapping[tuple[int, int, int], Heap]
) -> Table:
    """What the forecast stands on: the experience of each stage."""
    columns = (
        Column("stage", text("Stage")), Column("open", text("Open deals"), "int", total=True),
        Column("sum", text("Sum of the deals"), "money", total=True), Column("cases", text("Closed deals seen"), "int"),
        Column("won", text("Of them won"), "int"), Column("rate", text("Conversion"), "percent"),
        Column("low", text("At least"), "percent"), Column("high", text("At most"), "percent"),
        Column("days", text("Days until won"), "int"),
    )  # fmt: skip
    scheme = stages_of(asked)
    shown = []
    for no, (low, high) in enumerate(ways.bounds(scheme)):
        own = [heap for (_, _, place), heap in open_.items() if low <= place <= high]
        seen = known[max(0, low)]
        chance = seen.chance()
        shown.append({
            "stage": scheme[no].title, "open": to_case("deals", sum(heap.deals for heap in own), stage=no + 1),
            "sum": roubles(sum(heap.sum for heap in own)), "cases": seen.cases, "won": seen.won,
            "rate": share(seen.won, seen.cases),
            "low": share(chance[1], 1) if seen.cases else None, "high": share(chance[2], 1) if seen.cases else None,
            "days": round(seen.days) if seen.days is not None else None,
        })  # fmt: skip
    return Table(columns, shown if open_ or known[0].cases else [], title=text("Experience by stage"),
                 total=total(columns, shown))  # fmt: skip


def _deal_cases(asked: Asked) -> Sequence[Table]:
    """Open deals with their chances: of a month (``month``) or a stage (``stage``)."""
    columns = (
        Column("deal", text("Deal")), Column("client", text("Client")), Column("name", text("Employee")),
        Column("sum", text("Sum"), "money", total=True), Column("chance", text("Chance by experience"), "percent"),
        Column("own", text("Chance by the owner"), "percent"), Column("likely", text("Expected"), "money", total=True),
        Column("cases", text("Closed deals seen"), "int"), Column("on", text("Expected on"), "date"),
    )  # fmt: skip
    known, found = experience(asked), ways.deals(asked, Deal.status == "open")
    query = select(found)
    scheme, number = stages_of(asked), asked.number("stage")
    if number and number <= len(scheme):
        query = query.where(ways.in_stage(scheme, number - 1, found.c.place))
    rows = asked.session.execute(query).all()
    names = ground.names_of(asked.session, {row.owner_id for row in rows})
    shown = []
    for row in rows:
        seen = known[row.place]
        on = expected_on(asked, row.expected_on, row.milestone_at, seen.days)
        if asked.given.get("month") not in (None, f"{on:%Y-%m}"):
            continue
        shown.append({
            "deal": to_deal(row.id, row.number), "client": to_client(row.client_id, row.client),
            "name": names.get(row.owner_id), "sum": roubles(row.sum), "chance": share(seen.won, seen.cases),
            "own": row.probability, "likely": roubles(float(row.sum) * seen.chance()[0]), "cases": seen.cases, "on": on,
        })  # fmt: skip
    shown.sort(key=lambda one: (one["on"], -one["likely"]))
    return [Table(columns, shown, total=total(columns, shown))]


REPORTS = (
    Report(
        "RP-25",
        text("Sales forecast"),
        text("What the open deals are likely to bring and when, by what became of deals before them."),
        "sales",
        ("R195", "R207", "R215"),
        (YEAR, SCHEME, EMPLOYEE, DIRECTION, SEGMENT, TERRITORY, KIND),
        _forecast,
        figures=(
            (text("Conversion"), text(
                "Won of all deals closed in the period that had come at least to the milestone at which the deal"
                " stands.")),
            (text("At least"), text(
                "The ends of the interval that holds the true conversion in 95 of 100 cases (Wilson): wide where there"
                " were few deals.")),
            (text("Expected"), text("Sum of the deal by the conversion of its stage.")),
            (text("Month"), text(
                "As the owner of the deal says; else the day it came to its milestone and as many days as won deals"
                " took from there. Never before today.")),
        ),
        cases={"deals": Case(text("Deals behind the figure"), _deal_cases)},
        own=True,
    ),
)  # fmt: skip

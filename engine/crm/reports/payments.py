"""RP-18: payments and what is overdue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import case, func, select

from engine.crm.periods import day_of, month_named
from engine.crm.reports import ground
from engine.crm.reports.elapsed import MonthsOf
from engine.crm.reports.filters import EMPLOYEE, PERIOD
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
)  # fmt: skip
from engine.errors import text
from engine.models import Client, Deal, Document, Payment, ScheduledPayment
from engine.vocabulary import DocumentStatus

OWED = (
    Column("deal", text("Deal")), Column("client", text("Client")), Column("part", text("Part"), "int"),
    Column("due", text("Pay until"), "date"), Column("sum", text("Sum"), "money", total=True),
    Column("received", text("Received"), "money", total=True), Column("left", text("Owed"), "money", total=True),
    Column("overdue", text("of it overdue"), "money", total=True), Column("days", text("Days late"), "days"),
    Column("name", text("Employee")),
)  # fmt: skip
CAME = (
    Column("month", text("Month")), Column("count", text("Payments"), "int", total=True),
    Column("in", text("Came in"), "money", total=True), Column("back", text("Went back"), "money", total=True),
    Column("net", text("Left"), "money", total=True),
)  # fmt: skip
AGES = (
    Column("age", text("How late")), Column("count", text("Parts"), "int", total=True),
    Column("sum", text("Owed"), "money", total=True), Column("share", text("Share"), "percent"),
)  # fmt: skip
STEPS: Sequence[tuple[Said, int, int]] = (
    (text("not yet due"), -10**6, 0), (text("1-30 days"), 1, 30), (text("31-60 days"), 31, 60),
    (text("61-90 days"), 61, 90), (text("more than 90 days"), 91, 10**6),
)  # fmt: skip
DEAD = {DocumentStatus.CANCELLED, DocumentStatus.SUPERSEDED}


def _payments(asked: Asked) -> Sequence[Table]:
    """What is owed on the day of the report, how late it is, and what came in during the period (R218)."""
    owed = _owed(asked)
    ages: list[dict[str, Any]] = []
    for title, low, high in STEPS:
        own = [part for part in owed if low <= part.late <= high]
        ages.append({"age": title, "count": len(own), "sum": sum((part.left for part in own), Decimal("0.00"))})
    summed = total(AGES, ages)
    for age in ages:
        age["share"] = share(age["sum"], summed["sum"])
    came = _came(asked)
    chart = Chart(text("Came in by month"), "bar", [row["month"] for row in came],
                  [(text("Left"), [row["net"] for row in came])], "money")  # fmt: skip
    limit, offset = asked.slice()
    shown = _owed_rows(asked, owed[offset : offset + limit if limit else None])
    sums = {"deal": text("Total")} | {
        name: sum((getattr(part, name) for part in owed), Decimal("0.00"))
        for name in ("sum", "received", "left", "overdue")
    }
    return [
        Table(OWED, shown, total=sums if owed else {}, empty=text("Nothing is owed."), count=len(owed)),
        Table(AGES, ages, title=text("How late"), total=summed),
        Table(CAME, came, title=text("Payments of the period"), total=total(CAME, came), chart=chart),
    ]


@dataclass(frozen=True)
class Owed:
    """A part not paid in full. ``late``: days past the day it was due, below 1 for none."""

    id: int
    due: date | None
    late: int
    sum: Decimal
    received: Decimal

    @property
    def left(self) -> Decimal:
        """What is still to be paid."""
        return self.sum - self.received

    @property
    def overdue(self) -> Decimal:
        """What should have been paid by now."""
        return self.left if self.late > 0 else Decimal("0.00")


def _owed(asked: Asked) -> list[Owed]:
    """Parts not paid in full, by the day they are due: that of the schedule, else the term of the newest invoice.
    Of all parts as little as sums and order need: only a page of them is shown."""
    invoice = select(func.max(Document.valid_until)).where(
        Document.deal_id == ScheduledPayment.deal_id, Document.kind == "invoice", Document.status.not_in(DEAD)
    )
    until = case((ScheduledPayment.due_on.is_(None), invoice.scalar_subquery())).label("until")
    query = (
        select(ScheduledPayment.id, ScheduledPayment.due_on, until, ScheduledPayment.sum, ScheduledPayment.received)
        .join(Deal, Deal.id == ScheduledPayment.deal_id)
        .where(ScheduledPayment.received < ScheduledPayment.sum, Deal.status.in_(("open", "won")))
        .order_by(ScheduledPayment.deal_id, ScheduledPayment.part)
    )  # fmt: skip
    if asked["employee"]:
        query = query.where(Deal.owner_id == asked["employee"])
    parts = []
    for number, day, valid, sum_, received in asked.session.execute(query):
        due = day or day_of(asked.env, valid)
        late = (asked.today - due).days if due is not None else 0
        parts.append(Owed(number, due, late, roubles(sum_), roubles(received)))
    return sorted(parts, key=lambda part: part.due or date.max)


def _owed_rows(asked: Asked, parts: Sequence[Owed]) -> list[dict[str, Any]]:
    query = (
        select(ScheduledPayment.id, ScheduledPayment.part, Deal.id.label("deal_id"), Deal.number, Deal.client_id,
               Deal.owner_id, Client.name)
        .join(Deal, Deal.id == ScheduledPayment.deal_id).join(Client, Client.id == Deal.client_id)
    )  # fmt: skip
    narrow = asked.page > 0  # a file holds all parts: as many names as there are parts would be too many parameters
    shown = query.where(ScheduledPayment.id.in_([part.id for part in parts])) if narrow else query
    known = {row.id: row for row in asked.session.execute(shown)}
    names = ground.names_of(asked.session, {row.owner_id for row in known.values()})
    rows: list[dict[str, Any]] = []
    for part in parts:
        row = known[part.id]
        rows.append({
            "deal": to_deal(row.deal_id, row.number), "client": to_client(row.client_id, row.name), "part": row.part,
            "due": Cell(part.due, tone="late" if part.late > 0 else ""), "sum": part.sum, "received": part.received,
            "left": part.left, "overdue": part.overdue, "days": part.late if part.late > 0 else None,
            "name": names.get(row.owner_id or 0),
        })  # fmt: skip
    return rows


def _came(asked: Asked) -> list[dict[str, Any]]:
    month = MonthsOf(Payment.dated)
    query = (
        select(month, func.count(), func.sum(case((Payment.kind == "in", Payment.sum), else_=0)),
               func.sum(case((Payment.kind == "refund", Payment.sum), else_=0)))
        .join(Deal, Deal.id == Payment.deal_id)
        .where(Payment.dated >= asked.period.since, Payment.dated <= asked.period.until).group_by(month).order_by(month)
    )  # fmt: skip
    if asked["employee"]:
        query = query.where(Deal.owner_id == asked["employee"])
    return [
        {"month": month_named(int(row[0])), "count": to_case("payments", row[1], month=int(row[0])),
         "in": roubles(row[2]), "back": roubles(row[3]), "net": roubles(row[2]) - roubles(row[3])}
        for row in asked.session.execute(query)
    ]  # fmt: skip


def _payment_cases(asked: Asked) -> Sequence[Table]:
    columns = (
        Column("on", text("Date"), "date"), Column("deal", text("Deal")), Column("client", text("Client")),
        Column("sum", text("Sum"), "money", total=True), Column("reference", text("Payment order")),
    )  # fmt: skip
    query = (
        select(Payment, Deal, Client.name).join(Deal, Deal.id == Payment.deal_id)
        .join(Client, Client.id == Deal.client_id)
        .where(Payment.dated >= asked.period.since, Payment.dated <= asked.period.until)
        .order_by(Payment.dated, Payment.id)
    )  # fmt: skip
    if asked["employee"]:
        query = query.where(Deal.owner_id == asked["employee"])
    if month := asked.number("month"):
        query = query.where(MonthsOf(Payment.dated) == month)
    rows = [
        {"on": paid.dated, "deal": to_deal(deal.id, deal.number), "client": to_client(deal.client_id, client),
         "sum": -roubles(paid.sum) if paid.kind == "refund" else roubles(paid.sum), "reference": paid.reference}
        for paid, deal, client in asked.session.execute(query)
    ]  # fmt: skip
    return [Table(columns, rows, total=total(columns, rows))]


REPORTS = (
    Report(
        "RP-18",
        text("Payments and what is overdue"),
        text("Who owes what, since when, and what came in."),
        "control",
        ("R141", "R218"),
        (PERIOD, EMPLOYEE),
        _payments,
        figures=(
            (text("Pay until"), text("The day of the payment schedule; without one, the term of the newest invoice.")),
            (text("Owed"), text("Parts of open and won deals not paid in full on the day of the report.")),
        ),
        cases={"payments": Case(text("Payments"), _payment_cases)},
        own=True,
    ),
)

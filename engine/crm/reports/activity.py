"""RP-15, RP-19: what each employee does, and when each client is next spoken to (R060, R136, R137, R342)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, null, or_, select

from engine.crm import invariants
from engine.crm.periods import day_of, moment, moments
from engine.crm.reports import ground
from engine.crm.reports.filters import EMPLOYEE, PERIOD, SEGMENT, TERRITORY
from engine.crm.reports.model import (
    Asked,
    Case,
    Cell,
    Column,
    Link,
    Report,
    Said,
    Table,
    to_case,
    to_client,
    to_deal,
    total,
)
from engine.errors import text
from engine.models import Client, ContactRecord, Deal, ProcessInstance, UserTask

NAME = Column("name", text("Employee"))
LOAD = (
    NAME,
    Column("done", text("Done"), "int", total=True, group=text("Tasks")),
    Column("late", text("of them late"), "int", total=True, group=text("Tasks")),
    Column("open", text("Open now"), "int", total=True, group=text("Tasks")),
    Column("overdue", text("of them overdue"), "int", total=True, group=text("Tasks")),
    Column("contacts", text("All"), "int", total=True, group=text("Contacts")),
    Column("calls", text("Calls"), "int", total=True, group=text("Contacts")),
    Column("meetings", text("Meetings"), "int", total=True, group=text("Contacts")),
    Column("clients", text("Clients"), "int", group=text("Contacts")),
    Column("minutes", text("Minutes"), "int", total=True, group=text("Contacts")),
)
CHANNELS: Mapping[str, Said] = {
    "phone": text("phone"), "mail": text("mail"), "meeting": text("meeting"), "web": text("site"),
    "chat": text("chat"), "sms": text("text message"), "fax": text("fax"), "post": text("post"),
}  # fmt: skip
RESULTS: Mapping[str, Said] = {
    "answered": text("answered"), "no_answer": text("no answer"), "later": text("later"), "refused": text("refused"),
    "interested": text("interested"), "wrong_contact": text("wrong contact"), "sent": text("sent"),
    "replied": text("replied"),
}  # fmt: skip


def _load(asked: Asked) -> Sequence[Table]:
    """One row for everybody who has done, has or should do something."""
    figures: dict[int, dict[str, int]] = {}
    for query in (_done(asked), _open(asked), _contacts(asked)):
        for row in asked.session.execute(query).mappings():
            own = figures.setdefault(row["user_id"], {column.key: 0 for column in LOAD[1:]})
            own |= {name: int(value or 0) for name, value in row.items() if name != "user_id"}
    names = ground.names_of(asked.session, figures)
    rows = [
        {"name": names[who]} | {
            column.key: to_case("contacts" if column.group == LOAD[5].group else column.key, figures[who][column.key],
                                employee=who)
            for column in LOAD[1:]
        }
        for who in sorted(figures, key=lambda who: names[who])
    ]  # fmt: skip
    return [Table(LOAD, rows, total=total(LOAD, rows))]


def _done_in(asked: Asked) -> list[Any]:
    start, end = moments(asked.env, asked.period)
    where = [UserTask.completed_by.is_not(None), UserTask.ended_at >= start, UserTask.ended_at < end]
    return where + ([UserTask.completed_by == asked["employee"]] if asked["employee"] else [])


def _done(asked: Asked) -> Any:
    late = case((UserTask.ended_at > UserTask.due_at, 1))
    return (
        select(UserTask.completed_by.label("user_id"), func.count().label("done"), func.count(late).label("late"))
        .where(*_done_in(asked)).group_by(UserTask.completed_by)
    )  # fmt: skip


def _open_of(asked: Asked) -> list[Any]:
    where = [UserTask.rank.is_not(None), UserTask.assignee_id.is_not(None)]
    return where + ([UserTask.assignee_id == asked["employee"]] if asked["employee"] else [])


def _open(asked: Asked) -> Any:
    overdue = case((UserTask.due_at < moment(asked.env, asked.today), 1))
    return (
        select(UserTask.assignee_id.label("user_id"), func.count().label("open"), func.count(overdue).label("overdue"))
        .where(*_open_of(asked)).group_by(UserTask.assignee_id)
    )  # fmt: skip


def _said_in(asked: Asked) -> list[Any]:
    start, end = moments(asked.env, asked.period)
    where = [ContactRecord.user_id.is_not(None), ContactRecord.at >= start, ContactRecord.at < end]
    return where + ([ContactRecord.user_id == asked["employee"]] if asked["employee"] else [])


def _contacts(asked: Asked) -> Any:
    return (
        select(
            ContactRecord.user_id, func.count().label("contacts"),
            func.count(case((ContactRecord.channel == "phone", 1))).label("calls"),
            func.count(case((ContactRecord.channel == "meeting", 1))).label("meetings"),
            func.count(ContactRecord.client_id.distinct()).label("clients"),
            func.sum(func.coalesce(ContactRecord.minutes, 0)).label("minutes"),
        )
        .where(*_said_in(asked)).group_by(ContactRecord.user_id)
    )  # fmt: skip


def _task_cases(asked: Asked, *, where: list[Any]) -> Sequence[Table]:
    columns = (
        Column("task", text("Task")), Column("instance", text("Instance")), Column("name", text("Employee")),
        Column("due", text("Due"), "moment"), Column("ended", text("Done"), "moment"),
    )  # fmt: skip
    query = (
        select(UserTask.name, UserTask.due_at, UserTask.ended_at, ProcessInstance.id, ProcessInstance.title,
               func.coalesce(UserTask.completed_by, UserTask.assignee_id).label("who"))
        .join(ProcessInstance, ProcessInstance.id == UserTask.instance_id)
        .where(*where).order_by(UserTask.ended_at.desc(), UserTask.due_at, UserTask.id)
    )  # fmt: skip
    limit, offset = asked.slice()
    count = asked.session.scalar(select(func.count()).select_from(query.order_by(None).subquery()))
    found = asked.session.execute(query.limit(limit).offset(offset)).all()
    names = ground.names_of(asked.session, {row.who for row in found})
    rows = [
        {"task": row.name, "instance": Cell(row.title, Link("instance", row.id)), "name": names.get(row.who),
         "due": row.due_at, "ended": row.ended_at}
        for row in found
    ]  # fmt: skip
    return [Table(columns, rows, count=count)]


def _done_cases(asked: Asked) -> Sequence[Table]:
    return _task_cases(asked, where=_done_in(asked))


def _late_cases(asked: Asked) -> Sequence[Table]:
    return _task_cases(asked, where=[*_done_in(asked), UserTask.ended_at > UserTask.due_at])


def _open_cases(asked: Asked) -> Sequence[Table]:
    return _task_cases(asked, where=_open_of(asked))


def _overdue_cases(asked: Asked) -> Sequence[Table]:
    return _task_cases(asked, where=[*_open_of(asked), UserTask.due_at < moment(asked.env, asked.today)])


def _contact_cases(asked: Asked) -> Sequence[Table]:
    columns = (
        Column("at", text("When"), "moment"), Column("client", text("Client")), Column("channel", text("Channel")),
        Column("purpose", text("Purpose")), Column("result", text("Result")), Column("name", text("Employee")),
        Column("minutes", text("Minutes"), "int", total=True),
    )  # fmt: skip
    query = (
        select(ContactRecord, Client.name).join(Client, Client.id == ContactRecord.client_id)
        .where(*_said_in(asked)).order_by(ContactRecord.at, ContactRecord.id)
    )  # fmt: skip
    found = asked.session.execute(query).all()
    names = ground.names_of(asked.session, {row[0].user_id for row in found})
    rows = [
        {"at": said.at, "client": to_client(said.client_id, client),
         "channel": CHANNELS.get(said.channel, said.channel),
         "purpose": said.purpose, "result": RESULTS.get(said.result or "", said.result),
         "name": names.get(said.user_id or 0), "minutes": said.minutes}
        for said, client in found
    ]  # fmt: skip
    return [Table(columns, rows, total=total(columns, rows))]


CALENDAR = (
    Column("on", text("Day"), "date"), Column("client", text("Client")), Column("what", text("What")),
    Column("purpose", text("Purpose")), Column("product", text("Product to offer")), Column("name", text("Employee")),
)  # fmt: skip
WITHOUT = (
    Column("client", text("Client")), Column("missing", text("What is missing")),
    Column("last", text("Last contact"), "date"), Column("name", text("Employee")),
)  # fmt: skip
CONTACT, STEP = text("Next contact"), text("Next step of the deal")


def _calendar(asked: Asked) -> Sequence[Table]:
    """Agreed contacts and next steps of deals of the period, and those that are past and not done (R136)."""
    agreed = _agreed(asked)
    whole = agreed.union_all(_steps(asked)).subquery()
    count = asked.session.scalar(select(func.count()).select_from(whole)) or 0
    limit, offset = asked.slice()
    query = select(whole).order_by(whole.c.day, whole.c.label, whole.c.deal_id, whole.c.id).limit(limit).offset(offset)
    found = asked.session.execute(query).all()
    products = ground.products_by_id(asked.session)
    names = ground.names_of(asked.session, {row.owner_id for row in found})
    rows = [
        {"on": Cell(row.day, tone="late" if row.day < asked.today else ""),
         "client": to_deal(row.deal_id, row.label) if row.deal_id else to_client(row.id, row.label),
         "what": STEP if row.deal_id else CONTACT, "purpose": row.purpose, "product": products.get(row.product_id or 0),
         "name": names.get(row.owner_id or 0)}
        for row in found
    ]  # fmt: skip
    return [Table(CALENDAR, rows, count=count), _without(asked)]


def _wanted(asked: Asked, day: Any) -> ColumnElement[bool]:
    return and_(day <= asked.period.until, or_(day >= asked.period.since, day < asked.today))


def _agreed(asked: Asked) -> Select[*tuple[Any, ...]]:
    return select(
        Client.next_contact_on.label("day"), Client.name.label("label"), Client.next_contact_purpose.label("purpose"),
        Client.next_contact_product_id.label("product_id"), Client.owner_id, Client.id, null().label("deal_id"),
    ).where(*_alive(asked), _wanted(asked, Client.next_contact_on))  # fmt: skip


def _steps(asked: Asked) -> Select[*tuple[Any, ...]]:
    own = [Deal.owner_id == asked["employee"]] if asked["employee"] else []
    return (
        select(Deal.next_step_on, Client.name + " · " + Deal.number, Deal.next_step, null(), Deal.owner_id, Client.id,
               Deal.id)
        .join(Client, Client.id == Deal.client_id)
        .where(Deal.status == "open", _wanted(asked, Deal.next_step_on), *ground.client_filters(asked), *own)
    )  # fmt: skip


def _alive(asked: Asked) -> list[Any]:
    """Clients whom we develop: neither on the stop list nor outside the target."""
    return [
        Client.stop_list.is_(False), Client.target.is_(True), Client.role == "client",
        *ground.client_filters(asked, of_owner=True),
    ]  # fmt: skip


def _without(asked: Asked) -> Table:
    """Clients who fell through (R137): neither at a stage of a sale with a next step nor with a contact agreed."""
    end = moment(asked.env, asked.today + timedelta(days=1))  # what is due today may still be done
    fallen = invariants.fallen_through(asked.session, end)
    ordered = select(Client.id).where(*_alive(asked)).order_by(Client.name, Client.id)
    mine = [number for number in asked.session.scalars(ordered) if number in fallen]
    limit, offset = asked.slice()
    shown = mine[offset : offset + limit if limit else None]
    last = select(func.max(ContactRecord.at)).where(ContactRecord.client_id == Client.id).scalar_subquery()
    parts = (("next_contact_on", text("day")), ("next_contact_purpose", text("purpose")),
             ("next_contact_product_id", text("product")))  # fmt: skip
    query = select(
        Client.id, Client.name, Client.owner_id, *(getattr(Client, key) for key, _ in parts), last.label("last")
    ).order_by(Client.name, Client.id)
    found = asked.session.execute(query.where(Client.id.in_(shown))).all() if shown else []
    names = ground.names_of(asked.session, {row.owner_id for row in found})
    rows = [
        {"client": to_client(row.id, row.name),
         "missing": tuple(title for key, title in parts if getattr(row, key) is None),
         "last": day_of(asked.env, row.last), "name": names.get(row.owner_id or 0)}
        for row in found
    ]  # fmt: skip
    return Table(WITHOUT, rows, title=text("Clients without a next contact"), empty=text("Every client has one."),
                 count=len(mine))  # fmt: skip


PEOPLE = Report(
    "RP-15",
    text("Tasks and contacts by employee"),
    text("What each employee has done in the period, and what waits for him now."),
    "control",
    ("R060", "R342", "R298"),
    (PERIOD, EMPLOYEE),
    _load,
    figures=(
        (text("Done"), text("Tasks completed in the period, by whoever completed them.")),
        (text("of them late"), text("Completed after their due date.")),
        (text("Open now"), text("Tasks that somebody has taken and not completed, on the day of the report.")),
        (text("of them overdue"), text("Due before the day of the report.")),
        (text("Contacts"), text("Lines of the contact log, by whoever spoke or wrote.")),
    ),
    cases={
        "done": Case(text("Tasks done"), _done_cases),
        "late": Case(text("Tasks done late"), _late_cases),
        "open": Case(text("Open tasks"), _open_cases),
        "overdue": Case(text("Overdue tasks"), _overdue_cases),
        "contacts": Case(text("Contacts"), _contact_cases),
    },
    own=True,
)
NEXT = Report(
    "RP-19",
    text("Calendar of next contacts"),
    text("With whom to speak, when, what for and what to offer; and clients for whom nothing is agreed."),
    "control",
    ("R136", "R137"),
    (PERIOD, EMPLOYEE, SEGMENT, TERRITORY),
    _calendar,
    figures=(
        (text("Day"), text("Days that have passed without the contact stand there too, in red.")),
        (text("Clients without a next contact"), text(
            "The client stands at no stage of a sale with a next step, and day, purpose or product of the next contact"
            " is missing. Clients on the stop list and outside the target are left out.")),
    ),
    own=True,
)  # fmt: skip
REPORTS = (PEOPLE, NEXT)

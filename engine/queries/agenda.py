"""What has a date: tasks by their due moment, contacts agreed with clients, assignments, control points, clients' days
to remember, absences. SELECTs only, each by an index and bounded."""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, extract, literal_column, or_, select, true
from sqlalchemy.orm import Session

from engine.models import Absence, Assignment, Client, Contact, ControlPoint, ProcessInstance, User, UserTask
from engine.vocabulary import ControlPointStatus

KINDS = ("task", "contact", "assignment", "point", "occasion", "absence")
MOST = 300  # entries of one kind in one look
OPEN_ASSIGNMENT = ("issued", "accepted", "reported")


@dataclass(frozen=True)
class Entry:
    """One thing with a date. ``at``: its moment, None for a whole day; ``day`` to ``last``: by the office's calendar.
    ``about``: what the outside may not read (names of clients and people). ``place``: what a click opens."""

    kind: str
    id: int
    day: date
    last: date
    at: datetime | None
    title: str
    about: str
    who: str
    place: tuple[str, int]
    until: datetime | None = None
    late: bool = False


@dataclass(frozen=True)
class Look:
    """Whose dates, from which day to which (both included), by which clock. ``people`` None: everybody's."""

    people: Sequence[int] | None
    first: date
    last: date
    zone: ZoneInfo
    now: datetime

    @property
    def start(self) -> datetime:
        """The first moment."""
        return datetime.combine(self.first, time(), self.zone)

    @property
    def end(self) -> datetime:
        """The first moment after it."""
        return datetime.combine(self.last + timedelta(days=1), time(), self.zone)

    def owns(self, column: Any) -> ColumnElement[bool]:
        """Whether it is one of theirs."""
        if self.people is None:
            return true()
        owns: ColumnElement[bool] = column == self.people[0] if len(self.people) == 1 else column.in_(self.people)
        return owns

    def day_of(self, at: datetime) -> date:
        """The day of a moment by the office's clock."""
        return at.astimezone(self.zone).date()


def entries(
    session: Session, look: Look, kinds: Sequence[str] = KINDS, occasions: Mapping[str, Any] | None = None
) -> list[Entry]:
    """Everything of these kinds, by day, then whole days before moments. ``occasions``: the company's own days."""
    found: list[Entry] = []
    for kind in KINDS:
        if kind not in kinds:
            continue
        if kind == "occasion":
            found += _occasions(session, look, occasions or {})
        else:
            found += _READ[kind](session, look)
    start = datetime.combine(look.first, time(), look.zone)
    return sorted(found, key=lambda one: (one.day, one.at or start, one.kind, one.id))


def _tasks(session: Session, look: Look) -> Iterator[Entry]:
    given = select(Assignment.instance_id).where(
        Assignment.instance_id == UserTask.instance_id, Assignment.status.in_(OPEN_ASSIGNMENT)
    )
    rows = session.execute(
        select(UserTask.id, UserTask.name, UserTask.due_at, ProcessInstance.title, User.last, User.first)
        .join(ProcessInstance, ProcessInstance.id == UserTask.instance_id)
        .join(User, User.id == UserTask.assignee_id)
        .where(
            UserTask.rank.is_not(None), look.owns(UserTask.assignee_id), UserTask.due_at >= look.start,
            UserTask.due_at < look.end, ~given.exists(),
        )
        .order_by(UserTask.due_at)
        .limit(MOST)
    )  # fmt: skip
    for task_id, name, due, title, last, first in rows:
        assert due is not None  # within the period
        yield _moment("task", task_id, due, look, name, title, f"{last} {first}", ("task", task_id))


def _contacts(session: Session, look: Look) -> Iterator[Entry]:
    rows = session.execute(
        select(Client.id, Client.name, Client.next_contact_on, Client.next_contact_purpose, User.last, User.first)
        .join(User, User.id == Client.owner_id)
        .where(
            Client.next_contact_on >= look.first, Client.next_contact_on <= look.last, look.owns(Client.owner_id),
            Client.merged_into_id.is_(None),
        )
        .order_by(Client.next_contact_on, Client.id)
        .limit(MOST)
    )  # fmt: skip
    for client_id, name, on, purpose, last, first in rows:
        assert on is not None  # within the period
        late = on < look.day_of(look.now)
        yield Entry("contact", client_id, on, on, None, purpose or "", name, f"{last} {first}", ("client", client_id),
                    late=late)  # fmt: skip


def _assignments(session: Session, look: Look) -> Iterator[Entry]:
    rows = session.execute(
        select(Assignment.id, Assignment.number, Assignment.what, Assignment.due_at, Assignment.instance_id, User.last,
               User.first)
        .outerjoin(User, User.id == Assignment.executor_id)
        .where(
            Assignment.status.in_(OPEN_ASSIGNMENT), Assignment.due_at >= look.start, Assignment.due_at < look.end,
            or_(look.owns(Assignment.executor_id), look.owns(Assignment.issuer_id)),
        )
        .order_by(Assignment.due_at)
        .limit(MOST)
    )  # fmt: skip
    for assignment_id, number, what, due, instance_id, last, first in rows:
        who = f"{last} {first}" if last else ""
        yield _moment("assignment", assignment_id, due, look, number, what, who, ("instance", instance_id or 0))


def _points(session: Session, look: Look) -> Iterator[Entry]:
    """Points with an owner of their own, and those without one that go with a task: each found by its own index."""
    open_ = (
        select(ControlPoint.id, ControlPoint.code, ControlPoint.title, ControlPoint.planned_at,
               ControlPoint.instance_id, ProcessInstance.title)
        .join(ProcessInstance, ProcessInstance.id == ControlPoint.instance_id)
        .where(
            ControlPoint.status == literal_column(f"'{ControlPointStatus.OPEN}'"),  # said as the index says it
            ControlPoint.planned_at >= look.start, ControlPoint.planned_at < look.end,
        )
        .order_by(ControlPoint.planned_at, ControlPoint.id)
        .limit(MOST)
    )  # fmt: skip
    found = [open_.where(look.owns(ControlPoint.owner_id))]
    if look.people is not None:
        holder = and_(
            UserTask.instance_id == ControlPoint.instance_id, UserTask.token_id == ControlPoint.token_id,
            UserTask.rank.is_not(None), look.owns(UserTask.assignee_id),
        )  # fmt: skip
        found.append(open_.join(UserTask, holder).where(ControlPoint.owner_id.is_(None)))
    rows = {row[0]: row for query in found for row in session.execute(query)}
    for point_id, code, title, planned, instance_id, about in sorted(rows.values(), key=lambda row: row[3])[:MOST]:
        yield _moment("point", point_id, planned, look, f"{code} {title}", about, "", ("instance", instance_id))


def _absences(session: Session, look: Look) -> Iterator[Entry]:
    rows = session.execute(
        select(Absence.id, Absence.starts_at, Absence.ends_at, User.last, User.first)
        .join(User, User.id == Absence.user_id)
        .where(Absence.ends_at > look.start, Absence.starts_at < look.end, look.owns(Absence.user_id))
        .order_by(Absence.starts_at)
        .limit(MOST)
    )
    for absence_id, starts, ends, last, first in rows:
        who = f"{last} {first}"
        yield Entry("absence", absence_id, look.day_of(starts), look.day_of(ends - timedelta(seconds=1)), starts, "",
                    "", who, ("absence", absence_id), until=ends)  # fmt: skip


def _occasions(session: Session, look: Look, known: Mapping[str, Any]) -> Iterator[Entry]:
    """The company's own holidays and events; birthdays of people and days of companies among somebody's clients, but
    not among everybody's: that would be a look at all clients there are."""
    yield from _own_days(look, known)
    if look.people is None:
        return
    base = and_(Client.role == "client", Client.merged_into_id.is_(None), Client.stop_list.is_(False))
    months = {(look.first + timedelta(days=number)).month for number in range((look.last - look.first).days + 1)}
    people = session.execute(
        select(Contact.id, Contact.last, Contact.first, Contact.birth_date, Client.id, Client.name)
        .join(Client, Client.id == Contact.client_id)
        .where(base, Contact.active, look.owns(Client.owner_id), extract("month", Contact.birth_date).in_(months))
        .limit(MOST)
    )
    for contact_id, last, first, born, client_id, name in people:
        for day in _anniversaries(born, look):
            yield Entry("occasion", contact_id, day, day, None, "birthday", f"{last} {first}, {name}", "",
                        ("client", client_id))  # fmt: skip
    companies = session.execute(
        select(Client.id, Client.name, Client.company_day)
        .where(base, look.owns(Client.owner_id), extract("month", Client.company_day).in_(months))
        .limit(MOST)
    )
    for client_id, name, founded in companies:
        for day in _anniversaries(founded, look):
            yield Entry("occasion", client_id, day, day, None, "company_day", name, "", ("client", client_id))


def _own_days(look: Look, known: Mapping[str, Any]) -> Iterator[Entry]:
    for row in known.get("holidays") or ():
        month, _, day_of_month = str(row.get("day", "")).partition("-")
        for day in _anniversaries(date(2000, int(month), int(day_of_month)), look):
            yield Entry("occasion", 0, day, day, None, str(row["title"]), "", "", ("calendar", 0))
    for row in known.get("events") or ():
        day = date.fromisoformat(str(row.get("on") or row.get("day")))
        if look.first <= day <= look.last:
            yield Entry("occasion", 0, day, day, None, str(row["title"]), "", "", ("calendar", 0))


def _anniversaries(began: date | None, look: Look) -> Iterator[date]:
    if began is None:
        return
    for year in range(max(began.year, look.first.year), look.last.year + 1):
        leap = (began.month, began.day) == (2, 29) and (year % 4 or (year % 100 == 0 and year % 400))
        day = date(year, 2, 28) if leap else began.replace(year=year)
        if look.first <= day <= look.last:
            yield day


def _moment(
    kind: str, number: int, at: datetime, look: Look, title: str, about: str, who: str, place: tuple[str, int]
) -> Entry:
    day = look.day_of(at)
    return Entry(kind, number, day, day, at, title, about, who, place, late=at <= look.now)


_READ = {"task": _tasks, "contact": _contacts, "assignment": _assignments, "point": _points, "absence": _absences}

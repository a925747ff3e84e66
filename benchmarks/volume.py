"""A company with years behind it: the rows of one real sale, repeated by the database itself until there are as many
open and finished tasks as asked for. Every row points at rows that exist; only the hashes of the log are not new."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Integer,
    MetaData,
    String,
    Table,
    case,
    cast,
    func,
    insert,
    literal,
    select,
)
from sqlalchemy.orm import Session

from engine import deployments, identity, instances, jobs
from engine.assignment import NORMAL, rank
from engine.crm import demo
from engine.environment import Environment
from engine.models import (
    AuditEvent,
    Base,
    Candidate,
    Client,
    Comment,
    ContactRecord,
    ControlPoint,
    Deal,
    DealLine,
    Document,
    Job,
    Membership,
    MilestoneReached,
    Notice,
    ProcessInstance,
    Settlement,
    User,
    UserTask,
    Visit,
    table_of,
)
from engine.work import SYSTEM, Work, run

NOW = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
PASSWORD = "only for measuring"
SALE = "sale_long_push"
BATCH = 5_000
YEARS = 3
Values = Mapping[str, Any]


@dataclass(frozen=True)
class Size:
    """How much there is. A client has a handful of deals, a deal two or three procedures, each its finished tasks."""

    open: int = 100_000
    done: int = 1_000_000

    @property
    def staff(self) -> int:
        """People who sell, all in the group of the managers, the first of them head as well."""
        return max(8, self.open // 250)

    @property
    def clients(self) -> int:
        """Clients."""
        return max(200, self.open // 5)

    @property
    def deals(self) -> int:
        """Deals, half of them open."""
        return max(400, self.open)

    @property
    def ended(self) -> int:
        """Instances that have ended."""
        return max(100, self.done // 20)


def found(env: Environment, files: Mapping[str, bytes]) -> None:
    """The demo company with one password, its procedures published, one sale begun."""
    run(env, SYSTEM, _demo)
    run(env, SYSTEM, deployments.publish, files)
    with env.sessions() as session:
        deal = session.scalars(select(Deal).order_by(Deal.id).limit(1)).one()
        started = run(env, SYSTEM, instances.start, SALE, {}, title=deal.title, deal_id=deal.id,
                      client_id=deal.client_id)  # fmt: skip
    for _ in range(50):
        if not jobs.run_due(env):
            break
    with env.sessions() as session:
        if session.scalar(select(UserTask.id).where(UserTask.instance_id == started.id)) is None:
            raise SystemExit("the sale to repeat has no task")


def _demo(work: Work) -> None:
    demo.load(work)
    secret = identity.hash_password(PASSWORD)
    for user in work.session.scalars(select(User)):
        user.password_hash = secret


@dataclass
class Filling:
    """One run: the connection, the table of numbers that rows are multiplied by, where ids begin."""

    connection: Connection
    size: Size
    numbers: Table
    groups: list[str]
    ids: dict[str, int]

    def copy(self, model: type[Base], original: Any, count: int, first: int, values: Values) -> None:
        """``count`` rows like ``original`` but for ``values`` (expressions of ``n``), ids from ``first`` on."""
        table = table_of(model)
        shown = dict(original) | dict(values)
        if "id" in table.c and "id" not in values:
            shown["id"] = self.n + first
        cells = [
            value if isinstance(value, ColumnElement) else literal(value, table.c[name].type)
            for name, value in shown.items()
        ]
        query = select(*cells).select_from(self.numbers).where(self.numbers.c.n < count)
        self.connection.execute(insert(table).from_select(list(shown), query))

    @property
    def n(self) -> Any:
        """The number of a row within its batch."""
        return self.numbers.c.n

    def person(self, number: Any) -> Any:
        """Somebody of the staff, in turn."""
        return self.ids["user_"] + number % self.size.staff

    def text(self, begin: str, number: Any) -> Any:
        """Words with a number in them."""
        return literal(begin, String()) + cast(number, String())


def fill(session: Session, size: Size) -> None:
    """Everything in one transaction."""
    connection = session.connection()
    numbers = Table("bench_number", MetaData(), Column("n", Integer, primary_key=True), prefixes=["TEMPORARY"])
    numbers.create(connection)
    connection.execute(insert(numbers), [{"n": number} for number in range(BATCH)])
    models = (User, Client, Deal, ProcessInstance, UserTask, Document, Job, ContactRecord, Notice, AuditEvent)
    tables = [table_of(model) for model in (*models, ControlPoint)]
    ids = {table.name: 1000 + (session.scalar(select(func.max(table.c.id))) or 0) for table in tables}
    work = Filling(connection, size, numbers, ["manager", "head", "lawyer"], ids)
    for step in (_staff, _clients, _deals, _open, _ended):
        step(work)


def _row(work: Filling, model: type[Base], **where: Any) -> Any:
    table = table_of(model)
    query = select(table).order_by(*table.primary_key).limit(1)
    for name, value in where.items():
        query = query.where(table.c[name] == value)
    return work.connection.execute(query).mappings().one()


def _batches(count: int) -> Iterator[tuple[int, int, datetime]]:
    """Where each batch begins, how many rows it has, the moment it is about: evenly over the years."""
    for start in range(0, count, BATCH):
        yield start, min(BATCH, count - start), NOW - timedelta(days=365 * YEARS) * (1 - start / count)


def _staff(work: Filling) -> None:
    work.copy(User, _row(work, User), work.size.staff, work.ids["user_"], {
        "login": work.text("b", work.n), "last": work.text("Фамилия", work.n), "position": "менеджер",
        "email": work.text("b", work.n) + "@example.test", "superior_id": None,
    })  # fmt: skip
    for group, count in (("manager", work.size.staff), ("head", 1)):
        work.copy(Membership, {}, count, 0, {"user_id": work.ids["user_"] + work.n, "group_key": group})


def _clients(work: Filling) -> None:
    original, first = _row(work, Client), work.ids["client"]
    for start, count, at in _batches(work.size.clients):
        number = work.n + start
        work.copy(Client, original, count, first + start, {
            "name": work.text("Клиент ", number), "full_name": work.text("ООО «Клиент» ", number),
            "inn": work.text("77", number), "owner_id": work.person(number), "created_at": at,
            "phone_key": None, "email_key": None, "parent_id": None,
            "abc": case({0: "A", 1: "B"}, value=number % 7, else_="C"),
            "next_contact_on": (NOW + timedelta(days=start % 60 - 10)).date(),
        })  # fmt: skip


def _deals(work: Filling) -> None:
    original, first, clients = _row(work, Deal), work.ids["deal"], work.ids["client"]
    line = _row(work, DealLine)
    reached, size = _row(work, MilestoneReached), work.size
    for start, count, at in _batches(size.deals):
        number, ended = work.n + start, start < size.deals // 2
        later = min(at + timedelta(days=40), NOW)
        won = case((number % 3 == 0, "won"), else_="lost")
        work.copy(Deal, original, count, first + start, {
            "number": work.text("Б-", number), "title": work.text("Сделка ", number),
            "client_id": clients + number % size.clients, "owner_id": work.person(number), "contact_id": None,
            "status": won if ended else "open", "created_at": at,
            "milestone": case((number % 3 == 0, "M9"), else_="MX") if ended else work.text("M", number % 6),
            "milestone_at": later, "closed_at": later if ended else None,
            "stirred_at": later,
            "next_step_on": None if ended else (NOW + timedelta(days=start % 30 - 5)).date(),
        })  # fmt: skip
        for step in range(4):
            work.copy(MilestoneReached, reached, count, 10_000_000 + 4 * start + step * count, {
                "deal_id": first + number, "milestone": f"M{step}",
                "at": at + timedelta(days=3 * step),
                "came_from": f"M{step - 1}" if step else None,
                "came_at": at + timedelta(days=3 * step - 3) if step else None,
            })  # fmt: skip
        work.copy(DealLine, line, count, 10_000_000 + start, {"deal_id": first + number})
        for turn in range(2):
            work.copy(ContactRecord, _contact(), count, work.ids["contact_record"] + 2 * start + turn * count, {
                "client_id": clients + number % size.clients, "deal_id": first + number,
                "user_id": work.person(number), "at": at + timedelta(days=turn),
            })  # fmt: skip
        if ended:
            _closed(work, number, start, count, later)


def _contact() -> Values:
    plain = dict.fromkeys(table_of(ContactRecord).c.keys())
    return plain | {"direction": "out", "channel": "phone", "purpose": "сделка", "result": "answered"}


def _closed(work: Filling, number: Any, start: int, count: int, at: datetime) -> None:
    plain = dict.fromkeys(table_of(Settlement).c.keys())
    work.copy(Settlement, plain | {"kind": "in", "sum": Decimal(90_000)}, count, 10_000_000 + start, {
        "client_id": work.ids["client"] + number % work.size.clients, "deal_id": work.ids["deal"] + number,
        "product_id": 1 + number % 6, "owner_id": work.person(number), "dated": at.date(),
    })  # fmt: skip
    paper = dict.fromkeys(table_of(Document).c.keys()) | {
        "kind": "proposal", "title": "Предложение", "version": 1, "status": "sent", "template": "proposal.docx",
        "template_version": 1, "data": {"total": 90_000}, "total": Decimal(90_000),
    }  # fmt: skip
    work.copy(Document, paper, count, work.ids["document"] + start, {
        "deal_id": work.ids["deal"] + number, "number": work.text("КП-Б-", number), "dated": at.date(),
        "created_at": at,
    })  # fmt: skip


def _instances(work: Filling, start: int, count: int, at: datetime, ended: datetime | None) -> int:
    """One batch of instances; returns the id of the first."""
    original, size = _row(work, ProcessInstance, key=SALE), work.size
    first = work.ids["process_instance"] + start
    number = work.n + start
    work.copy(ProcessInstance, original, count, first, {
        "title": work.text("Сделка ", number), "deal_id": work.ids["deal"] + number % size.deals,
        "client_id": work.ids["client"] + number % size.deals % size.clients, "business_key": None,
        "started_at": at, "started_by": work.person(number + 1),
        "status": "completed" if ended else "active",
        "ended_at": ended, "end_reason": None,
    })  # fmt: skip
    return first


def _open(work: Filling) -> None:
    """Running instances with an open task each, a third of them for whoever of a group takes it; ten are done."""
    size, task = work.size, _row(work, UserTask)
    candidate = {"group_key": None, "user_id": None, "rank": None, "task_id": None, "id": None}
    for start, count, at in _batches(size.open):
        first, tasks = _instances(work, start, count, at, None), work.ids["user_task"] + start
        due = NOW + timedelta(days=(start // BATCH) % 30 - 8)
        free, place = work.n % 3 == 0, literal(rank(NORMAL, due), BigInteger())
        work.copy(UserTask, task, count, tasks, {
            "instance_id": work.n + first, "status": case((free, "created"), else_="claimed"),
            "assignee_id": case((free, None), else_=work.person(work.n)), "rank": place + work.n,
            "created_at": at, "due_at": due,
            "client_id": work.ids["client"] + (work.n + start) % size.deals % size.clients,
        })  # fmt: skip
        table = table_of(Candidate)
        shown = candidate | {
            "id": 10_000_000 + start + work.n, "task_id": tasks + work.n, "rank": case((free, place + work.n)),
            "group_key": case(dict(enumerate(work.groups)), value=work.n % 9 // 3, else_=work.groups[0]),
        }  # fmt: skip
        del shown["user_id"]
        query = select(*shown.values()).select_from(work.numbers).where(work.n < count)
        work.connection.execute(insert(table).from_select(list(shown), query))
        _trail(work, first, count, at, 1, open_=True)
        _around(work, first, tasks, start, count, due)


def _around(work: Filling, first: int, tasks: int, start: int, count: int, due: datetime) -> None:
    """What stands about a running instance: a control point, a timer, a word, a notice."""
    plain = {model: dict.fromkeys(table_of(model).c.keys()) for model in (ControlPoint, Job, Comment, Notice)}
    work.copy(ControlPoint, plain[ControlPoint] | {
        "code": "CP-01", "title": "Ответ клиенту", "token_id": "t", "element_id": "e", "planned_why": {}, "level": 0,
        "evidence_rule": "completed", "reminder": "P1BD", "status": "open", "planned_at": due, "opened_at": due,
    }, count, work.ids["control_point"] + start,
        {"instance_id": work.n + first, "owner_id": work.person(work.n)})  # fmt: skip
    work.copy(Job, plain[Job] | {
        "kind": "timer", "type": "timer", "payload": {}, "status": "waiting", "attempts": 0, "max_attempts": 5,
        "due_at": NOW + timedelta(days=3 + start % 20),
    }, count, work.ids["job"] + start,
        {"instance_id": work.n + first, "key": work.text("bench-", work.n + start)})  # fmt: skip
    work.copy(Comment, plain[Comment] | {"body": "Позвонить ещё раз.", "at": due}, count, 10_000_000 + start,
              {"instance_id": work.n + first, "author_id": work.person(work.n)})  # fmt: skip
    work.copy(Notice, plain[Notice] | {"kind": "task_assigned", "facts": {"task": "Звонок"}, "at": due,
                                       "channel": "now", "read_at": due}, count, work.ids["notice"] + start,
              {"instance_id": work.n + first, "task_id": tasks + work.n, "user_id": work.person(work.n)})  # fmt: skip


def _ended(work: Filling) -> None:
    """Instances that are over, with twenty finished tasks each."""
    task, size = _row(work, UserTask), work.size
    each = size.done // size.ended
    for start, count, at in _batches(size.ended):
        first = _instances(work, size.open + start, count, at, min(at + timedelta(days=30), NOW))
        tasks = work.ids["user_task"] + size.open + start * each
        for turn in range(each):
            begun = min(at + timedelta(days=turn), NOW - timedelta(hours=6))
            work.copy(UserTask, task, count, tasks + turn * count, {
                "instance_id": work.n + first, "status": "completed", "rank": None, "assignee_id": work.person(work.n),
                "token_id": f"b{turn}", "completed_by": work.person(work.n + turn),
                "created_at": begun, "claimed_at": begun,
                "ended_at": begun + timedelta(hours=5),
                "due_at": begun + timedelta(hours=2 + turn % 5),
                "client_id": work.ids["client"] + (work.n + size.open + start) % size.deals % size.clients,
            })  # fmt: skip
        _trail(work, first, count, at, each, open_=False)


def _trail(work: Filling, first: int, count: int, at: datetime, lines: int, *, open_: bool) -> None:
    """Visits and lines of the log: one for each task."""
    visit = _row(work, Visit)
    line = _row(work, AuditEvent, chain=visit["instance_id"])
    for turn in range(lines):
        left = None if open_ else at + timedelta(days=turn, hours=5)
        work.copy(Visit, visit, count, 0, {
            "instance_id": work.n + first, "id": turn + 1, "token_id": visit["token_id"] if open_ else f"b{turn}",
            "entered_at": at + timedelta(days=turn),
            "left_at": left, "outcome": None if open_ else "completed",
        })  # fmt: skip
        work.copy(AuditEvent, line, count, work.ids["audit_event"], {
            "chain": work.n + first, "seq": turn + 1, "at": at + timedelta(days=turn),
            "actor_id": work.person(work.n),
        })  # fmt: skip
        work.ids["audit_event"] += count

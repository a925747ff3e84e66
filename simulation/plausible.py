"""What must hold of a company that has lived: its rules were kept, its reports have something to say.

Said after ``demo-year`` and by the tests, so that a year in which a step was refused or a client forgotten is no year
to show. Each finding is a line for the person who waits; there should be none.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import audit, values
from engine.crm import followup, invariants, surveys
from engine.crm.reports import registry
from engine.crm.reports.model import NUMERIC, Group, Table, value_of
from engine.crm.reports.model import total as summed
from engine.environment import Environment
from engine.models import (
    AuditEvent,
    Client,
    Complaint,
    Deal,
    Incident,
    Job,
    ProcessInstance,
    Settlement,
    Survey,
    UserTask,
)
from engine.vocabulary import IncidentStatus, InstanceStatus, JobStatus
from engine.work import SYSTEM

GRACE = timedelta(days=1)  # what began today may still be on its way
LOWEST = 3  # a mark that makes a complaint of a survey (R122)
COMPLAINT, REGISTER = "complaint", "Register"  # where a complaint is taken down
SIGNED = frozenset({"change"})  # numbers that may well be less than nought
YEAR: Mapping[str, str] = {"period": "months12"}


def findings(env: Environment, now: datetime, *, reports: bool = True) -> list[str]:
    """Everything that should not be. ``reports``: all of them must have rows, as they have after a year."""
    with env.sessions() as session:
        found = [f"{rule}: {said}" for rule, check in RULES.items() for said in check(session, env, now)]
        return found + list(_reports(session, env, now, wanted=reports))


def _incidents(session: Session, _env: Environment, _now: datetime) -> Iterator[str]:
    for row in session.scalars(select(Incident).where(Incident.status == IncidentStatus.OPEN)):
        yield f"incident {row.id} at {row.element_id}: {row.message[:200]}"
    for job in session.scalars(select(Job).where(Job.status == JobStatus.FAILED)):
        yield f"job {job.id} ({job.type}) failed: {(job.error or '')[:200]}"


def _log(session: Session, _env: Environment, _now: datetime) -> Iterator[str]:
    for verdict in audit.verify_all(session):
        if not verdict.holds:
            yield f"chain {verdict.head.chain}, line {verdict.broken}: {verdict.reason}"


def _lost(session: Session, _env: Environment, _now: datetime) -> Iterator[str]:
    bare = (Deal.refusal_category.is_(None)) | (Deal.refusal_milestone.is_(None))
    for deal in session.scalars(select(Deal).where(Deal.status == "lost", bare)):
        yield f"deal {deal.number} was lost without reason or stage"


def _followed(session: Session, _env: Environment, now: datetime) -> Iterator[str]:
    for client in invariants.without_next_contact(session, now):
        yield f"client {client.id} has neither a sale with a next step nor a next contact"


def _developed(session: Session, _env: Environment, _now: datetime) -> Iterator[str]:
    """One development per client, and none of a client who is approached no more."""
    running = (
        select(ProcessInstance.client_id, func.count())
        .where(ProcessInstance.key == followup.PROCEDURE, ProcessInstance.status == InstanceStatus.ACTIVE)
        .group_by(ProcessInstance.client_id)
    )
    for client_id, count in session.execute(running):
        client = session.get(Client, client_id) if client_id is not None else None
        if client is None or followup.is_over(client):
            yield f"a client who is approached no more ({client_id}) is developed"
        elif count != 1:
            yield f"client {client_id} is developed {count} times at once"


def _asked(session: Session, env: Environment, now: datetime) -> Iterator[str]:
    for client_id in surveys.due(session, env, now - GRACE):
        yield f"client {client_id} should have been asked within the year"


def _asked_after_sale(session: Session, _env: Environment, now: datetime) -> Iterator[str]:
    """After the first sale of a product the client is asked about it before the deal is closed (R121)."""
    asked = {(who, deal_id) for who, deal_id in session.execute(select(Survey.client_id, Survey.deal_id))}
    about = {(who, product_id) for who, product_id in session.execute(select(Survey.client_id, Survey.product_id))}
    paid = select(Settlement.client_id, Settlement.product_id, Settlement.deal_id).where(Settlement.kind == "in")
    bought: dict[tuple[int, int | None], set[int | None]] = {}
    for client_id, product_id, deal_id in session.execute(paid):
        bought.setdefault((client_id, product_id), set()).add(deal_id)
    won = select(Deal).where(Deal.status == "won", Deal.closed_at < now - GRACE)
    for deal in session.scalars(won):
        products = {line.product_id for line in deal.lines if line.product_id is not None}
        new = [one for one in products if bought.get((deal.client_id, one), {deal.id}) == {deal.id}]
        is_asked = (deal.client_id, deal.id) in asked or any((deal.client_id, one) in about for one in products)
        if new and not is_asked:
            yield f"nobody was asked after the first sale of a product in deal {deal.number}"


def _handled(session: Session, _env: Environment, now: datetime) -> Iterator[str]:
    """A bad mark is handled as a complaint that came in; a registrar may find that it is none, and says so."""
    known = set(session.scalars(select(Complaint.survey_id).where(Complaint.survey_id.is_not(None))))
    refused = select(AuditEvent.chain).where(AuditEvent.type == "complaint.refused")
    looked_at = set(session.scalars(refused))
    instances = session.scalars(select(ProcessInstance).where(ProcessInstance.id.in_(looked_at)))
    looked_into = {values.decode(one.variables or {}).get("survey_id") for one in instances}
    being_registered = select(UserTask.instance_id).where(
        UserTask.process_key == COMPLAINT, UserTask.element_id == REGISTER, UserTask.rank.is_not(None)
    )  # the registrar has it in hand; that he is late is told by its control point
    looked_at |= set(session.scalars(being_registered))
    bad = select(Survey).where(Survey.minimum <= LOWEST, Survey.answered_at < now - GRACE)
    for survey in session.scalars(bad):
        if survey.id not in known | looked_into and survey.instance_id not in looked_at:
            yield f"survey {survey.id} has a mark of {survey.minimum} and no complaint came of it"


RULES: Mapping[str, Callable[[Session, Environment, datetime], Iterator[str]]] = {
    "nothing stands still": _incidents, "the log": _log, "R065": _lost, "R137": _followed, "R135": _developed,
    "R117": _asked, "R121": _asked_after_sale, "R122": _handled,
}  # fmt: skip


def _reports(session: Session, env: Environment, now: datetime, *, wanted: bool) -> Iterator[str]:
    today = now.astimezone(env.calendar("main").zone).date()
    for key, report in registry.all_reports().items():
        tables = registry.tables(report, registry.ask(report, session, env, SYSTEM, today, YEAR))
        if wanted and not any(table.rows for table in tables):
            yield f"{key}: there is nothing in it"
        for number, table in enumerate(tables, 1):
            yield from (f"{key}, table {number}: {said}" for said in _table(table))


def _table(table: Table) -> Iterator[str]:
    """Totals are the sums of their columns, counts are not negative."""
    rows = [row for row in table.rows if not isinstance(row, Group)]
    expected = summed(table.columns, table.rows)
    for column in table.columns:
        values = [value_of(row.get(column.key)) for row in rows] if column.kind in NUMERIC else []
        known = [Decimal(str(value)) for value in values if value is not None]
        if column.kind == "int" and column.key not in SIGNED and any(value < 0 for value in known):
            yield f"{column.key} is negative"
        said = value_of((table.total or {}).get(column.key))
        if column.total and table.count is None and known and said is not None and said != expected.get(column.key):
            yield f"{column.key}: the total is {said}, its rows make {expected.get(column.key)}"

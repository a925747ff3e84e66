"""Verbs on assignments: work that one person gives another (R188-R193, CP-23).

The procedure runs the talk between the two; these verbs keep the row that lists and reports read, and write one line of
the log for each verb, with the person who said it: what the procedure does is done by the system for somebody.
"""
from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import audit, instances, messages, notifications, thrown
from engine.crm import deals
from engine.documents.issue import next_number
from engine.errors import Forbidden, Invalid, NotFound, WrongState, text
from engine.models import Assignment, Client, Complaint, Deal, ProcessInstance, User
from engine.work import Work

PROCEDURE = "assignment"
CANCELLED = "assignment_cancelled"  # the message by which the issuer takes it back at any moment
UNDER_WAY = ("issued", "accepted")
NUMBER = {"number": "П-{yyyy}-{n:04d}"}
OPEN = ("issued", "accepted", "reported")
NORMAL, MOST = 50, 100
LONGEST = 4000
SHOWN = 200  # characters of an assignment in a notice


def find(session: Session, assignment_id: int) -> Assignment:
    """Raises NotFound."""
    found = session.get(Assignment, assignment_id)
    if found is None:
        raise NotFound("There is no assignment {id}.", id=assignment_id)
    return found


def begin(
    work: Work, *, client_id: int | None = None, deal_id: int | None = None, complaint_id: int | None = None
) -> ProcessInstance:
    """Begin to issue an assignment about a client, a deal or a complaint: the form is the next step (R188).

    Raises NotFound.
    """
    complaint = work.session.get(Complaint, complaint_id) if complaint_id is not None else None
    if complaint_id is not None and complaint is None:
        raise NotFound("There is no complaint {id}.", id=complaint_id)
    if complaint is not None:
        client_id, deal_id = complaint.client_id, complaint.deal_id
    if deal_id is not None:
        client_id = deals.find(work.session, deal_id).client_id
    if client_id is not None and work.session.get(Client, client_id) is None:
        raise NotFound("There is no client {id}.", id=client_id)
    given = {"complaint_id": complaint_id} if complaint_id is not None else {}
    return instances.start(work, PROCEDURE, given, deal_id=deal_id, client_id=client_id)


def issue(
    work: Work, instance: ProcessInstance, *, what: str, issuer: str, due_at: datetime, expected: str | None = None,
    executor: str | None = None, group: str | None = None, priority: int | None = None, complaint_id: int | None = None,
) -> Assignment:  # fmt: skip
    """Write an assignment down under the next number of the year (R188). Raises Invalid, NotFound."""
    if not what.strip():
        raise Invalid("Say what is to be done.", {"assignment_what": text("Say what is to be done.")})
    if executor is None and group is None:
        raise Invalid("Choose who does it.", {"assignment_executor": text("Choose who does it.")})
    row = Assignment(
        number=next_number(work, "assignment", deals.today(work), NUMBER), what=what.strip()[:LONGEST],
        expected=(expected or "").strip() or None, issuer_id=person(work.session, issuer).id,
        executor_id=person(work.session, executor).id if executor else None,
        executor_group=group if executor is None else None,
        priority=max(0, min(MOST, NORMAL if priority is None else priority)), due_at=due_at,
        client_id=instance.client_id or _client_of(work.session, instance.deal_id), deal_id=instance.deal_id,
        complaint_id=complaint_id, instance_id=instance.id, status="issued", issued_at=work.now,
    )  # fmt: skip
    work.session.add(row)
    work.session.flush()
    _log(work, row, "issued", issuer, number=row.number, executor=executor, group=group, due_at=due_at,
         priority=row.priority)  # fmt: skip
    return row


def accept(work: Work, assignment_id: int, by: str) -> Assignment:
    """The executor takes it; of a group the one who did (R190). Raises NotFound, WrongState."""
    row = _open(work, assignment_id)
    row.executor_id, row.status = person(work.session, by).id, "accepted"
    _log(work, row, "accepted", by)
    return row


def ask(work: Work, assignment_id: int, by: str, question: str) -> None:
    """The executor asks what is meant. Raises NotFound, WrongState."""
    _log(work, _open(work, assignment_id), "asked_about", by, question=question)


def clarify(work: Work, assignment_id: int, by: str, answer: str, due_at: datetime | None = None) -> Assignment:
    """The issuer says what is meant, perhaps with a new due moment. Raises NotFound, WrongState."""
    row = _open(work, assignment_id)
    moved = _move(row, due_at)
    _log(work, row, "clarified", by, answer=answer, **moved)
    return row


def redirect(work: Work, assignment_id: int, by: str, to: str, why: str) -> Assignment:
    """Give it to another executor (R193): he answers anew. Raises NotFound, WrongState, Invalid."""
    row, to_whom = _open(work, assignment_id), person(work.session, to)
    before, row.executor_id, row.executor_group = row.executor_id, to_whom.id, None
    row.status = "issued"
    row.redirects += 1
    _log(work, row, "redirected", by, executor=[_login(work.session, before), to], why=why, redirects=row.redirects)
    return row


def report(work: Work, assignment_id: int, by: str, result: str) -> Assignment:
    """The executor shows what he has done: one more round (R190). Raises NotFound, WrongState."""
    row = _open(work, assignment_id)
    row.status, row.result = "reported", result.strip() or None
    row.round += 1
    _log(work, row, "reported", by, result=result, round=row.round)
    return row


def rework(work: Work, assignment_id: int, by: str, remarks: str, due_at: datetime | None) -> Assignment:
    """The issuer sends it back with remarks and a new due moment (R192). Raises NotFound, WrongState."""
    row = _open(work, assignment_id)
    row.status = "accepted"
    moved = _move(row, due_at)
    _log(work, row, "sent_for_rework", by, remarks=remarks, round=row.round, **moved)
    return row


def finish(work: Work, assignment_id: int, by: str) -> Assignment:
    """The issuer accepts the result (R191). Raises NotFound, WrongState."""
    row = _open(work, assignment_id)
    row.status, row.closed_at = "done", work.now
    _log(work, row, "finished", by, rounds=row.round, redirects=row.redirects)
    return row


def cancel(work: Work, assignment_id: int, by: str, why: str) -> Assignment:
    """It is no longer needed. Raises NotFound, WrongState."""
    row = _open(work, assignment_id)
    row.status, row.closed_at = "cancelled", work.now
    _log(work, row, "cancelled", by, why=why)
    return row


def take_back(work: Work, assignment_id: int, why: str) -> None:
    """The issuer (or a head) cancels it while somebody works on it. Raises NotFound, WrongState, Forbidden, Invalid."""
    row = _open(work, assignment_id)
    if row.issuer_id != work.actor.user_id and not work.actor.groups & {"head", "director", "admin"}:
        raise Forbidden("Only who issued the assignment, or a head, may cancel it.")
    if not why.strip():
        raise Invalid("Say why.", {"reason": text("Say why.")})
    said = {"assignment_cancel_why": why.strip(), "assignment_cancelled_by": work.actor.name}
    messages.correlate(work, CANCELLED, str(row.id), said)


def withdraw(work: Work, deal_id: int, why: str) -> int:
    """A deal came to nothing: what somebody still works on for it is no longer needed. Work that is reported waits for
    its issuer's word. How many were withdrawn."""
    query = select(Assignment.id).where(Assignment.deal_id == deal_id, Assignment.status.in_(UNDER_WAY))
    rows = work.session.scalars(query.order_by(Assignment.id)).all()
    for row_id in rows:
        said = {"assignment_cancel_why": why, "assignment_cancelled_by": work.actor.name}
        messages.correlate(work, CANCELLED, str(row_id), said, thrown.PATIENCE)
    return len(rows)


def person(session: Session, login: str) -> User:
    """Raises Invalid."""
    found = session.scalar(select(User).where(User.login == login, User.active))
    if found is None:
        raise Invalid("There is no user «{login}»", login=login)
    return found


def _open(work: Work, assignment_id: int) -> Assignment:
    row = find(work.session, assignment_id)
    if row.status not in OPEN:
        raise WrongState("The assignment {number} is closed.", number=row.number)
    return row


def _move(row: Assignment, due_at: datetime | None) -> dict[str, Any]:
    if due_at is None or due_at == row.due_at:
        return {}
    before, row.due_at = row.due_at, due_at
    return {"due_at": [before, due_at]}


def _login(session: Session, user_id: int | None) -> str | None:
    return session.get_one(User, user_id).login if user_id is not None else None


def _client_of(session: Session, deal_id: int | None) -> int | None:
    deal = session.get(Deal, deal_id) if deal_id is not None else None
    return deal.client_id if deal is not None else None


def _log(work: Work, row: Assignment, what: str, by: str, **data: Any) -> None:
    instance = work.session.get(ProcessInstance, row.instance_id) if row.instance_id is not None else None
    audit.record(work, f"assignment.{what}", instance=instance, subject=f"assignment:{row.id}", by=by, **data)
    whom = {"accepted": row.issuer_id, "redirected": row.issuer_id, "finished": row.executor_id,
            "cancelled": row.executor_id}.get(what)  # fmt: skip
    told = work.session.get(User, whom) if whom is not None else None
    if told is not None and told.login != by:
        known = work.session.scalar(select(User).where(User.login == by))
        notifications.notify(work, [told], f"assignment_{what}", instance, number=row.number, what=row.what[:SHOWN],
                             name=known.name if known is not None else by)  # fmt: skip

"""The money of a bank statement finds its invoice: by the number in the purpose, else by payer and exact sum (R218).

Where a procedure waits for the accountant to note the payment, that step is completed with the data of the bank line;
otherwise the payment is written down. What finds nothing stays open for the accountant; nothing is lost or taken twice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import access, audit, tasks, work
from engine.crm import bank, imports, payments
from engine.errors import Invalid, NotFound, ReglamentError, Text, WrongState, text
from engine.models import (
    BankLine,
    Client,
    Deal,
    Document,
    ImportRun,
    ProcessInstance,
    ScheduledPayment,
    StoredFile,
    UserTask,
)
from engine.vocabulary import DocumentStatus
from engine.work import Actor, Work

OPEN, MATCHED, IGNORED = "open", "matched", "ignored"
KIND = "bank"
PAYMENT_FORM = "/payment"  # the form in which an accountant notes a payment: sale/payment, payment/payment
NUMBER = re.compile(r"[\w][\w./-]*\d[\w./-]*|\d+", re.UNICODE)
DEAD = {DocumentStatus.CANCELLED, DocumentStatus.SUPERSEDED}
MOST_TOKENS = 40


@dataclass(frozen=True)
class Match:
    """The part of a deal that a payment is for. ``how``: invoice, sum or hand."""

    deal: Deal
    part: ScheduledPayment
    how: str


def keep(work: Work, name: str, content: bytes) -> int:
    """Keep a statement that is to be taken; its id. Raises Forbidden, Invalid for one that cannot be read."""
    access.require(work, "import.bank")
    bank.read(name, content)
    return imports.store(work, name, content, "text/plain")


def statement_of(session: Session, env: Any, actor: Actor, file_id: int) -> tuple[StoredFile, bank.Statement]:
    """A statement this person has brought. Raises NotFound, Invalid."""
    stored = session.get(StoredFile, file_id)
    if stored is None or stored.instance_id is not None or stored.created_by != actor.user_id:
        raise NotFound("There is no such file, or it is not yours to see")
    return stored, bank.read(stored.name, env.files.get(stored.sha256))


def known(session: Session, entries: Sequence[bank.Entry]) -> set[int]:
    """The lines of a statement that have been taken already, or stand in it twice."""
    found: set[int] = set()
    seen: set[tuple[Any, ...]] = set()
    for entry in entries:
        key = (entry.account, entry.dated, entry.number, entry.sum, bank.mark_of(entry))
        if key in seen or _line(session, entry) is not None:
            found.add(entry.line)
        seen.add(key)
    return found


def take(work: Work, file_id: int) -> ImportRun:
    """Take the lines of a statement: incoming ones open, outgoing ones for the record. Doubles are passed over.

    Raises Forbidden, NotFound, Invalid. ``settle`` then finds their invoices.
    """
    access.require(work, "import.bank")
    stored, statement = statement_of(work.session, work.env, work.actor, file_id)
    doubles = known(work.session, statement.entries)
    fresh = [entry for entry in statement.entries if entry.line not in doubles]
    run = ImportRun(
        kind=KIND, file_id=stored.id, mapping={}, rows=len(statement.entries) + len(statement.faults),
        taken=len(fresh), at=work.now, by_id=work.actor.user_id,
        faults=[
            {"row": one.line, "column": "", "reason": one.reason.template,
             "values": {name: str(value) for name, value in one.reason.values.items()}}
            for one in statement.faults
        ],
    )  # fmt: skip
    work.session.add(run)
    work.session.flush()
    for entry in fresh:
        work.session.add(
            BankLine(
                import_id=run.id, account=entry.account, dated=entry.dated, number=entry.number, sum=entry.sum,
                payer_inn=bank.mark_of(entry), payer_name=entry.payer_name, purpose=entry.purpose,
                direction=entry.direction, status=OPEN if entry.direction == "in" else IGNORED,
            )
        )  # fmt: skip
    work.session.flush()
    audit.record(
        work, "import.taken", subject=f"import:{run.id}", kind=KIND, file=stored.name, sha256=stored.sha256,
        new=len(fresh), double=len(doubles), faulty=len(statement.faults),
    )  # fmt: skip
    return run


def settle(env: Any, actor: Actor, run_id: int) -> int:
    """Find the invoices of all open lines of a run, each in a transaction of its own: one that is refused stays open
    with the reason and holds up no other. How many were matched."""
    with env.sessions() as session:
        ids = session.scalars(
            select(BankLine.id).where(BankLine.import_id == run_id, BankLine.status == OPEN).order_by(BankLine.id)
        ).all()
    matched = 0
    for line_id in ids:
        try:
            matched += work.run(env, actor, match, line_id)
        except ReglamentError as error:
            work.run(env, actor, _remark, line_id, error.text)
    return matched


def match(work: Work, line_id: int) -> bool:
    """Find the invoice of an open line and settle it; False when none or several fit. Raises what settling raises."""
    line = _open(work, line_id)
    found, why = find(work.session, line)
    line.client_id = line.client_id or _client_id(work.session, line)
    if found is None:
        _note(line, why)
        return False
    _settle(work, line, found)
    return True


def assign(work: Work, line_id: int, deal_id: int, part: int) -> BankLine:
    """The accountant says which part of which deal a payment is for. Raises NotFound, Forbidden, WrongState."""
    line = _open(work, line_id)
    deal = work.session.get(Deal, deal_id)
    planned = next((row for row in deal.payments if row.part == part), None) if deal is not None else None
    if deal is None or planned is None:
        raise NotFound("Choose a deal and the part of its payment schedule.")
    _settle(work, line, Match(deal, planned, "hand"))
    return line


def ignore(work: Work, line_id: int, reason: str) -> BankLine:
    """The money is for no deal. Raises NotFound, Forbidden, WrongState, Invalid without a reason."""
    line = _open(work, line_id)
    if not reason.strip():
        raise Invalid("Say why.")
    line.status, line.note = IGNORED, {"text": reason.strip()[:500]}
    line.decided_by, line.decided_at = work.actor.user_id, work.now
    audit.record(work, "bank_line.ignored", subject=f"bank_line:{line.id}", reason=reason.strip()[:500])
    return line


def find(session: Session, line: BankLine | bank.Entry) -> tuple[Match | None, Text]:
    """The one part a payment fits, or why there is none.

    An invoice's number counts only with the INN of its client (or where one of them has none): who pays for another
    is a question for a person.
    """
    clients = _payers(session, line.payer_inn)
    named = _by_number(session, line.purpose)
    mine = [one for one in named if not line.payer_inn.isdigit() or _same_payer(one.deal.client, line.payer_inn)]
    if len(mine) == 1:
        return mine[0], text("")
    if named and not mine:
        return None, text("The invoice in the purpose is of another client than the payer.")
    if len(mine) > 1:
        exact = [one for one in mine if one.part.sum - (one.part.received or 0) == line.sum]
        return (exact[0], text("")) if len(exact) == 1 else (None, text("Several invoices are named in the purpose."))
    if not clients:
        return None, text("The payer is not among the clients.")
    fitting = [
        Match(deal, part, "sum")
        for deal, part in _open_parts(session, [client.id for client in clients])
        if part.sum - (part.received or 0) == line.sum
    ]
    if len(fitting) == 1:
        return fitting[0], text("")
    if fitting:
        return None, text("Several parts of deals of this client have this sum.")
    return None, text("The client owes no part of exactly this sum.")


def choices(session: Session, line: BankLine) -> list[tuple[Deal, ScheduledPayment]]:
    """Parts that are still to be paid, those of the payer first: what an accountant chooses from."""
    own = [client.id for client in _payers(session, line.payer_inn)]
    rows = _open_parts(session, own) if own else []
    chosen = {part.id for _, part in rows}
    return rows + [row for row in _open_parts(session, None) if row[1].id not in chosen]


def reason_of(line: BankLine) -> Text | str:
    """Why a line is open still (a sentence of ours), or ignored (in the accountant's words)."""
    note = line.note or {}
    return text(note["template"], **note.get("values", {})) if note.get("template") else str(note.get("text", ""))


def _settle(work: Work, line: BankLine, found: Match) -> None:
    """Complete the step that waits for this payment, else write the payment down."""
    task = _waiting(work, found)
    if task is not None:
        given = {"payment_sum": str(line.sum), "payment_date": line.dated.isoformat(), "payment_reference": line.number}
        tasks.complete(work, task.id, given)
    else:
        settled = payments.record_payment(
            work, found.deal.id, found.part.part, line.sum, line.dated, reference=line.number
        )
        line.payment_id = settled.payment_id
    line.status, line.how, line.note = MATCHED, found.how, None
    line.client_id, line.deal_id, line.part = found.deal.client_id, found.deal.id, found.part.part
    line.decided_by, line.decided_at = work.actor.user_id, work.now
    work.session.flush()
    audit.record(
        work, "bank_line.matched", subject=f"bank_line:{line.id}", deal_id=found.deal.id, part=found.part.part,
        how=found.how, sum=line.sum, by_task=task.id if task is not None else None,
    )  # fmt: skip


def _waiting(work: Work, found: Match) -> UserTask | None:
    """The open step in which this part's payment is to be noted."""
    rows = work.session.scalars(
        select(UserTask)
        .join(ProcessInstance, ProcessInstance.id == UserTask.instance_id)
        .where(ProcessInstance.deal_id == found.deal.id, UserTask.rank.is_not(None))
        .where(UserTask.form_key.endswith(PAYMENT_FORM))
        .order_by(UserTask.id)
    ).all()
    for row in rows:
        due = tasks.seen(work, row).get("due_part")
        if isinstance(due, Mapping) and due.get("part") == found.part.part:
            return row
    return None


def _open(work: Work, line_id: int) -> BankLine:
    access.require(work, "bank.decide")
    line = work.session.get(BankLine, line_id)
    if line is None:
        raise NotFound("There is no bank line {id}.", id=line_id)
    if line.status != OPEN:
        raise WrongState("This payment has been dealt with already.")
    return line


def _line(session: Session, entry: bank.Entry) -> BankLine | None:
    query = select(BankLine).where(
        BankLine.account == entry.account, BankLine.dated == entry.dated, BankLine.number == entry.number,
        BankLine.sum == entry.sum, BankLine.payer_inn == bank.mark_of(entry),
    )  # fmt: skip
    return session.scalar(query.limit(1))


def _by_number(session: Session, purpose: str) -> list[Match]:
    """Invoices that stand whose number is a word of the purpose."""
    words = [word.strip(".,;-/") for word in NUMBER.findall(purpose)][:MOST_TOKENS]
    rows = session.scalars(
        select(Document).where(
            Document.kind == "invoice", Document.number.in_(words), Document.deal_id.is_not(None),
            Document.status.not_in(DEAD),
        )
    ).all()  # fmt: skip
    found: dict[tuple[int, int], Match] = {}
    for row in rows:
        deal = session.get_one(Deal, row.deal_id)
        part = _part_of(row, deal)
        if part is not None and deal.status != "lost":
            found[deal.id, part.part] = Match(deal, part, "invoice")
    return list(found.values())


def _part_of(invoice: Document, deal: Deal) -> ScheduledPayment | None:
    """The part an invoice is for: as the schedule or the invoice says, else the part of its sum, else the next one."""
    said = (invoice.data.get("payment") or {}).get("part")
    linked = [row for row in deal.payments if row.invoice_id == invoice.id]
    named = [row for row in deal.payments if row.part == said]
    owed = [row for row in deal.payments if (row.received or 0) < row.sum]
    alike = [row for row in owed if row.sum == invoice.total]
    return next(iter([*linked, *named, *alike, *owed]), None)


def _payers(session: Session, inn: str) -> list[Client]:
    return list(session.scalars(select(Client).where(Client.inn == inn))) if inn.isdigit() else []


def _same_payer(client: Client, inn: str) -> bool:
    return client.inn is None or client.inn == inn


def _client_id(session: Session, line: BankLine) -> int | None:
    found = _payers(session, line.payer_inn)
    return found[0].id if len(found) == 1 else None


def _open_parts(session: Session, client_ids: Sequence[int] | None) -> list[tuple[Deal, ScheduledPayment]]:
    query = (
        select(Deal, ScheduledPayment)
        .join(ScheduledPayment, ScheduledPayment.deal_id == Deal.id)
        .where(ScheduledPayment.received < ScheduledPayment.sum, Deal.status != "lost")
        .order_by(Deal.id.desc(), ScheduledPayment.part)
        .limit(500)
    )
    if client_ids is not None:
        query = query.where(Deal.client_id.in_(client_ids))
    return [(row[0], row[1]) for row in session.execute(query)]


def _note(line: BankLine, why: Text) -> None:
    line.note = {"template": why.template, "values": {name: str(value) for name, value in why.values.items()}}


def _remark(work: Work, line_id: int, why: Text) -> None:
    _note(_open(work, line_id), why)

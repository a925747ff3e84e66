"""Bank statements: what is in one, and the lines that an accountant has to find an invoice for."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy import func, select
from werkzeug.wrappers import Response

from engine import access
from engine.crm import bank_lines
from engine.crm.exports import Column
from engine.errors import Invalid, ReglamentError, text
from engine.models import BankLine, Client, Deal, User
from engine.queries.words import contain
from engine.web import downloads, reading
from engine.web.i18n import gettext, ngettext, say
from engine.web.pages import Pages, number
from engine.web.rules import allow

blueprint = Blueprint("bank", __name__)
STATUSES = (bank_lines.OPEN, bank_lines.MATCHED, bank_lines.IGNORED)
READERS = ("accountant", "head", "director", "admin", "auditor")
DECIDERS = ("accountant", "admin")
PAGE = 50
SHOWN = 300


@blueprint.get("/bank")
@allow(*READERS)
def listing() -> str | Response:
    """The payments of the statements: those without an invoice first."""
    session, form, page = reading.session(), downloads.wanted(), number("page", 1)
    status, words = request.args.get("status", "open"), request.args.get("q", "").strip()
    status = status if status in STATUSES else "open"
    where = [BankLine.status == status, *contain(words, BankLine.payer_name, BankLine.purpose, BankLine.number)]
    found = (
        select(BankLine, Client, Deal, User)
        .outerjoin(Client, Client.id == BankLine.client_id)
        .outerjoin(Deal, Deal.id == BankLine.deal_id)
        .outerjoin(User, User.id == BankLine.decided_by)
        .where(*where)
        .order_by(BankLine.dated.desc(), BankLine.id.desc())
    )
    size, page = (downloads.MOST, 1) if form else (PAGE, page)
    rows = session.execute(found.limit(size).offset((page - 1) * size)).all()
    if form:
        return _sheet(form, [(row[0], row[1], row[2], row[3]) for row in rows])
    counts = {
        row[0]: row[1] for row in session.execute(select(BankLine.status, func.count()).group_by(BankLine.status))
    }
    total = session.scalar(select(func.count()).select_from(BankLine).where(*where)) or 0
    decides = status == bank_lines.OPEN and bool(reading.actor().groups & set(DECIDERS))
    return render_template(
        "bank.html",
        rows=rows,
        reasons={row[0].id: _why(row[0]) for row in rows},
        choices={row[0].id: bank_lines.choices(session, row[0]) for row in rows} if decides else {},
        counts=counts,
        status=status,
        words=words,
        pages=Pages(page, total, PAGE),
    )


@blueprint.get("/bank/files/<int:file_id>")
@allow(*DECIDERS)
def preview(file_id: int) -> str:
    """What is in a statement, which lines are known already, and what each would be matched to."""
    session = reading.session()
    access.require(reading.look(), "import.bank")
    stored, statement = bank_lines.statement_of(session, reading.environment(), reading.actor(), file_id)
    doubles = bank_lines.known(session, statement.entries)
    incoming = [one for one in statement.entries if one.direction == "in" and one.line not in doubles]
    return render_template(
        "bank_preview.html",
        stored=stored,
        statement=statement,
        doubles=doubles,
        shown=statement.entries[:SHOWN],
        fresh=sum(one.line not in doubles for one in statement.entries),
        matches={one.line: bank_lines.find(session, one) for one in incoming[:SHOWN]},
    )


@blueprint.post("/bank/files/<int:file_id>")
@allow(*DECIDERS)
def take(file_id: int) -> Response:
    """Take the statement and find the invoices."""
    try:
        run = reading.do(bank_lines.take, file_id)
        matched = bank_lines.settle(reading.environment(), reading.actor(), run.id)
    except ReglamentError as error:
        flash(say(error.text), "late")
        return redirect(url_for("bank.preview", file_id=file_id))
    flash(ngettext("%(num)d payment is new.", "%(num)d payments are new.", run.taken) % {"num": run.taken}, "good")
    flash(ngettext("%(num)d found its invoice.", "%(num)d found their invoices.", matched) % {"num": matched}, "good")
    return redirect(url_for("bank.listing"))


@blueprint.post("/bank/<int:line_id>/assign")
@allow(*DECIDERS)
def assign(line_id: int) -> Response:
    """Say what a payment is for: ``part`` is deal and part, divided by a colon."""
    deal, _, part = request.form.get("part", "").partition(":")
    if not deal.isdigit() or not part.isdigit():
        flash(say(Invalid("Choose a deal and the part of its payment schedule.").text), "late")
        return redirect(url_for("bank.listing"))
    done = text("The payment is written down.")
    return reading.act(url_for("bank.listing"), done, bank_lines.assign, line_id, int(deal), int(part))


@blueprint.post("/bank/<int:line_id>/ignore")
@allow(*DECIDERS)
def ignore(line_id: int) -> Response:
    """Say that a payment is for no deal."""
    done = text("The payment is put aside. The reason is in the log.")
    return reading.act(url_for("bank.listing"), done, bank_lines.ignore, line_id, request.form.get("reason", ""))


def _why(line: BankLine) -> str:
    """In the reader's language, unless it is what somebody wrote."""
    reason = bank_lines.reason_of(line)
    return reason if isinstance(reason, str) else say(reason)


def _sheet(form: str, rows: list[tuple[BankLine, Client | None, Deal | None, User | None]]) -> Response:
    _ = gettext
    columns = [
        Column(_("Date"), "date"),
        Column(_("Number")),
        Column(_("Sum"), "money"),
        Column(_("Payer")),
        Column(_("INN")),
        Column(_("Purpose of payment")),
        Column(_("Client")),
        Column(_("Deal")),
        Column(_("Note")),
    ]
    made = [
        [
            line.dated, line.number, line.sum, line.payer_name,
            line.payer_inn if line.payer_inn.isdigit() else "",
            line.purpose, client.name if client else "", deal.number if deal else "", _why(line),
        ]
        for line, client, deal, _person in rows
    ]  # fmt: skip
    return downloads.sheet(form, _("Bank statement"), columns, made)

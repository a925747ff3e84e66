"""Verbs on complaints: a complaint is feedback and a normal element of the process, not a hunt for the guilty (R108).

Registered with a number (R111, R271), looked into by somebody who is not the one complained of, classified by type,
cause, importance and decision (R272), remedied (R113), answered, verified, closed. Every stage keeps its moment (R276).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import access, attachments, audit, thrown
from engine.crm import clients
from engine.crm.deals import today
from engine.documents.issue import next_number
from engine.errors import Forbidden, Invalid, NotFound, Text, WrongState, text
from engine.models import Complaint, Deal, Group, Product, Survey, User
from engine.work import Work

STAGES = ("registered", "acknowledged", "assigned", "investigated", "remedied", "answered", "verified", "closed")
FORMS = ("oral", "written", "survey")
EXPLICITNESS = ("explicit", "hidden")
OUTCOMES = ("satisfied", "unsatisfied", "no_answer", "client_lost", "joined", "not_complaint")
SIGNS = {"category": "categories", "cause": "causes", "importance": "importance", "decision": "decisions"}
NUMBER = {"number": "Ж-{n:04d}/{yy}"}
DIRECTOR = "director"
LONGEST = 4000


@dataclass(frozen=True)
class Told:
    """What is known of a complaint when it is registered."""

    essence: str
    demand: str | None = None
    channel: str = "phone"
    form: str = "oral"
    origin: str = "client"
    explicitness: str = "explicit"
    incoming_number: str | None = None
    against: str | None = None  # login of the employee complained of
    contact_id: int | None = None
    deal_id: int | None = None
    product_id: int | None = None
    survey_id: int | None = None
    received_at: datetime | None = None


def find(session: Session, complaint_id: int) -> Complaint:
    """Raises NotFound."""
    row = session.get(Complaint, complaint_id)
    if row is None:
        raise NotFound("There is no complaint {id}.", id=complaint_id)
    return row


def find_open(session: Session, complaint_id: int) -> Complaint:
    """One that is not closed yet. Raises NotFound, WrongState."""
    row = find(session, complaint_id)
    if row.closed_at is not None:
        raise WrongState("The complaint {number} is closed.", number=row.number)
    return row


def like(session: Session, client_id: int, deal_id: int | None, product_id: int | None) -> list[Complaint]:
    """Open complaints of the client about the same deal or product: the new words may belong to one of them."""
    query = select(Complaint).where(Complaint.client_id == client_id, Complaint.closed_at.is_(None))
    rows = session.scalars(query.order_by(Complaint.id)).all()
    about = [row for row in rows if deal_id is not None and row.deal_id == deal_id]
    about += [row for row in rows if product_id is not None and row.product_id == product_id and row not in about]
    if deal_id is None and product_id is None:
        about = [row for row in rows if row.deal_id is None and row.product_id is None]
    return about


def register(work: Work, client_id: int, told: Told, instance_id: int | None = None) -> Complaint:
    """A new complaint with the next number of the year (R111, R271). Raises NotFound, Invalid by field."""
    clients.find(work.session, client_id)
    row = _new(work, told, _checked(work, told, client_id))
    row.client_id, row.instance_id = client_id, instance_id
    row.term_at = term(work, client_id, row.received_at)
    work.session.add(row)
    work.session.flush()
    audit.record(
        work, "complaint.registered", subject=f"complaint:{row.id}", number=row.number, client_id=client_id,
        deal_id=row.deal_id, origin=row.origin, channel=row.channel, form=row.form, explicitness=row.explicitness,
    )  # fmt: skip
    return row


def receive(
    work: Work, told: Told, sender: Mapping[str, Any], ip: str | None, files: Sequence[tuple[str, bytes]] = ()
) -> Complaint:
    """One from the public page: it has a number at once and no client yet, whoever the writer says he is, so that
    nobody learns from the answer who our clients are. Raises Invalid."""
    row = _new(work, told, _checked(work, told, None))
    kept = [attachments.keep(work, name, content) for name, content in files]
    row.sender = dict(sender) | {"files": [{"id": one.id, "name": one.name, "size": one.size} for one in kept]}
    row.sender_ip = ip
    work.session.add(row)
    work.session.flush()
    audit.record(
        work, "complaint.received", subject=f"complaint:{row.id}", number=row.number, channel=row.channel,
        text_version=sender.get("text_version"),
    )  # fmt: skip
    payload = {"complaint_id": row.id, "client_id": None, "deal_id": None}
    thrown.enqueue(work, "complaint_received", f"complaint:{row.id}", payload, thrown.PATIENCE)
    return row


def tie(work: Work, complaint_id: int, client_id: int, told: Told, instance_id: int | None = None) -> Complaint:
    """The registrar says whose complaint from the public page it is and what he corrected. Raises as ``register``."""
    row = find_open(work.session, complaint_id)
    clients.find(work.session, client_id)
    against_id = _checked(work, told, client_id)
    before, row.client_id = row.client_id, client_id
    row.deal_id, row.product_id, row.contact_id = told.deal_id, told.product_id, told.contact_id
    row.essence, row.demand, row.against_id = told.essence.strip(), told.demand, against_id
    row.form, row.explicitness, row.instance_id = told.form, told.explicitness, instance_id or row.instance_id
    row.term_at = term(work, client_id, row.received_at)
    audit.record(work, "complaint.tied", subject=f"complaint:{row.id}", client_id=[before, client_id],
                 deal_id=row.deal_id)  # fmt: skip
    return row


def join(work: Work, complaint_id: int, essence: str, joined_id: int | None = None) -> Complaint:
    """The same client says more about the same thing: his words are added to the open complaint. ``joined_id``: the
    one that came from the public page and is closed by this. Raises NotFound, WrongState."""
    row = find_open(work.session, complaint_id)
    if joined_id == complaint_id:
        raise WrongState("A complaint cannot be joined to itself.")
    row.essence = f"{row.essence}\n\n{essence.strip()}"[:LONGEST]
    audit.record(work, "complaint.joined", subject=f"complaint:{row.id}", essence=essence.strip(), joined=joined_id)
    if joined_id is not None:
        other = find_open(work.session, joined_id)
        other.client_id = row.client_id
        _close(work, other, "joined")
    return row


def acknowledge(work: Work, complaint_id: int) -> Complaint:
    """The client was told the number and the term. Raises NotFound, WrongState."""
    return _reach(work, find_open(work.session, complaint_id), "acknowledged")


def assign(work: Work, complaint_id: int, login: str) -> Complaint:
    """Name the responsible (R271, R274); never the one complained of. Raises NotFound, WrongState, Forbidden."""
    row = find_open(work.session, complaint_id)
    person = _person(work, login)
    keep_apart(row, person.id)
    before, row.responsible_id = row.responsible_id, person.id
    if before == person.id and row.stage == "assigned":
        return row
    _reach(work, row, "assigned", responsible=[before, person.id])
    return row


def keep_apart(row: Complaint, user_id: int | None) -> None:
    """Raises Forbidden for the one complained of."""
    if user_id is not None and row.against_id == user_id:
        raise Forbidden("The complaint {number} is about this employee: somebody else handles it.", number=row.number)


def pass_on(work: Work, complaint_id: int, unit: str, reason: str) -> Complaint:
    """Give the complaint to another unit (R274); the reason stays in the log. Raises NotFound, WrongState, Invalid."""
    row = find_open(work.session, complaint_id)
    faults: dict[str, Text] = {}
    if work.session.get(Group, unit) is None or unit not in work.env.setting("complaints.units"):
        faults["unit"] = text("Choose a unit of the list.")
    if not reason.strip():
        faults["reason"] = text("Say why")
    if faults:
        raise Invalid("The complaint cannot be passed on yet.", fields=faults)
    audit.record(
        work, "complaint.passed", subject=f"complaint:{row.id}", unit=[row.unit, unit], reason=reason.strip(),
        responsible=[row.responsible_id, None],
    )  # fmt: skip
    row.unit, row.responsible_id = unit, None
    return row


def classify(work: Work, complaint_id: int, verdict: str, findings: str, **signs: str | None) -> Complaint:
    """What was found: the verdict and the four signs of the classification (R112, R272). ``signs``: category, cause,
    importance, decision; the decision may come with the answer. Raises NotFound, WrongState, Invalid by field."""
    row = find_open(work.session, complaint_id)
    faults = {
        name: text("Choose from the list.")
        for name, listed in SIGNS.items()
        if signs.get(name) is not None and signs[name] not in known(work.env, listed)
    }
    if verdict not in known(work.env, "verdicts"):
        faults["verdict"] = text("Choose from the list.")
    if not findings.strip():
        faults["findings"] = text("Say what was found.")
    if faults:
        raise Invalid("The complaint cannot be classified yet.", fields=faults)
    row.verdict, row.findings = verdict, findings.strip()
    for name in SIGNS:
        if signs.get(name) is not None:
            setattr(row, name, signs[name])
    said = {name: getattr(row, name) for name in SIGNS}
    return _reach(work, row, "investigated", verdict=verdict, **said)


def remedy(work: Work, complaint_id: int, kind: str, note: str) -> Complaint:
    """The occasion of the complaint is removed (R113). Raises NotFound, WrongState, Invalid."""
    row = find_open(work.session, complaint_id)
    if kind not in known(work.env, "remedies"):
        raise Invalid("Choose from the list.")
    row.remedy = f"{kind}: {note.strip()}" if note and note.strip() else kind
    return _reach(work, row, "remedied", remedy=kind)


def answer(work: Work, complaint_id: int, decision: str) -> Complaint:
    """The answer has gone to the client. Raises NotFound, WrongState, Invalid."""
    row = find_open(work.session, complaint_id)
    if decision not in known(work.env, "decisions"):
        raise Invalid("Choose from the list.")
    row.decision = decision
    in_time = row.term_at is None or work.now <= row.term_at
    return _reach(work, row, "answered", decision=decision, in_time=in_time)


def verify(work: Work, complaint_id: int, outcome: str) -> Complaint:
    """What the client says about the answer. Raises NotFound, WrongState, Invalid."""
    row = find_open(work.session, complaint_id)
    if outcome not in OUTCOMES[:4]:
        raise Invalid("Choose one of: {choices}.", choices=", ".join(OUTCOMES[:4]))
    row.outcome = outcome
    return _reach(work, row, "verified", outcome=outcome)


def reopen(work: Work, complaint_id: int, reason: str, login: str) -> Complaint:
    """Look into it again on the director's level, as often as the settings allow: once. Raises NotFound, WrongState,
    Forbidden (the director is the one complained of)."""
    row = find_open(work.session, complaint_id)
    limit = int(work.env.setting("complaints.reopen_limit", 1))
    if row.reopened >= limit:
        raise WrongState("The complaint {number} has been looked into again already.", number=row.number)
    person = _person(work, login)
    keep_apart(row, person.id)
    row.reopened, row.unit, row.responsible_id, row.outcome = row.reopened + 1, DIRECTOR, person.id, None
    return _reach(work, row, "assigned", reopened=row.reopened, reason=reason, responsible=person.id)


def close(work: Work, complaint_id: int, outcome: str) -> Complaint:
    """The end; what a client says who leaves is kept too (R123). Raises NotFound, WrongState, Invalid."""
    row = find_open(work.session, complaint_id)
    if outcome not in OUTCOMES:
        raise Invalid("Choose one of: {choices}.", choices=", ".join(OUTCOMES))
    return _close(work, row, outcome)


def term(work: Work, client_id: int, received_at: datetime) -> datetime:
    """The hard limit for the answer: calendar days, shorter for a consumer."""
    kind = "person" if clients.find(work.session, client_id).kind == "person" else "business"
    spec = work.env.setting(f"complaints.terms.{kind}")
    at: datetime = work.env.calendar("main").due(received_at, spec).at
    return at


def handlers(session: Session, units: Sequence[str], against_id: int | None) -> list[User]:
    """The people of these units who may have the complaint: all but the one complained of."""
    found = {person.id: person for unit in units for person in access.members(session, unit)}
    return [person for person in found.values() if person.id != against_id]


def known(env: Any, name: str) -> list[str]:
    """Values of a list of settings/complaints.yaml."""
    return [str(row["value"]) for row in env.setting(f"complaints.{name}")]


def recent_from(session: Session, ip: str, since: datetime) -> int:
    """How many came from this address since a moment."""
    query = select(func.count()).select_from(Complaint)
    return session.scalar(query.where(Complaint.sender_ip == ip, Complaint.received_at > since)) or 0


def _new(work: Work, told: Told, against_id: int | None) -> Complaint:
    settings = work.env.setting("documents.complaint", NUMBER)
    return Complaint(
        number=next_number(work, "complaint", today(work), {**NUMBER, **settings}), channel=told.channel,
        form=told.form, explicitness=told.explicitness, origin=told.origin, incoming_number=told.incoming_number,
        essence=told.essence.strip()[:LONGEST], demand=(told.demand or "").strip() or None, against_id=against_id,
        contact_id=told.contact_id, deal_id=told.deal_id, product_id=told.product_id, survey_id=told.survey_id,
        unit="quality", stage="registered", stage_at=work.now, received_at=told.received_at or work.now, reopened=0,
    )  # fmt: skip


def _checked(work: Work, told: Told, client_id: int | None) -> int | None:
    """Raises Invalid by field; the id of the one complained of."""
    faults: dict[str, Text] = {}
    if not told.essence.strip():
        faults["essence"] = text("Say what the complaint is about.")
    if told.received_at is not None and told.received_at > work.now:
        faults["received_at"] = text("This moment has not come yet.")
    for name, allowed in (
        ("form", FORMS), ("explicitness", EXPLICITNESS), ("channel", known(work.env, "channels")),
        ("origin", known(work.env, "origins")),
    ):  # fmt: skip
        if getattr(told, name) not in allowed:
            faults[name] = text("Choose from the list.")
    deal = work.session.get(Deal, told.deal_id) if told.deal_id is not None else None
    if told.deal_id is not None and (deal is None or deal.client_id != client_id):
        faults["deal_id"] = text("Choose a deal of this client.")
    if told.product_id is not None and work.session.get(Product, told.product_id) is None:
        faults["product_id"] = text("Choose a product of the list.")
    if told.survey_id is not None and work.session.get(Survey, told.survey_id) is None:
        faults["survey_id"] = text("There is no such survey.")
    if faults:
        raise Invalid("The complaint cannot be registered yet.", fields=faults)
    return _person(work, told.against).id if told.against else None


def _reach(work: Work, row: Complaint, stage: str, **data: Any) -> Complaint:
    before, row.stage, row.stage_at = row.stage, stage, work.now
    setattr(row, f"{stage}_at", work.now)
    work.session.flush()
    audit.record(work, f"complaint.{stage}", subject=f"complaint:{row.id}", stage=[before, stage], **data)
    return row


def _close(work: Work, row: Complaint, outcome: str) -> Complaint:
    row.outcome = outcome
    return _reach(work, row, "closed", outcome=outcome)


def _person(work: Work, login: str) -> User:
    person = work.session.scalar(select(User).where(User.login == login, User.active))
    if person is None:
        raise NotFound("There is no user «{login}»", login=login)
    return person

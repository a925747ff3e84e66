"""What the service tasks of complaints and of corrective actions do: thin steps over the verbs on complaints."""
from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select

from engine import access, audit
from engine.actions import ActionCall, Registry
from engine.crm import complaints, knowledge, quality_facts
from engine.errors import Failed
from engine.models import Client, Complaint, Contact, Deal, StoredFile, User, UserTask
from engine.work import Work

MOST_CLIENTS = 300  # in the list of a registrar who must find out whose complaint it is
HIDDEN_LESS = 15  # of the priority: a hidden grievance of the best client goes before a loud one of an ordinary one
TELLING = ("essence", "demand", "channel", "form", "origin", "explicitness", "against")


def register(registry: Registry) -> None:
    """Steps of the complaint and of the corrective action."""
    registry.add("complaint.intake", intake)
    registry.add("complaint.register", enter)
    registry.add("complaint.acknowledge", acknowledge)
    registry.add("complaint.assign", assign)
    registry.add("complaint.pass_on", pass_on)
    registry.add("complaint.classify", classify)
    registry.add("complaint.remedy", remedy)
    registry.add("complaint.answer", answer)
    registry.add("complaint.verify", verify)
    registry.add("complaint.reopen", reopen)
    registry.add("complaint.lesson", lesson)
    registry.add("complaint.close", close)
    registry.add("correction.begin", begin_correction)
    registry.add("correction.similar", similar)
    registry.add("correction.effect", effect)


def intake(work: Work, call: ActionCall) -> dict[str, Any]:
    """-> everything the registrar's form proposes, whoever brought the complaint; names nobody gave become null."""
    given = call.variables
    complaint_id = _whole(given.get("complaint_id"))
    row = complaints.find(work.session, complaint_id) if complaint_id is not None else None
    client_id = (row.client_id if row else None) or call.instance.client_id or _whole(given.get("client_id"))
    deal_id = (row.deal_id if row else None) or call.instance.deal_id or _whole(given.get("deal_id"))
    told = {f"complaint_{name}": given.get(f"complaint_{name}") for name in TELLING}
    if row is not None:
        told |= {f"complaint_{name}": getattr(row, name) for name in TELLING if name != "against"}
    if row is not None:
        _own_files(work, call, row)
    like = complaints.like(work.session, client_id, deal_id, None) if client_id is not None else []
    like = [one for one in like if row is None or one.id != row.id]
    return told | {
        "complaint_id": complaint_id, "complaint_number": row.number if row else None, "client_id": client_id,
        "complaint_deal": deal_id, "survey_id": _whole(given.get("survey_id")),
        "complaint_sender": quality_facts.sender_text(row) if row else None, "complaint_files": _files(row),
        "complaint_similar": [quality_facts.choice(one) for one in like],
        "complaint_employees": quality_facts.people(_everybody(work)),
        "client_choices": _clients(work, row) if client_id is None else [],
        "deal_choices": _deals(work, client_id), "complaint_registrar": _starter(work, call),
        "complaint_priority": _priority(work, client_id, told["complaint_explicitness"]), "complaint_outcome": None,
    }  # fmt: skip


def enter(work: Work, call: ActionCall) -> dict[str, Any]:
    """What the registrar decided -> complaint_result (new, joined, none), complaint_id, complaint_number, client_id,
    complaint_warn_at, complaint_registrar."""
    given = call.variables
    complaint_id, decision = _whole(given.get("complaint_id")), given["registration"]
    client_id = call.instance.client_id or _whole(given.get("client_id")) or _whole(given.get("complaint_client"))
    nothing = dict.fromkeys(("complaint_number", "complaint_warn_at", "complaint_responsible", "complaint_unit"))
    nothing |= {
        "complaint_id": complaint_id, "client_id": client_id, "deal_id": call.instance.deal_id,
        "complaint_outcome": None,
        "complaint_registrar": _completer(work, call, "Register"),
        "complaint_priority": _priority(work, client_id, given.get("complaint_explicitness")),
    }  # fmt: skip
    if decision == "none":
        if complaint_id is not None:
            complaints.close(work, complaint_id, "not_complaint")
        audit.record(work, "complaint.refused", instance=call.instance, reason=given.get("registration_reason"))
        return nothing | {"complaint_result": "none", "complaint_outcome": "not_complaint"}
    if decision == "join":
        target = _whole(given["complaint_join"]) or 0
        complaints.join(work, target, str(given["complaint_essence"]), complaint_id)
        return nothing | {"complaint_result": "joined", "complaint_id": target, "complaint_outcome": "joined"}
    if client_id is None:
        raise Failed("The action {element} needs a client.", element=call.element_id)
    told, own = _told(given), call.instance.key == "complaint"
    if complaint_id is not None:
        row = complaints.tie(work, complaint_id, client_id, told, call.instance.id)
    else:
        row = complaints.register(work, client_id, told, call.instance.id)
    if own:
        call.instance.client_id, call.instance.deal_id = client_id, call.instance.deal_id or row.deal_id
        call.instance.business_key = row.number
        client = work.session.get_one(Client, client_id)
        call.instance.title = f"Жалоба {row.number} · {client.name}"
    return nothing | {
        "complaint_result": "new", "complaint_id": row.id, "complaint_number": row.number,
        "deal_id": call.instance.deal_id or row.deal_id,
        "complaint_warn_at": _warn_at(work, row), "complaint_unit": row.unit,
    }  # fmt: skip


def acknowledge(work: Work, call: ActionCall) -> None:
    """The client knows number and term."""
    complaints.acknowledge(work, _id(call))


def assign(work: Work, call: ActionCall) -> dict[str, Any]:
    """login -> complaint_responsible."""
    row = complaints.assign(work, _id(call), str(call.inputs["login"]))
    return {"complaint_responsible": str(call.inputs["login"]), "complaint_unit": row.unit}


def pass_on(work: Work, call: ActionCall) -> dict[str, Any]:
    """unit, reason -> complaint_unit, complaint_responsible (nobody yet: one of the unit takes it)."""
    row = complaints.pass_on(work, _id(call), str(call.inputs["unit"]), str(call.inputs["reason"]))
    return {"complaint_unit": row.unit, "complaint_responsible": None}


def classify(work: Work, call: ActionCall) -> dict[str, Any]:
    """verdict, findings, category, cause, importance -> complaint_responsible: who looked into it, if nobody else."""
    row, given = complaints.find(work.session, _id(call)), call.inputs
    done_by = _completer(work, call, "Investigate")
    if row.responsible_id is None and done_by is not None:
        complaints.assign(work, row.id, done_by)
    complaints.classify(
        work, row.id, str(given["verdict"]), str(given["findings"]), category=given.get("category"),
        cause=given.get("cause"), importance=given.get("importance"),
    )  # fmt: skip
    responsible = work.session.get(User, row.responsible_id) if row.responsible_id is not None else None
    return {"complaint_responsible": responsible.login if responsible else None}


def remedy(work: Work, call: ActionCall) -> None:
    """kind, note: what was done for the client."""
    complaints.remedy(work, _id(call), str(call.inputs["kind"]), str(call.inputs.get("note") or ""))


def answer(work: Work, call: ActionCall) -> None:
    """decision: the answer has gone."""
    complaints.answer(work, _id(call), str(call.inputs["decision"]))


def verify(work: Work, call: ActionCall) -> dict[str, Any]:
    """outcome -> complaint_outcome, complaint_may_reopen."""
    row = complaints.verify(work, _id(call), str(call.inputs["outcome"]))
    again = row.reopened < int(work.env.setting("complaints.reopen_limit", 1))
    directors = complaints.handlers(work.session, [complaints.DIRECTOR], row.against_id)
    return {"complaint_outcome": row.outcome, "complaint_may_reopen": again and bool(directors)}


def reopen(work: Work, call: ActionCall) -> dict[str, Any]:
    """reason -> complaint_responsible (a director who is not the one complained of), complaint_warn_at."""
    row = complaints.find(work.session, _id(call))
    director = complaints.handlers(work.session, [complaints.DIRECTOR], row.against_id)[0]
    complaints.reopen(work, row.id, str(call.inputs.get("reason") or ""), director.login)
    until = work.env.calendar(call.instance.office).due(work.now, work.env.setting("deadlines.CP-19")).at
    return {"complaint_responsible": director.login, "complaint_unit": complaints.DIRECTOR, "complaint_warn_at": until}


def lesson(work: Work, call: ActionCall) -> None:
    """kind (none, case, faq), title, body: a draft for the knowledge base (R179)."""
    kind = str(call.inputs["kind"])
    if kind != "none":
        row = complaints.find(work.session, _id(call))
        knowledge.create(
            work, kind, str(call.inputs["title"]), str(call.inputs["body"]), complaint_id=row.id,
            product_id=row.product_id,
        )  # fmt: skip


def close(work: Work, call: ActionCall) -> None:
    """outcome: the end."""
    complaints.close(work, _id(call), str(call.inputs["outcome"]))


def begin_correction(work: Work, call: ActionCall) -> dict[str, Any]:
    """-> complaint_id, correction_essence, correction_process: null where nobody said so."""
    complaint_id = _whole(call.variables.get("complaint_id"))
    row = complaints.find(work.session, complaint_id) if complaint_id is not None else None
    keys = [one.key for one in work.env.library.in_force(work.session)]
    names = {one.key: one.name for one in work.env.library.in_force(work.session)}
    return {
        "complaint_id": complaint_id, "correction_essence": row.findings if row else None,
        "correction_cause": row.cause if row else None, "correction_round": 1, "root_cause": None,
        "correction_issuer": access.members(work.session, "quality")[0].login,
        "correction_action": None,
        "correction_similar": [quality_facts.choice(one) for one in quality_facts.similar(work.session, row)]
        if row else [],
        "correction_processes": [{"value": key, "label": names[key]} for key in sorted(keys, key=lambda k: names[k])],
        "correction_employees": quality_facts.people(_everybody(work)),
    }  # fmt: skip


def similar(work: Work, call: ActionCall) -> dict[str, Any]:
    """cause -> correction_similar: cases of this cause in the last twelve months."""
    since = work.now - quality_facts.YEAR
    query = select(Complaint).where(Complaint.cause == call.inputs["cause"], Complaint.received_at > since)
    rows = work.session.scalars(query.order_by(Complaint.received_at.desc()).limit(quality_facts.RECENT)).all()
    return {"correction_similar": [quality_facts.choice(row) for row in rows]}


def effect(work: Work, call: ActionCall) -> dict[str, Any]:
    """cause, since -> correction_repeats: how often the cause came back."""
    since = call.inputs["since"]
    if not isinstance(since, datetime):
        raise Failed("The action {element} needs a moment.", element=call.element_id)
    query = select(Complaint.id).where(Complaint.cause == call.inputs["cause"], Complaint.received_at > since)
    return {"correction_repeats": len(work.session.scalars(query).all())}


def _told(given: Mapping[str, Any]) -> complaints.Told:
    return complaints.Told(
        essence=str(given["complaint_essence"]), demand=given.get("complaint_demand"),
        channel=given.get("complaint_channel") or "phone", form=given.get("complaint_form") or "oral",
        origin=given.get("complaint_origin") or "client",
        explicitness=given.get("complaint_explicitness") or "explicit", against=given.get("complaint_against"),
        incoming_number=given.get("complaint_incoming"), contact_id=_whole(given.get("contact_id")),
        deal_id=_whole(given.get("complaint_deal")), survey_id=_whole(given.get("survey_id")),
        received_at=given.get("complaint_received_at"),
    )  # fmt: skip


def _warn_at(work: Work, row: Complaint) -> datetime | None:
    if row.term_at is None:
        return None
    calendar = work.env.calendar("main")
    before: datetime = calendar.before(row.term_at, work.env.setting("deadlines.complaint_limit_warning"))
    return before


def _clients(work: Work, row: Complaint | None) -> list[dict[str, Any]]:
    """Those the writer may be first: by mail, phone, number of the deal; then the others."""
    contact = str(((row.sender if row else None) or {}).get("contact") or "")
    order = str(((row.sender if row else None) or {}).get("order") or "").strip()
    first: list[int] = []
    if contact:
        people = select(Contact.client_id).where(or_(Contact.email == contact, Contact.phone == contact))
        first += list(work.session.scalars(people.limit(10)))
    if order:
        first += list(work.session.scalars(select(Deal.client_id).where(Deal.number == order).limit(10)))
    likely = {one.id: one for one in work.session.scalars(select(Client).where(Client.id.in_(first)))}
    others = work.session.scalars(select(Client).order_by(Client.name).limit(MOST_CLIENTS)).all()
    rows = [*likely.values(), *(one for one in others if one.id not in likely)]
    return [{"value": one.id, "label": f"{one.name}{', ИНН ' + one.inn if one.inn else ''}"} for one in rows]


def _deals(work: Work, client_id: int | None) -> list[dict[str, Any]]:
    if client_id is None:
        return []
    rows = work.session.scalars(select(Deal).where(Deal.client_id == client_id).order_by(Deal.id.desc()).limit(50))
    return [{"value": row.id, "label": f"{row.number} · {row.title}"} for row in rows]


def _everybody(work: Work) -> list[User]:
    return list(work.session.scalars(select(User).where(User.active).order_by(User.last, User.first)))


def _priority(work: Work, client_id: int | None, explicitness: Any) -> int:
    """By the client's class: the more valuable he is, the sooner (R260); hidden dissatisfaction waits longer than what
    was said aloud (X12)."""
    client = work.session.get(Client, client_id) if client_id is not None else None
    usual = {"A": 80, "B": 70}.get((client.abc or "") if client else "", 60)
    return usual - HIDDEN_LESS if explicitness == "hidden" else usual


def _starter(work: Work, call: ActionCall) -> str | None:
    """Who told of it by starting the procedure by hand registers it himself."""
    if call.instance.key != "complaint" or call.instance.started_by is None:
        return None
    person = work.session.get_one(User, call.instance.started_by)
    mine = {key for key in ("operator", "manager", "quality") for one in access.members(work.session, key)
            if one.id == person.id}  # fmt: skip
    return person.login if mine else None


def _completer(work: Work, call: ActionCall, element_id: str) -> str | None:
    query = (
        select(User.login)
        .join(UserTask, UserTask.completed_by == User.id)
        .where(UserTask.instance_id == call.instance.id, UserTask.element_id == element_id)
        .order_by(UserTask.ended_at.desc(), UserTask.id.desc())
    )
    return work.session.scalars(query.limit(1)).first()


def _files(row: Complaint | None) -> list[dict[str, Any]]:
    kept = (row.sender or {}).get("files") if row is not None else None
    return list(kept or [])


def _own_files(work: Work, call: ActionCall, row: Complaint) -> None:
    """Files from the public page belong to the instance from now on, so that those who see it may open them."""
    for kept in _files(row):
        file = work.session.get(StoredFile, int(kept["id"]))
        if file is not None and file.instance_id is None:
            file.instance_id = call.instance.id


def _id(call: ActionCall) -> int:
    found = _whole(call.variables.get("complaint_id"))
    if found is None:
        raise Failed("The action {element} needs a complaint.", element=call.element_id)
    return found


def _whole(value: Any) -> int | None:
    return None if value in (None, "") else int(value)

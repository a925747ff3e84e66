"""What the service tasks between sales do: the next contact and what came of it, lost clients, warnings, greetings."""
from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import select

from engine import notifications
from engine.actions import ActionCall, Registry
from engine.crm import (
    churn,
    classes,
    clients,
    contact_log,
    deals,
    followup,
    invariants,
    leads,
    next_contacts,
    occasions,
    periods,
    rounds,
)
from engine.errors import Failed
from engine.models import Contact, Product, UserTask
from engine.quick import with_many
from engine.vocabulary import TaskStatus
from engine.work import Work

USUAL, AGREED = "CP-08", "CP-22"  # control points of the next contact: by the client's kind, and as agreed in a talk
LOGGED = {"sale": "interested", "interested": "interested", "needs": "interested", "later": "later",
          "refused": "refused", "stop": "refused", "no_answer": "no_answer"}  # fmt: skip


def register(registry: Registry) -> None:
    """The next contact and its results."""
    registry.add("development.plan", plan)
    registry.add("development.log", log)
    registry.add("development.refuse", refuse)
    registry.add("development.sell", sell)
    registry.add("development.stop", stop)
    registry.add("contacts.gaps", find_gaps)
    registry.add("greeting.select", select_greetings)
    registry.add("greeting.send", send_greeting)
    registry.add("greeting.log", log_greeting)
    registry.add("churn.select", select_leaving)
    registry.add("churn.look", look)
    registry.add("winback.prepare", prepare_winback)
    registry.add("winback.refuse", refuse_for_good)
    registry.add("classes.recalculate", recalculate)


def plan(work: Work, call: ActionCall) -> dict[str, Any]:
    """next_contact {date, purpose, product} or null -> contact_over, contact_on, contact_code (CP-22 on a day that was
    agreed in a talk, else CP-08), contact_purpose, contact_product {id, name}, contact_ideal, contact_periodic,
    contact_script {opening, questions, offer}."""
    client_id = _client(call)
    if followup.is_over(clients.find(work.session, client_id)):
        next_contacts.clear(work, client_id, "К клиенту больше не обращаемся")
        return {"contact_over": True, "contact_ideal": False, "contact_periodic": False, **dict.fromkeys(
            ("contact_on", "contact_code", "contact_purpose", "contact_product", "contact_script")
        )}  # fmt: skip
    found = followup.plan(work, client_id, call.inputs.get("next_contact"))
    product = found.product
    return {
        "contact_over": False, "contact_on": found.on, "contact_purpose": found.purpose,
        "contact_code": AGREED if (call.inputs.get("next_contact") or {}).get("talk") else USUAL,
        "contact_product": {"id": product.id, "name": product.name} if product is not None else None,
        "contact_ideal": found.ideal, "contact_periodic": found.periodic,
        "contact_script": followup.script(work.env, work.session, product, ideal=found.ideal),
    }  # fmt: skip


def log(work: Work, call: ActionCall) -> dict[str, Any]:
    """result -> agreed {date, purpose, product} or null: a line in the contact log for every talk, needs and new
    particulars written down, and the day of the next one (R060, R297)."""
    said, client_id = call.variables, _client(call)
    result = str(call.inputs["result"])
    person = _person(work, client_id, said.get("contact_person"))
    agreed = _agreed(work, call, result)
    told = f"{_day_text(agreed['date'])}: {agreed.get('purpose') or ''}".strip(": ") if agreed else None
    contact_log.record(
        work, client_id, channel=str(said.get("contact_channel") or "phone"), purpose=str(said["contact_purpose"]),
        contact_id=person.id if person is not None else None, instance_id=call.instance.id,
        user_id=_who(work, call, str(call.inputs["step"])), result=LOGGED.get(result, "answered"),
        note=said.get("contact_note"), agreed=told,
    )  # fmt: skip
    if result == "needs":
        followup.note_need(work, client_id, str(said["contact_need"]), _id(said.get("contact_need_product")))
    if result == "data" and person is not None:
        told = {name: said.get(f"contact_{name}_new") for name in ("phone", "email", "position")}
        followup.change_contact(work, person.id, **told)
    return {"agreed": {**agreed, "talk": True} if agreed and result == "later" else agreed}


def refuse(work: Work, call: ActionCall) -> dict[str, Any]:
    """product_id, category, comment: this product is not wanted (R040)."""
    given = call.inputs
    product_id = _id(given.get("product_id"))
    if product_id is not None:
        comment = str(given.get("comment") or "")
        followup.refuse_product(work, _client(call), product_id, str(given["category"]), comment)
    return {}


def sell(work: Work, call: ActionCall) -> dict[str, Any]:
    """title, product_id, cycle, need, discount (per cent, as it was agreed) -> deal_id: a sale grows out of the talk
    (R021, R135, R253)."""
    given, client_id = call.inputs, _client(call)
    product = work.session.get(Product, _id(given.get("product_id")) or 0)
    client = clients.find(work.session, client_id)
    owner = client.owner_id or _who(work, call, str(call.inputs["step"]))
    person = _person(work, client_id, call.variables.get("contact_person"))
    deal = deals.open_deal(
        work, client_id, str(given.get("title") or (product.name if product is not None else "Продажа")),
        contact_id=person.id if person is not None else None, owner_id=owner, initiative="company",
        cycle=str(given.get("cycle") or "long"), need=given.get("need"),
        product_ids=[product.id] if product is not None else [],
    )  # fmt: skip
    if product is not None:
        deals.set_lines(work, deal.id, [{"product_id": product.id}], given.get("discount"))
    next_contacts.clear(work, client_id, "Открыта сделка")
    return {"deal_id": deal.id}


def stop(work: Work, call: ActionCall) -> dict[str, Any]:
    """reason: the client asks not to be approached any more."""
    client_id, reason = _client(call), str(call.inputs["reason"])
    leads.opt_out(work, client_id, reason)
    next_contacts.clear(work, client_id, reason)
    if call.instance.key != followup.PROCEDURE:
        followup.let_go(work, client_id)
    return {}


def find_gaps(work: Work, _call: ActionCall) -> dict[str, Any]:
    """-> found: for every client without a next contact the head gets a task, once a day (R137); the development of
    those who are approached no more comes to its end."""
    followup.let_go(work)
    today = deals.today(work)
    found = invariants.without_next_contact(work.session, work.now)
    begun = [one.id for one in found if rounds.begin_for(work, "contact_gap", one.id, f"{one.id}:{today}", {})]
    return {"found": len(begun)}


def select_greetings(work: Work, _call: ActionCall) -> dict[str, Any]:
    """-> found: a greeting begins for everybody whose day it is and who allowed it, once a year for each occasion."""
    found = occasions.today(work.session, work.env, deals.today(work), work.now)
    begun = [
        one for one in found
        if rounds.begin_for(
            work, "greeting_event", one.client_id, one.key,
            {"contact_id": one.contact_id, "greeting_kind": one.kind, "greeting_personal": one.personal,
             "greeting_title": one.title, "greeting_subject": one.subject, "greeting_body": one.body},
            alone=False,
        )
    ]  # fmt: skip
    return {"found": len(begun)}


def send_greeting(work: Work, call: ActionCall) -> dict[str, Any]:
    """subject, body: the mail goes out and is written down."""
    person = _greeted(work, call)
    notifications.write(
        work, call.key, str(person.email), str(call.inputs["subject"]), str(call.inputs["body"]), instance=call.instance
    )
    _log_greeting(work, call, person, "mail", "sent", str(call.inputs["subject"]))
    return {}


def log_greeting(work: Work, call: ActionCall) -> dict[str, Any]:
    """channel, result, note, step: what the manager did, or what the invited person answered."""
    given = call.inputs
    _log_greeting(work, call, _greeted(work, call), str(given.get("channel") or "phone"), str(given["result"]),
                  given.get("note"), _who(work, call, str(given["step"])))  # fmt: skip
    return {}


def select_leaving(work: Work, _call: ActionCall) -> dict[str, Any]:
    """-> found: one open watch for every client that shows a sign of leaving (R250, R326)."""
    today = deals.today(work)
    found = churn.signals(work.session, work.env, today)
    begun = [
        one for one, signs in found.items()
        if rounds.begin_for(work, "churn_watch", one, f"{one}:{today}", {"churn_signals": signs})
    ]  # fmt: skip
    return {"found": len(begun)}


def look(work: Work, call: ActionCall) -> dict[str, Any]:
    """-> churn_signals, churn_state: what the client shows today."""
    client_id = _client(call)
    signs = churn.signals(work.session, work.env, deals.today(work)).get(client_id, [])
    return {"churn_signals": signs, "churn_state": clients.find(work.session, client_id).state}


def prepare_winback(work: Work, call: ActionCall) -> dict[str, Any]:
    """-> winback_over, contact_purpose, contact_script: whether and how the lost client is spoken to (R253)."""
    client = clients.find(work.session, _client(call))
    script = (work.env.settings.get("scripts") or {}).get("winback") or {}
    return {
        "winback_over": followup.is_over(client), "contact_purpose": "Вернуть клиента",
        "contact_script": {"opening": "", "questions": [], "offer": ""} | script,
    }  # fmt: skip


def refuse_for_good(work: Work, call: ActionCall) -> dict[str, Any]:
    """reason, category -> next_contact: in twelve months we ask again (R253)."""
    client = clients.find(work.session, _client(call))
    months = int(work.env.setting("development.winback.pause_months"))
    day = periods.add_months(deals.today(work), months)
    product = development_product(work, client.id)
    return {"next_contact": {"date": day, "purpose": f"Вернуться после отказа: {call.inputs['reason']}"[:500],
                             "product": product}}  # fmt: skip


def recalculate(work: Work, _call: ActionCall) -> dict[str, Any]:
    """-> changed, lost, watched, enrolled: classes and states of all clients, and what follows from them (R034)."""
    today = deals.today(work)
    changes = classes.recalculate(work, today)
    lost = [one for one in changes if one.lost]
    fallen = [one for one in changes if one.before["abc"] == "A" and one.after["abc"] in ("B", "C") and not one.lost]
    regular = [one for one in changes if one.after["state"] == "regular" != one.before["state"]]
    count = {
        name: sum(rounds.begin_for(work, procedure, one.client_id, f"{one.client_id}:{today}", given) for one in rows)
        for name, procedure, rows, given in (
            ("lost", "winback", lost, {}),
            ("watched", "churn_watch", fallen, {"churn_signals": ["class"]}),
            ("enrolled", "loyalty_enrolment", regular, {}),
        )
    }
    return {"changed": len(changes), **count}


def development_product(work: Work, client_id: int) -> int | None:
    """What the client would be offered next by the matrix."""
    product = followup.reckon(work, clients.find(work.session, client_id), {}).product
    return product.id if product is not None else None


def _greeted(work: Work, call: ActionCall) -> Contact:
    person = work.session.get(Contact, _id(call.variables.get("contact_id")) or 0)
    if person is None or person.client_id != _client(call):
        raise Failed("The person to be greeted is gone.")
    return person


def _log_greeting(
    work: Work, call: ActionCall, person: Contact, channel: str, result: str, note: Any, user_id: int | None = None
) -> None:
    contact_log.record(
        work, person.client_id, channel=channel, purpose=str(call.variables["greeting_title"]), contact_id=person.id,
        instance_id=call.instance.id, user_id=user_id, result=result, note=str(note) if note else None,
    )  # fmt: skip


def _agreed(work: Work, call: ActionCall, result: str) -> dict[str, Any] | None:
    """The day of the next talk: as told, or what the result calls for; null: reckoned by the interval."""
    said = call.variables
    if call.instance.key != followup.PROCEDURE:
        return None
    known = {"purpose": said.get("contact_purpose"), "product": (said.get("contact_product") or {}).get("id")}
    if result == "later":
        return dict(said["next_contact"])
    if result in {"no_answer", "complaint", "data"}:
        spec = work.env.setting("development.no_answer" if result != "complaint" else "development.after_complaint")
        return known | {"date": work.env.calendar("main").due(work.now, spec).at.date()}
    return None


def _day_text(day: Any) -> str:
    return f"{day:%d.%m.%Y}" if isinstance(day, date) else str(day)


def _person(work: Work, client_id: int, chosen: Any) -> Contact | None:
    """Whom we speak to: as chosen, else the first who still works there."""
    people = [one for one in with_many(clients.find(work.session, client_id), "contacts").contacts if one.active]
    return next((one for one in people if one.id == _id(chosen)), people[0] if people else None)


def _who(work: Work, call: ActionCall, step: str) -> int | None:
    """Who completed this step last."""
    return work.session.scalar(
        select(UserTask.completed_by)
        .where(UserTask.instance_id == call.instance.id, UserTask.element_id == step,
               UserTask.status == TaskStatus.COMPLETED)
        .order_by(UserTask.ended_at.desc(), UserTask.id.desc())
        .limit(1)
    )  # fmt: skip


def _client(call: ActionCall) -> int:
    if call.instance.client_id is None:
        raise Failed("The action {element} needs a client.", element=call.element_id)
    return call.instance.client_id


def _id(value: Any) -> int | None:
    return int(value) if value not in (None, "") else None

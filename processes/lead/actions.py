"""What the service tasks of enquiries and cold calls do: thin steps over the verbs on leads, clients and deals."""
from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from engine import notifications, values
from engine.actions import ActionCall, Registry
from engine.crm import campaigns, clients, consents, contact_log, deals, development, leads, next_contacts, segments
from engine.documents import lifecycle
from engine.errors import Conflict, Failed
from engine.models import Consent, Product, User
from engine.work import Work

GROUNDS = {"inn": "ИНН", "phone": "телефон", "mail": "почта"}
REASONS = {
    leads.STOPPED: "Клиент в стоп-листе", leads.NO_LABEL: "Не задана метка звонка компании",
    leads.NO_PHONE: "Нет телефона", leads.NO_GROUND: "Нет согласия на звонки",
}  # fmt: skip
LOGGED = {"not_target": "answered", "short": "interested", "long": "interested", "answered": "answered",
          "later": "later", "stop": "refused"}  # fmt: skip


def register(registry: Registry) -> None:
    """Enquiries, calls, and deals that grow out of them."""
    registry.add("lead.check", check)
    registry.add("lead.register", enter)
    registry.add("lead.log", log)
    registry.add("lead.reject", reject)
    registry.add("lead.stop", stop)
    registry.add("lead.next_contact", agree)
    registry.add("lead.contact", add_person)
    registry.add("lead.ground", ground)
    registry.add("lead.questions", questions)
    registry.add("deal.open", open_deal)
    registry.add("deal.qualify", qualify)
    registry.add("consent.missing", consents_missing)
    registry.add("consent.record", consents_record)


def check(work: Work, call: ActionCall) -> dict[str, Any]:
    """enquiry -> enquiry_faults, matches [{client_id, name, why, person}]."""
    enquiry = call.inputs["enquiry"]
    found = leads.doubles(work.session, enquiry)
    return {
        "enquiry_faults": leads.faults(work.session, enquiry),
        "matches": [
            {"client_id": one.client.id, "name": one.client.name, "why": GROUNDS[one.by],
             "person": f"{one.contact.last} {one.contact.first}" if one.contact is not None else None}
            for one in found
        ],
    }  # fmt: skip


def enter(work: Work, call: ActionCall) -> dict[str, Any]:
    """enquiry, identity, match_id -> client_id, contact_id, lead_kind, lead_owner, simple (sold by the price list)."""
    enquiry, given = call.inputs["enquiry"], call.inputs
    made = leads.register(work, enquiry, str(given.get("identity") or leads.NEW), _number(given.get("match_id")))
    call.instance.client_id = made.client.id
    author = _initiator(work, call)
    contact_log.record(
        work, made.client.id, channel=str(enquiry.get("channel") or "phone"), purpose="Обращение", direction="in",
        contact_id=made.contact.id, campaign_id=_number(enquiry.get("campaign_id")), instance_id=call.instance.id,
        user_id=author, result="answered", note=enquiry.get("need"),
    )  # fmt: skip
    if (campaign_id := _number(enquiry.get("campaign_id"))) is not None:
        campaigns.answered(work, campaign_id, made.client.id)
    owner = work.session.get(User, made.client.owner_id) if made.client.owner_id is not None else None
    product = _product(work, enquiry.get("product_id"))
    return {"client_id": made.client.id, "contact_id": made.contact.id, "lead_kind": made.kind,
            "lead_owner": owner.login if owner is not None else None,
            "simple": product is not None and product.simple}  # fmt: skip


def log(work: Work, call: ActionCall) -> dict[str, Any]:
    """purpose, result, note, channel: a line in the contact log, for the person who made the contact."""
    given, client_id = call.inputs, _client(call)
    result = str(given.get("result") or "answered")
    contact_log.record(
        work, client_id, channel=str(given.get("channel") or "phone"), purpose=str(given["purpose"]),
        contact_id=_number(call.variables.get("contact_id")), deal_id=call.instance.deal_id,
        campaign_id=_number(call.variables.get("campaign_id")), instance_id=call.instance.id,
        user_id=_owner(work, client_id), result=LOGGED.get(result, result), note=given.get("note"),
    )  # fmt: skip
    return {}


def reject(work: Work, call: ActionCall) -> dict[str, Any]:
    """reason: not one of our clients."""
    leads.reject(work, _client(call), str(call.inputs["reason"]))
    return {}


def stop(work: Work, call: ActionCall) -> dict[str, Any]:
    """reason: asks not to be approached any more; what was agreed is off."""
    leads.opt_out(work, _client(call), str(call.inputs["reason"]))
    next_contacts.clear(work, _client(call), str(call.inputs["reason"]))
    return {}


def agree(work: Work, call: ActionCall) -> dict[str, Any]:
    """next_contact {date, purpose, product}: the client is spoken to again on that day."""
    given = call.inputs["next_contact"]
    day, product = _day(given["date"], deals.today(work)), _number(given.get("product"))
    next_contacts.set(work, _client(call), day, str(given["purpose"]), product)
    return {}


def add_person(work: Work, call: ActionCall) -> dict[str, Any]:
    """person {last, first, position, phone} -> contact_id: whom to talk to instead."""
    given = call.inputs["person"]
    made = clients.add_contact(
        work, _client(call), str(given["last"]), str(given["first"]), str(given.get("position") or ""),
        phone=given.get("phone"),
    )  # fmt: skip
    return {"contact_id": made.id}


def ground(work: Work, call: ActionCall) -> dict[str, Any]:
    """contact_id, product_id -> call_allowed, call_why, call_at, contact_id, product_id, product_name, script,
    questions. The product is the next one by the matrix, unless somebody chose."""
    client = clients.find(work.session, _client(call))
    rules = work.env.setting("lead.calls", {})
    found = leads.ground(work, client.id, _number(call.inputs.get("contact_id")), rules)
    if found.reason is not None:
        _say_why_not(work, call, client.name, REASONS[found.reason])
    product = _product(work, call.inputs.get("product_id")) or development.next_product(work.session, client)
    return {
        "call_allowed": found.reason is None, "call_why": REASONS.get(found.reason or ""), "call_at": found.at,
        "contact_id": found.contact.id if found.contact is not None else None,
        "product_id": product.id if product is not None else None,
        "product_name": product.name if product is not None else "знакомство с компанией",
        "script": _chosen(work, "script", product, client.segment),
        "questions": _chosen(work, "questions", product, client.segment),
    }  # fmt: skip


def questions(work: Work, call: ActionCall) -> dict[str, Any]:
    """-> questions for the deal: by its first product and the client's segment (R223)."""
    deal = deals.find(work.session, _deal(call))
    product = next((_product(work, line.product_id) for line in deal.lines if line.product_id is not None), None)
    segment = clients.find(work.session, deal.client_id).segment
    return {"questions": _chosen(work, "questions", product, segment)}


def open_deal(work: Work, call: ActionCall) -> dict[str, Any]:
    """title, product_id, initiative, cycle, source_id, campaign_id, need, contact_id, caused_by_id -> deal_id. A
    product becomes the first line at its price; the instance is about the deal from now on."""
    given, client_id = call.inputs, _client(call)
    product = _product(work, given.get("product_id"))
    deal = deals.open_deal(
        work, client_id, str(given.get("title") or (product.name if product is not None else "Продажа")),
        contact_id=_number(given.get("contact_id")), owner_id=_owner(work, client_id),
        initiative=str(given.get("initiative") or "company"), cycle=str(given.get("cycle") or "long"),
        source_id=_number(given.get("source_id")), campaign_id=_number(given.get("campaign_id")),
        need=given.get("need"), caused_by_id=_number(given.get("caused_by_id")),
        product_ids=[product.id] if product is not None else [],
    )  # fmt: skip
    if product is not None:
        deals.set_lines(work, deal.id, [{"product_id": product.id}])
    call.instance.deal_id = deal.id
    if deal.campaign_id is not None:
        campaigns.answered(work, deal.campaign_id, client_id, deal_id=deal.id)
    next_contacts.clear(work, client_id, "Открыта сделка")
    return {"deal_id": deal.id}


def qualify(work: Work, call: ActionCall) -> dict[str, Any]:
    """probability, need, expected_on, expected_sum, known {money, decides, rival, risk, risk_note} -> forecast: the sum
    multiplied by the chance (R215)."""
    given, deal_id = call.inputs, _deal(call)
    percent, expected = int(given["probability"]), given.get("expected_on")
    forecast = deals.set_prospects(
        work, deal_id, probability=percent, need=given.get("need"),
        expected_on=expected if isinstance(expected, date) else None, known=given.get("known"),
    )  # fmt: skip
    if forecast == 0 and given.get("expected_sum"):
        forecast = Decimal(str(given["expected_sum"])) * percent / 100
    return {"forecast": forecast}


def _say_why_not(work: Work, call: ActionCall, client: str, reason: str) -> None:
    """Whoever wanted to call reads why the call is not made; a campaign keeps the reason in the variables alone."""
    starter = work.session.get(User, _initiator(work, call) or 0)
    if starter is not None:
        notifications.write(
            work, f"{call.key}:{starter.login}", starter.email, f"Звонить нельзя: {client}",
            f"{reason}. Звонок клиенту «{client}» не состоится.", instance=call.instance,
        )  # fmt: skip


def consents_missing(work: Work, call: ActionCall) -> dict[str, Any]:
    """contact_id, purposes -> consent_purposes: what this person has not agreed to in full yet."""
    held = {row.purpose for row in consents.of(work.session, int(call.inputs["contact_id"])) if _in_full(row)}
    return {"consent_purposes": [one for one in call.inputs["purposes"] or [] if one not in held]}


def consents_record(work: Work, call: ActionCall) -> dict[str, Any]:
    """contact_id, purposes, papers [{kind, id}], copy (files): what was signed is in force, by the text of its paper
    and with the signed copy; its paper counts as signed."""
    papers = {str(paper["kind"]): int(paper["id"]) for paper in call.inputs["papers"]}
    copies = call.inputs.get("copy") or []
    for purpose in call.inputs["purposes"]:
        paper = lifecycle.mark_signed(work, papers[f"consent_{purpose}"])
        said = (values.decode(paper.data).get("consent") or {}).get("text_version")
        try:
            consents.give(
                work, int(call.inputs["contact_id"]), str(purpose), text_version=str(said or paper.title),
                file_id=int(copies[0]["id"]) if copies else paper.docx_id,
            )  # fmt: skip
        except Conflict:
            continue  # given some other way while the paper was on its way
    return {}


def _in_full(row: Consent) -> bool:
    return row.withdrawn_at is None and row.channel == consents.ANY


def _chosen(work: Work, name: str, product: Product | None, segment: str | None) -> Any:
    """The text of the product, else the common one; what is meant for the segment comes after it."""
    texts = work.env.setting(f"lead.{name}", {})
    own = (texts.get("products") or {}).get(product.code) if product is not None else None
    found, added = own or texts.get("default") or "", (texts.get("segments") or {}).get(segment)
    if isinstance(found, list):
        return [*found, *(added or [])]
    return f"{found}\n{added}" if added else found


def _product(work: Work, number: Any) -> Product | None:
    return work.session.get(Product, int(number)) if number not in (None, "") else None


def _owner(work: Work, client_id: int) -> int | None:
    client = clients.find(work.session, client_id)
    return client.owner_id or segments.specialist(work.session, client.segment)


def _initiator(work: Work, call: ActionCall) -> int | None:
    return work.session.scalar(select(User.id).where(User.login == str(call.variables.get("initiator"))))


def _client(call: ActionCall) -> int:
    if call.instance.client_id is None:
        raise Failed("The action {element} needs a client.", element=call.element_id)
    return call.instance.client_id


def _deal(call: ActionCall) -> int:
    if call.instance.deal_id is None:
        raise Failed("The action {element} needs a deal.", element=call.element_id)
    return call.instance.deal_id


def _number(value: Any) -> int | None:
    return int(value) if value not in (None, "") else None


def _day(value: Any, default: date) -> date:
    if isinstance(value, date):
        return value
    return date.fromisoformat(str(value)) if value else default

"""What the service tasks of a sale do: thin steps over the verbs on deals and clients."""
from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from engine import access, notifications, outbox
from engine.actions import ActionCall, Registry
from engine.crm import (
    assignments,
    clients,
    closing,
    contact_log,
    contracts,
    deals,
    facts,
    followup,
    loyalty,
    payments,
    prices,
    refunds,
    sale_kinds,
    terms,
    transfers,
)
from engine.documents import lifecycle
from engine.errors import Failed
from engine.models import Client, Document, Job
from engine.vocabulary import JobKind
from engine.work import Work

OPEN_OFFERS = ("proposal", "invoice")
NO_SALE = "Сделка закрыта без продажи"


def register(registry: Registry) -> None:
    """Deals, clients and a letter to colleagues."""
    registry.add("deal.reach", reach)
    registry.add("deal.lines", set_lines)
    registry.add("deal.rendered", keep_rendered)
    registry.add("deal.return_surplus", return_surplus)
    registry.add("deal.schedule", set_schedule)
    registry.add("deal.terms", agree_terms)
    registry.add("deal.pay", pay)
    registry.add("deal.settle_overpayment", settle_overpayment)
    registry.add("deal.refund", refund)
    registry.add("deal.refund_papers", refund_papers)
    registry.add("deal.refund_lines", refund_lines)
    registry.add("deal.add_on_sales", add_on_sales)
    registry.add("deal.check_closing", check_closing)
    registry.add("deal.close", close)
    registry.add("deal.due_discount", due_discount)
    registry.add("deal.price", price)
    registry.add("deal.is_new_product", is_new_product)
    registry.add("contracts.renew", renew_contracts)
    registry.add("contracts.lost", lose_contract)
    registry.add("contracts.term", set_term)
    registry.add("transfer.list", list_holdings)
    registry.add("transfer.apply", transfer)
    registry.add("transfer.done", log_acquaintance)
    registry.add("client.check_requisites", check_requisites)
    registry.add("client.stop", stop_calling)
    registry.add("staff.mail", mail_group)


def reach(work: Work, call: ActionCall) -> dict[str, Any]:
    """milestone, next_step, next_step_on (what was agreed to do next, R041) -> moved."""
    given, deal_id = call.inputs, _deal(call)
    moved = deals.reach(work, deal_id, str(given["milestone"]))
    if given.get("next_step") and given.get("next_step_on"):
        deals.set_next_step(work, deal_id, str(given["next_step"]), _day(work, call, "next_step_on"))
    return {"moved": moved}


def set_lines(work: Work, call: ActionCall) -> dict[str, Any]:
    """lines [{product_id or name, unit, quantity, price}], discount -> total. A product without a price costs what the
    client's list says for this quantity (R209). Money that has come in beyond a lower total stays with its part until
    closing asks what becomes of it."""
    lines = _priced(work, _deal(call), call.inputs["lines"])
    return {"total": deals.set_lines(work, _deal(call), lines, call.inputs.get("discount"), overpaid=True).total}


def keep_rendered(work: Work, call: ActionCall) -> dict[str, Any]:
    """rendered [{no, rendered_quantity}] -> total: what was not rendered is taken off the price (R155). Money that is
    thereby too much stays with its part until it is returned."""
    deal = deals.find(work.session, _deal(call))
    kept = {int(row["no"]): Decimal(str(row["rendered_quantity"])) for row in call.inputs["rendered"]}
    lines = [
        {"product_id": line.product_id, "name": line.name, "unit": line.unit, "price": line.price,
         "quantity": min(line.quantity, kept.get(line.no, line.quantity))}
        for line in deal.lines
    ]  # fmt: skip
    left = [line for line in lines if line["quantity"] > 0]
    if not left:
        raise Failed("Nothing of the deal {number} was rendered: there is nothing to accept.", number=deal.number)
    return {"total": deals.set_lines(work, deal.id, left, overpaid=True).total}


def return_surplus(work: Work, call: ActionCall) -> None:
    """reference, date: money beyond the price has gone back; without a reference nothing has."""
    reference, day = call.inputs.get("reference"), _day(work, call, "date")
    for row in deals.find(work.session, _deal(call)).payments if reference else []:
        surplus = (row.received or Decimal(0)) - row.sum
        if surplus > 0:
            payments.refund(work, _deal(call), row.part, surplus, day, reference=str(reference))


def due_discount(work: Work, call: ActionCall) -> dict[str, Any]:
    """-> order_discount: per cent the client is due by the loyalty programme (R300)."""
    client_id = deals.find(work.session, _deal(call)).client_id
    return {"order_discount": loyalty.discount_of(work.session, client_id, deals.today(work))}


def price(work: Work, call: ActionCall) -> dict[str, Any]:
    """lines [{product_id, quantity}] -> total: at the prices of the client's list, less its loyalty discount, or what
    the deal was opened with if that is more (R209, R253)."""
    deal = deals.find(work.session, _deal(call))
    wanted = [{"product_id": row["product_id"], "quantity": row.get("quantity") or 1} for row in call.inputs["lines"]]
    discount = max(deal.discount, loyalty.discount_of(work.session, deal.client_id, deals.today(work)))
    return {"total": deals.set_lines(work, deal.id, _priced(work, deal.id, wanted), discount).total}


def is_new_product(work: Work, call: ActionCall) -> dict[str, Any]:
    """-> new_product: the client buys at least one product of the deal for the first time (R121)."""
    return {"new_product": sale_kinds.is_new_to(work.session, deals.find(work.session, _deal(call)))}


def renew_contracts(work: Work, call: ActionCall) -> dict[str, Any]:
    """-> renewals: how many. For each contract that ends within CP-25 its renewal is started, once (R259)."""
    last = work.env.calendar(deals.OFFICE).due(work.now, work.env.setting("deadlines.CP-25")).at.date()
    begun = 0
    for one in contracts.expiring(work.session, deals.today(work), last):
        key = f"contract_renewal:{one.key}"
        if work.session.scalar(select(Job.id).where(Job.key == key)) is not None:
            continue
        variables = {"client_id": one.client_id, "product_id": one.product_id, "product_name": one.product,
                     "contract_until": one.until}  # fmt: skip
        payload = {"key": "contract_renewal", "variables": variables}
        outbox.owe(work, outbox.Owed(JobKind.START, "contract_renewal", key, work.now, call.instance, payload=payload))
        begun += 1
    return {"renewals": begun}


def lose_contract(work: Work, call: ActionCall) -> dict[str, Any]:
    """product_id, refusal: the contract is not renewed, the direction is lost (R078)."""
    client_id = call.instance.client_id
    if client_id is None:
        raise Failed("The action {element} needs a client.", element=call.element_id)
    contracts.lost(work, client_id, int(call.inputs["product_id"]), call.inputs.get("refusal") or {})
    return {}


def set_term(work: Work, call: ActionCall) -> dict[str, Any]:
    """contract_until: the last day of the signed contract, for every product of the deal (R259)."""
    deal, until = deals.find(work.session, _deal(call)), call.inputs.get("contract_until")
    if isinstance(until, date):
        for product_id in sorted({line.product_id for line in deal.lines if line.product_id is not None}):
            contracts.set_until(work, deal.client_id, product_id, until)
    return {}


def list_holdings(work: Work, call: ActionCall) -> dict[str, Any]:
    """transfer_from -> transfer_clients [{client_id, name}], transfer_deals, transfer_tasks, transfer_from_name."""
    login = str(call.inputs["transfer_from"])
    found = transfers.holdings(work.session, login)
    return {"transfer_clients": found["clients"], "transfer_deals": found["deals"], "transfer_tasks": found["tasks"],
            "transfer_from_name": transfers.person(work.session, login).name}  # fmt: skip


def transfer(work: Work, call: ActionCall) -> dict[str, Any]:
    """transfer_from, transfer_to, transfer_clients, assigned [{to}] in the same order, tell -> transferred [{client_id,
    name, to}]. The clients are told who speaks for us now, if ``tell``."""
    given = call.inputs
    rows = zip(given["transfer_clients"], given.get("assigned") or [], strict=True)
    owners = {int(row["client_id"]): str(chosen["to"]) for row, chosen in rows}
    passed = transfers.apply(work, str(given["transfer_from"]), str(given["transfer_to"]), owners)
    for row in passed if given.get("tell") else []:
        _introduce(work, call, clients.find(work.session, row["client_id"]), str(row["to"]))
    return {"transferred": passed}


def log_acquaintance(work: Work, call: ActionCall) -> dict[str, Any]:
    """contacted [{client_id, to, note}]: a line in the contact log of each client (R060)."""
    for row in call.inputs["contacted"]:
        contact_log.record(
            work, int(row["client_id"]), channel="phone", purpose="Знакомство с новым менеджером", result="answered",
            note=row.get("note"), user_id=transfers.person(work.session, str(row["to"])).id,
            instance_id=call.instance.id,
        )  # fmt: skip
    return {}


def set_schedule(work: Work, call: ActionCall) -> dict[str, Any]:
    """schedule, days (agreed working days to pay from the invoice), own [{share, trigger, due_on}] -> parts [{part,
    sum, trigger}]. Once money has come in the schedule stays as it was agreed."""
    given, deal = call.inputs, deals.find(work.session, _deal(call))
    if any(part.received for part in deal.payments):
        return {"parts": [facts.part_facts(row) for row in deal.payments]}
    days = None if given.get("days") is None else int(given["days"])
    rows = payments.set_schedule(work, deal.id, str(given["schedule"]), days=days, rows=given.get("own"))
    return {"parts": [facts.part_facts(row) for row in rows]}


def agree_terms(work: Work, call: ActionCall) -> dict[str, Any]:
    """team [login], acceptance, frame_id (an earlier contract of the client) -> frame_number."""
    given = call.inputs
    chosen = given.get("frame_id")
    frame_id = int(chosen) if chosen not in (None, "") else None
    deal = terms.agree(
        work, _deal(call), team=given.get("team") or [], acceptance=given.get("acceptance"), frame_id=frame_id
    )
    return {"frame_number": ((deal.terms or {}).get("frame") or {}).get("number")}


def pay(work: Work, call: ActionCall) -> dict[str, Any]:
    """part, sum, date, reference -> paid (all money of the deal), balance (of this part; below zero: overpaid),
    payment_id."""
    settled = payments.record_payment(
        work, _deal(call), int(call.inputs["part"]), _money(call.inputs["sum"]), _day(work, call, "date"),
        reference=call.inputs.get("reference"),
    )  # fmt: skip
    return {"paid": settled.paid, "balance": settled.part_balance, "payment_id": settled.payment_id}


def settle_overpayment(work: Work, call: ActionCall) -> dict[str, Any]:
    """part, sum, decision: ``offset`` moves the surplus to the next open part, ``refund`` sends it back -> paid."""
    deal_id, part, surplus = _deal(call), int(call.inputs["part"]), _money(call.inputs["sum"])
    today = deals.today(work)
    deal = deals.find(work.session, deal_id)
    following = next((row.part for row in deal.payments if row.part > part and row.received < row.sum), None)
    settled = payments.refund(work, deal_id, part, surplus, today, reference=call.inputs.get("note"))
    if call.inputs["decision"] == "offset" and following is not None:
        settled = payments.record_payment(work, deal_id, following, surplus, today, reference="зачёт переплаты")
    return {"paid": settled.paid}


def refund(work: Work, call: ActionCall) -> dict[str, Any]:
    """sum, date, reference, accepted, agreement -> refunded, refund_advances [{name, sum, vat}].

    The money goes back from the latest part that has some. For ``accepted`` services nothing is owed in its place
    (R142); ``agreement``: the number of the paper that lowers their price, where it is signed."""
    deal_id, left = _deal(call), _money(call.inputs["sum"])
    day, reference = _day(work, call, "date"), call.inputs.get("reference")
    for row in reversed(deals.find(work.session, deal_id).payments):
        share = min(left, row.received or Decimal(0))
        if share > 0:
            payments.refund(work, deal_id, row.part, share, day, reference=reference)
            left -= share
            if call.inputs.get("accepted"):
                why = "Услуга принята, деньги возвращены"
                payments.write_off(work, deal_id, row.part, why, sum=share, reference=call.inputs.get("agreement"))
    if left > 0:
        raise Failed("{sum} roubles more were to be returned than have come in.", sum=left)
    back = _money(call.inputs["sum"])
    return {"refunded": back, "refund_advances": refunds.advances(work.session, deal_id, back)}


def refund_papers(work: Work, call: ActionCall) -> dict[str, Any]:
    """-> refund_papers {accepted, act, invoice {name, total}}: what the client has accepted and what was invoiced."""
    return {"refund_papers": refunds.papers(work.session, _deal(call))}


def refund_lines(work: Work, call: ActionCall) -> dict[str, Any]:
    """sum -> refund_lines [{no, name, amount, was, cost}]: the lines of the VAT invoice, so much cheaper."""
    return {"refund_lines": refunds.lessened(work.session, _deal(call), _money(call.inputs["sum"]))}


def add_on_sales(work: Work, call: ActionCall) -> None:
    """add_on_sales [{need, product_id}]: needs of the client, seen by whoever develops him (R230)."""
    deal = deals.find(work.session, _deal(call))
    for row in call.inputs.get("add_on_sales") or []:
        product_id = row.get("product_id")
        followup.note_need(
            work, deal.client_id, str(row["need"]), None if product_id is None else int(product_id), deal_id=deal.id
        )


def check_closing(work: Work, call: ActionCall) -> dict[str, Any]:
    """-> gaps: Russian sentences for the form; empty when the deal may be closed as won."""
    found = closing.check_closing(work.session, work.env, _deal(call), deals.today(work))
    return {"gaps": [gap.label for gap in found]}


def close(work: Work, call: ActionCall) -> dict[str, Any]:
    """outcome (won, lost, postponed), refusal, lesson, next_contact, stop_list (the client asks not to be called)."""
    inputs, deal_id = call.inputs, _deal(call)
    refusal = inputs.get("refusal") and {**inputs["refusal"], "lesson": inputs.get("lesson")}
    if inputs.get("stop_list"):
        clients.set_stop_list(work, deals.find(work.session, deal_id).client_id, True, "Клиент просит не обращаться")
    deal = closing.close(
        work, deal_id, str(inputs["outcome"]), refusal=refusal, next_contact=inputs.get("next_contact")
    )
    if deal.status == "lost":
        _withdraw_offers(work, deal_id)
        assignments.withdraw(work, deal_id, NO_SALE)
    return {"deal_status": deal.status}


def check_requisites(work: Work, call: ActionCall) -> dict[str, Any]:
    """-> requisite_faults: what stands in the way of a contract with this client."""
    client = clients.find(work.session, deals.find(work.session, _deal(call)).client_id)
    return {"requisite_faults": [str(fault) for fault in clients.check_requisites(client)]}


def stop_calling(work: Work, call: ActionCall) -> dict[str, Any]:
    """reason: the client asks not to be called any more."""
    clients.set_stop_list(work, deals.find(work.session, _deal(call)).client_id, True, str(call.inputs["reason"]))
    return {}


def mail_group(work: Work, call: ActionCall) -> dict[str, Any]:
    """group, subject, body: a mail to every member of a group; with ``login`` to that one person, if there is one."""
    login = call.inputs.get("login")
    people = [transfers.person(work.session, login)] if login else access.members(work.session, call.inputs["group"])
    for person in people:
        notifications.write(
            work, f"{call.key}:{person.login}", person.email, str(call.inputs["subject"]), str(call.inputs["body"]),
            instance=call.instance,
        )  # fmt: skip
    return {"told": len(people)}


def _introduce(work: Work, call: ActionCall, client: Client, login: str) -> None:
    """The first person of the client who has a mail address reads who speaks for us from now on."""
    taker, company = transfers.person(work.session, login), work.env.setting("company.name")
    reader = next((one for one in client.contacts if one.active and one.email), None)
    if reader is not None and reader.email and not client.stop_list:
        phone = f", {taker.phone}" if taker.phone else ""
        body = (
            f"Здравствуйте, {reader.first} {reader.middle or ''}!\n\nТеперь с вами работает {taker.name}"
            f" ({taker.email}{phone}). История нашей работы сохранена.\n\n{company}"
        )
        notifications.write(
            work, f"{call.key}:{client.id}", reader.email, "Ваш новый менеджер", body, instance=call.instance
        )


def _withdraw_offers(work: Work, deal_id: int) -> None:
    """A lost deal leaves no proposal or invoice standing that somebody could still accept or pay."""
    rows = work.session.scalars(select(Document).where(Document.deal_id == deal_id, Document.kind.in_(OPEN_OFFERS)))
    for row in rows.all():
        if row.status not in lifecycle.OVER and row.signed_at is None:
            lifecycle.cancel(work, row.id, NO_SALE)


def _priced(work: Work, deal_id: int, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Lines of products that have no price yet get that of the client's list for their quantity."""
    client, today = clients.find(work.session, deals.find(work.session, deal_id).client_id), deals.today(work)
    found = []
    for row in rows:
        priced = dict(row)
        if row.get("product_id") not in (None, "") and row.get("price") in (None, ""):
            quantity = Decimal(str(row.get("quantity") or 1))
            priced["price"] = prices.price_of(work.session, int(row["product_id"]), quantity, client, today)
        found.append(priced)
    return found


def _deal(call: ActionCall) -> int:
    if call.instance.deal_id is None:
        raise Failed("The action {element} needs a deal.", element=call.element_id)
    return call.instance.deal_id


def _money(value: Any) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(str(value))


def _day(work: Work, call: ActionCall, name: str) -> date:
    given = call.inputs.get(name)
    return given if isinstance(given, date) else deals.today(work)

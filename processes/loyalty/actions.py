"""What the service tasks of the loyalty programme do: thin steps over cards and bonus accounts."""
from __future__ import annotations

from typing import Any

from engine import notifications
from engine.actions import ActionCall, Registry
from engine.crm import bonus, clients, deals, loyalty, purchases
from engine.documents.money import money, number
from engine.errors import Failed
from engine.work import Work


def register(registry: Registry) -> None:
    """Conditions, cards, the letter with the terms, the quarterly review."""
    registry.add("loyalty.check", check)
    registry.add("loyalty.enrol", enrol)
    registry.add("loyalty.tell", tell)
    registry.add("loyalty.review", review)


def check(work: Work, call: ActionCall) -> dict[str, Any]:
    """-> eligible, reasons, bought {sum, count, products}, tier, tier_title, discount, suggested, instruments."""
    client_id, on = _client(call), deals.today(work)
    found = loyalty.check(work.session, work.env, client_id, on)
    has_card = loyalty.card_of(work.session, client_id, on) is not None
    reasons = [*found.reasons, *(["У клиента уже есть карта."] if has_card else [])]
    titles = {str(row["key"]): row["title"] for row in loyalty.programme(work.env)["tiers"]}
    return {
        "eligible": not reasons, "reasons": reasons, "bought": vars(found.bought), "tier": found.tier,
        "tier_title": titles.get(found.tier or "", "нет"), "discount": found.discount, "suggested": found.suggested,
        "instruments": [
            {"value": row["key"], "label": row["title"], "label_en": row["title_en"],
             "approval": bool(row.get("approval"))}
            for row in loyalty.instruments(work.env)
        ],
    }  # fmt: skip


def enrol(work: Work, call: ActionCall) -> dict[str, Any]:
    """instrument, terms -> card_id, card_number."""
    terms = call.inputs.get("terms")
    card = loyalty.enrol(work, _client(call), str(call.inputs["instrument"]), terms=str(terms) if terms else None)
    return {"card_id": card.id, "card_number": card.number}


def tell(work: Work, call: ActionCall) -> dict[str, Any]:
    """card, to: a letter with the terms and the link to the account; nothing without an address."""
    card = loyalty.find(work.session, int(call.inputs["card"]))
    to = str(call.inputs.get("to") or "").strip()
    if not to:
        return {}
    client = clients.find(work.session, card.client_id)
    rules = loyalty.programme(work.env)
    address = str(work.env.setting("campaigns.address", "")).rstrip("/")
    said = [f"Здравствуйте! {client.name} — участник нашей программы лояльности. Номер карты: {card.number}."]
    if card.discount:
        said.append(f"Ваша скидка — {number(card.discount)} %.")
    if card.instrument == bonus.INSTRUMENT:
        account = rules["bonus"]
        said.append(f"С каждой оплаты на бонусный счёт приходит {account['earn']} %; бонусами можно оплатить до "
                    f"{account['largest_share']} % заказа, если накоплено от {money(account['smallest'])} ₽.")
    if card.terms:
        said.append(card.terms)
    said.append(f"Условия действуют до {card.valid_until:%d.%m.%Y}.")
    said.append(f"Карта и счёт: {address}/card/{loyalty.open_link(work, card.id)}")
    notifications.write(
        work, f"loyalty:{card.id}", to, "Программа лояльности: ваши условия", "\n\n".join(said), instance=call.instance
    )
    return {}


def review(work: Work, call: ActionCall) -> dict[str, Any]:  # noqa: ARG001 - an action is given its call
    """-> changes [{card, client, before, after, tier, sum}], expired (bonuses), indices of the quarter."""
    on = deals.today(work)
    rules = loyalty.programme(work.env)["index"]
    begin = purchases.months_before(on, 3)
    found = purchases.indices(work.session, begin, on, int(rules["purchases"]))
    return {
        "changes": loyalty.review(work),
        "expired": bonus.expire(work),
        "indices": vars(found) | {
            "begin": begin, "end": on, "index": found.index, "recommended_share": found.recommended_share,
            "old_share": found.old_share,
        },
    }


def _client(call: ActionCall) -> int:
    client_id = call.instance.client_id or call.variables.get("client_id")
    if client_id is None:
        raise Failed("The action {element} needs a client.", element=call.element_id)
    return int(client_id)

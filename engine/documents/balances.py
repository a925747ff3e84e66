"""What a client owes (reminder, claim) and how both sides' books stand (reconciliation), added up for a document."""
from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from engine.documents.money import kopecks, words

ITEM = {
    "name": "за что (счет, часть оплаты)", "due": "срок оплаты, дата или пусто", "sum": "сумма", "paid": "оплачено",
    "balance": "остаток", "days": "дней просрочки", "penalty": "пеня за просрочку",
}
DEBT = {
    "total": "долг всего", "words": "долг прописью", "days": "дней просрочки, наибольшее", "penalty_sum": "пеня всего",
    "has_penalty": "есть ли пеня (да/нет)", "claimed": "долг с пеней", "claimed_words": "долг с пеней прописью",
    "debts": "строк с долгом",
}
RECONCILIATION = {
    "debit": "обороты: оказано", "credit": "обороты: оплачено",
    "closing": "сальдо на конец: больше нуля — долг клиента",
    "opening_debit": "сальдо на начало в пользу компании", "opening_credit": "сальдо на начало в пользу клиента",
    "closing_debit": "сальдо на конец в пользу компании", "closing_credit": "сальдо на конец в пользу клиента",
    "owed": "сальдо на конец без знака", "owed_words": "сальдо на конец прописью", "is_even": "долга нет (да/нет)",
    "in_our_favour": "долг в пользу компании (да/нет)",
}
ZERO = Decimal("0.00")


def owe(debt: dict[str, Any], dated: date) -> None:
    """Balances, days and the penalty: so many per cent of what is overdue for each day after the due one, not above
    the limit. Whether the contract gives one, and what it is counted from, a lawyer must check."""
    percent, limit = _percent(debt["penalty"]), _percent(debt["penalty_limit"])
    for item in debt["items"]:
        balance = max(item["sum"] - item["paid"], ZERO)
        days = max((dated - item["due"]).days, 0) if item["due"] else 0
        penalty = kopecks(balance * percent * days / 100)
        if limit:
            penalty = min(penalty, kopecks(balance * limit / 100))
        item |= {"balance": balance, "days": days, "penalty": penalty}
    debt["items"] = [item for item in debt["items"] if item["balance"]]
    total = sum((item["balance"] for item in debt["items"]), ZERO)
    penalty = sum((item["penalty"] for item in debt["items"]), ZERO)
    debt |= {
        "total": total, "words": words(total), "days": max((item["days"] for item in debt["items"]), default=0),
        "penalty_sum": penalty, "has_penalty": penalty > 0, "claimed": total + penalty,
        "claimed_words": words(total + penalty), "debts": len(debt["items"]),
    }


def unpaid(deal: Mapping[str, Any], invoice: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The parts of a deal's schedule that are not paid, when the procedure names no debts."""
    ground = str(invoice.get("name") or "")
    rows = []
    for part in deal.get("payments") or ():
        paid = Decimal(str(part.get("received") or 0))
        if Decimal(str(part.get("sum") or 0)) > paid:
            name = f"Часть {part.get('part')} по графику оплаты" if not ground or len(deal["payments"]) > 1 else ground
            due = part.get("due_on")
            rows.append({"name": name, "due": due, "sum": Decimal(str(part.get("sum"))), "paid": paid})
    return rows


def reconcile(section: dict[str, Any]) -> None:
    """Turnovers and the balance at the end. Above zero the client owes; below zero we do."""
    debit = sum((row["debit"] for row in section["rows"]), ZERO)
    credit = sum((row["credit"] for row in section["rows"]), ZERO)
    opening = section["opening"]
    closing = opening + debit - credit
    section |= {
        "debit": debit, "credit": credit, "closing": closing, "opening_debit": max(opening, ZERO),
        "opening_credit": max(-opening, ZERO), "closing_debit": max(closing, ZERO),
        "closing_credit": max(-closing, ZERO), "owed": abs(closing), "owed_words": words(abs(closing)),
        "is_even": not closing, "in_our_favour": closing > 0,
    }


def _percent(value: Any) -> Decimal:
    try:
        return Decimal(str(value).replace(",", ".") or "0")
    except ArithmeticError:
        return Decimal(0)

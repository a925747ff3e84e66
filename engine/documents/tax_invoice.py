"""VAT invoice, advance VAT invoice and universal transfer document: lines 5, 5а, 5б and the table, ready to print.

The form is that of government decree 1137 with line 5б (in force from 01.04.2026). Cells are texts, since many hold a
dash; an accountant must check which form is in force.
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from engine.documents import dates, vat
from engine.documents.money import kopecks, money, number

DASH = "–"
CURRENCY = "Российский рубль, 643"
LINE = {
    "no": "№ строки", "name": "графа 1а", "unit_code": "графа 2", "unit": "графа 2а", "quantity": "графа 3",
    "price": "графа 4: цена без налога", "net": "графа 5: стоимость без налога", "excise": "графа 6",
    "rate": "графа 7: ставка", "vat": "графа 8: налог", "gross": "графа 9: стоимость с налогом",
}
SCHEMA = {
    "status": "статус УПД: 1 (счет-фактура и передача) или 2 (передача)", "is_invoice": "есть счет-фактура (да/нет)",
    "paid": "строка 5: платежные документы", "shipped": "строка 5а: документ об отгрузке",
    "advances": "строка 5б: счета-фактуры на аванс", "currency": "строка 7: валюта, код", "lines": [LINE],
    "net": "всего: стоимость без налога", "vat": "всего: налог", "gross": "всего: стоимость с налогом",
    "sold_on": "дата оказания услуг, дата или пусто", "basis": "основание передачи: договор или счет",
}


def day_of(tax: Mapping[str, Any] | None) -> date | None:
    """The day whose rate holds for an advance: that of the money, not of the invoice on it (Part 3.1)."""
    advance = (tax or {}).get("advance")
    found: date | None = advance["date"] if advance else None
    return found


def advance_line(context: Mapping[str, Any], advance: Mapping[str, Any]) -> dict[str, Any]:
    """The only line of an advance invoice: what the money was paid for."""
    ground = f" по договору № {context['contract']['number']} от {dates.date_short(context['contract']['date'])}" \
        if context["contract"]["name"] else ""
    subject = context["deal"]["title"] or "услуги"
    return {"name": f"Предоплата{ground}: {subject}", "unit": DASH, "quantity": 1, "price": advance["sum"]}


def build(
    context: Mapping[str, Any], tax: Mapping[str, Any], rate: vat.Rate, units: Mapping[str, Any]
) -> dict[str, Any]:
    """The section ``tax`` of a document; empty lines where the kind has none."""
    document = context["document"]
    totals = document["totals"]
    advance = bool(tax.get("advance"))
    rows = [_advance(line, rate) if advance else _line(line, rate, units) for line in document["lines"]]
    return {
        "status": "1" if totals["has_vat"] else "2",
        "is_invoice": totals["has_vat"],
        "paid": _papers(tax.get("payments") or (), ", "),
        "shipped": _shipped(tax.get("shipped"), len(rows)),
        "advances": _papers(tax.get("advances") or (), "; "),
        "currency": CURRENCY,
        "lines": rows if tax else [],
        "net": DASH if advance else money(totals["net"]),
        "vat": money(totals["vat"]) if totals["has_vat"] else "без НДС",
        "gross": money(totals["gross"]),
        "sold_on": context["service"]["ends"] or context["service"]["starts"],
        "basis": context["contract"]["name"] or context["invoice"]["name"],
    }


def _line(line: Mapping[str, Any], rate: vat.Rate, units: Mapping[str, Any]) -> dict[str, str]:
    unit = units.get(line["unit"]) or {"code": DASH, "name": line["unit"] or DASH}
    price = kopecks(line["net"] / line["quantity"]) if line["quantity"] else Decimal(0)
    return {
        "no": str(line["no"]), "name": line["name"], "unit_code": str(unit["code"]), "unit": str(unit["name"]),
        "quantity": number(line["quantity"]), "price": money(price), "net": money(line["net"]),
        "excise": "без акциза", "rate": rate.column,
        "vat": "без НДС" if rate.percent is None else money(line["vat"]), "gross": money(line["sum"]),
    }


def _advance(line: Mapping[str, Any], rate: vat.Rate) -> dict[str, str]:
    empty = dict.fromkeys(("unit_code", "unit", "quantity", "price", "net", "excise"), DASH)
    return empty | {
        "no": str(line["no"]), "name": line["name"], "rate": rate.calculated or rate.column,
        "vat": money(line["vat"]), "gross": money(line["sum"]),
    }


def _papers(rows: Iterable[Mapping[str, Any]], by: str) -> str:
    """«№ 101 от 26.11.2026, № 102 от …», or a dash."""
    found = [f"№ {row['number'] or DASH} от {dates.date_short(row['date'])}" for row in rows]
    return by.join(found) or DASH


def _shipped(paper: Mapping[str, Any] | None, count: int) -> str:
    if not paper:
        return DASH
    lines = f"№ п/п 1–{count}" if count > 1 else "№ п/п 1"
    return f"{lines}, № {paper['number']} от {dates.date_short(paper['date'])}"

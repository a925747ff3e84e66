"""The corrective VAT invoice: what accepted services cost before and after an agreement lowered (or raised) it.

The form is appendix 2 of government decree 1137: for every changed line a row before (А) and after (Б), and what was
added (В) or taken off (Г). A line keeps the number it has in the invoice that is corrected. The tax is taken out of
each line at the rate of that invoice, whatever the rate is today. An accountant must check which form is in force.
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from engine.documents import sections, vat
from engine.documents.money import kopecks
from engine.documents.tax_invoice import CURRENCY, DASH

STATE = {
    "quantity": "графа 3 (|number)", "price": "графа 4: цена без налога (|money)", "net": "графа 5 (|money)",
    "vat": "графа 8 (|money)", "gross": "графа 9 (|money)",
}
CHANGE = {"net": "графа 5 (|money)", "vat": "графа 8 (|money)", "gross": "графа 9 (|money); ноль — нет"}
SUMS = tuple(CHANGE)
LINE = {
    "no": "графа 1: № записи в счете-фактуре", "name": "графа 1а", "unit_code": "графа 2", "unit": "графа 2а",
    "rate": "графа 7: ставка", "before": STATE, "after": STATE, "increase": CHANGE, "decrease": CHANGE,
}
SCHEMA = {
    "number": "строка 1б: № счета-фактуры", "date": "строка 1б: его дата, дата или пусто",
    "fix": "строка 1б: № исправления или прочерк", "fixed_on": "дата исправления или пусто",
    "currency": "строка 4: валюта, код", "has_vat": "есть ли налог (да/нет)", "lines": [LINE],
    "increase": CHANGE, "decrease": CHANGE,
}


def build(given: Mapping[str, Any] | None, units: Mapping[str, Any]) -> dict[str, Any]:
    """The section ``correction``. ``given``: ``invoice`` (number, date, fix, fixed_on, percent, lines [{no, name, unit,
    quantity, sum}]) and ``after`` [{no, quantity, sum}]; sums include the tax. Lines that stay as they are are left
    out."""
    given = given or {}
    invoice = given.get("invoice") or {}
    percent = invoice.get("percent")
    rate = vat.Rate("", None if percent is None else Decimal(str(percent)))
    after = {int(row["no"]): row for row in given.get("after") or ()}
    rows = [_line(row, after[int(row["no"])], rate, units) for row in invoice.get("lines") or ()
            if int(row["no"]) in after]
    lines = [row for row in rows if row["increase"]["gross"] or row["decrease"]["gross"]]
    return {
        "number": str(invoice.get("number") or ""), "date": sections.as_date(invoice.get("date")),
        "fix": str(invoice.get("fix") or DASH), "fixed_on": sections.as_date(invoice.get("fixed_on")),
        "currency": CURRENCY, "has_vat": percent is not None, "lines": lines,
        "increase": _summed(row["increase"] for row in lines), "decrease": _summed(row["decrease"] for row in lines),
    }


def _line(
    was: Mapping[str, Any], becomes: Mapping[str, Any], rate: vat.Rate, units: Mapping[str, Any]
) -> dict[str, Any]:
    unit = units.get(was["unit"]) or {"code": DASH, "name": was["unit"] or DASH}
    before = _state(was["quantity"], was["sum"], rate)
    after = _state(becomes.get("quantity", was["quantity"]), becomes["sum"], rate)
    more = after["gross"] > before["gross"]
    nothing = dict.fromkeys(SUMS, kopecks(0))
    moved = {name: abs(after[name] - before[name]) for name in SUMS}
    return {
        "no": int(was["no"]), "name": str(was["name"]), "unit_code": str(unit["code"]), "unit": str(unit["name"]),
        "rate": rate.column, "before": before, "after": after,
        "increase": moved if more else nothing, "decrease": nothing if more else moved,
    }


def _state(quantity: Any, gross: Any, rate: vat.Rate) -> dict[str, Decimal]:
    count, total = Decimal(str(quantity)), kopecks(Decimal(str(gross)))
    tax = rate.of_gross(total)
    net = total - tax
    return {"quantity": count, "price": kopecks(net / count) if count else kopecks(0), "net": net, "vat": tax,
            "gross": total}  # fmt: skip


def _summed(rows: Iterable[Mapping[str, Decimal]]) -> dict[str, Decimal]:
    found = list(rows)
    return {name: sum((row[name] for row in found), kopecks(0)) for name in SUMS}

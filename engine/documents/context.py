"""What a template is given: one plain dict, the same names for every document. SCHEMA is its documentation and law.

A leaf of SCHEMA says in Russian what is printed there (designers read it); a list holds its one kind of item; `...`
takes any name. `build` makes exactly this dict, so a template that passes the check finds every name it reads.
"""
from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from engine.documents import balances, correction, dates, money, parties, qr, sections, tax_invoice, vat
from engine.errors import Invalid, text

PURPOSE = 210  # signs a bank takes as the purpose of a payment
LINE = {
    "no": "№ строки", "name": "услуга", "unit": "единица", "quantity": "количество (|number)",
    "price": "цена за единицу с налогом (|money)", "full": "сумма до скидки", "sum": "сумма с налогом",
    "vat": "налог в сумме", "net": "сумма без налога",
}
TOTALS = {
    "count": "число строк", "full": "сумма до скидки", "discount": "скидка", "gross": "всего с налогом",
    "vat": "налог", "net": "всего без налога", "words": "всего прописью", "vat_words": "налог прописью",
    "vat_label": "«НДС 22 %» или «Без НДС»", "vat_column": "«22 %» или «без НДС»",
    "vat_phrase": "«включая НДС 22 %» или «НДС не облагается (основание)»",
    "vat_line": "«В том числе НДС 22 %: …» или «Без НДС (основание)»", "vat_percent": "ставка, число или пусто",
    "has_vat": "есть ли налог (да/нет)", "discount_percent": "скидка, %",
}
PART = {
    "part": "номер платежа", "share": "доля, %", "sum": "сумма", "words": "сумма прописью", "vat": "налог в сумме",
    "vat_line": "строка о налоге", "before_delivery": "до оказания услуг (да/нет)",
    "when": "«до начала оказания услуг»", "due_on": "срок, дата или пусто",
}
REFERENCE = {
    "number": "номер или пусто", "date": "дата или пусто", "name": "«Договор № 12/26 от 21.11.2026» или пусто",
}
REFERENCES = ("contract", "proposal", "invoice", "act")
SCHEMA: dict[str, Any] = {
    "company": parties.COMPANY,
    "client": parties.CLIENT,
    "contact": parties.PERSON,
    "author": parties.PERSON,
    "deal": {
        "number": "номер сделки", "title": "предмет сделки", "lines": [LINE], "totals": TOTALS,
        "owner": parties.PERSON, "schedule": [PART], "prepaid": "предоплата целиком (да/нет)",
    },
    "document": {
        "kind": "вид", "title": "название", "number": "номер", "date": "дата (|date_long)", "version": "версия",
        "made_on": "день, когда собрана эта версия (дата исправления)",
        "valid_until": "действует до, дата или пусто", "lines": [LINE], "totals": TOTALS, "city": "место составления",
    },
    "contract": REFERENCE,
    "proposal": REFERENCE,
    "invoice": REFERENCE,
    "act": REFERENCE,
    "tax": tax_invoice.SCHEMA,
    "correction": correction.SCHEMA,
    "payment": {
        **PART, "of": "всего платежей", "purpose": "назначение платежа", "qr": "код для оплаты (|qr(34))",
        "until": "оплатить до, дата или пусто",
    },
    **sections.SCHEMA,
    "data": {"*": ...},
}


def fields(schema: Any = None, path: str = "") -> list[tuple[str, str]]:
    """Every name a template may read with what is printed there: ``("deal.lines[].sum", "сумма с налогом")``."""
    node = SCHEMA if schema is None else schema
    if isinstance(node, Mapping):
        return [row for key, item in node.items() for row in fields(item, f"{path}.{key}" if path else str(key))]
    if isinstance(node, list):
        return fields(node[0], f"{path}[]")
    return [(path, "что угодно из процедуры" if node is ... else str(node))]


def build(kind: str, facts: Mapping[str, Any], extra: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The dict a template of this kind is given. Pure: the same facts give the same dict.

    ``facts``: plain dicts ``deal``, ``client``, ``contact``, ``company``, ``author`` (what is missing becomes empty
    words), ``vat``: settings/vat.yaml, ``units``: settings/units.yaml. ``extra``: ``document`` (number, date, version,
    valid_until, title), ``contract``/``proposal``/``invoice``/``act`` (number, date, title), ``part`` of the payment
    schedule, ``tax`` (payments, advances, shipped, advance, correction: engine/documents/tax_records.py), ``settings``
    of the kind, and ``data``: what the procedure supplies, by section (``{"meeting": {"place": …}}``) or flat
    (``{"meeting_place": …}``). Raises Invalid naming the requisites this kind cannot do without.
    """
    extra = extra or {}
    settings = extra.get("settings") or {}
    data = dict(extra.get("data") or {})
    document = {"kind": kind, "title": "", "number": "", "version": 1, "valid_until": None, **extra["document"]}
    document.setdefault("made_on", document["date"])
    company = parties.company(facts.get("company") or {})
    client = parties.client(facts.get("client") or {}, facts.get("contact") or {})
    given = sections.build(settings, data, document["date"])
    tax = extra.get("tax") or {}
    rate = _rate(facts, given, tax_invoice.day_of(tax) or document["date"])
    deal = _deal(facts.get("deal") or {}, rate)
    context: dict[str, Any] = {
        "company": company,
        "client": client,
        "contact": parties.person(facts.get("contact") or {}),
        "author": parties.person(facts.get("author") or {}),
        "deal": deal,
        "document": document | {"lines": deal["lines"], "totals": deal["totals"],
                                "city": str(data.get("city") or company["city"])},
        **{name: _reference(extra.get(name) or {}) for name in REFERENCES},
        **given,
        "data": data,
    }
    if settings.get("offer_is_contract") and not context["contract"]["number"]:
        context["contract"] = dict(context["invoice"])
    meeting = context["meeting"]
    meeting["ours"] = meeting["ours"] or [context["author"]] * bool(context["author"]["last"])
    refund = context["refund"]
    refund["payments"] = refund["payments"] or _received(facts.get("deal") or {})
    sections.settle(refund, data.get("refund_sum"))
    refund["vat"] = rate.of_gross(refund["sum"])
    refund["vat_line"] = vat.tax_line(rate, refund["vat"])
    debt = context["debt"]
    debt["items"] = debt["items"] or balances.unpaid(facts.get("deal") or {}, context["invoice"])
    balances.owe(debt, document["date"])
    balances.reconcile(context["reconciliation"])
    _pay(context, extra, rate, settings)
    context["tax"] = tax_invoice.build(context, tax, rate, facts.get("units") or {})
    context["correction"] = correction.build(tax.get("correction"), facts.get("units") or {})
    _require(kind, context, settings)
    return context


def _rate(facts: Mapping[str, Any], given: Mapping[str, Any], dated: date) -> vat.Rate:
    """The rate on the day the services are rendered: what is known of it, else the document's day."""
    company, deal = facts.get("company") or {}, facts.get("deal") or {}
    mode = deal.get("vat_mode") or company.get("vat_mode") or "none"
    rendered = given["service"]["ends"] or given["service"]["starts"]
    on = sections.as_date(rendered) or dated
    return vat.rate(facts.get("vat") or {}, str(mode), on, str(company.get("vat_reason") or ""))


def _totals(lines: tuple[vat.Line, ...], rate: vat.Rate, discount: Decimal = Decimal(0)) -> dict[str, Any]:
    sums = vat.totals(lines, rate)
    return sums | {"words": money.words(sums["gross"]), "vat_words": money.words(sums["vat"]),
                   "discount_percent": discount}


def _deal(deal: Mapping[str, Any], rate: vat.Rate) -> dict[str, Any]:
    discount = Decimal(str(deal.get("discount") or 0))
    lines = vat.tax(deal.get("lines") or (), rate, discount)
    totals = _totals(lines, rate, discount)
    parts = [_part(part, rate) for part in deal.get("payments") or ()]
    return {
        "number": str(deal.get("number") or ""),
        "title": str(deal.get("title") or ""),
        "lines": [vars(line) for line in lines],
        "totals": totals,
        "owner": parties.person(deal.get("owner")),
        "schedule": parts or [_part({"part": 1, "share": 100, "sum": totals["gross"]}, rate)],
        "prepaid": all(part["before_delivery"] for part in parts),
    }


def _part(part: Mapping[str, Any], rate: vat.Rate) -> dict[str, Any]:
    total = money.kopecks(Decimal(str(part.get("sum") or 0)))
    before = part.get("trigger", "before_delivery") == "before_delivery"
    tax = rate.of_gross(total)
    return {
        "part": int(part.get("part") or 1), "share": Decimal(str(part.get("share") or 100)), "sum": total,
        "words": money.words(total), "vat": tax, "vat_line": vat.tax_line(rate, tax), "before_delivery": before,
        "when": "до начала оказания услуг" if before else "после подписания акта об оказании услуг",
        "due_on": sections.as_date(part.get("due_on")),
    }


def _received(deal: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Money that has come in, when the procedure names no payment orders."""
    rows = [(part.get("part"), money.kopecks(Decimal(str(part.get("received") or 0))))
            for part in deal.get("payments") or ()]
    return [{"name": f"платеж {part} по графику", "sum": received} for part, received in rows if received]


def _reference(row: Mapping[str, Any]) -> dict[str, Any]:
    number, dated = str(row.get("number") or ""), sections.as_date(row.get("date"))
    title = str(row.get("title") or "")
    name = f"{title} № {number} от {dates.date_short(dated)}".strip() if number and dated else ""
    return {"number": number, "date": dated, "name": name}


def _pay(context: dict[str, Any], extra: Mapping[str, Any], rate: vat.Rate, settings: Mapping[str, Any]) -> None:
    """What this document asks to be paid: one part of the schedule (then it has one line of its own), or the whole."""
    deal, document = context["deal"], context["document"]
    schedule = deal["schedule"]
    wanted = int(extra.get("part") or 1)
    part = next((one for one in schedule if one["part"] == wanted), schedule[0])
    whole = not extra.get("part") or part["sum"] == deal["totals"]["gross"]
    if settings.get("schedule"):
        _adds_up(deal)
    if advance := (extra.get("tax") or {}).get("advance"):
        lines = vat.tax([tax_invoice.advance_line(context, advance)], rate)
        document |= {"lines": [vars(line) for line in lines], "totals": _totals(lines, rate)}
    elif not whole:
        row = {"name": _part_name(context, part), "unit": "усл.", "quantity": 1, "price": part["sum"]}
        lines = vat.tax([row], rate)
        document |= {"lines": [vars(line) for line in lines], "totals": _totals(lines, rate)}
    totals = document["totals"]
    purpose = _purpose(context, totals)
    context["payment"] = part | {
        "of": 1 if whole else len(schedule), "purpose": purpose, "sum": totals["gross"], "words": totals["words"],
        "vat": totals["vat"], "vat_line": totals["vat_line"], "until": sections.as_date(document["valid_until"]),
        "qr": _qr(context["company"], totals["gross"], purpose) if settings.get("qr") and totals["gross"] else "",
    }


def _adds_up(deal: Mapping[str, Any]) -> None:
    """A contract whose payments do not make its price would be worse than none."""
    planned = sum((part["sum"] for part in deal["schedule"]), Decimal(0))
    if planned != deal["totals"]["gross"]:
        raise Invalid("The payment schedule adds up to {planned}, but the price is {price}.",
                      planned=planned, price=deal["totals"]["gross"])


def _part_name(context: Mapping[str, Any], part: Mapping[str, Any]) -> str:
    share = money.number(part["share"])
    kind = "Предоплата" if part["before_delivery"] else "Оплата"
    ground = f" по договору № {context['contract']['number']} от {dates.date_short(context['contract']['date'])}" \
        if context["contract"]["name"] else ""
    subject = f": {context['deal']['title']}" if context["deal"]["title"] else ""
    return f"{kind} {share}\u00a0%{ground}{subject}"


def _purpose(context: Mapping[str, Any], totals: Mapping[str, Any]) -> str:
    """«Оплата по счету № 7 от 21.11.2026 … В том числе НДС 22 % 18032-79»: the tax always, the subject if it fits."""
    document = context["document"]
    head = f"Оплата по счету № {document['number']} от {dates.date_short(document['date'])}"
    tail = "НДС не облагается" if not totals["has_vat"] else \
        f"В том числе {totals['vat_label']} {totals['vat']:.2f} руб."
    subject = context["contract"]["name"] or context["deal"]["title"]
    room = PURPOSE - len(head) - len(tail) - 4
    middle = f" ({subject})" if subject and len(subject) <= room else ""
    return f"{head}{middle}. {tail}".replace("\u00a0", " ")


def _qr(company: Mapping[str, str], total: Decimal, purpose: str) -> str:
    try:
        return qr.payload(company, total, purpose)
    except Invalid:
        return ""  # the requisites themselves are printed; _require names those that are missing


def _require(kind: str, context: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
    """An empty requisite on paper is worse than no paper."""
    missing = {}
    for path in settings.get("requires") or ():
        value: Any = context
        for key in path.split("."):
            value = value[key]
        if not value:
            missing[path] = text("{field} is not filled in.", field=path)
    if missing:
        names = ", ".join(missing)
        raise Invalid(text("The document «{kind}» lacks: {names}.", kind=kind, names=names), missing)

"""The dict that templates are given: exactly what the schema promises, whoever supplies it."""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from engine import values
from engine.documents import context
from engine.environment import settings_of
from engine.errors import Invalid

SETTINGS = settings_of(Path(__file__).resolve().parents[2] / "settings")
LINES = [{"name": "Услуга", "unit": "усл.", "quantity": 2, "price": "61000.00"}]
FACTS: dict[str, Any] = {
    "company": SETTINGS["company"],
    "client": {"kind": "legal", "name": "ООО «А»", "full_name": "Общество «А»", "address": "Москва"},
    "contact": {"last": "Чайка", "first": "Ольга", "gender": "f"},
    "author": {"last": "Иванова", "first": "Анна", "gender": "f"},
    "deal": {"title": "форум", "vat_mode": "osno_22", "lines": LINES},
    "vat": SETTINGS["vat"],
}
HALVES = [
    {"part": 1, "trigger": "before_delivery", "share": 50, "sum": Decimal("61000")},
    {"part": 2, "trigger": "after_delivery", "share": 50, "sum": Decimal("61000")},
]


def _build(kind: str = "invoice", facts: Mapping[str, Any] | None = None, **extra: Any) -> dict[str, Any]:
    given = {"document": {"number": "7/26", "date": date(2026, 11, 21)}, "settings": SETTINGS["documents"][kind]}
    return context.build(kind, FACTS | dict(facts or {}), given | extra)


def _differences(schema: Any, built: Any, path: str = "") -> Iterator[str]:
    if isinstance(schema, Mapping) and "*" not in schema:
        yield from (f"{path}.{key}" for key in set(schema) ^ set(built))
        for key in set(schema) & set(built):
            yield from _differences(schema[key], built[key], f"{path}.{key}")
    elif isinstance(schema, list):
        for item in built:
            yield from _differences(schema[0], item, f"{path}[]")


def test_what_is_built_is_exactly_what_the_schema_says() -> None:
    data = {
        "meeting": {"ours": ["Иванов Иван"], "tasks": [{"what": "x"}], "agenda": ["y"]},
        "offer": {"options": [{"name": "z", "price": 5}], "plan": "шаг 1\nшаг 2"},
        "refund": {"payments": [{"name": "п/п 1", "sum": 10}], "expenses": [{"name": "a", "proof": "b", "sum": 1}]},
    }
    assert sorted(_differences(context.SCHEMA, _build(data=data))) == []


def test_an_empty_deal_of_nobody_has_all_names_too() -> None:
    empty = {"company": {}, "client": None, "contact": None, "author": None, "deal": None, "vat": SETTINGS["vat"]}
    built = context.build("letter", empty, {"document": {"number": "1", "date": date(2026, 1, 1)}})
    assert sorted(_differences(context.SCHEMA, built)) == []


def test_a_context_travels_to_the_database_and_back_unchanged() -> None:
    built = _build()
    assert values.decode(values.encode(built)) == built


def test_a_section_may_come_whole_prefixed_or_under_the_name_of_a_variable() -> None:
    moment = datetime(2026, 11, 19, 11, 30, tzinfo=ZoneInfo("Europe/Moscow"))
    flat = {"meeting_place": "офис", "needs": "один\n\n- два", "meeting_at": moment, "protocol_tasks": [{"what": "x"}]}
    meeting = _build("protocol", data=flat)["meeting"]
    assert (meeting["place"], meeting["needs"]) == ("офис", ["один", "два"])
    assert (meeting["date"], meeting["starts"]) == (date(2026, 11, 19), "11:30")
    assert meeting["tasks"] == [{"what": "x", "who": "", "due": None}]
    assert _build("protocol", data=flat | {"meeting": {"place": "склад"}})["meeting"]["place"] == "склад"


def test_an_invoice_for_a_part_has_one_line_with_that_sum() -> None:
    built = _build(facts={"deal": {**FACTS["deal"], "payments": HALVES}}, part=1)
    assert [line["sum"] for line in built["document"]["lines"]] == [Decimal("61000.00")]
    assert built["document"]["totals"]["vat"] == Decimal("11000.00")
    assert (built["payment"]["of"], built["deal"]["totals"]["gross"]) == (2, Decimal("122000.00"))


def test_an_invoice_for_everything_keeps_the_lines_of_the_deal() -> None:
    built = _build()
    assert built["document"]["lines"][0]["name"] == "Услуга"
    assert built["payment"]["of"] == 1


def test_the_purpose_always_names_the_tax_and_never_passes_210_signs() -> None:
    long = _build(facts={"deal": {**FACTS["deal"], "title": "очень " * 60}})
    assert len(long["payment"]["purpose"]) <= 210
    assert long["payment"]["purpose"].endswith("В том числе НДС 22 % 22000.00 руб.")
    untaxed = _build(facts={"deal": {**FACTS["deal"], "vat_mode": "none"}})
    assert untaxed["payment"]["purpose"].endswith("НДС не облагается")


def test_services_of_2025_keep_the_rate_of_2025_whatever_the_day_of_the_paper() -> None:
    built = _build("act", data={"service": {"ends": "2025-12-31"}},
                   document={"number": "1", "date": date(2026, 1, 12)})  # fmt: skip
    assert built["document"]["totals"]["vat_label"] == "НДС 20\u00a0%"


def test_a_schedule_that_does_not_make_the_price_is_refused() -> None:
    with pytest.raises(Invalid, match=r"61000.* 122000"):
        _build(facts={"deal": {**FACTS["deal"], "payments": HALVES[:1]}})


def test_missing_requisites_are_all_named_at_once() -> None:
    with pytest.raises(Invalid, match=r"company\.bik, company\.corr_account") as refused:
        _build(facts={"company": {**SETTINGS["company"], "bik": "", "corr_account": ""}})
    assert set(refused.value.fields) == {"company.bik", "company.corr_account"}


def test_a_refund_is_what_was_paid_less_what_was_spent_and_never_negative() -> None:
    deal = {**FACTS["deal"], "payments": [{**HALVES[0], "sum": Decimal("122000"), "received": Decimal("122000")}]}
    references = {"contract": {"number": "1/26", "date": date(2026, 11, 1), "title": "Договор"}}
    spent = _build("refund_agreement", {"deal": deal}, data={"refund_expenses": [{"name": "зал", "sum": "22000.50"}]},
                   **references)["refund"]  # fmt: skip
    assert (spent["paid"], spent["sum"]) == (Decimal("122000.00"), Decimal("99999.50"))
    assert spent["words"] == "Девяносто девять тысяч девятьсот девяносто девять рублей 50 копеек"
    over = _build("refund_agreement", {"deal": deal}, data={"refund_expenses": [{"name": "зал", "sum": 200000}]},
                  **references)["refund"]  # fmt: skip
    assert over["sum"] == 0


def test_the_one_who_may_sign_signs_even_if_another_is_addressed() -> None:
    client = {**FACTS["client"], "contacts": [
        {"last": "Жук", "first": "Иван", "gender": "m", "position": "директор", "signs": False},
        {"last": "Громова", "first": "Елена", "gender": "f", "position": "Директор", "signs": True, "basis": "Устава"},
    ]}  # fmt: skip
    built = _build("contract", {"client": client})
    assert built["client"]["represented"] == ", в лице директора Громовой Елены, действующей на основании устава"
    assert built["contact"]["last"] == "Чайка"


def test_every_field_is_listed_with_what_it_prints() -> None:
    listed = dict(context.fields())
    assert listed["deal.lines[].sum"] == "сумма с налогом"
    assert all(listed.values())


def test_what_was_agreed_by_a_paid_offer_can_be_given_up_too() -> None:
    """A short sale has no contract: the invoice was the offer, the payment its acceptance."""
    deal = {"lines": LINES, "vat_mode": "osno_22", "payments": [{"name": "п/п 1", "sum": Decimal("122000")}]}
    data = {"refund_payments": [{"name": "п/п 1", "sum": "122000.00"}]}
    invoice = {"number": "12/26", "date": date(2026, 11, 3), "title": "Счет"}
    built = _build("refund_agreement", {"deal": deal}, data=data, invoice=invoice)
    assert (built["contract"]["number"], built["contract"]["date"]) == ("12/26", date(2026, 11, 3))
    contract = {"number": "7/26", "date": date(2026, 11, 1), "title": "Договор"}
    both = _build("refund_agreement", {"deal": deal}, data=data, invoice=invoice, contract=contract)
    assert both["contract"]["number"] == "7/26"
    with pytest.raises(Invalid):
        _build("refund_agreement", {"deal": deal}, data=data)

"""Tax and money as papers print them: VAT invoices with lines 5, 5а, 5б, modes and rates, debts, balances."""
from __future__ import annotations

import copy
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine.documents import Renderer, samples, vat
from engine.environment import settings_of
from engine.errors import Invalid
from tests.content.test_templates import _content, _text

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = settings_of(ROOT / "settings")


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    made = Renderer(1)
    yield made
    made.close()


def _raw(name: str) -> dict[str, Any]:
    raw: dict[str, Any] = yaml.safe_load((ROOT / "documents" / f"{name}.sample.yaml").read_text("utf-8"))
    return copy.deepcopy(raw)


def _built(raw: dict[str, Any]) -> dict[str, Any]:
    return samples.build(yaml.safe_dump(raw, allow_unicode=True), SETTINGS)


def _printed(renderer: Renderer, name: str, raw: dict[str, Any] | None = None) -> str:
    return _text(renderer.render(_content(name), _built(raw or _raw(name)), name))


@pytest.mark.parametrize(
    ("mode", "day", "gross", "tax"),
    [
        ("osno_22", date(2026, 1, 1), "123400.50", "22252.55"),
        ("osno_22", date(2026, 1, 1), "100000.00", "18032.79"),
        ("osno_22", date(2026, 5, 9), "122000.00", "22000.00"),
        ("osno_22", date(2025, 12, 31), "120000.00", "20000.00"),
        ("usn_5", date(2026, 1, 1), "100000.00", "4761.90"),
        ("usn_7", date(2026, 1, 1), "100000.00", "6542.06"),
        ("none", date(2026, 1, 1), "100000.00", "0.00"),
        ("osno_0", date(2026, 1, 1), "100000.00", "0.00"),
    ],
)
def test_the_tax_inside_a_sum_follows_the_mode_and_the_day(mode: str, day: date, gross: str, tax: str) -> None:
    """Part 3.1."""
    assert vat.rate(SETTINGS["vat"], mode, day).of_gross(Decimal(gross)) == Decimal(tax)


def test_the_tax_is_rounded_line_by_line() -> None:
    rate = vat.rate(SETTINGS["vat"], "osno_22", date(2026, 6, 1))
    lines = vat.tax([{"name": "У", "quantity": 1, "price": "40.66"}] * 3, rate)
    assert vat.totals(lines, rate)["vat"] == sum((line.vat for line in lines), Decimal(0)) == Decimal("21.99")


def test_an_invoice_after_the_service_names_payments_act_and_advance_invoices(renderer: Renderer) -> None:
    filled = _printed(renderer, "payment/vat_invoice")
    assert "№ 101 от 01.12.2026, № 107 от 10.12.2026" in filled  # line 5
    assert "№ п/п 1–4, № 0044/26 от 26.12.2026" in filled  # line 5а
    assert "№ 0118/26 от 03.12.2026; № 0121/26 от 11.12.2026" in filled  # line 5б
    assert "Российский рубль, 643" in filled
    for cell in ("876", "без акциза", "22 %", "642 418,04", "141 331,96", "783 750,00"):
        assert cell in filled


def test_an_advance_invoice_takes_the_tax_by_the_calculated_rate_of_the_day_of_the_money(renderer: Renderer) -> None:
    filled = _printed(renderer, "payment/advance_vat_invoice")
    assert "Предоплата по договору № 0017/26 от 25.11.2026" in filled
    assert "22/122" in filled
    assert "70 665,98" in filled
    raw = _raw("payment/advance_vat_invoice")
    raw["extra"]["tax"]["advance"] = {"sum": "120000.00", "date": date(2025, 12, 31)}
    raw["extra"]["document"]["date"] = date(2026, 1, 5)
    filled = _printed(renderer, "payment/advance_vat_invoice", raw)
    assert "20/120" in filled
    assert "20 000,00" in filled


@pytest.mark.parametrize(("mode", "pair", "tax"), [("usn_5", "5/105", "18 660,71"), ("usn_7", "7/107", "25 636,68")])
def test_the_special_rates_have_their_own_pairs(renderer: Renderer, mode: str, pair: str, tax: str) -> None:
    raw = _raw("payment/advance_vat_invoice")
    raw["facts"]["deal"]["vat_mode"] = mode
    filled = _printed(renderer, "payment/advance_vat_invoice", raw)
    assert pair in filled
    assert tax in filled


@pytest.mark.parametrize("mode", ["none", "osno_0"])
def test_nobody_makes_an_advance_invoice_without_tax(mode: str) -> None:
    raw = _raw("payment/advance_vat_invoice")
    raw["facts"]["deal"]["vat_mode"] = mode
    with pytest.raises(Invalid):
        _built(raw)


def test_a_transfer_document_without_tax_has_status_2(renderer: Renderer) -> None:
    assert _built(_raw("payment/upd"))["tax"]["status"] == "1"
    raw = _raw("payment/upd")
    raw["facts"]["deal"]["vat_mode"] = "none"
    assert _built(raw)["tax"]["status"] == "2"
    assert "без НДС" in _printed(renderer, "payment/upd", raw)


def test_a_private_client_has_no_inn_and_its_line_is_a_dash(renderer: Renderer) -> None:
    raw = _raw("payment/vat_invoice")
    raw["facts"]["client"] = {"kind": "person", "name": "Заяц А. И.", "full_name": "Заяц Александра Иосифовна",
                              "requisites": {"address": "г. Калуга"}}  # fmt: skip
    assert "ИНН/КПП покупателя\n–" in _printed(renderer, "payment/vat_invoice", raw)


def test_a_corrective_invoice_shows_each_changed_line_before_and_after(renderer: Renderer) -> None:
    """Rows А-Г of appendix 2 to decree 1137: half the equipment and a cheaper buffet, the other lines stay."""
    filled = _printed(renderer, "payment/corrective_vat_invoice")
    assert "к счету-фактуре № 0125/26 от 28 декабря 2026 г., с учетом исправления № – от –" in filled
    for cell in ("75 532,79", "16 617,21", "92 150,00", "37 766,39", "8 308,61", "37 766,40", "8 308,60", "46 075,00",
                 "82 397,55", "18 127,45", "100 525,00"):  # fmt: skip
        assert cell in filled
    assert "Разработка сценария" not in filled, "a line that stays is not listed"
    assert "Организация фуршета\nА (до изменения)\n–\n792\nчел\n180\n2 297,13" in filled


def test_a_corrective_invoice_may_add_and_take_away_at_once() -> None:
    raw = _raw("payment/corrective_vat_invoice")
    correction = raw["extra"]["tax"]["correction"]
    correction["invoice"] |= {"fix": 2, "fixed_on": date(2026, 12, 29)}
    correction["after"] = [{"no": 1, "quantity": 1, "sum": "122000.00"}, {"no": 3, "quantity": 5, "sum": "66500.00"}]
    built = _built(raw)["correction"]
    assert (built["fix"], built["increase"]["gross"], built["decrease"]["gross"]) == (
        "2", Decimal("8000.00"), Decimal("6650.00"))  # fmt: skip
    for line in built["lines"]:
        assert line["before"]["vat"] + line["increase"]["vat"] - line["decrease"]["vat"] == line["after"]["vat"]
    assert [line["no"] for line in built["lines"]] == [1, 3], "numbers are those of the invoice that is corrected"


@pytest.mark.parametrize("change", [{"percent": None}, {"lines": []}, {"number": ""}])
def test_nothing_to_correct_makes_no_corrective_invoice(change: dict[str, Any]) -> None:
    raw = _raw("payment/corrective_vat_invoice")
    raw["extra"]["tax"]["correction"]["invoice"] |= change
    with pytest.raises(Invalid):
        _built(raw)


def test_an_agreement_ends_the_contract_or_lowers_the_price_of_what_was_accepted(renderer: Renderer) -> None:
    filled = _printed(renderer, "sale/refund_agreement")
    assert "Стороны расторгают договор" in filled
    assert "Задаток за оборудование" in filled
    raw = _raw("sale/refund_agreement")
    raw["extra"]["data"]["refund"] |= {"reduction": True, "accepted": "Акт № 0044/26 от 26.12.2026"}
    filled = _printed(renderer, "sale/refund_agreement", raw)
    assert "и принятых Заказчиком (Акт № 0044/26 от 26.12.2026), уменьшается на 307 625,00 руб." in filled
    assert "В остальном Договор действует без изменений." in filled
    for ending in ("расторгают", "прекращаются", "Задаток за оборудование", "10 (десяти) календарных дней"):
        assert ending not in filled
    raw["facts"]["client"] = {"kind": "person", "name": "Заяц А. И.", "full_name": "Заяц Александра Иосифовна"}
    assert "10 (десяти) календарных дней со дня получения требования" in _printed(
        renderer, "sale/refund_agreement", raw)  # fmt: skip


def test_a_claim_adds_a_penalty_that_stays_within_its_limit(renderer: Renderer) -> None:
    filled = _printed(renderer, "payment/claim")
    assert "321 076,88 руб." in filled
    assert "пеню 5 201,88 руб." in filled
    raw = _raw("payment/claim")
    raw["extra"]["document"]["date"] = date(2028, 2, 1)
    debt = _built(raw)["debt"]
    assert debt["penalty_sum"] == Decimal("31587.50")
    raw["extra"]["data"]["debt"]["penalty"] = "0"
    filled = _printed(renderer, "payment/claim", raw)
    assert "Пеня за просрочку" not in filled
    assert "процентов за пользование чужими денежными средствами" in filled


def test_a_reminder_without_named_debts_is_about_the_unpaid_parts(renderer: Renderer) -> None:
    raw = _raw("payment/reminder")
    del raw["extra"]["data"]
    raw["facts"]["deal"]["payments"][0]["received"] = "391875.00"
    filled = _printed(renderer, "payment/reminder", raw)
    assert "Часть 2 по графику оплаты" in filled
    assert "Триста девяносто одна тысяча восемьсот семьдесят пять рублей 00 копеек" in filled


@pytest.mark.parametrize(
    ("opening", "says"),
    [
        ("15000.00", "задолженность в пользу ООО «Линия событий» составляет 291 875,00 руб."),
        ("-400000.00", "задолженность в пользу АО «Балтийские верфи» составляет 123 125,00 руб."),
        ("-276875.00", "задолженность отсутствует"),
    ],
)
def test_a_reconciliation_ends_with_what_is_owed_and_by_whom(renderer: Renderer, opening: str, says: str) -> None:
    raw = _raw("payment/reconciliation")
    raw["extra"]["data"]["reconciliation"]["opening"] = opening
    assert says in _printed(renderer, "payment/reconciliation", raw)


def test_a_consent_is_a_document_of_its_own_with_the_version_of_its_text(renderer: Renderer) -> None:
    filled = _printed(renderer, "consent/personal_data")
    assert "Я, Чайка Ольга Ильинична" in filled
    assert "Редакция текста: ПД-1 от 01.11.2026" in filled
    assert "рекламы" not in filled
    assert "электронные письма" in _printed(renderer, "consent/advertising")


def test_a_reply_says_the_decision_in_words(renderer: Renderer) -> None:
    filled = _printed(renderer, "quality/complaint_reply")
    assert "Ваше требование удовлетворено частично." in filled
    assert "на обращение № Ж-0007/26 от 28.12.2026" in filled


def test_an_invoice_offer_says_what_accepting_it_means(renderer: Renderer) -> None:
    filled = _printed(renderer, "sale/invoice_offer")
    assert "Счет-оферта № 0094/26" in filled
    assert "Оплата счета в срок его действия означает согласие с этими условиями" in filled


def test_a_name_declined_by_hand_is_printed_as_it_is(renderer: Renderer) -> None:
    raw = _raw("payment/claim")
    raw["facts"]["contact"] |= {"last": "Дюма", "first": "Александр", "dative": "Дюма́ Александру"}
    assert "Дюма́ А. И." in _printed(renderer, "payment/claim", raw)

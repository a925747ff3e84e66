"""Sums, dates and VAT as documents print them."""
from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from engine.documents import dates, money, vat
from engine.errors import Failed

VAT = yaml.safe_load((Path(__file__).resolve().parents[2] / "settings" / "vat.yaml").read_text("utf-8"))
TODAY = date(2026, 11, 21)


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        ("0.00", "Ноль рублей 00 копеек"),
        ("0.01", "Ноль рублей 01 копейка"),
        ("1", "Один рубль 00 копеек"),
        ("2.02", "Два рубля 02 копейки"),
        ("100", "Сто рублей 00 копеек"),
        ("11.11", "Одиннадцать рублей 11 копеек"),
        ("21000.01", "Двадцать одна тысяча рублей 01 копейка"),
        ("2000000", "Два миллиона рублей 00 копеек"),
        ("123400.50", "Сто двадцать три тысячи четыреста рублей 50 копеек"),
        ("1999.995", "Две тысячи рублей 00 копеек"),
        ("1001001001.01", "Один миллиард один миллион одна тысяча один рубль 01 копейка"),
        ("-5", "Минус пять рублей 00 копеек"),
    ],
)
def test_a_sum_is_said_in_words_with_kopecks_in_figures(amount: str, said: str) -> None:
    assert money.words(Decimal(amount)) == said


def test_a_whole_number_means_rubles_and_a_float_is_refused() -> None:
    assert money.words(100) == "Сто рублей 00 копеек"
    with pytest.raises(TypeError):
        money.words(2.675)  # type: ignore[arg-type]


@given(st.decimals(min_value=0, max_value=10**12, places=2))
def test_words_always_end_in_two_figures_of_kopecks_and_begin_with_a_capital(amount: Decimal) -> None:
    said = money.words(amount)
    assert said[0].isupper()
    assert said.split()[-2] == f"{int(amount * 100) % 100:02d}"


def test_figures_are_grouped_with_no_break_spaces() -> None:
    assert money.money(Decimal("1234567.8")) == "1\u00a0234\u00a0567,80"
    assert money.number(Decimal("2.000")) == "2"
    assert money.number(Decimal("0.125")) == "0,125"


@pytest.mark.parametrize(
    ("count", "form"), [(1, "день"), (2, "дня"), (5, "дней"), (11, "дней"), (21, "день"), (112, "дней"), (104, "дня")]
)
def test_a_word_agrees_with_its_number(count: int, form: str) -> None:
    assert money.plural(count, "день", "дня", "дней") == form


def test_dates_are_printed_the_russian_way() -> None:
    assert dates.date_long(TODAY) == "«21»\u00a0ноября 2026\u00a0г."
    assert dates.date_words("2026-05-01") == "1\u00a0мая 2026\u00a0года"
    assert dates.date_short(TODAY) == "21.11.2026"


@pytest.mark.parametrize(
    ("mode", "gross", "tax"),
    [
        ("osno_22", "123400.50", "22252.55"),
        ("osno_22", "100000.00", "18032.79"),
        ("osno_22", "122000.00", "22000.00"),
        ("usn_5", "100000.00", "4761.90"),
        ("usn_7", "100000.00", "6542.06"),
        ("osno_10", "110", "10.00"),
        ("osno_0", "110", "0.00"),
        ("none", "110", "0.00"),
    ],
)
def test_vat_is_taken_out_of_a_sum_that_includes_it(mode: str, gross: str, tax: str) -> None:
    assert vat.rate(VAT, mode, TODAY).of_gross(Decimal(gross)) == Decimal(tax)


def test_the_rate_is_that_of_the_day_the_service_is_rendered() -> None:
    assert vat.rate(VAT, "osno_22", date(2025, 12, 31)).percent == 20
    assert vat.rate(VAT, "osno_22", date(2026, 1, 1)).percent == 22
    assert vat.rate(VAT, "osno_22", date(2025, 12, 31)).calculated == "20/120"
    with pytest.raises(Failed):
        vat.rate(VAT, "usn_5", date(2024, 1, 1))


def test_vat_is_rounded_line_by_line_and_the_total_is_the_sum_of_the_lines() -> None:
    rate = vat.rate(VAT, "osno_22", TODAY)
    lines = vat.tax([{"name": "x", "quantity": 1, "price": "40.66"}] * 3, rate)
    assert [line.vat for line in lines] == [Decimal("7.33")] * 3
    assert vat.totals(lines, rate)["vat"] == Decimal("21.99")
    assert rate.of_gross(Decimal("121.98")) == Decimal("22.00")


def test_a_discount_is_taken_off_each_line_before_the_tax() -> None:
    rate = vat.rate(VAT, "osno_22", TODAY)
    lines = vat.tax([{"name": "x", "quantity": "5.5", "price": "14000"}], rate, Decimal(5))
    sums = vat.totals(lines, rate)
    assert (sums["full"], sums["discount"], sums["gross"]) == (77000, 3850, 73150)
    assert sums["net"] + sums["vat"] == sums["gross"]


def test_without_vat_the_reason_is_printed() -> None:
    rate = vat.rate(VAT, "none", TODAY, "применение УСН, ст. 346.11 НК РФ")
    assert vat.totals((), rate)["vat_line"] == "Без НДС (применение УСН, ст. 346.11 НК РФ)"
    assert "145" in vat.rate(VAT, "none", TODAY).phrase
    with pytest.raises(Failed, match="osno_99"):
        vat.rate(VAT, "osno_99", TODAY)

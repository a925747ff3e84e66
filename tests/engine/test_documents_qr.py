"""The payment QR code of GOST R 56042-2014."""
from __future__ import annotations

import io
from decimal import Decimal

import pytest
import segno

from engine.documents import qr
from engine.errors import Invalid

PAYEE = {
    "name": "ООО «Три кита»", "account": "40702810138250123017", "bank": 'ОАО "БАНК"', "bik": "044525225",
    "corr_account": "30101810400000000225",
}  # fmt: skip


def test_the_standards_example_comes_out_as_it_stands_there() -> None:
    text = qr.payload(PAYEE, Decimal("1000"), "")
    assert text == (
        'ST00012|Name=ООО «Три кита»|PersonalAcc=40702810138250123017|BankName=ОАО "БАНК"|BIC=044525225'
        "|CorrespAcc=30101810400000000225|Sum=100000"
    )


def test_the_sum_is_in_kopecks_and_the_payees_inn_has_its_own_name() -> None:
    text = qr.payload(PAYEE | {"inn": "7709123453", "kpp": "770901001"}, Decimal("1234.50"), "Оплата")
    assert "|Sum=123450|Purpose=Оплата|PayeeINN=7709123453|KPP=770901001" in text


def test_a_separator_that_stands_in_a_value_is_not_used() -> None:
    assert qr.payload(PAYEE | {"name": "А|Б"}, Decimal(1), "x").startswith("ST00012#Name=А|Б#")


def test_a_required_block_over_300_bytes_in_utf8_goes_in_windows_1251() -> None:
    text = qr.payload(PAYEE | {"name": "ООО «" + "Три кита " * 14 + "»"}, Decimal(1), "Оплата")
    assert text.startswith("ST00011|")
    assert len(text.encode("cp1251")) < 400


def test_long_values_are_cut_at_a_word_and_missing_ones_are_named() -> None:
    text = qr.payload(PAYEE, Decimal(1), "слово " * 60)
    purpose = next(pair for pair in text.split("|") if pair.startswith("Purpose="))
    assert len(purpose) <= 8 + 210
    assert purpose.endswith("слово")
    with pytest.raises(Invalid, match="BIC"):
        qr.payload(PAYEE | {"bik": ""}, Decimal(1), "x")
    with pytest.raises(Invalid, match="20 digits"):
        qr.payload(PAYEE | {"account": "4070281013825012301"}, Decimal(1), "x")


def test_texts_whose_letters_all_exist_in_shift_jis_stay_utf8() -> None:
    """segno, left alone, would write Shift_JIS; the picture must be that of the UTF-8 bytes."""
    text = qr.payload(PAYEE | {"name": "ООО Ромашка", "bank": "БАНК"}, Decimal(1), "Привет")
    expected = io.BytesIO()
    segno.make(text.encode(), mode="byte", micro=False, error="M").save(expected, kind="png", scale=8, border=2)
    assert qr.png(text) == expected.getvalue()


def test_a_windows_1251_payload_is_drawn_from_windows_1251_bytes() -> None:
    text = qr.payload(PAYEE | {"name": "ООО «" + "Три кита " * 14 + "»"}, Decimal(1), "Оплата")
    expected = io.BytesIO()
    segno.make(text.encode("cp1251"), mode="byte", micro=False, error="M").save(expected, kind="png", scale=8, border=2)
    assert qr.png(text) == expected.getvalue()

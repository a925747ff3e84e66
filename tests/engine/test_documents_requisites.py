"""Requisites of companies, entrepreneurs and banks: what passes and what is said of what does not."""
from __future__ import annotations

from typing import Any

import pytest
from stdnum.ru import inn as reference_inn

from engine.documents import requisites

GOOD: dict[str, Any] = {
    "kind": "legal", "inn": "7810007656", "kpp": "781001001", "ogrn": "1207800012342",
    "requisites": {"address": "Санкт-Петербург", "bik": "044030653", "account": "40702810055000001234",
                   "corr_account": "30101810500000000653"},
}


@pytest.mark.parametrize("inn", ["7707083893", "7830002293", "500100732259"])
def test_true_inns_pass(inn: str) -> None:
    assert requisites.inn_valid(inn)
    assert reference_inn.is_valid(inn)


@pytest.mark.parametrize(
    "inn",
    ["7707083894", "0000000000", "000000000000", "７７０７０８３８９３", "٧٧٠٧٠٨٣٨٩٣", "770708389", "", "77070838931"],
)
def test_wrong_empty_zero_and_foreign_digits_are_no_inn(inn: str) -> None:
    assert not requisites.inn_valid(inn)


def test_ogrn_and_ogrnip_have_their_own_moduli_and_the_last_digit_of_a_two_digit_remainder_counts() -> None:
    assert requisites.ogrn_valid("1027700132195")
    assert not requisites.ogrn_valid("1027700132196")
    for number in ("304500116000157", "304774611600000", "304774611600011", "304774611600022"):
        assert requisites.ogrnip_valid(number)
    assert not requisites.ogrnip_valid("304500116000158")


def test_a_kpp_may_hold_letters_but_not_a_zero_office() -> None:
    assert requisites.kpp_valid("781001001")
    assert requisites.kpp_valid("7810AB001")
    assert not requisites.kpp_valid("000000000")
    assert not requisites.kpp_valid("78100100")


def test_accounts_are_keyed_to_their_bank() -> None:
    assert requisites.account_valid("40602810700000000025", "049805746")
    assert not requisites.account_valid("40602810700000000026", "049805746")
    assert requisites.account_valid("40702810138250123017", "044525225")


def test_correspondent_and_treasury_accounts_are_keyed_to_the_region() -> None:
    assert requisites.account_valid("30101810800000000746", "049805000", correspondent=True)
    assert requisites.account_valid("30101810400000000225", "044525225", correspondent=True)
    assert requisites.account_valid("40102810445370000059", "017003983")


def test_treasury_accounts_that_begin_with_zero_are_not_judged() -> None:
    assert requisites.account_valid("03100643000000018500", "017003983")


def test_faultless_requisites_give_no_sentence() -> None:
    assert requisites.faults(GOOD) == []


def test_every_fault_is_a_sentence_of_its_own() -> None:
    broken = {
        **GOOD, "inn": "7810007657", "kpp": "1", "ogrn": "1207800012343",
        "requisites": {"bik": "44030653", "account": "4070281005500000123", "corr_account": "x"},
    }
    said = [str(fault) for fault in requisites.faults(broken)]
    assert "The INN 7810007657 has a wrong check sum." in said
    assert "The address is not filled in." in said
    assert len(said) == 7


def test_an_account_of_another_bank_is_named_with_its_bik() -> None:
    other = {**GOOD, "requisites": {**GOOD["requisites"], "bik": "044525225"}}
    said = [str(fault) for fault in requisites.faults(other)]
    assert "The account 40702810055000001234 does not fit the BIK 044525225." in said


def test_an_entrepreneur_has_twelve_digits_and_no_kpp() -> None:
    ip = {**GOOD, "kind": "ip", "inn": "500100732259", "ogrn": "304500116000157"}
    said = [str(fault) for fault in requisites.faults(ip)]
    assert said == ["An entrepreneur has no KPP, but 781001001 is filled in."]
    assert requisites.faults({**ip, "kpp": None}) == []


def test_a_person_needs_an_address_only() -> None:
    assert requisites.faults({"kind": "person", "address": "Калуга"}) == []
    assert len(requisites.faults({"kind": "person"})) == 1


def test_requisites_may_stand_beside_the_client_or_under_it() -> None:
    flat = {**GOOD, **GOOD["requisites"]}
    del flat["requisites"]
    assert requisites.faults(flat) == []


ABROAD: dict[str, Any] = {
    "kind": "foreign", "name": "Großmann & Söhne GmbH",
    "requisites": {"address": "Königsallee 1, Düsseldorf", "bik": "DEUTDEFF", "account": "DE89370400440532013000"},
}


def test_a_company_from_abroad_needs_an_address_and_true_numbers_of_its_own_kind() -> None:
    assert requisites.faults(ABROAD) == []
    assert requisites.faults({**ABROAD, "inn": "9909046922"}) == []  # registered with a Russian tax office
    wrong = {**ABROAD, "inn": "9909046921", "requisites": {"bik": "DEUT", "account": "DE89370400440532013001"}}
    assert [str(fault) for fault in requisites.faults(wrong)] == [
        "The address is not filled in.",
        "The INN 9909046921 has a wrong check sum.",
        "The account DE89370400440532013001 is no true IBAN: check its digits.",
        "DEUT is no SWIFT code: it has 8 or 11 letters and digits.",
    ]
    elsewhere = {**ABROAD, "requisites": {"address": "Astana", "account": "0532013000"}}
    assert requisites.faults(elsewhere) == []

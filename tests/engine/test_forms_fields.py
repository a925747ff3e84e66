"""Each kind of field: what it takes, what it gives, what it refuses and in which words."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from tests.engine.form_kit import clean, fault_of, faults, field, form, one

MOSCOW = ZoneInfo("Europe/Moscow")
CITIES = [{"label": "Казань", "value": "kzn"}, {"label": "Омск", "value": "oms"}]
NUMBERS = [{"label": "Один", "value": 1}, {"label": "Два", "value": 2}]


def test_text_is_trimmed_and_a_blank_one_is_none():
    assert one(field("textfield"), "  Ромашка \n") == "Ромашка"
    assert one(field("textfield"), "   ") is None


def test_a_line_break_stays_in_a_textarea_and_goes_from_a_textfield():
    assert one(field("textarea"), "а\r\nб") == "а\nб"
    assert one(field("textfield"), "а\r\nб") == "а б"


@pytest.mark.parametrize("value", ["\x00", "а\x1bб", {"a": 1}, ["а"], True])
def test_what_is_no_text_is_refused(value):
    assert fault_of(field("textfield"), value)


def test_text_has_bounds_even_if_the_form_names_none():
    assert "1000" in fault_of(field("textfield"), "я" * 1001)
    assert "20000" in fault_of(field("textarea"), "я" * 20001)


def test_length_is_told_with_what_there_is_now():
    short = field("textfield", validate={"minLength": 5, "maxLength": 7})
    assert fault_of(short, "абв") == "Enter at least 5 characters, now there are 3."
    assert fault_of(short, "абвгдежз") == "Shorten the text to 7 characters, now there are 8."
    assert one(short, "абвгд") == "абвгд"


def test_an_optional_field_left_blank_need_not_be_long_enough():
    assert one(field("textfield", validate={"minLength": 5}), "") is None


def test_a_pattern_is_explained_by_the_description_of_the_field():
    inn = field("textfield", validate={"pattern": r"^(\d{10}|\d{12})$"}, description="10 или 12 цифр")
    assert one(inn, "7701234567") == "7701234567"
    assert "10 или 12 цифр" in fault_of(inn, "12")
    assert fault_of(inn, "٧٧٠١٢٣٤٥٦٧")  # digits of another script are no digits here


def test_a_pattern_that_could_run_for_ages_refuses_the_value_instead():
    assert fault_of(field("textfield", validate={"pattern": r"^(a+)+$"}), "a" * 60 + "!")


@pytest.mark.parametrize("mail", ["a@b.ru", "и.иванов@почта.рф", "a+b@mail.example.test"])
def test_mail_addresses_pass(mail):
    assert one(field("textfield", validate={"validationType": "email"}), mail) == mail


@pytest.mark.parametrize("mail", ["a@b", "@b.ru", "a b@c.ru", "a@b.ru, c@d.ru", "a@b.ru\nBcc: x@y.ru"])
def test_what_is_no_mail_address_is_refused(mail):
    assert "mail address" in fault_of(field("textfield", validate={"validationType": "email"}), mail)


def test_phones_are_numbers_with_their_code():
    phone = field("textfield", validate={"validationType": "phone"})
    assert one(phone, "8 (495) 123-45-67") == "8 (495) 123-45-67"
    assert one(phone, "+7 921 555-90-01")
    assert fault_of(phone, "123-45-67")
    assert fault_of(phone, "звоните Анне")


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("1 234,56", "1234.56"),
        ("1234.56", "1234.56"),
        ("1\u00a0234\u202f567,8", "1234567.8"),
        ("1,234.56", "1234.56"),
        ("1.234,56", "1234.56"),
        ("−5", "-5"),
        ("-0", "0"),
        ("007", "7"),
        (",5", "0.5"),
        ("12 ₽", "12"),
        (12, "12"),
        (1000.5, "1000.5"),
        (Decimal("3.10"), "3.10"),
    ],
)
def test_numbers_are_read_as_people_write_them(typed, value):
    assert one(field("number"), typed) == Decimal(value)


@pytest.mark.parametrize(
    "typed", ["много", "1e5", "0x10", "NaN", "Infinity", "1,2,3", "1.2.3", "12,34.5", "9" * 20, True, [1], {}]
)
def test_what_is_no_number_is_refused(typed):
    assert fault_of(field("number"), typed)


def test_numbers_have_bounds_steps_and_digits():
    share = field("number", decimalDigits=1, increment="0.5", validate={"required": True, "min": 0, "max": 30})
    assert one(share, "12,5") == Decimal("12.5")
    assert fault_of(share, "12,55") == "Enter at most 1 digits after the comma."
    assert fault_of(share, "12,3") == "Enter a multiple of 0,5."
    assert fault_of(share, "-1") == "Enter a number of at least 0."
    assert fault_of(share, "31") == "Enter a number of at most 30."
    assert fault_of(share, "") == "Fill in this field."
    assert fault_of(field("number", decimalDigits=0), "1,5") == "Enter a whole number."


def test_zero_is_an_answer_to_a_required_number():
    assert one(field("number", validate={"required": True}), "0") == Decimal(0)


def test_money_has_kopecks_and_no_more():
    price = field("number", properties={"money": "true"})
    assert one(price, "1 250 000,5 ₽") == Decimal("1250000.5")
    assert fault_of(price, "10,005")


def test_bounds_may_be_expressions():
    share = field("number", validate={"max": "=limit"})
    assert fault_of(share, "11", limit=10) == "Enter a number of at most 10."
    assert one(share, "10", limit=10) == 10


@pytest.mark.parametrize("typed", ["2026-12-25", "25.12.2026", date(2026, 12, 25)])
def test_dates_are_read_as_iso_and_as_russians_write_them(typed):
    assert one(field("datetime", subtype="date"), typed) == date(2026, 12, 25)


@pytest.mark.parametrize(
    "typed", ["31.02.2026", "25.12.26", "2026-13-01", "20261225", "1.1.0001", "завтра", 5, "2026-W50-1"]
)
def test_dates_that_do_not_exist_are_refused(typed):
    assert fault_of(field("datetime", subtype="date"), typed)


def test_a_passed_date_is_told_by_the_day_of_the_office():
    day = field("datetime", subtype="date", disallowPassedDates=True)
    assert fault_of(day, "21.11.2026") == "Enter a date that has not passed: 22.11.2026 or later."
    assert one(day, "22.11.2026") == date(2026, 11, 22)


def test_a_date_and_time_typed_here_is_the_office_time():
    moment = one(field("datetime", subtype="datetime"), "2026-11-21T14:30")
    assert moment == datetime(2026, 11, 21, 14, 30, tzinfo=MOSCOW)
    assert one(field("datetime", subtype="datetime"), "21.11.2026 14:30") == moment
    assert one(field("datetime", subtype="datetime"), "2026-11-21T11:30:00Z") == moment


def test_times_of_the_day():
    assert one(field("datetime", subtype="time"), "9:05") == time(9, 5)
    assert one(field("time"), "14:30:15") == time(14, 30, 15)
    assert fault_of(field("datetime", subtype="time"), "25:00")


def test_a_choice_gives_the_value_of_the_form_and_nothing_else():
    city = field("select", values=CITIES, validate={"required": True})
    assert one(city, "kzn") == "kzn"
    assert fault_of(city, "msk") == "Choose one of the values of the list."
    assert fault_of(city, ["kzn"])
    assert fault_of(city, "") == "Choose a value."
    assert one(field("radio", values=NUMBERS), "2") == 2
    assert fault_of(field("radio", values=NUMBERS), "3")


def test_choices_may_come_from_a_variable_or_an_expression():
    assert one(field("select", valuesKey="cities"), "oms", cities=CITIES) == "oms"
    assert one(field("select", valuesExpression="=for c in cities return c.value"), "oms", cities=CITIES) == "oms"
    assert fault_of(field("select", valuesKey="cities"), "kzn", cities=CITIES[1:])
    assert fault_of(field("select", valuesKey="nothing"), "kzn")


def test_several_choices_are_each_of_the_list_and_once():
    for kind in ("checklist", "taglist"):
        assert one(field(kind, values=CITIES), ["oms", "kzn", "oms", ""]) == ["oms", "kzn"]
        assert one(field(kind, values=CITIES), []) == []
        assert fault_of(field(kind, values=CITIES), ["oms", "msk"])
        assert fault_of(field(kind, values=CITIES), [{"value": "oms"}])
        assert fault_of(field(kind, values=CITIES, validate={"required": True}), []) == "Choose at least one value."


@pytest.mark.parametrize(
    ("sent", "value"), [("true", True), ("on", True), (True, True), ("", False), (None, False), ("false", False)]
)
def test_a_tick(sent, value):
    assert one(field("checkbox"), sent) is value


def test_a_required_tick_must_be_set():
    consent = field("checkbox", validate={"required": True})
    assert fault_of(consent, "") == "Tick this box to go on."
    assert one(consent, "true") is True
    assert fault_of(field("checkbox"), "maybe")


FILES = {5: {"id": 5, "name": "Договор.PDF", "size": 10}, 6: {"id": 6, "name": "Счёт.docx", "size": 20}}


def test_files_are_those_that_were_stored_for_this_person():
    made = form(field("filepicker", multiple=True, accept=".pdf,.docx"))
    assert clean(made, {"x": ["5", {"id": 6}]}, files=FILES.get)["x"] == [FILES[5], FILES[6]]
    assert clean(made, {"x": []}, files=FILES.get)["x"] == []
    assert faults(made, {"x": ["99"]}, files=FILES.get) == {"x": "Attach the file again: it has not arrived."}
    assert faults(made, {"x": ["5"]}), "without knowing whose files they are none is taken"


def test_files_that_the_variable_holds_may_stay():
    made = form(field("filepicker"))
    assert clean(made, {"x": ["5"]}, {"x": [FILES[5]]})["x"] == [FILES[5]]


def test_files_have_a_number_and_a_kind():
    one_pdf = form(field("filepicker", accept=".pdf", validate={"required": True}))
    assert faults(one_pdf, {"x": ["5", "6"]}, files=FILES.get) == {"x": "Attach one file only."}
    assert faults(one_pdf, {"x": ["6"]}, files=FILES.get) == {"x": "Attach a file of one of these kinds: .pdf."}
    assert faults(one_pdf, {"x": ""}, files=FILES.get) == {"x": "Attach a file."}

"""What passes into the variables: the form's own visible fields, and nothing that somebody adds."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

import pytest

from engine.errors import Invalid
from tests.engine.form_kit import clean, faults, field, form

ITEMS = field(
    "dynamiclist",
    "items",
    "Позиции",
    allowAddRemove=True,
    defaultRepetitions=1,
    components=[
        field("textfield", "name", "Товар", validate={"required": True}),
        field("number", "qty", "Кол-во", decimalDigits=0, validate={"required": True, "min": 1}),
        field("number", "price", "Цена", properties={"money": "true"}, validate={"min": 0}),
        field("expression", "sum", "Сумма", expression="=qty * price"),
        field("textfield", "why", "Почему", conditional={"hide": "=not(qty > 10)"}, validate={"required": True}),
    ],
)
DEAL = form(
    field("textfield", "org", "Компания", validate={"required": True, "minLength": 2}),
    field("textfield", "inn", "ИНН", validate={"required": True, "pattern": r"^(\d{10}|\d{12})$"}),
    field("number", "amount", "Сумма", decimalDigits=2, validate={"required": True, "min": 0, "max": 1_000_000}),
    field("datetime", "close_date", "Дата", subtype="date", validate={"required": True}),
    field("select", "segment", "Сегмент", values=[{"label": "VIP", "value": "VIP"}], validate={"required": True}),
    field("taglist", "products", "Продукты", valuesKey="catalogue"),
    field("radio", "qualified", "Подходит?", values=[{"label": "Да", "value": "yes"}, {"label": "Нет", "value": "no"}]),
    field(
        "textarea",
        "reason",
        "Причина",
        conditional={"hide": '=qualified != "no"'},
        validate={"required": True, "minLength": 5},
    ),
    field("checkbox", "consent", "Согласие", validate={"required": True}),
    ITEMS,
    field("expression", "total", "Итого", expression="=sum(items.sum)"),
    field(
        "group",
        "address",
        "Адрес",
        components=[field("textfield", "city", "Город"), field("textfield", "street", "Улица")],
    ),
)
GOOD: dict[str, Any] = {
    "org": "ООО «Ромашка»",
    "inn": "7701234567",
    "amount": "125 000,55",
    "close_date": "2026-12-25",
    "segment": "VIP",
    "products": ["crm"],
    "qualified": "no",
    "reason": "Нет бюджета",
    "consent": True,
    "items": [{"name": "Лицензия", "qty": "2", "price": "1000,50"}, {"name": "Внедрение", "qty": "3", "price": "500"}],
    "address": {"city": "Казань", "street": ""},
}
VARIABLES = {"catalogue": [{"label": "CRM", "value": "crm"}]}


def test_a_good_form_gives_typed_values_and_computed_ones():
    found = clean(DEAL, GOOD, VARIABLES)
    assert found["amount"] == Decimal("125000.55")
    assert found["total"] == Decimal("3501.00")
    assert [row["sum"] for row in found["items"]] == [Decimal("2001.00"), Decimal("1500")]
    assert found["address"] == {"city": "Казань", "street": None}
    assert set(found) == DEAL.names


BAD: list[tuple[str, Any, str]] = [
    ("a required field left out", lambda d: d.pop("org"), "org"),
    ("a pattern missed", lambda d: d.update(inn="12"), "inn"),
    ("less than the least", lambda d: d.update(amount=-1), "amount"),
    ("more than the most", lambda d: d.update(amount=10**7), "amount"),
    ("words for a number", lambda d: d.update(amount="много"), "amount"),
    ("a choice that is not offered", lambda d: d.update(segment="HACK"), "segment"),
    ("a day that does not exist", lambda d: d.update(close_date="2026-02-31"), "close_date"),
    ("consent not given", lambda d: d.update(consent=False), "consent"),
    ("no reason though one is asked for", lambda d: d.pop("reason"), "reason"),
    ("a bad value in the second row", lambda d: d["items"][1].update(qty=0), "items[1].qty"),
    ("a forged total", lambda d: d.update(total=1), "total"),
    ("a forged sum of a row", lambda d: d["items"][0].update(sum=1), "items[0].sum"),
    ("a variable slipped in", lambda d: d.update(is_admin=True), "is_admin"),
    ("a variable slipped into a group", lambda d: d["address"].update(x=1), "address.x"),
    ("a variable slipped into a row", lambda d: d["items"][0].update(discount=99), "items[0].discount"),
    ("a product that is not offered", lambda d: d.update(products=["zzz"]), "products"),
    ("text instead of rows", lambda d: d.update(items="x"), "items"),
    ("text instead of a row", lambda d: d.update(items=["x"]), "items"),
    ("text instead of a group", lambda d: d.update(address="x"), "address"),
    ("too many rows", lambda d: d.update(items=[{"name": "а", "qty": 1}] * 201), "items"),
    ("a tag of the store slipped in", lambda d: d.update(org={"$": "decimal", "v": "1"}), "org"),
    ("a dotted name slipped in", lambda d: d.update({"address.city": "Омск"}), "address.city"),
]


@pytest.mark.parametrize(("change", "place"), [(c, p) for _, c, p in BAD], ids=[name for name, _, _ in BAD])
def test_a_bad_submission_is_refused_at_its_place(change, place):
    raw = copy.deepcopy(GOOD)
    change(raw)
    found = faults(DEAL, raw, VARIABLES)
    assert place in found
    assert found[place].endswith((".", "компании"))


def test_a_forged_field_is_named_and_one_is_told_what_to_do():
    found = faults(DEAL, GOOD | {"is_admin": True}, VARIABLES)
    assert found == {"is_admin": "The form has no field “is_admin”. Reload the page and fill it in again."}


def test_what_is_no_object_at_all_is_refused():
    with pytest.raises(Invalid):
        clean(DEAL, ["x"], VARIABLES)  # type: ignore[arg-type]


def test_a_hidden_field_is_dropped_whatever_it_says():
    found = clean(DEAL, GOOD | {"qualified": "yes", "reason": "x"}, VARIABLES)
    assert found["reason"] is None, "the name is known afterwards, the text is not"
    kept = clean(DEAL, GOOD | {"qualified": "yes"}, VARIABLES | {"reason": "Старая"})
    assert "reason" not in kept, "an earlier round's answer stays as it was"


def test_conditions_of_a_row_see_the_row():
    raw = copy.deepcopy(GOOD)
    raw["items"][1]["qty"] = "11"
    assert faults(DEAL, raw, VARIABLES) == {"items[1].why": "Fill in this field."}
    raw["items"][1]["why"] = "Опт"
    assert clean(DEAL, raw, VARIABLES)["items"][1]["why"] == "Опт"
    assert "why" not in clean(DEAL, raw, VARIABLES)["items"][0]


def test_a_hidden_group_takes_its_fields_with_it():
    made = form(
        field("checkbox", "visit", "Выезд"),
        field(
            "group",
            "address",
            "Адрес",
            conditional={"hide": "=not(visit)"},
            components=[field("textfield", "city", "Город", validate={"required": True})],
        ),
    )
    assert faults(made, {"visit": False}) == {}
    assert faults(made, {"visit": True}) == {"address.city": "Fill in this field."}


def test_conditions_follow_one_another():
    made = form(
        field("checkbox", "a", "А"),
        field("textfield", "b", "Б", conditional={"hide": "=not(a)"}),
        field("textfield", "c", "В", conditional={"hide": "=b = null"}, validate={"required": True}),
    )
    assert faults(made, {"a": True, "b": "x"}) == {"c": "Fill in this field."}
    assert faults(made, {"a": False, "b": "x"}) == {}


def test_computed_values_may_build_on_one_another_in_any_order():
    made = form(
        field("expression", "gross", "Всего", expression="=net + vat", properties={"money": "true"}),
        field("expression", "vat", "НДС", expression="=net * 0.22"),
        field("number", "net", "Без НДС"),
    )
    assert clean(made, {"net": "100,33"})["gross"] == Decimal("122.40")


def test_a_computed_value_that_fails_says_so():
    made = form(field("expression", "boom", "Счёт", expression="=sum(for i in 1..1000000 return i)"))
    assert "could not be computed" in faults(made, {})["boom"]


def test_fields_that_may_not_be_changed_keep_what_the_engine_knows():
    made = form(
        field("textfield", "client_name", "Клиент", readonly=True, properties={"prefill": "=client.name"}),
        field("textfield", "note", "Заметка", disabled=True),
        field("number", "limit", "Лимит", readonly="=locked"),
    )
    variables = {"client": {"name": "Ромашка"}, "locked": True, "limit": Decimal(5)}
    found = clean(made, {"client_name": "Взлом", "note": "x", "limit": "99"}, variables)
    assert (found["client_name"], found["limit"], found["note"]) == ("Ромашка", 5, None)
    assert clean(made, {"limit": "99"}, variables | {"locked": False})["limit"] == 99


def test_a_group_keeps_what_the_variable_holds_beside_the_form():
    made = form(field("group", "address", "Адрес", components=[field("textfield", "city", "Город")]))
    assert clean(made, {"address": {"city": "Омск"}}, {"address": {"zip": "644"}})["address"] == {
        "zip": "644",
        "city": "Омск",
    }


def test_a_group_without_a_path_is_only_a_frame():
    frame = field("group", "", "Рамка", components=[field("textfield", "city", "Город")])
    assert clean(form(frame), {"city": "Омск"}) == {"city": "Омск"}


def test_dotted_keys_are_places_in_a_value():
    made = form(field("textfield", "terms.place", "Место"), field("number", "terms.days", "Дни"))
    assert clean(made, {"terms": {"place": "Омск", "days": "3"}}) == {"terms": {"place": "Омск", "days": 3}}
    assert faults(made, {"terms": {"price": "3"}}) == {
        "terms.price": "The form has no field “terms.price”. Reload the page and fill it in again."
    }


def test_rows_remember_where_they_come_from():
    lines = field(
        "dynamiclist",
        "lines",
        "Строки",
        allowAddRemove=True,
        components=[field("textfield", "name", "Услуга", readonly=True), field("number", "qty", "Кол-во")],
    )
    held = {"lines": [{"id": 1, "name": "А", "qty": 1}, {"id": 2, "name": "Б", "qty": 1}]}
    found = clean(form(lines), {"lines": [{"_of": "1", "qty": "5", "name": "Взлом"}, {"_of": "", "qty": "7"}]}, held)
    assert found["lines"] == [{"id": 2, "name": "Б", "qty": 5}, {"name": None, "qty": 7}]


def test_rows_of_a_fixed_list_may_not_be_added_or_removed():
    lines = field("dynamiclist", "lines", "Строки", allowAddRemove=False, components=[field("number", "qty", "Кол-во")])
    held = {"lines": [{"id": 1, "qty": 1}, {"id": 2, "qty": 1}]}
    assert clean(form(lines), {"lines": [{"qty": 3}, {"qty": 4}]}, held)["lines"] == [
        {"id": 1, "qty": 3},
        {"id": 2, "qty": 4},
    ]
    assert "lines" in faults(form(lines), {"lines": [{"qty": 3}]}, held)


def test_a_list_may_be_emptied():
    assert clean(form(ITEMS), {"items": []})["items"] == []


def test_errors_that_were_shown_are_looked_at_again_and_no_others():
    from engine import forms
    from tests.engine.form_kit import CONTEXT

    raw = GOOD | {"org": "", "inn": "7701234567", "segment": ""}
    assert set(forms.remaining_faults(DEAL, raw, VARIABLES, CONTEXT, ["org", "inn"])) == {"org"}
    assert forms.remaining_faults(DEAL, raw, VARIABLES, CONTEXT, []) == {}

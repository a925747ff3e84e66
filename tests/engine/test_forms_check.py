"""The gate for form files: each fault is found, named and comes with a remedy; the sound form passes."""

from __future__ import annotations

import json

import pytest

from engine import forms
from engine.errors import Refused
from tests.engine.form_kit import content, field, form

CHOICES = [{"label": "Да", "value": "yes"}]
SOUND = content(
    {"type": "text", "id": "t", "text": "### {{client.name}}\n{{#if deal.total > 0}}Сумма{{/if}}"},
    field("textfield", "org", "Компания"),
    field("select", "kind", "Вид", values=CHOICES),
    field("expression", "total", "", expression="=1 + 1"),
    field("group", "", "", components=[field("number", "amount", "Сумма")]),
    field("dynamiclist", "items", "Позиции", components=[field("textfield", "org", "Товар")]),
    {"type": "separator", "id": "s"},
    {"type": "spacer", "id": "p"},
    {"type": "button", "id": "b", "label": "Готово"},
)


def codes(*components) -> list[str]:
    return [fault.code for fault in forms.check(content(*components), "sale/x.form")]


def test_a_sound_form_has_no_faults():
    assert forms.check(SOUND, "x.form") == ()
    assert forms.read(SOUND).names == {"org", "kind", "total", "amount", "items"}


@pytest.mark.parametrize(
    "broken", [b"{", b"\xff\xfe", b"[]", b'"x"', b"{}", b'{"components": {}}', b'{"components": ["x"]}', b"[" * 100_000]
)
def test_a_broken_file_is_refused_not_a_crash(broken):
    faults = forms.check(broken, "x.form")
    assert [fault.severity for fault in faults] == ["error"]
    assert faults[0].file == "x.form"
    with pytest.raises(Refused):
        forms.read(broken)


def test_a_byte_order_mark_is_no_fault():
    assert forms.check(b"\xef\xbb\xbf" + SOUND, "x.form") == ()


@pytest.mark.parametrize(
    ("components", "code"),
    [
        ([field("iframe", "x")], "form-component-unknown"),
        ([field("script", "x")], "form-component-unknown"),
        ([field("textfield", "a"), field("number", "a")], "form-duplicate-key"),
        ([field("textfield", "a"), field("group", "", components=[field("number", "a")])], "form-duplicate-key"),
        ([field("textfield", "a"), field("textfield", "a.b")], "form-duplicate-key"),
        ([field("group", "g", components=[field("number", "a"), field("number", "a")])], "form-duplicate-key"),
        ([field("textfield", "")], "form-missing-key"),
        ([field("textfield", "a b")], "form-bad-key"),
        ([field("textfield", "_action")], "form-bad-key"),
        ([field("textfield", "client")], "form-reserved-name"),
        ([field("group", "deal", components=[])], "form-reserved-name"),
        ([field("textfield", "a", "")], "form-missing-label"),
        ([field("textfield", "a", conditional={"hide": "=b >"})], "form-broken-feel"),
        ([field("expression", "a", expression="=1 +")], "form-broken-feel"),
        ([field("expression", "a")], "form-broken-feel"),
        ([field("textfield", "a", properties={"prefill": "=client."})], "form-broken-feel"),
        ([field("number", "a", validate={"min": "=("})], "form-broken-feel"),
        ([{"type": "text", "id": "t", "text": "{{a +}}"}], "form-broken-feel"),
        ([field("textfield", "a", "{{b +}}")], "form-broken-feel"),
        ([field("table", "t", "Т", dataSource="=a[")], "form-broken-feel"),
        ([field("select", "a", valuesExpression="=for x")], "form-broken-feel"),
        ([field("select", "a")], "form-without-choices"),
        ([field("radio", "a", values=[])], "form-without-choices"),
        ([field("radio", "a", values=CHOICES * 2)], "form-duplicate-choice"),
        ([field("textfield", "a", validate={"pattern": "["})], "form-bad-pattern"),
        ([field("textfield", "a", validate={"pattern": "^(a+)+$"})], "form-bad-pattern"),
    ],
)
def test_each_fault_is_found(components, code):
    assert codes(*components) == [code]


def test_a_fault_says_where_and_what_to_do():
    fault = forms.check(content(field("textfield", "a", conditional={"hide": "=b >"})), "sale/x.form")[0]
    assert (fault.file, fault.element_id, fault.severity) == ("sale/x.form", "id_a", "error")
    assert "conditional.hide" in str(fault.reason)
    assert "b >" in str(fault.remedy)


def test_the_same_key_in_different_rows_and_groups_is_no_fault():
    assert codes(field("textfield", "a"), field("group", "g", components=[field("textfield", "a")])) == []


def test_a_form_has_bounds():
    assert codes(*(field("textfield", f"x{n}") for n in range(301))) == ["form-too-large"]
    deep = field("textfield", "a")
    for n in range(7):
        deep = field("group", f"g{n}", components=[deep])
    assert codes(deep) == ["form-too-deep"]
    assert [fault.code for fault in forms.check(b" " * (512 * 1024 + 1), "x")] == ["form-too-large"]


def test_a_text_has_bounds_unless_it_is_an_image():
    assert codes({"type": "text", "id": "t", "text": "я" * 20_001}) == ["form-too-large"]
    assert codes({"type": "image", "id": "i", "alt": "А", "source": "data:image/png;base64," + "A" * 30_000}) == []


def test_unknown_properties_of_the_editor_do_no_harm():
    raw = json.loads(SOUND)
    raw |= {"exporter": {"name": "form-js"}, "executionPlatform": "Camunda Cloud", "schemaVersion": 16}
    raw["components"][1] |= {"layout": {"row": "r", "columns": None}, "appearance": {}, "somethingNew": [1]}
    assert forms.check(json.dumps(raw).encode(), "x.form") == ()


def test_every_expression_of_a_form_can_be_listed_for_the_check_of_names():
    made = form(
        field(
            "number", "a", "А {{b}}", conditional={"hide": "=c"}, validate={"max": "=d"}, properties={"prefill": "=e"}
        )
    )
    assert {text for _, text in forms.expressions_of(made.components[0])} == {"b", "c", "d", "e"}

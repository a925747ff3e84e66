"""From the HTML form to nested values: rows, ticks, files, buttons that change rows, names nobody drew."""

from __future__ import annotations

import pytest
from werkzeug.datastructures import MultiDict

from engine import forms
from engine.errors import Invalid
from tests.engine.form_kit import CONTEXT, clean, draw, faults, field, form, html

LINES = field(
    "dynamiclist",
    "items",
    "Позиции",
    allowAddRemove=True,
    components=[
        field("textfield", "name", "Услуга"),
        field("number", "qty", "Кол-во"),
        field("checkbox", "urgent", "Срочно"),
        field("checklist", "days", "Дни", values=[{"label": "Пн", "value": "mo"}, {"label": "Вт", "value": "tu"}]),
    ],
)
ORDER = form(
    field("textfield", "subject", "Предмет"),
    field("checkbox", "agreed", "Согласовано"),
    field(
        "checklist", "ways", "Способы", values=[{"label": "Почта", "value": "mail"}, {"label": "ЭДО", "value": "edo"}]
    ),
    field("group", "place", "Место", components=[field("textfield", "city", "Город")]),
    LINES,
    field("filepicker", "papers", "Бумаги", multiple=True),
)


def parse(*pairs: tuple[str, str], files=None):
    return forms.parse(ORDER, MultiDict(pairs), files)


def test_names_become_places():
    raw = parse(("subject", "А"), ("place.city", "Омск"), ("items[0].name", "Б"), ("items[1].name", "В"))
    assert raw == {"subject": "А", "place": {"city": "Омск"}, "items": [{"name": "Б"}, {"name": "В"}]}


def test_rows_keep_their_order_whatever_the_gaps_and_the_order_of_arrival():
    assert parse(("items[7].name", "Б"), ("items[2].name", "А"))["items"] == [{"name": "А"}, {"name": "Б"}]


def test_an_empty_control_tells_nothing_chosen_from_not_on_the_page():
    assert parse(("agreed", ""), ("ways", "")) == {"agreed": "", "ways": []}
    assert parse(("agreed", ""), ("agreed", "true"), ("ways", ""), ("ways", "edo")) == {
        "agreed": "true",
        "ways": ["edo"],
    }
    assert parse(("items", "")) == {"items": []}
    assert parse(("items", ""), ("items[0].days", ""), ("items[0].days", "mo")) == {"items": [{"days": ["mo"]}]}


def test_names_of_the_page_itself_are_no_fields():
    assert parse(("csrf_token", "x"), ("_action", "complete"), ("_revision", "3"), ("_fault", "subject")) == {}


def test_names_nobody_drew_arrive_and_are_refused():
    for name in (
        "is_admin",
        "subject.x",
        "items[0].price",
        "items.name",
        "place[0]",
        "items[0][1]",
        "a..b",
        "[",
        "items[x]",
    ):
        raw = parse((name, "1"))
        assert faults(ORDER, raw), name


def test_a_submission_without_end_is_refused():
    with pytest.raises(Invalid):
        parse(*((f"x{n}", "1") for n in range(4001)))
    with pytest.raises(Invalid):
        parse(("x" * 201, "1"))


def test_a_row_is_added_and_removed_by_a_button_without_scripts():
    rows = (("items[0].name", "А"), ("items[1].name", "Б"))
    assert parse(*rows, ("_action", "remove:items[0]"))["items"] == [{"name": "Б"}]
    added = parse(*rows, ("_action", "add:items"))
    assert [row.get("name") for row in added["items"]] == ["А", "Б", None]
    assert len(forms.view(ORDER, added, {}, CONTEXT).lines[4][0].rows) == 3
    assert parse(("_action", "add:items"))["items"]


@pytest.mark.parametrize(
    "pressed", ["remove:items[9]", "remove:items", "add:subject", "add:nothing", "remove:", "add:items[0].name"]
)
def test_a_strange_button_changes_nothing(pressed):
    assert parse(("items[0].name", "А"), ("_action", pressed)) == {"items": [{"name": "А"}]}


def test_rows_within_groups_have_buttons_too():
    made = form(field("group", "order", "Заказ", components=[LINES]))
    raw = forms.parse(made, MultiDict([("order.items[0].name", "А"), ("_action", "add:order.items")]))
    assert len(raw["order"]["items"]) == 2


def test_the_page_knows_which_buttons_only_change_the_form():
    assert forms.asks_refresh(MultiDict([("_action", "add:items")]))
    assert forms.asks_refresh({"_action": "refresh"})
    assert not forms.asks_refresh(MultiDict([("_action", "complete")]))
    assert not forms.asks_refresh(MultiDict())


def test_new_files_stand_beside_those_kept():
    raw = parse(("papers", ""), ("papers", "5"), files={"papers": [{"id": 6, "name": "b.pdf", "size": 1}]})
    assert raw["papers"] == ["5", {"id": 6, "name": "b.pdf", "size": 1}]


def test_a_file_in_a_row():
    made = form(field("dynamiclist", "docs", "Документы", components=[field("filepicker", "scan", "Скан")]))
    raw = forms.parse(made, MultiDict([("docs[0].scan", "")]), {"docs[0].scan": [{"id": 1}]})
    assert raw == {"docs": [{"scan": [{"id": 1}]}]}
    assert clean(made, raw, files=lambda _: {"name": "a.pdf", "size": 1})["docs"][0]["scan"][0]["id"] == 1


def test_what_the_page_shows_comes_back_as_it_was():
    """Draw a filled form, send its controls back, get the same values: the whole round without scripts."""
    variables = {
        "subject": "Договор «А» & <Б>",
        "agreed": True,
        "ways": ["edo"],
        "place": {"city": "Омск"},
        "items": [
            {"name": "А", "qty": 2, "urgent": True, "days": ["tu"]},
            {"name": "Б", "qty": 3, "urgent": False, "days": []},
        ],
        "papers": [],
    }
    sent = controls(html(ORDER, variables=variables))
    found = clean(ORDER, forms.parse(ORDER, MultiDict(sent)), variables)
    assert found == variables


def test_a_broken_round_shows_what_was_typed():
    raw = parse(("items[0].qty", "много"))
    page = draw(forms.view(ORDER, raw, {}, CONTEXT, {}))
    assert 'value="много"' in page


def controls(page: str) -> list[tuple[str, str]]:
    """What a browser would send of a page, without scripts."""
    from lxml import html as parser

    sent = []
    for control in parser.fromstring(f"<form>{page}</form>").xpath("//input|//textarea|//select"):
        kind, name = control.get("type"), control.get("name")
        if not name or kind == "file" or (kind in {"checkbox", "radio"} and control.get("checked") is None):
            continue
        if control.tag == "select":
            sent += [(name, option.get("value")) for option in control.xpath("option[@selected]")]
        else:
            sent.append(
                (
                    name,
                    (control.text or "").removeprefix("\n") if control.tag == "textarea" else control.get("value", ""),
                )
            )
    return sent

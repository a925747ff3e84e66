"""What the page shows: values and where they come from, conditions, languages, accessibility, and no foreign markup."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from lxml import html as parser

from engine import forms
from engine.errors import text
from engine.forms import markup
from tests.engine.form_kit import CONTEXT, draw, faults, field, form, html

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'><b>"


def value_of(page: str, name: str) -> str:
    return str(parser.fromstring(f"<div>{page}</div>").xpath(f'//*[@name="{name}"][not(@type="hidden")]/@value')[0])


def test_a_value_comes_from_what_was_typed_then_variables_then_prefill_then_default():
    made = form(field("textfield", "x", properties={"prefill": "=client.name"}, defaultValue="По умолчанию"))
    client = {"client": {"name": "Ромашка"}}
    assert value_of(html(made), "x") == "По умолчанию"
    assert value_of(html(made, variables=client), "x") == "Ромашка"
    assert value_of(html(made, variables=client | {"x": "Из дела"}), "x") == "Из дела"
    assert value_of(html(made, {"x": "Набрано"}, variables=client | {"x": "Из дела"}), "x") == "Набрано"
    assert value_of(html(made, {"x": ""}, variables=client), "x") == "", "what was wiped out stays so"


def test_a_field_that_appears_while_typing_brings_its_prefill():
    made = form(
        field("checkbox", "more"), field("textfield", "x", conditional={"hide": "=not(more)"}, defaultValue="А")
    )
    assert 'name="x"' not in html(made)
    assert value_of(html(made, {"more": "true"}), "x") == "А"


def test_controls_show_values_as_the_browser_wants_them():
    made = form(
        field("datetime", "d", subtype="date"),
        field("datetime", "m", subtype="datetime"),
        field("time", "t"),
        field("number", "n", properties={"money": "true"}),
        field("number", "q"),
    )
    page = html(
        made,
        variables={
            "d": date(2026, 11, 21),
            "m": datetime(2026, 11, 21, 11, 30, tzinfo=UTC),
            "t": "9:05",
            "n": Decimal("1234567.5"),
            "q": Decimal("2.000"),
        },
    )
    assert value_of(page, "d") == "2026-11-21"
    assert value_of(page, "m") == "2026-11-21T14:30"
    assert value_of(page, "t") == "09:05"
    assert value_of(page, "n") == "1\u00a0234\u00a0567,50"
    assert value_of(page, "q") == "2"


def test_a_date_that_could_not_be_read_is_shown_as_it_was_typed():
    page = html(form(field("datetime", "d", subtype="date")), {"d": "31.02.2026"})
    assert 'type="text"' in page
    assert value_of(page, "d") == "31.02.2026"


def test_labels_speak_the_readers_language():
    made = form(
        field(
            "select",
            "x",
            "Город",
            description="Где",
            values=[{"label": "Казань", "value": 1, "label_en": "Kazan"}],
            properties={"label_en": "City", "description_en": "Where"},
        )
    )
    russian, english = html(made), html(made, locale="en")
    assert all(word in russian for word in ("Город", "Казань", "Где"))
    assert all(word in english for word in ("City", "Kazan", "Where"))


def test_labels_and_texts_take_values_in():
    made = form(
        field("textfield", "x", "Письмо для {{contact.name}}"),
        {"type": "text", "id": "t", "text": "Сумма **{{total}}**, с копейками {{money(total)}} ₽"},
        {
            "type": "text",
            "id": "u",
            "text": "{{#loop rows}}- {{name}}: {{shown(sum)}}\n{{/loop}}\n\n"
            "{{#if total > 5}}Много{{/if}}{{#if total > 5000}}Очень{{/if}}",
        },
    )
    rows = [{"name": "А", "sum": Decimal("1.50")}, {"name": "Б", "sum": Decimal("2500.00")}]
    page = html(made, variables={"contact": {"name": "Анны"}, "total": Decimal("1234.5"), "rows": rows})
    assert "Письмо для Анны" in page
    assert "<strong>1\u00a0234,5</strong>, с копейками 1\u00a0234,50 ₽" in page
    assert "<li>А: 1,50</li><li>Б: 2\u00a0500,00</li>" in page
    assert "Много" in page
    assert "Очень" not in page


def test_computed_values_are_shown_and_cannot_be_sent():
    made = form(
        field("number", "a"), field("expression", "x", "Итого", expression="=a * 2", properties={"money": "true"})
    )
    page = html(made, {"a": "21"})
    assert "42,00" in page
    assert 'name="x"' not in page


def test_read_only_fields_are_shown_without_a_control():
    made = form(field("select", "x", "Город", values=[{"label": "Казань", "value": "kzn"}], readonly=True))
    page = html(made, variables={"x": "kzn"})
    assert "Казань" in page
    assert 'name="x"' not in page


def test_a_table_shows_rows_of_an_expression():
    table = field(
        "table",
        "t",
        "История",
        dataSource="=history",
        columns=[{"label": "День", "key": "at.day"}, {"label": "Сумма", "key": "sum"}],
    )
    page = html(form(table), variables={"history": [{"at": {"day": date(2026, 1, 2)}, "sum": Decimal("1000.5")}, {}]})
    assert "02.01.2026" in page
    assert "1\u00a0000,5" in page
    assert "Nothing here yet." in html(form(table))


@pytest.mark.parametrize(
    "kind", ["textfield", "textarea", "select", "radio", "checklist", "expression", "table", "static", "file"]
)
def test_values_never_become_markup(kind):
    options = {"values": [{"label": EVIL, "value": EVIL}]}
    components = {
        "select": field("select", "x", EVIL, description=EVIL, **options),
        "radio": field("radio", "x", EVIL, **options),
        "checklist": field("checklist", "x", EVIL, **options),
        "expression": field("expression", "x", EVIL, expression="=evil"),
        "table": field("table", "x", EVIL, dataSource="=[{a: evil}]", columns=[{"label": EVIL, "key": "a"}]),
        "static": field("textfield", "x", EVIL, readonly=True),
        "file": field("filepicker", "x", EVIL, accept=EVIL),
    }
    held = [{"id": 1, "name": EVIL, "size": 1}] if kind == "file" else EVIL
    made = form(components.get(kind) or field(kind, "x", EVIL, description=EVIL))
    safe(html(made, variables={"x": held, "evil": EVIL}, errors={"x": text("{what}", what=EVIL)}))


@pytest.mark.parametrize("kind", ["text", "html"])
def test_values_in_texts_never_become_markup(kind):
    name = "text" if kind == "text" else "content"
    for template in (
        "{{evil}}",
        "<b>{{evil}}</b>",
        "[{{evil}}](/x)",
        '<a href="{{link}}">x</a>',
        "[x]({{link}})",
        "{{#loop [evil]}}{{this}}{{/loop}}",
    ):
        page = html(
            form({"type": kind, "id": "t", name: template}), variables={"evil": EVIL, "link": "javascript:alert(1)"}
        )
        safe(page)
        assert 'href="javascript' not in page


def safe(page: str) -> None:
    tree = parser.fromstring(f"<div>{page}</div>")
    assert not tree.xpath("//script|//img|//iframe|//@*[starts-with(name(), 'on')]")
    assert not [link for link in tree.xpath("//@href|//@src") if link.strip().lower().startswith("javascript")]


@pytest.mark.parametrize(
    "evil",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<a href='javascript:alert(1)'>x</a>",
        "<a href=' java\tscript:alert(1)'>x</a>",
        "<a href='data:text/html,x'>x</a>",
        "<a href='//evil.test'>x</a>",
        "<a href='/\\evil.test'>x</a>",
        "<svg onload=alert(1)>",
        "<b onclick=alert(1)>x</b>",
        "<style>*{}</style>",
        "<iframe srcdoc='<script>'></iframe>",
        "<math><mtext><script>alert(1)</script></math>",
        "<p style='position:fixed'>x</p>",
        "<form action=/x><input name=y></form>",
        "<<script>script>alert(1)<</script>/script>",
        "</div></main><h1>x",
        "<textarea><script>alert(1)</script></textarea>",
        "&lt;script&gt;",
        "<!--><script>alert(1)</script>-->",
        "[x](javascript:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "![x](javascript:alert(1))",
        "`<script>`",
    ],
)
def test_the_designers_markup_is_cut_down_to_what_is_harmless(evil):
    for page in (markup.sanitise(evil), markup.markdown(evil)):
        tree = parser.fromstring(f"<section><div>{page}</div></section>")
        assert {element.tag for element in tree.iter()} <= {"section", *markup.ALLOWED}
        assert not tree.xpath("//@style|//@*[starts-with(name(), 'on')]")
        links = [link for link in tree.xpath("//@href") if not link.startswith(("http", "/x", "mailto:", "#"))]
        assert links == []
        assert len(tree) == 1, "no tag of the page around is closed"


def test_markdown_is_turned_into_paragraphs_lists_and_headings():
    page = markup.markdown(
        "### Шаг\nПервая\nвторая\n\n- один\n- *два*\n\n1. раз\n2. `a < b`\n\n> цитата\n\n---\n**жирно** и [ссылка](https://example.test/a?b=1&c=2)"
    )
    assert "<h2>Шаг</h2>" in page
    assert "<p>Первая<br>вторая</p>" in page
    assert "<ul><li>один</li><li><em>два</em></li></ul>" in page
    assert "<ol><li>раз</li><li><code>a &lt; b</code></li></ol>" in page
    assert "<blockquote>цитата</blockquote>" in page
    assert "<hr>" in page
    assert '<a href="https://example.test/a?b=1&amp;c=2" rel="noopener noreferrer">ссылка</a>' in page


def test_underscores_within_words_are_letters():
    assert markup.markdown("order_item_id 2*3*4") == "<p>order_item_id 2*3*4</p>"


def test_images_come_from_here_or_from_the_form_itself():
    own = {"type": "image", "id": "i", "alt": "Схема", "source": "/static/plan.png"}
    assert 'alt="Схема"' in html(form(own))
    for source in (
        "https://evil.test/x.png",
        "//evil.test/x.png",
        "javascript:alert(1)",
        "data:text/html,x",
        "data:image/svg+xml;base64,AA",
    ):
        assert "<img" not in html(form(own | {"source": source}))


SAMPLE = form(
    field("textfield", "org", "Компания", description="Как в договоре", validate={"required": True}),
    field("radio", "kind", "Вид", values=[{"label": "А", "value": "a"}], validate={"required": True}),
    field("checklist", "ways", "Способы", values=[{"label": "А", "value": "a"}]),
    field("checkbox", "agreed", "Согласовано", validate={"required": True}),
    field("select", "city", "Город", values=[{"label": "А", "value": "a"}]),
    field("textarea", "note", "Заметка"),
    field("filepicker", "papers", "Бумаги"),
    field("datetime", "day", "День", subtype="date"),
    field("number", "sum", "Сумма", properties={"money": "true"}),
    field(
        "dynamiclist",
        "rows",
        "Строки",
        components=[field("textfield", "name", "Название", validate={"required": True})],
    ),
    field("expression", "total", "Итого", expression="=1"),
)


def test_every_control_has_a_label_or_stands_in_a_named_group():
    tree = parser.fromstring(f"<div>{html(SAMPLE)}</div>")
    for control in tree.xpath("//input[not(@type='hidden')]|//select|//textarea|//output"):
        assert tree.xpath(f"//label[@for='{control.get('id')}']") or control.xpath("ancestor::label"), control.get("id")
    assert all(group.xpath("legend") for group in tree.xpath("//fieldset"))
    ids = tree.xpath("//@id")
    assert len(ids) == len(set(ids))


def test_errors_are_tied_to_their_controls_and_summed_up_with_links():
    found = faults(SAMPLE, {"rows": [{"name": ""}]})
    errors = {name: text(sentence) for name, sentence in found.items()}
    tree = parser.fromstring(
        f"<div>{html(SAMPLE, {'rows': [{'name': ''}]}, errors=errors | {'ghost': text('Нет поля.')})}</div>"
    )
    assert set(found) == {"org", "kind", "agreed", "rows[0].name"}
    summary = tree.xpath("//*[@id='form-faults']")[0]
    assert summary.get("role") == "alert"
    targets = [link.get("href").removeprefix("#") for link in summary.xpath(".//a")]
    assert len(targets) == 4
    for target in targets:
        control = tree.xpath(f"//*[@id='{target}']")[0]
        described = (control.get("aria-describedby") or "").split()
        assert any(tree.xpath(f"//*[@id='{one}' and contains(@class, 'invalid-feedback')]") for one in described)
    assert "Строки, 1: Название" in summary.text_content()
    assert "Нет поля." in summary.text_content()


def test_a_form_that_changes_asks_the_server_and_others_do_not():
    still, moving = (
        form(field("textfield", "x")),
        form(field("textfield", "x"), field("expression", "y", expression="=x")),
    )
    assert 'hx-trigger="change' not in html(still)
    page = draw(forms.view(moving, None, {}, CONTEXT), "/tasks/1/form")
    assert 'hx-post="/tasks/1/form"' in page
    assert "hx-post" not in draw(forms.view(moving, None, {}, CONTEXT)), "without an address there is nothing to ask"


def test_enter_presses_no_button_of_a_row():
    tree = parser.fromstring(f"<div>{html(SAMPLE)}</div>")
    assert tree.xpath("//button")[0].get("value") == "refresh"
    assert not parser.fromstring(f"<div>{html(form(field('textfield', 'x')))}</div>").xpath("//button")


def test_fields_stand_side_by_side_as_in_the_editor():
    made = form(
        field("textfield", "a", layout={"row": "r", "columns": 8}),
        field("textfield", "b", layout={"row": "r"}),
        field("textfield", "c"),
    )
    lines = forms.view(made, None, {}, CONTEXT).lines
    assert [[(item.name, item.width) for item in line] for line in lines] == [[("a", 6), ("b", 6)], [("c", 12)]]


def test_a_few_short_choices_stand_side_by_side_and_long_ones_one_below_the_other():
    marks = [{"label": str(mark), "value": mark} for mark in range(1, 6)]
    long = [{"label": "Очень длинное описание одного из вариантов", "value": n} for n in range(3)]
    assert "form-options-abreast" in html(form(field("radio", "x", values=marks)))
    assert "form-options-abreast" not in html(form(field("radio", "x", values=long)))


def test_a_sum_that_comes_to_nothing_has_no_sign():
    page = html(form(field("expression", "x", "Итого", expression="=-1 * 0", properties={"money": "true"})))
    assert "0,00" in page
    assert "-0,00" not in page

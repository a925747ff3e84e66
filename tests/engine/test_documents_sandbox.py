"""A template is a stranger's program: what it may not do, and that its limits hold."""
from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from engine.documents import Limits, Renderer
from engine.documents.isolation import without_network
from engine.errors import Failed
from tests.engine.docx_files import docx, header_of, texts

CONTEXT: dict[str, Any] = {
    "client": {"name": "ООО «Рога & Копыта» <b>", "items": "ключ", "_secret": "x"},
    "rows": list(range(9)),
    "big": "a" * 2000,
    "n": 5,
}
ESCAPES = [
    "{{ lipsum.__globals__['os'].popen('id').read() }}",
    "{{ cycler.__init__.__globals__.os.system('id') }}",
    "{{ joiner.__init__.__globals__ }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ client['__class__'] }}",
    "{{ client|attr('__class__') }}",
    "{{ client|attr('get')|attr('__class__') }}",
    "{{ '{0.__class__}'.format(client) }}",
    "{{ '{x.__class__}'.format_map(client) }}",
    "{{ '%1000000000d'|format(1) }}",
    "{{ rows.append(1) }}",
    "{{ rows.__len__ }}",
    "{{ client.get('name') }}",
    "{{ client.name.upper() }}",
    "{{ n.bit_length() }}",
    "{{ self.__init__ }}",
    "{{ self._TemplateReference__context }}",
    "{% include '/etc/passwd' %}",
    "{% import 'os' as o %}",
    "{% extends 'x' %}",
    "{{ 'a' * 10 ** 9 }}",
    "{{ 10 ** 1000000 }}",
    "{% set ns = namespace() %}",
    "{{ range(10) }}",
    "{{ dict(a=1) }}",
    "{{ client.name|safe }}",
    "{{ client|pprint }}",
    "{{ rows|map('string')|list }}",
    "{% for r in rows %}{{ loop.cycle('a') }}{% endfor %}",
    "{% macro m() %}{{ m.__globals__ }}{% endmacro %}{{ m() }}",
    "{{ config }}{{ request.application }}",
    "{{ payload|qr(30).tpl.docx }}",
]


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    made = Renderer(1, Limits(wall=8, cpu=2, memory=200))
    yield made
    made.close()


@pytest.mark.parametrize("source", ESCAPES)
def test_no_template_reaches_python(renderer: Renderer, source: str) -> None:
    with pytest.raises(Failed):
        renderer.render(docx(source), CONTEXT, "x.docx")


@pytest.mark.parametrize("source", ESCAPES[:3])
@pytest.mark.parametrize("place", ["header", "cell", "title"])
def test_headers_cells_and_properties_are_no_way_out(renderer: Renderer, place: str, source: str) -> None:
    with pytest.raises(Failed):
        renderer.render(docx("x", **{place: source}), CONTEXT, "x.docx")


def test_markup_in_data_stays_text(renderer: Renderer) -> None:
    filled = renderer.render(docx("{{ client.name }}", header="{{ client.name }}", title="{{ client.name }}"), CONTEXT)
    assert texts(filled) == ["ООО «Рога & Копыта» <b>"]
    assert header_of(filled) == "ООО «Рога & Копыта» <b>"


def test_a_template_in_data_is_not_rendered(renderer: Renderer) -> None:
    assert texts(renderer.render(docx("{{ client }}"[:3] + "name }}"), {"name": "{{ 7*7 }}{% endfor %}"})) == [
        "{{ 7*7 }}{% endfor %}"
    ]


def test_control_characters_in_data_are_dropped_and_line_breaks_kept(renderer: Renderer) -> None:
    assert texts(renderer.render(docx("{{ a }}"), {"a": "одна\x00\x0b\nдве\x07\x0c"})) == ["одна\nдве"]


def test_equal_data_give_equal_bytes(renderer: Renderer) -> None:
    content = docx("{{ n }}", header="{{ n }}")
    assert renderer.render(content, CONTEXT) == renderer.render(content, CONTEXT)


def test_a_name_after_a_dot_is_a_key_and_never_a_method(renderer: Renderer) -> None:
    assert texts(renderer.render(docx("{{ client.items }}"), CONTEXT)) == ["ключ"]


def test_a_missing_name_is_an_error_that_says_where(renderer: Renderer) -> None:
    with pytest.raises(Failed, match=r"body/table 1/row 2.*«Сумма: \{\{ deal.total \}\}».*'deal' is undefined"):
        renderer.render(docx("x", cell="Сумма: {{ deal.total }}"), CONTEXT, "x.docx")


def test_a_loop_without_end_is_stopped(renderer: Renderer) -> None:
    loops = "".join("{% for a in big %}" for _ in range(5)) + "".join("{% endfor %}" for _ in range(5))
    with pytest.raises(Failed, match="too long"):
        renderer.render(docx(loops), CONTEXT, "x.docx")


def test_a_memory_bomb_is_stopped_and_the_next_document_is_made(renderer: Renderer) -> None:
    bomb = "{% macro f(x) %}{{ f(x ~ x) }}{% endmacro %}{{ f(big) }}"
    with pytest.raises(Failed, match="too much memory"):
        renderer.render(docx(bomb), CONTEXT, "x.docx")
    assert texts(renderer.render(docx("{{ n }}"), CONTEXT)) == ["5"]


def test_a_lost_worker_is_replaced() -> None:
    renderer = Renderer(1)
    renderer.render(docx("{{ n }}"), CONTEXT)
    worker = renderer._idle.get()
    assert worker._process is not None
    worker._process.kill()
    worker._process.wait()
    renderer._idle.put(worker)
    assert texts(renderer.render(docx("{{ n }}"), CONTEXT)) == ["5"]
    renderer.close()


def test_a_worker_has_no_network_where_the_system_allows_it(renderer: Renderer) -> None:
    if not without_network():
        pytest.skip("user namespaces are forbidden here")
    renderer.render(docx("{{ n }}"), CONTEXT)
    worker = renderer._idle.get()
    assert worker._process is not None
    theirs, ours = (os.readlink(f"/proc/{pid}/ns/net") for pid in (worker._process.pid, "self"))
    renderer._idle.put(worker)
    assert theirs != ours


def test_the_products_secrets_are_not_in_the_workers_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGLAMENT_SECRET", "hunter2")
    renderer = Renderer(1)
    renderer.render(docx("{{ n }}"), CONTEXT)
    worker = renderer._idle.get()
    assert worker._process is not None
    with open(f"/proc/{worker._process.pid}/environ", "rb") as environment:
        assert b"hunter2" not in environment.read()
    renderer._idle.put(worker)
    renderer.close()

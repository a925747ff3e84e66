"""Two languages: every sentence has its Russian, everybody chooses his own."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from flask import Flask

from engine.errors import text
from engine.web import collect, i18n
from tests.web import world as worlds
from tests.web.conftest import Visitor

PLACE = re.compile(r"%\((\w+)\)[sd]|\{(\w+)[^}]*\}")


def test_every_sentence_has_its_russian() -> None:
    missing = collect.untranslated(collect.load())
    assert missing == [], "run `python -m engine.web.collect` and translate"


def test_a_translation_keeps_the_places_of_its_values() -> None:
    wrong = []
    for message in collect.load():
        strings = [message.string] if isinstance(message.string, str) else list(message.string or ())
        ids: Sequence[str] = [message.id] if isinstance(message.id, str) else list(message.id)
        for string in strings:
            if message.id and string and _places(string) - _places(ids[-1]):
                wrong.append((ids[0], string))
    assert wrong == []


def test_russian_counts_have_three_forms() -> None:
    assert [m.id for m in collect.load() if isinstance(m.id, tuple) and len([s for s in m.string if s]) != 3] == []


def test_pages_are_russian_until_somebody_chooses_english(visitor: Visitor) -> None:
    assert '<html lang="ru"' in visitor.get("/signin").text
    visitor.post("/language", {"locale": "en", "back": "/signin"}, page="/signin")
    page = visitor.get("/signin").text
    assert '<html lang="en"' in page
    assert "Password" in page


def test_the_language_belongs_to_the_account_and_is_there_in_the_next_browser(visitor: Visitor) -> None:
    visitor.sign_in("anna")
    visitor.post("/language", {"locale": "en", "back": "/tasks"})
    assert "My groups" in visitor.get("/tasks").text
    assert "My groups" in Visitor(visitor.client.application).sign_in("anna").get("/tasks").text
    assert "Мои группы" in Visitor(visitor.client.application).sign_in("boris").get("/tasks").text


def test_a_language_the_product_does_not_speak_changes_nothing(visitor: Visitor) -> None:
    visitor.sign_in("anna")
    visitor.post("/language", {"locale": "xx", "back": "/tasks"})
    assert '<html lang="ru"' in visitor.get("/tasks").text


def test_an_english_reader_sees_english_labels_of_the_form(visitor: Visitor, world: worlds.World) -> None:
    visitor.sign_in("anna")
    visitor.post("/language", {"locale": "en", "back": "/tasks"})
    page = visitor.get(f"/tasks/{world.task('prepare', world.foreign_instance).id}").text
    assert "Subject" in page
    assert "Sales managers" in page


def test_a_refusal_of_the_engine_is_said_in_the_readers_language(visitor: Visitor, world: worlds.World) -> None:
    visitor.sign_in("lida")
    assert "Такой задачи нет" in visitor.get("/tasks/9999").text
    visitor.post("/language", {"locale": "en", "back": "/tasks"})
    assert "There is no such task" in visitor.get("/tasks/9999").text


def test_a_sentence_inside_a_sentence_is_translated_too(app: Flask) -> None:
    with app.test_request_context("/"):
        assert i18n.say(text("Reason: %(reason)s")) == "Причина: %(reason)s"
        assert i18n.say(text("{a} and {b}", a=text("yes"), b=2)) == "да and 2"


@pytest.mark.parametrize("role", ["employee", "head", "auditor", "designer", "operator"])
def test_help_speaks_both_languages(visitor: Visitor, role: str) -> None:
    visitor.sign_in("anna")
    assert re.search(r"<h2>[А-Я]", visitor.get(f"/help?role={role}").text)
    visitor.post("/language", {"locale": "en", "back": "/tasks"})
    assert not re.search(r"<h2>[^<]*[а-я]", visitor.get(f"/help?role={role}").text)


def _places(sentence: str) -> set[str]:
    return {a or b for a, b in PLACE.findall(sentence)}

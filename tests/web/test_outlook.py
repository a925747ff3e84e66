"""What if: the page of a manager who wants to know what open work will come to."""

from __future__ import annotations

import html

from tests.web import world as worlds
from tests.web.conftest import Visitor
from tests.web.test_back import enter, text


def test_a_head_asks_and_is_told_honestly_that_the_past_is_too_short(visitor: Visitor, world: worlds.World) -> None:
    enter(visitor, "gleb")
    page = text(visitor.get("/outlook").text)
    assert "Что хотите узнать?" in page
    assert "Коротко" not in page, "nothing is counted before somebody asks"
    page = text(visitor.get("/outlook?ask=1&weeks=4&away=1&since=2026-11-17&until=2026-11-20&helper=manager").text)
    assert "Коротко" in page
    assert "Слишком мало случаев" in page


def test_what_cannot_be_understood_in_the_address_is_left_out(visitor: Visitor, world: worlds.World) -> None:
    enter(visitor, "gleb")
    answer = visitor.get("/outlook?ask=1&weeks=77&away=1&since=abc&until=2026-13-40&helper=nobody&key=none")
    assert answer.status_code == 200


def test_the_outlook_is_not_for_everybody(visitor: Visitor, world: worlds.World) -> None:
    enter(visitor, "anna")
    assert visitor.get("/outlook").status_code == 403


def test_the_queue_is_drawn_by_day_with_its_numbers_below_and_a_substitute_may_be_named(
    visitor: Visitor, world: worlds.World
) -> None:
    enter(visitor, "gleb")
    away = f"away={world.people['anna']}&since=2026-11-17&until=2026-11-20&stand_in={world.people['gleb']}"
    page = visitor.get(f"/outlook?ask=1&weeks=4&{away}").text
    assert 'data-chart="' in page
    assert "Середина с изменением" in html.unescape(page)
    table = page.partition("Числа графика")[2].partition("</table>")[0]
    assert table.count("<tr>") == 1 + 20, "the working days of four weeks"

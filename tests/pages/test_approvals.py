"""A director's approvals in the browser: several at once, one with changes, by keyboard and with the thumb."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from werkzeug.serving import make_server

from engine.models import UserTask
from engine.web import create_web
from tests.pages.conftest import SignIn
from tests.pages.test_looks import AXE, objections
from tests.web import test_approvals as papers
from tests.web import world as worlds
from tests.web.world import World


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A company of this file's own, whose lawyer has five documents to decide about: three plain ones, one with special
    terms, one in its second version."""
    world = worlds.build(tmp_path_factory.mktemp("approvals"))
    papers.sound(world)
    ask = papers.asker(world)
    for number in ("11/26", "12/26", "13/26"):
        ask(papers.paper(world, number))
    ask(papers.paper(world, "14/26", terms={"special": "Неустойка 50 %"}))
    papers.round_two(world, ask)
    return world


@pytest.fixture(scope="module")
def site(company: World) -> Iterator[str]:
    """Its server."""
    server = make_server("127.0.0.1", 0, create_web(company.env, {"SECRET_KEY": "only for tests"}), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


def judged(page: Page) -> list[str]:
    sideways = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return objections(page) + ([f"scrolls {sideways} px sideways"] if sideways > 0 else [])


@pytest.mark.skipif(not AXE.exists(), reason="npm ci brings axe-core")
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_the_queue_and_a_decision_are_accessible(sign_in: SignIn, company: World, width: int, theme: str) -> None:
    page = sign_in("lida", width=width)
    page.context.add_cookies([{"name": "theme", "value": theme, "url": page.url}])
    page.goto("/approvals")
    assert judged(page) == []
    page.get_by_role("link", name="Договор 7/26").click()
    expect(page.locator(".pane-changes ins").last).to_be_visible()
    assert judged(page) == []
    page.get_by_label("Отличия от шаблона").check()
    expect(page.locator(".pane-template")).to_contain_text("больше не хранится")
    assert judged(page) == []


def test_changes_stand_side_by_side_on_a_desk_and_in_one_column_on_a_phone(sign_in: SignIn, company: World) -> None:
    for width, shown in ((1440, 2), (390, 1)):
        page = sign_in("lida", width=width)
        page.goto("/approvals")
        page.get_by_role("link", name="Договор 7/26").click()
        changed = page.locator(".diff-changed > div:visible")
        expect(changed).to_have_count(shown)
        expect(page.locator(".diff-changed del:visible")).to_have_text("удалено: 5 конец удалённого")
        expect(page.locator(".diff-changed ins:visible")).to_have_text("добавлено: 10 конец добавленного")


def test_on_a_phone_the_text_is_read_and_the_decision_stays_under_the_thumb(sign_in: SignIn, company: World) -> None:
    page = sign_in("lida", width=390)
    page.goto("/approvals")
    page.get_by_role("link", name="Договор 14/26").click()
    expect(page.locator(".pane-text")).to_contain_text("Предмет договора")
    for name in ("approve", "remarks", "reject"):
        place = page.locator(f".area-decision label:has(input[value={name}])").bounding_box()
        assert place is not None
        assert place["height"] >= 44
        assert place["y"] + place["height"] <= 844
    button = page.get_by_role("button", name="Отправить решение").bounding_box()
    assert button is not None
    assert button["height"] >= 44


def test_three_are_approved_by_keyboard_and_the_next_decision_opens_by_itself(
    sign_in: SignIn, company: World
) -> None:
    page = sign_in("lida")
    page.goto("/approvals")
    for number in ("11/26", "12/26", "13/26"):
        page.get_by_role("link", name=f"Договор {number}").focus()
        page.keyboard.press("x")
    page.get_by_role("button", name="Согласовать все…").press("Enter")
    expect(page.get_by_role("heading", name="Согласовать 3 документа?")).to_be_visible()
    page.get_by_role("button", name="Согласовать все 3").press("Enter")
    expect(page.get_by_role("heading", name="Согласовано 3 документа")).to_be_visible()
    page.goto("/approvals")
    page.get_by_role("link", name="Договор 14/26").press("Enter")
    page.get_by_label("reject").check()
    page.get_by_label("Замечания или причина").fill("Такая неустойка нам не подходит")
    page.get_by_role("button", name="Отправить решение").press("Enter")
    expect(page.get_by_role("heading", name="Договор 7/26")).to_be_visible()
    assert len(open_votes(company)) == 1


def open_votes(company: World) -> list[int]:
    with company.env.sessions() as session:
        found = session.query(UserTask).filter_by(element_id="decide").filter(UserTask.rank.is_not(None))
        return [one.id for one in found]

"""Pages for people outside, on a phone and without scripts: a survey by its link, a complaint (R111, R252)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from engine.crm import surveys
from engine.models import Complaint, Survey
from engine.work import SYSTEM, Work, run
from tests.pages.conftest import SIZES, SignIn
from tests.pages.test_looks import objections
from tests.web.world import World

Visit = Callable[[int, str], Page]


@pytest.fixture
def visit(browser: Browser, site: str) -> Iterator[Visit]:
    """Opens a page of a fresh browser; a refusal, which the console reports, is what some of these tests are about."""
    contexts: list[BrowserContext] = []

    def opened(width: int, locale: str) -> Page:
        contexts.append(browser.new_context(base_url=site, viewport={"width": width, "height": SIZES[width]}))
        contexts[-1].add_cookies([{"name": "locale", "value": locale, "url": site}])
        return contexts[-1].new_page()

    yield opened
    for context in contexts:
        context.close()


def asked(company: World, *, ended: str = "") -> str:
    """The token of a link; ``ended``: answered or expired."""

    def make(work: Work) -> str:
        for row in work.session.query(Survey).filter_by(client_id=company.client, status=surveys.OPEN):
            surveys.end(work, row.id, surveys.UNANSWERED)
        row = surveys.ask(work, company.client, "yearly")
        token = surveys.make_link(work, row.id)
        if ended == "used":
            keys = [question["key"] for question in surveys.questionnaires.GENERAL["questions"]]
            surveys.answer(work, row.id, surveys.Marks(dict.fromkeys(keys, 5)), "web")
        elif ended == "expired":
            row.expires_at = work.now - timedelta(days=1)
        return token

    return run(company.env, SYSTEM, make)


def looked_at(page: Page, name: str) -> list[str]:
    """What axe objects to, and whether the page scrolls sideways."""
    if folder := os.environ.get("REGLAMENT_PICTURES"):
        page.screenshot(path=str(Path(folder) / f"outside-{name}.png"), full_page=True)
    sideways = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return objections(page) + ([f"scrolls {sideways} px sideways"] if sideways > 0 else [])


@pytest.mark.parametrize("locale", ["ru", "en"])
@pytest.mark.parametrize("width", [390, 1440])
def test_a_client_answers_by_his_link_once(visit: Visit, company: World, locale: str, width: int) -> None:
    page = visit(width, locale)
    token = asked(company)
    page.goto(f"/survey/{token}")
    assert looked_at(page, f"survey-{locale}-{width}") == []
    page.locator(".public-send").click()
    expect(page.locator(".public-fault")).to_have_count(5)
    assert looked_at(page, f"survey-faults-{locale}-{width}") == []
    for group in page.locator(".marks").all():
        group.locator("input[value='4']").check(force=True)
    page.locator("#comment").fill("Спасибо")
    page.locator("#wants_call").check()
    page.locator(".public-send").click()
    page.wait_for_url("**/survey-thanks")
    assert looked_at(page, f"thanks-{locale}-{width}") == []
    with company.env.sessions() as session:
        row = surveys.by_token(session, token)
        assert row is not None
        assert (row.status, row.minimum, row.comment, row.wants_call) == (surveys.ANSWERED, 4, "Спасибо", True)
    page.goto(f"/survey/{token}")
    assert page.locator("h1").inner_text() == {"ru": "Вы уже ответили", "en": "You have answered already"}[locale]


@pytest.mark.parametrize("locale", ["ru", "en"])
@pytest.mark.parametrize(("state", "status"), [("expired", 410), ("used", 410), ("forged", 404)])
def test_a_link_that_works_no_more_says_what_to_do(
    visit: Visit, company: World, locale: str, state: str, status: int
) -> None:
    page = visit(390, locale)
    answer = page.goto(f"/survey/{'x' * 43 if state == 'forged' else asked(company, ended=state)}")
    assert answer is not None
    assert answer.status == status
    expect(page.locator("main a[href^='tel:']")).to_have_count(1)
    assert looked_at(page, f"{state}-{locale}") == []


@pytest.mark.parametrize("locale", ["ru", "en"])
def test_a_complaint_is_taken_from_a_phone(sign_in: SignIn, company: World, locale: str, tmp_path: Path) -> None:
    page = sign_in(width=390, locale=locale)
    page.goto("/complaint")
    assert looked_at(page, f"complaint-{locale}") == []
    photo = tmp_path / "photo.png"
    photo.write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 64)
    page.fill("#name", "Пётр Зайцев")
    page.fill("#contact", "zaytsev@example.test")
    page.fill("#essence", "Вместо тренинга прислали запись прошлого года")
    page.set_input_files("#files", str(photo))
    page.check("#consent")
    page.locator(".public-send").click()
    page.wait_for_url("**/complaint/received")
    number = page.locator(".public-number").inner_text()
    assert looked_at(page, f"complaint-received-{locale}") == []
    with company.env.sessions() as session:
        row = session.query(Complaint).filter_by(number=number).one()
        assert row.client_id is None
        assert row.sender is not None
        assert (row.sender["contact"], row.sender["files"][0]["name"]) == ("zaytsev@example.test", "photo.png")


def test_without_scripts_everything_works_and_the_language_can_be_switched(sign_in: SignIn, company: World) -> None:
    page = sign_in(width=390, locale="ru", scripts=False)
    token = asked(company)
    page.goto(f"/survey/{token}")
    page.get_by_role("button", name="English").click()
    expect(page.locator("h1")).to_have_text("How did we do?")
    for group in page.locator(".marks").all():
        group.locator("label").last.click(force=True)
        group.locator("input[value='5']").check(force=True)
    page.locator(".public-send").click()
    expect(page.locator("h1")).to_have_text("Thank you!")

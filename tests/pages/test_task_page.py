"""The page of a task in the browser: two windows, what folds away, a document over the page, the drawing, a phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.pages.conftest import SignIn
from tests.pages.test_looks import objections
from tests.web.world import World

SUBJECT = "Предмет предложения"


@pytest.fixture
def path(company: World) -> str:
    """A task that nobody has, of the deal with a document."""
    return f"/tasks/{company.task('prepare', company.foreign_instance + 1).id}"


def type_into(page: Page, value: str) -> None:
    page.get_by_label(SUBJECT).fill(value)


def test_two_windows_choose_field_by_field_and_lose_nothing(sign_in: SignIn, path: str) -> None:
    page = sign_in("anna")
    page.goto(path)
    other = page.context.new_page()
    other.goto(path)
    type_into(page, "Из первого окна")
    page.get_by_label("Сумма").fill("100")
    expect(page.locator("#draft-note")).to_contain_text("Черновик сохранён")
    type_into(other, "Из второго окна")
    clash = other.locator(".clash")
    expect(clash).to_contain_text("Из первого окна")
    assert objections(other) == []
    other.get_by_label("Примечание").fill("Набрано, пока выбирают")
    clash.get_by_role("group", name=SUBJECT).get_by_label("в другом окне").check()
    clash.get_by_role("group", name="Сумма").get_by_label("в другом окне").check()
    other.get_by_role("button", name="Собрать так").click()
    expect(clash).to_have_count(0)
    expect(other.get_by_label(SUBJECT)).to_have_value("Из первого окна")
    expect(other.get_by_label("Примечание")).to_have_value("Набрано, пока выбирают")
    type_into(other, "Из второго окна, дальше")
    expect(other.locator("#draft-note")).to_contain_text("Черновик сохранён")
    expect(other.locator(".clash")).to_have_count(0)


def test_what_was_folded_away_stays_folded_away(sign_in: SignIn, path: str) -> None:
    page = sign_in("boris")
    page.goto(path)
    section = page.locator("details[data-fold=task-client]")
    expect(section).to_have_attribute("open", "")
    section.locator("summary").click()
    page.reload()
    expect(section).not_to_have_attribute("open", "")
    section.locator("summary").click()


def test_a_document_opens_over_the_page_and_escape_leads_back(sign_in: SignIn, path: str) -> None:
    page = sign_in("boris")
    page.goto(path)
    type_into(page, "Стоит на месте")
    page.locator("[data-preview]").first.click()
    expect(page.get_by_role("dialog", name="Коммерческое предложение")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Коммерческое предложение")).to_be_hidden()
    expect(page.get_by_label(SUBJECT)).to_have_value("Стоит на месте")


@pytest.mark.parametrize("width", [1440, 390])
def test_the_drawing_opens_where_the_work_is_and_can_be_read(sign_in: SignIn, path: str, width: int) -> None:
    page = sign_in("boris", width=width)
    page.goto(path)
    page.locator("[data-fold=task-drawing]").scroll_into_view_if_needed()
    here = page.locator('[data-element-id="prepare"].is-active')
    expect(here).to_be_visible()
    box, sheet = here.bounding_box(), page.locator(".drawing-sheet").bounding_box()
    assert box is not None
    assert sheet is not None
    assert box["width"] >= 0.7 * 120
    assert sheet["x"] <= box["x"] + box["width"] / 2 <= sheet["x"] + sheet["width"]


def test_on_a_phone_the_form_is_first_the_button_at_hand_and_the_rest_folded(sign_in: SignIn, path: str) -> None:
    page = sign_in("boris", width=390)
    page.goto(path)
    expect(page.locator("details[data-fold=task-client]")).not_to_have_attribute("open", "")
    button = page.get_by_role("button", name="Завершить")
    expect(button).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert objections(page) == []

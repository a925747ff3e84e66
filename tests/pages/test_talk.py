"""Talking and dates where a person clicks and types: mentions by keyboard, the calendar on a phone."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.pages.conftest import SignIn
from tests.web import world as worlds


def test_a_colleague_is_mentioned_by_keyboard_and_the_form_above_keeps_what_was_typed(
    sign_in: SignIn, company: worlds.World
) -> None:
    page = sign_in("anna")
    task = company.task("prepare", company.foreign_instance)
    page.goto(f"/tasks/{task.id}")
    page.get_by_label("Предмет предложения").fill("Недописанное")
    box = page.get_by_label("Ваш комментарий")
    box.press_sequentially("Посмотрите, @гром")
    option = page.get_by_role("option", name=re.compile("Громов Глеб"))
    expect(option).to_have_attribute("aria-selected", "true")
    box.press("Enter")
    expect(box).to_have_value("Посмотрите, @gleb ")
    box.press_sequentially("@")
    expect(page.get_by_role("option").first).to_be_visible()
    box.press("Escape")
    expect(page.get_by_role("option")).to_have_count(0)
    box.press("Backspace")
    page.get_by_role("button", name="Отправить").click()
    expect(page.locator(".talk-body").last).to_have_text("Посмотрите, @Громов Глеб")
    expect(page.get_by_label("Предмет предложения")).to_have_value("Недописанное")


def test_who_was_mentioned_follows_the_bell_to_the_case(sign_in: SignIn, company: worlds.World) -> None:
    page = sign_in("gleb")
    page.get_by_role("link", name=re.compile("Уведомления")).click()
    page.locator(".notice-open").first.click()
    expect(page.locator("#talk-head")).to_be_visible()


def _fits(page: Page) -> bool:
    fits: bool = page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    return fits


def test_on_a_phone_the_calendar_is_a_list_of_the_days_that_hold_something(sign_in: SignIn) -> None:
    page = sign_in("gleb", width=390)
    page.goto("/calendar?who=all")
    assert _fits(page)
    expect(page.locator(".cal-bare").first).to_be_hidden()
    entry = page.locator(".cal-entry").first
    expect(entry).to_be_visible()
    entry.focus()
    page.keyboard.press("Enter")
    expect(page).not_to_have_url(re.compile("/calendar"))

"""Monitoring in the browser: the board by dragging and by keyboard, on a phone; nothing that axe objects to."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from engine import steps, work
from tests.pages.conftest import SignIn
from tests.pages.test_looks import AXE, objections
from tests.web.world import World

PAGES = ("/desk", "/board", "/board/deals/{deal}/to/delivery", "/stalled", "/deals/{deal}/pause", "/workload",
         "/workload/{person}", "/misses", "/procedures/trial_offer/heat?period=days90",
         "/control-points?status=coming")  # fmt: skip
LOOKS = [(1440, "ru", "light"), (390, "ru", "dark"), (390, "en", "light")]


def test_a_card_is_dragged_and_the_board_says_what_leads_there_or_why_nothing_does(
    sign_in: SignIn, company: World
) -> None:
    page = sign_in("gleb")
    page.goto("/board?q=0001")
    card = page.locator("[data-card]")
    expect(card).to_have_count(1)
    panel = page.locator("dialog[open]")
    card.drag_to(page.locator("#stage-delivery"))
    expect(panel).to_contain_text("Этап нельзя перескочить")
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    card.drag_to(page.locator("#stage-contract"))
    expect(panel).to_contain_text("Открытого шага туда нет")
    expect(page.locator("[data-stage].is-allowed, [data-stage].is-refused")).to_have_count(0)


def test_the_menu_of_a_card_is_worked_by_keyboard_and_gives_the_focus_back(sign_in: SignIn, company: World) -> None:
    page = sign_in("gleb")
    page.goto("/board?q=0001")
    menu = page.get_by_role("link", name=re.compile("^Куда дальше:"))
    menu.focus()
    page.keyboard.press("Enter")
    panel = page.locator("dialog[open]")
    expect(panel.get_by_role("heading", name="Годовое обслуживание")).to_be_focused()
    panel.get_by_role("link", name="Презентация").focus()
    page.keyboard.press("Enter")
    expect(panel).to_contain_text("Достигнутая веха остаётся достигнутой")
    expect(panel.get_by_role("link", name="Согласовать предложение")).to_be_visible()
    page.keyboard.press("Escape")
    expect(menu).to_be_focused()


def test_without_scripts_the_menu_is_a_page(sign_in: SignIn, company: World) -> None:
    page = sign_in("gleb", scripts=False)
    page.goto("/board?q=0001")
    page.get_by_role("link", name=re.compile("^Куда дальше:")).click()
    page.get_by_role("link", name="Мероприятие").click()
    expect(page.locator("main")).to_contain_text("Этап нельзя перескочить")


def test_on_a_phone_one_stage_fills_the_screen_and_the_names_jump_to_the_others(
    sign_in: SignIn, company: World
) -> None:
    page = sign_in("gleb", width=390)
    page.goto("/board")
    first, third = page.locator("#stage-presentation"), page.locator("#stage-contract")
    box = first.bounding_box()
    assert box is not None
    assert box["width"] > 340
    page.locator(".board-jumps a", has_text="Договор").click()
    expect(third).to_be_in_viewport()
    expect(first).not_to_be_in_viewport()


def test_the_reason_of_a_pause_proposes_whose_clock_runs(sign_in: SignIn, company: World) -> None:
    page = sign_in("anna")
    page.goto(f"/deals/{company.deal}/pause")
    page.get_by_label("Почему сделка стоит?").select_option(label="У нас нет исполнителя")
    expect(page.get_by_role("radio", name=re.compile("идёт наше время"))).to_be_checked()


def test_a_step_of_the_heat_map_leads_to_its_cases(sign_in: SignIn, company: World) -> None:
    for back in range(4):
        work.run(company.env, work.SYSTEM, steps.roll_up, company.clock.now.date() - timedelta(days=back))
    page = sign_in("gleb")
    page.goto("/procedures/trial_offer/heat?period=days90&measure=passes")
    page.wait_for_selector("[data-heat][data-ready]")
    step = page.locator('.djs-element[data-element-id="prepare"]')
    expect(page.locator('[data-element-id="prepare"].has-cases')).to_be_visible()
    step.click()
    expect(page.locator("#cases")).to_contain_text("Предложение по сделке С-0001/26")


@pytest.mark.skipif(not AXE.exists(), reason="npm ci brings axe-core")
@pytest.mark.parametrize(("width", "locale", "theme"), LOOKS)
def test_the_pages_are_accessible_and_do_not_scroll_sideways(
    sign_in: SignIn, company: World, width: int, locale: str, theme: str
) -> None:
    page = sign_in("gleb", width=width, locale=locale)
    page.context.add_cookies([{"name": "theme", "value": theme, "url": page.url}])
    found: list[str] = []
    for path in PAGES:
        page.goto(path.format(deal=company.deal, person=company.people["anna"]))
        page.wait_for_load_state("networkidle")
        found += [f"{path} {line}" for line in objections(page)]
        sideways = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        found += [f"{path} scrolls {sideways} px sideways"] if sideways > 0 else []
    page.goto("/board")
    page.locator("[data-way]").first.click()
    expect(page.locator("dialog[open]")).to_be_visible()
    found += objections(page)
    assert found == []

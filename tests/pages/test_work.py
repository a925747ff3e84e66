"""A day's work in the browser: with scripts, without them, by keyboard."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.pages.conftest import SignIn
from tests.web.world import World


def test_what_is_typed_is_there_after_coming_back(sign_in: SignIn, company: World) -> None:
    page = sign_in("boris")
    path = f"/tasks/{company.task('prepare', company.foreign_instance).id}"
    page.goto(path)
    page.get_by_label("Предмет предложения").press_sequentially("Набрано и оставлено")
    expect(page.locator("#draft-note")).to_contain_text("Черновик сохранён")
    page.goto("/tasks")
    page.goto(path)
    expect(page.get_by_label("Предмет предложения")).to_have_value("Набрано и оставлено")


def test_a_draft_reaches_the_server_even_if_the_page_is_left_at_once(sign_in: SignIn, company: World) -> None:
    page = sign_in("boris")
    path = f"/tasks/{company.task('prepare', company.foreign_instance).id}"
    page.goto(path)
    page.get_by_label("Примечание").fill("Ушёл сразу")
    page.goto("/tasks")
    page.goto(path)
    expect(page.get_by_label("Примечание")).to_have_value("Ушёл сразу")


def test_the_inbox_is_searched_while_typing(sign_in: SignIn, company: World) -> None:
    page = sign_in("anna")
    page.goto("/tasks?tab=groups")
    rows = page.locator("#rows tbody tr")
    before = rows.count()
    assert before > 1
    page.get_by_role("searchbox").press_sequentially("дополнительное")
    expect(rows).to_have_count(1)


def test_the_drawing_shows_the_position_and_the_makers_mark(sign_in: SignIn, company: World) -> None:
    page = sign_in("gleb")
    page.goto(f"/instances/{company.instance}")
    expect(page.locator('[data-element-id="approve"].is-active')).to_be_visible()
    expect(page.locator('[data-element-id="prepare"].is-done')).to_be_visible()
    expect(page.locator(".bjs-powered-by")).to_be_visible()
    page.locator(".bjs-powered-by").scroll_into_view_if_needed()
    assert page.evaluate(
        """() => { const box = document.querySelector('.bjs-powered-by').getBoundingClientRect();
        const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
        return Boolean(top.closest('.bjs-powered-by')); }"""
    ), "something lies over the mark of bpmn.io"


def test_the_replay_moves_back_and_follows_into_a_called_procedure(sign_in: SignIn, company: World) -> None:
    page = sign_in("vera")
    page.goto(f"/instances/{company.instance}/replay")
    page.wait_for_selector("[data-replay][data-ready]")
    expect(page.locator('.drawing-sheet:not([hidden]) [data-element-id="approve"].is-active')).to_be_visible()
    page.get_by_role("button", name="На шаг назад").click()
    expect(page.locator("#replay-caption")).to_contain_text("Проверить реквизиты")
    expect(page.locator('.drawing-sheet:not([hidden]) [data-element-id="look"].is-active')).to_be_visible()
    page.locator("#replay-sheet").select_option(label="Коммерческое предложение")
    expect(page.locator('.drawing-sheet:not([hidden]) [data-element-id="check"].is-active')).to_be_visible()
    page.locator('.drawing-sheet:not([hidden]) .djs-element[data-element-id="check"]').click()
    expect(page.locator('.drawing-sheet:not([hidden]) [data-element-id="look"]').first).to_be_visible()
    page.locator("#replay-moment").focus()
    page.keyboard.press("Home")
    expect(page.locator("#replay-moment")).to_have_attribute("aria-valuetext", re.compile("16 нояб"))


def test_the_replay_plays_to_the_end_and_stops(sign_in: SignIn, company: World) -> None:
    page = sign_in("vera")
    page.goto(f"/instances/{company.instance}/replay")
    page.wait_for_selector("[data-replay][data-ready]")
    play = page.get_by_role("button", name="Проиграть")
    play.click()
    expect(play).to_have_attribute("aria-pressed", "true")
    expect(play).to_have_attribute("aria-pressed", "false", timeout=20_000)


def test_menus_close_by_escape_and_give_the_focus_back(sign_in: SignIn, company: World) -> None:
    page = sign_in("gleb")
    page.goto(f"/tasks/{company.task('approve').id}")
    page.get_by_text("Переназначить", exact=True).first.click()
    expect(page.get_by_label("Кто будет выполнять?")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_label("Кто будет выполнять?")).to_be_hidden()


def test_the_first_tab_leads_to_the_content(sign_in: SignIn) -> None:
    page = sign_in("anna")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="К содержанию")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


def test_the_menu_of_a_phone_opens_and_leads_on(sign_in: SignIn) -> None:
    page = sign_in("anna", width=390)
    deals = page.get_by_role("link", name="Сделки")
    expect(deals).to_be_hidden()
    page.get_by_label("Показать меню").check()
    deals.click()
    page.wait_for_url("**/deals")


def test_a_task_is_done_without_scripts_from_signing_in_to_the_next_one(sign_in: SignIn, company: World) -> None:
    page = sign_in(None, scripts=False)
    page.goto("/signin")
    page.fill("#login", "gleb")
    page.fill("#password", "correct horse battery")
    page.click("main .btn-primary")
    page.goto(f"/tasks/{company.task('approve').id}")
    page.get_by_label("Согласовано").check()
    page.get_by_role("button", name="Завершить").click()
    expect(page.get_by_role("status").filter(has_text="Задача завершена")).to_be_visible()
    assert company.task("send").status == "created"

"""The inbox in the browser: keys, many at once, what changes by itself."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from engine import tasks
from tests.pages.conftest import SignIn
from tests.pages.test_looks import objections
from tests.web.world import World


def at(page: Page, task_id: int) -> str:
    return f'#rows [data-task="{task_id}"]'


@pytest.fixture
def free(company: World) -> list[int]:
    """Tasks of the managers, nobody's at the beginning and the end of the test."""
    ids = [company.task("prepare", i).id for i in (company.foreign_instance, company.foreign_instance + 1)]
    for one in ids:
        if company.task("prepare", company.foreign_instance).assignee_id:
            company.do("gleb", tasks.unclaim, one)
    return ids


def test_a_day_by_keys_only(sign_in: SignIn, company: World, free: list[int]) -> None:
    page = sign_in("anna")
    page.goto("/tasks?tab=groups")
    page.keyboard.press("j")
    expect(page.locator("#rows [data-task] .title-link").first).to_be_focused()
    page.keyboard.press("j")
    expect(page.locator("#rows [data-task] .title-link").nth(1)).to_be_focused()
    page.keyboard.press("k")
    page.keyboard.press("x")
    expect(page.locator("#rows input[name=task]").first).to_be_checked()
    expect(page.locator("[data-picked]")).to_have_text("1")
    page.keyboard.press("s")
    expect(page.locator("#rows details.menu[open] .menu-item").first).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("jkx?")
    expect(page.get_by_role("searchbox")).to_have_value("jkx?")
    page.goto("/tasks?tab=groups")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/tasks/*")
    page.keyboard.press("g")
    page.keyboard.press("d")
    page.wait_for_url("**/deals")


def test_the_list_of_keys_is_shown_and_switches_them_off(sign_in: SignIn, free: list[int]) -> None:
    page = sign_in("anna")
    page.goto("/tasks?tab=groups")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Клавиши")).to_be_visible()
    assert objections(page) == []
    page.get_by_label("Клавиши включены").uncheck()
    page.keyboard.press("Escape")
    page.reload()
    page.locator("#main").focus()
    page.keyboard.press("j")
    expect(page.locator("#rows .title-link:focus")).to_have_count(0)


def test_cyrillic_letters_in_the_same_places_do_the_same(sign_in: SignIn, free: list[int]) -> None:
    page = sign_in("anna")
    page.goto("/tasks?tab=groups")
    page.evaluate("""document.body.dispatchEvent(new KeyboardEvent('keydown',
        { key: 'о', code: 'KeyJ', bubbles: true, cancelable: true }))""")
    expect(page.locator("#rows [data-task] .title-link").first).to_be_focused()


def test_many_are_claimed_and_it_is_taken_back(sign_in: SignIn, company: World, free: list[int]) -> None:
    page = sign_in("anna")
    page.goto("/tasks?tab=groups")
    page.locator("[data-pick-all]").check()
    expect(page.locator("[data-picked]")).to_have_text(str(page.locator("#rows [data-task]").count()))
    assert objections(page) == []
    page.locator(".bulk-bar").get_by_role("button", name="Взять").click()
    expect(page.locator(".note-good")).to_contain_text("теперь")
    page.get_by_role("button", name="Отменить").click()
    expect(page.locator(".note-good")).to_contain_text("снова свобод")
    for one in free:
        expect(page.locator(at(page, one))).to_be_visible()


def test_a_task_that_somebody_takes_leaves_the_list_without_reloading(
    sign_in: SignIn, company: World, free: list[int]
) -> None:
    page = sign_in("anna")
    page.goto("/tasks?tab=groups")
    stays, goes = free
    page.locator(at(page, stays)).get_by_role("checkbox").check()
    page.locator(at(page, stays)).get_by_role("link").first.focus()
    company.do("boris", tasks.claim, goes)
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(page.locator(at(page, goes))).to_have_count(0)
    expect(page.locator("#inbox-said")).to_have_text("Ушло из списка: 1.")
    expect(page.locator(at(page, stays)).get_by_role("checkbox")).to_be_checked()
    expect(page.locator(at(page, stays)).get_by_role("link").first).to_be_focused()
    company.do("boris", tasks.unclaim, goes)
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(page.locator(at(page, goes))).to_be_visible()
    expect(page.locator("#inbox-said")).to_contain_text("В списке новая задача")
    expect(page.locator(at(page, stays)).get_by_role("checkbox")).to_be_checked()


def test_a_list_of_somebody_signed_out_says_that_it_stands_still(sign_in: SignIn, free: list[int]) -> None:
    page = sign_in("anna", tolerated=("401",))
    page.goto("/tasks?tab=groups")
    page.context.clear_cookies()
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(page.get_by_role("alert")).to_contain_text("список больше не обновляется сам")
    expect(page.locator("#rows [data-task]")).not_to_have_count(0)
    page.get_by_role("alert").get_by_role("link", name="Войти").click()
    page.wait_for_url("**/signin?next=/tasks*")


def test_a_filter_is_named_and_used_again(sign_in: SignIn, free: list[int]) -> None:
    page = sign_in("anna")
    page.goto("/tasks?tab=groups")
    page.locator(".inbox-more summary").click()
    page.get_by_label("Клиент или ИНН").fill("устойчивого")
    page.get_by_role("button", name="Показать", exact=True).click()
    expect(page.locator("#rows [data-task]")).to_have_count(1)
    page.get_by_text("Сохранить отбор").click()
    page.get_by_label("Наименование").fill("Развитие")
    page.locator(".inbox-kept").get_by_role("button", name="Сохранить").click()
    page.goto("/tasks?tab=groups")
    page.get_by_role("link", name="Развитие").click()
    expect(page.locator("#rows [data-task]")).to_have_count(1)
    assert objections(page) == []
    page.get_by_role("button", name="Удалить отбор «Развитие»").click()
    expect(page.get_by_role("link", name="Развитие")).to_have_count(0)

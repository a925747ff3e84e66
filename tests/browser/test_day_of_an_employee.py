"""Anna comes in on a Monday and finds twelve tasks."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser import scenes
from tests.browser.company import Company
from tests.browser.person import Person

MEETING = "Договориться о презентации"
HELD = "Провести встречу"
ANSWER = "Ответить на поручение"


def test_twelve_tasks_find_their_place_in_a_day(company: Company, person: Callable[[str], Person]) -> None:
    for number in range(1, 9):
        scenes.sale(company, "ivanova", (1, 3)[number % 2], f"Обучение продавцов, поток {number}")
    for what in ("Отзыв о семинаре", "Список участников", "Справка о конкурентах", "Фотографии площадки"):
        scenes.assignment(company, "morozova", "ivanova", what)
    anna, ilya = person("ivanova"), person("petrov")

    sees_at_a_glance_what_there_is(anna)
    walks_the_list_with_keys(anna)
    puts_two_off_and_takes_one_back(anna)
    finds_by_words(anna)
    completes_and_the_next_one_opens(anna)
    changes_her_mind(anna)
    asks_a_colleague(anna, ilya)
    at_night_the_counts_are_right(anna)


def count(anna: Person, tab: str) -> int:
    """The number on a tab."""
    anna.goes_to("/tasks")
    shown = anna.page.locator("#inbox-tabs").get_by_role("link", name=re.compile(rf"^{tab}\s+\d")).inner_text()
    digits = "".join(sign for sign in shown if sign.isdigit())
    return int(digits or 0)


def sees_at_a_glance_what_there_is(anna: Person) -> None:
    anna.goes_to("/tasks")
    anna.looks("50-day-morning")
    expect(anna.page.locator("#rows [data-task]")).to_have_count(12)
    assert count(anna, "Мои") == 12
    first = anna.page.locator("#rows [data-task]").first
    expect(first).to_contain_text("ООО")  # whose it is
    expect(first.locator(".inbox-due")).not_to_be_empty()  # until when


def walks_the_list_with_keys(anna: Person) -> None:
    page = anna.goes_to("/tasks")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Клавиши")).to_be_visible()
    page.keyboard.press("Escape")
    for _ in range(3):
        page.keyboard.press("j")
    expect(page.locator("#rows .title-link").nth(2)).to_be_focused()
    page.keyboard.press("Enter")
    expect(anna.form).to_be_visible()


def puts_two_off_and_takes_one_back(anna: Person) -> None:
    page = anna.goes_to("/tasks")
    for place in (0, 1):
        page.locator("#rows [data-task]").nth(place).get_by_role("checkbox").check()
    page.locator(".bulk-bar").get_by_text("Отложить").first.click()
    page.locator(".bulk-bar .menu-item").first.click()
    expect(page.locator("#rows [data-task]")).to_have_count(10)
    page.goto("/tasks?tab=later")
    expect(page.locator("#rows [data-task]")).to_have_count(2)
    page.locator("#rows [data-task]").first.get_by_role("button", name="Вернуть").click()
    assert (count(anna, "Мои"), count(anna, "Отложенные")) == (11, 1)


def finds_by_words(anna: Person) -> None:
    page = anna.goes_to("/tasks")
    page.get_by_role("searchbox").fill("конкурентах справка")
    expect(page.locator("#rows [data-task]")).to_have_count(1)
    expect(page.locator("#rows [data-task]")).to_contain_text("Поручение: Справка о конкурентах")


def completes_and_the_next_one_opens(anna: Person) -> None:
    for _ in range(3):
        anna.opens_task(MEETING)
        anna.chooses("Договорились о встрече?", "Да, встреча назначена")
        anna.fills("Дата и время", "2026-11-18T11:00")
        anna.fills("Место или ссылка", "Москва, ул. Краснопрудная, 12")
        anna.completes()
        expect(anna.page.get_by_role("button", name="Завершить")).to_be_visible()  # of the next task
    anna.looks("51-day-after-three")


def changes_her_mind(anna: Person) -> None:
    """What she has just completed is hers again: nothing has left the house and nobody has looked at what follows."""
    anna.company.wait("P2BD")
    page = anna.opens_task(HELD)
    anna.chooses("Как прошла встреча?", "Состоялась")
    anna.fills("Когда закончилась", "2026-11-18T12:00")
    anna.completes()
    page.goto("/tasks?tab=done")
    page.get_by_role("link", name=HELD, exact=True).first.click()
    anna.looks("52-day-done-task")
    page.get_by_role("button", name="Отозвать").click()
    expect(anna.heading).to_have_text(HELD)
    expect(anna.form.get_by_label("Когда закончилась")).to_have_value("2026-11-18T12:00")
    anna.fills("Когда закончилась", "2026-11-18T13:30")
    anna.completes()


def asks_a_colleague(anna: Person, ilya: Person) -> None:
    page = anna.opens_task(ANSWER)
    page.get_by_text("Передать за ответом").first.click()
    page.get_by_label("У кого спросить?").select_option(label="Петров Илья · менеджер по продажам")
    page.get_by_role("button", name="Передать за ответом").click()
    page.goto("/tasks?tab=waiting")
    expect(page.locator("#rows")).to_contain_text("Петров Илья")
    ilya.opens_task(ANSWER)
    ilya.looks("53-day-asked")
    ilya.page.locator("#note").fill("Да, бери: материалы у меня готовы")
    ilya.page.get_by_role("button", name="Вернуть с этим ответом").click()
    page.goto("/tasks")
    page.get_by_role("link", name=ANSWER, exact=True).first.click()
    expect(page.locator("main")).to_contain_text("материалы у меня готовы")


def at_night_the_counts_are_right(anna: Person) -> None:
    page = anna.goes_to("/tasks")
    for tab, key in (("Мои", "mine"), ("Отложенные", "later"), ("Просроченные", "overdue")):
        expected = count(anna, tab)
        page.goto(f"/tasks?tab={key}")
        expect(page.locator("#rows [data-task]")).to_have_count(expected)
    assert anna.company.log_holds()

"""The first day: an account, a link, an empty desk that says what to do, the first task."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Browser, expect

from tests.browser import scenes
from tests.browser.company import PASSWORD, Company
from tests.browser.person import Person


def test_a_newcomer_is_let_in_and_does_a_first_task(
    company: Company, person: Callable[[str], Person], browser: Browser
) -> None:
    link = gets_an_account(person("klimova"))
    newcomer = Person(company, browser, "sidorova")
    sets_a_password(newcomer, link)
    finds_out_what_to_do(newcomer)
    starts_something(newcomer)
    does_it_by_keyboard_only(newcomer)
    the_link_is_dead_now(newcomer, link)
    assert newcomer.complaints == []
    newcomer.context.close()
    assert company.log_holds()


def gets_an_account(admin: Person) -> str:
    page = admin.goes_to("/people/new")
    for label, value in (
        ("Имя пользователя", "sidorova"), ("Фамилия", "Сидорова-Преображенская"), ("Имя", "Мария"),
        ("Отчество", "Константиновна"), ("Должность", "Менеджер по продажам"),
    ):  # fmt: skip
        page.get_by_label(label, exact=True).fill(value)
    page.locator("#email").fill("sidorova@example.com")
    page.get_by_label("Менеджеры по продажам").check()
    admin.looks("80-new-account")
    page.get_by_role("button", name="Создать учётную запись").click()
    shown = page.get_by_label("Ссылка для установки пароля")
    admin.looks("81-link")
    return str(shown.input_value())


def sets_a_password(newcomer: Person, link: str) -> None:
    page = newcomer.page
    page.goto(link)
    expect(page.locator("main, body").first).to_contain_text("sidorova")
    newcomer.looks("82-first-password")
    page.get_by_label("Пароль", exact=True).fill(PASSWORD)
    page.get_by_label("Ещё раз то же").fill(PASSWORD)
    page.get_by_role("button", name="Установить пароль").click()
    expect(page.get_by_role("status")).to_contain_text("sidorova")
    newcomer.signs_in()


def finds_out_what_to_do(newcomer: Person) -> None:
    page = newcomer.goes_to("/tasks")
    expect(page.locator(".empty-state")).to_contain_text("запустите процедуру")
    newcomer.looks("83-empty-desk")
    page.goto("/help")
    expect(page.locator("main")).to_contain_text("С чего начать?")
    newcomer.looks("84-help")


def starts_something(newcomer: Person) -> None:
    page = newcomer.goes_to("/tasks")
    page.get_by_role("link", name="Запустить процедуру").first.click()
    newcomer.looks("85-start")
    tile = page.get_by_role("listitem").filter(has_text="Поручение").first
    tile.get_by_role("link", name="Запустить").click()
    page.locator("main form").get_by_role("button", name="Запустить").click()
    newcomer.company.work()


def does_it_by_keyboard_only(newcomer: Person) -> None:
    page = newcomer.goes_to("/tasks")
    expect(page.locator("#rows [data-task]")).to_have_count(1)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(newcomer.heading).to_have_text("Выдать поручение")
    newcomer.form.get_by_label("Что сделать").focus()
    page.keyboard.type("Показать, где лежат шаблоны")
    newcomer.form.get_by_label("Какой результат нужен").focus()
    page.keyboard.type("Ссылка на папку")
    newcomer.form.get_by_label("Исполнитель").select_option("petrov")
    newcomer.form.get_by_label("Срок").fill("2026-11-27")
    newcomer.form.get_by_role("button", name="Завершить").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".note-good", has_text="Задача завершена")).to_be_visible()
    newcomer.company.work()
    assert scenes.open_names(newcomer.company, "petrov") == ["Ответить на поручение"]


def the_link_is_dead_now(newcomer: Person, link: str) -> None:
    newcomer.page.goto(link)
    expect(newcomer.page.locator("body")).to_contain_text("использована")

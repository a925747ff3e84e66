"""Anna goes on leave, Ilya stands in for her, and she finds everything again."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser import scenes
from tests.browser.company import Company
from tests.browser.person import Person

MEETING = "Договориться о презентации"


def test_a_substitute_sees_why_and_both_names_stay_in_the_trail(
    company: Company, person: Callable[[str], Person]
) -> None:
    begun = scenes.sale(company, "ivanova", 1, "Семинар о переговорах")
    anna, ilya = person("ivanova"), person("petrov")
    goes_on_leave(anna)
    scenes.sale(company, "ivanova", 1, "Семинар о рекламациях")
    finds_her_tasks_among_his_own(ilya)
    does_one_under_both_names(ilya)
    comes_back(anna, company)
    nothing_is_left_with(ilya)
    the_log_names_both(anna, begun.instance_id)


def goes_on_leave(anna: Person) -> None:
    page = anna.goes_to("/me/absence")
    page.get_by_label("Первый день").fill("2026-11-16")
    page.get_by_label("Последний день").fill("2026-11-27")
    page.get_by_label("Заместитель 1", exact=True).select_option(label="Петров Илья")
    page.get_by_role("button", name="Запланировать отсутствие").click()
    expect(page.locator(".note-good")).to_be_visible()
    anna.looks("70-absence-planned")
    anna.goes_to("/absences")
    anna.looks("71-absences")


def finds_her_tasks_among_his_own(ilya: Person) -> None:
    page = ilya.goes_to("/tasks")
    expect(page.locator("#rows [data-task]")).to_have_count(2)  # what she had, and what came after
    expect(page.locator("#rows [data-task]").first).to_contain_text("вместо: Иванова Анна")
    ilya.looks("72-inbox-of-the-substitute")


def does_one_under_both_names(ilya: Person) -> None:
    page = ilya.goes_to("/tasks")
    page.get_by_role("row").filter(has_text="переговорах").get_by_role("link").first.click()
    expect(page.locator("main")).to_contain_text("Вы замещаете")
    expect(page.locator("main")).to_contain_text("Иванова Анна")
    ilya.looks("73-task-of-the-absent")
    ilya.chooses("Договорились о встрече?", "Да, встреча назначена")
    ilya.fills("Дата и время", "2026-11-18T11:00")
    ilya.fills("Место или ссылка", "Москва, ул. Краснопрудная, 12")
    ilya.completes()


def comes_back(anna: Person, company: Company) -> None:
    company.wait("P2D")
    page = anna.goes_to("/me/absence")
    page.get_by_role("button", name="Я вернулся к работе").click()
    anna.looks("74-back")
    page.goto("/tasks")
    expect(page.locator("#rows")).to_contain_text("рекламациях")


def nothing_is_left_with(ilya: Person) -> None:
    page = ilya.goes_to("/tasks")
    expect(page.locator("#rows [data-task]")).to_have_count(0)


def the_log_names_both(anna: Person, instance_id: int) -> None:
    auditor = Person(anna.company, anna.context.browser, "zaytseva")  # type: ignore[arg-type]
    page = auditor.goes_to(f"/instances/{instance_id}/log")
    line = page.locator("main tr, main li").filter(has_text="Петров Илья").filter(has_text="Иванова Анна").first
    expect(line).to_be_visible()
    auditor.looks("75-log-of-both")
    auditor.context.close()
    assert anna.company.log_holds()

"""The director comes in: five contracts wait for him, and one deal has not moved for weeks."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Locator, expect

from tests.browser import scenes
from tests.browser.company import Company
from tests.browser.person import DONE, NARROW, WIDE, Person

STUCK = "Обучение торговых представителей"


def test_five_contracts_and_a_stalled_deal(company: Company, person: Callable[[str], Person]) -> None:
    prepared(company)
    director = person("sobolev")
    sees_what_calls_for_him(director)
    reads_one_and_sends_it_back_with_a_remark(director)
    refuses_to_remark_without_words(director)
    approves_by_phone(director)
    approves_the_rest(director)
    lets_the_stalled_deal_rest_until_a_day(director, company)
    has_nothing_left_and_the_log_is_whole(director, company)


def prepared(company: Company) -> None:
    """A deal that nobody has touched for a month, then five contracts."""
    scenes.sale(company, "ivanova", 3, STUCK)
    company.wait("P25BD")
    scenes.contracts_to_approve(company, ["ivanova", "petrov", "ivanova", "kuznecov", "petrov"])


def queue(director: Person) -> Locator:
    director.goes_to("/approvals")
    return director.page.locator("main [data-task]")


def sees_what_calls_for_him(director: Person) -> None:
    page = director.goes_to("/desk")
    director.looks("60-desk")
    tile = page.locator(".desk-tile", has_text="Согласования")
    expect(tile.locator(".desk-count")).to_have_text("5")
    tile.click()
    expect(page.locator("main [data-task]")).to_have_count(5)
    director.looks("61-approvals-five")


def decides(director: Person, answer: str) -> None:
    director.chooses("Решение", answer)


def reads_one_and_sends_it_back_with_a_remark(director: Person) -> None:
    queue(director).first.get_by_role("link").first.click()
    director.looks("62-decision")
    decides(director, "Есть замечания")
    director.fills("Замечания или причина", "Срок оплаты — пять рабочих дней, а не три")
    director.completes()
    expect(queue(director)).to_have_count(4)


def refuses_to_remark_without_words(director: Person) -> None:
    queue(director).first.get_by_role("link").first.click()
    decides(director, "Есть замечания")
    director.form.get_by_role("button", name=DONE).click()
    expect(director.page.locator(".invalid-feedback:visible").first).to_be_visible()
    expect(queue(director)).to_have_count(4)


def approves_by_phone(director: Person) -> None:
    director.page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    queue(director).first.get_by_role("link").first.click()
    decides(director, "Согласовано")
    director.looks("63-decision-by-phone")
    director.page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    director.completes()
    director.page.set_viewport_size(WIDE)  # type: ignore[arg-type]
    expect(queue(director)).to_have_count(3)


def approves_the_rest(director: Person) -> None:
    for left in (2, 1, 0):
        queue(director).first.get_by_role("link").first.click()
        decides(director, "Согласовано")
        director.completes()
        expect(queue(director)).to_have_count(left)
    director.looks("64-approvals-none")


def lets_the_stalled_deal_rest_until_a_day(director: Person, company: Company) -> None:
    page = director.goes_to("/stalled")
    director.looks("65-stalled")
    row = page.get_by_role("row").filter(has_text=STUCK)
    row.get_by_role("link", name="Пауза").click()
    page.get_by_label("Почему сделка стоит?").select_option(label="Клиент ждёт бюджет")
    page.get_by_label("До какого дня?").fill("2027-02-01")
    page.get_by_label("Своими словами").fill("Бюджет утвердят в конце января")
    page.locator("main form").get_by_role("button", name="Пауза").click()
    page.goto("/stalled?tab=paused")
    expect(page.locator("main")).to_contain_text(STUCK)
    director.looks("66-paused")
    page.goto("/stalled")
    expect(page.get_by_role("row").filter(has_text=STUCK)).to_have_count(0)


def has_nothing_left_and_the_log_is_whole(director: Person, company: Company) -> None:
    page = director.goes_to("/desk")
    expect(page.locator(".desk-tile", has_text="Согласования").locator(".desk-count")).to_have_text("0")
    assert company.log_holds()

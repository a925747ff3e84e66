"""An offer goes back with a remark, is done again, is taken back in time, and once not in time."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from engine import deployments, instances
from engine.work import SYSTEM, run
from tests.browser import scenes
from tests.browser.company import Company
from tests.browser.person import Person
from tests.case import END, START, drawing, form, user_task

PREPARE, CHECK = "Подготовить расчёт", "Проверить расчёт"
REMARK = "Сумма без НДС: пересчитайте, пожалуйста"
STEPS = user_task("prepare", PREPARE, form="offer/prepare") + user_task(
    "check", CHECK, groups="head", form="offer/check"
)


def begin(company: Company) -> None:
    """Anna prepares, her head checks."""
    drawn = drawing("offer", START + STEPS + END, flows="start>prepare;prepare>check;check>end")
    files = {
        "processes/offer/offer.bpmn": drawn, "forms/offer/prepare.form": form("Сумма", "Основание"),
        "forms/offer/check.form": form("Замечания"),
    }  # fmt: skip
    run(company.env, scenes.who(company, "klimova"), deployments.publish, files)
    run(company.env, SYSTEM, instances.start, "offer", {})


def test_a_remark_sends_it_back_and_a_completion_is_taken_back_until_it_is_seen(
    company: Company, person: Callable[[str], Person]
) -> None:
    begin(company)
    anna, head = person("ivanova"), person("morozova")
    prepares(anna, "100 000", "По прайсу")
    returns_it(head)
    company.wait("PT1H")
    does_it_again(anna)
    does_not_open_it_yet(head)
    takes_it_back_in_time(anna)
    finds_what_she_did(anna)
    sees_the_rounds(head)
    comes_too_late(anna)
    assert company.log_holds()


def prepares(anna: Person, amount: str, ground: str) -> None:
    anna.opens_task(PREPARE, "groups")
    anna.fills("Сумма", amount)
    anna.fills("Основание", ground)
    anna.completes()


def returns_it(head: Person) -> None:
    page = head.opens_task(CHECK, "groups")
    page.get_by_role("link", name="Вернуть…").click()
    expect(page.get_by_role("radio", name=PREPARE)).to_be_checked()
    page.get_by_label("Что нужно изменить?").fill(REMARK)
    head.looks("80-return")
    page.get_by_role("button", name="Вернуть с этим замечанием").click()
    expect(page.locator(".note-good")).to_contain_text(PREPARE)


def does_it_again(anna: Person) -> None:
    page = anna.opens_task(PREPARE)
    again = page.get_by_role("region", name="Вернул(а) Морозова")
    expect(again).to_contain_text(REMARK)
    expect(anna.form.get_by_label("Сумма")).to_have_value("100 000")  # as she had left it
    again.get_by_text("что было заполнено").click()
    expect(again.get_by_role("columnheader", name="Круг 1")).to_be_visible()
    anna.looks("81-returned")
    anna.fills("Сумма", "122 000")
    anna.completes()


def does_not_open_it_yet(head: Person) -> None:
    """A look at the list is no opening."""
    page = head.goes_to("/tasks?tab=groups")
    expect(page.get_by_role("link", name=CHECK, exact=True)).to_be_visible()


def takes_it_back_in_time(anna: Person) -> None:
    page = finds_what_she_did(anna)
    page.get_by_role("button", name="Отозвать").click()
    expect(page.locator(".note-good")).to_contain_text("снова у вас")
    expect(anna.form.get_by_label("Сумма")).to_have_value("122 000")
    rounds = page.get_by_role("group", name="Круги рядом").get_by_role("row", name="Сумма")
    expect(rounds.get_by_role("cell")).to_have_text(["100 000", "122 000"])
    anna.looks("82-recalled")
    anna.company.wait("PT1H")
    anna.fills("Основание", "По прайсу, с НДС")
    anna.completes()


def sees_the_rounds(head: Person) -> None:
    """What was changed after his remark stands before who made it."""
    page = head.opens_task(CHECK, "groups")
    again = page.get_by_role("region", name="Переделано по замечанию: Морозова")
    expect(again).to_contain_text(REMARK)
    expect(again.get_by_role("row", name="Сумма").get_by_role("cell")).to_have_text(["100 000", "122 000", "122 000"])
    expect(again.get_by_role("row", name="Основание")).to_contain_text("изменено")
    head.looks("84-rounds")


def finds_what_she_did(anna: Person) -> Page:
    """Among what was completed, the newest first."""
    page = anna.goes_to("/tasks?tab=done")
    page.get_by_role("link", name=PREPARE, exact=True).first.click()
    expect(anna.heading).to_have_text(PREPARE)
    return page


def comes_too_late(anna: Person) -> None:
    """Her page still has the button; by now the head has opened the next step."""
    page = anna.page
    page.get_by_role("button", name="Отозвать").click()
    expect(page.locator(".note-late")).to_contain_text(f"«{CHECK}» уже открыта: Морозова")
    expect(page.locator("main")).to_contain_text("Отозвать нельзя")
    expect(page.get_by_role("button", name="Отозвать")).to_have_count(0)
    anna.looks("83-too-late")

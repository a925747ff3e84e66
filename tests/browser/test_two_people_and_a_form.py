"""What becomes of what somebody types: a colleague is faster, the form is refused, the page reloaded, the line slow."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Route, expect

from engine import instances, tasks
from engine.access import actor_of
from engine.models import Deal, User, UserTask
from engine.work import run
from tests.browser.company import Company
from tests.browser.person import Person

FIRST = "Договориться о презентации"
QUESTION = "Договорились о встрече?"
AGREED = "Да, встреча назначена"


def test_of_two_people_who_complete_one_task_the_second_learns_who_was_faster(
    company: Company, person: Callable[[str], Person]
) -> None:
    task = begun(company)
    back_to_the_group(company, task)
    anna, elena = person("ivanova"), person("morozova")
    for one in (anna, elena):
        one.goes_to(f"/tasks/{task}")
        one.chooses(QUESTION, AGREED)
        one.fills("Дата и время", "2026-11-18T11:00")
    anna.fills("Место или ссылка", "Москва, Краснопрудная")
    elena.fills("Место или ссылка", "Петербург, Фонтанка")
    anna.completes()
    elena.form.get_by_role("button", name="Завершить").click()
    refused = elena.page.get_by_role("alert").first
    expect(refused).to_contain_text("Иванова Анна")
    expect(refused).to_contain_text("стоит ниже")
    expect(elena.page.get_by_label(re.compile("Место или ссылка"))).to_have_value("Петербург, Фонтанка")
    elena.looks("30-second-of-two")


def test_a_task_is_done_with_the_keyboard_alone(company: Company, person: Callable[[str], Person]) -> None:
    begun(company)
    anna = person("ivanova")
    page = anna.page
    page.goto("/")
    page.keyboard.type("ivanova")
    page.keyboard.press("Tab")
    page.keyboard.type("one password for the whole demo company")
    page.keyboard.press("Enter")
    expect(anna.heading).to_have_text("Задачи")
    presses_until(anna, "a", FIRST)
    page.keyboard.press("Enter")
    expect(anna.heading).to_have_text(FIRST)
    presses_until(anna, "input", AGREED)
    page.keyboard.press("Space")
    expect(anna.form.get_by_label(re.compile("Место или ссылка"))).to_be_visible()
    presses_until(anna, "input", "Дата и время")
    page.keyboard.type("12122026")  # read alike by a Russian and by an American browser
    page.keyboard.press("ArrowRight")
    page.keyboard.type("1100A")
    presses_until(anna, "input", "Место или ссылка")
    page.keyboard.type("Москва, Краснопрудная")
    presses_until(anna, "button", "Завершить")
    page.keyboard.press("Enter")
    expect(page.locator(".note-good")).to_contain_text("Задача завершена")


def test_a_refused_form_keeps_what_was_typed_and_says_what_is_wrong_with_each_field(
    company: Company, person: Callable[[str], Person]
) -> None:
    task = begun(company)
    anna = person("ivanova")
    anna.goes_to(f"/tasks/{task}")
    anna.chooses(QUESTION, AGREED)
    anna.fills("Место или ссылка", "Москва, <b>Краснопрудная</b> & Ко")
    anna.fills("Участники от клиента", "")
    anna.form.get_by_role("button", name="Завершить").click()
    summary = anna.page.locator("#form-faults")
    expect(summary).to_contain_text("Нужно исправить 2 поля")
    for field in ("Дата и время", "Участники от клиента"):
        control = anna.form.get_by_label(re.compile(rf"^\s*{field}\s*$"))
        expect(control).to_have_attribute("aria-invalid", "true")
        expect(anna.page.locator(f"#{control.get_attribute('id')}-fault")).to_have_text("Заполните это поле.")
    expect(anna.form.get_by_label(re.compile("Место или ссылка"))).to_have_value("Москва, <b>Краснопрудная</b> & Ко")
    expect(anna.form.get_by_label(AGREED)).to_be_checked()
    anna.looks("31-refused-form")
    summary.get_by_role("link", name="Дата и время").click()
    expect(anna.form.get_by_label(re.compile("Дата и время"))).to_be_focused()


def test_a_draft_survives_a_reload(company: Company, person: Callable[[str], Person]) -> None:
    task = begun(company)
    anna = person("ivanova")
    anna.goes_to(f"/tasks/{task}")
    anna.chooses(QUESTION, AGREED)
    anna.fills("Место или ссылка", "Ещё уточняется")
    expect(anna.page.locator("#draft-note")).to_contain_text("Черновик сохранён")
    anna.page.reload()
    expect(anna.form.get_by_label(AGREED)).to_be_checked()
    expect(anna.form.get_by_label(re.compile("Место или ссылка"))).to_have_value("Ещё уточняется")


def test_what_is_typed_on_a_slow_line_while_the_form_is_drawn_anew_is_kept(
    company: Company, person: Callable[[str], Person]
) -> None:
    task = begun(company)
    anna = person("ivanova")
    anna.goes_to(f"/tasks/{task}")
    anna.chooses(QUESTION, AGREED)
    place = anna.form.get_by_label(re.compile("Место или ссылка"))
    subject = anna.form.get_by_label(re.compile(r"^\s*Тема\s*$"))
    expect(place).to_be_visible()
    held: list[Route] = []
    anna.page.route("**/form", lambda route: route.continue_() if held else held.append(route))
    with anna.page.expect_request("**/form"):
        place.fill("Москва")
        place.press("Tab")
    subject.fill("Тема, которую дописали позже")
    with anna.page.expect_response("**/form"):
        held[0].continue_()
    expect(anna.page.locator(".htmx-request, .htmx-settling")).to_have_count(0)
    expect(subject).to_have_value("Тема, которую дописали позже")
    expect(subject).to_be_focused()
    expect(place).to_have_value("Москва")


def test_the_page_opens_the_next_task_by_itself_when_the_system_has_done_its_step(
    company: Company, person: Callable[[str], Person]
) -> None:
    task = begun(company)
    anna = person("ivanova")
    anna.goes_to(f"/tasks/{task}")
    anna.chooses(QUESTION, AGREED)
    anna.fills("Дата и время", "2026-11-16T11:00")
    anna.fills("Место или ссылка", "Москва, Краснопрудная")
    anna.form.get_by_role("button", name="Завершить").click()
    waiting = anna.page.locator("[data-awaited]")
    expect(waiting).to_contain_text("Система делает следующий шаг")
    company.work()
    expect(anna.heading).to_have_text("Провести встречу")
    expect(anna.page.locator(".note-good")).to_contain_text("Задача завершена. Вот следующая")  # it goes along


def begun(company: Company) -> int:
    """A sale of ivanova's demo deal has begun; the id of its first task, which is hers."""
    with company.env.sessions() as session:
        anna = session.query(User).filter_by(login="ivanova").one()
        deal = session.query(Deal).filter_by(owner_id=anna.id).one()
        actor, deal_id, client_id = actor_of(anna), deal.id, deal.client_id
    run(company.env, actor, instances.start, "sale_long_pull", {}, deal_id=deal_id, client_id=client_id)
    company.work()
    with company.env.sessions() as session:
        return session.query(UserTask.id).filter(UserTask.rank.is_not(None)).scalar()


def back_to_the_group(company: Company, task: int) -> None:
    """Anybody of the group may do it."""
    with company.env.sessions() as session:
        actor = actor_of(session.query(User).filter_by(login="ivanova").one())
    run(company.env, actor, tasks.unclaim, task)


def presses_until(one: Person, tag: str, words: str) -> None:
    """Tab until the control with these words has the focus: as far as it takes, but not for ever."""
    script = """words => {
        const at = document.activeElement;
        const said = [at.textContent, ...[...(at.labels || [])].map(label => label.textContent)].join(' ').trim();
        return at.tagName.toLowerCase() + '|' + said;
    }"""
    for _ in range(80):
        one.page.keyboard.press("Tab")
        at, _, said = one.page.evaluate(script, words).partition("|")
        if at == tag and words in said:
            return
    raise AssertionError(f"Tab does not reach «{words}»")

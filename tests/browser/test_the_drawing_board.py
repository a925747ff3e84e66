"""The designer mends a procedure: renames a task, learns what is wrong, publishes; a broken drawing changes nothing."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from engine.queries import procedures
from tests.browser.company import Company
from tests.browser.person import Person

KEY = "stage_presentation"
NAME = "Позвонить и договориться о встрече"
KINDS = {
    "Plan": "user task", "IssueProtocol": "call activity", "Remind_Before": "timer", "Invite": "service task",
    "Flow_Gw_Agreed_Invite": "condition",
}  # fmt: skip


def test_a_designer_renames_a_task_and_publishes_and_a_broken_condition_is_refused(
    company: Company, person: Callable[..., Person]
) -> None:
    tatiana = person("klimova")
    board = opens_the_board(tatiana)
    tatiana.looks("42-board")

    selects(board, "Plan")
    opens_sections(board)
    name = panel(board).get_by_label("Название").first
    name.fill(NAME)
    name.press("Tab")
    expect(board.locator("[data-state]")).to_have_text("Ещё не сохранено")
    expect(board.locator("[data-findings-count]")).to_have_text("замечаний нет")
    board.get_by_role("button", name="Сохранить черновик").click()
    expect(board.locator("[data-state]")).to_have_text("Черновик сохранён")
    board.get_by_role("button", name="Опубликовать").click()
    expect(board.locator("[data-state]")).to_have_text(re.compile(r"^Действует версия 2\.\s*$"))

    selects(board, "Flow_Gw_Agreed_Invite")
    opens_sections(board)
    condition = panel(board).locator(".cm-content").first
    condition.click()
    board.keyboard.press("Control+a")
    board.keyboard.type('meeting_agreed = "agreed" and (')
    expect(board.locator("[data-state]")).to_have_text("Ещё не сохранено")
    board.get_by_role("button", name="Опубликовать").click()
    expect(board.locator("[data-state]")).to_contain_text("Не опубликовано")
    finding = board.locator(".finding[data-severity=error]").first
    expect(finding).to_contain_text(re.compile("[а-яё]"))
    tatiana.looks("43-board-refused")
    selects(board, "Plan")
    finding.click()
    expect(board.locator("g.djs-element.selected")).to_have_attribute("data-element-id", "Flow_Gw_Agreed_Invite")

    with company.env.sessions() as session:
        versions = [row.version for row in procedures.versions(session, KEY)]
        assert versions == [2, 1]
        in_force = procedures.source(session, KEY)
        assert in_force is not None
        assert NAME in in_force.xml.decode()
        assert "and (" not in in_force.xml.decode()


def test_the_board_speaks_russian(company: Company, person: Callable[..., Person]) -> None:
    board = opens_the_board(person("klimova"))
    for element in KINDS:
        selects(board, element)
        opens_sections(board)
    assert board.evaluate("[...window.untranslated]") == []


def test_a_template_laid_over_a_step_keeps_what_the_designer_has_set(
    company: Company, person: Callable[..., Person]
) -> None:
    board = opens_the_board(person("klimova"))
    selects(board, "Hold")
    board.locator(".djs-context-pad .bpmn-icon-screw-wrench").click()
    board.locator(".djs-popup").get_by_text("Точка контроля", exact=True).click()
    expect(board.locator("[data-state]")).to_have_text("Ещё не сохранено")
    with board.expect_response(lambda one: one.request.method == "POST") as sent:
        board.get_by_role("button", name="Сохранить черновик").click()
    drawn = sent.value.request.post_data or ""
    step = re.search(r'<bpmn:userTask id="Hold".*?</bpmn:userTask>', drawn, re.S)
    assert step is not None
    assert "reglament.control-point" in step[0]
    assert 'target="meeting_result"' in step[0]
    assert 'target="meeting_ended_at"' in step[0]
    assert "priorityDefinition" not in step[0]
    assert 'externalReference="sale/hold_meeting"' in step[0]


def opens_the_board(one: Person) -> Page:
    page = one.goes_to("/procedures")
    one.looks("40-procedures")
    page.get_by_role("link", name="Этап 1. Презентация", exact=True).click()
    one.looks("41-procedure")
    page.get_by_role("link", name="Править").first.click()
    page.wait_for_selector("html[data-ready=modeler]")
    return page


def selects(board: Page, element: str) -> None:
    """Click the element with nothing selected before, so that no context pad lies over it."""
    board.locator("#canvas svg").first.click(position={"x": 300, "y": 20})
    board.locator(f"g.djs-element[data-element-id={element}] > .djs-hit").last.click(force=True)  # a label lies over it
    expect(board.locator("g.djs-element.selected")).to_have_attribute("data-element-id", element)


def panel(board: Page) -> Locator:
    return board.locator("#properties")


def opens_sections(board: Page) -> None:
    """Unfold every section of the panel."""
    closed = panel(board).locator(".bio-properties-panel-group-header:not(.open):not(.empty)")
    while closed.count():
        closed.first.click()

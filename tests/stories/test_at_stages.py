"""AT-17 and AT-18: how far a deal came is told by its procedure, and every report reads it from there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from engine.crm.development import OPEN, Target, with_next_steps
from engine.crm.reports import registry
from tests.cast import actor
from tests.crm.figures import plain
from tests.stories import steps
from tests.stories.story import Story

YEAR = {"from": "2026-01-01", "to": "2027-12-31"}
# where the deal stands -> the stage of the six (stepanov6) in which it is lost, and why
LOST = {
    "presentation": (1, "no_need"),
    "proposal": (2, "price_high"),
    "contract": (3, "terms"),
    "payment": (4, "payment_terms"),
    "handover": (5, "internal"),
    "delivery": (5, "timing"),
    "evaluation": (6, "no_budget"),
}


def rows(story: Story, key: str, case: str | None = None, **asked: str) -> list[dict[str, Any]]:
    """A report as the director reads it: one mapping of column -> value for each row."""
    director = actor(story.env, "dmitry")
    with story.env.sessions() as session:
        report = registry.find(director, key)
        question = registry.ask(report, session, story.env, director, story.clock.now.date(), {**YEAR, **asked})
        table = registry.tables(report, question, case)[0]
        columns = [column.key for column in table.columns]
        return [dict(zip(columns, row, strict=True)) for row in plain(table) if len(row) == len(columns)]


def counted(found: list[Mapping[str, Any]], column: str) -> list[int]:
    """The numbers of the stages in whose row something stands in this column; the last row is the total."""
    return [number for number, row in enumerate(found[:-1], 1) if row[column]]


@pytest.mark.parametrize("point", list(LOST))
def test_at_17_a_refusal_at_each_stage_is_kept_and_counted_there(story_at: Callable[[str], Story], point: str) -> None:
    stage, category = LOST[point]
    story = story_at(point)
    reached = story.milestones[-1]
    story.client_cancels()
    if story.deal["paid"] > 0:
        story.complete("Зарегистрировать заявление")
        story.complete("Определить основание возврата", refund_due="not_due")
    steps.lose(story, category=category, comment="Так сказал клиент")
    refusal = story.deal["refusal"]
    assert (refusal["category"], refusal["stage"]) == (category, reached)
    found = rows(story, "RP-06")
    assert counted(found, f"c{category}") == [stage]
    assert found[-1]["all"] == 1


@pytest.mark.begins_at("contract")
@pytest.mark.parametrize(("scheme", "stage"), [("stepanov6", 3), ("khorosheva6", 5), ("base5", 3)])
def test_at_18_one_deal_at_the_contract_stands_in_each_scheme_where_it_should(
    story: Story, scheme: str, stage: int
) -> None:
    found = rows(story, "RP-05", scheme=scheme)
    assert counted(found, "open") == [stage]


@pytest.mark.begins_at("contract")
def test_a_product_on_offer_shows_the_day_of_its_next_task_where_no_step_was_agreed(story: Story) -> None:
    """R041: the cell carries a date while work goes on."""
    target = Target(1, "T-1", "Тренинг", 1, OPEN, stage="M3", deal_id=story.deal_id)
    due = story.task("Подготовить условия договора").due_at
    agreed = replace(target, next_step_on=date(2026, 12, 31))
    with story.env.sessions() as session:
        found = with_next_steps(session, story.env, {1: [target, agreed, replace(target, deal_id=None)]})
    assert due is not None
    assert [one.next_step_on for one in found[1]] == [due.date(), date(2026, 12, 31), None]

"""The board over a true sale: what leads to the next stage, why nothing else does, and a pause that keeps it quiet."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine import pauses
from engine.crm import refusing
from engine.models import Deal
from engine.queries import leads_on
from tests.stories.story import Story

SCHEME = "stepanov6"


def way(story: Story, target: str) -> tuple[str | None, str, list[str]]:
    with story.env.sessions() as session:
        found = leads_on.way(session, story.env, session.get_one(Deal, story.deal_id), SCHEME, target)
        return found.kind, str(found.reason), [step.task.name for step in found.steps]


@pytest.mark.begins_at("proposal")
def test_a_deal_moves_on_by_the_open_steps_of_its_stage_and_by_nothing_else(story: Story) -> None:
    kind, _, steps = way(story, "contract")
    assert (kind, steps) == ("forward", ["Подготовить предложение"])
    assert way(story, "proposal")[0] is None
    kind, reason, _ = way(story, "delivery")
    assert (kind, "No stage can be skipped" in reason) == (None, True)
    kind, reason, steps = way(story, "presentation")
    assert (kind, "returned" in reason, steps) == ("back", True, ["Подготовить предложение"])


@pytest.mark.begins_at("proposal")
def test_a_refusal_on_the_board_opens_the_step_that_asks_why(story: Story) -> None:
    assert way(story, "lost")[0] == "refusal"
    story.act("anna", refusing.begin, story.deal_id)
    story.work()
    kind, reason, _ = way(story, "lost")
    assert (kind, "No procedure of this deal can take a refusal" in reason) == (None, True)
    assert "Оформить отказ или отсрочку" in story.open


@pytest.mark.begins_at("proposal")
def test_a_paused_deal_is_not_reported_as_stalled_until_it_goes_on(story: Story) -> None:
    """CP-18: twenty working days on a stage. Ten of them pass in a pause in which the client's clock runs."""
    until = story.clock.now + timedelta(days=14)
    story.act("anna", pauses.pause, deal_id=story.deal_id, reason="client_budget", clock="client", until=until)
    story.wait("P21BD")
    assert "Решить, как сдвинуть сделку" not in story.open
    story.wait("P10BD")
    assert "Решить, как сдвинуть сделку" in story.open

"""A sale is about one deal: without one it does not begin, and for one deal it runs once at a time."""
from __future__ import annotations

import pytest

from engine import instances
from engine.errors import Invalid, WrongState
from tests.stories.story import Story


def test_a_sale_without_a_deal_is_refused_with_the_field_to_fill_in(story: Story) -> None:
    with pytest.raises(Invalid, match="Choose the deal") as refused:
        story.act("anna", instances.start, "sale_long_pull", {}, client_id=1)
    assert set(refused.value.fields) == {"deal"}


def test_a_second_sale_of_the_same_deal_waits_until_the_first_has_ended(story: Story) -> None:
    story.begin()
    with pytest.raises(WrongState, match="under way"):
        story.act("anna", instances.start, "sale_long_pull", {}, deal_id=story.deal_id)
    story.act("elena", instances.cancel, story.instance_id, "Начали не с того")
    story.act("anna", instances.start, "sale_long_pull", {}, deal_id=story.deal_id)

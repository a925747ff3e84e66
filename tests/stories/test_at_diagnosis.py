"""AT-21: the form of the self-diagnosis as the source gives it."""
from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from engine.crm import diagnosis
from tests.stories.story import Story

ROOT = Path(__file__).resolve().parents[2]


def test_at_21_the_form_has_32_rows_in_four_groups_with_the_marks_of_the_source(story: Story) -> None:
    groups = diagnosis.groups(story.env)
    assert [len(group.lines) for group in groups] == [14, 5, 4, 9]
    lines = diagnosis.lines(story.env)
    assert len({line.key for line in lines}) == 32
    assert {line.managed for line in lines} == {"+"}
    assert Counter(line.unmanaged for line in lines) == {"+": 2, "+/-": 12, "-": 18}


def test_the_form_asks_for_every_row_in_the_order_of_the_settings(story: Story) -> None:
    form = json.loads((ROOT / "forms" / "review" / "diagnose.form").read_text("utf-8"))
    marks = next(one for one in form["components"] if one.get("path") == "marks")
    asked = [(row["key"], row["label"]) for group in marks["components"] for row in group["components"]]
    assert asked == [(line.key, line.title) for line in diagnosis.lines(story.env)]

"""Gaps and overlaps of decision tables."""
from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.feel import Context, compile, dmn
from engine.feel.dmn import DecisionError, Finding
from tests.engine.dmn_files import decision, definitions, table

CONTEXT = Context(now=datetime(2026, 11, 21, tzinfo=UTC))


def findings(logic: str, sort: str | None = None) -> list[Finding]:
    found = dmn.check(dmn.read(definitions(decision("it", logic)), "it.dmn"))
    return [finding for finding in found if sort in (None, finding.sort)]


def test_a_table_that_covers_everything_once_has_no_findings():
    assert findings(table("amount", "y", "< 0 => 1", "[0..100) => 2", ">= 100 => 3")) == []
    assert findings(table("urgent", "y", "true => 1", "false => 2")) == []
    assert findings(table("segment", "y", '"VIP" => 1', 'not("VIP") => 2')) == []
    assert findings(table("segment", "y", '"VIP" => 1', '"SMB" => 2', allowed={"segment": '"VIP","SMB"'})) == []


def test_a_gap_is_shown_by_an_example_that_really_has_no_rule():
    (gap,) = findings(table("amount", "y", "< 0 => 1", "[0..100) => 2", "> 100 => 3"))
    assert gap.sort == "gap"
    assert gap.example == {"amount": "100"}
    assert str(gap.text) == "No rule matches, for example amount = 100"


def test_a_gap_over_two_columns_is_found():
    gaps = findings(table("vip; amount", "y", "true; - => 1", "false; > 10 => 2"), "gap")
    assert all(gap.example["vip"] == "false" for gap in gaps)
    assert {gap.example["amount"] for gap in gaps} == {"9"}


def test_a_string_column_without_allowed_values_has_others():
    (gap,) = findings(table("segment", "y", '"VIP" => 1', '"SMB" => 2'))
    assert gap.example == {"segment": '"..."'}


def test_a_default_output_leaves_no_gap():
    assert findings(table("x", "y", "> 5 => 1", default="0")) == []


def test_whole_numbers_and_dates_have_nothing_between_neighbours():
    assert findings(table("n", "y", "<= 1 => 1", ">= 2 => 2", types={"n": "integer"})) == []
    assert [gap.example["n"] for gap in findings(table("n", "y", "<= 1 => 1", ">= 2 => 2"))] == ["1.5"]
    assert findings(table("d", "y", '<= date("2026-01-01") => 1', '>= date("2026-01-02") => 2')) == []


def test_an_overlap_of_a_unique_table_names_both_rules_and_an_example():
    (overlap,) = findings(table("x", "y", "<= 5 => 1", ">= 5 => 2"))
    assert (overlap.sort, overlap.rules, overlap.example) == ("overlap", (1, 2), {"x": "5"})
    assert overlap.fault("it.dmn").severity == "error"


def test_overlaps_are_allowed_where_the_hit_policy_settles_them():
    assert findings(table("x", "y", "<= 5 => 1", ">= 5 => 2", policy="FIRST")) == []
    assert findings(table("x", "y", "<= 5 => 1", ">= 5 => 1", policy="ANY")) == []
    assert len(findings(table("x", "y", "<= 5 => 1", ">= 5 => 2", policy="ANY"), "overlap")) == 1


def test_a_test_that_cannot_be_looked_through_is_noted_and_never_called_an_overlap():
    found = findings(table("x", "y", "> limit => 1", "<= 5 => 2"))
    assert [(finding.sort, finding.rules) for finding in found if finding.sort == "note"] == [("note", (1,))]
    assert not any(finding.sort == "overlap" for finding in found)


def test_a_large_table_is_checked_without_end_in_sight_being_a_problem():
    rows = [f"[{n}..{n + 1}); {'true' if n % 2 else 'false'}; > {n} => {n}" for n in range(100)]
    found = findings(table("a; b; c", "y", *rows))
    assert found
    assert len(found) <= 21


numbers = st.integers(min_value=0, max_value=6)
interval = st.tuples(st.sampled_from("[("), numbers, numbers, st.sampled_from("])")).map(
    lambda parts: f"{parts[0]}{min(parts[1:3])}..{max(parts[1:3])}{parts[3]}")  # fmt: skip
cell = st.one_of(st.just("-"), interval, numbers.map(lambda n: f"< {n}"), numbers.map(lambda n: f">= {n}"),
                 numbers.map(str), numbers.map(lambda n: f"not({n})"))  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(cell, st.sampled_from(["-", "true", "false"])), min_size=1, max_size=5))
def test_findings_agree_with_what_the_table_does_for_every_value(rows: list[tuple[str, str]]):
    logic = table("x; b", "y", *(f"{x}; {b} => 1" for x, b in rows))
    file = dmn.read(definitions(decision("it", logic)), "it.dmn")
    found = dmn.check(file)
    gaps = overlaps = False
    for half in range(-2, 16):
        for flag in (True, False):
            try:
                gaps |= file.evaluate("it", {"x": Decimal(half) / 2, "b": flag}, CONTEXT) is None
            except DecisionError:
                overlaps = True
    assert any(finding.sort == "gap" for finding in found) is gaps
    assert any(finding.sort == "overlap" for finding in found) is overlaps
    for gap in (finding for finding in found if finding.sort == "gap"):
        values = {name: compile(text).evaluate({}, CONTEXT) if text != "any value" else True
                  for name, text in gap.example.items()}  # fmt: skip
        values["x"] = values["x"] if values["x"] is not True else Decimal(0)
        assert file.evaluate("it", values, CONTEXT) is None

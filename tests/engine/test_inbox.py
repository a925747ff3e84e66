"""The lists of the inbox, on both databases: every tab, every filter and order is a question both can answer."""
from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from engine import tasks
from engine.filters import CHOICES, Query
from engine.queries import behalf, inbox
from tests.case import END, START, Case, drawing, user_task
from tests.cast import actor

DUE = '<zeebe:taskSchedule dueDate="P1BD"/>'
QUERIES = [Query(words="two"), Query(procedure="two"), Query(client="x"), Query(since="2026-01-01", until="2036-01-01")]
QUERIES += [Query(**{name: value}) for name, values in CHOICES.items() for value in values]


@pytest.fixture
def two(case: Case) -> Case:
    step = user_task("write", extra=DUE)
    case.publish(drawing("two", START + step + END, flows="start>write;write>end"))
    for _ in range(3):
        case.start("two")
    return case


@pytest.mark.parametrize("tab", inbox.TABS)
def test_every_filter_and_order_narrows_what_the_tab_holds(two: Case, tab: str) -> None:
    anna, now = actor(two.env, "anna"), two.clock.now
    with two.env.sessions() as session:
        every = {row.task.id for row in inbox.tasks(session, anna, now, tab).rows}
        for query in QUERIES:
            found = inbox.tasks(session, anna, now, tab, query, zone=ZoneInfo("Europe/Moscow"))
            assert {row.task.id for row in found.rows} <= every, query
            assert found.count == len(found.rows), query


def test_tabs_and_counts_agree_while_time_goes_on(two: Case) -> None:
    first, second = two.task("write").id, two.task("write").id - 1
    two.act("anna", tasks.claim, first)
    two.act("anna", tasks.set_follow_up, second, two.clock.now + timedelta(days=1))
    for days, told in ((0, (1, 1, 1, 0)), (30, (1, 2, 0, 3))):
        two.clock.move(days=days)
        with two.env.sessions() as session:
            counts = inbox.counts(session, actor(two.env, "anna"), two.clock.now)
            assert (counts.mine, counts.groups, counts.later, counts.overdue) == told
            for tab in ("mine", "groups", "later", "overdue", "waiting"):
                assert getattr(counts, tab) == inbox.tasks(session, actor(two.env, "anna"), two.clock.now, tab).count
            assert behalf.deeds(session, actor(two.env, "anna"), two.clock.now - timedelta(days=60)) == []
    assert replace(counts, waiting=0) == inbox.Counts(*told)

"""Usual times in a stage, and whether a deal stays longer than most: figures worked out by hand."""
from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import delete, select

from engine.crm import staleness
from engine.models import Client, Deal, MilestoneReached, Pause, StageTime
from engine.work import SYSTEM, run, unit_of_work
from tests.engine.crm_kit import Office

SCHEME = "stepanov6"


@pytest.fixture
def office(env):
    made = Office(env)
    env.settings["pauses"]["staleness"] |= {"cases": 5}
    return made


def deal(office, segment, *way, **more):
    """A deal whose milestones were reached so many days ago."""
    with unit_of_work(office.env, SYSTEM) as work:
        client = Client(kind="legal", name="x", full_name="x", segment=segment, requisites={}, created_at=work.now)
        work.session.add(client)
        work.session.flush()
        days = {name: work.now - timedelta(days=ago) for name, ago in way}
        row = Deal(number=f"x{client.id}", title="x", client_id=client.id, milestone=way[-1][0],
                   milestone_at=days[way[-1][0]], created_at=min(days.values()), **more)  # fmt: skip
        work.session.add(row)
        work.session.flush()
        work.session.add_all(MilestoneReached(deal_id=row.id, milestone=name, at=at) for name, at in days.items())
        return row.id


def history(office):
    """Of ten deals in segment «s» that were presented to: 1, 2 … 10 days in the stage; one of another segment: 30."""
    for days in range(1, 11):
        deal(office, "s", ("M0", 40 + days), ("M1", 41), ("M2", 40))
    deal(office, "other", ("M0", 70), ("M2", 40))
    return run(office.env, SYSTEM, staleness.renew)


def times(office, stage):
    with office.env.sessions() as session:
        rows = session.scalars(select(StageTime).where(StageTime.scheme == SCHEME, StageTime.stage == stage))
        return {row.segment: (row.cases, row.p50, row.p80, row.p95) for row in rows}


def judged(office, deal_id, segment):
    with office.env.sessions() as session:
        row = session.get_one(Deal, deal_id)
        now = office.env.clock()
        quiet = staleness.rested(session, [row], now)[row.id]
        return staleness.Usuals(session, office.env, SCHEME).judge(row, segment, now, quiet)


def test_quantiles_are_of_those_that_moved_on(office):
    history(office)
    assert times(office, "presentation") == {"s": (10, 5, 8, 10), "": (11, 6, 9, 30), "other": (1, 30, 30, 30)}
    assert times(office, "proposal") == {}, "nobody has left it yet"


def test_a_stage_that_was_jumped_over_or_entered_unseen_counts_for_nothing(office):
    with unit_of_work(office.env, SYSTEM) as work:
        work.session.execute(delete(MilestoneReached))
    deal(office, "s", ("M0", 20), ("M5", 10), ("M6", 7))
    deal(office, "s", ("M3", 20), ("M4", 2))
    run(office.env, SYSTEM, staleness.renew)
    assert times(office, "presentation") == {"s": (1, 10, 10, 10), "": (1, 10, 10, 10)}
    assert times(office, "proposal") == {}
    assert times(office, "contract") == {}
    assert times(office, "payment")["s"] == (1, 3, 3, 3)


@pytest.mark.parametrize(("days", "level"), [(8, "fresh"), (9, "slow"), (11, "stale")])
def test_a_deal_is_compared_with_its_segment(office, days, level):
    history(office)
    found = judged(office, deal(office, "s", ("M0", days)), "s")
    assert (found.days, found.level, found.usual.p80, found.usual.cases) == (days, level, 8, 10)


def test_a_segment_of_few_cases_asks_all_segments_and_a_stage_without_history_the_norm(office):
    history(office)
    assert judged(office, deal(office, "other", ("M0", 10)), "other").usual.p80 == 9
    proposed = judged(office, deal(office, "s", ("M2", 10)), "s")
    assert (proposed.usual.norm, proposed.level) == ("P20BD", "fresh")
    assert judged(office, deal(office, "s", ("M2", 10), cycle="short"), "s").level == "stale"


def test_a_contact_starts_the_clock_anew_and_a_pause_stops_it(office):
    history(office)
    now = office.env.clock()
    spoken = deal(office, "s", ("M0", 20), stirred_at=now - timedelta(days=2))
    assert (judged(office, spoken, "s").quiet, judged(office, spoken, "s").level) == (2, "fresh")
    waiting = deal(office, "s", ("M0", 20))
    with unit_of_work(office.env, SYSTEM) as work:
        work.session.add(Pause(deal_id=waiting, reason="season", clock="nobody", starts_at=now - timedelta(days=15),
                               resumes_at=now + timedelta(days=9), moved={}))  # fmt: skip
    found = judged(office, waiting, "s")
    assert (found.days, found.quiet, found.level) == (20, 5, "fresh")

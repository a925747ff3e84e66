"""A step that nobody could do is found before it hurts."""
from __future__ import annotations

from datetime import timedelta

import pytest

from engine import people
from engine.models import Absence
from engine.queries import able
from tests.case import END, START, Case, drawing, user_task


def faults(case: Case, body: str, flows: str) -> dict[str, list[str]]:
    case.publish(drawing("p", START + body + END, flows=flows))
    with case.env.sessions() as session:
        return {one.element.id: [str(fault) for fault in one.faults]
                for one in able.steps(session, case.env, case.clock()) if one.faults}  # fmt: skip


ONE = ("do", "start>do;do>end")


def test_a_step_with_people_has_no_faults(case: Case) -> None:
    assert faults(case, user_task("do"), ONE[1]) == {}


def test_an_empty_group_is_found(case: Case) -> None:
    case.act("maria", people.save_group, "lead", "Ведущие", "Leads", new=True)
    assert "Nobody is in the groups" in faults(case, user_task("do", groups="lead"), ONE[1])["do"][0]


def test_separation_that_leaves_nobody_is_found(case: Case) -> None:
    body = user_task("write", groups="lawyer") + user_task("approve", groups="lawyer", separateFrom="write")
    found = faults(case, body, "start>write;write>approve;approve>end")
    assert "must be kept apart" in found["approve"][0]


@pytest.mark.parametrize("substitute", [None, "vera"])
def test_an_absence_that_nobody_covers_is_found(case: Case, substitute: str | None) -> None:
    now = case.clock() + timedelta(days=3)
    case.put(Absence(user_id=case.user("lidia").id, starts_at=now, ends_at=now + timedelta(days=2),
                     substitute_id=case.user(substitute).id if substitute else None))  # fmt: skip
    found = faults(case, user_task("do", groups="lawyer"), ONE[1])
    assert bool(found) is (substitute is None)


def test_limits_that_leave_nobody_for_a_large_value_are_found(case: Case) -> None:
    limits = {"discount": {"limits": {"manager": 10, "director": "any"}}}
    case.env.settings = {**case.env.settings, "authority": limits}
    found = faults(case, user_task("do", limitKind="discount", limitSum="=percent"), ONE[1])
    assert "a large one would wait" in found["do"][0]

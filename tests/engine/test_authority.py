"""Limits of authority: who may decide on which value, in lists, through substitution, when work is passed on."""
from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from engine import access, rulebook, tasks
from engine.errors import Forbidden, Invalid, WrongState
from engine.models import Absence, UserTask
from engine.substitution import away
from tests.case import END, START, Case, drawing, user_task
from tests.cast import actor

LIMITS = {"discount": {"title": "Скидка", "limits": {"manager": 10, "head": 20, "director": "any"}}}
DECIDE = drawing(
    "decide",
    START + user_task("do", groups="manager,head,director", limitKind="discount", limitSum="=percent") + END,
    flows="start>do;do>end",
)  # fmt: skip
ASKED = "=authority group(&quot;discount&quot;, percent)"
ROUTED = drawing("routed", START + user_task("do", groups=ASKED) + END, flows="start>do;do>end")


@pytest.fixture
def limited(case: Case) -> Case:
    case.env.settings = {**case.env.settings, "authority": LIMITS}
    case.publish(DECIDE, ROUTED)
    return case


def may(case: Case, percent: Any) -> set[str]:
    case.start("decide", percent=percent)
    with case.env.sessions() as session:
        task = session.merge(case.task("do"), load=False)
        return {
            login for login in ("anna", "elena", "dmitry", "lidia")
            if access.may(session, actor(case.env, login), case.clock(), "task.complete", task)
        }  # fmt: skip


def anna_may(case: Case, task_id: int) -> bool:
    with case.env.sessions() as session:
        task = session.get_one(UserTask, task_id)
        return access.may(session, actor(case.env, "anna"), case.clock(), "task.complete", task) is not None


@pytest.mark.parametrize(
    ("percent", "people"),
    [(5, {"anna", "elena", "dmitry"}), (10, {"anna", "elena", "dmitry"}), (15, {"elena", "dmitry"}), (50, {"dmitry"})],
)
def test_who_may_decide_depends_on_the_value(limited: Case, percent: int, people: set[str]) -> None:
    assert may(limited, percent) == people


def test_the_refusal_names_the_value_and_who_may(limited: Case) -> None:
    limited.start("decide", percent=15)
    with pytest.raises(Forbidden, match=r"deciding on 15 is beyond your authority. These may: Директор, Руководители"):
        limited.complete("do", "anna")


def test_a_substitute_has_the_authority_of_whom_he_stands_in_for_and_the_log_names_both(limited: Case) -> None:
    limited.start("decide", percent=15)
    now, elena = limited.clock(), limited.user("elena").id
    limited.put(Absence(user_id=elena, substitute_id=limited.user("anna").id, starts_at=now,
                        ends_at=now + timedelta(days=1)))  # fmt: skip
    with limited.env.sessions() as session:
        assert elena in away(session, now)
    assert limited.complete("do", "anna").completed_for == elena


def test_work_is_not_passed_to_who_has_no_authority(limited: Case) -> None:
    limited.start("decide", percent=15)
    with pytest.raises(WrongState, match="has no authority"):
        limited.act("dmitry", tasks.reassign, limited.task("do").id, limited.user("anna").id, "busy")


def test_a_value_that_is_no_number_lets_nobody_decide_and_is_reported(limited: Case) -> None:
    limited.start("decide", percent="much")
    assert limited.incidents
    with pytest.raises(Forbidden, match="nobody has the authority"):
        limited.complete("do", "dmitry")


def test_a_drawing_asks_which_group_may_decide(limited: Case) -> None:
    limited.start("routed", percent=15)
    with pytest.raises(Forbidden):
        limited.complete("do", "anna")
    limited.complete("do", "elena")


def test_limits_change_in_pages_and_open_tasks_keep_theirs(limited: Case) -> None:
    limited.start("decide", percent=15)
    new = {"title": "Скидка", "limits": {"manager": 30, "director": "any"}}
    limited.act("dmitry", rulebook.save, ("authority", "discount"), new, "trust")
    with pytest.raises(Forbidden):
        limited.complete("do", "anna")
    limited.start("decide", percent=15)
    limited.complete("do", "anna")


@pytest.mark.parametrize("limits", [{}, {"kings": 5}, {"manager": -1}, {"manager": "much"}])
def test_limits_that_cannot_be_are_refused(limited: Case, limits: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        limited.act("maria", rulebook.save, ("authority", "discount"), {"limits": limits}, "why")


def test_open_tasks_are_handed_over_with_new_limits_when_asked_and_the_log_says_why(limited: Case) -> None:
    limited.start("decide", percent=15)
    limited.start("decide", percent=50)
    new = {"title": "Скидка", "limits": {"director": "any", "head": 20, "manager": 30}}
    with limited.env.sessions() as session:
        (found,) = rulebook.moved(session, limited.env, ("authority", "discount"), new)
    assert (found.value, list(found.old), found.new) == ("15", ["head", "director"], ["head", "manager", "director"])
    limited.act("dmitry", rulebook.save, ("authority", "discount"), new, "trust", move=True)
    assert limited.logged(1).count("user_task.limit_changed") == 1
    assert [anna_may(limited, task_id) for task_id in (1, 2)] == [True, False]


def test_limits_of_a_later_day_hand_nothing_over(limited: Case) -> None:
    limited.start("decide", percent=15)
    new = {"title": "Скидка", "limits": {"manager": "any"}}
    day = limited.clock() + timedelta(days=1)
    limited.act("dmitry", rulebook.save, ("authority", "discount"), new, "trust", valid_from=day, move=True)
    assert not anna_may(limited, limited.task("do").id)


def test_the_key_of_a_new_kind_is_one_that_drawings_can_name(limited: Case) -> None:
    with pytest.raises(Invalid) as refused:
        limited.act("dmitry", rulebook.save, ("authority", "Скидка"), {"limits": {"manager": 5}}, "new")
    assert set(refused.value.fields) == {"kind"}

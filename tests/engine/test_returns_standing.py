"""The part of docs/returns.md in which nobody has x yet, or it stands in a special way: something is waited for, the
system is at work, nothing moves, the performer has left, the task was given to a colleague."""
from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from engine import instances, interventions, people, tasks
from engine.environment import Environment
from engine.errors import Forbidden, WrongState
from engine.models import Absence
from tests.case import END, START, Clock, catch, drawing, service_task, timer
from tests.engine.returning import END2, Back, gate, refused, sound
from tests.engine.returns_drawn import ACTING, ANSWER, LINE, A, D, X

ONE_DATABASE = True  # tests of the same verbs run on both
WAITING = {  # what is waited for between a and x, and the element at which it is
    "timer in the flow, running": (
        START + A + timer("pause", "PT8H") + X + D + END, "start>a;a>pause;pause>x;x>d;d>end", "pause",
    ),
    "event gateway, nothing came": (
        START + A + gate("race", "eventBased") + catch("answer", "message", "m1") + timer("late", "P5D") + X + D + END
        + END2, "start>a;a>race;race>answer;race>late;answer>x;late>end2;x>d;d>end", "answer",
    ),
    "action at work": (START + A + service_task("act", "do.count") + X + D + END, ACTING, "act"),
    "action that failed": (START + A + service_task("act", "do.fail", retries="1") + X + D + END, ACTING, "act"),
}  # fmt: skip
waiting = pytest.mark.parametrize("name", WAITING)


def held(env: Environment, clock: Clock, name: str) -> tuple[Back, str]:
    """Anna has done a, and x is not there yet. Gives the token that is waited for."""
    back = Back(env, clock)
    env.actions.add("do.count", lambda *_: {"counted": 1})
    env.actions.add("do.fail", fail)
    body, flows, element = WAITING[name]
    back.publish(drawing("flow", body, roots=ANSWER, flows=flows))
    back.start("flow", number="k")
    back.complete("a", "anna")
    if "failed" in name:
        back.run_jobs()
    (token,) = (one.token_id for one in back.visits if one.element_id == element and one.left_at is None)
    return back, token


def fail(*_: object) -> None:
    raise RuntimeError("no connection")


def plain(env: Environment, clock: Clock) -> Back:
    """One line, x is open."""
    back = Back(env, clock)
    back.publish(drawing("flow", START + A + X + D + END, flows=LINE))
    back.start("flow")
    back.complete("a", "anna")
    return back


def away(back: Back, login: str, substitute: str) -> None:
    now = back.clock.now
    days = {"starts_at": now - timedelta(days=1), "ends_at": now + timedelta(days=5)}
    back.put(Absence(user_id=back.user(login).id, substitute_id=back.user(substitute).id, reason="vacation", **days))


def skip(back: Back, token: str) -> Any:
    return back.act("elena", interventions.skip, back.instance_id, token, {}, "By phone")


def move(back: Back, token: str, to: str = "d") -> Any:
    return back.act("elena", interventions.move, back.instance_id, token, "", to, {}, "Wrong way")


# --- something is waited for -----------------------------------------------------------------------------------------


@waiting
def test_while_it_is_waited_for_nobody_has_a_task_to_give_back(env: Environment, clock: Clock, name: str) -> None:
    back, _ = held(env, clock, name)
    assert back.open == []
    with refused("«a» is not open any more"):
        back.give_back("a", "a", "anna")


@waiting
def test_a_is_recalled_while_it_is_waited_for(env: Environment, clock: Clock, name: str) -> None:
    back, _ = held(env, clock, name)
    if name.startswith("action"):
        with refused("The system is at work on «act» just now"):
            back.recall("a")
        return
    back.recall("a")
    assert (back.open, back.timers) == (["a"], [])


@waiting
def test_what_is_waited_for_is_left_out(env: Environment, clock: Clock, name: str) -> None:
    back, token = held(env, clock, name)
    skip(back, token)
    assert (back.open, back.timers) == (["x"], [])
    assert [one.status for one in back.incidents] == (["resolved"] if "failed" in name else [])
    back.later(days=9)
    assert back.open == ["x"]
    sound(back)


@waiting
def test_work_goes_on_from_d_instead_of_waiting(env: Environment, clock: Clock, name: str) -> None:
    back, token = held(env, clock, name)
    move(back, token)
    assert (back.open, back.timers) == (["d"], [])
    assert [one.status for one in back.incidents] == (["resolved"] if "failed" in name else [])
    back.later(days=9)
    assert back.open == ["d"]
    sound(back)


@waiting
def test_a_substitute_takes_back_only_what_he_did_himself(env: Environment, clock: Clock, name: str) -> None:
    back, _ = held(env, clock, name)
    away(back, "anna", "boris")
    with pytest.raises(Forbidden):
        back.recall("a", "boris")
    if not name.startswith("action"):
        back.recall("a")
        back.complete("a", "boris")
        opened = back.recall("a", "boris")
        assert (opened.assignee_id, opened.claimed_for) == (back.user("boris").id, back.user("anna").id)


@waiting
def test_after_the_wait_who_did_a_does_not_do_x(env: Environment, clock: Clock, name: str) -> None:
    back, token = held(env, clock, name)
    skip(back, token)
    away(back, "lidia", "anna")
    with pytest.raises(Forbidden, match="somebody who has not done"):
        back.complete("x", "anna")
    back.complete("x", "lidia")


# --- nothing moves ---------------------------------------------------------------------------------------------------

HALTED = ["suspended", "finished"]
halted = pytest.mark.parametrize("name", HALTED)
TOLD = {"suspended": "is suspended", "finished": "is completed|was completed by|is not open any more"}


def halt(env: Environment, clock: Clock, name: str) -> tuple[Back, str]:
    back = plain(env, clock)
    token = back.task("x").token_id
    if name == "suspended":
        back.act("elena", instances.suspend, back.instance_id, "The client thinks")
    else:
        back.complete("x", "lidia")
        back.complete("d", "anna")
    return back, token


@halted
def test_where_nothing_moves_nothing_is_returned(env: Environment, clock: Clock, name: str) -> None:
    back, _ = halt(env, clock, name)
    with refused(TOLD[name]):
        back.give_back("x", "a", "lidia")


@halted
def test_where_nothing_moves_nothing_is_recalled(env: Environment, clock: Clock, name: str) -> None:
    back, _ = halt(env, clock, name)
    with refused(TOLD[name]):
        back.recall("a" if name == "suspended" else "d")


@halted
def test_where_nothing_moves_nothing_is_left_out(env: Environment, clock: Clock, name: str) -> None:
    back, token = halt(env, clock, name)
    with refused(TOLD[name]):
        skip(back, token)


@halted
def test_where_nothing_moves_nothing_is_moved(env: Environment, clock: Clock, name: str) -> None:
    back, token = halt(env, clock, name)
    with refused(TOLD[name]):
        move(back, token)


@halted
def test_where_nothing_moves_a_substitute_moves_nothing(env: Environment, clock: Clock, name: str) -> None:
    back, _ = halt(env, clock, name)
    away(back, "lidia", "pavel")
    with refused(TOLD[name]):
        back.give_back("x", "a", "pavel")
    with refused(TOLD[name]):
        back.complete("x", "pavel")


@halted
def test_where_nothing_moves_the_duties_stay_apart(env: Environment, clock: Clock, name: str) -> None:
    back, _ = halt(env, clock, name)
    away(back, "lidia", "anna")
    with pytest.raises((Forbidden, WrongState)):
        back.complete("x", "anna")
    if name == "suspended":
        back.act("elena", instances.resume, back.instance_id, "He has decided")
        with pytest.raises(Forbidden, match="somebody who has not done"):
            back.complete("x", "anna")


# --- the performer has left ------------------------------------------------------------------------------------------


def leave(back: Back, login: str) -> None:
    back.act("maria", people.deactivate, back.user(login).id, None, "She has left")


@pytest.fixture
def left(env: Environment, clock: Clock) -> Back:
    """Anna did a and is with the company no more."""
    back = plain(env, clock)
    leave(back, "anna")
    return back


def test_who_has_left_gets_nothing_back_the_drawing_says_who_does(left: Back) -> None:
    assert left.give_back("x", "a", "lidia").assignee_id is None
    left.complete("a", "boris")
    assert left.open == ["x"]


def test_what_who_has_left_did_is_recalled_by_nobody(left: Back) -> None:
    for login in ("boris", "elena", "dmitry"):
        with pytest.raises(Forbidden):
            left.recall("a", login)
    assert left.open == ["x"]


def test_after_who_has_left_a_step_is_left_out(left: Back) -> None:
    skip(left, left.task("x").token_id)
    assert left.open == ["d"]


def test_work_moved_back_to_who_has_left_is_for_whom_the_drawing_names(left: Back) -> None:
    move(left, left.task("x").token_id, "a")
    assert (left.open, left.task("a").assignee_id) == (["a"], None)
    left.complete("a", "boris")


def test_what_a_substitute_did_who_has_left_comes_back_to_the_absent(env: Environment, clock: Clock) -> None:
    back = plain(env, clock)
    back.give_back("x", "a", "lidia")
    away(back, "anna", "boris")
    back.complete("a", "boris")
    leave(back, "boris")
    assert back.give_back("x", "a", "lidia").assignee_id == back.user("anna").id


def test_both_who_did_a_before_and_after_somebody_left_do_not_do_x(left: Back) -> None:
    left.give_back("x", "a", "lidia")
    left.complete("a", "boris")
    away(left, "lidia", "boris")
    with pytest.raises(Forbidden, match="somebody who has not done"):
        left.complete("x", "boris")
    left.complete("x", "lidia")


# --- given to a colleague for an answer ------------------------------------------------------------------------------


@pytest.fixture
def asked(env: Environment, clock: Clock) -> Back:
    """Lidia has asked Pavel about x."""
    back = plain(env, clock)
    back.act("lidia", tasks.claim, back.task("x").id)
    back.act("lidia", tasks.delegate, back.task("x").id, back.user("pavel").id)
    return back


def test_a_delegated_task_is_given_back_with_an_answer_not_returned(asked: Back) -> None:
    with refused("was delegated to you"):
        asked.give_back("x", "a", "pavel")
    with pytest.raises(Forbidden):
        asked.give_back("x", "a", "lidia")
    asked.act("pavel", tasks.resolve, asked.task("x").id, "It is right")
    asked.give_back("x", "a", "lidia")
    assert asked.open == ["a"]


def test_over_a_delegated_task_nothing_is_recalled(asked: Back) -> None:
    with refused("«x» has been opened by Юрьева Лидия"):
        asked.recall("a")


def test_a_delegated_task_is_left_out(asked: Back) -> None:
    skip(asked, asked.task("x").token_id)
    assert asked.open == ["d"]
    with refused("was cancelled on|was completed on|is not open any more"):
        asked.act("pavel", tasks.resolve, asked.task("x").id, "It is right")


def test_work_is_moved_from_a_delegated_task(asked: Back) -> None:
    move(asked, asked.task("x").token_id)
    assert asked.open == ["d"]
    sound(asked)


def test_a_substitute_answers_for_who_was_asked(asked: Back) -> None:
    away(asked, "pavel", "oleg")
    asked.act("oleg", tasks.resolve, asked.task("x").id, "It is right")
    assert asked.task("x").assignee_id == asked.user("lidia").id
    said = next(line for line in asked.log() if line.type == "user_task.resolved")
    assert (said.actor_id, said.on_behalf_of) == (asked.user("oleg").id, asked.user("pavel").id)


def test_who_did_a_is_not_asked_about_x(env: Environment, clock: Clock) -> None:
    back = plain(env, clock)
    back.act("lidia", tasks.claim, back.task("x").id)
    with pytest.raises((Forbidden, WrongState), match="has done a step that must be kept apart"):
        back.act("lidia", tasks.delegate, back.task("x").id, back.user("anna").id)

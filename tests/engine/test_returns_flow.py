"""The table of docs/returns.md: what return and recall do to branches, sub-processes, loops, timers and events."""
from __future__ import annotations

import pytest

from engine import messages
from engine.environment import Environment
from tests.case import END, START, Clock, catch, drawing, message, script, throw, timer, user_task
from tests.engine.returning import E1, END2, S1, Back, called, each, gate, refused, several, sound, sub


@pytest.fixture
def back(env: Environment, clock: Clock) -> Back:
    return Back(env, clock)


def begin(back: Back, body: str, flows: str, roots: str = "", *more: bytes, **variables: object) -> Back:
    back.publish(drawing("flow", body, roots=roots, flows=flows), *more)
    back.start("flow", **variables)
    return back


# --- parallel branches -----------------------------------------------------------------------------------------------

FORK = START + user_task("a") + gate("fork") + user_task("b") + user_task("b2") + user_task("c") + gate("join")
FORK += user_task("d") + END
FORK_FLOWS = "start>a;a>fork;fork>b;b>b2;fork>c;b2>join;c>join;join>d;d>end"


def test_within_one_parallel_branch_it_goes_back_and_the_other_is_untouched(back: Back) -> None:
    begin(back, FORK, FORK_FLOWS)
    back.complete("a")
    back.complete("b")
    other = back.task("c").id
    back.give_back("b2", "b", "anna")
    assert (back.open, back.task("c").id) == (["b", "c"], other)
    for element in ("b", "b2", "c", "d"):
        back.complete(element)
    assert back.instance.status == "completed"


def test_over_a_parallel_split_it_does_not(back: Back) -> None:
    begin(back, FORK, FORK_FLOWS)
    back.complete("a")
    with refused("At «fork» several branches began"):
        back.give_back("b", "a", "anna")
    back.complete("b")
    assert back.targets("c", "anna") == {
        "b": "«b» is on another branch than «c»",
        "a": "At «fork» several branches began: what is done in the others would be lost",
    }


def test_to_a_step_of_another_branch_it_does_not(back: Back) -> None:
    begin(back, FORK, FORK_FLOWS)
    back.complete("a")
    back.complete("b")
    with refused("«b» is on another branch than «c»"):
        back.give_back("c", "b", "anna")


def test_over_a_parallel_join_it_does_not(back: Back) -> None:
    begin(back, FORK, FORK_FLOWS)
    for element in ("a", "b", "b2", "c"):
        back.complete(element)
    with refused("Branches have met at «join»"):
        back.give_back("d", "b2", "anna")
    with refused("Branches have met at «join»"):
        back.give_back("d", "a", "anna")


def test_a_split_is_recalled_whole_while_nobody_has_opened_any_branch(back: Back) -> None:
    begin(back, FORK, FORK_FLOWS)
    back.complete("a")
    back.recall("a")
    assert back.open == ["a"]
    back.complete("a")
    back.see("c", "boris")
    with refused("«c» has been opened by"):
        back.recall("a")


def test_a_branch_that_waits_at_the_join_is_recalled(back: Back) -> None:
    begin(back, FORK, FORK_FLOWS)
    for element in ("a", "c"):
        back.complete(element)
    back.recall("c")
    assert back.open == ["b", "c"]
    for element in ("c", "b", "b2", "d"):
        back.complete(element)
    assert back.instance.status == "completed"


def test_what_the_other_branch_wrote_meanwhile_stays(back: Back) -> None:
    body = FORK.replace(user_task("c"), user_task("c") + script("mark", "=2", "x"))
    begin(back, body, FORK_FLOWS.replace("c>join", "c>mark;mark>join"), x=1)
    for element in ("a", "b", "c"):
        back.complete(element)
    back.give_back("b2", "b", "anna")
    for element in ("b", "b2"):
        back.complete(element)
    assert back.variables["x"] == 2
    assert [one for one in back.log() if "conflicts" in str(one.data)] == []


# --- inclusive branches ----------------------------------------------------------------------------------------------

EITHER = START + user_task("a") + gate("fork", "inclusive") + user_task("b") + user_task("c")
EITHER += gate("join", "inclusive") + user_task("d") + END
EITHER_FLOWS = "start>a;a>fork;fork>b[=b];fork>c[=c];b>join;c>join;join>d;d>end"


def test_where_an_inclusive_gateway_took_one_way_it_goes_back(back: Back) -> None:
    begin(back, EITHER, EITHER_FLOWS, b=True, c=False)
    back.complete("a")
    back.complete("b")
    assert back.targets("d", "anna") == {"b": None, "a": None}
    back.give_back("d", "a", "anna")
    for element in ("a", "b", "d"):
        back.complete(element)
    assert back.instance.status == "completed"


def test_where_it_took_several_ways_it_does_not(back: Back) -> None:
    begin(back, EITHER, EITHER_FLOWS, b=True, c=True)
    back.complete("a")
    with refused("At «fork» several branches began"):
        back.give_back("b", "a", "anna")
    back.complete("b")
    back.complete("c")
    with refused("Branches have met at «join»"):
        back.give_back("d", "b", "anna")


# --- sub-processes and called procedures -----------------------------------------------------------------------------

INSIDE = sub("inside", S1 + user_task("b") + user_task("b2") + E1,
             "s1>b;b>b2;b2>e1")  # fmt: skip
AROUND = START + user_task("a") + INSIDE + user_task("d") + END
AROUND_FLOWS = "start>a;a>inside;inside>d;d>end"
CALLED = drawing("other", START + user_task("b") + user_task("b2") + END, flows="start>b;b>b2;b2>end")
CALLING = START + user_task("a") + called("inside", "other") + user_task("d") + END


@pytest.fixture(params=["embedded", "called"])
def nested(back: Back, request: pytest.FixtureRequest) -> Back:
    if request.param == "embedded":
        return begin(back, AROUND, AROUND_FLOWS)
    return begin(back, CALLING, AROUND_FLOWS, "", CALLED)


def test_out_of_a_sub_process_it_goes_back_and_the_sub_process_is_withdrawn(nested: Back) -> None:
    nested.complete("a")
    nested.complete("b")
    nested.give_back("b2", "a", "anna")
    assert nested.open == ["a"]
    assert [(one.element_id, one.outcome) for one in nested.visits if one.element_id == "inside"] == [
        ("inside", "cancelled")
    ]  # fmt: skip
    for element in ("a", "b", "b2", "d"):
        nested.complete(element)
    assert nested.instance.status == "completed"


def test_within_a_sub_process_it_goes_back(nested: Back) -> None:
    nested.complete("a")
    nested.complete("b")
    nested.give_back("b2", "b", "anna")
    assert nested.open == ["b"]
    nested.complete("b")
    nested.complete("b2")
    assert nested.open == ["d"]


def test_into_a_finished_sub_process_it_goes_back_and_the_sub_process_runs_again(nested: Back) -> None:
    for element in ("a", "b", "b2"):
        nested.complete(element)
    assert nested.targets("d", "anna") == {"b2": None, "b": None, "a": None}
    nested.give_back("d", "b2", "anna")
    assert nested.open == ["b2"]
    nested.complete("b2")
    assert nested.open == ["d"]
    nested.complete("d")
    assert nested.instance.status == "completed"


def test_into_a_sub_process_that_ended_with_several_branches_it_does_not(back: Back) -> None:
    inner = S1 + gate("fork") + user_task("b") + user_task("c") + E1
    inner += END2
    inside = sub("inside", inner, "s1>fork;fork>b;fork>c;b>e1;c>end2")
    begin(back, START + user_task("a") + inside + user_task("d") + END, AROUND_FLOWS)
    for element in ("a", "b", "c"):
        back.complete(element)
    with refused("met at the end of «inside»"):
        back.give_back("d", "b", "anna")
    back.give_back("d", "a", "anna")
    assert back.open == ["a"]


def test_out_of_a_sub_process_with_other_work_inside_it_does_not(back: Back) -> None:
    inner = S1 + gate("fork") + user_task("b") + user_task("c") + gate("join")
    inner += E1
    body = START + user_task("a") + sub("inside", inner, "s1>fork;fork>b;fork>c;b>join;c>join;join>e1") + END
    begin(back, body, "start>a;a>inside;inside>end")
    back.complete("a")
    with refused("At «fork» several branches began"):
        back.give_back("b", "a", "anna")
    back.recall("a")
    assert back.open == ["a"]


# --- several at once -------------------------------------------------------------------------------------------------

LOOP_FLOWS = "start>a;a>b;b>d;d>end"


@pytest.mark.parametrize("sequential", [True, False])
def test_once_somebody_of_a_list_has_done_it_nothing_goes_back_over_the_list(back: Back, sequential: bool) -> None:
    begin(back, START + user_task("a") + several("b", sequential) + user_task("d") + END, LOOP_FLOWS, people=[1, 2])
    back.complete("a")
    back.complete("b")
    with refused("some have done it already"):
        back.give_back("b", "a", "anna")
    with refused("one of its rounds cannot be done again alone"):
        back.recall("b")
    back.complete("b")
    with refused("one of its rounds cannot be done again alone"):
        back.give_back("d", "b", "anna")
    back.give_back("d", "a", "anna")
    back.complete("a")
    assert back.open == (["b"] if sequential else ["b", "b"])


def test_while_nobody_of_a_list_has_done_it_the_list_is_withdrawn(back: Back) -> None:
    begin(back, START + user_task("a") + several("b", True) + user_task("d") + END, LOOP_FLOWS, people=[1, 2])
    back.complete("a")
    back.give_back("b", "a", "anna")
    assert back.open == ["a"]


def test_several_who_are_asked_at_once_are_recalled_together_or_not_at_all(back: Back) -> None:
    begin(back, START + user_task("a") + several("b", False) + user_task("d") + END, LOOP_FLOWS, people=[1, 2])
    back.complete("a")
    with refused("«b» is under way beside it"):
        back.give_back("b", "a", "anna")
    back.recall("a")
    assert back.open == ["a"]
    back.complete("a")
    back.see("b", "boris")
    with refused("has been opened by"):
        back.recall("a")


@pytest.mark.parametrize("sequential", [True, False])
def test_within_one_round_of_a_list_it_goes_back(back: Back, sequential: bool) -> None:
    inner = S1 + user_task("b") + user_task("b2") + E1
    around = sub("inside", inner, "s1>b;b>b2;b2>e1", each(sequential))
    begin(back, START + user_task("a") + around + END, "start>a;a>inside;inside>end", people=[1, 2])
    back.complete("a")
    back.complete("b")
    back.give_back("b2", "b", "anna")
    assert back.open == (["b"] if sequential else ["b", "b"])


# --- timers and events -----------------------------------------------------------------------------------------------

REMIND = START + user_task("a") + user_task("b") + timer("late", "PT8H", on="b", interrupting=False)
REMIND += user_task("hurry") + END + END2
REMIND_FLOWS = "start>a;a>b;b>end;late>hurry;hurry>end2"


def test_a_boundary_timer_that_has_not_gone_off_is_cancelled(back: Back) -> None:
    begin(back, REMIND, REMIND_FLOWS)
    back.complete("a")
    back.give_back("b", "a", "anna")
    assert back.timers == []
    back.complete("a")
    assert back.timers == ["late"]


def test_what_a_timer_began_beside_must_be_done_first(back: Back) -> None:
    begin(back, REMIND, REMIND_FLOWS)
    back.complete("a")
    back.later(hours=9)
    assert back.open == ["b", "hurry"]
    with refused("«hurry» is under way beside it"):
        back.give_back("b", "a", "anna")
    back.complete("hurry")
    back.give_back("b", "a", "anna")
    assert back.open == ["a"]


def test_what_the_timer_of_the_earlier_step_itself_began_stays_as_it_is(back: Back) -> None:
    body = REMIND.replace(user_task("b"), user_task("b") + user_task("c"))
    begin(back, body, REMIND_FLOWS.replace("b>end", "b>c;c>end"))
    back.complete("a")
    back.later(hours=9)
    back.complete("b")
    back.give_back("c", "b", "anna")
    assert back.open == ["b", "hurry"]
    for element in ("hurry", "b", "c"):
        back.complete(element)
    assert back.instance.status == "completed"


def test_over_a_timer_that_ended_a_step_it_does_not(back: Back) -> None:
    body = START + user_task("a") + user_task("b") + timer("late", "PT8H", on="b") + user_task("hurry") + END + END2
    begin(back, body, REMIND_FLOWS)
    back.complete("a")
    back.later(hours=9)
    with refused("The timer «late» has gone off since"):
        back.give_back("hurry", "a", "anna")


WAIT = START + user_task("a") + timer("pause", "PT8H") + user_task("b") + END


def test_a_pause_in_the_flow_is_recalled_while_it_runs_and_not_passed_back_over(back: Back) -> None:
    begin(back, WAIT, "start>a;a>pause;pause>b;b>end")
    back.complete("a")
    back.recall("a")
    assert (back.open, back.timers) == (["a"], [])
    back.complete("a")
    back.later(hours=9)
    with refused("The timer «pause» has gone off since"):
        back.give_back("b", "a", "anna")
    with refused("The timer «pause» has gone off since"):
        back.recall("a")


RACE = START + user_task("a") + gate("race", "eventBased") + catch("answer", "message", "m1") + timer("late", "P5D")
RACE += user_task("b") + user_task("c") + END + END2
RACE_FLOWS = "start>a;a>race;race>answer;race>late;answer>b;late>c;b>end;c>end2"
ANSWER = message("m1", "answer", "=number")


def test_a_race_of_events_is_recalled_while_nothing_has_come(back: Back) -> None:
    begin(back, RACE, RACE_FLOWS, ANSWER, number="k")
    back.complete("a")
    back.recall("a")
    assert (back.open, back.timers) == (["a"], [])


def test_over_a_message_that_came_it_does_not(back: Back) -> None:
    begin(back, RACE, RACE_FLOWS, ANSWER, number="k")
    back.complete("a")
    back.act("anna", messages.correlate, "answer", "k", {})
    with refused("The message of «answer» has come since"):
        back.give_back("b", "a", "anna")


def test_over_something_told_to_others_it_does_not(back: Back) -> None:
    body = START + user_task("a") + throw("tell", "message", "m1") + user_task("b") + END
    begin(back, body, "start>a;a>tell;tell>b;b>end", ANSWER, number="k")
    back.complete("a")
    with refused("«tell» has told others since"):
        back.give_back("b", "a", "anna")


def aside(interrupting: bool) -> str:
    event = (
        f'<bpmn:startEvent id="stopped" isInterrupting="{str(interrupting).lower()}">'
        '<bpmn:messageEventDefinition id="sd" messageRef="m1"/></bpmn:startEvent>'
    )
    body = event + user_task("why") + user_task("then") + END2
    return sub("aside", body, "stopped>why;why>then;then>end2", event=True)


@pytest.mark.parametrize("interrupting", [True, False])
def test_out_of_an_event_sub_process_it_does_not_but_within_it_does(back: Back, interrupting: bool) -> None:
    body = START + user_task("a") + user_task("b") + aside(interrupting) + END
    begin(back, body, "start>a;a>b;b>end", ANSWER, number="k")
    back.complete("a")
    back.act("anna", messages.correlate, "answer", "k", {})
    back.complete("why")
    found = back.targets("then", "anna")
    assert found["why"] is None
    assert found["a"] in ("«a» is on another branch than «then»", "Nothing that is open now came of this step")
    back.give_back("then", "why", "anna")
    assert back.open == (["why"] if interrupting else ["b", "why"])
    sound(back)

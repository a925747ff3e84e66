"""Activities that run several times."""

from __future__ import annotations

import pytest

from engine.bpmn import ElementFailed
from tests.engine.drawings import definitions, el, end, ext, model, process, start, sub, timer, xor, zeebe
from tests.engine.drawings import flows as arrows_
from tests.engine.runs import Run, io, plain, script
from tests.engine.test_runner_events import ERROR, boundary, ran

EACH = zeebe(
    "loopCharacteristics",
    inputCollection="=people",
    inputElement="who",
    outputCollection="answers",
    outputElement="=answer",
)


def each(sequential: bool = False, until: str = "", said: str = EACH, cardinality: str = "") -> str:
    condition = f"<completionCondition>{until}</completionCondition>" if until else ""
    count = f"<loopCardinality>{cardinality}</loopCardinality>" if cardinality else ""
    return el(
        "multiInstanceLoopCharacteristics", "mi", ext(said) + count + condition, isSequential=str(sequential).lower()
    )


def several(loop: str, **variables: object) -> Run:
    return ran(start() + plain("a", loop) + plain("z") + end(), "s>a a>z z>e", **variables)


def answer(run: Run, who: str, **data: object) -> Run:
    token = next(t for t in run.snapshot.tasks if t.variables.get("who") == who)
    from engine import bpmn

    return run.step(bpmn.complete, token.token_id, data)


def test_parallel_rounds_run_side_by_side_and_collect_in_the_order_of_the_collection():
    run = several(each(), people=["ann", "bob", "eve"])
    assert run.open == ["a", "a", "a"]
    assert [(t.variables["who"], t.variables["loopCounter"]) for t in run.snapshot.tasks] == [
        ("ann", 1),
        ("bob", 2),
        ("eve", 3),
    ]
    answer(run, "bob", answer=2)
    answer(run, "eve", answer=3)
    assert run.open == ["a"]
    answer(run, "ann", answer=1)
    assert run.variables("z") == {"people": ["ann", "bob", "eve"], "answers": [1, 2, 3]}


def test_sequential_rounds_run_one_after_another():
    run = several(each(sequential=True), people=["ann", "bob"])
    assert run.open == ["a"]
    assert run.variables("a")["who"] == "ann"
    run.complete("a", answer=1)
    assert run.variables("a")["who"] == "bob"
    assert run.complete("a", answer=2).variables("z")["answers"] == [1, 2]


@pytest.mark.parametrize("sequential", [True, False])
def test_an_empty_collection_needs_no_round(sequential: bool):
    assert several(each(sequential), people=[]).variables("z") == {"people": [], "answers": []}


@pytest.mark.parametrize("sequential", [True, False])
def test_the_completion_condition_ends_the_rest(sequential: bool):
    run = several(each(sequential, until="=numberOfCompletedInstances &gt;= 2"), people=["ann", "bob", "eve"])
    answer(run, "ann", answer=1)
    answer(run, "bob", answer=2)
    assert run.variables("z")["answers"] == [1, 2, None]


def test_the_completion_condition_sees_what_was_collected_and_what_the_round_set():
    run = several(
        each(until="=answer = &quot;no&quot; or some x in answers satisfies x = &quot;veto&quot;"),
        people=["ann", "bob", "eve"],
    )
    assert answer(run, "ann", answer="yes").open == ["a", "a"]
    assert answer(run, "eve", answer="no").open == ["z"]


@pytest.mark.parametrize("sequential", [True, False])
def test_a_cardinality_counts_rounds_and_without_output_collection_the_changes_come_out(sequential: bool):
    run = several(each(sequential, said="", cardinality="=n + 1"), n=1)
    run.complete("a", x=1).complete("a", y=2)
    assert run.variables("z") == {"n": 1, "x": 1, "y": 2}


def test_what_a_round_collects_is_what_the_form_says_and_not_what_its_input_mapping_brought_in():
    mapped = plain("a", ext(io(("answer", "=null"))) + each())
    run = ran(start() + mapped + plain("z") + end(), "s>a a>z z>e", people=["ann", "bob"])
    answer(run, "ann", answer="yes")
    assert answer(run, "bob", answer="no").variables("z")["answers"] == ["yes", "no"]


def test_an_item_may_shadow_a_variable_and_does_not_come_out():
    run = several(each(), people=["ann"], who="me")
    assert run.variables("a")["who"] == "ann"
    assert run.complete("a", answer=1).variables("z")["who"] == "me"


@pytest.mark.parametrize("people", ["ann", None, 3])
def test_what_is_no_list_is_an_incident(people: object):
    with pytest.raises(ElementFailed, match="for each item"):
        several(each(), people=people)


def test_a_boundary_timer_takes_all_rounds_away():
    body = start() + plain("a", each()) + boundary("late", "a", timer("timeDuration", "PT1H")) + plain("z") + end()
    run = ran(body, "s>a a>e late>z z>e", people=["ann", "bob"])
    answer(run, "ann", answer=1)
    assert run.fire("late").open == ["z"]


def test_a_sub_process_runs_for_each_item_and_each_has_its_own_data():
    inner = start("s2") + plain("u") + plain("v") + end("e2") + arrows_("s2>u u>v v>e2")
    run = ran(start() + sub("a", each() + inner) + plain("z") + end(), "s>a a>z z>e", people=["ann", "bob"])
    assert run.open == ["u", "u"]
    answer(run, "ann", note="for ann")
    assert [dict(t.variables).get("note") for t in run.snapshot.tasks] in ([None, "for ann"], ["for ann", None])
    answer(run, "bob")
    answer(run, "ann", answer=1)
    answer(run, "bob", answer=2)
    assert run.variables("z") == {"people": ["ann", "bob"], "answers": [1, 2]}


def test_a_procedure_is_called_for_each_item_with_its_mappings():
    said = each(True) + ext(zeebe("calledElement", processId="q") + io(("name", "=who"), out=(("answer", "=reply"),)))
    outer = process(start() + el("callActivity", "a", said) + plain("z") + end(), "s>a a>z z>e")
    inner = process(start("s2") + plain("u") + end("e2"), "s2>u u>e2", identity="q")
    run = Run(definitions(outer), definitions(inner)).start(people=["ann", "bob"])
    for name in ("ann", "bob"):
        assert run.variables("u")["name"] == name
        run.complete("u", reply=name.upper())
    assert run.variables("z")["answers"] == ["ANN", "BOB"]


def test_an_error_in_one_round_goes_to_the_boundary_event_of_the_whole():
    task = el("serviceTask", "a", ext(zeebe("taskDefinition", type="do")) + each())
    body = start() + task + boundary("b", "a", ERROR) + plain("x") + end()
    run = ran(body, "s>a a>e b>x x>e", people=[1, 2, 3])
    assert run.fail("a", "NO_STOCK").open == ["x"]
    assert run.snapshot.services == ()


def test_rounds_of_scripts_run_through():
    task = el("scriptTask", "a", ext(zeebe("script", expression="=who * 2", resultVariable="answer")) + each())
    run = ran(start() + task + end(), "s>a a>e", people=list(range(300)))
    assert run.result["answers"] == [2 * n for n in range(300)]


def test_a_failing_round_is_an_incident_of_its_own_and_can_be_retried():
    task = el("scriptTask", "a", ext(zeebe("script", expression="=100 / who + late", resultVariable="answer")) + each())
    run = Run(model(start() + task + end(), "s>a a>e"))
    with pytest.raises(ElementFailed):
        run.start(people=[1, 2])
    assert len(run.snapshot.failed) == 2
    run.facts["late"] = 1
    assert run.resume().result["answers"] == [101, 51]


def loop(condition: str = "", most: str = "", before: bool = False) -> str:
    inner = f"<loopCondition>{condition}</loopCondition>" if condition else ""
    more = {"loopMaximum": most} if most else {}
    return el("standardLoopCharacteristics", "lo", inner, testBefore=str(before).lower(), **more)


def test_a_standard_loop_goes_on_while_its_condition_holds():
    run = several(loop("=n &lt; 3"), n=0)
    for n in (1, 2, 3):
        assert run.variables("a")["loopCounter"] == n
        run.complete("a", n=n)
    assert run.variables("z") == {"n": 3}


def test_a_standard_loop_may_test_before_and_has_a_maximum():
    assert several(loop("=n &lt; 3", before=True), n=5).open == ["z"]
    run = several(loop("=true", most="2"), n=5).complete("a").complete("a")
    assert run.open == ["z"]


def test_a_sub_process_loops_with_the_data_of_the_round_before():
    inner = start("s2") + script("u", "n * 2", "n") + end("e2") + arrows_("s2>u u>e2")
    assert ran(start() + sub("a", loop("=n &lt; 100") + inner) + end(), "s>a a>e", n=3).result == {"n": 192}


def test_a_loop_drawn_with_gateways_may_run_for_ever_only_up_to_the_limit():
    body = start() + xor("m") + script("c", "n + 1", "n") + end()
    run = Run(model(body, "s>m m>c c>m"), step_limit=200)
    with pytest.raises(ElementFailed, match="circle") as caught:
        run.start(n=0)
    assert caught.value.advance is not None
    assert len(run.snapshot.failed) == 1

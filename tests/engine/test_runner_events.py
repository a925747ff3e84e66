"""Messages, signals, errors, escalations, conditions, links, ends."""

from __future__ import annotations

import pytest

from engine import bpmn
from engine.bpmn import ElementFailed
from engine.errors import NotFound, WrongState
from tests.engine.drawings import definitions, el, end, ext, fork, model, process, start, sub, zeebe
from tests.engine.drawings import flows as arrows_
from tests.engine.runs import Run, io, plain, script, service

OUTSIDE = (
    el("message", "m1", ext(zeebe("subscription", correlationKey="=deal")), name="paid")
    + el("message", "m2", ext(zeebe("subscription", correlationKey="=deal")), name="refused")
    + el("signal", "s1", "", name="holiday")
    + el("error", "e1", "", errorCode="NO_STOCK")
    + el("error", "e2", "", errorCode="OTHER")
    + el("escalation", "x1", "", escalationCode="LATE")
)
MESSAGE, REFUSED = '<messageEventDefinition messageRef="m1"/>', '<messageEventDefinition messageRef="m2"/>'
SIGNAL = '<signalEventDefinition signalRef="s1"/>'
ERROR, OTHER, ANY_ERROR = (
    '<errorEventDefinition errorRef="e1"/>', '<errorEventDefinition errorRef="e2"/>', "<errorEventDefinition/>"
)  # fmt: skip
ESCALATION = '<escalationEventDefinition escalationRef="x1"/>'
TERMINATE = "<terminateEventDefinition/>"


def condition(text: str) -> str:
    return f"<conditionalEventDefinition><condition>{text}</condition></conditionalEventDefinition>"


def catch(identity: str, inner: str) -> str:
    return el("intermediateCatchEvent", identity, inner)


def throw(identity: str, inner: str) -> str:
    return el("intermediateThrowEvent", identity, inner)


def boundary(identity: str, host: str, inner: str, interrupting: bool = True) -> str:
    return el("boundaryEvent", identity, inner, attachedToRef=host, cancelActivity=str(interrupting).lower())


def ran(body: str, arrows: str, **variables: object) -> Run:
    return Run(model(body, arrows, OUTSIDE)).start(**variables)


# ---------------------------------------------------------------- messages
def test_a_message_is_awaited_by_name_and_key_and_brings_its_payload():
    run = ran(start() + catch("c", MESSAGE) + plain("a") + end(), "s>c c>a a>e", deal=17)
    assert run.awaited == [("message", "paid", "17")]
    run.deliver("c", sum=5)
    assert run.variables("a") == {"deal": 17, "sum": 5}


def test_the_payload_goes_through_the_output_mapping():
    mapping = ext(io(out=(("got", "=sum"),)))
    run = ran(start() + catch("c", mapping + MESSAGE) + end(), "s>c c>e", deal=1)
    assert run.deliver("c", sum=5, noise=1).result == {"deal": 1, "got": 5}


def test_a_subscription_without_a_key_value_is_an_incident():
    with pytest.raises(ElementFailed, match="correlation key"):
        ran(start() + catch("c", MESSAGE) + end(), "s>c c>e", deal=None)


def test_a_receive_task_waits_like_a_message_event():
    run = ran(start() + el("receiveTask", "r", messageRef="m1") + end(), "s>r r>e", deal=1)
    assert run.awaited == [("message", "paid", "1")]
    token = run.one(run.snapshot.subscriptions, "r")
    assert run.deliver("r", x=1).done
    with pytest.raises(WrongState):
        bpmn.deliver(run.procedure, run.state, token, {}, run.host())


def test_a_thrown_message_comes_out_with_its_mapped_payload_and_never_all_data():
    mapping = ext(io(("sum", "=amount * 2")))
    run = ran(start() + throw("t", mapping + MESSAGE) + end(), "s>t t>e", deal=3, amount=10, secret="x")
    (thrown,) = run.thrown
    assert (thrown.kind, thrown.name, thrown.correlation_key, dict(thrown.payload)) == (
        "message",
        "paid",
        "3",
        {"sum": 20},
    )


@pytest.mark.parametrize(
    "element", [el("sendTask", "t", messageRef="m1"), throw("t", MESSAGE), el("endEvent", "t", MESSAGE)]
)
def test_send_tasks_throw_events_and_end_events_throw_messages(element: str):
    run = ran(start() + element + end(), "s>t" if "endEvent" in element else "s>t t>e", deal=3)
    assert run.done
    assert [(item.name, item.correlation_key, item.element_id) for item in run.thrown] == [("paid", "3", "t")]


def test_a_send_task_with_an_action_is_work_for_the_engine():
    task = el("sendTask", "t", ext(zeebe("taskDefinition", type="mail.send")))
    run = ran(start() + task + end(), "s>t t>e")
    assert run.serve("t").done


def test_the_first_event_after_an_event_gateway_wins():
    body = start() + el("eventBasedGateway", "g") + catch("yes", MESSAGE) + catch("no", REFUSED)
    run = ran(body + plain("a") + plain("b") + end(), "s>g g>yes g>no yes>a no>b a>e b>e", deal=1)
    assert len(run.awaited) == 2
    run.deliver("no")
    assert run.open == ["b"]
    assert run.awaited == []


def test_an_event_gateway_works_again_in_a_loop():
    body = (
        start()
        + el("exclusiveGateway", "m")
        + el("eventBasedGateway", "g")
        + catch("again", MESSAGE)
        + el("receiveTask", "no", messageRef="m2")
    )
    run = ran(body + end(), "s>m m>g g>again g>no again>m no>e", deal=1)
    for _ in range(3):
        run.deliver("again")
        assert len(run.awaited) == 2
    assert run.deliver("no").done


def test_a_message_boundary_interrupts_and_a_non_interrupting_one_comes_again():
    body = (
        start()
        + plain("a")
        + boundary("b", "a", MESSAGE, False)
        + boundary("stop", "a", REFUSED)
        + plain("x")
        + plain("y")
        + end()
    )
    run = ran(body, "s>a a>e b>x x>e stop>y y>e", deal=1)
    run.deliver("b", n=1).deliver("b", n=2)
    assert run.open == ["a", "x", "x"]
    assert sorted(token.variables["n"] for token in run.snapshot.tasks if token.element.id == "x") == [1, 2]
    run.deliver("stop")
    assert run.open == ["x", "x", "y"]
    assert run.awaited == []


# ---------------------------------------------------------------- signals
def test_a_signal_reaches_every_catcher_in_the_instance_and_goes_out_as_well():
    mapping = ext(io(("why", '="snow"')))
    body = (
        start() + fork("f") + catch("c", SIGNAL) + plain("a") + boundary("b", "a", SIGNAL) + plain("x")
        + sub("p1", start("s2") + catch("c2", SIGNAL) + end("e2") + arrows_("s2>c2 c2>e2"))
        + plain("go") + throw("t", mapping + SIGNAL) + end()
    )  # fmt: skip
    run = ran(body, "s>f f>c f>a f>p1 f>go go>t b>x c>e a>e x>e p1>e t>e")
    assert len(run.awaited) == 3
    run.complete("go")
    assert run.awaited == []
    assert run.open == ["x"]
    assert run.variables("x") == {"why": "snow"}
    assert [(item.kind, item.name, dict(item.payload)) for item in run.thrown] == [
        ("signal", "holiday", {"why": "snow"})
    ]
    assert run.complete("x").done


def test_a_signal_end_event_is_not_ignored():
    run = ran(start() + fork("f") + el("endEvent", "t", SIGNAL) + catch("c", SIGNAL) + end(), "s>f f>c f>t c>e")
    assert run.done
    assert [item.kind for item in run.thrown] == ["signal"]


def test_a_signal_from_outside_is_delivered_to_its_subscription():
    run = ran(start() + catch("c", SIGNAL) + end(), "s>c c>e")
    assert run.awaited == [("signal", "holiday", None)]
    assert run.deliver("c", a=1).result == {"a": 1}


def test_a_signal_thrown_inside_a_sub_process_that_it_interrupts_stops_it_at_once():
    inner = start("s2") + throw("t", SIGNAL) + script("never", "1", "never") + end("e2")
    arrows = arrows_("s2>t t>never never>e2")
    run = ran(
        start() + sub("p1", inner + arrows) + boundary("b", "p1", SIGNAL) + plain("x") + end(), "s>p1 p1>e b>x x>e"
    )
    assert run.open == ["x"]
    assert "never" not in run.trace("entered")
    assert "t" in run.trace("completed")


# ---------------------------------------------------------------- errors and escalations
def with_inside(ending: str, boundaries: str, arrows: str, **variables: object) -> Run:
    inner = start("s2") + fork("f2") + plain("u") + ending + end("e2")
    flows = arrows_("s2>f2 f2>u f2>z u>e2")
    return ran(start() + sub("p1", inner + flows) + boundaries + plain("x") + plain("y") + end(), arrows, **variables)


def test_an_error_end_is_caught_by_the_boundary_event_with_its_code():
    bounds = boundary("any", "p1", ANY_ERROR) + boundary("other", "p1", OTHER) + boundary("mine", "p1", ERROR)
    run = with_inside(el("endEvent", "z", ERROR), bounds, "s>p1 p1>e any>e other>y mine>x x>e y>e")
    assert run.open == ["x"]
    assert run.snapshot.calls == ()


def test_an_error_without_its_own_boundary_event_goes_to_the_one_for_all():
    bounds = boundary("any", "p1", ANY_ERROR) + boundary("other", "p1", OTHER)
    run = with_inside(el("endEvent", "z", ERROR), bounds, "s>p1 p1>e any>x other>y x>e y>e")
    assert run.open == ["x"]


def test_an_uncaught_error_ends_the_instance_and_goes_out():
    run = with_inside(el("endEvent", "z", ERROR), "", "s>p1 p1>e x>e y>e", a=1)
    assert run.done
    assert [(item.kind, item.name) for item in run.thrown] == [("error", "NO_STOCK")]
    assert run.result == {"a": 1}


def test_an_action_reports_a_business_error_which_the_boundary_event_catches():
    mapping = ext(io(out=(("why", "=errorMessage"),)))
    body = start() + service("a") + boundary("b", "a", mapping + ERROR) + plain("x") + end()
    run = ran(body, "s>a a>e b>x x>e").fail("a", "NO_STOCK", "sold out")
    assert run.open == ["x"]
    assert run.variables("x") == {"why": "sold out"}


def test_a_business_error_that_nothing_catches_is_an_incident_and_changes_nothing():
    run = ran(start() + service("a") + end(), "s>a a>e")
    with pytest.raises(ElementFailed, match="NO_STOCK"):
        run.fail("a", "NO_STOCK")
    assert len(run.snapshot.services) == 1


def test_an_error_climbs_out_of_a_called_procedure():
    call = el("callActivity", "call", ext(zeebe("calledElement", processId="q")))
    outer = process(start() + call + boundary("b", "call", ERROR) + plain("x") + end(), "s>call call>e b>x x>e")
    inner = process(start("s2") + service("a") + end("e2"), "s2>a a>e2", identity="q")
    run = Run(definitions(outer, OUTSIDE), definitions(inner)).start()
    assert run.fail("a", "NO_STOCK").open == ["x"]


def test_an_escalation_is_caught_beside_the_work_or_instead_of_it():
    for interrupting, expected in ((False, ["u", "x"]), (True, ["x"])):
        run = with_inside(
            el("endEvent", "z", ESCALATION), boundary("b", "p1", ESCALATION, interrupting), "s>p1 p1>e b>x x>e y>e"
        )
        assert run.open == expected


def test_an_uncaught_escalation_goes_out_and_work_goes_on():
    body = start() + throw("t", ext(io(("n", "=a + 1"))) + ESCALATION) + plain("x") + end()
    run = ran(body, "s>t t>x x>e", a=1)
    assert run.open == ["x"]
    assert [(item.kind, item.name, dict(item.payload)) for item in run.thrown] == [("escalation", "LATE", {"n": 2})]


def test_what_was_set_inside_is_seen_after_an_interruption():
    inner = start("s2") + plain("u") + plain("v") + end("e2")
    flows = arrows_("s2>u u>v v>e2")
    run = ran(
        start() + sub("p1", inner + flows) + boundary("b", "p1", MESSAGE) + plain("x") + end(),
        "s>p1 p1>e b>x x>e",
        deal=1,
    )
    run.complete("u", note="inside").deliver("b")
    assert run.variables("x") == {"deal": 1, "note": "inside"}


# ---------------------------------------------------------------- conditions, links, ends
def test_a_conditional_event_waits_until_its_condition_comes_to_hold():
    body = start() + fork("f") + catch("c", condition("=n > 2")) + plain("a") + plain("b") + plain("x") + end()
    run = ran(body, "s>f f>c f>a a>b b>e c>x x>e", n=1)
    assert run.open == ["a"]
    run.complete("a", n=3)
    assert run.open == ["b", "x"]


def test_a_conditional_boundary_event_sees_what_happens_inside_and_interrupts():
    inner = start("s2") + plain("u") + plain("v") + end("e2")
    flows = arrows_("s2>u u>v v>e2")
    run = ran(
        start() + sub("p1", inner + flows) + boundary("b", "p1", condition("=bad")) + plain("x") + end(),
        "s>p1 p1>e b>x x>e",
    )
    run.complete("u", bad=True)
    assert run.open == ["x"]


def test_a_non_interrupting_condition_fires_when_it_comes_to_hold_and_not_while_it_holds():
    body = start() + fork("f") + plain("a") + boundary("b", "a", condition("=n > 2"), False) + plain("x")
    loop = el("exclusiveGateway", "m") + plain("u")
    run = ran(body + loop + end(), "s>f f>a f>m m>u u>m b>x x>e a>e", n=1)
    run.complete("u", n=3).complete("u", n=4)
    assert run.open == ["a", "u", "x"]
    run.complete("u", n=1).complete("u", n=5)
    assert run.open == ["a", "u", "x", "x"]


def test_a_condition_on_facts_is_looked_at_on_resume():
    run = Run(
        model(start() + catch("c", condition("=weather = &quot;fine&quot;")) + plain("x") + end(), "s>c c>x x>e"),
        facts={"weather": "rain"},
    )
    run.start()
    assert run.resume().open == []
    run.facts["weather"] = "fine"
    assert run.resume().open == ["x"]


def test_a_link_is_a_long_sequence_flow():
    link = '<linkEventDefinition name="over"/>'
    run = ran(start() + throw("t", link) + catch("c", link) + plain("a") + end(), "s>t c>a a>e")
    assert run.open == ["a"]
    assert run.complete("a").done


def test_a_terminate_end_ends_its_scope_with_everything_in_it():
    body = start() + fork("f") + plain("a") + plain("b") + el("endEvent", "t", TERMINATE) + end()
    run = ran(body, "s>f f>a f>b a>t b>e")
    run.complete("a", x=1)
    assert run.done
    assert run.result == {"x": 1}
    assert run.trace("cancelled") == ["b"]


def test_a_terminate_end_inside_a_sub_process_ends_only_that():
    run = with_inside(el("endEvent", "z", TERMINATE), "", "s>p1 p1>x x>e y>e")
    assert run.open == ["x"]


# ---------------------------------------------------------------- starts
def test_an_instance_is_started_by_message_signal_or_timer():
    mapping = ext(io(out=(("sum", "=amount"),)))
    body = (
        start() + el("startEvent", "by_message", mapping + MESSAGE) + el("startEvent", "by_signal", SIGNAL)
        + el("startEvent", "by_timer", "<timerEventDefinition><timeCycle>R/P1D</timeCycle></timerEventDefinition>")
        + plain("a") + plain("b") + plain("c") + plain("d") + end()
    )  # fmt: skip
    drawing = model(body, "s>a by_message>b by_signal>c by_timer>d a>e b>e c>e d>e", OUTSIDE)
    assert Run(drawing).start().open == ["a"]
    run = Run(drawing).start_by("message", "paid", amount=5, noise=1)
    assert (run.open, run.variables("b")) == (["b"], {"sum": 5})
    assert Run(drawing).start_by("signal", "holiday", x=1).variables("c") == {"x": 1}
    assert Run(drawing).start_by("timer", "by_timer").open == ["d"]
    assert Run(drawing).start_by("timer", "R/P1D").open == ["d"]
    with pytest.raises(NotFound):
        Run(drawing).start_by("message", "unknown")

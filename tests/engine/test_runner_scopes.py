"""Sub-processes, called procedures, event sub-processes."""

from __future__ import annotations

import pytest

from engine import bpmn
from engine.bpmn import ElementFailed
from tests.engine.drawings import definitions, el, end, ext, fork, model, process, start, sub, timer, zeebe
from tests.engine.drawings import flows as arrows_
from tests.engine.runs import NOON, Run, io, plain, script, service
from tests.engine.test_runner_events import (
    ERROR,
    ESCALATION,
    MESSAGE,
    OUTSIDE,
    SIGNAL,
    TERMINATE,
    boundary,
    condition,
    ran,
    throw,
)


def inside(identity: str, body: str, arrows: str, extra: str = "", **attributes: str) -> str:
    """A sub-process with a start ``s_<id>`` and an end ``e_<id>``."""
    around = start(f"s_{identity}") + body + end(f"e_{identity}")
    return sub(identity, extra + around + arrows_(arrows), **attributes)


def on_event(identity: str, trigger: str, body: str, arrows: str, interrupting: bool = True) -> str:
    """An event sub-process."""
    begin = el("startEvent", f"s_{identity}", trigger, isInterrupting=str(interrupting).lower())
    return sub(identity, begin + body + end(f"e_{identity}") + arrows_(arrows), triggeredByEvent="true")


# ---------------------------------------------------------------- embedded
def test_a_sub_process_runs_inside_and_gives_back_what_it_set():
    run = ran(start() + inside("p1", plain("a"), "s_p1>a a>e_p1") + plain("b") + end(), "s>p1 p1>b b>e", x=1)
    (token,) = run.snapshot.tasks
    assert (token.path, token.process_key) == ("p1", "p")
    assert [item.element.id for item in run.snapshot.calls] == ["p1"]
    run.complete("a", y=2)
    assert run.variables("b") == {"x": 1, "y": 2}
    assert run.snapshot.calls == ()


def test_the_mappings_of_a_sub_process_are_its_door():
    mapping = ext(io(("local", "=x"), out=(("kept", "=made"),)))
    run = ran(start() + inside("p1", plain("a"), "s_p1>a a>e_p1", mapping) + end(), "s>p1 p1>e", x=1)
    assert run.variables("a") == {"x": 1, "local": 1}
    assert run.complete("a", made=2, noise=3).result == {"x": 1, "kept": 2}


def test_sub_processes_nest_and_a_sub_process_id_may_stand_in_two_files():
    def drawing(key: str, call: str) -> bytes:
        inner = inside("sp2", plain("a") + call, "s_sp2>a a>c c>e_sp2" if call else "s_sp2>a a>e_sp2")
        return definitions(
            process(start() + inside("sp", inner, "s_sp>sp2 sp2>e_sp") + end(), "s>sp sp>e", identity=key)
        )

    run = Run(
        drawing("p", el("callActivity", "c", ext(zeebe("calledElement", processId="q")))), drawing("q", "")
    ).start()
    assert [token.path for token in run.snapshot.tasks] == ["sp/sp2"]
    run.complete("a")
    assert [token.path for token in run.snapshot.tasks] == ["sp/sp2/c/sp/sp2"]
    assert run.complete("a").done


def test_branches_inside_end_on_their_own_and_the_sub_process_waits_for_all():
    body = fork("f") + plain("a") + plain("b") + end("e2")
    run = ran(start() + inside("p1", body, "s_p1>f f>a f>b a>e_p1 b>e2") + plain("z") + end(), "s>p1 p1>z z>e", k=0)
    run.complete("a", k=1)
    assert run.open == ["b"]
    run.complete("b", m=2)
    assert run.variables("z") == {"k": 1, "m": 2}


def test_a_branch_that_ended_early_does_not_undo_what_a_later_one_did():
    body = start() + plain("first") + fork("f") + plain("a") + plain("b") + end() + end("e2")
    run = ran(body, "s>first first>f f>a f>b a>e b>e2", k=0)
    run.complete("first", k=1).complete("a").complete("b", k=2)
    assert run.result == {"k": 2}


def test_branches_that_ended_with_different_values_are_reported():
    run = ran(start() + fork("f") + plain("a") + plain("b") + end() + end("e2"), "s>f f>a f>b a>e b>e2", k=0)
    run.complete("a", k=1).complete("b", k=2)
    assert run.result == {"k": 2}
    (conflict,) = [item.data["conflicts"] for item in run.happened if "conflicts" in item.data]
    assert conflict == {"k": [1, 2]}


# ---------------------------------------------------------------- called
def called(said: str = "", mapping: str = "", key: str = "q") -> Run:
    element = f'<zeebe:calledElement processId="{key}"{said}/>'
    outer = process(start() + el("callActivity", "c", ext(element + mapping)) + plain("z") + end(), "s>c c>z z>e")
    inner = process(start("s2") + plain("a") + end("e2"), "s2>a a>e2", identity="q")
    return Run(definitions(outer), definitions(inner))


def test_the_called_procedure_may_be_named_by_an_expression_and_is_kept():
    run = called(key="=which").start(which="q", x=1)
    assert run.variables("a") == {"which": "q", "x": 1}
    run.complete("a", which="other", y=2)
    assert run.variables("z") == {"which": "other", "x": 1, "y": 2}


def test_a_call_may_give_only_its_mappings_and_take_only_its_mappings():
    run = called(' propagateAllParentVariables="false" propagateAllChildVariables="false"', io(("n", "=x"))).start(x=1)
    assert run.variables("a") == {"n": 1}
    assert run.complete("a", y=2).variables("z") == {"x": 1}
    run = called(mapping=io(out=(("total", "=y + n"),))).start(n=1)
    assert run.complete("a", y=2).variables("z") == {"n": 1, "total": 3}


def test_a_call_to_an_unknown_procedure_is_an_incident_at_the_call():
    run = called(key="nowhere")
    with pytest.raises(ElementFailed, match="nowhere") as caught:
        run.start()
    assert caught.value.element_id == "c"


def test_a_terminated_called_procedure_ends_the_call_only():
    outer = process(
        start() + el("callActivity", "c", ext(zeebe("calledElement", processId="q"))) + plain("z") + end(),
        "s>c c>z z>e",
    )
    inner = process(
        start("s2") + fork("f") + plain("a") + el("endEvent", "t", TERMINATE), "s2>f f>a f>t a>t", identity="q"
    )
    assert Run(definitions(outer), definitions(inner)).start().open == ["z"]


@pytest.mark.parametrize("interrupting", [True, False])
def test_boundary_events_sit_on_sub_processes_and_calls(interrupting: bool):
    for host in ("p1", "c"):
        call = el("callActivity", "c", ext(zeebe("calledElement", processId="q")))
        body = inside("p1", plain("u"), "s_p1>u u>e_p1") if host == "p1" else call
        outer = process(
            start() + body + boundary("b", host, timer("timeDuration", "PT1H"), interrupting) + plain("x") + end(),
            f"s>{host} {host}>e b>x x>e",
        )
        inner = process(start("s2") + plain("u") + end("e2"), "s2>u u>e2", identity="q")
        run = Run(definitions(outer), definitions(inner)).start()
        run.fire("b")
        assert run.open == (["x"] if interrupting else ["u", "x"])
        for element in run.open:
            run.complete(element)
        assert run.done


# ---------------------------------------------------------------- event sub-processes
TRIGGERS = {
    "timer": timer("timeDuration", "PT1H"),
    "message": MESSAGE,
    "signal": SIGNAL,
    "conditional": condition("=bad"),
}


def trigger(run: Run, kind: str) -> Run:
    """Make the event of an event sub-process happen."""
    if kind == "conditional":
        return run.complete("a", bad=True)
    tokens = run.snapshot.timers if kind == "timer" else run.snapshot.subscriptions
    token = run.one(tokens, "s_ep")
    if kind == "timer":
        return run.step(bpmn.fire_timer, token)
    return run.step(bpmn.deliver, token, {"n": 7})


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("kind", TRIGGERS)
def test_an_interrupting_event_sub_process_ends_the_rest_of_its_scope(kind: str, nested: bool):
    handler = on_event("ep", TRIGGERS[kind], plain("h"), "s_ep>h h>e_ep")
    if nested:
        body = start() + inside("p1", handler + plain("a") + plain("b"), "s_p1>a a>b b>e_p1") + plain("z") + end()
        run = ran(body, "s>p1 p1>z z>e", deal=1)
    else:
        run = ran(start() + handler + plain("a") + plain("b") + end(), "s>a a>b b>e", deal=1)
    assert run.open == ["a"]
    trigger(run, kind)
    assert run.open == ["h"]
    assert run.awaited == []
    assert run.timers == {}
    brought = {"message": {"n": 7}, "signal": {"n": 7}, "conditional": {"bad": True}, "timer": {}}
    expected = {"deal": 1} | brought[kind]
    assert run.variables("h") == expected
    assert [token.path for token in run.snapshot.tasks] == ["p1/ep" if nested else "ep"]
    run.complete("h", handled=True)
    if nested:
        assert run.open == ["z"]
        run.complete("z")
    assert run.done
    assert run.result["handled"] is True


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("kind", TRIGGERS)
def test_a_non_interrupting_event_sub_process_runs_beside(kind: str, nested: bool):
    handler = on_event("ep", TRIGGERS[kind], plain("h"), "s_ep>h h>e_ep", interrupting=False)
    if nested:
        body = start() + inside("p1", handler + plain("a") + plain("b"), "s_p1>a a>b b>e_p1") + end()
        run = ran(body, "s>p1 p1>e", deal=1)
    else:
        run = ran(start() + handler + plain("a") + plain("b") + end(), "s>a a>b b>e", deal=1)
    trigger(run, kind)
    assert run.open == (["b", "h"] if kind == "conditional" else ["a", "h"])
    if kind in ("message", "signal"):
        trigger(run, kind)
        assert run.open == ["a", "h", "h"]
        run.complete("h")
    if kind != "conditional":
        run.complete("a")
    run.complete("b", main=1)
    assert not run.done
    run.complete("h", side=2)
    assert run.done
    assert run.result["main"] == 1
    assert run.result["side"] == 2


def test_an_event_sub_process_that_nobody_triggers_does_not_run_and_does_not_keep_the_scope_open():
    handlers = on_event("ep", ERROR, plain("h"), "s_ep>h h>e_ep") + on_event(
        "ep2", MESSAGE, plain("h2"), "s_ep2>h2 h2>e_ep2"
    )
    run = ran(start() + handlers + plain("a") + end(), "s>a a>e", deal=1)
    assert run.open == ["a"]
    assert run.complete("a").done


@pytest.mark.parametrize("nested", [False, True])
def test_an_error_event_sub_process_catches_the_error_of_its_scope(nested: bool):
    handler = on_event("ep", ERROR, plain("h"), "s_ep>h h>e_ep")
    body = handler + fork("f") + service("a") + plain("b")
    if nested:
        run = ran(start() + inside("p1", body, "s_p1>f f>a f>b a>e_p1 b>e_p1") + end(), "s>p1 p1>e", x=1)
    else:
        run = ran(start() + body + end(), "s>f f>a f>b a>e b>e", x=1)
    run.fail("a", "NO_STOCK")
    assert run.open == ["h"]
    assert run.complete("h").done


def test_a_boundary_event_of_the_activity_comes_before_the_event_sub_process():
    handler = on_event("ep", ERROR, plain("h"), "s_ep>h h>e_ep")
    run = ran(start() + handler + service("a") + boundary("b", "a", ERROR) + plain("x") + end(), "s>a a>e b>x x>e")
    assert run.fail("a", "NO_STOCK").open == ["x"]


def test_an_error_thrown_in_an_event_sub_process_is_not_caught_by_itself():
    handler = on_event("ep", ERROR, service("again"), "s_ep>again again>e_ep")
    body = (
        start()
        + inside("p1", handler + service("a"), "s_p1>a a>e_p1")
        + boundary("b", "p1", ERROR)
        + plain("x")
        + end()
    )
    run = ran(body, "s>p1 p1>e b>x x>e").fail("a", "NO_STOCK").fail("again", "NO_STOCK")
    assert run.open == ["x"]


def test_an_escalation_event_sub_process_runs_beside_the_scope():
    handler = on_event("ep", ESCALATION, plain("h"), "s_ep>h h>e_ep", interrupting=False)
    run = ran(start() + handler + throw("t", ESCALATION) + plain("a") + end(), "s>t t>a a>e")
    assert run.open == ["a", "h"]
    assert run.thrown == []


def test_an_event_sub_process_sees_the_data_of_all_branches_as_it_is_now():
    handler = on_event("ep", MESSAGE, plain("h"), "s_ep>h h>e_ep")
    body = start() + handler + fork("f") + plain("a") + plain("a2") + plain("b") + plain("b2") + end()
    run = ran(body, "s>f f>a f>b a>a2 a2>e b>b2 b2>e", deal=1)
    run.complete("a", x=1).complete("b", y=2).deliver("s_ep")
    assert run.variables("h") == {"deal": 1, "x": 1, "y": 2}


def test_what_runs_beside_does_not_undo_what_the_main_branch_did_later():
    handler = on_event("ep", MESSAGE, plain("h"), "s_ep>h h>e_ep", interrupting=False)
    run = ran(start() + handler + plain("a") + plain("b") + end(), "s>a a>b b>e", deal=1)
    run.complete("a", k=1).deliver("s_ep").complete("b", k=2).complete("h", seen=True)
    assert run.result == {"deal": 1, "k": 2, "seen": True}


def test_a_spec_is_not_changed_when_an_event_sub_process_is_triggered():
    handler = on_event("ep", MESSAGE, plain("h"), "s_ep>h h>e_ep", interrupting=False)
    run = ran(start() + handler + plain("a") + end(), "s>a a>e", deal=1)
    run.deliver("s_ep").complete("h").complete("a")
    assert run.done
    again = Run(key="p")
    again.procedures = run.procedures
    assert again.start(deal=2).complete("a").done


def test_a_cyclic_event_sub_process_is_armed_again_from_its_planned_moment():
    handler = on_event(
        "ep", timer("timeCycle", "R2/PT1H"), script("h", "n + 1", "n"), "s_ep>h h>e_ep", interrupting=False
    )
    run = ran(start() + handler + plain("a") + end(), "s>a a>e", n=0).pass_time(hours=3)
    run.fire("s_ep")
    assert (run.timers["s_ep"] - NOON).total_seconds() == 7200
    assert run.fire("s_ep").timers == {}
    assert run.complete("a").done


def test_event_sub_processes_nest():
    deepest = on_event("ep2", SIGNAL, plain("h2"), "s_ep2>h2 h2>e_ep2", interrupting=False)
    begin = el("startEvent", "s_ep", MESSAGE, isInterrupting="true")
    handler = sub("ep", deepest + begin + plain("h") + end("e_ep") + arrows_("s_ep>h h>e_ep"), triggeredByEvent="true")
    run = ran(start() + handler + plain("a") + end(), "s>a a>e", deal=1).deliver("s_ep")
    assert run.deliver("s_ep2").open == ["h", "h2"]
    assert run.complete("h").complete("h2").done


def test_a_transaction_is_cancelled_by_its_cancel_end():
    inner = (
        start("s2")
        + fork("f")
        + plain("u")
        + el("endEvent", "z", "<cancelEventDefinition/>")
        + arrows_("s2>f f>u f>z u>z")
    )
    body = start() + el("transaction", "t", inner) + boundary("b", "t", "<cancelEventDefinition/>") + plain("x") + end()
    assert ran(body, "s>t t>e b>x x>e").open == ["x"]


def test_an_escalation_end_of_a_call_is_caught_at_the_call():
    call = el("callActivity", "c", ext(zeebe("calledElement", processId="q"))) + boundary("b", "c", ESCALATION, False)
    outer = process(start() + call + plain("x") + plain("z") + end(), "s>c c>z b>x x>e z>e")
    inner = process(start("s2") + el("endEvent", "t", ESCALATION), "s2>t", identity="q")
    assert Run(definitions(outer, OUTSIDE), definitions(inner, OUTSIDE)).start().open == ["x", "z"]


def test_a_procedure_that_calls_itself_for_ever_is_an_incident():
    call = el("callActivity", "c", ext(zeebe("calledElement", processId="p")))
    with pytest.raises(ElementFailed, match="levels deep"):
        Run(model(start() + call + end(), "s>c c>e")).start()


def test_what_a_branch_wrote_is_kept_when_only_a_branch_beside_it_still_knows_it():
    body = (
        start()
        + fork("f")
        + plain("a")
        + plain("b")
        + boundary("n", "b", MESSAGE, False)
        + plain("c")
        + plain("x")
        + end()
    )
    run = ran(body, "s>f f>a a>b b>e f>c c>e n>x x>e", deal=1)
    run.complete("a", k=1).deliver("n").complete("b").complete("x").complete("c")
    assert run.result == {"deal": 1, "k": 1}


def test_handlers_that_ran_one_after_another_leave_what_the_last_one_wrote():
    handler = on_event("ep", MESSAGE, plain("h"), "s_ep>h h>e_ep", interrupting=False)
    run = ran(start() + handler + plain("a") + end(), "s>a a>e", deal=1, k=0)
    for n in (1, 2, 3):
        run.deliver("s_ep").complete("h", k=n)
    assert run.snapshot.result["k"] == 3
    assert run.complete("a").result["k"] == 3
    assert not any("conflicts" in item.data for item in run.happened)


def test_of_handlers_that_ran_at_once_the_later_write_counts_whichever_ends_first():
    handler = on_event("ep", MESSAGE, plain("h") + plain("h2"), "s_ep>h h>h2 h2>e_ep", interrupting=False)
    run = ran(start() + handler + plain("a") + end(), "s>a a>e", deal=1)
    run.deliver("s_ep", who="one").deliver("s_ep", who="two").deliver("s_ep", who="three")
    for _ in range(3):
        run.complete("h")
    for _ in range(3):
        run.complete("h2")
    assert run.complete("a").result == {"deal": 1, "who": "three"}

"""The ordinary path: tasks, scripts, gateways, mappings."""

from __future__ import annotations

from collections import UserDict
from decimal import Decimal

import pytest

from engine import bpmn
from engine.bpmn import ElementFailed, state
from engine.errors import BusinessError, Failed, WrongState
from tests.engine.drawings import definitions, el, end, ext, fork, model, process, start, xor, zeebe
from tests.engine.runs import Run, io, plain, script, service


def test_a_token_goes_from_start_to_end_over_a_user_task():
    run = Run(model(start() + plain("a") + end(), "s>a a>e")).start(client="Анна")
    assert run.open == ["a"]
    assert run.variables("a") == {"client": "Анна"}
    run.complete("a", sum=Decimal("10.50"))
    assert run.done
    assert run.result == {"client": "Анна", "sum": Decimal("10.50")}
    assert run.trace() == ["s", "a", "e"]


def test_a_manual_task_waits_and_a_task_without_a_kind_passes():
    run = Run(model(start() + el("task", "t") + el("manualTask", "m") + end(), "s>t t>m m>e")).start()
    assert run.open == ["m"]
    assert run.complete("m").done


def test_a_service_task_waits_for_its_action_and_takes_its_results():
    run = Run(model(start() + service("a") + end(), "s>a a>e")).start(x=1)
    (open_service,) = run.snapshot.services
    assert (open_service.element.id, open_service.element.settings.action) == ("a", "do")
    assert run.serve("a", y=2).result == {"x": 1, "y": 2}


def test_a_script_sets_its_variable_in_feel_and_no_python_is_run():
    run = Run(model(start() + script("c", "price * 2", "total") + end(), "s>c c>e")).start(price=Decimal(21))
    assert run.result["total"] == 42
    with pytest.raises(ElementFailed):
        Run(model(start() + script("c", '__import__("os")', "x") + end(), "s>c c>e")).start()


def test_the_first_condition_that_holds_in_the_order_of_the_file_wins():
    drawing = model(
        start() + xor("g", default="f_g_c") + plain("a") + plain("b") + plain("c") + end(),
        "s>g g>a[=n > 10] g>b[=n > 5] g>c a>e b>e c>e",
    )
    assert [Run(drawing).start(n=n).open for n in (11, 6, 1)] == [["a"], ["b"], ["c"]]


def test_a_gateway_without_a_way_out_is_an_incident_that_names_it_and_can_be_retried():
    drawing = model(start() + xor("g") + plain("a") + end(), "s>g g>a[=ok] g>e[=ok = null] a>e")
    run = Run(drawing)
    with pytest.raises(ElementFailed, match="No condition of gateway «g» holds") as caught:
        run.start(ok=False)
    assert caught.value.element_id == "g"
    (failed,) = run.snapshot.failed
    assert failed.element.id == "g"
    with pytest.raises(ElementFailed):
        run.resume()


def test_an_unknown_name_is_a_clear_error_with_the_element():
    run = Run(model(start() + plain("a") + script("c", "pirce * 2", "total") + end(), "s>a a>c c>e")).start()
    with pytest.raises(ElementFailed, match="pirce") as caught:
        run.complete("a", price=3)
    assert caught.value.element_id == "c"
    assert run.open == []
    assert run.snapshot.result == {"price": 3}


def test_an_incident_holds_its_token_only_and_the_other_branch_goes_on():
    drawing = model(
        start() + fork("f") + script("c", "later + 1", "x") + plain("a") + fork("j") + end(),
        "s>f f>c f>a c>j a>j j>e",
    )
    run = Run(drawing)
    with pytest.raises(ElementFailed):
        run.start()
    assert run.open == ["a"]
    run.complete("a", z=1)
    assert not run.done
    run.facts["later"] = 1
    run.resume()
    assert run.done
    assert run.result == {"x": 2, "z": 1}


def test_facts_are_seen_behind_the_variables():
    run = Run(model(start() + script("c", "a + b", "sum") + end(), "s>c c>e"), facts={"a": 1, "b": 10}).start(a=5)
    assert run.result["sum"] == 15


def test_functions_of_the_product_are_called():
    drawing = model(start() + script("c", 'setting("limit")', "limit") + end(), "s>c c>e")
    run = Run(drawing, functions={"setting": {"limit": 7}.get}).start()
    assert run.result == {"limit": 7}


def test_parallel_branches_meet_again_with_the_data_of_both():
    drawing = model(
        start() + fork("f") + plain("a") + plain("b") + fork("j") + plain("c") + end(),
        "s>f f>a f>b a>j b>j j>c c>e",
    )
    run = Run(drawing).start()
    assert run.open == ["a", "b"]
    run.complete("a", x=1)
    assert run.open == ["b"]
    run.complete("b", y=2)
    assert run.variables("c") == {"x": 1, "y": 2}


def test_input_mappings_are_local_and_output_mappings_let_out_what_they_name():
    mapping = io(("greeting", '="Hello " + name'), ("who.first", "=name"), out=(("answer", '=reply + "!"'),))
    drawing = model(start() + el("userTask", "a", ext(mapping)) + end(), "s>a a>e")
    run = Run(drawing).start(name="Ann")
    assert run.variables("a") == {"name": "Ann", "greeting": "Hello Ann", "who": {"first": "Ann"}}
    assert run.complete("a", reply="yes", noise=1).result == {"name": "Ann", "answer": "yes!"}


def test_a_dotted_output_sets_a_part_and_touches_nobody_elses_object():
    drawing = model(
        start() + fork("f") + service("a", io(out=(("client.city", "=city"),))) + plain("b") + end() + end("e2"),
        "s>f f>a f>b a>e b>e2",
    )
    run = Run(drawing).start(client={"name": "X"})
    run.serve("a", city="Y")
    assert run.variables("b")["client"] == {"name": "X"}
    assert run.complete("b").result["client"] == {"name": "X", "city": "Y"}


def test_a_decision_is_asked_and_its_result_kept():
    rule = el("businessRuleTask", "d", ext(zeebe("calledDecision", decisionId="discount", resultVariable="rate")))
    run = Run(model(start() + rule + end(), "s>d d>e"))
    run.decisions["discount"] = lambda variables: Decimal(variables["amount"]) / 10
    assert run.start(amount=50).result["rate"] == 5


def test_several_flows_out_of_a_task_are_all_taken_and_conditional_ones_when_they_hold():
    run = Run(model(start() + plain("a") + plain("b") + plain("c") + end(), "s>a a>b[=n > 1] a>c b>e c>e")).start(n=1)
    assert run.complete("a").open == ["c"]
    run = Run(model(start() + plain("a") + plain("b") + plain("c") + end(), "s>a a>b[=n > 1] a>c b>e c>e")).start(n=2)
    assert run.complete("a").open == ["b", "c"]


def test_a_double_click_completes_nothing_twice():
    run = Run(model(start() + plain("a") + plain("b") + end(), "s>a a>b b>e")).start()
    token = run.task("a")
    run.complete("a")
    with pytest.raises(WrongState):
        bpmn.complete(run.procedure, run.state, token, {}, run.host())
    assert run.open == ["b"]


def test_a_call_activity_runs_another_procedure_and_brings_its_variables_back():
    call = el("callActivity", "call", ext(zeebe("calledElement", processId="q") + io(("kind", '="invoice"'))))
    outer = process(start() + call + plain("z") + end(), "s>call call>z z>e")
    inner = process(start("s2") + plain("a") + end("e2"), "s2>a a>e2", identity="q")
    run = Run(definitions(outer), definitions(inner)).start(deal=1)
    assert run.variables("a") == {"deal": 1, "kind": "invoice"}
    (token,) = run.snapshot.tasks
    assert (token.process_key, token.path) == ("q", "call")
    assert [call.element.id for call in run.snapshot.calls] == ["call"]
    run.complete("a", document=7)
    assert run.variables("z") == {"deal": 1, "document": 7}


def test_the_ids_that_spiffworkflow_takes_for_itself_are_free():
    drawing = model(
        start("Start") + plain("StartEventSplit") + plain("p.EndJoin") + end("End"),
        "", "",
    ).replace(b"</process>", b'<sequenceFlow id="1" sourceRef="Start" targetRef="StartEventSplit"/>'
              b'<sequenceFlow id="2" sourceRef="StartEventSplit" targetRef="p.EndJoin"/>'
              b'<sequenceFlow id="3" sourceRef="p.EndJoin" targetRef="End"/></process>')  # fmt: skip
    run = Run(drawing).start()
    assert run.complete("StartEventSplit").complete("p.EndJoin").done


def test_facts_are_not_touched_before_an_expression_asks_for_one():
    class Lazy(UserDict):
        def __len__(self):
            raise AssertionError("loaded")

    run = Run(model(start() + script("c", "1 + 1", "x") + plain("a") + end(), "s>c c>a a>e"))
    run.facts = Lazy(deal=1)
    assert run.start().complete("a").done


def test_a_business_error_in_a_decision_goes_to_the_boundary_event():
    rule = el("businessRuleTask", "d", ext(zeebe("calledDecision", decisionId="discount", resultVariable="rate")))
    catch = el("boundaryEvent", "b", "<errorEventDefinition/>", attachedToRef="d")
    run = Run(model(start() + rule + catch + plain("x") + end(), "s>d d>e b>x x>e"))

    def refuse(_: object) -> None:
        raise BusinessError("NO_RULE")

    run.decisions["discount"] = refuse
    assert run.start().open == ["x"]
    assert run.trace("cancelled") == ["d"]


ESCAPES = [
    '__import__("os").system("true")', "().__class__.__bases__[0].__subclasses__()", 'open("/etc/passwd").read()',
    "lambda: 1", "[x for x in (1,)]",
]  # fmt: skip


@pytest.mark.parametrize("text", ESCAPES)
def test_python_in_a_drawing_is_no_program(text: str):
    for drawing in (
        model(start() + script("c", text, "x") + end(), "s>c c>e"),
        model(
            start() + xor("g", default="f_g_e") + plain("a") + end(),
            "s>g g>a[" + "=" + text.replace("[", "(") + "] g>e a>e",
        ),
    ):
        with pytest.raises(ElementFailed):
            Run(drawing).start()


def test_the_engines_own_script_engine_runs_no_python_either():
    run = Run(model(start() + plain("a") + end(), "s>a a>e")).start()
    root = state.decode(run.state, "p", run.procedure.compiled.spec, run.host())
    task = root.live()[0]
    assert root.script_engine.evaluate(task, "1 + 1") == 2
    for attempt in (root.script_engine.execute, root.script_engine.call_service):
        with pytest.raises(Failed):
            attempt(task, "x = 1") if attempt == root.script_engine.execute else attempt(task)

"""What BPMN leaves implicit is drawn out before compiling, with ids that stay the same."""
from __future__ import annotations

from engine.bpmn import gate, normalize, xml
from engine.bpmn.xml import Element
from tests.engine.drawings import SIMPLE, definitions, el, end, fork, model, process, start, user, xor


def tree(content: bytes) -> Element:
    root = xml.parse("x", content)
    assert normalize.inline_definitions(root) == []
    return normalize.normalize(root)


def arrows(root: Element) -> set[str]:
    found = set()
    for flow in root.iter(xml.B + "sequenceFlow"):
        condition = xml.content_of(xml.child(flow, "conditionExpression"))
        found.add(f"{flow.get('sourceRef')}>{flow.get('targetRef')}" + (f"[{condition}]" if condition else ""))
    return found


def kinds(root: Element) -> dict[str, str]:
    return {item.get("id", ""): xml.local(item) for item in root.iter() if xml.local(item) in xml.FLOW_NODES}


def test_several_flows_out_of_a_task_become_a_parallel_gateway():
    root = tree(model(start() + user("a") + user("b") + end(), "s>a a>b a>e b>e"))
    assert arrows(root) == {"s>a", "a>a.split", "a.split>b", "a.split>e", "b>e"}
    assert kinds(root)["a.split"] == "parallelGateway"


def test_conditional_flows_out_of_a_task_become_an_inclusive_gateway_with_its_default():
    root = tree(model(start() + user("a", default="f_a_e") + user("b") + end(), "s>a a>b[=x] a>e b>e"))
    assert arrows(root) == {"s>a", "a>a.split", "a.split>b[=x]", "a.split>e", "b>e"}
    (gateway,) = [item for item in root.iter() if item.get("id") == "a.split"]
    assert (xml.local(gateway), gateway.get("default")) == ("inclusiveGateway", "f_a_e")
    assert not [item for item in root.iter() if item.get("id") == "a" and item.get("default")]


def test_an_unconditional_flow_beside_conditional_ones_is_always_taken():
    root = tree(model(start() + user("a") + user("b") + end(), "s>a a>b[=x] a>e b>e"))
    assert arrows(root) == {"s>a", "a>a.split", "a.split>b[=x]", "a.split>e[=true]", "b>e"}


def test_a_default_beside_an_unconditional_flow_is_taken_when_no_condition_is_true():
    root = tree(model(start() + user("a", default="f_a_c") + user("b") + user("c") + end(),
                      "s>a a>b[=x] a>c a>e b>e c>e"))  # fmt: skip
    assert arrows(root) == {"s>a", "a>a.split", "a.split>e", "a.split>a.choice", "a.choice>b[=x]", "a.choice>c", "b>e",
                            "c>e"}  # fmt: skip


def test_a_start_event_may_split_too():
    assert "s>s.split" in arrows(tree(model(start() + user("a") + user("b") + end(), "s>a s>b a>e b>e")))


def test_links_become_flows():
    root = tree(model(
        start() + el("intermediateThrowEvent", "x", '<linkEventDefinition name="A"/>')
        + el("intermediateThrowEvent", "x2", '<linkEventDefinition name="A"/>')
        + el("intermediateCatchEvent", "y", '<linkEventDefinition name="A"/>') + fork("g") + end(),
        "s>g g>x g>x2 y>e",
    ))  # fmt: skip
    assert {"x>y", "x2>y"} <= arrows(root)
    assert kinds(root)["y"] == "intermediateThrowEvent"
    assert not list(root.iter(xml.B + "linkEventDefinition"))


def test_the_condition_of_a_default_flow_is_dropped():
    root = tree(model(start() + xor("g", default="f_g_e") + end() + end("e2"), "s>g g>e[=a] g>e2[=b]"))
    assert "g>e" in arrows(root)


def test_shared_event_definitions_are_put_in_place():
    shared = '<timerEventDefinition id="t"><timeDuration>PT1H</timeDuration></timerEventDefinition>'
    event = el("intermediateCatchEvent", "x", "<eventDefinitionRef>t</eventDefinitionRef>")
    content = model(start() + event + el("task", "y") + end(), "s>x x>y y>e", shared)
    assert len(gate.read("x", content)) == 1
    (definition,) = [item for item in tree(content).iter(xml.B + "timerEventDefinition") if item.get("id") == "x.t"]
    assert xml.content_of(definition) == "PT1H"


def test_a_reference_to_a_definition_that_is_not_there_is_refused():
    event = el("intermediateCatchEvent", "x", "<eventDefinitionRef>t</eventDefinitionRef>")
    codes = {fault.code for fault in gate.inspect("x", model(start() + event + end(), "s>x x>e"))[1]}
    assert "event-definition-unknown" in codes


def test_flows_are_said_at_both_ends():
    (task,) = tree(SIMPLE).iter(xml.B + "userTask")
    assert [item.text for item in xml.children(task, "incoming")] == ["f_s_a"]
    assert [item.text for item in xml.children(task, "outgoing")] == ["f_a_e"]


def test_pictures_and_data_shapes_are_left_out():
    content = definitions(
        process(start() + el("dataObjectReference", "d") + user("a") + end(), "s>a a>e"),
        process(start("s2") + end("e2"), "s2>e2", "q", isExecutable="false"),
        '<bpmndi:BPMNDiagram id="dd"/>',
    )
    root = tree(content)
    assert [item.get("id") for item in xml.processes(root)] == ["p"]
    assert not list(root.iter(xml.B + "dataObjectReference"))
    assert not [item for item in root if "BPMNDiagram" in str(item.tag)]


def test_the_original_tree_is_not_touched():
    root = xml.parse("x", model(start() + user("a") + user("b") + end(), "s>a a>b a>e b>e"))
    before = xml.etree.tostring(root)
    normalize.normalize(root)
    assert xml.etree.tostring(root) == before

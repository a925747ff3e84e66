"""Every rule of publication has a small broken drawing that it refuses, by its own code and without side noise."""
from __future__ import annotations

import pytest

from engine.bpmn import gate
from engine.bpmn.lint.rules import RULES, SEVERITIES
from engine.errors import Refused
from tests.engine.drawings import (
    definitions,
    el,
    end,
    ext,
    flows,
    fork,
    model,
    process,
    props,
    start,
    sub,
    timer,
    user,
    xor,
    zeebe,
)

MESSAGE = '<message id="m" name="paid"><extensionElements><zeebe:subscription correlationKey="=k"/></extensionElements></message>'  # noqa: E501
SIGNAL = '<signal id="g" name="stop"/>'
MESSAGE_EVENT = '<messageEventDefinition messageRef="m"/>'
SIGNAL_EVENT = '<signalEventDefinition signalRef="g"/>'
INNER = start("is") + user("iu") + end("ie") + flows("is>iu iu>ie")
MULTI = '<multiInstanceLoopCharacteristics{attributes}>{inner}</multiInstanceLoopCharacteristics>'


def chain(middle: str, outside: str = "", extra: str = "", arrows: str = "", **attributes: str) -> bytes:
    """start > x > end with the given x."""
    return model(start() + middle + end() + extra, f"s>x x>e {arrows}", outside, **attributes)


def catch(inner: str) -> str:
    return el("intermediateCatchEvent", "x", inner)


def on_border(inner: str, host: str | None = None, **attributes: str) -> bytes:
    """A user task x with a boundary event b that leads to its own end."""
    boundary = el("boundaryEvent", "b", inner, **({"attachedToRef": "x"} | attributes))
    return chain(host or user("x"), MESSAGE + SIGNAL, boundary + end("e2"), "b>e2")


def repeated(inner: str, **attributes: str) -> bytes:
    said = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return chain(user("x", inner=MULTI.format(attributes=said, inner=inner)))


COLLECTION = ext(zeebe("loopCharacteristics", inputCollection="=lines", inputElement="line"))
EVENT_SUB = '<subProcess id="es" triggeredByEvent="true">{start}<endEvent id="ee"/>{flow}</subProcess>'

BROKEN: dict[str, bytes] = {
    # structure
    "id-missing": model(start() + '<userTask name="Call"/>' + end(), "s>e"),
    "id-duplicate": model(start() + user("a") + user("a") + end(), "s>a a>e"),
    "id-unusable": model(start() + el("task", "a/b") + end(), "s>e"),
    "no-process": definitions('<message id="m" name="x"/>'),
    "not-executable": model(start() + end(), "s>e", isExecutable="false"),
    "process-left-out": definitions(process(start() + end(), "s>e"),
                                    process(start("s2") + end("e2"), "s2>e2", "q", isExecutable="false")),
    "process-empty": chain(sub("x", "")),
    "start-missing": model(user("a") + end(), "a>e"),
    "start-several": model(start() + start("s2") + end(), "s>e s2>e"),
    "end-missing": model(start() + user("a"), "s>a"),
    "unreachable": model(start() + user("a") + user("b") + end(), "s>a a>e b>e"),
    "dead-end": model(start() + fork("g") + user("a") + user("b") + end(), "s>g g>a g>b a>e"),
    "not-drawn": chain(user("x")),
    "too-many-elements": model(
        start() + "".join(user(f"u{n}") for n in range(1, 1100)) + end(),
        "s>u1 " + " ".join(f"u{n}>u{n + 1}" for n in range(1, 1099)) + " u1099>e"),
    "nested-too-deep": chain("".join(f'<subProcess id="{"x" if n == 0 else f"x{n}"}">' for n in range(11))
                             + "</subProcess>" * 11),
    # flows
    "flow-broken": model(start() + user("a") + end(), "s>a a>e a>ghost"),
    "flow-crosses-border": chain(sub("x", INNER), extra=user("y"), arrows="x>y y>e iu>y"),
    "flow-into-start": chain(user("x"), extra=xor("g", default="f_g_s"), arrows="x>g g>s"),
    "flow-out-of-end": chain(user("x"), extra=user("y") + end("e2"), arrows="e>y y>e2"),
    "flow-into-boundary": on_border(timer("timeDuration", "PT1H")).replace(
        b"</process>", flows("s>b").encode() + b"</process>"),
    "flow-at-event-subprocess": chain(user("x"), SIGNAL,
        EVENT_SUB.format(start=start("es1", SIGNAL_EVENT), flow=flows("es1>ee")), "x>es"),
    "flow-to-itself": chain(user("x"), arrows="x>x"),
    "condition-not-feel": chain(xor("x", default="f_x_e"), extra=end("e2"), arrows="x>e2[amount]"),
    "condition-empty": chain(xor("x", default="f_x_e"), extra=end("e2") + el("sequenceFlow", "f2",
        "<conditionExpression/>", sourceRef="x", targetRef="e2")),
    "condition-ignored": model(start() + fork("x") + end() + end("e2"), "s>x x>e x>e2[=a]"),
    "condition-on-default": model(start() + xor("x", default="f_x_e") + end() + end("e2"), "s>x x>e[=a] x>e2[=b]"),
    "default-foreign": model(start() + xor("x", default="f_s_x") + end() + end("e2"), "s>x x>e[=a] x>e2[=b]"),
    # gateways
    "gateway-complex": chain(el("complexGateway", "x")),
    "condition-missing": chain(xor("x"), extra=end("e2"), arrows="x>e2[=b]"),
    "default-missing": model(start() + xor("x") + end() + end("e2"), "s>x x>e[=a] x>e2[=b]"),
    "event-gateway-target": chain(el("eventBasedGateway", "x"), extra=user("y") + end("e2"), arrows="x>y y>e2"),
    "event-gateway-instantiates": model(
        start() + el("eventBasedGateway", "x", instantiate="true") + el("intermediateCatchEvent", "a", MESSAGE_EVENT)
        + el("intermediateCatchEvent", "b", timer("timeDuration", "PT1H")) + end(),
        "s>x x>a x>b a>e b>e", MESSAGE),
    "join-never-completes": model(
        start() + xor("x", default="f_x_b") + user("a") + user("b") + fork("j") + end(),
        "s>x x>a[=t] x>b a>j b>j j>e"),
    "branches-not-joined": model(start() + fork("x") + user("a") + user("b") + user("c") + end(),
                                 "s>x x>a x>b a>c b>c c>e"),
    # elements
    "element-unknown": chain(user("x"), extra=el("choreographyTask", "z")),
    "transaction": chain(el("transaction", "x", INNER)),
    "ad-hoc": chain(el("adHocSubProcess", "x", INNER)),
    "token-quantity": chain(user("x", startQuantity="2")),
    "data-only-drawn": chain(user("x"), extra=el("dataStoreReference", "d", name="Clients")),
    "message-flow-inside": chain(user("x"), '<collaboration id="c"><participant id="pp" processRef="p"/>'
                                 '<messageFlow id="mf" sourceRef="s" targetRef="x"/></collaboration>'),
    "call-of-global-task": chain(el("callActivity", "x", calledElement="gt"), '<globalUserTask id="gt"/>'),
    # events
    "event-several-triggers": chain(catch(SIGNAL_EVENT + timer("timeDuration", "PT1H")), SIGNAL),
    "event-trigger-unsupported": chain(el("intermediateThrowEvent", "x", timer("timeDuration", "PT1H"))),
    "compensation": chain(el("intermediateThrowEvent", "x", "<compensateEventDefinition/>")),
    "cancel-event": chain(user("x")).replace(b'<endEvent id="e">', b'<endEvent id="e"><cancelEventDefinition/>'),
    "conditional-event-without-condition": chain(catch("<conditionalEventDefinition/>")),
    "event-without-trigger": chain(catch("")),
    "subprocess-start": chain(sub("x", start("is", SIGNAL_EVENT) + end("ie") + flows("is>ie")), SIGNAL),
    "event-subprocess-start": chain(user("x"), "", EVENT_SUB.format(start=start("es1"), flow=flows("es1>ee"))),
    "boundary-unattached": on_border(timer("timeDuration", "PT1H"), attachedToRef="nothing"),
    "error-not-interrupting": on_border("<errorEventDefinition/>", el("serviceTask", "x", ext(
        zeebe("taskDefinition", type="t"))), cancelActivity="false"),
    "event-reference-missing": chain(catch("<messageEventDefinition/>")),
    "event-name-missing": chain(catch(SIGNAL_EVENT), '<signal id="g"/>'),
    "correlation-key-missing": chain(catch(MESSAGE_EVENT), '<message id="m" name="paid"/>'),
    "receive-instantiates": chain(el("receiveTask", "x", messageRef="m", instantiate="true"), MESSAGE),
    "link-broken": model(start() + el("intermediateThrowEvent", "x", '<linkEventDefinition name="A"/>')
                         + el("intermediateCatchEvent", "y", '<linkEventDefinition name="B"/>') + end(), "s>x y>e"),
    "link-with-flow": model(start() + el("intermediateThrowEvent", "x", '<linkEventDefinition name="A"/>')
                            + el("intermediateCatchEvent", "y", '<linkEventDefinition name="A"/>') + end(),
                            "s>x x>e y>e"),
    "error-nobody-throws": on_border("<errorEventDefinition/>"),
    "escalation-nobody-throws": on_border("<escalationEventDefinition/>", sub("x", INNER)),
    # timers
    "timer-missing": chain(catch("<timerEventDefinition/>")),
    "timer-text": chain(catch(timer("timeDuration", '"PT1H"'))),
    "timer-cycle-interrupting": chain(catch(timer("timeCycle", "R3/PT1H"))),
    "timer-start-duration": model(start("s", timer("timeDuration", "PT1H")) + end(), "s>e"),
    # tasks
    "form-missing": chain(el("userTask", "x", ext(zeebe("assignmentDefinition", assignee="anna")))),
    "form-key-expression": chain(el("userTask", "x", ext(zeebe("assignmentDefinition", assignee="anna")
                                 + zeebe("formDefinition", externalReference="=which")))),
    "assignment-missing": chain(el("userTask", "x", ext(zeebe("formDefinition", externalReference="f")))),
    "task-without-kind": chain(el("task", "x")),
    "action-missing": chain(el("serviceTask", "x")),
    "action-expression": chain(el("serviceTask", "x", ext(zeebe("taskDefinition", type="=which")))),
    "script-missing": chain(el("scriptTask", "x")),
    "script-language": chain(el("scriptTask", "x", "<script>import os</script>", scriptFormat="python")),
    "decision-missing": chain(el("businessRuleTask", "x", ext(zeebe("calledDecision", decisionId="d")))),
    "decision-expression": chain(el("businessRuleTask", "x", ext(
        zeebe("calledDecision", decisionId="=d", resultVariable="r")))),
    "called-element-missing": chain(el("callActivity", "x")),
    "retries-wrong": chain(el("serviceTask", "x", ext(zeebe("taskDefinition", type="t", retries="often")))),
    "priority-wrong": chain(user("x", zeebe("priorityDefinition", priority="high"))),
    "date-wrong": chain(user("x", zeebe("taskSchedule", dueDate="tomorrow"))),
    "mapping-wrong": chain(user("x", zeebe("ioMapping", zeebe("input", source="=a", target="a b")))),
    "variable-name-wrong": chain(el("scriptTask", "x", ext(zeebe("script", expression="=1", resultVariable="a b")))),
    "property-misspelt": chain(user("x", props(controlpoint="CP-01"))),
    # loops
    "multi-instance-collection-missing": repeated(""),
    "multi-instance-collection-literal": repeated(ext(zeebe("loopCharacteristics", inputCollection="lines"))),
    "multi-instance-place": chain(catch(timer("timeDuration", "PT1H") + MULTI.format(attributes="", inner=COLLECTION))),
    "multi-instance-behavior": repeated(COLLECTION, behavior="One"),
    "multi-instance-output": repeated(ext(zeebe("loopCharacteristics", inputCollection="=a", outputCollection="b"))),
    "cardinality-wrong": repeated("<loopCardinality>many</loopCardinality>"),
    "completion-condition-not-feel": repeated(COLLECTION + "<completionCondition>done</completionCondition>"),
    "loop-maximum-missing": chain(user("x", inner="<standardLoopCharacteristics><loopCondition>=a</loopCondition>"
                                       "</standardLoopCharacteristics>")),
    "loop-condition-missing": chain(user("x", inner='<standardLoopCharacteristics loopMaximum="3"/>')),
    # control points
    "control-point-code": chain(user("x", props(controlPoint="CP 01"))),
    "control-point-place": chain(el("scriptTask", "x", ext(
        zeebe("script", expression="=1", resultVariable="r") + props(controlPoint="CP-01")), name="n")),
    "control-point-orphan": chain(user("x", props(cpTitle="Protocol sent"))),
    "control-point-title-missing": chain(user("x", props(controlPoint="CP-01"))),
    "control-point-evidence": chain(user("x", props(controlPoint="CP-01", cpEvidence="document:protocol"), name="n")),
    "control-point-time": chain(user("x", props(controlPoint="CP-01", cpDue="soon"), name="n")),
    "requires-place": chain(sub("x", ext(props(requires="CP-01")) + INNER)),
    "limit-wrong": chain(user("x", props(limitKind="discount"))),
    "separate-from-unknown": chain(user("x", props(separateFrom="nobody"))),
    # expressions
    "feel-syntax": chain(user("x", zeebe("priorityDefinition", priority="=if a then"))),
}

# what a broken drawing of one rule cannot help breaking too
ALSO = {"boundary-unattached": {"unreachable"}}


def codes(content: bytes, severity: str) -> set[str]:
    _, faults = gate.inspect("x.bpmn", content)
    return {fault.code for fault in faults if fault.severity == severity}


@pytest.mark.parametrize("code", BROKEN)
def test_a_broken_drawing_is_reported_by_the_code_of_its_rule(code: str):
    severity = SEVERITIES[code]
    assert code in codes(BROKEN[code], severity)
    if severity == "error":
        assert codes(BROKEN[code], "error") - ALSO.get(code, set()) == {code}
        with pytest.raises(Refused) as refused:
            gate.read("x.bpmn", BROKEN[code])
        assert any(fault.code == code for fault in refused.value.faults)
    else:
        assert codes(BROKEN[code], "error") == set()


def test_every_rule_has_a_broken_drawing():
    assert set(RULES) == set(BROKEN)


@pytest.mark.parametrize("code", BROKEN)
def test_every_finding_is_a_whole_sentence_with_a_remedy(code: str):
    _, faults = gate.inspect("x.bpmn", BROKEN[code])
    for fault in faults:
        assert str(fault.reason)
        assert str(fault.remedy)
        assert fault.file == "x.bpmn"


def test_several_faults_are_reported_together():
    content = model(
        start() + el("userTask", "a") + el("serviceTask", "b") + el("scriptTask", "c") + end(), "s>a a>b b>c c>e"
    )
    assert {"assignment-missing", "action-missing", "script-missing"} <= codes(content, "error")


def test_findings_name_the_element():
    _, faults = gate.inspect("x.bpmn", BROKEN["assignment-missing"])
    assert [fault.element_id for fault in faults if fault.code == "assignment-missing"] == ["x"]


def test_a_feel_fault_names_the_character():
    content = chain(xor("x", default="f_x_e"), extra=end("e2"), arrows="x>e2[=amount >> 3]")
    _, faults = gate.inspect("x.bpmn", content)
    (fault,) = [fault for fault in faults if fault.code == "feel-syntax"]
    assert fault.element_id == "f_x_e2"
    assert "character 9" in str(fault.reason)


SOUND = {
    "user task": chain(user("x")),
    "implicit split": model(start() + user("x") + user("y") + user("z") + fork("j") + end(),
                            "s>x x>y x>z y>j z>j j>e"),
    "conditional flows of a task": model(start() + user("x", default="f_x_e") + end() + user("y"),
                                         "s>x x>y[=a] x>e y>e"),
    "message boundary": on_border(MESSAGE_EVENT),
    "repeating reminder": on_border(timer("timeCycle", "R/P1BD"), cancelActivity="false"),
    "conditional boundary": on_border("<conditionalEventDefinition><condition>=a > 1</condition>"
                                      "</conditionalEventDefinition>"),
    "links": model(start() + el("intermediateThrowEvent", "x", '<linkEventDefinition name="A"/>')
                   + el("intermediateCatchEvent", "y", '<linkEventDefinition name="A"/>') + end(), "s>x y>e"),
    "error in a sub-process": on_border('<errorEventDefinition errorRef="er"/>', sub(
        "x", start("is") + end("ie", '<errorEventDefinition errorRef="er"/>') + flows("is>ie"))).replace(
        b"</definitions>", b'<error id="er" errorCode="E"/></definitions>'),
    "event sub-process": chain(user("x"), SIGNAL, EVENT_SUB.format(start=start("es1", SIGNAL_EVENT),
                               flow=flows("es1>ee"))),
    "multi-instance": repeated(COLLECTION, isSequential="true"),
    "working days": chain(user("x", zeebe("taskSchedule", dueDate="P2BD"))),
    "control point": chain(user("x", props(controlPoint="CP-01", cpEvidence="document:protocol:sent", cpDue="PT8BH",
                                           requires="CP-01"), name="n")),
    "reserved names": model(start("Start") + user("Root") + end("End"), "Start>Root Root>End"),
    "lanes, notes and foreign extensions": chain(
        user("x", '<other:thing xmlns:other="urn:other" a="1"/>'),
        extra='<laneSet id="ls"><lane id="l" name="Sales"><flowNodeRef>x</flowNodeRef></lane></laneSet>'
              '<textAnnotation id="ta"><text>hm</text></textAnnotation>'
              '<association id="as" sourceRef="x" targetRef="ta"/>'),
}  # fmt: skip


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_drawing_passes(name: str):
    assert codes(SOUND[name], "error") == set()
    assert len(gate.read("x.bpmn", SOUND[name])) == 1

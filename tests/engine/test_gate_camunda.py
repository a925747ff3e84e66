"""Camunda 7 files are read as their Camunda 8 twins; what has no twin is reported."""
from __future__ import annotations

from datetime import UTC, datetime

import pytest

from engine import feel
from engine.bpmn import gate, normalize, xml
from engine.bpmn.camunda_expressions import Untranslatable, to_feel, translate
from engine.bpmn.drawing import read as read_drawing
from engine.bpmn.prepare import prepare
from tests.engine.drawings import definitions, el, end, ext, model, process, start, timer, user, xor, zeebe

TRANSLATED = {
    "${amount > 100}": "=amount > 100",
    "#{amount gt 100 and amount le 200}": "=amount > 100 and amount <= 200",
    "${a == 'x' && b != \"y\" || !c}": '=a = "x" and b != "y" or not(c)',
    "${client.address.city == 'Москва'}": '=client.address.city = "Москва"',
    "${order['number']}": "=order.number",
    "${rows[0].sum}": "=rows[1].sum",
    "${rows[n]}": "=rows[n + 1]",
    "${ok ? 'yes' : 'no'}": '=(if ok then "yes" else "no")',
    "${(a + b) * 2 / -c}": "=(a + b) * 2 / -c",
    "${n % 2 == 0}": "=modulo(n, 2) = 0",
    "${'№ ' + number}": '="№ " + string(number)',
    "Deal ${deal.number} of ${client}": '="Deal " + string(deal.number) + " of " + string(client)',
    "${execution.getVariable('amount') >= 5}": "=amount >= 5",
    "${rows.size() > 0}": "=count(rows) > 0",
    "${name.startsWith('ООО')}": '=starts with(name, "ООО")',
    "${true}": "=true",
    "${x == null}": "=x = null",
    "plain": "plain",
    "${now()}": "=now()",
}


@pytest.mark.parametrize("source", TRANSLATED)
def test_an_expression_becomes_feel(source: str):
    assert to_feel(source) == TRANSLATED[source]


@pytest.mark.parametrize("source", [item for item in TRANSLATED if item != "plain"])
def test_what_comes_out_is_feel(source: str):
    feel.compile(to_feel(source)[1:])


EMPTINESS = [(None, True), ("", True), ([], True), ("x", False), ([1], False), (0, False)]


@pytest.mark.parametrize(("value", "empty"), EMPTINESS)
def test_empty_means_the_same_in_feel(value, empty, moment):
    found = feel.compile(translate("empty x")).evaluate({"x": value}, feel.Context(now=moment))
    assert found is empty
    assert feel.compile(translate("!empty x")).evaluate({"x": value}, feel.Context(now=moment)) is not empty


@pytest.fixture
def moment():
    return datetime(2026, 11, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    "source",
    ["${bean.method(x)}", "${task.assignee}", "${a = 1}", "${list.stream().map(x -> x)}", "${", "${}", "${a b}", "${;}",
     "${foo(1)}", "${execution.id}"],
)  # fmt: skip
def test_what_has_no_twin_is_refused_rather_than_guessed(source: str):
    with pytest.raises(Untranslatable):
        to_feel(source)


CAMUNDA = definitions(
    process(
        start()
        + el("userTask", "a", ext(
            '<camunda:inputOutput><camunda:inputParameter name="greeting">Dear ${client}</camunda:inputParameter>'
            '<camunda:inputParameter name="kinds"><camunda:list><camunda:value>x</camunda:value>'
            "<camunda:value>${y}</camunda:value></camunda:list></camunda:inputParameter>"
            '<camunda:inputParameter name="pair"><camunda:map><camunda:entry key="k">${v}</camunda:entry></camunda:map>'
            '</camunda:inputParameter><camunda:outputParameter name="answer">${reply}</camunda:outputParameter>'
            '</camunda:inputOutput><camunda:properties><camunda:property name="controlPoint" value="CP-01"/>'
            "</camunda:properties>"),
            name="Ask", camunda_assignee="${deal.owner}", camunda_candidateGroups="sales,legal",
            camunda_candidateUsers="anna", camunda_dueDate="${now()}", camunda_followUpDate="P1D",
            camunda_priority="${urgent ? 90 : 50}", camunda_formKey="sale/ask", camunda_asyncBefore="true")
        + el("serviceTask", "t", ext(
            '<camunda:failedJobRetryTimeCycle>R5/PT10M</camunda:failedJobRetryTimeCycle>'
            '<camunda:field name="template" stringValue="offer"/>'),
            camunda_type="external", camunda_topic="mail.send")
        + el("serviceTask", "t2", camunda_delegateExpression="${dealPay}")
        + el("businessRuleTask", "r", camunda_decisionRef="discount", camunda_resultVariable="d",
             camunda_mapDecisionResult="singleEntry")
        + el("callActivity", "c", ext('<camunda:in source="amount" target="sum"/>'
             '<camunda:in sourceExpression="${a + 1}" target="b"/><camunda:out source="paid" target="paid"/>'),
             calledElement="pay")
        + '<userTask id="m" camunda:candidateGroups="sales" camunda:formRef="f"><multiInstanceLoopCharacteristics '
          'isSequential="true" camunda:collection="lines" camunda:elementVariable="line"><completionCondition>'
          "${line.last}</completionCondition></multiInstanceLoopCharacteristics></userTask>"
        + el("scriptTask", "k", "<script>${a + b}</script>", scriptFormat="juel", camunda_resultVariable="total")
        + xor("g", default="f_g_e")
        + el("boundaryEvent", "b", timer("timeDuration", "${norm}"), attachedToRef="a")
        + end() + end("e2") + end("e3"),
        "s>a a>t t>t2 t2>r r>c c>m m>k k>g g>e g>e2[${total > 100 && client.kind == 'big'}] b>e3",
        camunda_candidateStarterGroups="office", camunda_historyTimeToLive="180",
    )
)  # fmt: skip

TWIN = definitions(
    process(
        ext(zeebe("properties", zeebe("property", name="starterGroups", value="office")))
        + start()
        + el("userTask", "a", ext(
            zeebe("assignmentDefinition", assignee="=deal.owner", candidateGroups="sales,legal", candidateUsers="anna")
            + zeebe("taskSchedule", dueDate="=now()", followUpDate="P1D")
            + zeebe("priorityDefinition", priority="=(if urgent then 90 else 50)")
            + zeebe("formDefinition", externalReference="sale/ask")
            + zeebe("ioMapping",
                    zeebe("input", source='="Dear " + string(client)', target="greeting")
                    + zeebe("input", source='=["x", y]', target="kinds")
                    + zeebe("input", source='={"k": v}', target="pair")
                    + zeebe("output", source="=reply", target="answer"))
            + zeebe("properties", zeebe("property", name="controlPoint", value="CP-01"))), name="Ask")
        + el("serviceTask", "t", ext(zeebe("taskDefinition", type="mail.send", retries="5")
             + zeebe("taskHeaders", zeebe("header", key="template", value="offer"))))
        + el("serviceTask", "t2", ext(zeebe("taskDefinition", type="dealPay")))
        + el("businessRuleTask", "r", ext(zeebe("calledDecision", decisionId="discount", resultVariable="d")))
        + el("callActivity", "c", ext(zeebe("calledElement", processId="pay", propagateAllChildVariables="false")
             + zeebe("ioMapping", zeebe("input", source="=amount", target="sum")
                     + zeebe("input", source="=a + 1", target="b") + zeebe("output", source="=paid", target="paid"))))
        + user("m", inner='<multiInstanceLoopCharacteristics isSequential="true">'
               + ext(zeebe("loopCharacteristics", inputCollection="=lines", inputElement="line"))
               + "<completionCondition>=line.last</completionCondition></multiInstanceLoopCharacteristics>")
        + el("scriptTask", "k", ext(zeebe("script", expression="=a + b", resultVariable="total")))
        + xor("g", default="f_g_e")
        + el("boundaryEvent", "b", timer("timeDuration", "=norm"), attachedToRef="a")
        + end() + end("e2") + end("e3"),
        's>a a>t t>t2 t2>r r>c c>m m>k k>g g>e g>e2[=total > 100 and client.kind = "big"] b>e3',
    )
)  # fmt: skip


def test_a_camunda_file_is_the_same_procedure_as_its_zeebe_twin():
    assert gate.read("x.bpmn", CAMUNDA) == gate.read("x.bpmn", TWIN)


def executable(content: bytes) -> list[tuple[str, tuple[tuple[str, str], ...], str]]:
    root = xml.parse("x.bpmn", content)
    assert [fault for fault in prepare("x.bpmn", root) if fault.severity == "error"] == []
    tree = normalize.normalize(root)
    return sorted(
        (str(item.tag), tuple(sorted((str(k), str(v)) for k, v in item.attrib.items())), (item.text or "").strip())
        for item in tree.iter()
        if "definitions" not in str(item.tag) and xml.local(item) not in ("process", "extensionElements")
    )


def test_and_what_is_executed_is_the_same_too():
    strip = '{http://camunda.org/schema/1.0/bpmn}'
    assert not [item for item in executable(CAMUNDA) if strip in str(item)]
    assert executable(CAMUNDA) == executable(TWIN)


LOST = {
    "camunda:executionListener": ext('<camunda:executionListener event="start" class="x.Y"/>'),
    "camunda:formData": ext("<camunda:formData/>"),
    "camunda:connector": ext("<camunda:connector/>"),
}


@pytest.mark.parametrize("what", LOST)
def test_what_is_left_out_is_reported_with_its_element(what: str):
    content = model(start() + el("userTask", "a", LOST[what], camunda_assignee="anna") + end(), "s>a a>e")
    procedures, faults = gate.inspect("x.bpmn", content)
    found = [fault for fault in faults if fault.code == "camunda-not-translated"]
    assert procedures
    assert [(fault.element_id, fault.severity) for fault in found] == [("a", "warning")]
    assert what in str(found[0].reason)


def test_an_untranslatable_condition_stops_publication():
    content = model(start() + xor("g", default="f_g_e") + end() + end("e2"), "s>g g>e g>e2[${bean.check(x)}]")
    _, faults = gate.inspect("x.bpmn", content)
    assert ("expression-not-translated", "f_g_e2") in {(fault.code, fault.element_id) for fault in faults}


def test_a_java_class_becomes_an_action_and_is_reported():
    content = model(start() + el("serviceTask", "t", camunda_class="com.acme.Pay") + end(), "s>t t>e")
    procedures, faults = gate.inspect("x.bpmn", content)
    assert procedures[0].actions == {"com.acme.Pay"}
    assert "camunda-class" in {fault.code for fault in faults}


def test_potential_owners_of_plain_bpmn_are_candidates():
    owner = (
        "<potentialOwner><resourceAssignmentExpression><formalExpression>user(anna), group(sales)</formalExpression>"
        "</resourceAssignmentExpression></potentialOwner>"
    )
    (procedure,) = gate.read("x.bpmn", model(start() + el("userTask", "a", owner) + end(), "s>a a>e"))
    found = procedure.elements["a"].settings
    assert (found.candidate_users, found.candidate_groups) == ("anna", "sales")


def test_a_camunda_conditional_event_is_translated():
    event = el("intermediateCatchEvent", "x", "<conditionalEventDefinition><condition>${paid}</condition>"
               "</conditionalEventDefinition>")  # fmt: skip
    root = xml.parse("x.bpmn", model(start() + event + end(), "s>x x>e"))
    prepare("x.bpmn", root)
    (node,) = [node for node in read_drawing("x.bpmn", root).nodes if node.id == "x"]
    assert xml.content_of(node.definitions[0][1]) == "=paid"

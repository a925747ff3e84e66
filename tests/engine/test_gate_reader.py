"""What a drawing says arrives in the Procedure, and nothing else."""
from __future__ import annotations

import pytest

from engine.bpmn import gate
from engine.bpmn.types import ElementSettings, Procedure
from engine.errors import Refused
from tests.engine.drawings import (
    definitions,
    el,
    end,
    ext,
    flows,
    model,
    process,
    props,
    start,
    sub,
    timer,
    user,
    zeebe,
)


def read(content: bytes) -> Procedure:
    (procedure,) = gate.read("x.bpmn", content)
    return procedure


def settings(extension: str, tag: str = "userTask") -> ElementSettings:
    content = model(start() + el(tag, "x", ext(extension)) + end(), "s>x x>e")
    return read(content).elements["x"].settings


def test_every_setting_of_a_user_task_is_read():
    found = settings(
        zeebe("assignmentDefinition", assignee="=deal.owner", candidateGroups="sales,legal", candidateUsers="anna")
        + zeebe("taskSchedule", dueDate="P2BD", followUpDate="=now()")
        + zeebe("priorityDefinition", priority="=50")
        + zeebe("formDefinition", externalReference="sale/offer.form")
        + zeebe("ioMapping", zeebe("input", source="=a", target="b") + zeebe("output", source="=c", target="d.e"))
        + props(controlPoint="CP-01", cpTitle="Protocol sent", help="Call first")
    )
    assert found == ElementSettings(
        assignee="=deal.owner", candidate_groups="sales,legal", candidate_users="anna", due_date="P2BD",
        follow_up_date="=now()", priority="=50", form_key="sale/offer", inputs=(("b", "=a"),),
        outputs=(("d.e", "=c"),),
        properties={"controlPoint": "CP-01", "cpTitle": "Protocol sent", "help": "Call first"},
    )  # fmt: skip


def test_the_form_key_may_stand_in_any_of_three_attributes():
    group = zeebe("assignmentDefinition", candidateGroups="sales")
    for attribute in ("externalReference", "formKey", "formId"):
        assert settings(group + zeebe("formDefinition", **{attribute: "sale/x"})).form_key == "sale/x"


def test_a_service_task_has_action_retries_and_headers():
    header = zeebe("taskHeaders", zeebe("header", key="template", value="offer.docx"))
    found = settings(zeebe("taskDefinition", type="document.issue", retries="3") + header, "serviceTask")
    assert (found.action, found.retries, found.headers) == ("document.issue", "3", {"template": "offer.docx"})


def test_decisions_and_scripts_have_a_result_variable():
    decision = settings(zeebe("calledDecision", decisionId="discount", resultVariable="d"), "businessRuleTask")
    script = settings(zeebe("script", expression="=1", resultVariable="n"), "scriptTask")
    assert (decision.decision, decision.result_variable, script.result_variable) == ("discount", "d", "n")


def test_a_procedure_knows_what_it_refers_to():
    content = definitions(
        process(
            ext(props(starterGroups="office", title="=client.name"))
            + start("s", '<messageEventDefinition messageRef="m"/>')
            + start("s2", '<signalEventDefinition signalRef="g"/>')
            + start("s3", timer("timeCycle", "R/P1D"))
            + user("a", props(controlPoint="C", cpOwnerGroup="lawyers"), name="A")
            + el("callActivity", "c", ext(zeebe("calledElement", processId="pay")))
            + el("callActivity", "c2", ext(zeebe("calledElement", processId="=which")))
            + el("serviceTask", "t", ext(zeebe("taskDefinition", type="mail.send")))
            + el("businessRuleTask", "r", ext(zeebe("calledDecision", decisionId="d", resultVariable="r")))
            + el("receiveTask", "w", messageRef="m2")
            + el("intermediateThrowEvent", "th", '<signalEventDefinition signalRef="g2"/>')
            + end("e", '<messageEventDefinition messageRef="m3"/>'),
            "s>a s2>a s3>a a>c c>c2 c2>t t>r r>w w>th th>e",
            name="Sale",
        ),
        '<message id="m" name="asked"/>'
        f'<message id="m2" name="paid">{ext(zeebe("subscription", correlationKey="=k"))}</message>'
        '<message id="m3" name="done"/><signal id="g" name="go"/><signal id="g2" name="went"/>',
    )
    found = read(content)
    assert (found.key, found.name) == ("p", "Sale")
    assert found.properties == {"starterGroups": "office", "title": "=client.name"}
    assert (found.calls, found.calls_any) == ({"pay"}, True)
    assert (found.forms, found.decisions, found.actions) == ({"f"}, {"d"}, {"mail.send"})
    assert found.groups == {"office", "sales", "lawyers"}
    assert found.throws == {"signal:went", "message:done"}
    assert found.catches == {"message:asked", "message:paid", "signal:go"}
    assert (found.start_messages, found.start_signals) == ({"asked"}, {"go"})
    assert found.start_timers == ("R/P1D",)


def test_lanes_reach_into_sub_processes_and_inner_lanes_win():
    lanes = (
        '<laneSet id="ls"><lane id="l1" name="Company"><flowNodeRef>s</flowNodeRef><flowNodeRef>x</flowNodeRef>'
        '<flowNodeRef>y</flowNodeRef><childLaneSet id="cl"><lane id="l2" name="Sales"><flowNodeRef>x</flowNodeRef>'
        "</lane></childLaneSet></lane></laneSet>"
    )
    inner = start("is") + user("iu") + end("ie") + flows("is>iu iu>ie")
    elements = read(model(lanes + start() + sub("x", inner) + user("y") + end(), "s>x x>y y>e")).elements
    found = [elements[name].lane for name in ("s", "x", "iu", "y", "e")]
    assert found == ["Company", "Sales", "Sales", "Company", None]


def test_a_boundary_event_is_in_the_lane_of_its_activity():
    lanes = '<laneSet id="ls"><lane id="l" name="Sales"><flowNodeRef>a</flowNodeRef></lane></laneSet>'
    boundary = el("boundaryEvent", "b", timer("timeDuration", "P1D"), attachedToRef="a")
    content = model(lanes + start() + user("a") + boundary + end() + end("e2"), "s>a a>e b>e2")
    assert read(content).elements["b"].lane == "Sales"


def test_names_are_one_line_and_documentation_is_kept():
    content = model(start() + user("a", name="Call\nthe client").replace(
        "<extensionElements>", "<documentation>Be kind</documentation><extensionElements>") + end(), "s>a a>e")
    element = read(content).elements["a"]
    assert (element.name, element.documentation) == ("Call the client", "Be kind")


def test_several_processes_of_a_collaboration_are_several_procedures():
    content = definitions(
        '<collaboration id="c"><participant id="pa" name="Seller" processRef="p"/>'
        '<participant id="pb" processRef="q"/><participant id="client" name="Client"/></collaboration>',
        process(start() + end(), "s>e"),
        process(start("s2") + end("e2"), "s2>e2", "q", name="Buyer"),
    )
    assert [(found.key, found.name) for found in gate.read("x.bpmn", content)] == [("p", "Seller"), ("q", "Buyer")]


def test_a_process_that_does_not_say_whether_it_is_executable_is():
    content = model(start() + end(), "s>e").replace(b' isExecutable="true"', b"")
    assert read(content).key == "p"


def test_ids_and_names_may_be_russian():
    content = model(start("Начало") + user("Задача_1", name="Позвонить клиенту") + end("Конец"),
                    "Начало>Задача_1 Задача_1>Конец")
    assert read(content).elements["Задача_1"].name == "Позвонить клиенту"


def test_a_published_drawing_can_be_loaded_though_a_rule_came_later():
    content = model(start() + el("userTask", "a") + end(), "s>a a>e")
    with pytest.raises(Refused):
        gate.read("x.bpmn", content)
    (procedure,) = gate.load("x.bpmn", content)
    assert procedure.elements["a"].kind == "userTask"
    assert procedure.compiled is not None


def test_what_is_no_drawing_cannot_be_loaded_either():
    with pytest.raises(Refused):
        gate.load("x.bpmn", b"<!DOCTYPE d><d/>")

"""A set of drawings is held against what is there, and against itself."""
from __future__ import annotations

import pytest

from engine.bpmn import gate
from engine.bpmn.gate import Known, cross_check
from engine.bpmn.types import Procedure
from tests.engine.drawings import definitions, el, end, ext, model, process, props, start, user, xor, zeebe

SIGNAL = '<signal id="g" name="stop"/>'


def one(middle: str, outside: str = "", key: str = "p") -> Procedure:
    content = definitions(process(start() + middle + end(), "s>x x>e", key), outside)
    (procedure,) = gate.read("x.bpmn", content)
    return procedure


def found(checked: list[Procedure], **known) -> set[tuple[str, str | None]]:
    return {(fault.code, fault.element_id) for fault in cross_check(checked, Known(**known))}


CALL = el("callActivity", "x", ext(zeebe("calledElement", processId="q")))
DECISION = el("businessRuleTask", "x", ext(zeebe("calledDecision", decisionId="d", resultVariable="r")))
ACTION = el("serviceTask", "x", ext(zeebe("taskDefinition", type="deal.close")))
STARTS = {
    told: el("serviceTask", "x", ext(zeebe("taskDefinition", type="procedure.start") + zeebe(
        "ioMapping", f"<zeebe:input source='{told}' target='procedure'/>")))
    for told in ("r", '="r"', '=if a then "p" else "r"', '=if a then "p" else b', '="p"')
}  # fmt: skip
PERSON = el("userTask", "x", ext(zeebe("assignmentDefinition", assignee="anna", candidateUsers="boris, vera")))
THROW = el("intermediateThrowEvent", "x", '<signalEventDefinition signalRef="g"/>')
CATCH = el("intermediateCatchEvent", "x", '<signalEventDefinition signalRef="g"/>')


@pytest.mark.parametrize(
    ("middle", "known", "code"),
    [
        (user("x"), {"forms": {"sale/other": ()}}, "form-unknown"),
        (user("x"), {"groups": {"lawyers"}}, "group-unknown"),
        (user("x", props(controlPoint="C", cpOwnerGroup="bosses")), {"groups": {"sales"}}, "group-unknown"),
        (user("x", props(controlPoint="C", cpEscalation="help")), {}, "called-process-unknown"),
        (DECISION, {"decisions": {"other"}}, "decision-unknown"),
        (ACTION, {"actions": {"deal.reach"}}, "action-unknown"),
        (PERSON, {"users": {"anna", "boris"}}, "user-unknown"),
        (CALL, {}, "called-process-unknown"),
        (STARTS["r"], {}, "started-process-unknown"),
        (STARTS['="r"'], {}, "started-process-unknown"),
        (STARTS['=if a then "p" else "r"'], {}, "started-process-unknown"),
        (user("x", props(requires="CP-09")), {}, "requires-unknown"),
        (user("x", props(limitKind="discont", limitSum="=d")), {"limits": {"discount": ("a",)}}, "limit-kind-unknown"),
        (user("x", props(limitKind="discount", limitSum="=d")), {"limits": {"discount": ()}}, "limit-kind-empty"),
        (user("x", props(limitKind="discount", limitSum="=d")), {"limits": {"discount": ("boss",)}},
         "limit-groups-without"),
        (user("x", props(controlPoint="C", cpEvidence="field:sent")), {"forms": {"f": {"date"}}},
         "evidence-field-unknown"),
    ],
)  # fmt: skip
def test_a_reference_to_what_is_not_there_is_found(middle: str, known: dict, code: str):
    assert (code, "x") in found([one(middle)], **known)


@pytest.mark.parametrize("middle", [user("x"), PERSON, DECISION, ACTION])
def test_what_is_not_known_is_not_checked(middle: str):
    assert found([one(middle)]) == set()


def test_a_called_procedure_may_come_with_the_same_files_or_be_published_already():
    caller, called = one(CALL), one(user("x"), key="q")
    assert found([caller, called]) == set()
    assert found([caller], procedures=[called]) == set()


def test_a_starter_group_must_exist():
    content = model(ext(props(starterGroups="office")) + start() + end(), "s>e")
    assert found(list(gate.read("x", content)), groups={"sales"}) == {("group-unknown", "p")}


def test_a_signal_that_nobody_throws_stops_publication():
    waiting = one(CATCH, SIGNAL)
    assert found([waiting]) == {("signal-nobody-throws", None)}
    assert found([waiting], procedures=[one(THROW, SIGNAL, "q")]) == set()
    assert found([waiting], signals={"stop"}) == set()
    assert {fault.severity for fault in cross_check([waiting], Known())} == {"error"}


def test_a_signal_or_message_that_nobody_catches_is_a_warning():
    message = '<message id="m" name="paid"/>'
    sender = one(el("intermediateThrowEvent", "x", '<messageEventDefinition messageRef="m"/>'), message)
    for procedure, code in ((one(THROW, SIGNAL), "signal-nobody-catches"), (sender, "message-nobody-catches")):
        assert [(fault.code, fault.severity) for fault in cross_check([procedure], Known())] == [(code, "warning")]
    assert found([sender], messages={"paid"}) == set()


@pytest.mark.parametrize("told", ['="p"', '=if a then "p" else b'])
def test_a_procedure_to_be_started_may_be_there_or_depend_on_data(told: str):
    assert found([one(STARTS[told])]) == set()


def test_two_procedures_with_one_id_are_refused():
    assert ("process-key-duplicate", "p") in found([one(user("x")), one(user("x"))])


def test_one_message_starts_one_procedure():
    def started(key: str) -> Procedure:
        begin = start("s", '<messageEventDefinition messageRef="m"/>')
        content = definitions(process(begin + end(), "s>e", key), '<message id="m" name="asked"/>')
        return gate.read("x", content)[0]

    assert ("message-starts-several", None) in found([started("p"), started("q")])


def test_procedures_that_call_each_other_in_a_circle_are_a_warning():
    back = el("callActivity", "x", ext(zeebe("calledElement", processId="p")))
    faults = cross_check([one(CALL), one(back, key="q")], Known())
    assert {(fault.code, fault.file, fault.severity) for fault in faults} == {
        ("calls-in-a-circle", "p", "warning"), ("calls-in-a-circle", "q", "warning")}  # fmt: skip


def names(content: bytes, **known) -> dict[str, str]:
    faults = cross_check(gate.read("x", content), Known(sources={"x.bpmn": content}, **known))
    return {str(fault.reason): str(fault.remedy) for fault in faults if fault.code == "name-unknown"}


FORM_START = el("startEvent", "s", ext(zeebe("formDefinition", externalReference="f")))


def choice(condition: str, begin: str = FORM_START) -> bytes:
    return model(begin + xor("g", default="f_g_e") + end() + end("e2"), f"s>g g>e g>e2[={condition}]")


def test_a_name_that_nothing_sets_is_reported_where_everything_is_known():
    assert names(choice("colour = 1"), forms={"f": {"amount"}}) == {
        "Nothing sets «colour»": "Correct the name, or set it in a form, a mapping or a script"
    }


def test_a_misspelt_name_is_reported_even_where_variables_come_from_outside():
    found_names = names(choice("amuont > 1 and colour = 2", start()), forms={"f": {"amount"}})
    assert found_names == {"Nothing sets «amuont»": "Is «amount» meant?"}


def test_facts_form_fields_mappings_and_loop_items_are_known_names():
    mapped = user("x", zeebe("ioMapping", zeebe("input", source="=deal.id", target="number")
                             + zeebe("output", source="=number", target="mine")))  # fmt: skip
    content = model(FORM_START + mapped + xor("g", default="f_g_e") + end() + end("e2"),
                    "s>x x>g g>e g>e2[=mine > 1 and amount = 2 and (for line in [1] return line)[1] = 1]")  # fmt: skip
    assert names(content, forms={"f": {"amount"}}, facts={"deal"}) == {}

"""Instances: who may start what, how they are called, suspended, resumed, ended."""
from __future__ import annotations

import threading
from datetime import date

import pytest

from engine import incidents, instances, tasks
from engine.errors import Forbidden, Invalid, NotFound, UnderWay, WrongState
from engine.models import Client, ProcessInstance
from engine.work import run, unit_of_work
from tests.case import END, START, Case, drawing, form, user_task
from tests.cast import actor

SALE = (
    '<zeebe:property name="starterGroups" value="manager"/>'
    '<zeebe:property name="title" value="=&quot;Sale to &quot; + who"/>'
)
ONE = drawing("one", START + user_task("do") + END, flows="start>do;do>end", properties=SALE)


def test_only_the_starter_groups_start_a_procedure_by_hand(case: Case) -> None:
    case.publish(ONE)
    with pytest.raises(Forbidden):
        case.start("one", "lidia")
    assert case.start("one", "anna", who="Maria").started_by == case.user("anna").id


def test_a_procedure_without_starter_groups_is_only_called(case: Case) -> None:
    case.publish(drawing("inner", START + user_task("do") + END, flows="start>do;do>end"))
    with pytest.raises(Forbidden):
        case.start("inner", "anna")
    assert case.start("inner").started_by is None


ABOUT = '<zeebe:property name="subject" value="client"/>'
ALONE = drawing("alone", START + user_task("do") + END, flows="start>do;do>end",
                properties=SALE.replace("who", "known") + ABOUT)  # fmt: skip


def test_of_two_that_start_at_the_same_moment_for_one_client_one_is_refused_in_words(case: Case, backend: str) -> None:
    """Both have looked and found nothing running; the database lets one of them in."""
    case.publish(ALONE)
    client_id = _client(case)
    meet, arrived = threading.Barrier(2, timeout=20), []

    def facts(*_: object) -> dict[str, str]:
        if backend == "postgresql" and len(arrived) < 2:  # SQLite lets one writer after another in
            arrived.append(1)
            meet.wait()
        return {"known": "somebody"}

    case.env.facts = facts
    outcomes: list[str] = []

    def begin() -> None:
        try:
            begun = run(case.env, actor(case.env, "anna"), instances.start, "alone", {}, client_id=client_id)
            case.instance_id = begun.id
            outcomes.append("started")
        except UnderWay as refused:
            outcomes.append(str(refused))

    both = [threading.Thread(target=begin) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert sorted(outcomes) == ["started", "«alone» is under way for this client already"]
    case.complete("do")
    begin()
    assert outcomes[-1] == "started", "what has ended stands in nobody's way"


def _client(case: Case) -> int:
    with unit_of_work(case.env, actor(case.env, "anna")) as work:
        client = Client(kind="legal", name="Ромашка", full_name="ООО «Ромашка»", requisites={}, created_at=work.now)
        work.session.add(client)
        work.session.flush()
        return client.id


def test_there_is_no_such_procedure(case: Case) -> None:
    with pytest.raises(NotFound, match="There is no procedure «none»"):
        case.start("none")


def test_the_title_comes_from_the_drawing_and_a_broken_one_is_no_reason_not_to_begin(case: Case) -> None:
    case.publish(ONE)
    assert case.start("one", "anna", who="Maria").title == "Sale to Maria"
    assert case.start("one", "anna").title == "one"


def test_a_form_that_brings_what_the_title_speaks_of_renames_the_instance(case: Case) -> None:
    steps = START + user_task("ask", form="t/ask") + user_task("do", form="t/ask") + END
    case.publish(drawing("one", steps, flows="start>ask;ask>do;do>end", properties=SALE),
                 forms={"t/ask": form("who")})  # fmt: skip
    started = case.start("one", "anna")
    case.complete("ask", who="Maria")
    with case.env.sessions() as session:
        assert session.get_one(ProcessInstance, started.id).title == "Sale to Maria"
    assert "sale to maria" in (case.task("do").words or "")
    assert "process_instance.retitled" in [event.type for event in case.log()]
    case.complete("do", who="Maria")
    assert [event.type for event in case.log()].count("process_instance.retitled") == 1


def test_who_started_it_is_known_to_every_expression(case: Case) -> None:
    case.publish(ONE)
    case.start("one", "anna", who="x")
    assert case.variables["initiator"] == "anna"


def test_the_initiator_cannot_be_forged(case: Case) -> None:
    case.publish(ONE)
    case.start("one", "anna", who="x", initiator="dmitry")
    assert case.variables["initiator"] == "anna"


def test_variables_keep_their_types_through_the_database(case: Case) -> None:
    case.publish(ONE)
    case.start("one", "anna", who="x", when=date(2026, 11, 16), tags=["a", {"$": "decimal", "v": "1"}])
    assert case.variables["when"] == date(2026, 11, 16)
    assert case.variables["tags"] == ["a", {"$": "decimal", "v": "1"}]


def test_suspending_needs_a_head_and_a_reason(case: Case) -> None:
    case.publish(ONE)
    case.start("one", "anna", who="x")
    with pytest.raises(Forbidden):
        case.act("anna", instances.suspend, case.instance_id, "tired")
    with pytest.raises(Invalid, match="Say why"):
        case.act("elena", instances.suspend, case.instance_id, "  ")
    case.act("elena", instances.suspend, case.instance_id, "holidays")
    for verb in (lambda: case.complete("do", "anna"), lambda: case.act("anna", tasks.claim, case.task("do").id)):
        with pytest.raises(WrongState, match="is suspended"):
            verb()
    with pytest.raises(WrongState):
        case.act("elena", instances.suspend, case.instance_id, "again")
    case.act("elena", instances.resume, case.instance_id, "back")
    case.complete("do", "anna")
    assert case.instance.status == "completed"


def test_what_has_ended_cannot_be_cancelled(case: Case) -> None:
    case.publish(ONE)
    case.start("one", "anna", who="x")
    case.complete("do", "anna")
    with pytest.raises(WrongState, match="is completed"):
        case.act("elena", instances.cancel, case.instance_id, "late")


def test_the_task_of_a_cancelled_instance_says_that_it_is_no_longer_asked_for(case: Case) -> None:
    case.publish(ONE)
    case.start("one", "anna", who="x")
    case.act("elena", instances.cancel, case.instance_id, "the client is gone")
    with pytest.raises(WrongState, match="no longer asks for it"):
        case.complete("do", "anna")


CALLING = drawing(
    "outer",
    START + '<bpmn:callActivity id="call"><bpmn:extensionElements><zeebe:calledElement processId="inner"/>'
    "</bpmn:extensionElements></bpmn:callActivity>" + user_task("after") + END,
    flows="start>call;call>after;after>end",
)


def test_a_called_procedure_shares_the_instance_and_brings_its_variables_back(case: Case) -> None:
    inner = drawing("inner", START + user_task("do", form="t/do") + END, flows="start>do;do>end")
    case.publish(CALLING, inner, forms={"t/do": form("note")})
    case.start("outer", greeting="hello")
    task = case.task("do")
    assert (task.process_key, task.path) == ("inner", "call")
    with unit_of_work(case.env, actor(case.env, "anna")) as work:
        assert tasks.seen(work, tasks.find(work, task.id))["greeting"] == "hello"
    case.complete("do", note="inside")
    assert (case.open, case.variables["note"]) == (["after"], "inside")


def test_an_instance_that_stands_still_for_ever_reports_itself(case: Case) -> None:
    case.publish(ONE)
    case.start("one", "anna", who="x")
    case.act("system", incidents.watch, case.instance_id)
    assert case.incidents == []
    stored = case.instance.state
    case.complete("do", "anna")
    with unit_of_work(case.env, actor(case.env, "system")) as work:
        instance = instances.find(work, case.instance_id)
        instance.status, instance.state = "active", b"\x63" + stored[1:]
    case.act("system", incidents.watch, case.instance_id)
    assert [incident.kind for incident in case.incidents] == ["state"]


def test_a_corrected_failure_is_retried_from_where_it_stands(case: Case) -> None:
    case.env.settings = {}
    body = START + user_task("a") + '<bpmn:scriptTask id="s"><bpmn:extensionElements>' \
        '<zeebe:script expression="=setting(&quot;limits.big&quot;)" resultVariable="big"/></bpmn:extensionElements>' \
        "</bpmn:scriptTask>" + user_task("b") + END  # fmt: skip
    case.publish(drawing("p", body, flows="start>a;a>s;s>b;b>end"))
    case.start("p")
    case.complete("a")
    (incident,) = case.incidents
    assert (case.open, incident.kind) == ([], "element")
    case.env.settings = {"limits": {"big": 7}}
    case.act("maria", incidents.retry, incident.id, "the setting was missing")
    assert (case.open, case.variables["big"]) == (["b"], 7)
    assert [found.status for found in case.incidents] == ["retried"]

"""Publication: all or nothing, no version without a change, running instances keep their rules."""
from __future__ import annotations

from pathlib import Path

import pytest

from engine import deployments
from engine.errors import Conflict, Forbidden, NotFound, Refused
from engine.models import DraftFile, ProcessDefinition, ProcessInstance, Resource
from tests.case import END, START, Case, drawing, form, user_task


def simple(key: str, name: str = "do", form_key: str | None = None) -> bytes:
    return drawing(key, START + user_task("do", name, form=form_key) + END, flows="start>do;do>end")


CALLS = drawing("calls", START + '<bpmn:callActivity id="call"><bpmn:extensionElements>'
                '<zeebe:calledElement processId="inner"/></bpmn:extensionElements></bpmn:callActivity>' + END,
                flows="start>call;call>end")  # fmt: skip


def put(case: Case, **files: bytes) -> object:
    return case.act("maria", deployments.publish, {name.replace("__", "/").replace("_bpmn", ".bpmn")
                    .replace("_form", ".form"): content for name, content in files.items()})  # fmt: skip


def versions(case: Case) -> list[tuple[str, int]]:
    with case.env.sessions() as session:
        rows = session.query(ProcessDefinition).order_by(ProcessDefinition.key, ProcessDefinition.version)
        return [(row.key, row.version) for row in rows]


def test_only_process_designers_publish(case: Case) -> None:
    with pytest.raises(Forbidden):
        case.act("elena", deployments.publish, {"processes/p/p.bpmn": simple("p")})


def test_what_has_not_changed_makes_no_version(case: Case) -> None:
    assert put(case, processes__p_bpmn=simple("p")) is not None
    assert put(case, processes__p_bpmn=simple("p")) is None
    assert put(case, processes__p_bpmn=simple("p"), processes__q_bpmn=simple("q")) is not None
    assert put(case, processes__p_bpmn=simple("p", "done better")) is not None
    assert versions(case) == [("p", 1), ("p", 2), ("q", 1)]
    assert case.logged(0).count("deployment.published") == 3


def test_one_fault_publishes_nothing_and_all_faults_are_told(case: Case) -> None:
    with pytest.raises(Refused) as refusal:
        put(case, processes__p_bpmn=simple("p"), processes__q_bpmn=simple("q", form_key="q/none"),
            processes__r_bpmn=b"<not bpmn")  # fmt: skip
    assert versions(case) == []
    assert refusal.value.faults
    with pytest.raises(Refused) as refusal:
        put(case, processes__p_bpmn=simple("p"), processes__q_bpmn=simple("q", form_key="q/none"))
    assert [(fault.code, fault.element_id) for fault in refusal.value.faults] == [("form-unknown", "do")]
    assert versions(case) == []


def test_a_check_tells_faults_without_publishing(case: Case) -> None:
    with case.env.sessions() as session:
        files = {"processes/q.bpmn": simple("q", form_key="q/none")}
        faults = deployments.check(session, case.env, files)
    assert [fault.code for fault in faults if fault.severity == "error"] == ["form-unknown"]
    assert versions(case) == []


def test_a_changed_form_makes_a_new_version_of_every_procedure_that_shows_it(case: Case) -> None:
    put(case, processes__p_bpmn=simple("p", form_key="x/f"), processes__q_bpmn=simple("q"),
        forms__x__f_form=form("note"))  # fmt: skip
    put(case, forms__x__f_form=form("note", "more"))
    assert versions(case) == [("p", 1), ("p", 2), ("q", 1)]
    with case.env.sessions() as session:
        assert case.env.library.latest(session, "p").forms == {"x/f": 2}


def test_a_running_instance_keeps_the_form_and_the_drawing_it_began_with(case: Case) -> None:
    put(case, processes__p_bpmn=simple("p", form_key="x/f"), forms__x__f_form=form("note"))
    old = case.start("p").id
    put(case, processes__p_bpmn=simple("p", "other", "x/f"), forms__x__f_form=form("amount:number"))
    new = case.start("p").id
    case.instance_id = old
    case.complete("do", note="as it was")
    assert (case.instance.version, case.variables["note"]) == (1, "as it was")
    case.instance_id = new
    case.complete("do", amount="5")
    assert case.instance.version == 2


def test_a_running_instance_keeps_the_versions_of_what_it_will_call(case: Case) -> None:
    put(case, processes__inner_bpmn=simple("inner", "first"), processes__calls_bpmn=CALLS)
    case.start("calls")
    put(case, processes__inner_bpmn=simple("inner", "second"))
    assert case.instance.versions == {"calls": 1, "inner": 1}
    assert case.task("do").name == "first"
    case.start("calls")
    assert case.task("do").name == "second"


def test_a_draft_may_have_faults_and_touches_nobody(case: Case) -> None:
    put(case, processes__p_bpmn=simple("p"))
    case.act("maria", deployments.save_draft, "processes/p.bpmn", b"<half")
    assert versions(case) == [("p", 1)]
    with pytest.raises(Refused):
        case.act("maria", deployments.publish_draft, "processes/p.bpmn")
    with case.env.sessions() as session:
        assert session.query(DraftFile).one().content == b"<half"
    case.act("maria", deployments.save_draft, "processes/p.bpmn", simple("p", "better"))
    case.act("maria", deployments.publish_draft, "processes/p.bpmn")
    assert versions(case) == [("p", 1), ("p", 2)]
    with case.env.sessions() as session:
        assert session.query(DraftFile).count() == 0


def test_two_designers_do_not_overwrite_each_others_draft(case: Case) -> None:
    draft = case.act("maria", deployments.save_draft, "processes/p.bpmn", simple("p"))
    case.act("maria", deployments.save_draft, "processes/p.bpmn", simple("p", "b"), draft.revision)
    with pytest.raises(Conflict, match="saved this file meanwhile"):
        case.act("maria", deployments.save_draft, "processes/p.bpmn", simple("p", "c"), draft.revision)


def test_what_is_no_draft_cannot_be_published_or_discarded(case: Case) -> None:
    for verb in (deployments.publish_draft, deployments.discard_draft):
        with pytest.raises(NotFound):
            case.act("maria", verb, "processes/p.bpmn")
    case.act("maria", deployments.save_draft, "processes/p.bpmn", b"")
    case.act("maria", deployments.discard_draft, "processes/p.bpmn")
    assert case.logged(0) == ["draft.saved", "draft.discarded"]


def test_the_content_folders_are_read_as_they_lie_there(tmp_path: Path) -> None:
    for name in ("processes/sale/sale.bpmn", "processes/sale/README.md", "forms/sale/a.form", "settings/x.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    assert set(deployments.files_of(tmp_path)) == {"processes/sale/sale.bpmn", "forms/sale/a.form"}
    assert deployments.key_of("forms/sale/plan_meeting.form") == "sale/plan_meeting"


def test_a_form_knows_the_names_of_its_fields(case: Case) -> None:
    put(case, forms__x__f_form=form("note", "amount:number"))
    with case.env.sessions() as session:
        assert session.query(Resource).one().provides == ["amount", "note"]


DAILY = (
    '<bpmn:startEvent id="start"><bpmn:timerEventDefinition id="d"><bpmn:timeCycle>R/P1D</bpmn:timeCycle>'
    "</bpmn:timerEventDefinition></bpmn:startEvent>"
)


def test_a_timer_start_begins_an_instance_each_time_and_does_not_catch_up(case: Case) -> None:
    case.publish(drawing("daily", DAILY + user_task("do") + END, flows="start>do;do>end"))
    assert case.later(days=1) == 1
    assert case.later(days=1) == 1
    assert case.later(days=10) == 1
    with case.env.sessions() as session:
        assert session.query(ProcessInstance).count() == 3


def test_a_new_version_takes_over_the_timer_start_of_the_old_one(case: Case) -> None:
    case.publish(drawing("daily", DAILY + user_task("do") + END, flows="start>do;do>end"))
    case.clock.move(hours=12)
    case.publish(drawing("daily", DAILY + user_task("do", "anew") + END, flows="start>do;do>end"))
    assert case.later(hours=13) == 0
    assert case.later(hours=12) == 1
    assert sorted(job.status for job in case.jobs()) == ["cancelled", "done", "waiting"]

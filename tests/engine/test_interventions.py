"""Skipping, moving, editing: with a reason, by two persons where that is demanded, and the instance stays whole."""
from __future__ import annotations

from typing import Any

import pytest

from engine import control_points, instances, interventions, tasks
from engine.crm.reports import registry
from engine.crm.reports.model import value_of
from engine.environment import Environment
from engine.errors import Forbidden, Invalid, WrongState
from engine.models import Intervention
from engine.work import SYSTEM
from tests.case import END, START, Clock, catch, drawing, form, message, script, service_task, timer, user_task
from tests.engine.returning import END2, Back, each, gate, refused, sound
from tests.engine.test_returns_flow import AROUND, AROUND_FLOWS, FORK, FORK_FLOWS

LINE = drawing(
    "line",
    START + user_task("write", form="t/write") + script("tax", "=amount * 2", "tax") + timer("pause", "P5D")
    + user_task("check", groups="head") + END,
    flows="start>write;write>tax;tax>pause;pause>check;check>end",
)  # fmt: skip


@pytest.fixture
def back(env: Environment, clock: Clock) -> Back:
    return Back(env, clock)


@pytest.fixture
def line(back: Back) -> Back:
    back.publish(LINE, forms={"t/write": form("amount:number")})
    back.start("line", amount=1)
    return back


def token(case: Back, element_id: str) -> str:
    """The token at an open element."""
    return next(visit.token_id for visit in case.visits if visit.element_id == element_id and visit.left_at is None)


def ledger(case: Back) -> list[Intervention]:
    with case.env.sessions() as session:
        return session.query(Intervention).order_by(Intervention.id).all()


def skip(case: Back, element_id: str, login: str = "elena", reason: str = "By phone", **given: Any) -> Intervention:
    """With what is filled in on the form of the step where it has one, else with variables."""
    verb: Any = interventions.skip
    if given and element_id == "write":
        verb, given = interventions.skip_filled, {name: str(value) for name, value in given.items()}
    row: Intervention = case.act(login, verb, case.instance_id, token(case, element_id), given, reason)
    return row


def move(case: Back, element_id: str, to: str, path: str = "", **given: Any) -> Intervention:
    row: Intervention = case.act(
        "elena", interventions.move, case.instance_id, token(case, element_id), path, to, given, "Wrong way"
    )
    return row


def test_a_skipped_task_gives_what_it_would_have_given(line: Back) -> None:
    skip(line, "write", amount=50)
    assert (line.timers, str(line.variables["tax"])) == (["pause"], "100")
    assert line.task("write").status == "cancelled"
    said = next(one for one in line.log() if one.type == "step.skipped")
    assert (said.data["element"], said.data["reason"]) == ("write", "By phone")
    assert said.data["fields"] == ["amount"]
    assert said.actor_id == line.user("elena").id
    sound(line)


def test_what_the_form_of_a_skipped_step_refuses_is_not_taken_in_its_place(line: Back) -> None:
    with pytest.raises(Invalid) as refusal:
        skip(line, "write", amount="much")
    assert set(refusal.value.fields) == {"amount"}
    with pytest.raises(Invalid, match="has a form"):
        line.act("elena", interventions.skip, line.instance_id, token(line, "write"), {"amount": 50}, "By hand")
    line.complete("write", amount="1")
    with pytest.raises(WrongState, match="has no form"):
        line.act("elena", interventions.skip_filled, line.instance_id, token(line, "pause"), {}, "By hand")
    assert len(ledger(line)) == 0


def test_a_timer_that_need_not_be_waited_for_is_skipped(line: Back) -> None:
    line.complete("write", amount="1")
    skip(line, "pause")
    assert (line.open, line.timers) == (["check"], [])
    sound(line)


def test_a_message_that_will_not_come_is_skipped(back: Back) -> None:
    body = START + catch("answer", "message", "m1") + user_task("b") + END
    back.publish(drawing("flow", body, roots=message("m1", "answer", "=number"), flows="start>answer;answer>b;b>end"))
    back.start("flow", number="k")
    skip(back, "answer", agreed=True)
    assert (back.open, back.variables["agreed"]) == (["b"], True)
    sound(back)


def test_a_step_that_an_incident_holds_is_skipped_and_the_incident_is_over(back: Back) -> None:
    body = START + script("count", "=missing + 1", "counted") + user_task("b") + END
    back.publish(drawing("flow", body, flows="start>count;count>b;b>end"))
    back.start("flow")
    (incident,) = back.incidents
    back.act("elena", interventions.skip, back.instance_id, incident.token_id, {"counted": 3}, "By hand")
    assert (back.open, back.variables["counted"], back.incidents[0].status) == (["b"], 3, "resolved")
    sound(back)


def test_an_action_that_cannot_be_done_is_skipped(back: Back) -> None:
    back.env.actions.add("do.it", lambda *_: None)
    back.publish(drawing("flow", START + service_task("act", "do.it") + user_task("b") + END,
                         flows="start>act;act>b;b>end"))  # fmt: skip
    back.start("flow")
    skip(back, "act", result="by hand")
    assert (back.run_jobs(), back.open, back.variables["result"]) == (0, ["b"], "by hand")
    sound(back)


def test_a_token_is_moved_on_and_back(line: Back) -> None:
    move(line, "write", "check", tax=7)
    assert (line.open, line.variables["tax"], line.timers) == (["check"], 7, [])
    move(line, "check", "pause")
    assert (line.open, line.timers) == ([], ["pause"])
    moved = [(one.data["element"], one.data["to"]) for one in line.log() if one.type == "token.moved"]
    assert moved == [("write", "check"), ("check", "pause")]
    sound(line)


def test_a_token_is_moved_out_of_a_sub_process_and_into_it(back: Back) -> None:
    back.publish(drawing("flow", AROUND, flows=AROUND_FLOWS))
    back.start("flow")
    move(back, "a", "b2", "inside")
    assert back.open == ["b2"]
    sound(back)
    move(back, "b2", "d")
    assert back.open == ["d"]
    sound(back)
    back.complete("d")
    assert back.instance.status == "completed"


def test_a_move_that_would_leave_a_join_waiting_for_ever_is_refused(back: Back) -> None:
    back.publish(drawing("flow", FORK, flows=FORK_FLOWS))
    back.start("flow")
    with refused("«join» would wait for another branch for ever"):
        move(back, "a", "b")
    back.complete("a")
    with refused("«join» would wait for another branch for ever"):
        move(back, "b", "d")
    move(back, "b", "b2")
    for element in ("b2", "c", "d"):
        back.complete(element)
    assert back.instance.status == "completed"


@pytest.mark.parametrize("to", ["join", "start", "nowhere"])
def test_what_nothing_can_go_on_from_is_refused(back: Back, to: str) -> None:
    back.publish(drawing("flow", FORK, flows=FORK_FLOWS))
    back.start("flow")
    with pytest.raises(Exception, match=r"Nothing can go on from|There is no step"):
        move(back, "a", to)
    assert back.open == ["a"]


def test_edited_data_reach_every_branch_without_a_conflict(back: Back) -> None:
    back.publish(drawing("flow", FORK, flows=FORK_FLOWS))
    back.start("flow", amount=1)
    back.complete("a")
    back.act("elena", interventions.edit, back.instance_id, {"amount": 5, "note": "put right"}, "Typing error")
    assert (back.seen_by("b")["amount"], back.seen_by("c")["note"]) == (5, "put right")
    for element in ("b", "b2", "c"):
        back.complete(element)
    assert (back.variables["amount"], back.open) == (5, ["d"])
    said = next(one for one in back.log() if one.type == "process_instance.data_edited")
    assert said.data["changed"] == {"amount": [1, 5], "note": [None, "put right"]}
    assert not [one for one in back.log() if "conflicts" in str(one.data)]
    sound(back)


def test_edited_data_outlast_what_an_ended_branch_had_left(back: Back) -> None:
    body = START + gate("fork") + script("set", "=1", "x") + user_task("b") + END + END2
    back.publish(drawing("flow", body, flows="start>fork;fork>set;set>end;fork>b;b>end2"))
    back.start("flow")
    back.act("elena", interventions.edit, back.instance_id, {"x": 9}, "Typing error")
    assert back.variables["x"] == 9
    back.complete("b")
    assert back.variables["x"] == 9


def test_edited_data_reach_the_rounds_of_a_list(back: Back) -> None:
    several = user_task("b").replace("</bpmn:userTask>", f"{each(False)}</bpmn:userTask>")
    back.publish(drawing("flow", START + several + END, flows="start>b;b>end"))
    back.start("flow", people=[1, 2], rate=1)
    back.act("elena", interventions.edit, back.instance_id, {"rate": 2}, "New rate")
    assert back.seen_by("b")["rate"] == 2
    sound(back)


def test_every_intervention_needs_a_reason_and_the_right(line: Back) -> None:
    with pytest.raises(Invalid, match="Say why"):
        skip(line, "write", reason=" ")
    with pytest.raises(Forbidden):
        skip(line, "write", login="anna")
    with pytest.raises(Invalid, match="Say which variable"):
        line.act("elena", interventions.edit, line.instance_id, {}, "Why not")
    assert line.open == ["write"]
    assert ledger(line) == []


def test_all_kinds_stand_in_one_ledger(line: Back) -> None:
    boris = line.user("boris").id
    line.act("elena", tasks.reassign, line.task("write").id, boris, "Anna is ill")
    line.act("elena", tasks.set_due, line.task("write").id, line.clock.now, "Sooner")
    line.act("elena", instances.suspend, line.instance_id, "The client thinks")
    line.act("elena", instances.resume, line.instance_id, "He has thought")
    skip(line, "write", amount=1)
    line.act("elena", interventions.cancel, line.instance_id, "Not wanted any more")
    assert [(row.kind, row.status) for row in ledger(line)] == [
        (kind, "done") for kind in ("reassign", "extend", "suspend", "skip", "cancel")
    ]
    assert line.instance.status == "cancelled"
    assert line.verify().holds


def test_a_waived_control_point_stands_there_too(back: Back) -> None:
    body = START + user_task("a", controlPoint="CP-01") + END
    back.publish(drawing("pointed", body, flows="start>a;a>end"))
    back.start("pointed")
    back.act("elena", control_points.waive, 1, "The client is on holiday")
    assert [(row.kind, row.element_id) for row in ledger(back)] == [("waive", "a")]


# --- two persons -----------------------------------------------------------------------------------------------------


@pytest.fixture
def strict(line: Back) -> Back:
    """Skipping and cancelling need a director or a process designer beside the head."""
    line.env.settings["interventions"] = {"second": {"skip": ["director", "head"], "cancel": ["director"]}}
    return line


def test_a_marked_kind_waits_for_the_second_person(strict: Back) -> None:
    row = skip(strict, "write", amount=50)
    assert (row.status, strict.open) == ("requested", ["write"])
    strict.act("dmitry", interventions.confirm, row.id, "Agreed")
    (done,) = ledger(strict)
    assert (done.status, done.decided_by, done.requested_by) == (
        "done", strict.user("dmitry").id, strict.user("elena").id,
    )  # fmt: skip
    assert (strict.open, strict.timers) == ([], ["pause"])
    told = [one.type for one in strict.log() if one.type.startswith(("intervention", "step"))]
    assert told == ["intervention.requested", "intervention.confirmed", "step.skipped"]
    sound(strict)


def test_nobody_is_second_to_himself_nor_by_standing_in_for_somebody(strict: Back) -> None:
    row = skip(strict, "write", amount=50)
    for login in ("elena", "boris", "maria"):
        with pytest.raises(Forbidden):
            strict.act(login, interventions.confirm, row.id)
    assert strict.open == ["write"]


def test_a_refused_request_changes_nothing_and_says_why(strict: Back) -> None:
    row = skip(strict, "write", amount=50)
    with pytest.raises(Invalid):
        strict.act("dmitry", interventions.refuse, row.id, " ")
    strict.act("dmitry", interventions.refuse, row.id, "Ask the client first")
    assert (ledger(strict)[0].status, ledger(strict)[0].answer, strict.open) == (
        "refused", "Ask the client first", ["write"],
    )  # fmt: skip
    with pytest.raises(WrongState, match="decided on this request already"):
        strict.act("dmitry", interventions.confirm, row.id)


def test_who_asked_takes_it_back_and_may_ask_anew(strict: Back) -> None:
    row = skip(strict, "write", amount=50)
    with pytest.raises(WrongState, match="asked for already"):
        skip(strict, "write", amount=50)
    with pytest.raises(Forbidden):
        strict.act("dmitry", interventions.withdraw, row.id)
    strict.act("elena", interventions.withdraw, row.id)
    skip(strict, "write", amount=50)
    assert [one.status for one in ledger(strict)] == ["withdrawn", "requested"]


def test_what_has_moved_on_meanwhile_is_not_skipped_any_more(strict: Back) -> None:
    row = skip(strict, "write", amount=50)
    strict.complete("write", amount="1")
    with pytest.raises(WrongState, match="not open any more"):
        strict.act("dmitry", interventions.confirm, row.id)
    assert ledger(strict)[0].status == "requested"


def test_a_cancellation_of_two_persons_is_one_line_of_the_ledger(strict: Back) -> None:
    row = strict.act("elena", interventions.cancel, strict.instance_id, "Not wanted")
    assert strict.instance.status == "active"
    strict.act("dmitry", interventions.confirm, row.id)
    assert strict.instance.status == "cancelled"
    assert [(one.kind, one.status) for one in ledger(strict)] == [("cancel", "done")]


# --- the monthly report ----------------------------------------------------------------------------------------------


def report(case: Back, key: str = "", **given: str) -> list[dict[str, Any]]:
    found = registry.all_reports()["RP-26"]
    with case.env.sessions() as session:
        asked = registry.ask(found, session, case.env, SYSTEM, case.clock.now.date(), given, 1)
        (table,) = registry.tables(found, asked, key or None)
        return [{name: value_of(cell) for name, cell in row.items()} for row in table.rows if isinstance(row, dict)]


def test_the_monthly_report_counts_what_was_done_beside_the_diagram(line: Back) -> None:
    line.env.settings["interventions"] = {"second": {"skip": ["director"]}}
    line.complete("write", amount="1")
    row = skip(line, "pause")
    line.act("dmitry", interventions.confirm, row.id)
    skip(line, "check", reason="Asked only")  # not confirmed: not counted
    line.act("elena", interventions.edit, line.instance_id, {"tax": 3}, "Typing error")
    line.act("elena", tasks.reassign, line.task("check").id, line.user("elena").id, "Hers")
    counted = {str(entry["step"]): entry for entry in report(line)}
    assert {step: entry["all"] for step, entry in counted.items()} == {"pause": 1, "check": 1, "the whole case": 1}
    assert (counted["pause"]["skip"], counted["check"]["reassign"]) == (1, 1)
    (case,) = report(line, "acts", kind="skip")
    assert (case["reason"], case["second"]) == ("By phone", "Волков Дмитрий")


def test_returns_are_counted_at_the_step_that_is_done_again(back: Back) -> None:
    back.publish(drawing("flow", FORK, flows=FORK_FLOWS))
    back.start("flow")
    back.complete("a")
    back.recall("a")
    for element in ("a", "b"):
        back.complete(element)
    back.give_back("b2", "b", "anna")
    counted = {entry["step"]: entry for entry in report(back)}
    assert (counted["b"]["returned"], counted["a"]["recalled"]) == (1, 1)

"""Return and recall along one branch: who gets the step again, with what, and what is left of the rest."""
from __future__ import annotations

import json
from datetime import timedelta

import pytest

from engine import instances, returns, tasks
from engine.environment import Environment
from engine.errors import Forbidden, Invalid, NotFound
from engine.models import Absence, Document
from engine.vocabulary import TaskStatus
from tests.case import END, START, Clock, drawing, form, script, service_task, timer, user_task
from tests.engine.returning import Back, refused, sound

FORMS = {"t/write": form("amount:number", "note"), "t/check": form("ok:checkbox")}
LINE = drawing(
    "line",
    START + user_task("write", form="t/write") + script("tax", "=amount * 2", "tax")
    + user_task("review", groups="lawyer", form="t/check") + timer("late", "PT8BH", on="check")
    + user_task("check", groups="head", form="t/check") + user_task("sign", groups="director") + END
    + '<bpmn:endEvent id="end2"/>',
    flows="start>write;write>tax;tax>review;review>check;check>sign;sign>end;late>end2",
)  # fmt: skip


@pytest.fixture
def back(env: Environment, clock: Clock) -> Back:
    return Back(env, clock)


@pytest.fixture
def line(back: Back) -> Back:
    """Anna has written, Lidia has reviewed, it is with the head."""
    back.publish(LINE, forms=FORMS)
    back.start("line", amount=1)
    back.complete("write", "anna", amount="100", note="first")
    back.complete("review", "lidia", ok="true")
    return back


def test_a_returned_task_opens_for_who_did_it_with_what_he_entered(line: Back) -> None:
    opened = line.give_back("check", "write")
    anna = line.user("anna").id
    assert (line.open, opened.assignee_id, opened.status, opened.round) == (["write"], anna, TaskStatus.CLAIMED, 2)
    seen = line.seen_by("write")
    assert (str(seen["amount"]), seen["note"]) == ("100", "first")
    assert line.task("check").status == TaskStatus.CANCELLED


def test_the_earlier_step_sees_the_variables_it_saw_then(line: Back) -> None:
    line.give_back("check", "write")
    assert "tax" not in line.seen_by("write")
    line.complete("write", "anna", amount="7", note="second")
    assert (line.open, str(line.variables["tax"])) == (["review"], "14")


def test_a_field_that_is_hidden_the_second_time_is_empty_but_has_its_name(back: Back) -> None:
    fields = json.loads(form("amount:number", "note"))
    fields["components"][1]["conditional"] = {"hide": "=amount = 7"}
    body = START + user_task("write", form="t/write") + script("said", "=note", "told") + user_task("check") + END
    drawn = drawing("line", body, flows="start>write;write>said;said>check;check>end")
    back.publish(drawn, forms={"t/write": json.dumps(fields).encode()})
    back.start("line")
    back.complete("write", "anna", amount="100", note="first")
    back.give_back("check", "write")
    back.complete("write", "anna", amount="7")
    assert (back.open, back.incidents) == (["check"], [])
    assert (back.variables["note"], back.variables["told"]) == (None, None)


def test_the_flow_goes_on_from_there_as_drawn(line: Back) -> None:
    line.give_back("check", "write")
    line.complete("write", "anna", amount="7")
    line.complete("review", "lidia", ok="true")
    line.complete("check", "elena", ok="true")
    line.complete("sign", "dmitry")
    assert line.instance.status == "completed"
    sound(line)


def test_one_may_return_to_any_earlier_performer(line: Back) -> None:
    assert line.targets("check") == {"review": None, "write": None}
    opened = line.give_back("check", "review")
    assert (line.open, opened.assignee_id) == (["review"], line.user("lidia").id)


def test_timers_of_what_is_withdrawn_are_withdrawn_and_set_afresh_later(line: Back) -> None:
    assert line.timers == ["late"]
    line.give_back("check", "review")
    assert line.timers == []
    line.complete("review", "lidia", ok="true")
    assert line.timers == ["late"]


def test_a_return_needs_a_remark_and_the_task(line: Back) -> None:
    with pytest.raises(Invalid, match="Say what has to be changed"):
        line.give_back("check", "write", remark="  ")
    with pytest.raises(Forbidden):
        line.give_back("check", "write", login="boris")
    with pytest.raises(NotFound):
        line.act("elena", tasks.complete, 4711, {})
    assert line.open == ["check"]


def test_the_remark_and_both_tasks_are_kept_and_in_the_log(line: Back) -> None:
    left = line.task("check")
    earlier = line.done("write")
    opened = line.give_back("check", "write")
    (kept,) = line.returns
    assert (kept.kind, kept.from_task_id, kept.earlier_task_id, kept.to_task_id) == (
        "returned", left.id, earlier.id, opened.id,
    )  # fmt: skip
    assert (kept.remark, kept.by) == ("The sum is wrong", line.user("elena").id)
    said = next(one for one in line.log() if one.type == "user_task.returned")
    assert (said.data["to"], said.data["remark"]) == ("write", "The sum is wrong")


def test_returning_twice_counts_rounds(line: Back) -> None:
    for nth in (2, 3):
        assert line.give_back("check", "write").round == nth
        line.complete("write", "anna", amount=str(nth))
        line.complete("review", "lidia", ok="true")
    assert [one.remark for one in line.returns] == ["The sum is wrong"] * 2
    assert line.targets("check") == {"review": None, "write": None}


def test_what_was_withdrawn_cannot_be_completed_any_more(line: Back) -> None:
    left = line.task("check").id
    line.give_back("check", "write")
    with refused("was cancelled on"):
        line.act("elena", tasks.complete, left, {})


def test_the_finisher_recalls_while_nobody_has_opened_what_follows(line: Back) -> None:
    opened = line.recall("review", "lidia")
    assert (line.open, opened.assignee_id, opened.round) == (["review"], line.user("lidia").id, 2)
    assert line.seen_by("review")["ok"] is True
    assert line.returns[0].kind == "recalled"


def test_only_the_finisher_recalls(line: Back) -> None:
    with pytest.raises(Forbidden):
        line.recall("review", "boris")


def test_once_opened_by_who_may_do_it_a_task_is_not_recalled(line: Back) -> None:
    assert not line.see("check", "anna")  # she may not do it: her look does not count
    assert line.see("check", "elena")
    assert not line.see("check", "elena")  # once
    with refused("«check» has been opened by Орлова Елена"):
        line.recall("review", "lidia")
    assert line.task("check").seen_by == line.user("elena").id


def test_a_look_makes_no_new_revision(line: Back) -> None:
    before = line.task("check").revision
    line.see("check", "elena")
    line.act("elena", tasks.complete, line.task("check").id, {"ok": "true"}, before)
    assert line.open == ["sign"]


def test_only_the_last_round_is_recalled(line: Back) -> None:
    first = line.done("write")
    line.give_back("check", "write")
    with refused("Nothing that is open now came of this step"):
        line.act("anna", returns.recall, first.id)
    line.complete("write", "anna", amount="7")
    with refused("«write» has been opened again since"):
        line.act("anna", returns.recall, first.id)
    assert str(line.seen_by(line.recall("write").element_id)["amount"]) == "7"


def test_what_somebody_has_done_since_is_not_recalled(line: Back) -> None:
    with refused("«review» has been done since"):
        line.recall("write", "anna")


def test_a_finished_instance_gives_nothing_back(line: Back) -> None:
    line.complete("check", "elena", ok="true")
    line.complete("sign", "dmitry")
    with refused("is completed"):
        line.recall("sign", "dmitry")


def test_nothing_goes_back_in_a_suspended_instance(line: Back) -> None:
    line.act("elena", instances.suspend, line.instance_id, "The client is thinking")
    with refused("is suspended"):
        line.give_back("check", "write")
    with refused("is suspended"):
        line.recall("review", "lidia")
    line.act("elena", instances.resume, line.instance_id, "He has decided")
    line.give_back("check", "write")


def test_an_absent_performer_gets_it_back_and_his_substitute_may_do_it(line: Back) -> None:
    anna, boris = line.user("anna").id, line.user("boris").id
    now = line.clock.now
    line.put(Absence(user_id=anna, substitute_id=boris, starts_at=now - timedelta(days=1),
                     ends_at=now + timedelta(days=5), reason="vacation"))  # fmt: skip
    assert line.give_back("check", "write").assignee_id == anna
    done = line.complete("write", "boris", amount="5")
    assert (done.completed_by, done.completed_for) == (boris, anna)


def test_what_a_substitute_did_comes_back_to_him_for_whom_he_did_it(line: Back) -> None:
    anna, boris = line.user("anna").id, line.user("boris").id
    now = line.clock.now
    line.give_back("check", "write")
    line.put(Absence(user_id=anna, substitute_id=boris, starts_at=now - timedelta(days=1),
                     ends_at=now + timedelta(days=5), reason="vacation"))  # fmt: skip
    line.complete("write", "boris", amount="5")
    line.complete("review", "lidia", ok="true")
    opened = line.give_back("check", "write")
    assert (opened.assignee_id, opened.claimed_for) == (boris, anna)


def test_separation_of_duties_holds_in_every_round(back: Back) -> None:
    body = (
        START + user_task("write") + user_task("check", groups="manager", separateFrom="write")
        + user_task("sign", groups="director") + END
    )  # fmt: skip
    back.publish(drawing("apart", body, flows="start>write;write>check;check>sign;sign>end"))
    back.start("apart")
    back.complete("write", "anna")
    back.complete("check", "boris")
    back.give_back("sign", "write", login="dmitry")
    back.complete("write", "anna")
    with pytest.raises(Forbidden, match="somebody who has not done"):
        back.complete("check", "anna")
    back.complete("check", "boris")
    assert back.give_back("sign", "check", login="dmitry").assignee_id == back.user("boris").id


def test_a_control_point_is_withdrawn_and_planned_afresh(back: Back) -> None:
    body = START + user_task("write") + user_task("check", controlPoint="CP-01") + user_task("sign") + END
    back.publish(drawing("pointed", body, flows="start>write;write>check;check>sign;sign>end"))
    back.start("pointed")
    back.complete("write")
    back.give_back("check", "write", login="anna")
    back.complete("write")
    told = [line.type for line in back.log() if line.type.startswith("control_point")]
    assert told == ["control_point.opened", "control_point.cancelled", "control_point.opened"]


def actions(back: Back, done: list[str]) -> None:
    back.env.actions.add("do.count", lambda *_: done.append("counted") or {"counted": len(done)})
    back.env.actions.add("do.tell", lambda *_: done.append("told"))
    back.env.settings["returns"] = {"repeatable": ["do.count"]}
    body = (
        START + user_task("write") + service_task("count", "do.count") + user_task("check", groups="head")
        + service_task("tell", "do.tell") + user_task("sign", groups="director") + END
    )  # fmt: skip
    back.publish(drawing("acting", body, flows="start>write;write>count;count>check;check>tell;tell>sign;sign>end"))
    back.start("acting")
    back.complete("write")
    back.run_jobs()


def test_what_the_system_may_repeat_is_repeated(back: Back) -> None:
    done: list[str] = []
    actions(back, done)
    back.give_back("check", "write")
    back.complete("write")
    back.run_jobs()
    assert (done, back.open) == (["counted", "counted"], ["check"])


def test_what_the_system_cannot_undo_is_in_the_way(back: Back) -> None:
    actions(back, [])
    back.complete("check", "elena")
    with refused("The system is at work on «tell» just now"):
        back.recall("check", "elena")
    back.run_jobs()
    assert back.targets("sign", "dmitry") == dict.fromkeys(
        ("check", "write"), "The system has done «tell» since, and that cannot be undone"
    )
    with refused("cannot be undone"):
        back.recall("check", "elena")


def test_why_an_action_cannot_be_undone_is_said(back: Back) -> None:
    actions(back, [])
    back.env.settings["returns"]["lasting"] = {"sent": ["do.tell"]}
    back.complete("check", "elena")
    back.run_jobs()
    with refused("and that cannot be undone: a letter or a notice has gone out"):
        back.give_back("sign", "write", login="dmitry")


@pytest.mark.parametrize("moment", ["locked_at", "sent_at", "signed_at"])
def test_a_document_issued_since_is_in_the_way(line: Back, moment: str) -> None:
    now = line.clock.now
    line.put(Document(
        instance_id=line.instance_id, kind="contract", title="Contract", number="7/26", dated=now.date(),
        template="t", template_version=1, data={}, created_at=now, status="approved", **{moment: now},
    ))  # fmt: skip
    with refused("Document 7/26 has been approved, sent or signed since"):
        line.give_back("check", "write")


def test_a_drafted_document_is_cancelled_and_made_again(back: Back) -> None:
    actions(back, [])
    now = back.clock.now
    token = next(visit.token_id for visit in back.visits if visit.element_id == "count")
    draft = Document(
        instance_id=back.instance_id, kind="contract", title="Contract", number="7/26", dated=now.date(),
        template="t", template_version=1, data={}, created_at=now, request_key=f"action:{back.instance_id}:{token}",
    )  # fmt: skip
    back.put(draft)
    back.give_back("check", "write")
    with back.env.sessions() as session:
        assert session.query(Document).one().status == "cancelled"


def test_a_procedure_started_since_is_in_the_way(line: Back) -> None:
    first = line.instance_id
    line.publish(drawing("other", START + user_task("one") + END, flows="start>one;one>end"))
    line.act("system", instances.start, "other", {}, title="Other", parent_id=first)
    with refused("The procedure «Other» has been started since"):
        line.give_back("check", "write")


def test_to_claim_a_task_or_to_type_into_it_is_to_have_seen_it(line: Back) -> None:
    line.act("elena", tasks.save_draft, line.task("check").id, {"ok": "true"})
    with refused("«check» has been opened by"):
        line.recall("review", "lidia")
    line.give_back("check", "review")
    line.complete("review", "lidia", ok="true")
    line.act("elena", tasks.claim, line.task("check").id)
    assert line.task("check").seen_by == line.user("elena").id
    assert [one.type for one in line.log()].count("user_task.seen") == 2

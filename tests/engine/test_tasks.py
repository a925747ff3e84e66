"""User tasks: every verb, every refusal, nothing lost when two people do the same."""
from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from engine import tasks
from engine.errors import Conflict, Forbidden, Invalid, NotFound, ReglamentError, WrongState
from engine.models import Absence, Comment, FormDraft, UserTask
from engine.vocabulary import TaskStatus
from engine.work import run
from tests.case import END, START, Case, drawing, form, user_task
from tests.cast import actor

TWO_STEPS = drawing(
    "two", START + user_task("write", form="t/write") + user_task("check", groups="head") + END,
    flows="start>write;write>check;check>end",
)  # fmt: skip


@pytest.fixture
def two(case: Case) -> Case:
    case.publish(TWO_STEPS, forms={"t/write": form("amount:number", "note")})
    case.start("two", amount=1)
    return case


def test_a_completed_task_moves_the_instance_on_and_brings_its_fields(two: Case) -> None:
    task = two.complete("write", "anna", amount="12.5", note="done")
    assert two.open == ["check"]
    assert str(two.variables["amount"]) == "12.5"
    assert (task.status, task.completed_by) == (TaskStatus.COMPLETED, two.user("anna").id)


def test_the_last_task_ends_the_instance(two: Case) -> None:
    two.complete("write", "anna")
    two.complete("check", "elena")
    assert (two.instance.status, two.open) == ("completed", [])
    assert two.logged()[-2:] == ["user_task.completed", "process_instance.completed"]


def test_a_claimed_task_is_mine_and_claiming_it_again_is_no_error(two: Case) -> None:
    two.act("anna", tasks.claim, two.task("write").id)
    two.act("anna", tasks.claim, two.task("write").id)
    assert two.task("write").assignee_id == two.user("anna").id
    assert two.logged().count("user_task.claimed") == 1


def test_a_task_that_somebody_has_names_him_when_another_wants_it(two: Case) -> None:
    two.act("anna", tasks.claim, two.task("write").id)
    with pytest.raises(WrongState, match="has been taken by Иванова Анна"):
        two.act("boris", tasks.claim, two.task("write").id)
    with pytest.raises(Forbidden, match="is with Иванова Анна"):
        two.complete("write", "boris")


def test_who_is_no_candidate_may_neither_claim_nor_complete(two: Case) -> None:
    for verb in (lambda: two.act("lidia", tasks.claim, two.task("write").id), lambda: two.complete("write", "lidia")):
        with pytest.raises(Forbidden, match="not among those who may do"):
            verb()
    assert two.open == ["write"]


def test_an_unclaimed_task_is_free_for_its_group_again(two: Case) -> None:
    two.act("anna", tasks.claim, two.task("write").id)
    two.act("anna", tasks.unclaim, two.task("write").id)
    two.act("boris", tasks.claim, two.task("write").id)
    assert two.task("write").assignee_id == two.user("boris").id


def test_what_nobody_has_cannot_be_given_back(two: Case) -> None:
    with pytest.raises(WrongState, match="Nobody has"):
        two.act("elena", tasks.unclaim, two.task("write").id)


def test_completing_twice_says_who_was_first_and_when(two: Case) -> None:
    two.complete("write", "anna", note="hers")
    with pytest.raises(WrongState, match=r"completed by Иванова Анна on 16\.11\.2026 12:00"):
        two.complete("write", "boris", note="his")
    assert two.variables["note"] == "hers"


def test_a_task_changed_meanwhile_is_a_conflict_for_who_saw_the_old_one(two: Case) -> None:
    seen = two.task("write")
    two.act("anna", tasks.claim, seen.id)
    with pytest.raises(Conflict, match="was changed while you had it open: it is with Иванова Анна"):
        two.act("anna", tasks.complete, seen.id, {}, seen.revision)
    assert two.open == ["write"]


def test_a_wrong_field_refuses_the_whole_completion(two: Case) -> None:
    with pytest.raises(Invalid) as refusal:
        two.complete("write", "anna", amount="many")
    assert list(refusal.value.fields) == ["amount"]
    assert (two.open, two.logged()[-1]) == (["write"], "user_task.created")


def test_only_fields_of_the_form_come_in(two: Case) -> None:
    with pytest.raises(Invalid):
        two.complete("write", "anna", amount="1", approved=True)
    assert "approved" not in two.variables


def test_a_task_without_a_form_takes_nothing(two: Case) -> None:
    two.complete("write", "anna")
    with pytest.raises(Invalid, match="has no form"):
        two.complete("check", "elena", approved=True)


def test_there_is_no_such_task(two: Case) -> None:
    with pytest.raises(NotFound):
        two.act("anna", tasks.complete, 4711, {})


def test_a_head_reassigns_for_good_with_a_reason(two: Case) -> None:
    boris = two.user("boris").id
    with pytest.raises(Forbidden):
        two.act("anna", tasks.reassign, two.task("write").id, boris, "I am busy")
    with pytest.raises(Invalid, match="Say why"):
        two.act("elena", tasks.reassign, two.task("write").id, boris, " ")
    two.act("elena", tasks.reassign, two.task("write").id, boris, "Anna is ill")
    assert (two.task("write").assignee_id, two.task("write").status) == (boris, TaskStatus.CLAIMED)
    assert two.log()[-1].data == {"assignee": [None, boris], "reason": "Anna is ill"}


def test_a_delegated_task_comes_back_with_an_answer(two: Case) -> None:
    anna, lidia = two.user("anna").id, two.user("lidia").id
    task_id = two.task("write").id
    two.act("anna", tasks.claim, task_id)
    two.act("anna", tasks.delegate, task_id, lidia)
    with pytest.raises(WrongState, match="was delegated to you"):
        two.complete("write", "lidia")
    two.act("lidia", tasks.resolve, task_id, "Clause 5 is fine")
    task = two.task("write")
    assert (task.assignee_id, task.owner_id) == (anna, None)
    with two.env.sessions() as session:
        assert session.query(Comment).one().body == "Clause 5 is fine"


def test_a_filled_in_answer_becomes_the_draft_of_who_asked(two: Case) -> None:
    task_id = two.task("write").id
    two.act("anna", tasks.claim, task_id)
    two.act("anna", tasks.delegate, task_id, two.user("lidia").id)
    two.act("lidia", tasks.resolve, task_id, {"amount": "7"})
    with two.env.sessions() as session:
        assert session.get_one(FormDraft, (task_id, two.user("anna").id)).data == {"amount": "7"}


def test_what_was_not_delegated_cannot_be_resolved_nor_delegated_twice(two: Case) -> None:
    task_id = two.task("write").id
    two.act("anna", tasks.claim, task_id)
    with pytest.raises(WrongState, match="Nobody has delegated"):
        two.act("anna", tasks.resolve, task_id, "")
    two.act("anna", tasks.delegate, task_id, two.user("boris").id)
    with pytest.raises(WrongState, match="delegated already"):
        two.act("boris", tasks.delegate, task_id, two.user("lidia").id)


def test_a_due_date_moves_with_a_reason_and_keeps_the_old_one(two: Case) -> None:
    at = two.clock() + timedelta(days=3)
    two.act("elena", tasks.set_due, two.task("write").id, at, "the client is away")
    task = two.task("write")
    assert task.due_at == at
    assert (task.due_why or {})["reason"] == "the client is away"
    assert two.log()[-1].data["due_at"] == [None, "2026-11-19T09:00:00+00:00"]
    with pytest.raises(Forbidden):
        two.act("anna", tasks.set_due, task.id, at, "more time")


def test_a_follow_up_date_is_set_by_who_does_the_task(two: Case) -> None:
    at = two.clock() + timedelta(days=1)
    two.act("anna", tasks.set_follow_up, two.task("write").id, at)
    assert two.task("write").follow_up_at == at


def test_a_draft_is_kept_unchecked_and_forgotten_when_the_task_is_done(two: Case) -> None:
    task_id = two.task("write").id
    two.act("anna", tasks.save_draft, task_id, {"amount": "ma"})
    two.act("anna", tasks.save_draft, task_id, {"amount": "many"})
    with two.env.sessions() as session:
        assert session.query(FormDraft).one().data == {"amount": "many"}
    two.complete("write", "anna", amount="3")
    with two.env.sessions() as session:
        assert session.query(FormDraft).count() == 0


def test_a_substitute_acts_for_an_absent_person_and_the_log_says_so(two: Case) -> None:
    anna, oleg = two.user("anna"), two.user("oleg")
    two.act("anna", tasks.claim, two.task("write").id)
    with pytest.raises(Forbidden):
        two.complete("write", "oleg")
    now = two.clock()
    two.put(Absence(user_id=anna.id, substitute_id=oleg.id, starts_at=now, ends_at=now + timedelta(days=1)))
    task = two.complete("write", "oleg")
    assert (task.completed_by, task.completed_for) == (oleg.id, anna.id)
    line = next(line for line in two.log() if line.type == "user_task.completed")
    assert (line.actor_id, line.on_behalf_of) == (oleg.id, anna.id)


def test_a_substitute_is_none_before_and_after_the_absence(two: Case) -> None:
    anna, oleg, now = two.user("anna"), two.user("oleg"), two.clock()
    two.act("anna", tasks.claim, two.task("write").id)
    two.put(Absence(user_id=anna.id, substitute_id=oleg.id, starts_at=now - timedelta(days=2), ends_at=now))
    with pytest.raises(Forbidden):
        two.complete("write", "oleg")


FOUR_EYES = drawing(
    "eyes", START + user_task("write") + user_task("approve", separateFrom="write") + END,
    flows="start>write;write>approve;approve>end",
)  # fmt: skip


def test_who_wrote_it_may_not_approve_it_whoever_he_stands_in_for(case: Case) -> None:
    case.publish(FOUR_EYES)
    case.start("eyes")
    case.complete("write", "anna")
    with pytest.raises(Forbidden, match="by somebody who has not done the step before"):
        case.complete("approve", "anna")
    now, boris = case.clock(), case.user("boris").id
    case.act("boris", tasks.claim, case.task("approve").id)
    case.put(Absence(user_id=boris, substitute_id=case.user("anna").id, starts_at=now, ends_at=now + timedelta(days=1)))
    with pytest.raises(Forbidden):
        case.complete("approve", "anna")
    case.complete("approve", "boris")


def test_a_task_cannot_be_reassigned_to_who_must_be_kept_apart(case: Case) -> None:
    case.publish(FOUR_EYES)
    case.start("eyes")
    case.complete("write", "anna")
    with pytest.raises(WrongState, match="must be kept apart"):
        case.act("elena", tasks.reassign, case.task("approve").id, case.user("anna").id, "quick")


def test_what_a_substitute_did_for_somebody_counts_as_that_persons_step(case: Case) -> None:
    case.publish(FOUR_EYES)
    case.start("eyes")
    now, anna = case.clock(), case.user("anna").id
    case.act("anna", tasks.claim, case.task("write").id)
    case.put(Absence(user_id=anna, substitute_id=case.user("oleg").id, starts_at=now, ends_at=now + timedelta(days=1)))
    case.complete("write", "oleg")
    with pytest.raises(Forbidden):
        case.complete("approve", "anna")


def test_two_people_complete_one_task_at_the_same_moment_and_one_of_them_wins(two: Case) -> None:
    task_id = two.task("write").id
    outcomes: dict[str, object] = {}
    together = threading.Barrier(2)

    def complete(login: str) -> None:
        person = actor(two.env, login)
        together.wait()
        try:
            run(two.env, person, tasks.complete, task_id, {"note": login})
            outcomes[login] = "won"
        except ReglamentError as refusal:
            outcomes[login] = refusal

    threads = [threading.Thread(target=complete, args=(login,)) for login in ("anna", "boris")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winner = next(login for login, outcome in outcomes.items() if outcome == "won")
    loser = next(outcome for outcome in outcomes.values() if outcome != "won")
    assert isinstance(loser, WrongState)
    assert "was completed by" in str(loser)
    assert (two.variables["note"], two.open) == (winner, ["check"])
    assert two.logged().count("user_task.completed") == 1
    assert two.verify().holds


def test_two_tasks_of_one_instance_completed_at_the_same_moment_are_both_done(case: Case) -> None:
    split = '<bpmn:parallelGateway id="split"/><bpmn:parallelGateway id="join"/>'
    case.publish(drawing(
        "both", START + split + user_task("left") + user_task("right") + user_task("after") + END,
        flows="start>split;split>left;split>right;left>join;right>join;join>after;after>end",
    ))  # fmt: skip
    case.start("both")
    ids = {login: case.task(element).id for login, element in (("anna", "left"), ("boris", "right"))}
    together = threading.Barrier(2)

    def complete(login: str) -> None:
        person = actor(case.env, login)
        together.wait()
        run(case.env, person, tasks.complete, ids[login], {})

    threads = [threading.Thread(target=complete, args=(login,)) for login in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert case.open == ["after"]
    assert case.verify().holds


def test_the_round_of_a_task_counts_how_often_its_element_was_reached(case: Case) -> None:
    case.publish(
        drawing(
            "rounds",
            START + user_task("do", form="t/again") + '<bpmn:exclusiveGateway id="more"/>' + END,
            flows="start>do;do>more;more>do[=again];more>end[default]",
        ),
        forms={"t/again": form("again:checkbox")},
    )
    case.start("rounds")
    for expected in (1, 2, 3):
        assert case.task("do").round == expected
        case.complete("do", again=expected < 3)
    with case.env.sessions() as session:
        assert [task.round for task in session.query(UserTask).order_by(UserTask.id)] == [1, 2, 3]

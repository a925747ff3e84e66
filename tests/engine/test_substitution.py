"""Who stands in for whom: for everything or in part, through a chain, under both names."""
from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from engine import access, tasks
from engine.errors import Forbidden
from engine.models import Absence, Notice, Substitution, UserTask
from engine.queries import desk, inbox
from engine.substitution import with_substitutes
from tests.case import END, START, Case, drawing, user_task
from tests.cast import actor

WORK = drawing("work", START + user_task("do", groups="manager,lawyer") + END, flows="start>do;do>end")
EYES = drawing(
    "eyes", START + user_task("write") + user_task("approve", separateFrom="write") + END,
    flows="start>write;write>approve;approve>end",
)  # fmt: skip

Named = tuple[str, str | None, str | None]


def away(case: Case, login: str, *named: Named, days: int = 1) -> None:
    now = case.clock()
    people = [Substitution(substitute_id=case.user(who).id, group_key=group, process_key=key)
              for who, group, key in named]  # fmt: skip
    case.put(Absence(user_id=case.user(login).id, starts_at=now, ends_at=now + timedelta(days=days),
                     substitutes=people))  # fmt: skip


def sees(case: Case, login: str, tab: str = "mine") -> list[str]:
    with case.env.sessions() as session:
        found = inbox.tasks(session, actor(case.env, login), case.clock(), tab)
        assert found.count == len(found.rows)
        return [row.task.name for row in found.rows]


@pytest.fixture
def annas(case: Case) -> Case:
    """Anna has the only task, which a lawyer might have had too."""
    case.publish(WORK, EYES)
    case.start("work")
    case.act("anna", tasks.claim, case.task("do").id)
    return case


@pytest.mark.parametrize(
    ("group", "key", "fits"),
    [(None, None, True), ("lawyer", None, True), ("head", None, False), (None, "work", True), (None, "eyes", False)],
)
def test_a_substitute_sees_and_does_what_he_was_named_for(
    annas: Case, group: str | None, key: str | None, fits: bool
) -> None:
    away(annas, "anna", ("oleg", group, key))
    assert sees(annas, "oleg") == (["do"] if fits else [])
    if not fits:
        with pytest.raises(Forbidden):
            annas.complete("do", "oleg")
        return
    done = annas.complete("do", "oleg")
    assert (done.completed_by, done.completed_for) == (annas.user("oleg").id, annas.user("anna").id)


def test_new_tasks_of_the_absent_persons_group_are_seen_too_and_only_in_that_part(case: Case) -> None:
    case.publish(WORK, EYES)
    away(case, "anna", ("oleg", "manager", None), ("pavel", None, "eyes"), ("vera", "lawyer", None))
    case.start("work")
    assert [sees(case, login, "groups") for login in ("oleg", "pavel", "vera")] == [["do"], [], []]
    case.start("eyes")
    assert sees(case, "pavel", "groups") == ["write"]


def test_a_chain_passes_the_work_on_and_the_absent_substitute_keeps_none_of_it(annas: Case) -> None:
    away(annas, "anna", ("boris", None, "work"), days=5)
    away(annas, "boris", ("oleg", "manager", None), days=2)
    assert (sees(annas, "boris"), sees(annas, "oleg")) == ([], ["do"])
    with annas.env.sessions() as session:
        (standing,) = [one for one in access.absent(session, annas.user("oleg").id, annas.clock()) if one.via]
        assert standing.until == annas.clock() + timedelta(days=2)
        assert standing.via == (annas.user("boris").id,)
        told = with_substitutes(session, [annas.user("anna").id], annas.clock(), annas.task("do"), ["manager"])
        assert told == [annas.user("anna").id, annas.user("oleg").id]
    annas.complete("do", "oleg")


def test_a_circle_in_the_tables_hangs_nothing(annas: Case) -> None:
    away(annas, "anna", ("boris", None, None))
    away(annas, "boris", ("anna", None, None))
    assert sees(annas, "boris") == []


def test_what_was_claimed_for_somebody_goes_on_under_both_names_after_his_return(case: Case) -> None:
    case.publish(WORK)
    case.start("work")
    away(case, "anna", ("oleg", None, None))
    case.act("oleg", tasks.claim, case.task("do").id)
    case.clock.move(days=3)
    done = case.complete("do", "oleg")
    assert (done.completed_by, done.completed_for) == (case.user("oleg").id, case.user("anna").id)
    line = next(line for line in case.log() if line.type == "user_task.completed")
    assert (line.actor_id, line.on_behalf_of) == (case.user("oleg").id, case.user("anna").id)


def test_who_comes_back_may_take_over_what_the_substitute_holds_for_him(case: Case) -> None:
    case.publish(WORK)
    case.start("work")
    away(case, "anna", ("oleg", None, None))
    case.act("oleg", tasks.claim, case.task("do").id)
    case.clock.move(days=3)
    with pytest.raises(Forbidden):
        case.act("boris", tasks.take_back, case.task("do").id)
    case.act("anna", tasks.take_back, case.task("do").id)
    done = case.complete("do", "anna")
    assert (done.completed_by, done.completed_for) == (case.user("anna").id, None)


@pytest.mark.parametrize("approver", ["anna", "oleg"])
def test_neither_the_substitute_nor_whom_he_stood_in_for_may_do_the_separated_step(case: Case, approver: str) -> None:
    case.publish(EYES)
    case.start("eyes")
    away(case, "anna", ("oleg", None, None))
    case.act("oleg", tasks.claim, case.task("write").id)
    case.complete("write", "oleg")
    away(case, "boris", ("oleg", None, None))
    with pytest.raises(Forbidden):
        case.complete("approve", approver)
    case.complete("approve", "elena")


def test_a_substitute_of_two_acts_for_the_one_whom_separation_leaves(case: Case) -> None:
    case.publish(EYES)
    case.start("eyes")
    case.complete("write", "anna")
    away(case, "anna", ("oleg", None, None))
    away(case, "boris", ("oleg", None, None))
    done = case.complete("approve", "oleg")
    assert done.completed_for == case.user("boris").id


@pytest.mark.parametrize("gone", ["anna", "lidia"])
def test_delegation_comes_back_though_one_of_the_two_is_absent(annas: Case, gone: str) -> None:
    annas.act("anna", tasks.delegate, annas.task("do").id, annas.user("lidia").id)
    away(annas, gone, ("oleg", None, None))
    annas.act("oleg" if gone == "lidia" else "lidia", tasks.resolve, annas.task("do").id, "so it is")
    assert annas.task("do").assignee_id == annas.user("anna").id
    assert sees(annas, "oleg") == (["do"] if gone == "anna" else [])


def test_a_substitute_who_claimed_for_somebody_may_ask_a_colleague_and_gets_it_back(case: Case) -> None:
    case.publish(WORK)
    case.start("work")
    away(case, "anna", ("oleg", None, None))
    case.act("oleg", tasks.claim, case.task("do").id)
    case.act("oleg", tasks.delegate, case.task("do").id, case.user("lidia").id)
    case.act("lidia", tasks.resolve, case.task("do").id, "so it is")
    assert case.complete("do", "oleg").completed_for == case.user("anna").id


def orders(case: Case, login: str, approvals: bool) -> Sequence[str]:
    with case.env.sessions() as session:
        person = actor(case.env, login)
        if approvals:
            found = session.scalars(desk.approvals_of(session, person, case.clock()))
            return [session.get_one(UserTask, task_id).element_id for task_id in found]
        following = desk.next_in(session, person, case.clock(), case.instance_id)
        return [following.element_id] if following else []


def test_an_absent_approvers_decisions_wait_for_his_substitute(case: Case) -> None:
    body = user_task("write") + user_task("approve", groups="director", separateFrom="write", document="paper")
    case.publish(drawing("d", START + body + END, flows="start>write;write>approve;approve>end"))
    case.start("d")
    case.complete("write", "anna")
    assert orders(case, "elena", True) == []
    away(case, "dmitry", ("elena", None, None))
    assert orders(case, "elena", True) == orders(case, "elena", False) == ["approve"]


def test_who_stands_in_is_told_of_a_task_that_comes_for_the_absent(annas: Case) -> None:
    away(annas, "boris", ("oleg", None, None), ("pavel", None, "eyes"))
    annas.act("elena", tasks.reassign, annas.task("do").id, annas.user("boris").id, "she is busy")
    with annas.env.sessions() as session:
        told = {(one.user_id, one.kind) for one in session.query(Notice).filter_by(kind="task_for_absent")}
    assert told == {(annas.user("oleg").id, "task_for_absent")}

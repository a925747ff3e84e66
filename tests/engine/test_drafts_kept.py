"""What was typed into a task that the procedure withdrew: who typed it is told and can read it for a while."""
from __future__ import annotations

import pytest
from sqlalchemy import select

from engine import access, interventions, tasks, withdrawals
from engine.models import FormDraft, Notice, UserTask
from tests.case import END, START, Case, drawing, form, user_task
from tests.cast import actor

TWO = drawing(
    "two", START + user_task("write", "Написать", form="t/write", groups="manager") + user_task("check") + END,
    flows="start>write;write>check;check>end",
)  # fmt: skip


@pytest.fixture
def typed(case: Case) -> Case:
    """Anna and Boris have both typed something into a task of their group."""
    case.publish(TWO, forms={"t/write": form("amount:number")})
    case.start("two")
    for login in ("anna", "boris"):
        case.act(login, tasks.save_draft, case.task("write").id, {"amount": login})
    return case


def withdraw(case: Case) -> None:
    token = next(visit.token_id for visit in case.visits if visit.element_id == "write" and visit.left_at is None)
    case.act("elena", interventions.skip, case.instance_id, token, {}, "Уже не нужно")


def drafts(case: Case) -> list[str]:
    with case.env.sessions() as session:
        return [row.data["amount"] for row in session.scalars(select(FormDraft).order_by(FormDraft.user_id))]


def may_see(case: Case, login: str) -> bool:
    with case.env.sessions() as session:
        task = session.get_one(UserTask, case.task("write").id)
        return access.may(session, actor(case.env, login), case.clock(), "task.see", task) is not None


def test_a_withdrawn_task_keeps_what_was_typed_and_tells_who_typed_it(typed: Case) -> None:
    withdraw(typed)
    assert drafts(typed) == ["anna", "boris"]
    with typed.env.sessions() as session:
        told = session.execute(select(Notice.user_id, Notice.task_id).where(Notice.kind == "draft_kept")).all()
    assert {tuple(row) for row in told} == {
        (typed.user(login).id, typed.task("write").id) for login in ("anna", "boris")
    }  # fmt: skip


def test_who_typed_may_look_at_the_withdrawn_task_and_nobody_else_of_the_group(typed: Case) -> None:
    with typed.env.sessions.begin() as session:
        session.delete(session.get_one(FormDraft, (typed.task("write").id, typed.user("boris").id)))
    withdraw(typed)
    assert may_see(typed, "anna")
    assert not may_see(typed, "boris")


def test_after_a_month_it_is_forgotten_but_not_what_is_typed_into_open_tasks(typed: Case) -> None:
    withdraw(typed)
    first = typed.instance_id
    typed.start("two")
    typed.act("anna", tasks.save_draft, typed.task("write").id, {"amount": "new"})
    assert typed.instance_id != first
    typed.clock.move(days=31)
    typed.act("system", withdrawals.purge)
    assert drafts(typed) == ["new"]


def test_a_completed_task_keeps_no_draft(typed: Case) -> None:
    typed.complete("write", "anna", amount="5")
    assert drafts(typed) == []

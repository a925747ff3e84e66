"""Control points that are missed, and what the head may do about them (R068, R166, PAT-6)."""
from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import select

from engine.models import Notice, User
from engine.vocabulary import ControlPointStatus, InstanceStatus
from tests.stories import steps
from tests.stories.story import Story


@pytest.fixture
def late(story_at: Callable[[str], Story]) -> Story:
    """The proposal should have been ready two working days ago."""
    story = story_at("proposal")
    story.wait("P5BD")
    assert "Разобраться с просрочкой" in story.open
    return story


def test_the_ladder_reminds_tells_asks_and_tells_higher(story_at: Callable[[str], Story]) -> None:
    story = story_at("proposal")
    story.wait("P2BD")
    assert [subject for subject in story.mailbox.to("anna@") if "CP-11" in subject]
    assert [subject for subject in story.mailbox.to("elena@") if "CP-11" in subject] == []
    story.wait("P1BD")
    assert [subject for subject in story.mailbox.to("elena@") if "CP-11" in subject]
    assert "Разобраться с просрочкой" not in story.open
    story.wait("P2BD")
    assert "Разобраться с просрочкой" in story.open
    assert [subject for subject in story.mailbox.to("dmitry@") if "CP-11" in subject] == []
    story.wait("P3BD")
    assert [subject for subject in story.mailbox.to("dmitry@") if "CP-11" in subject]
    assert "Узнать о просрочке" in story.open
    for name in ("reminded", "overdue", "escalated", "director_told"):
        assert f"control_point.{name}" in story.log()


def test_the_heads_task_names_the_point_and_the_deal(late: Story) -> None:
    seen = late.variables_of("Разобраться с просрочкой")
    assert seen["control_point_code"] == "CP-11"
    assert seen["executor"] == "anna"
    assert "Полярная звезда" in seen["escalated_title"]


def test_a_new_due_date_moves_the_task_and_leaves_the_plan_as_it_was(late: Story) -> None:
    planned = late.points("CP-11")[0].planned_at
    late.complete(
        "Разобраться с просрочкой", escalation_decision="extend", escalation_due="2026-12-10",
        escalation_reason="Ждём данные от клиента",
    )  # fmt: skip
    task = late.task("Подготовить предложение")
    assert task.due_at is not None
    assert task.due_at.date() == date(2026, 12, 10)
    (point,) = late.points("CP-11")
    assert (point.planned_at, point.status) == (planned, ControlPointStatus.OPEN)


def test_the_work_may_go_to_somebody_else(late: Story) -> None:
    late.complete(
        "Разобраться с просрочкой", escalation_decision="reassign", escalation_executor="boris",
        escalation_reason="Анна на выставке",
    )  # fmt: skip
    assert late.performer(late.task("Подготовить предложение")) == "boris"


def test_a_point_may_be_waived_with_a_reason(late: Story) -> None:
    late.complete(
        "Разобраться с просрочкой", escalation_decision="close", escalation_reason="Клиент просил подождать"
    )
    (point,) = late.points("CP-11")
    assert point.status == ControlPointStatus.WAIVED
    assert point.reason == "Клиент просил подождать"


def test_a_decision_ends_the_escalation_with_the_directors_task(late: Story) -> None:
    late.wait("P3BD")
    late.complete("Разобраться с просрочкой", escalation_decision="help", escalation_reason="Сяду рядом")
    assert late.open == ["Подготовить предложение"]


def test_a_point_that_is_met_meanwhile_leaves_nothing_to_apply(late: Story) -> None:
    steps.prepare_proposal(late)
    late.complete(
        "Разобраться с просрочкой", escalation_decision="close", escalation_reason="Уже не нужно"
    )
    (point,) = late.points("CP-11")
    assert point.status == ControlPointStatus.MET
    assert point.deviation == pytest.approx(2, abs=0.3)


def test_nobody_is_told_that_a_point_is_open_which_has_been_met(late: Story) -> None:
    assert told(late, "CP-11") == {"anna", "elena"}
    steps.prepare_proposal(late)
    assert told(late, "CP-11") == set()


def told(story: Story, code: str) -> set[str]:
    """Who has an unread notice of a control point."""
    with story.env.sessions() as session:
        unread = select(Notice, User.login).join(User, User.id == Notice.user_id).where(Notice.read_at.is_(None))
        return {login for notice, login in session.execute(unread) if notice.facts.get("code") == code}


@pytest.mark.begins_at("contract")
def test_every_approver_has_his_own_term(story: Story) -> None:
    """CP-12."""
    steps.contract_terms(story)
    story.approve("lawyer")
    story.wait("P2BD")
    assert [subject for subject in story.mailbox.to("vera@") if "CP-12" in subject]
    assert [subject for subject in story.mailbox.to("lidia@") if "CP-12" in subject] == []
    story.approve("accountant")
    assert sorted(point.owner_group or "" for point in story.points("CP-12")) == ["accountant", "lawyer"]


@pytest.mark.begins_at("presentation")
def test_points_of_a_stage_that_the_client_left_are_cancelled_not_missed(story: Story) -> None:
    story.client_cancels()
    assert {point.status for point in story.points("CP-07")} == {ControlPointStatus.CANCELLED}
    assert story.instance.status == InstanceStatus.ACTIVE

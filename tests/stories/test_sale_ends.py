"""A deal may end or stand still at every stage: R065, R137, R145, R227."""
from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from engine.crm import practice
from engine.crm.facts import client_facts
from engine.vocabulary import DocumentStatus, InstanceStatus
from tests.stories import steps
from tests.stories.steps import lose
from tests.stories.story import Story


@pytest.mark.begins_at("proposal")
def test_a_refused_proposal_carries_reason_competitor_and_stage(story: Story) -> None:
    steps.prepare_proposal(story)
    story.send()
    why = {"category": "competitor", "competitor": "ООО «Другие»", "comment": "Дешевле на треть"}
    story.complete("Защитить предложение", proposal_decision="refused", refusal=why)
    story.complete("Оформить отказ или отсрочку", lesson="Предлагать два варианта")
    assert story.deal["refusal"] == {**why, "stage": "M3", "lesson": "Предлагать два варианта"}
    with story.env.sessions() as session:
        told = practice.summary(session, story.env, story.clock.now.date())["lessons"]
    assert [(one["deal"], one["lesson"]) for one in told] == [(story.deal["number"], "Предлагать два варианта")]
    assert story.documents("proposal")[0].status == DocumentStatus.CANCELLED


@pytest.mark.begins_at("proposal")
def test_what_we_do_not_offer_is_remembered_as_a_need(story: Story) -> None:
    """R038: it feeds the list of new directions."""
    story.client_cancels()
    lose(story, category="scope", comment="Нужен синхронный перевод")
    with story.env.sessions() as session:
        assert [one["need"] for one in client_facts(session, story.client)["needs"]] == ["Нужен синхронный перевод"]


@pytest.mark.begins_at("proposal")
def test_a_client_who_leaves_for_a_fact_of_the_past_has_a_complaint(story: Story) -> None:
    story.client_cancels()
    why = {"category": "bad_experience", "comment": "В прошлом году сорвали сроки"}
    story.complete("Оформить отказ или отсрочку", refusal=why, refusal_fact=True)
    told = story.variables_of("Зарегистрировать жалобу")
    assert told["complaint_origin"] == "refusal"
    assert "сорвали сроки" in told["complaint_essence"]


@pytest.mark.begins_at("proposal")
def test_assignments_of_a_lost_deal_are_withdrawn(story: Story) -> None:
    given = {"assignment_what": "Найти площадку", "assignment_expected": None, "assignment_executor": "pavel",
             "assignment_group": None, "assignment_due": "P3BD", "assignment_priority": None}  # fmt: skip
    deal, sale = story.deal_id, story.instance_id
    story.begin_about(deal, "assignment", variables=given)
    story.instance_id = sale
    assert "Ответить на поручение" in story.open
    story.client_cancels()
    lose(story, category="no_need", comment="Передумали совсем")
    assert story.open == ["Связаться с клиентом"]


@pytest.mark.begins_at("contract")
def test_a_refused_contract_is_lost_at_its_stage(story: Story) -> None:
    steps.contract_terms(story)
    steps.approve_contract(story)
    story.send()
    why = {"category": "payment_terms", "comment": "Платят только по факту"}
    story.complete("Получить подписанный договор", contract_decision="refused", refusal=why)
    lose(story)
    assert (story.deal["refusal"]["category"], story.deal["refusal"]["stage"]) == ("payment_terms", "M4")


@pytest.mark.begins_at("payment")
def test_an_invoice_that_will_not_be_paid_ends_the_deal(story: Story) -> None:
    story.send()
    story.wait("P5BD")
    why = {"category": "no_budget", "comment": "Бюджет заморожен"}
    story.complete("Связаться по неоплаченному счёту", expired_invoice_decision="refused", refusal=why)
    lose(story)
    assert (story.deal["refusal"]["category"], story.deal["refusal"]["stage"]) == ("no_budget", "M5")


@pytest.mark.parametrize("point", sorted(set(steps.POINTS) - {"closing"}))
def test_the_client_may_leave_at_every_stage(story_at: Callable[[str], Story], point: str) -> None:
    """AT-17, R145."""
    story = story_at(point)
    reached = story.milestones[-1]
    story.client_cancels()
    if story.deal["paid"] > 0:
        story.complete("Зарегистрировать заявление")
        story.complete("Определить основание возврата", refund_due="not_due")
    lose(story, category="timing", comment="Всё отложено на неопределённый срок")
    assert story.deal["status"] == "lost"
    assert story.deal["refusal"]["stage"] == reached
    assert story.milestones[-1] == "MX"
    assert story.open == ["Связаться с клиентом"]
    assert story.instance.status == InstanceStatus.COMPLETED
    assert story.chain_is_whole()


@pytest.mark.begins_at("proposal")
def test_a_postponed_deal_keeps_its_date(story: Story) -> None:
    steps.prepare_proposal(story)
    story.send()
    story.complete(
        "Защитить предложение", proposal_decision="postponed", postponed_until="2027-03-01",
        postponed_why="Вернёмся после отчётности",
    )  # fmt: skip
    story.complete("Оформить отказ или отсрочку")
    assert story.deal["next_contact"]["date"] == date(2027, 3, 1)
    assert story.deal["refusal"]["category"] == "timing"
    assert story.deal["refusal"]["comment"] == "Вернёмся после отчётности"


@pytest.mark.begins_at("presentation")
def test_a_client_who_wants_no_calls_goes_to_the_stop_list(story: Story) -> None:
    story.client_cancels()
    story.complete(
        "Оформить отказ или отсрочку", keep_contact="stop",
        refusal={"category": "trust", "comment": "Просит не звонить"},
    )
    assert story.client.stop_list
    assert story.deal["next_contact"] is None
    assert story.open == []


@pytest.mark.begins_at("contract")
def test_a_deal_without_movement_comes_before_the_head_and_then_the_director(story: Story) -> None:
    """R227: work goes on meanwhile."""
    story.wait("P20BD")
    assert "Решить, как сдвинуть сделку" in story.open
    assert "Подготовить условия договора" in story.open
    known = story.variables_of("Решить, как сдвинуть сделку")["deal"]
    assert (story.clock.now.date() - known["milestone_on"]).days >= 28
    assert known["talks"] == {"count": 0, "last": None}
    story.complete("Решить, как сдвинуть сделку", stalled_decision="extend", stalled_reason="Ждём новый бюджет клиента",
                   stalled_until=(story.clock.now + timedelta(days=14)).date().isoformat())  # fmt: skip
    story.wait("P5BD")
    assert "Вмешаться в сделку" not in story.open
    story.wait("P5BD")
    assert "Вмешаться в сделку" in story.open
    story.complete("Вмешаться в сделку", director_note="Позвоню сам")
    steps.contract(story)
    assert story.milestones[-1] == "M5"


@pytest.mark.begins_at("contract")
def test_the_head_may_give_a_deal_that_does_not_move_to_another_manager(story: Story) -> None:
    """R227, R296: tasks and control points go along, and later steps are the new owner's."""
    story.wait("P20BD")
    story.complete("Решить, как сдвинуть сделку", stalled_decision="reassign", stalled_owner="boris",
                   stalled_reason="Анна занята на выставке")  # fmt: skip
    assert story.deal["owner"] == "boris"
    assert story.performer(story.task("Подготовить условия договора")) == "boris"
    waiting = [point for code in ("CP-11", "CP-12", "CP-13") for point in story.points(code) if point.status == "open"]
    boris = story.task("Подготовить условия договора").assignee_id
    assert {point.owner_id for point in waiting} <= {boris}
    story.wait("P5BD")
    assert "Вмешаться в сделку" in story.open


@pytest.mark.begins_at("contract")
def test_the_head_may_ask_somebody_to_help_a_deal_that_does_not_move(story: Story) -> None:
    story.wait("P20BD")
    story.complete("Решить, как сдвинуть сделку", stalled_decision="help", stalled_helper="dmitry",
                   stalled_reason="Встретиться с их директором")  # fmt: skip
    errand = story.task("Ответить на поручение")
    assert story.performer(errand) == "dmitry"


@pytest.mark.begins_at("contract")
def test_the_head_may_close_a_deal_that_does_not_move(story: Story) -> None:
    story.wait("P20BD")
    story.complete("Решить, как сдвинуть сделку", stalled_decision="close", stalled_reason="Клиент не отвечает месяц")
    assert "Подготовить условия договора" not in story.open
    lose(story, category="lost_contact", comment="Клиент не отвечает месяц")
    assert story.deal["status"] == "lost"


@pytest.mark.begins_at("handover")
def test_a_handover_that_drags_comes_before_the_head_too(story: Story) -> None:
    """CP-18."""
    story.wait("P20BD")
    assert "Решить, как сдвинуть сделку" in story.open

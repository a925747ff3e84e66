"""Money that goes back (R142, P11): before the service and after it, signed, disputed, unanswered, to a consumer."""
from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from engine import values
from engine.crm import reconciliation
from engine.models import Client, Deal, Payment, ProcessInstance
from engine.vocabulary import DocumentStatus, InstanceStatus
from tests.stories import complaints, steps
from tests.stories.story import Story

SIGN, PAY = "Получить подписанное соглашение", "Перечислить деньги клиенту"
KEPT = [{"name": "Проведённая часть программы", "proof": "акт", "sum": "300000.00"}]
SPENT = [{"name": "Аванс площадке", "proof": "п/п 55", "sum": "66000.00"}]


def _agreed(story: Story, expenses: list[dict[str, str]], **basis: Any) -> None:
    """From the client's leaving to the agreement that went out to him."""
    story.client_cancels()
    _decided(story, expenses, **basis)


def _decided(story: Story, expenses: list[dict[str, str]], **basis: Any) -> None:
    story.complete("Зарегистрировать заявление", refund_reason="Планы изменились")
    story.complete("Определить основание возврата", **({"refund_due": "due"} | basis))
    story.complete("Посчитать расходы", refund_expenses=expenses)
    story.approve("lawyer")
    story.approve("director")
    story.send()


def _returned(story: Story) -> dict[str, Any]:
    """The variables of the newest refund."""
    with story.env.sessions() as session:
        row = session.scalars(select(ProcessInstance).where(ProcessInstance.id == story.instance_id)).one()
        found: dict[str, Any] = values.decode(row.variables)
        return found


def _balance(story: Story) -> Decimal:
    """What the client owes by the act of reconciliation; below zero, what we owe him."""
    today = story.clock.now.date()
    with story.env.sessions() as session:
        found = reconciliation.of(session, story.client.id, today - timedelta(days=200), today)
    return found["opening"] + sum((row["debit"] - row["credit"] for row in found["rows"]), Decimal(0))


def _payments(story: Story) -> list[Payment]:
    with story.env.sessions() as session:
        return list(session.scalars(select(Payment).filter_by(deal_id=story.deal_id).order_by(Payment.id)))


# --- before the service ----------------------------------------------------------------------------------------------


@pytest.mark.begins_at("handover")
def test_money_goes_back_when_the_client_has_signed_and_the_tax_of_the_advance_is_deducted(story: Story) -> None:
    _agreed(story, SPENT)
    assert story.open == [SIGN]
    story.complete(SIGN, refund_answer="signed")
    assert story.documents("refund_agreement")[-1].status == DocumentStatus.SIGNED
    assert story.open == [PAY], "what was not accepted is not corrected"
    story.complete(PAY, refund_reference="77")
    assert story.documents("corrective_vat_invoice") == []
    (advance,) = story.documents("advance_vat_invoice")
    (row,) = story.variables_of("Принять НДС аванса к вычету")["refund_advances"]
    assert row["name"].startswith(f"№ {advance.number} от ")
    assert (row["sum"], row["vat"]) == (Decimal("300000.00"), Decimal("54098.36"))
    assert _returned(story)["refund_outcome"] == "partly"
    steps.lose(story, category="internal", comment="Отменили на стороне клиента")
    story.complete("Принять НДС аванса к вычету", refund_vat_note="Запись 14")
    assert story.deal["status"] == "lost"


@pytest.mark.begins_at("handover")
def test_a_client_who_does_not_answer_gets_his_money_all_the_same(story: Story) -> None:
    _agreed(story, [])
    story.wait("P5BD")
    assert story.open == [PAY]
    story.complete(PAY, refund_reference="77")
    assert _returned(story)["refund_outcome"] == "full"
    assert story.documents("refund_agreement")[-1].status == DocumentStatus.SENT


@pytest.mark.begins_at("handover")
def test_a_consumer_is_not_made_to_wait_for_his_own_signature(story: Story) -> None:
    """Seven working days, but no more than ten days from his request."""
    with story.env.sessions.begin() as session:
        session.get_one(Client, story.client.id).kind = "person"
    asked = story.clock.now.date()
    _agreed(story, [])
    assert story.open == [PAY]
    assert story.points("CP-26")[-1].planned_at.date() <= asked + timedelta(days=10)


@pytest.mark.begins_at("handover")
def test_who_disputes_the_sum_is_paid_the_rest_and_heard_as_a_complaint(story: Story) -> None:
    """The remedy of that complaint returns what was withheld wrongly."""
    _agreed(story, SPENT)
    story.complete(SIGN, refund_answer="disputed", refund_dispute="Площадка вернула аванс, верните ещё 66 000")
    assert story.open == ["Зарегистрировать жалобу", PAY]
    assert "300000" in story.variables_of("Зарегистрировать жалобу")["complaint_essence"]
    story.complete(PAY, refund_reference="77")
    assert _returned(story)["refund_answer"] == "disputed"
    complaints.registers(story)
    complaints.acknowledged(story)
    complaints.assigned(story)
    complaints.investigated(story)
    complaints.remedied(story, "refund")
    _decided(story, [])
    assert "66 000,00" in story.text_of("refund_agreement")
    story.complete(SIGN, refund_answer="signed")
    story.complete(PAY, refund_reference="78")
    assert story.deal["paid"] == 0
    assert "Составить ответ" in story.open


@pytest.mark.begins_at("handover")
def test_an_agreement_that_is_not_approved_goes_back_to_the_lawyer(story: Story) -> None:
    story.client_cancels()
    story.complete("Зарегистрировать заявление")
    story.complete("Определить основание возврата", refund_due="due")
    story.complete("Посчитать расходы", refund_expenses=[])
    story.approve("lawyer")
    story.approve("director", decision="reject", remark="Площадка оплачена, вычтите её")
    assert story.open == ["Определить основание возврата"], "nothing is paid by a rejected agreement"
    assert [payment.kind for payment in _payments(story)] == ["in"]


@pytest.mark.begins_at("handover")
def test_a_complaint_whose_refund_is_not_due_is_given_another_remedy(story: Story) -> None:
    complaints.comes(story, complaint_deal=story.deal_id)
    complaints.acknowledged(story)
    complaints.assigned(story)
    complaints.investigated(story)
    complaints.remedied(story, "refund")
    story.complete("Зарегистрировать заявление")
    story.complete("Определить основание возврата", refund_due="not_due")
    assert "Предложить решение" in story.open


# --- after the service -----------------------------------------------------------------------------------------------


@pytest.mark.begins_at("evaluation")
def test_accepted_services_that_become_cheaper_have_a_corrective_invoice(story: Story) -> None:
    _agreed(story, KEPT)
    agreement = story.text_of("refund_agreement")
    assert "уменьшается на 66 000,00 руб." in agreement
    assert "расторгают" not in agreement
    story.complete(SIGN, refund_answer="signed")
    assert story.open == ["Уточнить стоимость принятых услуг"], "five days from the agreement, so before the payment"
    (invoice,) = story.documents("vat_invoice")
    lines = story.variables_of("Уточнить стоимость принятых услуг")["refund_lines"]
    assert [(line["was"], line["cost"]) for line in lines] == [
        (Decimal("244000.00"), Decimal("200000.00")), (Decimal("122000.00"), Decimal("100000.00"))
    ]  # fmt: skip
    story.complete("Уточнить стоимость принятых услуг")
    (paper,) = story.documents("corrective_vat_invoice")
    assert paper.total == Decimal("66000.00")
    printed = story.text_of("corrective_vat_invoice")
    assert f"к счету-фактуре № {invoice.number} от " in printed
    for figure in ("36 065,57", "7 934,43", "18 032,79", "3 967,21", "54 098,36", "11 901,64"):
        assert figure in printed
    assert story.open == [PAY]
    story.complete(PAY, refund_reference="77")
    assert "Принять НДС аванса к вычету" not in story.open, "it was deducted when the service was rendered"
    assert story.deal["balance"] == 0
    assert _balance(story) == 0


@pytest.mark.begins_at("evaluation")
def test_a_second_correction_begins_where_the_first_ended(story: Story) -> None:
    _agreed(story, KEPT)
    story.complete(SIGN, refund_answer="signed")
    story.complete("Уточнить стоимость принятых услуг")
    story.complete(PAY, refund_reference="77")
    complaints.comes(story, complaint_deal=story.deal_id)
    complaints.acknowledged(story)
    complaints.assigned(story)
    complaints.investigated(story)
    complaints.remedied(story, "refund")
    _decided(story, [{"name": "Услуги", "proof": "акт", "sum": "361000.00"}])
    story.complete(SIGN, refund_answer="signed")
    lines = story.variables_of("Уточнить стоимость принятых услуг")["refund_lines"]
    assert [line["was"] for line in lines] == [Decimal("200000.00"), Decimal("100000.00")]


@pytest.mark.begins_at("evaluation")
def test_the_accountant_may_say_which_lines_cost_less(story: Story) -> None:
    """Only what may be written into is sent by the page: two waves become one, the conference keeps its price."""
    _agreed(story, [{"name": "Услуги", "proof": "акт", "sum": "305000.00"}])
    story.complete(SIGN, refund_answer="signed")
    rows = [{"amount": "1", "cost": "244000"}, {"amount": "1", "cost": "61000"}]
    story.complete("Уточнить стоимость принятых услуг", corrected=rows)
    printed = story.text_of("corrective_vat_invoice")
    assert "Опрос удовлетворенности клиентов" in printed
    assert "Конференция для клиентов" not in printed
    assert story.documents("corrective_vat_invoice")[0].total == Decimal("61000.00")


@pytest.mark.begins_at("delivery")
def test_a_transfer_document_is_corrected_like_an_invoice(story: Story) -> None:
    settings = story.env.settings
    story.env.settings = {**settings, "company": {**settings["company"], "closing_documents": "upd"}}
    steps.event(story)
    _agreed(story, KEPT)
    story.complete(SIGN, refund_answer="signed")
    story.complete("Уточнить стоимость принятых услуг")
    (upd,) = story.documents("upd")
    assert f"к счету-фактуре № {upd.number} от " in story.text_of("corrective_vat_invoice")


@pytest.mark.begins_at("delivery")
def test_without_vat_accepted_services_that_become_cheaper_need_no_invoice(story: Story) -> None:
    with story.env.sessions.begin() as session:
        session.get_one(Deal, story.deal_id).vat_mode = "none"
    steps.event(story)
    _agreed(story, KEPT)
    story.complete(SIGN, refund_answer="signed")
    assert story.open == [PAY]
    story.complete(PAY, refund_reference="77")
    assert "Принять НДС аванса к вычету" not in story.open
    assert _balance(story) == 0


@pytest.mark.begins_at("evaluation")
def test_an_accountant_who_finds_nothing_to_correct_goes_on_to_the_payment(story: Story) -> None:
    _agreed(story, KEPT)
    story.complete(SIGN, refund_answer="signed")
    story.complete("Уточнить стоимость принятых услуг", refund_corrective="no")
    assert story.documents("corrective_vat_invoice") == []
    assert story.open == [PAY]


@pytest.mark.begins_at("evaluation")
def test_what_goes_back_on_another_ground_is_not_corrected(story: Story) -> None:
    _agreed(story, KEPT, refund_as="other", refund_basis="возмещение убытков")
    story.complete(SIGN, refund_answer="signed")
    assert story.open == [PAY]


# --- the client stays ------------------------------------------------------------------------------------------------


@pytest.mark.begins_at("delivery")
def test_a_client_who_stays_after_the_talk_has_his_project_carried_out(story: Story) -> None:
    story.client_cancels()
    story.complete("Зарегистрировать заявление", refund_wish="stays", refund_talk="Перенесли на январь")
    assert story.open == ["Составить план подготовки"], "it is paid and handed over: neither is done again"
    steps.event(story)
    steps.survey(story, survey_terms=4)
    story.complete("Договориться о следующем контакте")
    assert story.deal["status"] == "won"
    assert story.deal["paid"] == steps.TOTAL
    assert story.instance.status == InstanceStatus.COMPLETED


@pytest.mark.begins_at("handover")
def test_a_client_may_stay_instead_of_signing_and_leave_again_later(story: Story) -> None:
    _agreed(story, SPENT)
    story.complete(SIGN, refund_answer="stays", refund_talk="Готовы продолжать")
    assert story.documents("refund_agreement")[-1].status == DocumentStatus.CANCELLED
    assert story.open == ["Принять проект в работу"]
    story.client_cancels()
    assert story.variables_of("Зарегистрировать заявление")["refund_wish"] is None
    _decided(story, [])
    story.complete(SIGN, refund_answer="signed")
    story.complete(PAY, refund_reference="77")
    assert _returned(story)["refund_outcome"] == "full"
    steps.lose(story, category="internal", comment="Всё-таки отменили")
    assert story.deal["status"] == "lost"


@pytest.mark.begins_at("evaluation")
def test_who_stays_after_the_service_is_asked_his_opinion_and_the_deal_is_closed(story: Story) -> None:
    story.client_cancels()
    story.complete("Зарегистрировать заявление", refund_wish="stays", refund_talk="Претензий нет")
    steps.survey(story, survey_terms=4)
    assert story.open == ["Договориться о следующем контакте"]

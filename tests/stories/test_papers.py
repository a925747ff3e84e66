"""Papers that cannot be made, are not right, or go another way than by mail (R157, R216)."""
from __future__ import annotations

from decimal import Decimal

import pytest

from engine.crm import clients, deals, payments
from engine.vocabulary import DocumentStatus
from tests.stories import steps
from tests.stories.story import Story


@pytest.mark.begins_at("contract")
def test_a_contract_waits_until_the_clients_requisites_are_right(story: Story) -> None:
    account = story.client.requisites["account"]
    story.act("elena", clients.change_client, story.client.id, account="")
    steps.contract_terms(story)
    assert story.open == ["Исправить реквизиты"]
    story.act("elena", clients.change_client, story.client.id, account=account)
    story.complete("Исправить реквизиты", requisites_fixed=True)
    assert story.open == ["Согласовать документ", "Согласовать документ"]


@pytest.mark.begins_at("contract")
def test_a_document_that_lacks_data_is_made_when_they_are_there_and_skips_no_number(story: Story) -> None:
    company = dict(story.env.settings["company"])
    story.env.settings = {**story.env.settings, "company": {**company, "account": ""}}
    steps.contract_terms(story)
    assert story.open == ["Дополнить данные"]
    story.env.settings = {**story.env.settings, "company": company}
    story.complete("Дополнить данные", data_fixed=True)
    assert story.open == ["Согласовать документ", "Согласовать документ"]
    (document,) = story.documents("contract")
    assert document.number.startswith("0001")


@pytest.mark.begins_at("proposal")
def test_a_document_that_is_not_right_goes_back_to_its_author(story: Story) -> None:
    steps.prepare_proposal(story)
    story.send(doc_result="rejected", rework_note="Не та площадка")
    assert story.open == ["Внести правки в предложение"]
    steps.prepare_proposal(story, "Внести правки в предложение")
    story.send()
    assert [document.version for document in story.documents("proposal")] == [1, 2]


@pytest.mark.begins_at("proposal")
def test_a_document_sent_on_paper_is_marked_as_sent_without_a_mail(story: Story) -> None:
    steps.prepare_proposal(story)
    story.send(send_channel="paper")
    assert story.documents("proposal")[0].status == DocumentStatus.SENT
    assert story.mailbox.to("zhuravleva@") == []


@pytest.mark.begins_at("proposal")
def test_the_letter_can_be_changed_before_it_goes(story: Story) -> None:
    steps.prepare_proposal(story)
    story.send(mail_to="kim@polarstar.example.test", mail_subject="Наше предложение", mail_body="Как договорились.")
    letter = story.mailbox.letter("Наше предложение")
    assert letter["To"] == "kim@polarstar.example.test"
    body = letter.get_body()
    assert body is not None
    assert body.get_content().strip() == "Как договорились."


@pytest.mark.begins_at("contract")
def test_a_surplus_may_be_set_off_against_the_second_part(story: Story) -> None:
    half = Decimal("183000.00")
    steps.contract(story, schedule="half")
    story.send()
    steps.receive(story, half + 3000, "11")
    story.complete("Решить о переплате", overpayment_decision="offset")
    assert [part["received"] for part in story.deal["payments"]] == [half, Decimal("3000.00")]
    assert story.milestones[-1] == "M6"


@pytest.mark.begins_at("evaluation")
def test_a_deal_with_a_debt_is_not_closed(story: Story) -> None:
    """R130: money and papers first. Here a service was added after the last payment."""
    story.act("anna", deals.set_lines, story.deal_id, [*steps.LINES, {"name": "Видеозапись", "price": "24000.00"}])
    steps.survey(story, survey_terms=4)
    assert story.open == ["Закрыть документы и долги"]
    assert story.variables_of("Закрыть документы и долги")["gaps"] == ["Не оплачено 24\u00a0000,00 руб."]
    story.act("vera", payments.record_payment, story.deal_id, 1, Decimal("24000.00"), story.clock.now.date())
    story.complete("Закрыть документы и долги", gaps_closed=True)
    assert story.open == ["Договориться о следующем контакте"]

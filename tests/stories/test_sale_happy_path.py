"""The successful way of R130: presentation, proposal, contract, prepayment, the event, documents, a high rating."""
from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from engine.vocabulary import ControlPointStatus, DocumentStatus, InstanceStatus
from tests.stories import steps
from tests.stories.story import Story

WAY = (
    steps.presentation, steps.proposal, steps.contract, steps.pay, steps.handover, steps.event, steps.survey,
)  # fmt: skip


def test_a_sale_goes_from_the_first_meeting_to_a_satisfied_client_and_the_next_contact(story: Story) -> None:
    story.begin()
    assert story.open == ["Договориться о презентации"]

    steps.agree_meeting(story)
    invitation = story.mailbox.letter("Приглашение на встречу").get_content()
    assert "18.11.2026 11:00" in invitation
    assert "ул. Краснопрудная, 12" in invitation
    steps.hold_meeting(story)
    assert "18.11.2026 11:00" in story.mailbox.letter("Напоминание о встрече").get_content()
    steps.write_protocol(story)
    protocol = story.text_of("protocol")
    assert "Собрать партнёров в одном месте" in protocol
    assert "Готовим предложение" in protocol
    assert "11:00" in protocol

    steps.proposal(story)
    assert "Конференция под ключ с опросом участников" in story.text_of("proposal")
    assert "366 000,00" in story.text_of("proposal")

    steps.contract(story)
    contract = story.text_of("contract")
    assert "Триста шестьдесят шесть тысяч рублей 00 копеек" in contract
    assert "Полярная звезда" in contract
    assert "Экспоцентр" in contract

    steps.pay(story)
    assert "366 000,00" in story.text_of("invoice")
    assert story.deal["paid"] == steps.TOTAL

    steps.handover(story)
    steps.event(story)
    assert "366 000,00" in story.text_of("act")

    steps.survey(story)
    story.complete("Попросить рекомендацию", recommendation="yes", recommended_to="Партнёрам по отрасли")
    story.complete("Договориться о следующем контакте")

    assert story.open == ["Связаться с клиентом"]
    assert story.instance.status == InstanceStatus.COMPLETED
    assert story.milestones == ["M0", "M2", "M3", "M4", "M5", "M6", "M6a", "M7", "M8", "M9"]
    assert story.deal["status"] == "won"
    assert story.chain_is_whole()


def test_a_won_deal_leaves_the_client_with_a_date_a_purpose_and_a_product(story: Story) -> None:
    """R021, R131, R137: two months from the closing unless agreed otherwise; the next product of the matrix."""
    story.begin("Стратегическая сессия")
    for step in WAY[:-1]:
        step(story)
    steps.survey(story, survey_price=4)
    following = story.variables_of("Договориться о следующем контакте")["client"]["next_product"]
    story.complete("Договориться о следующем контакте")
    contact = story.deal["next_contact"]
    assert contact["date"] > date(2027, 2, 1)
    assert contact["purpose"]
    assert contact["product"] == following["id"]
    assert following["name"] not in {line["name"] for line in steps.LINES}
    call = story.task("Связаться с клиентом")
    assert call.follow_up_at is not None
    assert call.follow_up_at.date() == contact["date"]
    (point,) = story.points("CP-08")
    assert (point.planned_at.date(), point.status) == (contact["date"], ControlPointStatus.OPEN)


@pytest.mark.begins_at("closing")
def test_a_talk_without_a_need_is_followed_by_another_until_the_client_declines(story: Story) -> None:
    """R135, R165: between two sales a client always has a date, unless he asks not to be called."""
    story.complete("Договориться о следующем контакте")
    later = {"date": "2027-04-05", "purpose": "Узнать о планах на осень", "product": 7}
    story.complete("Связаться с клиентом", contact_result="later", contact_note="Пока не до того", next_contact=later)
    assert [point.planned_at.date().isoformat() for point in story.points("CP-22")] == ["2027-04-05"]
    assert [point.status for point in story.points("CP-08")] == [ControlPointStatus.MET]
    story.complete("Связаться с клиентом", contact_result="stop", contact_note="Сменили подрядчика")
    assert story.client.stop_list
    assert story.open == []


def test_every_document_is_numbered_sent_and_those_of_two_sides_are_signed(story: Story) -> None:
    """R151-R157."""
    story.begin()
    for step in WAY:
        step(story)
    for kind in ("protocol", "proposal", "invoice", "questionnaire"):
        (document,) = story.documents(kind)
        assert (kind, document.status) == (kind, DocumentStatus.SENT)
        assert document.number
        assert document.sent_at is not None
    for kind in ("contract", "act"):
        (document,) = story.documents(kind)
        assert (kind, document.status) == (kind, DocumentStatus.SIGNED)
        assert document.total == steps.TOTAL
    for subject in ("Протокол встречи", "Коммерческое предложение", "Договор", "Счёт на оплату", "Акт об оказании"):
        letter = story.mailbox.letter(subject)
        assert "zhuravleva@polarstar.example.test" in str(letter["To"])
        assert [part.get_content_type() for part in letter.iter_attachments()] == [
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
        ]


def test_control_points_hold_plan_fact_and_deviation(story: Story) -> None:
    """R158-R164, R166, R169: on time, so no deviation is above zero."""
    story.begin()
    for step in WAY:
        step(story)
    story.complete("Попросить рекомендацию", recommendation="no")
    story.complete("Договориться о следующем контакте")
    for code in ("CP-01", "CP-02", "CP-03", "CP-04", "CP-05", "CP-07", "CP-11", "CP-13", "CP-15", "CP-16"):
        points = story.points(code)
        assert points, code
        for point in points:
            assert (code, point.status) == (code, ControlPointStatus.MET)
            assert point.actual_at is not None
            assert point.deviation is not None
            assert point.deviation <= 0, (code, point.planned_at, point.actual_at)
    assert len(story.points("CP-12")) == 2
    assert all(point.status == ControlPointStatus.MET for point in story.points("CP-12"))
    (protocol,) = story.points("CP-01")
    assert protocol.evidence["document"] == story.documents("protocol")[0].number
    assert "control_point.met" in story.log()
    assert Decimal(0) == story.deal["balance"]

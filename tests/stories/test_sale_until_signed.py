"""What may go otherwise than R130 has it before the contract is signed: R138-R140, R159, R163."""
from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from engine.crm import closing, deals, payments, prices
from engine.errors import Invalid
from engine.models import LoyaltyCard, Product
from engine.vocabulary import ControlPointStatus, DocumentStatus
from engine.work import Work
from tests.stories import steps
from tests.stories.steps import lose
from tests.stories.story import Story

REFUSED = {"category": "no_need", "comment": "Нет задач на этот год"}


# --- presentation (R138, R164) ---------------------------------------------------------------------------------------


@pytest.mark.begins_at("presentation")
def test_a_refused_presentation_is_tried_again_on_the_agreed_date(story: Story) -> None:
    story.complete(
        "Договориться о презентации", meeting_agreed="refused", refusal=REFUSED, retry_date="2026-12-01"
    )
    second = story.task("Договориться о презентации")
    assert second.round == 2
    assert second.follow_up_at is not None
    assert second.follow_up_at.date() == date(2026, 12, 1)
    assert story.points("CP-07")[-1].planned_at.date() == date(2026, 12, 1)

    steps.agree_meeting(story, at="2026-12-03T11:00")
    assert story.open == ["Провести встречу"]


@pytest.mark.begins_at("presentation")
def test_where_the_contact_has_no_mail_the_invitation_comes_to_us(story: Story) -> None:
    """Somebody of ours then passes it on; the deal does not stop for it."""

    def forget(work: Work) -> None:
        for contact in deals.find(work.session, story.deal_id).client.contacts:
            contact.email = None

    story.act("system", forget)
    steps.agree_meeting(story)
    assert any("Приглашение" in subject for subject in story.mailbox.to(story.env.setting("company.email")))
    assert story.open == ["Провести встречу"]


@pytest.mark.begins_at("presentation")
def test_after_the_third_refusal_the_deal_is_lost(story: Story) -> None:
    for day in ("2026-12-01", "2026-12-15", "2026-12-29"):
        story.complete("Договориться о презентации", meeting_agreed="refused", refusal=REFUSED, retry_date=day)
    assert story.open == ["Оформить отказ или отсрочку"]
    lose(story)
    assert story.deal["status"] == "lost"
    assert story.deal["refusal"] == {
        "category": "no_need", "comment": "Нет задач на этот год", "competitor": None, "stage": "M0",
    }  # fmt: skip
    assert story.milestones == ["M0", "MX"]


@pytest.mark.begins_at("presentation")
def test_a_moved_meeting_is_agreed_anew_and_its_reminder_goes_with_it(story: Story) -> None:
    steps.agree_meeting(story)
    story.complete("Провести встречу", meeting_result="moved")
    steps.agree_meeting(story, at="2026-11-25T15:00")
    story.wait("P9D")
    reminders = [letter for letter in story.mailbox.letters if "Напоминание о встрече" in str(letter["Subject"])]
    assert ["25.11.2026 15:00" in letter.get_content() for letter in reminders] == [True]


@pytest.mark.begins_at("presentation")
def test_the_agenda_goes_with_the_invitation_and_into_the_minutes_with_the_attachments(story: Story) -> None:
    """D1."""
    steps.agree_meeting(story, meeting_agenda="Итоги года\nПлощадка")
    invitation = story.mailbox.letter("Приглашение").get_body(("plain",))
    assert invitation is not None
    assert "Повестка:\nИтоги года\nПлощадка" in invitation.get_content().replace("\r\n", "\n")
    steps.hold_meeting(story)
    story.complete("Составить протокол", needs="Конференция", decisions="Готовим предложение",
                   protocol_attachments="Смета прошлого года")  # fmt: skip
    printed = story.text_of("protocol")
    assert "1.Итоги года\n2.Площадка" in printed
    assert "Смета прошлого года" in printed


@pytest.mark.begins_at("presentation")
def test_remarks_on_the_protocol_give_its_second_version(story: Story) -> None:
    steps.agree_meeting(story)
    steps.hold_meeting(story)
    story.complete("Составить протокол", needs="Конференция", decisions="Готовим предложение")
    story.send()
    story.complete("Получить подтверждение протокола", protocol_answer="remarks", protocol_remarks="Не тот день")
    story.complete("Составить протокол", decisions="Готовим два предложения")
    story.send()
    story.complete("Получить подтверждение протокола", protocol_answer="confirmed")
    first, second = story.documents("protocol")
    assert (first.number, first.status) == (second.number, DocumentStatus.SUPERSEDED)
    assert second.version == 2
    assert "два предложения" in story.text_of("protocol")


@pytest.mark.begins_at("presentation")
def test_a_protocol_sent_too_late_is_reported_with_its_deviation(story: Story) -> None:
    """AT-20: the owner and the head hear of it, then the head gets a task."""
    steps.agree_meeting(story)
    steps.hold_meeting(story)
    story.complete("Составить протокол", needs="Конференция", decisions="Готовим предложение")
    story.wait("P2BD")
    assert any("CP-01" in subject for subject in story.mailbox.to("anna@"))
    assert any("CP-01" in subject for subject in story.mailbox.to("elena@"))
    story.wait("P2BD")
    assert "Разобраться с просрочкой" in story.open
    story.complete("Разобраться с просрочкой", escalation_decision="help", escalation_reason="Помогу составить письмо")
    story.send()
    (point,) = story.points("CP-01")
    assert point.status == ControlPointStatus.MET
    assert point.deviation == pytest.approx(3, abs=0.5)


@pytest.mark.begins_at("presentation")
def test_the_next_step_waits_for_the_protocol_to_be_sent(story: Story) -> None:
    """CP-01 is demanded by the step after it."""
    steps.agree_meeting(story)
    steps.hold_meeting(story)
    story.complete("Составить протокол", needs="Конференция", decisions="Готовим предложение")
    with pytest.raises(AssertionError, match="no open task"):
        story.complete("Получить подтверждение протокола", protocol_answer="confirmed")
    story.send()
    story.complete("Получить подтверждение протокола", protocol_answer="confirmed")
    assert story.points("CP-01")[0].status == ControlPointStatus.MET


# --- proposal (R139, R159, R163) -------------------------------------------------------------------------------------


@pytest.mark.begins_at("proposal")
def test_a_proposal_is_refined_twice_and_then_agreed(story: Story) -> None:
    steps.prepare_proposal(story)
    story.send()
    for version, price in ((2, "230000.00"), (3, "220000.00")):
        story.complete("Защитить предложение", proposal_decision="remarks", proposal_remarks="Дорого")
        task = story.task("Внести правки в предложение")
        assert task.due_at == story.points("CP-06")[-1].planned_at
        lines = [{**steps.LINES[0], "price": price}]
        steps.prepare_proposal(story, "Внести правки в предложение", lines=lines)
        story.send()
        assert story.documents("proposal")[-1].version == version
    story.complete("Защитить предложение", proposal_decision="agreed")
    assert story.deal["total"] == Decimal("220000.00")
    assert len({document.number for document in story.documents("proposal")}) == 1
    assert [document.status for document in story.documents("proposal")] == ["superseded", "superseded", "sent"]
    assert [point.status for point in story.points("CP-06")] == ["met", "met"]
    assert story.milestones[-1] == "M4"
    assert story.mailbox.to("elena@") == []


@pytest.mark.begins_at("proposal")
def test_a_price_below_what_has_come_in_is_told_when_the_deal_is_closed(story: Story) -> None:
    steps.prepare_proposal(story)
    story.send()
    story.act("system", payments.record_payment, story.deal_id, 1, story.deal["total"], date(2026, 11, 17))
    story.complete("Защитить предложение", proposal_decision="remarks", proposal_remarks="Дорого")
    steps.prepare_proposal(story, "Внести правки в предложение", lines=[{**steps.LINES[0], "price": "100000"}])
    assert story.deal["total"] == Decimal("100000.00")
    assert story.deal["balance"] < 0
    with story.env.sessions() as session:
        gaps = closing.check_closing(session, story.env, story.deal_id, date(2026, 11, 17))
    assert any("Переплата" in gap.label for gap in gaps)


@pytest.mark.begins_at("proposal")
def test_after_the_third_round_the_head_hears_of_it(story: Story) -> None:
    steps.prepare_proposal(story)
    story.send()
    for _ in range(3):
        story.complete("Защитить предложение", proposal_decision="remarks", proposal_remarks="Дорого")
        steps.prepare_proposal(story, "Внести правки в предложение")
        story.send()
    assert [subject for subject in story.mailbox.to("elena@") if "уточняется" in subject] == [
        f"Предложение уточняется в 4-й раз: {story.deal['number']}"
    ]


@pytest.mark.begins_at("proposal")
def test_a_discount_above_the_limit_is_approved_before_the_client_sees_it(story: Story) -> None:
    """R225."""
    steps.prepare_proposal(story, discount="15")
    assert story.open == ["Согласовать документ"]
    assert story.mailbox.to("zhuravleva@") == []
    story.approve("head")
    story.send()
    assert story.documents("proposal")[0].locked_at is not None
    assert story.deal["total"] == Decimal("311100.00")


@pytest.mark.begins_at("proposal")
def test_the_proposal_promises_the_terms_of_payment_that_the_contract_then_has(story: Story) -> None:
    """X19: an own schedule, with a day where one was agreed."""
    parts = [
        {"share": "30", "trigger": "before_delivery", "due_on": "2026-12-01"},
        {"share": "50", "trigger": "before_delivery"},
        {"share": "20", "trigger": "after_delivery"},
    ]
    with pytest.raises(Invalid):
        steps.prepare_proposal(story, schedule="own", schedule_parts=parts[:2])
    steps.prepare_proposal(story, schedule="own", schedule_parts=parts)
    story.send()
    printed = story.text_of("proposal")
    assert "30 % (109 800,00 руб.) – до начала оказания услуг, до 1 декабря 2026" in printed
    assert "20 % (73 200,00 руб.) – после подписания акта" in printed
    story.complete("Защитить предложение", proposal_decision="agreed")
    story.complete("Подготовить условия договора", event_at="2026-12-15T10:00")
    assert [(part["sum"], part["due_on"]) for part in story.deal["payments"]] == [
        (Decimal("109800.00"), date(2026, 12, 1)), (Decimal("183000.00"), None), (Decimal("73200.00"), None),
    ]  # fmt: skip
    steps.approve_contract(story)
    story.send()
    story.complete("Получить подписанный договор", contract_decision="signed")
    story.send()
    assert story.documents("invoice")[0].total == Decimal("109800.00")
    assert story.points("CP-03")[-1].planned_at.date() == date(2026, 12, 1)


@pytest.mark.begins_at("proposal")
def test_the_proposal_names_options_and_the_people_who_will_do_the_work(story: Story) -> None:
    steps.prepare_proposal(
        story, offer_options=[{"name": "Фотозона", "option_price": "38000"}, {"name": "Трансляция"}],
        offer_team=[{"person": "pavel"}],
    )  # fmt: skip
    printed = story.text_of("proposal")
    assert "Фотозона – 38 000,00 руб." in printed
    assert "Соколов Павел" in printed
    assert "НДС" in printed.partition("Сумма, руб.")[0].partition("Цена, руб.")[2]


@pytest.mark.begins_at("proposal")
def test_a_service_of_the_catalogue_costs_what_the_clients_list_says_for_its_quantity(story: Story) -> None:
    """R209, R225: tiers of the client's own list; the name and the unit come from the catalogue too."""

    def give_list(work: Work) -> Product:
        deal, product = deals.find(work.session, story.deal_id), work.session.scalars(select(Product)).first()
        assert product is not None
        own = prices.create(work, "own", "Прайс клиента", date(2026, 1, 1), general=False)
        rows = [(Decimal(1), Decimal("900.00")), (Decimal(10), Decimal("800.00"))]
        prices.set_tiers(work, own.id, product.id, [{"min_quantity": least, "price": cost} for least, cost in rows])
        prices.assign(work, deal.client_id, own.id)
        return product

    product = story.act("system", give_list)
    steps.prepare_proposal(story, lines=[{"product_id": str(product.id), "quantity": "12"}])
    (line,) = story.deal["lines"]
    assert (line["product_id"], line["name"], line["price"]) == (product.id, product.name, Decimal("800.00"))
    assert story.deal["total"] == Decimal("9600.00")


@pytest.mark.begins_at("proposal")
def test_the_discount_a_client_is_due_is_proposed(story: Story) -> None:
    """R300."""

    def enrol(work: Work) -> None:
        client_id = deals.find(work.session, story.deal_id).client_id
        work.session.add(
            LoyaltyCard(client_id=client_id, number="Л-1", instrument="discount", tier="silver", discount=Decimal(5),
                        status="active", issued_on=date(2026, 1, 1))
        )  # fmt: skip

    story.act("system", enrol)
    story.complete("Подготовить предложение", lines=steps.LINES, offer_solution="Конференция под ключ")
    assert story.deal["discount"] == 5
    assert story.deal["total"] == Decimal("347700.00")


@pytest.mark.begins_at("proposal")
def test_silence_is_broken_by_a_reminder_and_ends_in_a_decision(story: Story) -> None:
    """R159: three days before the end the client is reminded, at the end the manager decides."""
    steps.prepare_proposal(story)
    story.send()
    story.wait("P7BD")
    assert any("истекает" in subject for subject in story.mailbox.to("zhuravleva@"))
    story.wait("P3BD")
    assert story.open == ["Решить судьбу предложения"]
    story.complete("Решить судьбу предложения", expired_decision="renew")
    steps.prepare_proposal(story)
    story.send()
    assert story.documents("proposal")[-1].version == 2
    assert story.open == ["Защитить предложение"]


# --- contract (R140, R153, R163) -------------------------------------------------------------------------------------


@pytest.mark.begins_at("contract")
def test_only_the_approver_who_had_a_remark_is_asked_again(story: Story) -> None:
    steps.contract_terms(story)
    story.approve("lawyer", decision="remarks", remark="Добавьте пункт о неустойке")
    story.approve("accountant")
    assert story.open == ["Доработать документ"]
    story.complete(
        "Доработать документ", special_terms="Неустойка за перенос даты — 5 %", correction_note="Добавлен пункт"
    )
    assert story.open == ["Согласовать документ"]
    story.approve("lawyer")
    story.send()
    assert "Неустойка за перенос даты" in story.text_of("contract")
    assert [(document.version, document.status) for document in story.documents("contract")] == [
        (1, DocumentStatus.SUPERSEDED), (2, DocumentStatus.SENT),
    ]  # fmt: skip
    assert len(story.points("CP-12")) == 3


@pytest.mark.begins_at("contract")
def test_all_are_asked_again_if_the_company_wants_it(story: Story) -> None:
    story.env.settings = {**story.env.settings, "approval": {**story.env.settings["approval"], "ask_again": "all"}}
    steps.contract_terms(story)
    story.approve("lawyer", decision="remarks", remark="Добавьте пункт о неустойке")
    story.approve("accountant")
    story.complete("Доработать документ", special_terms="Неустойка 5 %", correction_note="Добавлен пункт")
    assert story.open == ["Согласовать документ", "Согласовать документ"]


@pytest.mark.begins_at("contract")
def test_a_rejection_ends_the_approval_and_the_contract_is_corrected(story: Story) -> None:
    steps.contract_terms(story)
    story.approve("accountant", decision="reject", remark="Такой график оплаты нам не подходит")
    assert story.open == ["Исправить договор"]
    steps.contract_terms(story, "Исправить договор", schedule="half")
    steps.approve_contract(story)
    story.send()
    assert [part["sum"] for part in story.deal["payments"]] == [Decimal("183000.00"), Decimal("183000.00")]


@pytest.mark.begins_at("contract")
def test_a_large_contract_needs_the_director_too(story: Story) -> None:
    story.act("anna", _set_lines, story.deal_id, [{**steps.LINES[0], "price": "600000.00"}])
    steps.contract_terms(story)
    assert story.open == ["Согласовать документ"] * 3
    steps.approve_contract(story)
    story.approve("director")
    assert story.open == ["Проверить и отправить"]


@pytest.mark.begins_at("contract")
def test_an_absent_approvers_substitute_answers_for_him(story: Story) -> None:
    story.stands_in("boris", for_whom="lidia")
    steps.contract_terms(story)
    story.approve("lawyer", by="boris")
    story.approve("accountant")
    assert story.open == ["Проверить и отправить"]


@pytest.mark.begins_at("contract")
def test_the_clients_remarks_lead_to_a_new_version(story: Story) -> None:
    steps.contract_terms(story)
    steps.approve_contract(story)
    story.send()
    story.complete("Получить подписанный договор", contract_decision="remarks", contract_remarks="Оплата после акта")
    story.complete(
        "Разобрать замечания клиента", disagreement_result="partly", special_terms="Оплата второй части после акта",
        schedule="half",
    )  # fmt: skip
    steps.approve_contract(story)
    story.send()
    story.complete("Получить подписанный договор", contract_decision="signed")
    assert "Оплата второй части после акта" in story.text_of("contract")
    assert story.documents("contract")[-1].status == DocumentStatus.SIGNED
    assert [point.status for point in story.points("CP-06")] == [ControlPointStatus.MET]
    assert story.milestones[-1] == "M5"


def _set_lines(work: Work, deal_id: int, lines: list[dict[str, Any]]) -> None:
    deals.set_lines(work, deal_id, lines)

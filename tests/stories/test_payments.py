"""Money after the invoice: VAT invoices on advances and after the service, the ladder of a debt, reconciliation."""
from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from engine import instances, messages
from engine.models import Deal, Document, Message, Payment
from engine.vocabulary import ControlPointStatus, DocumentStatus
from engine.work import SYSTEM, unit_of_work
from tests.stories import steps
from tests.stories.story import Story

HALF = Decimal("183000.00")
AWAIT = "Отметить поступление оплаты"


def _change_deal(story: Story, **values: Any) -> None:
    with unit_of_work(story.env, SYSTEM) as work:
        deal = work.session.get_one(Deal, story.deal_id)
        for name, value in values.items():
            setattr(deal, name, value)


def _company(story: Story, **values: Any) -> None:
    story.env.settings = {**story.env.settings, "company": {**story.env.settings["company"], **values}}


def _payments(story: Story) -> list[Payment]:
    with story.env.sessions() as session:
        return list(session.scalars(select(Payment).where(Payment.deal_id == story.deal_id).order_by(Payment.id)))


def _indebted(story: Story) -> None:
    """Half is paid before the event, the other half is owed."""
    steps.contract(story, schedule="half")
    steps.pay(story, HALF)
    steps.handover(story)
    steps.event(story)


# --- the agreed term (X19, CP-03, CP-14) -----------------------------------------------------------------------------


@pytest.mark.begins_at("contract")
def test_the_invoice_before_the_event_is_valid_as_long_as_the_contract_gives_to_pay(story: Story) -> None:
    steps.contract(story, payment_days="20", event_at="2027-02-15T10:00")
    story.send()
    (invoice,) = story.documents("invoice")
    agreed = story.env.calendar("main").due(story.clock.now, "P20BD").at
    assert invoice.valid_until is not None
    assert invoice.valid_until.date() == story.points("CP-03")[-1].planned_at.date() == agreed.date()
    story.wait("P15BD")
    assert story.open == ["Отметить поступление оплаты"], "the usual five days are long over, the agreed ones are not"
    story.wait("P4BD")
    assert any("Напоминание об оплате" in subject for subject in story.mailbox.to("zhuravleva@"))
    story.wait("P2BD")
    assert "Связаться по неоплаченному счёту" in story.open


@pytest.mark.begins_at("contract")
def test_nobody_is_dunned_before_the_agreed_days_are_over(story: Story) -> None:
    steps.contract(story, schedule="half", payment_days="20")
    steps.pay(story, HALF)
    steps.handover(story)
    steps.event(story)
    story.send()
    agreed = story.env.calendar("main").due(story.clock.now, "P20BD").at
    assert story.points("CP-14")[-1].planned_at.date() == agreed.date()
    story.wait("P20BD")
    assert story.documents("payment_reminder") == []
    story.wait("P2BD")
    assert len(story.documents("payment_reminder")) == 1


# --- VAT invoices (X21, CP-17) ---------------------------------------------------------------------------------------


@pytest.mark.begins_at("contract")
def test_half_before_and_half_after_has_an_advance_invoice_that_the_next_one_names(story: Story) -> None:
    steps.contract(story, schedule="half")
    steps.pay(story, HALF, "11")
    (advance,) = story.documents("advance_vat_invoice")
    assert advance.status == DocumentStatus.SENT
    assert [payment.advance_document_id for payment in _payments(story)] == [advance.id]
    printed = story.text_of("advance_vat_invoice")
    assert "22/122" in printed
    assert "33 000,00" in printed
    assert "№ 11 от " in printed
    steps.handover(story)
    steps.event(story)
    (act,), (invoice,) = story.documents("act"), story.documents("vat_invoice")
    printed = story.text_of("vat_invoice")
    paid, made = f"{_payments(story)[0].dated:%d.%m.%Y}", f"{advance.dated:%d.%m.%Y}"
    assert f"№ 11 от {paid}" in printed  # line 5
    assert f"№ {act.number} от {act.dated:%d.%m.%Y}" in printed  # line 5а
    assert f"№ {advance.number} от {made}" in printed  # line 5б
    assert invoice.total == steps.TOTAL
    assert [advance.number, invoice.number] == ["0001/26", "0002/26"], "VAT invoices are numbered together"
    assert {point.status for point in story.points("CP-17")} == {ControlPointStatus.MET}


@pytest.mark.begins_at("payment")
def test_every_payment_before_the_service_has_its_own_advance_invoice(story: Story) -> None:
    story.send()
    steps.receive(story, Decimal("100000.00"), "11")
    steps.receive(story, Decimal("266000.00"), "12")
    first, second = story.documents("advance_vat_invoice")
    assert (first.total, second.total) == (Decimal("100000.00"), Decimal("266000.00"))
    assert [payment.advance_document_id for payment in _payments(story)] == [first.id, second.id]


@pytest.mark.begins_at("payment")
def test_a_company_without_vat_makes_no_vat_invoices(story: Story) -> None:
    _change_deal(story, vat_mode="none")
    steps.pay(story)
    steps.handover(story)
    steps.event(story)
    assert story.documents("advance_vat_invoice") == story.documents("vat_invoice") == []
    assert story.points("CP-17") == []


@pytest.mark.begins_at("handover")
def test_one_transfer_document_takes_the_place_of_act_and_invoice(story: Story) -> None:
    _company(story, closing_documents="upd")
    steps.handover(story)
    steps.event(story)
    (upd,) = story.documents("upd")
    assert upd.status == DocumentStatus.SIGNED
    assert story.documents("act") == story.documents("vat_invoice") == []
    assert f"№ {upd.number} от {upd.dated:%d.%m.%Y}" in story.text_of("upd")
    steps.survey(story, survey_terms=4)
    assert story.open == ["Договориться о следующем контакте"]


@pytest.mark.begins_at("delivery")
def test_an_act_made_anew_brings_a_correction_of_its_invoice(story: Story) -> None:
    story.complete("Составить план подготовки", preparation=[])
    steps.carry_out(story)
    story.send()
    story.complete("Получить подписанный акт", act_answer="objection", act_objection="Не та дата")
    story.complete("Разобрать возражения по акту", objection_result="fixed")
    story.send()
    first, second = story.documents("vat_invoice")
    assert (first.number, first.status) == (second.number, DocumentStatus.SUPERSEDED)
    assert "Исправление № 1 от " in story.text_of("vat_invoice")


# --- the ladder (CP-14) ----------------------------------------------------------------------------------------------


@pytest.mark.begins_at("payment")
def test_the_bank_statement_reports_money_to_the_stage_that_waits(story: Story) -> None:
    story.send()
    paid = {"part": 1, "sum": steps.TOTAL, "date": story.clock.now.date(), "reference": "501"}
    story.act("vera", messages.correlate, "payment_received", str(story.deal_id), paid)
    story.work()
    assert story.milestones[-1] == "M6"
    assert _payments(story)[0].reference == "501"


@pytest.mark.begins_at("contract")
def test_a_debt_climbs_the_ladder_until_the_director_writes_it_off(story: Story) -> None:
    _indebted(story)
    while AWAIT not in story.open:
        story.send()
    until = story.variables_of(AWAIT)["pay_until"]
    story.until(until)
    story.wait("P1BD")
    assert any("Напоминание об оплате" in subject for subject in story.mailbox.to("zhuravleva@"))
    assert "Счет № " in story.text_of("payment_reminder")
    story.wait("P2BD")
    story.complete("Позвонить о долге", call_result="promise", promise_date=f"{story.clock.now.date():%Y-%m-%d}")
    story.wait("P1BD")
    story.complete("Позвонить о долге", call_result="dispute", call_note="Видео плохого качества")
    with story.env.sessions() as session:
        told = session.scalars(select(Message).where(Message.name == "complaint_received")).all()
    assert told or "жалоб" in " ".join(story.open).lower()
    story.wait("P1BD")
    story.complete("Решить о должнике", debt_decision="wait")
    story.wait("P5BD")
    story.send()
    assert "Претензия" in story.text_of("claim")
    assert story.documents("claim")[0].status == DocumentStatus.SENT
    story.wait("P30D")
    story.complete("Решить о безнадёжном долге", director_decision="lawsuit", director_note="В суд")
    story.complete("Вести взыскание через суд", lawsuit_result="lost", lawsuit_note="Отказ")
    story.complete("Решить о безнадёжном долге", director_decision="write_off", director_note="Взыскать нельзя")
    assert AWAIT not in story.open
    kinds = [(payment.kind, payment.sum) for payment in _payments(story)]
    assert kinds == [("in", HALF), ("write_off", HALF)]
    assert story.deal["balance"] == 0


@pytest.mark.begins_at("contract")
def test_money_ends_the_ladder_at_any_rung(story: Story) -> None:
    _indebted(story)
    while AWAIT not in story.open:
        story.send()
    steps.receive(story, Decimal("83000.00"), "21")
    assert story.variables_of(AWAIT)["payment_sum"] == Decimal("100000.00")
    story.until(story.variables_of(AWAIT)["pay_until"])
    story.wait("P3BD")
    assert "Позвонить о долге" in story.open
    assert story.variables_of("Позвонить о долге")["debt_left"] == Decimal("100000.00")
    steps.receive(story, Decimal("100000.00"), "22")
    assert "Позвонить о долге" not in story.open
    assert AWAIT not in story.open
    assert story.documents("advance_vat_invoice")[-1].total == HALF, "money after the service is no advance"


@pytest.mark.begins_at("contract")
def test_a_head_may_hand_a_debt_straight_to_the_director(story: Story) -> None:
    _indebted(story)
    while AWAIT not in story.open:
        story.send()
    story.until(story.variables_of(AWAIT)["pay_until"])
    story.wait("P3BD")
    story.complete("Позвонить о долге", call_result="refuses")
    story.wait("P2BD")
    story.complete("Решить о должнике", debt_decision="director")
    story.complete("Решить о безнадёжном долге", director_decision="lawsuit", director_note="В суд")
    assert "Вести взыскание через суд" in story.open
    steps.receive(story, HALF, "31")
    assert "Вести взыскание через суд" not in story.open
    assert story.documents("claim") == []


def _before_the_director(story: Story) -> None:
    """Half is paid, the other half stays owed until the director decides."""
    _indebted(story)
    while AWAIT not in story.open:
        story.send()
    story.until(story.variables_of(AWAIT)["pay_until"])
    story.wait("P3BD")
    story.complete("Позвонить о долге", call_result="refuses")
    story.wait("P2BD")
    story.complete("Решить о должнике", debt_decision="director")
    story.complete("Решить о безнадёжном долге", director_decision="refund", director_note="Услуга не принята")
    story.complete("Зарегистрировать заявление")


@pytest.mark.begins_at("contract")
def test_a_contract_that_ends_returns_what_was_paid_and_nothing_is_owed_any_more(story: Story) -> None:
    """P10: the third outcome, money goes back once and the sale is lost, not won."""
    _before_the_director(story)
    assert AWAIT not in story.open
    story.complete("Определить основание возврата", refund_due="due")
    expenses = [{"name": "Аренда площадки", "proof": "акт № 5", "sum": "83000.00"}]
    story.complete("Посчитать расходы", refund_expenses=expenses)
    story.approve("lawyer")
    story.approve("director")
    story.send()
    today = f"{story.clock.now.date():%Y-%m-%d}"
    story.complete("Получить подписанное соглашение", refund_answer="signed")
    story.complete("Уточнить стоимость принятых услуг")
    story.complete("Перечислить деньги клиенту", refund_date=today, refund_reference="77")
    moved = [(payment.kind, payment.sum) for payment in _payments(story)]
    assert moved[:2] == [("in", HALF), ("refund", Decimal("100000.00"))]
    assert {kind for kind, _ in moved[2:]} == {"write_off"}
    assert story.deal["balance"] == 0
    assert story.documents("invoice")[-1].status == DocumentStatus.CANCELLED
    assert [point.status for point in story.points("CP-26")] == [ControlPointStatus.MET]
    steps.survey(story, survey_terms=4)
    assert "Зарегистрировать заявление" not in story.open, "what went back already is not returned again"
    steps.lose(story, category="terms", comment="Договор расторгнут")
    assert story.deal["status"] == "lost"


@pytest.mark.begins_at("contract")
def test_where_the_lawyer_finds_no_ground_for_a_refund_the_debt_is_followed_up_again(story: Story) -> None:
    _before_the_director(story)
    story.complete("Определить основание возврата", refund_due="not_due")
    assert AWAIT in story.open
    assert [payment.kind for payment in _payments(story)] == ["in"]
    steps.receive(story, HALF, "51")
    assert story.deal["balance"] == 0


@pytest.mark.begins_at("payment")
def test_a_prepayment_followed_up_by_hand_has_its_advance_invoice(story: Story) -> None:
    """The stage has been given up, the money comes all the same."""
    story.client_cancels()
    story.act("vera", instances.start, "payment_tracking", {}, deal_id=story.deal_id)
    story.work()
    while AWAIT not in story.open:
        story.send()
    steps.receive(story, steps.TOTAL, "41")
    (advance,) = story.documents("advance_vat_invoice")
    assert advance.total == steps.TOTAL


@pytest.mark.begins_at("handover")
def test_a_sale_that_is_paid_needs_no_tracking(story: Story) -> None:
    begun = story.act("vera", instances.start, "payment_tracking", {}, deal_id=story.deal_id)
    story.work()
    with story.env.sessions() as session:
        assert session.get_one(type(begun), begun.id).status == "completed"


# --- reconciliation --------------------------------------------------------------------------------------------------


@pytest.mark.begins_at("closing")
def test_accounts_are_reconciled_over_a_period(story: Story) -> None:
    story.act("vera", instances.start, "reconciliation", {}, client_id=story.client.id)
    story.work()
    today = story.clock.now.date()
    story.complete("Указать период сверки", recon_starts="2026-11-01", recon_ends=f"{today:%Y-%m-%d}")
    story.send()
    with story.env.sessions() as session:
        paper = session.scalar(select(Document).where(Document.kind == "reconciliation"))
    assert paper is not None
    section = paper.data["reconciliation"]
    names = [row["name"] for row in section["rows"]]
    assert names == ["Платежное поручение № 101", "Акт № 0001/26"]
    assert section["is_even"]
    story.complete("Получить подписанный акт сверки", recon_answer="signed")
    with story.env.sessions() as session:
        assert session.get_one(Document, paper.id).status == DocumentStatus.SIGNED
    assert date(2026, 11, 1) < today

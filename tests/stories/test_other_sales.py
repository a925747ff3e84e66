"""Sales to clients who came themselves, renewal of contracts, clients passed on when their manager leaves."""
from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from engine import instances, messages
from engine.crm import deals, prices
from engine.models import (
    Client,
    ClientProduct,
    Deal,
    LoyaltyCard,
    Message,
    ProcessInstance,
)
from engine.work import Work
from tests.stories import steps
from tests.stories.story import Story

NEXT = {"date": "2027-03-01", "purpose": "Предложить следующий продукт", "product": 2}


def see(story: Story, query: Any) -> Any:
    with story.env.sessions() as session:
        return session.scalars(query).all()


def one(story: Story, model: Any, *key: Any) -> Any:
    with story.env.sessions() as session:
        return session.get_one(model, key[0] if len(key) == 1 else key)


def begin(story: Story, procedure: str, title: str = "Тренинг", client: int = 1) -> None:
    """Anna opens a deal of a client who came himself and starts its sale."""
    cycle = "short" if procedure == "sale_short_push" else "long"
    opened = story.act("anna", deals.open_deal, client, title, initiative="client", cycle=cycle, need="Обучить отдел")
    story.deal_id = opened.id
    begun = story.act("anna", instances.start, procedure, {}, deal_id=opened.id, client_id=client)
    story.instance_id = begun.id
    story.work()


def order(story: Story, product: int = 8, quantity: str = "1", **said: Any) -> None:
    """The client takes one survey from the price list; it is carried out on Tuesday the first of December."""
    given = {"order_decision": "agreed", "lines": [{"product_id": product, "quantity": quantity}],
             "event_at": "2026-12-01T10:00", "service_subject": "Опрос клиентов"}  # fmt: skip
    story.complete("Подобрать услуги", **(given | said))


def deliver(story: Story) -> None:
    story.complete("Составить план подготовки", preparation=[])
    steps.carry_out(story)
    finish_papers(story)


def finish_papers(story: Story) -> None:
    """Everything that goes out after the service is sent; the act comes back signed."""
    while "Проверить и отправить" in story.open:
        story.send()
    story.complete("Получить подписанный акт", act_answer="signed")
    while "Проверить и отправить" in story.open:
        story.send()


def send_all(story: Story) -> None:
    while "Проверить и отправить" in story.open:
        story.send()


def known_buyer(story: Story, product: int = 8) -> None:
    """The client has used this product for long."""

    def use(work: Work) -> None:
        work.session.add(ClientProduct(client_id=1, product_id=product, used_since=date(2025, 1, 1)))

    story.act("anna", use)


def qualify(story: Story) -> None:
    story.complete("Квалифицировать сделку", qualification_result="ok", needs="Обучить отдел", probability=70,
                   can_deliver="yes", money="confirmed", risk="low")  # fmt: skip
    story.complete("Формализовать требования", event_parameters="20 человек, два дня")


# --- short sale ------------------------------------------------------------------------------------------------------


def test_a_paid_invoice_that_is_an_offer_is_a_short_sale(story: Story) -> None:
    known_buyer(story)
    begin(story, "sale_short_push")
    order(story)
    assert story.deal["total"] == Decimal("73200.00")
    assert story.documents("invoice")[0].template == "sale/invoice_offer"
    send_all(story)
    steps.receive(story, Decimal("73200.00"), "501")
    send_all(story)
    assert "M6" in story.milestones
    deliver(story)
    story.complete("Договориться о следующем контакте", next_contact=NEXT)
    assert (story.deal["status"], story.milestones[-1]) == ("won", "M9")
    assert story.documents("contract") == []
    assert one(story, Client, 1).next_contact_purpose == NEXT["purpose"]


def test_the_first_sale_of_a_product_is_evaluated(story: Story) -> None:
    begin(story, "sale_short_push")
    order(story)
    send_all(story)
    steps.receive(story, Decimal("73200.00"), "502")
    send_all(story)
    deliver(story)
    assert "Договориться о следующем контакте" not in story.open
    assert story.deal["sale_kind"] == "first"


def test_an_expired_invoice_is_issued_again(story: Story) -> None:
    known_buyer(story)
    begin(story, "sale_short_push")
    order(story)
    send_all(story)
    first = story.documents("invoice")[-1].number
    story.wait("P6BD")
    assert "Связаться по неоплаченному счёту" in story.open
    story.complete("Связаться по неоплаченному счёту", expired_invoice_decision="reissue")
    send_all(story)
    issued = story.documents("invoice")
    assert issued[-1].number != first
    assert [row.status for row in issued if row.number == first] == ["cancelled"]
    steps.receive(story, Decimal("73200.00"), "503")
    assert "M6" in story.milestones


def test_a_short_sale_by_an_offer_gets_a_new_price_without_a_specification(story: Story) -> None:
    known_buyer(story)
    begin(story, "sale_short_push")
    order(story)
    send_all(story)
    story.wait("P6BD")
    story.complete("Связаться по неоплаченному счёту", expired_invoice_decision="new_price")
    story.complete("Назначить новую цену", by="elena", discount="10", price_reason="Скидка за быструю оплату")
    send_all(story)
    assert story.documents("contract_specification") == []
    assert story.documents("invoice")[-1].total == story.deal["total"] < Decimal("73200.00")


def test_a_short_sale_above_the_limit_goes_by_a_contract(story: Story) -> None:
    begin(story, "sale_short_push")
    order(story, product=1, quantity="2")
    assert story.open == ["Подготовить условия договора"]


def test_a_private_person_and_a_client_who_wishes_get_a_contract(story: Story) -> None:
    begin(story, "sale_short_push")
    order(story, contract_wanted=True)
    assert story.open == ["Подготовить условия договора"]


def test_prices_come_from_the_list_and_the_discount_from_the_loyalty_card(story: Story) -> None:
    made = story.act("nina", prices.create, "2026", "Прайс 2026", date(2026, 1, 1))
    story.act("nina", prices.set_tiers, made.id, 8, [{"min_quantity": Decimal(count), "price": Decimal(price)}
                                                      for count, price in ((1, 70000), (2, 60000))])  # fmt: skip

    def card(work: Work) -> None:
        work.session.add(LoyaltyCard(number="1", client_id=1, instrument="tiers", discount=Decimal(10),
                                     issued_on=date(2026, 1, 1)))  # fmt: skip

    story.act("elena", card)
    begin(story, "sale_short_push")
    order(story, quantity="2")
    assert (story.deal["discount"], story.deal["total"]) == (Decimal(10), Decimal("108000.00"))


def test_a_short_sale_that_stands_still_for_five_days_reaches_the_head(story: Story) -> None:
    begin(story, "sale_short_push")
    story.wait("P6BD")
    assert any("Затян" in name or "сделк" in name for name in story.open if name != "Подобрать услуги")


def test_a_client_may_refuse_or_put_off_the_order(story: Story) -> None:
    begin(story, "sale_short_push")
    story.complete("Подобрать услуги", order_decision="refused",
                   refusal={"category": "price_high", "comment": "Нашли дешевле"})  # fmt: skip
    story.complete("Оформить отказ или отсрочку", next_contact=NEXT)
    assert (story.deal["status"], one(story, Deal, story.deal_id).refusal_category) == ("lost", "price_high")


# --- long sale to a client who came himself --------------------------------------------------------------------------


def test_a_client_who_came_himself_needs_no_presentation_but_gets_a_protocol(story: Story) -> None:
    begin(story, "sale_long_push")
    qualify(story)
    assert story.milestones[-1] == "M1"
    story.complete("Решить, нужна ли презентация", presentation_wanted="no", talk_at="2026-11-16T09:00",
                   decisions="Готовим предложение")  # fmt: skip
    story.send()
    assert story.deal["next_step"] == "Подготовить предложение"
    assert story.deal["next_step_on"] > story.clock.now.date()
    assert (story.milestones[-1], story.open) == ("M2", ["Подготовить предложение"])
    assert story.points("CP-01")[-1].status == "met"
    steps.proposal(story)
    assert story.milestones[-1] == "M4"


def test_he_may_want_a_presentation_all_the_same(story: Story) -> None:
    begin(story, "sale_long_push")
    qualify(story)
    story.complete("Решить, нужна ли презентация", presentation_wanted="yes")
    steps.presentation(story)
    assert (story.milestones[-1], story.open) == ("M2", ["Подготовить предложение"])


def test_the_long_push_goes_to_its_end(story: Story) -> None:
    begin(story, "sale_long_push", "Конференция для партнёров")
    qualify(story)
    story.complete("Решить, нужна ли презентация", presentation_wanted="no", talk_at="2026-11-16T09:00",
                   decisions="Готовим предложение")  # fmt: skip
    story.send()
    steps.proposal(story)
    steps.contract(story)
    send_all(story)
    steps.receive(story, steps.TOTAL, "504")
    send_all(story)
    steps.handover(story)
    deliver(story)
    assert story.milestones[-1] == "M7"


@pytest.mark.parametrize("procedure", ["sale_long_push", "sale_short_push"])
def test_the_client_may_leave_at_the_first_stage(story: Story, procedure: str) -> None:
    begin(story, procedure)
    story.client_cancels()
    assert story.open == ["Оформить отказ или отсрочку"]
    steps.lose(story, category="no_need", comment="Передумали")
    assert (story.deal["status"], story.instance.status) == ("lost", "completed")


@pytest.mark.parametrize("procedure", ["sale_long_pull", "sale_long_push", "sale_short_push"])
def test_a_complaint_during_a_sale_does_not_stop_it(story: Story, procedure: str) -> None:
    begin(story, procedure)
    before = story.open
    story.act("anna", messages.correlate, "client_complains", str(story.deal_id), {})
    assert story.open == sorted([*before, "Записать жалобу клиента"])
    story.complete("Записать жалобу клиента", complaint_essence="Менеджер не перезвонил")
    told = [row for row in see(story, select(Message)) if row.name == "complaint_received"]
    started = see(story, select(ProcessInstance).where(ProcessInstance.key == "complaint"))
    assert told or started
    assert set(before) <= set(story.open)
    assert story.instance.status == "active"

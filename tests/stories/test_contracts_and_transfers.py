"""Renewal of contracts, clients passed on when a manager leaves, and acceptance tests of the sale."""
from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from engine import instances
from engine.crm import clients, contracts
from engine.models import (
    AuditEvent,
    Client,
    ClientProduct,
    ContactRecord,
    Deal,
    ProcessInstance,
    Product,
    Settlement,
    User,
    UserTask,
)
from tests.stories import steps
from tests.stories.story import Story
from tests.stories.test_at_stages import rows
from tests.stories.test_other_sales import known_buyer, one, see, send_all

NEXT = {"date": "2027-03-01", "purpose": "Предложить следующий продукт", "product": 2}

# --- renewal of contracts --------------------------------------------------------------------------------------------


def contract_until(story: Story, days: int) -> date:
    until = story.clock.now.date() + timedelta(days=days)
    known_buyer(story, 5)
    story.act("elena", clients.set_owner, 1, one_user(story, "anna"))
    story.act("anna", contracts.set_until, 1, 5, until)
    return until


def one_user(story: Story, login: str) -> int:
    return int(see(story, select(User.id).where(User.login == login))[0])


def test_a_contract_that_ends_soon_is_renewed_once(story: Story) -> None:
    contract_until(story, 30)
    story.until(story.clock.now + timedelta(days=4))
    begun = see(story, select(ProcessInstance).where(ProcessInstance.key == "contract_renewal"))
    assert [row.client_id for row in begun] == [1]
    story.complete("Предложить продление", renewal_result="renewed", renewal_note="Продлевают на год")
    sale = see(story, select(ProcessInstance).where(ProcessInstance.key == "sale_short_push"))[0]
    deal = one(story, Deal, sale.deal_id)
    assert (deal.sale_kind, deal.cycle, deal.title.startswith("Продление")) == ("repeat", "short", True)


def test_a_contract_far_from_its_end_is_left_alone(story: Story) -> None:
    contract_until(story, 200)
    story.until(story.clock.now + timedelta(days=2))
    assert see(story, select(ProcessInstance).where(ProcessInstance.key == "contract_renewal")) == []


def test_a_contract_that_is_not_renewed_is_a_lost_direction(story: Story) -> None:
    contract_until(story, 20)
    story.until(story.clock.now + timedelta(days=2))
    story.complete("Предложить продление", renewal_result="refused", renewal_note="Справляются сами",
                   refusal={"category": "no_need", "comment": "Справляются сами"}, next_contact=NEXT)  # fmt: skip
    row = one(story, ClientProduct, 1, 5)
    assert (row.used_since, row.refusal_category, row.refused_on is not None) == (None, "no_need", True)
    assert one(story, Client, 1).next_contact_on == date(2027, 3, 1)
    assert losses(story, "anna") == [1]
    (turn,) = rows(story, "RP-01", "lost")
    direction = one(story, Product, one(story, Product, 5).direction_id)
    assert (turn["direction"], turn["paid"]) == (direction.name, None)


def losses(story: Story, login: str) -> list[int]:
    """KPI 7 of an employee (R078)."""
    name = one(story, User, one_user(story, login))
    return [row["lost"] for row in rows(story, "RP-01") if row["name"] == f"{name.last} {name.first}"]


def test_a_contract_signed_with_a_last_day_is_watched_once_its_product_is_used(story_at: Any) -> None:
    story = story_at("contract")
    steps.contract(story, contract_until="2027-12-31")
    products = {line["product_id"] for line in story.deal["lines"]}
    rows = see(story, select(ClientProduct).where(ClientProduct.contract_until == date(2027, 12, 31)))
    assert {row.product_id for row in rows} == products - {None}
    with story.env.sessions() as session:
        assert contracts.expiring(session, date(2027, 12, 1), date(2027, 12, 31)) == []


def test_a_renewal_put_off_leaves_a_next_contact(story: Story) -> None:
    contract_until(story, 20)
    story.until(story.clock.now + timedelta(days=2))
    story.complete("Предложить продление", renewal_result="later", renewal_note="Решат весной", next_contact=NEXT)
    assert one(story, ClientProduct, 1, 5).used_since is not None
    assert one(story, Client, 1).next_contact_on == date(2027, 3, 1)


# --- a manager leaves ------------------------------------------------------------------------------------------------


def test_at_23_all_clients_deals_and_open_tasks_of_a_manager_who_leaves_get_a_new_owner(story: Story) -> None:
    anna, boris = one_user(story, "anna"), one_user(story, "boris")
    for client in (1, 2):
        story.act("elena", clients.set_owner, client, anna)
    story.begin()
    history = len(see(story, select(AuditEvent.id).where(AuditEvent.chain == story.instance_id)))
    sale = story.instance_id
    begun = story.act("elena", instances.start, "client_transfer", {})
    story.instance_id = begun.id
    story.complete("Выбрать, чьих клиентов передаём", transfer_cause="leaves", transfer_from="anna",
                   transfer_to="boris", transfer_tell=True)  # fmt: skip
    story.complete("Распределить клиентов")
    assert [one(story, Client, client).owner_id for client in (1, 2)] == [boris, boris]
    assert one(story, Deal, story.deal_id).owner_id == boris
    mine = see(story, select(UserTask).where(UserTask.assignee_id == anna, UserTask.rank.is_not(None)))
    assert mine == []
    assert story.performer(story.task("Договориться о презентации")) == "boris"
    log = see(story, select(AuditEvent.type).where(AuditEvent.chain == sale).order_by(AuditEvent.seq))
    assert len(log) > history
    assert story.open.count("Познакомиться с клиентом") == 2
    assert "Ваш новый менеджер" in story.mailbox.to("zhuravleva@")
    for _ in range(2):
        story.complete("Познакомиться с клиентом", contact_note="Познакомились, всё в порядке")
    assert story.instance.status == "completed"
    said = see(story, select(ContactRecord).where(ContactRecord.purpose.startswith("Знакомство")))
    assert {row.user_id for row in said} == {boris}


def test_clients_may_be_shared_out_among_several(story: Story) -> None:
    anna = one_user(story, "anna")
    for client in (1, 2):
        story.act("elena", clients.set_owner, client, anna)
    begun = story.act("elena", instances.start, "client_transfer", {})
    story.instance_id = begun.id
    story.complete("Выбрать, чьих клиентов передаём", transfer_cause="load", transfer_from="anna",
                   transfer_to="boris", transfer_tell=False)  # fmt: skip
    rows = story.variables_of("Распределить клиентов")["transfer_clients"]
    story.complete("Распределить клиентов", assigned=[{"to": "elena"}, {"to": "boris"}])
    owners = [one(story, Client, int(row["client_id"])).owner_id for row in rows]
    assert owners == [one_user(story, "elena"), one_user(story, "boris")]
    assert story.mailbox.to("zhuravleva@") == []


# --- acceptance ------------------------------------------------------------------------------------------------------


@pytest.mark.begins_at("contract")
def test_at_19_a_client_who_leaves_after_half_the_money_gets_it_back_and_the_deal_is_lost(story: Story) -> None:
    steps.contract(story, schedule="half")
    send_all(story)
    steps.receive(story, Decimal("183000.00"), "601")
    assert story.deal["paid"] == Decimal("183000.00")
    story.client_cancels()
    story.complete("Зарегистрировать заявление", refund_reason="Совет директоров отменил мероприятие")
    story.complete("Определить основание возврата", refund_due="due")
    story.complete("Посчитать расходы", refund_expenses=[])
    story.approve("lawyer")
    story.approve("director")
    send_all(story)
    story.complete("Получить подписанное соглашение", refund_answer="signed")
    story.complete("Перечислить деньги клиенту", refund_reference="77")
    steps.lose(story, category="internal", comment="Отменили на стороне клиента")
    deal = one(story, Deal, story.deal_id)
    assert (deal.status, deal.refusal_milestone, story.deal["paid"]) == ("lost", "M6", Decimal("0.00"))
    assert sum(row.sum for row in see(story, select(Settlement))) == 0
    assert all(part["received"] == 0 for part in story.deal["parts"])


def test_at_20_a_point_overdue_by_a_day_is_recorded_and_told_to_executor_and_head(story: Story) -> None:
    story.begin()
    steps.agree_meeting(story)
    steps.hold_meeting(story)
    story.complete("Составить протокол", needs="Собрать партнёров", decisions="Готовим предложение")
    story.mailbox.letters.clear()
    story.until(story.points("CP-01")[-1].planned_at)
    story.wait("P1BD")
    point = story.points("CP-01")[-1]
    assert (point.status, point.level) == ("open", 2)
    assert any("CP-01" in subject for subject in story.mailbox.to("anna@"))
    assert any("CP-01" in subject for subject in story.mailbox.to("elena@"))
    story.send()
    late = story.points("CP-01")[-1]
    assert late.status == "met"
    assert late.deviation is not None
    assert late.deviation >= 1


# --- errands of a meeting --------------------------------------------------------------------------------------------


def test_what_a_protocol_asks_of_our_people_becomes_assignments(story: Story) -> None:
    story.begin()
    steps.agree_meeting(story)
    steps.hold_meeting(story)
    errands = [{"what": "Прислать список участников", "who": "Клиент", "due": "2026-11-25", "executor": None},
               {"what": "Посчитать площадку", "who": "Соколов", "due": "2026-11-24", "executor": "pavel"}]  # fmt: skip
    story.complete("Составить протокол", needs="Собрать партнёров", decisions="Готовим", protocol_tasks=errands)
    story.send()
    story.complete("Получить подтверждение протокола", protocol_answer="confirmed")
    given = see(story, select(ProcessInstance).where(ProcessInstance.key == "assignment"))
    assert [(row.deal_id, row.parent_id) for row in given] == [(story.deal_id, story.instance_id)]
    assert story.milestones[-1] == "M2"

"""Clients who leave: signs, a plan, a check; and winning back those who left (R250, R253, R325, R326, CP-24)."""
from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select

from engine import instances
from engine.crm import churn, settlements
from engine.errors import Forbidden, WrongState
from engine.models import Client, ClientProduct, Deal, ProcessInstance
from engine.vocabulary import InstanceStatus
from engine.work import SYSTEM, unit_of_work
from tests.stories.story import Story
from tests.stories.test_development import client, company_with_a_matrix

PLAN, CHECK = "Составить план удержания", "Проверить, остался ли клиент"
CALL, OFFER, ANSWER = "Поговорить с потерянным клиентом", "Предложить решение", "Сообщить решение клиенту"
TODAY = date(2026, 11, 16)


def begin(story: Story, key: str) -> int:
    begun: ProcessInstance = story.act("elena", instances.start, key, {}, client_id=1)
    story.instance_id = begun.id
    story.work()
    return begun.id


def said(story: Story, result: str, **filled: object) -> None:
    story.complete(CALL, contact_result=result, **({"contact_note": "Поговорили"} | filled))


def paid(story: Story, *days: date, sum: int = 100_000) -> None:
    for day in days:
        story.act("system", settlements.record, 1, 1, day, Decimal(sum))


@pytest.fixture
def ours(story: Story) -> Story:
    """A regular client of one segment; no other client is ours."""
    company_with_a_matrix(story)
    with unit_of_work(story.env, SYSTEM) as work:
        for row in work.session.scalars(select(Client).where(Client.id != 1)):
            row.target = False
        work.session.get_one(Client, 1).state = "regular"
    return story


def signs(story: Story) -> list[str]:
    with story.env.sessions() as session:
        return churn.signals(session, story.env, TODAY).get(1, [])


def test_silence_for_two_thirds_of_the_window_is_a_sign(ours: Story) -> None:
    paid(ours, date(2026, 9, 25))
    assert signs(ours) == []
    ours.clock.now = ours.clock.now.replace(month=12)
    with ours.env.sessions() as session:
        assert churn.signals(session, ours.env, date(2026, 12, 10)) == {1: ["silence"]}


def test_sums_that_fell_by_a_third_against_the_own_mean_are_a_sign(ours: Story) -> None:
    paid(ours, *(date(2026, month, 10) for month in range(1, 8)))
    paid(ours, date(2026, 11, 2), sum=60_000)
    assert signs(ours) == ["fall"]
    paid(ours, date(2026, 11, 3), sum=90_000)
    assert signs(ours) == []


def test_a_contract_that_ends_is_a_sign(ours: Story) -> None:
    with unit_of_work(ours.env, SYSTEM) as work:
        work.session.add(ClientProduct(client_id=1, product_id=1, used_since=date(2026, 1, 1),
                                       contract_until=date(2026, 12, 1)))  # fmt: skip
    assert signs(ours) == ["contract"]


def test_a_watch_begins_once_for_a_client_and_keeps_him(ours: Story) -> None:
    paid(ours, *(date(2026, month, 10) for month in range(1, 8)))
    ours.round("churn_watch")
    ours.round("churn_watch")
    assert ours.open == [PLAN]
    ours.complete(PLAN, churn_plan="Встреча с директором", churn_needs_help=True, churn_help="Подготовить скидку",
                  churn_helper="boris")  # fmt: skip
    ours.complete("Ответить на поручение", by="boris", assignment_answer="accept")
    ours.complete("Выполнить поручение", by="boris", assignment_work="report", assignment_result="Скидка 5 %")
    ours.complete("Проверить результат", assignment_check="accept")
    ours.wait("P20BD")
    ours.complete(CHECK, churn_result="again", churn_note="Ещё не заплатил")
    ours.complete(PLAN, churn_plan="Предложить короткий заказ")
    paid(ours, date(2026, 12, 10), date(2026, 12, 11), sum=300_000)
    ours.wait("P20BD")
    ours.complete(CHECK, churn_result="kept", churn_note="Заказал снова")
    assert ours.open == ["Опросить по телефону"]  # the yearly question (R117): the first payment was in January
    assert {point.code for point in ours.points("CP-24")} == {"CP-24"}


def test_a_client_who_left_is_won_back_from_the_watch(ours: Story) -> None:
    paid(ours, *(date(2026, month, 10) for month in range(1, 8)))
    ours.round("churn_watch")
    ours.complete(PLAN, churn_plan="Позвонить")
    ours.wait("P20BD")
    ours.complete(CHECK, churn_result="lost", churn_note="Ушёл к другому")
    assert ours.open == [CALL]


def test_the_monthly_recalculation_begins_the_win_back_of_who_was_lost(ours: Story) -> None:
    paid(ours, date(2026, 5, 10), date(2026, 6, 10))
    ours.act("elena", instances.start, "class_recalc", {})
    ours.work()
    assert client(ours).state == "lost"
    assert ours.open.count(CALL) == 1
    ours.act("elena", instances.start, "class_recalc", {})
    ours.work()
    assert ours.open.count(CALL) == 1


def test_classes_are_recalculated_on_the_first_working_day_only(ours: Story) -> None:
    paid(ours, date(2026, 5, 10), date(2026, 6, 10))
    ours.round("class_recalc")
    assert client(ours).state == "regular"
    ours.clock.now = ours.clock.now.replace(month=12, day=1)
    ours.round("class_recalc")
    assert client(ours).state == "lost"


def test_a_solution_brings_the_client_back_into_a_sale(ours: Story) -> None:
    begin(ours, "winback")
    said(ours, "interested", winback_why="Долго ждали ответа", winback_return="Отвечать за день")
    ours.complete(OFFER, winback_solution="Личный менеджер", winback_discount="5")
    ours.complete(ANSWER, winback_answer="sale", sale_product_id=1, sale_cycle="long", contact_note="Согласны")
    with ours.env.sessions() as session:
        deal = session.scalars(select(Deal).order_by(Deal.id.desc())).first()
        assert deal is not None
        assert (deal.client_id, deal.need, deal.discount) == (1, "Личный менеджер", 5)
        assert session.scalars(select(ProcessInstance).filter_by(key="sale_long_pull", deal_id=deal.id)).one()
    assert ours.instance.status == InstanceStatus.COMPLETED


def test_a_discount_beyond_the_managers_limit_needs_who_has_the_authority(ours: Story) -> None:
    begin(ours, "winback")
    said(ours, "interested", winback_why="Дорого", winback_return="Цена")
    ours.complete(OFFER, winback_solution="Скидка", winback_discount="25")
    with pytest.raises(Forbidden):
        ours.complete("Согласовать предложение", by="elena", winback_decision="approve")
    ours.complete("Согласовать предложение", by="dmitry", winback_decision="reject", winback_remark="Не больше 15")
    assert ours.variables_of(OFFER)["winback_remark"] == "Не больше 15"
    ours.complete(OFFER, winback_solution="Скидка", winback_discount="15")
    ours.complete("Согласовать предложение", by="elena", winback_decision="approve")
    assert ours.open == [ANSWER]


def test_three_talks_at_most_then_a_year_of_silence(ours: Story) -> None:
    begin(ours, "winback")
    for _ in range(2):
        said(ours, "no_answer")
        assert CALL not in ours.open
        ours.wait("P6BD")
    said(ours, "later", winback_why="Подумаем")
    assert CALL not in ours.open
    row = client(ours)
    assert row.next_contact_on is not None
    assert (row.next_contact_on.year, row.next_contact_on.month) == (2027, 12)
    assert "Подумаем" in (row.next_contact_purpose or "")
    assert row.next_contact_product_id == 1


def test_a_final_refusal_has_a_reason(ours: Story) -> None:
    begin(ours, "winback")
    said(ours, "refused", winback_why="Сменили поставщика навсегда")
    row = client(ours)
    assert row.next_contact_on == date(2027, 11, 16)
    assert "Сменили поставщика" in (row.next_contact_purpose or "")
    assert ours.open == ["Связаться с клиентом"]


def test_who_asks_not_to_be_called_is_left_alone(ours: Story) -> None:
    begin(ours, "winback")
    said(ours, "stop")
    assert client(ours).stop_list
    assert ours.open == []


def test_a_client_is_won_back_by_one_at_a_time(ours: Story) -> None:
    begin(ours, "winback")
    with pytest.raises(WrongState, match="under way"):
        begin(ours, "winback")

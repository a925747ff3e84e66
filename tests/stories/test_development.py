"""Between two sales: the next product, the day, the talk, what came of it (R021, R131-R137, R165, R334)."""
from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from engine import instances, messages
from engine.crm import clients, settlements
from engine.errors import WrongState
from engine.models import (
    Client,
    ClientProduct,
    ContactRecord,
    Deal,
    Interest,
    Matrix,
    Message,
    ProcessInstance,
    Product,
    Segment,
    SegmentProduct,
)
from engine.vocabulary import InstanceStatus
from engine.work import SYSTEM, unit_of_work
from tests.stories.story import Story

TALK = "Связаться с клиентом"
KEY = "client_development"


def company_with_a_matrix(story: Story, targets: Sequence[int] = (1, 2, 3), client: int = 1) -> None:
    """One segment, meant for it these products in this order; the client belongs there and is Anna's."""
    with unit_of_work(story.env, SYSTEM) as work:
        for old in work.session.scalars(select(Matrix).where(Matrix.status == "in_force")):
            old.status = "withdrawn"
        cells = [SegmentProduct(product_id=one, priority=no) for no, one in enumerate(targets, 1)]
        last = len(work.session.scalars(select(Matrix)).all())
        segment = Segment(key="own", title="Свои", title_en="Ours", position=1, rules=[], products=cells)
        work.session.add(Matrix(version=last + 1, status="in_force", in_force_from=date(2026, 1, 1),
                                created_at=work.now, segments=[segment]))  # fmt: skip
        row = work.session.get_one(Client, client)
        row.segment, row.target, row.stop_list = "own", True, False
        row.abc, row.xyz, row.state = None, None, "potential"


def meet(story: Story, agreed: dict[str, Any] | None = None, client: int = 1) -> None:
    """A next contact is agreed: with nobody yet, or with the running procedure."""
    story.act("system", messages.correlate, "next_contact", str(client),
              {"client_id": client, "deal_id": None, "next_contact": agreed})  # fmt: skip
    story.work()


def talk(story: Story, result: str, **filled: Any) -> None:
    story.complete(TALK, contact_result=result, contact_note="Поговорили по телефону", **filled)


def client(story: Story, number: int = 1) -> Client:
    with story.env.sessions() as session:
        return session.get_one(Client, number)


def running(story: Story, number: int = 1) -> list[ProcessInstance]:
    with story.env.sessions() as session:
        return list(session.scalars(select(ProcessInstance).where(
            ProcessInstance.key == KEY, ProcessInstance.client_id == number,
            ProcessInstance.status == InstanceStatus.ACTIVE)))  # fmt: skip


def talks(story: Story) -> list[ContactRecord]:
    with story.env.sessions() as session:
        return list(session.scalars(select(ContactRecord).order_by(ContactRecord.id)))


@pytest.fixture
def develops(story: Story) -> Story:
    """The client is potential: nothing sold yet, three products are meant for it."""
    company_with_a_matrix(story)
    meet(story)
    return story


def test_a_potential_client_is_called_within_two_months_about_the_first_product_of_the_matrix(develops: Story) -> None:
    """R021, R137, CP-08: 61 calendar days."""
    row = client(develops)
    assert row.next_contact_on == date(2027, 1, 16)
    assert row.next_contact_product_id == 1
    assert row.next_contact_purpose
    task = develops.task(TALK)
    assert task.due_at is not None
    assert task.due_at.date() == date(2027, 1, 16)
    seen = develops.variables_of(TALK)
    assert seen["contact_product"]["id"] == 1
    assert seen["contact_script"]["questions"]


@pytest.mark.parametrize(("abc", "state", "days"), [("A", "regular", 30), ("B", "regular", 91), (None, "new", 91)])
def test_the_interval_follows_the_kind_of_the_client(story: Story, abc: str | None, state: str, days: int) -> None:
    company_with_a_matrix(story)
    with unit_of_work(story.env, SYSTEM) as work:
        row = work.session.get_one(Client, 1)
        row.abc, row.state = abc, state
    meet(story)
    on = client(story).next_contact_on
    assert on is not None
    assert (on - date(2026, 11, 16)).days == days


def test_two_refused_products_leave_the_third(develops: Story) -> None:
    talk(develops, "refused", contact_refusal="no_need")
    assert develops.variables_of(TALK)["contact_product"]["id"] == 2
    talk(develops, "refused", contact_refusal="price_high")
    assert develops.variables_of(TALK)["contact_product"]["id"] == 3
    with develops.env.sessions() as session:
        refused = session.scalars(select(ClientProduct).order_by(ClientProduct.product_id)).all()
        assert [(row.product_id, row.refusal_category) for row in refused if row.refused_on] == [
            (1, "no_need"), (2, "price_high"),
        ]  # fmt: skip
    assert [row.result for row in talks(develops)] == ["refused", "refused"]
    assert len(running(develops)) == 1


def test_a_product_refused_long_ago_is_offered_again(develops: Story) -> None:
    """R021: minus what was refused in the last six months."""
    for _ in range(3):
        talk(develops, "refused", contact_refusal="timing")
    assert develops.variables_of(TALK)["contact_product"]["id"] == 1
    develops.clock.now = develops.env.calendar("main").due(develops.clock.now, "P7M").at
    develops.clock.now = develops.clock.now.replace(hour=7)
    talk(develops, "later", next_contact={"date": "2027-09-01", "product": None, "purpose": "Спросить ещё раз"})
    assert client(develops).next_contact_product_id == 1


def test_the_ideal_client_is_only_kept_company(story: Story) -> None:
    company_with_a_matrix(story, (1, 2))
    for product in (1, 2):
        story.act("system", settlements.record, 1, product, date(2026, 10, 1), Decimal(100_000))
    meet(story)
    seen = story.variables_of(TALK)
    assert seen["contact_ideal"] is True
    assert seen["contact_product"] is None
    assert "Поддержать" in seen["contact_purpose"]
    assert client(story).next_contact_on is not None
    talk(story, "later", next_contact={"date": "2027-02-01", "product": None, "purpose": "Узнать, как дела"})
    assert client(story).next_contact_on == date(2027, 2, 1)


def test_a_new_agreement_reaches_the_one_instance_of_the_client(develops: Story) -> None:
    meet(develops, {"date": "2026-12-01", "purpose": "Обсудить обучение", "product": 2})
    assert len(running(develops)) == 1
    assert develops.open == [TALK]
    row = client(develops)
    assert (row.next_contact_on, row.next_contact_purpose, row.next_contact_product_id) == (
        date(2026, 12, 1), "Обсудить обучение", 2,
    )  # fmt: skip


def test_messages_that_come_together_start_one_instance(story: Story) -> None:
    """The second waits while the first is still being planned, and then replaces its day."""
    company_with_a_matrix(story)
    for day in ("2026-12-01", "2026-12-02"):
        payload = {"client_id": 1, "deal_id": None, "next_contact": {"date": day, "purpose": "Звонок", "product": 1}}
        story.act("system", messages.correlate, "next_contact", "1", payload)
    story.work()
    assert len(running(story)) == 1
    assert client(story).next_contact_on == date(2026, 12, 2)


def test_a_second_instance_of_a_client_is_refused(develops: Story) -> None:
    with pytest.raises(WrongState, match="under way"):
        develops.act("system", instances.start_by_event, KEY, "message", "next_contact", {"client_id": 1})


def test_later_means_the_day_that_was_agreed(develops: Story) -> None:
    talk(develops, "later", next_contact={"date": "2027-03-01", "product": 3, "purpose": "После отчётности"})
    row = client(develops)
    assert (row.next_contact_on, row.next_contact_product_id) == (date(2027, 3, 1), 3)
    (line,) = talks(develops)
    assert line.result == "later"
    assert line.agreed == "01.03.2027: После отчётности"


def test_nobody_answered_means_tomorrow(develops: Story) -> None:
    develops.complete(TALK, contact_result="no_answer", contact_note="Гудки без ответа")
    assert client(develops).next_contact_on == date(2026, 11, 17)


def test_a_changed_need_is_written_down_and_the_client_keeps_his_date(develops: Story) -> None:
    talk(develops, "needs", contact_need="Нужен перевод материалов на казахский")
    with develops.env.sessions() as session:
        assert session.scalars(select(Interest.need)).one() == "Нужен перевод материалов на казахский"
    assert client(develops).next_contact_on is not None


def test_new_particulars_replace_the_old(develops: Story) -> None:
    talk(develops, "data", contact_phone_new="+7 495 123-45-67")
    with develops.env.sessions() as session:
        assert session.get_one(Client, 1).contacts[0].phone == "+7 495 123-45-67"


def test_a_complaint_is_taken_up_and_the_client_is_called_after_it(develops: Story) -> None:
    talk(develops, "complaint", contact_complaint="Тренер опоздал на час")
    with develops.env.sessions() as session:
        said = session.scalars(select(Message).where(Message.name == "complaint_received")).one()
        assert said.payload["complaint_essence"] == "Тренер опоздал на час"
    assert client(develops).next_contact_on == date(2026, 11, 30)
    assert TALK in develops.open


def test_stop_ends_it_and_nothing_is_agreed_any_more(develops: Story) -> None:
    talk(develops, "stop")
    row = client(develops)
    assert row.stop_list
    assert row.next_contact_on is None
    assert running(develops) == []
    assert develops.open == []


def test_a_sale_grows_out_of_the_talk_and_comes_back_to_it(develops: Story) -> None:
    """R135: the circle of support, sale, support."""
    talk(develops, "sale", sale_product_id=1, sale_cycle="long", sale_name="Обучение отдела")
    with develops.env.sessions() as session:
        deal = session.scalars(select(Deal).order_by(Deal.id.desc())).first()
        assert deal is not None
        assert (deal.title, deal.initiative, deal.sale_kind) == ("Обучение отдела", "company", "first")
        sale = session.scalars(select(ProcessInstance).filter_by(key="sale_long_pull")).one()
        assert sale.deal_id == deal.id
        develops.deal_id = deal.id
    assert client(develops).next_contact_on is None
    assert len(running(develops)) == 1
    develops.client_cancels()
    develops.complete("Оформить отказ или отсрочку", refusal={"category": "timing", "comment": "Не сейчас"})
    assert len(running(develops)) == 1
    assert TALK in develops.open
    assert client(develops).next_contact_on is not None


def test_a_periodic_service_is_recalled_before_it_is_due(story: Story) -> None:
    """R334."""
    company_with_a_matrix(story)
    with unit_of_work(story.env, SYSTEM) as work:
        work.session.get_one(Product, 8).every_months = 12
    story.act("system", settlements.record, 1, 8, date(2025, 12, 20), Decimal(73_200))
    meet(story)
    row = client(story)
    assert row.next_contact_product_id == 8
    assert row.next_contact_on == date(2026, 12, 6)
    assert "снова пора 20.12.2026" in (row.next_contact_purpose or "")


def test_a_client_on_the_stop_list_is_not_taken_up(story: Story) -> None:
    company_with_a_matrix(story)
    with unit_of_work(story.env, SYSTEM) as work:
        work.session.get_one(Client, 1).stop_list = True
    meet(story)
    assert running(story) == []
    assert story.open == []


def test_whoever_puts_the_client_on_the_stop_list_ends_his_development(develops: Story) -> None:
    develops.act("elena", clients.set_stop_list, 1, True, "Письмо от клиента")
    develops.round("contact_gap")
    assert running(develops) == []
    assert TALK not in develops.open


def test_a_sale_in_hand_ends_before_the_development_of_a_client_who_is_stopped(develops: Story) -> None:
    """The round of the next day ends it: nobody is called, and nothing is left hanging."""
    talk(develops, "sale", sale_product_id=1, sale_cycle="long")
    develops.act("elena", clients.set_stop_list, 1, True, "Письмо от клиента")
    develops.round("contact_gap")
    assert running(develops) == []

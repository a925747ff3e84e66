"""At any moment every client stands in a sale with a next step, or has a day, a purpose and a product (R137, PAT-4)."""
from __future__ import annotations

from datetime import date

from sqlalchemy import select

from engine.crm import deals, invariants, next_contacts
from engine.models import Client, ProcessInstance
from engine.work import SYSTEM, unit_of_work
from tests.stories import steps
from tests.stories.story import Story
from tests.stories.test_development import client, company_with_a_matrix, meet, running, talk

OURS = (1, 2, 3, 4, 5)
GAP = "Вернуть клиента в работу"


def company(story: Story) -> None:
    """Five clients of one segment; the others are none of ours."""
    for number in OURS:
        company_with_a_matrix(story, (1, 2, 3), number)
    with unit_of_work(story.env, SYSTEM) as work:
        for row in work.session.scalars(select(Client).where(Client.id.not_in(OURS))):
            row.target = False


def fallen(story: Story) -> list[int]:
    with story.env.sessions() as session:
        return [row.id for row in invariants.without_next_contact(session, story.clock.now)]


def test_at_16_no_client_is_without_a_next_step_at_any_moment(story: Story) -> None:
    company(story)
    assert fallen(story) == list(OURS)
    for number in OURS:
        meet(story, client=number)
    moments = [fallen(story)]
    story.complete("Связаться с клиентом", contact_result="sale", contact_note="Хотят обучение", sale_product_id=1,
                   sale_cycle="long")  # fmt: skip
    moments.append(fallen(story))
    with story.env.sessions() as session:
        sale = session.scalars(select(ProcessInstance).filter_by(key="sale_long_pull")).one()
        story.deal_id, story.instance_id = sale.deal_id or 0, sale.id
    for step in (steps.agree_meeting, steps.hold_meeting, steps.write_protocol, steps.prepare_proposal):
        step(story)
        moments.append(fallen(story))
    story.client_cancels()
    moments.append(fallen(story))
    story.complete("Оформить отказ или отсрочку", refusal={"category": "timing", "comment": "Не сейчас"})
    moments.append(fallen(story))
    talk(story, "refused", contact_refusal="no_need")
    moments.append(fallen(story))
    talk(story, "no_answer")
    moments.append(fallen(story))
    talk(story, "stop")
    moments.append(fallen(story))
    assert moments == [[]] * len(moments)
    assert len(moments) == 11


def test_a_client_who_fell_through_becomes_a_task_of_the_head_once(story: Story) -> None:
    company(story)
    for number in OURS[1:]:
        meet(story, client=number)
    story.round("contact_gap")
    story.round("contact_gap")
    assert story.open.count(GAP) == 1
    task = story.task(GAP)
    assert story.performer(task) == "elena"
    story.complete(GAP, gap_decision="plan", gap_date="2026-12-10", gap_purpose="Познакомиться")
    assert (client(story).next_contact_on, client(story).next_contact_product_id) == (date(2026, 12, 10), 1)
    assert len(running(story)) == 1
    story.round("contact_gap")
    assert GAP not in story.open
    assert fallen(story) == []


def test_a_client_that_is_not_ours_is_left_in_peace(story: Story) -> None:
    company(story)
    for number in OURS[1:]:
        meet(story, client=number)
    story.round("contact_gap")
    story.complete(GAP, gap_decision="non_target", gap_reason="Другой рынок")
    assert client(story).target is False
    assert fallen(story) == []


def test_a_day_without_a_product_is_not_enough_while_there_is_something_to_offer(story: Story) -> None:
    company(story)
    for number in OURS[1:]:
        meet(story, client=number)
    story.act("elena", next_contacts.set, 1, date(2026, 12, 1), "Поговорить")
    assert fallen(story) == [1]
    story.act("elena", next_contacts.set, 1, date(2026, 12, 1), "Поговорить", 1)
    assert fallen(story) == []


def test_an_open_deal_that_nobody_works_on_does_not_count(story: Story) -> None:
    company(story)
    for number in OURS[1:]:
        meet(story, client=number)
    story.act("anna", deals.open_deal, 1, "Забытая сделка")
    assert fallen(story) == [1]

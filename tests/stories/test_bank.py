"""A bank statement moves a sale: the step that waits for the payment is done by the line of the bank."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from engine.crm import bank_lines
from engine.models import BankLine, Client, Payment
from tests.cast import actor
from tests.crm.test_bank import document, statement
from tests.stories.steps import TOTAL
from tests.stories.story import Story


@pytest.mark.begins_at("payment")
def test_a_bank_line_completes_the_waiting_step_of_the_accountant(story: Story) -> None:
    story.send()
    number = story.documents("invoice")[-1].number
    with story.env.sessions() as session:
        inn = session.get_one(Client, 1).inn
    today = story.clock.now.strftime("%d.%m.%Y")
    part = document("55", str(TOTAL / 4), inn, f"Частичная оплата по счёту №{number}", day=today)
    rest = document("56", str(TOTAL - TOTAL / 4), inn, "Остаток", day=today)
    for paper, left in ((part, True), (rest, False)):
        file_id = story.act("vera", bank_lines.keep, "выписка.txt", statement(paper))
        run = story.act("vera", bank_lines.take, file_id)
        assert bank_lines.settle(story.env, actor(story.env, "vera"), run.id) == 1
        story.work()
        assert ("Отметить поступление оплаты" in story.open) is left
    assert "M6" in story.milestones
    with story.env.sessions() as session:
        assert session.scalars(select(Payment.reference).order_by(Payment.id)).all() == ["55", "56"]
        assert session.scalars(select(BankLine.how).order_by(BankLine.id)).all() == ["invoice", "sum"]
    assert story.chain_is_whole

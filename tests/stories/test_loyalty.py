"""The loyalty programme (P20, P21): who is eligible, terms, the client's consent, cards, bonuses, the review."""
from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from engine import instances
from engine.crm import bonus, clients, deals, loyalty, payments, purchases, settlements
from engine.errors import Conflict, Invalid, WrongState
from engine.models import LoyaltyCard, Product
from tests.stories.story import Story


def make_regular(story: Story, client_id: int = 1, sum: str = "200000", times: int = 2) -> None:
    """A client that has bought several times this year."""
    with story.env.sessions() as session:
        product_id = session.scalars(select(Product.id)).first()
    for month in range(times):
        story.act(
            "vera", settlements.record, client_id, product_id, date(2026, 9 + month, 1), Decimal(sum)
        )
    story.act("anna", _set_state, client_id, "regular")


def begin(story: Story, client_id: int = 1) -> None:
    story.instance_id = story.act("anna", instances.start, "loyalty_enrolment", {}, client_id=client_id).id
    story.work()


def cards(story: Story) -> list[LoyaltyCard]:
    with story.env.sessions() as session:
        return list(session.scalars(select(LoyaltyCard).order_by(LoyaltyCard.id)))


def discount(story: Story, client_id: int = 1) -> Decimal:
    with story.env.sessions() as session:
        return loyalty.discount_of(session, client_id, date(2026, 11, 20))


def bonus_card(story: Story) -> LoyaltyCard:
    make_regular(story)
    card: LoyaltyCard = story.act("anna", loyalty.enrol, 1, "bonus")
    return card


def sold(story: Story, price: str = "100000") -> int:
    """An open deal with a line and a schedule."""
    deal = story.act("anna", deals.open_deal, 1, "Тренинг")
    lines = [{"name": "Тренинг", "quantity": "1", "unit": "группа", "price": price}]
    story.act("anna", deals.set_lines, deal.id, lines)
    story.act("anna", payments.set_schedule, deal.id, "full_before")
    return int(deal.id)


def pay(story: Story, deal_id: int, sum: str) -> int:
    done = story.act("vera", payments.record_payment, deal_id, 1, Decimal(sum), date(2026, 11, 16))
    return int(done.payment_id)


def test_a_regular_client_gets_a_category_and_its_discount(story: Story) -> None:
    """R096-R101, R300, R343."""
    make_regular(story)
    begin(story)
    story.complete("Выбрать условия", loyalty_decision="offer", instrument="tiers")
    assert cards(story) == []
    story.complete("Получить согласие клиента", consent_answer="agreed")
    [card] = cards(story)
    assert (card.number, card.tier, card.discount) == ("L-2026-0001", "silver", 3)
    assert discount(story) == 3
    assert "L-2026-0001" in story.mailbox.letter("Программа лояльности").get_content()
    assert story.instance.status == "completed"


def test_who_has_bought_too_little_is_told_what_is_missing(story: Story) -> None:
    """R090: one purchase is not loyalty."""
    make_regular(story, times=1)
    begin(story)
    reasons = " ".join(story.variables_of("Узнать, чего не хватает")["reasons"])
    assert "Покупок за период: 1" in reasons
    story.complete("Узнать, чего не хватает")
    assert cards(story) == []


def test_exclusive_terms_are_approved_by_the_director(story: Story) -> None:
    """R104."""
    make_regular(story)
    begin(story)
    terms = "Выделенный тренер и отсрочка на месяц"
    story.complete("Выбрать условия", loyalty_decision="offer", instrument="exclusive", loyalty_terms=terms)
    story.complete(
        "Утвердить исключительные условия", by="dmitry", terms_decision="remarks", approval_remark="Без отсрочки"
    )
    story.complete("Выбрать условия", loyalty_terms="Выделенный тренер")
    story.complete("Утвердить исключительные условия", by="dmitry", terms_decision="approve")
    story.complete("Получить согласие клиента", consent_answer="agreed")
    assert [card.terms for card in cards(story)] == ["Выделенный тренер"]


def test_a_client_who_declines_gets_no_card(story: Story) -> None:
    make_regular(story)
    begin(story)
    story.complete("Выбрать условия", loyalty_decision="offer", instrument="bonus")
    story.complete("Получить согласие клиента", consent_answer="declined", consent_note="Не нужны скидки")
    assert cards(story) == []
    assert story.instance.status == "completed"


def test_a_client_has_one_card_and_an_instrument_that_is_off_cannot_be_given(story: Story) -> None:
    make_regular(story)
    story.act("anna", loyalty.enrol, 1, "tiers")
    with pytest.raises(Conflict):
        story.act("anna", loyalty.enrol, 1, "bonus")
    with pytest.raises(Invalid):
        story.act("anna", loyalty.enrol, 2, "fixed_bearer")


def test_a_programme_without_a_rationale_enrols_nobody(story: Story) -> None:
    """R098."""
    rules = {**story.env.settings["loyalty"], "rationale": ""}
    story.env.settings = {**story.env.settings, "loyalty": rules}
    with pytest.raises(Invalid, match="rationale"):
        story.act("anna", loyalty.enrol, 1, "tiers")


def test_payments_earn_bonuses_once_and_a_refund_takes_them_back(story: Story) -> None:
    """R103."""
    card = bonus_card(story)
    deal_id = sold(story)
    payment_id = pay(story, deal_id, "100000")
    story.act("vera", bonus.settle, payment_id)
    assert account(story, card.id).balance == Decimal("2000.00")
    story.act("vera", payments.refund, deal_id, 1, Decimal("50000"), date(2026, 11, 16))
    assert account(story, card.id).balance == Decimal("1000.00")
    assert [entry.kind for entry in account(story, card.id).entries] == ["reversed", "earned"]


def test_bonuses_pay_a_part_of_a_deal_and_never_more_than_allowed(story: Story) -> None:
    card = bonus_card(story)
    pay(story, sold(story, "400000"), "400000")
    second = sold(story, "20000")
    with pytest.raises(Invalid):
        story.act("anna", bonus.spend, second, Decimal("6500"))
    taken = story.act("anna", bonus.spend, second, Decimal("6000"))
    assert taken == Decimal("6000.00")
    with story.env.sessions() as session:
        assert deals.find(session, second).discount == 30
    assert account(story, card.id).balance == Decimal("2000.00")


def test_bonuses_are_spent_before_the_invoice_is_paid(story: Story) -> None:
    bonus_card(story)
    deal_id = sold(story)
    pay(story, deal_id, "100000")
    with pytest.raises(WrongState):
        story.act("anna", bonus.spend, deal_id, Decimal("100"))


def test_unspent_bonuses_expire_oldest_first(story: Story) -> None:
    card = bonus_card(story)
    pay(story, sold(story), "100000")
    story.act("anna", bonus.spend, sold(story, "20000"), Decimal("500"))
    assert story.act("anna", bonus.expire, date(2027, 11, 15)) == 0
    assert story.act("anna", bonus.expire, date(2027, 11, 16)) == Decimal("1500.00")
    assert account(story, card.id).balance == 0
    assert story.act("anna", bonus.expire, date(2027, 11, 17)) == 0


def test_the_quarterly_review_counts_categories_and_indices_anew(story: Story) -> None:
    """R091-R095, R101: P21."""
    make_regular(story)
    story.act("anna", loyalty.enrol, 1, "tiers")
    make_regular(story, sum="600000")
    story.instance_id = story.act("gleb", instances.start, "loyalty_review", {}).id
    story.work()
    seen = story.variables_of("Разобрать показатели лояльности")
    assert [(row["before"], row["after"]) for row in seen["changes"]] == [(3, 5)]
    assert seen["indices"]["index"] == Decimal("100.0")
    assert discount(story) == 5
    story.complete("Разобрать показатели лояльности", loyalty_conclusions="Платить больше стали все")
    assert story.instance.status == "completed"


def test_the_review_comes_by_itself_every_quarter(story: Story) -> None:
    story.wait("P3M")
    assert "Разобрать показатели лояльности" in story.open


def test_loyalty_is_counted_from_repeated_purchases_and_recommendations(story: Story) -> None:
    """R092-R095."""
    make_regular(story, 1, "100000", 2)
    make_regular(story, 2, "50000", 1)
    story.act("anna", _set_recommended, 2, 1)
    with story.env.sessions() as session:
        found = purchases.indices(session, date(2026, 8, 16), date(2026, 11, 16))
        later = purchases.indices(session, date(2026, 9, 15), date(2026, 11, 16))
    assert (found.total, found.loyal, found.index) == (2, 1, Decimal("50.0"))
    assert (found.recommended, found.recommended_share) == (Decimal("50000.00"), Decimal("20.0"))
    assert found.old_share == 0
    assert later.old_share == Decimal("100.0")


def test_the_client_sees_its_account_by_a_link_that_can_be_replaced(story: Story) -> None:
    """R257."""
    card = bonus_card(story)
    token = story.act("anna", loyalty.open_link, card.id)
    with story.env.sessions() as session:
        found = loyalty.by_token(session, token)
        assert found is not None
        assert found.id == card.id
    story.act("anna", loyalty.open_link, card.id)
    with story.env.sessions() as session:
        assert loyalty.by_token(session, token) is None


def account(story: Story, card_id: int) -> bonus.Account:
    with story.env.sessions() as session:
        return bonus.account(session, card_id, date(2026, 11, 16))


def _set_state(work: Any, client_id: int, state: str) -> None:
    clients.find(work.session, client_id).state = state


def _set_recommended(work: Any, client_id: int, by: int) -> None:
    clients.find(work.session, client_id).recommended_by_id = by

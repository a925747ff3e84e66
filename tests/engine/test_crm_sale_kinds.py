"""What a deal is for the client's way with us, where it comes from, and what its end leaves behind."""
from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from engine.crm import closing, deals, sale_kinds, settlements
from engine.errors import Invalid
from engine.models import Client, ClientProduct, Competitor, Deal, Product, Source
from engine.work import Work
from tests.engine.crm_kit import Office


@pytest.fixture
def office(env) -> Office:
    return Office(env)


@pytest.fixture
def products(office: Office) -> list[int]:
    """Two trainings of one direction, then a survey."""

    def add(work: Work) -> list[int]:
        rows = [Product(code=code, name=code, price=Decimal(1000)) for code in ("T1", "T2", "S1")]
        work.session.add_all(rows)
        work.session.flush()
        rows[1].direction_id = rows[0].id
        return [row.id for row in rows]

    return office.do(add)


def paid(office: Office, product: int | None, day: str) -> None:
    office.do(settlements.record, office.client_id, product, date.fromisoformat(day), Decimal(1000))


def kind(office: Office, *wanted: int) -> str:
    return office.see(lambda session: sale_kinds.of(session, office.client_id, wanted))


def test_the_first_sale_is_to_a_client_who_has_bought_nothing(office, products):
    assert kind(office) == "first"
    assert kind(office, *products) == "first"


def test_a_repeat_is_a_sale_of_the_direction_the_client_began_with(office, products):
    paid(office, products[0], "2026-01-10")
    assert kind(office) == "repeat"
    assert kind(office, products[1]) == "repeat"


def test_a_direction_the_client_does_not_know_is_a_new_product_and_then_a_repeat_of_it(office, products):
    paid(office, products[0], "2026-01-10")
    assert kind(office, products[0], products[2]) == "first_new_product"
    paid(office, products[2], "2026-03-10")
    assert kind(office, products[2]) == "repeat_new_product"
    assert kind(office, products[0], products[2]) == "repeat_new_product"
    assert kind(office, products[0]) == "repeat"


def test_the_money_of_the_deal_itself_does_not_make_it_a_repeat(office, products):
    day = office.see(lambda session: session.get_one(Deal, office.deal_id)).created_at.date()
    office.do(settlements.record, office.client_id, products[0], day, Decimal(10), deal_id=office.deal_id)
    office.do(deals.set_lines, office.deal_id, [{"product_id": products[0]}])
    assert office.see(lambda session: session.get_one(Deal, office.deal_id)).sale_kind == "first"


def test_a_deal_remembers_where_it_comes_from(office):
    def source(work: Work) -> int:
        row = Source(key="site", title="Сайт", channel="web")
        work.session.add(row)
        work.session.flush()
        return row.id

    number = office.do(source)
    made = office.do(deals.open_deal, office.client_id, "Опрос", source_id=number, need="Узнать мнение",
                     caused_by_id=office.deal_id)  # fmt: skip
    found = office.see(lambda session: session.get_one(Deal, made.id))
    assert (found.source_id, found.need, found.caused_by_id) == (number, "Узнать мнение", office.deal_id)
    with pytest.raises(Invalid) as refused:
        office.do(deals.open_deal, office.client_id, "Опрос", source_id=99, campaign_id=98)
    assert set(refused.value.fields) == {"source_id", "campaign_id"}


def test_the_next_step_and_the_prospects_of_a_deal_are_kept(office):
    office.lines(("Обучение", 1, 100000))
    office.do(deals.set_next_step, office.deal_id, "Позвонить", date(2026, 12, 1))
    forecast = office.do(deals.set_prospects, office.deal_id, probability=40, need="Обучить отдел")
    found = office.see(lambda session: session.get_one(Deal, office.deal_id))
    assert (found.next_step, found.next_step_on) == ("Позвонить", date(2026, 12, 1))
    assert (found.probability, found.need, forecast) == (40, "Обучить отдел", Decimal("40000.00"))
    with pytest.raises(Invalid):
        office.do(deals.set_prospects, office.deal_id, probability=101)
    with pytest.raises(Invalid):
        office.do(deals.set_next_step, office.deal_id, " ", date(2026, 12, 1))


@pytest.mark.parametrize(("day", "left"), [(date(2026, 11, 1), None), (date(2030, 12, 1), "Позвонить")])
def test_a_milestone_settles_the_next_step_whose_day_has_come(office, day, left):
    office.do(deals.set_next_step, office.deal_id, "Позвонить", day)
    office.do(deals.reach, office.deal_id, "M1")
    assert office.see(lambda session: session.get_one(Deal, office.deal_id)).next_step == left


def test_a_lost_deal_can_be_counted_by_reason_stage_and_competitor(office, products):
    office.do(deals.set_lines, office.deal_id, [{"product_id": products[0]}])
    day = office.see(lambda session: session.get_one(Deal, office.deal_id)).created_at.date() + timedelta(days=30)
    contact = {"date": day, "purpose": "Вернуться", "product": products[0]}
    refusal = {"category": "competitor", "competitor": " Вектор  Плюс", "comment": "дешевле"}
    office.do(closing.close, office.deal_id, "lost", refusal=refusal, next_contact=contact)
    deal, used, client = office.see(
        lambda session: (
            session.get_one(Deal, office.deal_id),
            session.get_one(ClientProduct, (office.client_id, products[0])),
            session.get_one(Client, office.client_id),
        )
    )
    names = office.see(lambda session: list(session.scalars(select(Competitor.name))))
    assert (deal.refusal_category, deal.refusal_milestone, names) == ("competitor", "M0", ["Вектор Плюс"])
    assert deal.competitor_id is not None
    assert (used.refused_on is not None, used.used_since, used.refusal_category) == (True, None, "competitor")
    assert (client.next_contact_on, client.next_contact_product_id) == (day, products[0])


def test_a_postponed_deal_is_no_refusal_of_its_products(office, products):
    office.do(deals.set_lines, office.deal_id, [{"product_id": products[0]}])
    day = office.see(lambda session: session.get_one(Deal, office.deal_id)).created_at.date()
    contact = {"date": day, "purpose": "Вернуться", "product": products[0]}
    office.do(closing.close, office.deal_id, "postponed", next_contact=contact)
    assert office.see(lambda session: list(session.scalars(select(ClientProduct)))) == []


def test_a_competitor_is_entered_once_however_it_is_written(office):
    first = office.do(closing.find_competitor, "Вектор").id
    assert office.do(closing.find_competitor, "  вектор ").id == first

"""Prices by list, tier and day; a payment divided over the lines of a deal to the kopeck."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from engine.crm import clients, payments, prices, products, settlements
from engine.errors import Conflict, Invalid, WrongState
from engine.models import Client, Settlement
from tests.crm.figures import Company

NEW_YEAR, TODAY = date(2026, 1, 1), date(2026, 11, 16)


def price(company: Company, product: int, quantity: str, client: int | None = None, on: date = TODAY) -> Decimal:
    with company.env.sessions() as session:
        whose = session.get(Client, client) if client else None
        return prices.price_of(session, product, Decimal(quantity), whose, on)


def tier(quantity: str, sum: str) -> dict[str, Decimal]:
    return {"min_quantity": Decimal(quantity), "price": Decimal(sum)}


def test_without_a_list_the_price_of_the_product_counts(company: Company) -> None:
    assert price(company, company.product("A"), "1") == 100


def test_the_highest_tier_the_quantity_reaches_counts(company: Company) -> None:
    product = company.product("A")
    listed = company.do(prices.create, "main", "Прайс", NEW_YEAR).id
    company.do(prices.set_tiers, listed, product, [tier("1", "90"), tier("5", "80"), tier("10", "70.50")])
    found = [price(company, product, quantity) for quantity in ("0.5", "1", "4.999", "5", "10", "1000")]
    assert found == [100, 90, 90, 80, Decimal("70.50"), Decimal("70.50")]


def test_the_list_in_force_on_the_day_counts_and_the_newer_of_two(company: Company) -> None:
    product = company.product("A")
    first = company.do(prices.create, "spring", "Весна", NEW_YEAR, date(2026, 6, 30)).id
    company.do(prices.set_tiers, first, product, [tier("1", "90")])
    second = company.do(prices.create, "autumn", "Осень", date(2026, 6, 1), copy_of=first).id
    company.do(prices.set_tiers, second, product, [tier("1", "95")])
    days = (date(2025, 12, 31), NEW_YEAR, date(2026, 6, 1), date(2026, 7, 1))
    assert [price(company, product, "1", on=day) for day in days] == [100, 90, 95, 95]


def test_a_clients_own_list_goes_before_the_general_one_only_where_it_has_the_product(company: Company) -> None:
    product, other = company.product("A"), company.product("B")
    client = company.client("ООО «Свой»")
    general = company.do(prices.create, "main", "Прайс", NEW_YEAR).id
    own = company.do(prices.create, "own", "Партнёрский", NEW_YEAR, general=False).id
    for product_id in (product, other):
        company.do(prices.set_tiers, general, product_id, [tier("1", "90")])
    company.do(prices.set_tiers, own, product, [tier("1", "60")])
    assert price(company, product, "1", client) == 90, "it is not his yet"
    company.do(prices.assign, client, own, login="elena")
    assert [price(company, one, "1", client) for one in (product, other)] == [60, 90]
    assert price(company, product, "1") == 90, "nobody else gets it"


def test_wrong_tiers_and_lists_are_refused_at_their_place(company: Company) -> None:
    product = company.product("A")
    listed = company.do(prices.create, "main", "Прайс", NEW_YEAR).id
    with pytest.raises(Invalid) as refused:
        company.do(prices.set_tiers, listed, product, [tier("1", "90"), tier("1", "80"), tier("2", "1.005")])
    assert set(refused.value.fields) == {"tiers[1].min_quantity", "tiers[2].price"}
    with pytest.raises(Conflict):
        company.do(prices.create, "main", "Ещё", NEW_YEAR)
    with pytest.raises(Invalid) as refused:
        company.do(prices.create, "odd", "", NEW_YEAR, date(2025, 1, 1))
    assert set(refused.value.fields) == {"name", "valid_until"}


def test_a_direction_is_withdrawn_after_its_components(company: Company) -> None:
    direction = company.product("D")
    part = company.product("P", direction)
    with pytest.raises(WrongState):
        company.do(products.withdraw, direction, TODAY)
    company.do(products.withdraw, part, TODAY)
    company.do(products.withdraw, direction, TODAY)
    with company.env.sessions() as session:
        assert products.listing(session, TODAY) == []
        assert len(products.listing(session)) == 2
    with pytest.raises(Invalid):
        company.do(products.change, direction, direction_id=part)


@given(
    total=st.integers(1, 10**9),
    weights=st.lists(st.integers(0, 10**7).map(lambda kopecks: Decimal(kopecks) / 100), min_size=1, max_size=8),
)
def test_the_parts_of_a_sum_add_up_to_it_and_each_is_within_a_kopeck_of_its_share(total, weights) -> None:
    sum_ = Decimal(total) / 100
    parts = settlements.divide(sum_, weights)
    assert sum(parts, Decimal(0)) == sum_
    assert all(part >= 0 and part == round(part, 2) for part in parts)
    whole = sum(weights, Decimal(0))
    if whole:
        assert all(
            abs(part - sum_ * weight / whole) < Decimal("0.01") for part, weight in zip(parts, weights, strict=True)
        )


def test_a_payment_becomes_settlements_by_product_with_cost_and_owner(company: Company) -> None:
    first, second = company.product("A"), company.product("B")
    company.do(products.change, first, cost=Decimal("40"))
    client = company.client("ООО «Платит»", owner="boris")
    deal = company.deal(client, owner="boris", lines=[(first, 100), (second, 200)])
    company.do(payments.set_schedule, deal, "full_before")
    company.do(payments.record_payment, deal, 1, Decimal("100.00"), TODAY, reference="17")
    company.do(payments.refund, deal, 1, Decimal("10.00"), TODAY)
    with company.env.sessions() as session:
        rows = session.scalars(select(Settlement).order_by(Settlement.id)).all()
        found = [(row.product_id, row.sum, row.cost, row.kind, row.owner_id) for row in rows]
    boris = company.people["boris"]
    assert found == [
        (first, Decimal("33.33"), Decimal("13.33"), "in", boris), (second, Decimal("66.67"), None, "in", boris),
        (first, Decimal("-3.33"), Decimal("-1.33"), "refund", boris), (second, Decimal("-6.67"), None, "refund", boris),
    ]  # fmt: skip


def test_older_money_is_written_down_without_a_payment(company: Company) -> None:
    client, product = company.client("ООО «Давний»"), company.product("A")
    company.pay(client, product, date(2019, 5, 6), "1000.00", cost=Decimal("300"))
    company.pay(client, product, date(2019, 6, 6), "100.00", kind="refund", cost=Decimal("30"))
    with company.env.sessions() as session:
        rows = session.execute(select(Settlement.sum, Settlement.cost).order_by(Settlement.id)).all()
    assert [tuple(row) for row in rows] == [(1000, 300), (-100, -30)]
    with pytest.raises(Invalid) as refused:
        company.pay(client, product, TODAY, "0")
    assert set(refused.value.fields) == {"sum"}


def test_figures_of_a_group_take_in_its_units(company: Company) -> None:
    top = company.client("ООО «Холдинг»")
    unit = company.do(clients.create_client, "legal", "Холдинг, филиал", parent_id=top).id
    below = company.do(clients.create_client, "legal", "Холдинг, участок", parent_id=unit).id
    with company.env.sessions() as session:
        assert clients.group_ids(session, top) == [top, unit, below]
    with pytest.raises(Invalid) as refused:
        company.do(clients.change_client, top, parent_id=below)
    assert set(refused.value.fields) == {"parent_id"}

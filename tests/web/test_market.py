"""Competitors, costs of sources and sales plans by clicking, and as files that come back."""

from __future__ import annotations

import io
from decimal import Decimal

from engine.models import CompetitorPrice, Product, SalesPlan, SourceCost
from engine.work import SYSTEM, run
from tests.web.conftest import Visitor
from tests.web.world import World


def product(world: World) -> int:
    def verb(work):
        row = Product(code="T-1", name="Тренинг", price=Decimal(1100))
        work.session.add(row)
        work.session.flush()
        return row.id

    return int(run(world.env, SYSTEM, verb))


def test_our_price_is_compared_with_the_newest_of_a_competitor(visitor: Visitor, world: World) -> None:
    goods = product(world)
    visitor.sign_in("gleb")
    visitor.post("/market/competitors", {"name": "АО «Иные»", "note": "Дешевле"}, page="/market")
    for price, day in (("1 250,00", "2026-11-01"), ("1000", "2026-11-10"), ("900", "2026-12-30")):
        visitor.post(
            "/market/prices", {"competitor": 1, "product": goods, "price": price, "seen_on": day}, page="/market"
        )
    page = visitor.get("/market").text
    assert "+10" in page
    with world.env.sessions() as session:
        assert session.query(CompetitorPrice).count() == 2  # nobody has seen a price of tomorrow
    visitor.post("/market/competitors", {"id": 1, "name": "АО «Другие»"}, page="/market")
    assert "АО «Другие»" in visitor.get("/market").text
    visitor.post("/market/competitors", {"name": "АО «Другие»"}, page="/market")
    assert "note-late" in visitor.get("/market").text


def test_costs_of_sources_and_plans_are_set_replaced_and_taken_away(visitor: Visitor, world: World) -> None:
    goods = product(world)
    visitor.sign_in("gleb")
    visitor.post("/market/sources", {"key": "site", "title": "Сайт", "channel": "web"}, page="/market?tab=sources")
    for sum_ in ("45000", "46 000,50"):
        visitor.post("/market/costs", {"source": 1, "month": "2026-11", "sum": sum_}, page="/market?tab=sources")
    plan = {"month": "2026-12", "owner": world.people["anna"], "product": goods, "sum": "100000", "count": "3"}
    visitor.post("/market/plans", plan, page="/market?tab=plans")
    with world.env.sessions() as session:
        assert [cost.sum for cost in session.query(SourceCost)] == [Decimal("46000.50")]
        assert [(one.sum, one.count) for one in session.query(SalesPlan)] == [(Decimal(100000), 3)]
    visitor.post("/market/plans", plan | {"sum": "много"}, page="/market?tab=plans")
    assert "note-late" in visitor.get("/market?tab=plans").text
    visitor.post("/market/plans", plan | {"sum": "0", "count": ""}, page="/market?tab=plans")
    with world.env.sessions() as session:
        assert session.query(SalesPlan).count() == 0


def test_what_is_exported_comes_back_as_nothing_new(visitor: Visitor, world: World) -> None:
    goods = product(world)
    visitor.sign_in("gleb")
    plan = {"month": "2026-12", "owner": world.people["anna"], "product": goods, "sum": "100000", "count": "3"}
    visitor.post("/market/plans", plan, page="/market?tab=plans")
    visitor.post("/market/competitors", {"name": "=АО «Иные»"}, page="/market")
    price = {"competitor": 1, "product": goods, "price": "900", "seen_on": "2026-11-10"}
    visitor.post("/market/prices", price, page="/market")
    for tab, kind in (("plans", "plans"), ("competitors", "competitor_prices")):
        for form in ("xlsx", "csv"):
            content = visitor.get(f"/market?tab={tab}&as={form}&year=2026").data
            answer = visitor.post(
                "/imports/file", {"kind": kind, "file": (io.BytesIO(content), f"x.{form}")}, page="/imports"
            )
            page = visitor.get(answer.location).text
            assert "<table" in page
            assert 'class="ms-auto"' not in page, (tab, form)


def test_a_manager_reads_prices_and_his_own_plan_only(visitor: Visitor, world: World) -> None:
    goods = product(world)
    head = visitor.sign_in("gleb")
    for login, sum_ in (("anna", "111000"), ("boris", "222000")):
        plan = {"month": "2026-12", "owner": world.people[login], "product": goods, "sum": sum_}
        head.post("/market/plans", plan, page="/market?tab=plans")
    anna = Visitor(visitor.client.application).sign_in("anna")
    page = anna.get("/market?tab=plans").text
    assert "111" in page
    assert "222" not in page.replace("2222", "")
    assert anna.get("/market").status_code == 200
    assert anna.get("/market?tab=sources").status_code == 403
    assert anna.post("/market/plans", {"month": "2026-12", "sum": "1"}).status_code == 403
    assert Visitor(visitor.client.application).sign_in("yuri").get("/market").status_code == 403

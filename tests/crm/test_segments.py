"""Segments by ordered rules, versions of the matrix, degree of development and the product to offer next."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from engine.crm import clients, consents, deals, development, matrix, products, segments
from engine.crm.facts import facts
from engine.errors import Conflict, Invalid, WrongState
from engine.models import Client, ClientProduct, Matrix
from tests.crm.figures import Company

TRADE, PRODUCTION, CATERING, TEACHING = "Торговля", "Производство", "Общепит", "Обучение"
PARAMETERS = {
    "activity": ("choice", [PRODUCTION, TRADE, CATERING, TEACHING]), "branches": ("flag", []), "staff": ("number", []),
    "customers": ("choice", ["юр. лица", "физ. лица"]), "founded": ("number", []),
}  # fmt: skip
LINES = {  # the sample of the sources: segment -> rules, target products in the order of the columns
    "production_big": ([("activity", "=", PRODUCTION), ("branches", "=", "true"), ("staff", ">", "1000")],
                       ["1C", "SEC", "LIC", "HW"]),
    "trade_b2b": ([("activity", "=", TRADE), ("branches", "=", "true"), ("staff", ">", "1000"),
                   ("customers", "=", "юр. лица")], ["1C", "SEC", "LIC", "HW"]),
    "trade_b2c": ([("activity", "=", TRADE), ("branches", "=", "true"), ("staff", ">", "1000"),
                   ("customers", "=", "физ. лица")], ["1C", "TO", "SEC", "LIC", "HW"]),
    "catering": ([("activity", "=", CATERING), ("branches", "=", "true"), ("staff", ">", "500")], ["1C", "TO", "SEC"]),
    "trade_sme": ([("activity", "=", TRADE), ("staff", "<", "150")], ["1C", "IT", "TO"]),
    "production_sme": ([("activity", "=", PRODUCTION), ("staff", "<", "150")], ["1C", "IT"]),
    "teaching": ([("activity", "=", TEACHING), ("founded", ">", "1990")], ["1C", "LIC"]),
    "retail": ([("staff", "<", "20")], ["1C"]),
}  # fmt: skip
CODES = ("1C", "IT", "TO", "SEC", "LIC", "HW")


class Market:
    """The matrix of the sources in force, and clients of its segments."""

    def __init__(self, company: Company) -> None:
        self.company, self.do = company, company.do
        for key, (type_, choices) in PARAMETERS.items():
            self.do(
                segments.save_parameter, key, title=key, title_en=key, nature="inherent", type=type_, choices=choices,
                purpose="Зачем делим", new=True,
            )  # fmt: skip
        self.products = {code: self.do(products.add, code, code, Decimal(100)).id for code in CODES}
        self.first: int = self.do(matrix.draft).id
        for key, (rules, codes) in LINES.items():
            self.segment(self.first, key, rules, codes)
        self.do(matrix.put_in_force, self.first, date(2026, 1, 1))

    def segment(self, version: int, key: str, rules: list, codes: list) -> None:
        given = [dict(zip(("parameter", "op", "value"), rule, strict=True)) for rule in rules]
        self.do(matrix.save_segment, version, key, title=key, rules=given)
        self.do(matrix.set_targets, version, key, [self.products[code] for code in codes])

    def match(self, **profile: object) -> str | None:
        with self.company.env.sessions() as session:
            found = segments.match(session, profile)
            return found.key if found else None

    def client(self, name: str, **profile: object) -> int:
        return int(self.do(clients.create_client, "legal", name, profile=profile).id)

    def see(self, client_id: int) -> tuple:
        with self.company.env.sessions() as session:
            client = session.get_one(Client, client_id)
            following = development.next_product(session, client)
            targets = {target.code: target.state for target in development.targets(session, client)}
            return development.degree(session, client), following.code if following else None, targets

    def uses(self, client_id: int, code: str) -> None:
        def write(work) -> None:
            work.session.add(
                ClientProduct(client_id=client_id, product_id=self.products[code], used_since=date(2026, 1, 1))
            )

        self.do(write)


@pytest.fixture
def market(company: Company) -> Market:
    return Market(company)


def test_the_first_segment_whose_rules_all_hold_takes_the_client(market: Market) -> None:
    assert market.match(activity=TRADE, branches=True, staff=1500, customers="юр. лица") == "trade_b2b"
    assert market.match(activity=TRADE, staff=100) == "trade_sme"
    assert market.match(activity=CATERING, branches=True, staff=600) == "catering"
    assert market.match(activity=TRADE, staff=10) == "trade_sme", "retail fits too, but comes later"
    assert market.match(staff=10) == "retail"


def test_a_gap_between_the_rules_makes_a_non_target_client_and_is_reported(market: Market) -> None:
    assert market.match(activity=PRODUCTION, staff=300) is None
    gap = market.client("ООО «Средний завод»", activity=PRODUCTION, staff=300)
    fits = market.client("ООО «Малый завод»", activity=PRODUCTION, staff=30)
    with market.company.env.sessions() as session:
        assert [client.id for client in segments.without_segment(session)] == [gap]
        assert (session.get_one(Client, gap).target, session.get_one(Client, fits).target) == (False, True)


def test_the_matrix_of_the_sources_has_its_24_cells_and_three_tiers(market: Market) -> None:
    with market.company.env.sessions() as session:
        found = segments.in_force(session)
        counts = {row.key: len(row.products) for row in found.segments}
    assert sum(counts.values()) == 24
    assert [segments.tier(count) for count in (5, 3, 2, 1, 0)] == [
        "promising", "promising", "ordinary", "ordinary", "non_target"
    ]  # fmt: skip


def test_what_is_used_outside_the_segment_does_not_count_for_the_degree(market: Market) -> None:
    client = market.client("ООО «Лавка»", activity=TRADE, staff=100)
    for code in ("1C", "IT"):
        market.uses(client, code)
    assert market.see(client)[:2] == (Decimal("66.7"), "TO")
    market.uses(client, "HW")
    assert market.see(client)[:2] == (Decimal("66.7"), "TO")


def test_a_product_is_used_open_refused_or_not_offered(market: Market) -> None:
    client = market.client("ООО «Сеть»", activity=CATERING, branches=True, staff=600)
    assert market.see(client) == (Decimal("0.0"), "1C", dict.fromkeys(("1C", "TO", "SEC"), "not_offered"))
    deal = market.do(deals.open_deal, client, "ТО", vat_mode="none").id
    market.do(deals.set_lines, deal, [{"product_id": market.products["TO"], "quantity": 1, "price": 100}])
    market.company.pay(client, market.products["1C"], date(2026, 3, 1), 1000)
    degree, following, states = market.see(client)
    assert (degree, following) == (Decimal("33.3"), "SEC")
    assert states == {"1C": "used", "TO": "open", "SEC": "not_offered"}


def test_money_that_went_back_whole_makes_nobody_a_user(market: Market) -> None:
    client = market.client("ООО «Лавка»", activity=TRADE, staff=100)
    market.company.pay(client, market.products["1C"], date(2026, 3, 1), 1000)
    market.company.pay(client, market.products["1C"], date(2026, 4, 1), 1000, kind="refund")
    assert market.see(client)[0] == Decimal("0.0")


def test_a_component_counts_for_its_direction(market: Market) -> None:
    part = market.do(products.add, "1C-ERP", "1C: ERP", Decimal(500), direction_id=market.products["1C"]).id
    client = market.client("ООО «Ларёк»", staff=5)
    market.company.pay(client, part, date(2026, 3, 1), 500)
    assert market.see(client)[0] == Decimal("100.0")
    assert market.see(client)[1] is None, "everything meant for it is used"


def test_a_parameter_without_a_purpose_is_refused(market: Market) -> None:
    with pytest.raises(Invalid) as refused:
        market.do(segments.save_parameter, "colour", title="Цвет", title_en="Colour", nature="inherent", type="text",
                  purpose=" ")  # fmt: skip
    assert set(refused.value.fields) == {"purpose"}
    with pytest.raises(Conflict):
        market.do(segments.save_parameter, "staff", title="Ещё", title_en="", nature="inherent", type="number",
                  purpose="Зачем", new=True)  # fmt: skip


def test_many_parameters_are_warned_of(market: Market) -> None:
    with market.company.env.sessions() as session:
        assert segments.warnings(session) == []
    for no in range(4):
        market.do(segments.save_parameter, f"more_{no}", title="Ещё", title_en="", nature="behavioural", type="text",
                  purpose="Зачем-то")  # fmt: skip
    with market.company.env.sessions() as session:
        assert "9 parameters" in str(segments.warnings(session)[0])


def test_a_parameter_that_rules_ask_for_stays(market: Market) -> None:
    with pytest.raises(WrongState):
        market.do(segments.remove_parameter, "staff")


def test_a_value_of_a_profile_fits_its_parameter(market: Market) -> None:
    with pytest.raises(Invalid) as refused:
        market.client("ООО «Опечатка»", activity="Торговла", staff="много", colour="red")
    assert set(refused.value.fields) == {"profile.activity", "profile.staff", "profile.colour"}


def test_a_draft_shows_what_it_would_change_and_the_old_version_is_kept(market: Market) -> None:
    middle = market.client("ООО «Средний завод»", activity=PRODUCTION, staff=300)
    market.client("ООО «Школа»", activity=TEACHING, founded=1995)
    version = market.do(matrix.draft, "Расширяем").id
    market.segment(version, "production_middle", [("activity", "=", PRODUCTION), ("staff", "<=", "1000")], ["IT"])
    market.do(matrix.remove_segment, version, "teaching")
    with market.company.env.sessions() as session:
        draft = session.get_one(Matrix, version)
        change = matrix.difference(segments.in_force(session), draft)
        assert (change.segments_added, change.segments_removed) == (("production_middle",), ("teaching",))
        assert change.widens
        assert change.narrows
        moves = [(move.name, move.before, move.after) for move in matrix.impact(session, draft)]
    assert moves == [("ООО «Средний завод»", None, "production_middle"), ("ООО «Школа»", "teaching", None)]
    market.do(matrix.put_in_force, version, date(2026, 11, 16))
    with market.company.env.sessions() as session:
        assert session.get_one(Client, middle).segment == "production_middle"
        old = session.get_one(Matrix, market.first)
        assert (old.status, len(old.segments)) == ("withdrawn", 8)
    with pytest.raises(WrongState):
        market.do(matrix.remove_segment, market.first, "teaching")


def test_only_one_draft_at_a_time_and_an_empty_segment_is_not_put_in_force(market: Market) -> None:
    version = market.do(matrix.draft).id
    with pytest.raises(WrongState):
        market.do(matrix.draft)
    market.do(matrix.save_segment, version, "nobody", title="Никто", rules=[])
    with pytest.raises(Invalid) as refused:
        market.do(matrix.put_in_force, version, date(2026, 11, 16))
    assert len(refused.value.fields) == 2, "no rules and no products"
    market.do(matrix.drop, version)


def test_a_rule_that_cannot_hold_is_refused_at_its_place(market: Market) -> None:
    version = market.do(matrix.draft).id
    rules = [{"parameter": "staff", "op": ">", "value": "много"}, {"parameter": "colour", "op": "=", "value": "x"}]
    with pytest.raises(Invalid) as refused:
        market.do(matrix.save_segment, version, "odd", title="Странный", rules=rules)
    assert set(refused.value.fields) == {"rules[0].value", "rules[1].parameter"}


def test_procedures_see_how_the_client_stands_and_what_to_offer(market: Market) -> None:
    client = market.client("ООО «Лавка»", activity=TRADE, staff=100)
    person = market.do(clients.add_contact, client, "Ким", "Анна", "директор").id
    market.do(consents.give, person, "survey", "any", text_version="2026-01")
    market.uses(client, "1C")
    with market.company.env.sessions() as session:
        seen = facts(session, market.company.env, {"product_id": market.products["IT"]}, None, client)
        found, product = dict(seen["client"]), seen["product"]
    assert (found["segment"], found["segment_title"], found["tier"]) == ("trade_sme", "trade_sme", "promising")
    assert (found["state"], found["development"]) == ("potential", Decimal("33.3"))
    assert found["next_product"] == {"id": market.products["IT"], "name": "IT"}
    assert [(target["name"], target["state"]) for target in found["targets"]] == [
        ("1C", "used"), ("IT", "not_offered"), ("TO", "not_offered")
    ]  # fmt: skip
    assert found["consents"] == [{"contact_id": person, "purpose": "survey", "channel": "any"}]
    assert (found["loyalty"], found["open_complaints"]) == ({"tier": None, "discount": Decimal(0)}, 0)
    assert (product["code"], product["direction"]) == ("IT", "IT")


def test_the_next_step_of_the_open_deal_is_shown_not_the_day_it_came_there(market: Market) -> None:
    client = market.client("ООО «Лавка»", activity=TRADE, staff=100)
    deal = market.do(deals.open_deal, client, "1С", vat_mode="none").id
    market.do(deals.set_lines, deal, [{"product_id": market.products["1C"], "quantity": 1, "price": 100}])
    step = market.company.clock.now.date() + timedelta(days=9)
    market.do(deals.set_next_step, deal, "Прислать договор", step)
    with market.company.env.sessions() as session:
        target = development.targets(session, session.get_one(Client, client))[0]
    assert (target.state, target.stage, target.next_step_on) == ("open", "M0", step)

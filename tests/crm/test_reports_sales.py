"""The funnel, refusals and what else is read from the way of deals, on numbers computed by hand."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest

from engine.crm import closing, deals
from engine.crm.reports import forecast
from engine.work import Work
from tests.crm.figures import Company, money

YEAR = {"from_": "2026-01-01", "to": "2026-12-31"}


def brought(company: Company, milestones: Sequence[str], client: int, price: int = 1000, **more: object) -> int:
    """A deal brought as far as that, one day after another."""
    product = company.product(f"Продукт {client} {price} {milestones[-1:]} {company.clock.now}")
    deal = company.deal(client, lines=[(product, price)], **more)
    for milestone in milestones:
        company.clock.move(days=1)
        company.do(deals.reach, deal, milestone)
    return deal


def lose(company: Company, deal: int, category: str, **more: str) -> None:
    company.clock.move(days=1)
    contact = {"date": "2027-03-01", "purpose": "вернуться", "product": "Аудит"}
    company.do(closing.close, deal, "lost", refusal={"category": category, **more}, next_contact=contact)


@pytest.mark.parametrize(("scheme", "stage"), [("stepanov6", 3), ("khorosheva6", 5), ("base5", 3)])
def test_one_deal_at_the_contract_stands_in_each_scheme_where_it_should(
    company: Company, scheme: str, stage: int
) -> None:
    brought(company, ["M1", "M2", "M3", "M4"], company.client("Клиент"), 5000)
    rows = company.rows("RP-05", scheme=scheme, **YEAR)
    assert [row[0] for row in rows if row[0] and row[10]] == [stage]
    assert [row[0] for row in rows if row[0] and row[2]] == list(range(1, stage + 1))
    behind = {"case": "deals", "scheme": scheme, "what": "open"}
    assert company.rows("RP-05", **behind, stage=stage)[0][5] == money("5000")
    assert company.rows("RP-05", **behind, stage=stage - 1) == []


def test_refusals_of_all_stages_are_counted_side_by_side(company: Company) -> None:
    way = ["M1", "M2", "M3", "M4", "M5", "M6", "M6a", "M7", "M8"]
    ends = {1: 1, 2: 2, 3: 4, 4: 5, 5: 6, 6: 8}  # stage -> how many milestones of the way it takes to stand in it
    categories = ("no_need", "price_high", "terms", "payment_terms", "internal", "competitor")
    for (stage, count), category in zip(ends.items(), categories, strict=True):
        deal = brought(company, way[:count], company.client(f"Клиент {stage}"), 1000 * stage)
        more = {"competitor": "Конкурент"} if category == "competitor" else {}
        lose(company, deal, category, **more)
    rows = company.rows("RP-06", **YEAR)
    columns = [column.key for column in company.tables("RP-06", **YEAR)[0].columns]
    for (stage, row), category in zip(enumerate(rows[:-1], 1), categories, strict=True):
        own = dict(zip(columns, row, strict=True))
        assert own[f"c{category}"] == 1
        assert (own["all"], own["sum"]) == (1, money(str(1000 * stage)))
        assert own["share"] == Decimal("16.7")
        listed = company.rows("RP-06", case="lost", stage=stage, **YEAR)
        assert [one[4][0] for one in listed[:-1]] == ["Lost"]
        assert len(company.rows("RP-06", case="lost", stage=stage, category=category, **YEAR)) == 2
    assert (dict(zip(columns, rows[-1], strict=True)))["all"] == 6
    funnel = company.rows("RP-05", **YEAR)
    assert [row[2] for row in funnel[:6]] == [6, 5, 4, 3, 2, 1]
    assert [row[5] for row in funnel[:6]] == [1] * 6
    assert funnel[0][8] == Decimal("83.3")


def test_the_funnel_counts_what_was_won_lost_and_stays(company: Company) -> None:
    client = company.client("Клиент")
    brought(company, ["M2"], client, 100)
    brought(company, ["M2", "M3", "M4"], client, 200)
    lose(company, brought(company, ["M2"], client, 400), "price_high")
    stepanov = company.rows("RP-05", **YEAR)
    assert stepanov[1][1:10] == [
        "Предложение", 3, money("700"), 1, 1, money("400"), 1, Decimal("33.3"), Decimal("100.0"),
    ]  # fmt: skip
    assert stepanov[2][1:8] == ["Договор", 1, money("200"), 1, 0, money("0"), 0]
    assert [row[1] for row in company.rows("RP-05", **YEAR, employee=company.people["boris"])] == []
    assert [row[2] for row in company.rows("RP-05", login="boris", **YEAR)] == []


def test_the_hardest_stage_is_where_most_deals_are_lost_and_its_difficulties_are_named(company: Company) -> None:
    client = company.client("Клиент")
    for price in (100, 200):
        lose(company, brought(company, ["M2", "M3", "M4"], client, price), "terms")
    lose(company, brought(company, ["M2"], client, 300), "price_high")
    brought(company, ["M2", "M3", "M4", "M5"], client, 400)
    rows = {row[0] if isinstance(row[0], str) else row[0][0]: row[1:] for row in company.rows("RP-07", **YEAR)}
    assert rows["Презентация"][:3] == [4, 0, Decimal("0.0")]
    assert rows["Предложение"][:3] == [4, 1, Decimal("25.0")]
    assert rows["Договор"][:3] == [3, 2, Decimal("66.7")]
    assert rows["Договор"][7] == 1
    assert rows["Презентация"][3] == Decimal("1.0")  # a day from the opening to the meeting
    assert rows["Оплата"][3] == Decimal("0.5")  # stands there since noon
    hard = company.rows("RP-07", 1, **YEAR)
    assert hard[0] == ["Договор", "Refusal", "Не устроили условия договора", 2, Decimal("66.7")]
    assert hard[1][:4] == ["Предложение", "Refusal", "Цена", 1]
    listed = company.rows("RP-07", case="lost", stage=3, category="terms", **YEAR)
    assert [row[5] for row in listed[:-1]] == [money("200"), money("100")]


def test_the_forecast_weighs_open_deals_by_what_became_of_those_before_them(company: Company) -> None:
    client = company.client("Клиент")
    way = ["M2", "M3", "M4", "M5", "M6", "M7", "M8"]
    for _ in range(3):
        win(company, brought(company, way, client, 1000))
    lose(company, brought(company, ["M2"], client, 1000), "price_high")
    brought(company, ["M2"], client, 4000)
    month, total = company.rows("RP-25", from_="2026-01-01", to="2027-12-31")
    assert month[1:4] == [1, money("4000"), money("3000")]  # three of the four that came to M2 were won
    assert total[3] == month[3]
    assert forecast.interval(3, 4) == pytest.approx((0.3006, 0.9544), abs=0.001)
    assert month[4:] == [money("1202.54"), money("3817.66")]
    (deal, _) = company.rows("RP-25", case="deals", stage=2, from_="2026-01-01", to="2027-12-31")
    assert deal[3:8] == [money("4000"), Decimal("75.0"), None, money("3000"), 4]


def win(company: Company, deal: int) -> None:
    """Closed as won; the paper and the money of it are not the matter here."""

    def close(work: Work) -> None:
        found = deals.find(work.session, deal)
        found.status, found.closed_at = "won", work.now
        deals.move(work, found, "M9")

    company.clock.move(days=1)
    company.do(close)

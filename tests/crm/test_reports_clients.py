"""Classes, states, products per client and sales in their reports, on numbers computed by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from engine.crm import classes
from engine.models import Deal
from engine.work import SYSTEM, Work, run
from tests.crm.figures import Company, money

TODAY = date(2026, 11, 16)
YEAR = {"from_": "2026-01-01", "to": "2026-12-31"}


def even(company: Company, name: str, product: int, sums: list[int], **columns: str) -> int:
    """A client of two years who paid these sums on the first of the last months, the newest last."""
    client = company.client(name, **columns)
    company.pay(client, product, date(2024, 10, 1), 10)
    for number, value in enumerate(sums):
        if value:
            company.pay(client, product, date(2026, 11 - len(sums) + number + 1, 1), value)
    return client


def test_classes_are_listed_with_the_curve_of_variation_and_their_history(company: Company) -> None:
    training, audit, license_ = (company.product(name) for name in ("Обучение", "Аудит", "Лицензии"))
    big = even(company, "Ровный", training, [100] * 10)
    even(company, "Рваный", training, [0] * 9 + [600])
    company.client("Знакомый")
    for product in (audit, license_):
        company.pay(big, product, date(2026, 1, 15), 1)
    grid = company.rows("RP-11")
    assert grid[0][:5] == ["A", 0, 0, 1, 0]  # two months of the year were empty: the even one is not X
    company.pay(big, training, date(2025, 12, 1), 100)
    company.pay(big, training, date(2026, 1, 1), 98)
    grid = company.rows("RP-11")
    assert grid[0] == ["A", 1, 0, 0, 0, 1, money("1200"), Decimal("66.7")]
    assert grid[1] == ["B", 0, 0, 1, 0, 1, money("600"), Decimal("33.3")]
    assert grid[3][5] == 2
    listed = company.rows("RP-11", 1, order="variation")
    assert [row[0] for row in listed] == ["Ровный", "Рваный"]
    assert listed[1][1:7] == ["B", "Z", Decimal("331.66"), money("600"), Decimal("33.3"), Decimal("66.7")]
    assert company.rows("RP-11", 2) == [["Ровный", 3, money("1200")]]
    assert [row[0] for row in company.rows("RP-11", case="clients", abc="B", xyz="Z")[:-1]] == ["Рваный"]
    company.do(classes.recalculate, TODAY)
    history = company.rows("RP-11", case="history", client=big)
    assert [row[1] for row in history] == ["Лицензии", "Аудит", "Обучение", "all"]
    assert history[-1][2:7] == ["regular client", "A", "X", history[-1][5], money("1200")]


def test_states_are_counted_before_and_after_and_the_movement_by_month(company: Company) -> None:
    product = company.product("Обучение")
    company.client("Знакомый")
    for name, days in {
        "Новый": [date(2026, 11, 2)],
        "Ушедший": [date(2025, 11, 20), date(2026, 4, 10)],
        "Вернувшийся": [date(2025, 3, 1), date(2026, 10, 5)],
        "Постоянный": [date(2025, 12, 1), date(2026, 3, 1), date(2026, 6, 1), date(2026, 9, 1), date(2026, 11, 1)],
    }.items():
        client = company.client(name)
        for day in days:
            company.pay(client, product, day, 100)
    rows = {row[0]: row[1:] for row in company.rows("RP-12", from_="2026-01-01", to="2026-11-16")}
    assert rows["potential client"] == [2, Decimal("40.0"), 1, Decimal("20.0"), -1]
    assert rows["new client"] == [2, Decimal("40.0"), 1, Decimal("20.0"), -1]
    assert rows["lost client"] == [1, Decimal("20.0"), 1, Decimal("20.0"), 0]
    assert rows["restored client"][2] == 1
    assert rows["regular client"][2] == 1
    moved = {row[0]: row[1:] for row in company.rows("RP-12", 1, from_="2026-01-01", to="2026-11-16")}
    no_deals = [0, None, None]
    # silent since 10 April: lost on 11 July
    assert moved["07.2026"] == [0, 0, 1, Decimal("50.0"), Decimal("0.0"), -1, *no_deals]
    assert moved["10.2026"] == [0, 1, 0, Decimal("0.0"), Decimal("0.0"), 1, *no_deals]
    assert moved["11.2026"] == [1, 0, 0, Decimal("0.0"), Decimal("50.0"), 1, *no_deals]
    assert moved["02.2026"][2] == 1  # silent between November and April: lost, then restored
    assert moved["04.2026"][1] == 1
    listed = company.rows("RP-12", case="lost", from_="2026-07-01", to="2026-07-31")
    assert [row[0] for row in listed] == ["Ушедший"]
    assert listed[0][2:4] == [date(2026, 7, 11), date(2026, 4, 10)]


def test_how_often_clients_buy_and_for_how_much_is_shown_by_month(company: Company) -> None:
    """R327: of deals won, by the month they were won in."""
    product, one, two = company.product("Обучение"), company.client("Один"), company.client("Два")
    won = [(company.deal(client, lines=[(product, price)]), month) for client, price, month in (
        (one, 100, 3), (one, 200, 3), (two, 600, 3), (two, 500, 4), (one, 900, 5),
    )]  # fmt: skip

    def close(work: Work) -> None:
        for deal_id, month in won[:-1]:
            deal = work.session.get_one(Deal, deal_id)
            deal.status, deal.milestone_at = "won", datetime(2026, month, 10, tzinfo=UTC)

    run(company.env, SYSTEM, close)
    moved = {row[0]: row[-3:] for row in company.rows("RP-12", 1, from_="2026-01-01", to="2026-11-16")}
    assert moved["03.2026"] == [3, Decimal("1.5"), money("300")]
    assert moved["04.2026"] == [1, Decimal("1.0"), money("500")]
    assert moved["05.2026"] == [0, None, None]
    assert moved["Total"] == [4, Decimal("2.0"), money("350")]


def test_products_per_client_are_counted_by_direction(company: Company) -> None:
    training, audit = company.product("Обучение"), company.product("Аудит")
    seminar = company.product("Семинар", direction=training)
    company.matrix({"торговля": [training, audit]})
    one, two, none = (company.client(name, segment="торговля") for name in ("Один", "Два", "Ни одного"))
    for client, product in ((one, training), (one, seminar), (two, seminar), (two, audit)):
        company.pay(client, product, date(2026, 10, 1), 100)
    company.pay(none, audit, date(2026, 10, 1), 100)
    company.pay(none, audit, date(2026, 10, 2), 100, kind="refund")
    assert company.rows("RP-14") == [
        [0, 1, Decimal("33.3")], [1, 1, Decimal("33.3")], [2, 1, Decimal("33.3")], ["Total", 3, None],
    ]  # fmt: skip
    assert company.rows("RP-14", 1)[0] == ["торговля", 3, 2, Decimal("1.5"), 2]
    assert [row[0] for row in company.rows("RP-14", case="clients", many=2)] == ["Два"]


def test_sales_stand_beside_the_period_before(company: Company) -> None:
    training, audit = company.product("Обучение"), company.product("Аудит")
    first, second = company.client("Первый"), company.client("Второй", "boris")
    company.pay(first, training, date(2026, 10, 5), 300, cost=Decimal(100))
    company.pay(first, training, date(2026, 10, 6), 100, kind="refund", cost=Decimal(30))
    company.pay(second, audit, date(2026, 10, 31), 800)
    company.pay(second, audit, date(2026, 9, 1), 400)
    company.pay(first, training, date(2025, 10, 1), 50)
    october = {"from_": "2026-10-01", "to": "2026-10-31"}
    assert company.rows("RP-13", **october)[0] == [
        "10.2026", money("1000"), money("50"), Decimal("1900.0"), 3, 2, money("930"),
    ]  # fmt: skip
    assert company.rows("RP-13", 1, **october) == [
        ["Аудит", money("800"), Decimal("80.0"), money("400"), Decimal("100.0"), 1, 1],
        ["Обучение", money("200"), Decimal("20.0"), money("0"), None, 2, 1],
        ["Total", money("1000"), None, money("400"), None, 3, None],
    ]
    assert [row[:2] for row in company.rows("RP-13", 2, **october)] == [
        ["Второй", money("800")], ["Первый", money("200")], ["Total", money("1000")],
    ]  # fmt: skip
    assert company.rows("RP-13", case="sales", product=training, **october)[-1][5] == money("200")
    assert [row[0] for row in company.rows("RP-13", 2, login="boris", **october)] == ["Второй", "Total"]


def test_the_portfolio_counted_by_the_database_agrees_with_that_of_one_client(company: Company) -> None:
    training, audit = company.product("Обучение"), company.product("Аудит")
    seminar = company.product("Семинар", direction=training)
    company.matrix({"торговля": [training, audit]})
    clients = [company.client(f"Клиент {number}", segment="торговля") for number in range(4)]
    company.pay(clients[0], seminar, date(2026, 10, 1), 100)
    company.deal(clients[0], lines=[(audit, 100)])
    company.pay(clients[1], audit, date(2026, 10, 1), 100)
    company.pay(clients[1], audit, date(2026, 10, 2), 100, kind="refund")
    company.deal(clients[2], lines=[(seminar, 100)])
    cells = {row[0]: row[1:] for row in company.rows("RP-03") if len(row) > 1}
    assert cells["Клиент 0"] == ["+", "Презентация"]
    assert cells["Клиент 1"] == ["Not offered", "Not offered"]
    assert cells["Клиент 2"] == ["Презентация", "Not offered"]
    summary = {row[0]: row[1:6] for row in company.rows("RP-03", 1)}
    assert summary == {"Обучение": [4, 1, 1, 0, 2], "Аудит": [4, 0, 1, 0, 3]}
    assert [row[0] for row in company.rows("RP-03", case="targets", product=training, state="open")] == ["Клиент 2"]

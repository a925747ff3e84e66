"""The tables and rules of the sources, reproduced from their data (domain 1.5)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select

from engine.crm import class_rules, classes, deals, development, standings
from engine.crm.class_rules import Rules
from engine.models import ClassHistory, Client, ClientProduct
from engine.work import Work
from tests.crm.figures import Company, money

QUARTER = {"from_": "2009-01-01", "to": "2009-03-31"}


def _quarter_of(company: Company, owner: str, potential: int, won: int, lost: int, back: int,
                first: int, repeat: int, new: int) -> None:  # fmt: skip
    """One employee's quarter in settlements and deals."""
    main, other = company.product(f"Основной {owner}"), company.product(f"Новый {owner}")
    company.on(date(2009, 1, 20))
    prospects = [company.client(f"Знакомый {owner} {number}", owner) for number in range(potential)]
    for client in prospects:
        company.deal(client, owner)
    for number, client in enumerate(prospects[:won]):
        company.pay(client, main, date(2009, 2, 2), first - 5000 * (won - 1) if number == 0 else 5000)
    for number in range(lost):
        client = company.client(f"Ушедший {owner} {number}", owner)
        company.pay(client, main, date(2007, 5, 10), 7000)
        company.pay(client, main, date(2007, 7, 10), 7000)
        company.pay(client, main, date(2008, 11, 15), 7000)
    for number in range(back):
        client = company.client(f"Вернувшийся {owner} {number}", owner)
        company.pay(client, main, date(2008, 6, 1), 9000)
        company.pay(client, main, date(2009, 3, 31), 4000)
    grown = company.client(f"Растущий {owner}", owner)
    company.pay(grown, main, date(2008, 12, 15), 50000)
    company.pay(grown, main, date(2009, 1, 1), repeat - 4000 * back)
    company.pay(grown, other, date(2009, 3, 1), new)


def test_at_01_figures_by_employee_are_the_table_of_the_source(company: Company) -> None:
    _quarter_of(company, "anna", 20, 15, 5, 3, 100_000, 450_000, 23_000)
    _quarter_of(company, "boris", 42, 10, 8, 8, 150_000, 58_000, 75_000)
    company.on(date(2009, 4, 10))
    tables = company.tables("RP-01", **QUARTER)
    assert company.rows("RP-01", **QUARTER) == [
        ["Иванова Анна", 20, 15, 5, 3, money("100000"), money("450000"), money("23000")],
        ["Петров Борис", 42, 10, 8, 8, money("150000"), money("58000"), money("75000")],
        ["Total", 62, 25, 13, 11, money("250000"), money("508000"), money("98000")],
    ]
    conversion = [str(row[1]) for row in company.rows("RP-01", 1, **QUARTER)]
    assert conversion == ["75.0", "23.8", "40.3"]
    assert [column.key for column in tables[0].columns[1:]] == [
        "potential", "firsts", "lost", "restored", "first", "repeat", "new",
    ]  # fmt: skip


@pytest.mark.parametrize(("second", "letters"), [(79, "AABBCCC"), (80, "AABBBCC")])
def test_at_05_abc_goes_by_the_share_of_those_before(company: Company, second: int, letters: str) -> None:
    rules = Rules(a=Decimal(50), b=Decimal(second))
    sums = [300, 200, 150, 140, 110, 60, 40]
    assert "".join(class_rules.abc([Decimal(value) for value in sums], rules)) == letters
    product = company.product("Товар")
    known = [company.client(f"Клиент {number}") for number in range(len(sums))]
    for client, value in zip(known, sums, strict=True):
        company.pay(client, product, date(2026, 10, 5), value)
    with company.env.sessions() as session:
        found = standings.standings(session, rules, date(2026, 11, 16))
    assert "".join(found[client].abc or "-" for client in known) == letters


def test_at_06_one_client_with_more_than_half_is_a(company: Company) -> None:
    product = company.product("Товар")
    big, small = company.client("Большой"), company.client("Малый")
    company.pay(big, product, date(2026, 10, 5), 600)
    company.pay(small, product, date(2026, 10, 5), 400)
    with company.env.sessions() as session:
        found = standings.standings(session, Rules(), date(2026, 11, 16))
    assert (found[big].abc, found[small].abc) == ("A", "B")


def _xyz_of(company: Company, series: tuple[int, ...]) -> tuple[Decimal | None, str | None]:
    """Variation and class of a client who paid this much in the last months."""
    product, client = company.product("Товар"), company.client("Клиент")
    company.pay(client, product, date(2025, 1, 15), 50)  # with us for long: empty months count
    months = class_rules.months_back(date(2026, 11, 16), len(series))
    for (since, _), value in zip(reversed(months), series, strict=True):
        if value:
            company.pay(client, product, since, value)
    with company.env.sessions() as session:
        found = standings.standings(session, Rules(periods=len(series)), date(2026, 11, 16))
    return found[client].variation, found[client].xyz


@pytest.mark.parametrize(("series", "percent"), [((100, 110, 90), "8.16"), ((90, 110, 100, 100), "7.07")])
def test_at_07_stable_purchases_are_x(company: Company, series: tuple[int, ...], percent: str) -> None:
    assert class_rules.variation(series) == Decimal(percent)
    assert _xyz_of(company, series) == (Decimal(percent), "X")


@pytest.mark.parametrize(
    ("series", "percent", "letter"),
    [((100, 120, 80), "16.33", "Y"), ((100, 125, 75), "20.41", "Y"), ((0, 0, 300), "141.42", "Z")],
)
def test_at_08_the_variation_is_of_the_population(
    company: Company, series: tuple[int, ...], percent: str, letter: str
) -> None:
    assert class_rules.variation(series) == Decimal(percent)
    assert _xyz_of(company, series) == (Decimal(percent), letter)


TODAY = date(2026, 11, 16)


def _standing(company: Company, *days: date) -> standings.Standing:
    """How a client stands today who paid on these days."""
    product, client = company.product("Товар"), company.client("Клиент")
    for day in days:
        company.pay(client, product, day, 100)
    with company.env.sessions() as session:
        return standings.standings(session, Rules(), TODAY)[client]


def test_at_09_first_money_a_month_ago_makes_a_new_client_without_xyz(company: Company) -> None:
    found = _standing(company, date(2026, 10, 16))
    assert (found.state, found.abc is None, found.xyz) == ("new", False, None)


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ([date(2026, 5, 1), date(2026, 8, 15)], "lost"),
        ([date(2026, 5, 20), date(2026, 8, 16)], "regular"),
        ([date(2026, 6, 1), date(2026, 9, 1)], "regular"),
    ],
)
def test_at_10_a_client_is_lost_after_three_months_and_a_day(
    company: Company, days: list[date], expected: str
) -> None:
    assert class_rules.state(days, class_rules.window(Rules(), TODAY)) == expected
    assert _standing(company, *days).state == expected


def test_at_11_money_a_year_ago_and_now_and_none_between_is_a_restored_client(company: Company) -> None:
    assert _standing(company, date(2025, 11, 10), date(2026, 11, 2)).state == "restored"


def test_at_12_a_record_without_money_is_a_potential_client_without_classes(company: Company) -> None:
    found = _standing(company)
    assert (found.state, found.abc, found.xyz) == ("potential", None, None)


@pytest.mark.parametrize("day", [date(2026, 3, 31), date(2026, 6, 30), date(2026, 9, 30)])
def test_at_the_end_of_a_quarter_both_windows_agree(company: Company, day: date) -> None:
    product = company.product("Товар")
    for number, days in enumerate(
        ([date(2025, 8, 3)], [date(2025, 11, 10), date(2026, 2, 3)], [date(2026, 2, 14), date(2026, 5, 20)],
         [date(2025, 2, 1), date(2026, 5, 5), date(2026, 8, 8)], [date(2026, 8, 20)])
    ):  # fmt: skip
        client = company.client(f"Клиент {number}")
        for paid in days:
            company.pay(client, product, paid, 100)
    with company.env.sessions() as session:
        rolling = standings.standings(session, Rules(), day)
        calendar = standings.standings(session, Rules(window="period"), day)
    assert {key: one.state for key, one in rolling.items()} == {key: one.state for key, one in calendar.items()}
    assert len({one.state for one in rolling.values()}) > 1


def test_a_recalculation_writes_what_changed_and_keeps_what_was(company: Company) -> None:
    training, audit = company.product("Обучение"), company.product("Аудит")
    company.matrix({"торговля": [training, audit]})
    client = company.client("Клиент", segment="торговля")
    company.pay(client, training, date(2026, 3, 1), 1000)
    company.pay(client, training, date(2026, 10, 1), 1000)
    company.pay(client, audit, date(2026, 10, 1), 500)
    changes = company.do(classes.recalculate, date(2026, 11, 16))
    assert [(one.client_id, one.before["state"], one.after["state"]) for one in changes] == [
        (client, "potential", "restored")
    ]
    assert company.do(classes.recalculate, date(2026, 11, 16)) == []
    company.clock.move(days=120)
    (change,) = company.do(classes.recalculate, date(2027, 3, 16))
    assert change.lost
    with company.env.sessions() as session:
        known = session.get_one(Client, client)
        assert (known.state, known.abc, known.development) == ("lost", "A", Decimal("100.0"))
        history = session.execute(
            select(ClassHistory.on_date, ClassHistory.product_id, ClassHistory.state).order_by(ClassHistory.id)
        ).all()
    assert [tuple(row) for row in history] == [
        (date(2026, 11, 16), None, "restored"),
        (date(2026, 11, 16), training, "restored"),
        (date(2026, 11, 16), audit, "new"),
        (date(2027, 3, 16), None, "lost"),
        (date(2027, 3, 16), training, "lost"),
        (date(2027, 3, 16), audit, "lost"),
    ]


def test_at_02_figures_by_client_take_the_class_from_the_history(company: Company) -> None:
    products = [company.product(f"Продукт {number}") for number in range(1, 5)]
    company.matrix({"четыре": products, "три": products[:3]})
    lutik = company.client("Лютик, ООО", segment="четыре")
    romashka = company.client("Ромашка, ЗАО", segment="три")
    for product in products[:3]:
        company.pay(lutik, product, date(2007, 2, 15), 1000)
    company.pay(lutik, products[0], date(2009, 1, 15), 100_000)
    for product in products[:2]:
        company.pay(romashka, product, date(2006, 7, 1), 1000)
    company.pay(romashka, products[1], date(2009, 3, 31), 325_000)
    company.pay(romashka, products[2], date(2009, 4, 1), 90_000)  # after the period: counts neither as money nor as use

    def classify(work: Work) -> None:
        common = {"base": "turnover", "turnover": 0, "period_from": date(2008, 1, 1), "period_to": date(2008, 12, 31)}
        for client, on, abc, xyz in (
            (lutik, date(2008, 6, 30), "B", "X"), (lutik, date(2008, 12, 31), "A", "Z"),
            (romashka, date(2008, 12, 31), "B", "Y"), (romashka, date(2009, 4, 30), "A", "X"),
        ):  # fmt: skip
            row = ClassHistory(client_id=client, on_date=on, abc=abc, xyz=xyz, state="regular", **common)
            work.session.add(row)

    company.do(classify)
    assert company.rows("RP-02", **QUARTER) == [
        ["Лютик, ООО", "A", "Z", 4, 3, money("100000"), 25],
        ["Ромашка, ЗАО", "B", "Y", 3, 2, money("325000"), 32],
        ["Total", None, None, None, None, money("425000"), None],
    ]


MATRIX = {
    "Крупные производственные": "1С Безопасность Лиц.ПО Hardware",
    "Крупные торговые B2B": "1С Безопасность Лиц.ПО Hardware",
    "Крупные торговые B2C": "1С ТО Безопасность Лиц.ПО Hardware",
    "Общепит": "1С ТО Безопасность",
    "Торговые SME": "1С IT ТО",
    "Производственные SME": "1С IT",
    "Образование": "1С Лиц.ПО",
    "Розница": "1С",
}


def test_at_03_the_matrix_says_what_to_offer_next_and_how_developed_a_client_is(company: Company) -> None:
    products = {name: company.product(name) for name in ("1С", "IT", "ТО", "Безопасность", "Лиц.ПО", "Hardware")}
    company.matrix({key: [products[name] for name in own.split()] for key, own in MATRIX.items()})
    rows = company.rows("RP-04")
    assert [row[-1] for row in rows] == [4, 4, 5, 3, 3, 2, 2, 1, 24]
    assert [row[1:-1].count("+") for row in rows[:-1]] == [4, 4, 5, 3, 3, 2, 2, 1]
    client = company.client("Магазин", segment="Торговые SME")
    for name in ("1С", "IT", "Hardware"):  # Hardware is outside the segment
        company.pay(client, products[name], date(2026, 10, 5), 100)
    with company.env.sessions() as session:
        known = session.get_one(Client, client)
        assert development.degree(session, known) == Decimal("66.7")
        following = development.next_product(session, known)
        assert following is not None
        assert following.name == "ТО"
        offers = [development.next_of(development.targets(session, Client(id=0, segment=key))) for key in MATRIX]
        assert [one.name for one in offers if one] == ["1С"] * 8
    degrees = {row[0]: row[1:] for row in company.rows("RP-04", 1)}
    assert degrees["Торговые SME"] == [1, 3, 2, Decimal("66.7"), 2.0]
    assert degrees["Розница"] == [0, 0, 0, None, None]


def test_at_04_the_base_shows_each_product_as_used_refused_not_offered_or_at_its_stage(company: Company) -> None:
    company.on(date(2010, 1, 20))
    products = [company.product(f"Продукт {number}") for number in range(1, 7)]
    company.matrix({f"Сегмент {number}": products[2 * number - 2 : 2 * number] for number in (1, 2, 3)})
    clients_ = [company.client(f"Клиент {number}", segment=f"Сегмент {(number + 1) // 2}") for number in range(1, 7)]
    first, second, third, fourth, fifth, sixth = clients_
    for client, place in ((first, 0), (first, 1), (third, 2), (fifth, 4), (fifth, 5), (sixth, 4)):
        company.pay(client, products[place], date(2009, 10, 5), 100)
    signing = company.deal(second, lines=[(products[1], 100)])
    for milestone in ("M2", "M3", "M4"):
        company.do(deals.reach, signing, milestone)
    company.do(deals.set_next_step, signing, "Подписать договор", date(2011, 1, 15))
    offering = company.deal(sixth, lines=[(products[5], 100)])
    company.do(deals.reach, offering, "M2")
    company.do(deals.set_next_step, offering, "Отправить предложение", date(2010, 2, 25))
    for client, place in ((third, 3), (fourth, 3)):
        company.do(refuse, client, products[place])
    assert company.rows("RP-03") == [
        ["Сегмент 1"],
        ["Клиент 1", "+", "+", None, None, None, None],
        ["Клиент 2", "Not offered", ("Договор", date(2011, 1, 15)), None, None, None, None],
        ["Сегмент 2"],
        ["Клиент 3", None, None, "+", "Refusal", None, None],
        ["Клиент 4", None, None, "Not offered", "Refusal", None, None],
        ["Сегмент 3"],
        ["Клиент 5", None, None, None, None, "+", "+"],
        ["Клиент 6", None, None, None, None, "+", ("Предложение", date(2010, 2, 25))],
    ]
    summary = {row[0]: row[1:] for row in company.rows("RP-03", 1)}
    assert summary["Продукт 2"] == [2, 1, 1, 0, 0, Decimal("50.0")]
    assert summary["Продукт 4"] == [2, 0, 0, 2, 0, Decimal("0.0")]
    assert [row[0] for row in company.rows("RP-03", case="targets", state="refused")] == ["Клиент 3", "Клиент 4"]
    assert [row[0] for row in company.rows("RP-03", product=products[5], state="open")] == ["Сегмент 3", "Клиент 6"]


def refuse(work: Work, client: int, product: int) -> None:
    work.session.add(
        ClientProduct(client_id=client, product_id=product, refused_on=date(2010, 1, 10), refusal_category="no_need")
    )

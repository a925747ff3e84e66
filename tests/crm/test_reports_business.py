"""RP-15 to RP-24 beside figures computed by hand, from rows that the verbs wrote."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from engine import tasks
from engine.crm import (
    clients,
    contact_log,
    deals,
    diagnosis,
    next_contacts,
    payments,
    plans,
    products,
    sources,
)
from engine.crm.reports import registry
from engine.models import Campaign, CampaignRecipient, Client, Deal, Interest, Product
from engine.work import SYSTEM, run
from tests.case import END, START, Case, drawing, user_task
from tests.crm.figures import Company, money

NOVEMBER = {"from_": "2026-11-01", "to": "2026-11-30"}
TODAY = date(2026, 11, 16)


def change(company: Company, model: type, key: int, **columns: object) -> None:
    def verb(work):
        row = work.session.get_one(model, key)
        for name, value in columns.items():
            setattr(row, name, value)

    run(company.env, SYSTEM, verb)


def add(company: Company, row: object) -> object:
    def verb(work):
        work.session.add(row)
        work.session.flush()
        return row

    return run(company.env, SYSTEM, verb)


def test_rp_15_contacts_of_each_employee_are_counted(company: Company) -> None:
    first, second = company.client("Лютик"), company.client("Ромашка")
    said = {"purpose": "Узнать потребность"}
    company.do(contact_log.record, first, channel="phone", minutes=10, **said)
    company.do(contact_log.record, first, channel="phone", minutes=5, **said)
    company.do(contact_log.record, second, channel="meeting", minutes=60, login="boris", **said)
    company.do(contact_log.record, second, channel="mail", at=datetime(2026, 10, 31, 20, 59, tzinfo=UTC), **said)
    company.do(contact_log.record, second, channel="mail", at=datetime(2026, 10, 31, 21, 0, tzinfo=UTC), **said)
    assert company.rows("RP-15", **NOVEMBER) == [
        ["Иванова Анна", 0, 0, 0, 0, 3, 2, 0, 2, 15],
        ["Петров Борис", 0, 0, 0, 0, 1, 0, 1, 1, 60],
        ["Total", 0, 0, 0, 0, 4, 2, 1, None, 75],
    ]
    behind = company.rows("RP-15", case="contacts", employee=company.people["anna"], **NOVEMBER)
    assert [row[1] for row in behind] == ["Ромашка", "Лютик", "Лютик", None]
    assert len(company.rows("RP-15", login="boris", **NOVEMBER)) == 2


DUE = '<zeebe:taskSchedule dueDate="P2D"/>'
LONG = drawing(
    "long", START + user_task("first", extra=DUE) + user_task("second", extra=DUE) + END,
    flows="start>first;first>second;second>end",
)  # fmt: skip


def test_rp_15_tasks_done_late_and_open(company: Company, case: Case) -> None:
    case.publish(LONG)
    case.start("long")
    case.clock.move(days=3)
    case.complete("first")
    case.act("anna", tasks.claim, case.task("second").id)
    assert company.rows("RP-15", **NOVEMBER)[0][:5] == ["Иванова Анна", 1, 1, 1, 0]
    case.clock.move(days=3)
    assert company.rows("RP-15", **NOVEMBER)[0][:5] == ["Иванова Анна", 1, 1, 1, 1]
    assert len(company.rows("RP-15", case="done", **NOVEMBER)) == 1
    assert company.rows("RP-15", case="overdue", **NOVEMBER)[0][0] == "second"


def test_rp_16_loyalty_by_hand(company: Company) -> None:
    """Retail: A bought twice (regular), B once (new, recommended by A), C once after a silence of five months."""
    goods = company.product("Тренинг")
    company.matrix({"retail": [goods]})
    a, b, c, d = (company.client(name, segment="retail" if name != "D" else None) for name in "ABCD")
    change(company, Client, b, recommended_by_id=a)
    company.pay(a, goods, date(2026, 9, 20), 100)
    company.pay(a, goods, date(2026, 11, 2), 300)
    company.pay(a, goods, date(2026, 11, 9), 200)
    company.pay(b, goods, date(2026, 11, 3), 400)
    company.pay(c, goods, date(2026, 6, 1), 900)
    company.pay(c, goods, date(2026, 11, 4), 150)
    company.pay(c, goods, date(2026, 11, 5), 50, kind="refund")
    company.pay(d, goods, date(2026, 8, 1), 999)
    assert company.rows("RP-16", **NOVEMBER) == [
        [
            "retail",
            3,
            1,
            Decimal("33.3"),
            1,
            money("1000"),
            money("400"),
            Decimal("40.0"),
            money("500"),
            money("600"),
            Decimal("60.0"),
        ],
        [
            "Total",
            3,
            1,
            Decimal("33.3"),
            1,
            money("1000"),
            money("400"),
            Decimal("40.0"),
            money("500"),
            money("600"),
            Decimal("60.0"),
        ],
    ]
    assert company.rows("RP-16", case="loyal", group="retail", **NOVEMBER)[0][:3] == ["A", 2, money("500")]
    assert company.rows("RP-16", case="advised", **NOVEMBER)[0] == ["B", 1, money("400"), "A"]


def test_rp_16_one_sale_paid_in_two_parts_is_one_purchase(company: Company) -> None:
    goods = company.product("Тренинг")
    client = company.client("A")
    deal = company.deal(client, lines=[(goods, 1000)])
    company.pay(client, goods, date(2026, 11, 2), 500, deal_id=deal)
    company.pay(client, goods, date(2026, 11, 9), 500, deal_id=deal)
    assert company.rows("RP-16", **NOVEMBER)[0][1:4] == [1, 0, Decimal("0.0")]


def test_rp_17_campaigns_and_sources_by_hand(company: Company) -> None:
    goods = company.product("Тренинг")
    a, b = company.client("A"), company.client("B")
    campaign = add(
        company,
        Campaign(
            number="К-1",
            title="Осень",
            aim="Продажи",
            channel="mail",
            selection={},
            budget=Decimal(500),
            cost=Decimal(200),
            starts_on=date(2026, 11, 1),
            ends_on=date(2026, 11, 20),
            created_at=company.clock.now,
        ),
    )
    now = company.clock.now
    for client, replied in ((a, now), (b, None)):
        add(
            company,
            CampaignRecipient(
                campaign_id=campaign.id, client_id=client, status="sent", sent_at=now, replied_at=replied
            ),
        )
    site = company.do(sources.add, "site", "Сайт", "web", login="gleb").id
    company.do(sources.set_cost, site, date(2026, 11, 1), Decimal(300), login="gleb")
    company.do(sources.set_cost, site, date(2026, 10, 1), Decimal(999), login="gleb")
    won, lost = company.deal(a, lines=[(goods, 1000)]), company.deal(b)
    change(company, Deal, won, status="won", campaign_id=campaign.id, source_id=site, sale_kind="first")
    change(company, Deal, lost, status="lost", source_id=site)
    company.pay(a, goods, date(2026, 11, 10), 1000, deal_id=won, cost=Decimal(400))
    row = [
        "К-1 · Осень",
        "mail",
        2,
        1,
        Decimal("50.0"),
        1,
        1,
        1,
        money("1000"),
        money("200"),
        money("200"),
        Decimal("200.0"),
    ]
    assert company.rows("RP-17", **NOVEMBER)[0] == row
    assert company.rows("RP-17", 1, **NOVEMBER) == [
        ["Сайт", 2, 1, 1, money("1000"), money("300"), money("300"), Decimal("100.0")],
        ["Total", 2, 1, 1, money("1000"), money("300"), money("300"), Decimal("100.0")],
    ]
    assert len(company.rows("RP-17", case="deals", source=site, **NOVEMBER)) == 3
    assert company.rows("RP-17", case="deals", campaign=campaign.id, **NOVEMBER)[0][-1] == money("1000")


def test_rp_18_what_is_owed_how_late_and_what_came_in(company: Company) -> None:
    goods = company.product("Тренинг")
    client = company.client("Лютик")
    deal = company.deal(client, lines=[(goods, 1000)])
    company.do(payments.set_schedule, deal, "half", {1: date(2026, 10, 10), 2: date(2026, 11, 16)})
    company.do(payments.record_payment, deal, 1, Decimal(200), date(2026, 11, 3), reference="7")
    company.do(payments.record_payment, deal, 1, Decimal(50), date(2026, 10, 30))
    company.do(payments.refund, deal, 1, Decimal(20), date(2026, 11, 4))
    owed = company.rows("RP-18", **NOVEMBER)
    assert [row[2:9] for row in owed[:2]] == [
        [1, date(2026, 10, 10), money("500"), money("230"), money("270"), money("270"), 37],
        [2, date(2026, 11, 16), money("500"), money("0"), money("500"), money("0"), None],
    ]
    assert owed[2][6:8] == [money("770"), money("270")]
    assert [row[1:] for row in company.rows("RP-18", 1, **NOVEMBER)][:3] == [
        [1, money("500"), Decimal("64.9")],
        [0, money("0"), Decimal("0.0")],
        [1, money("270"), Decimal("35.1")],
    ]
    assert company.rows("RP-18", 2, **NOVEMBER)[0] == ["11.2026", 2, money("200"), money("20"), money("180")]
    both = company.rows("RP-18", 2, from_="2026-10-01", to="2026-11-30")
    assert [row[0] for row in both] == ["10.2026", "11.2026", "Total"]
    assert len(company.rows("RP-18", case="payments", month=2026 * 12 + 10, from_="2026-10-01", to="2026-11-30")) == 2


def test_rp_19_the_calendar_and_who_has_no_next_contact(company: Company) -> None:
    goods = company.product("Тренинг")
    company.matrix({"retail": [goods]})
    a, b, c, d = (company.client(name, segment="retail") for name in "ABCD")
    company.do(next_contacts.set, a, date(2026, 11, 20), "Показать программу", goods)
    change(company, Client, b, next_contact_on=date(2026, 11, 10), next_contact_purpose="Спросить")
    company.do(clients.set_stop_list, d, True, "Просил не звонить")
    deal = company.deal(c)
    change(company, Deal, deal, next_step="Отправить КП", next_step_on=date(2026, 11, 18))
    rows = company.rows("RP-19", **NOVEMBER)
    assert [(row[0], row[1][:1], row[3]) for row in rows] == [
        (date(2026, 11, 10), "B", "Спросить"),
        (date(2026, 11, 18), "C", "Отправить КП"),
        (date(2026, 11, 20), "A", "Показать программу"),
    ]
    assert [row[:2] for row in company.rows("RP-19", 1, **NOVEMBER)] == [
        ["B", ("product",)],
        ["C", ("day", "purpose", "product")],
    ]


def test_rp_20_sales_outside_the_segment_and_needs_without_a_product(company: Company) -> None:
    area = company.product("Обучение")
    inside, outside = company.product("Тренинг", area), company.product("Сессия")
    company.matrix({"retail": [area]})
    a, b, c = (
        company.client(name, segment=segment) for name, segment in (("A", "retail"), ("B", "retail"), ("C", None))
    )
    company.pay(a, inside, date(2026, 11, 2), 100)
    company.pay(a, outside, date(2026, 11, 2), 300)
    company.pay(b, outside, date(2026, 11, 3), 200)
    company.pay(c, inside, date(2026, 11, 3), 50)
    company.pay(b, outside, date(2026, 10, 3), 777)
    for client, need in ((a, "Коучинг"), (b, "Коучинг"), (c, "Аудит")):
        add(company, Interest(client_id=client, need=need, at=company.clock.now))
    add(company, Interest(client_id=a, need="Тренинг", product_id=inside, at=company.clock.now))
    assert company.rows("RP-20", **NOVEMBER) == [
        ["Сессия", "retail", 2, money("500")],
        ["Тренинг", "outside segments", 1, money("50")],
        ["Total", None, 3, money("550")],
    ]
    assert company.rows("RP-20", 1, **NOVEMBER) == [["Коучинг", 2, TODAY], ["Аудит", 1, TODAY]]
    assert company.rows("RP-20", case="outside", product=outside, group="retail", **NOVEMBER)[0][0] == "A"


def test_rp_21_demand_margin_and_what_nobody_wants(company: Company) -> None:
    area = company.product("Обучение")
    sold, idle = company.product("Тренинг", area), company.product("Вебинар", area)
    gone = company.product("Старый")
    company.do(products.withdraw, gone, date(2026, 1, 1), login="nina")
    client = company.client("A")
    company.pay(client, sold, date(2026, 10, 5), 500)
    company.pay(client, sold, date(2026, 11, 5), 1000, cost=Decimal(600))
    company.pay(client, idle, date(2026, 2, 5), 10)
    won, lost = company.deal(client, lines=[(sold, 10)]), company.deal(client, lines=[(sold, 10), (idle, 5)])
    change(company, Deal, won, status="won")
    change(company, Deal, lost, status="lost")
    add(company, Interest(client_id=client, need="Тренинг", product_id=sold, at=company.clock.now))
    row = [1, 2, 1, 1, money("1000"), Decimal("100.0"), money("600"), money("400"), Decimal("40.0")]
    assert company.rows("RP-21", **NOVEMBER) == [["Обучение", *row], ["Total", *row]]
    assert company.rows("RP-21", 1, **NOVEMBER) == [["Вебинар", "Обучение", date(2026, 2, 5), 1]]


def test_rp_22_each_direction_and_each_client_earn_or_lose(company: Company) -> None:
    first, second = company.product("Обучение"), company.product("Сессии")
    change(company, Product, first, head_id=company.people["nina"])
    a, b = company.client("A"), company.client("B")
    company.pay(a, first, date(2026, 11, 5), 1000, cost=Decimal(600))
    company.pay(b, first, date(2026, 11, 6), 500, cost=Decimal(100))
    company.pay(b, second, date(2026, 11, 6), 300, cost=Decimal(350))
    add(
        company,
        Campaign(
            number="К-1",
            title="Осень",
            aim="Продажи",
            channel="mail",
            selection={},
            budget=Decimal(500),
            product_id=first,
            cost=Decimal(200),
            starts_on=date(2026, 11, 1),
            ends_on=date(2026, 12, 20),
            created_at=company.clock.now,
        ),
    )
    assert company.rows("RP-22", **NOVEMBER) == [
        [
            "Обучение",
            "Никитина Нина",
            2,
            money("1500"),
            money("700"),
            money("200"),
            money("600"),
            Decimal("40.0"),
            Decimal("109.1"),
        ],
        ["Сессии", None, 1, money("300"), money("350"), money("0"), money("-50"), Decimal("-16.7"), Decimal("-9.1")],
        ["Total", None, None, money("1800"), money("1050"), money("200"), money("550"), Decimal("30.6"), None],
    ]
    assert company.rows("RP-22", 1, **NOVEMBER)[-1][1:4] == [money("1800"), money("1050"), money("750")]
    assert company.rows("RP-22", case="clients", area=first, **NOVEMBER)[0] == [
        "A",
        money("1000"),
        money("600"),
        money("400"),
        Decimal("40.0"),
    ]


def test_rp_23_the_form_of_the_source_and_our_marks(company: Company) -> None:
    empty = company.rows("RP-23", 1)
    assert [row[3] for row in empty] == [2, 12, 18, 32]
    keys = [line.key for line in diagnosis.lines(company.env)]
    company.do(diagnosis.record, dict.fromkeys(keys, "-"), login="elena")
    company.do(diagnosis.record, dict.fromkeys(keys, "-") | {keys[0]: "+"}, login="elena")
    rows = company.rows("RP-23")
    assert len([row for row in rows if len(row) > 1]) == 32
    assert len([row for row in rows if len(row) == 1]) == 4
    assert rows[1][1:] == ["+", "-", "+", "-", "better"]
    assert [row[1] for row in company.rows("RP-23", 1)] == [1, 0, 31, 32]


def test_rp_24_plan_and_fact_by_month_employee_and_direction(company: Company) -> None:
    area = company.product("Обучение")
    goods, other = company.product("Тренинг", area), company.product("Сессия")
    anna, boris = company.people["anna"], company.people["boris"]
    for month, owner, product, sum in (
        (11, anna, None, 1000), (11, anna, goods, 400), (11, boris, area, 500),
        (12, None, None, 9000), (12, anna, None, 100),
    ):  # fmt: skip
        company.do(plans.set_plan, date(2026, month, 1), owner, product, Decimal(sum), login="elena")
    client = company.client("A")
    company.pay(client, goods, date(2026, 11, 5), 600)
    company.pay(client, goods, date(2026, 11, 6), 100, kind="refund")
    company.pay(client, other, date(2026, 11, 7), 1500, owner="boris")
    both = {"from_": "2026-11-01", "to": "2026-12-31"}
    assert company.rows("RP-24", **both) == [
        ["11.2026", money("1500"), money("2000"), money("500"), Decimal("133.3")],
        ["12.2026", money("9000"), money("0"), money("-9000"), Decimal("0.0")],
        ["Total", money("10500"), money("2000"), money("-8500"), Decimal("19.0")],
    ]
    assert company.rows("RP-24", 1, **NOVEMBER) == [
        ["Иванова Анна", money("1000"), money("500"), money("-500"), Decimal("50.0")],
        ["Петров Борис", money("500"), money("1500"), money("1000"), Decimal("300.0")],
        ["Total", money("1500"), money("2000"), money("500"), Decimal("133.3")],
    ]
    assert company.rows("RP-24", 2, **NOVEMBER)[:2] == [
        ["Обучение", money("900"), money("500"), money("-400"), Decimal("55.6")],
        ["Сессия", money("0"), money("1500"), money("1500"), None],
    ]
    mine = company.rows("RP-24", login="boris", **NOVEMBER)
    assert mine[0] == ["11.2026", money("500"), money("1500"), money("1000"), Decimal("300.0")]
    assert len(company.rows("RP-24", case="sales", employee=anna, **NOVEMBER)) == 3


@pytest.mark.parametrize("number", range(15, 25))
def test_every_report_and_each_of_its_lists_stands_without_a_single_row(company: Company, number: int) -> None:
    key = f"RP-{number}"
    company.tables(key)
    for case in registry.all_reports()[key].cases:
        company.tables(key, case)
    assert deals.OFFICE

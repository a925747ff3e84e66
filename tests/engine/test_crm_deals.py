"""Deals: numbers without gaps, lines with VAT, schedules, money, milestones, stages and the end."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select

from engine.crm import amounts, clients, closing, deals, payments, stages
from engine.errors import Conflict, Invalid, NotFound, WrongState
from engine.models import Document, MilestoneReached, Product
from engine.work import run, unit_of_work
from tests.cast import actor
from tests.engine.crm_kit import Office

TODAY = date(2026, 11, 16)
NEXT = {"date": "2027-01-18", "purpose": "Узнать впечатления", "product": "Тренинг"}


@pytest.fixture
def office(env):
    return Office(env)


def open_and_fail(work, client_id):
    deals.open_deal(work, client_id, "Сорвалось")
    raise RuntimeError


def deal_of(office, deal_id=None):
    return office.see(lambda session: deals.find(session, deal_id or office.deal_id))


def parts_of(office):
    return office.see(
        lambda session: [(p.part, p.trigger, p.sum) for p in deals.find(session, office.deal_id).payments]
    )


def test_deals_are_numbered_by_year_without_gaps(office, clock):
    with pytest.raises(Invalid):
        office.do(deals.open_deal, office.client_id, " ")
    with pytest.raises(RuntimeError):
        office.do(open_and_fail, office.client_id)
    assert office.do(deals.open_deal, office.client_id, "Второе").number == "D-2026-0002"
    clock.move(days=45, hours=12, minutes=30)  # 21:30 of December 31 in London is the new year in Moscow
    assert office.do(deals.open_deal, office.client_id, "Третье").number == "D-2027-0001"


def test_a_deal_belongs_to_the_clients_manager_else_to_who_opens_it(office):
    boris = actor(office.env, "boris").user_id
    assert deal_of(office).owner_id == actor(office.env, "anna").user_id
    office.do(clients.set_owner, office.client_id, boris, login="elena")
    assert office.do(deals.open_deal, office.client_id, "Второе").owner_id == boris


@pytest.mark.parametrize(
    "wrong", [{"initiative": "x"}, {"cycle": "x"}, {"sale_kind": "x"}, {"contact_id": 99}, {"milestone": "M77"}]
)
def test_a_deal_with_a_wrong_word_is_not_opened(office, wrong):
    with pytest.raises(Invalid):
        office.do(deals.open_deal, office.client_id, "Сделка", **wrong)


def test_lines_carry_vat_rounded_line_by_line(office):
    sums = office.lines(("А", 1, "33.33"), ("Б", 1, "33.33"), ("В", 1, "33.33"))
    assert (sums.total, sums.vat) == (Decimal("99.99"), Decimal("18.03"))
    assert office.lines(("А", 1, "123400.50")).vat == Decimal("22252.55")
    assert office.lines(("А", 1, 100_000)).vat == Decimal("18032.79")


def test_a_discount_is_taken_off_each_line(office):
    sums = office.lines(("А", "2", "1250.50"), ("Б", "0.5", "99.99"), discount="12.5")
    assert sums.full == Decimal("2551.00")
    assert sums.total == Decimal("2188.38") + Decimal("43.75")
    assert sums.discount == sums.full - sums.total


def test_products_bring_their_name_unit_and_price(office):
    with unit_of_work(office.env, actor(office.env, "anna")) as work:
        work.session.add(Product(code="T", name="Тренинг", unit="группа", price=Decimal("146400")))
    product = office.see(lambda session: session.scalars(select(Product)).one())
    office.do(
        deals.set_lines,
        office.deal_id,
        [{"product_id": product.id, "quantity": 2}, {"product_id": product.id, "price": "1"}],
    )
    lines = office.see(lambda session: [(x.name, x.unit, x.price) for x in deals.find(session, office.deal_id).lines])
    assert lines == [("Тренинг", "группа", Decimal("146400.00")), ("Тренинг", "группа", Decimal("1.00"))]


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"name": "", "quantity": 1, "price": 1}, "lines[0].name"),
        ({"name": "А", "quantity": 0, "price": 1}, "lines[0].quantity"),
        ({"name": "А", "quantity": "1.0001", "price": 1}, "lines[0].quantity"),
        ({"name": "А", "quantity": 1, "price": "-1"}, "lines[0].price"),
        ({"name": "А", "quantity": 1, "price": "1.001"}, "lines[0].price"),
        ({"name": "А", "quantity": 1, "price": "NaN"}, "lines[0].price"),
        ({"name": "А", "quantity": 1}, "lines[0].price"),
        ({"product_id": 99, "name": "А", "quantity": 1, "price": 1}, "lines[0].product_id"),
    ],
)
def test_a_wrong_line_is_refused_at_its_place_and_nothing_changes(office, row, field):
    office.lines(("А", 1, 100))
    with pytest.raises(Invalid) as refused:
        office.do(deals.set_lines, office.deal_id, [row])
    assert field in refused.value.fields
    assert office.see(lambda session: deals.find(session, office.deal_id).lines[0].price) == 100


def test_a_deal_needs_a_line_and_a_sensible_discount(office):
    with pytest.raises(Invalid):
        office.do(deals.set_lines, office.deal_id, [])
    for percent in ("101", "-1", "x", "1.234"):
        with pytest.raises(Invalid):
            office.lines(("А", 1, 1), discount=percent)


def test_schedules_divide_the_total_to_the_kopeck(office):
    office.lines(("А", 1, "100.01"))
    office.do(payments.set_schedule, office.deal_id, "half")
    assert parts_of(office) == [(1, "before_delivery", Decimal("50.01")), (2, "after_delivery", Decimal("50.00"))]
    office.do(payments.set_schedule, office.deal_id, "full_before")
    assert parts_of(office) == [(1, "before_delivery", Decimal("100.01"))]
    office.do(payments.set_schedule, office.deal_id, "after")
    assert parts_of(office) == [(1, "after_delivery", Decimal("100.01"))]
    with pytest.raises(Invalid):
        office.do(payments.set_schedule, office.deal_id, "never")


def test_the_schedule_follows_new_lines_and_keeps_what_is_paid(office):
    office.lines(("А", 1, 1000))
    office.do(payments.set_schedule, office.deal_id, "half")
    office.lines(("А", 1, 2000))
    assert [sum for *_, sum in parts_of(office)] == [1000, 1000]
    office.do(payments.record_payment, office.deal_id, 1, Decimal(1000), TODAY)
    office.lines(("А", 1, 2500))
    assert [sum for *_, sum in parts_of(office)] == [1000, 1500]
    with pytest.raises(WrongState):
        office.lines(("А", 1, 900))
    with pytest.raises(WrongState):
        office.do(payments.set_schedule, office.deal_id, "after")


def test_partial_payments_add_up_and_overpayments_show(office):
    office.lines(("А", 1, 1000))
    office.do(payments.set_schedule, office.deal_id, "half")
    first = office.do(payments.record_payment, office.deal_id, 1, Decimal("200"), TODAY, reference="15")
    assert (first.paid, first.balance, first.part_balance) == (200, 800, 300)
    second = office.do(payments.record_payment, office.deal_id, 1, Decimal("350"), TODAY, reference="16")
    assert (second.paid, second.balance, second.part_balance) == (550, 450, -50)
    back = office.do(payments.refund, office.deal_id, 1, Decimal("50"), TODAY)
    assert (back.paid, back.balance, back.part_balance) == (500, 500, 0)


def test_a_payment_order_is_not_recorded_twice(office):
    office.lines(("А", 1, 1000))
    office.do(payments.set_schedule, office.deal_id, "full_before")
    office.do(payments.record_payment, office.deal_id, 1, Decimal(500), TODAY, reference="15")
    with pytest.raises(Conflict):
        office.do(payments.record_payment, office.deal_id, 1, Decimal(500), TODAY, reference="15")
    assert office.do(payments.record_payment, office.deal_id, 1, Decimal(500), TODAY, reference="16").balance == 0


@pytest.mark.parametrize("sum", [Decimal(0), Decimal(-1), Decimal("0.001"), Decimal("NaN"), 100.0, Decimal(10) ** 12])
def test_a_strange_sum_is_refused(office, sum):
    office.lines(("А", 1, 1000))
    office.do(payments.set_schedule, office.deal_id, "after")
    with pytest.raises(Invalid):
        office.do(payments.record_payment, office.deal_id, 1, sum, TODAY)


def test_money_comes_in_today_or_before_and_for_a_part_that_exists(office):
    office.lines(("А", 1, 1000))
    office.do(payments.set_schedule, office.deal_id, "after")
    for day in (date(2026, 11, 17), date(2016, 11, 16)):
        with pytest.raises(Invalid):
            office.do(payments.record_payment, office.deal_id, 1, Decimal(1), day)
    with pytest.raises(NotFound):
        office.do(payments.record_payment, office.deal_id, 2, Decimal(1), TODAY)
    with pytest.raises(Invalid):
        office.do(payments.refund, office.deal_id, 1, Decimal(1), TODAY)


def test_a_deal_only_moves_forward_and_each_milestone_is_kept(office, clock):
    assert office.do(deals.reach, office.deal_id, "M2") is True
    clock.move(days=1)
    assert office.do(deals.reach, office.deal_id, "M2") is False
    assert office.do(deals.reach, office.deal_id, "M1") is False
    assert office.do(deals.reach, office.deal_id, "M6a") is True
    kept = office.see(lambda session: session.scalars(select(MilestoneReached).order_by(MilestoneReached.id)).all())
    assert [(line.milestone, line.came_from) for line in kept] == [("M0", None), ("M2", "M0"), ("M6a", "M2")]
    assert [line.came_at for line in kept] == [None, kept[0].at, kept[1].at]  # since when the deal stood there
    for end in ("M9", "MX", "M77"):
        with pytest.raises(Invalid):
            office.do(deals.reach, office.deal_id, end)


def states(office, scheme):
    settings = office.env.settings["stages"]
    return office.see(
        lambda session: {
            s.key: s.state for s in stages.view(session, deals.find(session, office.deal_id), settings, scheme)
        }
    )


def test_the_same_milestones_read_as_stages_of_any_scheme(office):
    office.do(deals.reach, office.deal_id, "M3")
    assert states(office, "stepanov6") == {
        "presentation": "done",
        "proposal": "now",
        "contract": "ahead",
        "payment": "ahead",
        "delivery": "ahead",
        "closing": "ahead",
    }
    assert states(office, "khorosheva6")["preparation"] == "done"
    assert states(office, "khorosheva6")["sale"] == "now"
    assert states(office, "base5") == {
        "needs": "done",
        "proposal": "now",
        "contract": "ahead",
        "work": "ahead",
        "closing": "ahead",
    }
    with pytest.raises(NotFound):
        states(office, "unknown")


def test_every_scheme_knows_milestones_that_exist_in_their_order(office):
    for scheme in office.env.settings["stages"].values():
        places = [stages.position(name) for stage in scheme["stages"] for name in stage["milestones"]]
        assert places == sorted(places)
        assert places[-1] == stages.position("M9")


def test_a_lost_deal_shows_at_which_stage(office):
    office.do(deals.reach, office.deal_id, "M3")
    office.do(closing.close, office.deal_id, "lost", refusal={"category": "price_high"}, next_contact=NEXT)
    assert states(office, "stepanov6")["proposal"] == "lost"
    assert states(office, "stepanov6")["contract"] == "ahead"


def gaps_of(office):
    return [
        gap.code
        for gap in office.see(lambda session: closing.check_closing(session, office.env, office.deal_id, TODAY))
    ]


def document(office, kind, status):
    with unit_of_work(office.env, actor(office.env, "anna")) as work:
        work.session.add(
            Document(
                deal_id=office.deal_id,
                kind=kind,
                title=kind,
                number=kind,
                status=status,
                dated=TODAY,
                template="t",
                template_version=1,
                data={},
                created_at=work.now,
            )
        )


def test_a_deal_is_won_when_nothing_is_missing_any_more(office):
    assert gaps_of(office) == ["no_lines", "no_act"]
    office.lines(("А", 1, 1000))
    office.do(payments.set_schedule, office.deal_id, "after")
    document(office, "contract", "sent")
    document(office, "act", "sent")
    assert gaps_of(office) == ["unpaid", "unsigned", "unsigned"]
    with pytest.raises(Invalid) as refused:
        office.do(closing.close, office.deal_id, "won", next_contact=NEXT)
    assert len(refused.value.fields) == 3
    office.do(payments.record_payment, office.deal_id, 1, Decimal("1000.01"), TODAY)
    with unit_of_work(office.env, actor(office.env, "anna")) as work:
        for row in work.session.scalars(select(Document)):
            row.status = "signed"
    assert gaps_of(office) == ["overpaid"]
    office.do(payments.refund, office.deal_id, 1, Decimal("0.01"), TODAY)
    won = office.do(closing.close, office.deal_id, "won", next_contact=NEXT)
    assert (won.status, won.milestone, won.next_contact["date"]) == ("won", "M9", "2027-01-18")
    assert office.events()[-2:] == ["deal.milestone_reached", "deal.closed"]


def test_a_lost_deal_has_a_reason_and_the_stage_it_was_lost_at(office):
    office.do(deals.reach, office.deal_id, "M3")
    with pytest.raises(Invalid):
        office.do(closing.close, office.deal_id, "lost", next_contact=NEXT)
    office.do(closing.refuse, office.deal_id, "competitor", "Дешевле", competitor="ООО «Иные»")
    lost = office.do(closing.close, office.deal_id, "lost", next_contact=NEXT)
    assert (lost.status, lost.milestone) == ("lost", "MX")
    assert lost.refusal == {"category": "competitor", "comment": "Дешевле", "competitor": "ООО «Иные»", "stage": "M3"}


@pytest.mark.parametrize("reason", [{}, {"category": "whim"}, {"category": "other"}, {"category": "competitor"}])
def test_a_reason_is_one_of_the_list_and_complete(office, reason):
    with pytest.raises(Invalid):
        office.do(closing.close, office.deal_id, "lost", refusal=reason, next_contact=NEXT)


@pytest.mark.parametrize(
    "contact",
    [
        None,
        {},
        {"date": "2027-01-18"},
        {"date": "2027-01-18", "purpose": "x"},
        {"purpose": "x", "product": "y"},
        NEXT | {"date": "2026-11-15"},
        NEXT | {"date": "скоро"},
    ],
)
def test_a_client_is_never_left_without_a_next_contact(office, contact):
    with pytest.raises(Invalid):
        office.do(closing.close, office.deal_id, "lost", refusal={"category": "timing"}, next_contact=contact)


def test_who_is_on_the_stop_list_is_left_alone(office):
    office.do(clients.set_stop_list, office.client_id, True, "Просил не звонить")
    lost = office.do(closing.close, office.deal_id, "lost", refusal={"category": "illegal_contact"})
    assert lost.next_contact is None


def test_a_postponed_deal_is_lost_for_now(office):
    put_off = office.do(closing.close, office.deal_id, "postponed", next_contact=NEXT)
    assert (put_off.status, put_off.refusal["category"]) == ("lost", "timing")


def test_a_closed_deal_changes_no_more(office):
    office.do(closing.close, office.deal_id, "lost", refusal={"category": "timing"}, next_contact=NEXT)
    for verb, *args in (
        (deals.reach, "M2"),
        (deals.set_lines, [{"name": "А", "price": 1}]),
        (payments.set_schedule, "half"),
        (closing.refuse, "timing"),
        (closing.close, "won"),
        (deals.set_owner, 1),
    ):
        with pytest.raises(WrongState):
            office.do(verb, office.deal_id, *args)


def test_every_change_of_a_deal_is_in_the_log(office):
    office.lines(("А", 1, 1000))
    office.do(payments.set_schedule, office.deal_id, "half")
    office.do(payments.record_payment, office.deal_id, 1, Decimal(500), TODAY)
    office.do(deals.reach, office.deal_id, "M6")
    office.do(deals.set_owner, office.deal_id, actor(office.env, "boris").user_id)
    assert office.events()[-6:] == [
        "deal.opened",
        "deal.lines_set",
        "deal.schedule_set",
        "payment.recorded",
        "deal.milestone_reached",
        "deal.owner_set",
    ]


def test_the_vat_rate_is_that_of_the_day(office):
    deal = deal_of(office)
    assert amounts.rate_of(deal.vat_mode, office.env, date(2025, 12, 31)).percent == 20
    assert amounts.rate_of(deal.vat_mode, office.env, date(2026, 1, 1)).percent == 22


def test_twenty_deals_opened_at_once_have_twenty_numbers(office):
    from concurrent.futures import ThreadPoolExecutor

    person = actor(office.env, "anna")
    with ThreadPoolExecutor(8) as pool:
        made = list(
            pool.map(
                lambda n: run(office.env, person, deals.open_deal, office.client_id, f"Сделка {n}").number, range(20)
            )
        )
    assert sorted(made) == [f"D-2026-{n:04d}" for n in range(2, 22)]

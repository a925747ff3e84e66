"""Facts: the names that procedures, forms and documents rely on, and the demo company they are first tried on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import event, select

from engine import feel, identity, values
from engine.crm import closing, demo, payments
from engine.crm.facts import NAMES, facts
from engine.documents import context, parties, requisites
from engine.models import Client, Deal, Product, User
from engine.work import SYSTEM, run, unit_of_work
from tests.engine.crm_kit import Office

TODAY = date(2026, 11, 16)


@pytest.fixture
def office(env):
    return Office(env)


def whole(seen):
    """Everything there is to see, read while the session is open."""
    return {name: dict(found) if isinstance(found, Mapping) else found for name, found in seen.items()}


def of(office, variables=None, deal_id=None, client_id=None, read=whole):
    return office.see(lambda session: read(facts(session, office.env, variables or {}, deal_id, client_id)))


def test_a_deal_tells_its_sums_lines_parts_and_owner(office):
    office.lines(("А", 2, 500), ("Б", 1, 220), discount=10)
    office.do(payments.set_schedule, office.deal_id, "half")
    office.do(payments.record_payment, office.deal_id, 1, Decimal(100), TODAY)
    deal = of(office, deal_id=office.deal_id)["deal"]
    assert (deal["total"], deal["vat"], deal["net"]) == (Decimal("1098.00"), Decimal("198.00"), Decimal("900.00"))
    assert (deal["full_total"], deal["discount_sum"], deal["discount"]) == (1220, 122, 10)
    assert (deal["paid"], deal["balance"], deal["due_before"], deal["schedule"]) == (100, 998, 549, "half")
    assert (deal["owner"], deal["number"], deal["milestone"]) == ("anna", "D-2026-0001", "M0")
    assert deal["lines"][0] | {"product_id": None} == deal["lines"][0]
    assert str(deal["lines"][0]["quantity"]) == "2"
    assert deal["parts"] == deal["payments"]
    assert [(p["sum"], p["received"], p["balance"], p["is_paid"]) for p in deal["parts"]] == [
        (549, 100, 449, False),
        (549, 0, 549, False),
    ]


def test_days_of_a_deal_are_those_of_the_office(office):
    """Half past ten in the evening in London is tomorrow in Moscow."""

    def late(work):
        deal = work.session.get_one(Deal, office.deal_id)
        deal.created_at = deal.milestone_at = datetime(2026, 11, 16, 22, 30, tzinfo=UTC)

    run(office.env, SYSTEM, late)
    deal = of(office, deal_id=office.deal_id)["deal"]
    office_day = datetime(2026, 11, 16, 22, 30, tzinfo=UTC).astimezone(office.env.calendar("main").zone).date()
    assert office_day == date(2026, 11, 17)
    assert (deal["created_on"], deal["milestone_on"]) == (office_day, office_day)


def test_client_and_contact_come_with_the_deal(office):
    found = of(office, deal_id=office.deal_id)
    assert found["client"]["name"] == "ООО «Ромашка»"
    assert found["client"]["contacts"][0]["signs"] is True
    assert (found["contact"]["full"], found["contact"]["gender"]) == ("Ким Анна", "f")
    assert found["company"]["head"]["last"]


def test_a_variable_may_name_the_deal_the_client_or_another_contact(office):
    from engine.crm import clients

    other = office.do(clients.add_contact, office.client_id, "Ли", "Мария", "закупки").id
    found = of(office, {"deal_id": Decimal(office.deal_id), "contact_id": other, "initiator": "anna"})
    assert (found["deal"]["id"], found["contact"]["last"], found["initiator"]) == (office.deal_id, "Ли", "anna")
    assert of(office, {"client_id": office.client_id})["client"]["id"] == office.client_id
    foreign = of(office, {"contact_id": 999}, deal_id=office.deal_id)["contact"]
    assert foreign["last"] == "Ким", "a contact of somebody else's is not shown"


def test_without_a_deal_the_names_are_there_and_null(office):
    found = of(office)
    assert found["deal"] is None
    assert found["client"] is None
    evaluated = of(
        office,
        read=lambda seen: feel.compile("deal.owner").evaluate(seen, feel.Context(now=office.env.clock(), strict=True)),
    )
    assert evaluated is None


def test_nothing_is_read_before_it_is_asked_for(office):
    with office.env.sessions() as session:
        asked = []
        event.listen(session.get_bind(), "before_cursor_execute", lambda *args: asked.append(args[2]))
        seen = facts(session, office.env, {}, office.deal_id, None)
        assert "deal" in seen
        assert len(seen) == len(NAMES)
        assert asked == []
        assert not list(session.identity_map.values())
        assert seen["deal"] is seen["deal"]
        assert [type(row) for row in session.identity_map.values()] == [Deal]


def test_what_a_client_comes_to_is_counted_when_somebody_asks(office):
    with office.env.sessions() as session:
        seen = facts(session, office.env, {}, office.deal_id, None)
        context = feel.Context(now=office.env.clock(), strict=True)
        assert feel.compile("client.name").evaluate(seen, context) == "ООО «Ромашка»"
        asked = []
        event.listen(session.get_bind(), "before_cursor_execute", lambda *args: asked.append(args[2]))
        feel.compile("client.inn + client.state + client.abc").evaluate(seen, context)
        assert asked == []
        assert feel.compile("client.open_complaints").evaluate(seen, context) == 0
        assert len(asked) == 1
        assert feel.compile("client.open_complaints").evaluate(seen, context) == 0
        assert len(asked) == 1
        assert feel.compile("client.no_such_thing").evaluate(seen, context) is None


def test_facts_are_plain_and_may_become_variables(office):
    office.lines(("А", 1, 1000))
    office.do(payments.set_schedule, office.deal_id, "half")
    found = of(office, deal_id=office.deal_id)
    assert values.decode(values.encode(found)) == found


def test_the_companys_own_requisites_hold(office):
    company = of(office)["company"]
    assert requisites.faults(company) == []
    assert "действующего на основании" in parties.company(company)["represented"]


def test_a_document_can_be_built_from_the_facts(office):
    office.lines(("А", 1, 1000))
    office.do(payments.set_schedule, office.deal_id, "half")
    found = of(office, deal_id=office.deal_id)
    found["deal"] = found["deal"] | {"owner": None}
    built = context.build(
        "contract",
        found | {"vat": office.env.settings["vat"]},
        {"document": {"number": "1", "date": TODAY}, "settings": office.env.settings["documents"]["contract"]},
    )
    assert built["deal"]["totals"]["gross"] == 1000
    assert len(built["deal"]["schedule"]) == 2


@pytest.fixture
def shop(env):
    """An empty database that the demo company has moved into."""
    from engine.environment import settings_of
    from engine.models import Group, Membership
    from tests.engine.crm_kit import SETTINGS

    env.settings = settings_of(SETTINGS)
    with unit_of_work(env, SYSTEM) as work:
        for table in (Membership, User, Group):
            work.session.query(table).delete()
    return env


def test_the_demo_company_moves_in_once(shop):
    accounts = run(shop, SYSTEM, demo.load)
    assert len(accounts) == len(demo.company()["people"]) >= 17
    assert run(shop, SYSTEM, demo.load) == []
    with shop.sessions() as session:
        people = session.scalars(select(User)).all()
        assert all(person.email.endswith("@example.test") and person.gender in "mf" for person in people)
        assert {m.group_key for person in people for m in person.memberships} == set(demo.company()["groups"])
        bosses = [person for person in people if person.superior_id is None]
        assert [boss.login for boss in bosses] == ["sobolev"]
        assert len(session.scalars(select(Product).where(Product.direction_id.is_not(None))).all()) == 8


def test_everybody_of_the_demo_company_may_sign_in_and_has_a_password_of_his_own(shop):
    accounts = run(shop, SYSTEM, demo.load)
    assert len({account.password for account in accounts}) == len(accounts)
    for account in accounts[:2]:
        assert identity.sign_in(shop, account.login, account.password)


def test_the_demo_clients_are_of_every_kind_and_their_numbers_hold(shop):
    run(shop, SYSTEM, demo.load)
    with shop.sessions() as session:
        found = session.scalars(select(Client)).all()
        assert len(found) == 12
        assert {client.kind for client in found} == {"legal", "ip", "person"}
        faulty = [
            client.name
            for client in found
            if requisites.faults(
                {"kind": client.kind, "inn": client.inn, "kpp": client.kpp, "ogrn": client.ogrn, **client.requisites}
            )
        ]
        assert faulty == ["ООО «Новые линии»"], "one lacks an account, so that the check has something to find"
        assert all(client.contacts for client in found)
        assert max(len(client.full_name) for client in found) > 150


def test_a_sale_can_be_started_on_each_demo_deal(shop):
    run(shop, SYSTEM, demo.load)
    with shop.sessions() as session:
        found = session.scalars(select(Deal).order_by(Deal.id)).all()
        assert [deal.number for deal in found] == ["D-2026-0001", "D-2026-0002", "D-2026-0003"]
        for deal in found:
            seen = facts(session, shop, {}, deal.id, None)
            assert (deal.milestone, deal.status) == ("M1", "open")
            assert seen["deal"]["owner"] in {"ivanova", "petrov", "kuznecov"}
            assert seen["deal"]["total"] > 0
            assert seen["contact"]["email"]
            codes = {gap.code for gap in closing.check_closing(session, shop, deal.id, TODAY)}
            assert codes == {"unpaid", "no_act"}


def test_the_company_of_the_settings_is_led_by_the_demo_director(shop):
    head = shop.settings["company"]["head"]
    last, first, middle, gender, position, *_ = demo.company()["people"]["sobolev"]
    assert [head[name] for name in ("last", "first", "middle", "gender", "position")] == [
        last,
        first,
        middle,
        gender,
        position,
    ]

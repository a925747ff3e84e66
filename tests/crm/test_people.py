"""Doubles, consents, the contact log, the next contact, and two clients becoming one."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from engine import phones
from engine.crm import (
    clients,
    consents,
    contact_log,
    contacts,
    deals,
    duplicates,
    merging,
    next_contacts,
)
from engine.errors import Conflict, Invalid, WrongState
from engine.models import Client, Contact, ContactRecord, Deal, Settlement
from engine.work import Work
from tests.crm.figures import Company

INN = "7707083893"


@pytest.fixture
def client(company: Company) -> int:
    return int(
        company.do(
            clients.create_client, "legal", "ООО «Ромашка»", inn=INN, kpp="770701001", phone="8 (495) 123-45-67",
            email="Info@Romashka.example",
        ).id
    )  # fmt: skip


@pytest.fixture
def person(company: Company, client: int) -> int:
    return int(company.do(clients.add_contact, client, "Ким", "Анна", "директор", phone="+7 921 000-11-22").id)


def found(company: Company, **given: object) -> list[tuple[str, str]]:
    with company.env.sessions() as session:
        return [(double.client.name, double.by) for double in duplicates.find(session, **given)]


@pytest.mark.parametrize(
    "written", ["+7 495 123-45-67", "84951234567", "8(495)1234567", "7 495 123 45 67", "495 123-45-67"]
)
def test_a_phone_is_the_same_however_it_is_written(written: str) -> None:
    assert phones.key(written) == "+74951234567"


def test_what_is_no_phone_has_no_key() -> None:
    assert [phones.key(written) for written in (None, "", "нет", "12-34")] == [None] * 4
    assert phones.key("+44 20 7946 0958") == "+442079460958"
    assert phones.key("12-34-56") == "123456", "a short local number is compared by its digits"


def test_a_double_is_found_by_inn_phone_and_mail(company: Company, client: int, person: int) -> None:
    known = "ООО «Ромашка»"
    assert found(company, inn=INN) == [(known, "inn")]
    assert found(company, inn=INN, kpp="781643001") == [], "another branch"
    assert found(company, phones_given=["+74951234567"]) == [(known, "phone")]
    assert found(company, phones_given=["8 921 0001122"]) == [(known, "phone")], "a person there"
    assert found(company, mails=["INFO@romashka.EXAMPLE"]) == [(known, "mail")]
    assert found(company, inn=INN, phones_given=["84951234567"], besides=client) == []
    assert found(company, phones_given=["", None], mails=[""]) == []


def test_a_unit_shares_the_inn_of_its_company(company: Company, client: int) -> None:
    unit = company.do(clients.create_client, "legal", "Ромашка, цех", inn=INN, kpp="770701001", parent_id=client)
    sister = company.do(clients.create_client, "legal", "Ромашка, склад", inn=INN, kpp="770701001", parent_id=client)
    company.do(clients.change_client, client, kpp="770701002")
    assert (unit.parent_id, sister.parent_id) == (client, client)
    with pytest.raises(Conflict):
        company.do(clients.create_client, "legal", "Чужая", inn=INN)


def test_a_phone_and_a_mail_must_look_like_one(company: Company, client: int) -> None:
    with pytest.raises(Invalid) as refused:
        company.do(clients.change_client, client, phone="позже", email="нет@")
    assert set(refused.value.fields) == {"phone", "email"}
    with pytest.raises(Invalid) as refused:
        company.do(clients.add_contact, client, "", "Анна", "", email="x", gender="x")
    assert set(refused.value.fields) == {"last", "email", "gender"}


def allowed(company: Company, person: int, purpose: str, channel: str) -> bool:
    with company.env.sessions() as session:
        return consents.allows(session, person, purpose, channel, company.clock.now)


def test_nothing_is_allowed_until_somebody_said_so_and_only_what_he_said(
    company: Company, client: int, person: int
) -> None:
    assert not allowed(company, person, "advertising", "mail")
    given = company.do(consents.give, person, "advertising", "mail", text_version="2026-01", ip="10.0.0.1")
    assert allowed(company, person, "advertising", "mail")
    assert not allowed(company, person, "advertising", "phone")
    assert not allowed(company, person, "survey", "mail")
    with pytest.raises(Conflict):
        company.do(consents.give, person, "advertising", "mail", text_version="2026-02")
    company.clock.move(days=1)
    company.do(consents.withdraw, given.id)
    assert not allowed(company, person, "advertising", "mail")
    with pytest.raises(WrongState):
        company.do(consents.withdraw, given.id)
    with company.env.sessions() as session:
        assert len(consents.of(session, person)) == 1, "withdrawn, not deleted"


def test_any_channel_is_every_channel_but_the_stop_list_and_leaving_overrule_it(
    company: Company, client: int, person: int
) -> None:
    company.do(consents.give, person, "survey", "any", text_version="2026-01")
    assert allowed(company, person, "survey", "phone")
    company.do(clients.set_stop_list, client, True, "Просили не звонить")
    assert not allowed(company, person, "survey", "phone")
    company.do(clients.set_stop_list, client, False, "Передумали")
    company.do(contacts.change, person, active=False)
    assert not allowed(company, person, "survey", "phone")


def test_a_consent_names_the_version_of_its_text(company: Company, person: int) -> None:
    with pytest.raises(Invalid) as refused:
        company.do(consents.give, person, "spam", "owl", text_version=" ")
    assert set(refused.value.fields) == {"purpose", "channel", "text_version"}


def test_the_contact_log_takes_every_channel_and_shows_that_the_data_were_right(
    company: Company, client: int, person: int
) -> None:
    company.clock.move(days=200)
    with company.env.sessions() as session:
        assert [one.id for one in contacts.stale(session, company.clock.now)] == [person]
    for channel in contact_log.CHANNELS:
        company.do(contact_log.record, client, channel=channel, purpose="Разговор", contact_id=person,
                   result="answered")  # fmt: skip
    with company.env.sessions() as session:
        assert len(session.scalars(select(ContactRecord)).all()) == 8
        assert contacts.stale(session, company.clock.now) == []
        assert session.get_one(Contact, person).checked_at == company.clock.now


def test_what_has_not_happened_or_is_of_another_client_is_not_logged(company: Company, client: int) -> None:
    other = company.client("ООО «Чужие»")
    stranger = company.do(clients.add_contact, other, "Чужой", "Иван", "").id
    with pytest.raises(Invalid) as refused:
        company.do(
            contact_log.record, client, channel="owl", purpose="", contact_id=stranger, result="x", minutes=-1,
            at=company.clock.now + timedelta(minutes=1),
        )  # fmt: skip
    assert set(refused.value.fields) == {"channel", "purpose", "contact_id", "result", "minutes", "at"}


def test_the_next_contact_has_a_day_a_purpose_and_a_product(company: Company, client: int) -> None:
    product = company.product("A")
    today = company.clock.now.date()
    with pytest.raises(Invalid) as refused:
        company.do(next_contacts.set, client, today - timedelta(days=1), " ", 99)
    assert set(refused.value.fields) == {"date", "purpose", "product"}
    kept = company.do(next_contacts.set, client, today + timedelta(days=60), "Позвонить", product)
    assert next_contacts.of(kept) == {
        "date": today + timedelta(days=60), "purpose": "Позвонить", "product_id": product
    }  # fmt: skip
    company.do(next_contacts.clear, client, "Началась продажа")
    with company.env.sessions() as session:
        assert next_contacts.of(session.get_one(Client, client)) is None


def test_a_double_is_merged_with_everything_it_has(company: Company, client: int, person: int) -> None:
    double = company.do(clients.create_client, "legal", "Ромашка ООО", phone="+7 495 123 45 67", city="Москва").id
    company.do(clients.add_contact, double, "Лис", "Пётр", "снабженец")
    deal = company.do(deals.open_deal, double, "Обучение", vat_mode="none").id
    company.pay(double, company.product("A"), date(2026, 1, 1), Decimal(100))
    with pytest.raises(Invalid):
        company.do(merging.merge, double, client, " ", login="elena")
    company.do(merging.merge, double, client, "Один телефон", login="elena")
    with company.env.sessions() as session:
        assert session.get_one(Deal, deal).client_id == client
        assert session.scalars(select(Settlement.client_id)).all() == [client]
        kept = session.get_one(Client, client)
        assert {one.last for one in kept.contacts} == {"Ким", "Лис"}
        assert kept.requisites["city"] == "Москва"
        gone = session.get_one(Client, double)
        assert (gone.merged_into_id, gone.stop_list) == (client, True)
    assert found(company, phones_given=["84951234567"]) == [("ООО «Ромашка»", "phone")]
    with pytest.raises(WrongState):
        company.do(merging.merge, double, client, "Ещё раз", login="elena")


def test_a_client_is_not_merged_with_its_own_unit(company: Company, client: int) -> None:
    unit = company.do(clients.create_client, "legal", "Ромашка, цех", parent_id=client).id
    for pair in ((client, client), (client, unit)):
        with pytest.raises(Invalid):
            company.do(merging.merge, *pair, "Ошибка", login="elena")


def test_the_base_is_looked_through_for_doubles(company: Company, client: int) -> None:
    company.do(clients.create_client, "legal", "Ромашка ООО", phone="+7 495 123 45 67")

    def look(work: Work) -> list[tuple[str, list[str]]]:
        return [(ground, [row.name for row in rows]) for ground, rows in duplicates.groups(work.session)]

    assert company.do(look) == [("phone", ["ООО «Ромашка»", "Ромашка ООО"])]

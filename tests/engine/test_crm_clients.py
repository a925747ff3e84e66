"""Clients: what may be incomplete, what must be right, and who is known already."""

from __future__ import annotations

import pytest

from engine.crm import clients
from engine.errors import Conflict, Invalid, NotFound
from tests.engine.crm_kit import LEGAL, Office


@pytest.fixture
def office(env):
    return Office(env)


def test_a_client_with_right_requisites_has_no_faults(office):
    assert office.see(lambda session: clients.check_requisites(clients.find(session, office.client_id))) == []


def test_a_client_may_be_incomplete_but_then_no_contract_is_printed(office):
    bare = office.do(clients.create_client, "legal", "ООО «Набросок»")
    sentences = [str(fault) for fault in clients.check_requisites(bare)]
    assert "The INN is not filled in." in sentences
    assert len(sentences) >= 4


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("inn", "7707083894"),
        ("inn", "500100732259"),
        ("inn", "0000000000"),
        ("kpp", "77070100"),
        ("ogrn", "1027700132196"),
        ("bik", "149805746"),
        ("account", "40602810700000000026"),
        ("nickname", "x"),
        ("address", "я" * 501),
    ],
)
def test_a_wrong_number_is_refused_at_its_field(office, name, value):
    with pytest.raises(Invalid) as refused:
        office.do(clients.change_client, office.client_id, **{name: value})
    assert name in refused.value.fields


def test_an_entrepreneur_has_a_long_inn_and_no_kpp(office):
    made = office.do(clients.create_client, "ip", "ИП Иванов", inn="500100732259", ogrn="304500116000157")
    assert made.kind == "ip"
    with pytest.raises(Invalid) as refused:
        office.do(clients.create_client, "ip", "ИП Петров", inn="7830002293", kpp="783001001")
    assert set(refused.value.fields) == {"inn", "kpp"}


def test_a_client_is_not_registered_twice(office):
    with pytest.raises(Conflict) as refused:
        office.do(clients.create_client, "legal", "Ромашка", **LEGAL)
    assert "ООО «Ромашка»" in str(refused.value)


def test_branches_of_one_company_share_the_inn_but_not_the_kpp(office):
    branch = office.do(clients.create_client, "legal", "Ромашка, филиал", inn=LEGAL["inn"], kpp="781643001")
    assert branch.inn == LEGAL["inn"]
    found = office.see(lambda session: clients.duplicates(session, LEGAL["inn"]))
    assert len(found) == 2


def test_a_change_is_logged_with_old_and_new(office):
    office.do(clients.change_client, office.client_id, name="ООО «Василёк»", phone="+7 495 555-00-00")
    office.do(clients.change_client, office.client_id, name="ООО «Василёк»")
    assert office.events().count("client.changed") == 1, "nothing changed the second time"
    kept = office.see(lambda session: clients.find(session, office.client_id))
    assert (kept.name, kept.requisites["phone"]) == ("ООО «Василёк»", "+7 495 555-00-00")
    assert kept.requisites["bik"] == LEGAL["bik"]


def test_a_requisite_may_be_wiped_out(office):
    office.do(clients.change_client, office.client_id, account="")
    assert "account" not in office.see(lambda session: clients.find(session, office.client_id)).requisites


def test_the_stop_list_asks_why(office):
    with pytest.raises(Invalid):
        office.do(clients.set_stop_list, office.client_id, True, " ")
    office.do(clients.set_stop_list, office.client_id, True, "Просил не звонить")
    office.do(clients.set_stop_list, office.client_id, False, "Передумал")
    assert office.events()[-2:] == ["client.stopped", "client.freed"]


def test_unknown_clients_and_people_are_not_found(office):
    with pytest.raises(NotFound):
        office.do(clients.change_client, 99, name="x")
    with pytest.raises(NotFound):
        office.do(clients.set_owner, office.client_id, 99, login="elena")


def test_a_contact_needs_a_name(office):
    with pytest.raises(Invalid):
        office.do(clients.add_contact, office.client_id, " ", "Анна", "директор")
    with pytest.raises(Invalid):
        office.do(clients.add_contact, office.client_id, "Ким", "Анна", "директор", salary=5)

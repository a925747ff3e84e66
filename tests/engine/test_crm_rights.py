"""Rights on the business records are asked by the verbs themselves: whoever calls them, a page, an import or a test."""
from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from engine import access
from engine.crm import clients, consents, contacts, matrix, merging, next_contacts, prices, products, segments
from engine.errors import Forbidden
from engine.work import SYSTEM, Work, run
from tests.engine.crm_kit import Office

DAY = date(2026, 12, 1)
Deed = Callable[[Office], tuple[Any, ...]]
DEEDS: dict[str, tuple[str, Deed]] = {  # what -> (who may not, the verb and what it is given)
    "a new client": ("vera", lambda office: (clients.create_client, "legal", "ООО «Заря»")),
    "a client": ("boris", lambda office: (clients.change_client, office.client_id)),
    "a person": ("boris", lambda office: (clients.add_contact, office.client_id, "Ли", "Ян", "юрист")),
    "a person's data": ("boris", lambda office: (contacts.change, office.contact_id)),
    "that data are right": ("boris", lambda office: (contacts.check, office.contact_id)),
    "the stop list": ("boris", lambda office: (clients.set_stop_list, office.client_id, True, "Просил")),
    "the owner": ("anna", lambda office: (clients.set_owner, office.client_id, 1)),
    "the next contact": ("boris", lambda office: (next_contacts.agree, office.client_id, DAY, "Поговорить")),
    "no next contact": ("boris", lambda office: (next_contacts.clear, office.client_id)),
    "a double": ("anna", lambda office: (merging.merge, office.client_id, office.client_id, "Двойник")),
    "a consent": ("boris", lambda office: (_consent, office.contact_id)),
    "a price list of its own": ("anna", lambda office: (prices.assign, office.client_id, None)),
    "a product": ("anna", lambda office: (products.add, "X-1", "Тренинг", Decimal(1))),
    "a price list": ("anna", lambda office: (prices.create, "2027", "Прайс", DAY)),
    "tiers": ("anna", lambda office: (prices.set_tiers, 1, 1, [])),
    "a draft of the matrix": ("anna", lambda office: (matrix.draft,)),
    "a segment": ("anna", lambda office: (matrix.move_segment, 1, "x", 1)),
    "a parameter": ("anna", lambda office: (segments.remove_parameter, "x")),
}


@pytest.fixture
def office(env: Any) -> Office:
    return Office(env)


@pytest.mark.parametrize("what", DEEDS)
def test_a_verb_refuses_who_may_not(office: Office, what: str) -> None:
    login, deed = DEEDS[what]
    verb, *given = deed(office)
    before = office.events()
    with pytest.raises(Forbidden):
        office.do(verb, *given, login=login)
    assert office.events() == before


def test_the_owner_a_head_and_the_engine_may(office: Office) -> None:
    office.do(clients.change_client, office.client_id, city="Пермь")
    office.do(clients.change_client, office.client_id, city="Омск", login="elena")
    run(office.env, SYSTEM, clients.change_client, office.client_id, city="Тверь")
    assert office.events()[-3:] == ["client.changed"] * 3


def test_what_was_granted_as_a_whole_is_not_asked_about_piece_by_piece(office: Office) -> None:
    """A head imports products, which one by one are the product head's."""

    def imported(work: Work) -> None:
        with access.whole(work, "import.products"):
            products.add(work, "X-1", "Тренинг", Decimal(1))
        products.add(work, "X-2", "Ещё один", Decimal(1))

    with pytest.raises(Forbidden):
        office.do(imported, login="elena")
    with pytest.raises(Forbidden):
        office.do(imported, login="anna")
    office.do(lambda work: _only_import(work), login="elena")
    assert office.events()[-1] == "product.created"


def _only_import(work: Work) -> None:
    with access.whole(work, "import.products"):
        products.add(work, "X-1", "Тренинг", Decimal(1))


def _consent(work: Work, contact_id: int) -> None:
    consents.give(work, contact_id, "advertising", text_version="v1")

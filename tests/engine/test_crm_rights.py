"""Rights on the business records are asked by the verbs themselves: whoever calls them, a page, an import or a test."""
from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from engine import access
from engine.crm import (
    clients,
    closing,
    consents,
    contacts,
    deals,
    matrix,
    merging,
    next_contacts,
    payments,
    prices,
    products,
    segments,
    settlements,
)
from engine.errors import Forbidden
from engine.work import SYSTEM, Work, run
from tests.engine.crm_kit import Office

DAY = date(2026, 12, 1)
LINE = {"name": "Тренинг", "quantity": 1, "price": Decimal(1000)}
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
    "a new deal": ("vera", lambda office: (deals.open_deal, office.client_id, "Аудит")),
    "the lines of a deal": ("boris", lambda office: (deals.set_lines, office.deal_id, [LINE])),
    "a milestone": ("boris", lambda office: (deals.reach, office.deal_id, "M2")),
    "a next step": ("boris", lambda office: (deals.set_next_step, office.deal_id, "Позвонить", DAY)),
    "the chance of a deal": ("boris", lambda office: (_prospects, office.deal_id)),
    "whose deal it is": ("anna", lambda office: (deals.set_owner, office.deal_id, 1)),
    "who speaks for the client": ("boris", lambda office: (deals.set_contact, office.deal_id, office.contact_id)),
    "why a deal was lost": ("boris", lambda office: (closing.refuse, office.deal_id, "price")),
    "the end of a deal": ("boris", lambda office: (closing.close, office.deal_id, "lost")),
    "when the client pays": ("boris", lambda office: (payments.set_schedule, office.deal_id, "half")),
    "money that came": ("anna", lambda office: (payments.record_payment, office.deal_id, 1, Decimal(1), DAY)),
    "money that went back": ("anna", lambda office: (payments.refund, office.deal_id, 1, Decimal(1), DAY)),
    "a debt given up": ("vera", lambda office: (payments.write_off, office.deal_id, 1, "Банкрот")),
    "a settlement of older years": (
        "anna", lambda office: (settlements.record, office.client_id, None, DAY, Decimal(1)),
    ),
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


def test_deals_are_their_owners_and_money_the_accountants_and_the_engine_may_all(office: Office) -> None:
    for login in ("anna", "elena"):
        office.do(deals.set_lines, office.deal_id, [LINE], login=login)
    office.do(payments.set_schedule, office.deal_id, "half")
    today = office.env.clock().date()
    office.do(payments.record_payment, office.deal_id, 1, Decimal(500), today, login="vera")
    office.do(settlements.record, office.client_id, None, today, Decimal(5), login="vera")
    run(office.env, SYSTEM, payments.record_payment, office.deal_id, 2, Decimal(500), today)
    run(office.env, SYSTEM, deals.reach, office.deal_id, "M2")
    run(office.env, SYSTEM, settlements.record, office.client_id, None, today, Decimal(5))
    office.do(deals.set_owner, office.deal_id, 2, login="elena")
    with pytest.raises(Forbidden):
        office.do(deals.set_lines, office.deal_id, [LINE])


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


def _prospects(work: Work, deal_id: int) -> None:
    deals.set_prospects(work, deal_id, probability=50)


def _only_import(work: Work) -> None:
    with access.whole(work, "import.products"):
        products.add(work, "X-1", "Тренинг", Decimal(1))


def _consent(work: Work, contact_id: int) -> None:
    consents.give(work, contact_id, "advertising", text_version="v1")

"""What an approver is shown as unusual about a document, with the figures."""
from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import event

from engine import values
from engine.crm import clients, deals, payments, products
from engine.environment import Environment
from engine.models import Deal, Document, ScheduledPayment
from engine.queries import deviations
from engine.work import SYSTEM, run
from tests.engine.crm_kit import Office

TODAY = date(2026, 11, 16)


@pytest.fixture
def office(env: Environment) -> Office:
    made = Office(env)
    made.lines(("Обучение", 1, "200000"))
    return made


def paper(office: Office, kind: str = "contract", total: str | None = "200000", version: int = 1, **data: Any) -> int:
    def write(work: Any) -> int:
        row = Document(deal_id=office.deal_id, kind=kind, title="Договор", number="0001/26", version=version,
                       dated=TODAY, total=None if total is None else Decimal(total), template="sale/contract",
                       template_version=1, data=values.encode(data), created_at=work.now)  # fmt: skip
        work.session.add(row)
        work.session.flush()
        return row.id

    return run(office.env, SYSTEM, write)


def found(office: Office, document_id: int) -> dict[str, list[str]]:
    rows = office.see(lambda session: deviations.of(session, office.env, [document_id], TODAY))[document_id]
    told: dict[str, list[str]] = {}
    for row in rows:
        told.setdefault(row.kind, []).append(str(row.sentence))
    return told


def test_an_ordinary_document_has_none(office: Office) -> None:
    assert found(office, paper(office, terms={"payment_days": 5, "penalty": "0,1"})) == {}


def test_a_discount_above_the_limit(office: Office) -> None:
    office.lines(("Обучение", 1, "200000"), discount="12.5")
    assert found(office, paper(office, total="175000")) == {"discount": ["Discount 12,5 %; the limit is 10 %"]}


def test_a_price_below_the_list_of_this_quantity(office: Office) -> None:
    row = office.do(products.add, "TR-9", "Тренинг", Decimal(100000), unit="группа", login="nina")
    office.do(deals.set_lines, office.deal_id, [{"product_id": row.id, "quantity": "2", "price": "90000"}])
    told = found(office, paper(office, total="180000"))
    assert told == {"price": ["Price of «Тренинг»: 90000.00 for one, 10 % below the price list (100000.00)"]}


def test_a_sum_above_the_usual_one_of_its_kind(office: Office) -> None:
    office.lines(("Обучение", 1, "600000"))
    assert list(found(office, paper(office, total="600000"))) == ["sum"]
    assert list(found(office, paper(office, kind="proposal", total="600000"))) == ["sum"]
    assert found(office, paper(office, kind="act", total="600000")) == {}


def test_an_invoice_that_needs_a_contract(office: Office) -> None:
    invoice = paper(office, kind="invoice")
    assert "such sales go by a contract" in found(office, invoice)["sum"][0]
    paper(office)
    assert found(office, invoice) == {}


def test_a_deal_that_was_changed_after_the_document_was_made(office: Office) -> None:
    document = paper(office)
    office.lines(("Обучение", 1, "210000"))
    assert found(office, document) == {
        "deal": ["The deal was changed after the document was made: 210000.00 now, 200000.00 in the document"]
    }


def test_payment_after_the_services(office: Office) -> None:
    office.do(payments.set_schedule, office.deal_id, "after")
    assert found(office, paper(office)) == {
        "payment": ["Payment: 0 % before and 100 % after the services; this is not the usual order"]
    }


def test_terms_other_than_the_templates_and_special_ones(office: Office) -> None:
    document = paper(office, terms={"payment_days": 30, "special": ["Неустойка за перенос — 5 %"]})
    assert found(office, document) == {
        "terms": ["Terms: days to pay 30 instead of the usual 5"],
        "special": ["Special terms: Неустойка за перенос — 5 %"],
    }


def test_a_client_who_is_late_with_another_deal(office: Office) -> None:
    other = office.do(deals.open_deal, office.client_id, "Другая").id

    def owe(work: Any) -> None:
        work.session.add(
            ScheduledPayment(deal_id=other, part=1, trigger="after_delivery", share=Decimal(100), sum=Decimal(50000),
                             received=Decimal(20000), due_on=TODAY - timedelta(days=10))
        )  # fmt: skip

    run(office.env, SYSTEM, owe)
    told = found(office, paper(office))["debt"][0]
    assert told == "The client is late with 30000.00, the oldest part since 2026-11-06; the limit is 0"


def test_requisites_with_faults(office: Office) -> None:
    office.do(clients.change_client, office.client_id, account="")
    assert found(office, paper(office)) == {"requisites": ["Requisites of the client: The account is not filled in."]}


def test_another_vat_mode_and_a_vat_that_changed_since_the_last_version(office: Office) -> None:
    def untaxed(work: Any) -> None:
        work.session.get_one(Deal, office.deal_id).vat_mode = "none"

    run(office.env, SYSTEM, untaxed)
    first = paper(office, document={"totals": {"vat_label": "НДС 22 %"}})
    assert found(office, first) == {"vat": ["VAT of the deal: none; the company's mode is osno_22"]}
    second = paper(office, version=2, document={"totals": {"vat_label": "Без НДС"}})
    assert found(office, second)["vat"] == ["VAT changed since the last version: «НДС 22 %» became «Без НДС»"]


def test_a_letter_is_not_measured_by_the_deals_money(office: Office) -> None:
    office.lines(("Обучение", 1, "900000"), discount="50")
    assert found(office, paper(office, kind="complaint_reply", total=None)) == {}


def test_many_documents_cost_as_many_queries_as_one(office: Office) -> None:
    ids = [paper(office), paper(office, kind="invoice"), paper(office, kind="proposal")]
    assert asked(office, ids) == asked(office, ids[:1])


def asked(office: Office, ids: list[int]) -> int:
    """How many statements reach the database."""
    said: list[str] = []
    engine = office.env.sessions.kw["bind"]

    def listen(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        said.append(statement)

    event.listen(engine, "before_cursor_execute", listen)
    told = office.see(lambda session: deviations.of(session, office.env, ids, TODAY))
    event.remove(engine, "before_cursor_execute", listen)
    assert list(told) == ids
    return len(said)

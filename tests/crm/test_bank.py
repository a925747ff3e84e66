"""The bank statement of 1C: read whatever bank wrote it, and every rouble finds its invoice or a person."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select

from engine.crm import amounts, bank, bank_lines, deals, payments
from engine.errors import Forbidden, Invalid, NotFound, WrongState
from engine.models import BankLine, Document, ImportRun, Payment
from engine.storage import Folder
from engine.work import unit_of_work
from tests.cast import actor
from tests.engine.crm_kit import Office

OURS = "40702810700000012345"
HEAD = [
    "1CClientBankExchange",
    "ВерсияФормата=1.03",
    "Кодировка=Windows",
    "ДатаНачала=01.11.2026",
    "ДатаКонца=16.11.2026",
    f"РасчСчет={OURS}",
    "СекцияРасчСчет",
    f"РасчСчет={OURS}",
    "НачальныйОстаток=100.00",
    "КонецРасчСчет",
]


def document(number="101", sum="1000.00", inn="7707083893", purpose="Оплата", day="16.11.2026", **more):
    fields = {
        "Номер": number,
        "Дата": day,
        "Сумма": sum,
        "ПлательщикСчет": "40602810700000000025",
        "Плательщик": f"ИНН {inn} ООО «Ромашка»",
        "ПлательщикИНН": inn,
        "ПолучательСчет": OURS,
        "ДатаПоступило": day,
        "НазначениеПлатежа": purpose,
    } | more
    return [
        "СекцияДокумент=Платежное поручение",
        *(f"{k}={v}" for k, v in fields.items() if v is not None),
        "КонецДокумента",
    ]


def statement(*documents, encoding="cp1251", end=True):
    lines = [*HEAD, *(line for one in documents for line in one), *(["КонецФайла"] if end else [])]
    return "\r\n".join(lines).encode(encoding, "replace")


@pytest.fixture
def office(env, tmp_path):
    env.files = Folder(tmp_path / "files")
    return Office(env)


def owed(office, price=1000, schedule="full_before"):
    office.lines(("Обучение", 1, price))
    office.do(payments.set_schedule, office.deal_id, schedule)


def invoice(office, number="0007/26", total="1000.00", part=None):
    with unit_of_work(office.env, actor(office.env, "anna")) as work:
        work.session.add(
            Document(
                deal_id=office.deal_id,
                kind="invoice",
                title="Счет",
                number=number,
                status="sent",
                total=Decimal(total),
                dated=date(2026, 11, 16),
                template="t",
                template_version=1,
                data={"payment": {"part": part}} if part else {},
                created_at=work.now,
            )
        )


def bring(office, *documents):
    """Keep, take, settle; the lines as they stand then."""
    file_id = office.do(bank_lines.keep, "выписка.txt", statement(*documents), login="vera")
    run = office.do(bank_lines.take, file_id, login="vera")
    bank_lines.settle(office.env, actor(office.env, "vera"), run.id)
    return office.see(lambda session: session.scalars(select(BankLine).order_by(BankLine.id)).all())


def reason(line):
    return str(bank_lines.reason_of(line))


@pytest.mark.parametrize("encoding", ["cp1251", "cp866", "utf-8", "utf-8-sig"])
def test_a_statement_is_read_in_any_of_its_encodings(encoding):
    found = bank.read("x.txt", statement(document(purpose="Счет № 7"), encoding=encoding))
    entry = found.entries[0]
    assert found.accounts == (OURS,)
    assert (found.since, found.until) == (date(2026, 11, 1), date(2026, 11, 16))
    assert (entry.direction, entry.number, entry.sum, entry.dated) == (
        "in",
        "101",
        Decimal("1000.00"),
        date(2026, 11, 16),
    )
    assert entry.payer_inn == "7707083893"
    assert "Ромашка" in entry.payer_name
    assert "ИНН" not in entry.payer_name


def test_money_that_goes_out_and_between_our_own_accounts_is_told_apart():
    out = document(
        number="5",
        ПлательщикСчет=OURS,
        ПолучательСчет="40802810900000000001",
        ДатаПоступило=None,
        ДатаСписано="15.11.2026",
        Получатель1="ИП Ким",
        ПолучательИНН="500100732259",
    )
    own = document(number="6", ПлательщикСчет=OURS)
    nowhere = document(number="7", ПлательщикСчет="1", ПолучательСчет="2")
    found = bank.read("x.txt", statement(out, own, nowhere))
    assert [(one.number, one.direction, one.payer_name) for one in found.entries] == [
        ("5", "out", "ИП Ким"),
        ("7", "in", "ООО «Ромашка»"),
    ]


def test_a_purpose_in_several_lines_and_a_sum_with_a_comma():
    split = document(
        sum="1 500,50", НазначениеПлатежа=None, НазначениеПлатежа1="Оплата по", НазначениеПлатежа2="счету 7"
    )
    entry = bank.read("x.txt", statement(split)).entries[0]
    assert (entry.purpose, entry.sum) == ("Оплата по счету 7", Decimal("1500.50"))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        "Дата;Сумма\n1;2".encode(),
        statement(document(), end=False),
        "1CClientBankExchange\nКонецФайла".encode("cp1251"),
        statement(document()[:-1], document()),
    ],
)
def test_what_is_no_whole_statement_is_refused(content):
    with pytest.raises(Invalid):
        bank.read("x.txt", content)


@pytest.mark.parametrize(
    "wrong",
    [
        {"Номер": None},
        {"Сумма": "много"},
        {"Сумма": "-5"},
        {"Сумма": "0"},
        {"ДатаПоступило": "32.13.2026"},
        {"ДатаПоступило": None, "Дата": None},
    ],
)
def test_a_document_that_cannot_be_is_told_with_its_line_and_the_others_are_read(wrong):
    found = bank.read("x.txt", statement(document(**wrong), document(number="2")))
    assert [one.number for one in found.entries] == ["2"]
    assert [one.line for one in found.faults] == [11]


def test_money_finds_the_invoice_named_in_its_purpose(office):
    owed(office)
    invoice(office)
    line = bring(office, document(sum="400.00", purpose="Оплата по счету № 0007/26 от 16.11.26, НДС 22%"))[0]
    assert (line.status, line.how, line.deal_id, line.part) == ("matched", "invoice", office.deal_id, 1)
    paid = office.see(lambda session: session.scalars(select(Payment)).one())
    assert (paid.id, paid.sum, paid.reference) == (line.payment_id, Decimal(400), "101")
    assert "bank_line.matched" in office.events()


def test_an_invoice_of_a_part_is_paid_into_that_part(office):
    owed(office, schedule="half")
    invoice(office, total="500.00", part=2)
    assert bring(office, document(sum="500.00", purpose="сч. 0007/26"))[0].part == 2


def test_money_of_an_exact_sum_finds_the_one_part_its_payer_owes(office):
    owed(office, 1000, "full_before")
    line = bring(office, document(sum="1000.00", purpose="За услуги"))[0]
    assert (line.status, line.how) == ("matched", "sum")
    assert office.see(lambda session: amounts.paid(session, office.deal_id)) == Decimal(1000)


def test_what_fits_nothing_or_too_much_waits_for_a_person(office):
    owed(office, 1000, "half")
    invoice(office)
    lines = bring(
        office,
        document(number="1", sum="500.00", purpose="За услуги"),
        document(number="2", sum="77.00", purpose="За услуги"),
        document(number="3", inn="7819001105", purpose="Счет 0007/26"),
        document(number="4", inn="7819001105", purpose="За услуги"),
    )
    assert [line.status for line in lines] == ["open"] * 4
    assert [reason(line) for line in lines] == [
        "Several parts of deals of this client have this sum.",
        "The client owes no part of exactly this sum.",
        "The invoice in the purpose is of another client than the payer.",
        "The payer is not among the clients.",
    ]
    assert lines[0].client_id == office.client_id
    assert lines[3].client_id is None


def test_the_same_line_is_never_taken_twice(office):
    owed(office)
    first = document(sum="1000.00", purpose="За услуги")
    bring(office, first)
    lines = bring(
        office, first, first, document(number="102", sum="5.00", inn=""), document(number="102", sum="5.00", inn="")
    )
    assert [(line.number, line.status) for line in lines] == [("101", "matched"), ("102", "open")]
    runs = office.see(lambda session: [run.taken for run in session.scalars(select(ImportRun).order_by(ImportRun.id))])
    assert runs == [1, 1]
    assert office.see(lambda session: amounts.paid(session, office.deal_id)) == Decimal(1000)


def test_a_payment_that_is_refused_stays_open_and_holds_up_no_other(office):
    owed(office, 1000, "half")
    tomorrow = document(number="8", sum="300.00", purpose="счет 0007/26", day="17.11.2026")
    invoice(office)
    lines = bring(office, tomorrow, document(number="9", sum="200.00", purpose="счет 0007/26"))
    assert [line.status for line in lines] == ["open", "matched"]
    assert reason(lines[0]) == "The day of a payment is today or before."


def test_the_accountant_says_what_a_payment_is_for_or_that_it_is_for_nothing(office):
    owed(office, 1000, "half")
    first, second = bring(office, document(number="1", sum="70.00"), document(number="2", sum="80.00"))
    offered = office.see(lambda session: bank_lines.choices(session, first))
    assert [(deal.id, part.part) for deal, part in offered] == [(office.deal_id, 1), (office.deal_id, 2)]
    with pytest.raises(NotFound):
        office.do(bank_lines.assign, first.id, office.deal_id, 9, login="vera")
    with pytest.raises(Forbidden):
        office.do(bank_lines.assign, first.id, office.deal_id, 1, login="anna")
    done = office.do(bank_lines.assign, first.id, office.deal_id, 2, login="vera")
    assert (done.status, done.how, done.part) == ("matched", "hand", 2)
    with pytest.raises(Invalid):
        office.do(bank_lines.ignore, second.id, " ", login="vera")
    office.do(bank_lines.ignore, second.id, "Возврат займа", login="vera")
    for verb, *rest in ((bank_lines.assign, office.deal_id, 1), (bank_lines.ignore, "x")):
        with pytest.raises(WrongState):
            office.do(verb, second.id, *rest, login="vera")


def test_a_lost_deal_takes_no_money_by_itself(office):
    owed(office)
    with unit_of_work(office.env, actor(office.env, "anna")) as work:
        deals.find(work.session, office.deal_id).status = "lost"
    assert bring(office, document(sum="1000.00"))[0].status == "open"


def test_only_accounting_brings_statements(office):
    with pytest.raises(Forbidden):
        office.do(bank_lines.keep, "x.txt", statement(document()), login="anna")

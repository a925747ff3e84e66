"""Files of strangers: whatever spreadsheet wrote them, the good rows come in and the others say what is wrong."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime
from decimal import Decimal

import openpyxl
import pytest
from sqlalchemy import func, select

from engine.crm import imports, imports_fields, imports_read
from engine.crm.imports_kinds import CLIENTS, KINDS
from engine.errors import Forbidden, Invalid, NotFound
from engine.models import (
    AuditEvent,
    Client,
    CompetitorPrice,
    Contact,
    ImportRun,
    Product,
    SalesPlan,
    Settlement,
    Source,
    SourceCost,
)
from engine.storage import Folder
from engine.work import unit_of_work
from tests.cast import actor
from tests.engine.crm_kit import Office

HEAD = "Наименование;ИНН;КПП;Телефон;Менеджер;Фамилия;Имя;Должность"
NORTH = "ООО «Север»;7819001105;781901001;+7 812 000-00-01;Иванова;Лис;Пётр;директор"


@pytest.fixture
def office(env, tmp_path):
    env.files = Folder(tmp_path / "files")
    return Office(env)


def keep(office, kind, text, login="elena", name="файл.csv", encoding="utf-8"):
    return office.do(imports.keep, kind, name, text.encode(encoding), login=login)


def mapped(office, kind, file_id, login="elena"):
    with office.env.sessions() as session:
        grid = imports.grid_of(session, office.env, actor(office.env, login), file_id)[1]
    return imports.proposed(KINDS[kind], grid)


def bring(office, kind, *lines, login="elena"):
    """The whole way: keep, take the proposed columns, rehearse, take."""
    file_id = keep(office, kind, "\n".join(lines), login)
    mapping = mapped(office, kind, file_id, login)
    rehearsed = imports.rehearse(office.env, actor(office.env, login), kind, file_id, mapping)
    return rehearsed, office.do(imports.take, kind, file_id, mapping, login=login)


def actions(outcomes):
    return [one.action for one in outcomes]


def count(office, model):
    return office.see(lambda session: session.scalar(select(func.count()).select_from(model)))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251", "cp866", "utf-16"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_a_text_is_read_whatever_program_wrote_it(encoding, delimiter):
    written = f"\n{HEAD}\n{NORTH}\n\n".replace("«", "").replace("»", "")  # DOS knows no such quotes
    content = written.replace(";", delimiter).encode(encoding)
    grid = imports_read.read("клиенты.csv", content)
    assert grid.head[0] == "Наименование"
    assert grid.lines[0].cells[:2] == ("ООО Север", "7819001105")
    assert grid.lines[0].number == 3


def test_a_sheet_keeps_numbers_days_and_the_zero_before_an_inn():
    book = openpyxl.Workbook()
    book.active.append([None, None])
    book.active.append(["Дата", "ИНН", "Сумма"])
    book.active.append([datetime(2026, 11, 2), 105005460, 1500.5])
    out = io.BytesIO()
    book.save(out)
    grid = imports_read.read("x.xlsx", out.getvalue())
    kind = KINDS["settlements"]
    fields = {one.key: one for one in kind.fields}
    cells = grid.lines[0].cells
    assert grid.lines[0].number == 3
    assert imports_fields.value_of(fields["dated"], cells[0]) == date(2026, 11, 2)
    assert imports_fields.value_of(fields["inn"], cells[1]) == "0105005460"
    assert imports_fields.value_of(fields["sum"], cells[2]) == Decimal("1500.50")


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("[Content_Types].xml", "<x/>")
        package.writestr("xl/worksheets/sheet1.xml", b" " * (130 * 1024 * 1024))
    return out.getvalue()


def with_doctype() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        package.writestr("xl/workbook.xml", '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>')
    return out.getvalue()


@pytest.mark.parametrize(
    "content", [b"PK\x03\x04 broken", b"\x00\x01\x02binary", b"", b"only;a;head\n", b"a;b\n" + b"1;2\n" * 5001]
)
def test_what_is_no_table_is_refused_in_words(content):
    with pytest.raises(Invalid):
        imports_read.read("файл", content)


@pytest.mark.parametrize("make", [bomb, with_doctype])
def test_a_package_that_means_harm_is_refused(make):
    with pytest.raises(Invalid):
        imports_read.read("файл.xlsx", make())


@pytest.mark.parametrize(
    ("written", "meant"),
    [("1 234,50", "1234.50"), ("1,234.50", "1234.50"), ("1.234,50", "1234.50"), ("100000-00", "100000.00"),
     ("1\u00a0500 ₽", "1500"), ("−5,5", "-5.5"), ("12 руб.", "12")],
)  # fmt: skip
def test_a_sum_is_read_as_people_write_it(written, meant):
    assert imports_fields.number_of(written) == Decimal(meant)


@pytest.mark.parametrize("wrong", ["12а", "", "1,2,3,4", "NaN", "inf", "1e30"])
def test_what_is_no_number_is_refused(wrong):
    with pytest.raises(Invalid):
        imports_fields.number_of(wrong)


def test_columns_are_proposed_in_both_languages_and_each_once():
    russian = imports_fields.propose(CLIENTS.fields, ["№", "Контрагент", "ИНН контрагента", "Телефон", "Имя"])
    assert russian == {"name": 1, "inn": 2, "phone": 3, "contact_first": 4}
    english = imports_fields.propose(CLIENTS.fields, ["Name", "INN", "Phone", "Manager"])
    assert english == {"name": 0, "inn": 1, "phone": 2, "owner": 3}


def test_a_rehearsal_shows_each_row_and_leaves_nothing(office):
    file_id = keep(
        office, "clients",
        "\n".join([HEAD, NORTH, "ООО «Юг»;123;;;;;;", ";7707083893;;;;;;", "ИП Ким;;;;Никто;;;",
                   "ООО «Ромашка»;7707083893;770701001;+7 495 111-11-11;;;;", NORTH]),
    )  # fmt: skip
    before = office.events()
    found = imports.rehearse(
        office.env, actor(office.env, "elena"), "clients", file_id, mapped(office, "clients", file_id)
    )
    assert actions(found) == ["new", "faulty", "faulty", "faulty", "changed", "double"]
    assert [fault.column for one in found for fault in one.faults] == ["ИНН", "Наименование", "Менеджер"]
    assert count(office, Client) == 1
    assert count(office, ImportRun) == 0
    assert office.events() == before


def test_good_rows_are_taken_and_faulty_ones_come_back_as_a_file(office):
    _, run = bring(office, "clients", HEAD, NORTH, "ООО «Юг»;123;;;;;;")
    assert (run.rows, run.taken, len(run.faults)) == (2, 1, 1)
    with office.env.sessions() as session:
        client = session.scalars(select(Client).where(Client.inn == "7819001105")).one()
        assert client.name == "ООО «Север»"
        assert client.owner_id == actor(office.env, "anna").user_id
        assert client.requisites["phone"].endswith("01")
        assert [contact.last for contact in client.contacts] == ["Лис"]
        columns, rows = imports.faulty_rows(session, office.env, session.get_one(ImportRun, run.id))
        assert [column.title for column in columns] == HEAD.split(";")
        assert [(number, row[0]) for number, row in rows] == [(3, "ООО «Юг»")]
    assert "import.taken" in office.events()


def test_the_same_file_again_changes_nothing(office):
    lines = [HEAD, NORTH, "ИП Ким Олег;;;;;;;"]
    bring(office, "clients", *lines)
    before = count(office, Client), count(office, Contact)
    again, run = bring(office, "clients", *lines)
    assert actions(again) == ["double", "double"]
    assert run.taken == 0
    assert (count(office, Client), count(office, Contact)) == before


def test_a_row_that_fails_half_way_leaves_no_line_in_the_log(office):
    wrong = NORTH.replace("Лис;Пётр", "Лис;Пётр") + ";" + "я" * 600
    _, run = bring(office, "clients", HEAD + ";Адрес", wrong, "ООО «Запад»;;;;;;;;")
    assert run.taken == 1
    assert count(office, Client) == 2
    created = office.see(
        lambda session: session.scalar(select(func.count()).where(AuditEvent.type == "client.created"))
    )
    assert created == 2


def test_products_by_code(office):
    head = "Код;Наименование;Ед.;Цена с НДС;Себестоимость;Направление"
    first, _ = bring(office, "products", head,
                     "D-1;Обучение;;0;;", "T-1;Тренинг;группа;1 000,50;400;D-1", "T-2;Без цены;;;;",
                     "T-3;Чужой;;5;;НЕТ", login="nina")  # fmt: skip
    assert actions(first) == ["new", "new", "faulty", "faulty"]
    second, _ = bring(office, "products", head, "T-1;Тренинг;группа;1100;400;D-1", "D-1;Обучение;;0;;", login="nina")
    assert actions(second) == ["changed", "double"]
    with office.env.sessions() as session:
        product = session.scalars(select(Product).where(Product.code == "T-1")).one()
        assert (product.price, product.cost, product.unit) == (Decimal(1100), Decimal(400), "группа")
        assert session.get_one(Product, product.direction_id).code == "D-1"


SETTLEMENTS = ("Дата;ИНН;Клиент;Товар;Сумма;Номер", "02.11.2026;7707083893;;T-1;1000;A-1",
               "02.11.2026;;ООО «Ромашка»;;500,50;",
               "02.11.2026;;ООО «Ромашка»;;500,50;", "03.11.2026;7707083893;;T-1;-200;A-2",
               "04.11.2027;7707083893;;;1;A-3", "04.11.2026;7819001105;;;1;A-4")  # fmt: skip


def test_settlements_come_in_once_refunds_below_zero(office):
    bring(office, "products", "Код;Название;Цена", "T-1;Тренинг;1", login="nina")
    first, _ = bring(office, "settlements", *SETTLEMENTS, login="vera")
    assert actions(first) == ["new", "new", "new", "new", "faulty", "faulty"]
    second, run = bring(office, "settlements", *SETTLEMENTS[:5], login="vera")
    assert actions(second) == ["double"] * 4
    assert run.taken == 0
    rows = office.see(
        lambda session: session.execute(select(Settlement.sum, Settlement.kind).order_by(Settlement.id)).all()
    )
    assert [tuple(row) for row in rows] == [
        (Decimal(1000), "in"), (Decimal("500.50"), "in"), (Decimal("500.50"), "in"), (Decimal(-200), "refund")
    ]  # fmt: skip


def test_plans_prices_of_competitors_and_costs_of_sources(office):
    bring(office, "products", "Код;Название;Цена", "T-1;Тренинг;1", login="nina")
    with unit_of_work(office.env, actor(office.env, "gleb")) as work:
        work.session.add(Source(key="site", title="Сайт", channel="web", active=True))
    found, _ = bring(office, "plans", "Месяц;Сотрудник;Направление;Сумма;Количество", "11.2026;Иванова;T-1;100000;2",
                     "2026-11;;;500000;", "11.2026;Никто;;1;")  # fmt: skip
    assert actions(found) == ["new", "new", "faulty"]
    found, _ = bring(office, "competitor_prices", "Конкурент;Товар;Цена;Дата", "АО «Иные»;T-1;1200;01.11.2026",
                     "АО «Иные»;НЕТ;1;", login="gleb")  # fmt: skip
    assert actions(found) == ["new", "faulty"]
    found, _ = bring(office, "source_costs", "Источник;Месяц;Сумма", "site;10.2026;45000", "Сайт;11.2026;46000",
                     "радио;11.2026;1", login="gleb")  # fmt: skip
    assert actions(found) == ["new", "new", "faulty"]
    assert (count(office, SalesPlan), count(office, CompetitorPrice), count(office, SourceCost)) == (2, 1, 2)
    again, _ = bring(office, "plans", "Месяц;Сумма", "11.2026;500000")
    assert actions(again) == ["double"]


def test_only_those_who_answer_for_a_list_import_it_and_only_their_own_files(office):
    for kind, login in (("clients", "anna"), ("settlements", "anna"), ("products", "vera"), ("plans", "vera")):
        with pytest.raises(Forbidden):
            keep(office, kind, f"{HEAD}\n{NORTH}", login)
    file_id = keep(office, "clients", f"{HEAD}\n{NORTH}")
    with pytest.raises(NotFound):
        office.do(imports.take, "clients", file_id, {"name": 0}, login="dmitry")


@pytest.mark.parametrize("mapping", [{}, {"inn": 1}, {"name": 99}, {"name": -1}, {"nothing": 0}])
def test_columns_that_cannot_be_are_refused(office, mapping):
    file_id = keep(office, "clients", f"{HEAD}\n{NORTH}")
    with pytest.raises(Invalid):
        office.do(imports.take, "clients", file_id, mapping, login="elena")


def test_a_file_without_one_good_row_is_not_taken(office):
    with pytest.raises(Invalid):
        bring(office, "clients", HEAD, "ООО «Юг»;123;;;;;;")
    assert count(office, ImportRun) == 0

"""Import by clicking: choose a file, see each row, take the good ones, fetch the others; bank statements."""

from __future__ import annotations

import io
import re

import openpyxl
import pytest

from engine.models import BankLine, Client, ImportRun, StoredFile
from tests.crm.test_bank import document, statement
from tests.web.conftest import Visitor
from tests.web.world import World

LINES = "Наименование;ИНН;Телефон\nООО «Север»;7819001105;+7 812 000\nООО «Юг»;123;\n;;1\n"


def bring(visitor: Visitor, kind: str, content: bytes, name: str = "файл.csv") -> str:
    """The address that the upload leads to."""
    answer = visitor.post("/imports/file", {"kind": kind, "file": (io.BytesIO(content), name)}, page="/imports")
    assert answer.status_code == 302
    return str(answer.location)


def fields(page: str) -> dict[str, str]:
    """The hidden fields of the form that takes the rows."""
    form = page[page.index('<form class="ms-auto"') :]
    return dict(re.findall(r'name="(f_\w+)" value="(\d+)"', form))


def test_from_the_file_to_the_clients_and_the_faulty_rows_back(visitor: Visitor, world: World) -> None:
    visitor.sign_in("gleb")
    address = bring(visitor, "clients", LINES.encode("cp1251"))
    page = visitor.get(address).text
    assert "ООО «Юг»" in page
    assert "Check this number" in page or "контрольн" in page
    with world.env.sessions() as session:
        assert session.query(Client).filter_by(inn="7819001105").count() == 0
    answer = visitor.post(address, fields(page), page=address)
    assert answer.status_code == 302
    shown = visitor.get(answer.location).text
    assert "ООО «Юг»" not in shown
    assert "ИНН" in shown
    with world.env.sessions() as session:
        assert session.query(Client).filter_by(inn="7819001105").count() == 1
    sheet = openpyxl.load_workbook(io.BytesIO(visitor.get(f"{answer.location}/faulty.xlsx").data)).active
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert [row[0] for row in rows[1:]] == ["ООО «Юг»", None]
    assert all(row[-1] for row in rows[1:])


def test_other_columns_may_be_chosen_and_a_missing_one_is_asked_for(visitor: Visitor) -> None:
    visitor.sign_in("gleb")
    address = bring(visitor, "clients", "Первая;Вторая\nООО «Север»;1\n".encode())
    page = visitor.get(address).text
    assert "<table" not in page
    assert "ООО «Север»" in visitor.get(f"{address}?mapped=1&f_name=0").text


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04zip", b"\x00\x01"])
def test_what_is_no_table_is_refused_on_the_page(visitor: Visitor, content: bytes) -> None:
    visitor.sign_in("gleb")
    assert bring(visitor, "clients", content).startswith("/imports")
    assert "note-late" in visitor.get("/imports").text


def test_an_empty_file_to_fill_in_is_understood_when_it_comes_back(visitor: Visitor) -> None:
    visitor.sign_in("gleb")
    for kind in ("clients", "products", "settlements", "plans", "competitor_prices", "source_costs"):
        for form in ("xlsx", "csv"):
            content = visitor.get(f"/imports/{kind}/sample.{form}").data
            page = visitor.get(bring(visitor, kind, content, f"x.{form}")).text
            assert "<table" in page, kind


def test_who_may_not_import_finds_no_page(visitor: Visitor, world: World) -> None:
    visitor.sign_in("anna")
    assert visitor.get("/imports").status_code == 403
    assert visitor.get("/bank").status_code == 403
    accountant = Visitor(visitor.client.application).sign_in("yuri")
    assert accountant.get("/imports/clients/sample.xlsx").status_code == 404
    address = bring(accountant, "settlements", "Дата;Клиент;Сумма\n01.11.2026;Никто;1\n".encode())
    with world.env.sessions() as session:
        assert session.query(StoredFile).filter_by(created_by=world.people["yuri"]).count() == 1
    assert Visitor(visitor.client.application).sign_in("gleb").get(address).status_code == 404


def test_a_statement_is_looked_at_taken_and_what_is_left_decided(visitor: Visitor, world: World) -> None:
    visitor.sign_in("yuri")
    paper = statement(
        document("1", "10.00", "7819001105", day="13.11.2026"), document("2", "20.00", "7819001105", day="13.11.2026")
    )
    address = bring(visitor, "bank", paper, "выписка.txt")
    assert address.startswith("/bank/files/")
    assert "№ 2" in visitor.get(address).text
    assert visitor.post(address, page=address).location == "/bank"
    page = visitor.get("/bank").text
    assert page.count("/ignore") == 2
    visitor.post("/bank/1/ignore", {"reason": "Возврат займа"}, page="/bank")
    assert "Возврат займа" in visitor.get("/bank?status=ignored").text
    with world.env.sessions() as session:
        deal = world.deal
        part = session.get_one(BankLine, 2)
        assert part.status == "open"
        assert session.query(ImportRun).one().kind == "bank"
    assert f'value="{deal}:' in page
    chosen = re.findall(rf'value="({deal}:\d+)"', page)[0]
    visitor.post("/bank/2/assign", {"part": chosen}, page="/bank")
    with world.env.sessions() as session:
        line = session.get_one(BankLine, 2)
        assert (line.status, line.how, line.deal_id) == ("matched", "hand", deal)
    assert visitor.get("/bank?status=matched&as=csv").data.decode("utf-8-sig").count("\n") == 2
    again = bring(visitor, "bank", paper, "выписка.txt")
    assert '<button class="btn btn-primary">' not in visitor.get(again).text

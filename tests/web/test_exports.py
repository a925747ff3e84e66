"""Every list as a file: what the page shows, the reader's own, in cells that no spreadsheet takes for formulas."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import openpyxl
import pytest

from engine.crm import clients, contact_log, exports, prices, products
from engine.crm.exports import Column
from engine.models import Deal, LoyaltyCard
from engine.work import SYSTEM, Work, run
from tests.web.conftest import Visitor
from tests.web.world import World

COLUMNS = [
    Column("Имя"),
    Column("Сумма", "money"),
    Column("День", "date"),
    Column("Когда", "moment"),
    Column("Да", "flag"),
]
EVIL = ("=1+1", "+7 495 000-00-00", "-2+3", "@SUM(A1)", "\tx", "\rx", '=HYPERLINK("http://x")')


def opened(content: bytes) -> list[list]:
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    return [list(row) for row in sheet.iter_rows()]


@pytest.mark.parametrize("evil", EVIL)
def test_what_a_stranger_wrote_is_never_a_formula(evil: str) -> None:
    row = [evil, Decimal("-12.50"), None, None, None]
    cells = opened(exports.xlsx(COLUMNS, [row], "Клиенты"))[1]
    assert cells[0].data_type == "s"
    assert cells[0].quotePrefix
    assert (cells[1].value, cells[1].data_type) == (-12.5, "n")
    line = exports.csv(COLUMNS, [row]).decode("utf-8-sig").split("\r\n", 1)[1]
    assert line.lstrip('"').startswith("'")
    assert ";-12,50;" in line


def test_days_and_moments_are_those_of_the_office_and_control_characters_are_left_out() -> None:
    night = datetime(2026, 11, 16, 21, 30, tzinfo=UTC)
    row = ["А\x01Б", Decimal("1234567.5"), date(2026, 1, 2), night, True]
    content = exports.xlsx(COLUMNS, [row], "Отчёт: [май/июнь]", total=["Итого", Decimal(1), None, None, None],
                           zone=ZoneInfo("Europe/Moscow"))  # fmt: skip
    cells = opened(content)
    assert [cell.value for cell in cells[1]] == [
        "АБ", 1234567.5, datetime(2026, 1, 2), datetime(2026, 11, 17, 0, 30), "да"
    ]  # fmt: skip
    assert [cell.number_format for cell in cells[1]][1:4] == ["#,##0.00", "DD.MM.YYYY", "DD.MM.YYYY HH:MM"]
    assert cells[2][0].font.bold
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    assert sheet.freeze_panes == "A2"
    text = exports.csv(COLUMNS, [row], zone=ZoneInfo("Europe/Moscow"), locale="en").decode("utf-8-sig")
    assert text.splitlines()[1].endswith(";1234567.50;2026-01-02;2026-11-17 00:30;yes")


LISTS = ("/deals", "/instances", "/documents", "/control-points")
EMPTY = ("/clients", "/products", "/complaints", "/surveys", "/assignments", "/campaigns", "/knowledge")


@pytest.mark.parametrize("path", LISTS)
def test_a_list_is_downloaded_as_a_sheet_and_as_text(visitor: Visitor, path: str) -> None:
    visitor.sign_in("gleb")
    page = visitor.get(f"{path}?status=all").text
    assert f"{path}?status=all&amp;as=xlsx" in page
    answer = visitor.get(f"{path}?status=all&as=xlsx")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    rows = opened(answer.data)
    assert len(rows) > 1
    lines = visitor.get(f"{path}?status=all&as=csv").data.decode("utf-8-sig").splitlines()
    assert len(lines) == len(rows)


def test_a_file_holds_only_what_its_reader_may_see(visitor: Visitor, world: World) -> None:
    with world.env.sessions() as session:
        foreign = session.get(Deal, world.foreign_deal)
        assert foreign is not None
        number = foreign.number
    assert number in visitor.sign_in("gleb").get("/deals?status=all&as=csv").text
    assert number not in Visitor(visitor.client.application).sign_in("yuri").get("/deals?status=all&as=csv").text


def test_the_register_is_no_file_for_who_may_not_read_it(visitor: Visitor) -> None:
    visitor.sign_in("anna")
    assert visitor.get("/control-points?as=xlsx").status_code == 403


@pytest.mark.parametrize("path", EMPTY)
def test_every_other_list_is_a_file_too_even_without_rows(visitor: Visitor, path: str) -> None:
    visitor.sign_in("gleb")
    rows = opened(visitor.get(f"{path}?status=all&as=xlsx").data)
    assert rows[0][0].font.bold
    assert visitor.get(f"{path}?as=csv").data.decode("utf-8-sig").count(";") >= len(rows[0]) - 1
    assert visitor.get(path).status_code == 200


def test_people_and_talks_of_a_client_are_files_too(world: World, visitor: Visitor) -> None:
    def known(work: Work) -> int:
        client = clients.create_client(work, "legal", "ООО «Ромашка»", phone="+7 812 000-11-22")
        person = clients.add_contact(work, client.id, "Ким", "Анна", "директор", email="kim@romashka.example")
        contact_log.record(work, client.id, channel="phone", purpose="Знакомство", contact_id=person.id,
                           result="answered", agreed="Созвонимся", user_id=world.people["anna"])  # fmt: skip
        return int(client.id)

    client = run(world.env, SYSTEM, known)
    visitor.sign_in("boris")
    assert "as=xlsx" in visitor.get(f"/clients/{client}?tab=people").text
    assert "as=csv" in visitor.get(f"/clients/{client}?tab=log").text
    people = opened(visitor.get(f"/clients/{client}?tab=people&as=xlsx").data)
    assert [cell.value for cell in people[1]][:4] == ["Ким", "Анна", None, "директор"]
    talks = visitor.get(f"/clients/{client}?tab=log&as=csv").text
    assert "Знакомство" in talks
    assert "Созвонимся" in talks


def test_loyalty_cards_and_prices_are_files_too(world: World, visitor: Visitor) -> None:
    def priced(work: Work) -> tuple[int, int]:
        head = products.add(work, "D-1", "Обучение", Decimal(0))
        product = products.add(work, "P-1", "Тренинг", Decimal(1000), direction_id=head.id)
        row = prices.create(work, "base", "Основной", date(2026, 1, 1))
        tiers = [{"min_quantity": Decimal(many), "price": Decimal(cost)} for many, cost in ((1, 1000), (10, 900))]
        prices.set_tiers(work, row.id, product.id, tiers)
        client = clients.create_client(work, "legal", "ООО «Ромашка»", phone="+7 812 000-11-22")
        card = LoyaltyCard(number="L-0001", client_id=client.id, instrument="discount", discount=Decimal(5),
                           issued_on=date(2026, 1, 1))  # fmt: skip
        work.session.add(card)
        work.session.flush()
        return int(row.id), int(card.id)

    price_list, card = run(world.env, SYSTEM, priced)
    visitor.sign_in("anna")
    assert "as=xlsx" in visitor.get(f"/price-lists/{price_list}").text
    rows = opened(visitor.get(f"/price-lists/{price_list}?as=xlsx").data)
    assert [[cell.value for cell in row[3:]] for row in rows[1:]] == [[1, 1000], [10, 900]]
    assert "L-0001" in visitor.get("/loyalty?as=csv").text
    assert visitor.get(f"/loyalty/{card}?as=xlsx").status_code == 200

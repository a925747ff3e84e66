"""Reports as pages: they open in both languages, filters stand in the address, numbers lead to their cases, and every
table is a file."""

from __future__ import annotations

import io
import re
from datetime import date
from decimal import Decimal
from html import unescape

import openpyxl
import pytest

from engine.crm import settlements
from engine.crm.reports import registry
from engine.models import Deal, Product
from engine.work import SYSTEM, Work, run
from tests.web.conftest import Visitor
from tests.web.world import World

LINK = re.compile(r'<a href="(/reports/[^"]+)">')
KEYS = sorted(registry.all_reports())


@pytest.fixture
def sold(world: World) -> int:
    """Some money of the client of the first deal, and what it was for; returns the client."""

    def record(work: Work) -> int:
        deal = work.session.query(Deal).order_by(Deal.id).first()
        assert deal is not None
        product = Product(code="REP", name="Обучение <b>", price=Decimal(100))
        work.session.add(product)
        work.session.flush()
        settlements.record(work, deal.client_id, product.id, date(2026, 10, 5), Decimal("1234.50"), owner_id=1)
        return deal.client_id

    return int(run(world.env, SYSTEM, record))


@pytest.mark.parametrize("locale", ["ru", "en"])
def test_every_report_opens_in_both_languages(visitor: Visitor, sold: int, locale: str) -> None:
    visitor.sign_in("gleb")
    visitor.post("/language", {"locale": locale, "back": "/tasks"})
    for key in KEYS:
        page = visitor.get(f"/reports/{key}")
        assert page.status_code == 200, key
        assert f'<html lang="{locale}"' in page.text
        assert key in page.text


def test_every_link_of_a_report_leads_to_a_page(visitor: Visitor, sold: int) -> None:
    visitor.sign_in("gleb")
    for key in KEYS:
        page = visitor.get(f"/reports/{key}?from=2026-01-01&to=2026-12-31")
        for address in set(LINK.findall(page.text)):
            assert visitor.get(unescape(address)).status_code == 200, address


def test_the_index_lists_the_reports_by_group(visitor: Visitor) -> None:
    visitor.sign_in("gleb")
    page = visitor.get("/reports").text
    assert all(f'href="/reports/{key}"' in page for key in KEYS)


def test_a_number_leads_to_the_cases_behind_it_with_the_same_filters(visitor: Visitor, sold: int) -> None:
    visitor.sign_in("gleb")
    page = visitor.get("/reports/RP-13?from=2026-10-01&to=2026-10-31").text
    assert "1\xa0234,50\xa0₽" in page
    address = unescape(next(link for link in LINK.findall(page) if "product=" in link))
    assert "from=2026-10-01" in address
    cases = visitor.get(address).text
    assert "Обучение &lt;b&gt;" in cases
    assert "1\xa0234,50\xa0₽" in cases
    assert "1\xa0234,50" not in visitor.get("/reports/RP-13?from=2026-09-01&to=2026-09-30").text


def test_a_table_opens_in_a_spreadsheet(visitor: Visitor, sold: int) -> None:
    visitor.sign_in("gleb")
    answer = visitor.get("/reports/RP-13.xlsx?from=2026-10-01&to=2026-10-31&table=2")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="RP-13.xlsx"'
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    assert sheet is not None
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[0][:2] == ("Продукт", "Продажи")
    assert rows[1][:3] == ("Обучение <b>", 1234.5, 100)
    assert rows[-1][:2] == ("Итого", 1234.5)
    csv = visitor.get("/reports/RP-13.csv?from=2026-10-01&to=2026-10-31&table=2")
    assert "Обучение <b>;1234,50;100" in csv.data.decode("utf-8-sig")
    cases = visitor.get("/reports/RP-13/sales.xlsx?from=2026-10-01&to=2026-10-31")
    assert openpyxl.load_workbook(io.BytesIO(cases.data)).active is not None
    assert visitor.get("/reports/RP-13.xlsx?table=99").status_code == 404


def test_a_chart_is_drawn_from_the_numbers_of_its_table(visitor: Visitor, sold: int) -> None:
    visitor.sign_in("gleb")
    page = visitor.get("/reports/RP-13?from=2026-10-01&to=2026-10-31").text
    assert "&#34;values&#34;: [1234.5]" in page
    assert page.count("<canvas") <= page.count("<table")


def test_a_manager_sees_his_own_figures_only(visitor: Visitor, sold: int) -> None:
    visitor.sign_in("boris")
    page = visitor.get("/reports/RP-13?from=2026-10-01&to=2026-10-31&employee=1")
    assert page.status_code == 200
    assert "1\xa0234,50" not in page.text
    assert 'name="employee"' not in page.text
    assert visitor.get("/reports/RP-08").status_code == 403
    assert 'href="/reports/RP-08"' not in visitor.get("/reports").text


@pytest.mark.parametrize("login", ["yuri", "lida"])
def test_reports_are_closed_to_others(visitor: Visitor, login: str) -> None:
    visitor.sign_in(login)
    assert visitor.get("/reports").status_code == 403


@pytest.mark.parametrize(
    "query",
    ["from=tomorrow&to=0000-00-00", "employee=x&product=-1&segment=%27", "scheme=none", "page=999", "_external=1&key=1",
     "from=2026-12-31&to=2026-01-01", "endpoint=x&case=y&form=z"],
)  # fmt: skip
def test_an_address_that_makes_no_sense_is_understood_as_far_as_it_goes(visitor: Visitor, query: str) -> None:
    visitor.sign_in("gleb")
    for key in ("RP-01", "RP-05", "RP-12"):
        assert visitor.get(f"/reports/{key}?{query}").status_code == 200
    assert visitor.get("/reports/RP-99").status_code == 404
    assert visitor.get("/reports/RP-01/nothing").status_code == 404

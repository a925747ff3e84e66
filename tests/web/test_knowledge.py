"""The knowledge base by clicking: everybody reads and searches, those who answer for it write; nothing in it can do
harm to a reader."""

from __future__ import annotations

import io

import pytest

from engine.crm import demo_knowledge, knowledge
from engine.models import KnowledgeItem
from engine.web import markdown
from engine.work import SYSTEM, run
from tests.web.conftest import Visitor
from tests.web.world import World

ITEM = {"kind": "faq", "title": "Перенос даты", "body": "## Как\n\n**Один** раз.", "publish": "1"}


def write(visitor: Visitor, **values: object) -> str:
    answer = visitor.post("/knowledge", ITEM | values, page="/knowledge/new")
    assert answer.status_code == 302, answer.text
    return str(answer.location)


def test_an_item_is_written_found_changed_and_withdrawn(visitor: Visitor) -> None:
    visitor.sign_in("gleb")
    address = write(visitor)
    page = visitor.get(address).text
    assert "<h3>Как</h3>" in page
    assert "<strong>Один</strong>" in page
    assert "<mark>раз</mark>" in visitor.get("/knowledge?q=раз").text
    changed = visitor.post(address, ITEM | {"version": "1", "body": "Два раза."}, page=f"{address}/edit")
    assert changed.location == address
    assert "Два раза" in visitor.get(address).text
    assert "<strong>Один</strong>" in visitor.get(f"{address}?version=1").text
    late = visitor.post(address, ITEM | {"version": "1", "body": "Поздно."}, page=f"{address}/edit")
    assert late.status_code == 409
    assert "Поздно." in late.text
    visitor.post(f"{address}/withdraw", page=address)
    reader = Visitor(visitor.client.application).sign_in("anna")
    assert reader.get(address).status_code == 404
    assert "Перенос даты" not in reader.get("/knowledge").text
    assert "Перенос даты" in visitor.get("/knowledge?status=withdrawn").text


def test_everybody_reads_but_only_some_write(visitor: Visitor, world: World) -> None:
    address = write(visitor.sign_in("gleb"))
    for login in ("anna", "vera", "yuri"):
        reader = Visitor(visitor.client.application).sign_in(login)
        assert reader.get(address).status_code == 200
        assert reader.get("/knowledge/new").status_code == 403
        assert reader.post("/knowledge", ITEM).status_code == 403
        assert reader.post(f"{address}/withdraw").status_code == 403
        assert f"{address}/edit" not in reader.get(address).text


def test_a_file_is_attached_and_one_that_lies_about_itself_is_refused(visitor: Visitor) -> None:
    visitor.sign_in("gleb")
    address = write(visitor, body="", file=(io.BytesIO(b"%PDF-1.7 x"), "прайс.pdf"))
    answer = Visitor(visitor.client.application).sign_in("anna").get(f"{address}/file")
    assert answer.data == b"%PDF-1.7 x"
    lying = visitor.post("/knowledge", ITEM | {"file": (io.BytesIO(b"<script>"), "x.pdf")}, page="/knowledge/new")
    assert lying.status_code == 422
    assert "Перенос даты" in lying.text


def test_what_is_missing_is_said_at_its_field_and_nothing_typed_is_lost(visitor: Visitor) -> None:
    visitor.sign_in("gleb")
    answer = visitor.post("/knowledge", ITEM | {"title": " ", "body": "Мой текст"}, page="/knowledge/new")
    assert answer.status_code == 422
    assert 'id="fault-title"' in answer.text
    assert "Мой текст" in answer.text


@pytest.mark.parametrize(
    "evil",
    [
        "<script>alert(1)</script>",
        '<img src=x onerror="alert(1)">',
        "[a](javascript:alert(1))",
        "[a](JaVaScRiPt:alert(1))",
        "[a](data:text/html;base64,PHNjcmlwdD4=)",
        "[a](//evil.example)",
        "[a](/\\evil.example)",
        "![x](https://evil.example/tracker.png)",
        "<a href='javascript:alert(1)'>a</a>",
        "[a]: javascript:alert(1)\n\n[a]",
        '[a](https://x "onmouseover=alert(1) \\"><script>")',
    ],
)
def test_no_text_of_a_colleague_can_do_harm(evil: str) -> None:
    made = str(markdown.html(evil)).lower()
    assert "<script" not in made
    assert "<img" not in made
    assert 'href="javascript' not in made
    assert 'href="data' not in made
    assert 'href="//' not in made
    assert 'href="/\\' not in made
    assert "<a href='" not in made


def test_links_that_lead_away_tell_nothing() -> None:
    assert 'rel="noopener noreferrer nofollow"' in markdown.html("[a](https://example.test)")
    assert "rel=" not in markdown.html("[a](/knowledge/1)")
    assert '<table class="table">' in markdown.html("| a |\n|---|\n| b |")


def test_the_demo_company_begins_with_items_of_all_nine_kinds(visitor: Visitor, world: World) -> None:
    run(world.env, SYSTEM, demo_knowledge.load_knowledge)
    with world.env.sessions() as session:
        items = session.query(KnowledgeItem).all()
        assert {item.kind for item in items} == set(knowledge.KINDS)
        assert len(items) >= 12
        best = knowledge.suggest(session, "Жалоба: во время тренинга за стеной ремонт, очень шумно, верните деньги")
        assert "шумный зал" in best[0].item.title
    visitor.sign_in("anna")
    for item in items:
        assert visitor.get(f"/knowledge/{item.id}").status_code == 200
    assert len(visitor.get("/knowledge?as=csv").data.decode("utf-8-sig").split("\r\n")) > len(items)

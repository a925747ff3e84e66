"""The library of document templates: everybody looks, those who answer for templates decide."""
from __future__ import annotations

from engine import deployments
from engine.work import SYSTEM, run
from tests.cast import actor
from tests.engine.docx_files import docx
from tests.web import world as worlds
from tests.web.conftest import Visitor

FILE = "documents/sale/invoice.docx"


def _publish(world: worlds.World) -> None:
    run(world.env, SYSTEM, deployments.publish, {FILE: docx("Счет {{ document.number }}")})
    run(world.env, actor(world.env, "adam"), deployments.publish, {FILE: docx("Новый счет {{ document.number }}")})


def test_everybody_sees_the_library_but_only_some_decide(visitor: Visitor, world: worlds.World) -> None:
    _publish(world)
    visitor.sign_in("anna")
    page = visitor.get("/layouts").text
    assert "sale/invoice" in page
    assert "/approve" not in page
    assert visitor.post("/layouts/sale/invoice/2/approve", {"reason": "x"}).status_code == 403


def test_a_lawyer_approves_and_puts_in_force(visitor: Visitor, world: worlds.World) -> None:
    _publish(world)
    visitor.sign_in("lida")
    assert "/layouts/sale/invoice/2/approve" in visitor.get("/layouts").text
    assert visitor.post("/layouts/sale/invoice/2/approve", {"reason": "Проверен"}).status_code == 302
    page = visitor.get("/layouts").text
    assert "Проверен" in page
    visitor.post("/layouts/sale/invoice/2/put-in-force", {"from_day": "2026-11-16"})
    visitor.post("/layouts/sale/invoice/1/withdraw", {"reason": "Заменен"})
    assert "Заменен" in visitor.get("/layouts").text


def test_a_preview_is_filled_with_sample_data(visitor: Visitor, world: worlds.World) -> None:
    _publish(world)
    visitor.sign_in("anna")
    answer = visitor.get("/layouts/sale/invoice/2.docx")
    assert answer.status_code == 200
    assert answer.data.startswith(b"PK")
    assert visitor.get("/layouts/sale/invoice/9.pdf").status_code == 404
    assert visitor.get("/layouts/..%2F..%2Fetc/1.pdf").status_code == 404

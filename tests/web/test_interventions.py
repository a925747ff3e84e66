"""Interventions in pages: a step left out, work moved, data put right, and the second person who confirms."""

from __future__ import annotations

import html
import re

from engine import interventions, tasks
from engine.models import Intervention, Visit
from tests.web import world as worlds
from tests.web.conftest import Visitor
from tests.web.test_back import enter, text


def token(world: worlds.World, element_id: str) -> str:
    with world.env.sessions() as session:
        found = session.query(Visit).filter_by(instance_id=world.instance, element_id=element_id, left_at=None).one()
        return found.token_id


def rows(world: worlds.World) -> list[Intervention]:
    with world.env.sessions() as session:
        return session.query(Intervention).order_by(Intervention.id).all()


def test_a_step_is_left_out_when_a_second_person_confirms_it(visitor: Visitor, world: worlds.World) -> None:
    enter(visitor, "gleb")
    page = visitor.get(f"/instances/{world.instance}").text
    assert f'href="/instances/{world.instance}/intervene"' in page
    page = visitor.get(f"/instances/{world.instance}/intervene").text
    assert "Пропустить шаг" in text(page)
    address = f"/instances/{world.instance}/skip/{token(world, 'approve')}"
    assert f'href="{address}"' in page
    form = visitor.get(address).text
    assert 'name="agreed"' in form
    assert "Обязательно, если не согласовано" in form
    sent = {"agreed": "true", "remark": "", "_reason": "Директор сказал по телефону"}
    assert visitor.post(address, sent).status_code == 302
    assert world.task("approve").rank is not None
    enter(visitor, "dina")
    assert re.search(r'href="/interventions".*?class="count', visitor.get("/tasks").text, re.S)
    page = visitor.get("/interventions").text
    assert "Директор сказал по телефону" in page
    assert "Согласовано" in text(page)
    visitor.post(f"/interventions/{rows(world)[0].id}/confirm", {})
    assert (world.task("approve").status, world.task("send").status) == ("cancelled", "created")
    assert "Пропущено" in text(visitor.get(f"/instances/{world.instance}").text)
    assert "Шаг пропущен" in text(visitor.get(f"/instances/{world.instance}/log").text)


def test_a_step_with_a_form_takes_no_variables_by_hand_but_may_pass_with_nothing(
    visitor: Visitor, world: worlds.World
) -> None:
    enter(visitor, "gleb")
    by_hand = {"token": token(world, "approve"), "reason": "Срочно", "name": "agreed", "kind": "yes", "value": "да"}
    refused = visitor.post(f"/instances/{world.instance}/intervene/skip", by_hand)
    assert refused.status_code == 422
    assert "есть форма" in refused.text
    address = f"/instances/{world.instance}/skip/{token(world, 'approve')}"
    assert visitor.post(address, {"agreed": "true"}).status_code == 422
    assert rows(world) == []
    assert visitor.post(f"{address}/form", {"agreed": "true"}).status_code == 200
    assert visitor.post(address, {"_nothing": "1", "_reason": "Уже не нужно"}).status_code == 302
    assert rows(world)[0].what["variables"] == {}
    assert visitor.get(f"/instances/{world.instance}/skip/0").status_code == 404


def test_what_was_typed_into_a_withdrawn_task_is_read_on_its_page(visitor: Visitor, world: worlds.World) -> None:
    task = world.task("approve")
    world.do("gleb", tasks.save_draft, task.id, {"remark": "Почти дописал"})
    world.do("dina", interventions.skip, world.instance, token(world, "approve"), {}, "Уже не нужно")
    world.do("gleb", interventions.confirm, rows(world)[0].id)
    enter(visitor, "gleb")
    page = visitor.get(f"/tasks/{task.id}").text
    assert "Почти дописал" in page
    assert "Только вы это видите" in text(page)
    enter(visitor, "dina")
    assert "Почти дописал" not in visitor.get(f"/tasks/{task.id}").text


def test_who_asked_sees_no_way_to_confirm_but_takes_it_back(visitor: Visitor, world: worlds.World) -> None:
    enter(visitor, "gleb")
    sent = {"token": token(world, "approve"), "to": "|prepare", "reason": "Не тот документ"}
    visitor.post(f"/instances/{world.instance}/intervene/move", sent)
    (row,) = rows(world)
    page = visitor.get("/interventions").text
    assert f"/interventions/{row.id}/confirm" not in page
    visitor.post(f"/interventions/{row.id}/confirm", {})
    assert world.task("approve").rank is not None
    visitor.post(f"/interventions/{row.id}/withdraw", {})
    assert rows(world)[0].status == "withdrawn"


def test_data_are_put_right_with_old_and_new(visitor: Visitor, world: worlds.World) -> None:
    enter(visitor, "gleb")
    sent = {"name": "sum", "kind": "number", "value": "1 300 000,50", "reason": "Опечатка"}
    visitor.post(f"/instances/{world.instance}/intervene/edit", sent)
    enter(visitor, "dina")
    visitor.post(f"/interventions/{rows(world)[0].id}/confirm", {})
    page = text(visitor.get(f"/instances/{world.instance}").text).replace("\u00a0", " ")
    assert "sum: 1 259 700 → 1 300 000,5" in page
    assert "Изменены данные" in text(visitor.get("/interventions?tab=done").text) or "Исправлены данные" in page


def test_what_cannot_be_is_said_above_the_form_and_the_reason_stays(visitor: Visitor, world: worlds.World) -> None:
    enter(visitor, "gleb")
    sent = {"name": "sum", "kind": "number", "value": "много", "reason": "Опечатка в сумме"}
    answer = visitor.post(f"/instances/{world.instance}/intervene/edit", sent)
    assert answer.status_code == 422
    assert "Опечатка в сумме" in answer.text
    assert visitor.post(f"/instances/{world.instance}/intervene/skip", {"token": "0", "reason": "x"}).status_code == 409
    assert rows(world) == []


def test_employees_neither_intervene_nor_read_the_ledger(visitor: Visitor, world: worlds.World) -> None:
    enter(visitor, "anna")
    assert visitor.get(f"/instances/{world.instance}/intervene").status_code == 403
    assert visitor.get("/interventions").status_code == 403
    enter(visitor, "vera")
    assert visitor.get("/interventions?tab=done").status_code == 200
    assert interventions.seconds(world.env, "skip")


def test_the_monthly_report_leads_to_the_cases(visitor: Visitor, world: worlds.World) -> None:
    world.do("gleb", tasks.reassign, world.task("approve").id, world.people["dina"], "Глеб в отпуске")
    enter(visitor, "gleb")
    page = visitor.get("/reports/RP-26").text
    assert "Согласовать предложение" in page
    link = re.search(r'href="(/reports/RP-26/[^"]+)"', page)
    assert link is not None
    assert "Глеб в отпуске" in visitor.get(html.unescape(link[1])).text

"""Returning and recalling in pages: the choice, the remark, rounds side by side, the way back after a completion."""

from __future__ import annotations

import html
import re

from engine import instances, returns, tasks
from tests.web import world as worlds
from tests.web.conftest import Visitor

TYPED = {"subject": "Обслуживание", "sum": "1 300 000", "valid_until": "2026-12-01"}


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def text(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def enter(visitor: Visitor, login: str) -> None:
    """Somebody else sits down at this browser."""
    visitor.client.delete_cookie("login")
    visitor.sign_in(login)


def sent_back(visitor: Visitor, world: worlds.World, remark: str = "Сумма без НДС") -> None:
    """Gleb returns the approval to who prepared the offer."""
    enter(visitor, "gleb")
    task = world.task("approve")
    page = visitor.get(f"/tasks/{task.id}/return").text
    sent = {"to": str(world.task("prepare").id), "remark": remark, "_revision": hidden(page, "_revision")}
    answer = visitor.post(f"/tasks/{task.id}/return", sent)
    assert answer.location == "/tasks"


def test_a_task_is_returned_with_a_choice_of_steps_and_a_remark(visitor: Visitor, world: worlds.World) -> None:
    enter(visitor, "gleb")
    task = world.task("approve")
    assert f'href="/tasks/{task.id}/return"' in visitor.get(f"/tasks/{task.id}").text
    choice = text(visitor.get(f"/tasks/{task.id}/return").text)
    assert worlds.LONG_NAME in choice
    assert "Проверить реквизиты" in choice
    sent_back(visitor, world)
    enter(visitor, "anna")
    page = visitor.get(f"/tasks/{world.task('prepare').id}").text
    assert "Вернул(а) Громов" in text(page)
    assert "Сумма без НДС" in page
    assert 'value="1 259 700' in page.replace("\u00a0", " ") or "1259700" in page


def test_without_a_remark_nothing_goes_back_and_the_choice_stays(visitor: Visitor, world: worlds.World) -> None:
    enter(visitor, "gleb")
    task = world.task("approve")
    answer = visitor.post(f"/tasks/{task.id}/return", {"to": str(world.task("prepare").id), "remark": " "})
    assert answer.status_code == 422
    assert "Напишите, что нужно изменить" in answer.text
    assert visitor.post(f"/tasks/{task.id}/return", {"remark": "Не то"}).status_code == 422
    assert world.task("approve").rank is not None


def test_who_returned_it_sees_what_was_changed_since(visitor: Visitor, world: worlds.World) -> None:
    sent_back(visitor, world)
    world.do("anna", tasks.complete, world.task("prepare").id, TYPED)
    world.do("lida", tasks.complete, world.task("look").id, {"agreed": True})
    enter(visitor, "gleb")
    page = text(visitor.get(f"/tasks/{world.task('approve').id}").text).replace("\u00a0", " ")
    assert "Переделано по замечанию: Громов" in page
    assert "1 259 700" in page
    assert "1 300 000" in page
    assert "Сумма изменено" in page


def test_a_completed_task_is_taken_back_from_the_message_and_from_its_page(
    visitor: Visitor, world: worlds.World
) -> None:
    enter(visitor, "anna")
    task = world.task("prepare", world.foreign_instance)
    page = visitor.get(f"/tasks/{task.id}").text
    answer = visitor.post(f"/tasks/{task.id}/complete", TYPED | {"_revision": hidden(page, "_revision")})
    assert f'action="/tasks/{task.id}/recall"' in visitor.get(answer.location).text
    assert "Отозвать" in visitor.get(f"/tasks/{task.id}").text
    answer = visitor.post(f"/tasks/{task.id}/recall", {})
    again = world.task("prepare", world.foreign_instance)
    assert answer.location == f"/tasks/{again.id}"
    assert (again.round, again.assignee_id) == (2, world.people["anna"])
    assert 'value="Обслуживание"' in visitor.get(answer.location).text


def test_once_the_next_person_has_opened_it_the_reason_stands_instead_of_the_button(
    visitor: Visitor, world: worlds.World
) -> None:
    task = world.task("prepare", world.foreign_instance)
    world.do("anna", tasks.complete, task.id, TYPED)
    following = world.task("look", world.foreign_instance)
    enter(visitor, "gleb")  # he may look at it but not do it: that is no opening
    visitor.get(f"/tasks/{following.id}")
    assert world.task("look", world.foreign_instance).seen_at is None
    enter(visitor, "lida")
    visitor.get(f"/tasks/{following.id}")
    seen = world.task("look", world.foreign_instance)
    assert (seen.seen_by, seen.revision) == (world.people["lida"], following.revision)
    enter(visitor, "anna")
    page = text(visitor.get(f"/tasks/{task.id}").text)
    assert "Отозвать нельзя" in page
    assert "Соколова" in page
    visitor.post(f"/tasks/{task.id}/recall", {})
    assert world.task("look", world.foreign_instance).rank is not None


def test_nobody_returns_what_is_not_his_or_stands_still(visitor: Visitor, world: worlds.World) -> None:
    task = world.task("approve")
    enter(visitor, "dina")
    assert visitor.get(f"/tasks/{task.id}/return").status_code == 302
    world.do("gleb", instances.suspend, world.instance, "Клиент думает")
    enter(visitor, "gleb")
    assert visitor.get(f"/tasks/{task.id}/return").status_code == 302
    assert world.do("gleb", returns.mark_seen, task.id) in (True, False)


def test_returns_are_marked_in_the_replay(visitor: Visitor, world: worlds.World) -> None:
    sent_back(visitor, world)
    page = text(visitor.get(f"/instances/{world.instance}/replay").text)
    assert f"Возвращено: Согласовать предложение → {worlds.LONG_NAME} (Громов" in page
    way = visitor.get(f"/instances/{world.instance}/replay.json").json
    assert way is not None
    (mark,) = way["marks"]
    assert (mark["kind"], mark["element"], mark["to"]) == ("returned", "approve", "prepare")
    assert 0 <= mark["at"] < len(way["times"])


def test_what_was_completed_today_leads_from_the_inbox_to_its_recall(visitor: Visitor, world: worlds.World) -> None:
    task = world.task("prepare", world.foreign_instance)
    world.do("anna", tasks.complete, task.id, TYPED)
    enter(visitor, "anna")
    assert "Отозвать…" in visitor.get("/tasks?tab=done").text

"""The page of a task beyond its form: who is next, what was agreed, rounds, and two fillings of one form."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from engine import tasks as verbs
from engine.crm import contact_log
from engine.models import Client, FormDraft, UserTask
from engine.queries import ahead, replay
from engine.work import SYSTEM, run
from tests.web import world as worlds
from tests.web.conftest import Visitor


@pytest.fixture
def task(world: worlds.World) -> UserTask:
    """A task that Anna and Boris may claim."""
    return world.task("prepare", world.foreign_instance)


def future(world: worlds.World, element: str, instance: int | None = None) -> ahead.Future:
    with world.env.sessions() as session:
        task = session.get_one(UserTask, world.task(element, instance).id)
        return ahead.after(session, world.env, task, replay.of(session, task.instance), world.clock.now, {})


def mark(page: str) -> str:
    found = re.search(r'name="_draft" value="([^"]*)"', page)
    assert found is not None
    return found[1]


def test_the_next_task_is_found_in_the_procedure_that_is_called_in_between(world: worlds.World) -> None:
    found = future(world, "prepare", world.foreign_instance)
    assert [step.name for step in found.steps] == ["Проверить реквизиты и благонадёжность клиента"]
    assert [group.key for group in found.steps[0].groups] == ["lawyer"]
    assert found.steps[0].norm == "P1BD"
    assert found.steps[0].by == world.env.calendar("main").due(world.clock.now, "P1BD").at
    assert not found.depends


def test_behind_a_choice_every_way_is_named_and_none_promised(world: worlds.World) -> None:
    found = future(world, "approve")
    assert found.depends
    assert [step.name for step in found.steps] == ["Отправить предложение клиенту", worlds.LONG_NAME]


def test_at_the_end_of_a_called_procedure_the_caller_goes_on(world: worlds.World) -> None:
    prepare = world.task("prepare", world.foreign_instance)
    world.do("boris", verbs.complete, prepare.id, {"subject": "x", "sum": "1"})
    found = future(world, "look", world.foreign_instance)
    assert [step.name for step in found.steps] == ["Согласовать предложение"]
    assert found.steps[0].procedure == "Коммерческое предложение"


def test_the_last_task_says_that_nobody_follows(visitor: Visitor, world: worlds.World) -> None:
    world.do("gleb", verbs.complete, world.task("approve").id, {"agreed": True})
    visitor.sign_in("anna")
    page = visitor.get(f"/tasks/{world.task('send').id}").text
    assert "После этой задачи люди больше не нужны" in page


def test_beside_the_form_stands_what_was_said_and_agreed_with_the_client(visitor: Visitor, world: worlds.World) -> None:
    said = {"channel": "phone", "purpose": "Обсудили сроки", "agreed": "Пришлём график"}
    world.do("anna", contact_log.record, world.client, **said)
    run(world.env, SYSTEM, lambda work: setattr(
        work.session.get_one(Client, world.client), "next_contact_on", (world.clock.now + timedelta(days=3)).date()
    ))  # fmt: skip
    visitor.sign_in("gleb")
    page = visitor.get(f"/tasks/{world.task('prepare', world.foreign_instance + 1).id}").text
    for said in ("Обсудили сроки", "Пришлём график", "Следующий контакт", "Платёж 1", "1 259 700,00"):
        assert said in re.sub(r"[\u00a0\u202f]", " ", page), said


def test_earlier_rounds_stand_beside_what_is_filled_in_now(visitor: Visitor, world: worlds.World) -> None:
    world.do("gleb", verbs.complete, world.task("approve").id, {"agreed": False, "remark": "Дорого"})
    again = world.task("prepare")
    assert again.round == 2
    visitor.sign_in("anna")
    visitor.post(f"/tasks/{again.id}/draft", {"subject": "Обслуживание и запуск", "sum": "1 100 000"})
    page = re.sub(r"[\u00a0\u202f]", " ", visitor.get(f"/tasks/{again.id}").text)
    assert "Что заполняли раньше" in page
    table = page[page.index('class="table table-sm mb-0 rounds"') :]
    assert "Обслуживание" in table
    assert "1 100 000" in table
    assert "изменено" in table


def test_two_windows_of_one_person_lose_nothing(visitor: Visitor, world: worlds.World, task: UserTask) -> None:
    visitor.sign_in("anna")
    known = mark(visitor.get(f"/tasks/{task.id}").text)
    first = {"subject": "Первое окно", "sum": "10", "_window": "one", "_draft": known}
    saved = visitor.post(f"/tasks/{task.id}/draft", first)
    again = first | {"sum": "11", "_draft": saved.headers["X-Draft"]}
    assert visitor.post(f"/tasks/{task.id}/draft", again).status_code == 200, "one window goes on saving"
    second = {"subject": "Второе окно", "sum": "11", "_window": "two", "_draft": known}
    clash = visitor.post(f"/tasks/{task.id}/draft", second)
    assert clash.status_code == 409
    assert "Первое окно" in clash.text
    assert "Второе окно" in clash.text
    assert "Сумма" not in clash.text, "what is the same needs no choice"
    with world.env.sessions() as session:
        assert session.get_one(FormDraft, (task.id, world.people["anna"])).data["subject"] == "Первое окно"
    merged = visitor.post(f"/tasks/{task.id}/draft/merge", second | {"_take.subject": "theirs", "note": "Моё"})
    assert 'value="Первое окно"' in merged.text
    assert "Моё" in merged.text
    followed = {**second, "subject": "Третье", "_draft": merged.headers["X-Draft"]}
    assert visitor.post(f"/tasks/{task.id}/draft", followed).status_code == 200


def test_completing_asks_first_if_another_window_has_typed_on(
    visitor: Visitor, world: worlds.World, task: UserTask
) -> None:
    visitor.sign_in("anna")
    page = visitor.get(f"/tasks/{task.id}").text
    visitor.post(f"/tasks/{task.id}/draft", {"subject": "Подробно", "sum": "5", "_window": "one", "_draft": mark(page)})
    sent = {"subject": "Кратко", "sum": "5", "_window": "two", "_draft": mark(page)}
    asked = visitor.post(f"/tasks/{task.id}/complete", sent)
    assert asked.status_code == 409
    assert "Подробно" in asked.text
    assert world.task("prepare", world.foreign_instance).status == "created"
    done = visitor.post(f"/tasks/{task.id}/complete", sent | {"_draft": mark(asked.text)})
    assert done.status_code == 302


def test_a_colleague_who_has_begun_too_is_named_and_compared_on_demand(visitor: Visitor, task: UserTask) -> None:
    boris = Visitor(visitor.client.application).sign_in("boris")
    boris.post(f"/tasks/{task.id}/draft", {"subject": "Мысль Бориса", "sum": "7"})
    visitor.sign_in("anna")
    page = visitor.get(f"/tasks/{task.id}").text
    assert "Петров Борис" in page
    assert "Мысль Бориса" not in page
    found = re.search(r'"_with": "(\d+)"', page)
    assert found is not None
    sent = {"subject": "Мысль Анны", "sum": "7", "_with": found[1]}
    compared = visitor.post(f"/tasks/{task.id}/draft/compare", sent).text
    assert "Мысль Бориса" in compared
    assert "Мысль Анны" in compared
    merged = visitor.post(f"/tasks/{task.id}/draft/merge", sent | {"_take.subject": "theirs"})
    assert 'value="Мысль Бориса"' in merged.text
    stranger = Visitor(visitor.client.application).sign_in("yuri")
    assert stranger.post(f"/tasks/{task.id}/draft/compare", sent).status_code == 404


def test_who_was_faster_and_what_he_entered_stands_beside_what_was_typed(
    visitor: Visitor, world: worlds.World
) -> None:
    mine = world.task("prepare", world.foreign_instance + 1)
    visitor.sign_in("anna")
    visitor.get(f"/tasks/{mine.id}")
    world.do("boris", verbs.complete, mine.id, {"subject": "Борис успел", "sum": "5"})
    answer = visitor.post(f"/tasks/{mine.id}/complete", {"subject": "Набрала Анна", "sum": "10"})
    assert answer.status_code == 409
    table = answer.text[answer.text.index("Что отличается") :]
    for said in ("Борис успел", "Набрала Анна", "Петров Борис"):
        assert said in table

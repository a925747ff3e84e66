"""Planning one's absence, the timeline of everybody, and what a substitute is told."""

from __future__ import annotations

from datetime import date, timedelta

from flask import Flask

from engine import absences, tasks
from engine.absences import Named
from engine.models import Absence
from tests.web import world as worlds
from tests.web.conftest import Visitor

TODAY, FRIDAY = date(2026, 11, 18), date(2026, 11, 20)


def plan(world: worlds.World, who: str, *named: str, first: date = TODAY, last: date = FRIDAY) -> Absence:
    people = tuple(Named(world.people[login]) for login in named)
    absence: Absence = world.do(who, absences.plan, world.people[who], first, last, people).absence
    return absence


def test_somebody_plans_his_absence_with_two_substitutes(visitor: Visitor, world: worlds.World) -> None:
    visitor.sign_in("anna")
    sent = {"first": "2026-11-23", "last": "2026-11-27", "reason": "отпуск",
            "substitute": [world.people["boris"], world.people["lida"]],
            "scope": ["group:manager", "procedure:trial_check"]}  # fmt: skip
    answer = visitor.post("/absences/person/" + str(world.people["anna"]), sent, page="/me/absence")
    assert answer.location == "/me/absence"
    page = visitor.get("/me/absence").text
    assert "Петров Борис (задачи группы «Менеджеры по продажам»)" in page
    assert "Соколова Лидия (задачи процедуры «Проверка клиента»)" in page
    assert "Никто не замещает в том, что лежит вне этих групп" in page


def test_what_is_wrong_stands_at_its_field_and_what_was_typed_stays(visitor: Visitor, world: worlds.World) -> None:
    visitor.sign_in("anna")
    sent = {"first": "2026-11-27", "last": "2026-11-23", "reason": "отпуск", "substitute": [world.people["boris"]],
            "scope": [""]}  # fmt: skip
    answer = visitor.post(f"/absences/person/{world.people['anna']}", sent, page="/me/absence")
    assert answer.status_code == 422
    assert 'id="last-error"' in answer.text
    assert 'value="отпуск"' in answer.text
    assert f'<option value="{world.people["boris"]}" selected>' in answer.text


def test_the_timeline_shows_everybody_and_says_where_nobody_stands_in(visitor: Visitor, world: worlds.World) -> None:
    plan(world, "anna", "boris")
    plan(world, "boris", first=FRIDAY, last=FRIDAY + timedelta(days=4))
    visitor.sign_in("lida")
    page = visitor.get("/absences").text
    assert "Иванова Анна" in page
    assert "никто не замещает" in page
    assert "Запланировать коллеге" not in page


def test_nobody_plans_for_a_colleague_but_the_head(app: Flask, world: worlds.World) -> None:
    visitor = Visitor(app).sign_in("lida")
    assert visitor.get(f"/absences/person/{world.people['anna']}").status_code == 404
    visitor = Visitor(app).sign_in("gleb")
    page = visitor.get(f"/absences/person/{world.people['anna']}").text
    assert "Отсутствие: Иванова Анна" in page


def test_the_substitute_is_told_why_the_task_is_before_him_and_both_names_stand_in_the_end(
    app: Flask, world: worlds.World
) -> None:
    task = world.task("prepare", world.foreign_instance)
    world.do("anna", tasks.claim, task.id)
    plan(world, "anna", "yuri")
    visitor = Visitor(app).sign_in("yuri")
    assert f'href="/tasks/{task.id}"' in visitor.get("/tasks").text
    assert "Вы замещаете: Иванова Анна" in visitor.get(f"/tasks/{task.id}").text
    visitor.post(f"/tasks/{task.id}/complete", {"subject": "Комплектующие", "sum": "10"}, page=f"/tasks/{task.id}")
    visitor = Visitor(app).sign_in("anna")
    page = visitor.get(f"/tasks/{task.id}").text
    assert "Юрьев Юрий" in page
    assert "За отсутствующего: Иванова Анна" in page
    assert "Сделано за вас за последние 30 дней" in visitor.get("/me/absence").text


def test_a_choice_of_colleagues_says_who_is_away(visitor: Visitor, world: worlds.World) -> None:
    plan(world, "boris", "lida")
    visitor.sign_in("gleb")
    page = visitor.get(f"/tasks/{world.task('prepare', world.foreign_instance).id}").text
    assert "Петров Борис · Менеджер по продажам (отсутствует до 21.11, замещает Соколова Лидия)" in page


def test_back_early_and_taking_over_what_the_substitute_holds(visitor: Visitor, world: worlds.World) -> None:
    absence = plan(world, "anna", "yuri")
    task = world.task("prepare", world.foreign_instance)
    world.do("yuri", tasks.claim, task.id)
    visitor.sign_in("anna")
    assert visitor.post(f"/absences/{absence.id}/end", page="/me/absence").location == "/me/absence"
    page = visitor.get("/me/absence").text
    assert "Заместители держат за вас" in page
    visitor.post(f"/absences/task/{task.id}/back", page="/me/absence")
    assert world.task("prepare", world.foreign_instance).assignee_id == world.people["anna"]

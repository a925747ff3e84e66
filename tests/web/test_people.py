"""People and groups by their pages: a newcomer is let in, somebody leaves, nobody is locked out by accident."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from engine import access, tasks
from engine.access import InGroup
from engine.models import User
from engine.web.people_labels import ACT
from tests.web import world as worlds
from tests.web.conftest import Visitor

ZOYA = {"login": "zoya", "last": "Зайцева", "first": "Зоя", "middle": "", "gender": "f", "position": "Менеджер",
        "email": "zoya@example.test", "phone": "", "locale": "ru", "groups": ["manager"]}  # fmt: skip


@pytest.fixture
def adam(app: Flask) -> Visitor:
    return Visitor(app).sign_in("adam")


def test_a_newcomer_gets_a_link_and_sets_a_password_of_her_own(app: Flask, adam: Visitor) -> None:
    answer = adam.post("/people/new", ZOYA, page="/people/new")
    page = adam.get(answer.location).text
    link = re.search(r"http://localhost(/password/[^\"]+)", page)
    assert link is not None
    assert link[1] not in adam.get(answer.location).text
    zoya = Visitor(app)
    assert "zoya" in zoya.get(link[1]).text
    differ = zoya.post(link[1], {"password": worlds.PASSWORD, "again": "something else"}, page=link[1])
    assert differ.status_code == 422
    assert zoya.post(link[1], {"password": worlds.PASSWORD, "again": worlds.PASSWORD}, page=link[1]).status_code == 302
    assert zoya.get(link[1]).status_code == 410
    assert "Задачи" in Visitor(app).sign_in("zoya").get("/tasks").text


def test_what_is_wrong_stands_at_its_field(adam: Visitor) -> None:
    answer = adam.post("/people/new", ZOYA | {"email": "nowhere"}, page="/people/new")
    assert answer.status_code == 422
    assert 'id="email-error"' in answer.text
    assert 'value="Зайцева"' in answer.text


def test_a_second_account_of_one_person_asks_whether_these_are_two(adam: Visitor) -> None:
    twin = ZOYA | {"email": "anna@example.test"}
    page = adam.post("/people/new", twin, page="/people/new")
    assert "Это разные люди" in page.text
    assert adam.post("/people/new", twin | {"two_people": "1"}, page="/people/new").status_code == 302
    assert "Возможно, у одного человека две учётные записи" in adam.get("/people").text


def test_the_page_says_what_a_person_may_start_approve_and_see(adam: Visitor, world: worlds.World) -> None:
    gleb = adam.get(f"/people/{world.people['gleb']}").text
    assert "Согласовать предложение" in gleb
    assert "переназначать задачи" in gleb
    anna = adam.get(f"/people/{world.people['anna']}").text
    assert "Коммерческое предложение" in anna
    assert "переназначать задачи" not in anna


def test_who_leaves_hands_over_in_one_step(adam: Visitor, world: worlds.World) -> None:
    task = world.task("prepare", world.foreign_instance)
    world.do("anna", tasks.claim, task.id)
    path = f"/people/{world.people['anna']}"
    adam.post(f"{path}/deactivate", {"heir": world.people["boris"], "reason": "Увольняется"}, page=path)
    assert "Передано задач: 1" in adam.get(path).text
    assert world.task("prepare", world.foreign_instance).assignee_id == world.people["boris"]


def test_the_last_administrator_cannot_lock_himself_out(adam: Visitor, world: worlds.World) -> None:
    path = f"/people/{world.people['adam']}"
    adam.post(f"{path}/deactivate", {"reason": "Ухожу"}, page=path)
    assert "последний администратор" in adam.get(path).text
    with world.env.sessions() as session:
        assert session.get_one(User, world.people["adam"]).active


def test_heads_look_and_employees_do_not(app: Flask, world: worlds.World) -> None:
    gleb, anna = Visitor(app).sign_in("gleb"), Visitor(app).sign_in("anna")
    page = gleb.get(f"/people/{world.people['anna']}")
    assert page.status_code == 200
    assert 'name="login"' not in page.text
    assert gleb.post("/people/new", ZOYA).status_code == 403
    assert anna.get("/people").status_code == 403


def test_groups_are_made_and_an_empty_one_is_marked(adam: Visitor) -> None:
    adam.post("/groups", {"key": "lead", "title": "Ведущие", "title_en": "Leads"}, page="/groups")
    assert "Ведущие" in adam.get("/groups").text
    assert "В этой группе никого нет" in adam.get("/groups/lead").text


def test_every_act_that_a_group_has_is_named_in_words() -> None:
    granted = {act for act, rules in access.RULES.items() if any(isinstance(rule, InGroup) for rule in rules)}
    assert granted - set(ACT) == set()


def test_the_table_of_steps_names_who_could_do_them(app: Flask, adam: Visitor) -> None:
    page = adam.get("/authority").text
    assert "Согласовать предложение" in page
    assert "Громов Глеб" in page
    assert Visitor(app).sign_in("anna").get("/authority").status_code == 403

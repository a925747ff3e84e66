"""Limits of authority by their page: look who would decide, then save; open tasks follow or stay."""

from __future__ import annotations

import pytest
import yaml
from flask import Flask

from engine import access, deployments, instances, work
from engine.models import SettingVersion
from tests.web import drawn
from tests.web import world as worlds
from tests.web.conftest import Visitor

PATH = "/rules/authority/discount"
SENT = {"title": "Скидка", "title_en": "Discount", "unit": "%", "limits.manager": "30", "limits.head": "20,5",
        "any.director": "1", "limits.director": "7", "note": "Доверяем"}  # fmt: skip


@pytest.fixture
def adam(app: Flask) -> Visitor:
    return Visitor(app).sign_in("adam")


@pytest.fixture
def asked(world: worlds.World) -> worlds.World:
    """A discount of 25 per cent waits for a decision."""
    steps = [
        ("in", drawn.plain("startEvent", "in")),
        ("decide", drawn.task("decide", "Решить о скидке", "manager,head,director", limitKind="discount",
                              limitSum="=percent")),
        ("out", drawn.plain("endEvent", "out")),
    ]  # fmt: skip
    flows = [("in", "decide", ""), ("decide", "out", "")]
    files = {"processes/trial/discount.bpmn": drawn.drawing("discount", "Скидка", steps, flows,
             starterGroups="manager")}  # fmt: skip
    work.run(world.env, work.SYSTEM, deployments.publish, files)
    world.do("anna", instances.start, "discount", {"percent": 25}, title="Скидка для Северного ветра")
    return world


def anna_may(world: worlds.World) -> bool:
    with world.env.sessions() as session:
        task = world.task("decide", world.instance + 3)
        return access.may(session, world.actor("anna"), world.clock(), "task.complete", session.merge(task)) is not None


def test_the_page_shows_who_would_decide_and_hands_open_tasks_over(adam: Visitor, asked: worlds.World) -> None:
    page = adam.post(PATH, SENT, page=PATH).text
    assert "По 1 открытой задаче решать будут другие" in page
    assert "Скидка для Северного ветра" in page
    assert "20,5" in page
    assert adam.post(PATH, SENT | {"save": "move"}, page=PATH).location == "/rules?tab=authority"
    assert anna_may(asked)
    assert "Решать по задаче могут другие" in adam.get("/instances/4/log").text
    assert "Доверяем" in adam.get("/rules?tab=history").text
    assert "20,5" in adam.get("/authority").text
    held = yaml.safe_load(adam.get("/rules/authority.yaml").text)["discount"]["limits"]
    assert list(held.items()) == [("head", 20.5), ("manager", 30), ("director", "any")]


def test_open_tasks_stay_with_whom_they_were_opened_for_unless_told_otherwise(
    adam: Visitor, asked: worlds.World
) -> None:
    adam.post(PATH, SENT | {"save": "leave"}, page=PATH)
    assert not anna_may(asked)


def test_what_nobody_could_decide_is_said_before_it_is_saved(adam: Visitor) -> None:
    sent = {name: value for name, value in SENT.items() if name != "any.director"}
    assert "Выше 30 % решать некому" in adam.post(PATH, sent, page=PATH).text


@pytest.mark.parametrize("wrong", [{"limits.head": "много"}, {"limits.head": "-1"}])
def test_what_is_no_number_stands_at_its_field(adam: Visitor, wrong: dict[str, str]) -> None:
    answer = adam.post(PATH, SENT | wrong, page=PATH)
    assert answer.status_code == 422
    assert 'id="limits.head-error"' in answer.text


def test_a_kind_of_ones_own_is_added_once(adam: Visitor, world: worlds.World) -> None:
    path = "/rules/authority/new"
    sent = SENT | {"kind": "bonus_sum", "title": "Премия", "unit": "₽", "limits.manager": "1 000,50", "save": "leave"}
    assert adam.post(path, sent | {"kind": "Премия"}, page=path).status_code == 422
    assert adam.post(path, sent, page=path).status_code == 302
    assert "1 000,5" in adam.get("/rules?tab=authority").text.replace("\xa0", " ")
    assert "Такой вид уже есть" in adam.post(path, sent, page=path).text
    with world.env.sessions() as session:
        assert session.query(SettingVersion).count() == 1


def test_heads_look_and_only_the_director_and_the_designers_change(app: Flask) -> None:
    gleb = Visitor(app).sign_in("gleb")
    assert 'name="limits.manager"' not in gleb.get(PATH).text
    assert gleb.post(PATH, SENT | {"save": "leave"}).status_code == 403
    assert Visitor(app).sign_in("anna").get(PATH).status_code == 403
    assert Visitor(app).sign_in("dina").post(PATH, SENT | {"save": "leave"}, page=PATH).status_code == 302

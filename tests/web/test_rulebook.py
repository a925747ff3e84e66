"""Calendars and deadlines by their pages: look first, then save, then find it everywhere."""

from __future__ import annotations

import pytest
import yaml
from flask import Flask

from engine.models import SettingVersion
from tests.web import world as worlds
from tests.web.conftest import Visitor

HOURS = {"hours": "09:00-13:00, 14:00-18:00", "zone": "Europe/Moscow", "decreed_until": "2027", "country": "RU",
         "days_off": "", "days_on": "", "short_days": ""}  # fmt: skip


@pytest.fixture
def adam(app: Flask) -> Visitor:
    return Visitor(app).sign_in("adam")


def test_a_day_off_shows_what_would_move_and_moves_it(adam: Visitor, world: worlds.World) -> None:
    path = "/rules/calendar/main"
    sent = HOURS | {"days_off": "2026-11-17 Инвентаризация", "note": "Приказ 12"}
    page = adam.post(path, sent, page=path).text
    assert "Сохранить и перенести" in page
    assert "Согласовать предложение" in page
    assert "Инвентаризация" in page
    with world.env.sessions() as session:
        assert session.query(SettingVersion).count() == 0
    before = world.task("approve").due_at
    assert adam.post(path, sent | {"save": "move"}, page=path).location == "/rules"
    assert world.task("approve").due_at != before
    assert "Приказ 12" in adam.get("/rules?tab=history").text
    assert "Приказ 12" in adam.get(f"/instances/{world.instance}/log").text


def test_what_is_wrong_in_a_calendar_stands_at_its_field(adam: Visitor) -> None:
    path = "/rules/calendar/main"
    answer = adam.post(path, HOURS | {"hours": "18:00-09:00", "note": "Приказ"}, page=path)
    assert answer.status_code == 422
    assert 'id="hours-error"' in answer.text
    lines = adam.post(path, HOURS | {"days_off": "30 декабря", "note": "Приказ"}, page=path)
    assert 'id="days_off-error"' in lines.text


def test_another_office_gets_a_calendar_of_its_own(adam: Visitor) -> None:
    path = "/rules/calendar/new"
    sent = HOURS | {"office": "kazan", "hours": "08:00-12:00,13:00-17:00", "note": "Новый офис", "save": "leave"}
    assert adam.post(path, sent, page=path).status_code == 302
    assert "08:00–12:00" in adam.get("/rules").text


def test_a_deadline_is_changed_and_given_back_to_the_file(adam: Visitor) -> None:
    path = "/rules/deadline/CP-02"
    assert adam.post(path, {"value": "скоро", "note": "x"}, page=path).status_code == 422
    adam.post(path, {"value": "P15BD", "note": "Клиенты просят", "save": "leave"}, page=path)
    page = adam.get("/rules?tab=deadlines").text
    assert "15 рабочих дней" in page
    assert "в файле: P10BD" in page
    told = adam.get("/rules/deadlines.yaml")
    assert yaml.safe_load(told.text)["CP-02"] == "P15BD"
    adam.post(path, {"value": "", "note": "Не прижилось", "save": "leave"}, page=path)
    assert "15 рабочих дней" not in adam.get("/rules?tab=deadlines").text


def test_heads_look_and_do_not_change(app: Flask) -> None:
    gleb = Visitor(app).sign_in("gleb")
    assert gleb.get("/rules").status_code == 200
    assert 'name="note"' not in gleb.get("/rules/deadline/CP-02").text
    assert gleb.post("/rules/deadline/CP-02", {"value": "P15BD", "note": "x", "save": "leave"}).status_code == 403
    assert Visitor(app).sign_in("anna").get("/rules").status_code == 403

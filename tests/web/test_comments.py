"""Saying something about a case: the same box on the pages of a task, an instance and a deal."""

from __future__ import annotations

import io
import re

import pytest
from flask import Flask

from engine.models import Complaint, Deal
from engine.web.markdown import light
from tests.web import world as worlds
from tests.web.conftest import Visitor


@pytest.fixture
def anna(visitor: Visitor) -> Visitor:
    return visitor.sign_in("anna")


def test_what_is_said_on_a_task_is_read_on_its_instance_and_its_deal(anna: Visitor, world: worlds.World) -> None:
    task = world.task("approve")
    page = f"/instances/{world.instance}"
    sent = {"task": str(task.id), "body": "Смотри **пункт 3**, @gleb", "files": (io.BytesIO(b"a;b"), "расчёт.csv")}
    answer = anna.post(f"{page}/comments", sent, page=page)
    assert answer.location == f"/tasks/{task.id}#talk"
    for place in (page, f"/deals/{world.deal}"):
        shown = anna.get(place).text
        assert "<strong>пункт 3</strong>, @Громов Глеб" in shown
        assert "расчёт.csv" in shown
        assert task.name in shown
    file = re.search(r'href="(/files/\d+)"', shown)
    assert file is not None
    assert anna.get(file[1]).data == b"a;b"


def test_a_deal_is_commented_where_it_runs(anna: Visitor, world: worlds.World) -> None:
    answer = anna.post(f"/deals/{world.deal}/comments", {"body": "Клиент просит перенести"})
    assert answer.location == f"/deals/{world.deal}#talk"
    assert "Клиент просит перенести" in anna.get(f"/deals/{world.deal}").text


def test_what_was_refused_comes_back_with_the_reason(anna: Visitor, world: worlds.World) -> None:
    answer = anna.post(f"/instances/{world.instance}/comments", {"body": "@yuri проверь оплату"})
    assert answer.status_code == 422
    assert "Юрьев Юрий не видит это дело" in answer.text
    assert "@yuri проверь оплату" in answer.text


def test_with_scripts_only_the_box_comes_back(anna: Visitor, world: worlds.World) -> None:
    found = re.search(r'name="csrf-token" content="([^"]+)"', anna.get("/help").text)
    assert found is not None
    headers = {"HX-Request": "true", "X-CSRFToken": found[1]}
    page = f"/instances/{world.instance}/comments"
    answer = anna.client.post(page, data={"body": "Коротко"}, headers=headers)
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert "Комментарий записан" in answer.text


def test_the_author_takes_it_back_and_the_page_says_so(anna: Visitor, world: worlds.World) -> None:
    page = f"/instances/{world.instance}"
    anna.post(f"{page}/comments", {"body": "Ошибся"})
    found = re.search(r'action="(/comments/\d+/withdraw)"', anna.get(page).text)
    assert found is not None
    assert anna.post(found[1], {"back": page}).location == f"{page}#talk"
    shown = anna.get(page).text
    assert "Ошибся" not in shown
    assert "Автор забрал этот комментарий" in shown


def test_a_stranger_neither_reads_nor_writes_nor_learns_who_is_there(visitor: Visitor, world: worlds.World) -> None:
    visitor.sign_in("yuri")
    assert visitor.post(f"/instances/{world.instance}/comments", {"body": "Я тоже"}).status_code == 404
    assert visitor.get(f"/instances/{world.instance}/people.json").status_code == 404
    assert visitor.post(f"/instances/{world.instance}/notices/read").status_code == 404


def test_who_may_be_mentioned_is_offered_by_name(anna: Visitor, world: worlds.World) -> None:
    rows = anna.get(f"/instances/{world.instance}/people.json").json
    assert rows is not None
    assert {"login": "gleb", "name": "Громов Глеб", "position": "Руководитель отдела продаж"} in rows
    assert not {"anna", "yuri"} & {row["login"] for row in rows}


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ("<script>alert(1)</script>", "&lt;script&gt;"),
        ("[x](javascript:alert(1))", "[x](javascript:alert(1))"),
        ("![x](https://evil.example/p.png)", "!<a"),
        ("# Не заголовок", "# Не заголовок"),
        ("раз\nдва", "раз<br />\nдва"),
        ("`@anna` и @anna", "<code>@anna</code> и @Иванова &lt;Анна&gt;"),
    ],
)
def test_words_of_colleagues_do_no_harm(body: str, shown: str) -> None:
    made = light(body, {"anna": "Иванова <Анна>"})
    assert shown in made
    assert not {"<script", "<img", "<h1", 'href="javascript'} & set(re.findall(r'<\w+|href="\w+', made))


def test_a_clients_card_has_its_own_talk_with_files_and_a_line_in_its_history(anna: Visitor, app: Flask,
                                                                              world: worlds.World) -> None:  # fmt: skip
    page = f"/clients/{world.client}"
    sent = {"body": "Звонить **после обеда**, @yuri", "files": (io.BytesIO(b"a;b"), "схема.csv")}
    assert anna.post(f"{page}/comments", sent, page=page).location == f"{page}#talk"
    shown = anna.get(page).text
    assert "<strong>после обеда</strong>, @Юрьев Юрий" in shown
    file = re.search(r'href="(/files/\d+)"', shown)
    assert file is not None
    assert anna.get(file[1]).data == b"a;b"
    assert "Написан комментарий" in anna.get(f"{page}?tab=history").text
    yuri = Visitor(app).sign_in("yuri")
    bell = re.search(r'action="(/notices/\d+/open)"', yuri.get("/notices").text)
    assert bell is not None
    assert yuri.post(bell[1]).location == f"{page}#talk"
    assert yuri.post(f"{page}/notices/read").status_code == 204


def test_a_deal_without_a_procedure_is_commented_itself_and_stays_with_it(anna: Visitor, world: worlds.World) -> None:
    with world.env.sessions.begin() as session:
        row = session.get_one(Deal, world.deal)
        deal = Deal(number="С-0009/26", title="Ремонт", client_id=row.client_id, owner_id=row.owner_id,
                    milestone_at=row.milestone_at, created_at=row.created_at)  # fmt: skip
        session.add(deal)
        session.flush()
        number = deal.id
    page = f"/deals/{number}"
    assert anna.post(f"{page}/comments", {"body": "Ждём смету"}).location == f"{page}#talk"
    assert "Ждём смету" in anna.get(page).text
    names = anna.get(f"{page}/people.json").json
    assert names is not None
    assert "yuri" not in {row["login"] for row in names}


def test_a_complaint_is_talked_about_by_those_who_may_see_it(anna: Visitor, app: Flask, world: worlds.World) -> None:
    with world.env.sessions.begin() as session:
        now = world.clock()
        complaint = Complaint(number="Ж-1/26", client_id=world.client, channel="phone", form="oral",
                              explicitness="explicit", origin="client", essence="Опоздали", stage_at=now,
                              received_at=now)  # fmt: skip
        session.add(complaint)
        session.flush()
        page = f"/complaints/{complaint.id}"
    assert anna.post(f"{page}/comments", {"body": "Позвоню сама, @gleb"}).location == f"{page}#talk"
    shown = anna.get(page).text
    assert "Позвоню сама, @Громов Глеб" in shown
    assert shown.count("Написан комментарий") == 1
    lida = Visitor(app).sign_in("lida")
    for address in ("comments", "notices/read"):
        assert lida.post(f"{page}/{address}", {"body": "Я тоже"}).status_code == 404
    assert lida.get(f"{page}/people.json").status_code == 404
    gleb = Visitor(app).sign_in("gleb")
    assert "Жалоба Ж-1/26" in gleb.get("/notices").text

"""The designer's pages: a change is drawn, checked, kept as a draft, published; what runs is never disturbed."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from engine.models import DraftFile, ProcessDefinition, ProcessInstance
from tests.web.conftest import TOKEN, Visitor
from tests.web.world import World, content

KEY = "trial_check"
SOURCE = f"/procedures/{KEY}/source"


@pytest.fixture
def designer(visitor: Visitor) -> Visitor:
    return visitor.sign_in("adam")


def send(designer: Visitor, act: str, xml: str | bytes, key: str = KEY, revision: int = 0) -> Any:
    found = TOKEN.search(designer.get("/procedures/new").text)
    assert found
    return designer.client.post(
        f"/procedures/{key}/{act}", data=xml, content_type="application/xml",
        headers={"X-CSRFToken": found[1], "X-Revision": str(revision)},
    )  # fmt: skip


def changed(designer: Visitor) -> str:
    return designer.get(SOURCE).text.replace("Проверить реквизиты", "Тщательно проверить реквизиты")


def versions(world: World) -> list[int]:
    with world.env.sessions() as session:
        rows = select(ProcessDefinition.version).where(ProcessDefinition.key == KEY)
        return list(session.scalars(rows.order_by(ProcessDefinition.version)))


def test_the_list_shows_every_procedure_with_its_version_and_what_runs_on_it(designer: Visitor) -> None:
    page = designer.get("/procedures").text
    assert "Коммерческое предложение" in page
    assert "Проверка клиента" in page


def test_an_employee_reads_procedures_and_cannot_edit_them(visitor: Visitor) -> None:
    visitor.sign_in("anna")
    assert visitor.get(f"/procedures/{KEY}").status_code == 200
    assert visitor.get(f"/procedures/{KEY}/edit").status_code == 403
    assert visitor.post("/procedures/new", {"key": "mine", "name": "Моя"}).status_code == 403


def test_a_draft_is_kept_faults_and_all_and_nothing_runs_differently(designer: Visitor, world: World) -> None:
    broken = changed(designer).replace("sequenceFlow", "sequenceFlux")
    answer = send(designer, "draft", broken)
    assert answer.status_code == 200
    assert answer.json["revision"] == 1
    assert designer.get(f"{SOURCE}?draft=1").text == broken
    assert versions(world) == [1]


def test_two_designers_saving_the_same_draft_end_in_a_clear_sentence_for_the_second(designer: Visitor) -> None:
    first = send(designer, "draft", changed(designer)).json["revision"]
    send(designer, "draft", changed(designer) + "<!-- later -->", revision=first)
    late = send(designer, "draft", changed(designer), revision=first)
    assert late.status_code == 409
    assert late.json["message"]


def test_a_check_names_element_reason_and_remedy_and_saves_nothing(designer: Visitor, world: World) -> None:
    faults = send(designer, "check", changed(designer).replace("trial/decision", "trial/nowhere")).json["faults"]
    assert [(f["code"], f["element_id"], f["severity"]) for f in faults if f["severity"] == "error"]
    assert all(f["reason"] and f["remedy"] for f in faults)
    with world.env.sessions() as session:
        assert session.scalar(select(DraftFile)) is None


def test_publishing_makes_a_new_version_and_a_running_instance_keeps_the_old_one(
    designer: Visitor, world: World
) -> None:
    send(designer, "draft", changed(designer))
    answer = send(designer, "publish", changed(designer), revision=1)
    assert answer.status_code == 200, answer.json
    assert versions(world) == [1, 2]
    with world.env.sessions() as session:
        assert session.get_one(ProcessInstance, world.instance).versions[KEY] == 1
        assert session.scalar(select(DraftFile)) is None


def test_publishing_a_drawing_with_a_fault_leaves_the_old_version_in_force(designer: Visitor, world: World) -> None:
    answer = send(designer, "publish", changed(designer).replace("trial/decision", "trial/nowhere"))
    assert answer.status_code == 422
    assert answer.json["faults"][0]["element_id"] == "look"
    assert versions(world) == [1]


@pytest.mark.parametrize(
    "hostile",
    [
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>',
        b"not xml at all",
        b"",
    ],
    ids=["doctype", "no xml", "empty"],
)
def test_a_hostile_file_is_refused_in_plain_words(designer: Visitor, world: World, hostile: bytes) -> None:
    answer = send(designer, "publish", hostile)
    assert answer.status_code == 422
    assert answer.json["faults"][0]["reason"]
    assert versions(world) == [1]


def test_publishing_the_same_again_makes_no_version(designer: Visitor, world: World) -> None:
    answer = send(designer, "publish", designer.get(SOURCE).data)
    assert answer.status_code == 200
    assert versions(world) == [1]


def test_a_new_procedure_begins_as_a_draft_with_a_start_event(designer: Visitor, world: World) -> None:
    answer = designer.post("/procedures/new", {"key": "contract_renewal", "name": 'Продление "бланка" & договора'})
    assert answer.location.endswith("/procedures/contract_renewal/edit")
    source = designer.get("/procedures/contract_renewal/source?draft=1").text
    assert 'id="contract_renewal"' in source
    assert "startEvent" in source


@pytest.mark.parametrize("key", ["Upper", "с_кириллицей", "1digit", "x", KEY, "../etc"])
def test_a_key_that_cannot_be_is_refused_and_what_was_typed_stays(designer: Visitor, key: str) -> None:
    answer = designer.post("/procedures/new", {"key": key, "name": "Продление"})
    assert answer.status_code == 422
    assert "Продление" in answer.text


def test_the_drawing_board_may_write_inline_styles_but_no_scripts(designer: Visitor) -> None:
    policy = designer.get(f"/procedures/{KEY}/edit").headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy


def test_what_is_published_here_is_what_was_sent(designer: Visitor) -> None:
    assert designer.get(SOURCE).data == content()["processes/trial/check.bpmn"]


def test_the_board_offers_the_kinds_of_authority_to_choose_from(visitor: Visitor) -> None:
    page = visitor.sign_in("adam").get("/procedures/trial_offer/edit").text
    assert "contract_sum" in page
    assert "data-limits" in page

"""Working on a task: filling in, completing, passing on, and what happens when somebody else was faster."""

from __future__ import annotations

import io
import re

import pytest

from engine import tasks as verbs
from engine.models import FormDraft, StoredFile, UserTask
from tests.web import world as worlds
from tests.web.conftest import Visitor


@pytest.fixture
def task(world: worlds.World) -> UserTask:
    """A task that Anna and Boris may claim."""
    return world.task("prepare", world.foreign_instance)


def revision(page: str) -> str:
    return hidden(page, "_revision")


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def test_a_task_is_claimed_in_the_inbox_and_stays_there(visitor: Visitor, world: worlds.World, task: UserTask) -> None:
    visitor.sign_in("anna")
    answer = visitor.post(f"/tasks/{task.id}/claim", {"back": "/tasks?tab=groups"})
    assert answer.location == "/tasks?tab=groups"
    assert f'href="/tasks/{task.id}"' in visitor.get("/tasks?tab=mine").text
    assert world.task("prepare", world.foreign_instance).assignee_id == world.people["anna"]


def test_going_back_never_leads_to_another_site(visitor: Visitor, task: UserTask) -> None:
    visitor.sign_in("anna")
    assert visitor.post(f"/tasks/{task.id}/claim", {"back": "//evil.example"}).location == "/tasks"


def test_completing_opens_the_next_task(visitor: Visitor, world: worlds.World, task: UserTask) -> None:
    visitor.sign_in("anna")
    other = next(t for t in _open(world, "prepare") if t.id != task.id)
    world.do("anna", verbs.claim, other.id)
    page = visitor.get(f"/tasks/{task.id}").text
    sent = {"subject": "Комплектующие", "sum": "10", "_revision": revision(page)}
    answer = visitor.post(f"/tasks/{task.id}/complete", sent)
    assert answer.location == f"/tasks/{other.id}"
    assert "Вот следующая" in visitor.get(answer.location).text


def test_what_is_wrong_is_said_beside_the_field_and_what_was_typed_stays(visitor: Visitor, task: UserTask) -> None:
    visitor.sign_in("anna")
    answer = visitor.post(f"/tasks/{task.id}/complete", {"subject": "Комплектующие", "sum": "много"})
    assert answer.status_code == 422
    assert 'value="Комплектующие"' in answer.text
    assert 'value="много"' in answer.text
    assert 'aria-invalid="true"' in answer.text


def test_a_field_the_form_does_not_have_is_refused(visitor: Visitor, world: worlds.World, task: UserTask) -> None:
    visitor.sign_in("anna")
    sent = {"subject": "x", "sum": "1", "discount": "100"}
    assert visitor.post(f"/tasks/{task.id}/complete", sent).status_code == 422
    assert world.task("prepare", world.foreign_instance).status == "created"


def test_somebody_was_faster_and_nothing_typed_is_lost(visitor: Visitor, world: worlds.World, task: UserTask) -> None:
    visitor.sign_in("anna")
    page = visitor.get(f"/tasks/{task.id}").text
    world.do("boris", verbs.complete, task.id, {"subject": "Борис", "sum": "5"})
    sent = {"subject": "Это набрала Анна", "sum": "10", "_revision": revision(page)}
    answer = visitor.post(f"/tasks/{task.id}/complete", sent | {"_seal": hidden(page, "_seal")})
    assert answer.status_code == 409
    assert "Это набрала Анна" in answer.text
    assert "Предмет предложения" in answer.text
    assert "Петров Борис" in answer.text


def test_the_seal_of_a_page_serves_only_who_had_it_open(visitor: Visitor, world: worlds.World, task: UserTask) -> None:
    visitor.sign_in("anna")
    seal = hidden(visitor.get(f"/tasks/{task.id}").text, "_seal")
    stranger = Visitor(visitor.client.application).sign_in("yuri")
    for forged in (seal, seal[:-2], "", "x.y"):
        assert stranger.post(f"/tasks/{task.id}/complete", {"_seal": forged}).status_code == 404


def test_a_task_changed_meanwhile_is_not_completed_by_an_old_page(
    visitor: Visitor, world: worlds.World, task: UserTask
) -> None:
    visitor.sign_in("anna")
    page = visitor.get(f"/tasks/{task.id}").text
    world.do("anna", verbs.claim, task.id)
    sent = {"subject": "Набрано", "sum": "10", "_revision": revision(page)}
    answer = visitor.post(f"/tasks/{task.id}/complete", sent)
    assert answer.status_code == 409
    assert 'value="Набрано"' in answer.text


def test_a_draft_is_kept_as_it_was_typed_and_only_for_who_typed_it(
    visitor: Visitor, world: worlds.World, task: UserTask
) -> None:
    visitor.sign_in("anna")
    answer = visitor.post(f"/tasks/{task.id}/draft", {"subject": "Половина", "sum": "не число"})
    assert answer.status_code == 200
    assert "Черновик сохранён в 09:00" in answer.text
    assert 'value="Половина"' in visitor.get(f"/tasks/{task.id}").text
    assert "Половина" not in Visitor(visitor.client.application).sign_in("boris").get(f"/tasks/{task.id}").text
    with world.env.sessions() as session:
        assert session.get_one(FormDraft, (task.id, world.people["anna"])).data["sum"] == "не число"


def test_the_form_is_drawn_again_without_the_page_around_it(visitor: Visitor, task: UserTask) -> None:
    visitor.sign_in("anna")
    answer = visitor.post(f"/tasks/{task.id}/form", {"subject": "Новое", "sum": "3"})
    assert answer.status_code == 200
    assert 'value="Новое"' in answer.text
    assert "<html" not in answer.text


def test_whoever_prepared_cannot_approve(visitor: Visitor, world: worlds.World) -> None:
    visitor.sign_in("anna")
    task = world.task("approve")
    page = visitor.get(f"/tasks/{task.id}").text
    assert f"/tasks/{task.id}/complete" not in page
    assert visitor.post(f"/tasks/{task.id}/complete", {"agreed": "true"}).status_code == 403


def test_an_approval_shows_the_document_beside_the_decision_and_leads_to_the_next(
    visitor: Visitor, world: worlds.World
) -> None:
    visitor.sign_in("gleb")
    task = world.task("approve")
    assert "КП-0001/26" in visitor.get("/approvals").text
    page = visitor.get(f"/approvals/{task.id}").text
    assert f'src="/documents/{world.document}.pdf#' in page
    sent = {"agreed": ["", "true"], "_revision": revision(page), "_from": "approvals"}
    assert visitor.post(f"/tasks/{task.id}/complete", sent).location == "/approvals"
    assert world.task("send").status == "created"


def test_a_delegated_task_comes_back_with_the_answer(visitor: Visitor, world: worlds.World, task: UserTask) -> None:
    visitor.sign_in("anna")
    visitor.post(f"/tasks/{task.id}/claim")
    visitor.post(f"/tasks/{task.id}/delegate", {"user": str(world.people["lida"])})
    helper = Visitor(visitor.client.application).sign_in("lida")
    assert "Иванова Анна просит вашего ответа" in helper.get(f"/tasks/{task.id}").text
    helper.post(f"/tasks/{task.id}/resolve", {"note": "Условия в порядке"})
    assert world.task("prepare", world.foreign_instance).assignee_id == world.people["anna"]


def test_the_head_reassigns_and_moves_a_due_date_with_a_reason_only(
    visitor: Visitor, world: worlds.World, task: UserTask
) -> None:
    visitor.sign_in("gleb")
    person = str(world.people["boris"])
    visitor.post(f"/tasks/{task.id}/reassign", {"user": person, "reason": " "})
    assert world.task("prepare", world.foreign_instance).assignee_id is None
    visitor.post(f"/tasks/{task.id}/reassign", {"user": person, "reason": "Анна в отпуске"})
    visitor.post(f"/tasks/{task.id}/due", {"at": "2026-11-25T18:00", "reason": "Ждём прайс"})
    moved = world.task("prepare", world.foreign_instance)
    assert moved.assignee_id == world.people["boris"]
    assert moved.due_at is not None
    assert moved.due_at.isoformat() == "2026-11-25T15:00:00+00:00"
    assert "Ждём прайс" in visitor.get(f"/tasks/{task.id}").text


@pytest.mark.parametrize("at", ["yesterday", "2026-13-45T00:00", ""])
def test_a_date_that_is_none_is_said_to_be_none(visitor: Visitor, task: UserTask, at: str) -> None:
    visitor.sign_in("gleb")
    visitor.post(f"/tasks/{task.id}/due", {"at": at, "reason": "x"})
    assert "Укажите дату и время." in visitor.get(f"/tasks/{task.id}").text


def test_a_task_that_was_put_off_leaves_the_list_and_rests_in_one_of_its_own(
    visitor: Visitor, world: worlds.World
) -> None:
    visitor.sign_in("anna")
    first, second = _open(world, "prepare")
    for one in (first, second):
        world.do("anna", verbs.claim, one.id)
    visitor.post(f"/tasks/{first.id}/follow-up", {"at": "2026-11-30T10:00"})
    page = visitor.get("/tasks").text
    assert f'href="/tasks/{second.id}"' in page
    assert f'href="/tasks/{first.id}"' not in page
    later = visitor.get("/tasks?tab=later").text
    assert f'href="/tasks/{first.id}"' in later
    assert "отложена до" in later


def test_a_control_point_is_waived_by_the_head_with_a_reason(visitor: Visitor, world: worlds.World) -> None:
    visitor.sign_in("gleb")
    page = visitor.get("/control-points").text
    number = re.search(r"/control-points/(\d+)/waive", page)
    assert number is not None
    visitor.post(f"/control-points/{number[1]}/waive", {"reason": "Клиент отозвал запрос"})
    assert "Клиент отозвал запрос" in visitor.get("/control-points?status=waived").text


def test_files_are_judged_by_what_is_in_them(world: worlds.World) -> None:
    from engine import attachments
    from engine.errors import Invalid

    kept = world.do("anna", attachments.attach, world.instance, "../../договор.pdf", worlds.pdf("x"))
    assert kept["name"] == "договор.pdf"
    for name, content in (
        ("page.pdf", b"<html>"),
        ("run.exe", b"MZ"),
        ("photo.png", b"GIF89a"),
        ("a.docx", b"PK\x03\x04"),
    ):
        with pytest.raises(Invalid):
            world.do("anna", attachments.attach, world.instance, name, content)
    with world.env.sessions() as session:
        assert session.get_one(StoredFile, kept["id"]).media_type == "application/pdf"


def test_an_attached_file_is_for_those_who_see_the_instance(visitor: Visitor, world: worlds.World) -> None:
    from engine import attachments

    kept = world.do("anna", attachments.attach, world.instance, "note.txt", io.BytesIO(b"<script>").read())
    visitor.sign_in("anna")
    answer = visitor.get(f"/files/{kept['id']}")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert Visitor(visitor.client.application).sign_in("yuri").get(f"/files/{kept['id']}").status_code == 404


def _open(world: worlds.World, element_id: str) -> list[UserTask]:
    with world.env.sessions() as session:
        found = session.query(UserTask).filter_by(element_id=element_id).filter(UserTask.rank.is_not(None))
        return list(found.order_by(UserTask.id))

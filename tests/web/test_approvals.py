"""The queue of approvals, several at once, and the page of one decision: what is unusual, what changed, who decides."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from engine import deployments, instances, tasks, values, work
from engine.models import Deal, Document, StoredFile, UserTask
from tests.engine.docx_files import docx
from tests.web import drawn
from tests.web import world as worlds
from tests.web.conftest import Visitor

FORM = [
    {"type": "radio", "key": "verdict", "label": "Решение", "validate": {"required": True},
     "values": [{"label": word, "value": word} for word in ("approve", "remarks", "reject")]},
    {"type": "textarea", "key": "why", "label": "Замечания или причина", "validate": {"required": True},
     "conditional": {"hide": '=verdict = "approve" or verdict = null'}},
]  # fmt: skip
Ask = Callable[..., int]


@pytest.fixture
def ask(world: worlds.World) -> Ask:
    """Ask the lawyer about a document of the company's deal; gives the task."""
    return asker(world)


def asker(world: worlds.World) -> Ask:
    """Publish a procedure that asks the lawyer, and how to start it."""
    steps = [
        ("begin", drawn.plain("startEvent", "begin", "")),
        ("decide", drawn.task("decide", "Согласовать договор", "lawyer", "trial/verdict", "P1BD",
                              document="document_id", separateFrom="correct", approval="verdict",
                              approvalRemark="why", approvalNote="note")),
        ("again", drawn.plain("exclusiveGateway", "again", "Согласовано?")),
        ("correct", drawn.task("correct", "Исправить договор", "manager", "trial/correction")),
        ("done", drawn.plain("endEvent", "done", "")),
    ]  # fmt: skip
    flows = [("begin", "decide", ""), ("decide", "again", ""), ("again", "correct", '=verdict != "approve"'),
             ("again", "done", '=verdict = "approve"'), ("correct", "decide", "")]  # fmt: skip
    note = {"type": "textarea", "key": "note", "label": "Что исправлено"}
    paper = {"type": "number", "key": "document_id", "label": "Документ"}
    drawing = drawn.drawing("trial_consent", "Согласование", steps, flows, starterGroups="manager")
    files = {
        "processes/trial/consent.bpmn": drawing,
        "forms/trial/verdict.form": worlds._form(FORM),
        "forms/trial/correction.form": worlds._form([note, paper]),
    }
    work.run(world.env, work.SYSTEM, deployments.publish, files)

    def asked(document_id: int) -> int:
        begun = world.do("anna", instances.start, "trial_consent", {"document_id": document_id}, deal_id=world.deal)
        return world.task("decide", begun.id).id

    return asked


def paper(world: worlds.World, number: str, *words: str, version: int = 1, **data: Any) -> int:
    """A contract with these paragraphs, as the deal stands."""

    def write(w: work.Work) -> int:
        content = docx(*(words or ("Предмет договора", "Срок оплаты — 5 дней", "Подписи сторон")))
        deal = w.session.get_one(Deal, world.deal)
        deal.discount = Decimal(0)
        for part in deal.payments:
            part.trigger = "before_delivery"
        stored = StoredFile(sha256=w.env.files.put(content), name="c.docx", media_type="application/x",
                            size=len(content), created_at=w.now)  # fmt: skip
        w.session.add(stored)
        w.session.flush()
        row = Document(deal_id=world.deal, kind="act", title="Договор", number=number, version=version,
                       dated=w.now.date(), total=Decimal("1326000"), template="sale/contract", template_version=1,
                       data=values.encode(data), docx_id=stored.id, created_at=w.now)  # fmt: skip
        w.session.add(row)
        w.session.flush()
        return row.id

    made: int = work.run(world.env, work.SYSTEM, write)
    return made


def sound(world: worlds.World) -> None:
    """The client's requisites are in order, so that nothing is unusual about his papers."""

    def mend(w: work.Work) -> None:
        client = w.session.get_one(Deal, world.deal).client
        client.kind, client.inn = "person", None
        client.requisites = {"address": "г. Москва"}

    work.run(world.env, work.SYSTEM, mend)


def state(world: worlds.World, task_id: int) -> str:
    with world.env.sessions() as session:
        return session.get_one(UserTask, task_id).status


def box(page: str, task_id: int) -> bool:
    return f'name="task" value="{task_id}"' in page


def test_a_line_says_client_sum_stage_who_asks_and_until_when(visitor: Visitor, world: worlds.World, ask: Ask) -> None:
    ask(paper(world, "7/26"))
    page = visitor.sign_in("lida").get("/approvals").text
    for words in ("Договор 7/26", "ООО «Северный ветер»", "1\xa0326\xa0000,00", "С-0001/26", "Иванова Анна"):
        assert words in page


def test_the_queue_is_narrowed_by_kind_client_and_lateness(visitor: Visitor, world: worlds.World, ask: Ask) -> None:
    ask(paper(world, "7/26"))
    visitor.sign_in("lida")
    for wanted, there in (("kind=act", True), ("kind=invoice", False), ("q=северный", True), ("q=7/26", True),
                          ("q=нет+такого", False), ("overdue=1", False)):  # fmt: skip
        assert ("Договор 7/26" in visitor.get(f"/approvals?{wanted}").text) is there, wanted
    world.env.clock.now = world.clock.now = world.clock.now.replace(month=12)
    assert "Договор 7/26" in Visitor(visitor.client.application).sign_in("lida").get("/approvals?overdue=1").text


def test_several_are_approved_after_one_look_at_their_list(visitor: Visitor, world: worlds.World, ask: Ask) -> None:
    sound(world)
    first, second = ask(paper(world, "7/26")), ask(paper(world, "8/26"))
    visitor.sign_in("lida")
    page = visitor.get("/approvals").text
    assert box(page, first)
    assert box(page, second)
    sure = visitor.post("/approvals/approve", {"task": [first, second]}).text
    assert "Согласовать 2 документа?" in sure
    assert state(world, first) == "created"
    done = visitor.post("/approvals/approve", {"task": [first, second], "_sure": "yes"}).text
    assert "Согласовано 2 документа" in done
    assert (state(world, first), state(world, second)) == ("completed", "completed")


def test_what_is_unusual_is_not_approved_in_one_go_even_by_a_forged_form(
    visitor: Visitor, world: worlds.World, ask: Ask
) -> None:
    sound(world)
    odd = ask(paper(world, "9/26", terms={"special": "Неустойка 50 %"}))
    visitor.sign_in("lida")
    page = visitor.get("/approvals").text
    assert not box(page, odd)
    assert "особые условия" in page
    done = visitor.post("/approvals/approve", {"task": [odd], "_sure": "yes"}).text
    assert "Есть необычное" in done
    assert state(world, odd) == "created"


def test_choosing_nothing_is_said(visitor: Visitor, world: worlds.World) -> None:
    answer = visitor.sign_in("lida").post("/approvals/approve", {})
    assert answer.status_code == 422
    assert "Выберите хотя бы один документ" in answer.text


def test_a_stranger_learns_nothing_of_documents_he_chose(visitor: Visitor, world: worlds.World, ask: Ask) -> None:
    task = ask(paper(world, "7/26"))
    answer = visitor.sign_in("yuri").post("/approvals/approve", {"task": [task], "_sure": "yes"}).text
    assert "Договор 7/26" not in answer
    assert state(world, task) == "created"


def test_a_new_version_must_be_opened_before_it_is_approved_with_others(
    visitor: Visitor, world: worlds.World, ask: Ask
) -> None:
    sound(world)
    task = round_two(world, ask)
    visitor.sign_in("lida")
    assert not box(visitor.get("/approvals").text, task)
    visitor.get(f"/approvals/{task}")
    assert box(visitor.get("/approvals").text, task)


def test_the_page_marks_what_changed_and_tells_who_said_what(visitor: Visitor, world: worlds.World, ask: Ask) -> None:
    task = round_two(world, ask)
    page = visitor.sign_in("lida").get(f"/approvals/{task}").text
    changed = re.sub(r"<span class=\"visually-hidden\">[^<]*</span>", "", page)
    assert "Срок оплаты — <del>5</del><ins>10</ins> дней" in changed
    assert "Мало времени на оплату" in page
    assert "Продлили срок" in page
    assert "Соколова Лидия" in page


def test_a_remark_and_a_rejection_need_words(visitor: Visitor, world: worlds.World, ask: Ask) -> None:
    task = ask(paper(world, "7/26"))
    visitor.sign_in("lida")
    for verdict in ("remarks", "reject"):
        answer = visitor.post(f"/tasks/{task}/complete", {"verdict": verdict, "why": "", "_from": "approvals"})
        assert answer.status_code == 422
        assert state(world, task) == "created"


def test_the_figures_of_what_is_unusual_stand_above_the_document(
    visitor: Visitor, world: worlds.World, ask: Ask
) -> None:
    task = ask(paper(world, "7/26", terms={"special": "Неустойка 50 %"}))
    page = visitor.sign_in("lida").get(f"/approvals/{task}").text
    assert "Особые условия: Неустойка 50 %" in page
    assert "Реквизиты клиента" in page


def test_without_the_template_the_comparison_says_so(visitor: Visitor, world: worlds.World, ask: Ask) -> None:
    task = ask(paper(world, "7/26"))
    page = visitor.sign_in("lida").get(f"/approvals/{task}/template").text
    assert "Шаблон этого документа больше не хранится" in page


def round_two(world: worlds.World, ask: Ask) -> int:
    """The lawyer had a remark, the manager corrected the contract: its second version waits."""
    first = ask(paper(world, "7/26"))
    world.do("lida", tasks.complete, first, {"verdict": "remarks", "why": "Мало времени на оплату"})
    newer = paper(world, "7/26", "Предмет договора", "Срок оплаты — 10 дней", "Подписи сторон", version=2)
    with world.env.sessions() as session:
        instance = session.get_one(UserTask, first).instance_id
    correction = world.task("correct", instance)
    world.do("anna", tasks.complete, correction.id, {"note": "Продлили срок", "document_id": str(newer)})
    return world.task("decide", instance).id

"""Assignments: issued, accepted or passed on, reported, sent back, accepted at last (R188-R193, CP-23)."""
from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from engine import instances
from engine.crm import assignments
from engine.errors import Forbidden, WrongState
from engine.models import Assignment, AuditEvent
from engine.vocabulary import ControlPointStatus, InstanceStatus
from tests.stories.story import Story

WORK = {"assignment_what": "Подготовить отзыв клиента", "assignment_expected": "Отзыв на сайте",
        "assignment_due": "2026-11-25"}  # fmt: skip


def issue(story: Story, by: str = "anna", **filled: Any) -> None:
    """Anna gives Boris work about the first client."""
    begun = story.act(by, assignments.begin, client_id=1)
    story.instance_id = begun.id
    story.complete("Выдать поручение", by=by, **(WORK | {"assignment_executor": "boris"} | filled))


def accept(story: Story, by: str = "boris") -> None:
    story.complete("Ответить на поручение", by=by, assignment_answer="accept")


def report(story: Story, result: str, by: str = "boris") -> None:
    story.complete("Выполнить поручение", by=by, assignment_work="report", assignment_result=result)


def rework(story: Story, remarks: str) -> None:
    story.complete("Проверить результат", assignment_check="rework", assignment_remarks=remarks,
                   assignment_new_due="2026-12-01")  # fmt: skip


def one(story: Story) -> Assignment:
    with story.env.sessions() as session:
        return session.scalars(select(Assignment).order_by(Assignment.id.desc())).first()  # type: ignore[return-value]


def lines(story: Story) -> list[tuple[str, str]]:
    """What was said about the assignment, and by whom."""
    with story.env.sessions() as session:
        rows = session.scalars(
            select(AuditEvent).where(AuditEvent.type.like("assignment.%")).order_by(AuditEvent.id)
        )
        return [(row.type.removeprefix("assignment."), row.data["by"]) for row in rows]


def test_an_assignment_goes_to_the_executor_and_comes_back_accepted(story: Story) -> None:
    issue(story)
    row = one(story)
    assert (row.number, row.status, row.client_id) == ("П-2026-0001", "issued", 1)
    assert story.task("Ответить на поручение").due_at is not None
    accept(story)
    report(story, "Отзыв размещён")
    story.complete("Проверить результат", by="anna", assignment_check="accept")
    row = one(story)
    assert (row.status, row.round, row.redirects, row.result) == ("done", 1, 0, "Отзыв размещён")
    assert row.closed_at is not None
    assert story.instance.status == InstanceStatus.COMPLETED
    assert [point.status for point in story.points("CP-23")] == [ControlPointStatus.MET] * 3


def test_at_24_the_log_keeps_all_verbs_with_dates_and_persons(story: Story) -> None:
    """Sent for rework twice, then redirected, then accepted."""
    issue(story)
    accept(story)
    report(story, "Черновик")
    rework(story, "Нет подписи клиента")
    assert one(story).due_at.date() == date(2026, 12, 1)
    assert "Нет подписи клиента" in str(story.variables_of("Выполнить поручение")["assignment_remarks"])
    report(story, "С подписью")
    rework(story, "Нет фотографии")
    report(story, "С фотографией")
    story.complete("Проверить результат", assignment_check="redirect", assignment_to="gleb",
                   assignment_why="Нужна вёрстка")  # fmt: skip
    accept(story, "gleb")
    report(story, "Сверстано", "gleb")
    story.complete("Проверить результат", assignment_check="accept")
    assert lines(story) == [
        ("issued", "anna"), ("accepted", "boris"), ("reported", "boris"), ("sent_for_rework", "anna"),
        ("reported", "boris"), ("sent_for_rework", "anna"), ("reported", "boris"), ("redirected", "anna"),
        ("accepted", "gleb"), ("reported", "gleb"), ("finished", "anna"),
    ]  # fmt: skip
    row = one(story)
    assert (row.status, row.round, row.redirects) == ("done", 4, 1)
    with story.env.sessions() as session:
        rows = session.scalars(select(AuditEvent).where(AuditEvent.type.like("assignment.%")))
        assert all(line.at is not None and line.chain == story.instance_id for line in rows)
    assert story.chain_is_whole()


def test_an_executor_may_pass_it_on_and_the_issuer_is_told(story: Story) -> None:
    issue(story)
    story.complete("Ответить на поручение", by="boris", assignment_answer="redirect", assignment_to="gleb",
                   assignment_why="Это к маркетингу")  # fmt: skip
    assert story.performer(story.task("Ответить на поручение")) == "gleb"
    assert "Громов Глеб" in story.mailbox.letter("передано").get_content()
    assert any("передано" in subject for subject in story.mailbox.to("anna@"))


def test_a_question_comes_back_with_an_answer_and_a_new_day(story: Story) -> None:
    issue(story)
    story.complete("Ответить на поручение", by="boris", assignment_answer="clarify", assignment_question="О чём?")
    story.complete("Пояснить поручение", by="anna", assignment_clarification="О конференции",
                   assignment_new_due="2026-11-30")  # fmt: skip
    assert story.variables_of("Ответить на поручение")["assignment_clarification"] == "О конференции"
    accept(story)
    task = story.task("Выполнить поручение")
    assert task.due_at is not None
    assert task.due_at.date() == date(2026, 11, 30)
    assert [verb for verb, _ in lines(story)] == ["issued", "asked_about", "clarified", "accepted"]


def test_a_group_has_it_until_one_of_them_accepts(story: Story) -> None:
    issue(story, assignment_executor=None, assignment_group="marketer")
    accept(story, "gleb")
    assert story.performer(story.task("Выполнить поручение")) == "gleb"
    assert lines(story)[-1] == ("accepted", "gleb")


def test_what_is_overdue_climbs_the_ladder(story: Story) -> None:
    """CP-23: the executor is reminded a working day before, told when it is late, then the head decides."""
    issue(story)
    accept(story)
    story.wait("P7BD")
    assert any("CP-23" in subject and "Скоро" not in subject for subject in story.mailbox.to("boris@"))
    story.wait("P3BD")
    assert "Разобраться с просрочкой" in story.open
    for name in ("reminded", "overdue", "escalated"):
        assert f"control_point.{name}" in story.log()


def test_the_issuer_has_two_working_days_to_check(story: Story) -> None:
    issue(story)
    accept(story)
    report(story, "Готово")
    task = story.task("Проверить результат")
    assert task.due_at == story.env.calendar("main").due(story.clock.now, "P2BD").at


def test_the_issuer_may_take_it_back_at_any_moment_and_others_may_not(story: Story) -> None:
    issue(story)
    accept(story)
    with pytest.raises(Forbidden):
        story.act("boris", assignments.take_back, one(story).id, "Не хочу")
    story.act("anna", assignments.take_back, one(story).id, "Клиент передумал")
    story.work()
    assert (one(story).status, lines(story)[-1]) == ("cancelled", ("cancelled", "anna"))
    assert story.open == []
    with pytest.raises(WrongState):
        story.act("anna", assignments.take_back, one(story).id, "Ещё раз")


def test_an_assignment_begun_by_mistake_leaves_nothing(story: Story) -> None:
    story.act("anna", instances.start, "assignment", {}, client_id=1)
    story.complete("Выдать поручение", by="anna", assignment_discarded=True)
    assert story.open == []
    with story.env.sessions() as session:
        assert session.scalars(select(Assignment)).all() == []

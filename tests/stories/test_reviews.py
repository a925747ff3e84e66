"""Reviews (P28, P29, P31): the matrix, the results of a quarter, the self-diagnosis; decisions become assignments."""
from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import select

from engine import instances
from engine.crm import closing, deals, diagnosis, matrix
from engine.models import Assignment, Diagnosis, Interest, KnowledgeItem, Matrix
from tests.stories.story import Story

DECISION = {
    "what": "Провести занятие по работе с возражениями", "expected": "Сценарий и запись", "about": "staff",
    "executor": "boris", "due": "2026-12-01",
}  # fmt: skip


def begin(story: Story, key: str, by: str) -> None:
    story.instance_id = story.act(by, instances.start, key, {}).id
    story.work()


def marks(story: Story, mark: str = "+", **other: str) -> dict[str, str]:
    return {line.key: mark for line in diagnosis.lines(story.env)} | other


def is_assigned(story: Story) -> None:
    """What was decided has become an assignment that waits for its executor."""
    with story.env.sessions() as session:
        assert session.scalars(select(Assignment)).one().what == DECISION["what"]


def test_a_review_shows_where_deals_are_lost_and_its_decisions_are_assigned(story: Story) -> None:
    """R050, R051, R146, R150, R254, R006."""
    for number in range(3):
        deal = story.act("anna", deals.open_deal, 1, f"Тренинг {number}")
        refusal = {"category": "price_high", "comment": "Дорого"}
        contact = {"date": date(2027, 1, 15), "purpose": "Вернуться к разговору", "product": "Тренинг"}
        story.act("anna", closing.close, deal.id, "lost", refusal=refusal, next_contact=contact)
    story.act("anna", _need, 1, "Обучение на английском")
    begin(story, "practice_review", "elena")
    summary = story.variables_of("Разобрать результаты")["summary"]
    assert (summary["opened"], summary["lost"]) == (3, 3)
    assert [(row["milestone"], row["category"], row["count"]) for row in summary["refusals"]] == [("M0", "Цена", 3)]
    assert summary["hardest"]["milestone"] == "M0"
    assert summary["demand"] == [{"need": "Обучение на английском", "count": 1}]
    story.complete("Разобрать результаты", decisions=[DECISION], best_practice="Показывать расчёт выгоды до цены")
    is_assigned(story)
    with story.env.sessions() as session:
        given = session.scalars(select(Assignment)).one()
        assert given.executor_id is not None
        kept = session.scalars(select(KnowledgeItem).where(KnowledgeItem.body.contains("расчёт выгоды"))).one()
    assert kept.kind == "case"


def test_a_review_without_decisions_ends_at_once(story: Story) -> None:
    begin(story, "practice_review", "elena")
    story.complete("Разобрать результаты", decisions=[], staff_conclusions="Команда справляется")
    assert story.instance.status == "completed"


def test_a_quarter_brings_a_review_by_itself_and_a_year_the_diagnosis(story: Story) -> None:
    story.wait("P3M")
    assert "Разобрать результаты" in story.open
    story.complete("Разобрать результаты", by="elena", decisions=[DECISION])
    with story.env.sessions() as session:
        given = session.scalars(select(Assignment)).one()
    assert given.issuer_id != given.executor_id
    story.wait("P10M")
    assert "Заполнить 32 показателя" in story.open


def test_a_diagnosis_is_compared_with_the_last_and_its_plan_assigned(story: Story) -> None:
    """R061-R064."""
    begin(story, "diagnostic", "dmitry")
    story.complete("Заполнить 32 показателя", by="dmitry", marks=marks(story, "+", funnel="-", loyalty="+/-"))
    seen = story.variables_of("Наметить план")["diagnosed"]
    assert (seen["plus"], seen["half"], seen["minus"], seen["changes"]) == (30, 1, 1, [])
    assert [row["title"] for row in seen["weak"]] == ["Управление лояльностью", "Воронка продаж"]
    story.complete("Наметить план", by="dmitry", diagnosis_plan="Строить воронку каждую неделю", decisions=[])
    assert story.instance.status == "completed"

    begin(story, "diagnostic", "dmitry")
    story.complete("Заполнить 32 показателя", by="dmitry", marks={"funnel": "+"})
    again = story.variables_of("Наметить план")["diagnosed"]
    assert [(row["title"], row["before"], row["ours"]) for row in again["changes"]] == [("Воронка продаж", "−", "+")]
    story.complete("Наметить план", by="dmitry", diagnosis_plan="Заняться лояльностью", decisions=[DECISION])
    is_assigned(story)
    with story.env.sessions() as session:
        rows = session.scalars(select(Diagnosis).order_by(Diagnosis.id)).all()
    assert [row.plan for row in rows] == ["Строить воронку каждую неделю", "Заняться лояльностью"]
    assert all(row.filled_by for row in rows)


def test_a_new_matrix_is_approved_with_its_consequences_in_sight(story: Story) -> None:
    """R006, R011, R016."""
    before = in_force(story)
    begin(story, "matrix_review", "nina")
    draft = story.variables_of("Предложить изменения матрицы")["matrix_id"]
    story.act("nina", matrix.move_segment, int(draft), "trade_sme", -1)
    story.complete(
        "Предложить изменения матрицы", matrix_decision="propose", matrix_direction="rebuild",
        matrix_reason="Торговля растёт быстрее",
    )  # fmt: skip
    story.complete("Оценить последствия", impact_decision="send")
    story.complete("Утвердить матрицу", by="dmitry", matrix_approval="remarks", matrix_remark="Проверьте правила")
    story.complete("Предложить изменения матрицы", matrix_decision="propose", matrix_reason="Правила проверены")
    story.complete("Оценить последствия", impact_decision="send")
    story.complete("Утвердить матрицу", by="dmitry", matrix_approval="approve")
    assert in_force(story) == before + 1
    assert story.instance.status == "completed"


def test_a_matrix_may_stay_as_it_is(story: Story) -> None:
    before = in_force(story)
    begin(story, "matrix_review", "nina")
    story.complete("Предложить изменения матрицы", matrix_decision="leave", matrix_reason="Причин менять нет")
    assert in_force(story) == before
    with story.env.sessions() as session:
        assert session.scalars(select(Matrix).where(Matrix.status == "draft")).all() == []


def in_force(story: Story) -> int:
    with story.env.sessions() as session:
        return int(session.scalars(select(Matrix.version).where(Matrix.status == "in_force")).one())


def _need(work: Any, client_id: int, need: str) -> None:
    work.session.add(Interest(client_id=client_id, need=need, at=work.now))

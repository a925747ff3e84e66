"""Complaints from the first word to the closed case: R108-R114, R122, R271-R276."""
from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from engine import tasks
from engine.crm import complaints as verbs
from engine.errors import Forbidden, WrongState
from engine.models import AuditEvent, Complaint, KnowledgeItem
from engine.vocabulary import ControlPointStatus, InstanceStatus
from engine.work import SYSTEM, Work, run
from tests.stories import complaints, steps
from tests.stories.complaints import REGISTER
from tests.stories.story import Story


def test_a_complaint_is_acknowledged_looked_into_remedied_answered_and_verified(story: Story) -> None:
    """R111-R114: and every step keeps its moment (R276)."""
    complaints.comes(story)
    complaints.acknowledged(story)
    assert "Ж-0001/26" in str(story.mailbox.letter("Ваше обращение принято")["Subject"])
    assert "16 декабря 2026" in story.text_of("complaint_acknowledgement")
    complaints.assigned(story)
    complaints.investigated(story)
    complaints.remedied(story)
    complaints.answered(story)
    complaints.verified(story)
    complaints.closed(story)
    row = complaints.of(story)
    assert (row.stage, row.outcome, row.verdict, row.cause) == ("closed", "satisfied", "justified", "handover")
    moments = [getattr(row, f"{stage}_at") for stage in verbs.STAGES[1:]]
    assert moments == sorted(moments)
    assert story.instance.status == InstanceStatus.COMPLETED
    assert story.open == []
    assert {point.status for point in story.points("CP-19")} == {ControlPointStatus.MET}
    assert story.chain_is_whole()


def test_a_complaint_that_is_not_justified_is_answered_all_the_same(story: Story) -> None:
    complaints.comes(story)
    complaints.acknowledged(story)
    complaints.assigned(story)
    complaints.investigated(story, "unjustified")
    assert story.open == ["Составить ответ"]
    complaints.answered(story, "refused")
    complaints.verified(story)
    complaints.closed(story)
    row = complaints.of(story)
    assert (row.verdict, row.decision, row.remedied_at) == ("unjustified", "refused", None)


@pytest.mark.begins_at("handover")
def test_money_is_returned_when_that_is_the_remedy(story: Story) -> None:
    """R113: the refund has its own procedure and approvals."""
    sale = story.instance_id
    deal = story.deal_id
    complaints.comes(story, complaint_deal=deal)
    complaints.acknowledged(story)
    complaints.assigned(story)
    complaints.investigated(story)
    complaints.remedied(story, "refund")
    story.complete("Зарегистрировать заявление")
    story.complete("Определить основание возврата", refund_due="due")
    spent = [{"name": "Площадка", "proof": "п/п 55", "sum": "266000.00"}]
    story.complete("Посчитать расходы", refund_expenses=spent)
    story.approve("lawyer")
    story.approve("director")
    story.send()
    story.complete("Получить подписанное соглашение", refund_answer="signed")
    story.complete("Перечислить деньги клиенту", refund_reference="77")
    complaints.answered(story)
    assert story.deal["paid"] == Decimal("266000.00")
    assert complaints.of(story).remedy == "refund: Извинились, дали запись"
    assert sale != story.instance_id


def test_who_is_not_satisfied_is_heard_once_more_by_the_director(story: Story) -> None:
    complaints.comes(story)
    complaints.acknowledged(story)
    complaints.assigned(story)
    complaints.investigated(story)
    complaints.remedied(story)
    complaints.answered(story)
    complaints.verified(story, "unsatisfied", verify_note="Извинений мало")
    assert story.performer(story.task("Найти причину")) == "dmitry"
    complaints.investigated(story)
    complaints.remedied(story)
    complaints.answered(story)
    complaints.verified(story, "unsatisfied", verify_note="Всё равно мало")
    assert story.open == ["Пополнить базу знаний"]
    complaints.closed(story)
    row = complaints.of(story)
    assert (row.reopened, row.outcome, row.unit) == (1, "unsatisfied", "director")


@pytest.mark.parametrize(("kind", "days"), [("person", 10), ("legal", 30)])
def test_the_director_is_told_before_the_hard_limit(story: Story, kind: str, days: int) -> None:
    """R275: ten calendar days for a consumer, thirty for a company; nobody may forget the answer."""

    def becomes(work: Work) -> None:
        verbs.clients.find(work.session, 1).kind = kind

    run(story.env, SYSTEM, becomes)
    complaints.comes(story)
    row = complaints.of(story)
    assert row.term_at is not None
    assert row.term_at - row.received_at == timedelta(days=days)
    complaints.acknowledged(story)
    complaints.assigned(story)
    warning = story.env.calendar("main").before(row.term_at, "P2BD")
    story.until(warning - timedelta(minutes=1))
    assert "Не пропустить срок закона" not in story.open
    story.until(warning)
    assert "Не пропустить срок закона" in story.open
    assert "Найти причину" in story.open, "the work on it goes on"
    story.complete("Не пропустить срок закона", limit_decision="Отвечаю сам сегодня")


def test_the_one_complained_of_cannot_take_it(story: Story) -> None:
    """R274: not as the responsible, not by claiming the task, not by being given it."""
    complaints.comes(story, complaint_against="quentin")
    complaints.acknowledged(story)
    task = story.task("Назначить ответственного")
    with pytest.raises(Forbidden):
        story.act("quentin", tasks.claim, task.id)
    with pytest.raises(WrongState):
        story.act("elena", tasks.reassign, task.id, person(story, "quentin"), "пусть сам")
    row = complaints.of(story)
    with pytest.raises(Forbidden):
        story.act("elena", verbs.assign, row.id, "quentin")
    handlers = story.variables_of("Назначить ответственного")["complaint"]["handlers"]
    assert "quentin" not in {one["value"] for one in handlers}
    story.act("elena", tasks.reassign, task.id, person(story, "elena"), "служба качества сама под вопросом")
    complaints.assigned(story, "elena")
    assert story.performer(story.task("Найти причину")) == "elena"


def test_a_complaint_is_passed_to_another_unit_and_the_reason_stays_in_the_log(story: Story) -> None:
    """R274, AT-22."""
    complaints.comes(story)
    complaints.acknowledged(story)
    complaints.assigned(story)
    story.complete("Найти причину", investigation="pass", pass_unit="delivery", pass_reason="Это их площадка")
    assert story.performer(story.task("Найти причину")) == "pavel"
    with story.env.sessions() as session:
        line = session.query(AuditEvent).filter_by(type="complaint.passed").one()
        assert (line.data["unit"], line.data["reason"]) == (["quality", "delivery"], "Это их площадка")
    complaints.investigated(story)
    row = complaints.of(story)
    with story.env.sessions() as session:
        responsible = session.get(verbs.User, row.responsible_id)
        assert responsible is not None
        assert (responsible.login, row.unit) == ("pavel", "delivery")


def test_another_unit_is_asked_and_the_responsible_goes_on(story: Story) -> None:
    complaints.comes(story)
    complaints.acknowledged(story)
    complaints.assigned(story)
    story.complete("Найти причину", investigation="ask", ask_login="vera", ask_what="Когда пришла оплата?")
    assert story.performer(story.task("Ответить на поручение")) == "vera"
    complaints.carried_out(story, "Двенадцатого")
    assert story.variables_of("Найти причину")["ask_result"] == "Двенадцатого"
    assert story.performer(story.task("Найти причину")) == "quentin"


def test_a_dear_remedy_needs_the_head(story: Story) -> None:
    complaints.comes(story)
    complaints.acknowledged(story)
    complaints.assigned(story)
    complaints.investigated(story)
    complaints.remedied(story, "redo", remedy_cost="80000", remedy_login="pavel")
    story.complete("Согласовать решение", remedy_decision="return", remedy_remark="Слишком дорого")
    complaints.remedied(story, "redo", remedy_cost="20000", remedy_login="pavel")
    assert story.performer(story.task("Ответить на поручение")) == "pavel"
    complaints.carried_out(story, "Провели занятие ещё раз")
    assert complaints.of(story).stage == "remedied"


def test_more_words_about_the_same_are_added_to_the_open_complaint(story: Story) -> None:
    complaints.comes(story)
    first = complaints.of(story)
    complaints.comes(story, registration="join", complaint_join=first.id, complaint_essence="И звук был плохой")
    assert complaints.of(story).id == first.id
    assert complaints.of(story).essence.endswith("И звук был плохой")
    assert story.instance.status == InstanceStatus.COMPLETED


def test_a_writer_from_the_web_is_tied_to_a_client_by_the_registrar(story: Story) -> None:
    told = verbs.Told("Счёт пришёл дважды", channel="web", form="written")
    sender = {"name": "Ким Артём", "contact": "kim@polarstar.example.test", "order": ""}
    run(story.env, SYSTEM, verbs.receive, told, sender, "203.0.113.7")
    story.work()
    seen = story.variables_of(REGISTER)
    assert seen["complaint_sender"] == "Ким Артём, kim@polarstar.example.test"
    assert seen["client_choices"][0]["value"] == 1, "whose contact this is stands first"
    complaints.registers(story, complaint_client=1)
    row = complaints.of(story)
    assert (row.client_id, row.number) == (1, "Ж-0001/26")
    complaints.acknowledged(story)
    assert story.open == ["Назначить ответственного"]


def test_a_defect_of_the_process_is_corrected_without_the_client_waiting(story: Story) -> None:
    """R110, R114: until the cause comes back no more."""
    complaints.comes(story)
    complaints.acknowledged(story)
    complaints.assigned(story)
    complaints.investigated(story, process_defect="yes")
    assert story.open == ["Описать недостаток", "Предложить решение"]
    corrects(story)
    publishes(story)
    story.wait("P60D")
    run(story.env, SYSTEM, again)
    story.complete("Проверить, помогло ли", correction_effect="not_effective")
    assert "Найти коренную причину" in story.open
    story.complete("Найти коренную причину", root_cause_new="Никто не знает о правиле")
    story.complete(
        "Решить, что изменить", correction_kind="training", correction_action="Обучить", correction_owner="pavel"
    )
    complaints.carried_out(story, "Обучили")
    story.wait("P60D")
    story.complete("Проверить, помогло ли", correction_effect="effective")
    assert [point.status for point in story.points("CP-20")] == [ControlPointStatus.MET] * 2
    assert "Найти коренную причину" not in story.open


def person(story: Story, login: str) -> int:
    with story.env.sessions() as session:
        return session.query(verbs.User).filter_by(login=login).one().id


def corrects(story: Story) -> None:
    story.complete("Описать недостаток", correction_step="Передача", correction_cause="handover")
    story.complete("Найти коренную причину", root_cause_new="Нет правила передачи")
    story.complete(
        "Решить, что изменить", correction_kind="model_change", correction_action="Добавить шаг передачи",
        correction_owner="pavel",
    )  # fmt: skip
    complaints.carried_out(story, "Шаг добавлен")


def publishes(story: Story) -> None:
    assert story.performer(story.task("Опубликовать новую версию")) == "maria"
    story.complete("Опубликовать новую версию", correction_version="stage_delivery, версия 2")


def again(work: Work) -> Complaint:
    """The same cause comes back."""
    row = verbs.register(work, 2, verbs.Told("Опять потеряли при передаче"))
    return verbs.classify(work, row.id, "justified", "Та же причина", cause="handover")


def test_what_was_learned_becomes_a_draft_of_the_knowledge_base(story: Story) -> None:
    """R179, R271; and what a client says who leaves is kept (R123)."""
    complaints.comes(story)
    complaints.acknowledged(story)
    complaints.assigned(story)
    complaints.investigated(story, "unjustified")
    complaints.answered(story, "explained")
    complaints.verified(story, "client_lost", verify_note="Ушли к другим из-за сроков")
    story.complete(
        "Пополнить базу знаний", lesson_kind="case", lesson_title="Поздние материалы", lesson_body="Слать раньше"
    )
    with story.env.sessions() as session:
        item = session.query(KnowledgeItem).filter_by(title="Поздние материалы").one()
        assert (item.kind, item.complaint_id) == ("case", complaints.of(story).id)
    assert complaints.of(story).outcome == "client_lost"


@pytest.mark.begins_at("evaluation")
def test_a_low_mark_for_the_manager_keeps_him_away_from_the_complaint(story: Story) -> None:
    """R122, R252."""
    steps.survey(story, survey_manager=2)
    assert story.variables_of(REGISTER)["complaint_against"] == "anna"
    with pytest.raises(Forbidden):
        story.act("anna", tasks.claim, story.task(REGISTER).id)

"""In which order a document is approved: all at once, one after another, by a quorum (R140), and who may not."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from engine import deployments, tasks
from engine.crm import deals
from engine.definitions import Library
from engine.errors import Forbidden, WrongState
from engine.models import AuditEvent, Document, Notice, UserTask
from engine.queries import desk, deviations
from engine.vocabulary import DocumentStatus
from tests.cast import actor
from tests.engine.docx_files import docx
from tests.stories import steps
from tests.stories.steps import upload
from tests.stories.story import Story

FOLDER = Path(__file__).resolve().parents[2] / "processes" / "document"
ALL, IN_TURN, VOTE = "Согласовать документ", "Согласовать в свою очередь", "Проголосовать за документ"


def contract(story: Story, mode: str, quorum: int = 0, stops: bool = True) -> None:
    """A contract so large that lawyer, accountant and director approve it, in the order the company has chosen."""
    table = (FOLDER / "approval_mode.dmn").read_text("utf-8").replace('"refund_agreement"', '"contract"')
    table = table.replace('"sequential"', f'"{mode}"')
    table = table.replace("<text>0</text>", f"<text>{quorum}</text>", 1)
    table = table.replace("<text>true</text>", f"<text>{str(stops).lower()}</text>", 1)
    files = {f"processes/document/{one.name}": one.read_bytes() for one in FOLDER.glob("*.bpmn")}
    files["processes/document/approval_mode.dmn"] = table.encode()
    story.env.library = Library()  # the other stories share one, and know other tables by the same version
    story.act("maria", deployments.publish, files)
    opened = story.act("anna", deals.open_deal, 1, "Годовая программа")
    story.deal_id = opened.id
    story.act("anna", deals.set_lines, opened.id, [{**steps.LINES[0], "price": "600000.00"}])
    given = {
        "doc_kind": "contract", "doc_layout": "sale/contract", "doc_validity": None, "doc_previous": None,
        "doc_data": {"terms": {"payment_days": 5}}, "special_terms": None, "needs_approval": True, "doc_to": None,
        "doc_subject": "Договор", "doc_body": "Договор", "doc_due": "P1BD",
    }  # fmt: skip
    story.begin_about(opened.id, "doc_issue", by="maria", variables=given)


def latest(story: Story) -> Document:
    return story.documents("contract")[-1]


def withdrawn(story: Story) -> list[dict[str, Any]]:
    """What the log says of approvals that nobody needs any more."""
    with story.env.sessions() as session:
        query = select(AuditEvent.data).where(AuditEvent.type == "user_task.withdrawn").order_by(AuditEvent.id)
        return [dict(data) for data in session.scalars(query)]


# --- all at once -----------------------------------------------------------------------------------------------------


def test_all_at_once_everybody_is_asked_and_everybody_must_agree(story: Story) -> None:
    contract(story, "parallel")
    assert story.open == [ALL] * 3
    for group in ("director", "lawyer", "accountant"):
        assert latest(story).locked_at is None
        story.approve(group)
    assert latest(story).status == DocumentStatus.APPROVED


def test_all_at_once_the_rejection_of_one_ends_it_for_the_others_who_are_told(story: Story) -> None:
    contract(story, "parallel")
    story.approve("director", decision="reject", remark="Не сейчас")
    assert story.open == []
    assert latest(story).status == DocumentStatus.DRAFT
    assert [line["decided"] for line in withdrawn(story)] == ["reject", "reject"]


def test_no_approver_is_shown_what_another_one_answered_as_a_round_of_his_own(story: Story) -> None:
    contract(story, "parallel")
    story.approve("lawyer", decision="remarks", remark="Нет срока оплаты")
    assert earlier(story, ALL, "accountant") == []
    for group in ("director", "accountant"):
        story.approve(group)
    story.complete("Доработать документ", special_terms="Оплата за 10 дней", correction_note="Добавлен срок")
    assert earlier(story, ALL, "lawyer") == ["Нет срока оплаты"]


def test_in_turn_no_approver_is_shown_the_answers_before_as_rounds_of_his_own(story: Story) -> None:
    contract(story, "sequential")
    story.approve("lawyer")
    assert earlier(story, IN_TURN, "accountant") == []


def earlier(story: Story, name: str, group: str) -> list[str | None]:
    """The remarks of the earlier rounds that the page of an approver shows beside the form."""
    with story.env.sessions() as session:
        task = session.get_one(UserTask, story.task_of(name, group).id)
        found = desk.around(session, task, actor(story.env, story.performer(task)), story.variables_of(name))
        return [one.outcome["approval_remark"] for one in found.rounds if one.outcome]


# --- one after another -----------------------------------------------------------------------------------------------


def test_in_turn_each_sees_the_document_after_the_one_before_has_agreed(story: Story) -> None:
    contract(story, "sequential")
    for group in ("lawyer", "accountant", "director"):
        assert story.open == [IN_TURN]
        story.approve(group)
    assert latest(story).status == DocumentStatus.APPROVED


def test_in_turn_a_remark_stops_the_turn_and_goes_on_from_there_after_the_correction(story: Story) -> None:
    contract(story, "sequential")
    story.approve("lawyer")
    story.approve("accountant", decision="remarks", remark="Нет срока оплаты")
    assert story.open == ["Доработать документ"]
    story.complete("Доработать документ", special_terms="Оплата за 10 дней", correction_note="Добавлен срок")
    story.approve("accountant")
    story.approve("director")
    assert latest(story).version == 2
    assert latest(story).status == DocumentStatus.APPROVED


def test_in_turn_a_rejection_ends_it_and_nobody_after_is_asked(story: Story) -> None:
    contract(story, "sequential")
    story.approve("lawyer", decision="reject", remark="Так нельзя")
    assert story.open == []
    assert withdrawn(story) == []


# --- by a quorum -----------------------------------------------------------------------------------------------------


def test_a_quorum_is_reached_and_the_one_who_is_not_needed_learns_why_his_task_vanished(story: Story) -> None:
    contract(story, "quorum", 2)
    assert story.open == [VOTE] * 3
    story.approve("lawyer")
    assert len(story.open) == 2
    left = story.task_of(VOTE, "accountant").id
    story.approve("director")
    assert latest(story).status == DocumentStatus.APPROVED
    assert [line["decided"] for line in withdrawn(story)] == ["approve"]
    with pytest.raises(WrongState, match="was decided without your vote"):
        story.act("vera", tasks.complete, left, {"approval_decision": "approve"})
    with story.env.sessions() as session:
        told = session.scalars(select(Notice).where(Notice.kind == "approval_withdrawn")).all()
        assert len(told) == 1


def test_a_quorum_that_can_no_longer_be_reached_returns_the_document_with_the_remarks(story: Story) -> None:
    contract(story, "quorum", 2)
    story.approve("lawyer", decision="remarks", remark="Нет неустойки")
    assert len(story.open) == 2
    story.approve("accountant", decision="remarks", remark="Нет срока оплаты")
    assert story.open == ["Доработать документ"]
    given = story.variables_of("Доработать документ")["decisions"]
    assert [(row["title"], row["remark"]) for row in given] == [
        ("Юрист", "Нет неустойки"), ("Бухгалтер", "Нет срока оплаты"),
    ]  # fmt: skip


def test_votes_of_earlier_rounds_count_towards_the_quorum(story: Story) -> None:
    contract(story, "quorum", 3)
    story.approve("lawyer")
    story.approve("accountant", decision="remarks", remark="Нет срока оплаты")
    story.complete("Доработать документ", special_terms="Оплата за 10 дней", correction_note="Добавлен срок")
    assert story.open == [VOTE] * 2
    story.approve("accountant")
    story.approve("director")
    assert latest(story).status == DocumentStatus.APPROVED


def test_one_rejection_stops_a_quorum_where_the_company_wants_it(story: Story) -> None:
    contract(story, "quorum", 2, stops=True)
    story.approve("lawyer", decision="reject", remark="Так нельзя")
    assert story.open == []
    assert latest(story).locked_at is None


def test_one_rejection_is_only_a_vote_where_the_company_wants_that(story: Story) -> None:
    contract(story, "quorum", 2, stops=False)
    story.approve("lawyer", decision="reject", remark="Так нельзя")
    story.approve("accountant")
    story.approve("director")
    assert latest(story).status == DocumentStatus.APPROVED


def test_a_quorum_made_unreachable_by_rejections_is_a_rejection(story: Story) -> None:
    contract(story, "quorum", 2, stops=False)
    story.approve("lawyer", decision="reject", remark="Так нельзя")
    story.approve("accountant", decision="reject", remark="Дорого")
    assert story.open == []
    assert latest(story).locked_at is None


def test_a_quorum_larger_than_the_approvers_are_means_all_of_them(story: Story) -> None:
    contract(story, "quorum", 9)
    for group in ("lawyer", "accountant", "director"):
        story.approve(group)
    assert latest(story).status == DocumentStatus.APPROVED


# --- not the same person ---------------------------------------------------------------------------------------------


def test_one_person_has_one_vote_even_as_a_substitute(story: Story) -> None:
    story.stands_in("lidia", for_whom="vera")
    contract(story, "quorum", 2)
    story.approve("lawyer")
    with pytest.raises(Forbidden):
        story.approve("accountant", by="lidia")
    story.approve("director")
    assert latest(story).status == DocumentStatus.APPROVED


def test_an_absent_approvers_substitute_votes_under_both_names(story: Story) -> None:
    story.stands_in("boris", for_whom="vera")
    contract(story, "quorum", 2)
    story.approve("accountant", by="boris")
    with story.env.sessions() as session:
        done = session.scalars(select(UserTask).where(UserTask.name == VOTE, UserTask.completed_by.is_not(None))).one()
        assert done.completed_for is not None
        assert done.completed_for != done.completed_by


def test_the_owner_of_the_document_does_not_approve_it_for_an_absent_approver(story: Story) -> None:
    story.stands_in("anna", for_whom="lidia")
    contract(story, "parallel")
    with pytest.raises(Forbidden):
        story.approve("lawyer", by="anna")


def test_who_corrected_it_does_not_approve_it_even_for_somebody_else(story: Story) -> None:
    contract(story, "parallel")
    story.approve("lawyer", decision="remarks", remark="Нет неустойки")
    story.approve("accountant")
    story.approve("director")
    story.stands_in("boris", for_whom="anna")
    story.complete("Доработать документ", by="boris", special_terms="Неустойка 5 %", correction_note="Добавлена")
    story.stands_in("boris", for_whom="lidia")
    with pytest.raises(Forbidden):
        story.approve("lawyer", by="boris")
    story.approve("lawyer")
    assert latest(story).status == DocumentStatus.APPROVED


def test_who_stands_in_for_the_owner_may_approve_in_his_own_right(story: Story) -> None:
    """He has not touched the document; it is the owner's, not his."""
    story.stands_in("lidia", for_whom="anna")
    contract(story, "parallel")
    story.approve("lawyer", by="lidia")
    assert story.open == [ALL] * 2


# --- corrected in Word -----------------------------------------------------------------------------------------------


def test_a_file_corrected_in_word_becomes_the_next_version_and_is_marked_as_unusual(story: Story) -> None:
    contract(story, "parallel")
    for group in ("lawyer", "accountant", "director"):
        story.approve(group, decision="remarks", remark="Уточните предмет")
    story.complete("Доработать документ", correction_note="Исправлено в Word",
                   corrected_file=upload(story, docx("Совсем другие слова")))  # fmt: skip
    assert story.text_of("contract").strip() == "Совсем другие слова"
    document = latest(story)
    assert document.version == 2
    with story.env.sessions() as session:
        found = deviations.of(session, story.env, [document.id], document.dated)[document.id]
    assert "wording" in {one.kind for one in found}


def test_a_file_that_is_no_word_document_is_sent_back_and_costs_no_version(story: Story) -> None:
    contract(story, "parallel")
    for group in ("lawyer", "accountant", "director"):
        story.approve(group, decision="remarks", remark="Уточните предмет")
    story.complete("Доработать документ", correction_note="Не тот файл", corrected_file=upload(story, b"%PDF-1.4"))
    assert story.open == ["Доработать документ"]
    assert latest(story).version == 1
    story.complete("Доработать документ", correction_note="По шаблону")
    assert latest(story).version == 2
    assert story.open == [ALL] * 3

"""What goes with a contract: its annexes and the protocol of disagreement (R140, R153, R163)."""
from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from engine.crm import deals
from engine.errors import Invalid
from engine.models import Document
from engine.vocabulary import ControlPointStatus, DocumentStatus
from engine.work import Work
from tests.engine.docx_files import docx
from tests.stories import steps
from tests.stories.steps import upload
from tests.stories.story import Story

PLAN = [
    {"step": "Площадка", "due": "2026-11-30", "who": "Исполнитель", "result": "договор с площадкой"},
    {"step": "Программа", "due": "за неделю до мероприятия", "who": "Заказчик"},
]
DISPUTED = {"clause": "3.3", "company": "В течение 5 рабочих дней", "client": "В течение 15 рабочих дней"}
AGREED = {**DISPUTED, "agreed": "В течение 10 рабочих дней"}


@pytest.mark.begins_at("contract")
def test_annexes_are_made_sent_and_signed_with_their_contract(story: Story) -> None:
    steps.contract_terms(story, contract_annexes=["specification", "plan"], contract_plan=PLAN)
    steps.approve_contract(story)
    story.send()
    letter = story.mailbox.letter("Договор")
    assert [part.get_filename() for part in letter.iter_attachments()] == [
        "Договор возмездного оказания услуг 0001-26.docx", "Спецификация к договору С-0001-26.docx",
        "Календарный план к договору ПЛ-0001-26.docx",
    ]  # fmt: skip
    assert "спецификация (смета), календарный план" in story.text_of("contract")
    assert "к договору № 0001/26" in story.text_of("contract_specification")
    assert "366 000,00" in story.text_of("contract_specification")
    assert "за неделю до мероприятия" in story.text_of("contract_plan")
    story.complete("Получить подписанный договор", contract_decision="signed")
    for kind in ("contract", "contract_specification", "contract_plan"):
        assert [paper.status for paper in story.documents(kind)] == [DocumentStatus.SIGNED]
    assert story.milestones[-1] == "M5"


@pytest.mark.begins_at("contract")
def test_an_annex_follows_its_contract_to_a_new_version_and_is_cancelled_when_it_is_not_wanted(story: Story) -> None:
    steps.contract_terms(story, contract_annexes=["specification", "plan"], contract_plan=PLAN)
    story.approve("lawyer", decision="reject", remark="Срок плана не тот")
    steps.contract_terms(story, "Исправить договор", contract_annexes=["specification"])
    steps.approve_contract(story)
    story.send()
    papers = story.documents("contract_specification")
    assert [(paper.version, paper.number, paper.status) for paper in papers] == [
        (1, "С-0001/26", "superseded"), (2, "С-0001/26", "sent"),
    ]  # fmt: skip
    assert [paper.status for paper in story.documents("contract_plan")] == [DocumentStatus.CANCELLED]
    assert "календарный план" not in story.text_of("contract")


@pytest.mark.begins_at("contract")
def test_a_long_list_of_services_proposes_a_specification(story: Story) -> None:
    lines = [{**steps.LINES[1], "name": f"Услуга {n}", "price": "20000.00"} for n in range(1, 8)]
    story.act("anna", _set_lines, story.deal_id, lines)
    steps.contract_terms(story)
    assert story.open == ["Согласовать документ", "Согласовать документ"]
    assert [paper.status for paper in story.documents("contract_specification")] == [DocumentStatus.DRAFT]
    assert story.documents("contract_plan") == []


@pytest.mark.begins_at("contract")
def test_the_plan_of_the_proposal_is_proposed_for_the_contract(story: Story) -> None:
    dates = [{"_of": str(row), "due": f"до {10 + row} декабря"} for row in range(3)]
    steps.contract_terms(story, contract_annexes=["plan"], contract_plan=dates)
    steps.approve_contract(story)
    assert "Программа\nдо 11 декабря" in story.text_of("contract_plan")


@pytest.mark.begins_at("contract")
def test_disagreements_become_a_protocol_that_both_sides_sign(story: Story) -> None:
    _signed_with_disagreements(story)
    assert story.open == ["Согласовать редакцию спорных пунктов"]
    story.complete("Согласовать редакцию спорных пунктов", disagreement_items=[AGREED])
    story.approve("lawyer")
    story.send()
    assert "В течение 10 рабочих дней" in story.text_of("disagreement")
    assert "к договору № 0001/26" in story.text_of("disagreement")
    story.complete("Получить подписанный протокол разногласий", disagreement_answer="signed")
    assert [paper.status for paper in story.documents("disagreement")] == [DocumentStatus.SIGNED]
    assert [paper.status for paper in story.documents("contract")] == [DocumentStatus.SIGNED]
    assert [point.status for point in story.points("CP-13")] == [ControlPointStatus.MET] * 2
    assert story.milestones[-1] == "M5"


@pytest.mark.begins_at("contract")
def test_another_wording_of_the_client_makes_a_new_version_of_the_protocol(story: Story) -> None:
    _signed_with_disagreements(story)
    story.complete("Согласовать редакцию спорных пунктов", disagreement_items=[AGREED])
    story.approve("lawyer")
    story.send()
    story.complete(
        "Получить подписанный протокол разногласий", disagreement_answer="other", disagreement_note="Не меньше 12 дней"
    )
    again = {**AGREED, "agreed": "В течение 12 рабочих дней"}
    story.complete("Согласовать редакцию спорных пунктов", disagreement_items=[again])
    story.approve("lawyer")
    story.send()
    assert [paper.version for paper in story.documents("disagreement")] == [1, 2]
    assert "В течение 12 рабочих дней" in story.text_of("disagreement")


@pytest.mark.begins_at("contract")
def test_where_no_common_words_are_found_the_deal_ends_with_its_reason(story: Story) -> None:
    _signed_with_disagreements(story)
    story.complete("Согласовать редакцию спорных пунктов", disagreement_items=[AGREED])
    story.approve("lawyer")
    story.send()
    refusal = {"category": "terms", "comment": "Не устроил срок оплаты"}
    story.complete("Получить подписанный протокол разногласий", disagreement_answer="refused", refusal=refusal)
    steps.lose(story)
    assert story.deal["status"] == "lost"
    assert story.deal["refusal"]["category"] == "terms"
    assert [paper.status for paper in story.documents("contract")] == [DocumentStatus.SENT]


# --- the form of the contract (ST3) ----------------------------------------------------------------------------------


@pytest.mark.begins_at("contract")
def test_a_deal_under_a_frame_contract_gets_an_annex_and_no_second_contract(story: Story) -> None:
    frame = _earlier_contract(story)
    steps.contract_terms(
        story, contract_form="frame", frame_contract=str(frame.id), special_terms="Музыку выбирает Заказчик",
        payment_days="7",
    )  # fmt: skip
    steps.approve_contract(story)
    story.send()
    assert [paper.id for paper in story.documents("contract")] == [frame.id]
    (annex,) = story.documents("contract_specification")
    printed = story.text_of("contract_specification")
    assert "к договору № 0001/26" in printed
    assert "в течение 7 (семи) рабочих дней" in printed
    assert "Музыку выбирает Заказчик" in printed
    story.complete("Получить подписанный договор", contract_decision="signed")
    assert story.documents("contract_specification")[0].status == DocumentStatus.SIGNED
    assert story.milestones[-1] == "M5"
    assert f"Договор № {frame.number} от" in story.text_of("invoice"), "the invoice names the contract it is paid by"
    assert annex.deal_id == story.deal_id


@pytest.mark.begins_at("contract")
def test_a_frame_contract_that_has_run_out_is_not_offered(story: Story) -> None:
    frame = _earlier_contract(story, contract_until="2027-01-31")
    story.clock.now += timedelta(days=120)
    with pytest.raises(Invalid):
        steps.contract_terms(
            story, contract_form="frame", frame_contract=str(frame.id), event_at="2027-04-15T10:00"
        )
    assert story.documents("contract_specification") == []


@pytest.mark.begins_at("contract")
def test_the_contract_of_the_client_is_approved_and_sent_as_he_wrote_it(story: Story) -> None:
    words = upload(story, docx("Договор в редакции Заказчика"))
    steps.contract_terms(story, contract_form="client", contract_file=words)
    story.approve("lawyer", decision="remarks", remark="Добавьте срок")
    story.approve("accountant")
    story.complete("Доработать документ", correction_note="Добавлен срок",
                   corrected_file=upload(story, docx("Договор в редакции Заказчика и срок")))  # fmt: skip
    story.approve("lawyer")
    story.send()
    (_, last) = story.documents("contract")
    assert story.text_of("contract").strip() == "Договор в редакции Заказчика и срок"
    assert last.number == "0001/26"
    story.complete("Получить подписанный договор", contract_decision="signed")
    assert story.milestones[-1] == "M5"


@pytest.mark.begins_at("contract")
def test_a_file_of_the_client_that_is_no_word_document_is_asked_for_again(story: Story) -> None:
    steps.contract_terms(story, contract_form="client", contract_file=upload(story, b"%PDF-1.4"))
    assert story.open == ["Исправить договор"]
    steps.contract_terms(
        story, "Исправить договор", contract_form="client", contract_file=upload(story, docx("Договор Заказчика"))
    )
    assert story.open == ["Согласовать документ", "Согласовать документ"]
    assert story.text_of("contract").strip() == "Договор Заказчика"


@pytest.mark.begins_at("contract")
def test_the_last_day_of_the_contract_is_printed_in_it(story: Story) -> None:
    steps.contract(story, contract_until="2027-06-30")
    assert "действует до 30 июня 2027 года" in story.text_of("contract")


@pytest.mark.begins_at("contract")
def test_the_team_and_who_accepts_are_kept_with_the_deal(story: Story) -> None:
    """R228."""
    steps.contract_terms(
        story, contract_team=[{"person": "pavel"}, {"person": "anna"}],
        contract_acceptance="Журавлёва О. И., директор по персоналу",
    )  # fmt: skip
    assert story.deal["team"] == ["pavel", "anna"]
    assert story.deal["acceptance"] == "Журавлёва О. И., директор по персоналу"


def _earlier_contract(story: Story, **filled: Any) -> Document:
    """The deal signs its contract, and the same client comes with another one."""
    steps.contract(story, **filled)
    story.send()
    story.begin("Второй семинар")
    steps.presentation(story)
    steps.proposal(story)
    return story.documents("contract")[0]


def _signed_with_disagreements(story: Story) -> None:
    steps.contract_terms(story)
    steps.approve_contract(story)
    story.send()
    story.complete(
        "Получить подписанный договор", contract_decision="disagreements", disagreement_items=[DISPUTED]
    )


def _set_lines(work: Work, deal_id: int, lines: list[dict[str, Any]]) -> None:
    deals.set_lines(work, deal_id, lines)

"""Surveys of satisfaction: R117-R122, R252."""
from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from engine import instances
from engine.crm import deals, questionnaires, surveys
from engine.errors import Forbidden, WrongState
from engine.models import ClientProduct, Complaint, Consent, Mail, Product, Survey
from engine.work import SYSTEM, Work, run
from tests.stories import steps
from tests.stories.complaints import REGISTER
from tests.stories.story import Story

YEAR = timedelta(days=365)


def asked(story: Story, **named: Any) -> Survey:
    """Somebody asks client 1 by hand."""
    begun = story.act("anna", instances.start, "survey", named, client_id=1)
    story.instance_id = begun.id
    story.work()
    return newest(story)


def newest(story: Story) -> Survey:
    with story.env.sessions() as session:
        return session.query(Survey).order_by(Survey.id.desc()).first() or surveys.find(session, 0)


def bought(story: Story, days: int) -> None:
    """Client 1 has used the first product for so many days."""

    def write(work: Work) -> None:
        since = work.now.date() - timedelta(days=days)
        held = work.session.get(ClientProduct, (1, 1)) or ClientProduct(client_id=1, product_id=1)
        held.used_since = since
        work.session.add(held)

    run(story.env, SYSTEM, write)


def own_questionnaire(story: Story, product_id: int) -> None:
    """The head of products publishes one question about a product."""
    story.act(
        "nina", questionnaires.publish, product_id, title="О тренинге", title_en="About the training",
        questions=[{"key": "trainer", "topic": "product", "text": "Как Вам тренер?", "text_en": "And the trainer?"}],
        open_question=None, open_question_en=None, in_force_from=date(2026, 11, 1),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("scores", "explicitness"), [((5, 4, 2), "explicit"), ((5, 3, 4), "hidden"), ((5, 4, 4), None)]
)
def test_at_13_the_worst_mark_decides_whether_there_is_a_complaint(
    story: Story, scores: tuple[int, ...], explicitness: str | None
) -> None:
    asked(story)
    said = dict(zip(steps.QUESTIONS, (*scores, 5, 5), strict=True))
    story.act("system", surveys.answer_by_link, steps.link(story), surveys.Marks(said))
    story.work()
    if explicitness is None:
        assert story.open == []
    else:
        assert story.open == [REGISTER]
        seen = story.variables_of(REGISTER)
        assert (seen["complaint_explicitness"], seen["complaint_form"]) == (explicitness, "survey")
        assert seen["complaint_priority"] == (80 if explicitness == "explicit" else 65), "hidden waits longer (X12)"
    assert newest(story).minimum == min(scores)


def test_a_one_time_link_is_not_kept_once_its_letter_has_gone(story: Story) -> None:
    asked(story)
    token = steps.link(story)
    assert token in story.mailbox.letters[-1].get_content()
    with story.env.sessions() as session:
        kept = session.scalars(select(Mail.body)).all()
    assert any("/survey/…" in body for body in kept)
    assert not any(token in body for body in kept)


def test_at_14_who_was_asked_a_year_ago_is_asked_again(story: Story) -> None:
    """R117, CP-21: planned twenty working days before the year is over, and again only when nobody is being asked."""
    bought(story, 800)
    row = asked(story)

    def a_year_ago(work: Work) -> None:
        surveys.answer(work, row.id, surveys.Marks(dict.fromkeys(steps.QUESTIONS, 5)), "phone")
        old = surveys.find(work.session, row.id)
        old.answered_at, old.opened_at = work.now - YEAR, work.now - YEAR

    run(story.env, SYSTEM, a_year_ago)
    story.wait("P1D")
    again = newest(story)
    assert (again.id > row.id, again.client_id, again.reason, again.status) == (True, 1, "yearly", "open")
    assert [point.code for point in story.points("CP-21")]
    story.wait("P2D")
    assert newest(story).id == again.id
    story.wait("P5BD")
    assert "Опросить по телефону" in story.open


def test_who_was_asked_lately_or_never_bought_is_left_in_peace(story: Story) -> None:
    bought(story, 100)
    story.wait("P3D")
    with story.env.sessions() as session:
        assert session.query(Survey).count() == 0


def test_at_15_the_first_sale_of_a_product_brings_its_own_questionnaire(story: Story) -> None:
    """R118, R121; a second sale of it does not ask again within a year (X13)."""
    own_questionnaire(story, 2)

    def sold(work: Work) -> tuple[bool, int | None]:
        deal = deals.open_deal(work, 1, "Тренинг")
        deals.set_lines(work, deal.id, [{"product_id": 2}])
        found = surveys.needed(work.session, deal, work.now)
        if found[0]:
            row = surveys.ask(work, 1, "first_sale", product_id=found[1], deal_id=deal.id)
            questionnaire = questionnaires.find(work.session, row.questionnaire_id)
            assert (questionnaire.product_id, questionnaire.title) == (2, "О тренинге")
            surveys.answer(work, row.id, surveys.Marks({"trainer": 5}), "web")
        return found

    assert run(story.env, SYSTEM, sold) == (True, 2)
    story.wait("P1D")
    assert run(story.env, SYSTEM, sold) == (False, None)


def test_a_product_without_a_questionnaire_of_its_own_gets_the_general_one(story: Story) -> None:
    row = asked(story, product_id=3)
    with story.env.sessions() as session:
        assert questionnaires.find(session, row.questionnaire_id).product_id is None


def test_a_new_version_does_not_change_a_survey_that_is_open(story: Story) -> None:
    own_questionnaire(story, 2)
    row = asked(story, product_id=2)
    own_questionnaire(story, 2)
    assert newest(story).questionnaire_id == row.questionnaire_id
    with story.env.sessions() as session:
        assert [one.version for one in questionnaires.versions(session, 2)] == [2, 1]
    with pytest.raises(Forbidden):
        story.act("oleg", questionnaires.withdraw, row.questionnaire_id)


def test_a_client_is_asked_about_one_product_once_at_a_time(story: Story) -> None:
    row = asked(story)
    assert asked(story).id == row.id
    with pytest.raises(WrongState):
        story.act("anna", surveys.ask, 1, "yearly")


def test_the_operator_asks_on_the_phone_with_the_products_own_questions(story: Story) -> None:
    """R252."""
    own_questionnaire(story, 2)
    asked(story, product_id=2)
    story.wait("P5BD")
    seen = story.variables_of("Опросить по телефону")["survey_marks"]
    assert [one["text"] for one in seen] == ["Как Вам тренер?"]
    story.complete(
        "Опросить по телефону", phone_result="answered", survey_marks=[{"score": 4}], survey_wants_call=True,
        survey_comment="Хотим ещё",
    )  # fmt: skip
    row = newest(story)
    assert (row.minimum, row.channel, row.comment) == (4, "phone", "Хотим ещё")
    story.complete("Поблагодарить и выслушать", thanks_note="Договорились на весну")
    assert story.open == []


def test_a_link_that_is_used_while_the_operator_calls_ends_his_task(story: Story) -> None:
    asked(story)
    story.wait("P5BD")
    assert story.open == ["Опросить по телефону"]
    steps.survey(story)
    assert story.open == []
    assert newest(story).channel == "web"


def test_who_refuses_or_is_not_reached_is_not_asked_again_soon(story: Story) -> None:
    asked(story)
    story.wait("P5BD")
    story.complete("Опросить по телефону", phone_result="refused")
    assert newest(story).status == "refused"
    assert story.open == []


def test_who_objected_is_not_written_to(story: Story) -> None:
    """3.7: a withdrawn consent and the stop list are respected."""

    def objected(work: Work) -> None:
        for contact in surveys.clients.find(work.session, 1).contacts:
            work.session.add(
                Consent(contact_id=contact.id, purpose="survey", channel="any", text_version="1",
                        given_at=work.now - YEAR, withdrawn_at=work.now - timedelta(days=1))
            )  # fmt: skip

    run(story.env, SYSTEM, objected)
    asked(story)
    assert newest(story).status == "unanswered"
    assert newest(story).token_hash is None
    assert story.open == []


def test_an_employee_enters_what_the_client_wrote_on_paper(story: Story) -> None:
    row = asked(story)
    marks = surveys.Marks(dict.fromkeys(steps.QUESTIONS, 3))
    with pytest.raises(Forbidden):
        story.act("artem", surveys.answer_for, row.id, marks, "mail")
    story.act("oleg", surveys.answer_for, row.id, marks, "mail")
    story.work()
    assert story.open == [REGISTER]
    with story.env.sessions() as session:
        assert session.query(Complaint).count() == 0, "the registrar decides what it is"
        assert session.query(Product).count() > 0


@pytest.mark.begins_at("evaluation")
def test_the_sale_goes_on_when_nobody_answers(story: Story) -> None:
    """ST6: not evaluated, and that is no reason to keep the deal open."""
    story.wait("P5BD")
    story.complete("Опросить по телефону", phone_result="no_answer")
    assert story.milestones[-1] == "M8"
    assert {point.status for point in story.points("CP-05")} == {"met"}


@pytest.mark.begins_at("evaluation")
def test_only_fives_bring_a_request_for_a_recommendation(story: Story) -> None:
    """R093."""
    steps.survey(story)
    assert story.open == ["Попросить рекомендацию"]

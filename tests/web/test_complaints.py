"""The pages of complaints, surveys and questionnaires."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.crm import complaints, questionnaires, surveys
from engine.models import Complaint, Group, Membership, Product, Questionnaire, Survey
from engine.work import SYSTEM, Work, run
from tests.web.conftest import Visitor
from tests.web.world import World


@pytest.fixture
def complaint(world: World) -> int:
    """About the company's first client; it stands with the responsible, the delivery department has it now."""

    def make(work: Work) -> int:
        work.session.merge(Group(key="delivery", title="Производственный отдел", title_en="Delivery"))
        work.session.flush()
        row = complaints.register(work, world.client, complaints.Told("Опоздали на час", demand="Скидка"))
        complaints.assign(work, row.id, "gleb")
        complaints.pass_on(work, row.id, "delivery", "Это их площадка")
        complaints.assign(work, row.id, "yuri")
        return row.id

    return run(world.env, SYSTEM, make)


def test_at_22_the_list_shows_stage_days_in_it_responsible_and_cause_and_filters_by_interval(
    visitor: Visitor, world: World, complaint: int
) -> None:
    def found(work: Work) -> None:
        complaints.classify(work, complaint, "justified", "Не было правила", cause="instruction")

    run(world.env, SYSTEM, found)
    today = world.clock.now.date()
    world.clock.now += timedelta(days=3)
    visitor.sign_in("gleb")
    page = visitor.get("/complaints").text
    for shown in ("Ж-0001/26", "причина найдена", "Юрьев Юрий", "Нет правила или инструкции", ">3<"):
        assert shown in page, shown
    assert "Ж-0001/26" in visitor.get(f"/complaints?since={today}&until={today}").text
    assert "Ж-0001/26" not in visitor.get(f"/complaints?since={today + timedelta(days=1)}").text
    assert "Ж-0001/26" in visitor.get("/complaints?cause=instruction&stage=investigated&q=Опоздали").text
    assert "Ж-0001/26" not in visitor.get("/complaints?cause=skill").text
    assert "Ж-0001/26" not in visitor.get("/complaints?status=closed").text
    assert visitor.get("/complaints?since=nonsense&page=x").status_code == 200


def test_the_page_of_a_complaint_tells_who_passed_it_on_and_what_was_done_for_the_client(
    visitor: Visitor, complaint: int
) -> None:
    visitor.sign_in("gleb")
    page = visitor.get(f"/complaints/{complaint}").text
    for shown in ("Опоздали на час", "Скидка", "передана другому отделу", "Это их площадка", "Производственный отдел"):
        assert shown in page, shown


def test_a_manager_sees_the_complaints_of_his_clients_only(visitor: Visitor, world: World, complaint: int) -> None:
    def belongs(work: Work) -> None:
        complaints.clients.find(work.session, world.client).owner_id = world.people["anna"]

    run(world.env, SYSTEM, belongs)
    visitor.sign_in("boris")
    assert "Ж-0001/26" not in visitor.get("/complaints").text
    assert visitor.get(f"/complaints/{complaint}").status_code == 404
    visitor.post("/signout", page="/help")
    visitor.sign_in("anna")
    assert visitor.get(f"/complaints/{complaint}").status_code == 200


def test_an_employee_enters_answers_on_paper_and_the_page_shows_them(visitor: Visitor, world: World) -> None:
    row: Survey = run(world.env, SYSTEM, surveys.ask, world.client, "yearly")
    path = f"/surveys/{row.id}"
    visitor.sign_in("adam")
    assert visitor.post(f"{path}/answer", {"q-result": "9"}, page=path).status_code == 422
    marks = {f"q-{question['key']}": "3" for question in questionnaires.GENERAL["questions"]}
    assert visitor.post(f"{path}/answer", marks | {"comment": "Так себе"}, page=path).status_code == 302
    page = visitor.get(path).text
    assert "скрытое недовольство" in page
    assert "Так себе" in page
    assert visitor.get("/surveys?status=answered").text.count(f'href="{path}"') == 1


def test_a_questionnaire_is_published_in_versions(visitor: Visitor, world: World) -> None:
    """R118, R119."""

    def product(work: Work) -> int:
        found = work.session.query(Product).first()
        if found is None:
            found = Product(code="T-1", name="Тренинг", price=1)
            work.session.add(found)
            work.session.flush()
        return found.id

    path = f"/questionnaires/{run(world.env, SYSTEM, product)}"
    visitor.sign_in("adam")
    sent = {"title": "О тренинге", "title_en": "Training", "text-0": "Как Вам?", "text_en-0": "How was it?",
            "topic-0": "product", "in_force_from": "2026-11-01"}  # fmt: skip
    assert visitor.post(path, sent | {"text_en-0": ""}, page=path).status_code == 422
    assert visitor.post(path, sent | {"in_force_from": "soon"}, page=path).status_code == 422
    assert visitor.post(path, sent, page=path).status_code == 302
    assert visitor.post(path, sent | {"text-0": "Как?"}, page=path).status_code == 302
    with world.env.sessions() as session:
        assert [row.version for row in session.query(Questionnaire).order_by(Questionnaire.id)] == [1, 2]
    assert "О тренинге" in visitor.get("/questionnaires").text


def test_only_those_who_keep_questionnaires_publish_them(visitor: Visitor, world: World) -> None:
    visitor.sign_in("anna")
    assert visitor.post("/questionnaires/0", {"title": "x"}, page="/questionnaires/0").status_code == 403
    assert visitor.get("/questionnaires/0").status_code == 200
    with world.env.sessions() as session:
        assert session.query(Complaint).count() == session.query(Membership).filter_by(group_key="none").count() == 0

"""Assignments by clicking: issued from a client's page in two clicks, listed, taken back."""
from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.identity import hash_password
from engine.models import Complaint, User
from engine.web import create_web
from engine.work import SYSTEM, unit_of_work
from tests.stories.story import Story
from tests.stories.test_assignment import WORK, accept, issue, one
from tests.web.conftest import Visitor
from tests.web.world import PASSWORD


@pytest.fixture
def visit(story: Story) -> Callable[[str], Visitor]:
    """Somebody of the company with a browser of his own."""
    with unit_of_work(story.env, SYSTEM) as work:
        for user in work.session.query(User):
            user.password_hash = hash_password(PASSWORD)
    app = create_web(story.env, {"TESTING": True, "SECRET_KEY": "only for tests"})
    return lambda login: Visitor(app).sign_in(login)


def test_the_button_on_a_clients_page_opens_the_form_at_once(story: Story, visit: Callable[[str], Visitor]) -> None:
    visitor = visit("anna")
    assert 'name="client" value="1"' in visitor.get("/clients/1").text
    answer = visitor.post("/assignments", {"client": "1"}, page="/clients/1")
    assert answer.status_code == 302
    assert "/tasks/" in answer.location
    page = visitor.get(answer.location).text
    assert "Новое поручение" in page
    assert "Петров Борис" in page


def test_lists_show_what_one_issued_and_what_one_was_given(story: Story, visit: Callable[[str], Visitor]) -> None:
    issue(story)
    number = one(story).number
    visitor = visit("boris")
    given = visitor.get("/assignments").text
    assert number in given
    assert "/tasks/" in given
    assert number not in visitor.get("/assignments?list=issued").text
    assert number not in visitor.get("/assignments?list=given&closed=1").text
    visitor = visit("anna")
    assert number in visitor.get("/assignments?list=issued").text
    assert number not in visitor.get("/assignments?list=given").text
    assert "list=all" not in visitor.get("/assignments").text
    visitor = visit("elena")
    assert number in visitor.get("/assignments?list=all").text


def test_the_issuer_takes_it_back_and_says_why(story: Story, visit: Callable[[str], Visitor]) -> None:
    issue(story)
    accept(story)
    number = one(story).id
    visitor = visit("boris")
    visitor.post(f"/assignments/{number}/cancel", {"reason": "Не хочу"})
    visitor = visit("anna")
    visitor.post(f"/assignments/{number}/cancel", {"reason": ""}, page="/assignments?list=issued")
    story.work()
    assert one(story).status == "accepted"
    visitor.post(f"/assignments/{number}/cancel", {"reason": "Передумали"}, page="/assignments?list=issued")
    story.work()
    assert one(story).status == "cancelled"
    assert one(story).number in visitor.get("/assignments?list=issued&closed=1").text


def test_an_assignment_about_a_complaint_knows_its_client_and_the_complaint(
    story: Story, visit: Callable[[str], Visitor]
) -> None:
    with unit_of_work(story.env, SYSTEM) as work:
        told = {"channel": "phone", "form": "oral", "explicitness": "explicit", "origin": "client"}
        moments = {"stage_at": work.now, "received_at": work.now}
        work.session.add(Complaint(number="Ж-1", client_id=2, essence="Опоздали", **told, **moments))
    visitor = visit("quentin")
    assert 'name="complaint" value="1"' in visitor.get("/complaints/1").text
    answer = visitor.post("/assignments", {"complaint": "1"}, page="/complaints/1")
    assert answer.status_code == 302
    story.complete("Выдать поручение", by="quentin", assignment_executor="boris", **WORK)
    assert (one(story).client_id, one(story).complaint_id) == (2, 1)

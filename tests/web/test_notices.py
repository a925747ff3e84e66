"""The bell, the list behind it, and how one chooses to be told."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from engine import comments
from engine import tasks as verbs
from engine.crm import assignments
from engine.models import Assignment, Notice, NoticeChoice, NoticeHabit
from engine.work import SYSTEM, unit_of_work
from tests.web import world as worlds
from tests.web.conftest import Visitor


@pytest.fixture
def anna(visitor: Visitor, world: worlds.World) -> Visitor:
    """Anna, whom her head mentions and gives a task."""
    world.do("gleb", comments.write, world.instance, "@anna посмотрите", task_id=world.task("approve").id)
    other = world.task("prepare", world.foreign_instance)
    world.do("gleb", verbs.reassign, other.id, world.people["anna"], "Борис в отпуске")
    return visitor.sign_in("anna")


def test_the_bell_counts_what_has_not_been_read_on_every_page(anna: Visitor) -> None:
    for page in ("/help", "/notices", "/deals"):
        bell = re.search(r'class="bell.*?</a>', anna.get(page).text, re.S)
        assert bell is not None
        assert '<span class="count count-late">2</span>' in bell[0]
        assert "непрочитанных" in bell[0]


def test_the_bell_alone_is_asked_for_once_a_minute_and_a_script_that_is_signed_out_is_told(
    anna: Visitor, app: Flask
) -> None:
    assert 'data-bell="/notices/bell"' in anna.get("/help").text
    alone = anna.get("/notices/bell").text
    assert 'data-unread="2"' in alone
    assert "<html" not in alone
    assert Visitor(app).get("/notices/bell", Sec_Fetch_Dest="empty").status_code == 401


def test_interventions_and_pauses_are_topics_of_their_own(anna: Visitor) -> None:
    page = anna.get("/me/notifications").text
    assert 'name="topic_interventions"' in page
    assert 'name="topic_pauses"' in page


def test_a_notice_leads_to_what_it_is_about_and_is_read_then(anna: Visitor, world: worlds.World) -> None:
    page = anna.get("/notices").text
    assert "Громов Глеб упоминает вас (Предложение по сделке С-0001/26): @anna посмотрите" in page
    forms = re.findall(r'action="(/notices/\d+/open)"', page)
    places = {anna.post(form, page="/notices").location for form in forms}
    assert places == {
        f"/tasks/{world.task('approve').id}#talk", f"/tasks/{world.task('prepare', world.foreign_instance).id}",
    }  # fmt: skip
    assert "Ничего нового" in anna.get("/notices").text
    assert "упоминает вас" in anna.get("/notices?show=all").text


def test_the_notices_of_others_are_nobodys_business(anna: Visitor, world: worlds.World, app: Flask) -> None:
    with world.env.sessions() as session:
        mine = session.query(Notice).filter_by(user_id=world.people["anna"]).first()
    assert mine is not None
    boris = Visitor(app).sign_in("boris")
    assert "посмотрите" not in boris.get("/notices?show=all").text
    assert boris.post(f"/notices/{mine.id}/open", page="/notices").status_code == 404


def test_all_at_once_or_by_looking_at_the_case(anna: Visitor, world: worlds.World) -> None:
    page = f"/instances/{world.instance}"
    assert f'hx-post="{page}/notices/read"' in anna.get(page).text
    assert anna.post(f"{page}/notices/read", page=page).status_code == 204
    assert f'hx-post="{page}/notices/read"' not in anna.get(page).text
    assert anna.post("/notices/read", page="/notices").location == "/notices"
    assert 'class="count count-late"' not in anna.get("/notices").text


def test_one_chooses_how_to_be_told(anna: Visitor, world: worlds.World) -> None:
    page = "/me/notifications"
    assert re.search(r'name="topic_tasks" value="now"[^>]* checked', anna.get(page).text)
    sent = {"topic_tasks": "digest", "digest_hour": "8", "quiet": "hours", "quiet_from": "20:30", "quiet_until": "7:00"}
    assert anna.post(page, sent, page=page).location == page
    shown = anna.get(page).text
    assert re.search(r'name="topic_tasks" value="digest"[^>]* checked', shown)
    assert 'value="20:30"' in shown
    assert 'value="07:00"' in shown
    with world.env.sessions() as session:
        assert session.query(NoticeChoice).filter_by(topic="tasks").one().channel == "digest"
        habit = session.query(NoticeHabit).one()
    assert (habit.digest_hour, habit.quiet) == (8, "hours")


def test_what_is_not_offered_is_refused(anna: Visitor, world: worlds.World) -> None:
    anna.post("/me/notifications", {"topic_tasks": "shout"}, page="/me/notifications")
    assert "Выберите из списка" in anna.get("/me/notifications").text
    with world.env.sessions() as session:
        assert session.query(NoticeChoice).count() == 0


def test_who_wrote_a_proposal_hears_that_it_is_decided(visitor: Visitor, world: worlds.World) -> None:
    world.do("gleb", verbs.complete, world.task("approve").id, {"agreed": True})
    visitor.sign_in("anna")
    page = visitor.get("/notices").text
    assert "Громов Глеб — принято решение по «Согласовать предложение» (Предложение по сделке С-0001/26)" in page


def test_who_issued_an_assignment_hears_that_it_is_accepted_and_the_executor_that_it_is_done(
    visitor: Visitor, world: worlds.World
) -> None:
    with unit_of_work(world.env, SYSTEM) as w:
        given = Assignment(number="П-2026-0007", what="Проверить склад", issuer_id=world.people["gleb"],
                           executor_id=world.people["anna"], due_at=w.now, issued_at=w.now)  # fmt: skip
        w.session.add(given)
        w.session.flush()
        assignments.accept(w, given.id, "anna")
        assignments.finish(w, given.id, "gleb")
    visitor.sign_in("anna")
    assert "Громов Глеб — результат поручения П-2026-0007 принят: Проверить склад" in visitor.get("/notices").text
    with world.env.sessions() as session:
        told = {(one.user_id, one.kind) for one in session.query(Notice)}
    assert told == {
        (world.people["gleb"], "assignment_accepted"), (world.people["anna"], "assignment_finished"),
    }  # fmt: skip

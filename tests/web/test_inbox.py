"""The inbox: what stands in which tab, how it is narrowed and kept, what is done to many at once."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from engine import audit, filters, tasks
from engine.crm import clients
from engine.filters import Query
from engine.models import AuditEvent, Client, ProcessInstance, SavedFilter, UserTask
from engine.queries import behalf, inbox
from engine.work import SYSTEM, Work, run
from tests.web import world as worlds
from tests.web.conftest import Visitor


def names(world: worlds.World, login: str, tab: str, **query: str) -> list[int]:
    with world.env.sessions() as session:
        found = inbox.tasks(session, world.actor(login), world.clock.now, tab, Query.read(query))
        assert found.count == len(found.rows)
        return [row.task.id for row in found.rows]


def counts(world: worlds.World, login: str) -> inbox.Counts:
    with world.env.sessions() as session:
        return inbox.counts(session, world.actor(login), world.clock.now)


@pytest.fixture
def free(world: worlds.World) -> UserTask:
    """Anna and Boris may claim it."""
    return world.task("prepare", world.foreign_instance)


def test_counts_say_how_long_each_list_is(world: worlds.World, free: UserTask) -> None:
    world.do("anna", tasks.claim, free.id)
    world.do("anna", tasks.set_follow_up, free.id, world.clock.now + timedelta(days=2))
    for login in ("anna", "boris", "gleb", "lida"):
        told = counts(world, login)
        for tab in ("mine", "groups", "later", "overdue", "waiting"):
            assert getattr(told, tab) == len(names(world, login, tab)), (login, tab)


def test_what_is_put_off_comes_back_by_itself(world: worlds.World, free: UserTask) -> None:
    world.do("anna", tasks.claim, free.id)
    world.do("anna", tasks.set_follow_up, free.id, world.clock.now + timedelta(days=2))
    assert free.id not in names(world, "anna", "mine")
    assert free.id in names(world, "anna", "later")
    world.clock.now += timedelta(days=2, minutes=1)
    assert free.id in names(world, "anna", "mine")
    assert free.id not in names(world, "anna", "later")


def test_one_waits_for_others_in_what_one_started_and_for_an_answer(world: worlds.World, free: UserTask) -> None:
    approve = world.task("approve")
    assert approve.id in names(world, "anna", "waiting")
    assert approve.id not in names(world, "gleb", "waiting")
    assert free.id not in names(world, "boris", "waiting"), "what one may do oneself is nobody else's turn"
    world.do("boris", tasks.claim, free.id)
    world.do("boris", tasks.delegate, free.id, world.people["lida"])
    assert names(world, "boris", "waiting").count(free.id) == 1
    assert free.id in names(world, "lida", "mine")


@pytest.mark.parametrize(
    "words", ["северный ветер", "ветер СЕВЕРНЫЙ", "7707083893 дополнительное", "орлова", "пусконаладка", "С-0001/26"]
)
def test_words_are_found_in_any_order_in_client_number_contact_and_product(world: worlds.World, words: str) -> None:
    found = names(world, "anna", "groups", words=words)
    assert [world.task("prepare").id != one for one in found] == [True]


def test_a_renamed_client_is_found_by_the_new_name(world: worlds.World) -> None:
    world.do("anna", clients.change_client, world.client, name="ООО «Южный бриз»")
    assert names(world, "anna", "groups", words="бриз")
    assert not names(world, "anna", "groups", words="северный")


def test_filters_narrow_by_procedure_client_date_priority_class_and_group(
    world: worlds.World, free: UserTask
) -> None:
    every = names(world, "anna", "groups")
    assert len(every) > 1
    assert names(world, "anna", "groups", procedure="trial_offer") == every
    assert names(world, "anna", "groups", procedure="other") == []
    assert names(world, "anna", "groups", client="устойчивого") == [free.id]
    assert names(world, "anna", "groups", due="none") == []
    assert free.id in names(world, "anna", "groups", until="2026-12-31")
    assert names(world, "anna", "groups", since="2026-12-31") == []
    assert names(world, "anna", "groups", priority="urgent") == []
    assert names(world, "anna", "groups", group="manager") == every
    assert names(world, "anna", "groups", grade="A") == []
    assert names(world, "anna", "groups", grade="none") == every


def test_of_two_due_in_the_same_hour_the_client_of_the_better_class_comes_first(world: worlds.World) -> None:
    first, second = (world.task("prepare", i) for i in (world.foreign_instance, world.foreign_instance + 1))
    run(world.env, SYSTEM, lambda work: setattr(work.session.get_one(Client, world.client), "abc", "A"))
    at = world.clock.now + timedelta(days=3)
    world.do("gleb", tasks.set_due, first.id, at, "поровну")
    world.do("gleb", tasks.set_due, second.id, at + timedelta(minutes=5), "поровну")
    assert names(world, "anna", "groups") == [second.id, first.id]


def test_an_unknown_filter_changes_nothing_and_none_is_code() -> None:
    assert Query.read({"due": "drop table", "priority": "1 or 1", "since": "yesterday", "what": "x"}) == Query()


def test_a_filter_is_kept_shared_by_who_may_and_forgotten(visitor: Visitor, world: worlds.World) -> None:
    visitor.sign_in("gleb")
    sent = {"name": "Срочное сегодня", "due": "today", "priority": "urgent", "tab": "groups", "share_with": "manager"}
    assert visitor.post("/tasks/filters", sent).status_code == 302
    anna = Visitor(visitor.client.application).sign_in("anna")
    page = anna.get("/tasks").text
    assert "Срочное сегодня" in page
    assert "/tasks?tab=mine&amp;due=today&amp;priority=urgent" in page
    assert "Срочное сегодня" not in Visitor(visitor.client.application).sign_in("lida").get("/tasks").text
    with world.env.sessions() as session:
        kept = session.query(SavedFilter).one()
        assert kept.query == {"due": "today", "priority": "urgent"}
    visitor.post(f"/tasks/filters/{kept.id}/remove")
    with world.env.sessions() as session:
        assert session.query(SavedFilter).count() == 0
        lines = session.query(AuditEvent.type).filter(AuditEvent.type.like("saved_filter.%")).all()
    assert [line[0] for line in lines] == ["saved_filter.saved", "saved_filter.removed"]


def test_only_those_who_may_share_a_filter(world: worlds.World) -> None:
    with pytest.raises(Exception, match="may not do this"):
        world.do("anna", filters.save, "Моё", {"due": "late"}, "manager")
    with pytest.raises(Exception, match="nothing to save"):
        world.do("anna", filters.save, "Пустой", {})
    world.do("anna", filters.save, "Моё", {"due": "late"})
    world.do("anna", filters.save, "Моё", {"due": "week"})
    with world.env.sessions() as session:
        assert [one.query for one in session.query(SavedFilter)] == [{"due": "week"}]


def test_many_are_claimed_at_once_and_what_could_not_be_is_named(visitor: Visitor, world: worlds.World) -> None:
    visitor.sign_in("anna")
    ids = names(world, "anna", "groups")
    world.do("boris", tasks.claim, ids[0])
    answer = visitor.post("/tasks/bulk", {"task": [str(one) for one in ids], "act": "claim", "back": "/tasks"})
    page = visitor.get(answer.location).text
    assert f"{len(ids) - 1} задач" in page
    assert "Петров Борис" in page
    assert set(names(world, "anna", "mine")) == set(ids[1:])


def test_a_claim_and_a_rest_are_taken_back_with_one_button(visitor: Visitor, world: worlds.World) -> None:
    visitor.sign_in("anna")
    one = names(world, "anna", "groups")[0]
    for order, back_in in (({"claim": str(one)}, "mine"), ({"snooze": f"{one}.monday"}, "later")):
        visitor.post("/tasks/bulk", order | {"back": "/tasks"})
        assert one in names(world, "anna", back_in)
        note = re.search(r'<form class="note-undo".*?</form>', visitor.get("/tasks").text, re.S)
        assert note is not None
        fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', note[0]))
        visitor.client.post("/tasks/bulk", data=fields)
        assert one not in names(world, "anna", back_in)


def test_one_click_rests_until_the_office_opens(visitor: Visitor, world: worlds.World) -> None:
    visitor.sign_in("anna")
    one = names(world, "anna", "groups")[0]
    visitor.post("/tasks/bulk", {"snooze": f"{one}.tomorrow"})
    with world.env.sessions() as session:
        until = session.get_one(UserTask, one).follow_up_at
    assert until is not None
    calendar = world.env.calendar("main")
    assert calendar.opens(until) == until
    assert until > world.clock.now


def test_only_overseers_reassign_and_move_dates_of_many(visitor: Visitor, world: worlds.World, free: UserTask) -> None:
    order = {"task": str(free.id), "act": "reassign", "user": str(world.people["anna"]), "reason": "отпуск"}
    visitor.sign_in("anna")
    visitor.post("/tasks/bulk", order)
    assert free.id not in names(world, "anna", "mine")
    head = Visitor(visitor.client.application).sign_in("gleb")
    assert "не изменен" in head.get(head.post("/tasks/bulk", order | {"reason": " "}).location).text
    head.post("/tasks/bulk", order)
    assert free.id in names(world, "anna", "mine")
    order = {"task": str(free.id), "act": "due", "due_at": "2026-12-01T12:00", "due_reason": "просьба"}
    head.post("/tasks/bulk", order)
    assert free.id in names(world, "anna", "mine", since="2026-12-01", until="2026-12-01")


def test_one_comment_goes_to_many(visitor: Visitor, world: worlds.World) -> None:
    visitor.sign_in("anna")
    ids = [str(one) for one in names(world, "anna", "groups")]
    answer = visitor.post("/tasks/bulk", {"task": ids[-1:], "act": "comment", "comment": "Жду прайс до среды"})
    assert "комментарий" in visitor.get(answer.location).text
    assert "Жду прайс до среды" in visitor.get(f"/tasks/{ids[-1]}").text


def test_nothing_is_sent_while_nothing_has_changed(visitor: Visitor, world: worlds.World, free: UserTask) -> None:
    visitor.sign_in("anna")
    page = visitor.get("/tasks?tab=groups").text
    stamp = re.search(r'data-stamp="([^"]+)"', page)
    assert stamp is not None
    quiet = visitor.get("/tasks/changes?tab=groups", X_Stamp=stamp[1])
    assert (quiet.status_code, quiet.text) == (204, "")
    world.do("yuri", filters.save, "Чужой", {"due": "late"})
    elsewhere = visitor.get("/tasks/changes?tab=groups", X_Stamp=stamp[1])
    assert elsewhere.status_code == 204
    assert elsewhere.headers["X-Stamp"] != stamp[1]
    world.do("boris", tasks.claim, free.id)
    fresh = visitor.get("/tasks/changes?tab=groups", X_Stamp=elsewhere.headers["X-Stamp"])
    assert fresh.status_code == 200
    assert f'data-task="{free.id}"' not in fresh.text
    assert 'data-part="tabs"' in fresh.text


def test_what_the_system_did_is_told_to_whose_deal_it_is(visitor: Visitor, world: worlds.World) -> None:
    def act(work: Work) -> None:
        instance = work.session.get_one(ProcessInstance, world.instance)
        audit.record(work, "document.issued", instance=instance, subject=f"document:{world.document}")
        audit.record(work, "deal.milestone_reached", subject=f"deal:{world.deal}", milestone=["M2", "M3"])

    before = world.clock.now
    world.clock.now += timedelta(hours=1)
    run(world.env, SYSTEM, act)
    with world.env.sessions() as session:
        told = behalf.deeds(session, world.actor("anna"), before + timedelta(minutes=1))
        assert behalf.deeds(session, world.actor("boris"), before + timedelta(minutes=1)) == []
    assert [one.type for one in told] == ["deal.milestone_reached", "document.issued"]
    visitor.sign_in("anna")
    assert "Коммерческое предложение КП-0001/26" in visitor.get("/tasks/done-for-me").text


def test_a_line_says_whose_client_until_when_and_that_it_is_begun(visitor: Visitor, free: UserTask) -> None:
    visitor.sign_in("anna")
    visitor.post(f"/tasks/{free.id}/claim")
    visitor.post(f"/tasks/{free.id}/draft", {"subject": "Половина"})
    page = visitor.get("/tasks").text
    assert "АО «Технологии устойчивого развития" in page
    assert "начата" in page

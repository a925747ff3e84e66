"""The calendar: what has a date, whose it is, and the same as a feed for calendar programs."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar
import pytest
from flask import Flask
from sqlalchemy import select

from engine import feeds
from engine import tasks as verbs
from engine.models import Absence, Assignment, CalendarFeed, Client, Contact, User, UserTask
from engine.work import SYSTEM, unit_of_work
from tests.web import world as worlds
from tests.web.conftest import Visitor

MOSCOW = ZoneInfo("Europe/Moscow")
FRIDAY = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)  # three in the afternoon in Moscow


@pytest.fixture
def dated(world: worlds.World) -> worlds.World:
    """November of Anna: one of everything."""
    task = world.task("prepare", world.foreign_instance)
    world.do("gleb", verbs.reassign, task.id, world.people["anna"], "помочь")
    world.do("gleb", verbs.set_due, task.id, FRIDAY, "к пятнице")
    with unit_of_work(world.env, SYSTEM) as w:
        client = w.session.get_one(Client, world.client)
        client.next_contact_on, client.next_contact_purpose = date(2026, 11, 25), "Обсудить продление"
        client.company_day = date(1999, 11, 27)
        contact = w.session.scalars(select(Contact)).one()
        contact.birth_date = date(1980, 11, 24)
        w.session.add(
            Assignment(number="П-2026-0007", what="Проверить склад", issuer_id=world.people["gleb"],
                       executor_id=world.people["anna"], due_at=FRIDAY + timedelta(days=6), issued_at=w.now)
        )  # fmt: skip
        w.session.add(
            Absence(user_id=world.people["anna"], substitute_id=world.people["boris"],
                    starts_at=datetime(2026, 11, 29, 21, 0, tzinfo=UTC),
                    ends_at=datetime(2026, 12, 1, 21, 0, tzinfo=UTC))
        )  # fmt: skip
    return world


@pytest.fixture
def anna(visitor: Visitor, dated: worlds.World) -> Visitor:
    return visitor.sign_in("anna")


def cell(page: str, day: int) -> str:
    """What stands in a day of the month's table."""
    found = re.search(rf'<td class="cal-day[^>]*>(?:(?!</td>).)*?on=2026-11-{day:02d}.*?</td>', page, re.S)
    assert found is not None
    return found[0]


def test_everything_of_ones_own_stands_on_its_day_and_leads_to_itself(anna: Visitor, dated: worlds.World) -> None:
    page = anna.get("/calendar?on=2026-11-05").text
    task = dated.task("prepare", dated.foreign_instance)
    assert f'href="/tasks/{task.id}"' in cell(page, 20)
    assert "15:00" in cell(page, 20)
    assert "Контакт: ООО «Северный ветер»" in cell(page, 25)
    assert f'href="/clients/{dated.client}"' in cell(page, 25)
    assert "Поручение П-2026-0007" in cell(page, 26)
    assert "День рождения: Орлова Мария, ООО «Северный ветер»" in cell(page, 24)
    assert "День компании: ООО «Северный ветер»" in cell(page, 27)
    assert "Отсутствует: Иванова Анна" in cell(page, 30)


def test_days_off_are_marked_with_their_names(anna: Visitor) -> None:
    page = anna.get("/calendar?on=2026-11-05").text
    assert "День народного единства" in cell(page, 4)
    assert "cal-off" in cell(page, 21)
    assert "cal-off" not in cell(page, 20)


def test_kinds_can_be_chosen_and_a_week_or_a_day_looked_at(anna: Visitor) -> None:
    page = anna.get("/calendar?on=2026-11-25&view=week&kind=contact").text
    assert "Обсудить продление" in page
    assert "Поручение П-2026-0007" not in page
    day = anna.get("/calendar?on=2026-11-26&view=day").text
    assert "Поручение П-2026-0007" in day
    assert "Северный" not in day
    assert "В этот день ничего нет" in anna.get("/calendar?on=2026-11-14&view=day").text


@pytest.mark.parametrize("query", ["on=yesterday", "on=9999-99-99", "on=1600-01-01", "view=year", "kind=weather",
                                   "who=all", "who=<b>"])  # fmt: skip
def test_what_cannot_be_is_answered_with_ones_own_month(anna: Visitor, query: str) -> None:
    answer = anna.get(f"/calendar?{query}")
    assert answer.status_code == 200
    assert "<table" in answer.text


def test_colleagues_are_for_heads_only(anna: Visitor, dated: worlds.World, app: Flask) -> None:
    whose = f"/calendar?on=2026-11-05&who={dated.people['anna']}"
    head = Visitor(app).sign_in("gleb")
    assert "Контакт: ООО «Северный ветер»" in cell(head.get(whose).text, 25)
    assert "Контакт: ООО «Северный ветер»" in cell(head.get("/calendar?on=2026-11-05&who=all").text, 25)
    assert "Северный" not in cell(head.get("/calendar?on=2026-11-05").text, 25)
    boris = Visitor(app).sign_in("boris")
    assert "Северный" not in boris.get(whose).text
    assert 'name="who"' not in boris.get("/calendar").text


def address(page: str) -> str:
    found = re.search(r"http://localhost(/ical/[\w-]+\.ics)", page)
    assert found is not None
    return found[1]


def events(answer: bytes) -> dict[str, icalendar.Event]:
    return {str(event["summary"]): event for event in icalendar.Calendar.from_ical(answer).walk("VEVENT")}


def test_a_calendar_program_reads_the_same_without_signing_in(anna: Visitor, app: Flask, dated: worlds.World) -> None:
    feed = address(anna.post("/calendar/feed", {}, page="/calendar/feed").text)
    answer = app.test_client().get(feed)
    assert answer.content_type == "text/calendar; charset=utf-8"
    found = events(answer.data)
    task = found[dated.task("prepare", dated.foreign_instance).name]
    assert task.decoded("dtend") == FRIDAY
    assert task["dtend"].params["TZID"] == "Europe/Moscow"
    assert task.decoded("dtend") - task.decoded("dtstart") == timedelta(minutes=30)
    assert str(task["url"]).endswith(f"/tasks/{dated.task('prepare', dated.foreign_instance).id}")
    contact = found["Контакт: ООО «Северный ветер»"]
    assert (contact.decoded("dtstart"), contact.decoded("dtend")) == (date(2026, 11, 25), date(2026, 11, 26))
    assert str(contact["description"]) == "Обсудить продление"
    away = found["Отсутствует: Иванова Анна"]
    assert (away.decoded("dtstart"), away.decoded("dtend")) == (date(2026, 11, 30), date(2026, 12, 2))
    zones = icalendar.Calendar.from_ical(answer.data).walk("VTIMEZONE")
    assert [str(zone["tzid"]) for zone in zones] == ["Europe/Moscow"]
    ids = [str(event["uid"]) for event in icalendar.Calendar.from_ical(answer.data).walk("VEVENT")]
    assert len(set(ids)) == len(ids)


def test_a_moved_due_date_moves_the_same_event(anna: Visitor, app: Flask, dated: worlds.World) -> None:
    feed = address(anna.post("/calendar/feed", {}, page="/calendar/feed").text)
    task = dated.task("prepare", dated.foreign_instance)
    before = events(app.test_client().get(feed).data)[task.name]
    dated.do("gleb", verbs.set_due, task.id, FRIDAY + timedelta(days=3), "позже")
    after = events(app.test_client().get(feed).data)[task.name]
    assert before["uid"] == after["uid"]
    assert after.decoded("dtend").astimezone(MOSCOW).day == 23


def test_a_discreet_feed_names_neither_clients_nor_people_of_theirs(anna: Visitor, app: Flask) -> None:
    feed = address(anna.post("/calendar/feed", {"discreet": "1"}, page="/calendar/feed").text)
    shown = app.test_client().get(feed).text.replace("\r\n ", "")
    assert not {word for word in ("Северный", "Орлова", "продление", "склад") if word in shown}
    assert "День рождения у клиента" in shown


def test_a_new_address_closes_the_old_one_and_only_a_hash_is_kept(
    anna: Visitor, app: Flask, world: worlds.World
) -> None:
    first = address(anna.post("/calendar/feed", {}, page="/calendar/feed").text)
    assert first not in anna.get("/calendar/feed").text
    second = address(anna.post("/calendar/feed", {}, page="/calendar/feed").text)
    outside = app.test_client()
    assert [outside.get(feed).status_code for feed in (first, second)] == [404, 200]
    with world.env.sessions() as session:
        kept = session.scalars(select(CalendarFeed)).one()
        assert kept.token_hash not in second
        assert kept.read_at is not None
    anna.post("/calendar/feed/revoke", page="/calendar/feed")
    assert outside.get(second).status_code == 404
    assert outside.get("/ical/nonsense.ics").status_code == 404


def test_who_has_left_is_read_by_nobody(anna: Visitor, app: Flask, world: worlds.World) -> None:
    feed = address(anna.post("/calendar/feed", {}, page="/calendar/feed").text)
    with unit_of_work(world.env, SYSTEM) as w:
        w.session.get_one(User, world.people["anna"]).active = False
    assert app.test_client().get(feed).status_code == 404


def test_a_feed_is_not_read_without_end(anna: Visitor, app: Flask, world: worlds.World) -> None:
    feed = address(anna.post("/calendar/feed", {}, page="/calendar/feed").text)
    with unit_of_work(world.env, SYSTEM) as w:
        kept = w.session.scalars(select(CalendarFeed)).one()
        kept.hits, kept.hits_since = feeds.MOST_READS, w.now
    answer = app.test_client().get(feed)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "900")
    world.clock.now += timedelta(hours=1)
    assert app.test_client().get(feed).status_code == 200


def test_the_feed_speaks_the_persons_language(anna: Visitor, app: Flask, world: worlds.World) -> None:
    feed = address(anna.post("/calendar/feed", {}, page="/calendar/feed").text)
    with unit_of_work(world.env, SYSTEM) as w:
        w.session.get_one(User, world.people["anna"]).locale = "en"
    assert "Contact: ООО «Северный ветер»" in events(app.test_client().get(feed).data)


def test_a_task_of_an_assignment_is_not_shown_twice(anna: Visitor, dated: worlds.World) -> None:
    with unit_of_work(dated.env, SYSTEM) as w:
        given = w.session.scalars(select(Assignment)).one()
        given.instance_id = dated.foreign_instance
        task = w.session.scalars(select(UserTask).where(UserTask.instance_id == dated.foreign_instance)).one()
    assert f'href="/tasks/{task.id}"' not in anna.get("/calendar?on=2026-11-05").text

"""Greetings and invitations: on the day, with a consent, once; class A in person (R035, R167, R168, R258, R310)."""
from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select

from engine.crm import clients, consents, occasions
from engine.models import Client, Contact, ContactRecord
from engine.work import SYSTEM, unit_of_work
from tests.stories.story import Story

GREET = "Поздравить лично"


@pytest.fixture
def birthday(story: Story) -> Story:
    """The first contact of the first client was born on a 16th of November, which is today."""
    with unit_of_work(story.env, SYSTEM) as work:
        row = work.session.get_one(Client, 1)
        row.abc = "B"
        row.contacts[0].birth_date = date(1980, 11, 16)
        for other in work.session.scalars(select(Contact).where(Contact.id != row.contacts[0].id)):
            other.birth_date = None
        for one in work.session.scalars(select(Client)):
            one.company_day = None
            one.target = True
    return story


def person(story: Story, number: int = 1) -> Contact:
    with story.env.sessions() as session:
        return session.get_one(Client, number).contacts[0]


def allow(story: Story, number: int = 1) -> None:
    consent = person(story, number).id
    with story.env.sessions() as session:
        held = consents.allows(session, consent, "advertising", "mail", story.clock.now)
    if not held:
        story.act("elena", consents.give, consent, "advertising", text_version="v1")


def forbid(story: Story, number: int = 1) -> None:
    story.act("elena", consents.withdraw_all, person(story, number).id, "advertising")
    story.clock.now = story.clock.now.replace(minute=story.clock.now.minute + 1)


def greeted(story: Story) -> list[ContactRecord]:
    with story.env.sessions() as session:
        return list(session.scalars(select(ContactRecord).order_by(ContactRecord.id)))


def test_who_allowed_it_is_greeted_by_mail_once(birthday: Story) -> None:
    allow(birthday)
    birthday.round("greeting_event")
    birthday.round("greeting_event")
    address = str(person(birthday).email)
    assert [subject for subject in birthday.mailbox.to(address) if "С днём рождения" in subject] != []
    assert len(birthday.mailbox.to(address)) == 1
    (line,) = greeted(birthday)
    assert (line.channel, line.result, line.purpose) == ("mail", "sent", "День рождения")
    assert person(birthday).first in birthday.mailbox.letter("С днём рождения").get_content()


def test_without_a_consent_nobody_is_greeted(birthday: Story) -> None:
    forbid(birthday)
    birthday.round("greeting_event")
    assert birthday.mailbox.letters == []
    assert birthday.open == []


def test_the_stop_list_overrules_a_consent(birthday: Story) -> None:
    allow(birthday)
    birthday.act("elena", clients.set_stop_list, 1, True, "Просит не писать")
    birthday.round("greeting_event")
    assert birthday.mailbox.letters == []


def test_class_a_is_greeted_by_the_manager(birthday: Story) -> None:
    """R035."""
    allow(birthday)
    with unit_of_work(birthday.env, SYSTEM) as work:
        work.session.get_one(Client, 1).abc = "A"
    birthday.round("greeting_event")
    assert birthday.open == [GREET]
    birthday.complete(GREET, greeting_how="meeting", greeting_note="Благодарил")
    (line,) = greeted(birthday)
    assert (line.channel, line.result, line.note) == ("meeting", "answered", "Благодарил")
    assert line.user_id is not None
    assert birthday.open == []


def test_born_on_the_29th_of_february_is_greeted_on_the_28th(birthday: Story) -> None:
    allow(birthday)
    with unit_of_work(birthday.env, SYSTEM) as work:
        work.session.get_one(Client, 1).contacts[0].birth_date = date(1988, 2, 29)
    with birthday.env.sessions() as session:
        def those(day: date) -> list[int]:
            at = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
            return [one.client_id for one in occasions.today(session, birthday.env, day, at)]

        assert those(date(2027, 2, 28)) == [1]
        assert those(date(2028, 2, 28)) == []
        assert those(date(2028, 2, 29)) == [1]


def test_an_invitation_gathers_the_list_of_those_who_come(birthday: Story) -> None:
    allow(birthday)
    words = {"key": "club", "day": "2026-11-16", "title": "Клуб клиентов", "subject": "Приглашаем", "body": "Ждём вас"}
    birthday.env.settings = {**birthday.env.settings, "occasions": {"events": [words]}}
    birthday.round("greeting_event")
    birthday.complete("Записать ответ на приглашение", greeting_reply="comes")
    with birthday.env.sessions() as session:
        found = [(client.id, record.note) for client, record in occasions.replies(session, "Клуб клиентов")]
    assert (1, "Придёт") in found

"""Consents of a person at a client: asked for in writing, signed, recorded; refused and remembered (R157, R220)."""
from __future__ import annotations

import pytest
from sqlalchemy import select

from engine.crm import consents
from engine.errors import Forbidden, WrongState
from engine.models import Consent, Contact, ContactRecord, Document
from tests.stories.story import Story


def begin(story: Story) -> int:
    """Anna asks the first contact of client 1 for both consents."""
    story.start("consent_request", client=1)
    contact_id = int(story.variables_of("Выбрать человека и согласия")["contact"]["id"])
    with story.env.sessions() as session:
        held = [row.id for row in consents.of(session, contact_id)]
    for row in held:
        story.act("elena", consents.withdraw, row)
    return contact_id


def in_force(story: Story, contact_id: int) -> dict[str, Consent]:
    with story.env.sessions() as session:
        return {row.purpose: row for row in consents.of(session, contact_id) if row.withdrawn_at is None}


def papers(story: Story) -> list[tuple[str, str]]:
    with story.env.sessions() as session:
        return [(row.kind, row.status) for row in session.scalars(select(Document).order_by(Document.id))]


def test_consents_leave_in_one_letter_and_are_in_force_when_they_are_signed(story: Story) -> None:
    contact_id = begin(story)
    story.complete("Выбрать человека и согласия")
    story.send()
    letter = story.mailbox.letter("Согласие")
    assert len(list(letter.iter_attachments())) == 2
    assert in_force(story, contact_id) == {}
    story.complete("Получить подписанные согласия", consent_answer="signed", consent_signed=["personal_data"])
    held = in_force(story, contact_id)
    assert list(held) == ["personal_data"]
    assert held["personal_data"].text_version == "ПД-1 от 01.11.2026"
    assert held["personal_data"].file_id is not None
    assert papers(story) == [("consent_personal_data", "signed"), ("consent_advertising", "sent")]
    assert story.instance.status == "completed"


def test_what_is_in_force_is_not_asked_for_again(story: Story) -> None:
    contact_id = begin(story)
    story.act("elena", consents.give, contact_id, "personal_data", text_version="устно")
    story.complete("Выбрать человека и согласия")
    story.send()
    assert papers(story) == [("consent_advertising", "sent")]
    story.complete("Получить подписанные согласия", consent_answer="signed")
    assert set(in_force(story, contact_id)) == {"personal_data", "advertising"}
    story.start("consent_request", client=1)
    story.complete("Выбрать человека и согласия", contact_id=contact_id)
    assert story.instance.status == "completed"
    assert len(papers(story)) == 1


def test_a_refusal_is_remembered_and_gives_no_consent(story: Story) -> None:
    contact_id = begin(story)
    story.complete("Выбрать человека и согласия", consent_purposes=["advertising"])
    story.send()
    story.complete("Получить подписанные согласия", consent_answer="declined", consent_note="Не любит рассылок")
    assert in_force(story, contact_id) == {}
    with story.env.sessions() as session:
        line = session.scalars(select(ContactRecord).order_by(ContactRecord.id.desc())).first()
        assert line is not None
        assert (line.contact_id, line.result, line.note) == (contact_id, "refused", "Не любит рассылок")


def test_the_procedure_is_started_for_one_person_of_the_card_who_is_chosen_in_it_already(story: Story) -> None:
    with story.env.sessions() as session:
        newest = select(Contact.id).where(Contact.client_id == 1).order_by(Contact.id.desc())
        contact_id = session.scalars(newest).first() or 0
        held = [row.id for row in consents.of(session, contact_id)]
    for row in held:
        story.act("elena", consents.withdraw, row)
    story.act("anna", consents.ask, contact_id)
    assert int(story.variables_of("Выбрать человека и согласия")["contact_id"]) == contact_id


def test_who_has_given_his_consents_or_may_not_start_it_asks_nobody(story: Story) -> None:
    contact_id = begin(story)
    with pytest.raises(Forbidden):
        story.act("lidia", consents.ask, contact_id)
    for purpose in ("personal_data", "advertising"):
        story.act("elena", consents.give, contact_id, purpose, "any", text_version="1")
    with pytest.raises(WrongState):
        story.act("anna", consents.ask, contact_id)

"""What a stranger can and cannot do at the public pages."""

from __future__ import annotations

import pytest

from engine.crm import surveys
from engine.models import Complaint, Consent, Contact, Mail, Message, Survey
from engine.work import SYSTEM, Work, run
from tests.web.conftest import Visitor
from tests.web.world import World

SAID = {"name": "Пётр", "contact": "petr@example.test", "essence": "Опоздали на час и не извинились", "consent": "yes"}


def asked(world: World) -> str:
    def make(work: Work) -> str:
        return surveys.make_link(work, surveys.ask(work, world.client, "yearly").id)

    return run(world.env, SYSTEM, make)


def marks(value: str = "5") -> dict[str, str]:
    return {f"q-{question['key']}": value for question in surveys.questionnaires.GENERAL["questions"]}


def test_only_the_digest_of_a_link_is_kept(world: World) -> None:
    token = asked(world)
    with world.env.sessions() as session:
        row = session.query(Survey).one()
        assert row.token_hash == surveys.digest(token)
        assert token not in str(vars(row))
        assert session.query(Mail).count() == 0


def test_a_link_is_used_once_and_only_with_the_token_of_the_page(visitor: Visitor, world: World) -> None:
    path = f"/survey/{asked(world)}"
    assert visitor.client.post(path, data=marks()).status_code == 400
    assert visitor.post(path, marks(), page=path).status_code == 302
    assert visitor.get(path).status_code == 410
    assert visitor.post(path, marks("1"), page="/complaint").status_code == 410
    with world.env.sessions() as session:
        assert session.query(Survey).one().minimum == 5


def test_consent_to_further_surveys_is_kept_with_time_address_and_version(visitor: Visitor, world: World) -> None:
    path = f"/survey/{asked(world)}"
    visitor.post(path, marks() | {"consent": "yes"}, page=path)
    with world.env.sessions() as session:
        contact = session.query(Contact).filter_by(client_id=world.client).first()
        given = session.query(Consent).filter_by(purpose="survey").one()
        assert contact is not None
        assert (given.contact_id, given.ip, given.text_version) == (contact.id, "127.0.0.1", "опрос-2026-11")


@pytest.mark.parametrize("path", ["/survey/wrong", "/survey/" + "x" * 43])
def test_a_forged_link_opens_nothing(visitor: Visitor, path: str) -> None:
    assert visitor.get(path).status_code == 404


def test_a_complaint_is_numbered_at_once_and_handed_to_the_procedure(visitor: Visitor, world: World) -> None:
    answer = visitor.post("/complaint", SAID, page="/complaint")
    assert answer.status_code == 302
    with world.env.sessions() as session:
        row = session.query(Complaint).one()
        assert row.number in visitor.get("/complaint/received").text
        assert (row.channel, row.client_id, row.stage) == ("web", None, "registered")
        assert session.query(Message).filter_by(name="complaint_received").count() == 1


def test_the_answer_is_the_same_whoever_the_writer_says_he_is(visitor: Visitor, world: World) -> None:
    """Nobody learns here who our clients are."""
    with world.env.sessions() as session:
        known = session.query(Contact).filter(Contact.email.is_not(None)).first()
    mine = str(known.email) if known is not None else "client@example.test"
    pages = []
    for contact in (mine, "nobody@example.test"):
        visitor.post("/complaint", SAID | {"contact": contact}, page="/complaint")
        pages.append(visitor.get("/complaint/received").text)
    with world.env.sessions() as session:
        numbers = [row.number for row in session.query(Complaint).order_by(Complaint.id)]
        assert [row.client_id for row in session.query(Complaint)] == [None, None]
    assert numbers[0] in pages[0]
    assert len(pages[0]) == len(pages[1])


@pytest.mark.parametrize("missing", ["name", "contact", "essence", "consent"])
def test_what_is_missing_is_said_beside_the_field(visitor: Visitor, world: World, missing: str) -> None:
    answer = visitor.post("/complaint", SAID | {missing: ""}, page="/complaint")
    assert answer.status_code == 422
    assert f'id="{missing}-fault"' in answer.text
    with world.env.sessions() as session:
        assert session.query(Complaint).count() == 0


def test_a_machine_that_fills_in_everything_registers_nothing(visitor: Visitor, world: World) -> None:
    assert visitor.post("/complaint", SAID | {"website": "http://spam"}, page="/complaint").status_code == 302
    with world.env.sessions() as session:
        assert session.query(Complaint).count() == 0


def test_one_address_cannot_flood_us(visitor: Visitor) -> None:
    statuses = [visitor.post("/complaint", SAID, page="/complaint").status_code for _ in range(6)]
    assert statuses == [302] * 5 + [429]


def test_a_script_does_not_pass_as_a_photo(visitor: Visitor, world: World) -> None:
    import io

    files = {"files": (io.BytesIO(b"<script>alert(1)</script>"), "photo.png")}
    answer = visitor.post("/complaint", SAID | files, page="/complaint")
    assert answer.status_code == 422
    with world.env.sessions() as session:
        assert session.query(Complaint).count() == 0


def test_what_a_stranger_writes_is_shown_and_not_executed(visitor: Visitor) -> None:
    nasty = SAID | {"name": "<img src=x onerror=alert(1)>", "consent": ""}
    answer = visitor.post("/complaint", nasty, page="/complaint")
    assert "<img src=x" not in answer.text
    assert "&lt;img" in answer.text

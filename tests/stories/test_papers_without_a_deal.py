"""Documents about a client that belong to no deal: answers to complaints, consents, reconciliation (R157, R180)."""
from __future__ import annotations

from typing import Any

from sqlalchemy import select

from engine import instances
from engine.models import Client, Document, User
from engine.queries import register
from engine.work import SYSTEM, unit_of_work
from tests.cast import actor
from tests.stories.story import Story

COMPLAINT = {
    "number": "Ж-0001/26", "received_on": "2026-11-16", "channel": "phone", "essence": "Ведущий опоздал",
    "demand": "Снизить цену", "responsible": "anna", "answer_until": "2026-11-26",
}  # fmt: skip


def _issue(story: Story, kind: str, layout: str, data: dict[str, Any], owner: str | None = None) -> None:
    """Somebody's procedure calls for a document of client 1."""
    given = {
        "doc_kind": kind, "doc_layout": layout, "doc_validity": None, "doc_data": data, "doc_previous": None,
        "needs_approval": False, "special_terms": None, "doc_to": "client@example.test", "doc_subject": kind,
        "doc_body": "Здравствуйте!", "doc_due": "P1BD",
    }  # fmt: skip
    variables = given | ({"doc_owner": owner} if owner else {})
    begun = story.act("maria", instances.start, "doc_issue", variables, client_id=1)
    story.instance_id = begun.id
    story.work()


def test_a_complaint_is_acknowledged_and_answered_without_a_deal(story: Story) -> None:
    data = {"complaint": COMPLAINT}
    _issue(story, "complaint_acknowledgement", "quality/complaint_acknowledgement", data, owner="vera")
    assert story.performer(story.task("Проверить и отправить")) == "vera"
    story.send()
    answer = {"facts": "Ведущий опоздал на 40 минут", "decision": "granted", "remedy": "Скидка 5 %",
              "term": "2026-12-01", "process_change": "Запасной ведущий"}  # fmt: skip
    _issue(story, "complaint_reply", "quality/complaint_reply", data | {"reply": answer})
    assert story.performer(story.task("Проверить и отправить")) == "maria", "the client has nobody: whoever began it"
    story.send()
    with story.env.sessions() as session:
        papers = session.scalars(select(Document).order_by(Document.id)).all()
    assert [(paper.kind, paper.number, paper.status) for paper in papers] == [
        ("complaint_acknowledgement", "УЖ-0001/26", "sent"), ("complaint_reply", "ОЖ-0001/26", "sent"),
    ]  # fmt: skip


def test_papers_without_a_deal_are_listed_for_whoever_made_them_and_for_the_clients_owner(story: Story) -> None:
    _issue(story, "consent_advertising", "consent/advertising", {})
    story.send(send_channel="paper")

    def listed(login: str) -> list[str]:
        with story.env.sessions() as session:
            rows, _ = register.documents(session, actor(story.env, login))
            return [f"{row.document.kind} {row.client.id if row.client else None}" for row in rows]

    assert listed("elena") == listed("maria") == ["consent_advertising 1"]
    assert listed("boris") == []
    with unit_of_work(story.env, SYSTEM) as work:
        boris = work.session.scalar(select(User.id).where(User.login == "boris"))
        work.session.get_one(Client, 1).owner_id = boris
    assert listed("boris") == ["consent_advertising 1"]

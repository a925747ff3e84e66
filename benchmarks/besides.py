"""What else a company of years has: campaigns, complaints, surveys, cards, absences, an import, a self-diagnosis. Few
beside its tasks, but each with pages of its own. Among the open tasks one in a hundred is an approval."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import insert, literal_column, select, update
from sqlalchemy.orm import Session

from benchmarks.volume import NOW, Size
from engine.models import (
    Absence,
    Base,
    Campaign,
    CampaignRecipient,
    Client,
    Complaint,
    Diagnosis,
    ImportRun,
    LoyaltyCard,
    Questionnaire,
    StoredFile,
    Survey,
    SurveyAnswer,
    User,
    UserTask,
    table_of,
)

MANY = 100_000  # numbers of these rows begin here
APPROVALS = 100  # of so many open tasks one


def fill(session: Session, size: Size) -> None:
    """A fiftieth of the open tasks as complaints and surveys, a twentieth of that as campaigns, and so on."""
    clients = list(session.scalars(select(Client.id).order_by(Client.id.desc()).limit(max(20, size.open // 50))))
    people = list(session.scalars(select(User.id).order_by(User.id)))
    today = NOW.date()
    _put(session, Campaign, (
        {"number": f"К-Б-{no}", "title": f"Кампания {no}", "channel": "mail", "aim": "продажи", "selection": {},
         "budget": Decimal(50_000), "cost": Decimal(40_000), "status": "ended", "created_at": NOW,
         "starts_on": today - timedelta(days=no + 30), "ends_on": today - timedelta(days=no)}
        for no in range(max(2, len(clients) // 20))
    ))  # fmt: skip
    _put(session, CampaignRecipient, (
        {"campaign_id": MANY, "client_id": client, "status": "sent", "sent_at": NOW} for client in clients
    ))  # fmt: skip
    _put(session, Complaint, (
        {"number": f"Ж-Б-{no}", "client_id": client, "channel": "phone", "form": "oral", "explicitness": "explicit",
         "origin": "client", "essence": "Опоздали.", "responsible_id": people[no % len(people)], "stage": "assigned",
         "stage_at": NOW, "importance": "normal", "reopened": 0, "received_at": NOW - timedelta(hours=no % 9000)}
        for no, client in enumerate(clients)
    ))  # fmt: skip
    questionnaire = session.scalar(select(Questionnaire.id).order_by(Questionnaire.id.desc()).limit(1))
    _put(session, Survey, (
        {"client_id": client, "questionnaire_id": questionnaire, "reason": "yearly", "status": "answered",
         "manager_id": people[no % len(people)], "opened_at": NOW - timedelta(hours=no), "answered_at": NOW,
         "minimum": 3, "mean": Decimal(4), "wants_call": False}
        for no, client in enumerate(clients) if questionnaire
    ))  # fmt: skip
    _put(session, SurveyAnswer, (
        {"survey_id": MANY + no, "question": "q", "topic": "product", "score": 4}
        for no in range(len(clients)) if questionnaire
    ))  # fmt: skip
    _put(session, LoyaltyCard, (
        {"number": f"Б-{no}", "client_id": client, "instrument": "discount", "discount": Decimal(5), "bearer": False,
         "issued_on": today, "status": "active"}
        for no, client in enumerate(clients[::4])
    ))  # fmt: skip
    _put(session, Absence, (
        {"user_id": person, "starts_at": NOW + timedelta(days=no % 40), "ends_at": NOW + timedelta(days=no % 40 + 9)}
        for no, person in enumerate(people[1::20])
    ))  # fmt: skip
    _put(session, StoredFile, [{"sha256": "0" * 64, "name": "клиенты.csv", "media_type": "text/csv", "size": 1,
                                "created_at": NOW}])  # fmt: skip
    _put(session, ImportRun, [{"kind": "clients", "file_id": MANY, "mapping": {}, "rows": 1, "taken": 1, "faults": [],
                               "at": NOW}])  # fmt: skip
    _put(session, Diagnosis, [{"on_date": today, "marks": {}}])
    session.execute(
        update(table_of(UserTask)).values(decision=1)
        .where(table_of(UserTask).c.rank.is_not(None), table_of(UserTask).c.id % APPROVALS == literal_column("7"))
    )  # fmt: skip


def _put(session: Session, model: type[Base], rows: Iterable[Mapping[str, Any]]) -> None:
    table = table_of(model)
    numbered = [{"id": MANY + number, **row} if "id" in table.c else dict(row) for number, row in enumerate(rows)]
    if numbered:
        session.execute(insert(table), numbered)

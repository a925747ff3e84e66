"""What forms and documents see of a complaint and of a survey.

``complaint``  id, number, received_on, channel, channel_name, form, explicitness, origin, essence, demand, against
               (login), against_name, responsible (login), responsible_name, unit, unit_title, category, cause,
               importance, decision, verdict, remedy, findings, reopened, answer_until, stage, outcome, sender, handlers
               and employees and units [{value, label}], history [{at, what, milestone, result}] (R109),
               similar [{value, label}], repeats, paper (the section of documents about it: {complaint: {number,
               received_on …}})
``survey``     id, product, questions [{key, topic, text}], open_question, until, status, minimum, mean, comment,
               recommends, wants_call, answers [{text, score}]
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.crm import complaints, questionnaires
from engine.crm.lazily import Record
from engine.models import Complaint, ContactRecord, Deal, Document, Group, Product, Survey, SurveyAnswer, User

RECENT = 12  # lines of the history of work with the client
HANDLERS = ("quality", "head", "director")
YEAR = timedelta(days=365)


def complaint_facts(session: Session, env: Any, row: Complaint) -> Record:
    """A complaint, with the work done for the client beside it (R109) for whoever asks for that."""
    responsible, against = _person(session, row.responsible_id), _person(session, row.against_id)
    received_on, until = _day(env, row.received_at), _day(env, row.term_at) if row.term_at else None
    paper = {
        "number": row.number, "received_on": received_on, "channel": row.channel, "essence": row.essence,
        "demand": row.demand, "answer_until": until, "incoming": row.incoming_number,
        "responsible": responsible.name if responsible else None,
    }  # fmt: skip
    known: dict[str, Any] = {
        "id": row.id, "number": row.number, "received_on": received_on, "channel": row.channel, "form": row.form,
        "explicitness": row.explicitness, "origin": row.origin, "essence": row.essence, "demand": row.demand,
        "against": against.login if against else None, "against_name": against.name if against else None,
        "responsible": responsible.login if responsible else None,
        "responsible_name": responsible.name if responsible else None, "unit": row.unit, "category": row.category,
        "cause": row.cause, "importance": row.importance, "decision": row.decision, "verdict": row.verdict,
        "remedy": row.remedy, "findings": row.findings, "reopened": row.reopened, "stage": row.stage,
        "outcome": row.outcome, "answer_until": until, "paper": {"complaint": paper},
    }  # fmt: skip
    return Record(known, {
        "channel_name": lambda: _channel(env, row), "unit_title": lambda: _unit(session, row),
        "sender": lambda: sender_text(row), "handlers": lambda: _handlers(session, row),
        "employees": lambda: people([one for one in _employees(session) if one.id != row.against_id]),
        "units": lambda: units(session, env), "history": lambda: history(session, env, row),
        "repeats": lambda: repeats(session, row, row.received_at - YEAR),
        "similar": lambda: [choice(other) for other in similar(session, row)],
    })  # fmt: skip


def survey_facts(session: Session, row: Survey) -> dict[str, Any]:
    """A survey as a plain dict."""
    questionnaire = questionnaires.find(session, row.questionnaire_id)
    product = session.get(Product, row.product_id) if row.product_id is not None else None
    scores = {one.question: one.score for one in session.scalars(select(SurveyAnswer).filter_by(survey_id=row.id))}
    questions = questionnaires.wording(questionnaire, "ru")
    return {
        "id": row.id, "product": product.name if product else None, "questions": questions,
        "open_question": questionnaire.open_question, "until": row.expires_at, "status": row.status,
        "minimum": row.minimum, "mean": row.mean, "comment": row.comment, "recommends": row.recommends,
        "wants_call": row.wants_call,
        "answers": [{"text": one["text"], "score": scores.get(one["key"])} for one in questions],
    }  # fmt: skip


def _channel(env: Any, row: Complaint) -> str:
    channels: dict[str, str] = {one["value"]: one["label"] for one in env.setting("complaints.channels")}
    return channels.get(row.channel, row.channel)


def _unit(session: Session, row: Complaint) -> str | None:
    unit = session.get(Group, row.unit) if row.unit else None
    return unit.title if unit else None


def _handlers(session: Session, row: Complaint) -> list[dict[str, str]]:
    return people(complaints.handlers(session, sorted({*HANDLERS, row.unit or "quality"}), row.against_id))


def history(session: Session, env: Any, row: Complaint) -> list[dict[str, str]]:
    """What was done for this client, newest first: deals with their milestone, documents, contacts with their result
    (R109). ``milestone`` and ``result`` are codes, empty elsewhere."""
    if row.client_id is None:
        return []
    lines: list[tuple[datetime, str, str, str]] = []
    deals = select(Deal).where(Deal.client_id == row.client_id).order_by(Deal.milestone_at.desc()).limit(RECENT)
    for deal in session.scalars(deals):
        lines.append((deal.milestone_at, f"{deal.number} · {deal.title}", deal.milestone, ""))
    papers = (
        select(Document)
        .join(Deal, Deal.id == Document.deal_id)
        .where(Deal.client_id == row.client_id)
        .order_by(Document.id.desc())
        .limit(RECENT)
    )
    for paper in session.scalars(papers):
        lines.append((paper.sent_at or paper.created_at, f"{paper.title} {paper.number}", "", ""))
    talks = select(ContactRecord).where(ContactRecord.client_id == row.client_id)
    for talk in session.scalars(talks.order_by(ContactRecord.at.desc()).limit(RECENT)):
        said = talk.note or talk.agreed
        lines.append((talk.at, f"{talk.purpose}: {said}" if said else talk.purpose, "", talk.result or ""))
    newest = sorted(lines, key=lambda line: line[0], reverse=True)[:RECENT]
    return [{"at": f"{_day(env, at):%d.%m.%Y}", "what": what, "milestone": milestone, "result": result}
            for at, what, milestone, result in newest]  # fmt: skip


def similar(session: Session, row: Complaint) -> list[Complaint]:
    """Complaints of the same cause in the twelve months before this one."""
    if row.cause is None:
        return []
    query = select(Complaint).where(
        Complaint.cause == row.cause, Complaint.id != row.id, Complaint.received_at > row.received_at - YEAR,
        Complaint.received_at <= row.received_at,
    )  # fmt: skip
    return list(session.scalars(query.order_by(Complaint.received_at.desc()).limit(RECENT)))


def repeats(session: Session, row: Complaint, since: datetime) -> int:
    """How often the same cause has come back since a moment."""
    if row.cause is None:
        return 0
    query = select(func.count()).select_from(Complaint)
    where = (Complaint.cause == row.cause, Complaint.id != row.id, Complaint.received_at > since)
    return session.scalar(query.where(*where)) or 0


def choice(row: Complaint) -> dict[str, Any]:
    """A complaint in a list of choices."""
    return {"value": row.id, "label": f"{row.number}: {row.essence[:80]}"}


def people(rows: list[User]) -> list[dict[str, str]]:
    """People in a list of choices."""
    return [{"value": row.login, "label": f"{row.name}, {row.position}"} for row in rows]


def units(session: Session, env: Any) -> list[dict[str, str]]:
    """Groups that a complaint can be passed to (R274)."""
    keys = env.setting("complaints.units")
    rows = {row.key: row for row in session.scalars(select(Group).where(Group.key.in_(keys)))}
    return [{"value": key, "label": rows[key].title, "label_en": rows[key].title_en} for key in keys if key in rows]


def sender_text(row: Complaint) -> str | None:
    """What the writer on the public page said of himself."""
    kept: Mapping[str, Any] = row.sender or {}
    said = [str(kept[name]) for name in ("name", "contact", "order") if kept.get(name)]
    return ", ".join(said) or None


def _employees(session: Session) -> list[User]:
    return list(session.scalars(select(User).where(User.active).order_by(User.last, User.first)))


def _person(session: Session, user_id: int | None) -> User | None:
    return session.get(User, user_id) if user_id is not None else None


def _day(env: Any, at: datetime) -> date:
    return at.astimezone(env.calendar("main").zone).date()

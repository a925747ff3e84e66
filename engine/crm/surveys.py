"""Verbs on surveys of satisfaction: one client is asked about one product (R117-R122, R252).

He answers by a one-time link or on the phone. Only the digest of the link's token is kept. The worst mark decides: two
and below is explicit dissatisfaction, three hidden (R122).
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from engine import access, audit, thrown
from engine.crm import clients, consents, questionnaires
from engine.crm.deals import today
from engine.errors import Invalid, NotFound, Text, WrongState, text
from engine.models import (
    Client,
    ClientProduct,
    Complaint,
    Consent,
    Contact,
    Deal,
    Product,
    Questionnaire,
    Settlement,
    Survey,
    SurveyAnswer,
)
from engine.work import Work

OPEN, ANSWERED, REFUSED, UNANSWERED = "open", "answered", "refused", "unanswered"
REASONS = ("first_sale", "yearly")
BEST, WORST = 5, 1
LONGEST = 4000


@dataclass(frozen=True)
class Marks:
    """What a client answered. ``scores``: question key -> 1 to 5."""

    scores: Mapping[str, Any]
    comment: str | None = None
    recommends: bool | None = None
    wants_call: bool = False


def find(session: Session, survey_id: int) -> Survey:
    """Raises NotFound."""
    row = session.get(Survey, survey_id)
    if row is None:
        raise NotFound("There is no survey {id}.", id=survey_id)
    return row


def open_of(session: Session, client_id: int, product_id: int | None) -> Survey | None:
    """The open survey of the client about this product: there is at most one."""
    about = Survey.product_id.is_(None) if product_id is None else Survey.product_id == product_id
    query = select(Survey).where(Survey.client_id == client_id, about, Survey.status == OPEN)
    return session.scalars(query.order_by(Survey.id)).first()


def ask(
    work: Work, client_id: int, reason: str, *, product_id: int | None = None, deal_id: int | None = None,
    contact_id: int | None = None, instance_id: int | None = None,
) -> Survey:  # fmt: skip
    """Open a survey by the product's questionnaire in force, or by the general one (R118). Raises NotFound, Invalid,
    WrongState (the client is being asked about this product already)."""
    client = clients.find(work.session, client_id)
    if reason not in REASONS:
        raise Invalid("Choose one of: {choices}.", choices=", ".join(REASONS))
    if product_id is not None and work.session.get(Product, product_id) is None:
        raise NotFound("There is no product {id}.", id=product_id)
    if open_of(work.session, client_id, product_id) is not None:
        raise WrongState("«{client}» is being asked about this product already.", client=client.name)
    questionnaire = questionnaires.in_force(work.session, product_id, today(work))
    questionnaire = questionnaire or questionnaires.ensure_general(work, today(work))
    deal = work.session.get(Deal, deal_id) if deal_id is not None else None
    contact_id = contact_id or (deal.contact_id if deal is not None else None)
    contact_id = contact_id or next((one.id for one in client.contacts if one.active), None)
    row = Survey(
        client_id=client_id, contact_id=contact_id, deal_id=deal_id, product_id=product_id,
        questionnaire_id=questionnaire.id, instance_id=instance_id, reason=reason, opened_at=work.now, status=OPEN,
        manager_id=(deal.owner_id if deal is not None else None) or client.owner_id, wants_call=False,
    )  # fmt: skip
    work.session.add(row)
    work.session.flush()
    audit.record(
        work, "survey.opened", subject=f"survey:{row.id}", client_id=client_id, product_id=product_id, reason=reason,
        questionnaire=questionnaire.id, version=questionnaire.version,
    )  # fmt: skip
    return row


def make_link(work: Work, survey_id: int) -> str:
    """A token for the one-time link. Only its digest is kept; a link made before works no more. Raises NotFound,
    WrongState."""
    row = _open(work.session, survey_id)
    token = secrets.token_urlsafe(32)
    days = int(work.env.setting("surveys.link_days", 30))
    row.token_hash, row.expires_at = digest(token), work.now + timedelta(days=days)
    work.session.flush()
    audit.record(work, "survey.link_made", subject=f"survey:{row.id}", expires_at=row.expires_at)
    return token


def by_token(session: Session, token: str) -> Survey | None:
    """The survey that a link opens, whatever its state; None for a forged one."""
    return session.scalar(select(Survey).where(Survey.token_hash == digest(token)))


def link_state(row: Survey | None, now: datetime) -> str:
    """What a link is worth now: open, used, expired, or forged when there is no such survey."""
    if row is None:
        return "forged"
    if row.status == OPEN and row.expires_at is not None and row.expires_at > now:
        return "open"
    return "used" if row.status == ANSWERED else "expired"


def answer_by_link(work: Work, token: str, marks: Marks, *, consent: bool = False, ip: str | None = None) -> Survey:
    """The client answers by his link; the procedure that waits for it is told. ``consent``: he may be asked again,
    kept with the text's version and his address. Raises NotFound, WrongState, Invalid."""
    row = by_token(work.session, token)
    state = link_state(row, work.now)
    if row is None:
        raise NotFound("There is no such survey.")
    if state != "open":
        raise WrongState("This survey has ended already.")
    answer(work, row.id, marks, "web")
    allowed = row.contact_id is None or consents.allows(work.session, row.contact_id, "survey", "mail", work.now)
    if consent and row.contact_id is not None and not allowed:
        version = str(work.env.setting("surveys.text_version"))
        consents.give(work, row.contact_id, "survey", text_version=version, ip=ip)
    tell(work, row)
    return row


def answer_for(work: Work, survey_id: int, marks: Marks, channel: str) -> Survey:
    """An employee enters what the client answered by letter or on paper (R252). Raises as ``answer``, Forbidden."""
    access.require(work, "surveys.answer")
    row = answer(work, survey_id, marks, channel)
    tell(work, row)
    return row


def tell(work: Work, row: Survey) -> None:
    """The procedure that waits for the answer goes on in a job of its own: the answer stands whatever comes of it."""
    if row.instance_id is not None:
        payload = {"survey_id": row.id}
        thrown.enqueue(work, "survey_answered", str(row.id), payload, thrown.PATIENCE, f"survey_answered:{row.id}")


def digest(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def answer(work: Work, survey_id: int, marks: Marks, channel: str) -> Survey:
    """The client's marks, once (R120). ``channel``: web, phone or mail. Raises NotFound, WrongState, Invalid by field
    (``scores.terms``)."""
    row = _open(work.session, survey_id)
    questionnaire = questionnaires.find(work.session, row.questionnaire_id)
    scores = _scores(questionnaire, marks.scores)
    for question in questionnaire.questions:
        key = str(question["key"])
        answered = SurveyAnswer(survey_id=row.id, question=key, topic=str(question["topic"]), score=scores[key])
        work.session.add(answered)
    row.status, row.answered_at, row.channel = ANSWERED, work.now, channel
    row.minimum = min(scores.values())
    mean = Decimal(sum(scores.values())) / len(scores)
    row.mean = mean.quantize(Decimal("0.01"), ROUND_HALF_UP)
    row.comment = (marks.comment or "").strip()[:LONGEST] or None
    row.recommends, row.wants_call = marks.recommends, marks.wants_call
    work.session.flush()
    audit.record(
        work, "survey.answered", subject=f"survey:{row.id}", minimum=row.minimum, mean=row.mean, channel=channel,
        client_id=row.client_id, product_id=row.product_id,
    )  # fmt: skip
    return row


def end(work: Work, survey_id: int, status: str) -> Survey:
    """Nobody answered: the client refused, or could not be reached. Raises NotFound, WrongState, Invalid."""
    row = _open(work.session, survey_id)
    if status not in (REFUSED, UNANSWERED):
        raise Invalid("Choose one of: {choices}.", choices=f"{REFUSED}, {UNANSWERED}")
    row.status = status
    audit.record(work, f"survey.{status}", subject=f"survey:{row.id}", client_id=row.client_id)
    return row


def dissatisfaction(env: Any, minimum: int | None) -> str | None:
    """``explicit`` for two and below, ``hidden`` for three, None for a satisfied client (R122)."""
    if minimum is None:
        return None
    if minimum <= int(env.setting("surveys.explicit", 2)):
        return "explicit"
    return "hidden" if minimum <= int(env.setting("surveys.hidden", 3)) else None


def low_topics(session: Session, survey_id: int, limit: int = 3) -> list[str]:
    """What the client is not satisfied with."""
    query = select(SurveyAnswer.topic).where(SurveyAnswer.survey_id == survey_id, SurveyAnswer.score <= limit)
    return sorted(set(session.scalars(query)))


def may_ask(session: Session, env: Any, contact: Contact | None, channel: str) -> bool:
    """May this person be asked through this channel? Nobody on the stop list, nobody who has objected; with
    ``surveys.consent: explicit`` only who has allowed it."""
    client = session.get(Client, contact.client_id) if contact is not None else None
    if contact is None or client is None or client.stop_list or not contact.active:
        return False
    if not (contact.email if channel == "mail" else contact.phone):
        return False
    rows = session.scalars(
        select(Consent)
        .where(Consent.contact_id == contact.id, Consent.purpose == "survey", Consent.channel.in_(("any", channel)))
        .order_by(Consent.given_at)
    ).all()
    allowed = any(row.withdrawn_at is None for row in rows)
    return allowed if rows or env.setting("surveys.consent", "objection") == "explicit" else True


def due(session: Session, env: Any, now: datetime) -> list[int]:
    """Clients to be asked now that it is nearly a year since they last answered (R117, CP-21): those who have bought,
    are not on the stop list, and have no survey open. The year begins with the first purchase, also one that is only
    known by what was paid."""
    since = now - timedelta(days=int(env.setting("surveys.yearly_after", 345)))
    bought: dict[int, date] = {}
    won = select(Deal.client_id, Deal.closed_at).where(Deal.status == "won")
    used = select(ClientProduct.client_id, ClientProduct.used_since)
    first = [(one, at.date()) for one, at in session.execute(won) if at is not None]
    first += [(one, day) for one, day in session.execute(used) if day is not None]
    paid = select(Settlement.client_id, func.min(Settlement.dated)).where(Settlement.kind == "in")
    first += [(one, day) for one, day in session.execute(paid.group_by(Settlement.client_id))]
    for client_id, day in first:
        bought[client_id] = min(bought.get(client_id, day), day)
    recent = or_(Survey.status == OPEN, Survey.opened_at > since, Survey.answered_at > since)
    asked = set(session.scalars(select(Survey.client_id).where(recent)))
    query = select(Client.id).where(Client.stop_list.is_(False), Client.role == "client").order_by(Client.id)
    wanted = [one for one in session.scalars(query) if one in bought and bought[one] <= since.date()]
    return [one for one in wanted if one not in asked][: int(env.setting("surveys.per_day", 25))]


def needed(session: Session, deal: Deal, now: datetime) -> tuple[bool, int | None]:
    """Is a survey due after this deal, and about which product? After the first sale of a product to a client: about
    the dearest of those that are new to him (R121). After a repeat sale only if he was not asked for a year."""
    lines = [line for line in deal.lines if line.product_id is not None]
    if not lines:
        return True, None
    products = {line.product_id for line in lines}
    before = set(
        session.scalars(
            select(ClientProduct.product_id).where(
                ClientProduct.client_id == deal.client_id, ClientProduct.used_since.is_not(None),
                ClientProduct.product_id.in_(products), ClientProduct.used_since < deal.created_at.date(),
            )
        )
    )  # fmt: skip
    asked = select(Survey.product_id).where(Survey.client_id == deal.client_id, Survey.deal_id != deal.id)
    before |= set(session.scalars(asked.where(Survey.status == ANSWERED, Survey.product_id.in_(products))))
    new = [line for line in lines if line.product_id not in before]
    if new:
        return True, max(new, key=lambda line: line.quantity * line.price).product_id
    answered = select(Survey.id).where(
        Survey.client_id == deal.client_id, Survey.status == ANSWERED, Survey.answered_at > now - timedelta(days=365)
    )
    return session.scalar(answered.limit(1)) is None, None


def complaints_of(session: Session, survey_id: int) -> list[Complaint]:
    """Complaints that came out of a survey."""
    return list(session.scalars(select(Complaint).where(Complaint.survey_id == survey_id).order_by(Complaint.id)))


def _open(session: Session, survey_id: int) -> Survey:
    row = find(session, survey_id)
    if row.status != OPEN:
        raise WrongState("This survey has ended already.")
    return row


def _scores(questionnaire: Questionnaire, given: Mapping[str, Any]) -> dict[str, int]:
    scores: dict[str, int] = {}
    faults: dict[str, Text] = {}
    for question in questionnaire.questions:
        key = str(question["key"])
        raw = str(given.get(key) if given.get(key) is not None else "").strip()
        if raw.isdigit() and WORST <= int(raw) <= BEST:
            scores[key] = int(raw)
        else:
            faults[f"scores.{key}"] = text("Choose a mark from 1 to 5.")
    if faults:
        raise Invalid("Some questions have no mark yet.", fields=faults)
    return scores

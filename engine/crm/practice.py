"""What a quarter of work with clients taught (R050, R051, R146, R150, R254): the summary that a review begins with."""
from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.crm.campaign_facts import refusal_label
from engine.crm.purchases import months_before, share
from engine.crm.stages import LOST, MILESTONES
from engine.models import Competitor, Complaint, Deal, Interest, MilestoneReached

MONTHS = 3
LEAST = 3  # deals that must have come to a milestone before it can be called the hardest
MANY = 12


def summary(session: Session, env: Any, end: date, months: int = MONTHS) -> dict[str, Any]:
    """Funnel, refusals by milestone, lessons, the hardest milestone, competitors, complaints by cause, hidden demand
    of the months up to a day, as plain values for a form."""
    begin = months_before(end, months)
    since, until = _moment(begin), _moment(end, time.max)
    lost = _lost(session, since, until)
    funnel = _funnel(session, since, until, lost)
    hard = [row for row in funnel if row["reached"] >= LEAST and row["lost"]]
    count = {status: _closed(session, status, since, until) for status in ("won", "lost")}
    return {
        "begin": begin, "end": end,
        "opened": session.scalar(select(func.count(Deal.id)).where(Deal.created_at.between(since, until))) or 0,
        **count,
        "funnel": funnel,
        "hardest": max(hard, key=lambda row: (row["share"], row["lost"])) if hard else None,
        "refusals": [
            {"milestone": milestone, "category": refusal_label(env, category), "count": number}
            for (milestone, category), number in sorted(
                Counter((row[0], row[1]) for row in lost).items(), key=lambda item: (_place(item[0][0]), -item[1])
            )
        ],
        "lessons": _lessons(session, env, since, until),
        "competitors": _competitors(session, since, until),
        "complaints": _complaints(session, since, until),
        "demand": _demand(session, since, until),
    }  # fmt: skip


def _lost(session: Session, since: datetime, until: datetime) -> list[tuple[str, str]]:
    """(milestone, category) of each deal lost in the time."""
    query = select(Deal.refusal_milestone, Deal.refusal_category).where(
        Deal.status == "lost", Deal.closed_at.between(since, until)
    )
    return [(row[0] or LOST, row[1] or "other") for row in session.execute(query)]


def _lessons(session: Session, env: Any, since: datetime, until: datetime) -> list[dict[str, Any]]:
    """What was learnt from deals lost in the time (R146), the newest first."""
    query = (
        select(Deal.number, Deal.refusal)
        .where(Deal.status == "lost", Deal.closed_at.between(since, until))
        .order_by(Deal.closed_at.desc(), Deal.id.desc())
    )
    told = ((row.number, row.refusal or {}) for row in session.execute(query))
    return [
        {"deal": number, "category": refusal_label(env, str(said.get("category"))), "lesson": said["lesson"]}
        for number, said in told if said.get("lesson")
    ]  # fmt: skip


def _funnel(
    session: Session, since: datetime, until: datetime, lost: list[tuple[str, str]]
) -> list[dict[str, Any]]:
    query = (
        select(MilestoneReached.milestone, func.count(func.distinct(MilestoneReached.deal_id)))
        .where(MilestoneReached.at.between(since, until), MilestoneReached.milestone != LOST)
        .group_by(MilestoneReached.milestone)
    )
    reached = {row[0]: row[1] for row in session.execute(query)}
    losses = Counter(milestone for milestone, _ in lost)
    rows = []
    for milestone in sorted(reached, key=_place):
        part = share(Decimal(losses[milestone]), Decimal(reached[milestone])) or Decimal(0)
        rows.append({"milestone": milestone, "reached": reached[milestone], "lost": losses[milestone], "share": part})
    return rows


def _closed(session: Session, status: str, since: datetime, until: datetime) -> int:
    query = select(func.count(Deal.id)).where(Deal.status == status, Deal.closed_at.between(since, until))
    return session.scalar(query) or 0


def _competitors(session: Session, since: datetime, until: datetime) -> list[dict[str, Any]]:
    query = (
        select(Competitor.name, func.count(Deal.id))
        .join(Deal, Deal.competitor_id == Competitor.id)
        .where(Deal.status == "lost", Deal.closed_at.between(since, until))
        .group_by(Competitor.name)
        .order_by(func.count(Deal.id).desc(), Competitor.name)
    )
    return [{"competitor": row[0], "count": row[1]} for row in session.execute(query.limit(MANY))]


def _complaints(session: Session, since: datetime, until: datetime) -> list[dict[str, Any]]:
    query = select(Complaint.cause, Complaint.verdict).where(Complaint.received_at.between(since, until))
    rows = [(row[0] or "ещё не установлена", row[1]) for row in session.execute(query)]
    justified = Counter(cause for cause, verdict in rows if verdict in {"justified", "partly"})
    return [
        {"cause": cause, "count": number, "justified": justified[cause]}
        for cause, number in Counter(cause for cause, _ in rows).most_common(MANY)
    ]


def _demand(session: Session, since: datetime, until: datetime) -> list[dict[str, Any]]:
    """Needs that no product of ours meets (R006), by how many clients named them."""
    query = select(Interest.need, Interest.client_id).where(
        Interest.product_id.is_(None), Interest.at.between(since, until)
    )
    named = {(" ".join(row[0].split()), row[1]) for row in session.execute(query)}
    return [{"need": need, "count": number} for need, number in Counter(need for need, _ in named).most_common(MANY)]


def _place(milestone: str) -> int:
    return MILESTONES.index(milestone) if milestone in MILESTONES else len(MILESTONES)


def _moment(day: date, at: time = time.min) -> datetime:
    return datetime.combine(day, at, UTC)

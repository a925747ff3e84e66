"""Signs that a client is about to leave (R250, R326, CP-24), found by the database for all clients at once."""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from engine.crm import class_rules, periods
from engine.crm.class_rules import Rules
from engine.models import Client, ClientProduct, Complaint, Settlement, Survey

SILENCE, FALL, COMPLAINT, SURVEY, CONTRACT = "silence", "fall", "complaint", "survey", "contract"
KEPT = (class_rules.NEW, class_rules.REGULAR, class_rules.RESTORED)
YEAR = 12
RECENT = timedelta(days=92)  # so long a mark in a survey tells something about today


def signals(session: Session, env: Any, on: date) -> dict[int, list[str]]:
    """Client -> the signs it shows on a day. Only clients who still count as ours and may be approached."""
    given = env.settings.get("churn") or (env.settings.get("development") or {}).get("churn") or {}
    rules = class_rules.rules_of(env)
    found: dict[int, list[str]] = defaultdict(list)
    for sign, ids in (
        (SILENCE, _silent(session, rules, on, Decimal(given.get("share_of_window", 67)))),
        (FALL, _falling(session, rules, on, Decimal(given.get("fall", 30)))),
        (COMPLAINT, _ids(session, select(Complaint.client_id).where(Complaint.closed_at.is_(None)))),
        (SURVEY, _displeased(session, env, on, int(given.get("survey", 3)))),
        (CONTRACT, _ending(session, on, int(given.get("contract_days", 45)))),
    ):
        for client_id in ids:
            found[client_id].append(sign)
    ours = set(
        session.scalars(
            select(Client.id).where(
                Client.id.in_(found), Client.stop_list.is_(False), Client.target.is_(True),
                Client.merged_into_id.is_(None), Client.state.in_(KEPT),
            )
        )
    )  # fmt: skip
    return {client_id: found[client_id] for client_id in sorted(ours)}


def _silent(session: Session, rules: Rules, on: date, share: Decimal) -> Iterator[int]:
    """No settlement for two thirds of the window, and not lost yet."""
    start = class_rules.window(rules, on).since
    limit = on - timedelta(days=int((on - start).days * share / 100))
    query = (
        select(Settlement.client_id)
        .where(Settlement.sum > 0, Settlement.dated <= on)
        .group_by(Settlement.client_id)
        .having(func.max(Settlement.dated) < limit, func.max(Settlement.dated) >= start)
    )
    return _ids(session, query)


def _falling(session: Session, rules: Rules, on: date, percent: Decimal) -> Iterator[int]:
    """The sum of the last window is lower than the client's own mean of a window in the year before it."""
    start = class_rules.window(rules, on).since
    year = periods.add_months(start, -YEAR)
    now = func.sum(case((Settlement.dated > start, Settlement.sum), else_=0))
    before = func.sum(case((Settlement.dated <= start, Settlement.sum), else_=0))
    query = (
        select(Settlement.client_id, now, before)
        .where(Settlement.dated > year, Settlement.dated <= on)
        .group_by(Settlement.client_id)
    )
    for client_id, latest, earlier in session.execute(query):
        mean = Decimal(str(earlier or 0)) * rules.silence / YEAR
        if mean > 0 and Decimal(str(latest or 0)) < mean * (100 - percent) / 100:
            yield client_id


def _displeased(session: Session, env: Any, on: date, worst: int) -> Iterator[int]:
    since = periods.moment(env, on) - RECENT
    return _ids(session, select(Survey.client_id).where(Survey.answered_at >= since, Survey.minimum <= worst))


def _ending(session: Session, on: date, days: int) -> Iterator[int]:
    ends = ClientProduct.contract_until
    return _ids(session, select(ClientProduct.client_id).where(ends >= on, ends <= on + timedelta(days=days)))


def _ids(session: Session, query: Any) -> Iterator[int]:
    yield from sorted(set(session.scalars(query)))

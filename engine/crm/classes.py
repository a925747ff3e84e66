"""Recalculating the classes and states of all clients, with their history (R034, R077)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from engine import audit
from engine.crm import class_rules, development, standings
from engine.crm.class_rules import Rules
from engine.models import ClassHistory, Client, table_of
from engine.work import Work

Own = tuple[str, str | None, str | None, Decimal | None]
NAMES = ("state", "abc", "xyz", "development")


@dataclass(frozen=True)
class Change:
    """What became different at a client. ``before`` and ``after``: state, abc, xyz, development."""

    client_id: int
    name: str
    owner_id: int | None
    before: dict[str, Any]
    after: dict[str, Any]

    @property
    def lost(self) -> bool:
        """Has he just become lost? Then somebody must win him back (R325)."""
        return bool(self.after["state"] == class_rules.LOST != self.before["state"])


def recalculate(work: Work, on: date) -> list[Change]:
    """Bring classes, states and degrees of development up to a day; each change is a row of the history.

    The history says what was calculated when, so a later change of the rules alters nothing in it. A day that was
    calculated before is calculated again: its rows are replaced by nothing, the newest one counts.
    """
    rules = class_rules.rules_of(work.env)
    clients = work.session.scalars(
        select(Client).where(Client.merged_into_id.is_(None), Client.role == "client").order_by(Client.id)
    ).all()
    found = standings.standings(work.session, rules, on)
    targets = development.targets_of(work.session, clients)
    written = _latest(work.session)
    changes, columns, history = [], [], []
    for client in clients:
        standing = found[client.id]
        after: Own = standing.state, standing.abc, standing.xyz, development.degree_of(targets[client.id])
        before: Own = client.state, client.abc, client.xyz, client.development
        if written.get((client.id, 0)) != after:
            history.append(_row(rules, on, client.id, None, after, standing))
        if before != after:
            columns.append({"id": client.id, **dict(zip(NAMES, after, strict=True))})
            pairs = (dict(zip(NAMES, values, strict=True)) for values in (before, after))
            changes.append(Change(client.id, client.name, client.owner_id, *pairs))
    known = {client.id for client in clients}
    for (client_id, direction), state in standings.directions(work.session, rules, on).items():
        after = state, None, None, None
        if client_id in known and written.get((client_id, direction)) != after:
            history.append(_row(rules, on, client_id, direction, after, None))
    _write(work, on, columns, history, changes)
    return changes


def _write(
    work: Work, on: date, columns: Sequence[dict[str, Any]], history: Sequence[dict[str, Any]],
    changes: Sequence[Change],
) -> None:  # fmt: skip
    if columns:
        work.session.execute(update(Client), list(columns))
    if history:
        work.session.execute(insert(table_of(ClassHistory)), list(history))
    audit.record(
        work, "classes.recalculated", on=on, count=len(changes), rows=len(history),
        changes=[{"client_id": one.client_id, **_differences(one)} for one in changes],
    )  # fmt: skip


def _differences(change: Change) -> dict[str, Any]:
    return {
        name: [change.before[name], change.after[name]]
        for name in NAMES
        if change.before[name] != change.after[name]
    }


def _row(
    rules: Rules, on: date, client_id: int, direction: int | None, own: Own, standing: standings.Standing | None
) -> dict[str, Any]:
    since, until = standings.period(rules, on)
    state, abc, xyz, degree = own
    return {
        "client_id": client_id, "product_id": direction, "on_date": on, "abc": abc, "xyz": xyz, "state": state,
        "variation": standing.variation if standing else None, "development": degree, "base": rules.base,
        "turnover": standing.turnover if standing else Decimal(0), "period_from": since, "period_to": until,
    }  # fmt: skip


def _latest(session: Session) -> dict[tuple[int, int], Own]:
    """The newest row of the history of each client and direction (0: the client itself)."""
    place = func.row_number().over(
        partition_by=(ClassHistory.client_id, func.coalesce(ClassHistory.product_id, 0)),
        order_by=(ClassHistory.on_date.desc(), ClassHistory.id.desc()),
    )
    rows = select(
        ClassHistory.client_id, func.coalesce(ClassHistory.product_id, 0).label("direction"), ClassHistory.state,
        ClassHistory.abc, ClassHistory.xyz, ClassHistory.development, place.label("place"),
    ).subquery()  # fmt: skip
    query = select(rows).where(rows.c.place == 1)
    return {
        (row.client_id, row.direction): (row.state, row.abc, row.xyz, row.development)
        for row in session.execute(query)
    }

"""Deals won by month: how many, by how many clients, for how much (R327)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import select

from engine.crm.periods import day_of, moments
from engine.crm.reports import ground
from engine.crm.reports.model import Asked, roubles
from engine.models import Client, Deal

TENTH = Decimal("0.1")


class Won(NamedTuple):
    """Deals won in some time: how many, by how many clients, for how much together."""

    deals: int
    clients: int
    sum: Decimal

    def cells(self) -> dict[str, Any]:
        """How often a client bought, and for how much on the average (R327)."""
        often = (Decimal(self.deals) / self.clients).quantize(TENTH) if self.clients else None
        return {"won": self.deals, "often": often, "mean": roubles(self.sum / self.deals) if self.deals else None}


NOTHING = Won(0, 0, Decimal(0))


def by_month(asked: Asked) -> tuple[dict[tuple[int, int], Won], Won]:
    """By month, and in the whole period. A deal is won at its last milestone."""
    start, end = moments(asked.env, asked.period)
    query = (
        select(Deal.milestone_at, Deal.client_id, Deal.worth).join(Client, Client.id == Deal.client_id)
        .where(Deal.status == "won", Deal.milestone_at >= start, Deal.milestone_at < end,
               *ground.client_filters(asked, of_owner=True))
    )  # fmt: skip
    found: dict[tuple[int, int], list[tuple[int, Decimal]]] = {}
    for at, client_id, worth in asked.session.execute(query):
        day = day_of(asked.env, at) or at.date()
        found.setdefault((day.year, day.month), []).append((client_id, worth or Decimal(0)))
    return {month: _together(rows) for month, rows in found.items()}, _together(
        [row for rows in found.values() for row in rows]
    )


def _together(rows: Sequence[tuple[int, Decimal]]) -> Won:
    return Won(len(rows), len({client for client, _ in rows}), sum((worth for _, worth in rows), Decimal(0)))

"""What may be chosen in a report, and how it is read from an address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.crm.periods import Period, preset
from engine.crm.reports.model import Asked, Filter, Report, Said, Words
from engine.errors import Text, text
from engine.models import Client, Matrix, Membership, Product, Segment, User
from engine.work import Actor

SELLERS = ("manager", "head")


def _employees(session: Session, _env: Any) -> list[tuple[str, Said]]:
    """People who sell; those who left stay, for their figures do."""
    sellers = select(Membership.user_id).where(Membership.group_key.in_(SELLERS))
    owners = select(Client.owner_id).where(Client.owner_id.is_not(None))
    query = select(User).where(User.id.in_(sellers) | User.id.in_(owners)).order_by(User.last, User.first)
    return [(str(user.id), user.name) for user in session.scalars(query)]


def _products(session: Session, _env: Any) -> list[tuple[str, Said]]:
    rows = session.execute(select(Product.id, Product.name).order_by(Product.name))
    return [(str(row.id), row.name) for row in rows]


def _directions(session: Session, _env: Any) -> list[tuple[str, Said]]:
    query = select(Product.id, Product.name).where(Product.direction_id.is_(None)).order_by(Product.name)
    return [(str(row.id), row.name) for row in session.execute(query)]


def _segments(session: Session, _env: Any) -> list[tuple[str, Said]]:
    query = select(Segment).join(Matrix).where(Matrix.status == "in_force").order_by(Segment.position)
    return [(segment.key, Words(segment.title, segment.title_en)) for segment in session.scalars(query)]


def _territories(session: Session, _env: Any) -> list[tuple[str, Said]]:
    query = select(Client.territory).where(Client.territory.is_not(None)).distinct().order_by(Client.territory)
    return [(name, name) for name in session.scalars(query) if name]


def _schemes(_session: Session, env: Any) -> list[tuple[str, Said]]:
    schemes: Mapping[str, Any] = env.settings.get("stages") or {}
    return [(key, Words(str(entry["title"]), str(entry.get("title_en") or entry["title"])))
            for key, entry in schemes.items() if isinstance(entry, Mapping) and "stages" in entry]  # fmt: skip


PERIOD = Filter("period", text("Period"), "period", default="quarter")
YEAR = replace(PERIOD, default="months12")
ON = Filter("on", text("On the day"), "date")
EMPLOYEE = Filter("employee", text("Employee"), choices=_employees, number=True)
PRODUCT = Filter("product", text("Product"), choices=_products, number=True)
DIRECTION = Filter("direction", text("Product direction"), choices=_directions, number=True)
SEGMENT = Filter("segment", text("Segment"), choices=_segments)
TERRITORY = Filter("territory", text("Division"), choices=_territories)
SCHEME = Filter("scheme", text("Stages"), choices=_schemes, default="stepanov6", needed=True)


def choice(name: str, title: Text, choices: Sequence[tuple[str, Said]], default: str = "") -> Filter:
    """A filter with values of its own; one with a default has no "all"."""
    return Filter(name, title, choices=lambda *_: choices, default=default, needed=bool(default))


def read(
    report: Report, session: Session, env: Any, actor: Actor, today: date, given: Mapping[str, str],
    employee: int | None = None, page: int = 0,
) -> Asked:  # fmt: skip
    """Understand an address. What makes no sense is left out rather than refused: links grow old.

    ``employee``: the only one whose figures this person may see.
    """
    values: dict[str, Any] = {}
    period = preset("months12", today)
    for asked in report.filters:
        if asked.kind == "period":
            period = _period(given, today, asked.default)
        elif asked.kind == "date":
            values[asked.name] = day(given.get(asked.name, "")) or today
        else:
            values[asked.name] = _choice(asked, given.get(asked.name, ""))
    if employee is not None:
        values["employee"] = employee
    return Asked(session, env, actor, today, period, values, dict(given), page)


def day(written: str) -> date | None:
    """A day of an address, within reason."""
    try:
        found = date.fromisoformat(written)
    except ValueError:
        return None
    return found if 1990 <= found.year <= 2100 else None


def _period(given: Mapping[str, str], today: date, default: str) -> Period:
    since, until = day(given.get("from", "")), day(given.get("to", ""))
    name = given.get("period", "")
    if since and until and name in ("", "own"):
        return Period(min(since, until), max(since, until))
    return preset(name or default, today)


def _choice(asked: Filter, written: str) -> Any:
    if asked.number:
        return int(written) if written.isascii() and written.isdigit() and len(written) < 10 else None
    return written[:100] or asked.default or None

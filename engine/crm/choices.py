"""What forms offer to choose from: products, sources, campaigns, competitors, people. Lists of {value, label}."""
from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import access
from engine.crm.lazily import Record, once
from engine.models import Campaign, Competitor, Group, Product, Source, User

MOST = 500
RUNNING = ("planned", "running")
STAFF = select(User).where(User.active).order_by(User.last, User.first, User.id)
SOURCES = select(Source).where(Source.active).order_by(Source.title)
CAMPAIGNS = select(Campaign).where(Campaign.status.in_(RUNNING)).order_by(Campaign.starts_on.desc())
COMPETITORS = select(Competitor).order_by(Competitor.name)
GROUPS = select(Group).order_by(Group.title)
TEAMS = {"managers": "manager", "deliverers": "delivery"}


def load(session: Session) -> Record:
    """All lists by name, each read when it is asked for. ``simple``: the products that are sold by the price list. A
    direction with components is not sold itself, and what is to be withdrawn on some day is offered no more."""
    offered = once(lambda: _offered(session))
    staff = once(lambda: session.scalars(STAFF).all())
    lists: dict[str, Callable[[], Any]] = {
        "products": lambda: [_choice(row.id, row.name) for row in offered()],
        "simple": lambda: [_choice(row.id, row.name) for row in offered() if row.simple],
        "sources": lambda: [_choice(row.id, row.title) for row in session.scalars(SOURCES)],
        "campaigns": lambda: [_choice(row.id, f"{row.number} {row.title}") for row in session.scalars(CAMPAIGNS)],
        "staff": lambda: [_choice(user.login, user.name) for user in staff()[:MOST]],
        "competitors": lambda: [_choice(row.name, row.name) for row in session.scalars(COMPETITORS).all()[:MOST]],
        "people": lambda: [_choice(user.login, f"{user.name}, {user.position}") for user in staff()],
        "groups": lambda: [
            {**_choice(row.key, row.title), "label_en": row.title_en} for row in session.scalars(GROUPS)
        ],
        **{name: partial(_team, session, group) for name, group in TEAMS.items()},
    }
    return Record({}, lists)


def _offered(session: Session) -> list[Product]:
    directions = select(Product.direction_id).where(Product.direction_id.is_not(None))
    rows = select(Product).where(Product.withdrawn_on.is_(None), Product.id.not_in(directions))
    return list(session.scalars(rows.order_by(Product.name)))[:MOST]


def _team(session: Session, group: str) -> list[dict[str, Any]]:
    return [_choice(user.login, user.name) for user in access.members(session, group)]


def _choice(value: Any, label: str) -> dict[str, Any]:
    return {"value": value, "label": label}

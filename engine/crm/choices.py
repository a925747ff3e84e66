"""What forms offer to choose from: products, sources, campaigns, competitors, people. Lists of {value, label}."""
from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import access
from engine.models import Campaign, Competitor, Group, Product, Source, User

MOST = 500
RUNNING = ("planned", "running")
TEAMS = {"managers": "manager", "deliverers": "delivery"}


def load(session: Session) -> dict[str, list[dict[str, Any]]]:
    """All lists by name. ``simple``: the products that are sold by the price list. A direction with components
    is not sold itself, and what is to be withdrawn on some day is offered no more."""
    directions = select(Product.direction_id).where(Product.direction_id.is_not(None))
    offered = select(Product).where(Product.withdrawn_on.is_(None), Product.id.not_in(directions))
    rows = session.scalars(offered.order_by(Product.name)).all()[:MOST]
    sources = session.scalars(select(Source).where(Source.active).order_by(Source.title)).all()
    campaigns = session.scalars(
        select(Campaign).where(Campaign.status.in_(RUNNING)).order_by(Campaign.starts_on.desc())
    ).all()
    competitors = session.scalars(select(Competitor).order_by(Competitor.name)).all()[:MOST]
    everybody = session.scalars(select(User).where(User.active).order_by(User.last, User.first, User.id)).all()[:MOST]
    teams = {
        name: [{"value": user.login, "label": user.name} for user in access.members(session, group)]
        for name, group in TEAMS.items()
    }
    return {
        "products": [_choice(row.id, row.name) for row in rows],
        "simple": [_choice(row.id, row.name) for row in rows if row.simple],
        "sources": [_choice(row.id, row.title) for row in sources],
        "campaigns": [_choice(row.id, f"{row.number} {row.title}") for row in campaigns],
        "staff": [{"value": user.login, "label": user.name} for user in everybody],
        "competitors": [_choice(row.name, row.name) for row in competitors],
        "people": [
            _choice(row.login, f"{row.name}, {row.position}")
            for row in session.scalars(select(User).where(User.active).order_by(User.last, User.first))
        ],
        "groups": [
            {**_choice(row.key, row.title), "label_en": row.title_en}
            for row in session.scalars(select(Group).order_by(Group.title))
        ],
        **teams,
    }


def _choice(value: Any, label: str) -> dict[str, Any]:
    return {"value": value, "label": label}

"""Figures of the demo company beside its deals: prices of competitors, costs of sources, the sales plan of the year."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import select

from engine.crm import competitors, deals, plans, sources
from engine.models import Competitor, Product, Source, User
from engine.work import Work

FILE = Path(__file__).with_name("demo_figures.yaml")


def load_figures(work: Work) -> None:
    """What is known of competitors and sources until today, and what is planned for the whole year."""
    data: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    today = deals.today(work)
    months = [date(today.year, month, 1) for month in range(1, 13)]
    products = {row.code: row.id for row in work.session.execute(select(Product.code, Product.id))}
    known = work.session.scalars(select(Competitor.id).order_by(Competitor.id)).all()
    for place, rows in data["competitor_prices"].items():
        for code, price, ago, note in rows:
            if place <= len(known) and code in products:
                on = today - timedelta(days=ago)
                competitors.set_price(work, known[place - 1], products[code], Decimal(price), on, note)
    for source in work.session.scalars(select(Source)).all():
        cost = data["source_costs"].get(source.key)
        for month in months if cost else ():
            if month <= today:
                sources.set_cost(work, source.id, month, Decimal(cost))
    people = {row.login: row.id for row in work.session.execute(select(User.login, User.id))}
    for login, (sum_, count) in data["sales_plan"].items():
        for month in months if login in people else ():
            plans.set_plan(work, month, people[login], None, Decimal(sum_), count)

"""What comes to the company from outside in the course of a year, by working days."""
from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from engine import instances
from engine.crm import deals
from engine.models import Client, Contact, Product
from simulation.filling import habits

if TYPE_CHECKING:
    from simulation.year import Year


def plan(year: Year, end: datetime) -> None:
    """Put a year of arrivals on the agenda."""
    calendar = year.env.calendar("main")
    day = year.clock.now.date()
    rate = float(habits()["sales_per_day"])
    while day < end.date():
        if calendar.is_working(day):
            for _ in range(_poisson(year, rate)):
                year.agenda.plan(year.moment(day, year.dice.uniform(9.2, 17)), lambda: sale(year))
        day += timedelta(days=1)


def sale(year: Year) -> None:
    """A manager opens a deal with one of his clients and begins to sell."""
    with year.env.sessions() as session:
        rows = session.execute(select(Client.id, Client.owner_id).where(Client.stop_list.is_(False))).all()
        client_id, owner_id = year.dice.choice(rows)
        products = session.execute(select(Product.id, Product.name)).all()
        contact_id = session.scalar(select(Contact.id).where(Contact.client_id == client_id).limit(1))
    chosen = year.dice.sample(products, year.dice.choice((1, 1, 1, 2)))
    person = year.staff.actors[owner_id or 0]

    def begin(work: Any) -> None:
        deal = deals.open_deal(work, client_id, str(chosen[0][1]), contact_id=contact_id)
        deals.set_lines(work, deal.id, [{"product_id": row[0], "quantity": "1"} for row in chosen])
        deals.reach(work, deal.id, "M1")
        instances.start(work, "sale_long_pull", {}, deal_id=deal.id, client_id=client_id)

    year.attempt(lambda: year.staff.act(person, begin), "sale")


def _poisson(year: Year, rate: float) -> int:
    """How many of something that happens ``rate`` times a day on average."""
    count, left = 0, year.dice.expovariate(rate)
    while left < 1:
        count, left = count + 1, left + year.dice.expovariate(rate)
    return count

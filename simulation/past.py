"""What was before the year began: clients the company knows, what they paid before, plans of sale."""
from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from engine.crm import clients, consents, next_contacts, plans, settlements, sources
from engine.models import Client, ProcessInstance, Product, Source, User, UserTask
from engine.work import SYSTEM, Work, run
from simulation.clients import PROFILES, company

if TYPE_CHECKING:
    from simulation.year import Year

KNOWN = 0.42  # of the clients of the year are known when it begins
BOUGHT = 0.7  # of those have bought something before
BEFORE = 540  # days
MONTHLY = 5  # payments make a client who pays every month
REQUISITES = (
    "inn", "kpp", "ogrn", "full_name", "address", "city", "bank", "bik", "account", "corr_account", "passport",
)  # fmt: skip
BANK = ("bank", "bik", "account", "corr_account")
WAITED_FOR = (
    select(ProcessInstance.client_id)
    .join(UserTask, UserTask.instance_id == ProcessInstance.id)
    .where(UserTask.form_key.in_(("sale/requisites", "document/fix_data")), UserTask.rank.is_not(None))
)


def tell(year: Year, newcomers: int) -> None:
    """Clients, older settlements, costs of sources, plans of sale."""
    dice = year.dice
    with year.env.sessions() as session:
        managers = [row for row in session.scalars(select(User)) if row.login in ("ivanova", "petrov", "kuznecov")]
        products = [(row.id, row.price) for row in session.scalars(select(Product)) if row.direction_id is not None]
        directions = [row.id for row in session.scalars(select(Product)) if row.direction_id is None]
        advertised = list(session.scalars(select(Source.id)))
    today = year.clock.now.date()
    for _ in range(int(newcomers * KNOWN)):
        values = company(dice, year.number())
        history = _history(year, today, products) if dice.random() < BOUGHT else []
        talk = _talk(year, today, products)
        client_id = run(year.env, SYSTEM, _enter, values, dice.choice(managers).id, history, talk)
        if len(history) > MONTHLY:
            _go_on_paying(year, client_id, history)
    for month in _months(today):
        for source in advertised:
            run(year.env, SYSTEM, sources.set_cost, source, month, Decimal(dice.randint(5, 60) * 1000))
        for manager in managers:
            for direction in directions:
                planned = Decimal(dice.randint(2, 9) * 100000)
                run(year.env, SYSTEM, plans.set_plan, month, manager.id, direction, planned, None)


def complete_cards(year: Year) -> None:
    """Somebody asks a new client what it does and for its requisites, so that it gets a segment and contracts; and a
    client whose requisites a sale waits for gives what is missing."""
    with year.env.sessions() as session:
        asked = set(session.scalars(WAITED_FOR))
        rows = [row for row in session.scalars(select(Client)) if not row.profile or row.id in asked]
    for client in rows:
        found = company(year.dice, year.number(), client.kind, client.territory)
        kept = {name: getattr(client, name, None) or (client.requisites or {}).get(name) for name in REQUISITES}
        if not all(kept[name] for name in BANK):  # an account is one of its bank
            kept |= dict.fromkeys(BANK)
        values = {name: kept[name] or found[name] for name in REQUISITES if name in found}
        values["profile"] = client.profile or dict(year.dice.choice(PROFILES))
        year.attempt(partial(year.staff.act, SYSTEM, clients.change_client, client.id, **values), "card")


def _history(year: Year, today: date, products: list[Any]) -> list[tuple[int, date, Decimal]]:
    """Some payments, regular with one client in three."""
    dice = year.dice
    product, price = dice.choice(products)
    if dice.random() < 0.35:
        first = today - timedelta(days=dice.randint(200, BEFORE))
        days = [first + timedelta(days=30 * step) for step in range(18)]
        return [(product, day, _sum(year, price, 0.1)) for day in days if day < today]
    days = sorted(today - timedelta(days=dice.randint(5, BEFORE)) for _ in range(dice.randint(1, 4)))
    return [(dice.choice(products)[0], day, _sum(year, price, 0.6)) for day in days]


def _sum(year: Year, price: Decimal, spread: float) -> Decimal:
    return (price * Decimal(str(round(year.dice.uniform(1 - spread, 1 + spread), 3)))).quantize(Decimal("1.00"))


def _talk(year: Year, today: date, products: list[Any]) -> tuple[date, int]:
    return today + timedelta(days=year.dice.randint(1, 80)), year.dice.choice(products)[0]


def _enter(
    work: Work, values: dict[str, Any], owner_id: int, history: list[tuple[int, date, Decimal]], talk: tuple[date, int]
) -> int:
    person = values.pop("person")
    made = clients.create_client(work, owner_id=owner_id, **values)
    contact = clients.add_contact(work, made.id, **person)
    for purpose in ("personal_data", "advertising", "survey"):
        consents.give(work, contact.id, purpose, text_version="учебный год")
    for product_id, day, sum in history:
        settlements.record(work, made.id, product_id, day, sum, owner_id=owner_id)
    next_contacts.agree(work, made.id, talk[0], "Узнать о планах на год", talk[1])
    return made.id


def _go_on_paying(year: Year, client_id: int, history: list[tuple[int, date, Decimal]]) -> None:
    """A client who pays every month goes on; the accounts are kept elsewhere and brought in."""
    product_id, last, sum = history[-1]
    spread = year.dice.choice((0.05, 0.05, 0.2, 0.5))
    for step in range(1, 13):
        day = last + timedelta(days=30 * step)
        paid = _sum(year, sum, spread)

        def bring(day: date = day, paid: Decimal = paid) -> None:
            year.attempt(
                lambda: run(year.env, SYSTEM, settlements.record, client_id, product_id, day, paid), "settlement"
            )

        year.agenda.plan(year.moment(day, 18), bring)


def _months(today: date) -> list[date]:
    first = today.replace(day=1)
    found = [first]
    for _ in range(12):
        found.append((found[-1] + timedelta(days=32)).replace(day=1))
    return found

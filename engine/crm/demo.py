"""The demo company: people in every role, clients, products and deals to begin with. Data: demo.yaml beside this file.

Passwords are made anew at each setup and returned once; only their hashes are kept.
"""
from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import select

from engine import audit, identity
from engine.crm import clients, deals, demo_figures, demo_knowledge, demo_market
from engine.models import Client, Group, Membership, Product, User
from engine.work import Work

FILE = Path(__file__).with_name("demo.yaml")
MAIL = "example.test"
CONSONANTS, VOWELS = "bdfgklmnprst", "aeo"
STARTED_AT = "M1"


@dataclass(frozen=True)
class Account:
    """How somebody of the demo company signs in. The password is shown once and kept nowhere."""

    login: str
    password: str
    name: str
    position: str


def load(work: Work) -> list[Account]:
    """Fill an empty database with the demo company; a database with people in it is left alone."""
    if work.session.scalar(select(User.id).limit(1)) is not None:
        return []
    data = company()
    accounts = load_people(work, data)
    load_products(work, data)
    loaded = load_clients(work, data)
    demo_market.load_market(work, data)
    demo_market.load_talks(work, data, loaded)
    load_deals(work, data, loaded)
    demo_market.load_next_contacts(work, data, loaded)
    demo_knowledge.load_knowledge(work)
    demo_figures.load_figures(work)
    audit.record(work, "company.loaded", people=len(accounts), clients=len(loaded), deals=len(data["deals"]))
    return accounts


@cache
def company() -> Mapping[str, Any]:
    """The demo data as written in demo.yaml."""
    data: Mapping[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return data


def load_people(work: Work, data: Mapping[str, Any], password: str | None = None) -> list[Account]:
    """Groups and people with their superiors. ``password``: one for all (tests); None makes one for each."""
    for key, titles in data["groups"].items():
        work.session.add(Group(key=key, **titles))
    work.session.flush()
    common = identity.hash_password(password) if password else None
    accounts: list[Account] = []
    users: dict[str, User] = {}
    for login, (last, first, middle, gender, position, groups, _) in data["people"].items():
        secret = password or new_password()
        users[login] = User(
            login=login, last=last, first=first, middle=middle, gender=gender, position=position,
            email=f"{login}@{MAIL}", locale="ru", password_hash=common or identity.hash_password(secret), active=True,
            failed_logins=0, memberships=[Membership(group_key=group) for group in groups],
        )  # fmt: skip
        work.session.add(users[login])
        accounts.append(Account(login, secret, users[login].name, position))
    work.session.flush()
    for login, row in data["people"].items():
        users[login].superior_id = users[row[-1]].id if row[-1] else None
    for user in users.values():
        audit.record(work, "user.created", subject=f"user:{user.id}", login=user.login)
    return accounts


def load_products(work: Work, data: Mapping[str, Any]) -> None:
    """The products with their directions and prices, and the segments they are meant for."""
    for code, (name, unit, price) in data["products"].items():
        work.session.add(Product(code=code, name=name, unit=unit, price=Decimal(price)))
    work.session.flush()
    demo_market.load_directions(work, data)
    demo_market.load_prices(work, data)
    demo_market.load_segments(work, data)


def load_clients(work: Work, data: Mapping[str, Any]) -> list[Client]:
    """Clients with their contacts, in the order of the file."""
    owners = {user.login: user.id for user in work.session.scalars(select(User))}
    loaded = []
    for entry in data["clients"]:
        values = {key: value for key, value in entry.items() if key not in {"owner", "contacts", "kind", "name"}}
        client = clients.create_client(
            work, entry["kind"], entry["name"], owner_id=owners.get(entry["owner"]), **values
        )
        for person in entry["contacts"]:
            clients.add_contact(work, client.id, **person)
        loaded.append(client)
    return loaded


def load_deals(work: Work, data: Mapping[str, Any], loaded: list[Client]) -> None:
    """Qualified deals, so that a sale can be started at once."""
    products = {product.code: product.id for product in work.session.scalars(select(Product))}
    owners = {user.login: user.id for user in work.session.scalars(select(User))}
    for entry in data["deals"]:
        client = loaded[entry["client"] - 1]
        deal = deals.open_deal(
            work, client.id, entry["title"], contact_id=client.contacts[0].id, owner_id=owners.get(entry["owner"])
        )
        deals.set_lines(
            work, deal.id, [{"product_id": products[code], "quantity": amount} for code, amount in entry["lines"]]
        )
        deals.reach(work, deal.id, STARTED_AT)


def new_password() -> str:
    """A password one can read aloud: about 68 bits."""
    syllables = [secrets.choice(CONSONANTS) + secrets.choice(VOWELS) for _ in range(12)]
    return "-".join("".join(syllables[at : at + 3]) for at in range(0, 12, 3)) + str(secrets.randbelow(90) + 10)

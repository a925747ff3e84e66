"""What the demo company sells, to whom it is meant, and what it knows of its market. Data: demo.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from engine.crm import consents, contact_log, deals, development, next_contacts
from engine.models import (
    Client,
    Competitor,
    Matrix,
    Price,
    PriceList,
    Product,
    Segment,
    SegmentParameter,
    SegmentProduct,
    Source,
    User,
)
from engine.work import Work

TEXT_VERSION = "2026-01"


def load_directions(work: Work, data: Mapping[str, Any]) -> None:
    """The product directions above the products, and what else is known of each product."""
    people = _people(work)
    by_code = {product.code: product for product in work.session.scalars(select(Product))}
    for code, details in data["product_details"].items():
        for name, value in details.items():
            setattr(by_code[code], name, Decimal(value) if name == "cost" else value)
    for code, entry in data["directions"].items():
        direction = Product(
            code=code, name=entry["name"], unit="", price=Decimal(0), description=entry["description"],
            head_id=people.get(entry["head"]),
        )  # fmt: skip
        work.session.add(direction)
        work.session.flush()
        for part in entry["parts"]:
            by_code[part].direction_id = direction.id
    work.session.flush()


def load_prices(work: Work, data: Mapping[str, Any]) -> None:
    """The price lists with their tiers by quantity."""
    products = _products(work)
    for entry in data["price_lists"]:
        listed = PriceList(
            key=entry["key"], name=entry["name"], valid_from=entry["valid_from"], general=entry.get("general", True)
        )
        work.session.add(listed)
        work.session.flush()
        for code, tiers in entry["prices"].items():
            for quantity, price in tiers.items():
                work.session.add(
                    Price(price_list_id=listed.id, product_id=products[code], min_quantity=Decimal(quantity),
                          price=Decimal(price))
                )  # fmt: skip
    work.session.flush()


def load_segments(work: Work, data: Mapping[str, Any]) -> None:
    """The parameters and the first version of the matrix, in force."""
    people, products = _people(work), _products(work)
    for position, entry in enumerate(data["segment_parameters"], 1):
        work.session.add(SegmentParameter(position=position, **{"choices": [], **entry}))
    matrix = Matrix(version=1, status="in_force", in_force_from=work.now.date(), created_at=work.now, segments=[])
    for position, entry in enumerate(data["segments"], 1):
        targets = [
            SegmentProduct(product_id=products[code], priority=no) for no, code in enumerate(entry["products"], 1)
        ]
        matrix.segments.append(
            Segment(
                key=entry["key"], title=entry["title"], title_en=entry["title_en"], position=position,
                rules=entry["rules"], portrait=entry["portrait"], specialist_id=people.get(entry["specialist"]),
                products=targets,
            )
        )  # fmt: skip
    work.session.add(matrix)
    work.session.flush()


def load_market(work: Work, data: Mapping[str, Any]) -> None:
    """Where enquiries come from, and who else our clients may choose."""
    for key, (title, channel) in data["sources"].items():
        work.session.add(Source(key=key, title=title, channel=channel, active=True))
    for entry in data["competitors"]:
        work.session.add(Competitor(**entry))
    work.session.flush()


def load_talks(work: Work, data: Mapping[str, Any], loaded: list[Client]) -> None:
    """What people at clients allowed, and the first lines of the contact log."""
    people = _people(work)
    for entry in data["consents"]:
        person = loaded[entry["client"] - 1].contacts[entry["contact"] - 1]
        for purpose, channel in entry["given"]:
            consents.give(work, person.id, purpose, channel, text_version=TEXT_VERSION)
    for entry in data["contact_records"]:
        client = loaded[entry["client"] - 1]
        rest = {key: value for key, value in entry.items() if key not in {"client", "contact", "by", "days"}}
        contact_log.record(
            work, client.id, contact_id=client.contacts[entry["contact"] - 1].id, user_id=people.get(entry["by"]),
            at=work.now - timedelta(days=entry["days"]), **rest,
        )  # fmt: skip


def load_next_contacts(work: Work, data: Mapping[str, Any], loaded: list[Client]) -> None:
    """Whoever has no deal yet has a day, a purpose and a product of the next contact (R137)."""
    busy = {entry["client"] for entry in data["deals"]}
    for number, client in enumerate(loaded, 1):
        if number in busy or client.stop_list:
            continue
        product = development.next_product(work.session, client)
        first = product.id if product is not None else min(_products(work).values())
        day = deals.today(work) + timedelta(days=3 * number)
        next_contacts.agree(work, client.id, day, "Познакомиться и узнать о планах", first)


def _people(work: Work) -> dict[str, int]:
    return {row[0]: row[1] for row in work.session.execute(select(User.login, User.id))}


def _products(work: Work) -> dict[str, int]:
    return {row[0]: row[1] for row in work.session.execute(select(Product.code, Product.id))}

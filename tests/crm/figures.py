"""What tests of figures share: a company whose money and deals are written down by the verbs, and reports read plainly.

Cells become bare values, so that a table compares with what was computed by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import select

from engine.crm import clients, closing, deals, payments, settlements
from engine.crm.reports import registry
from engine.crm.reports.model import Group, Table, value_of
from engine.environment import Environment, settings_of
from engine.errors import Text
from engine.models import Matrix, Product, Segment, SegmentProduct, User
from engine.work import SYSTEM, Work, run
from tests.case import Clock
from tests.cast import actor

SETTINGS = Path(__file__).resolve().parents[2] / "settings"

WHOSE = dict.fromkeys(("clients", "contacts", "consents", "merging", "next_contacts"), "elena")
WHOSE |= dict.fromkeys(("products", "prices", "matrix", "segments"), "nina")
BY: dict[Any, str] = dict.fromkeys((payments.record_payment, payments.refund, settlements.record), "vera")
BY |= dict.fromkeys((deals.set_lines, deals.reach, deals.set_prospects, payments.set_schedule, closing.close), "elena")


class Company:
    """A company at work. Everything is written by somebody who may, mostly anna, unless somebody else is named."""

    def __init__(self, env: Environment, clock: Clock) -> None:
        env.settings = settings_of(SETTINGS)
        self.env, self.clock = env, clock
        with env.sessions() as session:
            self.people = {user.login: user.id for user in session.scalars(select(User))}

    def do(self, verb: Callable[..., Any], *args: Any, login: str | None = None, **kwargs: Any) -> Any:
        module = verb.__module__.rpartition(".")[2]
        desk = BY.get(verb) or WHOSE.get(module, "anna")
        return run(self.env, actor(self.env, login or desk), verb, *args, **kwargs)

    def on(self, day: date) -> None:
        """The clock stands at noon of a day."""
        self.clock.now = datetime.combine(day, time(12), UTC)

    def client(self, name: str, owner: str = "anna", **columns: Any) -> int:
        """A client of somebody. ``columns``: what other verbs fill in (segment, territory)."""

        def register(work: Work) -> int:
            client = clients.create_client(work, "legal", name)
            client.owner_id = self.people[owner]
            for key, value in columns.items():
                setattr(client, key, value)
            return client.id

        return int(self.do(register, login="elena"))

    def product(self, name: str, direction: int | None = None) -> int:
        def register(work: Work) -> int:
            product = Product(code=name, name=name, price=Decimal(100), direction_id=direction)
            work.session.add(product)
            work.session.flush()
            return product.id

        return int(run(self.env, SYSTEM, register))

    def matrix(self, segments: Mapping[str, Sequence[int]]) -> None:
        """A matrix in force: segment -> its products, the first to offer at the head."""

        def register(work: Work) -> None:
            matrix = Matrix(version=1, status="in_force", in_force_from=date(2000, 1, 1), created_at=work.now)
            matrix.segments = [
                Segment(
                    key=key, title=key, title_en=key, position=place, rules=[],
                    products=[SegmentProduct(product_id=product, priority=no) for no, product in enumerate(products)],
                )
                for place, (key, products) in enumerate(segments.items())
            ]  # fmt: skip
            work.session.add(matrix)

        run(self.env, SYSTEM, register)

    def pay(self, client: int, product: int, day: date, sum: Any, owner: str | None = None, **more: Any) -> None:
        """Money of a client."""
        whose = self.people[owner] if owner else None
        self.do(settlements.record, client, product, day, Decimal(str(sum)), owner_id=whose, **more)

    def deal(self, client: int, owner: str = "anna", lines: Sequence[tuple[int, Any]] = (), **more: Any) -> int:
        """A deal opened now. ``lines``: product and price."""

        def register(work: Work) -> int:
            deal = deals.open_deal(
                work, client, "Сделка", owner_id=self.people[owner], vat_mode="none", **more
            )
            if lines:
                deals.set_lines(
                    work, deal.id, [{"product_id": product, "quantity": 1, "price": price} for product, price in lines]
                )
            return deal.id

        return int(self.do(register, login="elena"))

    def tables(self, key: str, case: str | None = None, login: str = "elena", **given: Any) -> Sequence[Table]:
        """A report as this person sees it."""
        who = actor(self.env, login)
        with self.env.sessions() as session:
            report = registry.find(who, key)
            address = {name.rstrip("_"): str(value) for name, value in given.items()}
            asked = registry.ask(report, session, self.env, who, self.clock.now.date(), address)
            return registry.tables(report, asked, case)

    def rows(self, key: str, place: int = 0, case: str | None = None, **given: Any) -> list[list[Any]]:
        """The rows of one of its tables."""
        return plain(self.tables(key, case, **given)[place])


def plain(table: Table) -> list[list[Any]]:
    """Rows as lists of bare values; a group is a list of its title; the total comes last."""
    found = [
        [said(row.title)]
        if isinstance(row, Group)
        else [said(value_of(row.get(column.key))) for column in table.columns]
        for row in table.rows
    ]
    if table.total:
        found.append([said(value_of(table.total.get(column.key))) for column in table.columns])
    return found


def said(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(said(part) for part in value)
    return str(value) if isinstance(value, Text) else getattr(value, "ru", value)


def money(value: str) -> Decimal:
    return Decimal(value).quantize(Decimal("0.01"))

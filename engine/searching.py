"""What a task is found by: a line of small letters kept with it, as things stood when it was opened, and renewed when
the deal or the client changes while it is open."""
from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, bindparam, select, union, update

from engine.models import Client, Contact, Deal, DealLine, ProcessInstance, UserTask, table_of
from engine.rows import Prepared
from engine.work import Work

LONGEST = 600
QUOTES = re.compile("[«»„“”\"'`()]")
DEALS, CLIENTS, CONTACTS, LINES = table_of(Deal), table_of(Client), table_of(Contact), table_of(DealLine)
OF_DEAL = Prepared(
    select(CLIENTS.c.id, CLIENTS.c.abc, DEALS.c.number, CLIENTS.c.name, CLIENTS.c.inn, CONTACTS.c.last,
           CONTACTS.c.first)
    .select_from(DEALS.join(CLIENTS, CLIENTS.c.id == DEALS.c.client_id)
                 .outerjoin(CONTACTS, CONTACTS.c.id == DEALS.c.contact_id))
    .where(DEALS.c.id == bindparam("deal"))
)  # fmt: skip
OF_CLIENT = Prepared(
    select(CLIENTS.c.id, CLIENTS.c.abc, CLIENTS.c.name, CLIENTS.c.inn).where(CLIENTS.c.id == bindparam("client"))
)
PRODUCTS = Prepared(select(LINES.c.name).where(LINES.c.deal_id == bindparam("deal")).order_by(LINES.c.no))


@dataclass(frozen=True)
class About:
    """Whose the tasks of an instance are. ``grade``: the client's class; ``words``: what they are all found by."""

    client_id: int | None = None
    grade: str | None = None
    words: str = ""

    def of(self, name: str) -> str:
        """The line of one task."""
        return fold(f"{name} {self.words}")[:LONGEST]


def fold(words: str) -> str:
    """Small letters, no quotation marks, «ё» as «е»: as lines are kept and as questions are asked."""
    return " ".join(QUOTES.sub(" ", words).lower().replace("ё", "е").split())


def about(work: Work, instance: ProcessInstance) -> About:
    """Read once for all tasks that a step opens: number, client, INN, contact, products."""
    deal_id, client_id, parts = instance.deal_id, instance.client_id, [instance.title]
    row: tuple[Any, ...] | None = None
    if deal_id is not None:
        row = OF_DEAL.first(work.connection, deal=deal_id)
        parts += [product[0] for product in PRODUCTS.all(work.connection, deal=deal_id)]
    if client_id is not None and (row is None or row[0] != client_id):
        parts += [str(part) for part in (row or ())[2:] if part]
        row = OF_CLIENT.first(work.connection, client=client_id)
    if row is None:
        return About(words=" ".join(parts))
    return About(row[0], row[1], " ".join([parts[0], *(str(part) for part in row[2:] if part), *parts[1:]]))


def renew_deal(work: Work, deal_id: int) -> None:
    """The deal has another contact or other products: its open tasks are found by them."""
    _renew(work, ProcessInstance.deal_id == deal_id)


def renew_client(work: Work, client_id: int) -> None:
    """The client, or somebody there, is called differently now."""
    runs, goes_on = select(ProcessInstance.id), ProcessInstance.ended_at.is_(None)
    of_deal = runs.join(Deal, Deal.id == ProcessInstance.deal_id).where(Deal.client_id == client_id, goes_on)
    ids = union(of_deal, runs.where(ProcessInstance.client_id == client_id, goes_on))  # each by its index
    _renew(work, ProcessInstance.id.in_(ids))


def _renew(work: Work, whose: ColumnElement[bool]) -> None:
    work.session.flush()
    query = select(ProcessInstance).where(whose, ProcessInstance.ended_at.is_(None))
    for instance in work.session.scalars(query):
        known = about(work, instance)
        tasks = work.session.execute(
            select(UserTask.id, UserTask.name).where(UserTask.instance_id == instance.id, UserTask.rank.is_not(None))
        ).all()
        for task_id, name in tasks:
            changed = update(table_of(UserTask)).where(UserTask.id == task_id)
            work.session.execute(changed.values(words=known.of(name), client_id=known.client_id))

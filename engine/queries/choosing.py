"""Choosing a deal or a client by typing: what a list offers to the words typed so far, and whom the words name in the
end. SELECTs only."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.models import Client, Deal
from engine.queries.client import found_by
from engine.queries.deal import by_words
from engine.queries.seen import row_by_row, seen
from engine.work import Actor

OFFERED = 20  # lines: whoever does not find his types on
BETWEEN = " · "
CARD = "№"
LAST_MOVED = (Deal.milestone_at.desc(), Deal.id.desc())


def deals(session: Session, actor: Actor, words: str = "") -> list[str]:
    """Open deals this person may start something about, those that moved last first: «number · title · client»."""
    ids = select(Deal.id).where(seen(session, actor).deals, Deal.status == "open", *by_words(words))
    wanted = list(session.scalars(ids.order_by(*LAST_MOVED).limit(OFFERED)))
    return _told(session, wanted)


def clients(session: Session, words: str = "") -> list[str]:
    """Clients by name: «name · INN · №card»; the number for the tax office tells namesakes apart, the card's number
    units of one company."""
    query = select(Client.id, Client.name, Client.inn).where(Client.merged_into_id.is_(None))
    query = query.where(*found_by(words)) if words else query
    return [_client(*row) for row in session.execute(query.order_by(Client.name).limit(OFFERED))]


def deal_named(session: Session, actor: Actor, said: str) -> int | None:
    """The open deal that a line of the list, or a number, names; None when this person sees none."""
    number = said.split(BETWEEN)[0].strip()
    query = select(Deal.id).where(Deal.number == number, Deal.status == "open", row_by_row(actor).deals)
    return session.scalar(query)


def client_named(session: Session, said: str) -> int | None:
    """The client that a line of the list, a name or an INN names; None when none does, or several do."""
    card = _id(said.rpartition(CARD)[2].strip()) if CARD in said else 0
    named = Client.id == card if card else (Client.name == said) | (Client.inn == said)
    found = session.scalars(select(Client.id).where(named, Client.merged_into_id.is_(None)).limit(2)).all()
    return found[0] if len(found) == 1 else None


def as_deal(session: Session, actor: Actor, number: str) -> str:
    """The line of a deal that an address names by its id."""
    found = select(Deal.id).where(Deal.id == _id(number), row_by_row(actor).deals)
    return next(iter(_told(session, list(session.scalars(found)))), "")


def as_client(session: Session, number: str) -> str:
    """The line of a client that an address names by its id."""
    client = session.get(Client, _id(number))
    return _client(client.id, client.name, client.inn) if client is not None else ""


def _told(session: Session, ids: list[int]) -> list[str]:
    rows = session.execute(
        select(Deal.number, Deal.title, Client.name).join(Client, Client.id == Deal.client_id)
        .where(Deal.id.in_(ids)).order_by(*LAST_MOVED)
    )  # fmt: skip
    return [BETWEEN.join(row) for row in rows]


def _client(number: int, name: str, inn: str | None) -> str:
    return BETWEEN.join(part for part in (name, inn, f"{CARD}{number}") if part)


def _id(number: str) -> int:
    return int(number) if number.isdecimal() and len(number) < 10 else 0

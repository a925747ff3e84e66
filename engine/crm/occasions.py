"""Whom to greet or to invite today (R035, R167, R168, R258, R310): birthdays, company days, holidays, own events."""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import extract, select
from sqlalchemy.orm import Session

from engine.crm import consents
from engine.models import Client, Contact, ContactRecord

BIRTHDAY, COMPANY_DAY, HOLIDAY, INVITATION = "birthday", "company_day", "holiday", "invitation"
LEAP = (2, 29)


@dataclass(frozen=True)
class Occasion:
    """One greeting of one person. ``key``: the same for the same greeting, so that nobody is greeted twice.
    ``personal``: the manager calls or brings a gift (class A); else a mail goes out."""

    key: str
    kind: str
    client_id: int
    contact_id: int
    personal: bool
    title: str
    subject: str
    body: str


def today(session: Session, env: Any, on: date, now: datetime) -> list[Occasion]:
    """Who is greeted on this day: only with a consent to advertising, never from the stop list (domain 3.7)."""
    known = env.settings.get("occasions") or {}
    found: dict[str, Occasion] = {}
    for kind, key, title, words, person, client in _all(session, known, on):
        channel = "phone" if client.abc == "A" else "mail"
        if channel == "mail" and not person.email:
            continue
        if not consents.allows(session, person, "advertising", channel, now):
            continue
        said = {"name": person.first, "client": client.name,
                "company": str((env.settings.get("company") or {}).get("name") or "")}  # fmt: skip
        once = f"{key}:{on.year}:{person.id}"
        found[once] = Occasion(
            once, kind, client.id, person.id, client.abc == "A", title,
            str(words.get("subject") or title).format(**said), str(words.get("body") or title).format(**said),
        )  # fmt: skip
    return [found[key] for key in sorted(found)]


def replies(session: Session, title: str) -> list[tuple[Client, ContactRecord]]:
    """Who answered an invitation, by client: the list of those who come and those who do not (R168)."""
    query = (
        select(Client, ContactRecord)
        .join(ContactRecord, ContactRecord.client_id == Client.id)
        .where(ContactRecord.purpose == title, ContactRecord.result == "replied")
        .order_by(Client.name, ContactRecord.id)
    )
    return [(client, record) for client, record in session.execute(query)]


Found = tuple[str, str, str, Mapping[str, Any], Contact, Client]


def _all(session: Session, known: Mapping[str, Any], on: date) -> Iterator[Found]:
    people = _people()
    for person, client in session.execute(_on_day(people, Contact.birth_date, on)):
        yield BIRTHDAY, BIRTHDAY, "День рождения", known.get(BIRTHDAY) or {}, person, client
    for person, client in _first_of_each(session, _on_day(people, Client.company_day, on)):
        yield COMPANY_DAY, COMPANY_DAY, "День рождения компании", known.get(COMPANY_DAY) or {}, person, client
    for row in known.get("holidays") or []:
        if row.get("day") == f"{on:%m-%d}":
            for person, client in _first_of_each(session, _of_segments(people, row)):
                yield HOLIDAY, str(row["key"]), str(row["title"]), row, person, client
    for row in known.get("events") or []:
        if str(row.get("day")) == on.isoformat():
            for person, client in _first_of_each(session, _of_segments(people, row)):
                yield INVITATION, str(row["key"]), str(row["title"]), row, person, client


def _people() -> Any:
    return (
        select(Contact, Client)
        .join(Client, Client.id == Contact.client_id)
        .where(
            Contact.active, Client.role == "client", Client.stop_list.is_(False), Client.target.is_(True),
            Client.merged_into_id.is_(None),
        )
        .order_by(Client.id, Contact.id)
    )  # fmt: skip


def _on_day(people: Any, column: Any, on: date) -> Any:
    """Who has his day today; born on 29 February: on the 28th where there is no 29th."""
    days = [on.day] + ([LEAP[1]] if (on.month, on.day) == (2, 28) and not _is_leap(on.year) else [])
    return people.where(extract("month", column) == on.month, extract("day", column).in_(days))


def _of_segments(people: Any, row: Mapping[str, Any]) -> Any:
    wanted = row.get("segments")
    return people.where(Client.segment.in_(wanted)) if wanted else people


def _first_of_each(session: Session, people: Any) -> Iterator[tuple[Contact, Client]]:
    """One person of each client."""
    seen: set[int] = set()
    for person, client in session.execute(people):
        if client.id not in seen:
            seen.add(client.id)
            yield person, client


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)

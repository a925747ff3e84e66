"""The bank statement as 1C and client banks exchange it: a text of sections ``1CClientBankExchange`` (R218, R311).

Reading is tolerant: unknown keys are passed over, encodings told apart, sums written with a comma accepted. What makes
a statement useless (another format, no account, a document without number, day or sum) is refused in plain words.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from engine.crm.imports_fields import day_of, number_of
from engine.crm.imports_read import LARGEST, decode
from engine.errors import Invalid, Text

MARK = "1cclientbankexchange"
DOCUMENT, END_DOCUMENT = "секциядокумент", "конецдокумента"
ACCOUNT, END_ACCOUNT = "секциярасчсчет", "конецрасчсчет"
MOST = 20_000  # documents of one statement


@dataclass(frozen=True)
class Entry:
    """One payment: ``direction`` in or out, ``account`` ours, ``payer`` the other side of an incoming one."""

    line: int
    account: str
    direction: str
    dated: date
    number: str
    sum: Decimal
    payer_inn: str
    payer_name: str
    payer_account: str
    purpose: str


@dataclass(frozen=True)
class Misread:
    """A document that could not be read: the line where it begins, and why."""

    line: int
    reason: Text


@dataclass(frozen=True)
class Statement:
    """What the file holds. ``since``/``until``: its period, if it says so."""

    accounts: tuple[str, ...]
    since: date | None
    until: date | None
    entries: tuple[Entry, ...]
    faults: tuple[Misread, ...]


def is_statement(content: bytes) -> bool:
    """Does the file call itself an exchange with a client bank?"""
    return MARK in decode(content[:200]).lower()


def read(name: str, content: bytes) -> Statement:
    """The payments of a statement. Raises Invalid when it is none, or is cut off."""
    if len(content) > LARGEST:
        raise Invalid("«{name}» is larger than {limit} MB", name=name, limit=LARGEST // 1024**2)
    if not is_statement(content):
        raise Invalid("«{name}» is not a statement in the format 1CClientBankExchange.", name=name)
    lines = decode(content).splitlines()  # what the file says of its encoding is not always so
    head, accounts, documents = _sections(name, lines)
    ours = tuple(dict.fromkeys(account for account in accounts if account))
    if not ours:
        raise Invalid("«{name}» does not say whose account it is about: there is no line «РасчСчет».", name=name)
    entries: list[Entry] = []
    faults: list[Misread] = []
    for line, fields in documents:
        try:
            entry = _entry(line, fields, ours)
        except Invalid as error:
            faults.append(Misread(line, error.text))
        else:
            entries += [entry] if entry is not None else []
    return Statement(ours, _day(head.get("датаначала")), _day(head.get("датаконца")), tuple(entries), tuple(faults))


def _sections(name: str, lines: Iterable[str]) -> tuple[dict[str, str], list[str], list[tuple[int, dict[str, str]]]]:
    head: dict[str, str] = {}
    accounts: list[str] = []
    documents: list[tuple[int, dict[str, str]]] = []
    open_, inside, ended = head, "", False
    for number, line in enumerate(lines, 1):
        key, divided, value = line.partition("=")
        key, value = key.strip().lower(), value.strip()
        if key == DOCUMENT:
            if inside == DOCUMENT:
                raise Invalid("«{name}»: the document before line {line} has no end.", name=name, line=number)
            open_, inside = {"вид": value}, DOCUMENT
            documents.append((number, open_))
            if len(documents) > MOST:
                raise Invalid("The statement has more than {limit} documents. Divide it.", limit=MOST)
        elif key in (END_DOCUMENT, END_ACCOUNT):
            open_, inside = head, ""
        elif key == ACCOUNT:
            open_, inside = {}, ACCOUNT
        elif key == "конецфайла":
            ended = True
            break
        elif divided:
            if key == "расчсчет":
                accounts.append(value)
            open_.setdefault(key, value)
    if inside == DOCUMENT or not ended:
        raise Invalid("«{name}» is cut off: it has no line «КонецФайла». Save the statement again.", name=name)
    return head, accounts, documents


def _entry(line: int, fields: dict[str, str], ours: tuple[str, ...]) -> Entry | None:
    """A payment between our own accounts is none."""
    from_us, to_us = fields.get("плательщиксчет") in ours, fields.get("получательсчет") in ours
    if from_us and to_us:
        return None
    if not from_us and not to_us:  # banks leave the account out now and then: the day it was booked tells the side
        to_us, from_us = bool(fields.get("датапоступило")), bool(fields.get("датасписано"))
        if to_us == from_us:
            raise Invalid("It does not say whether the money came in or went out.")
    side = "плательщик" if to_us else "получатель"
    booked = fields.get("датапоступило" if to_us else "датасписано") or fields.get("дата")
    if not fields.get("номер"):
        raise Invalid("The document has no number.")
    if not booked:
        raise Invalid("The document has no day.")
    total = number_of(fields.get("сумма", ""))
    if total <= 0 or total != round(total, 2):
        raise Invalid("Enter a sum above zero in roubles and kopecks.")
    account = fields.get("получательсчет" if to_us else "плательщиксчет") or ours[0]
    return Entry(
        line=line, account=account if account in ours else ours[0], direction="in" if to_us else "out",
        dated=day_of(booked), number=fields["номер"][:40], sum=round(total, 2),
        payer_inn=re.sub(r"\D", "", fields.get(f"{side}инн", ""))[:12], payer_name=_name(fields, side),
        payer_account=fields.get(f"{side}счет", "")[:40], purpose=_purpose(fields),
    )  # fmt: skip


def _name(fields: dict[str, str], side: str) -> str:
    """«Плательщик1» is the name alone; «Плательщик» may begin with «ИНН 7707083893»."""
    given = fields.get(f"{side}1") or fields.get(side) or ""
    return re.sub(r"^ИНН\s*\d{10,12}\s*", "", given).strip()[:300]


def _purpose(fields: dict[str, str]) -> str:
    """The purpose as a whole, else its numbered lines joined."""
    if fields.get("назначениеплатежа"):
        return fields["назначениеплатежа"][:1000]
    return " ".join(fields[f"назначениеплатежа{n}"] for n in range(1, 7) if fields.get(f"назначениеплатежа{n}"))[:1000]


def _day(value: str | None) -> date | None:
    try:
        return day_of(value) if value else None
    except Invalid:
        return None


def mark_of(entry: Entry) -> str:
    """What a payment without an INN of its payer is told apart by in the table's unique key: his name, shortened."""
    return entry.payer_inn or "~" + hashlib.sha256(entry.payer_name.encode()).hexdigest()[:11]

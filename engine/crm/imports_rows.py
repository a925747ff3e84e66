"""What one row of an imported file does. Each goes through the verb that a person's form would call."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from engine.crm import clients, competitors, deals, plans, products, settlements, sources
from engine.errors import Invalid, Text, text
from engine.models import Client, Competitor, Contact, Product, Settlement, Source, User
from engine.work import Work

Row = dict[str, Any]
Seen = dict[str, Any]
NEW, CHANGED, DOUBLE = "new", "changed", "double"
CLIENT = ("name", "full_name", "kind", "inn", "kpp", "ogrn")
REQUISITES = ("address", "city", "phone", "email", "bank", "bik", "account", "corr_account")
PRODUCT = ("name", "unit", "price", "cost", "description", "every_months")


def client(work: Work, row: Row, seen: Seen) -> str:  # noqa: ARG001 - all kinds are called alike
    """A client by INN and KPP, without an INN by name, and one contact of it."""
    known = _known_client(work.session, row)
    given = {key: row[key] for key in (*CLIENT, *REQUISITES) if row.get(key) is not None}
    if row.get("owner") is not None:
        given["owner_id"] = _person(work.session, row["owner"]).id
    if known is None:
        kind = given.pop("kind", None) or _kind_of(given)
        known = clients.create_client(work, kind, given.pop("name"), **given)
        _contact(work, known, row)
        return NEW
    stands = {**{key: getattr(known, key) for key in (*CLIENT, "owner_id")}, **(known.requisites or {})}
    differs = {key: value for key, value in given.items() if stands.get(key) != value}
    if differs:
        clients.change_client(work, known.id, **differs)
    added = _contact(work, known, row)
    return CHANGED if differs or added else DOUBLE


def product(work: Work, row: Row, seen: Seen) -> str:  # noqa: ARG001 - all kinds are called alike
    """A product by its code."""
    found = work.session.scalar(select(Product).where(Product.code == row["code"]))
    given = {key: row[key] for key in PRODUCT if row.get(key) is not None}
    if row.get("direction"):
        given["direction_id"] = _product(work.session, row["direction"], "direction").id
    if found is None:
        products.add(work, row["code"], **given)
        return NEW
    differs = {key: value for key, value in given.items() if getattr(found, key) != value}
    if differs:
        products.change(work, found.id, **differs)
    return CHANGED if differs else DOUBLE


def settlement(work: Work, row: Row, seen: Seen) -> str:
    """Money of a client on a day. Without a reference the n-th equal row of a file is the n-th equal settlement."""
    about = _client(work.session, row)
    goods = _product(work.session, row["product"], "product") if row.get("product") else None
    total, kind = row["sum"], row.get("kind") or "in"
    if total < 0:
        total, kind = -total, "refund"
    reference = row.get("reference") or _numbered(row, about.id, goods, total, kind, seen)
    signed = -total if kind == "refund" else total
    same = select(Settlement.id).where(
        Settlement.client_id == about.id, Settlement.reference == reference, Settlement.sum == signed,
        Settlement.dated == row["dated"], Settlement.product_id == (goods.id if goods else None),
    )  # fmt: skip
    if work.session.scalar(same.limit(1)) is not None:
        return DOUBLE
    if row["dated"] > deals.today(work):
        raise _fault("dated", text("The day of a payment is today or before."))
    owner = _person(work.session, row["owner"]).id if row.get("owner") else None
    cost = abs(row["cost"]) if row.get("cost") is not None else None
    settlements.record(
        work, about.id, goods.id if goods else None, row["dated"], total, kind=kind, cost=cost, owner_id=owner,
        reference=reference,
    )  # fmt: skip
    return NEW


def plan(work: Work, row: Row, seen: Seen) -> str:  # noqa: ARG001 - all kinds are called alike
    """The plan of a month."""
    owner = _person(work.session, row["owner"]).id if row.get("owner") else None
    goods = _product(work.session, row["product"], "product").id if row.get("product") else None
    changed = plans.set_plan(work, row["month"], owner, goods, row["sum"], row.get("count"))
    return NEW if changed else DOUBLE


def competitor_price(work: Work, row: Row, seen: Seen) -> str:  # noqa: ARG001 - all kinds are called alike
    """A price of a competitor, who becomes known by it."""
    goods = _product(work.session, row["product"], "product")
    found = work.session.scalar(select(Competitor).where(Competitor.name == row["competitor"]))
    if found is None:
        found = competitors.add(work, row["competitor"])
    on = row.get("seen_on") or deals.today(work)
    return NEW if competitors.set_price(work, found.id, goods.id, row["price"], on, row.get("note")) else DOUBLE


def source_cost(work: Work, row: Row, seen: Seen) -> str:  # noqa: ARG001 - all kinds are called alike
    """What a source cost in a month."""
    found = work.session.scalar(select(Source).where(or_(Source.key == row["source"], Source.title == row["source"])))
    if found is None:
        raise _fault("source", text("There is no source «{name}».", name=row["source"]))
    return NEW if sources.set_cost(work, found.id, row["month"], row["sum"]) else DOUBLE


def _known_client(session: Session, row: Row) -> Client | None:
    if row.get("inn"):
        found = clients.duplicates(session, row["inn"], row.get("kpp"))
        return found[0] if found else None
    query = select(Client).where(Client.name == row.get("name"), Client.inn.is_(None)).order_by(Client.id).limit(1)
    return session.scalar(query)


def _client(session: Session, row: Row) -> Client:
    """Whose money it is: by INN, else by the exact name."""
    if row.get("inn"):
        rows = list(session.scalars(select(Client).where(Client.inn == row["inn"]).order_by(Client.id).limit(10)))
        named = [one for one in rows if one.name == row.get("client")]
        if not rows:
            raise _fault("inn", text("There is no client with the INN {inn}.", inn=row["inn"]))
        return (named or rows)[0]
    if not row.get("client"):
        raise _fault("client", text("Say whose it is: an INN or the name of a client."))
    rows = list(session.scalars(select(Client).where(Client.name == row["client"]).limit(2)))
    if len(rows) != 1:
        none = text("There is no client «{name}».", name=row["client"])
        raise _fault(
            "client", text("Several clients are called «{name}»: give the INN.", name=row["client"]) if rows else none
        )
    return rows[0]


def _product(session: Session, name: str, field: str) -> Product:
    found = session.scalar(select(Product).where(Product.code == name))
    found = found or session.scalar(select(Product).where(Product.name == name).order_by(Product.id).limit(1))
    if found is None:
        raise _fault(field, text("There is no product «{name}».", name=name))
    return found


def _person(session: Session, name: str) -> User:
    """By login, by last name, or by last and first name."""
    last, _, first = name.strip().partition(" ")
    query = select(User).where(or_(User.login == name.strip(), User.last == last)).order_by(User.id)
    rows = list(session.scalars(query))
    exact = [one for one in rows if one.login == name.strip()]
    first = first.split(" ")[0].rstrip(".")
    fitting = exact or [one for one in rows if not first or one.first.startswith(first)]
    if len(fitting) != 1:
        none, several = (
            text("There is no employee «{name}».", name=name),
            text("Several employees are called «{name}»: give the login.", name=name),
        )
        raise _fault("owner", several if fitting else none)
    return fitting[0]


def _contact(work: Work, about: Client, row: Row) -> bool:
    last, first = row.get("contact_last"), row.get("contact_first")
    if not last or not first:
        return False
    known = select(Contact.id).where(
        Contact.client_id == about.id, func.lower(Contact.last) == last.lower(), Contact.first == first
    )
    if work.session.scalar(known.limit(1)) is not None or any(
        (c.last, c.first) == (last, first) for c in about.contacts
    ):
        return False
    values = {key: row[f"contact_{key}"] for key in ("middle", "phone", "email") if row.get(f"contact_{key}")}
    clients.add_contact(work, about.id, last, first, row.get("contact_position") or "", **values)
    return True


def _kind_of(given: Row) -> str:
    """A company has an INN of ten digits, an entrepreneur says so in his name."""
    inn, name = str(given.get("inn") or ""), str(given.get("name")).lower()
    if len(inn) == 12 or name.startswith(("ип ", "индивидуальный предприниматель")):
        return "ip"
    return "legal"


def _numbered(row: Row, client_id: int, goods: Product | None, total: Decimal, kind: str, seen: Seen) -> str:
    key = f"{client_id}|{goods.id if goods else ''}|{row['dated'].isoformat()}|{total}|{kind}"
    seen[key] = seen.get(key, 0) + 1
    return "import:" + hashlib.sha256(f"{key}|{seen[key]}".encode()).hexdigest()[:16]


def _fault(field: str, sentence: Text) -> Invalid:
    return Invalid(sentence, fields={field: sentence})

"""Verbs on clients and their contacts. A client's requisites must hold before anything is printed with them."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import audit
from engine.documents import requisites
from engine.errors import Conflict, Invalid, NotFound, Text, text
from engine.models import Client, Contact, User
from engine.work import Work

KINDS = ("legal", "ip", "person")
COLUMNS = ("kind", "name", "full_name", "inn", "kpp", "ogrn", "abc", "segment", "owner_id")
REQUISITES = ("address", "city", "phone", "email", "bank", "bik", "account", "corr_account", "passport")
PERSON = ("last", "first", "middle", "gender", "position", "email", "phone", "signs", "basis")
LONGEST = 500


def find(session: Session, client_id: int) -> Client:
    """Raises NotFound."""
    client = session.get(Client, client_id)
    if client is None:
        raise NotFound("There is no client {id}.", id=client_id)
    return client


def check_requisites(client: Client) -> list[Text]:
    """What stands in the way of a contract or an invoice: a sentence for each wrong or missing requisite."""
    return requisites.faults(
        {"kind": client.kind, "inn": client.inn, "kpp": client.kpp, "ogrn": client.ogrn, **(client.requisites or {})}
    )


def duplicates(session: Session, inn: str | None, kpp: str | None = None, besides: int | None = None) -> list[Client]:
    """Clients with the same INN; with a KPP only the same branch counts, since branches share the INN."""
    if not inn:
        return []
    query = select(Client).where(Client.inn == inn, Client.id != (besides or 0)).order_by(Client.id)
    found = list(session.scalars(query))
    return [client for client in found if not kpp or not client.kpp or client.kpp == kpp]


def create_client(work: Work, kind: str, name: str, **values: Any) -> Client:
    """Register a client. ``values``: the other columns and requisites (address, bank, bik, account …).

    A client may be incomplete; what is filled in must be right. Raises Invalid by field, Conflict for a known INN.
    """
    given = {"kind": kind, "name": name, **_trimmed(values)}
    given.setdefault("full_name", name)
    faults = _faults(given, kind)
    if faults:
        raise Invalid("The client cannot be saved yet.", fields=faults)
    _refuse_double(work.session, given.get("inn"), given.get("kpp"))
    client = Client(
        **{key: given[key] for key in COLUMNS if key in given},
        requisites={key: given[key] for key in REQUISITES if given.get(key)},
        created_at=work.now,
        contacts=[],
    )
    work.session.add(client)
    work.session.flush()
    audit.record(work, "client.created", subject=f"client:{client.id}", name=name, kind=kind, inn=client.inn)
    return client


def change_client(work: Work, client_id: int, **values: Any) -> Client:
    """Change columns and requisites. Raises NotFound, Invalid, Conflict."""
    client = find(work.session, client_id)
    given = _trimmed(values)
    before = {key: getattr(client, key) for key in COLUMNS} | dict(client.requisites or {})
    after = before | given
    faults = _faults(after, str(after["kind"]), set(given))
    if faults:
        raise Invalid("The client cannot be saved yet.", fields=faults)
    if "inn" in given or "kpp" in given:
        _refuse_double(work.session, after.get("inn"), after.get("kpp"), client.id)
    changed = {key: [before.get(key), value] for key, value in given.items() if before.get(key) != value}
    if not changed:
        return client
    for key in changed:
        if key in COLUMNS:
            setattr(client, key, given[key])
    client.requisites = {key: after[key] for key in REQUISITES if after.get(key)}
    audit.record(work, "client.changed", subject=f"client:{client.id}", changed=changed)
    return client


def add_contact(work: Work, client_id: int, last: str, first: str, position: str, **values: Any) -> Contact:
    """Register a person at a client. ``values``: middle, gender, email, phone, signs, basis.

    Raises NotFound, Invalid.
    """
    client = find(work.session, client_id)
    unknown = set(values) - set(PERSON)
    if unknown:
        raise Invalid("A contact has no field {name}.", name=min(unknown))
    if not last.strip() or not first.strip():
        raise Invalid("Fill in the last and the first name.")
    contact = Contact(last=last.strip(), first=first.strip(), position=position.strip(), **_trimmed(values))
    client.contacts.append(contact)
    work.session.flush()
    audit.record(work, "contact.created", subject=f"contact:{contact.id}", client_id=client.id)
    return contact


def set_stop_list(work: Work, client_id: int, stopped: bool, reason: str) -> None:
    """Put a client on the list of those we do not approach, or take him off. Raises NotFound, Invalid."""
    client = find(work.session, client_id)
    if not reason.strip():
        raise Invalid("Say why.")
    if client.stop_list != stopped:
        client.stop_list = stopped
        event = "client.stopped" if stopped else "client.freed"
        audit.record(work, event, subject=f"client:{client.id}", reason=reason.strip())


def set_owner(work: Work, client_id: int, user_id: int) -> None:
    """Give a client to a manager. Raises NotFound."""
    client = find(work.session, client_id)
    if work.session.get(User, user_id) is None:
        raise NotFound("There is no person {id}.", id=user_id)
    if client.owner_id != user_id:
        audit.record(work, "client.owner_set", subject=f"client:{client.id}", owner=[client.owner_id, user_id])
        client.owner_id = user_id


def _trimmed(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: (value.strip() or None) if isinstance(value, str) else value for key, value in values.items()}


def _faults(given: Mapping[str, Any], kind: str, only: set[str] | None = None) -> dict[str, Text]:
    """What is wrong with what is filled in. ``only``: the fields that are being changed."""
    faults: dict[str, Text] = {}
    unknown = set(given) - set(COLUMNS) - set(REQUISITES)
    faults |= {name: text("A client has no field {name}.", name=name) for name in unknown}
    if kind not in KINDS:
        faults["kind"] = text("Choose: company, entrepreneur or private person.")
    if not str(given.get("name") or "").strip():
        faults["name"] = text("Fill in the name.")
    for name, value in given.items():
        if isinstance(value, str) and len(value) > LONGEST:
            faults[name] = text("The text is too long: at most {limit} characters.", limit=LONGEST)
    faults |= _wrong_numbers(given, kind)
    return faults if only is None else {name: fault for name, fault in faults.items() if name in only}


def _wrong_numbers(given: Mapping[str, Any], kind: str) -> dict[str, Text]:
    inn, kpp, ogrn = (str(given.get(name) or "") for name in ("inn", "kpp", "ogrn"))
    bik, account, corr = (str(given.get(name) or "") for name in ("bik", "account", "corr_account"))
    ogrn_fits = requisites.ogrnip_valid if kind == "ip" else requisites.ogrn_valid
    wrong = {
        "inn": bool(inn) and not (requisites.inn_valid(inn) and len(inn) == (10 if kind == "legal" else 12)),
        "kpp": bool(kpp) and (kind != "legal" or not requisites.kpp_valid(kpp)),
        "ogrn": bool(ogrn) and not ogrn_fits(ogrn),
        "bik": bool(bik) and not requisites.bik_valid(bik),
        "account": bool(account and bik) and not requisites.account_valid(account, bik),
        "corr_account": bool(corr and bik) and not requisites.account_valid(corr, bik, correspondent=True),
    }
    sentence = text("Check this number: its check digits do not fit.")
    return {name: sentence for name, is_wrong in wrong.items() if is_wrong}


def _refuse_double(session: Session, inn: str | None, kpp: str | None, besides: int | None = None) -> None:
    known = duplicates(session, inn, kpp, besides)
    if known:
        raise Conflict("The client «{name}» already has the INN {inn}.", name=known[0].name, inn=inn)

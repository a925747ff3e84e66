"""Verbs on clients. A client may be incomplete, but its requisites must hold before anything is printed with them.

An independent unit of a client (another address, other people, another activity) is a client of its own with a
``parent_id`` (R081); figures are counted by unit and rolled up over the group.
"""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import access, audit, phones, searching
from engine.crm import duplicates as doubles
from engine.crm import segments
from engine.documents import requisites
from engine.errors import Conflict, Invalid, NotFound, Text, text
from engine.models import Client, Contact, PriceList, SegmentParameter, Source, User
from engine.work import Work

KINDS = ("legal", "ip", "person", "foreign")
ROLES = ("client", "partner", "agent", "competitor")
STATES = ("potential", "new", "regular", "restored", "lost")
CHANNELS = ("phone", "mail", "meeting", "web", "chat", "sms")
COLUMNS = (
    "kind", "name", "full_name", "inn", "kpp", "ogrn", "abc", "segment", "owner_id", "parent_id", "role", "territory",
    "source_id", "recommended_by_id", "price_list_id", "preferred_channel", "company_day", "profile",
)  # fmt: skip
REQUISITES = ("address", "city", "phone", "email", "site", "bank", "bik", "account", "corr_account", "passport")
PERSON = (
    "last", "first", "middle", "gender", "position", "email", "phone", "signs", "basis", "birth_date", "genitive",
    "dative", "active", "superior_id",
)  # fmt: skip
LONGEST = 500
POINTS_TO: Mapping[str, type[Any]] = {
    "owner_id": User, "parent_id": Client, "source_id": Source, "recommended_by_id": Client, "price_list_id": PriceList,
}  # fmt: skip


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
    return doubles.by_inn(session, inn, kpp, besides)


def create_client(work: Work, kind: str, name: str, **values: Any) -> Client:
    """Register a client. ``values``: the other columns and requisites (address, bank, bik, account …).

    A client may be incomplete; what is filled in must be right. Where no segment is given it follows from ``profile``.
    Raises Forbidden, Invalid by field, Conflict for a known INN.
    """
    access.require(work, "client.create")
    given = {"kind": kind, "name": name, **_trimmed(values)}
    given["full_name"] = given.get("full_name") or name.strip()
    faults = _faults(work.session, given, kind)
    if faults:
        raise Invalid("The client cannot be saved yet.", fields=faults)
    _refuse_double(work.session, given)
    if given.get("profile"):
        given["profile"] = segments.clean_profile(work.session, given["profile"])
    client = Client(
        **{key: given[key] for key in COLUMNS if given.get(key) is not None},
        requisites={key: given[key] for key in REQUISITES if given.get(key)},
        phone_key=phones.key(given.get("phone")),
        email_key=phones.mail_key(given.get("email")),
        created_at=work.now,
        contacts=[],
    )
    work.session.add(client)
    work.session.flush()
    audit.record(work, "client.created", subject=f"client:{client.id}", name=client.name, kind=kind, inn=client.inn)
    if given.get("profile") and not given.get("segment"):
        segments.assign(work, client)
    return client


def change_client(work: Work, client_id: int, **values: Any) -> Client:
    """Change columns and requisites; a new profile may bring another segment. Raises NotFound, Forbidden, Invalid,
    Conflict."""
    client = find(work.session, client_id)
    access.require(work, "client.change", client)
    given = _trimmed(values)
    before = {key: getattr(client, key) for key in COLUMNS} | dict(client.requisites or {})
    if "full_name" in given:
        given["full_name"] = given["full_name"] or given.get("name") or client.name
    if "role" in given:
        given["role"] = given["role"] or client.role
    after = before | given
    faults = _faults(work.session, after, str(after["kind"]), set(given), client.id)
    if faults:
        raise Invalid("The client cannot be saved yet.", fields=faults)
    if "inn" in given or "kpp" in given:
        _refuse_double(work.session, after, client.id)
    if "profile" in given:
        given["profile"] = segments.clean_profile(work.session, given["profile"] or {})
    changed = {key: [before.get(key), value] for key, value in given.items() if before.get(key) != value}
    if not changed:
        return client
    for key in changed:
        if key in COLUMNS:
            setattr(client, key, given[key])
    client.requisites = {key: after[key] for key in REQUISITES if after.get(key)}
    client.phone_key, client.email_key = phones.key(after.get("phone")), phones.mail_key(after.get("email"))
    audit.record(work, "client.changed", subject=f"client:{client.id}", changed=changed)
    if changed.keys() & {"name", "inn"}:
        searching.renew_client(work, client.id)
    if "profile" in changed and "segment" not in changed:
        segments.assign(work, client)
    return client


def add_contact(work: Work, client_id: int, last: str, first: str, position: str, **values: Any) -> Contact:
    """Register a person at a client. ``values``: middle, gender, email, phone, signs, basis, birth_date, genitive,
    dative, superior_id. Raises NotFound, Forbidden, Invalid by field."""
    client = find(work.session, client_id)
    access.require(work, "client.change", client)
    given = _trimmed({"last": last, "first": first, "position": position, **values})
    refuse_person(client, given)
    contact = Contact(
        **{key: value for key, value in given.items() if value is not None or key in {"last", "first", "position"}},
        phone_key=phones.key(given.get("phone")),
        email_key=phones.mail_key(given.get("email")),
    )
    contact.position = contact.position or ""
    client.contacts.append(contact)
    work.session.flush()
    audit.record(work, "contact.created", subject=f"contact:{contact.id}", client_id=client.id)
    return contact


def refuse_person(client: Client, given: Mapping[str, Any], besides: int | None = None) -> None:
    """Raises Invalid by field for what cannot stand in a person's row."""
    unknown = set(given) - set(PERSON)
    if unknown:
        raise Invalid("A contact has no field {name}.", name=min(unknown))
    faults = _reach_faults(given) | _too_long(given)
    if not given.get("last"):
        faults["last"] = text("Fill in the last name.")
    if not given.get("first"):
        faults["first"] = text("Fill in the first name.")
    if given.get("gender") not in (None, "m", "f"):
        faults["gender"] = text("Choose from the list")
    chief = given.get("superior_id")
    if chief is not None and (chief == besides or chief not in {contact.id for contact in client.contacts}):
        faults["superior_id"] = text("Choose a contact of this client.")
    if faults:
        raise Invalid("The contact cannot be saved yet.", fields=faults)


def set_stop_list(work: Work, client_id: int, stopped: bool, reason: str) -> None:
    """Put a client on the list of those we do not approach, or take him off. Raises NotFound, Forbidden,
    Invalid."""
    client = find(work.session, client_id)
    access.require(work, "client.change", client)
    if not reason.strip():
        raise Invalid("Say why.")
    if client.stop_list != stopped:
        client.stop_list = stopped
        client.stop_reason = reason.strip()[:LONGEST] if stopped else None
        event = "client.stopped" if stopped else "client.freed"
        audit.record(work, event, subject=f"client:{client.id}", reason=reason.strip())


def set_owner(work: Work, client_id: int, user_id: int) -> None:
    """Give a client to a manager. Raises NotFound, Forbidden."""
    client = find(work.session, client_id)
    access.require(work, "client.give", client)
    if work.session.get(User, user_id) is None:
        raise NotFound("There is no person {id}.", id=user_id)
    if client.owner_id != user_id:
        audit.record(work, "client.owner_set", subject=f"client:{client.id}", owner=[client.owner_id, user_id])
        client.owner_id = user_id


def group_ids(session: Session, client_id: int) -> list[int]:
    """The client and all units below it, for figures over the whole group."""
    found, edge = [client_id], [client_id]
    while edge:
        below = session.scalars(select(Client.id).where(Client.parent_id.in_(edge)).order_by(Client.id))
        edge = [unit for unit in below if unit not in found]
        found += edge
    return found


def units(session: Session, client_id: int) -> list[Client]:
    """The units directly below a client."""
    query = select(Client).where(Client.parent_id == client_id, Client.merged_into_id.is_(None))
    return list(session.scalars(query.order_by(Client.name, Client.id)))


def _trimmed(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: (value.strip() or None) if isinstance(value, str) else value for key, value in values.items()}


def _faults(
    session: Session, given: Mapping[str, Any], kind: str, only: set[str] | None = None, client_id: int | None = None
) -> dict[str, Text]:
    """What is wrong with what is filled in. ``only``: the fields that are being changed."""
    faults: dict[str, Text] = {}
    unknown = set(given) - set(COLUMNS) - set(REQUISITES)
    faults |= {name: text("A client has no field {name}.", name=name) for name in unknown}
    if kind not in KINDS:
        faults["kind"] = text("Choose: company, entrepreneur, private person or foreign company.")
    if not str(given.get("name") or "").strip():
        faults["name"] = text("Fill in the name.")
    for name, allowed in (("role", ROLES), ("preferred_channel", CHANNELS)):
        if given.get(name) is not None and given[name] not in allowed:
            faults[name] = text("Choose from the list")
    faults |= _too_long(given) | _reach_faults(given) | _wrong_numbers(given, kind)
    checked = given if only is None else {name: given.get(name) for name in only}
    faults |= _wrong_links(session, checked, client_id)
    faults |= _wrong_profile(session, checked.get("profile"))
    return faults if only is None else {name: fault for name, fault in faults.items() if name.split(".")[0] in only}


def _too_long(given: Mapping[str, Any]) -> dict[str, Text]:
    return {
        name: text("The text is too long: at most {limit} characters.", limit=LONGEST)
        for name, value in given.items()
        if isinstance(value, str) and len(value) > LONGEST
    }


def _reach_faults(given: Mapping[str, Any]) -> dict[str, Text]:
    faults: dict[str, Text] = {}
    phone, mail = str(given.get("phone") or ""), str(given.get("email") or "")
    if phone and not phones.is_phone(phone):
        faults["phone"] = text("This is no phone number: at least five digits are needed.")
    if mail and not phones.is_mail(mail):
        faults["email"] = text("This is no mail address. It looks like name@company.ru.")
    return faults


def _wrong_links(session: Session, given: Mapping[str, Any], client_id: int | None) -> dict[str, Text]:
    faults = {
        name: text("Choose from the list")
        for name, model in POINTS_TO.items()
        if given.get(name) is not None and session.get(model, given[name]) is None
    }
    parent = given.get("parent_id")
    if parent is not None and client_id is not None and parent in group_ids(session, client_id):
        faults["parent_id"] = text("A client is no unit of itself or of one of its own units.")
    return faults


def _wrong_profile(session: Session, profile: Any) -> dict[str, Text]:
    faults: dict[str, Text] = {}
    for key, value in (profile or {}).items():
        parameter = session.get(SegmentParameter, key)
        try:
            if parameter is None:
                raise ValueError(key)
            segments.clean(value, parameter)
        except (ValueError, KeyError):
            faults[f"profile.{key}"] = text("This value does not fit the parameter.")
    return faults


def _wrong_numbers(given: Mapping[str, Any], kind: str) -> dict[str, Text]:
    if kind == "foreign":
        return requisites.foreign_faults({name: str(given.get(name) or "") for name in ("inn", "account", "bik")})
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


def _refuse_double(session: Session, given: Mapping[str, Any], besides: int | None = None) -> None:
    """A unit shares the INN of its company and of its sister units; nobody else does."""
    parent, inn = given.get("parent_id"), given.get("inn")
    known = [
        client
        for client in doubles.by_inn(session, inn, given.get("kpp"), besides)
        if not (parent is not None and parent in (client.id, client.parent_id))
        and not (besides is not None and client.parent_id == besides)
    ]
    if known:
        raise Conflict("The client «{name}» already has the INN {inn}.", name=known[0].name, inn=inn)

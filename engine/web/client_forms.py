"""The forms of a client and of the people there: what was typed stays, each fault stands at its field."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from sqlalchemy import select

from engine import access
from engine.crm import clients, contacts, duplicates, segments
from engine.errors import Conflict, Forbidden, Invalid, Text, text
from engine.models import Client, Contact, PriceList, Source
from engine.web import reading
from engine.web.client_labels import CHANNEL
from engine.web.clients import back, guarded, may
from engine.web.given import Given
from engine.web.i18n import say
from engine.web.labels import named
from engine.web.rules import allow
from engine.work import Work

blueprint = Blueprint("client_forms", __name__)
TEXTS = (
    "kind", "role", "name", "full_name", "territory", "phone", "email", "preferred_channel", "city", "address", "inn",
    "kpp", "ogrn", "bank", "bik", "account", "corr_account", "passport",
)  # fmt: skip
CHOSEN = ("owner_id", "source_id", "price_list_id")
PERSON = ("last", "first", "middle", "gender", "position", "phone", "email", "basis", "genitive", "dative")
NUMBERS = ("inn", "kpp", "ogrn", "bik", "account", "corr_account")


@blueprint.route("/clients/new", methods=["GET", "POST"])
@allow("manager", "operator", "marketer", "head", "director", "admin")
def new() -> Any:
    """Register a client, or a unit of one."""
    parent_id = request.values.get("parent") or request.values.get("parent_id") or ""
    parent = clients.find(reading.session(), int(parent_id)) if parent_id.isdigit() else None
    if request.method == "GET":
        manager = g.actor.user_id if "manager" in g.actor.groups else None
        values: dict[str, Any] = {"kind": "legal", "role": "client", "owner_id": manager}
        if parent is not None:
            kept = parent.requisites or {}
            values |= {"kind": parent.kind, "owner_id": parent.owner_id, "inn": parent.inn, "ogrn": parent.ogrn}
            values |= {"full_name": parent.full_name, **{name: kept.get(name) for name in ("bank", "bik", "account")}}
        return _form(None, values, parent=parent)
    return _save(None, parent)


@blueprint.route("/clients/<int:client_id>/edit", methods=["GET", "POST"])
@allow("employee")
def edit(client_id: int) -> Any:
    """Change a client."""
    client = clients.find(reading.session(), client_id)
    if not may("client.change", client):
        raise Forbidden("Only the client's manager, the contact centre and the heads may change a client.")
    if request.method == "POST":
        return _save(client, None)
    values: dict[str, Any] = {name: getattr(client, name, None) for name in (*TEXTS, *CHOSEN, "company_day")}
    values |= dict(client.requisites or {})
    values |= {f"profile.{key}": _shown(value) for key, value in (client.profile or {}).items()}
    return _form(client, values)


def _shown(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def _save(client: Client | None, parent: Client | None) -> Any:
    given = Given(request.form)
    values = _read(given)
    client_id = client.id if client is not None else None
    known = _known(given, client, parent)
    if known and not given.flag("anyway"):
        return _form(client, request.form.to_dict(), parent=parent, doubles=known, faults=given.faults), 409
    try:
        given.check("The client cannot be saved yet.")
        if client_id is None:
            saved = reading.do(_create, parent.id if parent else None, values)
        else:
            saved = reading.do(guarded, "client.change", client_id, clients.change_client, client_id, **values)
    except (Invalid, Conflict) as refused:
        faults = dict(refused.fields) if isinstance(refused, Invalid) else {"inn": refused.text}
        again = clients.find(reading.session(), client_id) if client_id is not None else None
        above = clients.find(reading.session(), parent.id) if parent is not None else None
        return _form(again, request.form.to_dict(), parent=above, faults=faults, sentence=refused.text), 422
    flash(say(text("The client is saved.")), "good")
    return redirect(back(saved.id))


def _create(work: Work, parent_id: int | None, values: dict[str, Any]) -> Client:
    access.require(work, "client.create")
    rest = {key: value for key, value in values.items() if key not in {"kind", "name"}}
    if parent_id is not None:
        rest["parent_id"] = parent_id
    return clients.create_client(work, values["kind"], values["name"], **rest)


def _read(given: Given) -> dict[str, Any]:
    values: dict[str, Any] = dict(given.texts(TEXTS))
    values |= {name: values[name].replace(" ", "").replace("\u00a0", "") for name in NUMBERS}
    values |= {name: given.whole(name) for name in CHOSEN}
    values["company_day"] = given.day("company_day")
    parameters = segments.parameters(reading.session())
    profile = {row.key: given.words(f"profile.{row.key}") for row in parameters}
    if parameters:
        values["profile"] = {key: value for key, value in profile.items() if value}
    return values


def _known(given: Given, client: Client | None, parent: Client | None) -> list[duplicates.Double]:
    """Clients that may be the same; its own group is none. Only what was changed is looked at."""
    kept = (client.requisites or {}) if client is not None else {}
    phone, mail, inn = given.words("phone"), given.words("email"), given.words("inn")
    found = duplicates.find(
        reading.session(),
        inn=inn if client is None or inn != client.inn else None,
        kpp=given.words("kpp") or None,
        phones_given=[phone if phone != kept.get("phone") else None],
        mails=[mail if mail != kept.get("email") else None],
        besides=client.id if client is not None else None,
    )
    group: set[int] = set()
    for one in (client, parent):
        if one is not None:
            group |= {*clients.group_ids(reading.session(), one.id), one.parent_id or 0}
    return [double for double in found if double.client.id not in group]


def _form(
    client: Client | None, values: dict[str, Any], *, parent: Client | None = None,
    faults: dict[str, Text] | None = None, sentence: Text | None = None,
    doubles: list[duplicates.Double] | None = None,
) -> str:  # fmt: skip
    session = reading.session()
    parameters = segments.parameters(session)
    sources = session.scalars(select(Source).where(Source.active).order_by(Source.title))
    lists = session.scalars(select(PriceList).where(PriceList.general.is_(False)).order_by(PriceList.name))
    return render_template(
        "client_form.html", client=client, parent=parent, values=values, faults=faults or {}, sentence=sentence,
        doubles=doubles or [], blocked=any(double.by == duplicates.INN for double in doubles or ()),
        people=[(person.id, person.name) for person in access.members(session, "manager")],
        sources=[(source.id, source.title) for source in sources], price_lists=[(row.id, row.name) for row in lists],
        channels=[(key, named(key, CHANNEL)) for key in clients.CHANNELS], parameters=parameters,
        choices={row.key: [(choice, choice) for choice in row.choices] for row in parameters},
    )  # fmt: skip


@blueprint.route("/clients/<int:client_id>/people/new", methods=["GET", "POST"])
@allow("employee")
def new_contact(client_id: int) -> Any:
    """Register a person at a client."""
    client = clients.find(reading.session(), client_id)
    if request.method == "GET":
        return _person(client, None, {})
    return _save_person(client, None)


@blueprint.route("/contacts/<int:contact_id>/edit", methods=["GET", "POST"])
@allow("employee")
def edit_contact(contact_id: int) -> Any:
    """Change what is known of a person."""
    contact = contacts.find(reading.session(), contact_id)
    if request.method == "GET":
        return _person(contact.client, contact, {name: getattr(contact, name) for name in clients.PERSON})
    return _save_person(contact.client, contact)


def _save_person(client: Client, contact: Contact | None) -> Any:
    given = Given(request.form)
    client_id, contact_id = client.id, contact.id if contact is not None else None
    values: dict[str, Any] = dict(given.texts(PERSON))
    values |= {"gender": values["gender"] or None, "birth_date": given.day("birth_date")}
    values |= {"superior_id": given.whole("superior_id"), "signs": given.flag("signs")}
    if contact_id is not None:
        values["active"] = given.flag("active")
    known = duplicates.find(
        reading.session(), phones_given=[values["phone"]], mails=[values["email"]], besides=client_id
    )
    if known and not given.flag("anyway") and contact_id is None:
        return _person(client, contact, request.form.to_dict(), doubles=known), 409
    try:
        given.check("The contact cannot be saved yet.")
        if contact_id is None:
            reading.do(guarded, "client.change", client_id, clients.add_contact, client_id, **values)
        else:
            reading.do(guarded, "client.change", client_id, contacts.change, contact_id, **values)
    except Invalid as refused:
        owner = clients.find(reading.session(), client_id)
        again = contacts.find(reading.session(), contact_id) if contact_id is not None else None
        return _person(owner, again, request.form.to_dict(), faults=refused.fields, sentence=refused.text), 422
    flash(say(text("The person is saved.")), "good")
    return redirect(url_for("clients.show", client_id=client_id, tab="people"))


def _person(
    client: Client, contact: Contact | None, values: dict[str, Any], *, faults: dict[str, Text] | None = None,
    sentence: Text | None = None, doubles: list[duplicates.Double] | None = None,
) -> str:  # fmt: skip
    if not may("client.change", client):
        raise Forbidden("Only the client's manager, the contact centre and the heads may change a client.")
    others = [one for one in client.contacts if one.active and (contact is None or one.id != contact.id)]
    return render_template(
        "contact_form.html", client=client, contact=contact, values=values, faults=faults or {}, sentence=sentence,
        doubles=doubles or [], chiefs=[(one.id, f"{one.last} {one.first}") for one in others],
    )  # fmt: skip

"""Clients: the list, the card of one with its whole history, and the small acts on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from flask import Blueprint, current_app, flash, g, redirect, render_template, request, url_for
from flask.blueprints import BlueprintSetupState
from werkzeug.wrappers import Response

from engine import access
from engine.crm import (
    amounts,
    clients,
    consents,
    contact_log,
    contacts,
    development,
    duplicates,
    merging,
    next_contacts,
    products,
    segments,
    transfers,
)
from engine.errors import Invalid, ReglamentError, Text, text
from engine.models import Client, PriceList, Product, Source, User
from engine.queries import client as cards
from engine.queries import desk
from engine.web import client_labels, downloads, reading, sheets_clients, sheets_more
from engine.web.formats import zone
from engine.web.given import Given
from engine.web.i18n import locale, say
from engine.web.pages import Pages, number
from engine.web.rules import allow, is_one_of, rule_of
from engine.work import Work

blueprint = Blueprint("clients", __name__)
TABS = ("overview", "people", "log", "deals", "quality", "history")
LINES = 50


@blueprint.record_once
def _names(state: BlueprintSetupState) -> None:
    state.app.jinja_env.globals.update(client_labels.GLOBALS)


def guarded(work: Work, act: str, client_id: int, verb: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Run a verb about a client if this person may do that with it. Raises Forbidden, NotFound."""
    access.require(work, act, clients.find(work.session, client_id))
    return verb(work, *args, **kwargs)


def may(act: str, client: Client | None = None) -> bool:
    """Whether the signed-in person may."""
    return access.may(reading.session(), reading.actor(), g.now, act, client) is not None


def titles() -> dict[str, str]:
    """The segments of the matrix in force by key, in the reader's language."""
    matrix = segments.in_force(reading.session())
    return {row.key: (row.title_en if locale() == "en" else row.title) for row in (matrix.segments if matrix else ())}


@blueprint.get("/clients")
@allow("employee")
def listing() -> str | Response:
    """The clients: search by name, INN, phone or mail; filters; counts by state; as a page or as a file."""
    filters, page = _filters(), number("page", 1)
    if form := downloads.wanted():
        found = downloads.every(lambda page: cards.listing(reading.session(), filters, page))
        return sheets_more.clients(form, found, titles())
    counts = cards.by_state(reading.session(), filters)
    rows, count = cards.listing(reading.session(), filters, page, known=counts.get(filters.state, 0))
    return render_template(
        "clients.html", rows=rows, count=count, filters=filters, pages=Pages(page, count, cards.PAGE),
        counts=counts, states=clients.STATES, owners=cards.owners(reading.session()), segment_titles=titles(),
        may_create=may("client.create"), may_merge=may("client.merge"),
    )  # fmt: skip


def _filters() -> cards.Filters:
    args = request.args
    owner = args.get("owner", "")
    state, abc = args.get("state", ""), args.get("abc", "")
    return cards.Filters(
        words=args.get("q", "").strip()[:200],
        owner=owner if owner == cards.NONE or (owner.isascii() and owner.isdigit()) else "",
        segment=args.get("segment", "")[:60],
        state=state if state in clients.STATES else "",
        abc=abc if abc in {"A", "B", "C"} else "",
        stopped=args.get("stopped") == "1",
    )


@blueprint.get("/clients/<int:client_id>")
@allow("employee")
def show(client_id: int) -> str | Response:
    """The card of a client; its people and its contact log also as a file."""
    tab = request.args.get("tab", TABS[0])
    form = downloads.wanted()
    if form and tab in {"people", "log"}:
        session = reading.session()
        client = clients.find(session, client_id)
        if tab == "people":
            return sheets_clients.people(form, client)
        return sheets_clients.talks(form, client, cards.talks(session, client.id, downloads.MOST)[0])
    return _card(client_id, tab if tab in TABS else TABS[0])


def _card(client_id: int, tab: str, typed: Mapping[str, Any] | None = None, refused: Invalid | None = None) -> str:
    """``typed``, ``refused``: a form of the card that could not be saved, shown again with what was typed."""
    session = reading.session()
    client = clients.find(session, client_id)
    found = {client.id: development.targets(session, client)}
    targets = development.with_next_steps(session, reading.environment(), found)[client.id]
    segment = segments.by_key(session, client.segment)
    parts: dict[str, Callable[[Client], dict[str, Any]]] = {
        "overview": _overview, "people": _people, "log": _log, "deals": _deals, "quality": _quality,
        "history": _history,
    }  # fmt: skip
    return render_template(
        "client.html", client=client, tab=tab, tabs=TABS, targets=targets, following=development.next_of(targets),
        degree=development.degree_of(targets), segment=segment,
        tier=segments.tier(len(targets)) if segment else segments.NON_TARGET if client.profile else None,
        owner=_one(User, client.owner_id), parent=_one(Client, client.parent_id),
        merged_into=_one(Client, client.merged_into_id), next_product=_one(Product, client.next_contact_product_id),
        may_change=may("client.change", client) and client.merged_into_id is None, may_give=may("client.give", client),
        may_merge=may("client.merge", client), values=typed or {}, faults=refused.fields if refused else {},
        sentence=refused.text if refused else None, **parts[tab](client),
    )  # fmt: skip


def _one(model: type[Any], key: int | None) -> Any:
    return reading.session().get(model, key) if key is not None else None


def _overview(client: Client) -> dict[str, Any]:
    session = reading.session()
    group = clients.group_ids(session, client.id)
    talks, _ = cards.talks(session, client.id, 5)
    running = cards.running(session, client.id)
    doubles = duplicates.find(
        session, inn=client.inn, kpp=client.kpp, phones_given=[(client.requisites or {}).get("phone")],
        mails=[(client.requisites or {}).get("email")], besides=client.id,
    )  # fmt: skip
    return {
        "running": running,
        "seen": {i.id for i in running if access.may(session, reading.actor(), g.now, "instance.see", i)},
        "talks": talks,
        "missing": clients.check_requisites(client),
        "parameters": segments.parameters(session),
        "units": clients.units(session, client.id),
        "cards": cards.cards(session, client.id),
        "may_see_cards": _opens("loyalty.show"),
        "open_deals": [deal for deal in cards.deals(session, [client.id]) if deal.status == "open"],
        "totals": _totals,
        "source": _one(Source, client.source_id),
        "recommended_by": _one(Client, client.recommended_by_id),
        "price_list": _one(PriceList, client.price_list_id),
        "doubles": [one for one in doubles if one.client.id not in group and one.client.id != client.parent_id],
        "people": _managers(),
        "products": products.listing(session, g.now.astimezone(zone()).date()),
    }


def _managers() -> list[User]:
    return access.members(reading.session(), "manager")


def _people(client: Client) -> dict[str, Any]:
    session = reading.session()
    return {
        "consents": {one.id: consents.of(session, one.id) for one in client.contacts},
        "stale": {one.id for one in client.contacts if contacts.is_stale(one, client, g.now, _fresh_days())},
        "texts": consents.texts(reading.environment().settings),
        "purposes": consents.PURPOSES,
        "to_ask": _to_ask(client),
        "channels": consents.CHANNELS,
    }


def _to_ask(client: Client) -> set[int]:
    """People without a consent to the processing of their data, if this person may start what asks for it."""
    session, actor, library = reading.session(), reading.actor(), reading.environment().library
    found = next((one for one in library.in_force(session) if one.key == consents.PROCEDURE), None)
    if found is None or access.may(session, actor, g.now, "instance.start", found) is None:
        return set()
    held = consents.summary(session, [one.id for one in client.contacts], g.now)
    given = {person for person, rows in held.items() if any(row["purpose"] == "personal_data" for row in rows)}
    return {one.id for one in client.contacts if one.active} - given if not client.stop_list else set()


def _opens(endpoint: str) -> bool:
    """Whether this person may open a page of another part."""
    view = current_app.view_functions.get(endpoint)
    return view is not None and is_one_of(reading.actor(), *(rule_of(view) or ()))


def _fresh_days() -> int:
    settings = reading.environment().settings.get("contacts") or {}
    return int(settings.get("fresh_days") or contacts.FRESH_DAYS)


def _log(client: Client) -> dict[str, Any]:
    page = number("page", 1)
    talks, count = cards.talks(reading.session(), client.id, LINES, (page - 1) * LINES)
    return {
        "talks": talks, "pages": Pages(page, count, LINES), "channels": contact_log.CHANNELS,
        "results": contact_log.RESULTS, "people": client.contacts,
        "open_deals": [deal for deal in cards.deals(reading.session(), [client.id]) if deal.status == "open"],
    }  # fmt: skip


def _deals(client: Client) -> dict[str, Any]:
    session = reading.session()
    group = clients.group_ids(session, client.id)
    rolled_up = request.args.get("group") == "1" and len(group) > 1
    ids = group if rolled_up else [client.id]
    return {
        "deals": cards.deals(session, ids), "totals": _totals, "documents": cards.documents(session, client.id),
        "bought": cards.bought(session, ids), "settlements": cards.settlements(session, ids),
        "has_units": len(group) > 1, "rolled_up": rolled_up,
    }  # fmt: skip


def _quality(client: Client) -> dict[str, Any]:
    session = reading.session()
    return {"complaints": cards.complaints(session, client.id), "surveys": cards.surveys(session, client.id)}


def _history(client: Client) -> dict[str, Any]:
    page = number("page", 1)
    lines, count = cards.history(reading.session(), client, LINES, (page - 1) * LINES)
    return {"lines": lines, "pages": Pages(page, count, LINES)}


def _totals(deal: Any) -> Any:
    return amounts.of(deal, reading.environment(), g.now.date()).total


def back(client_id: int, tab: str = "overview") -> str:
    """The address of a card."""
    return url_for("clients.show", client_id=client_id, tab=None if tab == "overview" else tab)


@blueprint.post("/clients/<int:client_id>/stop-list")
@allow("employee")
def stop(client_id: int) -> Response:
    """Put on the stop list or take off it, with the reason."""
    stopped = request.form.get("stopped") == "1"
    done = text("The client is on the stop list now.") if stopped else text("The client is off the stop list.")
    reason = request.form.get("reason", "")
    return _act(client_id, "client.change", done, clients.set_stop_list, client_id, stopped, reason)


@blueprint.post("/clients/<int:client_id>/owner")
@allow("head", "director", "admin")
def give(client_id: int) -> Response:
    """Give the client to another manager, alone or with what is open for it."""
    user_id, along = Given(request.form).whole("owner") or 0, request.form.get("along") == "1"
    done = text("The client has another manager now.")
    return _act(client_id, "client.give", done, transfers.give_client, client_id, user_id, along)


@blueprint.post("/clients/<int:client_id>/next-contact")
@allow("employee")
def agree(client_id: int) -> Response:
    """Agree on the next contact."""
    given = Given(request.form)
    day, purpose, product = given.day("date"), given.words("purpose"), given.whole("product")
    done = text("The next contact is agreed.")
    return _act(client_id, "client.change", done, _agree, given, client_id, day, purpose, product)


def _agree(work: Work, given: Given, client_id: int, day: Any, purpose: str, product: int | None) -> None:
    if day is None:
        given.faults.setdefault("date", text("Agree on the day of the next contact."))
    given.check("Agree on the day of the next contact.")
    next_contacts.agree(work, client_id, day, purpose, product)


@blueprint.post("/clients/<int:client_id>/log")
@allow("employee")
def log(client_id: int) -> Any:
    """Add a line to the contact log. Whoever spoke to a client writes it down, whoever he is."""
    given = Given(request.form)
    at = _moment(given.words("at"))
    values: dict[str, Any] = {
        "channel": given.words("channel"), "direction": given.words("direction") or "out",
        "purpose": given.words("purpose"), "result": given.words("result") or None, "note": given.words("note"),
        "agreed": given.words("agreed"), "minutes": given.whole("minutes"), "contact_id": given.whole("contact"),
        "deal_id": given.whole("deal"), "at": at,
    }  # fmt: skip
    try:
        given.check("The contact cannot be written down yet.")
        reading.do(contact_log.record, client_id, **values)
    except Invalid as refused:
        return _card(client_id, "log", request.form.to_dict(), refused), 422
    flash(say(text("It is written down.")), "good")
    return redirect(back(client_id, "log"))


def _moment(written: str) -> datetime | None:
    try:
        return datetime.fromisoformat(written).replace(tzinfo=zone()) if written else None
    except ValueError:
        return None


@blueprint.post("/contacts/<int:contact_id>/checked")
@allow("employee")
def checked(contact_id: int) -> Response:
    """The data of this person are right as of now."""
    contact = contacts.find(reading.session(), contact_id)
    return _act(contact.client_id, "client.change", text("The data were marked as right."), contacts.check, contact_id,
                tab="people")  # fmt: skip


@blueprint.post("/contacts/<int:contact_id>/consents")
@allow("employee")
def give_consent(contact_id: int) -> Response:
    """Write down a consent."""
    contact, given = contacts.find(reading.session(), contact_id), Given(request.form)
    return _act(
        contact.client_id, "client.change", text("The consent is written down."), consents.give, contact_id,
        given.words("purpose"), given.words("channel"), text_version=given.words("text_version"), tab="people",
    )  # fmt: skip


@blueprint.post("/contacts/<int:contact_id>/consents/ask")
@allow("employee")
def ask_consent(contact_id: int) -> Response:
    """Start the procedure that asks a person for his consents in writing, and open its first task."""
    contact = contacts.find(reading.session(), contact_id)
    try:
        instance = reading.do(consents.ask, contact.id)
    except ReglamentError as error:
        flash(say(error.text), "late")
        return redirect(back(contacts.find(reading.session(), contact_id).client_id, "people"))
    flash(say(text("The procedure that asks for the consents is started.")), "good")
    task = desk.following(reading.session(), reading.actor(), g.now, instance.id)
    if task is not None and task.instance_id == instance.id:
        return redirect(url_for("tasks.show", task_id=task.id))
    return redirect(url_for("instances.show", instance_id=instance.id))


@blueprint.post("/contacts/<int:contact_id>/consents/<int:consent_id>/withdraw")
@allow("employee")
def withdraw_consent(contact_id: int, consent_id: int) -> Response:
    """Take a consent back."""
    contact = contacts.find(reading.session(), contact_id)
    return _act(contact.client_id, "client.change", text("The consent is withdrawn."), consents.withdraw, consent_id,
                tab="people")  # fmt: skip


@blueprint.get("/clients/doubles")
@allow("head", "admin")
def doubles() -> str:
    """Clients that look like one."""
    return render_template("client_doubles.html", groups=duplicates.groups(reading.session()))


@blueprint.post("/clients/<int:client_id>/merge")
@allow("head", "admin")
def merge(client_id: int) -> Response:
    """Merge a double into this client."""
    given = Given(request.form)
    double = given.whole("double") or 0
    return _act(client_id, "client.merge", text("The double was merged: everything of it is here now."), merging.merge,
                double, client_id, given.words("reason"))  # fmt: skip


def _act(
    client_id: int, act: str, done: Text, verb: Callable[..., Any], *args: Any, tab: str = "overview", **kwargs: Any
) -> Response:
    """Run a guarded verb and go back to the card; faults of fields are said one after another."""
    return reading.act(back(client_id, tab), done, guarded, act, client_id, verb, *args, **kwargs)

"""Starting a procedure by hand: what about, then go."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for

from engine import access, instances
from engine.definitions import Definition
from engine.errors import Invalid, NotFound, ReglamentError, text
from engine.queries import choosing, desk
from engine.queries import deal as deals
from engine.web import reading
from engine.web.i18n import say
from engine.web.rules import allow

blueprint = Blueprint("start", __name__)
LONGEST_TITLE = 200


@blueprint.get("/start")
@allow("employee")
def choose() -> str:
    """The procedures this person may start."""
    return render_template("start.html", definitions=_startable(), deal=request.args.get("deal", ""),
                           client=request.args.get("client", ""))  # fmt: skip


@blueprint.get("/start/<key>")
@allow("employee")
def form(key: str) -> str:
    """What it is about: a deal, a client, or something new."""
    session, actor, given = reading.session(), reading.actor(), request.args
    deal = choosing.as_deal(session, actor, given.get("deal", ""))
    client = choosing.as_client(session, given.get("client", ""))
    return _form(_one(key), deal, client, "")


@blueprint.get("/start/choices/<any(deal, client):what>")
@allow("employee")
def choices(what: str) -> str:
    """What the list under a field offers to the words typed so far; asked by htmx."""
    session, words = reading.session(), request.args.get(what, "").strip()[:LONGEST_TITLE]
    found = choosing.deals(session, reading.actor(), words) if what == "deal" else choosing.clients(session, words)
    return render_template("start_choices.html", lines=found)


@blueprint.post("/start/<key>")
@allow("employee")
def begin(key: str) -> Any:
    """Start it, and open its first task if that is this person's."""
    definition, given = _one(key), request.form
    try:
        deal_id, client_id = _deal(), _client()
        if deal_id and client_id is None:
            client_id = deals.one(reading.session(), reading.actor(), deal_id).client_id
        title = given.get("title", "").strip()[:LONGEST_TITLE] or None
        instance = reading.do(instances.start, definition.key, {}, title=title, deal_id=deal_id, client_id=client_id)
    except ReglamentError as error:
        problem = say(error.text)
        return _form(definition, given.get("deal", ""), given.get("client", ""), given.get("title", ""), problem), 422
    flash(say(text("«{name}» is started.", name=definition.name)), "good")
    task = desk.following(reading.session(), reading.actor(), g.now, instance.id)
    if task is not None and task.instance_id == instance.id:
        return redirect(url_for("tasks.show", task_id=task.id))
    return redirect(url_for("instances.show", instance_id=instance.id))


def _startable() -> list[Definition]:
    session, actor = reading.session(), reading.actor()
    found = reading.environment().library.in_force(session)
    allowed = [one for one in found if one.starter_groups and access.may(session, actor, g.now, "instance.start", one)]
    return sorted(allowed, key=lambda one: one.name)


def _one(key: str) -> Definition:
    found = next((one for one in _startable() if one.key == key), None)
    if found is None:
        raise NotFound("There is no such procedure that you may start")
    return found


def _deal() -> int | None:
    said = request.form.get("deal", "").strip()
    found = choosing.deal_named(reading.session(), reading.actor(), said) if said else None
    if said and found is None:
        raise Invalid("There is no open deal «{said}» that is yours to see. Type its number or choose from the list.",
                      said=said)  # fmt: skip
    return found


def _client() -> int | None:
    said = request.form.get("client", "").strip()
    found = choosing.client_named(reading.session(), said) if said else None
    if said and found is None:
        raise Invalid("There is no client «{said}», or there are several. Type more of the name or the INN and choose.",
                      said=said)  # fmt: skip
    return found


def _form(definition: Definition, deal: str, client: str, title: str, problem: str | None = None) -> str:
    session, actor = reading.session(), reading.actor()
    return render_template(
        "start_form.html",
        definition=definition,
        offered={"deal": choosing.deals(session, actor), "client": choosing.clients(session)},
        deal=deal,
        client=client,
        title=title,
        problem=problem,
    )

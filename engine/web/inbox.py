"""The inbox: the tabs, what they are narrowed to, what has changed since the page was made, what the system did."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, g, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine import access
from engine.filters import Query
from engine.queries import behalf, desk, inbox, kept
from engine.web import formats, reading
from engine.web.pages import Pages, number
from engine.web.rules import OVERSEERS, allow

blueprint = Blueprint("inbox", __name__)
LOOKED = timedelta(minutes=5)  # how long time alone may pass before the list is worked out anew: dates come near


@dataclass(frozen=True)
class Asked:
    """What the address asks for."""

    tab: str
    query: Query
    page: int

    @property
    def address(self) -> dict[str, Any]:
        """The same as arguments of an address, without the page."""
        return {"tab": self.tab, **as_address(self.query)}


@blueprint.app_template_filter("as_address")
def as_address(query: Query) -> dict[str, Any]:
    """A filter as arguments of an address."""
    return {"q" if name == "words" else name: value for name, value in query.set.items()}


def asked(given: Mapping[str, str]) -> Asked:
    """From an address, or from the form of the list."""
    tab = given.get("tab", "mine")
    query = Query.read({**given, "words": given.get("q", "")})
    return Asked(tab if tab in inbox.TABS else "mine", query, number("page", 1))


@blueprint.get("/")
@allow("employee")
def home() -> Response:
    """Everybody's first page is the inbox."""
    return redirect(url_for("inbox.show"))


@blueprint.get("/tasks")
@allow("employee")
def show() -> str:
    """One tab. Asked for by htmx, only the lines."""
    wanted = asked(request.args)
    template = "inbox_rows.html" if request.headers.get("HX-Request") else "inbox.html"
    return render_template(template, **_shown(wanted), **({} if template == "inbox_rows.html" else _around()))


@blueprint.get("/tasks/changes")
@allow("employee")
def changes() -> Response:
    """Asked every few seconds: nothing while nothing has changed, else the lines."""
    held = request.headers.get("X-Stamp", "").split(".")
    quick = _quick()
    if held[:2] == quick:
        return Response(status=204)
    shown = _shown(asked(request.args), quick)
    if held[2:] == shown["stamp"].split(".")[2:]:
        return Response(status=204, headers={"X-Stamp": shown["stamp"]})
    return make_response(render_template("inbox_live.html", **shown))


@blueprint.get("/tasks/done-for-me")
@allow("employee")
def done_for_me() -> str:
    """What the system did in this person's deals since yesterday morning; by htmx, only the list."""
    yesterday = (g.now.astimezone(formats.zone()) - timedelta(days=1)).replace(hour=0, minute=0, second=0)
    deeds = behalf.deeds(reading.session(), reading.actor(), yesterday)
    template = "inbox_deeds.html" if request.headers.get("HX-Request") else "inbox_system.html"
    return render_template(template, deeds=deeds)


def rests() -> dict[str, datetime]:
    """Until when a task may be put off with one click: the office is open at each of these moments."""
    local = g.now.astimezone(formats.zone())
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    days = {"tomorrow": 1, "monday": 7 - local.weekday(), "week": 7}
    office = reading.environment().calendar("main")
    return {name: office.opens(midnight + timedelta(days=count)) for name, count in days.items()}


def _quick() -> list[str]:
    """What must change before any list can: the end of the log, and the time."""
    return [str(behalf.newest(reading.session())), str(int(g.now.timestamp() // LOOKED.total_seconds()))]


def _shown(wanted: Asked, quick: list[str] | None = None) -> dict[str, Any]:
    session, actor = reading.session(), reading.actor()
    quick = quick or _quick()
    counts, zone = inbox.counts(session, actor, g.now), formats.zone()
    found = inbox.tasks(session, actor, g.now, wanted.tab, wanted.query, page=wanted.page, zone=zone, known=counts)
    lines = [(row.task.id, row.task.revision, formats.urgency(row.task.due_at), row.instead_of) for row in found.rows]
    digest = hashlib.sha256(repr((lines, counts, found.count)).encode()).hexdigest()[:16]
    return {
        "rows": found.rows,
        "tab": wanted.tab,
        "query": wanted.query,
        "address": wanted.address,
        "counts": counts,
        "most": inbox.most,
        "pages": Pages(wanted.page, min(found.count, inbox.most(wanted.tab)), inbox.PAGE),
        "total": found.count,
        "rests": rests() if wanted.tab not in ("done", "waiting") else {},
        "oversees": bool(actor.groups & set(OVERSEERS)),
        "stamp": ".".join((*quick, digest)),
    }


def _around() -> dict[str, Any]:
    """What stands around the list and does not change with it."""
    session, actor = reading.session(), reading.actor()
    oversees = bool(actor.groups & set(OVERSEERS))
    return {
        "awaited": number("after", 0), "done": number("done", 0),
        "saved": kept.filters(session, actor),
        "procedures": kept.procedures(session),
        "groups": kept.groups(session, actor, everyone=oversees),
        "may_share": access.may(session, actor, g.now, "filter.share") is not None,
        "people": desk.colleagues(session, actor) if oversees else [],
    }

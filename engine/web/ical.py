"""The calendar as a feed for calendar programs, read by whoever knows its address."""

from __future__ import annotations

import hashlib
from datetime import datetime, time, timedelta
from typing import Any

import icalendar
from flask import Blueprint, Response, g, redirect, render_template, request, url_for

from engine import access, feeds
from engine.errors import NotFound, text
from engine.models import User
from engine.queries import agenda
from engine.queries.agenda import Entry, Look
from engine.web import agenda as pages
from engine.web import reading
from engine.web.formats import zone
from engine.web.i18n import gettext, say
from engine.web.rules import allow, public

blueprint = Blueprint("ical", __name__)
BACK, AHEAD = timedelta(days=30), timedelta(days=365)
BEFORE = timedelta(minutes=30)  # a due moment is shown as the half hour before it
FRESH = timedelta(minutes=15)


@blueprint.get("/ical/<token>.ics")
@public
def feed(token: str) -> Response:
    """One's own dates. No signing in: the address is the key."""
    try:
        user_id, discreet = reading.do_outside(feeds.enter, token)
    except feeds.TooOften as error:
        headers = {"Retry-After": str(int(FRESH.total_seconds()))}
        return Response(say(error.text), 429, headers, content_type="text/plain; charset=utf-8")
    except NotFound as error:
        return Response(say(error.text), 404, content_type="text/plain; charset=utf-8")
    session = reading.session()
    g.actor = access.actor_of(session.get_one(User, user_id))  # for his language and nothing else
    today = g.now.astimezone(zone()).date()
    look = Look([user_id], today - BACK, today + AHEAD, zone(), g.now)
    occasions = reading.environment().settings.get("occasions") or {}
    found = agenda.entries(session, look, occasions=occasions)
    headers = {"Cache-Control": f"private, max-age={int(FRESH.total_seconds())}"}
    return Response(calendar(found, discreet=discreet), 200, headers, content_type="text/calendar; charset=utf-8")


@blueprint.get("/calendar/feed")
@allow("employee")
def settings() -> str:
    """The address for a calendar program: whether there is one, and when it was last read."""
    return render_template("feed.html", feed=feeds.of(reading.session(), reading.actor().user_id or 0), address=None)


@blueprint.post("/calendar/feed")
@allow("employee")
def renew() -> Any:
    """A new address, shown this once; the old one opens nothing any more."""
    discreet = request.form.get("discreet") == "1"
    token = reading.do(feeds.renew, discreet=discreet)
    shown = render_template(
        "feed.html",
        feed=feeds.of(reading.session(), reading.actor().user_id or 0),
        address=url_for("ical.feed", token=token, _external=True),
    )
    answer = Response(shown)
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.post("/calendar/feed/revoke")
@allow("employee")
def revoke() -> Any:
    """The address opens nothing any more."""
    if feeds.of(reading.session(), reading.actor().user_id or 0) is None:
        return redirect(url_for("ical.settings"))
    done = text("The address opens nothing any more.")
    return reading.act(url_for("ical.settings"), done, feeds.revoke)


def calendar(found: list[Entry], *, discreet: bool) -> bytes:
    """The entries as an iCalendar file. ``discreet``: without names of clients and people."""
    made = icalendar.Calendar()
    made.add("prodid", "-//Reglament//Calendar//RU")
    made.add("version", "2.0")
    made.add("method", "PUBLISH")
    made.add("x-wr-calname", gettext("Reglament"))
    made.add("x-wr-timezone", str(zone()))
    made.add("refresh-interval", FRESH, parameters={"VALUE": "DURATION"})
    made.add("x-published-ttl", "PT15M")
    for one in found:
        made.add_component(_event(one, discreet))
    made.add_missing_timezones()
    content: bytes = made.to_ical()
    return content


def _event(one: Entry, discreet: bool) -> icalendar.Event:
    event = icalendar.Event()
    host = reading.environment().setting("mail.domain", "reglament.local")
    number = str(one.id)
    if one.kind == "occasion":  # comes every year; the company's own have no number, only a name
        number = f"{hashlib.sha256(one.title.encode()).hexdigest()[:8]}-{one.id}-{one.day.year}"
    event.add("uid", f"{one.kind}-{number}@{host}")
    event.add("dtstamp", g.now)
    title, detail = pages.words(one, discreet=discreet)
    event.add("summary", title)
    if detail:
        event.add("description", detail)
    event.add("categories", [say(pages.NAMES[one.kind])])
    event.add("url", pages.href(one, _external=True))
    event.add("transp", "OPAQUE" if one.kind == "absence" else "TRANSPARENT")
    start, end = _span(one)
    event.add("dtstart", start)
    event.add("dtend", end)
    return event


def _span(one: Entry) -> tuple[Any, Any]:
    """Whole days as dates, moments by the office's clock."""
    if one.until is not None and one.at is not None:
        start, end = one.at.astimezone(zone()), one.until.astimezone(zone())
        if _midnight(start) and _midnight(end):
            return start.date(), end.date()
        return start, end
    if one.at is None:
        return one.day, one.last + timedelta(days=1)
    at = one.at.astimezone(zone())
    return at - BEFORE, at


def _midnight(at: datetime) -> bool:
    return at.timetz().replace(tzinfo=None) == time()

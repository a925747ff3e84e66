"""Notices: the list behind the bell, and how a person wants to be told of things."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine import notices, notifications
from engine.errors import Text, text
from engine.queries import notices as lists
from engine.web import formats, reading
from engine.web.i18n import gettext, say
from engine.web.pages import Pages, number
from engine.web.rules import allow, here

blueprint = Blueprint("notices", __name__)
PICTURES = {
    "tasks": "inbox", "returns": "arrow-back-up", "mentions": "message", "comments": "message",
    "delegation": "user-share", "replies": "mail", "approvals": "checklist", "assignments": "user-share",
    "reminders": "flag", "overdue": "alarm", "incidents": "alert-triangle",
    "interventions": "hand-grab", "pauses": "player-pause", notices.OTHER: "info-circle",
}  # fmt: skip
HOURS = range(6, 21)


@blueprint.get("/notices")
@allow("employee")
def listing() -> str:
    """What this person has been told: what he has not read yet, or all of it."""
    unread, page = request.args.get("show") != "all", number("page", 1)
    rows, count = lists.listing(reading.session(), reading.actor().user_id or 0, unread=unread, page=page)
    return render_template(
        "notices.html", rows=rows, unread=unread, waiting=unread_count(), pages=Pages(page, count, lists.PAGE)
    )


@blueprint.post("/notices/<int:notice_id>/open")
@allow("employee")
def follow(notice_id: int) -> Response:
    """Go to what a notice is about; that reads it."""
    notice = reading.do(notices.read, notice_id)
    subject = notice.subject or ""
    if subject.startswith("incident:"):
        return redirect(url_for("incidents.listing"))
    place = "talk" if subject.startswith("comment:") else None
    if notice.task_id is not None:
        return redirect(url_for("tasks.show", task_id=notice.task_id, _anchor=place))
    if notice.instance_id is not None:
        return redirect(url_for("instances.show", instance_id=notice.instance_id, _anchor=place))
    if page := notice.facts.get("page"):
        return redirect(f"{here(page)}#{place or ''}")
    return redirect(url_for("notices.listing"))


@blueprint.post("/notices/<int:notice_id>/read")
@allow("employee")
def read(notice_id: int) -> Response:
    """Read, without going anywhere."""
    return reading.act(url_for("notices.listing"), None, notices.read, notice_id)


@blueprint.post("/notices/read")
@allow("employee")
def read_all() -> Response:
    """Everything is read."""
    return reading.act(url_for("notices.listing"), text("All notices are marked as read."), notices.read_all)


@blueprint.get("/me/notifications")
@allow("employee")
def settings() -> str:
    """How this person wants to be told."""
    session, mine = reading.session(), reading.actor().user_id or 0
    env = reading.environment()
    return render_template(
        "notice_settings.html",
        topics=notices.TOPICS,
        channels=notices.CHANNELS,
        chosen=notices.choices(session, env, mine),
        habit=notices.habit(session, mine),
        hours=HOURS,
        email=g.person.email,
        has_mail=env.mail is not None,
    )


@blueprint.post("/me/notifications")
@allow("employee")
def choose() -> Any:
    """Keep what he chose."""
    form = request.form
    hour = form.get("digest_hour", "")
    habit = notices.Habit(
        digest_hour=int(hour) if hour.isdigit() else None,
        quiet=form.get("quiet", "working"),
        quiet_from=_minute(form.get("quiet_from", ""), 20 * 60),
        quiet_until=_minute(form.get("quiet_until", ""), 8 * 60),
    )
    channels = {topic: form[f"topic_{topic}"] for topic in notices.TOPICS if f"topic_{topic}" in form}
    done = text("Saved. It counts for everything you are told from now on.")
    return reading.act(url_for("notices.settings"), done, notices.choose, channels, habit)


@blueprint.get("/notices/bell")
@allow("employee")
def bell() -> str:
    """What stands on the bell, asked once a minute by a page that somebody looks at."""
    return render_template("bell_count.html")


def unread_count() -> int:
    """How many notices wait for the signed-in person; just above notices.MOST stands for all that is more."""
    if "unread_notices" not in g:
        g.unread_notices = notices.unread(reading.session(), reading.actor().user_id or 0)
    count: int = g.unread_notices
    return count


def sentence(row: lists.Told) -> str:
    """What a notice says, in the reader's language."""
    known = notifications.SENTENCES.get(row.notice.kind)
    if known is None:  # written by a version that knew more kinds
        return row.instance or ""
    facts = {
        name: formats.moment(value) if hasattr(value, "astimezone") else value for name, value in row.facts.items()
    }
    return say(Text(known[1].template, facts | {"instance": row.instance or notifications.about(row.facts, gettext)}))


def picture(row: lists.Told) -> str:
    """The icon of its topic."""
    return PICTURES.get(notices.TOPIC_OF.get(row.notice.kind, notices.OTHER), PICTURES[notices.OTHER])


def hour_minute(minutes: int) -> str:
    """Minutes of the day as a time control shows them."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _minute(given: str, otherwise: int) -> int:
    hours, _, minutes = given.partition(":")
    if not (hours.isascii() and hours.isdigit() and minutes[:2].isascii() and minutes[:2].isdigit()):
        return otherwise
    return int(hours) * 60 + int(minutes[:2])


@blueprint.record_once
def _install(state: Any) -> None:
    """Give templates ``unread_notices`` and the filters of a notice."""
    app: Flask = state.app
    app.jinja_env.globals.update(unread_notices=unread_count, most_notices=notices.MOST)
    app.jinja_env.filters.update(notice_sentence=sentence, notice_picture=picture, hour_minute=hour_minute)

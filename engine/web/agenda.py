"""The calendar: a month, a week or a day of what has a date; a click goes to the thing itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from babel.dates import format_date
from flask import Blueprint, Flask, g, render_template, request, url_for
from sqlalchemy import select

from engine.errors import Text, text
from engine.models import User
from engine.queries import agenda
from engine.queries.agenda import Entry, Look
from engine.web import reading
from engine.web.formats import clock, zone
from engine.web.i18n import babel_locale, gettext, say
from engine.web.rules import OVERSEERS, allow, is_one_of

blueprint = Blueprint("agenda", __name__)
VIEWS = ("month", "week", "day")
SEE_ALL = (*OVERSEERS, "auditor")
EVERYBODY = "all"
SHORT = 4  # entries of one day in a month; the rest is behind the day
NAMES: Mapping[str, Text] = {
    "task": text("Tasks"), "contact": text("Contacts"), "assignment": text("Assignments"),
    "point": text("Control points"), "occasion": text("Days of clients"), "absence": text("Absences"),
}  # fmt: skip
PICTURES = {
    "task": "inbox", "contact": "phone", "assignment": "user-share", "point": "flag", "occasion": "gift",
    "absence": "calendar",
}  # fmt: skip


@dataclass(frozen=True)
class Day:
    """One day of the sheet. ``off``: why nobody works on it; ``here``: it belongs to the period that is shown."""

    date: date
    entries: Sequence[Entry]
    off: str | None
    here: bool
    today: bool


@blueprint.get("/calendar")
@allow("employee")
def show() -> str:
    """A month, a week or a day."""
    today = g.now.astimezone(zone()).date()
    view = request.args.get("view", "month")
    view = view if view in VIEWS else "month"
    on = _day(request.args.get("on")) or today
    first, last = period(view, on)
    asked = [kind for kind in request.args.getlist("kind") if kind in agenda.KINDS]
    people, whose = _people()
    occasions = reading.environment().settings.get("occasions") or {}
    start, end = sheet(view, first, last)
    look = Look(people, start, end, zone(), g.now)
    found = agenda.entries(reading.session(), look, asked or agenda.KINDS, occasions)
    days = _days(look, found, first, last, today)
    return render_template(
        "agenda.html",
        view=view,
        views=VIEWS,
        on=on,
        today=today,
        weeks=[days[start : start + 7] for start in range(0, len(days), 7)],
        heading=_heading(view, first, last),
        before=_step(view, first, -1),
        after=_step(view, last, 1),
        kinds=NAMES,
        asked=asked or list(agenda.KINDS),
        whose=whose,
        colleagues=_colleagues(),
        cut=any(number >= agenda.MOST for number in Counter(one.kind for one in found).values()),
        bare=not any(day.entries for day in days),
        short=SHORT,
    )


def period(view: str, on: date) -> tuple[date, date]:
    """First and last day of the month, week or day around a date."""
    if view == "day":
        return on, on
    if view == "week":
        monday = on - timedelta(days=on.weekday())
        return monday, monday + timedelta(days=6)
    first = on.replace(day=1)
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def sheet(view: str, first: date, last: date) -> tuple[date, date]:
    """The days that are drawn: whole weeks around a month."""
    if view != "month":
        return first, last
    return first - timedelta(days=first.weekday()), last + timedelta(days=6 - last.weekday())


def words(one: Entry, *, discreet: bool = False) -> tuple[str, str]:
    """What an entry says, short and in detail, in the reader's language. ``discreet``: no names of clients."""
    about = "" if discreet else one.about
    if one.kind == "contact":
        title = say(text("Contact: {client}", client=about)) if about else gettext("Contact with a client")
        return title, "" if discreet else one.title
    if one.kind == "assignment":
        return say(text("Assignment {number}", number=one.title)), about
    if one.kind == "absence":
        return say(text("Absent: {name}", name=one.who)), ""
    if one.kind == "occasion":
        named = {"birthday": text("Birthday: {name}", name=about), "company_day": text("Day of {name}", name=about)}
        plain = {"birthday": gettext("Birthday at a client"), "company_day": gettext("Day of a client")}
        if one.title not in named:
            return one.title, ""
        return (say(named[one.title]) if about else plain[one.title]), ""
    return one.title, about


def href(one: Entry, **more: Any) -> str:
    """Where a click on an entry leads."""
    what, number = one.place
    if what == "task":
        return url_for("tasks.show", task_id=number, **more)
    if what == "client":
        return url_for("clients.show", client_id=number, **more)
    if what == "instance" and number:
        return url_for("instances.show", instance_id=number, **more)
    if what == "absence":
        return url_for("absences.timeline", **more)
    return url_for("agenda.show", view="day", on=one.day.isoformat(), **more)


def _days(look: Look, found: Sequence[Entry], first: date, last: date, today: date) -> list[Day]:
    calendar = next(iter(reading.environment().calendars.values()))
    by_day: dict[date, list[Entry]] = {}
    for one in found:
        day = max(one.day, look.first)
        while day <= min(one.last, look.last):
            by_day.setdefault(day, []).append(one)
            day += timedelta(days=1)
    all_days = [look.first + timedelta(days=number) for number in range((look.last - look.first).days + 1)]
    return [
        Day(day, by_day.get(day, ()), calendar.day_off(day), first <= day <= last, day == today) for day in all_days
    ]


def _people() -> tuple[list[int] | None, str]:
    """Whose calendar is asked for: one's own, or for those who oversee somebody else's or everybody's."""
    mine = reading.actor().user_id or 0
    whose = request.args.get("who", "")
    if whose and is_one_of(g.actor, *SEE_ALL):
        if whose == EVERYBODY:
            return None, whose
        if whose.isascii() and whose.isdigit():
            return [int(whose)], whose
    return [mine], ""


def _colleagues() -> Sequence[User]:
    if not is_one_of(g.actor, *SEE_ALL):
        return ()
    others = select(User).where(User.active, User.id != reading.actor().user_id).order_by(User.last, User.first)
    return reading.session().scalars(others).all()


def _heading(view: str, first: date, last: date) -> str:
    if view == "day":
        return format_date(first, "full", locale=babel_locale())
    if view == "week":
        start, end = (format_date(day, "d MMM", locale=babel_locale()) for day in (first, last))
        return f"{start} – {end} {last.year}"
    return format_date(first, "LLLL y", locale=babel_locale()).capitalize()


def _step(view: str, edge: date, way: int) -> date:
    """A day of the period before or after."""
    return edge + timedelta(days=way) if view != "month" else (edge + timedelta(days=way)).replace(day=1)


def _day(given: str | None) -> date | None:
    try:
        day = date.fromisoformat(given) if given else None
    except ValueError:
        return None
    return day if day is not None and 1970 <= day.year <= 2100 else None


def weekday_name(day: date, width: str = "abbreviated") -> str:
    """«пн», «понедельник»"""
    return format_date(day, "EEEE" if width == "wide" else "EEEEEE", locale=babel_locale())


@blueprint.record_once
def _install(state: Any) -> None:
    """Give templates what an entry says and where it leads."""
    app: Flask = state.app
    app.jinja_env.filters.update(entry_words=words, entry_href=href, weekday_name=weekday_name, cal_clock=clock)
    app.jinja_env.globals["entry_pictures"] = PICTURES

"""Rules of the company in pages: calendars and deadlines, with a look at what would move before anything is saved.
Limits of authority have their page in engine.web.limits and are listed here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

from flask import Blueprint, Response, flash, g, redirect, render_template, request, url_for
from sqlalchemy import select

from engine import access, authority, rulebook
from engine.calendar import Calendar, calendar_of, data_of
from engine.errors import Invalid, NotFound, ReglamentError, Text, text
from engine.models import Group, User
from engine.overlay import AUTHORITY, CALENDAR, DEADLINES
from engine.web import reading
from engine.web.formats import zone
from engine.web.i18n import say
from engine.web.rules import allow

blueprint = Blueprint("rulebook", __name__)
READERS = ("head", "director", "admin", "auditor")
WRITERS = ("director", "admin")
SHOWN = 100  # deadlines of a preview that are listed one by one
NEW = "new"


@blueprint.get("/rules")
@allow(*READERS)
def index() -> str:
    """Calendars, deadlines and limits as they hold now, and what was changed when by whom."""
    session, env = reading.session(), reading.environment()
    tab = request.args.get("tab") if request.args.get("tab") in ("deadlines", AUTHORITY, "history") else "calendars"
    files, kinds = env.from_files(), (CALENDAR, DEADLINES, AUTHORITY) if tab == "history" else ()
    changes = sorted((row for kind in kinds for row in rulebook.versions(session, kind)), key=lambda one: -one.id)
    people = {one.created_by for one in changes}
    return render_template(
        "rules.html",
        tab=tab,
        calendars=env.calendars,
        year=g.now.astimezone(zone()).year,
        deadlines=_deadlines(env, files[0].get(DEADLINES) or {}),
        usage=_usage(session, env) if tab == "deadlines" else limit_usage(session, env) if tab == AUTHORITY else {},
        limits=env.settings.get(AUTHORITY) or {},
        limit_files=files[0].get(AUTHORITY) or {},
        group_titles={one.key: one for one in session.scalars(select(Group))},
        changes=changes,
        people={one.id: one for one in session.scalars(select(User).where(User.id.in_(people)))},
        may_change=may_change(),
    )


@blueprint.get("/rules/<any(calendars, deadlines, authority):kind>.yaml")
@allow(*READERS)
def export(kind: str) -> Response:
    """The rules in force as a settings file."""
    told = rulebook.exported(reading.environment(), CALENDAR if kind == "calendars" else kind)
    answer = Response(told, mimetype="application/yaml; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{kind}.yaml"'
    return answer


@blueprint.get("/rules/calendar/<office>")
@allow(*READERS)
def calendar(office: str) -> str:
    """An office's working time: the form and the year it makes."""
    return _calendar_page(office, _calendar_data(office))


@blueprint.post("/rules/calendar/<office>")
@allow(*WRITERS)
def change_calendar(office: str) -> Any:
    """Look what would move; then save."""
    key = request.form.get("office", "").strip() if office == NEW else office
    try:
        data = _sent_calendar()
    except Invalid as error:
        return _calendar_page(office, _calendar_data(office), request.form, error.fields), 422
    return change(
        (CALENDAR, key), data,
        lambda errors, moves: _calendar_page(office, data, request.form, errors, moves), url_for("rulebook.index"),
    )  # fmt: skip


@blueprint.get("/rules/deadline/<key>")
@allow(*READERS)
def deadline(key: str) -> str:
    """One deadline."""
    return _deadline_page(key, None)


@blueprint.post("/rules/deadline/<key>")
@allow(*WRITERS)
def change_deadline(key: str) -> Any:
    """Look what would move; then save."""
    data = {"value": request.form.get("value", "").strip() or None}
    return change(
        (DEADLINES, key), data,
        lambda errors, moves: _deadline_page(key, request.form, errors, moves),
        url_for("rulebook.index", tab="deadlines"),
    )  # fmt: skip


def change(place: rulebook.Place, data: Any, page: Any, back: str) -> Any:
    """The first time shows what would move, the second saves."""
    env, session, note = reading.environment(), reading.session(), request.form.get("note", "")
    try:
        checked = rulebook.check(reading.look(), place, data)
        if not note.strip():
            raise Invalid("Say why", {"note": text("Say why")})
        if "save" not in request.form:
            return page({}, rulebook.moved(session, env, place, checked))
        move = request.form.get("save") == "move"
        reading.do(rulebook.save, place, data, note, valid_from=starts(), move=move)
    except Invalid as error:
        return page(error.fields or {"note": error.text}, None), 422
    except ReglamentError as error:
        flash(say(error.text), "late")
        return redirect(back)
    flash(say(text("The rule is changed.")), "good")
    return redirect(back)


def _calendar_page(
    office: str, data: Mapping[str, Any], given: Any = None, errors: Mapping[str, Text] | None = None,
    moves: list[rulebook.Move] | None = None,
) -> str:  # fmt: skip
    errors = errors or {}
    shown = None if errors else calendar_of(office, data)
    year = request.args.get("year", g.now.astimezone(zone()).year, int)
    return render_template(
        "rule_calendar.html",
        office=office,
        new=office == NEW,
        data=data,
        given=given,
        errors=errors,
        moves=moves,
        shown=SHOWN,
        months=_year(shown, year) if shown is not None and 2000 <= year <= 2100 else [],
        year=year,
        lines={name: _lines(data.get(name)) for name in ("days_off", "days_on", "short_days")},
        history=rulebook.versions(reading.session(), CALENDAR, office),
        may_change=may_change(),
    )


def _deadline_page(
    key: str, given: Any, errors: Mapping[str, Text] | None = None, moves: list[rulebook.Move] | None = None
) -> str:
    env, session = reading.environment(), reading.session()
    known = _deadlines(env, env.from_files()[0].get(DEADLINES) or {})
    if key not in known:
        raise NotFound("There is no setting «{path}»", path=key)
    return render_template(
        "rule_deadline.html",
        key=key,
        held=known[key],
        usage=_usage(session, env).get(key, []),
        given=given,
        errors=errors or {},
        moves=moves,
        shown=SHOWN,
        groups=session.scalars(select(Group).order_by(Group.title)).all() if key.startswith("ladder.") else [],
        history=rulebook.versions(session, DEADLINES, key),
        may_change=may_change(),
    )


def _deadlines(env: Any, files: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Key -> what the file holds and what holds now."""
    found: dict[str, tuple[Any, Any]] = {}
    held = _flat(env.settings.get(DEADLINES) or {})
    base = _flat(files)
    for key in {**base, **held}:
        found[key] = (base.get(key), held.get(key))
    return found


def _flat(data: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in data.items():
        found |= _flat(value, f"{before}{key}.") if isinstance(value, Mapping) else {f"{before}{key}": value}
    return found


def _usage(session: Any, env: Any) -> dict[str, list[tuple[str, str]]]:
    """Where a deadline is used: step or control point, and its procedure."""
    found: dict[str, dict[tuple[str, str], None]] = {}
    for definition in env.library.in_force(session):
        for element in definition.procedure.elements.values():
            own = element.settings.properties
            if "controlPoint" in own and "cpDue" not in own:
                name = own.get("cpTitle") or element.name or element.id
                found.setdefault(own["controlPoint"], {})[name, definition.name] = None
            told = repr(element)
            for part in told.split("deadlines.")[1:]:
                key = part[: next((at for at, sign in enumerate(part) if not (sign.isalnum() or sign in "-_.")), 0)]
                found.setdefault(key.rstrip("."), {})[element.name or element.id, definition.name] = None
    return {key: list(places) for key, places in found.items()}


def limit_usage(session: Any, env: Any) -> dict[str, list[tuple[str, str]]]:
    """Where a kind of authority is used: step and its procedure."""
    found: dict[str, dict[tuple[str, str], None]] = {}
    for definition in env.library.in_force(session):
        for element in definition.procedure.elements.values():
            told, own = repr(element), element.settings.properties.get(authority.KIND)
            for key in env.settings.get(AUTHORITY) or {}:
                if own == key or ("authority " in told and f'"{key}"' in told):
                    found.setdefault(key, {})[element.name or element.id, definition.name] = None
    return {key: list(places) for key, places in found.items()}


def _calendar_data(office: str) -> Mapping[str, Any]:
    calendars: Mapping[str, Calendar] = reading.environment().calendars
    if office == NEW:
        first = data_of(next(iter(calendars.values())))
        return first | {"days_off": {}, "days_on": {}, "short_days": {}}
    if office not in calendars:
        raise NotFound("There is no calendar for office «{office}»", office=office)
    return data_of(calendars[office])


def _sent_calendar() -> dict[str, Any]:
    given, faults = request.form, dict[str, Text]()
    days: dict[str, dict[str, Any]] = {}
    for name in ("days_off", "days_on", "short_days"):
        days[name] = {}
        for line in given.get(name, "").splitlines():
            day, _, rest = line.strip().partition(" ")
            if not day:
                continue
            try:
                iso = date.fromisoformat(day).isoformat()
                days[name][iso] = int(rest.strip().split()[0]) if name == "short_days" else rest.strip()
            except (ValueError, IndexError):
                faults[name] = text("«{line}»: write the day as 2026-12-30, a space and the rest.", line=line.strip())
    until = given.get("decreed_until", "")
    if not until.isdigit():
        faults["decreed_until"] = text("Write a year")
    if faults:
        raise Invalid("Some fields are not right", faults)
    hours = [piece.strip() for piece in given.get("hours", "").replace("–", "-").split(",") if piece.strip()]
    return {"zone": given.get("zone", "").strip(), "hours": hours, "country": given.get("country", "RU"),
            "decreed_until": int(until), **days}  # fmt: skip


def _lines(days: Any) -> str:
    return "\n".join(f"{day} {value}" for day, value in (days or {}).items())


def _year(shown: Calendar, year: int) -> list[tuple[date, list[list[tuple[date, str, str] | None]]]]:
    """Months of weeks of days: kind (work, off, short) and why."""
    months = []
    for month in range(1, 13):
        first = date(year, month, 1)
        weeks: list[list[tuple[date, str, str] | None]] = [[None] * first.weekday()]
        for number in range(31):
            day = date.fromordinal(first.toordinal() + number)
            if day.month != month:
                break
            if len(weeks[-1]) == 7:
                weeks.append([])
            note, cut = shown.note(day), shown.short_days.get(day)
            weeks[-1].append((day, "off" if note else "short" if cut else "work", note or (str(cut) if cut else "")))
        weeks[-1] += [None] * (7 - len(weeks[-1]))
        months.append((first, weeks))
    return months


def starts() -> datetime | None:
    """From when the sent rule is to hold; None: at once."""
    try:
        day = date.fromisoformat(request.form.get("valid_from", ""))
    except ValueError:
        return None
    return datetime.combine(day, time(), zone())


def may_change() -> bool:
    """May this person change rules?"""
    return access.may(reading.session(), reading.actor(), g.now, "settings.change") is not None

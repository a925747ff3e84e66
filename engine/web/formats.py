"""How moments, money and files read: babel's words in the reader's language, the office's time zone."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_time, format_timedelta
from babel.numbers import format_currency, format_decimal
from flask import Flask, g
from markupsafe import Markup, escape

from engine.web.i18n import babel_locale, gettext, locale, ngettext

SOON = timedelta(hours=24)
KEPT = lru_cache(maxsize=4096)  # a list says the same few moments again and again, and babel takes its time for each
NORM = re.compile(
    r"(?P<each>R\d*/)?P(?:(?P<y>\d+)Y)?(?:(?P<m>\d+)M)?(?:(?P<w>\d+)W)?(?:(?P<bd>\d+)BD)?(?:(?P<d>\d+)D)?"
    r"(?:T(?:(?P<bh>\d+)BH)?(?:(?P<bm>\d+)BM)?(?:(?P<h>\d+)H)?)?"
)


def zone() -> ZoneInfo:
    """The time zone of the main office."""
    chosen: ZoneInfo = g.zone
    return chosen


def day(value: date | datetime | str | None, style: str = "long") -> str:
    """«21 ноября 2026 г.»; a text is a date as JSON keeps it."""
    if not value:
        return ""
    value = date.fromisoformat(value[:10]) if isinstance(value, str) else value
    value = value.astimezone(zone()).date() if isinstance(value, datetime) else value
    return _day(value, style, locale())


@KEPT
def _day(value: date, style: str, language: str) -> str:
    return format_date(value, style, locale=babel_locale(language))


def iso_day(value: date | datetime | None) -> str:
    """What a ``date`` control shows."""
    if value is None:
        return ""
    return (value.astimezone(zone()).date() if isinstance(value, datetime) else value).isoformat()


def last_day(value: datetime) -> date:
    """The last whole day before a moment: an absence that ends at midnight ends the day before."""
    return (value - timedelta(seconds=1)).astimezone(zone()).date()


def moment(value: datetime | str | None) -> str:
    """«21 нояб. 2026 г., 14:05»"""
    if not value:
        return ""
    value = datetime.fromisoformat(value) if isinstance(value, str) else value
    return _moment(value.astimezone(zone()).replace(tzinfo=None), locale())


@KEPT
def _moment(local: datetime, language: str) -> str:
    return format_datetime(local, "medium" if language == "en" else "d MMM y, HH:mm", locale=babel_locale(language))


def clock(value: datetime) -> str:
    """«14:05»"""
    return _clock(value.astimezone(zone()).time(), locale())


@KEPT
def _clock(local: time, language: str) -> str:
    return format_time(local, "short", locale=babel_locale(language))


def near(value: datetime | None) -> str:
    """«сегодня, 14:00», «завтра, 12:00», «24 ноября, 10:00»: as people say it."""
    if value is None:
        return ""
    return _near(value.astimezone(zone()).replace(tzinfo=None), _today(), locale())


@KEPT
def _near(local: datetime, today: date, language: str) -> str:
    names = {-1: gettext("yesterday"), 0: gettext("today"), 1: gettext("tomorrow")}
    name = names.get((local.date() - today).days)
    if name is None:
        pattern = ("d MMM" if language == "ru" else "MMM d") + ("" if local.year == today.year else " y")
        name = format_date(local.date(), pattern, locale=babel_locale(language))
    return f"{name}, {_clock(local.time(), language)}"


def _today() -> date:
    if "today" not in g:
        g.today = g.now.astimezone(zone()).date()
    today: date = g.today
    return today


def stamp(value: datetime | None) -> Markup:
    """The near form inside ``<time>``, the full form as its title."""
    if value is None:
        return Markup("")
    return Markup(f'<time datetime="{value.isoformat()}" title="{escape(moment(value))}">{escape(near(value))}</time>')


def for_control(value: datetime | None) -> str:
    """What a ``datetime-local`` control shows."""
    return value.astimezone(zone()).strftime("%Y-%m-%dT%H:%M") if value else ""


def distance(value: datetime) -> str:
    """«3 часа», «2 дня»: how far a moment is from now."""
    return _distance(max(1, round(abs(value - g.now).total_seconds() / 60)), locale())


@KEPT
def _distance(minutes: int, language: str) -> str:
    apart = timedelta(minutes=minutes)
    return format_timedelta(apart, granularity="minute", threshold=1.3, locale=babel_locale(language))


def urgency(due: datetime | None) -> str:
    """``late``, ``soon`` (a day or less), ``calm`` or ``none``."""
    if due is None:
        return "none"
    if due <= g.now:
        return "late"
    return "soon" if due - g.now <= SOON else "calm"


def money(value: Decimal | int | str | None) -> str:
    """«1 250 000,00 ₽»"""
    if value is None or value == "":
        return ""
    try:
        return format_currency(Decimal(value), "RUB", locale=babel_locale())
    except InvalidOperation:
        return str(value)


def number(value: Decimal | float | int | None) -> str:
    """Thousands grouped, at most two digits after the point."""
    return "" if value is None else format_decimal(round(Decimal(str(value)), 2), locale=babel_locale())


def size(value: int) -> str:
    """«38 КБ»"""
    amount, unit = (value / 1024, gettext("KB")) if value < 1024**2 else (value / 1024**2, gettext("MB"))
    return f"{format_decimal(round(amount, 1 if amount < 10 else 0), locale=babel_locale())} {unit}"


def norm(value: str) -> str:
    """A norm of time in words: ``P2BD`` -> 2 working days, ``R/P1D`` -> every day; none: a date of the case."""
    if not value:
        return gettext("on the date agreed in the case")
    if " / " in value:
        return " / ".join(norm(part) for part in value.split(" / "))
    found = NORM.fullmatch(value.strip())
    if found is None:
        return value.strip()
    said = ", ".join(_unit(int(count), unit) for unit, count in found.groupdict().items() if unit != "each" and count)
    return gettext("every %(time)s") % {"time": said} if found["each"] else said


def _unit(count: int, unit: str) -> str:
    sentences = {
        "y": ngettext("%(num)s year", "%(num)s years", count), "m": ngettext("%(num)s month", "%(num)s months", count),
        "w": ngettext("%(num)s week", "%(num)s weeks", count), "d": ngettext("%(num)s day", "%(num)s days", count),
        "bd": ngettext("%(num)s working day", "%(num)s working days", count),
        "h": ngettext("%(num)s hour", "%(num)s hours", count),
        "bm": ngettext("%(num)s working minute", "%(num)s working minutes", count),
        "bh": ngettext("%(num)s working hour", "%(num)s working hours", count),
    }  # fmt: skip
    return sentences[unit] % {"num": count}


def icon(name: str, classes: str = "") -> Markup:
    """A picture of the sprite; always beside words, so it is hidden from screen readers."""
    return _icon(g.sprite, name, classes)


@KEPT
def _icon(sprite: str, name: str, classes: str) -> Markup:
    drawing = Markup('<svg class="icon {}" aria-hidden="true"><use href="{}#{}"></use></svg>')
    return drawing.format(classes, sprite, name)


def utc(local: str) -> datetime:
    """What a ``datetime-local`` control sent, read in the office's time zone. Raises ValueError."""
    value = datetime.fromisoformat(local)
    return (value if value.tzinfo else value.replace(tzinfo=zone())).astimezone(UTC)


FILTERS: tuple[Callable[..., Any], ...] = (
    day,
    iso_day,
    last_day,
    moment,
    near,
    stamp,
    for_control,
    distance,
    urgency,
    money,
    number,
    size,
    norm,
)


def install(app: Flask) -> None:
    """Give templates the filters and ``icon``."""
    for function in FILTERS:
        app.jinja_env.filters[function.__name__] = function
    app.jinja_env.globals["icon"] = icon

"""Dates, times and durations: reading them, writing them, their properties, moving them."""
from __future__ import annotations

import calendar
import re
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from engine.feel.values import Range, YearMonthDuration

_DATE = r"(\d{4})-(\d\d)-(\d\d)"
_TIME = r"(\d\d):(\d\d):(\d\d)(\.\d{1,9})?(Z|[+-]\d\d:\d\d(?::\d\d)?|@[A-Za-z]+(?:[/_+-][A-Za-z0-9]+)*)?"
_DATE_ONLY = re.compile(_DATE)
_TIME_ONLY = re.compile("T?" + _TIME)
_BOTH = re.compile(_DATE + "T" + _TIME)
_DAYS = re.compile(r"(-)?P(?:(\d{1,9})W)?(?:(\d{1,9})D)?"
                   r"(?:T(?:(\d{1,10})H)?(?:(\d{1,10})M)?(?:(\d{1,12}(?:\.\d{1,9})?)S)?)?")  # fmt: skip
_MONTHS = re.compile(r"(-)?P(?:(\d{1,9})Y)?(?:(\d{1,9})M)?")
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
          "November", "December")  # fmt: skip
UTC = timezone.utc  # noqa: UP017 - the same object, but its type is what ``timezone`` functions return


def parse_date(text: str) -> date | None:
    """``2026-11-21``; null for anything else."""
    found = _DATE_ONLY.fullmatch(text)
    try:
        return date(*(int(part) for part in found.groups())) if found else None
    except ValueError:
        return None


def parse_time(text: str) -> time | None:
    """``10:30:00``, with fraction, offset, ``Z`` or ``@Europe/Moscow``; null for anything else."""
    found = _TIME_ONLY.fullmatch(text)
    return _time(found.groups()) if found else None


def parse_datetime(text: str) -> datetime | None:
    """``2026-11-21T10:30:00`` as a time; a date alone means its midnight; null for anything else."""
    found = _BOTH.fullmatch(text)
    if not found:
        day = parse_date(text)
        return datetime.combine(day, time()) if day else None
    day, at = parse_date(text[:10]), _time(found.groups()[3:])
    return datetime.combine(day, at) if day and at else None


def _time(parts: tuple[str | Any, ...]) -> time | None:
    hour, minute, second, fraction, offset = parts
    micro = int(Decimal(fraction or "0") * 1_000_000)
    try:
        return time(int(hour), int(minute), int(second), micro, tzinfo=parse_zone(offset) if offset else None)
    except (ValueError, OSError, KeyError):
        return None


def parse_zone(text: str) -> tzinfo:
    """``Z``, ``+03:00``, ``@Europe/Moscow``. Raises ValueError or KeyError for an unknown one."""
    if text in ("Z", "z"):
        return UTC
    if text[0] == "@":
        if ".." in text:
            raise ValueError(text)
        return ZoneInfo(text[1:])
    sign = -1 if text[0] == "-" else 1
    hours, minutes, *rest = (int(part) for part in text[1:].split(":"))
    if hours > 14 or minutes > 59:
        raise ValueError(text)
    return timezone(sign * timedelta(hours=hours, minutes=minutes, seconds=rest[0] if rest else 0))


def parse_duration(text: str) -> timedelta | YearMonthDuration | None:
    """``P2DT3H`` or ``P1Y2M``; the two sorts do not mix in FEEL. Null for anything else."""
    if text[-1:] in ("P", "T"):
        return None
    found = _DAYS.fullmatch(text)
    if found:
        sign, weeks, days, hours, minutes, seconds = found.groups()
        micro = int(Decimal(seconds or "0") * 1_000_000)
        try:
            span = timedelta(weeks=int(weeks or 0), days=int(days or 0), hours=int(hours or 0),
                             minutes=int(minutes or 0), microseconds=micro)  # fmt: skip
        except OverflowError:
            return None
        return -span if sign else span
    found = _MONTHS.fullmatch(text)
    if not found:
        return None
    months = int(found[2] or 0) * 12 + int(found[3] or 0)
    return YearMonthDuration(-months if found[1] else months)


def parse_literal(text: str) -> Any:
    """What ``@"..."`` means: a duration, a date and time, a date or a time; null when it is none of them."""
    if text.lstrip("-").startswith("P"):
        return parse_duration(text)
    if "T" in text[1:]:
        return parse_datetime(text)
    return parse_date(text) or parse_time(text)


def write(value: Any) -> str:
    """The FEEL text of a temporal value, which reads back as the same value."""
    if isinstance(value, datetime):
        return value.date().isoformat() + "T" + _clock(value.time()) + _zone(value.tzinfo, value.utcoffset())
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return _clock(value) + _zone(value.tzinfo, value.utcoffset())
    return str(value) if isinstance(value, YearMonthDuration) else _write_days(value)


def _clock(value: time) -> str:
    text = value.strftime("%H:%M:%S")
    return text + f".{value.microsecond:06d}".rstrip("0") if value.microsecond else text


def _zone(zone: tzinfo | None, offset: timedelta | None) -> str:
    if zone is None:
        return ""
    if isinstance(zone, ZoneInfo):
        return "@" + str(zone.key)
    if not offset:
        return "Z"
    minutes, seconds = divmod(abs(int(offset.total_seconds())), 60)
    tail = f":{seconds:02d}" if seconds else ""
    return f"{'-' if offset < timedelta(0) else '+'}{minutes // 60:02d}:{minutes % 60:02d}{tail}"


def _write_days(value: timedelta) -> str:
    sign, span = ("-", -value) if value < timedelta(0) else ("", value)
    hours, rest = divmod(span.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    fraction = f".{span.microseconds:06d}".rstrip("0") if span.microseconds else ""
    clock = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
    clock += f"{seconds}{fraction}S" if seconds or fraction else ""
    body = (f"{span.days}D" if span.days else "") + ("T" + clock if clock else "")
    return sign + "P" + (body or "T0S")


def seconds_of(span: timedelta) -> Decimal:
    """The whole span in seconds, exactly."""
    micro = (span.days * 86_400 + span.seconds) * 1_000_000 + span.microseconds
    return Decimal(micro) / 1_000_000


def from_seconds(seconds: Decimal) -> timedelta | None:
    """The span of so many seconds; null beyond a billion days."""
    try:
        return timedelta(microseconds=int(seconds * 1_000_000))
    except (OverflowError, ValueError):
        return None


def shift(value: date | datetime, span: timedelta | YearMonthDuration) -> date | datetime | None:
    """The date or moment moved by the span. Days and hours are absolute time, months keep the day of the month or
    take the last one there is. Null beyond the years 1 to 9999. A date plus hours stays a date (DMN 1.5 table 55)."""
    try:
        if isinstance(span, YearMonthDuration):
            return shift_months(value, span.months)
        if not isinstance(value, datetime):
            return (datetime.combine(value, time()) + span).date()
        if value.tzinfo is None or not isinstance(value.tzinfo, ZoneInfo):
            return value + span
        return (value.astimezone(UTC) + span).astimezone(value.tzinfo)
    except (OverflowError, ValueError):
        return None


def shift_months(value: date, months: int) -> date:
    """The same day so many months on. Raises ValueError beyond the years 1 to 9999."""
    year, month = divmod(value.year * 12 + value.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        raise ValueError(year)
    return value.replace(year=year, month=month + 1, day=min(value.day, calendar.monthrange(year, month + 1)[1]))


def shift_time(value: time, span: timedelta) -> time:
    """The time of day moved by the span, round the clock."""
    moved = datetime.combine(date(2000, 1, 2), value.replace(tzinfo=None)) + span % timedelta(days=1)
    return moved.time().replace(tzinfo=value.tzinfo)


def months_between(start: date, end: date) -> YearMonthDuration:
    """Whole months from start to end, towards zero."""
    months = (end.year - start.year) * 12 + end.month - start.month
    tail_start, tail_end = _within_month(start), _within_month(end)
    if months > 0 and tail_end < tail_start:
        months -= 1
    elif months < 0 and tail_end > tail_start:
        months += 1
    return YearMonthDuration(months)


def _within_month(value: date) -> tuple[int, time]:
    return value.day, value.time() if isinstance(value, datetime) else time()


def property_of(value: Any, name: str) -> Any:
    """``.year``, ``.hour``, ``.days``, ``.start included`` … of a value that has such; null for other names."""
    if isinstance(value, timedelta):
        return _of_days(value, name)
    if isinstance(value, YearMonthDuration):
        whole = abs(value.months)
        part = {"years": whole // 12, "months": whole % 12}.get(name)
        return None if part is None else Decimal(part if value.months >= 0 else -part)
    if isinstance(value, Range):
        return {"start": value.start, "end": value.end, "start included": value.start_included,
                "end included": value.end_included}.get(name)  # fmt: skip
    if isinstance(value, date) and name in ("year", "month", "day", "weekday"):
        return Decimal(value.isoweekday() if name == "weekday" else getattr(value, name))
    return _of_clock(value, name) if isinstance(value, (datetime, time)) else None


def _of_clock(value: datetime | time, name: str) -> Any:
    if name == "second":
        return Decimal(value.second) + Decimal(value.microsecond) / 1_000_000
    if name in ("hour", "minute"):
        return Decimal(getattr(value, name))
    if name == "time offset":
        return value.utcoffset()
    if name == "timezone":
        return value.tzinfo.key if isinstance(value.tzinfo, ZoneInfo) else None
    return None


def _of_days(value: timedelta, name: str) -> Decimal | None:
    whole = abs(value)
    if name == "seconds":
        part = Decimal(whole.seconds % 60) + Decimal(whole.microseconds) / 1_000_000
    elif name in ("days", "hours", "minutes"):
        part = Decimal({"days": whole.days, "hours": whole.seconds // 3600, "minutes": whole.seconds // 60 % 60}[name])
    else:
        return None
    return part if value >= timedelta(0) else -part

"""Functions of dates and times. ``now()`` and ``today()`` are the moment of the evaluation, never the clock."""
from __future__ import annotations

import calendar
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from engine.feel.registry import builtin
from engine.feel.runtime import Run
from engine.feel.temporal import MONTHS, WEEKDAYS, months_between, parse_zone
from engine.feel.values import at_zone


@builtin("now()")
def now(run: Run) -> datetime:
    return run.context.now.astimezone(run.zone)


@builtin("today()")
def today(run: Run) -> date:
    return run.context.now.astimezone(run.zone).date()


@builtin("day of year(date: day)")
def day_of_year(day: date) -> Decimal:
    return Decimal(day.timetuple().tm_yday)


@builtin("day of week(date: day)")
def day_of_week(day: date) -> str:
    return WEEKDAYS[day.weekday()]


@builtin("month of year(date: day)")
def month_of_year(day: date) -> str:
    return MONTHS[day.month - 1]


@builtin("week of year(date: day)")
def week_of_year(day: date) -> Decimal:
    """Weeks by ISO 8601: the first holds the year's first Thursday."""
    return Decimal(day.isocalendar().week)


@builtin("last day of month(date: day)")
def last_day_of_month(day: date) -> date:
    return date(day.year, day.month, calendar.monthrange(day.year, day.month)[1])


@builtin("years and months duration(from: day, to: day)")
def years_and_months(start: date, end: date) -> Any:
    return months_between(start, end)


@builtin("date and time(date and time: moment, timezone: string)")
def in_zone(run: Run, moment: datetime, zone: str) -> datetime | None:
    """The same moment on the clocks of another zone."""
    try:
        return at_zone(moment, run.zone).astimezone(parse_zone(zone if zone[:1] in "+-Z" else "@" + zone))
    except (ValueError, KeyError, OSError):
        return None

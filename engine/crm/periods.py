"""Periods that reports look at: from a day to a day, both included; months between days; moments of a day."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from engine.errors import Text, text

OFFICE = "main"
LONGEST_YEARS = 30
PRESETS: dict[str, Text] = {
    "month": text("This month"),
    "last_month": text("Last month"),
    "quarter": text("This quarter"),
    "last_quarter": text("Last quarter"),
    "year": text("This year"),
    "last_year": text("Last year"),
    "months12": text("The last 12 months"),
}


@dataclass(frozen=True)
class Period:
    """Both days are included."""

    since: date
    until: date

    def months(self) -> list[Period]:
        """The calendar months of the period; the first and the last may be cut."""
        found: list[Period] = []
        start = self.since
        while start <= self.until:
            end = min(last_of_month(start), self.until)
            found.append(Period(start, end))
            start = end + timedelta(days=1)
        return found

    def before(self) -> Period:
        """The period of the same length just before; whole months stay whole months."""
        end = self.since - timedelta(days=1)
        if self.since.day == 1 and self.until == last_of_month(self.until):
            return Period(add_months(self.since, -(months_between(self.since, self.until) + 1)), end)
        return Period(end - (self.until - self.since), end)


def preset(name: str, today: date) -> Period:
    """A period by its name; an unknown name is the last 12 months."""
    month = today.replace(day=1)
    quarter = month.replace(month=(month.month - 1) // 3 * 3 + 1)
    year = month.replace(month=1)
    starts = {"month": (month, 1), "quarter": (quarter, 3), "year": (year, 12)}
    if name in starts:
        start, length = starts[name]
        return Period(start, add_months(start, length) - timedelta(days=1))
    if name.removeprefix("last_") in starts:
        start, length = starts[name.removeprefix("last_")]
        return Period(add_months(start, -length), start - timedelta(days=1))
    return Period(add_months(month, -11), last_of_month(today))


def add_months(day: date, months: int) -> date:
    """The same day of another month, or its last day where that month is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def last_of_month(day: date) -> date:
    """The last day of the month."""
    return day.replace(day=monthrange(day.year, day.month)[1])


def months_between(first: date, second: date) -> int:
    """Whole months from one day to another."""
    months = (second.year - first.year) * 12 + second.month - first.month
    return months if add_months(first, months) <= second else months - 1


def month_number(day: date) -> int:
    """Months since the year 0, to compare months with."""
    return day.year * 12 + day.month


def month_named(number: int) -> str:
    """A month since the year 0 as it is written."""
    year, month = divmod(number - 1, 12)
    return f"{month + 1:02d}.{year}"


def moment(env: Any, day: date) -> datetime:
    """When a day begins in the main office."""
    calendar = (getattr(env, "calendars", None) or {}).get(OFFICE)
    return datetime.combine(day, time(), calendar.zone if calendar is not None else UTC).astimezone(UTC)


def moments(env: Any, period: Period) -> tuple[datetime, datetime]:
    """From when until when (not included) a period lasts."""
    return moment(env, period.since), moment(env, period.until + timedelta(days=1))


def day_of(env: Any, at: datetime | None) -> date | None:
    """The day of a moment in the main office."""
    calendar = (getattr(env, "calendars", None) or {}).get(OFFICE)
    return at.astimezone(calendar.zone if calendar is not None else UTC).date() if at else None

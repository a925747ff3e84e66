"""Working time, pure: durations ``P2BD`` and ``PT8BH``, due moments that explain themselves, deviations.

Nothing here reads the clock. A calendar belongs to an office and carries its time zone.
"""
from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import holidays
import yaml

from engine.errors import Invalid
from engine.feel.values import YearMonthDuration

WORKING = re.compile(r"P(?:(\d{1,4})BD)?(?:T(?:(\d{1,4})BH)?(?:(\d{1,5})BM)?)?")
ISO = re.compile(
    r"P(?:(\d{1,4})Y)?(?:(\d{1,4})M)?(?:(\d{1,4})W)?(?:(\d{1,5})D)?"
    r"(?:T(?:(\d{1,6})H)?(?:(\d{1,7})M)?(?:(\d{1,9}(?:\.\d{1,6})?)S)?)?"
)
FARTHEST = 3660  # days looked ahead; a calendar without working days must not hang the engine
EXPLAINED = 40  # days listed one by one in an explanation; the rest is summed up
MONDAY_TO_FRIDAY = range(5)

Pieces = tuple[tuple[datetime, datetime], ...]
Spec = str | timedelta | YearMonthDuration | date | datetime


@dataclass(frozen=True)
class Due:
    """A due moment (UTC) and why: ``{spec, start, at, zone, uncertain, days: [[date, "working"|"off", note], …]}``."""

    at: datetime
    why: dict[str, Any]


@dataclass(frozen=True)
class WorkingDuration:
    """``P2BDT4BH``: working days, then working minutes. P1BD is not 24 hours."""

    days: int
    minutes: int


@dataclass(frozen=True)
class Calendar:
    """Working time of one office. ``hours``: pieces of a working day; ``short_days``: minutes cut from its end."""

    office: str
    zone: ZoneInfo
    hours: tuple[tuple[time, time], ...]
    country: str = "RU"
    decreed_until: int = 9999
    days_off: Mapping[date, str] = field(default_factory=dict)
    days_on: Mapping[date, str] = field(default_factory=dict)
    short_days: Mapping[date, int] = field(default_factory=dict)
    # what was asked about: a heat map asks for the days of a year a hundred thousand times
    _told: dict[date, Pieces] = field(default_factory=dict, init=False, repr=False, compare=False)
    _years: dict[int, list[float]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def is_working(self, day: date) -> bool:
        """Is this a working day of the office?"""
        return self._note(day) is None

    def day_off(self, day: date) -> str | None:
        """Why nobody works on this day (the holiday's name, weekend …), None for a working day."""
        return self._note(day)

    def opens(self, at: datetime) -> datetime:
        """The moment itself in working time, else the next moment at which the office opens."""
        local = at.astimezone(self.zone)
        for day in self._days(local.date(), 1):
            for opens, closes in self._pieces(day):
                if local < closes:
                    return max(opens, local).astimezone(UTC)
        raise AssertionError("unreachable")

    def note(self, day: date) -> str | None:
        """Why a day is not a working one: the holiday, «weekend», what the company wrote; None for a working day."""
        return self._note(day)

    def pieces(self, day: date) -> Pieces:
        """From when to when the office works on this day."""
        return self._pieces(day)

    def due(self, start: datetime, spec: Spec) -> Due:
        """The moment ``spec`` after ``start``; a date means the end of that working day. Raises Invalid."""
        value = duration(spec) if isinstance(spec, str) else spec
        local = start.astimezone(self.zone)
        days: list[list[str]] = []
        if isinstance(value, WorkingDuration):
            at = self._after(local, value, days)
        elif isinstance(value, datetime):
            at = value if value.tzinfo else value.replace(tzinfo=self.zone)
        elif isinstance(value, date):
            at = self._end(value)
        elif isinstance(value, YearMonthDuration):
            at = _plus_months(local, value.months)
        else:
            at = start + value
        at = at.astimezone(UTC)
        return Due(at, self._why(spec, local, at, days))

    def before(self, at: datetime, spec: str) -> datetime:
        """The moment ``spec`` before ``at`` (reminders). Raises Invalid."""
        value = duration(spec)
        if isinstance(value, WorkingDuration):
            return self._before(at.astimezone(self.zone), value).astimezone(UTC)
        if isinstance(value, timedelta):
            return at - value
        if isinstance(value, YearMonthDuration):
            return _plus_months(at, -value.months)
        raise Invalid("«{spec}» is not a duration", spec=spec)

    def working_days_between(self, earlier: datetime, later: datetime) -> float:
        """Working time from one moment to another in working days, negative if ``later`` comes first."""
        if later < earlier:
            return -self.working_days_between(later, earlier)
        return round(self.working_minutes_between(earlier, later) / self._full_day(), 2)

    def working_minutes_between(self, earlier: datetime, later: datetime) -> float:
        """Working time from one moment to a later one in minutes; none if it is not later."""
        start, end = earlier.astimezone(self.zone), later.astimezone(self.zone)
        first, last = start.date(), min(end.date(), start.date() + timedelta(days=FARTHEST - 1))
        minutes = sum(
            max(0.0, _minutes(max(opens, start), min(closes, end)))
            for day in {first, last} for opens, closes in self._pieces(day)
        )  # fmt: skip
        years = sum(self._of_year(year)[-1] for year in range(first.year, last.year))
        between = years + self._before_day(last) - self._before_day(first) - self._length(first)
        return minutes + (between if first < last else 0.0)

    def _length(self, day: date) -> float:
        """The working minutes of a day."""
        return sum(_minutes(opens, closes) for opens, closes in self._pieces(day))

    def _before_day(self, day: date) -> float:
        """The working minutes of a year before one of its days."""
        return self._of_year(day.year)[day.timetuple().tm_yday - 1]

    def _of_year(self, year: int) -> list[float]:
        """The working minutes before each day of a year, and of all of it at the end."""
        if (known := self._years.get(year)) is None:
            first = date(year, 1, 1)
            days = (first + timedelta(days=nth) for nth in range((date(year + 1, 1, 1) - first).days))
            known = self._years[year] = list(accumulate((self._length(day) for day in days), initial=0.0))
        return known

    def after_rest(self, at: datetime, minutes: float) -> datetime:
        """A moment that rested for so much working time: as much later in working time; where it was without a rest."""
        if minutes <= 0:
            return at
        return self._plus_minutes(at.astimezone(self.zone), minutes, []).astimezone(UTC)

    def _full_day(self) -> float:
        day = date(2000, 1, 3)
        return sum(_minutes(datetime.combine(day, a), datetime.combine(day, b)) for a, b in self.hours)

    def _note(self, day: date) -> str | None:
        """None for a working day, else why it is not one."""
        if day in self.days_off:
            return self.days_off[day]
        if day in self.days_on:
            return None
        public = _holidays(self.country, day.year)
        if public.is_working_day(day) and not self._moved_here(day):
            return None
        return public.get(day) or ("weekend" if day.weekday() not in MONDAY_TO_FRIDAY else "moved day off")

    def _moved_here(self, day: date) -> bool:
        """Art. 112 of the labour code for years without a decree: a holiday on a weekend moves to the next working day.

        The New Year holidays (1-8 January) are moved by decree only and therefore stay where they are.
        """
        if day.year <= self.decreed_until:
            return False
        public, back = _holidays(self.country, day.year), day - timedelta(days=1)
        moved = 0
        while not public.is_working_day(back):
            new_year = back.month == 1 and back.day < 9
            moved += back in public and back.weekday() not in MONDAY_TO_FRIDAY and not new_year
            back -= timedelta(days=1)
        return moved > 0

    def _pieces(self, day: date) -> Pieces:
        if (told := self._told.get(day)) is None:
            told = self._told[day] = self._worked_out(day)
        return told

    def _worked_out(self, day: date) -> Pieces:
        if not self.is_working(day):
            return ()
        pieces = [
            (datetime.combine(day, opens, self.zone), datetime.combine(day, closes, self.zone))
            for opens, closes in self.hours
        ]
        if cut := self.short_days.get(day, 0):
            limit = pieces[-1][1] - timedelta(minutes=cut)
            pieces = [(opens, min(closes, limit)) for opens, closes in pieces if opens < limit]
        return tuple(pieces)

    def _end(self, day: date) -> datetime:
        pieces = self._pieces(day)
        return pieces[-1][1] if pieces else datetime.combine(day, self.hours[-1][1], self.zone)

    def _days(self, day: date, step: int) -> Iterator[date]:
        for distance in range(FARTHEST):
            yield day + timedelta(days=step * distance)
        raise Invalid("The calendar of office {office} has no working days", office=self.office)

    def _after(self, start: datetime, spec: WorkingDuration, days: list[list[str]]) -> datetime:
        at, left = start, spec.days
        if left:
            for day in self._days(start.date() + timedelta(days=1), 1):
                note = self._note(day)
                days.append([day.isoformat(), "off" if note else "working", note or str(spec.days - left + 1)])
                left -= note is None
                if not left:
                    at = self._within(datetime.combine(day, start.timetz().replace(tzinfo=None), self.zone))
                    break
        return self._plus_minutes(at, spec.minutes, days) if spec.minutes else at

    def _within(self, at: datetime) -> datetime:
        """The nearest moment of that working day's hours (early birds are due at opening, night owls at closing)."""
        pieces = self._pieces(at.date())
        return min(max(at, pieces[0][0]), pieces[-1][1])

    def _plus_minutes(self, start: datetime, minutes: float, days: list[list[str]]) -> datetime:
        left = float(minutes)
        for day in self._days(start.date(), 1):
            note, spent = self._note(day), 0.0
            for opens, closes in self._pieces(day):
                room = _minutes(max(opens, start), closes)
                if room <= 0:
                    continue
                if left <= room:
                    days.append([day.isoformat(), "working", _hours(spent + left)])
                    return max(opens, start) + timedelta(minutes=left)
                left, spent = left - room, spent + room
            days.append([day.isoformat(), "off" if note else "working", note or _hours(spent)])
        raise AssertionError("unreachable")

    def _before(self, at: datetime, spec: WorkingDuration) -> datetime:
        left = spec.days
        if left:
            for day in self._days(at.date() - timedelta(days=1), -1):
                left -= self.is_working(day)
                if not left:
                    at = self._within(datetime.combine(day, at.timetz().replace(tzinfo=None), self.zone))
                    break
        minutes = float(spec.minutes)
        for day in self._days(at.date(), -1) if minutes else ():
            for opens, closes in reversed(self._pieces(day)):
                room = _minutes(opens, min(closes, at))
                if room <= 0:
                    continue
                if minutes <= room:
                    return min(closes, at) - timedelta(minutes=minutes)
                minutes -= room
        return at

    def _why(self, spec: Spec, start: datetime, at: datetime, days: list[list[str]]) -> dict[str, Any]:
        shown = days if len(days) <= EXPLAINED else [*days[:EXPLAINED], ["…", "more", str(len(days) - EXPLAINED)]]
        why: dict[str, Any] = {
            "spec": spec if isinstance(spec, str) else str(spec),
            "start": start.isoformat(timespec="minutes"),
            "at": at.astimezone(self.zone).isoformat(timespec="minutes"),
        }
        if shown:
            why["days"] = shown
        if days and at.year > self.decreed_until:
            why["uncertain"] = True
        return why


def duration(spec: str) -> WorkingDuration | timedelta | YearMonthDuration | date | datetime:
    """Read ``P2BD``, ``PT8BH``, an ISO 8601 duration, a date or a date and time. Raises Invalid with a remedy."""
    text = spec.strip()
    if (found := WORKING.fullmatch(text)) and any(found.groups()):
        days, hours, minutes = (int(group or 0) for group in found.groups())
        return WorkingDuration(days, hours * 60 + minutes)
    if (found := ISO.fullmatch(text)) and any(found.groups()) and not text.endswith("T"):
        years, months, weeks, days, hours, minutes = (int(group or 0) for group in found.groups()[:6])
        rest = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=float(found.group(7) or 0))
        if (years or months) and rest:
            raise Invalid("«{spec}» mixes months and days; write one or the other", spec=spec)
        return YearMonthDuration(years * 12 + months) if years or months else rest
    try:
        return date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text)
    except ValueError:
        raise Invalid(
            "«{spec}» is not a time. Write P2BD (two working days), PT8BH (eight working hours), P3D, PT1H, "
            "2026-12-01 or 2026-12-01T10:00",
            spec=spec,
        ) from None


def calendars(path: Path) -> dict[str, Calendar]:
    """Read the calendars of all offices from a settings file (settings/calendars.yaml)."""
    return {office: calendar_of(office, data) for office, data in yaml.safe_load(path.read_text("utf-8")).items()}


def calendar_of(office: str, data: Mapping[str, Any]) -> Calendar:
    """A calendar from its data, as a settings file or a page holds it. Days are dates or their ISO text."""
    pieces = [piece.split("-") for piece in data["hours"]]
    return Calendar(
        office=office,
        zone=ZoneInfo(data["zone"]),
        hours=tuple((time.fromisoformat(opens), time.fromisoformat(closes)) for opens, closes in pieces),
        country=data.get("country", "RU"),
        decreed_until=data.get("decreed_until", 9999),
        days_off=_by_day(data.get("days_off")),
        days_on=_by_day(data.get("days_on")),
        short_days=_by_day(data.get("short_days")),
    )


def data_of(calendar: Calendar) -> dict[str, Any]:
    """The data of a calendar, as ``calendar_of`` reads it and a settings file holds it."""
    return {
        "country": calendar.country,
        "zone": calendar.zone.key,
        "hours": [f"{opens:%H:%M}-{closes:%H:%M}" for opens, closes in calendar.hours],
        "decreed_until": calendar.decreed_until,
        "days_off": {day.isoformat(): note for day, note in sorted(calendar.days_off.items())},
        "days_on": {day.isoformat(): note for day, note in sorted(calendar.days_on.items())},
        "short_days": {day.isoformat(): cut for day, cut in sorted(calendar.short_days.items())},
    }


def _by_day(data: Mapping[Any, Any] | None) -> dict[date, Any]:
    return {day if isinstance(day, date) else date.fromisoformat(day): value for day, value in (data or {}).items()}


@cache
def _holidays(country: str, year: int) -> holidays.HolidayBase:
    language = "ru" if country == "RU" else None
    return holidays.country_holidays(country, years=range(year - 1, year + 2), language=language)


def _minutes(start: datetime, end: datetime) -> float:
    return (end - start).total_seconds() / 60


def _hours(minutes: float) -> str:
    return f"{int(minutes // 60)}:{int(minutes % 60):02d}"


def _plus_months(at: datetime, months: int) -> datetime:
    """Calendar months; the 31st becomes the last day of a shorter month (31 January + P1M = 28 February)."""
    index = at.year * 12 + at.month - 1 + months
    year, month = divmod(index, 12)
    last = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return at.replace(year=year, month=month + 1, day=min(at.day, last))

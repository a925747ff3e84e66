"""Dates as Russian documents print them. Moments are turned into the office's zone before they come here."""
from __future__ import annotations

from datetime import date, datetime, time

MONTHS = (
    "января", "февраля", "марта", "апреля", "мая", "июня",
    "июля", "августа", "сентября", "октября", "ноября", "декабря",
)
NBSP = "\u00a0"


def date_long(value: date | str) -> str:
    """«21» ноября 2026 г."""
    day = _date(value)
    return f"«{day.day:02d}»{NBSP}{MONTHS[day.month - 1]} {day.year}{NBSP}г."


def date_plain(value: date | str) -> str:
    """21 ноября 2026 г."""
    day = _date(value)
    return f"{day.day}{NBSP}{MONTHS[day.month - 1]} {day.year}{NBSP}г."


def date_words(value: date | str) -> str:
    """21 ноября 2026 года: for prose, where the point of «г.» would meet the sentence's."""
    day = _date(value)
    return f"{day.day}{NBSP}{MONTHS[day.month - 1]} {day.year}{NBSP}года"


def date_short(value: date | str) -> str:
    """21.11.2026"""
    return f"{_date(value):%d.%m.%Y}"


def time_short(value: time | datetime | str) -> str:
    """14:30"""
    if isinstance(value, str):
        value = datetime.fromisoformat(value) if "-" in value else time.fromisoformat(value)
    return f"{value:%H:%M}"


def _date(value: date | str) -> date:
    if isinstance(value, datetime):
        return value.date()
    return date.fromisoformat(value[:10]) if isinstance(value, str) else value

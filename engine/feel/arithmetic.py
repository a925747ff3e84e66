"""The four operations and the power, over numbers, strings, dates and durations. What does not fit gives null."""
from __future__ import annotations

from datetime import date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from typing import Any

from engine.feel.temporal import UTC, from_seconds, seconds_of, shift, shift_time
from engine.feel.values import DECIMAL, YearMonthDuration, at_zone, finite

_SPANS = (timedelta, YearMonthDuration)


def add(left: Any, right: Any) -> Any:
    """``left + right``."""
    if type(left) is Decimal and type(right) is Decimal:
        return finite(DECIMAL.add(left, right))
    if type(left) is str and type(right) is str:
        return left + right
    if isinstance(right, (date, time)):
        left, right = right, left
    if isinstance(right, _SPANS):
        return _add_span(left, right)
    return None


def _add_span(left: Any, span: timedelta | YearMonthDuration) -> Any:
    if isinstance(left, date):
        return shift(left, span)
    if isinstance(left, time):
        return shift_time(left, span) if isinstance(span, timedelta) else None
    if isinstance(left, timedelta) and isinstance(span, timedelta):
        try:
            return left + span
        except OverflowError:
            return None
    if isinstance(left, YearMonthDuration) and isinstance(span, YearMonthDuration):
        return YearMonthDuration(left.months + span.months)
    return None


def subtract(left: Any, right: Any, zone: tzinfo) -> Any:
    """``left - right``."""
    if type(left) is Decimal and type(right) is Decimal:
        return finite(DECIMAL.subtract(left, right))
    if isinstance(right, _SPANS):
        return _add_span(left, negate(right))
    if isinstance(left, date) and isinstance(right, date):
        return _between(left, right, zone)
    if isinstance(left, time) and isinstance(right, time):
        if (left.utcoffset() is None) is not (right.utcoffset() is None):
            return None
        return datetime.combine(date(2000, 1, 1), left) - datetime.combine(date(2000, 1, 1), right)
    return None


def _between(left: date, right: date, zone: tzinfo) -> timedelta:
    if not isinstance(left, datetime) and not isinstance(right, datetime):
        return left - right
    first, second = (value if isinstance(value, datetime) else datetime.combine(value, time())
                     for value in (left, right))  # fmt: skip
    if (first.tzinfo is None) and (second.tzinfo is None):
        return first - second
    # by way of UTC: Python subtracts the clocks of two moments in one zone, which is an hour off across a change
    return at_zone(first, zone).astimezone(UTC) - at_zone(second, zone).astimezone(UTC)


def multiply(left: Any, right: Any) -> Any:
    """``left * right``."""
    if type(left) is Decimal and type(right) is Decimal:
        return finite(DECIMAL.multiply(left, right))
    if type(left) is Decimal:
        left, right = right, left
    if type(right) is not Decimal:
        return None
    if type(left) is timedelta:
        return _span_of(DECIMAL.multiply(seconds_of(left), right))
    if type(left) is YearMonthDuration:
        return _months_of(DECIMAL.multiply(Decimal(left.months), right))
    return None


def divide(left: Any, right: Any) -> Any:
    """``left / right``; null for a division by zero."""
    if type(right) is Decimal:
        if not right:
            return None
        if type(left) is Decimal:
            return finite(DECIMAL.divide(left, right))
        if type(left) is timedelta:
            return _span_of(DECIMAL.divide(seconds_of(left), right))
        return _months_of(DECIMAL.divide(Decimal(left.months), right)) if type(left) is YearMonthDuration else None
    if type(left) is timedelta and type(right) is timedelta:
        return DECIMAL.divide(seconds_of(left), seconds_of(right)) if right else None
    if type(left) is YearMonthDuration and type(right) is YearMonthDuration:
        return DECIMAL.divide(Decimal(left.months), Decimal(right.months)) if right.months else None
    return None


def power(left: Any, right: Any) -> Any:
    """``left ** right``; null when the result is no finite number."""
    if type(left) is Decimal and type(right) is Decimal:
        return finite(DECIMAL.power(left, right))
    return None


def negate(value: Any) -> Any:
    """``-value``."""
    if type(value) is Decimal:
        return DECIMAL.minus(value)
    if type(value) is YearMonthDuration:
        return YearMonthDuration(-value.months)
    return -value if type(value) is timedelta else None


def _span_of(seconds: Decimal) -> timedelta | None:
    return from_seconds(seconds) if seconds.is_finite() else None


def _months_of(months: Decimal) -> YearMonthDuration | None:
    return YearMonthDuration(int(months)) if months.is_finite() and abs(months) < 10**12 else None

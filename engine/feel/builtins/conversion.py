"""Functions that make one kind of value from another. What cannot be read is null."""
from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

from engine.feel import temporal
from engine.feel.registry import builtin
from engine.feel.runtime import Run
from engine.feel.values import DECIMAL, FeelFunction, Range, YearMonthDuration, kind, load

_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,6})?")


@builtin("date(from: string)")
def date_of_string(text: str) -> date | None:
    return temporal.parse_date(text)


@builtin("date(from: day)")
def date_of_moment(value: date) -> date:
    return value.date() if isinstance(value, datetime) else value


@builtin("date(year: number, month: number, day: number)")
def date_of_parts(year: Decimal, month: Decimal, day: Decimal) -> date | None:
    return date(_whole(year), _whole(month), _whole(day))


def _whole(number: Decimal) -> int:
    if number != number.to_integral_value() or abs(number) > 10**9:
        raise ValueError(number)
    return int(number)


@builtin("time(from: string)")
def time_of_string(text: str) -> time | None:
    return temporal.parse_time(text)


@builtin("time(from: moment)")
def time_of_moment(value: datetime) -> time:
    return value.timetz()


@builtin("time(from: time)")
def time_of_time(value: time) -> time:
    return value


@builtin("time(hour: number, minute: number, second: number, offset?: days)")
def time_of_parts(hour: Decimal, minute: Decimal, second: Decimal,
                  offset: timedelta | None = None) -> time | None:  # fmt: skip
    whole = int(second)
    micro = int((second - whole) * 1_000_000)
    zone = None if offset is None else temporal.UTC if not offset else timezone(offset)
    return time(_whole(hour), _whole(minute), whole, micro, tzinfo=zone)


@builtin("date and time(from: string)")
def moment_of_string(text: str) -> datetime | None:
    return temporal.parse_datetime(text)


@builtin("date and time(from: moment)")
def moment_of_moment(value: datetime) -> datetime:
    return value


@builtin("date and time(date: day, time: time)")
def moment_of_both(day: date, at: time) -> datetime:
    return datetime.combine(day, at)


@builtin("duration(from: string)")
def duration_of_string(text: str) -> timedelta | YearMonthDuration | None:
    return temporal.parse_duration(text)


@builtin("duration(from: duration)")
def duration_of_duration(value: Any) -> Any:
    return value


@builtin("number(from: number)")
def number_of_number(value: Decimal) -> Decimal:
    return value


@builtin("number(from: string, grouping separator?: any, decimal separator?: any)")
def number_of_string(text: str, grouping: Any = None, point: Any = None) -> Decimal | None:
    """``number("1 234,5", " ", ",")`` is 1234.5. Separators are one character and differ."""
    if grouping not in (None, " ", ",", ".") or point not in (None, ".", ",") or (grouping and grouping == point):
        return None
    if grouping:
        text = text.replace(grouping, "").replace("\u00a0", "" if grouping == " " else "\u00a0")
    if point:
        text = text.replace(point, ".")
    if not _NUMBER.fullmatch(text):
        return None
    found = DECIMAL.create_decimal(text)
    return found if found.is_finite() else None


@builtin("string(from: any)")
def string_of(run: Run, value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return written(value, run)


def written(value: Any, run: Run) -> str:
    """The FEEL text of a value; strings within lists and contexts are quoted."""
    run.charge(1)
    name = kind(value)
    if value is None:
        return "null"
    if name == "boolean":
        return "true" if value else "false"
    if name == "number":
        return number_text(value)
    if name == "string":
        run.charge_text(len(value))
        return _quoted(value)
    if name == "list":
        return _paid(run, "[" + ", ".join(written(load(item), run) for item in value) + "]")
    if name == "range":
        return _interval(value, run)
    if isinstance(value, FeelFunction):
        return f"function {value.name}"
    if isinstance(value, Mapping):
        return _paid(run, "{" + ", ".join(f"{_key(key)}: {written(load(value[key]), run)}" for key in value) + "}")
    return temporal.write(value)


def _paid(run: Run, text: str) -> str:
    run.charge_text(len(text))
    return text


def _key(key: str) -> str:
    return key if re.fullmatch(r"[^\W\d][\w ]*", key) else _quoted(key)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def number_text(number: Decimal) -> str:
    """Without exponent and without trailing zeros: 1.5, 100, 0.001."""
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def _interval(value: Range, run: Run) -> str:
    if value.start is None:
        return f"({'<=' if value.end_included else '<'} {written(value.end, run)})"
    if value.end is None:
        return f"({'>=' if value.start_included else '>'} {written(value.start, run)})"
    left, right = "[" if value.start_included else "(", "]" if value.end_included else ")"
    return f"{left}{written(value.start, run)}..{written(value.end, run)}{right}"

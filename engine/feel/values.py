"""What FEEL computes with, and how two values compare.

Numbers are Decimal, strings str, null None, lists list, contexts dict (or any Mapping handed in from outside), dates
date, times time, dates and times datetime, days and time durations timedelta. What Python lacks is defined here.
"""
from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from decimal import Context as DecimalContext
from decimal import Decimal
from enum import Enum
from functools import total_ordering
from typing import Any

from engine.feel.errors import FeelError

# decimal128 of IEEE 754, as DMN 1.5 asks (10.3.2.3.1): 34 digits; nothing traps, what is not finite becomes null
DECIMAL = DecimalContext(prec=34, Emin=-6143, Emax=6144, traps=[])
MAX_DEPTH = 100  # of values handed in or out


@total_ordering
@dataclass(frozen=True)
class YearMonthDuration:
    """A years and months duration; ``months`` is the whole of it and may be negative."""

    months: int

    def __lt__(self, other: YearMonthDuration) -> bool:
        return self.months < other.months

    def __str__(self) -> str:
        years, months = divmod(abs(self.months), 12)
        body = (f"{years}Y" if years else "") + (f"{months}M" if months else "")
        return ("-" if self.months < 0 else "") + "P" + (body or "0M")


@dataclass(frozen=True)
class Range:
    """An interval. ``start`` or ``end`` is None when that side is open without end (``(>= 5)``)."""

    start: Any
    end: Any
    start_included: bool = True
    end_included: bool = True


class FeelFunction:
    """A function as a value: built in, handed in, or written in the expression. Called by the evaluator only."""

    __slots__ = ("call", "name", "parameters")

    def __init__(self, name: str, parameters: tuple[str, ...], call: Callable[..., Any]) -> None:
        self.name = name
        self.parameters = parameters
        self.call = call  # call(run, positional: list, named: dict | None) -> value


# exact types that need no conversion on their way in
ATOMS = frozenset((Decimal, str, bool, type(None), date, time, datetime, timedelta, YearMonthDuration, Range,
                   FeelFunction))

_KINDS: dict[type, str] = {
    type(None): "null", bool: "boolean", Decimal: "number", str: "string", list: "list", dict: "context",
    datetime: "date and time", date: "date", time: "time", timedelta: "days and time duration",
    YearMonthDuration: "years and months duration", Range: "range", FeelFunction: "function",
}  # fmt: skip


def kind(value: Any) -> str:
    """The FEEL name of the value's type."""
    return _KINDS.get(type(value)) or "context"


def load(value: Any, depth: int = 0) -> Any:
    """A value from outside as FEEL sees it: every number Decimal, tuples lists. Mappings stay what they are (they may
    be lazy); dicts are copied only when something in them has to change. Raises FeelError for what is no data."""
    if type(value) in ATOMS:
        return value
    if depth > MAX_DEPTH:
        raise FeelError("A value is nested more than {limit} levels deep", limit=MAX_DEPTH)
    if isinstance(value, (list, tuple)):
        return _load_list(value, depth)
    if type(value) is dict:
        return _load_dict(value, depth)
    return value if isinstance(value, Mapping) else _load_atom(value)


def _load_list(value: list[Any] | tuple[Any, ...], depth: int) -> list[Any]:
    loaded = [item if type(item) in ATOMS else load(item, depth + 1) for item in value]
    if type(value) is list and all(map(_same, loaded, value)):
        return value
    return loaded


def _load_dict(value: dict[Any, Any], depth: int) -> dict[str, Any]:
    changed: dict[str, Any] | None = None
    for key, item in value.items():
        if type(item) not in ATOMS:
            loaded = load(item, depth + 1)
            if loaded is not item:
                changed = dict(value) if changed is None else changed
                changed[key] = loaded
    return value if changed is None else changed


def _same(left: Any, right: Any) -> bool:
    return left is right


def _load_atom(value: Any) -> Any:
    if isinstance(value, Enum):
        return load(value.value)
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, float):
        return Decimal(repr(value)) if math.isfinite(value) else None
    for base in (str, Decimal, datetime, date, time, timedelta):
        if isinstance(value, base):
            return str.__str__(value) if base is str else value
    raise FeelError("A value of the Python type {type} is no data for an expression", type=type(value).__name__)


def plain(value: Any, depth: int = 0) -> Any:
    """A result on its way out: fresh lists and dicts, so that nobody shares them. Functions may not leave."""
    if type(value) is FeelFunction:
        raise FeelError("The result contains the function {name}, which is no data", name=value.name or "()")
    if type(value) in ATOMS:
        return value
    if depth > MAX_DEPTH:
        raise FeelError("A value is nested more than {limit} levels deep", limit=MAX_DEPTH)
    if isinstance(value, list):
        return [plain(item, depth + 1) for item in value]
    if isinstance(value, Mapping):
        return {str(key): plain(item, depth + 1) for key, item in value.items()}
    return plain(load(value), depth + 1)


# ---- comparing. ``zone`` is where a date and time without offset is taken to be when it meets one with an offset.


def equal(left: Any, right: Any, zone: tzinfo) -> bool | None:
    """FEEL ``=``: null when the kinds differ (DMN 1.5 table 53), but null equals null."""
    if left is None or right is None:
        return left is right
    kind_left = kind(left)
    if kind_left != kind(right):
        return None
    if kind_left == "list":
        return len(left) == len(right) and all(equal(a, b, zone) for a, b in zip(left, right, strict=True))
    if kind_left == "context":
        return _equal_contexts(left, right, zone)
    if kind_left == "date and time" and (left.tzinfo is None) is not (right.tzinfo is None):
        left, right = at_zone(left, zone), at_zone(right, zone)
    if kind_left == "range":
        return (left.start_included == right.start_included and left.end_included == right.end_included
                and bool(equal(left.start, right.start, zone)) and bool(equal(left.end, right.end, zone)))  # fmt: skip
    return bool(left == right)


def _equal_contexts(left: Mapping[str, Any], right: Mapping[str, Any], zone: tzinfo) -> bool:
    return left.keys() == right.keys() and all(equal(load(left[key]), load(right[key]), zone) for key in left)


_ORDERED = frozenset((Decimal, str, date, time, datetime, timedelta, YearMonthDuration))


def order(left: Any, right: Any, zone: tzinfo) -> int | None:
    """-1, 0 or 1; None when the two have no order: different kinds, null, booleans, lists, contexts."""
    if type(left) is not type(right) or type(left) not in _ORDERED:
        return None
    if type(left) is datetime and (left.tzinfo is None) is not (right.tzinfo is None):
        left, right = at_zone(left, zone), at_zone(right, zone)
    elif type(left) is time and (left.utcoffset() is None) is not (right.utcoffset() is None):
        return None
    return 0 if left == right else -1 if left < right else 1


def at_zone(value: datetime, zone: tzinfo) -> datetime:
    """The same moment with an offset: a local date and time is taken to be in ``zone``."""
    return value if value.tzinfo is not None else value.replace(tzinfo=zone)


def within(value: Any, interval: Range, zone: tzinfo) -> bool | None:
    """Whether the value lies in the interval; null when it cannot be compared with its ends."""
    if interval.start is not None:
        low = order(interval.start, value, zone)
        if low is None:
            return None
        if low > 0 or (low == 0 and not interval.start_included):
            return False
    if interval.end is not None:
        high = order(value, interval.end, zone)
        if high is None:
            return None
        if high > 0 or (high == 0 and not interval.end_included):
            return False
    return True


def finite(number: Decimal) -> Decimal | None:
    """The number, or null for what left the range of numbers (overflow, 0/0)."""
    return number if number.is_finite() else None

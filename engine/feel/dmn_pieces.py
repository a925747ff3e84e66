"""Cutting the values of one column into pieces within which all its tests answer alike."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from engine.feel.arithmetic import negate
from engine.feel.expressions import UnaryTests
from engine.feel.runtime import MOSCOW, Context, Run
from engine.feel.temporal import parse_date, parse_datetime, parse_duration
from engine.feel.tree import Call, ListOf, Literal, Name, Negate, Node, RangeOf, Test
from engine.feel.values import YearMonthDuration, at_zone

_READERS: dict[str, Callable[[str], Any]] = {
    "date": parse_date,
    "date and time": parse_datetime,
    "duration": parse_duration,
}
_WHOLE = ("integer", "long", "int")


class Opaque(Exception):
    """A test that speaks of more than plain values."""


@dataclass(frozen=True)
class Piece:
    """A part of the column's values with one of them as sample; ``any`` when the column makes no difference."""

    sample: Any
    any: bool = False


@dataclass
class Pieces:
    """The pieces of a column, and the places of the tests that could not be looked through."""

    items: list[Piece]
    opaque: set[int] = field(default_factory=set)


def pieces_of(tests: Sequence[UnaryTests | None], allowed: UnaryTests | None, type_: str) -> Pieces:
    """The pieces of a column with these tests, limited to its allowed values."""
    found = Pieces([])
    values: list[Any] = []
    for place, test in enumerate([*tests, allowed]):
        try:
            values += list(_values(test))
        except Opaque:
            found.opaque.add(place)
    samples = _samples(values, type_)
    if samples is None:  # several kinds of values in one column
        found.opaque |= {place for place, test in enumerate(tests) if test is not None}
        samples = []
    if allowed is not None and len(tests) not in found.opaque:
        run = Run(Context(now=datetime(2000, 1, 1, tzinfo=MOSCOW)))
        samples = [sample for sample in samples if allowed.run(sample, {}, run)]
    found.opaque.discard(len(tests))
    found.items = [Piece(sample) for sample in samples] or [Piece(None, any=True)]
    return found


def _values(tests: UnaryTests | None) -> Iterator[Any]:
    for test in (tests.tests or ()) if tests is not None else ():
        yield from _of_test(test)


def _of_test(test: Test) -> Iterator[Any]:
    yield from _of_node(test.value)


def _of_node(node: Node | None) -> Iterator[Any]:
    if node is None:
        return
    if isinstance(node, RangeOf):
        yield from _of_node(node.start)
        yield from _of_node(node.end)
    elif isinstance(node, ListOf):
        for item in node.items:
            yield from _of_node(item)
    else:
        value = _constant(node)
        if value is not None:
            yield value


def _constant(node: Node) -> Any:
    if isinstance(node, Literal):
        return node.value
    if isinstance(node, Negate) and isinstance(node.value, Literal):
        return negate(node.value.value)
    if isinstance(node, Call) and isinstance(node.function, Name) and node.function.name in _READERS:
        argument = node.positional[0] if len(node.positional) == 1 else None
        if isinstance(argument, Literal) and isinstance(argument.value, str):
            return _READERS[node.function.name](argument.value)
    raise Opaque


def _samples(values: list[Any], type_: str) -> list[Any] | None:
    """One value of every piece; None when the values are of several kinds."""
    kinds = {type(value) for value in values}
    if kinds == {bool} or (not kinds and type_ == "boolean"):
        return [True, False]
    if not kinds:
        return []
    if len(kinds) > 1:
        return None
    if kinds == {str}:
        return [*sorted(set(values)), _other(set(values))]
    if kinds == {datetime}:
        return _ordered(sorted({at_zone(value, MOSCOW) for value in values}), type_)
    return _ordered(sorted(set(values)), type_) if kinds <= set(_STEPS) else None


def _other(values: set[str]) -> str:
    """A string the tests do not speak of."""
    return next(text for text in ("...", *(f"...{number}" for number in range(len(values) + 1))) if text not in values)


_STEPS: dict[type, Any] = {
    Decimal: Decimal(1),
    date: timedelta(days=1),
    datetime: timedelta(days=1),
    timedelta: timedelta(hours=1),
    YearMonthDuration: YearMonthDuration(1),
}


def _ordered(values: list[Any], type_: str) -> list[Any]:
    kind = type(values[0])
    step = _STEPS[kind]
    samples = [_moved(values[0], step, -1)]
    for place, value in enumerate(values):
        samples.append(value)
        following = values[place + 1] if place + 1 < len(values) else None
        samples.append(_moved(value, step, 1) if following is None else _middle(value, following, step, type_))
    return [sample for sample in samples if sample is not None]


def _moved(value: Any, step: Any, sign: int) -> Any:
    if isinstance(value, YearMonthDuration):
        return YearMonthDuration(value.months + sign)
    try:
        return value + step if sign > 0 else value - step
    except OverflowError:
        return None


def _middle(low: Any, high: Any, step: Any, type_: str) -> Any:
    """A value strictly between; None when the kind has none there (dates, months, whole numbers)."""
    if isinstance(low, YearMonthDuration):
        return YearMonthDuration(low.months + 1) if high.months - low.months > 1 else None
    if type(low) is date or type_ in _WHOLE:
        following = low + step
        return following if following < high else None
    if isinstance(low, Decimal):
        return _round_between(low, high)
    return low + (high - low) / 2


def _round_between(low: Decimal, high: Decimal) -> Decimal:
    whole = (low + 1).to_integral_value(rounding="ROUND_FLOOR")
    return whole if low < whole < high else (low + high) / 2

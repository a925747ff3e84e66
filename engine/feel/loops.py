"""Closures that go over lists: ``for``, ``some``, ``every``, filters. Every pass is paid for."""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from engine.feel.errors import FeelError
from engine.feel.runtime import Code, Frame
from engine.feel.values import Range

Domains = tuple[tuple[int, Code], ...]


def first_steps(start: Code, end: Code, at: int) -> Code:
    """``from..to`` of whole numbers or dates, upwards or downwards; nothing is made in advance."""

    def code(frame: Frame) -> Any:
        return _between(start(frame), end(frame), at)

    return code


def _between(low: Any, high: Any, at: int) -> Iterable[Any] | None:
    if low is None or high is None:
        return None
    if type(low) is Decimal and type(high) is Decimal:
        return _numbers(low, high, at)
    if type(low) is date and type(high) is date:
        step = 1 if low <= high else -1
        return (date.fromordinal(day) for day in range(low.toordinal(), high.toordinal() + step, step))
    raise FeelError("An iteration goes from a whole number to a whole number, or from a date to a date", at)


def _numbers(low: Decimal, high: Decimal, at: int) -> Iterator[Decimal]:
    if low != low.to_integral_value() or high != high.to_integral_value() or max(abs(low), abs(high)) > 10**18:
        raise FeelError("An iteration goes from a whole number to a whole number, or from a date to a date", at)
    step = 1 if low <= high else -1
    return (Decimal(number) for number in range(int(low), int(high) + step, step))


def _items(value: Any) -> Iterable[Any] | None:
    if isinstance(value, list) or value is None or isinstance(value, Iterator):
        return value
    if type(value) is Range and value.start is not None and value.end is not None:
        return _of_range(value)
    return [value]


def _of_range(value: Range) -> Iterator[Any]:
    steps = _between(value.start, value.end, 0) or ()
    for item in steps:
        if not (item == value.start and not value.start_included) and not (
            item == value.end and not value.end_included
        ):
            yield item


def _combinations(frame: Frame, domains: Domains, cost: int) -> Iterator[None]:
    """Bind the names to every combination of items, the last domain fastest."""
    slot, domain = domains[0]
    rest = domains[1:]
    run, slots = frame.run, frame.slots
    for item in _items(domain(frame)) or ():
        run.steps -= cost
        if run.steps < 0:
            run.charge(0)
        slots[slot] = item
        if rest:
            yield from _combinations(frame, rest, cost)
        else:
            yield None


def loop(domains: Domains, body: Code, cost: int, partial: int | None) -> Code:
    """``for … return``; null over null. ``partial`` is the slot of the results so far, when the body asks for it."""
    slot, first = domains[0]

    def simple(frame: Frame) -> list[Any] | None:
        items = _items(first(frame))
        if items is None:
            return None
        made: list[Any] = []
        run, slots = frame.run, frame.slots
        for item in items:
            run.steps -= cost
            if run.steps < 0:
                run.charge(0)
            slots[slot] = item
            made.append(body(frame))
        return made

    def general(frame: Frame) -> list[Any] | None:
        made: list[Any] = []
        items = _items(first(frame))
        if items is None:
            return None
        for _ in _combinations(frame, ((slot, lambda _: items), *domains[1:]), cost):
            if partial is not None:
                frame.run.charge(len(made))
                frame.slots[partial] = list(made)
            made.append(body(frame))
        return made

    return simple if len(domains) == 1 and partial is None else general


def quantified(some: bool, domains: Domains, body: Code, cost: int) -> Code:
    """``some`` (an ``or`` over all) and ``every`` (an ``and`` over all)."""
    _, first = domains[0]

    def code(frame: Frame) -> bool | None:
        result: bool | None = not some
        items = _items(first(frame))
        if items is None:
            return None
        for _ in _combinations(frame, ((domains[0][0], lambda _: items), *domains[1:]), cost):
            value = body(frame)
            if value is some:
                return value is True
            if not isinstance(value, bool):
                result = None
        return result

    return code


def _as_list(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def _at(items: list[Any], number: int) -> Any:
    position = number - 1 if number > 0 else len(items) + number
    if number == 0 or not 0 <= position < len(items):
        return None
    return items[position]


def indexed(value: Code, number: int) -> Code:
    """``items[1]``, ``items[-1]``; null beyond the ends."""
    return lambda frame: _at(_as_list(value(frame)), number)


def filtered(value: Code, condition: Code, slot: int, cost: int) -> Code:
    """``items[condition]``; a condition that is a number is an index."""

    def code(frame: Frame) -> Any:
        items = _as_list(value(frame))
        run, slots = frame.run, frame.slots
        kept: list[Any] = []
        for item in items:
            run.steps -= cost
            if run.steps < 0:
                run.charge(0)
            slots[slot] = item
            verdict = condition(frame)
            if verdict is True:
                kept.append(item)
            elif type(verdict) is Decimal:
                return _at(items, int(verdict)) if verdict == verdict.to_integral_value() else None
        if not items:
            slots[slot] = None
            return None if type(condition(frame)) is Decimal else kept
        return kept

    return code

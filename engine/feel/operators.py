"""Closures of the operators: arithmetic, comparison, three-valued logic, unary tests, paths."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from engine.feel import arithmetic
from engine.feel.runtime import Code, Frame, Run
from engine.feel.temporal import property_of
from engine.feel.values import Range, equal, load, order, within

_SIMPLE = frozenset((Decimal, str, bool))


def binary(operator: str, left: Code, right: Code) -> Code:
    """The closure of ``left operator right``."""
    if operator == "+":
        return _addition(left, right)
    if operator == "-":
        return _subtraction(left, right)
    if operator in _PLAIN_ARITHMETIC:
        return _arithmetic(_PLAIN_ARITHMETIC[operator], left, right)
    if operator in ("=", "!="):
        return _equality(operator == "=", left, right)
    return _ordering(operator, left, right)


_PLAIN_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "*": arithmetic.multiply,
    "/": arithmetic.divide,
    "**": arithmetic.power,
}


def _addition(left: Code, right: Code) -> Code:
    def code(frame: Frame) -> Any:
        first, second = left(frame), right(frame)
        if type(first) is str and type(second) is str:
            length = len(first) + len(second)
            if length > 64:
                frame.run.charge_text(length)
            return first + second
        return arithmetic.add(first, second)

    return code


def _subtraction(left: Code, right: Code) -> Code:
    def code(frame: Frame) -> Any:
        return arithmetic.subtract(left(frame), right(frame), frame.run.zone)

    return code


def _arithmetic(operation: Callable[[Any, Any], Any], left: Code, right: Code) -> Code:
    def code(frame: Frame) -> Any:
        return operation(left(frame), right(frame))

    return code


def negation(value: Code) -> Code:
    """``-value``; null for what has no sign."""
    def code(frame: Frame) -> Any:
        return arithmetic.negate(value(frame))

    return code


def same(left: Any, right: Any, run: Run) -> bool | None:
    """``left = right``, paid for."""
    if type(left) in _SIMPLE and type(left) is type(right):
        return bool(left == right)
    if isinstance(left, (list, Mapping)):
        run.charge(len(left))
    return equal(left, right, run.zone)


def _equality(wanted: bool, left: Code, right: Code) -> Code:
    def code(frame: Frame) -> bool | None:
        first, second = left(frame), right(frame)
        if type(first) in _SIMPLE and type(first) is type(second):
            return (first == second) is wanted
        result = same(first, second, frame.run)
        return None if result is None else result is wanted

    return code


_ORDERS: dict[str, Callable[[int], bool]] = {
    "<": lambda sign: sign < 0,
    "<=": lambda sign: sign <= 0,
    ">": lambda sign: sign > 0,
    ">=": lambda sign: sign >= 0,
}


def compare(operator: str, left: Any, right: Any, run: Run) -> bool | None:
    """Any of the six comparisons of two values."""
    if operator in ("=", "!="):
        result = same(left, right, run)
        return None if result is None else result is (operator == "=")
    sign = order(left, right, run.zone)
    return None if sign is None else _ORDERS[operator](sign)


def _ordering(operator: str, left: Code, right: Code) -> Code:
    judge = _ORDERS[operator]
    numeric: Callable[[Decimal, Decimal], bool] = {
        "<": Decimal.__lt__, "<=": Decimal.__le__, ">": Decimal.__gt__, ">=": Decimal.__ge__,
    }[operator]  # fmt: skip

    def code(frame: Frame) -> bool | None:
        first, second = left(frame), right(frame)
        if type(first) is Decimal and type(second) is Decimal:
            return numeric(first, second)
        sign = order(first, second, frame.run.zone)
        return None if sign is None else judge(sign)

    return code


def between(value: Code, low: Code, high: Code) -> Code:
    """``value between low and high``; null if either comparison is."""
    def code(frame: Frame) -> bool | None:
        middle, zone = value(frame), frame.run.zone
        first, second = order(low(frame), middle, zone), order(middle, high(frame), zone)
        if first is None or second is None:
            return False if (first or 0) > 0 or (second or 0) > 0 else None
        return first <= 0 and second <= 0

    return code


def conjunction(parts: tuple[Code, ...]) -> Code:
    """``and``: false wins, then null (DMN 1.5 table 50)."""

    def code(frame: Frame) -> bool | None:
        result: bool | None = True
        for part in parts:
            value = part(frame)
            if value is False:
                return False
            if value is not True:
                result = None
        return result

    return code


def disjunction(parts: tuple[Code, ...]) -> Code:
    """``or``: true wins, then null."""

    def code(frame: Frame) -> bool | None:
        result: bool | None = False
        for part in parts:
            value = part(frame)
            if value is True:
                return True
            if value is not False:
                result = None
        return result

    return code


def choice(condition: Code, then: Code, otherwise: Code) -> Code:
    """``if``: a condition that is not true takes the else."""
    def code(frame: Frame) -> Any:
        return then(frame) if condition(frame) is True else otherwise(frame)

    return code


def path(value: Code, name: str) -> Code:
    """``value.name``, over a list for each of its items."""
    def code(frame: Frame) -> Any:
        owner = value(frame)
        if type(owner) is dict:
            return owner.get(name)  # what is inside a dict has been loaded with it
        if isinstance(owner, list):
            frame.run.charge(len(owner))
        return member(owner, name)

    return code


def member(owner: Any, name: str) -> Any:
    """``owner.name``: of a context its entry, of a list those of its items, of a date its part; else null."""
    if type(owner) is dict:
        return owner.get(name)
    if isinstance(owner, Mapping):  # perhaps a lazy one
        try:
            return load(owner[name])
        except KeyError:
            return None
    if isinstance(owner, list):
        return [None if isinstance(item, list) else member(item, name) for item in owner]
    return property_of(owner, name)


# ---- unary tests


def meets(value: Any, wanted: Any, run: Run) -> bool | None:
    """Whether a value meets what a test without operator gave: an interval, a list of values, or the value itself."""
    if type(wanted) is Range:
        return within(value, wanted, run.zone)
    if isinstance(wanted, list):
        return _meets_any(value, wanted, run)
    if value is None or wanted is None:
        return value is wanted
    return same(value, wanted, run)


def _meets_any(value: Any, wanted: list[Any], run: Run) -> bool:
    run.charge(len(wanted))
    for item in wanted:
        hit = within(value, item, run.zone) if type(item) is Range else same(value, item, run)
        if hit is True:
            return True
    return isinstance(value, list) and same(value, wanted, run) is True


def comparison_test(operator: str, edge: Code, slot: int) -> Code:
    """``< 5`` against the value in the slot."""

    def code(frame: Frame) -> bool | None:
        return compare(operator, frame.slots[slot], edge(frame), frame.run)

    return code


def constant_test(wanted: Any, slot: int) -> Code:
    """A plain number, string or boolean against the value in the slot."""
    sort = type(wanted)

    def code(frame: Frame) -> bool | None:
        value = frame.slots[slot]
        if type(value) is sort:
            return bool(value == wanted)
        return meets(value, wanted, frame.run)

    return code


def value_test(wanted: Code, slot: int, interval: bool) -> Code:
    """``"a"``, ``[1..5]`` or a list against the value in the slot."""

    def code(frame: Frame) -> bool | None:
        found = wanted(frame)
        if interval and found is None:  # an end of the interval is null
            return None
        return meets(frame.slots[slot], found, frame.run)

    return code

"""Functions of lists, and those of logic. A position is counted from 1, or backwards from -1."""
from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import ROUND_DOWN, Decimal
from typing import Any

from engine.feel.arithmetic import add, divide, multiply
from engine.feel.errors import FeelError
from engine.feel.operators import same
from engine.feel.registry import builtin
from engine.feel.runtime import Run
from engine.feel.values import DECIMAL, FeelFunction, finite, load, order


@builtin("not(negand: any)")
def negation(value: Any) -> bool | None:
    return not value if isinstance(value, bool) else None


@builtin("count(list: list)")
@builtin("count(c...: any)")
def count(*items: Any) -> Decimal | None:
    return Decimal(len(_listed(items)))


def _listed(items: tuple[Any, ...]) -> list[Any]:
    """The list meant by ``f(list)`` and by ``f(a, b, c)``. A lone null is no list."""
    if len(items) == 1 and items[0] is None:
        raise ValueError("null")
    found = items[0] if len(items) == 1 and isinstance(items[0], list) else list(items)
    return found


@builtin("list contains(list: list, element: any)")
def list_contains(run: Run, items: list[Any], element: Any) -> bool:
    return any(same(load(item), element, run) is True for item in items)


def _extreme(wanted: int) -> Callable[..., Any]:
    def function(run: Run, *items: Any) -> Any:
        values = _listed(items)
        if not values or (len(values) == 1 and order(values[0], values[0], run.zone) is None):
            return None
        best = values[0]
        for value in values[1:]:
            sign = order(value, best, run.zone)
            if sign is None:
                return None
            if sign == wanted:
                best = value
        return best

    return function


for _name, _wanted in (("min", -1), ("max", 1)):
    builtin(f"{_name}(list: list)")(_extreme(_wanted))
    builtin(f"{_name}(c...: any)")(_extreme(_wanted))


def _fold(operation: Callable[[Any, Any], Any], values: list[Any]) -> Any:
    if not values:
        return None
    result = values[0]
    for value in values[1:]:
        result = operation(result, value)
        if result is None:
            return None
    return result


@builtin("sum(list: list)")
@builtin("sum(n...: any)")
def total(*items: Any) -> Any:
    """Of numbers or of durations."""
    values = _listed(items)
    if any(isinstance(value, str) or (not hasattr(value, "__neg__") and not hasattr(value, "months"))
           for value in values):  # fmt: skip
        return None
    return _fold(add, values)


@builtin("product(list: list)")
@builtin("product(n...: any)")
def product(*items: Any) -> Any:
    return _fold(multiply, _numbers(items) or [])


@builtin("mean(list: list)")
@builtin("mean(n...: any)")
def mean(*items: Any) -> Any:
    values = _listed(items)
    return divide(total(values), Decimal(len(values))) if values else None


def _numbers(items: tuple[Any, ...]) -> list[Decimal] | None:
    values = _listed(items)
    return values if all(type(value) is Decimal for value in values) else None


@builtin("median(list: list)")
@builtin("median(n...: any)")
def median(*items: Any) -> Decimal | None:
    values = sorted(_numbers(items) or [])
    if not values:
        return None
    half = len(values) // 2
    return values[half] if len(values) % 2 else DECIMAL.divide(DECIMAL.add(values[half - 1], values[half]), Decimal(2))


@builtin("stddev(list: list)")
@builtin("stddev(n...: any)")
def standard_deviation(*items: Any) -> Decimal | None:
    """Of a sample: divided by one less than the count; null for fewer than two numbers."""
    values = _numbers(items)
    if not values or len(values) < 2:
        return None
    size = Decimal(len(values))
    middle = DECIMAL.divide(_sum(values), size)
    squares = _sum(DECIMAL.power(DECIMAL.subtract(value, middle), Decimal(2)) for value in values)
    return finite(DECIMAL.sqrt(DECIMAL.divide(squares, size - 1)))


def _sum(values: Iterable[Decimal]) -> Decimal:
    result = Decimal(0)
    for value in values:
        result = DECIMAL.add(result, value)
    return result


@builtin("mode(list: list)")
@builtin("mode(n...: any)")
def mode(*items: Any) -> list[Decimal] | None:
    values = _numbers(items)
    if values is None:
        return None
    counts: dict[Decimal, int] = {}
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    most = max(counts.values(), default=0)
    return sorted(value for value, times in counts.items() if times == most)


def _logic(wanted: bool) -> Callable[..., bool | None]:
    """``all`` (wanted False decides) and ``any`` (wanted True decides)."""

    def function(*items: Any) -> bool | None:
        values = _listed(items)
        if any(value is wanted for value in values):
            return wanted
        return None if any(not isinstance(value, bool) for value in values) else not wanted

    return function


for _name, _decides in (("all", False), ("any", True)):
    builtin(f"{_name}(list: list)")(_logic(_decides))
    builtin(f"{_name}(b...: any)")(_logic(_decides))


@builtin("sublist(list: list, start position: number, length?: number)")
def sublist(items: list[Any], start: Decimal, length: Decimal | None = None) -> list[Any] | None:
    """An empty list behind the end; null before the beginning."""
    first = _place(items, start)
    if first is None:
        return [] if start >= 1 and (length is None or length >= 0) else None
    if length is None:
        return items[first:]
    return items[first : first + int(length)] if length >= 0 else None


def _place(items: list[Any], position: Decimal, spare: int = 0) -> int | None:
    whole = int(position.to_integral_value(rounding=ROUND_DOWN))
    index = whole - 1 if whole > 0 else len(items) + whole
    return index if whole and 0 <= index < len(items) + spare else None


@builtin("append(list: list, item...: any)")
def append(items: list[Any], *more: Any) -> list[Any]:
    return [*items, *more]


@builtin("concatenate(list...: list)")
def concatenate(*lists: list[Any]) -> list[Any]:
    return [item for one in lists for item in one]


@builtin("insert before(list: list, position: number, newItem: any)")
def insert_before(items: list[Any], position: Decimal, item: Any) -> list[Any] | None:
    place = _place(items, position, spare=1)
    return None if place is None else [*items[:place], item, *items[place:]]


@builtin("remove(list: list, position: number)")
def remove(items: list[Any], position: Decimal) -> list[Any] | None:
    """The list as it is when there is nothing at the position."""
    place = _place(items, position)
    return items if place is None else items[:place] + items[place + 1 :]


@builtin("list replace(list: list, position: number, newItem: any)")
def replace_at(items: list[Any], position: Decimal, item: Any) -> list[Any] | None:
    place = _place(items, position)
    return None if place is None else [*items[:place], item, *items[place + 1 :]]


@builtin("list replace(list: list, match: function, newItem: any)")
def replace_matching(run: Run, items: list[Any], match: FeelFunction, item: Any) -> list[Any]:
    verdicts = [match.call(run, [load(old), item], {}) for old in items]
    if any(not isinstance(verdict, bool) for verdict in verdicts):
        raise FeelError("The function of list replace has to say true or false")
    return [item if verdict else old for old, verdict in zip(items, verdicts, strict=True)]


@builtin("reverse(list: list)")
def reverse(items: list[Any]) -> list[Any]:
    return items[::-1]


@builtin("index of(list: list, match: any)")
def index_of(run: Run, items: list[Any], match: Any) -> list[Decimal]:
    return [Decimal(place) for place, item in enumerate(items, 1) if same(load(item), match, run) is True]


def _once(run: Run, items: Iterable[Any]) -> list[Any]:
    kept: list[Any] = []
    seen: set[tuple[type, Any]] = set()
    for item in items:
        value = load(item)
        if isinstance(value, (str, bool, Decimal)):
            if (type(value), value) not in seen:
                seen.add((type(value), value))
                kept.append(value)
            continue
        run.charge(len(kept))
        if not any(same(other, value, run) is True for other in kept):
            kept.append(value)
    return kept


@builtin("union(list...: list)")
def union(run: Run, *lists: list[Any]) -> list[Any]:
    return _once(run, (item for one in lists for item in one))


@builtin("distinct values(list: list)")
def distinct_values(run: Run, items: list[Any]) -> list[Any]:
    return _once(run, items)


@builtin("duplicate values(list: list)")
def duplicate_values(run: Run, items: list[Any]) -> list[Any]:
    run.charge(len(items) ** 2)
    values = [load(item) for item in items]
    return _once(run, (a for place, a in enumerate(values) if any(
        same(a, b, run) is True for other, b in enumerate(values) if other != place)))  # fmt: skip


@builtin("flatten(list: list)")
def flatten(run: Run, items: list[Any]) -> list[Any]:
    flat: list[Any] = []
    for item in items:
        if isinstance(item, list):
            run.charge(len(item))
            flat += flatten(run, item)
        else:
            flat.append(item)
    return flat


@builtin("partition(list: list, size: number)")
def partition(items: list[Any], size: Decimal) -> list[list[Any]] | None:
    """The list in pieces of that many items."""
    step = int(size)
    return [items[place : place + step] for place in range(0, len(items), step)] if step > 0 else None


@builtin("is empty(list: list)")
def is_empty(items: list[Any]) -> bool:
    return not items

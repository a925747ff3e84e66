"""``instance of`` and the types of parameters."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from engine.feel.errors import FeelSyntaxError
from engine.feel.tree import Type
from engine.feel.values import FeelFunction, Range, kind, load

Check = Callable[[Any], bool]
_SIMPLE = frozenset(("number", "string", "boolean", "date", "time", "date and time", "days and time duration",
                     "years and months duration"))  # fmt: skip
_OTHER_NAMES = {"dateTime": "date and time", "dayTimeDuration": "days and time duration",
                "yearMonthDuration": "years and months duration"}  # fmt: skip


def checker(type_: Type, at: int) -> Check:
    """Whether a value is of a type. Null is of the types Any and Null alone. Raises FeelSyntaxError for an unknown
    type."""
    name = _OTHER_NAMES.get(type_.name, type_.name)
    if name in _SIMPLE:
        return lambda value: kind(value) == name
    if name in ("Any", "any"):
        return lambda value: value is not None
    if name in ("Null", "null"):
        return lambda value: value is None
    if name == "duration":
        return lambda value: kind(value).endswith("duration")
    if name == "list":
        return _list(checker(type_.arguments[0], at) if type_.arguments else None)
    if name == "context":
        return _context({key: checker(field, at) for key, field in type_.fields})
    if name == "range":
        return _range(checker(type_.arguments[0], at) if type_.arguments else None)
    if name == "function":
        return _function(len(type_.arguments) - 1)
    raise FeelSyntaxError("{type} at character {place} is no type", at, type=name)


def _list(item: Check | None) -> Check:
    def check(value: Any) -> bool:
        return isinstance(value, list) and (item is None or all(part is None or item(load(part)) for part in value))

    return check


def _context(fields: Mapping[str, Check]) -> Check:
    def check(value: Any) -> bool:
        if not isinstance(value, Mapping):
            return False
        return all(key in value and (value[key] is None or field(load(value[key]))) for key, field in fields.items())

    return check


def _range(end: Check | None) -> Check:
    def check(value: Any) -> bool:
        if not isinstance(value, Range):
            return False
        return end is None or all(edge is None or end(edge) for edge in (value.start, value.end))

    return check


def _function(count: int) -> Check:
    return lambda value: type(value) is FeelFunction and (count < 0 or len(value.parameters) == count)

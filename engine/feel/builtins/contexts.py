"""Functions of contexts, and the small helps against null."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.feel.errors import FeelError
from engine.feel.operators import member, same
from engine.feel.registry import builtin
from engine.feel.runtime import Run
from engine.feel.temporal import property_of
from engine.feel.values import load


@builtin("get value(m: context, key: string)")
def get_value(owner: Mapping[str, Any], key: str) -> Any:
    return member(owner, key)


@builtin("get value(m: context, keys: list)")
def get_value_deep(owner: Mapping[str, Any], keys: list[Any]) -> Any:
    value: Any = owner
    for key in keys:
        if not isinstance(value, Mapping) or not isinstance(key, str):
            return None
        value = member(value, key)
    return value if keys else None


@builtin("get entries(m: context)")
def get_entries(owner: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": load(owner[key])} for key in owner]


@builtin("context(entries: list)")
def from_entries(entries: list[Any]) -> dict[str, Any] | None:
    made: dict[str, Any] = {}
    for entry in entries:
        if not isinstance(entry, Mapping) or "key" not in entry or "value" not in entry:
            return None
        key = entry["key"]
        if not isinstance(key, str) or key in made:
            return None
        made[key] = load(entry["value"])
    return made


@builtin("context put(context: context, key: string, value: any)")
def context_put(owner: Mapping[str, Any], key: str, value: Any) -> dict[str, Any]:
    return {**owner, key: value}


@builtin("context put(context: context, keys: list, value: any)")
def context_put_deep(run: Run, owner: Mapping[str, Any], keys: list[Any], value: Any) -> dict[str, Any] | None:
    if not keys or not all(isinstance(key, str) for key in keys) or len(keys) > 50:
        return None
    inner = owner.get(keys[0])
    if len(keys) == 1:
        return {**owner, keys[0]: value}
    run.charge(len(owner))
    deeper = context_put_deep(run, inner if isinstance(inner, Mapping) else {}, keys[1:], value)
    return None if deeper is None else {**owner, keys[0]: deeper}


@builtin("context merge(contexts: list)")
def context_merge(run: Run, contexts: list[Any]) -> dict[str, Any] | None:
    made: dict[str, Any] = {}
    for one in contexts:
        if not isinstance(one, Mapping):
            return None
        run.charge(len(one))
        made.update(one)
    return made


@builtin("get or else(value: any, default: any)")
def get_or_else(value: Any, default: Any) -> Any:
    """The value, or the default in place of null."""
    return default if value is None else value


@builtin("assert(value: any, condition: any, cause?: string)")
def assertion(value: Any, condition: Any, cause: str | None = None) -> Any:
    """The value, if the condition is true. Raises FeelError with the cause otherwise."""
    if condition is not True:
        raise FeelError("{cause}", cause=cause or "The condition of assert is not met")
    return value


@builtin("is(value1: any, value2: any)")
def is_same(run: Run, left: Any, right: Any) -> bool:
    """The same kind and the same value, offset included."""
    return same(left, right, run) is True and property_of(left, "time offset") == property_of(right, "time offset")

"""Values that travel: variables of instances, data of the log. JSON with tags for what JSON lacks; canonical bytes.

A tagged value is ``{"$": tag, "v": text}``. A dict of a user's that has a ``$`` key is itself wrapped, so no form
can forge a tag (SpiffWorkflow's own codec is poisoned by a key ``typename``).
"""
from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import orjson

MONTHS = "months"
SAFE = 2**53  # beyond it a JSON reader may round
SIMPLE = frozenset({str, bool, type(None)})


def encode(value: Any) -> Any:
    """JSON-safe twin of a value. Raises TypeError for what may not travel (bytes, sets, objects).

    Every step of every instance passes through here, hence the short cut by exact type before the general rules.
    """
    kind = type(value)
    if kind in SIMPLE:
        return value
    if kind is dict:
        plain = {
            (key if type(key) is str else str(key)): item if type(item) in SIMPLE else encode(item)
            for key, item in value.items()
        }
        return {"$": "dict", "v": plain} if "$" in plain else plain
    if kind is list:
        return [item if type(item) in SIMPLE else encode(item) for item in value]
    if kind is int:
        return value if -SAFE < value < SAFE else {"$": "decimal", "v": str(value)}
    return _encode_other(value)


def _encode_other(value: Any) -> Any:
    written = _WRITERS.get(type(value))
    if written is not None:
        return {"$": written[0], "v": written[1](value)}
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        return encode(int(value))
    if isinstance(value, (list, tuple)):
        return encode(list(value))
    if isinstance(value, Mapping):
        return encode(dict(value))
    return {"$": _tag(value), "v": _text(value)}


def decode(value: Any) -> Any:
    """The value that ``encode`` was given (tuples come back as lists)."""
    kind = type(value)
    if kind is dict:
        tag = value.get("$")
        if tag is None:
            return {key: item if type(item) in SIMPLE else decode(item) for key, item in value.items()}
        content = value["v"]
        return {key: decode(item) for key, item in content.items()} if tag == "dict" else _READERS[tag](content)
    if kind is list:
        return [item if type(item) in SIMPLE else decode(item) for item in value]
    return value


def dumps(value: Any) -> bytes:
    """Canonical bytes of an encoded value: sorted keys, no spaces. Equal values have equal bytes."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _tag(value: Any) -> str:
    if isinstance(value, float):
        return "decimal"
    for kind, tag in ((Decimal, "decimal"), (datetime, "datetime"), (date, "date"), (time, "time")):
        if isinstance(value, kind):
            return tag
    if isinstance(value, timedelta):
        return "duration"
    if hasattr(value, MONTHS):
        return MONTHS
    raise TypeError(f"a {type(value).__name__} cannot be a variable")


def _text(value: Any) -> str:
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return f"{value.days},{value.seconds},{value.microseconds}"
    if isinstance(value, float):
        return str(Decimal(repr(value)))
    return str(value.months) if hasattr(value, MONTHS) else str(value)


def _months(text: str) -> Any:
    from engine.feel.values import YearMonthDuration  # floor 0 beside us; late, so that feel may use this module

    return YearMonthDuration(int(text))


_WRITERS: Mapping[type, tuple[str, Callable[[Any], str]]] = {  # by exact type; what is not here goes the long way
    Decimal: ("decimal", str),
    datetime: ("datetime", datetime.isoformat),
    date: ("date", date.isoformat),
}
_READERS: Mapping[str, Callable[[str], Any]] = {
    "decimal": Decimal,
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "duration": lambda text: timedelta(*(int(part) for part in text.split(","))),
    MONTHS: _months,
}

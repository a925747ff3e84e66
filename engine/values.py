"""Values that travel: variables of instances, data of the log. JSON with tags for what JSON lacks; canonical bytes.

A tagged value is ``{"$": tag, "v": text}``. A dict of a user's that has a ``$`` key is itself wrapped, so no form
can forge a tag (spiff.md 0.9: SpiffWorkflow's own codec is poisoned by a key ``typename``).
"""
from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import orjson

MONTHS = "months"


def encode(value: Any) -> Any:
    """JSON-safe twin of a value. Raises TypeError for what may not travel (bytes, sets, objects)."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**53 else {"$": "decimal", "v": str(value)}
    if isinstance(value, (list, tuple)):
        return [encode(item) for item in value]
    if isinstance(value, Mapping):
        plain = {str(key): encode(item) for key, item in value.items()}
        return {"$": "dict", "v": plain} if "$" in plain else plain
    return {"$": _tag(value), "v": _text(value)}


def decode(value: Any) -> Any:
    """The value that ``encode`` was given (tuples come back as lists)."""
    if isinstance(value, list):
        return [decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    tag = value.get("$")
    if tag is None:
        return {key: decode(item) for key, item in value.items()}
    content = value["v"]
    return {key: decode(item) for key, item in content.items()} if tag == "dict" else _READERS[tag](content)


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


_READERS = {
    "decimal": Decimal,
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "duration": lambda text: timedelta(*(int(part) for part in text.split(","))),
    MONTHS: _months,
}

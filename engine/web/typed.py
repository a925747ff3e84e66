"""Variables typed by hand: a name, a kind, a value as text. For interventions, where no form says what is meant."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any

from werkzeug.datastructures import MultiDict

from engine import values
from engine.errors import Invalid, Text, text

KINDS: Mapping[str, Text] = {
    "text": text("Text"),
    "number": text("A number"),
    "yes": text("Yes or no"),
    "date": text("Date"),
    "moment": text("Date and time"),
    "json": text("List or object (JSON)"),
    "empty": text("Empty"),
}
YES, NO = {"yes", "да", "true", "1"}, {"no", "нет", "false", "0"}


def variables(form: MultiDict[str, str], zone: tzinfo) -> dict[str, Any]:
    """Lines ``name``, ``kind``, ``value`` of a form as typed variables; lines without a name do not count. Raises
    Invalid."""
    found: dict[str, Any] = {}
    lines = zip(form.getlist("name"), form.getlist("kind"), form.getlist("value"), strict=False)
    for name, kind, value in lines:
        if not name.strip():
            continue
        if not name.strip().isidentifier():
            raise Invalid("«{name}» is no name of a variable", name=name)
        try:
            found[name.strip()] = _READ.get(kind, _text)(value.strip(), zone)
        except (ValueError, InvalidOperation, TypeError) as error:
            raise Invalid("«{value}» is not of the chosen kind ({name})", value=value, name=name) from error
    return found


def _text(value: str, _zone: tzinfo) -> str:
    return value


def _number(value: str, _zone: tzinfo) -> Decimal:
    found = Decimal(value.replace("\u00a0", "").replace(" ", "").replace(",", "."))
    if not found.is_finite():
        raise ValueError(value)
    return found


def _yes(value: str, _zone: tzinfo) -> bool:
    if value.casefold() not in YES | NO:
        raise ValueError(value)
    return value.casefold() in YES


def _date(value: str, _zone: tzinfo) -> date:
    return datetime.strptime(value, "%d.%m.%Y").date() if "." in value else date.fromisoformat(value)


def _moment(value: str, zone: tzinfo) -> datetime:
    form = "%d.%m.%Y %H:%M" if "." in value else "%Y-%m-%dT%H:%M"
    return datetime.strptime(value, form).replace(tzinfo=zone)


def _json(value: str, _zone: tzinfo) -> Any:
    found = json.loads(value)
    if not isinstance(found, (list, dict)):
        raise ValueError(value)
    return values.decode(found)


def _empty(_value: str, _zone: tzinfo) -> None:
    return None


_READ: Mapping[str, Callable[[str, tzinfo], Any]] = {
    "text": _text, "number": _number, "yes": _yes, "date": _date, "moment": _moment, "json": _json, "empty": _empty,
}  # fmt: skip

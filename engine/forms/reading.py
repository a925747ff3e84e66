"""From what was typed to a value: text, Decimal, date, time, datetime, bool, choice, files; or a sentence."""
from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any

from engine.errors import Text, text
from engine.forms.model import MOMENTS, ONE_OF, SOME_OF, TEXTS, Component

MAX_LINE = 1_000
MAX_TEXT = 20_000
MAX_CHOICES = 200
MAX_FILES = 20
YEARS = range(1900, 2201)
Read = tuple[Any, Text | None]
FileOf = Callable[[int], Mapping[str, Any] | None]

_NUMBER = re.compile(r"[+-]?(\d{1,15}(\.\d{0,10})?|\.\d{1,10})")
_SPACES = re.compile(r"[\s\u00a0\u202f\u2009'’_]")
_RUSSIAN_DATE = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")
_TIME = re.compile(r"([01]?\d|2[0-3])[:.]([0-5]\d)(?::([0-5]\d)(?:\.\d{1,6})?)?")
_UNFIT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True)
class Option:
    """One choice: the value that becomes the variable and the label that people see."""

    value: Any
    label: str

    @property
    def key(self) -> str:
        """How the choice is named in the HTML form."""
        return option_key(self.value)


def option_key(value: Any) -> str:
    """The text that stands for a choice in the HTML form: 5 and 5.0 are the same choice."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float, Decimal)):
        return f"{Decimal(str(value)).normalize():f}"
    return "" if value is None else str(value)


def read_value(
    component: Component, raw: Any, options: Sequence[Option], zone: tzinfo, file_of: FileOf | None
) -> Read:
    """The value of one input. None for blank; ``(None, sentence)`` when what was typed cannot be one."""
    kind = component.type
    if kind in TEXTS:
        return _text(component, raw)
    if kind == "number":
        return _number(raw)
    if kind in MOMENTS:
        return _MOMENT[component.subtype](raw, zone)
    if kind == "checkbox":
        return _tick(raw)
    if kind in ONE_OF:
        return _one(raw, options)
    if kind in SOME_OF:
        return _some(raw, options)
    return _files(raw, file_of)


def _text(component: Component, raw: Any) -> Read:
    if raw is None:
        return None, None
    if isinstance(raw, (int, Decimal)) and not isinstance(raw, bool):
        raw = str(raw)
    if not isinstance(raw, str):
        return None, text("Enter text.")
    if _UNFIT.search(raw):
        return None, text("The text has characters that cannot be shown. Type it again without them.")
    value = unicodedata.normalize("NFC", raw.replace("\r\n", "\n").replace("\r", "\n")).strip()
    if component.type == "textfield":
        value = re.sub(r"\s*\n\s*", " ", value)
    limit = MAX_LINE if component.type == "textfield" else MAX_TEXT
    if len(value) > limit:
        return None, text("The text is too long: at most {limit} characters.", limit=limit)
    return value or None, None


def _number(raw: Any) -> Read:
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        return None, None
    if isinstance(raw, (int, float, Decimal)) and not isinstance(raw, bool):
        raw = str(raw)
    if not isinstance(raw, str) or len(raw) > 60:
        return None, text("Enter a number, for example 1 234,56.")
    plain = _SPACES.sub("", raw).replace("−", "-").removesuffix("₽")
    comma, dot = plain.rfind(","), plain.rfind(".")
    if comma >= 0 and dot >= 0:  # the last of the two is the decimal sign, the other groups thousands
        group = "," if dot > comma else "."
        if re.match(rf"[+-]?\d{{1,3}}({re.escape(group)}\d{{3}})+[.,]", plain):
            plain = plain.replace(group, "")
    plain = plain.replace(",", ".") if plain.count(",") == 1 else plain
    if not _NUMBER.fullmatch(plain):
        return None, text("Enter a number, for example 1 234,56.")
    try:
        return Decimal(plain) + 0, None  # no negative zero
    except InvalidOperation:
        return None, text("Enter a number, for example 1 234,56.")


def _blank(raw: Any) -> bool:
    return raw is None or (isinstance(raw, str) and not raw.strip())


def _date(raw: Any, zone: tzinfo) -> Read:
    if _blank(raw):
        return None, None
    if isinstance(raw, datetime):
        raw = (raw.astimezone(zone) if raw.tzinfo else raw).date()
    found = raw if isinstance(raw, date) else _parse_date(raw)
    if found is None or found.year not in YEARS:
        return None, text("Enter a date that exists, for example 21.11.2026.")
    return found, None


def _parse_date(raw: Any) -> date | None:
    if not isinstance(raw, str) or len(raw) > 40:
        return None
    raw = raw.strip()
    russian = _RUSSIAN_DATE.fullmatch(raw)
    try:
        if russian:
            return date(int(russian[3]), int(russian[2]), int(russian[1]))
        return date.fromisoformat(raw) if re.fullmatch(r"\d{4}-\d\d-\d\d", raw) else None
    except ValueError:
        return None


def _time(raw: Any, zone: tzinfo) -> Read:
    if _blank(raw):
        return None, None
    if isinstance(raw, datetime):
        raw = (raw.astimezone(zone) if raw.tzinfo else raw).time()
    if isinstance(raw, time):
        return raw.replace(tzinfo=None), None
    found = _TIME.fullmatch(raw.strip()) if isinstance(raw, str) and len(raw) <= 40 else None
    if not found:
        return None, text("Enter a time, for example 14:30.")
    return time(int(found[1]), int(found[2]), int(found[3] or 0)), None


def _datetime(raw: Any, zone: tzinfo) -> Read:
    if _blank(raw):
        return None, None
    found = raw if isinstance(raw, datetime) else _parse_datetime(raw, zone)
    if found is None or found.year not in YEARS:
        return None, text("Enter a date and a time, for example 21.11.2026 14:30.")
    return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(zone), None


def _parse_datetime(raw: Any, zone: tzinfo) -> datetime | None:
    if not isinstance(raw, str) or len(raw) > 40:
        return None
    raw = raw.strip()
    if re.fullmatch(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?", raw):
        try:
            return datetime.fromisoformat(raw)
        except ValueError:
            return None
    day, _, clock = raw.replace(",", " ").partition(" ")
    found, at = _parse_date(day), _time(clock, zone)[0]
    return datetime.combine(found, at) if found and at is not None else None


_MOMENT: Mapping[str, Callable[[Any, tzinfo], Read]] = {"date": _date, "time": _time, "datetime": _datetime}


def _tick(raw: Any) -> Read:
    if isinstance(raw, bool):
        return raw, None
    if raw is None or (isinstance(raw, str) and raw.strip().lower() in {"", "false", "off", "0"}):
        return False, None
    if isinstance(raw, str) and raw.strip().lower() in {"true", "on", "1"}:
        return True, None
    return None, text("Tick the box or leave it empty.")


def _one(raw: Any, options: Sequence[Option]) -> Read:
    if _blank(raw):
        return None, None
    if isinstance(raw, (dict, list)):
        return None, text("Choose one of the values of the list.")
    key = option_key(raw)
    found = [option.value for option in options if option.key == key]
    return (found[0], None) if found else (None, text("Choose one of the values of the list."))


def _some(raw: Any, options: Sequence[Option]) -> Read:
    items = [raw] if isinstance(raw, str) else raw
    if items is None:
        return [], None
    if not isinstance(items, (list, tuple)) or len(items) > MAX_CHOICES:
        return None, text("Choose from the values of the list.")
    keys = list(dict.fromkeys(option_key(item) for item in items if not _blank(item)))
    by_key = {option.key: option.value for option in options}
    if any(isinstance(item, (dict, list)) for item in items) or any(key not in by_key for key in keys):
        return None, text("Choose from the values of the list.")
    return [by_key[key] for key in keys], None


def _files(raw: Any, file_of: FileOf | None) -> Read:
    """Files are stored first; the form carries their ids. ``file_of`` knows which of them this person may use."""
    items = [raw] if isinstance(raw, (str, int, Mapping)) else raw
    if items is None:
        return [], None
    if not isinstance(items, (list, tuple)) or len(items) > MAX_FILES:
        return None, text("Attach at most {limit} files.", limit=MAX_FILES)
    kept: dict[int, dict[str, Any]] = {}
    for item in items:
        number = file_id(item)
        if number is None:
            if _blank(item) or (isinstance(item, str) and not item.isdigit()):
                continue  # an empty control, or the name of a file that a script could not send
            return None, text("Attach the file again: it has not arrived.")
        found = file_of(number) if file_of else None
        if found is None:
            return None, text("Attach the file again: it has not arrived.")
        kept[number] = {"id": number, "name": str(found.get("name", "")), "size": int(found.get("size", 0))}
    return list(kept.values()), None


def file_id(item: Any) -> int | None:
    """The id of a stored file in any of the shapes in which a form carries it."""
    value = item.get("id") if isinstance(item, Mapping) else item
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return int(value)
    return int(value) if isinstance(value, str) and value.isdigit() and len(value) < 16 else None

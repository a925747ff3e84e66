"""What a column of an imported file may mean, how its head is recognised, and how its cells are read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from engine.crm.imports_read import Cell
from engine.errors import Invalid, Text

FORMATS = ("%d.%m.%Y", "%d.%m.%y", "%Y-%m-%d", "%d/%m/%Y", "%Y%m%d", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M")
MONTHS = ("%m.%Y", "%Y-%m", "%m/%Y")
YES = {"да", "yes", "true", "1", "+", "истина", "y", "д"}
NO = {"нет", "no", "false", "0", "-", "ложь", "n", "н"}
EARLIEST = date(1990, 1, 1)


@dataclass(frozen=True)
class Field:
    """One field of a kind of file. ``names``: heads it is known by, divided by commas; ``type``: text, number, money,
    whole, date, month, flag, inn or choice (``choices``: what may stand there -> what it means)."""

    key: str
    title: Text
    names: str
    type: str = "text"
    required: bool = False
    choices: Mapping[str, str] = field(default_factory=dict)
    sample: str = ""


def propose(fields: Sequence[Field], head: Sequence[str], titles: Mapping[str, str] | None = None) -> dict[str, int]:
    """Which column (from 0) is which field, by the heads: first by the same words, then by words it begins with.

    ``titles``: what the fields are called in the reader's language, as our own files have it."""
    heads = [_plain(name) for name in head]
    found: dict[str, int] = {}
    for fits in (_same, _begins):
        for one in fields:
            names = [
                _plain(name)
                for name in (one.key, one.title.template, (titles or {}).get(one.key, ""), *one.names.split(","))
            ]
            free = (place for place, name in enumerate(heads) if place not in found.values() and fits(name, names))
            place = next(free, None) if one.key not in found else None
            if place is not None:
                found[one.key] = place
    return found


def value_of(one: Field, cell: Cell) -> Any:
    """What a cell says; None for an empty one. Raises Invalid with a sentence about the cell."""
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        if one.required:
            raise Invalid("The cell is empty.")
        return None
    return READERS[one.type](one, cell)


def month_of(cell: Cell) -> date:
    """The first day of a month written as a day or as 11.2026, 2026-11. Raises Invalid."""
    if isinstance(cell, date):
        return date(cell.year, cell.month, 1)
    for pattern in MONTHS:
        try:
            return datetime.strptime(str(cell).strip(), pattern).date()
        except ValueError:
            continue
    return day_of(cell).replace(day=1)


def day_of(cell: Cell) -> date:
    """A day in any of the usual spellings. Raises Invalid."""
    if isinstance(cell, datetime):
        return _possible(cell.date())
    if isinstance(cell, date):
        return _possible(cell)
    for pattern in FORMATS:
        try:
            return _possible(datetime.strptime(str(cell).strip(), pattern).date())
        except ValueError:
            continue
    raise Invalid("«{value}» is not a day. Write it as 21.11.2026.", value=_shown(cell))


def number_of(cell: Cell) -> Decimal:
    """A number with a point or a comma, spaces between thousands, a currency behind it. Raises Invalid."""
    if isinstance(cell, (bool, date)):
        raise Invalid("«{value}» is not a number.", value=_shown(cell))
    if isinstance(cell, float):
        return round(Decimal(repr(cell)), 6)
    written = re.sub(r"(?i)[\s\u00a0\u202f']|₽|руб\.?|rub|р\.$", "", str(cell)).replace("\u2212", "-")
    if re.fullmatch(r"[+-]?\d+-\d\d", written):  # accountants write 100000-00
        written = written[:-3] + "." + written[-2:]
    if "," in written and "." in written:  # the last of the two divides the fraction
        written = written.replace("," if written.rindex(".") > written.rindex(",") else ".", "")
    try:
        found = Decimal(written.replace(",", "."))
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite() or abs(found) >= Decimal(10) ** 13:
        raise Invalid("«{value}» is not a number.", value=_shown(cell))
    return found


def _money(_one: Field, cell: Cell) -> Decimal:
    found = number_of(cell)
    if found != round(found, 2):
        raise Invalid("«{value}» has more than two digits of kopecks.", value=_shown(cell))
    return round(found, 2)


def _whole(_one: Field, cell: Cell) -> int:
    found = number_of(cell)
    if found != int(found):
        raise Invalid("«{value}» is not a whole number.", value=_shown(cell))
    return int(found)


def _flag(_one: Field, cell: Cell) -> bool:
    if isinstance(cell, bool):
        return cell
    written = str(cell).strip().lower()
    if written in YES | NO:
        return written in YES
    raise Invalid("«{value}» is neither yes nor no.", value=_shown(cell))


def _choice(one: Field, cell: Cell) -> str:
    known = one.choices.get(_plain(str(cell)))
    if known is None:
        raise Invalid("«{value}» is not one of: {choices}.", value=_shown(cell), choices=", ".join(one.choices))
    return known


def _inn(_one: Field, cell: Cell) -> str:
    """A spreadsheet that took an INN for a number has eaten the zero before it."""
    digits = re.sub(r"\D", "", str(cell))
    if isinstance(cell, int) and len(digits) in {9, 11}:
        digits = f"0{digits}"
    return digits or str(cell)


def _possible(day: date) -> date:
    if not EARLIEST <= day <= date(2100, 1, 1):
        raise Invalid("The year {year} cannot be right.", year=day.year)
    return day


def _text(_one: Field, cell: Cell) -> str:
    if isinstance(cell, date):
        return cell.strftime("%d.%m.%Y")
    return re.sub(r"[\x00-\x08\x0b-\x1f]", " ", str(cell)).strip()


def _shown(cell: Cell) -> str:
    return str(cell)[:60]


def _plain(name: str) -> str:
    return " ".join(re.sub(r"[^\w%]+", " ", name.lower().replace("ё", "е")).split())


def _same(head: str, names: Sequence[str]) -> bool:
    return bool(head) and head in names


def _begins(head: str, names: Sequence[str]) -> bool:
    return any(len(name) > 2 and head.startswith(f"{name} ") for name in names)


READERS: Mapping[str, Callable[[Field, Cell], Any]] = {
    "text": _text,
    "number": lambda _, cell: number_of(cell),
    "money": _money,
    "whole": _whole,
    "date": lambda _, cell: day_of(cell),
    "month": lambda _, cell: month_of(cell),
    "flag": _flag,
    "choice": _choice,
    "inn": _inn,
}

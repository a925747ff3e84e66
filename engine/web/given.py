"""What somebody typed into a plain form: read field by field, faults kept by field, the text kept for showing again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from engine.errors import Invalid, Text, text

SPACES = str.maketrans("", "", " \u00a0\u202f")


class Given:
    """The fields of a posted form. A field that cannot be read is None and has its sentence in ``faults``."""

    def __init__(self, form: Mapping[str, Any]) -> None:
        self.form = form
        self.faults: dict[str, Text] = {}

    def words(self, name: str) -> str:
        """The text without the blanks around it."""
        return str(self.form.get(name) or "").strip()

    def texts(self, names: Iterable[str]) -> dict[str, str]:
        """Several texts by name."""
        return {name: self.words(name) for name in names}

    def day(self, name: str) -> date | None:
        """A day as the control gives it (2026-11-21) or as people write it (21.11.2026)."""
        found = self.words(name)
        if not found:
            return None
        parts = found.split(".")
        iso = "-".join(reversed([part.zfill(2) for part in parts])) if len(parts) == 3 else found
        try:
            return date.fromisoformat(iso)
        except ValueError:
            self.faults[name] = text("Enter a day, such as 21.11.2026.")
            return None

    def whole(self, name: str) -> int | None:
        """A whole number, also the id of something chosen."""
        found = self.words(name).translate(SPACES)
        if not found:
            return None
        if not found.lstrip("-").isascii() or not found.lstrip("-").isdigit() or len(found) > 9:
            self.faults[name] = text("Enter a whole number.")
            return None
        return int(found)

    def decimal(self, name: str) -> Decimal | None:
        """A number with a comma or a point, blanks between thousands allowed."""
        return self._decimal(name, self.words(name))

    def flag(self, name: str) -> bool:
        """A box that is ticked."""
        return bool(self.form.get(name))

    def rows(self, name: str, *columns: str) -> list[dict[str, str]]:
        """Rows of repeated fields ``name.column``; rows with nothing in them are left out."""
        lists: list[list[str]] = [
            list(getattr(self.form, "getlist")(f"{name}.{column}"))  # noqa: B009 - a werkzeug MultiDict
            for column in columns
        ]
        made = [dict(zip(columns, cells, strict=True)) for cells in zip(*lists, strict=False)]
        return [row for row in made if any(cell.strip() for cell in row.values())]

    def read_decimal(self, name: str, written: str) -> Decimal | None:
        """One cell of a row as a number; the fault is kept under ``name``."""
        return self._decimal(name, written.strip())

    def check(self, sentence: str) -> None:
        """Raises Invalid if something could not be read."""
        if self.faults:
            raise Invalid(sentence, fields=self.faults)

    def _decimal(self, name: str, written: str) -> Decimal | None:
        if not written:
            return None
        try:
            found = Decimal(written.translate(SPACES).replace(",", "."))
        except InvalidOperation:
            found = Decimal("NaN")
        if not found.is_finite():
            self.faults[name] = text("Enter a number.")
            return None
        return found

"""Rules changed in pages, laid over those of the settings files. Every process sees a new version with its next
transaction or request: one look at the newest number, and nothing more while it has not changed."""
from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from engine.calendar import Calendar, calendar_of
from engine.models import SettingVersion, table_of
from engine.rows import Prepared

ROWS = table_of(SettingVersion)
NEWEST = Prepared(select(func.max(ROWS.c.id)))
CALENDAR, DEADLINES, AUTHORITY = "calendar", "deadlines", "authority"


@dataclass(frozen=True)
class Overlay:
    """What is in force from one moment until the next change. ``newest``: the number it was read at."""

    newest: int
    since: datetime
    until: datetime | None
    rules: Mapping[tuple[str, str], Mapping[str, Any]]

    def holds(self, newest: int, now: datetime) -> bool:
        """Is it still what is in force?"""
        return self.newest == newest and self.since <= now and (self.until is None or now < self.until)


def newest(connection: Connection) -> int:
    """The number of the last version written; 0 if nothing was ever changed."""
    found = NEWEST.first(connection)
    return int(found[0]) if found is not None and found[0] is not None else 0


def in_force(connection: Connection, now: datetime, number: int) -> Overlay:
    """Read everything that is in force at a moment."""
    rows = connection.execute(select(ROWS).order_by(ROWS.c.valid_from, ROWS.c.version)).all()
    rules = {(row.kind, row.key): row.data for row in rows if row.valid_from <= now}
    later = [row.valid_from for row in rows if row.valid_from > now]
    past = [row.valid_from for row in rows if row.valid_from <= now]
    return Overlay(number, max(past, default=now) if past else now, min(later, default=None), rules)


def laid_over(
    overlay: Overlay, settings: Mapping[str, Any], calendars: Mapping[str, Calendar]
) -> tuple[Mapping[str, Any], Mapping[str, Calendar]]:
    """Settings and calendars as the overlay makes them; what it does not touch stays the file's."""
    files, offices = dict(settings), dict(calendars)
    touched: dict[str, Any] = {}
    for (kind, key), data in overlay.rules.items():
        if kind == CALENDAR:
            offices[key] = calendar_of(key, data)
            continue
        file = touched.setdefault(kind, copy.deepcopy(dict(files.get(kind) or {})))
        if kind == DEADLINES and data.get("value") is not None:
            place = file
            *path, last = key.split(".")
            for part in path:
                place = place.setdefault(part, {})
            place[last] = data["value"]
        elif kind == AUTHORITY:
            file[key] = dict(data)
    return files | touched, offices

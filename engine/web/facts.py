"""The data of a log line as people read it: names instead of ids, dates as dates, old and new with an arrow."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from engine import values
from engine.errors import Text, text
from engine.models import AuditEvent
from engine.web import formats, stillness
from engine.web.i18n import say

MOST = 10  # facts of one line
LONGEST = 300  # characters of one fact
NAMES: Mapping[str, Text] = {
    "action": text("what"),
    "actual_at": text("actual"),
    "answer": text("answer"),
    "assignee": text("assignee"),
    "changed": text("changed"),
    "changes": text("changed"),
    "code": text("code"),
    "completed": text("step done"),
    "document": text("document"),
    "deviation": text("deviation, working days"),
    "due_at": text("due"),
    "element": text("step"),
    "evidence": text("evidence"),
    "follow_up_at": text("put off until"),
    "groups": text("groups"),
    "name": text("name"),
    "note": text("note"),
    "number": text("number"),
    "outputs": text("result"),
    "outcome": text("filled in"),
    "planned_at": text("planned"),
    "reason": text("reason"),
    "remark": text("remark"),
    "round": text("round"),
    "to": text("to the step"),
    "title": text("name"),
    "variables": text("data"),
    "versions": text("versions of procedures"),
}
ELEMENTS = {"element", "completed", "changes", "to"}
CHANGES = {"assignee", "due_at", "follow_up_at"}


def of(line: AuditEvent, elements: Mapping[str, str]) -> list[tuple[str, str]]:
    """Short pairs of name and value. ``elements``: id -> name in the drawings of this instance."""
    shown = []
    for name, value in list(values.decode(line.data).items())[:MOST]:
        if value in (None, "", [], {}):
            continue
        if name in CHANGES and isinstance(value, list) and len(value) == 2:
            said = " → ".join(_said(name, part, elements) or "—" for part in value)
        elif name == "changed" and isinstance(value, Mapping):
            said = "; ".join(f"{key}: {_arrow(key, pair)}" for key, pair in value.items())
        else:
            said = _said(name, value, elements)
        if name == "reason" and line.type.startswith("pause."):
            said = stillness.pause_reason(said)
        title = say(NAMES[name]) if name in NAMES else name
        shown.append((title, said if len(said) <= LONGEST else said[:LONGEST] + "…"))
    return shown


def _arrow(name: str, pair: Any) -> str:
    return " → ".join(_said(name, part, {}) or "—" for part in pair)


def _said(name: str, value: Any, elements: Mapping[str, str]) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return say(text("yes")) if value else say(text("no"))
    if isinstance(value, datetime):
        return formats.moment(value)
    if isinstance(value, date):
        return formats.day(value, "medium")
    if isinstance(value, (int, float, Decimal)):
        return formats.number(value)
    if isinstance(value, Mapping):
        pairs = ((key, _said(key, one, elements)) for key, one in value.items())
        return ", ".join(f"{say(NAMES[key]) if key in NAMES else key}: {said}" for key, said in pairs if said)
    if isinstance(value, list):
        return ", ".join(said for one in value if (said := _said(name, one, elements)))
    return _word(name, str(value), elements)


def _word(name: str, value: str, elements: Mapping[str, str]) -> str:
    if name in ELEMENTS:
        return elements.get(value) or value
    if name.endswith("_at"):
        try:
            return formats.moment(value)
        except ValueError:
            return value
    return value

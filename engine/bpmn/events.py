"""Event definitions: what an event waits for or throws, and how waiting is armed.

A timer's moment is computed once, when the token arrives, and stored; nobody here compares it with a clock. It goes off
when the engine says so (``fire_timer``). A cycle's next moment is counted from the planned one, so lateness does not
add up, and a month's from the first, so the 31st does not drift.
"""
from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from engine.bpmn.evaluation import FeelEngine
from engine.errors import Failed, text

CYCLE = re.compile(r"R(?P<times>\d{0,9})/(?:(?P<start>[^/P][^/]*)/)?(?P<every>P[^/]+)")
MONTHS = re.compile(r"P(?:(?P<years>\d{1,4})Y)?(?:(?P<months>\d{1,4})M)?")

TIMER, MESSAGE, SIGNAL, CONDITIONAL = "timer", "message", "signal", "conditional"
ERROR, ESCALATION, TERMINATE, CANCEL, NONE = "error", "escalation", "terminate", "cancel", "none"
SUBSCRIBED = frozenset({MESSAGE, SIGNAL})
PROPAGATED = frozenset({ERROR, ESCALATION, CANCEL})


@dataclass(frozen=True)
class Definition:
    """What an event is about.

    ``name``: message or signal name (may be FEEL); ``code``: error or escalation code, None catches all; ``key``: a
    message's correlation key; ``raw``: a timer's or condition's text; ``repeats``: whether the timer is a cycle.
    """

    kind: str
    name: str = ""
    code: str | None = None
    key: str | None = None
    raw: str = ""
    repeats: bool = False

    def catches(self, kind: str, code: str | None) -> bool:
        """Whether an error or escalation with this code is meant."""
        return self.kind == kind and (self.code is None or self.code == code)


def arm(definition: Definition, engine: FeelEngine, names: Mapping[str, Any]) -> dict[str, Any]:
    """What a waiting event has to remember. Raises FeelError, Failed, Invalid (a timer nobody can read)."""
    if definition.kind == TIMER:
        return _timer(definition, engine, names)
    if definition.kind == MESSAGE:
        return {"name": _name(definition, engine, names), "key": correlation(definition, engine, names)}
    if definition.kind == SIGNAL:
        return {"name": _name(definition, engine, names)}
    return {"held": False}  # conditional: fires when the condition comes to hold


def correlation(definition: Definition, engine: FeelEngine, names: Mapping[str, Any]) -> str | None:
    """The value of a message's correlation key as text. Raises Failed when it has none yet."""
    if definition.key is None:
        return None
    found = engine.value(definition.key, names)
    if found is None or found == "":
        said = {"key": definition.key, "name": definition.name}
        raise Failed(text("The correlation key {key} of message «{name}» is empty", **said))
    return str(found)


def next_moment(armed: Mapping[str, Any], engine: FeelEngine) -> dict[str, Any] | None:
    """The following round of a cycle, or None when it has gone off for the last time."""
    left = armed.get("left")
    if "every" not in armed or left == 1:
        return None
    round_, every = armed["round"] + 1, armed["every"]
    months = _months(every)
    due = engine.host.due(f"P{months * round_}M", armed["first"]) if months else engine.host.due(every, armed["due"])
    return {**armed, "due": due, "round": round_, "left": None if left is None else left - 1}


def _name(definition: Definition, engine: FeelEngine, names: Mapping[str, Any]) -> str:
    return str(engine.value(definition.name, names))


def _timer(definition: Definition, engine: FeelEngine, names: Mapping[str, Any]) -> dict[str, Any]:
    value, now = engine.value(definition.raw, names), engine.host.now
    if value is None or value == "":
        raise Failed(text("The timer {timer} gives no moment", timer=definition.raw))
    if not definition.repeats:
        return {"due": engine.host.due(value, now)}
    if isinstance(value, (timedelta, datetime)):
        raise Failed(text("{value} is no repetition: write R3/PT1H or R/P1D", value=value))
    found = CYCLE.fullmatch(str(value).strip())
    if found is None or found["times"] == "0":
        raise Failed(text("{value} is no repetition: write R3/PT1H or R/P1D", value=value))
    every, start = found["every"], found["start"]
    # counted from the start when there is one: the first moment is the start itself, else one interval from now
    first = now if start is None else engine.host.due(start, now)
    due = engine.host.due(every, now) if start is None else first
    left = int(found["times"]) if found["times"] else None
    return {"due": due, "first": first, "every": every, "round": 1 if start is None else 0, "left": left}


def _months(every: str) -> int:
    found = MONTHS.fullmatch(every)
    return 0 if found is None else int(found["years"] or 0) * 12 + int(found["months"] or 0)

"""Timers: texts that a clock can be set to."""
from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from engine.bpmn import dialect, xml
from engine.bpmn.drawing import Drawing, Node
from engine.bpmn.lint.rules import Findings, label, rule
from engine.bpmn.xml import Element
from engine.errors import text

_CALENDAR = re.compile(
    r"P(?=[\dT])(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=\d)(\d+(\.\d+)?H)?(\d+(\.\d+)?M)?(\d+(\.\d+)?S)?)?"
)
_WORKING = re.compile(r"P(?=[\dT])(\d+BD)?(T\d+BH)?")
_REPEAT = re.compile(r"R(\d*)/(?:([^/]+)/)?([^/]+)")
_TAGS = ("timeDate", "timeDuration", "timeCycle")


def is_duration(value: str) -> bool:
    """ISO 8601 (``P1DT2H``) or working time (``P2BD``: two working days, ``PT8BH``: eight working hours)."""
    return bool(_CALENDAR.fullmatch(value) or _WORKING.fullmatch(value))


def is_moment(value: str) -> bool:
    """A date or a date and time of ISO 8601."""
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return value[:4].isdigit() and "-" in value


def is_cycle(value: str) -> bool:
    """``R3/PT1H``, ``R/P1D``, ``R2/2030-05-01T09:00:00Z/P1D``."""
    found = _REPEAT.fullmatch(value)
    if not found or found[1] == "0":
        return False
    return is_duration(found[3]) and (found[2] is None or is_moment(found[2]))


def parts(node: Node) -> Iterator[tuple[str, Element]]:
    """(timeDate | timeDuration | timeCycle, element) of the node's timers."""
    for kind, definition in node.definitions:
        if kind == "timer":
            yield from ((xml.local(item), item) for item in definition if xml.local(item) in _TAGS)


@rule("timer-missing", "Write the date, duration or cycle of the timer")
def timer_missing(drawing: Drawing) -> Findings:
    """A timer without a time (or with two)."""
    for node in drawing.nodes:
        if "timer" in node.triggers:
            said = [item for _, item in parts(node) if xml.content_of(item)]
            if len(said) != 1:
                yield node.id, text("The timer «{name}» has no time or several", name=label(node))


@rule("timer-text", "Write e.g. 2030-05-01T09:00:00+03:00, PT1H, P2BD (working days), R3/P1D, or =FEEL")
def timer_text(drawing: Drawing) -> Findings:
    """Texts that are no time: quoted, in words, cron."""
    checks = {"timeDate": is_moment, "timeDuration": is_duration, "timeCycle": is_cycle}
    for node in drawing.nodes:
        for tag, item in parts(node):
            value = xml.content_of(item)
            if value and not dialect.is_feel(value) and not checks[tag](value):
                yield node.id, text("«{value}» is no time the timer «{name}» can be set to", value=value[:60],
                                    name=label(node))  # fmt: skip


@rule("timer-cycle-interrupting", "Use a duration or a date, or make the event non-interrupting")
def timer_cycle_interrupting(drawing: Drawing) -> Findings:
    """What interrupts or is passed once cannot happen again and again."""
    for node in drawing.nodes:
        repeats = any(tag == "timeCycle" for tag, _ in parts(node))
        at_process_start = node.kind == "startEvent" and node.scope.is_process
        once = node.kind == "intermediateCatchEvent" or node.is_interrupting
        if repeats and once and not at_process_start:
            yield node.id, text("The timer «{name}» repeats, but can happen only once here", name=label(node))


@rule("timer-start-duration", "Use a date or a cycle, e.g. R/P1D")
def timer_start_duration(drawing: Drawing) -> Findings:
    """A procedure that starts after a while: after what?"""
    for node in drawing.nodes:
        at_process_start = node.kind == "startEvent" and node.scope.is_process
        if at_process_start and any(tag == "timeDuration" for tag, _ in parts(node)):
            yield node.id, text("The timer start «{name}» has a duration, but nothing it could be counted from",
                                name=label(node))  # fmt: skip

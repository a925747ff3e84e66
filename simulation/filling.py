"""How a person fills in a form he has never seen: what the form proposes stays, the rest follows habits."""
from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from engine import feel
from engine.feel import Context
from engine.forms.filling import ROW_OF, Filling, Row, Slot
from engine.forms.model import MOMENTS, ONE_OF, SOME_OF, TEXTS, Form

HABITS = Path(__file__).with_name("habits.yaml")
TRIES = 5
STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


@cache
def habits() -> Mapping[str, Any]:
    """``choices``: field -> value -> weight, or "*" for any; ``texts``: field -> sentences; ``numbers``: field ->
    [from, to]; ``days``: field -> [from, to] days from today; ``known``: field -> FEEL over what the form sees;
    ``kept``: fields left as proposed; ``unless``: those left as proposed where something is."""
    found: Mapping[str, Any] = yaml.safe_load(HABITS.read_text("utf-8"))
    return found


def fill(
    form: Form, variables: Mapping[str, Any], context: Context, dice: random.Random, given: Mapping[str, Any]
) -> dict[str, Any]:
    """What the person sends. ``given``: what he was told to enter; everything else by habit."""
    raw: dict[str, Any] = {name: value for name, value in given.items() if name in form.names}
    decided: set[str] = set()
    for _ in range(TRIES):
        filling = Filling(form, raw, variables, context)
        faults = filling.faults()
        fresh = [slot for slot in _visible(filling.slots) if slot.name not in decided or slot.name in faults]
        changed = False
        for slot in fresh:
            if slot.path[0] in given or slot.readonly or slot.disabled:
                continue
            decided.add(slot.name)
            value = _value(slot, variables, dice, context, slot.name in faults)
            if value is not None:
                _put(raw, slot.path, value)
                changed = True
        if not changed:
            break
    return raw


def _visible(slots: list[Slot]) -> Iterator[Slot]:
    for slot in slots:
        if slot.hidden:
            continue
        if slot.component.is_input or slot.component.type == "dynamiclist":
            yield slot
        yield from _visible(slot.children)
        for row in slot.rows:
            yield from _visible(row.slots)


def _value(slot: Slot, variables: Mapping[str, Any], dice: random.Random, context: Context, is_wrong: bool) -> Any:
    """A habit for the field, else something plausible where the form will not do without; None leaves it alone."""
    kind, name = slot.component.type, str(slot.path[-1])
    if name in habits()["kept"] and not is_wrong:
        return None
    if kind == "dynamiclist":  # said out loud, so that filling in one field does not lose the others
        return [_as_shown(row) for row in slot.rows] or None
    if name in habits()["known"]:
        return _sent(feel.value(f"={habits()['known'][name]}", variables, context))
    if kind in ONE_OF:
        return _choice(slot, name, dice, is_wrong)
    if name in habits()["unless"] and slot.value is not None and not is_wrong:
        return None
    if not (is_wrong or name in habits()["texts"] or name in habits()["days"] or name in habits()["numbers"]):
        return None
    if kind in TEXTS:
        return _words(slot, name, dice)
    if kind == "number":
        low, high = habits()["numbers"].get(name, (1, 1))
        return str(dice.randint(low, high))
    if kind in MOMENTS:
        return _moment(slot, name, dice, context)
    if kind == "checkbox":
        return True
    if kind in SOME_OF and slot.options:
        return [slot.options[0].key]
    return None


def _as_shown(row: Row) -> dict[str, Any]:
    """A row of a list with everything the form proposes in it."""
    shown = {str(slot.path[-1]): _sent(slot.value) for slot in row.slots if slot.value not in (None, "", [])}
    return shown if row.of is None else {ROW_OF: str(row.of), **shown}


def _choice(slot: Slot, name: str, dice: random.Random, is_wrong: bool) -> Any:
    weights = habits()["choices"].get(name)
    keys = [option.key for option in slot.options]
    if weights == "*" and keys:
        return dice.choice(keys)
    if weights and any(key in weights for key in keys):
        return dice.choices(keys, [weights.get(key, 0) for key in keys])[0]
    if (is_wrong or slot.value in (None, "")) and slot.required and keys:
        return dice.choice(keys) if name.endswith(("category", "cause")) else keys[0]
    return None


def _words(slot: Slot, name: str, dice: random.Random) -> str:
    sentences = habits()["texts"].get(name) or habits()["texts"]["*"]
    return str(dice.choice(sentences))[: int(slot.component.part("validate").get("maxLength") or 500)]


def _moment(slot: Slot, name: str, dice: random.Random, context: Context) -> str:
    low, high = habits()["days"].get(name, (3, 10))
    today: date = context.now.astimezone(context.zone).date()
    day = today + timedelta(days=dice.randint(low, high))
    while low >= 0 and day.weekday() > 4:
        day += timedelta(days=1)
    if slot.component.subtype == "time":
        return "11:00"
    if slot.component.subtype == "datetime":
        return f"{day.isoformat()}T{dice.randint(10, 16):02}:00" if low > 0 else _now(context)
    return day.isoformat()


def _now(context: Context) -> str:
    moment: datetime = context.now.astimezone(context.zone)
    return moment.strftime("%Y-%m-%dT%H:%M")


def _put(raw: dict[str, Any], path: tuple[str | int, ...], value: Any) -> None:
    at: Any = raw
    for step, following in pairwise(path):
        empty: Any = [] if isinstance(following, int) else {}
        if isinstance(step, int):
            while len(at) <= step:
                at.append({})
            at = at[step]
        else:
            at = at.setdefault(step, empty)
    last = path[-1]
    if isinstance(last, int):
        return
    if isinstance(at, dict) and not (isinstance(value, list) and last in at):
        at[last] = value


def _sent(value: Any) -> Any:
    """A value as a browser would send it."""
    if isinstance(value, list):
        return [_sent(one) for one in value]
    return str(value) if isinstance(value, (Decimal, date)) else value

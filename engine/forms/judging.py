"""What a form demands of a value: required, length, pattern, bounds, steps, dates, kinds of file."""
from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from engine import feel
from engine.errors import Text, text
from engine.feel.patterns import guarded, pattern
from engine.feel.runtime import Run
from engine.forms.expressions import number as written
from engine.forms.expressions import shown
from engine.forms.model import MOMENTS, SOME_OF, TEXTS, Component

_MAIL = re.compile(r"[^\s@,;<>()\[\]\"]{1,64}@([\w-]{1,63}\.)+[\w-]{2,63}", re.UNICODE)
Demand = Callable[[str], Any]


def judge(component: Component, value: Any, required: bool, demand: Demand, context: feel.Context) -> Text | None:
    """The first thing that is wrong with a value that could be read. ``demand``: evaluates a part of ``validate``."""
    if value in (None, "", []) or (component.type == "checkbox" and value is False):
        return _missing(component) if required else None
    if component.type in TEXTS:
        return _judge_text(component, str(value), demand, context)
    if component.type == "number":
        return _judge_number(component, value, demand)
    if component.type in MOMENTS:
        return _judge_moment(component, value, context.now.astimezone(context.zone).date())
    if component.type == "filepicker":
        return _judge_files(component, value)
    return None


def digits_of(component: Component) -> int | None:
    """Digits allowed after the comma; two for money, None for any."""
    found = as_decimal(component.source.get("decimalDigits"))
    return int(found) if found is not None else (2 if component.is_money else None)


def as_decimal(raw: Any) -> Decimal | None:
    """A number of the form's definition, however the editor wrote it."""
    if raw is None or raw == "" or isinstance(raw, bool):
        return None
    try:
        found = Decimal(str(raw))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


@lru_cache(maxsize=512)
def _pattern(source: str) -> re.Pattern[str]:
    return re.compile(source, re.ASCII)  # digits and letters as browsers read them in a pattern


def pattern_fits(source: str, value: str, context: feel.Context) -> bool:
    """Whether a text matches a designer's pattern somewhere. Raises FeelError for a pattern that is broken or might
    run for ages over this text."""
    guarded(pattern(source, None), value, Run(context))
    return _pattern(source).search(value) is not None


def _missing(component: Component) -> Text:
    if component.type == "checkbox":
        return text("Tick this box to go on.")
    if component.type in SOME_OF:
        return text("Choose at least one value.")
    if component.type in {"select", "radio"}:
        return text("Choose a value.")
    if component.type == "filepicker":
        return text("Attach a file.")
    return text("Fill in this field.")


def _judge_text(component: Component, value: str, demand: Demand, context: feel.Context) -> Text | None:
    shortest, longest = as_decimal(demand("minLength")), as_decimal(demand("maxLength"))
    size = len(value)
    if shortest is not None and size < shortest:
        return text("Enter at least {limit} characters, now there are {count}.", limit=int(shortest), count=size)
    if longest is not None and size > longest:
        return text("Shorten the text to {limit} characters, now there are {count}.", limit=int(longest), count=size)
    kind = demand("validationType")
    if kind == "email" and not _MAIL.fullmatch(value):
        return text("Enter a mail address, for example name@company.ru.")
    if kind == "phone" and not is_phone(value):
        return text("Enter a phone number with its code, for example +7 495 123-45-67.")
    wanted = demand("pattern")
    if isinstance(wanted, str) and wanted and kind not in {"email", "phone"}:
        return _judge_pattern(component, value, wanted, context)
    return None


def _judge_pattern(component: Component, value: str, wanted: str, context: feel.Context) -> Text | None:
    try:
        fits = pattern_fits(wanted, value, context)
    except feel.FeelError:
        fits = False
    if fits:
        return None
    hint = component.words("description")
    if hint and "{{" not in hint:
        return text("This does not look right. What is asked for: {hint}", hint=hint)
    return text("This does not look right. Check it for slips of the pen.")


def is_phone(value: str) -> bool:
    """A phone number: an optional plus, ten to fifteen digits, the usual marks between them."""
    return bool(re.fullmatch(r"\+?[\d\s()\-–.\u00a0]{10,30}", value)) and 10 <= len(re.findall(r"\d", value)) <= 15


def _judge_number(component: Component, value: Decimal, demand: Demand) -> Text | None:
    digits, step = digits_of(component), as_decimal(component.source.get("increment"))
    lowest, highest = as_decimal(demand("min")), as_decimal(demand("max"))
    if digits is not None and value != round(value, digits):
        return (
            text("Enter a whole number.")
            if digits == 0
            else text("Enter at most {digits} digits after the comma.", digits=digits)
        )
    if lowest is not None and value < lowest:
        return text("Enter a number of at least {limit}.", limit=written(lowest))
    if highest is not None and value > highest:
        return text("Enter a number of at most {limit}.", limit=written(highest))
    if step is not None and step > 0 and value % step:
        return text("Enter a multiple of {step}.", step=written(step))
    return None


def _judge_moment(component: Component, value: Any, today: date) -> Text | None:
    if component.source.get("disallowPassedDates") is not True or component.subtype == "time":
        return None
    day = value.date() if isinstance(value, datetime) else value  # read in the office's time zone
    if isinstance(day, date) and day < today:
        return text("Enter a date that has not passed: {today} or later.", today=shown(today))
    return None


def _judge_files(component: Component, value: list[Mapping[str, Any]]) -> Text | None:
    if component.source.get("multiple") is not True and len(value) > 1:
        return text("Attach one file only.")
    wanted = component.source.get("accept")
    accepted = [kind.strip().lower() for kind in wanted.split(",")] if isinstance(wanted, str) and wanted else []
    endings = [kind for kind in accepted if kind.startswith(".")]
    if endings and any(not str(file["name"]).lower().endswith(tuple(endings)) for file in value):
        return text("Attach a file of one of these kinds: {kinds}.", kinds=", ".join(endings))
    return None

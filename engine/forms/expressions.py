"""FEEL inside forms: what an expression sees, values that may be expressions, and ``{{…}}`` in texts."""
from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, time, tzinfo
from decimal import Decimal
from typing import Any

from engine import feel

MISSING: Any = type("Missing", (), {"__repr__": lambda _: "MISSING", "__bool__": lambda _: False})()
MAX_LOOPS = 200
MAX_OUTPUT = 100_000
_PLACE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)


class Scope(Mapping[str, Any]):
    """Names that an expression sees: what is typed first, the instance's variables and facts behind it."""

    def __init__(self, near: Mapping[str, Any], far: Mapping[str, Any]) -> None:
        self.near = near
        self.far = far

    def __getitem__(self, name: str) -> Any:
        return self.near[name] if name in self.near else self.far[name]

    def __contains__(self, name: object) -> bool:
        return name in self.near or name in self.far

    def __iter__(self) -> Iterator[str]:
        yield from self.near
        yield from (name for name in self.far if name not in self.near)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def is_feel(raw: Any) -> bool:
    """The editor marks an expression by a leading equals sign."""
    return isinstance(raw, str) and raw.startswith("=")


def evaluate(raw: Any, scope: Mapping[str, Any], context: feel.Context) -> Any:
    """The value of a property: FEEL behind ``=``, otherwise as it stands. Raises FeelError."""
    return feel.compile(raw[1:]).evaluate(scope, context) if is_feel(raw) else raw


def condition(raw: Any, scope: Mapping[str, Any], context: feel.Context) -> bool:
    """Whether a property such as ``hide`` or ``readonly`` is true; an expression that fails counts as not."""
    if not isinstance(raw, str):
        return raw is True
    try:
        found = feel.compile(raw.removeprefix("=")).evaluate(scope, context)
    except feel.FeelError:
        return False
    return found is True


def dig(tree: Any, steps: tuple[Any, ...]) -> Any:
    """What stands at a place in nested mappings and lists, or MISSING."""
    for step in steps:
        in_list = isinstance(tree, list) and isinstance(step, int) and 0 <= step < len(tree)
        if not in_list and not (isinstance(tree, Mapping) and step in tree):
            return MISSING
        tree = tree[step]
    return tree


def words(raw: str, scope: Mapping[str, Any], context: feel.Context, locale: str = "ru") -> str:
    """A label or description as plain text: a FEEL expression, a text with ``{{…}}`` or just the text."""
    if is_feel(raw):
        try:
            return shown(evaluate(raw, scope, context), locale, zone=context.zone)
        except feel.FeelError:
            return ""
    if "{{" not in raw:
        return raw
    values: list[str] = []
    filled = fill(raw, scope, context, values, locale)
    return unmark(filled, values, str)


def shown(value: Any, locale: str = "ru", *, money: bool = False, zone: tzinfo | None = None) -> str:
    """A value as people read it: ``1 234,50``, ``21.11.2026``, ``да``. Moments are told in ``zone``."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return ("да" if value else "нет") if locale == "ru" else ("yes" if value else "no")
    if isinstance(value, (int, Decimal)):
        return number(Decimal(value), locale, money=money)
    if isinstance(value, datetime):
        local = value.astimezone(zone) if zone and value.tzinfo else value
        return local.strftime("%d.%m.%Y %H:%M" if locale == "ru" else "%Y-%m-%d %H:%M")
    if isinstance(value, date):
        return value.strftime("%d.%m.%Y" if locale == "ru" else "%Y-%m-%d")
    if isinstance(value, time):
        return value.strftime("%H:%M")
    if isinstance(value, (list, tuple)):
        return ", ".join(shown(item, locale, zone=zone) for item in value)
    if isinstance(value, Mapping):
        return shown(value.get("label") or value.get("name") or "", locale)
    return str(value)


def number(value: Decimal, locale: str = "ru", *, money: bool = False) -> str:
    """A number with grouped thousands; money always with kopecks. Groups are parted by no-break spaces in Russian."""
    plain = (value.quantize(Decimal("0.01")) if money else value.normalize()) + 0  # no negative zero
    written = f"{plain:,f}"
    return written if locale != "ru" else written.replace(",", "\u00a0").replace(".", ",")


def with_shown(context: feel.Context, locale: str) -> feel.Context:
    """The context with ``shown(value)``, which writes a value as people read it, and ``money(sum)``, with kopecks."""

    def written(value: Any) -> str:
        # a finite number: its exponent is no letter
        money = isinstance(value, Decimal) and -value.as_tuple().exponent == 2  # type: ignore[operator]
        return shown(value, locale, money=money, zone=context.zone)

    own = {"shown": written, "money": lambda value: shown(value, locale, money=True)}
    return replace(context, functions={**own, **context.functions})


def fill(
    template: str, scope: Mapping[str, Any], context: feel.Context, values: list[str], locale: str = "ru"
) -> str:
    """The template with every ``{{expression}}`` replaced by a mark; ``values`` collects what the marks stand for.

    Marks keep values apart from the text around them until the text has been turned into safe HTML: a value can
    then never become markup. ``{{#if x}}…{{/if}}`` and ``{{#loop list}}…{{/loop}}`` work as in the form editor.
    """
    parts = _PLACE.split(template.replace("\ue000", "").replace("\ue001", ""))
    output, _ = _block(parts, 0, None, scope, context, values, locale)
    return output


def unmark(filled: str, values: list[str], escape: Callable[[str], str]) -> str:
    """Put the values, escaped, in the place of their marks."""
    return re.sub("\ue000(\\d+)\ue001", lambda found: escape(values[int(found[1])]), filled)


def places(template: str) -> Iterator[str]:
    """Every expression in a text with ``{{…}}``, for the check before publication."""
    for inside in _PLACE.findall(template):
        stripped = inside.strip()
        if not stripped.startswith("/"):
            yield re.sub(r"^#(if|loop)\b", "", stripped).strip().removeprefix("=")


def _block(
    parts: list[str], at: int, until: str | None, scope: Mapping[str, Any], context: feel.Context,
    values: list[str], locale: str,
) -> tuple[str, int]:  # fmt: skip
    output: list[str] = []
    while at < len(parts):
        if at % 2 == 0:
            output.append(parts[at])
            at += 1
            continue
        inside = parts[at].strip()
        at += 1
        if inside.startswith("/"):
            if inside[1:] == until:
                break
        elif inside.startswith(("#if", "#loop")):
            word, _, expression = inside[1:].partition(" ")
            written, at = _section(word, _value(expression, scope, context), parts, at, scope, context, values, locale)
            output.append(written)
        else:
            values.append(shown(_value(inside, scope, context), locale, zone=context.zone))
            output.append(f"\ue000{len(values) - 1}\ue001")
    return "".join(output)[:MAX_OUTPUT], at


def _section(
    word: str, value: Any, parts: list[str], at: int, scope: Mapping[str, Any], context: feel.Context,
    values: list[str], locale: str,
) -> tuple[str, int]:  # fmt: skip
    rows = list(value)[:MAX_LOOPS] if word == "loop" and isinstance(value, list) else []
    scopes: list[Mapping[str, Any]] = [scope] if word == "if" and value is True else [_row(row, scope) for row in rows]
    skipped: list[str] = []
    _, end = _block(parts, at, word, scope, context, skipped, locale)
    written = [_block(parts, at, word, inner, context, values, locale)[0] for inner in scopes]
    return "".join(written)[:MAX_OUTPUT], end


def _row(row: Any, scope: Mapping[str, Any]) -> Scope:
    own = dict(row) if isinstance(row, Mapping) else {}
    return Scope(own | {"this": row, "parent": scope}, scope)


def _value(expression: str, scope: Mapping[str, Any], context: feel.Context) -> Any:
    try:
        return feel.compile(expression.strip().removeprefix("=")).evaluate(scope, context)
    except feel.FeelError:
        return None

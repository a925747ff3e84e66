"""A form being filled in: every field with its place, its value and what the form's conditions make of it.

Both the page and the check at completion are read off the same filling, so that what a person sees is what is judged.
Conditions and computed values depend on values, and values on conditions: they are worked out in rounds until nothing
changes any more.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from engine import feel
from engine.errors import Text, text
from engine.forms import expressions
from engine.forms.expressions import MISSING, Scope, dig
from engine.forms.judging import judge
from engine.forms.model import ONE_OF, SOME_OF, Component, Form
from engine.forms.reading import FileOf, Option, read_value

ROUNDS = 8
MAX_ROWS = 200
MAX_OPTIONS = 1_000
ROW_OF = "_of"
Path = tuple[str | int, ...]


@dataclass
class Slot:
    """One component at one place of the filled form (a field of a list has a slot in every row). ``around``: what the
    engine knows at the place where the slot is; it is looked into only when the slot's own value is asked for, since
    opening an instance's state costs more than all the rest of a form. ``inside``: whether what is around it was hidden
    when the slot was looked at last."""

    component: Component
    path: Path
    raw: Any = MISSING
    around: Any = MISSING
    value: Any = None
    fault: Text | None = None
    hidden: bool = False
    inside: bool | None = None
    readonly: bool = False
    disabled: bool = False
    required: bool = False
    options: tuple[Option, ...] = ()
    children: list[Slot] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)

    @property
    def known(self) -> Any:
        """What the engine knows in this place, or MISSING."""
        return dig(self.around, self.component.steps)

    @property
    def name(self) -> str:
        """The name of the control in HTML and of the field in errors: ``items[0].qty``."""
        return html_name(self.path)


@dataclass
class Row:
    """One row of a list. ``of``: which row of the variable it comes from, ``base``: that row as it was."""

    path: Path
    slots: list[Slot]
    of: int | None = None
    base: Mapping[str, Any] = field(default_factory=dict)


def html_name(path: Path) -> str:
    """``("items", 0, "qty")`` -> ``items[0].qty``."""
    written = ""
    for step in path:
        written += f"[{step}]" if isinstance(step, int) else (f".{step}" if written else str(step))
    return written


class Filling:
    """The form with what is known and typed so far. ``raw`` None: nobody has typed anything yet."""

    def __init__(
        self, form: Form, raw: Mapping[str, Any] | None, variables: Mapping[str, Any], context: feel.Context,
        files: FileOf | None = None, locale: str = "ru",
    ) -> None:  # fmt: skip
        self.form = form
        self.variables = variables
        self.context = expressions.with_shown(context, locale)
        self.locale = locale
        self.zone = context.zone
        self.files = files
        self.slots = self._build(form.components, raw if raw is not None else MISSING, variables, (), variables)
        self._settle()

    def data(self) -> dict[str, Any]:
        """What the form brings: every visible field and computed value, nested as the form says."""
        return self._collect(self.slots, {}, self.variables, final=True)

    def faults(self) -> dict[str, Text]:
        """By field: the first thing that keeps the form from being completed."""
        found: dict[str, Text] = {}
        for slot, scope in self._visible(self.slots, self.scope()):
            fault = slot.fault
            if fault is None and slot.component.is_input and not (slot.readonly or slot.disabled):
                fault = judge(slot.component, slot.value, slot.required, self._demand(slot, scope), self.context)
            if fault is None and slot.component.type == "dynamiclist" and len(slot.rows) > MAX_ROWS:
                fault = text("At most {limit} rows are allowed.", limit=MAX_ROWS)
            if fault is not None:
                found[slot.name] = fault
        return found

    def scope(self) -> Scope:
        """What a top-level expression sees at this moment."""
        return Scope(self._collect(self.slots, {}, self.variables), self.variables)

    def row_scope(self, row: Row, outer: Mapping[str, Any]) -> Scope:
        """What an expression in a row sees: the row's fields, then everything outside."""
        own = self._collect(row.slots, dict(row.base), {})
        return Scope(own | {"this": own, "parent": outer}, outer)

    # -- building ----------------------------------------------------------------------------------------------------

    def _build(
        self, components: tuple[Component, ...], raw: Any, known: Any, path: Path, scope: Mapping[str, Any]
    ) -> list[Slot]:
        return [self._slot(component, raw, known, path, scope) for component in components]

    def _slot(self, component: Component, raw: Any, known: Any, path: Path, scope: Mapping[str, Any]) -> Slot:
        slot = Slot(component, path + component.steps, dig(raw, component.steps), known)
        if component.type == "group":
            slot.children = self._build(component.children, slot.raw, slot.known, slot.path, scope)
        elif component.type == "dynamiclist":
            slot.rows = self._rows(slot, scope)
        elif component.is_input and slot.raw is MISSING:
            slot.raw = self._first_value(slot, scope)
        return slot

    def _rows(self, slot: Slot, scope: Mapping[str, Any]) -> list[Row]:
        known = slot.known if isinstance(slot.known, list) else []
        prefilled = known or self._evaluated(slot.component.part("properties").get("prefill"), scope)
        known = prefilled if isinstance(prefilled, list) else []
        wanted = slot.component.source.get("defaultRepetitions", 1)
        usual = len(known) or (wanted if isinstance(wanted, int) else 1)
        if slot.raw is MISSING:
            raws: list[Any] = [MISSING] * usual
        elif isinstance(slot.raw, list):
            raws = slot.raw
        else:
            slot.fault = None if slot.raw in (None, "", {}) else text("Fill in the rows of this list.")
            raws = []
        if not adds_rows(slot.component) and len(raws) != usual:
            slot.fault = text("Rows of this list may not be added or removed. Reload the page.")
        return [self._row(slot, at, raw, known, scope) for at, raw in enumerate(raws[: MAX_ROWS + 1])]

    def _row(self, slot: Slot, at: int, raw: Any, known: list[Any], scope: Mapping[str, Any]) -> Row:
        of = _origin(raw, at, len(known), fixed=not adds_rows(slot.component))
        base = known[of] if of is not None and isinstance(known[of], Mapping) else {}
        path = (*slot.path, at)
        if raw is not MISSING and not isinstance(raw, Mapping):
            slot.fault, raw = text("Fill in the rows of this list."), {}
        slots = self._build(slot.component.children, raw, base, path, Scope(dict(base), scope))
        return Row(path, slots, of, base)

    def _first_value(self, slot: Slot, scope: Mapping[str, Any]) -> Any:
        if slot.known is not MISSING and slot.known is not None:
            return slot.known
        prefill = slot.component.part("properties").get("prefill")
        found = self._evaluated(prefill, scope) if prefill not in (None, "") else None
        return slot.component.source.get("defaultValue") if found is None else found

    # -- settling ----------------------------------------------------------------------------------------------------

    def _settle(self) -> None:
        for _ in range(ROUNDS):
            if not self._update(self.slots, self.scope(), hidden=False):
                return

    def _update(self, slots: list[Slot], scope: Mapping[str, Any], *, hidden: bool) -> bool:
        changed = False
        for slot in slots:
            if slot.inside is not hidden or not slot.component.is_fixed:
                before = (slot.hidden, slot.value, slot.options, slot.readonly, slot.disabled, slot.required)
                self._refresh(slot, scope, hidden)
                slot.inside = hidden
                changed |= before != (
                    slot.hidden, slot.value, slot.options, slot.readonly, slot.disabled, slot.required
                )  # fmt: skip
            changed |= self._update(slot.children, scope, hidden=slot.hidden)
            for row in slot.rows:
                changed |= self._update(row.slots, self.row_scope(row, scope), hidden=slot.hidden)
        return changed

    def _refresh(self, slot: Slot, scope: Mapping[str, Any], hidden: bool) -> None:
        component = slot.component
        slot.hidden = hidden or expressions.condition(component.condition, scope, self.context)
        if component.type == "expression":
            self._compute(slot, scope)
        if not component.is_input:
            return
        slot.readonly = expressions.condition(component.source.get("readonly"), scope, self.context)
        slot.disabled = expressions.condition(component.source.get("disabled"), scope, self.context)
        slot.required = expressions.condition(component.part("validate").get("required"), scope, self.context)
        if component.type in ONE_OF | SOME_OF:
            slot.options = self._options(component, scope)
        raw = slot.raw
        if slot.readonly or slot.disabled:  # whatever was sent, the value stays what the engine knows
            raw = self._first_value(slot, scope)
        files = self.files if slot.raw is not MISSING else None
        slot.value, slot.fault = read_value(component, raw, slot.options, self.zone, self._files_of(slot, files))
        if slot.readonly or slot.disabled:
            slot.fault = None

    def _compute(self, slot: Slot, scope: Mapping[str, Any]) -> None:
        slot.fault = None
        try:
            value = feel.compile(str(slot.component.source.get("expression") or "null").removeprefix("=")).evaluate(
                scope, self.context
            )
        except feel.FeelError as error:
            slot.value, slot.fault = None, text("This value could not be computed: {reason}", reason=error.text)
            return
        slot.value = round(value, 2) if slot.component.is_money and isinstance(value, Decimal) else _plain(value)

    def _options(self, component: Component, scope: Mapping[str, Any]) -> tuple[Option, ...]:
        source: Any = component.source.get("values")
        if component.source.get("valuesExpression"):
            source = self._evaluated(f"={str(component.source['valuesExpression']).removeprefix('=')}", scope)
        elif component.source.get("valuesKey"):
            source = dig(scope, tuple(str(component.source["valuesKey"]).split(".")))
        if not isinstance(source, list):
            return ()
        return tuple(self._option(item) for item in source[:MAX_OPTIONS])

    def _option(self, item: Any) -> Option:
        if not isinstance(item, Mapping):
            return Option(item, expressions.shown(item, self.locale, zone=self.zone))
        value = item.get("value")
        label = item.get(f"label_{self.locale}") or item.get("label")
        return Option(value, str(label) if label is not None else expressions.shown(value, self.locale))

    def _evaluated(self, raw: Any, scope: Mapping[str, Any]) -> Any:
        try:
            return expressions.evaluate(raw, scope, self.context)
        except feel.FeelError:
            return None

    def _files_of(self, slot: Slot, files: FileOf | None) -> FileOf:
        """Files that the variable already holds may stay; any other must be known to whoever asks."""
        known = slot.known if slot.component.type == "filepicker" else None
        held = {item.get("id"): item for item in known if isinstance(item, Mapping)} if isinstance(known, list) else {}
        return lambda number: held.get(number) or (files(number) if files else None)

    def _demand(self, slot: Slot, scope: Mapping[str, Any]) -> Callable[[str], Any]:
        return lambda name: self._evaluated(slot.component.part("validate").get(name), scope)

    # -- reading off -------------------------------------------------------------------------------------------------

    def _collect(
        self, slots: list[Slot], into: dict[str, Any], known: Mapping[str, Any], *, final: bool = False
    ) -> dict[str, Any]:
        for slot in slots:
            component = slot.component
            if component.type == "group" and not component.steps:
                self._collect(slot.children, into, known, final=final)
                continue
            if not component.steps or (final and (slot.hidden or slot.disabled)):
                continue
            _put(into, component.steps, self._content(slot, final), known)
        return into

    def _content(self, slot: Slot, final: bool) -> Any:
        if slot.hidden:
            return None
        if slot.component.type == "group":
            known = dict(slot.known) if isinstance(slot.known, Mapping) else {}
            return self._collect(slot.children, known, {}, final=final)
        if slot.component.type == "dynamiclist":
            return [self._collect(row.slots, dict(row.base), {}, final=final) for row in slot.rows]
        return slot.value

    def _visible(self, slots: list[Slot], scope: Mapping[str, Any]) -> Iterator[tuple[Slot, Mapping[str, Any]]]:
        for slot in slots:
            if slot.hidden:
                continue
            yield slot, scope
            yield from self._visible(slot.children, scope)
            for row in slot.rows:
                yield from self._visible(row.slots, self.row_scope(row, scope))


def adds_rows(component: Component) -> bool:
    """Whether people may add rows to the list and remove them."""
    return component.source.get("allowAddRemove") is not False


def _origin(raw: Any, at: int, known: int, *, fixed: bool) -> int | None:
    if raw is MISSING or fixed:
        return at if at < known else None
    named = raw.get(ROW_OF) if isinstance(raw, Mapping) else None
    if isinstance(named, str) and named.isdigit() and len(named) < 6:
        named = int(named)
    return named if isinstance(named, int) and 0 <= named < known else None


def _put(into: dict[str, Any], steps: tuple[str, ...], value: Any, known: Mapping[str, Any]) -> None:
    """Set a value at dotted steps; what the variables already hold beside it stays."""
    for at, step in enumerate(steps[:-1]):
        inner = into.get(step)
        if not isinstance(inner, dict):
            held = dig(known, steps[: at + 1])
            inner = into[step] = dict(held) if isinstance(held, Mapping) else {}
        into = inner
    into[steps[-1]] = value


_CARRIED = (str, bool, int, Decimal, date, datetime, time, timedelta, type(None))


def _plain(value: Any) -> Any:
    """A computed value that may become a variable: ranges and functions may not."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value if isinstance(value, _CARRIED) or hasattr(value, "months") else None

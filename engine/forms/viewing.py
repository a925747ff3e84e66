"""What the page shows of a form: plain objects for the template, every text already in the reader's language."""
from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from html import escape
from typing import Any

from engine import feel
from engine.errors import Text
from engine.forms import expressions, markup
from engine.forms.expressions import MISSING, dig, shown
from engine.forms.filling import MAX_ROWS, Filling, Row, Slot, adds_rows
from engine.forms.judging import as_decimal, digits_of
from engine.forms.model import MOMENTS, SOME_OF, TEXTS, Component, Form
from engine.forms.reading import MAX_LINE, MAX_TEXT, FileOf, option_key

MAX_TABLE = 200
CONTROLS = {"date": "date", "time": "time", "datetime": "datetime-local"}
_IMAGE = re.compile(r"data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+|/(?![/\\])[\w\-./%]*")


@dataclass(frozen=True)
class ChoiceView:
    """One choice of a list."""

    key: str
    label: str
    chosen: bool


@dataclass(frozen=True)
class RowView:
    """One row of a list. ``of``: the row of the variable it comes from, kept in a hidden control."""

    number: int
    name: str
    of: str
    lines: tuple[tuple[ComponentView, ...], ...]


@dataclass(frozen=True)
class ComponentView:
    """One component as the template draws it. ``kind`` chooses the drawing, ``width`` is in twelfths.

    ``value`` is what stands in the control; ``html`` is safe markup; ``fault`` a sentence still to be translated.
    """

    kind: str
    id: str
    name: str
    label: str
    description: str = ""
    value: str = ""
    control: str = "text"
    inputmode: str = ""
    autocomplete: str = ""
    required: bool = False
    fault: Text | None = None
    prefix: str = ""
    suffix: str = ""
    money: bool = False
    width: int = 12
    longest: int = MAX_LINE
    lowest: str = ""
    accept: str = ""
    multiple: bool = False
    outline: bool = False
    adds: bool = False
    removes: bool = False
    choices: tuple[ChoiceView, ...] = ()
    abreast: bool = False
    held: tuple[Mapping[str, Any], ...] = ()
    html: str = ""
    columns: tuple[str, ...] = ()
    table: tuple[tuple[str, ...], ...] = ()
    lines: tuple[tuple[ComponentView, ...], ...] = ()
    rows: tuple[RowView, ...] = ()

    @property
    def described_by(self) -> str:
        """Ids of the texts that belong to the control."""
        found = ([f"{self.id}-hint"] if self.description else []) + ([f"{self.id}-fault"] if self.fault else [])
        return " ".join(found)


@dataclass(frozen=True)
class FaultView:
    """One line of the summary of errors; ``target`` is empty for what has no control."""

    target: str
    label: str
    fault: Text


@dataclass(frozen=True)
class FormView:
    """A whole form as the template draws it. ``has_rows``: it has buttons of its own, which Enter must not press."""

    lines: tuple[tuple[ComponentView, ...], ...]
    faults: tuple[FaultView, ...]
    is_dynamic: bool
    has_files: bool
    has_rows: bool = False


def view(
    form: Form, raw: Mapping[str, Any] | None, variables: Mapping[str, Any], context: feel.Context,
    errors: Mapping[str, Text] | None = None, *, locale: str = "ru", files: FileOf | None = None,
) -> FormView:  # fmt: skip
    """What to draw. ``raw``: a draft or what was just sent, None for neither; then variables, prefill and defaults
    fill the fields. ``errors``: the fields of an Invalid raised by ``clean``."""
    filling = Filling(form, raw, variables, context, files, locale)
    painter = _Painter(filling, errors or {}, locale)
    lines = painter.lines(filling.slots, filling.scope())
    return FormView(lines, painter.summary(), form.is_dynamic, form.has_files, form.has_rows)


def html_id(name: str) -> str:
    """The id of a control in the page: ``items[0].qty`` -> ``f-items-0-qty``."""
    return "f-" + re.sub(r"[^\w]+", "-", name).strip("-")


class _Painter:
    def __init__(self, filling: Filling, errors: Mapping[str, Text], locale: str) -> None:
        self.filling = filling
        self.context = filling.context
        self.errors = errors
        self.locale = locale
        self.named: dict[str, tuple[str, str]] = {}
        self.around: list[str] = []

    def summary(self) -> tuple[FaultView, ...]:
        """Errors in the order of the fields, then those without a field."""
        placed = [FaultView(*self.named[name], self.errors[name]) for name in self.named if name in self.errors]
        lost = [FaultView("", name, fault) for name, fault in self.errors.items() if name not in self.named]
        return (*placed, *lost)

    def lines(self, slots: Sequence[Slot], scope: Mapping[str, Any]) -> tuple[tuple[ComponentView, ...], ...]:
        """Components side by side where the editor put them in one row."""
        lines: list[tuple[Any, list[Slot]]] = []
        for slot in slots:
            unnamed = slot.component.type == "expression" and not slot.component.label
            if slot.hidden or unnamed or slot.component.type == "button":
                continue
            row = slot.component.part("layout").get("row")
            if lines and row and lines[-1][0] == row:
                lines[-1][1].append(slot)
            else:
                lines.append((row, [slot]))
        return tuple(tuple(self.component(slot, scope, len(line)) for slot in line) for _, line in lines)

    def component(self, slot: Slot, scope: Mapping[str, Any], beside: int) -> ComponentView:
        """One component with everything around its value."""
        component = slot.component
        name = slot.name if component.steps else ""
        label = expressions.words(component.label_in(self.locale), scope, self.context, self.locale)
        own_id = html_id(name or component.id)
        if name:
            self.named[name] = (own_id, ": ".join([*self.around, label or name]))
        columns = as_decimal(component.part("layout").get("columns"))
        width = round(float(columns) * 12 / 16) if columns else 12 // max(beside, 1)
        common: dict[str, Any] = {
            "id": own_id,
            "name": name,
            "label": label,
            "description": self._words(component, "description", scope),
            "width": min(max(width, 1), 12),
            "fault": self.errors.get(name) or (slot.fault if component.type == "expression" else None),
            "required": slot.required,
        }
        return ComponentView(**(common | self._own(slot, scope)))

    def _own(self, slot: Slot, scope: Mapping[str, Any]) -> dict[str, Any]:
        kind = slot.component.type
        if kind == "group":
            return self._group(slot, scope)
        if kind == "dynamiclist":
            return self._list(slot, scope)
        if kind in {"text", "html"}:
            return {"kind": "html", "html": self._markup(slot.component, scope)}
        if kind == "table":
            return self._table(slot.component, scope)
        if kind == "image":
            return self._image(slot.component, scope)
        if kind == "expression" or slot.readonly or slot.disabled:
            return self._static(slot)
        return self._control(slot) if slot.component.is_input else {"kind": kind}

    def _words(self, component: Component, name: str, scope: Mapping[str, Any]) -> str:
        return expressions.words(component.words(name, self.locale), scope, self.context, self.locale)

    # -- containers --------------------------------------------------------------------------------------------------

    def _group(self, slot: Slot, scope: Mapping[str, Any]) -> dict[str, Any]:
        outline = slot.component.source.get("showOutline") is True
        return {"kind": "group", "outline": outline, "lines": self.lines(slot.children, scope)}

    def _list(self, slot: Slot, scope: Mapping[str, Any]) -> dict[str, Any]:
        free = adds_rows(slot.component)
        rows = tuple(self._row(slot, row, scope) for row in slot.rows)
        return {"kind": "list", "adds": free and len(rows) < MAX_ROWS, "removes": free, "rows": rows}

    def _row(self, slot: Slot, row: Row, scope: Mapping[str, Any]) -> RowView:
        number = int(row.path[-1]) + 1
        self.around.append(f"{slot.component.label_in(self.locale)}, {number}")
        lines = self.lines(row.slots, self.filling.row_scope(row, scope))
        self.around.pop()
        return RowView(number, f"{slot.name}[{number - 1}]", "" if row.of is None else str(row.of), lines)

    # -- things to look at -------------------------------------------------------------------------------------------

    def _markup(self, component: Component, scope: Mapping[str, Any]) -> str:
        name = "text" if component.type == "text" else "content"
        source = component.words(name, self.locale)
        if expressions.is_feel(source):
            source = expressions.words(source, scope, self.context, self.locale)
        values: list[str] = []
        filled = expressions.fill(source, scope, self.context, values, self.locale)
        safe = markup.markdown(filled) if component.type == "text" else markup.sanitise(filled)
        return expressions.unmark(safe, values, lambda value: escape(value).replace("\n", "<br>"))

    def _table(self, component: Component, scope: Mapping[str, Any]) -> dict[str, Any]:
        rows = self._feel(component.source.get("dataSource"), scope)
        columns = component.source.get("columns")
        if component.source.get("columnsExpression"):
            columns = self._feel(component.source["columnsExpression"], scope)
        named = [column for column in columns if isinstance(column, Mapping)] if isinstance(columns, list) else []
        labels = (column.get(f"label_{self.locale}") or column.get("label") or column.get("key") for column in named)
        body = (
            tuple(self._cell(row, str(column.get("key") or "")) for column in named)
            for row in (rows[:MAX_TABLE] if isinstance(rows, list) else [])
        )
        return {"kind": "table", "columns": tuple(str(label or "") for label in labels), "table": tuple(body)}

    def _cell(self, row: Any, key: str) -> str:
        found = dig(row, tuple(key.split(".")))
        return "" if found is MISSING else shown(found, self.locale, zone=self.filling.zone)

    def _feel(self, source: Any, scope: Mapping[str, Any]) -> Any:
        try:
            return feel.compile(str(source or "null").removeprefix("=")).evaluate(scope, self.context)
        except feel.FeelError:
            return None

    def _image(self, component: Component, scope: Mapping[str, Any]) -> dict[str, Any]:
        source = expressions.words(str(component.source.get("source") or ""), scope, self.context, self.locale)
        alt = self._words(component, "alt", scope)
        return {"kind": "image", "value": source if _IMAGE.fullmatch(source) else "", "label": alt}

    # -- values ------------------------------------------------------------------------------------------------------

    def _static(self, slot: Slot) -> dict[str, Any]:
        labels = {option.key: option.label for option in slot.options}
        values = slot.value if isinstance(slot.value, list) else [slot.value]
        if labels:
            chosen = [value for value in values if value is not None]
            written = ", ".join(labels.get(option_key(value), shown(value, self.locale)) for value in chosen)
        else:
            written = shown(slot.value, self.locale, money=slot.component.is_money, zone=self.filling.zone)
        return {"kind": "static", "value": written, "required": False, **self._adorners(slot.component)}

    def _control(self, slot: Slot) -> dict[str, Any]:
        kind = slot.component.type
        if kind in TEXTS:
            return self._text(slot)
        if kind == "number":
            return self._number(slot)
        if kind in MOMENTS:
            return self._moment(slot)
        if kind == "checkbox":
            return {"kind": "checkbox", "choices": (ChoiceView("true", "", slot.value is True),)}
        if kind == "filepicker":
            held = slot.value if isinstance(slot.value, list) else []
            source = slot.component.source
            accept = source.get("accept")
            return {
                "kind": "files",
                "held": tuple(held),
                "accept": accept if isinstance(accept, str) and not accept.startswith("=") else "",
                "multiple": source.get("multiple") is True,
            }
        chosen = {option_key(value) for value in (slot.value if isinstance(slot.value, list) else [slot.value])}
        choices = tuple(ChoiceView(option.key, option.label, option.key in chosen) for option in slot.options)
        drawn = "select" if kind == "select" else "choices"
        control = "checkbox" if kind in SOME_OF else "radio"
        return {"kind": drawn, "control": control, "choices": choices, "abreast": _are_short(choices)}

    def _text(self, slot: Slot) -> dict[str, Any]:
        limit = MAX_LINE if slot.component.type == "textfield" else MAX_TEXT
        longest = as_decimal(slot.component.part("validate").get("maxLength"))
        kind = slot.component.part("validate").get("validationType")
        return {
            "kind": "textarea" if slot.component.type == "textarea" else "input",
            "value": self._typed(slot, "" if slot.value is None else str(slot.value)),
            "longest": min(int(longest), limit) if longest and longest > 0 else limit,
            "control": {"email": "email", "phone": "tel"}.get(str(kind), "text"),
            "autocomplete": "off",
            **self._adorners(slot.component),
        }

    def _number(self, slot: Slot) -> dict[str, Any]:
        money = slot.component.is_money
        known = isinstance(slot.value, Decimal)
        written = expressions.number(slot.value, self.locale, money=money and _is_whole(slot.value, 2)) if known else ""
        return {
            "kind": "input",
            "value": self._typed(slot, written),
            "inputmode": "numeric" if digits_of(slot.component) == 0 else "decimal",
            "autocomplete": "off",
            "money": money,
            "longest": 40,
            **self._adorners(slot.component),
        }

    def _moment(self, slot: Slot) -> dict[str, Any]:
        typed = self._typed(slot, "")
        earliest = ""
        if slot.component.source.get("disallowPassedDates") is True:
            today = self.context.now.astimezone(self.context.zone).date().isoformat()
            earliest = {"date": today, "datetime": f"{today}T00:00"}.get(slot.component.subtype, "")
        return {
            "kind": "input",
            "control": "text" if typed else CONTROLS[slot.component.subtype],  # a wrong date stays to be seen
            "value": typed or _for_control(slot.value, self.filling.zone),
            "lowest": earliest,
        }

    def _typed(self, slot: Slot, otherwise: str) -> str:
        """What could not be read is shown again as it was typed."""
        return slot.raw if slot.fault is not None and isinstance(slot.raw, str) else otherwise

    def _adorners(self, component: Component) -> dict[str, Any]:
        appearance = component.part("appearance")
        suffix = str(appearance.get("suffixAdorner") or ("₽" if component.is_money else ""))
        return {"prefix": str(appearance.get("prefixAdorner") or ""), "suffix": suffix, "money": component.is_money}


def _are_short(choices: tuple[ChoiceView, ...]) -> bool:
    """A few short choices stand side by side: a rating of five is one line, not five."""
    lengths = [len(choice.label) for choice in choices]
    return len(lengths) <= 6 and sum(lengths) <= 80 and max(lengths, default=0) <= 24


def _is_whole(value: Decimal, digits: int) -> bool:
    return value == round(value, digits)


def _for_control(value: Any, zone: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(zone or UTC).strftime("%Y-%m-%dT%H:%M")
    if isinstance(value, time):
        return value.strftime("%H:%M")
    return value.isoformat() if isinstance(value, date) else ""

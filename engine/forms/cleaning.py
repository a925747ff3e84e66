"""The gate between what was sent and the variables: only the form's own fields pass, each as a value of its type."""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from engine import feel
from engine.errors import Invalid, Text, text
from engine.forms.filling import ROW_OF, Filling
from engine.forms.model import Component, Form, flat
from engine.forms.reading import FileOf

NO_FIELD = "The form has no field “{name}”. Reload the page and fill it in again."


def clean(
    form: Form,
    raw: Mapping[str, Any],
    variables: Mapping[str, Any],
    context: feel.Context,
    *,
    files: FileOf | None = None,
) -> dict[str, Any]:
    """The variables that a completed form brings. Raises Invalid with a sentence per field.

    A name that the form does not have, and a value for a computed field, are refused. Fields that conditions hide or
    disable are dropped; read-only ones keep the value the engine knows. Blank fields come back as None, empty ticks
    as False, empty choices as []; a hidden field that has no variable yet becomes None, so that later expressions know
    its name. ``files`` tells of a stored file (``id``, ``name``, ``size``) that this person may
    attach, None for any other. Local times are read in the time zone of the context.
    """
    if not isinstance(raw, Mapping):
        raise Invalid("The form has not arrived whole. Reload the page and fill it in again.")
    faults = dict(_strangers(form.components, raw, ""))
    filling = Filling(form, raw, variables, context, files)
    faults |= {name: fault for name, fault in filling.faults().items() if name not in faults}
    if faults:
        raise Invalid(_summary(faults), fields=faults)
    data = filling.data()
    return {name: None for name in form.names if name not in data and name not in variables} | data


def remaining_faults(
    form: Form,
    raw: Mapping[str, Any],
    variables: Mapping[str, Any],
    context: feel.Context,
    names: Iterable[str],
    files: FileOf | None = None,
) -> dict[str, Text]:
    """Which of the errors already shown (``_fault`` of the HTML form) still hold while the form is being corrected."""
    shown = set(names)
    if not shown:
        return {}
    faults = Filling(form, raw, variables, context, files).faults()
    return {name: fault for name, fault in faults.items() if name in shown}


def _summary(faults: Mapping[str, Text]) -> Text:
    if len(faults) == 1:
        return text("One field needs correction.")
    return text("{count} fields need correction.", count=len(faults))


def _strangers(components: tuple[Component, ...], raw: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Text]]:
    """Everything that was sent and is no field of the form."""
    tree = _tree(components)
    yield from _compare(tree, raw, prefix)


def _tree(components: tuple[Component, ...]) -> dict[str, Any]:
    """The names of one level; dotted keys give nested dicts, components stand at the leaves."""
    tree: dict[str, Any] = {}
    for component in flat(components):
        at = tree
        for step in component.steps[:-1]:
            inner = at.get(step)
            if not isinstance(inner, dict):
                inner = at[step] = _tree(inner.children) if isinstance(inner, Component) else {}
            at = inner
        if component.steps:
            at.setdefault(component.steps[-1], component)
    return tree


def _compare(tree: dict[str, Any], raw: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Text]]:
    for name, value in raw.items():
        place = f"{prefix}.{name}" if prefix else str(name)
        known = tree.get(str(name))
        if known is None:
            yield place[:200], text(NO_FIELD, name=place[:80])
        elif isinstance(known, dict):
            if isinstance(value, Mapping):
                yield from _compare(known, value, place)
            elif value not in (None, ""):
                yield place, text(NO_FIELD, name=place)
        else:
            yield from _compare_component(known, value, place)


def _compare_component(component: Component, value: Any, place: str) -> Iterator[tuple[str, Text]]:
    if component.type == "expression":
        yield place, text("“{label}” is computed and cannot be entered.", label=component.label or place)
    elif component.type == "group":
        if isinstance(value, Mapping):
            yield from _compare(_tree(component.children), value, place)
        elif value not in (None, ""):
            yield place, text("The form has not arrived whole. Reload the page and fill it in again.")
    elif component.type == "dynamiclist" and isinstance(value, list):
        tree = _tree(component.children)
        for at, row in enumerate(value):
            if isinstance(row, Mapping):
                own = {name: inner for name, inner in row.items() if name != ROW_OF}
                yield from _compare(tree, own, f"{place}[{at}]")

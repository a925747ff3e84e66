"""From an HTML form to the nested values that ``clean`` judges, and the buttons that change rows."""
from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Protocol

from engine.errors import Invalid
from engine.forms.filling import MAX_ROWS, ROW_OF, adds_rows
from engine.forms.model import SOME_OF, Component, Form, flat

MAX_NAMES = 4_000
MAX_NAME = 200
ACTION = "_action"
NOT_OURS = frozenset({"csrf_token"})
_STEP = re.compile(r"([^.\[\]]+)|\[(\d{1,4})\]")
_NAME = re.compile(r"[^.\[\]]+(\[\d{1,4}\]|\.[^.\[\]]+)*")
Steps = tuple[str | int, ...]


class MultiDict(Protocol):
    """What a web framework gives: names with one or several values (werkzeug's MultiDict, Django's QueryDict)."""

    def getlist(self, key: str, /) -> list[Any]:
        """All values of a name."""
        ...

    def __iter__(self) -> Iterator[str]: ...


def parse(
    form: Form, data: MultiDict | Mapping[str, Any], files: Mapping[str, Sequence[Any]] | None = None
) -> dict[str, Any]:
    """Nested raw values from an HTML form: strings, lists of strings, rows.

    ``files``: by field name the ids (or ``{"id", "name", "size"}``) of files just stored. Names with a leading
    underscore and the CSRF token are not the form's. Unknown names stay in, for ``clean`` to refuse. The buttons
    ``_action=add:items`` and ``_action=remove:items[1]`` are carried out. Raises Invalid for what no browser sends.
    """
    tree: dict[str, Any] = {}
    names = [name for name in data if not name.startswith("_") and name not in NOT_OURS]
    if len(names) > MAX_NAMES or any(len(name) > MAX_NAME for name in names):
        raise Invalid("The form has too many fields. Remove some rows.")
    for name in sorted(names, key=lambda name: name.count("[") + name.count(".")):
        _set(tree, steps_of(name), _values(data, name))
    _shape(form.components, tree)
    for name, stored in (files or {}).items():
        _attach(form, tree, name, list(stored))
    _press(form, tree, action(data))
    return tree


def action(data: MultiDict | Mapping[str, Any]) -> str:
    """Which button was pressed: the value of ``_action``, empty when none."""
    found = _values(data, ACTION) if ACTION in set(data) else []
    return str(found[-1]) if found else ""


def asks_refresh(data: MultiDict | Mapping[str, Any]) -> bool:
    """The button only changes the form (adds or removes a row, recomputes); nothing is to be completed or saved."""
    return action(data).partition(":")[0] in {"add", "remove", "refresh"}


def steps_of(name: str) -> Steps:
    """``items[0].qty`` -> ``("items", 0, "qty")``. A strange name is one step, which no form has."""
    if not _NAME.fullmatch(name):
        return (name,)
    return tuple(int(found[2]) if found[2] else found[1] for found in _STEP.finditer(name))


def _values(data: MultiDict | Mapping[str, Any], name: str) -> list[Any]:
    if isinstance(data, Mapping) and not hasattr(data, "getlist"):
        found = data[name]
        return list(found) if isinstance(found, (list, tuple)) else [found]
    return list(data.getlist(name))


def _set(tree: dict[str, Any], steps: Steps, values: list[Any]) -> None:
    """Lists are kept as dicts of indices until ``_shape``, since rows may arrive in any order and with gaps."""
    at: dict[Any, Any] = tree
    for step in steps[:-1]:
        inner = at.get(step)
        if not isinstance(inner, dict):
            inner = at[step] = {}
        at = inner
    at.setdefault(steps[-1], values)


def _shape(components: tuple[Component, ...], tree: Any) -> None:
    """Give each known field its shape: one string, several, or rows in order. Strangers become plain strings."""
    if not isinstance(tree, dict):
        return
    known = {component.steps[0] for component in flat(components) if component.steps}
    for name in set(tree) - known:
        tree[name] = _plain(tree[name])
    for component in flat(components):
        if component.steps:
            _shape_one(component, tree)


def _shape_one(component: Component, tree: dict[str, Any]) -> None:
    for step in component.steps[:-1]:
        tree = tree.get(step)  # type: ignore[assignment]  # a step that leads nowhere ends the loop
        if not isinstance(tree, dict):
            return
    last = component.steps[-1]
    if last not in tree:
        return
    found = tree[last]
    if component.type == "group":
        _shape(component.children, found)
    elif component.type == "dynamiclist":
        tree[last] = _shape_rows(component, found)
    elif isinstance(found, list):
        several = component.type in SOME_OF or component.type == "filepicker"
        tree[last] = [value for value in found if value != ""] if several else found[-1]
    else:
        tree[last] = _plain(found)


def _shape_rows(component: Component, found: Any) -> Any:
    if isinstance(found, list):  # the mark of a list without rows
        return [] if found in ([""], []) else found[-1]
    rows = [found[index] for index in sorted(index for index in found if isinstance(index, int))]
    if len(rows) != len(found):
        return _plain(found)
    for row in rows:
        _shape(component.children, row)
    return rows


def _plain(found: Any) -> Any:
    if isinstance(found, dict):
        return {str(key): _plain(value) for key, value in found.items()}
    return found[-1] if isinstance(found, list) and found else found


def _attach(form: Form, tree: dict[str, Any], name: str, stored: list[Any]) -> None:
    """New files beside those kept; a control for one file lets the new one replace the old."""
    place = find(form, steps_of(name))
    at: Any = tree
    steps = steps_of(name)
    for step, after in pairwise(steps):
        if isinstance(at, list):
            at = at[step] if isinstance(step, int) and step < len(at) else None
        elif isinstance(at, dict):
            at = at.setdefault(step, [] if isinstance(after, int) else {})
    if not isinstance(at, dict) or not stored:
        return
    held = at.get(steps[-1])
    keeps = isinstance(held, list) and place is not None and place.source.get("multiple") is True
    at[steps[-1]] = [*held, *stored] if keeps and isinstance(held, list) else stored


def find(form: Form, steps: Steps) -> Component | None:
    """The component that stands at a place of the filled form, or None."""
    return _find(form.components, tuple(step for step in steps if isinstance(step, str)))


def _find(components: tuple[Component, ...], names: tuple[str, ...]) -> Component | None:
    for component in flat(components):
        length = len(component.steps)
        if length and names[:length] == component.steps:
            return component if len(names) == length else _find(component.children, names[length:])
    return None


def _press(form: Form, tree: dict[str, Any], pressed: str) -> None:
    word, _, name = pressed.partition(":")
    steps = steps_of(name)
    if word not in {"add", "remove"} or not name or (word == "remove" and not isinstance(steps[-1], int)):
        return
    path = steps if word == "add" else steps[:-1]
    component = find(form, path)
    if component is None or component.type != "dynamiclist" or not adds_rows(component):
        return
    at: Any = tree
    for step in path[:-1]:
        at = at[step] if isinstance(at, list) and isinstance(step, int) and step < len(at) else (
            at.setdefault(step, {}) if isinstance(at, dict) else None
        )
    if not isinstance(at, dict) or not isinstance(path[-1], str):
        return
    held = at.get(path[-1])
    rows: list[Any] = held if isinstance(held, list) else []
    at[path[-1]] = rows
    if word == "add" and len(rows) < MAX_ROWS:
        rows.append({ROW_OF: ""})
    elif word == "remove" and isinstance(steps[-1], int) and steps[-1] < len(rows):
        del rows[steps[-1]]

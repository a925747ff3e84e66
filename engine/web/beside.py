"""What stands in a form, told field by field, so that two fillings can stand side by side: rounds, windows, people."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.forms import ComponentView, FormView
from engine.models import UserTask
from engine.web.filled import Filled
from engine.web.i18n import gettext

MOST_ROUNDS = 3
SILENT = {"static", "html", "table", "image", "separator", "spacer"}  # computed or only shown: nobody typed it


@dataclass(frozen=True)
class Difference:
    """One field that differs. ``key``: the form's own name of it; ``mine``/``theirs``: as a reader sees it."""

    key: str
    label: str
    mine: str
    theirs: str


@dataclass(frozen=True)
class Row:
    """One field through the rounds; the last cell is what stands in the form now. ``changed``: it differs."""

    label: str
    cells: tuple[str, ...]
    changed: bool


@dataclass(frozen=True)
class Rounds:
    """Earlier passes of one step beside the present one."""

    earlier: Sequence[UserTask]
    rows: Sequence[Row]


def told(view: FormView) -> dict[str, tuple[str, str]]:
    """Label and value of every field by its key; fields of a group or a list are told as one."""
    found: dict[str, tuple[str, list[str]]] = {}
    for component, label in _fields(view.lines):
        key = re.split(r"[.\[]", component.name, maxsplit=1)[0]
        known = found.setdefault(key, (label, []))
        said = _said(component)
        if said:
            known[1].append(said)
    return {key: (label, "; ".join(parts)) for key, (label, parts) in found.items()}


def differences(mine: FormView, theirs: FormView) -> list[Difference]:
    """The fields in which two fillings of the same form differ, in the order of the form."""
    here, there = told(mine), told(theirs)
    found = []
    for key in dict.fromkeys((*here, *there)):
        own, other = here.get(key, ("", "")), there.get(key, ("", ""))
        if own[1] != other[1]:
            found.append(Difference(key, own[0] or other[0] or key, own[1], other[1]))
    return found


def rounds(task: UserTask, earlier: Sequence[UserTask], view: FormView) -> Rounds | None:
    """What was filled in in the passes before, oldest first, beside what stands in the form now."""
    passed = [one for one in reversed(earlier[:MOST_ROUNDS]) if one.form_key == task.form_key]
    if task.rank is None or not passed or not view.lines:
        return None
    columns = [told(Filled(one).view(None)) for one in passed] + [told(view)]
    rows = []
    for key in dict.fromkeys(key for column in columns for key in column):
        label = next(column[key][0] for column in columns if key in column)
        cells = tuple(column.get(key, ("", ""))[1] for column in columns)
        if any(cells):
            rows.append(Row(label or key, cells, cells[-1] != cells[-2]))
    return Rounds(passed, rows) if rows else None


def merged(mine: Mapping[str, Any], theirs: Mapping[str, Any], taken: Sequence[str]) -> dict[str, Any]:
    """One's own input with the chosen fields of the other."""
    found = dict(mine)
    for key in taken:
        if key in theirs:
            found[key] = theirs[key]
        else:
            found.pop(key, None)
    return found


def _fields(lines: Sequence[Sequence[ComponentView]]) -> Iterator[tuple[ComponentView, str]]:
    for line in lines:
        for component in line:
            if component.kind == "group":
                yield from _fields(component.lines)
            elif component.kind not in SILENT:
                yield component, component.label


def _said(component: ComponentView) -> str:
    if component.kind == "list":
        rows = [", ".join(filter(None, (_said(inner) for inner, _ in _fields(row.lines)))) for row in component.rows]
        return "; ".join(f"{number}) {row}" for number, row in enumerate(rows, 1) if row)
    if component.kind == "checkbox":
        return gettext("yes") if component.choices and component.choices[0].chosen else gettext("no")
    if component.kind == "files":
        return ", ".join(str(file["name"]) for file in component.held)
    if component.choices:
        return ", ".join(choice.label for choice in component.choices if choice.chosen)
    return f"{component.value} {component.suffix}".strip() if component.value else ""


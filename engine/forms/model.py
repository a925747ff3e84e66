"""A form as the form-js editor wrote it: read once, never changed, shared by threads."""
from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from engine.errors import Fault, Refused, text

MAX_BYTES = 512 * 1024
MAX_COMPONENTS = 300
MAX_DEPTH = 6

TEXTS = frozenset({"textfield", "textarea"})
MOMENTS = frozenset({"datetime", "date", "time"})
ONE_OF = frozenset({"select", "radio"})
SOME_OF = frozenset({"checklist", "taglist"})
INPUTS = TEXTS | MOMENTS | ONE_OF | SOME_OF | {"number", "checkbox", "filepicker"}
CONTAINERS = frozenset({"group", "dynamiclist"})
SHOWN = frozenset({"text", "html", "table", "image", "separator", "spacer", "button"})
KNOWN_TYPES = INPUTS | CONTAINERS | SHOWN | {"expression"}


@dataclass(frozen=True)
class Component:
    """One box of the form. ``steps``: the names that lead to its value from its container; empty if it holds none."""

    type: str
    id: str
    steps: tuple[str, ...]
    children: tuple[Component, ...]
    source: Mapping[str, Any]

    def part(self, name: str) -> Mapping[str, Any]:
        """A sub-object of the definition (``validate``, ``properties`` …), empty when absent."""
        found = self.source.get(name)
        return found if isinstance(found, Mapping) else {}

    def words(self, name: str, locale: str = "ru") -> str:
        """A text of the definition in the reader's language: ``label`` or ``properties.label_en``."""
        translated = self.part("properties").get(f"{name}_{locale}")
        return str(translated or self.source.get(name) or "")

    @property
    def label(self) -> str:
        """The Russian label; a date or time field keeps it under a name of its own."""
        return self.label_in("ru")

    def label_in(self, locale: str) -> str:
        """The label in a language, falling back to Russian."""
        own = self.words("label", locale)
        return own or self.words("timeLabel" if self.subtype == "time" else "dateLabel", locale)

    @property
    def subtype(self) -> str:
        """``date``, ``time`` or ``datetime`` for the date fields, otherwise empty."""
        if self.type not in MOMENTS:
            return ""
        return self.type if self.type != "datetime" else str(self.source.get("subtype") or "date")

    @property
    def is_money(self) -> bool:
        """Money: two digits after the comma, right-aligned, with the rouble sign."""
        return self.type in {"number", "expression"} and is_yes(self.part("properties").get("money"))

    @property
    def is_input(self) -> bool:
        """People put a value in."""
        return self.type in INPUTS

    @property
    def holds_value(self) -> bool:
        """Brings a variable: an input or a computed value."""
        return self.is_input or self.type == "expression"

    @cached_property
    def condition(self) -> str | None:
        """FEEL under which the component is hidden."""
        found = self.part("conditional").get("hide")
        return str(found) if found not in (None, "", False) else None

    @cached_property
    def is_fixed(self) -> bool:
        """Nothing about it depends on what is filled in elsewhere: looked at once, it stays as it is."""
        if self.condition is not None or self.type == "expression":
            return False
        if self.source.get("valuesExpression") or self.source.get("valuesKey"):
            return False
        locks = (self.source.get("readonly"), self.source.get("disabled"))
        return not any(locks) and not isinstance(self.part("validate").get("required"), str)


@dataclass(frozen=True)
class Form:
    """A whole form. ``names``: the variables it may bring."""

    id: str
    components: tuple[Component, ...]

    @cached_property
    def names(self) -> frozenset[str]:
        """Top-level names of variables that a completed form sets."""
        return frozenset(component.steps[0] for component in flat(self.components) if component.steps)

    def walk(self) -> Iterator[Component]:
        """Every component, containers before their content."""
        return _walk(self.components)

    @cached_property
    def is_dynamic(self) -> bool:
        """Something in it depends on what is typed: the page may be refreshed while it is being filled in."""
        return any(_depends(component) for component in self.walk())

    @cached_property
    def has_rows(self) -> bool:
        """There are lists, with buttons that add and remove rows."""
        return any(component.type == "dynamiclist" for component in self.walk())

    @cached_property
    def has_files(self) -> bool:
        """The HTML form must be sent as multipart."""
        return any(component.type == "filepicker" for component in self.walk())


def read(content: bytes) -> Form:
    """The form in a ``.form`` file. Raises Refused when it is not one; ``check`` finds the finer faults."""
    source = load(content)
    components = source.get("components")
    if not isinstance(components, list):
        raise _refusal("form-without-components", "The file has no list of components.", None)
    counter = [0]
    return Form(str(source.get("id") or ""), _components(components, counter, 1))


def load(content: bytes) -> dict[str, Any]:
    """The JSON object of a ``.form`` file. Raises Refused with the place of the error."""
    if len(content) > MAX_BYTES:
        raise _refusal("form-too-large", "The file is larger than {limit} KB.", None, limit=MAX_BYTES // 1024)
    try:
        source = json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise _refusal("form-broken-json", "The file is not UTF-8 text.", None) from None
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", 1)
        raise _refusal("form-broken-json", "The file is not valid JSON (line {line}).", None, line=line) from None
    if not isinstance(source, dict):
        raise _refusal("form-broken-json", "The file is not a form-js form.", None)
    return source


def is_yes(value: Any) -> bool:
    """The editor keeps custom properties as text: "true" is true."""
    return value is True or (isinstance(value, str) and value.strip().lower() in {"true", "yes", "1", "rub"})


def _components(items: list[Any], counter: list[int], depth: int) -> tuple[Component, ...]:
    if depth > MAX_DEPTH:
        raise _refusal("form-too-deep", "Groups stand more than {limit} levels deep.", None, limit=MAX_DEPTH)
    return tuple(_component(item, counter, depth) for item in items)


def _component(item: Any, counter: list[int], depth: int) -> Component:
    counter[0] += 1
    if counter[0] > MAX_COMPONENTS:
        raise _refusal("form-too-large", "The form has more than {limit} components.", None, limit=MAX_COMPONENTS)
    if not isinstance(item, dict) or not isinstance(item.get("type"), str):
        raise _refusal("form-component-unknown", "A component has no type.", None)
    kind = item["type"]
    if kind not in KNOWN_TYPES:
        raise _refusal(
            "form-component-unknown",
            "The component type “{type}” is not supported.",
            str(item.get("id") or item.get("key") or ""),
            type=kind,
        )
    name = item.get("path") if kind in CONTAINERS else item.get("key")
    holds = kind in CONTAINERS or kind in INPUTS or kind == "expression"
    steps = tuple(str(name).split(".")) if holds and name else ()
    inner = item.get("components") if kind in CONTAINERS else None
    children = _components(inner, counter, depth + 1) if isinstance(inner, list) else ()
    return Component(kind, str(item.get("id") or name or f"component{counter[0]}"), steps, children, item)


def flat(components: tuple[Component, ...]) -> Iterator[Component]:
    """The components of one level of values: a group without a path is only a frame around its content."""
    for component in components:
        if component.type == "group" and not component.steps:
            yield from flat(component.children)
        else:
            yield component


def _walk(components: tuple[Component, ...]) -> Iterator[Component]:
    for component in components:
        yield component
        yield from _walk(component.children)


def _depends(component: Component) -> bool:
    places = (
        component.condition,
        component.source.get("readonly"),
        component.source.get("valuesExpression"),
        component.source.get("dataSource") if component.type == "table" else None,
        *component.part("validate").values(),
    )
    if component.type in {"text", "html"}:
        return "{{" in str(component.source.get("text") or component.source.get("content") or "")
    return component.type == "expression" or any(isinstance(at, str) and at.startswith("=") for at in places)


def _refusal(code: str, reason: str, place: str | None, **values: Any) -> Refused:
    remedy = text("Open the form in the form editor, correct it and save it again.")
    sentence = text(reason, **values)
    return Refused(sentence, (Fault(code, "", place, sentence, remedy),))

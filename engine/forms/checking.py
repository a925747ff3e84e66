"""The gate for form files: everything that would surprise an employee is found before publication."""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from engine import feel
from engine.errors import Fault, Refused, text
from engine.feel import patterns
from engine.forms.expressions import is_feel, places
from engine.forms.model import ONE_OF, SOME_OF, TEXTS, Component, Form, flat, read

LONGEST_TEXT = 20_000
FACTS = frozenset({"deal", "client", "contact", "company", "initiator", "complaint", "survey", "choices", "product",
                   "campaign"})
UNLABELLED = frozenset({"separator", "spacer", "text", "html", "image", "group", "button"})


def check(content: bytes, file: str) -> tuple[Fault, ...]:
    """Every fault of a ``.form`` file. Severity ``error`` stops publication."""
    try:
        form = read(content)
    except Refused as refusal:
        return tuple(
            Fault(fault.code, file, fault.element_id, fault.reason, fault.remedy, fault.severity)
            for fault in refusal.faults
        )
    return tuple(_faults(form, file))


def _faults(form: Form, file: str) -> Iterator[Fault]:
    def fault(code: str, component: Component, reason: Any, remedy: Any, severity: str = "error") -> Fault:
        return Fault(code, file, component.id, reason, remedy, severity)

    yield from _duplicates(form.components, fault)
    for component in form.walk():
        yield from _naming(component, fault)
        yield from _feel(component, fault)
        yield from _choices(component, fault)
        yield from _pattern(component, fault)
        yield from _length(component, fault)
    for component in flat(form.components):
        if component.steps and component.steps[0] in FACTS:
            yield fault(
                "form-reserved-name",
                component,
                text("The name “{name}” belongs to the facts of the case.", name=component.steps[0]),
                text("Give the field another key, for example “{name}_new”.", name=component.steps[0]),
            )


def _duplicates(components: tuple[Component, ...], fault: Any) -> Iterator[Fault]:
    """Two fields of one name overwrite each other; so do a field and a group around it."""
    here = [component for component in flat(components) if component.steps]
    paths = Counter(component.steps for component in here)
    seen = set()
    for component in here:
        doubled = paths[component.steps] > 1 and component.steps in seen
        seen.add(component.steps)
        within = any(component.steps[:length] in paths for length in range(1, len(component.steps)))
        if doubled or within:
            yield fault(
                "form-duplicate-key",
                component,
                text("Two fields bring the same value “{name}”.", name=".".join(component.steps)),
                text("Give one of them another key."),
            )
        if component.children:
            yield from _duplicates(component.children, fault)


def _naming(component: Component, fault: Any) -> Iterator[Fault]:
    needs_key = component.holds_value or component.type == "dynamiclist"
    if needs_key and not component.steps:
        yield fault(
            "form-missing-key",
            component,
            text("The field “{label}” has no key, its value would be lost.", label=component.label or component.id),
            text("Give it a key in the properties panel."),
        )
    if any(not step.isidentifier() or step.startswith("_") for step in component.steps):
        yield fault(
            "form-bad-key",
            component,
            text("The key “{name}” cannot be used in expressions.", name=".".join(component.steps)),
            text("Use letters, digits and underscores; begin with a letter."),
        )
    computed_quietly = component.type == "expression"
    if component.type not in UNLABELLED and not component.label.strip() and not computed_quietly:
        yield fault(
            "form-missing-label",
            component,
            text("The component “{id}” has no label.", id=component.id),
            text("Give it a label: people who do not see the screen know a field only by it."),
        )
    if component.type == "image" and component.source.get("source") and not component.source.get("alt"):
        yield fault(
            "form-missing-label",
            component,
            text("The image “{id}” has no alternative text.", id=component.id),
            text("Describe the image in “Alternative text”."),
            "warning",
        )


def _feel(component: Component, fault: Any) -> Iterator[Fault]:
    for name, expression in expressions_of(component):
        try:
            feel.compile(expression)
        except feel.FeelError as error:
            yield fault(
                "form-broken-feel",
                component,
                text("“{name}” is not an expression: {reason}", name=name, reason=error.text),
                text("Correct the expression: {expression}", expression=expression[:200]),
            )


def expressions_of(component: Component) -> Iterator[tuple[str, str]]:
    """Every FEEL expression of one component (without ``=``), with the name of the property that holds it."""
    source = component.source
    if component.condition:
        yield "conditional.hide", component.condition.removeprefix("=")
    always = {"expression": ("expression",), "table": ("dataSource", "columnsExpression")}.get(component.type, ())
    for name in (*always, "valuesExpression"):
        if isinstance(source.get(name), str) and source[name]:
            yield name, source[name].removeprefix("=")
    if component.type == "expression" and not source.get("expression"):
        yield "expression", ""
    for name in ("readonly", "disabled", "label", "dateLabel", "timeLabel", "description", "text", "content", "source"):
        if is_feel(source.get(name)) and name not in always:
            yield name, source[name][1:]
        elif isinstance(source.get(name), str):
            yield from ((name, inside) for inside in places(source[name]))
    for group in ("validate", "properties"):
        for name, value in component.part(group).items():
            if is_feel(value):
                yield f"{group}.{name}", value[1:]


def _choices(component: Component, fault: Any) -> Iterator[Fault]:
    if component.type not in ONE_OF | SOME_OF:
        return
    values = component.source.get("values")
    dynamic = component.source.get("valuesKey") or component.source.get("valuesExpression")
    if not dynamic and not (isinstance(values, list) and values):
        yield fault(
            "form-without-choices",
            component,
            text("“{label}” offers nothing to choose from.", label=component.label or component.id),
            text("Add values, or an expression that gives them."),
        )
    if isinstance(values, list):
        counted = Counter(str(item.get("value")) if isinstance(item, dict) else str(item) for item in values)
        doubled = [value for value, count in counted.items() if count > 1]
        if doubled:
            yield fault(
                "form-duplicate-choice",
                component,
                text("Two choices of “{label}” have the value “{value}”.", label=component.label, value=doubled[0]),
                text("Give each choice a value of its own."),
            )


def _length(component: Component, fault: Any) -> Iterator[Fault]:
    texts = [value for key, value in component.source.items() if isinstance(value, str) and key != "source"]
    if any(len(value) > LONGEST_TEXT for value in texts):
        yield fault(
            "form-too-large",
            component,
            text("A text of “{id}” is longer than {limit} characters.", id=component.id, limit=LONGEST_TEXT),
            text("Shorten it, or put it into a document that the form refers to."),
        )


def _pattern(component: Component, fault: Any) -> Iterator[Fault]:
    wanted = component.part("validate").get("pattern")
    if component.type not in TEXTS or not isinstance(wanted, str) or not wanted or is_feel(wanted):
        return
    try:
        patterns.pattern(wanted, None)
    except feel.FeelError as error:
        yield fault(
            "form-bad-pattern",
            component,
            text("The pattern of “{label}” cannot be used: {reason}", label=component.label, reason=error.text),
            text("Write a simpler pattern: no repeats within repeats, no back-references."),
        )



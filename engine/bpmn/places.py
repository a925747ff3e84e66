"""Every place of a drawing where FEEL may stand: found once, for the syntax rule and for the names it uses."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from engine.bpmn import dialect, xml
from engine.bpmn.drawing import Drawing, Node
from engine.bpmn.xml import Element, Z

MULTI, STANDARD = "multiInstanceLoopCharacteristics", "standardLoopCharacteristics"
_SETTINGS = (
    "assignee", "candidate_groups", "candidate_users", "due_date", "follow_up_date", "priority", "form_key", "action",
    "retries", "called_element", "decision",
)  # fmt: skip
_FEEL_PROPERTIES = ("title", "cpCode", "cpDue", "cpOwner", "cpReminder")


@dataclass(frozen=True)
class Place:
    """One FEEL text (without its ``=``). ``node``: the element in whose scope it is evaluated, None for a flow or a
    process property; ``element_id``: what to show the designer."""

    element_id: str
    node: Node | None
    text: str


def places(drawing: Drawing) -> Iterator[Place]:
    """All FEEL texts of the executable processes."""
    for process in drawing.processes:
        yield from _feel(process.id, None, dialect.properties(process.element).get("title"))
    for flow in drawing.flows:
        yield from _feel(flow.id, None, flow.condition)
    for node in drawing.nodes:
        for value in _texts(node, drawing):
            yield from _feel(node.id, node, value)


def _feel(element_id: str, node: Node | None, value: str | None) -> Iterator[Place]:
    if value is not None and dialect.is_feel(value):
        yield Place(element_id, node, value.strip()[1:])


def _texts(node: Node, drawing: Drawing) -> Iterator[str | None]:
    found = node.settings
    for name in _SETTINGS:
        yield getattr(found, name)
    yield from (source for _, source in (*found.inputs, *found.outputs))
    yield from found.headers.values()
    yield from (found.properties.get(name) for name in _FEEL_PROPERTIES)
    yield dialect.script(node.element)
    yield from _loop(node.element)
    for kind, definition in node.definitions:
        if kind in ("timer", "conditional"):
            yield from (xml.content_of(item) for item in definition if xml.is_bpmn(item))
    yield from _correlation(node, drawing)


def _loop(element: Element) -> Iterator[str | None]:
    for marker in (*xml.children(element, MULTI), *xml.children(element, STANDARD)):
        for tag in ("loopCardinality", "completionCondition", "loopCondition"):
            yield xml.content_of(xml.child(marker, tag))
        source = xml.extension(marker, Z + "loopCharacteristics")
        if source is not None:
            yield source.get("inputCollection")
            yield source.get("outputElement")


def _correlation(node: Node, drawing: Drawing) -> Iterator[str | None]:
    yield dialect.correlation_key(node.element)
    references = [node.element.get("messageRef")]
    references += [definition.get("messageRef") for kind, definition in node.definitions if kind == "message"]
    for reference in references:
        if reference in drawing.declared:
            yield dialect.correlation_key(drawing.declared[reference])

"""Repetition: multi-instance and standard loops that can be carried out."""
from __future__ import annotations

from engine.bpmn import dialect, xml
from engine.bpmn.drawing import ACTIVITIES, Drawing, Node
from engine.bpmn.lint.rules import Findings, label, rule
from engine.bpmn.places import MULTI, STANDARD
from engine.bpmn.xml import Element, Z
from engine.errors import text


def multi_instance(node: Node) -> Element | None:
    """The marker of a multi-instance activity."""
    return xml.child(node.element, MULTI)


def collection(marker: Element) -> Element | None:
    """``zeebe:loopCharacteristics`` of a marker."""
    return xml.extension(marker, Z + "loopCharacteristics")


@rule("multi-instance-collection-missing", "Write the collection to go through, e.g. =lines")
def collection_missing(drawing: Drawing) -> Findings:
    """How many times is it to be done?"""
    for node in drawing.nodes:
        marker = multi_instance(node)
        if marker is None:
            continue
        source = collection(marker)
        counted = xml.content_of(xml.child(marker, "loopCardinality"))
        if not counted and (source is None or not source.get("inputCollection")):
            yield node.id, text("«{name}» is repeated, but it is not said over which collection", name=label(node))


@rule("multi-instance-collection-literal", "Begin the collection with =, e.g. =lines")
def collection_literal(drawing: Drawing) -> Findings:
    """A text is no list."""
    for node in drawing.nodes:
        marker = multi_instance(node)
        source = None if marker is None else collection(marker)
        value = None if source is None else source.get("inputCollection")
        if value and not dialect.is_feel(value):
            yield node.id, text("The collection «{value}» of «{name}» is no expression", value=value, name=label(node))


@rule("multi-instance-place", "Put the activity into a sub-process and repeat that")
def multi_instance_place(drawing: Drawing) -> Findings:
    """Event sub-processes and events are not repeated; nothing is repeated in two ways."""
    for node in drawing.nodes:
        markers = [name for name in (MULTI, STANDARD) if xml.child(node.element, name) is not None]
        if markers and (node.kind not in ACTIVITIES or node.is_event_subprocess):
            yield node.id, text("«{name}» cannot be repeated", name=label(node))
        elif len(markers) > 1:
            yield node.id, text("«{name}» is repeated in two ways at once", name=label(node))


@rule("multi-instance-behavior", "Delete the behaviour and draw the events inside")
def multi_instance_behavior(drawing: Drawing) -> Findings:
    """Events thrown by the completion of single instances would be ignored."""
    for node in drawing.nodes:
        marker = multi_instance(node)
        if marker is not None and marker.get("behavior", "All") != "All":
            yield node.id, text("«{name}» asks for events when single repetitions end", name=label(node))


@rule("multi-instance-output", "Name both the output collection and the output element, e.g. results and =result")
def multi_instance_output(drawing: Drawing) -> Findings:
    """Half of the output is said."""
    for node in drawing.nodes:
        marker = multi_instance(node)
        source = None if marker is None else collection(marker)
        if source is not None and bool(source.get("outputCollection")) != bool(source.get("outputElement")):
            yield node.id, text("The output of «{name}» is said by half", name=label(node))


@rule("cardinality-wrong", "Write a whole number or =FEEL")
def cardinality_wrong(drawing: Drawing) -> Findings:
    """A number of repetitions."""
    for node in drawing.nodes:
        marker = multi_instance(node)
        value = None if marker is None else xml.content_of(xml.child(marker, "loopCardinality"))
        if value and not dialect.is_feel(value) and not value.isdigit():
            yield node.id, text("«{name}» is to be done «{value}» times", name=label(node), value=value)


@rule("completion-condition-not-feel", "Begin the condition with = and write it in FEEL")
def completion_condition_not_feel(drawing: Drawing) -> Findings:
    """Conditions of loops are expressions."""
    for node in drawing.nodes:
        for marker, tag in ((MULTI, "completionCondition"), (STANDARD, "loopCondition")):
            found = xml.child(node.element, marker)
            value = None if found is None else xml.content_of(xml.child(found, tag))
            if value and not dialect.is_feel(value):
                yield node.id, text("The condition «{value}» of «{name}» is no expression", value=value[:60],
                                    name=label(node))  # fmt: skip


@rule("loop-maximum-missing", "Write the maximum number of repetitions in the properties of the loop")
def loop_maximum_missing(drawing: Drawing) -> Findings:
    """A loop without a maximum may never end."""
    for node in drawing.nodes:
        marker = xml.child(node.element, STANDARD)
        maximum = "1" if marker is None else marker.get("loopMaximum") or ""
        if not maximum.isdigit() or int(maximum) < 1:
            yield node.id, text("The loop of «{name}» has no maximum", name=label(node))


@rule("loop-condition-missing", "Write the condition under which the loop goes on", "warning")
def loop_condition_missing(drawing: Drawing) -> Findings:
    """Without a condition a loop is always done as often as its maximum says."""
    for node in drawing.nodes:
        marker = xml.child(node.element, STANDARD)
        if marker is not None and not xml.content_of(xml.child(marker, "loopCondition")):
            yield node.id, text("The loop of «{name}» has no condition", name=label(node))

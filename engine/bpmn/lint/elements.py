"""Kinds of elements that are refused or only drawn."""
from __future__ import annotations

from engine.bpmn import xml
from engine.bpmn.drawing import ACTIVITIES, Drawing
from engine.bpmn.lint.rules import Findings, label, rule
from engine.errors import text

_KNOWN = (
    xml.FLOW_NODES
    | xml.DRAWN_DATA
    | {
        "sequenceFlow", "laneSet", "extensionElements", "documentation", "incoming", "outgoing", "textAnnotation",
        "association", "group", "ioSpecification", "multiInstanceLoopCharacteristics", "standardLoopCharacteristics",
        "auditing", "monitoring", "category", "completionCondition", "supports", "correlationSubscription",
    }
)  # fmt: skip


@rule("element-unknown", "Delete it or draw it with tasks, events and gateways")
def element_unknown(drawing: Drawing) -> Findings:
    """Things of BPMN that belong to choreographies, conversations or nowhere."""
    for scope in drawing.scopes:
        for item in scope.element:
            tag = xml.local(item)
            owned = tag.endswith((xml.EVENT_DEFINITION, "Role", "Owner", "Performer")) or tag == "performer"
            if xml.is_bpmn(item) and tag not in _KNOWN and not owned:
                yield item.get("id"), text("<{tag}> is not executed", tag=tag)


@rule("transaction", "Draw what must be undone after the cancel boundary event", "warning")
def transaction(drawing: Drawing) -> Findings:
    """A transaction can be cancelled; what was done in the world is not undone by itself."""
    for node in drawing.nodes:
        if node.kind == "transaction":
            yield node.id, text("Cancelling the transaction «{name}» stops it, but undoes nothing", name=label(node))


@rule("ad-hoc", "Draw the order of the tasks, or start them with non-interrupting events")
def ad_hoc(drawing: Drawing) -> Findings:
    """Ad-hoc sub-processes would ignore their ordering."""
    for node in drawing.nodes:
        if node.kind == "adHocSubProcess":
            yield node.id, text("Ad-hoc sub-processes are not executed («{name}»)", name=label(node))


@rule("token-quantity", "Delete the quantity and draw the branches", "error")
def token_quantity(drawing: Drawing) -> Findings:
    """Start and completion quantities other than one would be ignored."""
    for node in drawing.nodes:
        if node.kind in ACTIVITIES:
            for attribute in ("startQuantity", "completionQuantity"):
                if node.element.get(attribute, "1") != "1":
                    yield node.id, text("«{name}» has a token quantity other than one", name=label(node))


@rule("data-only-drawn", "Nothing, if it is meant as a picture; data is set by forms, mappings and scripts", "warning")
def data_only_drawn(drawing: Drawing) -> Findings:
    """Data objects, stores and associations explain; they carry nothing."""
    for scope in drawing.scopes:
        for item in scope.element:
            if xml.is_bpmn(item) and xml.local(item) in ("dataObjectReference", "dataStoreReference"):
                yield item.get("id"), text("«{name}» is only drawn: no data is read from it or written to it",
                                           name=item.get("name") or item.get("id") or "?")  # fmt: skip


@rule("message-flow-inside", "Use a sequence flow inside a process; messages go between procedures", "warning")
def message_flow_inside(drawing: Drawing) -> Findings:
    """A message flow between elements of one process is only a picture."""
    for flow in drawing.root.iter(xml.B + "messageFlow"):
        source, target = (drawing.by_id.get(flow.get(name, "")) for name in ("sourceRef", "targetRef"))
        if source is not None and target is not None and source.scope.process is target.scope.process:
            yield flow.get("id"), text("A message flow connects two elements of one process")


@rule("call-of-global-task", "Call a procedure")
def call_of_global_task(drawing: Drawing) -> Findings:
    """Global tasks are not executed."""
    tasks = {item.get("id") for item in drawing.root if xml.is_bpmn(item) and xml.local(item).startswith("global")}
    for node in drawing.nodes:
        if node.kind == "callActivity" and node.settings.called_element in tasks:
            yield node.id, text("«{name}» calls a global task", name=label(node))

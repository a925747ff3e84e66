"""Sequence flows: where they lead and what is written on them."""
from __future__ import annotations

from engine.bpmn import dialect
from engine.bpmn.drawing import Drawing, Flow
from engine.bpmn.lint.rules import Findings, label, rule
from engine.errors import text


@rule("flow-broken", "Delete the arrow and draw it again")
def flow_broken(drawing: Drawing) -> Findings:
    """A sequence flow whose beginning or end does not exist (or is no step of an executable process)."""
    for flow in drawing.flows:
        if flow.source is None or flow.target is None:
            yield flow.id, text("The sequence flow leads from or to something that is not there")


@rule("flow-crosses-border", "Keep sequence flows inside one process or sub-process; between pools use messages")
def flow_crosses_border(drawing: Drawing) -> Findings:
    """A token cannot leave a sub-process or a pool along an arrow."""
    for flow in drawing.flows:
        # _ends has looked that both ends are there
        if _ends(flow) and not flow.source.scope is flow.target.scope is flow.scope:  # type: ignore[union-attr]
            yield flow.id, text("The sequence flow crosses the border of a sub-process or pool")


@rule("flow-into-start", "Lead the flow to the element after the start event")
def flow_into_start(drawing: Drawing) -> Findings:
    """Nothing comes before the start."""
    for node in drawing.nodes:
        if node.kind == "startEvent" and node.incoming:
            yield node.id, text("A sequence flow leads into the start event «{name}»", name=label(node))


@rule("flow-out-of-end", "End the path here, or turn the end event into an intermediate event")
def flow_out_of_end(drawing: Drawing) -> Findings:
    """Nothing comes after the end."""
    for node in drawing.nodes:
        if node.kind == "endEvent" and node.outgoing:
            yield node.id, text("A sequence flow leads out of the end event «{name}»", name=label(node))


@rule("flow-into-boundary", "Lead the flow to the activity the event sits on, or to the element after it")
def flow_into_boundary(drawing: Drawing) -> Findings:
    """A boundary event is reached by what happens to its activity, never by a flow."""
    for node in drawing.nodes:
        if node.kind == "boundaryEvent" and node.incoming:
            yield node.id, text("A sequence flow leads into the boundary event «{name}»", name=label(node))


@rule("flow-at-event-subprocess", "Delete the flow: an event sub-process begins by its start event")
def flow_at_event_subprocess(drawing: Drawing) -> Findings:
    """Event sub-processes stand apart."""
    for node in drawing.nodes:
        if node.is_event_subprocess and (node.incoming or node.outgoing):
            yield node.id, text("A sequence flow is connected to the event sub-process «{name}»", name=label(node))


@rule("flow-to-itself", "Draw the repetition with a gateway, or use a loop marker", "warning")
def flow_to_itself(drawing: Drawing) -> Findings:
    """An unconditional arrow from an element to itself never ends."""
    for flow in drawing.flows:
        if flow.source is not None and flow.source is flow.target and flow.condition is None:
            yield flow.source.id, text("«{name}» leads back to itself", name=label(flow.source))


@rule("condition-not-feel", "Begin the condition with = and write it in FEEL, e.g. =amount > 1000")
def condition_not_feel(drawing: Drawing) -> Findings:
    """A condition is an expression; any other text would be a string, which is never true."""
    for flow in drawing.flows:
        if flow.condition and not dialect.is_feel(flow.condition):
            yield flow.id, text("The condition «{condition}» is no expression", condition=flow.condition[:80])


@rule("condition-empty", "Write the condition, or delete it")
def condition_empty(drawing: Drawing) -> Findings:
    """A conditional flow without its condition."""
    for flow in drawing.flows:
        if flow.condition == "":
            yield flow.id, text("The sequence flow is conditional but has no condition")


@rule("condition-ignored", "Use an exclusive or inclusive gateway, or delete the condition")
def condition_ignored(drawing: Drawing) -> Findings:
    """Conditions after gateways that do not look at them."""
    for flow in drawing.flows:
        if flow.source is not None and flow.condition and flow.source.kind in ("parallelGateway", "eventBasedGateway"):
            yield flow.id, text("The gateway «{name}» does not look at conditions", name=label(flow.source))


@rule("condition-on-default", "Delete the condition: the default flow is taken when no other is", "warning")
def condition_on_default(drawing: Drawing) -> Findings:
    """The condition of a default flow is never looked at."""
    for flow in drawing.flows:
        if flow.source is not None and flow.condition and flow.source.element.get("default") == flow.id:
            yield flow.id, text("The default flow of «{name}» has a condition", name=label(flow.source))


@rule("default-foreign", "Choose the default flow again")
def default_foreign(drawing: Drawing) -> Findings:
    """The default flow must be one of the element's own."""
    for node in drawing.nodes:
        default = node.element.get("default")
        if default and default not in {flow.id for flow in node.outgoing}:
            yield node.id, text("The default flow of «{name}» does not begin there", name=label(node))


def _ends(flow: Flow) -> bool:
    return flow.source is not None and flow.target is not None

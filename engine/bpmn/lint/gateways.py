"""Gateways: choices that can be decided, joins that can be completed, events that may be waited for."""
from __future__ import annotations

from engine.bpmn.drawing import ACTIVITIES, GATEWAYS, Drawing, Flow, Node
from engine.bpmn.lint.rules import Findings, label, rule
from engine.errors import text

_DECIDING = ("exclusiveGateway", "inclusiveGateway")
_AWAITED = frozenset({"message", "signal", "timer", "conditional"})


@rule("gateway-complex", "Draw the same with exclusive, inclusive and parallel gateways")
def gateway_complex(drawing: Drawing) -> Findings:
    """Nobody agrees on what a complex gateway does."""
    for node in drawing.nodes:
        if node.kind == "complexGateway":
            yield node.id, text("Complex gateways are not executed")


@rule("condition-missing", "Write a condition on the flow, or make it the default flow")
def condition_missing(drawing: Drawing) -> Findings:
    """A choice with an arrow that says neither when it is taken nor that it is the default."""
    for node in drawing.nodes:
        if node.kind in _DECIDING and len(node.outgoing) > 1:
            for flow in node.outgoing:
                if flow.condition is None and node.element.get("default") != flow.id:
                    yield flow.id, text("The flow from «{name}» to «{target}» has no condition", name=label(node),
                                        target=label(flow.target) if flow.target else "?")  # fmt: skip


@rule("default-missing", "Make one of the flows the default flow", "warning")
def default_missing(drawing: Drawing) -> Findings:
    """When no condition is true and there is no default, the instance stops with an incident."""
    for node in drawing.nodes:
        decides = node.kind in _DECIDING or node.kind in ACTIVITIES
        conditional = bool(node.outgoing) and all(flow.condition for flow in node.outgoing)
        if decides and conditional and not node.element.get("default"):
            yield node.id, text("No flow leads on from «{name}» if none of its conditions is true", name=label(node))


@rule("event-gateway-target", "Draw message, signal or timer catch events or receive tasks after the gateway")
def event_gateway_target(drawing: Drawing) -> Findings:
    """An event-based gateway waits for events and for nothing else, each reached from the gateway alone."""
    for node in drawing.nodes:
        if node.kind != "eventBasedGateway":
            continue
        if len(node.outgoing) < 2:
            yield node.id, text("There is nothing to choose from after the event-based gateway")
        for flow in node.outgoing:
            target = flow.target
            if target is not None and not _may_be_awaited(target):
                yield target.id, text("«{name}» cannot stand after an event-based gateway", name=label(target))
            elif target is not None and len(target.incoming) > 1:
                yield target.id, text("«{name}» is reached from elsewhere, too", name=label(target))


@rule("event-gateway-instantiates", "Begin the procedure with a message start event for each message")
def event_gateway_instantiates(drawing: Drawing) -> Findings:
    """Gateways that start instances are not executed."""
    for node in drawing.nodes:
        if node.kind == "eventBasedGateway" and node.element.get("instantiate") == "true":
            yield node.id, text("Event-based gateways that start a procedure are not executed")
        elif node.element.get("eventGatewayType") == "Parallel":
            yield node.id, text("Parallel event-based gateways are not executed")


@rule("join-never-completes", "Merge the branches with an exclusive gateway (or without any)", "warning")
def join_never_completes(drawing: Drawing) -> Findings:
    """A parallel join that waits for branches of which only one is ever taken waits for ever."""
    for node in drawing.nodes:
        if node.kind != "parallelGateway" or len(node.incoming) < 2:
            continue
        seen: set[Node] = set()
        for origin in filter(None, map(_origin, node.incoming)):
            if origin in seen and _only_one_leaves(origin):
                yield node.id, text("«{join}» waits for several branches of «{choice}», of which only one is taken",
                                    join=label(node), choice=label(origin))  # fmt: skip
                break
            seen.add(origin)


@rule("branches-not-joined", "Join the branches with a parallel gateway first", "warning")
def branches_not_joined(drawing: Drawing) -> Findings:
    """Parallel branches that meet without a join: what follows is done once for each of them."""
    for node in drawing.nodes:
        if node.kind in ("parallelGateway", "inclusiveGateway", "endEvent") or len(node.incoming) < 2:
            continue
        origins = [origin for origin in map(_origin, node.incoming) if origin is not None]
        for origin in dict.fromkeys(origins):
            if _all_leave(origin) and origins.count(origin) > 1:
                yield node.id, text("«{name}» is done once for each branch of «{split}»", name=label(node),
                                    split=label(origin))  # fmt: skip


def _may_be_awaited(node: Node) -> bool:
    if node.kind == "receiveTask":
        return not node.boundaries
    return node.kind == "intermediateCatchEvent" and bool(node.triggers) and node.triggers <= _AWAITED


def _only_one_leaves(origin: Node) -> bool:
    if origin.kind in ("exclusiveGateway", "eventBasedGateway"):
        return True
    return len(origin.outgoing) == 1 and any(event.is_interrupting for event in origin.boundaries)


def _all_leave(origin: Node) -> bool:
    if origin.kind == "parallelGateway":
        return True
    return origin.kind not in GATEWAYS and sum(flow.condition is None for flow in origin.outgoing) > 1


def _origin(flow: Flow) -> Node | None:
    """Where a branch split off: walks back while there is exactly one way back. An activity with an interrupting
    boundary event is a choice between going on and being interrupted."""
    seen: set[Node] = set()
    while flow.source is not None and flow.source not in seen:
        node = flow.source
        seen.add(node)
        if node.kind == "boundaryEvent":
            return node.host if node.is_interrupting else None
        if len(node.outgoing) > 1 or any(event.is_interrupting for event in node.boundaries):
            return node
        if len(node.incoming) != 1:
            return None
        flow = node.incoming[0]
    return None

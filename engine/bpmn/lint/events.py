"""Events: what may trigger what, and the names by which throwers and catchers find each other."""
from __future__ import annotations

from collections.abc import Iterator

from engine.bpmn import dialect, xml
from engine.bpmn.drawing import ACTIVITIES, Drawing, Node
from engine.bpmn.lint.rules import Findings, label, rule
from engine.bpmn.xml import Element
from engine.errors import text

_EVENTS = frozenset({"startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent"})
_ALLOWED = {
    "startEvent": frozenset({"message", "signal", "timer"}),
    "event sub-process": frozenset({"message", "signal", "timer", "conditional", "error", "escalation"}),
    "intermediateCatchEvent": frozenset({"message", "signal", "timer", "conditional", "link"}),
    "intermediateThrowEvent": frozenset({"message", "signal", "escalation", "link"}),
    "endEvent": frozenset({"message", "signal", "error", "escalation", "terminate"}),
    "boundaryEvent": frozenset({"message", "signal", "timer", "conditional", "error", "escalation"}),
}
_NAMED = ("message", "signal", "error", "escalation")
_CODES = {"error": "errorCode", "escalation": "escalationCode"}
_FAILING = ("serviceTask", "sendTask", "businessRuleTask", "scriptTask")


@rule("event-several-triggers", "Draw one event for each trigger")
def event_several_triggers(drawing: Drawing) -> Findings:
    """Multiple and parallel multiple events are not executed."""
    for node in drawing.nodes:
        if len(node.definitions) > 1 or node.element.get("parallelMultiple") == "true":
            yield node.id, text("The event «{name}» has several triggers", name=label(node))


@rule("event-trigger-unsupported", "Choose another kind of event")
def event_trigger_unsupported(drawing: Drawing) -> Findings:
    """Combinations that would be ignored or misexecuted."""
    for node in drawing.nodes:
        if node.kind in _EVENTS:
            for kind in node.triggers - _ALLOWED[_place(node)] - {"compensate", "cancel"}:
                yield node.id, text("«{name}»: a {kind} event is not executed in this place", name=label(node),
                                    kind=kind)  # fmt: skip


@rule("compensation", "Draw the undoing as an ordinary path, for example after an error boundary event")
def compensation(drawing: Drawing) -> Findings:
    """Compensation would be ignored silently."""
    for node in drawing.nodes:
        if "compensate" in node.triggers or node.is_compensation_handler:
            yield node.id, text("Compensation is not executed («{name}»)", name=label(node))


@rule("cancel-event", "Put the cancel end event into a transaction and the cancel boundary event on it")
def cancel_event(drawing: Drawing) -> Findings:
    """Cancel events belong to transactions."""
    for node in drawing.nodes:
        if "cancel" not in node.triggers:
            continue
        inside = node.kind == "endEvent" and xml.local(node.scope.element) == "transaction"
        on_it = node.kind == "boundaryEvent" and node.host is not None and node.host.kind == "transaction"
        if not inside and not on_it:
            yield node.id, text("The cancel event «{name}» belongs to no transaction", name=label(node))


@rule("conditional-event-without-condition", "Write the condition in FEEL, beginning with =")
def conditional_event_without_condition(drawing: Drawing) -> Findings:
    """A conditional event waits for an expression to become true."""
    for node in drawing.nodes:
        for kind, definition in node.definitions:
            condition = xml.content_of(xml.child(definition, "condition")) if kind == "conditional" else "="
            if not dialect.is_feel(condition):
                yield node.id, text("The conditional event «{name}» has no condition in FEEL", name=label(node))


@rule("event-without-trigger", "Choose what the event waits for")
def event_without_trigger(drawing: Drawing) -> Findings:
    """Catch and boundary events without a definition would never happen or happen at once."""
    for node in drawing.nodes:
        if node.kind in ("intermediateCatchEvent", "boundaryEvent") and not node.definitions:
            yield node.id, text("The event «{name}» does not say what it waits for", name=label(node))


@rule("subprocess-start", "Make it a plain start event, or make the sub-process an event sub-process")
def subprocess_start(drawing: Drawing) -> Findings:
    """An embedded sub-process begins when the token arrives, not by an event."""
    for scope in drawing.scopes:
        if not scope.is_process and scope.element.get("triggeredByEvent") != "true":
            for start in scope.starts():
                if start.definitions:
                    yield start.id, text("The start event «{name}» of a sub-process has a trigger", name=label(start))


@rule("event-subprocess-start", "Give the start event a message, signal, timer, error or escalation")
def event_subprocess_start(drawing: Drawing) -> Findings:
    """An event sub-process without an event would never begin."""
    for scope in drawing.scopes:
        if scope.element.get("triggeredByEvent") == "true":
            for start in scope.starts():
                if not start.definitions:
                    yield start.id, text("The event sub-process has a start event without a trigger")


@rule("boundary-unattached", "Place the event on the border of a task or sub-process")
def boundary_unattached(drawing: Drawing) -> Findings:
    """A boundary event without its activity (or on something that is none)."""
    for node in drawing.nodes:
        if node.kind != "boundaryEvent":
            continue
        if node.host is None or node.host.scope is not node.scope:
            yield node.id, text("The boundary event «{name}» is attached to nothing", name=label(node))
        elif node.host.kind not in ACTIVITIES or node.host.is_event_subprocess:
            yield node.id, text("«{name}» is attached to «{host}», which cannot have boundary events",
                                name=label(node), host=label(node.host))  # fmt: skip


@rule("error-not-interrupting", "Make the event interrupting")
def error_not_interrupting(drawing: Drawing) -> Findings:
    """An error always ends what it happened in."""
    for node in drawing.nodes:
        catches = node.kind in ("boundaryEvent", "startEvent")
        if catches and "error" in node.triggers and not node.is_interrupting:
            yield node.id, text("The error event «{name}» does not interrupt", name=label(node))


@rule("event-reference-missing", "Choose the message, signal, error or escalation in the properties of the event")
def event_reference_missing(drawing: Drawing) -> Findings:
    """Message and signal events refer to a named message or signal; errors and escalations are thrown with a code."""
    for node in drawing.nodes:
        for kind, definition in node.definitions:
            throws = node.kind in ("endEvent", "intermediateThrowEvent")
            if kind in ("message", "signal") or (throws and kind in _CODES):
                element = drawing.declared.get(definition.get(f"{kind}Ref", ""))
                if element is None or xml.local(element) != kind:
                    yield node.id, text("The event «{name}» names no {kind}", name=label(node), kind=kind)
        reference = node.element.get("messageRef")
        if node.kind == "receiveTask" and (reference is None or reference not in drawing.declared):
            yield node.id, text("The receive task «{name}» names no message", name=label(node))


@rule("event-name-missing", "Give it a name (for errors and escalations: a code)")
def event_name_missing(drawing: Drawing) -> Findings:
    """Messages and signals meet by name, errors and escalations by code; expressions cannot be matched."""
    for element in _used(drawing):
        kind = xml.local(element)
        name = element.get(_CODES.get(kind, "name")) or ""
        if not name.strip():
            yield element.get("id"), text("The {kind} has no name", kind=kind)
        elif dialect.is_feel(name) or "${" in name:
            yield element.get("id"), text("The name of the {kind} is an expression: «{name}»", kind=kind, name=name)


@rule("correlation-key-missing", "Write the correlation key of the message, e.g. =string(deal_id)")
def correlation_key_missing(drawing: Drawing) -> Findings:
    """A message is meant for one instance; without a key nobody knows for which."""
    for node, element in _message_catches(drawing):
        if not dialect.correlation_key(element) and not dialect.correlation_key(node.element):
            yield node.id, text("«{name}» waits for the message «{message}», which has no correlation key",
                                name=label(node), message=element.get("name") or element.get("id"))  # fmt: skip


@rule("receive-instantiates", "Begin the procedure with a message start event")
def receive_instantiates(drawing: Drawing) -> Findings:
    """Receive tasks that start instances are not executed."""
    for node in drawing.nodes:
        if node.kind == "receiveTask" and node.element.get("instantiate") == "true":
            yield node.id, text("The receive task «{name}» is meant to start the procedure", name=label(node))


@rule("link-broken", "Draw exactly one catching link event with the same name in the same process or sub-process")
def link_broken(drawing: Drawing) -> Findings:
    """A thrown link goes on at the catching link of the same name."""
    for scope in drawing.scopes:
        catches: dict[str, list[Node]] = {}
        throws: dict[str, list[Node]] = {}
        for node in scope.nodes:
            for kind, definition in node.definitions:
                if kind == "link":
                    side = catches if node.kind == "intermediateCatchEvent" else throws
                    side.setdefault(definition.get("name") or "", []).append(node)
        for name, nodes in [*catches.items(), *throws.items()]:
            if not name or name not in throws or len(catches.get(name, [])) != 1:
                yield nodes[0].id, text("The link event «{name}» has no partner or several", name=label(nodes[0]))


@rule("link-with-flow", "Delete the flow: the link itself is the flow")
def link_with_flow(drawing: Drawing) -> Findings:
    """A throwing link has no flow out, a catching one none in."""
    for node in drawing.nodes:
        if "link" in node.triggers:
            extra = node.incoming if node.kind == "intermediateCatchEvent" else node.outgoing
            if extra:
                yield node.id, text("A sequence flow is connected to the wrong side of the link «{name}»",
                                    name=label(node))  # fmt: skip


@rule("error-nobody-throws", "Delete the event or draw an error end event with this code", "warning")
def error_nobody_throws(drawing: Drawing) -> Findings:
    """A caught error that nothing inside can throw. Actions and called procedures may throw any code."""
    yield from _nobody_throws(drawing, "error")


@rule("escalation-nobody-throws", "Delete the event or draw an escalation event with this code", "warning")
def escalation_nobody_throws(drawing: Drawing) -> Findings:
    """A caught escalation that nothing inside can throw."""
    yield from _nobody_throws(drawing, "escalation")


def _nobody_throws(drawing: Drawing, kind: str) -> Findings:
    for node in drawing.nodes:
        caught = next((definition for trigger, definition in node.definitions if trigger == kind), None)
        if caught is None or node.kind not in ("boundaryEvent", "startEvent"):
            continue
        inside = list(_inside(node))
        if any(_anything(item, kind) for item in inside):
            continue
        code = _code(drawing, kind, caught)
        thrown = {
            _code(drawing, kind, definition)
            for item in inside
            for trigger, definition in item.definitions
            if trigger == kind and item.kind in ("endEvent", "intermediateThrowEvent")
        }
        if not thrown or (code is not None and code not in thrown):
            yield node.id, text("Nothing throws the {kind} that «{name}» waits for", kind=kind, name=label(node))


def _inside(catcher: Node) -> Iterator[Node]:
    """What a boundary event or the start of an event sub-process listens to."""
    if catcher.kind == "boundaryEvent":
        host = catcher.host
        if host is not None:
            yield host
            for scope in host.inner.walk() if host.inner is not None else ():
                yield from scope.nodes
    elif catcher.scope.parent is not None:
        for scope in catcher.scope.parent.walk():
            yield from (node for node in scope.nodes if scope is not catcher.scope)


def _anything(node: Node, kind: str) -> bool:
    """Whether the element may throw what the drawing does not show."""
    return node.kind == "callActivity" or (kind == "error" and node.kind in _FAILING)


def _code(drawing: Drawing, kind: str, definition: Element) -> str | None:
    element = drawing.declared.get(definition.get(f"{kind}Ref", ""))
    return None if element is None else element.get(_CODES[kind]) or None


def _place(node: Node) -> str:
    if node.kind == "startEvent" and node.scope.element.get("triggeredByEvent") == "true":
        return "event sub-process"
    return node.kind


def _used(drawing: Drawing) -> Iterator[Element]:
    """Declared messages, signals, errors and escalations that some element refers to by reference."""
    references = {
        value
        for node in drawing.nodes
        for value in (
            node.element.get("messageRef"),
            *(definition.get(f"{kind}Ref") for kind, definition in node.definitions if kind in _NAMED),
        )
    }
    yield from (element for identity, element in drawing.declared.items() if identity in references)


def _message_catches(drawing: Drawing) -> Iterator[tuple[Node, Element]]:
    for node in drawing.nodes:
        starts = node.kind == "startEvent" and node.scope.is_process
        if starts or node.kind in ("endEvent", "intermediateThrowEvent", "sendTask"):
            continue
        references = [definition.get("messageRef") for kind, definition in node.definitions if kind == "message"]
        for reference in [*references, node.element.get("messageRef")]:
            if reference in drawing.declared:
                yield node, drawing.declared[reference]

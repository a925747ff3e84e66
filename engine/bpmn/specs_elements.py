"""From one XML element to one task specification: what each kind of element is made of."""
from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from engine.bpmn import dialect, events, loops, xml
from engine.bpmn.events import Definition
from engine.bpmn.joins import Inclusive, Parallel
from engine.bpmn.nodes import Exclusive, Node, Pass
from engine.bpmn.nodes_activities import (
    Activity,
    CallActivity,
    DecisionTask,
    ManualTask,
    ReceiveTask,
    ScriptTask,
    SendTask,
    ServiceTask,
    UserTask,
)
from engine.bpmn.nodes_events import Boundary, End, EventGateway, IntermediateCatch, Start, Throw
from engine.bpmn.scopes import ScopeSpec
from engine.bpmn.types import Element
from engine.bpmn.xml import Z
from engine.errors import Failed, text

NOTHING = Definition(events.NONE)
CODES = {"error": "errorCode", "escalation": "escalationCode"}
TIMES = ("timeDate", "timeDuration", "timeCycle")


class Shared:
    """What the elements of a file refer to by id: messages, signals, errors, escalations."""

    def __init__(self, tree: Any) -> None:
        kinds = ("message", "signal", "error", "escalation")
        self._by_id = {item.get("id", ""): item for kind in kinds for item in xml.children(tree, kind)}

    def definition(self, item: Any) -> Definition:
        """What an event is about. Raises Failed for kinds that are not executed."""
        found = xml.definitions_of(item)
        if not found:
            return NOTHING
        kind, definition = found[0]
        if kind in ("message", "signal"):
            return self.named(kind, definition.get(f"{kind}Ref"))
        if kind in CODES:
            target = self._by_id.get(definition.get(f"{kind}Ref") or "")
            code = None if target is None else target.get(CODES[kind])
            return Definition(kind, code=code or None)
        if kind == "timer":
            return _timer(definition)
        if kind == "conditional":
            return Definition(kind, raw=xml.content_of(xml.child(definition, "condition")) or "")
        if kind in (events.TERMINATE, events.CANCEL):
            return Definition(kind)
        raise Failed(text("«{element}»: events of kind {kind} are not executed", element=item.get("id"), kind=kind))

    def named(self, kind: str, reference: str | None) -> Definition:
        """A message or signal and its correlation key."""
        target = self._by_id.get(reference or "")
        if target is None:
            raise Failed(text("There is no {kind} «{reference}» in the file", kind=kind, reference=reference))
        return Definition(kind, name=target.get("name") or "", key=dialect.correlation_key(target))


def _timer(definition: Any) -> Definition:
    for tag in TIMES:
        raw = xml.content_of(xml.child(definition, tag))
        if raw is not None:
            return Definition(events.TIMER, raw=raw, repeats=tag == "timeCycle")
    raise Failed(text("A timer says neither when nor how long"))


def make(kind: str, spec: ScopeSpec, name: str, drawn: Element, item: Any, shared: Shared) -> Node:
    """The task specification of any element but sub-processes and loops. Raises Failed for kinds not executed."""
    maker = _MAKERS.get(kind)
    if maker is None:
        raise Failed(text("«{element}»: {kind} is not executed", element=drawn.id, kind=kind))
    made: Node = maker(spec, name, drawn, item, shared)
    return made


def _plain(kind: type[Node], spec: ScopeSpec, name: str, drawn: Element, *_: Any) -> Node:
    return kind(spec, name, drawn)


def _gateway(kind: Any, spec: ScopeSpec, name: str, drawn: Element, item: Any, *_: Any) -> Node:
    made: Node = kind(spec, name, drawn, item.get("default"))
    return made


def _task(spec: ScopeSpec, name: str, drawn: Element, item: Any, shared: Shared) -> Node:
    """Script, decision and send tasks do their work themselves unless an action is named."""
    if drawn.settings.action is not None or drawn.kind == "serviceTask":
        return ServiceTask(spec, name, drawn)
    if drawn.kind == "businessRuleTask":
        return DecisionTask(spec, name, drawn)
    if drawn.kind == "scriptTask":
        expression = dialect.script(item)
        if expression is None:
            raise Failed(text("«{element}» has no script", element=drawn.id))
        return ScriptTask(spec, name, drawn, expression, drawn.settings.result_variable)
    made = (SendTask if drawn.kind == "sendTask" else ReceiveTask)(spec, name, drawn)
    made.definition = shared.named(events.MESSAGE, item.get("messageRef"))
    return made


def _call(spec: ScopeSpec, name: str, drawn: Element, item: Any, *_: Any) -> Node:
    called = xml.extension(item, Z + "calledElement")
    all_in = called is None or called.get("propagateAllParentVariables", "true") != "false"
    all_out = called is None or called.get("propagateAllChildVariables", "true") != "false"
    return CallActivity(spec, name, drawn, all_in, all_out)


def _catching(kind: Any, spec: ScopeSpec, name: str, drawn: Element, item: Any, shared: Shared) -> Node:
    made: Node = kind(spec, name, drawn, shared.definition(item))
    return made


def _throwing(kind: Any, spec: ScopeSpec, name: str, drawn: Element, item: Any, shared: Shared) -> Node:
    if drawn.settings.action is not None:
        return ServiceTask(spec, name, drawn)
    return _catching(kind, spec, name, drawn, item, shared)


def _boundary(spec: ScopeSpec, name: str, drawn: Element, item: Any, shared: Shared) -> Node:
    definition = shared.definition(item)
    # an error ends what it happened in, whatever the drawing says
    interrupting = item.get("cancelActivity", "true") != "false" or definition.kind in (events.ERROR, events.CANCEL)
    return Boundary(spec, name, drawn, definition, interrupting)


_MAKERS: dict[str, Callable[..., Node]] = {
    "task": partial(_plain, Pass),
    "userTask": partial(_plain, UserTask),
    "manualTask": partial(_plain, ManualTask),
    "serviceTask": _task,
    "scriptTask": _task,
    "businessRuleTask": _task,
    "sendTask": _task,
    "receiveTask": _task,
    "callActivity": _call,
    "exclusiveGateway": partial(_gateway, Exclusive),
    "inclusiveGateway": partial(_gateway, Inclusive),
    "parallelGateway": partial(_plain, Parallel),
    "eventBasedGateway": partial(_plain, EventGateway),
    "startEvent": partial(_catching, Start),
    "intermediateCatchEvent": partial(_catching, IntermediateCatch),
    "intermediateThrowEvent": partial(_throwing, Throw),
    "endEvent": partial(_throwing, End),
    "boundaryEvent": _boundary,
}


def loop_of(item: Any) -> Callable[[ScopeSpec, str, Element, Activity], loops.Loop] | None:
    """What makes the loop around an activity that runs several times; None for one that runs once."""
    standard = xml.child(item, "standardLoopCharacteristics")
    if standard is not None:
        condition = xml.content_of(xml.child(standard, "loopCondition"))
        most, before = standard.get("loopMaximum"), standard.get("testBefore") == "true"
        return lambda spec, name, drawn, body: loops.StandardLoop(spec, name, drawn, body, condition, most, before)
    several = xml.child(item, "multiInstanceLoopCharacteristics")
    if several is None:
        return None
    extension = xml.extension(several, Z + "loopCharacteristics")
    said: dict[str, str] = {} if extension is None else {str(key): str(value) for key, value in extension.items()}
    each = loops.Each(
        collection=said.get("inputCollection") or None,
        item=said.get("inputElement") or None,
        cardinality=xml.content_of(xml.child(several, "loopCardinality")),
        output=said.get("outputCollection") or None,
        output_item=said.get("outputElement") or None,
        until=xml.content_of(xml.child(several, "completionCondition")),
    )
    kind = loops.SequentialInstances if several.get("isSequential") == "true" else loops.ParallelInstances
    return lambda spec, name, drawn, body: kind(spec, name, drawn, body, each)

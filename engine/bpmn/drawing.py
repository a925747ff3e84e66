"""The drawing as a graph: what the lint rules walk on. Knows nothing of execution."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from engine.bpmn import dialect, xml
from engine.bpmn.types import ElementSettings
from engine.bpmn.xml import Element

ACTIVITIES = frozenset(
    {
        "task", "userTask", "manualTask", "scriptTask", "serviceTask", "sendTask", "receiveTask", "businessRuleTask",
        "callActivity", "subProcess", "transaction", "adHocSubProcess",
    }
)  # fmt: skip
GATEWAYS = frozenset(
    {"exclusiveGateway", "parallelGateway", "inclusiveGateway", "eventBasedGateway", "complexGateway"}
)
DEPLOYED = "isExecutable"


@dataclass(eq=False)
class Flow:
    """A sequence flow. ``source``/``target``: nodes, None when the reference leads nowhere."""

    id: str
    element: Element
    scope: Scope
    source_ref: str
    target_ref: str
    source: Node | None = None
    target: Node | None = None

    @property
    def condition(self) -> str | None:
        """The condition as written; None when there is none (an empty one is an empty string)."""
        found = xml.child(self.element, "conditionExpression")
        return None if found is None else (xml.content_of(found) or "")


@dataclass(eq=False)
class Node:
    """A flow node. ``inner``: its own scope if it is a sub-process; ``boundaries``: events that sit on it."""

    id: str
    kind: str
    element: Element
    scope: Scope
    incoming: list[Flow] = field(default_factory=list)
    outgoing: list[Flow] = field(default_factory=list)
    host: Node | None = None
    boundaries: list[Node] = field(default_factory=list)
    inner: Scope | None = None

    @cached_property
    def definitions(self) -> list[tuple[str, Element]]:
        """Event definitions: (``timer``, element)."""
        return xml.definitions_of(self.element)

    @cached_property
    def triggers(self) -> frozenset[str]:
        """Kinds of its event definitions."""
        return frozenset(kind for kind, _ in self.definitions)

    @cached_property
    def settings(self) -> ElementSettings:
        """What the designer wrote on it."""
        return dialect.settings(self.element)

    @property
    def is_event_subprocess(self) -> bool:
        """Whether it starts by an event instead of by a flow."""
        return self.kind in xml.SCOPES and self.element.get("triggeredByEvent") == "true"

    @property
    def is_interrupting(self) -> bool:
        """Boundary events and start events of event sub-processes: whether they stop what they sit on."""
        attribute = "cancelActivity" if self.kind == "boundaryEvent" else "isInterrupting"
        return self.element.get(attribute, "true") != "false"

    @property
    def is_compensation_handler(self) -> bool:
        """Reached by compensation only."""
        return self.element.get("isForCompensation") == "true"


@dataclass(eq=False)
class Scope:
    """A process or a sub-process and what lies directly in it."""

    id: str
    element: Element
    parent: Scope | None
    nodes: list[Node] = field(default_factory=list)
    flows: list[Flow] = field(default_factory=list)

    @property
    def is_process(self) -> bool:
        """Whether it is the outermost one."""
        return self.parent is None

    @cached_property
    def process(self) -> Scope:
        """The process it belongs to."""
        return self if self.parent is None else self.parent.process

    def starts(self) -> list[Node]:
        """Its start events."""
        return [node for node in self.nodes if node.kind == "startEvent"]

    def walk(self) -> Iterator[Scope]:
        """Itself and all scopes below."""
        yield self
        for node in self.nodes:
            if node.inner is not None:
                yield from node.inner.walk()


@dataclass(eq=False)
class Drawing:
    """A whole file. ``processes``: the executable ones; ``pictures``: those marked as not executable."""

    file: str
    root: Element
    processes: list[Scope]
    pictures: list[Scope]

    @cached_property
    def scopes(self) -> list[Scope]:
        """All scopes that would run."""
        return [scope for process in self.processes for scope in process.walk()]

    @cached_property
    def nodes(self) -> list[Node]:
        """All flow nodes that would run, in the order of the file."""
        return [node for scope in self.scopes for node in scope.nodes]

    @cached_property
    def flows(self) -> list[Flow]:
        """All sequence flows that would run."""
        return [flow for scope in self.scopes for flow in scope.flows]

    @cached_property
    def by_id(self) -> dict[str, Node]:
        """Flow node by id."""
        return {node.id: node for node in self.nodes}

    @cached_property
    def declared(self) -> dict[str, Element]:
        """Messages, signals, errors and escalations by id."""
        kinds = ("message", "signal", "error", "escalation")
        return {item.get("id", ""): item for kind in kinds for item in xml.children(self.root, kind)}


def read(file: str, root: Element) -> Drawing:
    """The graph of a file. Broken references are kept as None, for the rules to find."""
    runs: list[Scope] = []
    pictures: list[Scope] = []
    for element in xml.processes(root):
        scope = _scope(element, None)
        (pictures if element.get(DEPLOYED, "true") == "false" else runs).append(scope)
    drawing = Drawing(file, root, runs, pictures)
    by_id = drawing.by_id
    for flow in drawing.flows:
        flow.source, flow.target = by_id.get(flow.source_ref), by_id.get(flow.target_ref)
        if flow.source is not None:
            flow.source.outgoing.append(flow)
        if flow.target is not None:
            flow.target.incoming.append(flow)
    for node in drawing.nodes:
        if node.kind == "boundaryEvent":
            node.host = by_id.get(node.element.get("attachedToRef", ""))
            if node.host is not None:
                node.host.boundaries.append(node)
    return drawing


def _scope(element: Element, parent: Scope | None) -> Scope:
    scope = Scope(element.get("id", ""), element, parent)
    for item in element:
        kind = xml.local(item) if xml.is_bpmn(item) else ""
        if kind in xml.FLOW_NODES:
            node = Node(item.get("id", ""), kind, item, scope)
            node.inner = _scope(item, scope) if kind in xml.SCOPES else None
            scope.nodes.append(node)
        elif kind == "sequenceFlow":
            flow = Flow(item.get("id", ""), item, scope, item.get("sourceRef", ""), item.get("targetRef", ""))
            scope.flows.append(flow)
    return scope

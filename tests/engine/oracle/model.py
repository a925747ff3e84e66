"""What the oracle plays: graphs of nodes and flows, and their BPMN."""
from __future__ import annotations

from dataclasses import dataclass, field

from tests.engine.drawings import definitions, el, escape, ext, zeebe

KEY = "key0"
GATEWAYS = {"xor": "exclusiveGateway", "and": "parallelGateway", "or": "inclusiveGateway", "race": "eventBasedGateway"}
TAGS = GATEWAYS | {
    "start": "startEvent", "end": "endEvent", "user": "userTask", "manual": "manualTask", "service": "serviceTask",
    "script": "scriptTask", "receive": "receiveTask", "sub": "subProcess", "eventsub": "subProcess",
    "call": "callActivity", "catch": "intermediateCatchEvent", "throw": "intermediateThrowEvent",
    "boundary": "boundaryEvent",
}  # fmt: skip
TASKS = frozenset({"user", "manual", "service"})
ACTIVITIES = frozenset({"user", "manual", "service", "script", "receive", "sub", "call"})


@dataclass(frozen=True)
class Condition:
    """``variable mod modulus = rest``; false while the variable is not set."""

    variable: str
    modulus: int
    rest: int

    def holds(self, variables: dict[str, object]) -> bool:
        value = variables.get(self.variable)
        return isinstance(value, int) and value % self.modulus == self.rest

    @property
    def feel(self) -> str:
        return f"={self.variable} != null and modulo({self.variable}, {self.modulus}) = {self.rest}"


@dataclass(frozen=True)
class Trigger:
    """What an event waits for or throws. ``name``: message, signal, error or escalation; ``minutes``, ``times``:
    timers (times 0: once, by duration)."""

    kind: str
    name: str = ""
    minutes: int = 0
    times: int = 0

    def xml(self) -> str:
        if self.kind == "timer":
            tag, text = ("timeCycle", f"R{self.times}/PT{self.minutes}M") if self.times else (
                "timeDuration", f"PT{self.minutes}M")  # fmt: skip
            return f"<timerEventDefinition><{tag}>{text}</{tag}></timerEventDefinition>"
        if self.kind == "terminate":
            return "<terminateEventDefinition/>"
        return f'<{self.kind}EventDefinition {self.kind}Ref="{self.kind}_{self.name}"/>'


@dataclass(frozen=True)
class Repeat:
    """``kind``: each (multi-instance) or loop. ``until``: multi-instance stops after so many; ``below``: a loop goes on
    while ``loopCounter`` is below it; ``collects``: whether an output collection is made."""

    kind: str
    times: int
    sequential: bool = False
    until: int = 0
    collects: bool = False
    before: bool = False
    below: int = 0


@dataclass
class Node:
    """An element. ``mapped``: it has an input and an output mapping; ``reads``: what they (or a script) read;
    ``gives``: what a sub-process or call gives back by its output mapping."""

    id: str
    kind: str
    body: Graph | None = None
    calls: str = ""
    trigger: Trigger | None = None
    host: str = ""
    interrupting: bool = True
    default: str = ""
    repeat: Repeat | None = None
    mapped: bool = False
    reads: str = ""
    gives: str = ""


@dataclass(frozen=True)
class Flow:
    """A sequence flow."""

    id: str
    source: str
    target: str
    condition: Condition | None = None


@dataclass
class Graph:
    """A process or the inside of a sub-process."""

    id: str
    nodes: dict[str, Node] = field(default_factory=dict)
    flows: list[Flow] = field(default_factory=list)

    def add(self, node: Node) -> str:
        self.nodes[node.id] = node
        return node.id

    def flow(self, source: str, target: str, condition: Condition | None = None) -> str:
        identity = f"f{len(self.flows)}_{source}_{target}"
        self.flows.append(Flow(identity, source, target, condition))
        return identity

    def leaving(self, node: str) -> list[Flow]:
        return [flow for flow in self.flows if flow.source == node]

    def entering(self, node: str) -> list[Flow]:
        return [flow for flow in self.flows if flow.target == node]

    def boundaries(self, node: str) -> list[Node]:
        return [other for other in self.nodes.values() if other.kind == "boundary" and other.host == node]

    def event_subs(self) -> list[Node]:
        return [node for node in self.nodes.values() if node.kind == "eventsub"]

    def start(self) -> Node:
        return next(node for node in self.nodes.values() if node.kind == "start")


@dataclass
class Model:
    """Processes by key; ``root`` is the one that is started."""

    root: str
    graphs: dict[str, Graph]

    def variables(self) -> list[str]:
        """Everything a condition or mapping may read: the engine does not read variables that do not exist."""
        nodes = [node for graph in self.graphs.values() for node in _all(graph)]
        return ["v_none", *(f"v_{node.id}" for node in nodes if node.kind in TASKS)]

    def xml(self) -> bytes:
        processes = (el("process", graph.id, _inner(graph), isExecutable="true") for graph in self.graphs.values())
        names = sorted({(trigger.kind, trigger.name) for graph in self.graphs.values() for trigger in _triggers(graph)})
        return definitions(*processes, *(_declaration(kind, name) for kind, name in names if name))


def _all(graph: Graph) -> list[Node]:
    inner = [found for node in graph.nodes.values() if node.body is not None for found in _all(node.body)]
    return [*graph.nodes.values(), *inner]


def _triggers(graph: Graph) -> list[Trigger]:
    return [node.trigger for node in _all(graph) if node.trigger is not None]


def _declaration(kind: str, name: str) -> str:
    identity = f"{kind}_{name}"
    if kind == "message":
        return el(kind, identity, ext(zeebe("subscription", correlationKey=f"={KEY}")), name=name)
    if kind in ("error", "escalation"):
        return el(kind, identity, **{f"{kind}Code": name})
    return el(kind, identity, name=name)


def _inner(graph: Graph) -> str:
    return "".join(_node(node) for node in graph.nodes.values()) + "".join(_flow(flow) for flow in graph.flows)


def _flow(flow: Flow) -> str:
    inner = ""
    if flow.condition is not None:
        inner = f"<conditionExpression>{escape(flow.condition.feel)}</conditionExpression>"
    return el("sequenceFlow", flow.id, inner, sourceRef=flow.source, targetRef=flow.target)


def _node(node: Node) -> str:
    attributes = {"default": node.default} if node.default else {}
    inner = ext(_settings(node))
    if node.kind == "receive":
        assert node.trigger is not None
        attributes["messageRef"] = f"message_{node.trigger.name}"
    elif node.trigger is not None:
        inner += node.trigger.xml()
    if node.repeat is not None:
        inner += _repeat(node.id, node.repeat)
    if node.body is not None:
        inner += _inner(node.body)
    if node.kind == "eventsub":
        attributes["triggeredByEvent"] = "true"
    if node.kind == "boundary":
        attributes |= {"attachedToRef": node.host, "cancelActivity": str(node.interrupting).lower()}
    if node.kind == "start" and not node.interrupting:
        attributes["isInterrupting"] = "false"
    return el(TAGS[node.kind], node.id, inner, **attributes)


def _settings(node: Node) -> str:
    found = ""
    if node.kind in ("user", "manual"):
        found += zeebe("assignmentDefinition", assignee="anna")
    elif node.kind == "service":
        found += zeebe("taskDefinition", type="work")
    elif node.kind == "script":
        found += zeebe("script", expression=f"=[{node.reads}]", resultVariable=f"s_{node.id}")
    elif node.kind == "call":
        found += zeebe("calledElement", processId=node.calls)
    if node.mapped:
        found += zeebe("ioMapping", zeebe("input", source=f"={node.reads}", target=f"in_{node.id}")
                       + zeebe("output", source=f"={node.gives or f'v_{node.id}'}", target=f"o_{node.id}"))  # fmt: skip
    return found


def _repeat(identity: str, repeat: Repeat) -> str:
    if repeat.kind == "loop":
        condition = f"<loopCondition>{escape(f'=loopCounter < {repeat.below}')}</loopCondition>"
        before = str(repeat.before).lower()
        return (f'<standardLoopCharacteristics loopMaximum="{repeat.times}" testBefore="{before}">{condition}'
                "</standardLoopCharacteristics>")  # fmt: skip
    items = ", ".join(str(1000 + number) for number in range(repeat.times))
    said = {"inputCollection": f"=[{items}]", "inputElement": f"item_{identity}"}
    if repeat.collects:
        said |= {"outputCollection": f"c_{identity}", "outputElement": f"=[item_{identity}, loopCounter]"}
    until = ""
    if repeat.until:
        until = f"<completionCondition>{escape(f'=numberOfCompletedInstances >= {repeat.until}')}</completionCondition>"
    return (f'<multiInstanceLoopCharacteristics isSequential="{str(repeat.sequential).lower()}">'
            f"{ext(zeebe('loopCharacteristics', **said))}{until}</multiInstanceLoopCharacteristics>")  # fmt: skip

"""From a checked and normalised element tree to what SpiffWorkflow executes.

Built here and not by SpiffWorkflow's parser: that one recurses along the flow (400 tasks are its limit), tests
conditions in the order of the drawing's heights, keeps sub-process ids in one name space for all files, takes the ids
Start and End for itself, and hangs event sub-processes into a specification only when one is triggered.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.bpmn import specs_elements, xml
from engine.bpmn.joins import Inclusive, reachable
from engine.bpmn.loops import Loop
from engine.bpmn.nodes import Flow, Node
from engine.bpmn.nodes_activities import Activity, SubProcess
from engine.bpmn.nodes_events import Boundary, EventSubProcess, EventSubStart, Start
from engine.bpmn.scopes import ScopeSpec
from engine.bpmn.types import Element, ElementSettings
from engine.errors import Failed, text


@dataclass(frozen=True)
class Compiled:
    """One process, executable. Immutable: any number of instances and threads share it."""

    key: str
    spec: ScopeSpec
    starts: tuple[Start, ...] = field(repr=False, default=())


def compile(tree: Any, process_id: str, elements: Mapping[str, Element]) -> Compiled:
    """The process of this id in a ``definitions`` tree that passed the gate. Raises Failed for what is left over."""
    process = next((item for item in xml.processes(tree) if item.get("id") == process_id), None)
    if process is None:
        raise Failed(text("The file has no process «{key}»", key=process_id))
    builder = Builder(specs_elements.Shared(tree), elements)
    spec = builder.scope(process)
    starts = tuple(node for node in spec.task_specs.values() if isinstance(node, Start))
    return Compiled(process_id, spec, starts)


class Builder:
    """Builds the scopes of one process."""

    def __init__(self, shared: specs_elements.Shared, elements: Mapping[str, Element]) -> None:
        self.shared = shared
        self.elements = elements

    def scope(self, holder: Any) -> ScopeSpec:
        """What a process or sub-process is made of."""
        spec = ScopeSpec(holder.get("id", ""))
        nodes: dict[str, Node] = {}
        event_sub_processes = []
        for item in holder:
            kind = xml.local(item)
            if not xml.is_bpmn(item) or kind not in xml.FLOW_NODES:
                continue
            if kind == "subProcess" and item.get("triggeredByEvent") == "true":
                event_sub_processes.append(self._event_sub_process(spec, item))
            else:
                nodes[item.get("id", "")] = self._node(spec, item)
        for item in xml.children(holder, "boundaryEvent"):
            host = nodes[item.get("attachedToRef", "")]
            event = nodes[item.get("id", "")]
            assert isinstance(event, Boundary)
            host.boundaries = (*host.boundaries, event)
        self._connect(nodes, holder)
        spec.event_sub_processes = tuple(event_sub_processes)
        starts = [node for node in nodes.values() if isinstance(node, Start)]
        spec.starts = tuple([start for start in starts if start.definition.kind == "none"] or starts)
        for node in nodes.values():
            if isinstance(node, Inclusive) and node.joins:
                node.reach = reachable(node, list(nodes.values()))
        return spec

    def drawn(self, item: Any) -> Element:
        """What the drawing says of an element; of a gateway that only stands for several flows, its id."""
        identity, kind = item.get("id", ""), xml.local(item)
        found = self.elements.get(identity)
        return found or Element(identity, kind, item.get("name") or "", None, None, ElementSettings())

    def _node(self, spec: ScopeSpec, item: Any) -> Node:
        kind, drawn = xml.local(item), self.drawn(item)
        if kind not in ("subProcess", "transaction"):
            return self._looped(
                spec, item, drawn, lambda name: specs_elements.make(kind, spec, name, drawn, item, self.shared)
            )
        inner = self.scope(item)
        return self._looped(spec, item, drawn, lambda name: SubProcess(spec, name, drawn, inner))

    def _looped(self, spec: ScopeSpec, item: Any, drawn: Element, make: Any) -> Node:
        """The element itself or, when it runs several times, the loop around it."""
        around = specs_elements.loop_of(item)
        if around is None:
            node: Node = make(drawn.id)
            return node
        body = make(f"{drawn.id}*round")
        assert isinstance(body, Activity)
        loop: Loop = around(spec, drawn.id, drawn, body)
        return loop

    def _event_sub_process(self, spec: ScopeSpec, item: Any) -> EventSubProcess:
        drawn, inner = self.drawn(item), self.scope(item)
        (begin,) = inner.starts
        assert isinstance(begin, Start)
        node = next(found for found in xml.children(item, "startEvent"))
        start = EventSubStart(
            spec, f"{drawn.id}*start", begin.drawn, begin.definition, node.get("isInterrupting", "true") != "false"
        )
        return EventSubProcess(spec, drawn.id, drawn, inner, start)

    def _connect(self, nodes: Mapping[str, Node], holder: Any) -> None:
        """Sequence flows in the order of the file: the order in which conditions are tested."""
        for item in xml.children(holder, "sequenceFlow"):
            source, target = nodes[item.get("sourceRef", "")], nodes[item.get("targetRef", "")]
            condition = xml.content_of(xml.child(item, "conditionExpression"))
            source.flows = (*source.flows, Flow(item.get("id", ""), target, condition))
            target.incoming = (*target.incoming, item.get("id", ""))
            source._outputs.append(target.name)
            target._inputs.append(source.name)

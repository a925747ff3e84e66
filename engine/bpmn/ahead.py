"""Who would be next: the tasks of people that can be reached from an element, by the drawing alone. What a condition
will say is not guessed: behind a choice every way is named, and marked as one of several."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from engine.bpmn.loops import Loop
from engine.bpmn.nodes import Node
from engine.bpmn.nodes_activities import SubProcess
from engine.bpmn.scopes import ScopeSpec
from engine.bpmn.types import Element, Procedure

MOST = 12
PEOPLE = ("userTask", "manualTask")
CHOICES = ("exclusiveGateway", "inclusiveGateway", "eventBasedGateway", "complexGateway")
WAITS = ("intermediateCatchEvent", "receiveTask")
Called = Callable[[str], Procedure | None]


@dataclass(frozen=True)
class Level:
    """A drawing that the element stands in: the procedure, and the element of it that is being executed."""

    procedure: Procedure
    element_id: str


@dataclass(frozen=True)
class Step:
    """A task of people that can be next. ``depends``: only on one of several ways; ``after``: what is waited for
    before it, if anything (a date, a message)."""

    element: Element
    procedure: Procedure
    depends: bool
    after: Element | None = None


@dataclass(frozen=True)
class Ahead:
    """What can be next. ``ends``: the procedure may come to its end without another task of people; ``depends``:
    whether what happens is decided by an answer or an event."""

    steps: tuple[Step, ...]
    ends: bool
    depends: bool


@dataclass(frozen=True)
class _Way:
    depends: bool = False
    after: Element | None = None


def ahead(levels: Sequence[Level], called: Called) -> Ahead:
    """From the innermost element outwards. ``levels``: the drawings around it, the outermost first; ``called``: the
    procedure behind a key, as this instance is bound to it."""
    walk = _Walk(levels, called)
    ends = list(walk.leave(len(levels) - 1, levels[-1].element_id, _Way()))
    steps: dict[tuple[str, str], Step] = {}
    for step in walk.found:
        place = (step.procedure.key, step.element.id)
        known = steps.get(place)
        if known is None or (known.depends and not step.depends):
            steps[place] = step
    told = tuple(steps.values())[:MOST]
    return Ahead(told, bool(ends), any(step.depends for step in told) or any(way.depends for way in ends))


class _Walk:
    def __init__(self, levels: Sequence[Level], called: Called) -> None:
        self.levels, self.called = levels, called
        self.found: list[Step] = []
        self.seen: set[tuple[str, str]] = set()

    def leave(self, depth: int, element_id: str, way: _Way) -> Iterator[_Way]:
        """Everything after an element of one of the drawings; yields the ways on which the whole comes to its end."""
        procedure = self.levels[depth].procedure
        for scopes in _places(procedure.compiled.spec, element_id, ()):
            yield from self._out(scopes, element_id, procedure, depth, way)

    def _out(
        self, scopes: tuple[ScopeSpec, ...], name: str, procedure: Procedure, depth: int | None, way: _Way
    ) -> Iterator[_Way]:
        node = scopes[-1].node(name)
        depends = way.depends or (len(node.flows) > 1 and _chooses(node))
        for flow in node.flows:
            yield from self._enter(scopes, flow.target, procedure, depth, _Way(depends, way.after))
        if not node.flows:
            yield from self._end(scopes, procedure, depth, way)

    def _end(
        self, scopes: tuple[ScopeSpec, ...], procedure: Procedure, depth: int | None, way: _Way
    ) -> Iterator[_Way]:
        if len(scopes) > 1:
            yield from self._out(scopes[:-1], scopes[-1].name, procedure, depth, way)
        elif depth:
            yield from self.leave(depth - 1, self.levels[depth - 1].element_id, way)
        else:
            yield way

    def _enter(
        self, scopes: tuple[ScopeSpec, ...], node: Any, procedure: Procedure, depth: int | None, way: _Way
    ) -> Iterator[_Way]:
        body = node.body if isinstance(node, Loop) else node
        kind = node.drawn.kind
        if kind in PEOPLE:
            self.found.append(Step(node.drawn, procedure, way.depends, way.after))
            return
        place = (procedure.key, node.drawn.id)
        if place in self.seen:
            return
        self.seen.add(place)
        if isinstance(body, SubProcess):
            for start in body.inner.starts:
                yield from self._enter((*scopes, body.inner), start, procedure, depth, way)
        elif kind == "callActivity":
            yield from self._call(scopes, node, procedure, depth, way)
        else:
            after = node.drawn if kind in WAITS else way.after
            yield from self._out(scopes, node.name, procedure, depth, _Way(way.depends, after))

    def _call(
        self, scopes: tuple[ScopeSpec, ...], node: Any, procedure: Procedure, depth: int | None, way: _Way
    ) -> Iterator[_Way]:
        """Into the called procedure; where it has no task of people, or is chosen by an expression, past it."""
        inner = self.called(node.drawn.settings.called_element or "")
        before, ways = len(self.found), [way]
        if inner is not None:
            spec = inner.compiled.spec
            ways = [one for start in spec.starts for one in self._enter((spec,), start, inner, None, way)]
        if len(self.found) == before and not ways:
            ways = [way]
        for one in ways:
            yield from self._out(scopes, node.name, procedure, depth, one)


def _chooses(node: Node) -> bool:
    return node.drawn.kind in CHOICES or any(flow.condition for flow in node.flows)


def _places(spec: ScopeSpec, name: str, around: tuple[ScopeSpec, ...]) -> list[tuple[ScopeSpec, ...]]:
    """The scope that holds an element, with those around it, the outermost first."""
    here = (*around, spec)
    if name in spec.task_specs and isinstance(spec.task_specs[name], Node):
        return [here]
    for node in spec.task_specs.values():
        body = node.body if isinstance(node, Loop) else node
        if isinstance(body, SubProcess):
            found = _places(body.inner, name, here)
            if found:
                return found
    return []

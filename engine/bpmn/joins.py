"""Parallel and inclusive gateways that count tokens, not finished tasks.

SpiffWorkflow's joins take finished tasks of an earlier round for arrived tokens and fire after one branch. Here each
arrived token waits as a visit of its own, knows the flow it came by, and is used up by exactly one firing.
"""
from __future__ import annotations

from SpiffWorkflow.bpmn.specs.mixins import InclusiveGatewayMixin, ParallelGatewayMixin
from SpiffWorkflow.util.task import TaskState as State

from engine.bpmn import merging
from engine.bpmn.evaluation import visible
from engine.bpmn.nodes import Flow, Node, default_of, engine_of
from engine.bpmn.scopes import Root, Scope, ScopeSpec, Visit
from engine.bpmn.types import Element

VIA = "via"
ORDER = "order"


class Join(Node):
    """A gateway whose tokens may have to wait for others."""

    @property
    def joins(self) -> bool:  # type: ignore[override]  # a plain attribute there
        """Whether several flows arrive."""
        return len(self.incoming) > 1

    def _update_hook(self, my_task: Visit) -> bool:
        my_task.known = my_task.parent.known
        if not self.joins:
            return True
        data = my_task.scope.data
        data[ORDER] = my_task.internal_data[ORDER] = data.get(ORDER, 0) + 1
        my_task.rest(State.WAITING)
        my_task.scope.top.note("entered", my_task)
        return self.arrived(my_task)

    def arrived(self, task: Visit) -> bool:
        """Whether this token fires the join."""
        raise NotImplementedError

    def waiting(self, scope: Scope) -> dict[str, Visit]:
        """The first token that waits on each incoming flow."""
        here = [task for task in scope.tasks.values() if task.task_spec is self and task._state == State.WAITING]
        found: dict[str, Visit] = {}
        for task in sorted(here, key=lambda task: int(task.internal_data[ORDER])):
            found.setdefault(task.internal_data[VIA], task)
        return found

    def fire(self, tokens: list[Visit]) -> Visit:
        """Use up one token per flow; the last to come carries on with the data of all."""
        tokens.sort(key=lambda task: int(task.internal_data[ORDER]))
        *others, last = tokens
        last.known, conflicts = merging.combine(tokens)
        last.internal_data = {}
        last.changed = {"conflicts": conflicts} if conflicts else {}
        for task in others:
            task._set_state(State.COMPLETED)
            task.scope.top.note("completed", task)
        return last

    def _run_hook(self, my_task: Visit) -> bool:
        if not self.joins:
            my_task.scope.top.note("entered", my_task)
        return True


class Parallel(Join, ParallelGatewayMixin):  # type: ignore[misc]  # untyped base
    """Waits for one token on every incoming flow; sends one along every outgoing flow."""

    def arrived(self, task: Visit) -> bool:
        """Whether every flow has brought a token now."""
        waiting = self.waiting(task.scope)
        if len(waiting) < len(self.incoming):
            return False
        self.fire(list(waiting.values()))  # before this token came its flow had none, so it is the last
        return True


class Inclusive(Join, InclusiveGatewayMixin):  # type: ignore[misc]  # untyped base
    """Waits until no other token can still come; sends tokens along every flow whose condition holds."""

    def __init__(self, spec: ScopeSpec, name: str, drawn: Element, default: str | None) -> None:
        super().__init__(spec, name, drawn)
        self.default = default
        self.reach: dict[str, frozenset[str]] = {}

    def arrived(self, task: Visit) -> bool:  # noqa: ARG002  # given by the caller
        """Never at once: only when nothing else moves can be known whether more tokens will come."""
        return False

    def may_fire(self, scope: Scope) -> list[Visit]:
        """The tokens to join, if no token elsewhere can still reach a flow that has none (BPMN 2.0, 13.4.3)."""
        waiting = self.waiting(scope)
        empty = frozenset(self.incoming) - waiting.keys()
        for task in scope.live() if waiting and empty else ():
            if task.task_spec is self or task.node.is_boundary:
                continue
            ways = self.reach.get(task.task_spec.name, frozenset())
            if ways & empty and not ways & waiting.keys():
                return []
        return list(waiting.values())

    def _run_hook(self, my_task: Visit) -> bool:
        super()._run_hook(my_task)
        my_task.chosen = self._choose(my_task)
        return True

    def _choose(self, task: Visit) -> tuple[Flow, ...]:
        if len(self.flows) == 1 and self.flows[0].condition is None:
            return self.flows
        names, engine = visible(task), engine_of(task)
        chosen = tuple(
            flow
            for flow in self.flows
            if flow.id != self.default and (flow.condition is None or engine.holds(flow.condition, names))
        )
        return chosen or (default_of(self, self.default),)


def fire_inclusive(root: Root) -> bool:
    """Fire the inclusive joins that need not wait any longer. Returns whether one did."""
    for scope in list(root.scopes):
        for join in {task.node: None for task in scope.live() if task._state == State.WAITING}:
            if isinstance(join, Inclusive):
                tokens = join.may_fire(scope)
                if tokens:
                    join.fire(tokens)._ready()
                    return True
    return False


def reachable(join: Join, nodes: list[Node]) -> dict[str, frozenset[str]]:
    """For each element: the join's incoming flows a token there can come by, without passing the join."""
    onward = {node.name: [*node.flows, *(flow for event in node.boundaries for flow in event.flows)] for node in nodes}
    ways: dict[str, set[str]] = {name: set() for name in onward}
    changed = True
    while changed:
        changed = False
        for name, flows in onward.items():
            if name == join.name:
                continue
            found = {flow.id for flow in flows if flow.target is join}.union(
                *(ways[flow.target.name] for flow in flows if flow.target is not join)
            )
            if not found <= ways[name]:
                ways[name] |= found
                changed = True
    return {name: frozenset(found) for name, found in ways.items() if found}

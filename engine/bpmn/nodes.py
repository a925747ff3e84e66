"""Elements as SpiffWorkflow task specifications: what all have in common, and the ones that only let tokens pass.

A token's visit goes through ``arrive`` (data is copied, the visit becomes READY), ``_run_hook`` (the loop executes the
element: it ends at once, or rests) and ``depart``. Only ``_run_hook`` evaluates expressions, and it does so before it
changes anything: an element that fails leaves its token standing before it, as if nothing had been tried.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from SpiffWorkflow.bpmn.specs.bpmn_task_spec import BpmnTaskSpec
from SpiffWorkflow.bpmn.specs.mixins import ExclusiveGatewayMixin
from SpiffWorkflow.specs.base import TaskSpec
from SpiffWorkflow.util.task import TaskState as State

from engine.bpmn import ending
from engine.bpmn.evaluation import FeelEngine, visible
from engine.bpmn.known import Known
from engine.bpmn.scopes import ScopeSpec, Visit
from engine.bpmn.types import Element
from engine.errors import Failed, text

if TYPE_CHECKING:
    from engine.bpmn.events import Definition
    from engine.bpmn.nodes_events import Boundary

DONE = "done"  # internal data: what a visit that is about to end was given (results, payload)
ARMED = "armed"  # internal data: what a waiting event waits for
ON = "on"  # internal data of an armed boundary event: the activity's visit
RACE = "race"  # internal data: the event-based gateway's visit that started the race


@dataclass(frozen=True)
class Flow:
    """A sequence flow, from the side of the element it leaves."""

    id: str
    target: Node
    condition: str | None


class Node(BpmnTaskSpec):  # type: ignore[misc]  # untyped base
    """Any element. ``drawn``: what the drawing says of it; ``standing``: it does not keep its scope open;
    ``is_round``: it is what a loop runs each time, and the loop answers for it.

    Kinds that SpiffWorkflow knows inherit its class too, behind this one: what is overridden here stays overridden.
    """

    standing = False
    joins = False
    is_boundary = False
    is_round = False

    def __init__(self, spec: ScopeSpec, name: str, drawn: Element) -> None:
        # straight to the root: the classes between, SpiffWorkflow's of the same kind, want what only their parser makes
        TaskSpec.__init__(self, spec, name)
        self.lane, self.documentation = drawn.lane, drawn.documentation
        self.bpmn_id: str = drawn.id
        self.bpmn_name = drawn.name
        self.drawn = drawn
        self.flows: tuple[Flow, ...] = ()
        self.incoming: tuple[str, ...] = ()
        self.boundaries: tuple[Boundary, ...] = ()
        self.definition: Definition | None = None

    # ------------------------------------------------------------- SpiffWorkflow's protocol
    def test(self) -> None:
        """The gate and the compiler have looked already."""

    def _predict(self, my_task: Visit, seen: Any = None, looked_ahead: int = 0, mask: int = 0) -> None:
        """Nothing is predicted."""

    def _update_hook(self, my_task: Visit) -> bool:
        my_task.known = my_task.parent.known
        return True

    def _on_ready(self, my_task: Visit) -> None:
        my_task.scope.top.enqueue(my_task)

    def _run(self, my_task: Visit) -> bool | None:
        return self._run_hook(my_task)

    def _run_hook(self, my_task: Visit) -> bool | None:
        my_task.scope.top.note("entered", my_task)
        return True

    def _on_complete(self, my_task: Visit) -> None:
        my_task.scope.top.note("completed", my_task, my_task.changed)
        self.depart(my_task)

    # ------------------------------------------------------------- ours
    def depart(self, task: Visit) -> None:
        """Send tokens along the flows that leave the element; a token that leads nowhere ends."""
        leaving = task.chosen if task.chosen is not None else self.flows
        for flow in leaving:
            child = task._add_child(flow.target)
            if flow.target.joins:
                child.internal_data["via"] = flow.id
            flow.target._update(child)
        if not leaving:
            ending.token_ended(task)

    def withdraw(self, task: Visit, entered: bool) -> None:
        """The visit was cancelled; say so when anybody saw it begin."""
        if entered:
            task.scope.top.note("cancelled", task)

    def outlook(self, task: Visit) -> Known:
        """What would come out if the visit ended now."""
        return task.known

    def raise_again(self, task: Visit) -> None:
        """Make a visit at rest READY: its results or payload are there."""
        task.rest(State.READY)
        task.scope.top.enqueue(task)


class Pass(Node):
    """Lets the token pass: none events, a task without a kind, gateways that only merge."""


class Exclusive(Node, ExclusiveGatewayMixin):  # type: ignore[misc]  # untyped base
    """The first condition that holds, in the order of the file; else the default flow."""

    def __init__(self, spec: ScopeSpec, name: str, drawn: Element, default: str | None) -> None:
        super().__init__(spec, name, drawn)
        self.default = default

    def _run_hook(self, my_task: Visit) -> bool:
        my_task.scope.top.note("entered", my_task)
        if len(self.flows) > 1 or any(flow.condition for flow in self.flows):
            my_task.chosen = (self._choose(my_task),)
        return True

    def _choose(self, task: Visit) -> Flow:
        names, engine = visible(task), engine_of(task)
        for flow in self.flows:
            if flow.id != self.default and (flow.condition is None or engine.holds(flow.condition, names)):
                return flow
        return default_of(self, self.default)


def default_of(node: Node, default: str | None) -> Flow:
    """The default flow. Raises Failed when there is none: the token would have nowhere to go."""
    for flow in node.flows:
        if flow.id == default:
            return flow
    raise Failed(text("No condition of gateway «{gateway}» holds and it has no default flow", gateway=label(node)))


def label(node: Node) -> str:
    """What people call the element."""
    return node.drawn.name or node.bpmn_id


def engine_of(task: Visit) -> FeelEngine:
    """The evaluator of this step."""
    engine: FeelEngine = task.scope.top.script_engine
    return engine


def win_race(task: Visit) -> None:
    """Withdraw the events that raced against this one."""
    race = task.internal_data.pop(RACE, None)
    if race is not None:
        for other in task.scope.live():
            if other is not task and other.internal_data.get(RACE) == race:
                other.cancel()

"""Events: catching ones that are armed and wait, boundary events, event sub-processes; throwing ones and ends."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from SpiffWorkflow.bpmn.specs.mixins import (
    BoundaryEventMixin,
    EndEventMixin,
    EventBasedGatewayMixin,
    EventSubprocessMixin,
    IntermediateCatchEventMixin,
    IntermediateThrowEventMixin,
    StartEventMixin,
)
from SpiffWorkflow.util.task import TaskState as State

from engine.bpmn import ending, events, merging, throwing
from engine.bpmn.evaluation import mapped, visible
from engine.bpmn.events import Definition
from engine.bpmn.nodes import ARMED, DONE, ON, RACE, Node, engine_of, win_race
from engine.bpmn.nodes_activities import Containing
from engine.bpmn.scopes import Scope, ScopeSpec, Visit
from engine.bpmn.types import Element


class Catching(Node):
    """An event that waits. Once triggered the visit is READY again and holds the payload."""

    definition: Definition

    def __init__(self, spec: ScopeSpec, name: str, drawn: Element, definition: Definition) -> None:
        super().__init__(spec, name, drawn)
        self.definition = definition

    def arm(self, task: Visit) -> dict[str, Any]:
        """What it has to remember while it waits."""
        return events.arm(self.definition, engine_of(task), visible(task))

    def _run_hook(self, my_task: Visit) -> bool | None:
        if DONE in my_task.internal_data:
            self.accept(my_task, my_task.internal_data[DONE])
            return True
        my_task.internal_data[ARMED] = self.arm(my_task)
        my_task.scope.top.note("entered", my_task)
        my_task.rest(State.WAITING)
        return None

    def accept(self, task: Visit, payload: Mapping[str, Any]) -> None:
        """Take the payload into the data: the mapped outputs only if there are any, else all of it.

        What an error says of itself is there for the mappings only.
        """
        outputs = self.drawn.settings.outputs
        if outputs:
            task.write(mapped(engine_of(task), outputs, {**task.data, **payload}, task.data))
        elif self.definition.kind not in events.PROPAGATED:
            task.write(payload)

    def trigger(self, task: Visit, payload: Mapping[str, Any]) -> None:
        """It happened."""
        raise NotImplementedError

    def hand_over(self, task: Visit, payload: Mapping[str, Any]) -> None:
        """Make a visit ready to go on with this payload."""
        task.internal_data = {DONE: dict(payload)}
        self.raise_again(task)


class IntermediateCatch(Catching, IntermediateCatchEventMixin):  # type: ignore[misc]  # untyped base
    """Waits in the flow."""

    def trigger(self, task: Visit, payload: Mapping[str, Any]) -> None:
        """Go on; those it raced against after an event-based gateway lose."""
        win_race(task)
        self.hand_over(task, payload)


class Start(Catching, StartEventMixin):  # type: ignore[misc]  # untyped base
    """Where a scope begins. Whatever triggered it has happened already."""

    def _run_hook(self, my_task: Visit) -> bool:
        my_task.scope.top.note("entered", my_task)
        self.accept(my_task, my_task.internal_data.get(DONE, {}))
        return True


class Boundary(Catching, BoundaryEventMixin):  # type: ignore[misc]  # untyped base
    """Sits on an activity; interrupts it or opens a branch beside it."""

    is_boundary = True

    def __init__(self, spec: ScopeSpec, name: str, drawn: Element, definition: Definition, interrupting: bool) -> None:
        Catching.__init__(self, spec, name, drawn, definition)
        self.interrupting = self.cancel_activity = interrupting

    @property
    def armed_early(self) -> bool:
        """Whether it waits as a visit of its own; errors and escalations are looked for only when thrown."""
        return self.definition.kind not in events.PROPAGATED

    def trigger(self, task: Visit, payload: Mapping[str, Any]) -> None:
        """Go off."""
        scope = task.scope
        activity = scope.tasks[task.internal_data[ON]]
        if self.interrupting:
            task.known = activity.node.outlook(activity)
            task.internal_data = {DONE: dict(payload)}
            activity.cancel()
            self.raise_again(task)
            return
        self.open_branch(activity, payload)
        rearm(task)

    def open_branch(self, activity: Visit, payload: Mapping[str, Any]) -> None:
        """A branch beside the activity, which goes on; it begins with what is visible now."""
        beginning = merging.begin_beside(activity.parent, activity.node.outlook(activity))
        branch = beginning._add_child(self)
        branch.known = beginning.known
        self.hand_over(branch, payload)

    def withdraw(self, task: Visit, entered: bool) -> None:
        """Nobody saw an armed boundary event begin."""

    def _run_hook(self, my_task: Visit) -> bool | None:
        payload = my_task.internal_data.get(DONE, {})
        self.accept(my_task, payload)
        my_task.scope.top.note("entered", my_task)
        return True


class EventGateway(Node, EventBasedGatewayMixin):  # type: ignore[misc]  # untyped base
    """Sends a token to each of its events; the first that happens wins, the others are withdrawn."""

    def depart(self, task: Visit) -> None:
        """Let the events race, each with its own moment or key."""
        for flow in self.flows:
            child = task._add_child(flow.target)
            flow.target._update(child)
            child.internal_data[RACE] = task.id


class EventSubStart(Catching):
    """The armed start of an event sub-process, standing in the scope around it."""

    standing = True

    def __init__(self, spec: ScopeSpec, name: str, drawn: Element, definition: Definition, interrupting: bool) -> None:
        super().__init__(spec, name, drawn, definition)
        self.interrupting = interrupting
        self.body: EventSubProcess

    def trigger(self, task: Visit, payload: Mapping[str, Any]) -> None:
        """Begin the event sub-process."""
        self.body.begin(task.scope, payload)
        if not self.interrupting:
            rearm(task)

    def withdraw(self, task: Visit, entered: bool) -> None:
        """Nobody saw it begin."""


class EventSubProcess(Containing, EventSubprocessMixin):  # type: ignore[misc]  # untyped base
    """A sub-process that an event inside its scope begins; it ends the rest of the scope or runs beside it."""

    def __init__(self, spec: ScopeSpec, name: str, drawn: Element, inner: ScopeSpec, start: EventSubStart) -> None:
        Node.__init__(self, spec, name, drawn)
        self.inner = inner
        self.start = start
        start.body = self

    def begin(self, scope: Scope, payload: Mapping[str, Any]) -> None:
        """Begin, with the data of the whole scope as it is now."""
        known = merging.view(scope)
        if self.start.interrupting:
            for other in scope.live():
                other.cancel()
            scope.data.pop(merging.ENDED, None)  # the view has them already
            visit = scope.task_tree._add_child(self)
        else:
            visit = merging.begin_beside(scope.task_tree, known)._add_child(self)
        visit.known = known
        visit.internal_data["event"] = dict(payload)
        visit._ready()

    def inside_of(self, task: Visit) -> tuple[ScopeSpec, str, bool]:
        """The drawing it stands in."""
        return self.inner, task.scope.key, False

    def perform(self, task: Visit) -> None:
        """Open the inside; its start event takes the payload."""
        payload = task.internal_data.pop("event", {})
        super().perform(task)
        inside = task.scope.top.inside(task)
        assert inside is not None
        for first in inside.live():
            if isinstance(first.node, Start):
                first.internal_data[DONE] = payload


class Throw(Node, IntermediateThrowEventMixin):  # type: ignore[misc]  # untyped base
    """Throws in passing."""

    def __init__(self, spec: ScopeSpec, name: str, drawn: Element, definition: Definition) -> None:
        super().__init__(spec, name, drawn)
        self.definition = definition

    def _run_hook(self, my_task: Visit) -> bool:
        my_task.scope.top.note("entered", my_task)
        assert self.definition is not None
        throwing.throw(my_task, self.definition)
        if not my_task.alive:  # what caught it has ended this scope; the event itself did its work
            my_task.scope.top.note("completed", my_task)
        return True


class End(Throw, EndEventMixin):  # type: ignore[misc]  # untyped base
    """Throws, if anything, and ends its token; a terminate end ends its whole scope."""

    def _run_hook(self, my_task: Visit) -> bool:
        assert self.definition is not None
        if self.definition.kind == events.NONE:
            my_task.scope.top.note("entered", my_task)
            return True
        return super()._run_hook(my_task)

    def depart(self, task: Visit) -> None:
        """The token ends here."""
        assert self.definition is not None
        if self.definition.kind == events.TERMINATE:
            ending.finish(task.scope, task)
        else:
            super().depart(task)


def rearm(task: Visit) -> None:
    """After a non-interrupting event went off: wait for the next time, if there is one."""
    if task.node.definition is not None and task.node.definition.kind != events.TIMER:
        return
    following = events.next_moment(task.internal_data[ARMED], engine_of(task))
    if following is None:
        task._set_state(State.CANCELLED)
    else:
        task.internal_data[ARMED] = following

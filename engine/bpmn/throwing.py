"""What is thrown: to whom it goes inside the instance, and what goes out of it.

Signals reach every catcher of the instance at once and go out as well. Messages only go out: the engine correlates
them. Errors and escalations climb from scope to scope until something catches them; uncaught they go out.
"""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from engine.bpmn import ending, events, merging
from engine.bpmn.evaluation import mapped, visible
from engine.bpmn.events import Definition
from engine.bpmn.nodes import ARMED, engine_of
from engine.bpmn.scopes import Root, Scope, Visit
from engine.bpmn.types import Thrown

if TYPE_CHECKING:
    from engine.bpmn.nodes_events import Boundary, EventSubProcess


def throw(task: Visit, definition: Definition) -> None:
    """Throw what a throwing event, an end event or a send task is about."""
    if definition.kind in (events.NONE, events.TERMINATE):
        return
    engine, names = engine_of(task), visible(task)
    payload = payload_of(task)
    if definition.kind in events.PROPAGATED:
        code = None if definition.code is None else str(engine.value(definition.code, names))
        if not propagate(task, definition.kind, code, payload):
            _uncaught(task, definition.kind, code, payload)
        return
    name = str(engine.value(definition.name, names))
    key = events.correlation(definition, engine, names) if definition.kind == events.MESSAGE else None
    task.scope.top.thrown.append(Thrown(definition.kind, name, key, payload, task.node.bpmn_id))
    if definition.kind == events.SIGNAL:
        deliver_signal(task.scope.top, name, payload)


def payload_of(task: Visit) -> dict[str, Any]:
    """What the designer chose to send: headers and mapped inputs, never all data."""
    engine, names, settings = engine_of(task), visible(task), task.node.drawn.settings
    headers = {name: engine.value(raw, names) for name, raw in settings.headers.items()}
    return {**headers, **mapped(engine, settings.inputs, names)}


def waiting(root: Root, kind: str) -> Iterator[Visit]:
    """Visits that wait for an event of this kind, in every scope; read it out before you trigger any."""
    for scope in root.scopes:
        for task in scope.live():
            if ARMED in task.internal_data and task.node.definition is not None and task.node.definition.kind == kind:
                yield task


def deliver_signal(root: Root, name: str, payload: Mapping[str, Any]) -> int:
    """Trigger everything in the instance that waits for this signal; an earlier one may withdraw a later one."""
    found = [task for task in waiting(root, events.SIGNAL) if task.internal_data[ARMED]["name"] == name]
    count = 0
    for task in found:
        if task.alive and ARMED in task.internal_data:
            trigger(task, payload)
            count += 1
    return count


def trigger(task: Visit, payload: Mapping[str, Any]) -> None:
    """What an armed visit waited for has happened."""
    task.node.trigger(task, payload)


def propagate(task: Visit, kind: str, code: str | None, payload: Mapping[str, Any]) -> bool:
    """Let an error, escalation or cancellation climb from this visit. Returns whether something caught it."""
    at: Visit | None = task
    while at is not None:
        event = _boundary(at, kind, code)
        if event is not None:
            _go_off(event, at, payload)
            return True
        if at.node.is_round:  # one round of a loop: its boundary events sit on the loop
            at = at.parent
            continue
        scope = at.scope
        body = _event_sub_process(at, scope, kind, code)
        if body is not None:
            body.begin(scope, payload)
            return True
        at = scope.owner
    return False


def _boundary(at: Visit, kind: str, code: str | None) -> Boundary | None:
    """The catching boundary event of an activity; one that names the code before one that catches all."""
    found = [event for event in at.node.boundaries if event.definition.catches(kind, code)]
    return min(found, key=lambda event: event.definition.code is None, default=None)


def _event_sub_process(at: Visit, scope: Scope, kind: str, code: str | None) -> EventSubProcess | None:
    """The catching event sub-process of the scope; what one throws itself is not for its neighbours."""
    if at.node in scope.spec.event_sub_processes:
        return None
    found = [body for body in scope.spec.event_sub_processes if body.start.definition.catches(kind, code)]
    return min(found, key=lambda body: body.start.definition.code is None, default=None)


def _go_off(event: Boundary, activity: Visit, payload: Mapping[str, Any]) -> None:
    if not event.interrupting:
        event.open_branch(activity, payload)
        return
    caught = activity.parent._add_child(event)
    caught.known = activity.node.outlook(activity)
    activity.cancel()
    event.hand_over(caught, payload)


def _uncaught(task: Visit, kind: str, code: str | None, payload: Mapping[str, Any]) -> None:
    """An escalation is told to the outside and work goes on; an error ends the whole instance."""
    root = task.scope.top
    root.thrown.append(Thrown(kind, code or "", None, payload, task.node.bpmn_id))
    if kind == events.ESCALATION:
        return
    root.result = merging.view(root).values
    ending.close(root)


"""The functions by which the engine moves an instance: bytes in, bytes out, nothing kept between two calls.

Each decodes the state, does one thing, lets every token go on until it waits, and says what is open and what happened.
All raise WrongState for a token that does not stand there any more, and ElementFailed (types.py) when an element failed
on the way; its ``advance`` holds the state with the failing token before its element.
"""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from SpiffWorkflow.util.task import TaskState as State

from engine import values
from engine.bpmn import events, snapshot, state, stepping, throwing
from engine.bpmn.evaluation import FeelEngine
from engine.bpmn.known import Known
from engine.bpmn.nodes import ARMED, DONE, label
from engine.bpmn.nodes_activities import Activity, ManualTask, ServiceTask, UserTask, open_scope, prepare
from engine.bpmn.nodes_events import Start
from engine.bpmn.scopes import Root, Visit
from engine.bpmn.types import Advance, ElementFailed, Host, Procedure, Snapshot, Variables
from engine.errors import Invalid, NotFound, ReglamentError, WrongState, text


class Standing:
    """An instance that was decoded to be looked at. The step that follows may have it in place of the bytes, once."""

    def __init__(self, procedure: Procedure, content: bytes, host: Host) -> None:
        self.content = content
        self._root: Root | None = load(procedure, content, host)
        self.snapshot = snapshot.take(self._root)

    def taken(self, host: Host) -> Root | None:
        """The instance in memory, which now asks this host; None when a step has had it already."""
        root, self._root = self._root, None
        if root is not None:
            root.host, root.script_engine = host, FeelEngine(host)
        return root


Content = bytes | Standing


def start(procedure: Procedure, variables: Variables, host: Host) -> Advance:
    """Begin an instance at its none start event (or at its only start event)."""
    starts = procedure.compiled.spec.starts
    return _begin(procedure, starts, variables, {}, host)


def start_by_event(procedure: Procedure, kind: str, name: str, payload: Variables, host: Host) -> Advance:
    """Begin an instance because of an event: kind ``message``, ``signal`` or ``timer``.

    ``name``: the message's or signal's name; for a timer the element id or the raw text of its definition. The payload
    goes through the start event's output mapping, if it has one. Raises NotFound when no start event is meant.
    """
    for node in procedure.compiled.starts:
        if node.definition.kind == kind and name in (node.definition.name, node.definition.raw, node.bpmn_id):
            return _begin(procedure, (node,), {}, payload, host)
    raise NotFound("«{procedure}» is not started by {kind} «{name}»", procedure=procedure.key, kind=kind, name=name)


def complete(procedure: Procedure, content: Content, token_id: str, data: Variables, host: Host) -> Advance:
    """Complete a user or manual task with what the form gave."""
    root = load(procedure, content, host)
    task = _resting(root, token_id, (UserTask, ManualTask))
    return _finish(root, task, data)


def finish_service(procedure: Procedure, content: Content, token_id: str, outputs: Variables, host: Host) -> Advance:
    """An action is done; these are its results."""
    root = load(procedure, content, host)
    task = _resting(root, token_id, (ServiceTask,))
    return _finish(root, task, outputs)


def throw_error(
    procedure: Procedure, content: Content, token_id: str, code: str, message: str, host: Host
) -> Advance:
    """An action reports a business error, which the drawing catches. Raises ElementFailed when it does not."""
    root = load(procedure, content, host)
    task = _resting(root, token_id, (Activity,))
    payload = {"errorCode": code, "errorMessage": message}
    if not throwing.propagate(task, events.ERROR, code, payload):
        said = {"code": code, "message": message}
        reason = text("Nothing in the procedure catches the business error {code}: {message}", **said)
        raise ElementFailed(reason, task.node.bpmn_id, task.scope.key, task.id)
    return advance(root)


def fire_timer(procedure: Procedure, content: Content, token_id: str, host: Host) -> Advance:
    """A timer goes off. Nobody looks at the clock here: when it is due the engine decides."""
    root = load(procedure, content, host)
    task = _armed(root, token_id, (events.TIMER,))
    return _happen(root, task, {})


def deliver(procedure: Procedure, content: Content, token_id: str, payload: Variables, host: Host) -> Advance:
    """The message or signal has come for which this token waits."""
    root = load(procedure, content, host)
    task = _armed(root, token_id, (events.MESSAGE, events.SIGNAL))
    return _happen(root, task, checked(payload))


def resume(procedure: Procedure, content: Content, host: Host) -> Advance:
    """Try again what an incident holds, and look at the conditions of conditional events again."""
    root = load(procedure, content, host)
    stepping.wake(root)
    return advance(root)


def look(procedure: Procedure, content: bytes, host: Host) -> Snapshot:
    """What is open, without a step."""
    return snapshot.take(load(procedure, content, host))


def _begin(
    procedure: Procedure, starts: tuple[Start, ...], variables: Variables, payload: Variables, host: Host
) -> Advance:
    spec = procedure.compiled.spec
    root = Root(spec, procedure.key, host, FeelEngine(host))
    data = checked(variables)
    try:
        standing = prepare(spec, root.script_engine, data)
    except ReglamentError as error:
        raise ElementFailed(error.text, procedure.key, procedure.key) from error
    for task in open_scope(root, Known(data), standing, starts):
        if payload:
            task.internal_data[DONE] = checked(payload)
    return advance(root)


def load(procedure: Procedure, content: Content, host: Host) -> Root:
    """The instance in memory, for the length of one step."""
    if isinstance(content, Standing):
        known, content = content.taken(host), content.content
        if known is not None:
            return known
    return state.decode(content, procedure.key, procedure.compiled.spec, host)


def _resting(root: Root, token_id: str, kinds: tuple[type[Activity], ...]) -> Visit:
    task = root.find(token_id)
    if task is None or root.completed:
        raise WrongState("This step is not open any more: it has been completed or cancelled")
    if task._state != State.STARTED or not isinstance(task.node, kinds):
        raise WrongState("«{element}» does not wait to be completed", element=label(task.node))
    return task


def _armed(root: Root, token_id: str, kinds: tuple[str, ...]) -> Visit:
    task = root.find(token_id)
    if task is None or root.completed:
        raise WrongState("This event is not awaited any more")
    definition = task.node.definition
    if ARMED not in task.internal_data or definition is None or definition.kind not in kinds:
        raise WrongState("«{element}» does not wait for this", element=label(task.node))
    return task


def _finish(root: Root, task: Visit, produced: Variables) -> Advance:
    assert isinstance(task.node, Activity)
    task.node.conclude(task, checked(produced))
    return advance(root)


def _happen(root: Root, task: Visit, payload: Mapping[str, Any]) -> Advance:
    try:
        throwing.trigger(task, payload)
    except ReglamentError as error:
        raise ElementFailed(error.text, task.node.bpmn_id, task.scope.key, task.id) from error
    return advance(root)


def checked(given: Variables) -> dict[str, Any]:
    """The variables as the state keeps them: nothing that cannot be stored, nothing shared with the caller."""
    try:
        kept: dict[str, Any] = values.decode(values.encode(given))
    except TypeError as error:
        raise Invalid("These values cannot be kept: {reason}", reason=str(error)) from error
    return kept


def advance(root: Root) -> Advance:
    """Let every token go on until it waits; the outcome of the step. Raises ElementFailed."""
    failures = stepping.settle(root)
    state.prune(root)
    done = Advance(state.encode(root), snapshot.take(root), tuple(root.happened), tuple(root.thrown))
    if failures:
        task = failures[0].task
        raise ElementFailed(failures[0].reason, task.node.bpmn_id, task.scope.key, task.id, done)
    return done



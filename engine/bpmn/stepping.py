"""The loop that moves tokens: one element at a time, the deepest sub-process first, until everything waits.

SpiffWorkflow's own loop fires timers by the clock of the machine, lets a sub-process run on after it was interrupted
and never stops an endless procedure. Here timers go off only when the engine says so, an interruption
takes effect at once, and a step has a limit. An element that fails keeps its token before it; other tokens go on.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from SpiffWorkflow.util.task import TaskState as State

from engine.bpmn import events, merging, state, throwing
from engine.bpmn.joins import fire_inclusive
from engine.bpmn.known import Known
from engine.bpmn.nodes import ARMED, engine_of, label
from engine.bpmn.scopes import Root, Visit
from engine.errors import BusinessError, ReglamentError, Text, text

FAILED = "failed"
PRUNE_EVERY = 500


@dataclass(frozen=True)
class Failure:
    """An element that could not be executed."""

    task: Visit
    reason: Text


def settle(root: Root) -> list[Failure]:
    """Move tokens until all wait. Returns what failed on the way; those tokens stand before their elements."""
    failures: list[Failure] = []
    count = 0
    while not root.completed:
        task = root.next_ready()
        if task is None:
            if fire_inclusive(root) or _conditions(root):
                continue
            break
        if FAILED in task.internal_data:
            continue
        count += 1
        if count > root.host.step_limit:
            failures.append(_hold(task, _endless(task, root.host.step_limit)))
            _hold_the_rest(root, failures)
            break
        failure = _execute(root, task)
        if failure is not None:
            failures.append(failure)
        if count % PRUNE_EVERY == 0:
            state.prune(root)
    return failures


def reason_of(task: Visit) -> Text:
    """Why a token is held."""
    template, values = task.internal_data[FAILED]
    return Text(template, values)


def wake(root: Root) -> None:
    """Let the tokens try again that an incident holds."""
    for scope in root.scopes:
        for task in scope.live():
            task.internal_data.pop(FAILED, None)
            if task._state == State.READY:
                root.enqueue(task)


def _execute(root: Root, task: Visit) -> Failure | None:
    """Execute one element. On failure everything it noted is taken back and its token stands before it."""
    marks, known, internal = (len(root.happened), len(root.thrown)), task.known, dict(task.internal_data)
    try:
        task.run()
        return None
    except BusinessError as error:
        _take_back(root, task, marks, known, internal)
        root.note("entered", task)
        payload = {"errorCode": error.code, "errorMessage": str(error)}
        if throwing.propagate(task, events.ERROR, error.code, payload):
            root.note("cancelled", task)
            return None
        reason = error.text
    except ReglamentError as error:
        reason = error.text
    _take_back(root, task, marks, known, internal)
    return _hold(task, reason)


def _take_back(
    root: Root, task: Visit, marks: tuple[int, int], known: Known, internal: dict[str, Any]
) -> None:
    del root.happened[marks[0] :]
    del root.thrown[marks[1] :]
    task.known, task.internal_data = known, dict(internal)
    task.changed, task.chosen = {}, None
    task._set_state(State.READY)


def _hold(task: Visit, reason: Text) -> Failure:
    task.internal_data[FAILED] = [reason.template, {key: _sayable(value) for key, value in reason.values.items()}]
    return Failure(task, reason)


def _sayable(value: Any) -> Any:
    return value if isinstance(value, (str, int)) else str(value)


def _hold_the_rest(root: Root, failures: list[Failure]) -> None:
    """An endless step: every token on its way is held, so that none runs on unnoticed."""
    while (task := root.next_ready()) is not None:
        failures.append(_hold(task, _endless(task, root.host.step_limit)))


def _endless(task: Visit, limit: int) -> Text:
    return text("«{element}» was reached after {limit} elements in one step: the procedure seems to run in a circle",
                element=label(task.node), limit=limit)  # fmt: skip


def _conditions(root: Root) -> bool:
    """Fire conditional events whose condition has come to hold. Returns whether one did."""
    fired = False
    for task in list(throwing.waiting(root, events.CONDITIONAL)):
        if not (task.alive and ARMED in task.internal_data):
            continue
        armed = task.internal_data[ARMED]
        holds = _condition_holds(task)
        if holds and not armed["held"]:
            task.internal_data[ARMED] = {"held": True}
            throwing.trigger(task, {})
            fired = True
        else:
            task.internal_data[ARMED] = {"held": holds}
    return fired


def _condition_holds(task: Visit) -> bool:
    """Against the data of the whole scope. A name that does not exist yet does not make an incident: it waits."""
    definition = task.node.definition
    assert definition is not None
    try:
        return engine_of(task).holds(definition.raw, merging.view(task.scope).values)
    except ReglamentError:
        return False

"""What is open, for the rest of the engine: live tokens as the frozen dataclasses of types.py."""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from SpiffWorkflow.util.task import TaskState as State

from engine.bpmn import events, merging
from engine.bpmn.evaluation import LOCAL
from engine.bpmn.nodes import ARMED, ON
from engine.bpmn.nodes_activities import Containing, ManualTask, ServiceTask, UserTask
from engine.bpmn.scopes import Root, Visit
from engine.bpmn.stepping import FAILED, reason_of
from engine.bpmn.types import (
    FailedToken,
    OpenCall,
    OpenService,
    OpenSubscription,
    OpenTask,
    OpenTimer,
    Snapshot,
    Token,
)


def take(root: Root) -> Snapshot:
    """What is open now."""
    found: dict[type[Token], list[Any]] = {
        kind: [] for kind in (OpenTask, OpenService, OpenTimer, OpenSubscription, OpenCall, FailedToken)
    }
    if not root.completed:
        for scope in root.scopes:
            for task in scope.live():
                token = _token(task)
                if token is not None:
                    found[type(token)].append(token)
    return Snapshot(
        tasks=tuple(found[OpenTask]),
        services=tuple(found[OpenService]),
        timers=tuple(found[OpenTimer]),
        subscriptions=tuple(found[OpenSubscription]),
        calls=tuple(found[OpenCall]),
        completed=root.completed,
        result=Seen(root.result if root.completed else merging.view(root).values),
        failed=tuple(found[FailedToken]),
    )


def _token(task: Visit) -> Token | None:
    node, common = task.node, _common(task)
    if FAILED in task.internal_data:
        return FailedToken(**common, reason=reason_of(task))
    if ARMED in task.internal_data and task._state == State.WAITING:
        return _armed(task, common)
    if task._state != State.STARTED:
        return None
    if isinstance(node, (UserTask, ManualTask)):
        return OpenTask(**common)
    if isinstance(node, ServiceTask):
        return OpenService(**common)
    return OpenCall(**common) if isinstance(node, Containing) else None


def _armed(task: Visit, common: dict[str, Any]) -> Token | None:
    armed, definition = task.internal_data[ARMED], task.node.definition
    assert definition is not None
    if definition.kind == events.TIMER:
        return OpenTimer(**common, due_at=armed["due"], boundary_of=task.internal_data.get(ON))
    if definition.kind in events.SUBSCRIBED:
        return OpenSubscription(**common, kind=definition.kind, name=armed["name"], correlation_key=armed.get("key"))
    return None


def _common(task: Visit) -> dict[str, Any]:
    scope = task.scope
    return {
        "token_id": task.id,
        "element": task.node.drawn,
        "process_key": scope.key,
        "path": scope.path,
        "variables": Seen(task.data, task.internal_data.get(LOCAL)),
    }


class Seen(Mapping[str, Any]):
    """Variables as one element sees them. Every value handed out is a copy: nobody can reach another token's data."""

    __slots__ = ("_far", "_near")

    def __init__(self, far: Mapping[str, Any], near: Mapping[str, Any] | None = None) -> None:
        self._far, self._near = far, near or {}

    def __getitem__(self, name: str) -> Any:
        return _copied(self._near[name] if name in self._near else self._far[name])

    def __contains__(self, name: object) -> bool:
        return name in self._near or name in self._far

    def __iter__(self) -> Iterator[str]:
        yield from self._far
        yield from (name for name in self._near if name not in self._far)

    def __len__(self) -> int:
        return len(self._far.keys() | self._near.keys())

    def __repr__(self) -> str:
        return repr(dict(self))


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value

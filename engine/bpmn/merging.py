"""Data of several tokens become one: a three-way merge against the data with which their branches began.

A branch contributes only what it changed, so one that did not touch a variable cannot undo what another did
(spiff.md 0.3). Two branches that changed one variable differently are a conflict: the later one wins, and both values
are reported.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from SpiffWorkflow.util.task import TaskState as State

from engine.bpmn.scopes import Scope, Visit

ENDED = "ended"
BESIDE = "beside"
MISSING = object()

Conflicts = dict[str, list[Any]]


def changes(base: Mapping[str, Any], data: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Variables that differ from the base."""
    for key, value in data.items():
        held = base.get(key, MISSING)
        if held is not value and (held is MISSING or not same(held, value)):
            yield key, value


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal and not merely ``1 == True``."""
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def lineage(tasks: Iterable[Visit]) -> set[str]:
    """Ids of these visits and everything before them."""
    found: set[str] = set()
    for task in tasks:
        for visit in task.lineage():
            if visit.id in found:
                break
            found.add(visit.id)
    return found


def basis(task: Visit, known: set[str]) -> Mapping[str, Any]:
    """The data with which the token's branch began, seen from the others (``known``: their lineage)."""
    for visit in task.lineage():
        if visit.id in known or visit.internal_data.get(BESIDE) in known:
            return visit.data
    return {}


def beginning(task: Visit) -> Mapping[str, Any] | None:
    """What a branch that was opened beside a running activity began with; None for any other branch."""
    return next((visit.data for visit in task.lineage() if BESIDE in visit.internal_data), None)


def begin_beside(parent: Visit, data: Mapping[str, Any]) -> Visit:
    """A branch beside running work begins with what is visible now: an entry of its own in the tree says what that was.

    Otherwise what others had done by then would look like the branch's own doing.
    """
    visit = parent._add_child(parent.scope.spec.start, State.COMPLETED)
    visit.data = dict(data)
    visit.internal_data = {BESIDE: parent.id}
    return visit


def combine(
    tasks: list[Visit], look: Callable[[Visit], Mapping[str, Any]] = lambda task: task.data
) -> tuple[dict[str, Any], Conflicts]:
    """The merged data of tokens, in the order in which they came, and what they disagreed on."""
    data, conflicts = dict(look(tasks[0])), Conflicts()
    known, begun = lineage(tasks[:1]), [beginning(tasks[0])]
    for task in tasks[1:]:
        base = basis(task, known)
        for key, value in changes(base, look(task)):
            held = data.get(key, MISSING)
            if held is not MISSING and not same(held, value) and not _untouched(key, held, [base, *begun]):
                conflicts.setdefault(key, [held]).append(value)
            data[key] = value
        known |= lineage([task])
        begun.append(beginning(task))
    return data, conflicts


def contribute(task: Visit, rest: list[Visit]) -> Conflicts:
    """Keep what an ended branch changed until its scope is over; its token and its history are no longer needed."""
    base, conflicts = basis(task, lineage(rest)), Conflicts()
    ended: dict[str, list[Any]] = task.scope.data.setdefault(ENDED, {})
    for key, value in changes(base, task.data):
        before = [base[key]] if key in base else []
        if key in ended and not same(ended[key][0], value) and not (before and same(ended[key][0], before[0])):
            conflicts[key] = [ended[key][0], value]
        ended[key] = [value, *before]
    return conflicts


def settle(
    scope: Scope, data: Mapping[str, Any], begun: Mapping[str, Any] | None = None
) -> tuple[dict[str, Any], Conflicts]:
    """Data with what the ended branches of the scope contributed. ``begun``: see beginning."""
    result, conflicts = dict(data), Conflicts()
    for key, (value, *base) in scope.data.get(ENDED, {}).items():
        held = result.get(key, MISSING)
        if _untouched(key, held, [{key: base[0]} if base else {}, begun]):
            result[key] = value
        elif not same(held, value):
            conflicts[key] = [value, held]
    return result, conflicts


def _untouched(key: str, held: Any, begun: list[Mapping[str, Any] | None]) -> bool:
    """Whether the value is still one of those with which branches began."""
    return any(begin is not None and same(held, begin.get(key, MISSING)) for begin in begun)


def view(scope: Scope) -> dict[str, Any]:
    """The data of a scope as one: what would come out if it ended now."""
    tasks = scope.tokens()
    if not tasks:
        return settle(scope, scope.task_tree.data)[0]
    return settle(scope, combine(tasks, lambda task: task.node.outlook(task))[0])[0]

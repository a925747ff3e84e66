"""Data of several tokens become one: a three-way merge against the data with which their branches began.

A branch contributes only what it changed, so one that did not touch a variable cannot undo what another did
(spiff.md 0.3). Two branches that changed one variable differently are a conflict: the later one wins, and both values
are reported.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from engine.bpmn.scopes import Scope, Visit

ENDED = "ended"
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
    """The data with which the token's branch began, seen from the others (``known``: their lineage).

    A branch opened beside a running activity began with what was visible then; such a beginning stands in the tree as
    an entry of its own.
    """
    start = task.scope.spec.start
    for visit in task.lineage():
        if visit.id in known or visit.task_spec is start:
            return visit.data
    return {}


def combine(
    tasks: list[Visit], look: Callable[[Visit], Mapping[str, Any]] = lambda task: task.data
) -> tuple[dict[str, Any], Conflicts]:
    """The merged data of tokens, in the order in which they came, and what they disagreed on."""
    data, conflicts = dict(look(tasks[0])), Conflicts()
    known = lineage(tasks[:1])
    for task in tasks[1:]:
        base = basis(task, known)
        for key, value in changes(base, look(task)):
            held = data.get(key, MISSING)
            if held is not MISSING and not same(held, value) and not same(held, base.get(key, MISSING)):
                conflicts.setdefault(key, [held]).append(value)
            data[key] = value
        known |= lineage([task])
    return data, conflicts


def contribute(scope: Scope, task: Visit, rest: list[Visit]) -> None:
    """Keep what an ended branch changed until its scope is over; its token and its history are no longer needed."""
    base = basis(task, lineage(rest))
    ended: dict[str, list[Any]] = scope.data.setdefault(ENDED, {})
    for key, value in changes(base, task.data):
        ended[key] = [value, *([base[key]] if key in base else [])]


def settle(scope: Scope, data: Mapping[str, Any]) -> tuple[dict[str, Any], Conflicts]:
    """Data with what the ended branches of the scope contributed."""
    result, conflicts = dict(data), Conflicts()
    for key, (value, *base) in scope.data.get(ENDED, {}).items():
        held = result.get(key, MISSING)
        if same(held, base[0] if base else MISSING):
            result[key] = value
        elif not same(held, value):
            conflicts[key] = [value, held]
    return result, conflicts


def view(scope: Scope) -> dict[str, Any]:
    """The data of a scope as one: what would come out if it ended now."""
    tasks = scope.tokens()
    if not tasks:
        return settle(scope, scope.task_tree.data)[0]
    return settle(scope, combine(tasks, lambda task: task.node.outlook(task))[0])[0]

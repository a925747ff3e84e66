"""Tokens become one, and ended branches leave what they wrote to their scope.

Which value counts is decided by the writes themselves (known.py). What is worked out here beside that are the
conflicts: two branches wrote one variable, neither knowing of the other. They are reported, never silent.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from SpiffWorkflow.util.task import TaskState as State

from engine.bpmn.known import Known, same
from engine.bpmn.scopes import Scope, Visit

ENDED = "ended"
BESIDE = "beside"

Conflicts = dict[str, list[Any]]
Look = Callable[[Visit], Known]


def lineage(tasks: Iterable[Visit]) -> set[str]:
    """Ids of these visits and everything before them."""
    found: set[str] = set()
    for task in tasks:
        for visit in task.lineage():
            if visit.id in found:
                break
            found.add(visit.id)
    return found


def begin_beside(parent: Visit, known: Known) -> Visit:
    """A branch beside running work begins with what is visible now; an entry of its own in the tree says what that was.

    Otherwise what others had written by then would look like the branch's own doing.
    """
    visit = parent._add_child(parent.scope.spec.start, State.COMPLETED)
    visit.known = known
    visit.internal_data = {BESIDE: parent.id}
    return visit


def combine(tasks: list[Visit], look: Look = lambda task: task.known) -> tuple[Known, Conflicts]:
    """What tokens know together, and what they wrote without knowing of each other."""
    known = look(tasks[0])
    for task in tasks[1:]:
        known = known.later(look(task))
    shared = set.intersection(*({visit.id for visit in task.lineage()} for task in tasks))
    conflicts, written = Conflicts(), dict[str, list[tuple[int, int, Any]]]()
    for task in tasks:
        base, own = _base(task, shared), look(task)
        for name, number in own.writes.items():
            if number > base.number(name):
                value, began = own.values[name], base.number(name)
                for other, other_began, other_value in written.setdefault(name, []):
                    if began < other and other_began < number and other != number and not same(value, other_value):
                        conflicts.setdefault(name, [other_value]).append(value)
                written[name].append((number, began, value))
    return known, conflicts


def _base(task: Visit, shared: set[str]) -> Known:
    """What the token's branch began with: at its own beginning beside running work, or where all of them parted."""
    found = (visit.known for visit in task.lineage() if visit.id in shared or BESIDE in visit.internal_data)
    return next(found, Known())


def contribute(task: Visit, rest: list[Visit]) -> Conflicts:
    """Keep what an ended branch wrote until its scope is over; its token and its history are no longer needed."""
    known_to_rest = lineage(rest)
    parted = next((visit.known for visit in task.lineage() if visit.id in known_to_rest), Known())
    base, conflicts = _base(task, known_to_rest), Conflicts()
    ended: dict[str, list[Any]] = task.scope.data.setdefault(ENDED, {})
    for name, number in task.known.writes.items():
        began, value = base.number(name), task.known.values[name]
        if number <= parted.number(name):
            continue  # those that go on know it as well
        if name in ended:
            other_value, other, other_began = ended[name]
            if began < other and other_began < number and other != number and not same(value, other_value):
                conflicts[name] = [other_value, value]
            began = min(began, other_began)
            if other > number:
                value, number = other_value, other
        ended[name] = [value, number, began]
    return conflicts


def settle(scope: Scope, last: Known, begun: Known | None = None) -> tuple[Known, Conflicts]:
    """What the last token knows, with what the ended branches wrote. ``begun``: see beginning."""
    ended: Mapping[str, list[Any]] = scope.data.get(ENDED, {})
    conflicts = Conflicts()
    for name, (value, number, began) in ended.items():
        held = last.number(name)
        if name not in last.values or same(last.values[name], value) or held <= began or held == number:
            continue
        if begun is None or (held > begun.number(name) and begun.number(name) < number):
            conflicts[name] = [value, last.values[name]] if held > number else [last.values[name], value]
    values = {name: value for name, (value, _, _) in ended.items()}
    return last.later(Known(values, {name: number for name, (_, number, _) in ended.items()})), conflicts


def beginning(task: Visit) -> Known | None:
    """What a branch that was opened beside running work began with; None for any other branch."""
    return next((visit.known for visit in task.lineage() if BESIDE in visit.internal_data), None)


def view(scope: Scope) -> Known:
    """What a scope knows as one: what would come out if it ended now."""
    known = scope.task_tree.known
    for task in scope.tokens():
        if not task.node.is_round:
            known = known.later(task.node.outlook(task))
    return settle(scope, known)[0]

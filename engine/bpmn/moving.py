"""What no drawing says: a step done again, left out, gone on from elsewhere, data put right.

As in engine.bpmn.runner each function takes bytes and gives bytes. A token is never reset: those that stand are
withdrawn (their timers and subscriptions with them), a new one is put before an element, and the ordinary loop moves
it. So visits, log and replay tell what happened without knowing of moves.
"""
from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from engine import values
from engine.bpmn import merging, runner, ways
from engine.bpmn.joins import Join
from engine.bpmn.known import Known
from engine.bpmn.nodes import ARMED, DONE, RACE, Exclusive, Node, label
from engine.bpmn.nodes_activities import AGAIN, INTO, Activity, Containing
from engine.bpmn.nodes_events import Boundary, EventSubProcess, EventSubStart, IntermediateCatch, Start
from engine.bpmn.scopes import Root, Scope, Visit
from engine.bpmn.stepping import FAILED
from engine.bpmn.types import Advance, Element, Host, Procedure, Variables
from engine.bpmn.ways import Level, Passage, Way
from engine.errors import NotFound, Text, WrongState, text

MOVABLE = (Activity, IntermediateCatch, Exclusive)


@dataclass(frozen=True)
class Earlier:
    """A token as it stood: the state it stood in, and what was entered since, in order."""

    state: bytes
    token_id: str
    passed: Sequence[Passage]


def way(procedure: Procedure, content: bytes, earlier: Earlier, host: Host) -> Way:
    """What came of an earlier token, and whether it can be withdrawn. Raises WrongState for a token unknown there."""
    return _traced(procedure, runner.load(procedure, content, host), earlier, host).way


def reopen(procedure: Procedure, content: bytes, earlier: Earlier, given: Variables, host: Host) -> Advance:
    """Withdraw everything that came of an earlier token and put a token before its element again, with the variables
    that it had and, to look at, what it was ``given`` then. Raises WrongState where that cannot be right."""
    root = runner.load(procedure, content, host)
    traced = _traced(procedure, root, earlier, host)
    if traced.way.blocked is not None:
        raise WrongState(traced.way.blocked)
    entered = traced.place.node
    if (fault := ways.starved(traced.scope, traced.heads, entered)) is not None:
        raise WrongState(fault)
    known_then = {task.id for task in traced.place.lineage()} | {traced.scope.task_tree.id}
    above = next(task for task in traced.heads[0].lineage() if task.id in known_then)
    for head in traced.heads:
        head.cancel()
    chain = _chain(traced.inner)
    placed = _put(above, entered, traced.place.known, chain)
    (chain[-1][3] if chain else placed.internal_data)[AGAIN] = runner.checked(given)
    placed._ready()
    return runner.advance(root)


def move(
    procedure: Procedure, content: bytes, token_id: str, path: str, element_id: str, variables: Variables, host: Host
) -> Advance:
    """Withdraw a token and put one before another element of its scope, of one around it, or of a sub-process in it.

    ``path``: as in Token. Raises WrongState and NotFound where that cannot be right.
    """
    root = runner.load(procedure, content, host)
    task = _live(root, token_id)
    level, rest = _level_of(task, path)
    node, into = _target(level.scope, [*rest, element_id])
    if [leaf.id for leaf in ways.leaves(level.visit)] != [task.id]:
        raise WrongState("Inside of «{around}» other work is under way: it would be withdrawn as well",
                         around=label(level.visit.node))  # fmt: skip
    leaving = _rivals(level)
    if (fault := ways.starved(level.scope, leaving, node) or _doubled(level, leaving, node)) is not None:
        raise WrongState(fault)
    known = level.visit.node.outlook(level.visit)
    above = level.visit.parent
    for visit in leaving:
        visit.cancel()
    placed = _put(above, node, known, [[one.name, None, None, {}, {}] for one in into])
    placed.write(runner.checked(variables))
    placed._ready()
    return runner.advance(root)


def skip(procedure: Procedure, content: bytes, token_id: str, variables: Variables, host: Host) -> Advance:
    """Let a waiting step pass as if it were done, with the variables it would have given."""
    root = runner.load(procedure, content, host)
    task = _live(root, token_id)
    given = runner.checked(variables)
    if FAILED in task.internal_data:
        _pass_failed(task, given)
    elif isinstance(task.node, Activity) and not isinstance(task.node, Containing) and task.at_rest:
        task.internal_data.pop(ARMED, None)
        task.node.conclude(task, given)
    elif isinstance(task.node, IntermediateCatch) and ARMED in task.internal_data:
        task.node.trigger(task, given)
    else:
        raise WrongState("«{element}» cannot be left out: it does not wait for anything by itself",
                         element=label(task.node))  # fmt: skip
    return runner.advance(root)


def edit(procedure: Procedure, content: bytes, changes: Variables, host: Host) -> Advance:
    """Set variables everywhere in the instance, as one write: branches that meet later agree on it."""
    root = runner.load(procedure, content, host)
    if root.completed:
        raise WrongState(ways.OVER)
    given = runner.checked(changes)
    root.writes += 1
    for scope in root.scopes:
        known_here = given if not scope.called or scope is root else {
            name: value for name, value in given.items() if name in scope.task_tree.known.values
        }  # fmt: skip
        for task in scope.live():
            task.known = task.known.write(known_here, root.writes)
        ended = scope.data.get(merging.ENDED, {})
        for name in known_here.keys() & ended.keys():
            ended[name] = [known_here[name], root.writes, ended[name][2]]
    return runner.advance(root)


def destinations(procedure: Procedure, content: bytes, token_id: str, host: Host) -> list[tuple[str, Element]]:
    """Where the token may be moved: path and element, its own scope first. Raises WrongState."""
    root = runner.load(procedure, content, host)
    task = _live(root, token_id)
    found = []
    for level in ways.levels(task):
        if [leaf.id for leaf in ways.leaves(level.visit)] != [task.id]:
            break
        for node in level.scope.spec.task_specs.values():
            if not isinstance(node, MOVABLE) or isinstance(node, EventSubProcess) or node is level.visit.node:
                continue
            leaving = _rivals(level)
            fault = node.is_round or ways.starved(level.scope, leaving, node) or _doubled(level, leaving, node)
            if not fault:
                found.append((level.scope.path, node.drawn))
    return found


def _rivals(level: Level) -> list[Visit]:
    """The visit, and the events that race against it: who goes on from elsewhere waits for none of them."""
    race = level.visit.internal_data.get(RACE)
    others = [task for task in level.scope.live() if race is not None and task.internal_data.get(RACE) == race]
    return [level.visit, *(task for task in others if task is not level.visit)]


def _doubled(level: Level, leaving: Collection[Visit], entered: Node) -> Text | None:
    """Why a step would be done twice if this token went on from ``entered``; None if none would: another token comes
    there too where this one would not have, or it has come out of there."""
    own = _onwards(level.visit.node, False)
    then = _onwards(entered, False)
    for other in ways.tokens_of(level.scope):
        if other in leaving:
            continue
        theirs = _onwards(other.node, False)
        is_before_the_same = any(isinstance(node, Join) and node.joins for node in own & then & theirs)
        if entered in _onwards(other.node, True) and entered not in own and not is_before_the_same:
            return text("Work comes to «{element}» from «{other}» too: it would be done twice",
                        element=label(entered), other=label(other.node))  # fmt: skip
        if other.node in then - {entered} and not (isinstance(other.node, Join) and other.node.joins):
            return text("From «{element}» the work would come to «{other}» once more, and that is under way",
                        element=label(entered), other=label(other.node))  # fmt: skip
    return None


def _onwards(node: Node, over_joins: bool) -> set[Node]:
    """Elements to which a token comes from here, this one included; branches that events begin beside do not count."""
    found: set[Node] = set()
    waiting = [node]
    while waiting:
        at = waiting.pop()
        if at in found:
            continue
        found.add(at)
        if at is not node and not over_joins and isinstance(at, Join) and at.joins:
            continue
        waiting += [flow.target for flow in at.flows]
        waiting += [flow.target for event in at.boundaries if event.interrupting for flow in event.flows]
    return found


def _traced(procedure: Procedure, root: Root, earlier: Earlier, host: Host) -> ways.Traced:
    then = runner.load(procedure, earlier.state, host)
    if then.find(earlier.token_id) is None:
        raise WrongState("How this step stood is not known any more")
    return ways.trace(root, then, earlier.token_id, earlier.passed)


def _chain(inner: list[Level]) -> list[list[Any]]:
    """Where to go on inside of an activity that is entered again: for each scope, outer first, as INTO says it."""
    return [
        [level.visit.node.name, level.visit.known.values, level.visit.known.writes, {}, dict(level.scope.data)]
        for level in reversed(inner)
    ]


def _put(above: Visit, node: Node, known: Known, chain: list[list[Any]]) -> Visit:
    placed = above._add_child(node)
    placed.known = known
    if chain:
        placed.internal_data[INTO] = chain
    return placed


def _live(root: Root, token_id: str) -> Visit:
    task = root.find(token_id)
    if task is None or not task.alive or root.completed:
        raise WrongState("This step is not open any more: it has been completed or cancelled")
    return task


def _level_of(task: Visit, path: str) -> tuple[Level, list[str]]:
    """The innermost scope around a token in which the wanted place lies, and the way from there."""
    wanted = [part for part in path.split("/") if part]
    for level in ways.levels(task):
        own = [part for part in level.scope.path.split("/") if part]
        if wanted[: len(own)] == own:
            return level, wanted[len(own) :]
    raise AssertionError("the root holds everything")


def _target(scope: Scope, names: list[str]) -> tuple[Node, list[Node]]:
    """The first element to enter in this scope and those to enter inside of it. Raises NotFound, WrongState."""
    spec, found = scope.spec, []
    for number, name in enumerate(names):
        node = spec.task_specs.get(name)
        if not isinstance(node, Node):
            raise NotFound("There is no step «{element}» where it could be gone on from", element=name)
        found.append(node)
        if number < len(names) - 1:
            inner = getattr(node, "inner", None)
            if inner is None:
                raise WrongState("«{element}» is another procedure: go on from its beginning", element=label(node))
            spec = inner
    last = found[-1]
    refused = isinstance(last, (Boundary, EventSubProcess, EventSubStart, Start)) or last.is_round
    if refused or (isinstance(last, Join) and last.joins):
        raise WrongState("Nothing can go on from «{element}»: choose a step before or after it", element=label(last))
    return found[0], found[1:]


def _pass_failed(task: Visit, given: dict[str, Any]) -> None:
    if not isinstance(task.node, Activity):
        raise WrongState("«{element}» cannot be left out: it decides where to go on", element=label(task.node))
    task.internal_data.pop(FAILED)
    if DONE not in task.internal_data:  # it failed before it began
        task.scope.top.note("entered", task)
    task.node.conclude(task, given)


def typed(changes: Variables) -> Any:
    """The variables as they are kept. Raises Invalid for what cannot be."""
    return values.encode(runner.checked(changes))

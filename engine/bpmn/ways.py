"""What lies between an earlier task and now: which tokens came of it, what they passed, and why it cannot be undone.

To do a step again its token is put back before it, and everything that came of it is withdrawn. That is right only if
nothing else depends on what came of it: no branch was merged with another, none runs beside that nobody looks after.
The drawing and the visits since tell it; where they leave two readings, the answer is no.
"""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from SpiffWorkflow.util.task import TaskState as State

from engine.bpmn import events
from engine.bpmn.joins import VIA, Inclusive, Join, Parallel
from engine.bpmn.loops import COUNT, INDEX, LEFT, OPEN, Loop, MultiInstance
from engine.bpmn.nodes import ON, Node, label
from engine.bpmn.nodes_activities import Containing, ManualTask, SendTask, ServiceTask, SubProcess, UserTask
from engine.bpmn.nodes_events import Boundary, EventSubProcess, Throw
from engine.bpmn.scopes import Root, Scope, Visit
from engine.bpmn.stepping import FAILED
from engine.bpmn.types import Element
from engine.errors import Text, text

OVER = text("The procedure has come to its end")


@dataclass(frozen=True)
class Passage:
    """One element that was entered since the earlier task was, as the visits of the instance tell it. ``is_done``: the
    visit was completed, not cancelled, and it is over."""

    path: str
    process_key: str
    element_id: str
    is_done: bool = True


@dataclass(frozen=True)
class Leaf:
    """A live token that came of an earlier task. ``kind``: task, service, event, join (it waits for others), failed."""

    token_id: str
    kind: str
    element: Element


@dataclass(frozen=True)
class Effect:
    """Something that happened on the way. ``kind``: timer, message, signal (caught), thrown, action, work of people."""

    kind: str
    element: Element


@dataclass(frozen=True)
class Way:
    """From an earlier task to now. ``leaves``: the live tokens that came of it, those inside others included;
    ``blocked``: why they cannot be withdrawn, whatever they are; ``split``: an element at which one token became
    several, if there is one; ``effects``: what was done on the way."""

    leaves: tuple[Leaf, ...] = ()
    blocked: Text | None = None
    split: str | None = None
    effects: tuple[Effect, ...] = ()


@dataclass
class Level:
    """A visit as one scope sees it: itself, or the activity around it. ``is_round``: it is one round of a loop."""

    scope: Scope
    visit: Visit
    is_round: bool


@dataclass
class Traced:
    """The same as a Way, in terms of visits, for who withdraws them. ``place``: where the earlier token stood, in the
    innermost scope that still runs; ``inner``: the levels below it, which are over; ``heads``: what came of it."""

    scope: Scope
    place: Visit
    inner: list[Level]
    heads: list[Visit]
    way: Way


def levels(visit: Visit) -> list[Level]:
    """A visit and the activities around it, innermost first; a loop stands for its rounds."""
    found = []
    at: Visit | None = visit
    while at is not None:
        is_round = at.node.is_round
        found.append(Level(at.scope, at.parent if is_round else at, is_round))
        at = at.scope.owner
    return found


def trace(now: Root, earlier: Root, token_id: str, passed: Sequence[Passage]) -> Traced:
    """Follow an earlier token to what came of it. The token stands in ``earlier``; ``passed`` is what was entered
    after it. Raises KeyError for a token that does not stand there."""
    visit = earlier.find(token_id)
    if visit is None:
        raise KeyError(token_id)
    running = {_identity(scope): scope for scope in now.scopes}
    found = levels(visit)
    if now.completed:
        return Traced(now, found[-1].visit, found[:-1], [], Way(blocked=OVER))
    number = next(number for number, level in enumerate(found) if _identity(level.scope) in running)
    level, inner = found[number], found[:number]
    tracing = _Tracing(running[_identity(level.scope)], level, inner, visit, passed)
    return Traced(tracing.scope, level.visit, inner, tracing.heads, tracing.way())


def tokens_of(scope: Scope) -> list[Visit]:
    """Live tokens of a scope as one counts them on the drawing: neither armed boundary events nor rounds of a loop."""
    return [
        task for task in scope.live()
        if not (task.node.standing or task.node.is_round or ON in task.internal_data)
    ]  # fmt: skip


def leaves(visit: Visit) -> Iterator[Visit]:
    """The visits at which something waits: this one, or those inside of it."""
    if isinstance(visit.node, Loop):
        for child in visit.node.rounds(visit):
            yield from leaves(child)
        return
    inside = visit.scope.top.inside(visit)
    if inside is None:
        yield visit
        return
    for task in tokens_of(inside):
        yield from leaves(task)


def starved(scope: Scope, leaving: Iterable[Visit], entered: Node) -> Text | None:
    """Why a parallel join would wait for ever if these tokens left and one came to ``entered``; None if none would."""
    gone = {task.id for task in leaving}
    before = tokens_of(scope)
    after = [task for task in before if task.id not in gone]
    for join in scope.spec.task_specs.values():
        if isinstance(join, Parallel) and join.joins:
            was = _brought(join, before)
            will = _brought(join, after) | _ways(join, entered)
            every = frozenset(join.incoming)
            if will and will != every and (not was or was == every):
                return text("«{join}» would wait for another branch for ever", join=label(join))
    return None


def _brought(join: Join, tasks: Iterable[Visit]) -> frozenset[str]:
    """The incoming flows of a join by which these tokens have come or can still come."""
    found: set[str] = set()
    for task in tasks:
        is_here = task.task_spec is join and task._state == State.WAITING
        found |= {task.internal_data[VIA]} if is_here else _ways(join, task.node)
    return frozenset(found)


def _ways(join: Join, node: Node) -> frozenset[str]:
    """By which incoming flows of the join a token at this element can come, without passing the join."""
    found: set[str] = set()
    seen: set[str] = set()
    waiting = [node]
    while waiting:
        at = waiting.pop()
        if at is join or at.name in seen:
            continue
        seen.add(at.name)
        for flow in (*at.flows, *(flow for event in at.boundaries for flow in event.flows)):
            if flow.target is join:
                found.add(flow.id)
            waiting.append(flow.target)
    return frozenset(found)


def _identity(scope: Scope) -> str | None:
    return scope.owner.id if scope.owner is not None else None


class _Tracing:
    """One question, and what is worked out to answer it."""

    def __init__(
        self, scope: Scope, level: Level, inner: list[Level], visit: Visit, passed: Sequence[Passage]
    ) -> None:
        self.scope, self.level, self.inner, self.visit = scope, level, inner, visit
        self.start = level.visit.node
        here = [one.element_id for one in passed if one.path == scope.path]
        self.visits = Counter(here)
        self.finished = {one.element_id for one in passed if one.path == scope.path and one.is_done}
        self.passed = passed
        self.nodes: dict[str, Node] = {
            name: node for name, node in scope.spec.task_specs.items() if isinstance(node, Node) and not node.is_round
        }
        before = {task.id for task in level.scope.live()}
        self.others = [task for task in tokens_of(level.scope) if task.id != level.visit.id]
        fresh = [task for task in tokens_of(scope) if task.id not in before or task.id == level.visit.id]
        self.known = {name for name in self.visits if name in self.nodes} | {task.node.name for task in fresh}
        self.reached = self._reach(self._first())
        self.heads = [task for task in fresh if self._came(task, self.reached, self.start)]

    def way(self) -> Way:
        """The answer."""
        ends = {task.node.name for task in self.heads}
        on_way = {name for name in self.reached if ends & self._reach([name])}
        found = tuple(_leaf(leaf) for task in self.heads for leaf in leaves(task))
        return Way(found, self._blocked(on_way), self._split(on_way), tuple(self._effects(on_way)))

    # ------------------------------------------------------------- the graph of what was visited
    def _first(self) -> list[str]:
        """Where the token went from the earlier element. Its own non-interrupting events opened branches that would be
        there as well if it were done now: they are none of its doing."""
        found = [flow.target.name for flow in self.start.flows]
        found += [event.name for event in self.start.boundaries if event.interrupting or not event.armed_early]
        return [name for name in found if name in self.known]

    def _reach(self, begin: Iterable[str], beside: bool = True) -> set[str]:
        """What was visited from there on. ``beside``: branches that events began beside an activity too."""
        found: set[str] = set()
        waiting = list(begin)
        while waiting:
            name = waiting.pop()
            if name in found:
                continue
            found.add(name)
            node = self.nodes[name]
            following = [flow.target.name for flow in node.flows]
            following += [event.name for event in node.boundaries if beside or event.interrupting]
            waiting += [other for other in following if other in self.known]
        return found

    def _came(self, task: Visit, reached: set[str], start: Node) -> bool:
        """Whether a token can have come by these elements. One that waits at a join remembers its flow."""
        via = task.internal_data.get(VIA) if isinstance(task.node, Join) else None
        if via is None:
            return task.node.name in reached
        sources = [self.nodes[name] for name in reached] + [start]
        return any(flow.id == via for node in sources for flow in node.flows)

    # ------------------------------------------------------------- obstacles
    def _blocked(self, on_way: set[str]) -> Text | None:
        if (fault := self._not_alone()) is not None:
            return fault
        if not self.heads:
            return text("Nothing that is open now came of this step")
        return self._joined(on_way) or self._crossed() or self._begun_loop() or self._ended(on_way)

    def _not_alone(self) -> Text | None:
        """The step was one of several rounds, or others worked beside it where all of it is over."""
        for level in (*self.inner, self.level):
            if level.is_round:
                name = label(level.visit.node)
                return text("«{task}» was done once for each of a list: one of its rounds cannot be done again alone",
                            task=name)  # fmt: skip
        for level in self.inner:
            if isinstance(level.visit.node, EventSubProcess):
                return text("«{around}» was begun by an event and is over", around=label(level.visit.node))
            if len(tokens_of(level.scope)) > 1 or self._parted(level.scope):
                around = level.scope.owner.node if level.scope.owner is not None else self.start
                return text("Branches that ran side by side have met at the end of «{around}»", around=label(around))
        return None

    def _parted(self, scope: Scope) -> bool:
        nodes = scope.spec.task_specs
        here = {one.element_id for one in self.passed if one.path == scope.path}
        return any(isinstance(nodes.get(name), (Parallel, Inclusive)) for name in here)

    def _joined(self, on_way: set[str]) -> Text | None:
        waiting = {task.node.name for task in self.heads if task._state == State.WAITING}
        for name in on_way:
            node = self.nodes[name]
            if not (isinstance(node, Join) and node.joins) or name in waiting:
                continue
            came_alone = self.visits[name] == 1 and not any(other.node.name == name for other in self.others)
            if isinstance(node, Parallel) or not came_alone:
                return text("Branches have met at «{join}»: another one depends on what was done", join=label(node))
        return None

    def _crossed(self) -> Text | None:
        """Whether what is open may as well have come of another branch."""
        alive = {task.id for task in self.scope.live()}
        for other in self.others:
            begin = [event.name for event in other.node.boundaries]
            if other.id not in alive:
                begin += [flow.target.name for flow in other.node.flows]
            theirs = self._reach([name for name in begin if name in self.known])
            if any(self._came(task, theirs, other.node) for task in self.heads):
                return text("The branches cross each other: it cannot be told which one this step belongs to")
        return None

    def _ended(self, on_way: set[str]) -> Text | None:
        """Whether one of several branches has come to its end: it would be gone through again. What an event began
        beside an activity and is over stays done."""
        for name in self._reach(self._first(), beside=False) - on_way:
            if name in self.finished and not self.nodes[name].flows:
                return text("A branch that came of this step has come to its end at «{end}»",
                            end=label(self.nodes[name]))  # fmt: skip
        return None

    def _begun_loop(self) -> Text | None:
        """Rounds of a loop that are done already would be asked for again."""
        for head in self.heads:
            if isinstance(head.node, Loop) and _has_done_rounds(head):
                return text("«{task}» is done once for each of a list, and some have done it already",
                            task=label(head.node))  # fmt: skip
        return None

    def _split(self, on_way: set[str]) -> str | None:
        for name in on_way:
            node = self.nodes[name]
            if isinstance(node, Parallel) and len(node.flows) > 1:
                return label(node)
            if isinstance(node, Inclusive) and sum(flow.target.name in self.known for flow in node.flows) > 1:
                return label(node)
        return next((found for head in self.heads for found in self._inside(head)), None)

    def _inside(self, head: Visit) -> Iterator[str]:
        """Elements inside of what is open at which a token became several."""
        for scope in head.scope.top.scopes:
            below = _below(self.scope, head.node)
            if scope.path == below or scope.path.startswith(f"{below}/"):
                here = {one.element_id for one in self.passed if one.path == scope.path}
                for name in here:
                    node = scope.spec.task_specs.get(name)
                    if isinstance(node, (Parallel, Inclusive)) and len(node.flows) > 1:
                        yield label(node)

    # ------------------------------------------------------------- effects
    def _effects(self, on_way: set[str]) -> Iterator[Effect]:
        inside = [self.nodes[name] for name in on_way if isinstance(self.nodes[name], (Containing, Loop))]
        below = [_below(self.scope, node) for node in (*inside, *([self.start] if self.inner else []))]
        told: set[tuple[str, str]] = set()
        for one in self.passed:
            is_here = one.path == self.scope.path and one.element_id in on_way
            is_inside = any(one.path == path or one.path.startswith(f"{path}/") for path in below)
            place = (one.path, one.element_id)
            if one.is_done and (is_here or is_inside) and place not in told:
                told.add(place)
                for node in _nodes_named(self.scope.top, one):
                    yield from _effects_of(node)


def _below(scope: Scope, node: Node) -> str:
    return "/".join(filter(None, (scope.path, node.bpmn_id)))


def _has_done_rounds(loop: Visit) -> bool:
    kept = loop.internal_data
    if not isinstance(loop.node, MultiInstance):
        running = loop.node.rounds(loop) if isinstance(loop.node, Loop) else []
        return any(child.internal_data.get(INDEX, 0) > 0 for child in running)
    return bool(kept.get(COUNT, 0) != len(kept.get(LEFT, ())) + kept.get(OPEN, 0))


def _leaf(task: Visit) -> Leaf:
    kind = "event"
    if FAILED in task.internal_data:
        kind = "failed"
    elif isinstance(task.node, Join):
        kind = "join"
    elif isinstance(task.node, (UserTask, ManualTask)):
        kind = "task"
    elif isinstance(task.node, ServiceTask):
        kind = "service"
    return Leaf(task.id, kind, task.node.drawn)


def _nodes_named(root: Root, one: Passage) -> Iterator[Node]:
    """The element of this id in the drawing where it was entered, however deep it is nested there."""
    spec = root.spec if one.process_key == root.key else root.host.procedure(one.process_key).compiled.spec
    waiting = [spec]
    while waiting:
        for node in waiting.pop().task_specs.values():
            body = node.body if isinstance(node, Loop) else node
            if isinstance(body, Node) and body.bpmn_id == one.element_id:
                yield body
            if isinstance(body, (SubProcess, EventSubProcess)):
                waiting.append(body.inner)


def _effects_of(node: Node) -> Iterator[Effect]:
    """What happened when this element was passed."""
    kind = node.definition.kind if node.definition is not None else events.NONE
    if isinstance(node, (Throw, SendTask)):
        if kind in (events.MESSAGE, events.SIGNAL, events.ESCALATION):
            yield Effect("thrown", node.drawn)
    elif kind in (events.TIMER, events.MESSAGE, events.SIGNAL):
        is_beside = isinstance(node, Boundary) and not node.interrupting and kind == events.TIMER
        if not is_beside:
            yield Effect(kind, node.drawn)
    if isinstance(node, (UserTask, ManualTask)):
        yield Effect("work", node.drawn)
    if node.drawn.settings.action:
        yield Effect("action", node.drawn)

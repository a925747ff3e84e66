"""The token game: BPMN's rules on a graph, in memory, with nothing of the engine.

A token's data is the history of the writes it knows, numbered in the order in which they were made. Branches that meet
put their histories together; so a branch that did not write a variable cannot undo what another wrote, and of two
writes the later one counts. Writing what is there already is no write.
"""
from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from tests.engine.oracle.model import ACTIVITIES, KEY, Flow, Graph, Model, Node, Repeat, Trigger

Log = dict[int, tuple[str, Any]]


def join(*logs: Log) -> Log:
    """Histories put together."""
    found = dict(logs[0]) if logs else {}
    for log in logs[1:]:
        for number, write in log.items():
            found.setdefault(number, write)
    return found


def values(log: Log) -> dict[str, Any]:
    """What the variables are after a history."""
    return dict(log[number] for number in sorted(log))


@dataclass(eq=False)
class Area:
    """A running process, sub-process or event sub-process. ``names``: local names it sees from around it."""

    graph: Graph
    process: str
    path: str
    owner: Token | None
    names: dict[str, Any]
    log: Log
    called: bool = False
    tokens: list[Token] = field(default_factory=list)
    armed: list[Token] = field(default_factory=list)
    ended: Log = field(default_factory=dict)
    alive: bool = True


@dataclass(eq=False)
class Token:
    """A token at a node. ``wait``: what it waits for (task, service, timer, message, signal, join, inside, rounds);
    ``rounds``/``loop``: a repeated activity and its rounds; ``sits``: a boundary event's activity."""

    node: Node
    area: Area
    log: Log
    wait: str = ""
    via: str = ""
    names: dict[str, Any] = field(default_factory=dict)
    due: datetime | None = None
    left: int = 0
    race: object = None
    inside: Area | None = None
    loop: Token | None = None
    rounds: list[Token] = field(default_factory=list)
    todo: list[int] = field(default_factory=list)
    made: dict[int, Any] = field(default_factory=dict)
    gathered: Log = field(default_factory=dict)
    index: int = 0
    sitting: list[Token] = field(default_factory=list)
    sits: Token | None = None
    alive: bool = True

    @property
    def seen(self) -> dict[str, Any]:
        """The variables as the element sees them."""
        return {**values(self.log), **self.area.names, **self.names}


@dataclass(frozen=True)
class Open:
    """Something that waits for a move. Two with equal ``key`` cannot be told apart."""

    kind: str
    element: str
    path: str
    process: str
    detail: str
    variables: str
    token: Token = field(compare=False, repr=False)

    @property
    def key(self) -> tuple[str, ...]:
        return (self.kind, self.element, self.path, self.process, self.detail, self.variables)


class Game:
    """One instance of a model."""

    def __init__(self, model: Model, now: datetime, variables: dict[str, Any]) -> None:
        self.model, self.now = model, now
        self.writes = count()
        self.queue: deque[Token] = deque()
        self.result: dict[str, Any] | None = None
        graph = model.graphs[model.root]
        self.root = Area(graph, model.root, "", None, {}, self._written({}, variables))
        self._enter(self.root)
        self._run()

    # --- what is open -----------------------------------------------------------------------------------------------

    def open(self) -> list[Open]:
        """Everything that waits for a move."""
        return [self._open(token) for token in self._waiting(self.root)] if self.result is None else []

    def _waiting(self, area: Area) -> Iterator[Token]:
        for token in [*area.armed, *area.tokens]:
            yield from self._within(token)

    def _within(self, token: Token) -> Iterator[Token]:
        if token.wait in ("task", "service", "timer", "message", "signal"):
            yield token
        yield from token.sitting
        for inner in token.rounds:
            yield from self._within(inner)
        if token.inside is not None:
            yield from self._waiting(token.inside)

    def _open(self, token: Token) -> Open:
        node = token.node.body.start() if token.node.kind == "eventsub" and token.node.body else token.node
        detail = ""
        if token.wait == "timer":
            detail = str(token.due)
        elif token.wait in ("message", "signal"):
            assert node.trigger is not None
            key = token.seen[KEY] if token.wait == "message" else None
            detail = f"{node.trigger.name}/{key}"
        shown = token.seen if token.wait in ("task", "service") else {}
        return Open(token.wait, node.id, token.area.path, token.area.process, detail, text(shown), token)

    # --- moves ------------------------------------------------------------------------------------------------------

    def complete(self, item: Open, value: int) -> dict[str, Any]:
        """Finish a task or service task; returns what is to be written there."""
        token = item.token
        produced = {f"v_{token.node.id}": value}
        if token.node.mapped:
            token.log = self._written(token.log, {f"o_{token.node.id}": value})
        else:
            token.log = self._written(token.log, produced)
        self._done(token)
        self._run()
        return produced

    def happen(self, item: Open, value: int) -> dict[str, Any]:
        """A timer goes off, a message or signal arrives; returns the payload."""
        token = item.token
        payload = {} if token.wait == "timer" else {f"m_{item.element}": value}
        self._trigger(token, payload)
        self._run()
        return payload

    def fail(self, item: Open, code: str) -> None:
        """The action of a service task reports an error."""
        self._climb(item.token, Trigger("error", code))
        self._run()

    # --- the rules --------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while self.result is None:
            if self.queue:
                token = self.queue.popleft()
                if token.alive:
                    self._execute(token)
            elif not self._fire_inclusive(self.root):
                return

    def _written(self, log: Log, new: dict[str, Any]) -> Log:
        held = values(log)
        return log | {
            next(self.writes): (name, value)
            for name, value in new.items()
            if name not in held or held[name] != value
        }

    def _enter(self, area: Area) -> None:
        for node in area.graph.event_subs():
            assert node.body is not None
            trigger = node.body.start().trigger
            if trigger is not None and trigger.kind in ("timer", "message", "signal"):
                token = Token(node, area, area.log)
                self._arm(token, trigger)
                area.armed.append(token)
        self._arrive(area, area.graph.start(), area.log, "")

    def _arrive(self, area: Area, node: Node, log: Log, via: str) -> Token:
        token = Token(node, area, log, via=via)
        area.tokens.append(token)
        self.queue.append(token)
        return token

    def _execute(self, token: Token) -> None:
        kind = token.node.kind
        if kind in ACTIVITIES:
            self._sit(token)
            if token.node.repeat is not None:
                self._repeat(token, token.node.repeat)
            else:
                self._perform(token)
        elif kind == "catch":
            assert token.node.trigger is not None
            self._arm(token, token.node.trigger)
        elif kind == "and":
            self._parallel(token)
        elif kind == "or" and len(token.area.graph.entering(token.node.id)) > 1:
            token.wait = "join"
        elif kind in ("throw", "end") and token.node.trigger is not None:
            self._throw(token, token.node.trigger)
        else:
            self._leave(token)

    def _leave(self, token: Token) -> None:
        """Go on from a node that is done."""
        area, node = token.area, token.node
        leaving = area.graph.leaving(node.id)
        if node.kind == "xor":
            leaving = self._choose(token, leaving, first=True)
        elif node.kind == "or":
            leaving = self._choose(token, leaving, first=False)
        elif any(flow.condition is not None for flow in leaving):
            always = [flow for flow in leaving if flow.condition is None and flow.id != node.default]
            decided = [flow for flow in leaving if flow not in always]
            leaving = always + self._choose(token, decided, first=False)
        targets = [(area.graph.nodes[flow.target], flow.id) for flow in leaving]
        children = [self._arrive(area, target, token.log, via) for target, via in targets]
        if node.kind == "race":
            group = object()
            for child in children:
                child.race = group
        token.alive = False
        area.tokens.remove(token)
        if not children:
            self._end(area, token.log)

    def _choose(self, token: Token, leaving: list[Flow], first: bool) -> list[Flow]:
        if len(leaving) == 1 and leaving[0].condition is None:
            return leaving
        seen = token.seen
        found = [flow for flow in leaving if flow.condition is not None and flow.condition.holds(seen)]
        default = [flow for flow in leaving if flow.id == token.node.default]
        return (found[:1] if first else found) or default

    def _end(self, area: Area, log: Log) -> None:
        """A token leads nowhere any more; the area ends with its last one."""
        area.ended = join(area.ended, log)
        if not area.tokens and area.alive:
            self._finish(area, area.ended)

    def _finish(self, area: Area, log: Log) -> None:
        area.alive = False
        for token in [*area.armed, *area.tokens]:
            self._withdraw(token)
        area.armed, area.tokens = [], []
        if area.owner is None:
            self.result = values(log)
            return
        owner = area.owner
        owner.inside = None
        if owner.node.mapped:
            log = self._written(owner.log, {f"o_{owner.node.id}": values(log).get(owner.node.gives)})
        owner.log = log
        self._done(owner)

    def _withdraw(self, token: Token) -> None:
        token.alive = False
        token.wait = ""
        token.sitting = []
        for inner in token.rounds:
            self._withdraw(inner)
        if token.inside is not None:
            token.inside.alive = False
            for inner in [*token.inside.armed, *token.inside.tokens]:
                self._withdraw(inner)
            token.inside = None
        for found in (token.area.tokens, token.area.armed):
            if token in found:
                found.remove(token)

    # --- activities -------------------------------------------------------------------------------------------------

    def _sit(self, token: Token) -> None:
        for node in token.area.graph.boundaries(token.node.id):
            trigger = node.trigger
            if trigger is not None and trigger.kind in ("timer", "message", "signal"):
                event = Token(node, token.area, token.log, sits=token)
                self._arm(event, trigger)
                token.sitting.append(event)

    def _perform(self, token: Token) -> None:
        node = token.node
        if node.mapped:
            token.names = {**token.names, f"in_{node.id}": token.seen.get(node.reads)}
        if node.kind in ("user", "manual", "service"):
            token.wait = "service" if node.kind == "service" else "task"
        elif node.kind == "receive":
            token.wait = "message"
        elif node.kind == "script":
            token.log = self._written(token.log, {f"s_{node.id}": [token.seen.get(node.reads)]})
            self._done(token)
        else:
            self._open_inside(token)

    def _open_inside(self, token: Token) -> None:
        node, area = token.node, token.area
        path = f"{area.path}/{node.id}".lstrip("/")
        names = {**area.names, **token.names}
        called = node.kind == "call"
        graph = self.model.graphs[node.calls] if called else node.body
        assert graph is not None
        process = graph.id if called else area.process
        token.wait = "inside"
        token.inside = Area(graph, process, path, token, names, token.log, called)
        self._enter(token.inside)

    def _done(self, token: Token) -> None:
        """An activity (or one round of it) did its work."""
        token.wait = ""
        if token.race is not None:
            self._win(token)
        if token.loop is not None:
            self._gather(token.loop, token)
            return
        token.sitting = []
        self._leave(token)

    def _outlook(self, token: Token) -> Log:
        """What would come out of an activity if it ended now."""
        if token.wait == "rounds" and token.node.repeat is not None and not token.node.repeat.collects:
            return join(token.log, token.gathered, *(self._outlook(inner) for inner in token.rounds))
        if token.inside is None or token.inside.called or token.node.mapped:
            return token.log
        return self._view(token.inside)

    def _view(self, area: Area) -> Log:
        return join(area.log, area.ended, *(self._outlook(token) for token in area.tokens))

    # --- repetition -------------------------------------------------------------------------------------------------

    def _repeat(self, token: Token, repeat: Repeat) -> None:
        token.wait = "rounds"
        if repeat.kind == "loop":
            if repeat.before and not (repeat.times > 0 and repeat.below > 0):
                self._done(token)
            else:
                self._round(token, 0, token.log)
            return
        token.todo = list(range(repeat.times))
        begin = token.todo[:1] if repeat.sequential else token.todo
        token.todo = token.todo[len(begin) :]
        for index in begin:
            self._round(token, index, token.log)
        if not begin:
            self._end_rounds(token, repeat)

    def _round(self, token: Token, index: int, log: Log) -> None:
        inner = Token(token.node, token.area, log, loop=token, index=index)
        inner.names = {"loopCounter": index + 1}
        if token.node.repeat and token.node.repeat.kind == "each":
            inner.names[f"item_{token.node.id}"] = 1000 + index
        token.rounds.append(inner)
        self._perform(inner)

    def _gather(self, token: Token, inner: Token) -> None:
        repeat = token.node.repeat
        assert repeat is not None
        inner.alive = False
        token.rounds.remove(inner)
        if repeat.kind == "loop":
            done = inner.index + 1
            if done < repeat.times and done < repeat.below:
                self._round(token, done, inner.log)
            else:
                token.log = inner.log
                self._done(token)
            return
        token.made[inner.index] = [1000 + inner.index, inner.index + 1]
        token.gathered = join(token.gathered, {n: w for n, w in inner.log.items() if n not in token.log})
        completed = len(token.made)
        if repeat.until and completed >= repeat.until:
            self._end_rounds(token, repeat)
        elif token.todo:
            self._round(token, token.todo.pop(0), token.log)
        elif not token.rounds:
            self._end_rounds(token, repeat)

    def _end_rounds(self, token: Token, repeat: Repeat) -> None:
        for inner in list(token.rounds):
            self._withdraw(inner)
        token.rounds = []
        if repeat.collects:
            made = [token.made.get(index) for index in range(repeat.times)]
            token.log = self._written(token.log, {f"c_{token.node.id}": made})
        else:
            token.log = join(token.log, token.gathered)
        self._done(token)

    # --- gateways ---------------------------------------------------------------------------------------------------

    def _parallel(self, token: Token) -> None:
        area = token.area
        token.wait = "join"
        first = self._first_on_each(area, token.node)
        if len(first) < len(area.graph.entering(token.node.id)):
            return
        self._fire(list(first.values()))

    def _first_on_each(self, area: Area, node: Node) -> dict[str, Token]:
        found: dict[str, Token] = {}
        for token in area.tokens:
            if token.node is node and token.wait == "join":
                found.setdefault(token.via, token)
        return found

    def _fire(self, tokens: list[Token]) -> None:
        tokens.sort(key=tokens[0].area.tokens.index)
        last = tokens[-1]
        last.log = join(*(token.log for token in tokens))
        for token in tokens[:-1]:
            token.alive = False
            token.area.tokens.remove(token)
        last.wait = ""
        self._leave(last)

    def _fire_inclusive(self, area: Area) -> bool:
        for node in area.graph.nodes.values():
            if node.kind == "or":
                first = self._first_on_each(area, node)
                if first and not self._more_may_come(area, node, set(first)):
                    self._fire(list(first.values()))
                    return True
        return any(self._fire_inclusive(inner) for token in area.tokens for inner in self._insides(token))

    def _insides(self, token: Token) -> Iterator[Area]:
        if token.inside is not None:
            yield token.inside
        for inner in token.rounds:
            yield from self._insides(inner)

    def _more_may_come(self, area: Area, gateway: Node, full: set[str]) -> bool:
        """BPMN 2.0, 13.4.3: a token elsewhere that can reach an empty incoming flow and no full one."""
        for token in area.tokens:
            if token.node is gateway:
                continue
            reached = self._reaches(area.graph, token.node, gateway)
            if reached - full and not reached & full:
                return True
        return False

    def _reaches(self, graph: Graph, node: Node, gateway: Node) -> set[str]:
        """Incoming flows of the gateway that can be reached without passing it."""
        found: set[str] = set()
        seen: set[str] = set()
        stack = [node.id]
        while stack:
            at = stack.pop()
            if at in seen:
                continue
            seen.add(at)
            for flow in graph.leaving(at):
                if flow.target == gateway.id:
                    found.add(flow.id)
                else:
                    stack.append(flow.target)
            stack += [event.id for event in graph.boundaries(at)]
        return found

    # --- events -----------------------------------------------------------------------------------------------------

    def _arm(self, token: Token, trigger: Trigger) -> None:
        token.wait = trigger.kind
        if trigger.kind == "timer":
            token.due = self.now + timedelta(minutes=trigger.minutes)
            token.left = trigger.times

    def _win(self, token: Token) -> None:
        group, token.race = token.race, None
        for other in list(token.area.tokens):
            if other is not token and other.race is group:
                self._withdraw(other)

    def _trigger(self, token: Token, payload: dict[str, Any]) -> None:
        node = token.node
        if node.kind == "eventsub":
            self._begin_event_sub(token.area, node, payload, token)
        elif token.sits is not None:
            self._go_off(node, token.sits, payload)
            self._again(token, token.sits.sitting, node.interrupting)
        else:
            token.log = self._written(token.log, payload)
            if node.kind == "catch":
                token.wait = ""
                if token.race is not None:
                    self._win(token)
                self._leave(token)
            else:
                self._done(token)

    def _again(self, token: Token, standing: list[Token], interrupting: bool) -> None:
        """What interrupts nothing may happen again, a timer only as often as its cycle says."""
        trigger = token.node.trigger
        if token.node.kind == "eventsub" and token.node.body is not None:
            trigger = token.node.body.start().trigger
        if interrupting or trigger is None or trigger.kind != "timer":
            return
        token.left -= 1
        if token.left > 0 and token.due is not None:
            token.due += timedelta(minutes=trigger.minutes)
        elif token in standing:
            standing.remove(token)

    def _go_off(self, event: Node, activity: Token, payload: dict[str, Any]) -> None:
        area = activity.area
        log = self._written(self._outlook(activity), payload)
        if event.interrupting:
            self._withdraw(activity)
        self._arrive(area, event, log, "")

    def _begin_event_sub(self, area: Area, node: Node, payload: dict[str, Any], armed: Token | None) -> None:
        assert node.body is not None
        start = node.body.start()
        log = self._view(area)
        if start.interrupting:
            for other in [*area.tokens, *area.armed]:
                self._withdraw(other)
            area.tokens, area.armed, area.ended = [], [], {}
        elif armed is not None:
            self._again(armed, area.armed, False)
        token = Token(node, area, self._written(log, payload))
        area.tokens.append(token)
        self._open_inside(token)

    def _throw(self, token: Token, trigger: Trigger) -> None:
        area = token.area
        if trigger.kind == "terminate":
            token.alive = False
            area.tokens.remove(token)
            self._finish(area, join(area.ended, token.log))
            return
        if trigger.kind == "signal":
            for found in [item for item in self._waiting(self.root) if self._hears(item, trigger)]:
                if found.wait == "signal":
                    self._trigger(found, {})
        elif trigger.kind in ("error", "escalation"):
            self._climb(token, trigger)
        if token.alive:
            self._leave(token)

    @staticmethod
    def _hears(token: Token, trigger: Trigger) -> bool:
        body = token.node.body
        own = body.start().trigger if token.node.kind == "eventsub" and body is not None else token.node.trigger
        return token.wait == "signal" and own is not None and own.name == trigger.name

    def _climb(self, token: Token, thrown: Trigger) -> None:
        """Errors and escalations go outwards until something catches them."""
        at: Token | None = token
        while at is not None:
            at = at.loop or at
            for event in at.area.graph.boundaries(at.node.id):
                if _catches(event.trigger, thrown):
                    self._go_off(event, at, {})
                    return
            for node in at.area.graph.event_subs():
                if node is not at.node and node.body and _catches(node.body.start().trigger, thrown):
                    self._begin_event_sub(at.area, node, {}, None)
                    return
            at = at.area.owner
        if thrown.kind == "error":
            self.result = values(self._view(self.root))


def _catches(trigger: Trigger | None, thrown: Trigger) -> bool:
    return trigger is not None and trigger.kind == thrown.kind and trigger.name == thrown.name


def text(value: Any) -> str:
    """A value as comparable text: whole numbers alike, names in order."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {text(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(text(item) for item in value) + "]"
    return str(int(value)) if isinstance(value, bool) is False and hasattr(value, "__int__") and not isinstance(
        value, str) else str(value)  # fmt: skip

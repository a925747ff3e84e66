"""How tokens flow: along sequence flows, through gateways, to the end of their area."""
from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from tests.engine.oracle.model import Flow, Graph, Model, Node, Trigger
from tests.engine.oracle.tokens import Area, Log, Token, join, values


class Flowing:
    """The part of the game that knows no activities."""

    def __init__(self, model: Model, now: datetime, variables: dict[str, Any]) -> None:
        self.model, self.now = model, now
        self.writes = count()
        self.queue: deque[Token] = deque()
        self.result: dict[str, Any] | None = None
        graph = model.graphs[model.root]
        self.root = Area(graph, model.root, "", None, {}, self._written({}, variables))
        self._enter(self.root)
        self._run()

    def _execute(self, token: Token) -> None:
        raise NotImplementedError

    def _done(self, token: Token) -> None:
        raise NotImplementedError

    # --- flowing ----------------------------------------------------------------------------------------------------

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

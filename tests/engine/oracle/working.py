"""How work is done: activities, what is inside of them, repetition."""
from __future__ import annotations

from tests.engine.oracle.flowing import Flowing
from tests.engine.oracle.model import Repeat
from tests.engine.oracle.tokens import Area, Log, Token, join


class Working(Flowing):
    """The part of the game that knows no events."""

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

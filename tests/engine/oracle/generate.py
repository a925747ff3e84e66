"""Random models from a seed: blocks inside blocks, with some arrows across.

Everything thrown and every script comes straight after a user task, so that nothing else moves at that moment and the
outcome does not depend on the order in which two tokens of one step are looked at.
"""
from __future__ import annotations

from collections.abc import Callable
from random import Random

from tests.engine.oracle.model import Condition, Graph, Model, Node, Repeat, Trigger

Ends = tuple[str, str]
LEAVES = ("user", "user", "user", "manual", "service", "script", "receive", "timer", "message", "signal")
BLOCKS = (
    "seq", "seq", "seq", "xor", "and", "and", "or", "or", "loop", "loop", "sub", "call", "each", "again", "race",
    "boundary", "boundary", "guarded", "raise", "throw", "mixed", "crossed", "stop", "watched", "implicit", "spread",
    "aside",
)  # fmt: skip
MAX_TASKS = 40


class Generator:
    """One model in the making. ``signals``: names some catcher waits for."""

    def __init__(self, random: Random, blocks: tuple[str, ...] = BLOCKS) -> None:
        self.random, self.blocks = random, blocks
        self.counter = 0
        self.tasks: list[str] = []
        self.signals: list[str] = []
        self.graphs: dict[str, Graph] = {}
        self.repeated = 0

    def model(self, depth: int) -> Model:
        graph = Graph("p")
        self.graphs["p"] = graph
        self._fill(graph, depth)
        return Model("p", self.graphs)

    # --- parts ------------------------------------------------------------------------------------------------------

    def _id(self, prefix: str) -> str:
        self.counter += 1
        return f"{prefix}{self.counter}"

    def _fill(self, graph: Graph, depth: int) -> None:
        """Start, a block, end; sometimes an event sub-process beside it."""
        begin, finish = graph.add(Node(self._id("s"), "start")), graph.add(Node(self._id("e"), "end"))
        first, last = self._block(graph, depth)
        graph.flow(begin, first)
        graph.flow(last, finish)
        if "watched" in self.blocks and self.random.random() < 0.15:
            self._event_sub(graph)

    def _block(self, graph: Graph, depth: int) -> Ends:
        if depth <= 0 or len(self.tasks) >= MAX_TASKS:
            return self._leaf(graph)
        kind = self.random.choice((*self.blocks, "leaf"))
        build: Callable[[Graph, int], Ends] = getattr(self, f"_{kind}")
        return build(graph, depth - 1)

    def _leaf(self, graph: Graph, _depth: int = 0) -> Ends:
        kind = self.random.choice(LEAVES)
        if kind in ("timer", "message", "signal"):
            node = Node(self._id("c"), "catch", trigger=self._trigger(kind))
        elif kind == "receive":
            node = Node(self._id("r"), "receive", trigger=self._trigger("message"))
        elif kind == "script":
            if self.repeated or not self.tasks:
                return self._user(graph)
            return self._script(graph)
        else:
            return self._user(graph, kind)
        return graph.add(node), node.id

    def _script(self, graph: Graph) -> Ends:
        asked = self._user(graph)[0]
        node = graph.add(Node(self._id("x"), "script", reads=self._variable()))
        graph.flow(asked, node)
        return asked, node

    def _user(self, graph: Graph, kind: str = "user") -> Ends:
        node = Node(self._id("u"), kind)
        if kind == "user" and self.tasks and self.random.random() < 0.2:
            node.mapped, node.reads = True, self._variable()
        self.tasks.append(node.id)
        return graph.add(node), node.id

    def _variable(self) -> str:
        return f"v_{self.random.choice(self.tasks)}"

    def _condition(self) -> Condition:
        name = self._variable() if self.tasks else "v_none"
        modulus = self.random.choice((2, 2, 3))
        return Condition(name, modulus, self.random.randrange(modulus))

    def _trigger(self, kind: str, times: int = 0) -> Trigger:
        if kind == "timer":
            return Trigger("timer", minutes=self.random.choice((1, 5, 60)), times=times)
        name = self._id(kind[0])
        if kind == "signal":
            if self.signals and self.random.random() < 0.3:
                name = self.random.choice(self.signals)
            self.signals.append(name)
        return Trigger(kind, name)

    # --- blocks -----------------------------------------------------------------------------------------------------

    def _seq(self, graph: Graph, depth: int) -> Ends:
        first, second = self._block(graph, depth), self._block(graph, depth)
        graph.flow(first[1], second[0])
        return first[0], second[1]

    def _branches(self, graph: Graph, kind: str, depth: int, after: str = "") -> tuple[str, str, list[Ends]]:
        """A split, branches and a merge of the same or another kind."""
        split = graph.add(Node(self._id("g"), kind))
        merge = graph.add(Node(self._id("j"), after or kind))
        branches = [self._block(graph, depth) for _ in range(self.random.choice((2, 2, 3)))]
        for index, (first, last) in enumerate(branches):
            final = index == len(branches) - 1
            flow = graph.flow(split, first, None if kind == "and" or final else self._condition())
            if kind != "and" and final:
                graph.nodes[split].default = flow
            graph.flow(last, merge)
        return split, merge, branches

    def _xor(self, graph: Graph, depth: int) -> Ends:
        split, merge, _ = self._branches(graph, "xor", depth)
        return split, merge

    def _and(self, graph: Graph, depth: int) -> Ends:
        split, merge, _ = self._branches(graph, "and", depth)
        return split, merge

    def _or(self, graph: Graph, depth: int) -> Ends:
        split, merge, _ = self._branches(graph, self.random.choice(("or", "or", "and", "xor")), depth, "or")
        return split, merge

    def _implicit(self, graph: Graph, depth: int) -> Ends:
        """Several flows out of a task, some with conditions; they meet in an inclusive join or without any gateway."""
        asked = self._user(graph)[0]
        kind = self.random.choice(("all", "some", "one of"))
        merge = self._user(graph)[0] if kind == "one of" else graph.add(Node(self._id("j"), "or"))
        number = 2 if kind == "one of" else self.random.choice((2, 2, 3))
        branches = [self._block(graph, depth - 1) for _ in range(number)]
        for index, (first, last) in enumerate(branches):
            final = index == len(branches) - 1
            unconditional = kind == "all" or (kind == "some" and index == 0) or final
            flow = graph.flow(asked, first, None if unconditional else Condition(f"v_{asked}", 2, 0))
            if final and kind != "all":
                graph.nodes[asked].default = flow
            graph.flow(last, merge)
        return asked, merge

    def _mixed(self, graph: Graph, depth: int) -> Ends:
        """A gateway that joins and splits at once."""
        kind = self.random.choice(("and", "or", "xor"))
        split, middle, _ = self._branches(graph, kind, depth)
        merge = graph.add(Node(self._id("j"), kind))
        for index in range(2):
            first, last = self._block(graph, depth - 1)
            flow = graph.flow(middle, first, None if kind == "and" or index else self._condition())
            if kind != "and" and index:
                graph.nodes[middle].default = flow
            graph.flow(last, merge)
        return split, merge

    def _crossed(self, graph: Graph, depth: int) -> Ends:
        """An inclusive join that a token may reach by another branch than it began on."""
        split, merge, branches = self._branches(graph, self.random.choice(("or", "and")), depth, "or")
        ways = {flow.source: index for index, flow in enumerate(graph.flows) if flow.target == merge}
        source, target = self.random.sample(branches, 2)
        cross = graph.add(Node(self._id("g"), "xor"))
        landing = graph.add(Node(self._id("j"), "xor"))
        _redirect(graph, ways[source[1]], cross)
        graph.nodes[cross].default = graph.flow(cross, merge)
        graph.flow(cross, landing, self._condition())
        begun = [(flow.source, flow.target) for flow in graph.flows]
        into = begun.index((split, target[0]))
        _redirect(graph, into, landing)
        graph.flow(landing, target[0])
        return split, merge

    def _loop(self, graph: Graph, depth: int) -> Ends:
        """Back to the beginning while a condition holds."""
        merge, split = graph.add(Node(self._id("j"), "xor")), graph.add(Node(self._id("g"), "xor"))
        first, last = self._block(graph, depth)
        graph.flow(merge, first)
        asked = self._user(graph)[0]
        graph.flow(last, asked)
        graph.flow(asked, split)
        graph.flow(split, merge, Condition(f"v_{asked}", 2, 0))
        out = graph.add(Node(self._id("j"), "xor"))
        graph.nodes[split].default = graph.flow(split, out)
        return merge, out

    def _sub(self, graph: Graph, depth: int) -> Ends:
        node = Node(self._id("sp"), "sub")
        node.body = Graph(node.id)
        self._fill(node.body, depth)
        return self._with_mappings(graph, node)

    def _with_mappings(self, graph: Graph, node: Node) -> Ends:
        if self.tasks and self.random.random() < 0.2:
            node.mapped, node.reads, node.gives = True, self._variable(), self._variable()
        return graph.add(node), node.id

    def _call(self, graph: Graph, depth: int) -> Ends:
        called = Graph(self._id("q"))
        self.graphs[called.id] = called
        self._fill(called, depth)
        return self._with_mappings(graph, Node(self._id("ca"), "call", calls=called.id))

    def _each(self, graph: Graph, depth: int) -> Ends:
        times = self.random.choice((0, 1, 2, 3, 3))
        until = self.random.choice((0, 0, 0, 1, 2))
        repeat = Repeat("each", times, self.random.random() < 0.5, until, self.random.random() < 0.4)
        return self._repeated(graph, depth, repeat)

    def _again(self, graph: Graph, depth: int) -> Ends:
        repeat = Repeat("loop", self.random.choice((1, 2, 3)), before=self.random.random() < 0.5,
                        below=self.random.choice((0, 1, 2, 5)))  # fmt: skip
        return self._repeated(graph, depth, repeat)

    def _repeated(self, graph: Graph, depth: int, repeat: Repeat) -> Ends:
        self.repeated += 1
        kind = self.random.choice((self._user, self._sub, self._sub, self._call))
        ends = self._user(graph) if kind == self._user else kind(graph, min(depth, 1))
        self.repeated -= 1
        graph.nodes[ends[0]].repeat = repeat
        graph.nodes[ends[0]].mapped = False
        return ends

    def _race(self, graph: Graph, depth: int) -> Ends:
        gateway, merge = graph.add(Node(self._id("g"), "race")), graph.add(Node(self._id("j"), "xor"))
        for _ in range(self.random.choice((2, 2, 3))):
            kind = self.random.choice(("timer", "message", "signal", "receive"))
            if kind == "receive":
                node = Node(self._id("r"), "receive", trigger=self._trigger("message"))
            else:
                node = Node(self._id("c"), "catch", trigger=self._trigger(kind))
            graph.flow(gateway, graph.add(node))
            first, last = self._block(graph, depth - 1)
            graph.flow(node.id, first)
            graph.flow(last, merge)
        return gateway, merge

    def _boundary(self, graph: Graph, depth: int) -> Ends:
        """An activity with one or two boundary events."""
        hosts = (self._user, self._sub, self._sub, self._call, self._each, self._again, self._receive)
        host = self.random.choice(hosts)
        first, last = self._user(graph) if host == self._user else host(graph, depth)
        merge = graph.add(Node(self._id("j"), "xor"))
        graph.flow(last, merge)
        for _ in range(self.random.choice((1, 1, 2))):
            kind, interrupting = self.random.choice(("timer", "message", "signal")), self.random.random() < 0.5
            times = self.random.choice((0, 0, 2, 3)) if kind == "timer" and not interrupting else 0
            self._sit(graph, last, self._trigger(kind, times), interrupting, merge, depth)
        return first, merge

    def _receive(self, graph: Graph, _depth: int) -> Ends:
        node = Node(self._id("r"), "receive", trigger=self._trigger("message"))
        return graph.add(node), node.id

    def _sit(self, graph: Graph, host: str, trigger: Trigger, interrupting: bool, merge: str, depth: int) -> None:
        event = graph.add(Node(self._id("b"), "boundary", trigger=trigger, host=host, interrupting=interrupting))
        first, last = self._block(graph, depth - 1)
        graph.flow(event, first)
        graph.flow(last, merge if interrupting else graph.add(Node(self._id("e"), "end")))

    def _guarded(self, graph: Graph, depth: int) -> Ends:
        """A service task whose failure a boundary event catches."""
        node = graph.add(Node(self._id("u"), "service"))
        self.tasks.append(node)
        merge = graph.add(Node(self._id("j"), "xor"))
        graph.flow(node, merge)
        self._sit(graph, node, Trigger("error", f"E_{node}"), True, merge, depth)
        return node, merge

    def _raise(self, graph: Graph, depth: int) -> Ends:
        """A sub-process (or called procedure) out of which an error or escalation comes."""
        kind = self.random.choice(("error", "escalation"))
        first, last = self.random.choice((self._sub, self._sub, self._call))(graph, depth)
        node = graph.nodes[first]
        body = self.graphs[node.calls] if node.kind == "call" else node.body
        assert body is not None
        trigger = Trigger(kind, self._id(kind.upper()))
        self._divert(body, trigger)
        merge = graph.add(Node(self._id("j"), "xor"))
        graph.flow(last, merge)
        if self.random.random() < 0.9:
            interrupting = kind == "error" or self.random.random() < 0.5
            if self.random.random() < 0.3:
                self._event_sub(body, trigger, interrupting)
            else:
                self._sit(graph, first, trigger, interrupting, merge, depth)
        return first, merge

    def _throw(self, graph: Graph, _depth: int) -> Ends:
        """A user task and a signal, now and then a message, thrown after it."""
        asked = self._user(graph)[0]
        name = self.random.choice(self.signals) if self.signals else self._id("s")
        event = graph.add(Node(self._id("t"), "throw", trigger=Trigger("signal", name)))
        graph.flow(asked, event)
        return asked, event

    def _stop(self, graph: Graph, depth: int) -> Ends:
        """A sub-process, one branch of which may end everything in it."""
        first, last = self._sub(graph, depth)
        body = graph.nodes[first].body
        assert body is not None
        self._divert(body, Trigger("terminate"))
        return first, last

    def _divert(self, body: Graph, trigger: Trigger) -> None:
        """Somewhere in the body: a choice after a user task, one way of which throws and ends."""
        index = self.random.randrange(len(body.flows))
        old = body.flows[index]
        while body.nodes[old.source].kind == "race" or body.nodes[old.target].kind == "eventsub":
            index = self.random.randrange(len(body.flows))
            old = body.flows[index]
        asked = self._user(body)[0]
        split = body.add(Node(self._id("g"), "xor"))
        ending = body.add(Node(self._id("e"), "end", trigger=trigger))
        _redirect(body, index, asked)
        body.flow(asked, split)
        body.flow(split, ending, Condition(f"v_{asked}", 2, 0))
        body.nodes[split].default = body.flow(split, old.target)

    def _aside(self, graph: Graph, depth: int) -> Ends:
        """A parallel branch that ends for itself."""
        split, finish = graph.add(Node(self._id("g"), "and")), graph.add(Node(self._id("e"), "end"))
        side, main = self._block(graph, depth - 1), self._block(graph, depth)
        for source, target in ((split, side[0]), (side[1], finish), (split, main[0])):
            graph.flow(source, target)
        return split, main[1]

    def _spread(self, graph: Graph, depth: int) -> Ends:
        """A sub-process in which several tokens go one way, because parallel branches merge without a join."""
        node = Node(self._id("sp"), "sub")
        node.body = body = Graph(node.id)
        begin, finish = body.add(Node(self._id("s"), "start")), body.add(Node(self._id("e"), "end"))
        split, merge, _ = self._branches(body, "and", depth - 1, "xor")
        first, last = self._block(body, depth)
        for source, target in ((begin, split), (merge, first), (last, finish)):
            body.flow(source, target)
        return graph.add(node), node.id

    def _watched(self, graph: Graph, depth: int) -> Ends:
        """A sub-process with an event sub-process in it."""
        first, last = self._sub(graph, depth)
        body = graph.nodes[first].body
        assert body is not None
        self._event_sub(body)
        return first, last

    def _event_sub(self, graph: Graph, trigger: Trigger | None = None, interrupting: bool | None = None) -> None:
        if interrupting is None:
            interrupting = self.random.random() < 0.5
        if trigger is None:
            kind = self.random.choice(("timer", "message", "signal"))
            times = self.random.choice((0, 2)) if kind == "timer" and not interrupting else 0
            trigger = self._trigger(kind, times)
        node = Node(self._id("es"), "eventsub")
        node.body = Graph(node.id)
        begin = node.body.add(Node(self._id("s"), "start", trigger=trigger, interrupting=interrupting))
        finish = node.body.add(Node(self._id("e"), "end"))
        first, last = self._block(node.body, 1)
        node.body.flow(begin, first)
        node.body.flow(last, finish)
        graph.add(node)


def _redirect(graph: Graph, index: int, target: str) -> None:
    """Let a flow lead to another node; its id stays, because a gateway may call it its default."""
    old = graph.flows[index]
    graph.flows[index] = type(old)(old.id, old.source, target, old.condition)


def generate(seed: int, blocks: tuple[str, ...] = BLOCKS) -> Model:
    """The model of a seed."""
    random = Random(seed)
    while True:
        maker = Generator(random, blocks)
        model = maker.model(random.choice((2, 3, 3, 4, 4)))
        if 4 <= len(maker.tasks) <= MAX_TASKS:
            return model

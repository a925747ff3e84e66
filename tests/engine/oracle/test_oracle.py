"""The engine plays like the token oracle, on random models, through its stored bytes at every step."""
from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.engine.oracle.game import Game
from tests.engine.oracle.generate import BLOCKS, generate
from tests.engine.oracle.model import Condition, Graph, Model, Node, Repeat, Trigger
from tests.engine.oracle.play import play

BATCH, BATCHES = 50, 10
NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)


@pytest.mark.parametrize("batch", range(BATCHES))
def test_the_engine_agrees_with_the_token_oracle_after_every_step(batch: int):
    outcomes = [play(seed) for seed in range(batch * BATCH, (batch + 1) * BATCH)]
    wrong = [f"seed {found.seed}: {found.problem} ({found.file})" for found in outcomes if found.problem]
    assert wrong == [], "\n".join(wrong)
    assert sum(found.steps for found in outcomes) > BATCH


def test_a_seed_always_gives_the_same_model():
    assert generate(7).xml() == generate(7).xml()
    assert generate(7).xml() != generate(8).xml()


def test_the_models_hold_every_construct():
    kinds: set[str] = set()
    for seed in range(120):
        stack = list(generate(seed).graphs.values())
        while stack:
            for node in stack.pop().nodes.values():
                kinds.add(node.kind if node.repeat is None else node.repeat.kind)
                kinds |= {f"{node.kind} {node.trigger.kind}"} if node.trigger else set()
                stack += [node.body] if node.body else []
    wanted = {
        "user", "manual", "service", "script", "xor", "and", "or", "race", "sub", "call", "each", "loop",
        "receive message", "catch timer", "catch message", "catch signal", "throw signal", "end terminate", "end error",
        "end escalation", "boundary timer", "boundary message", "boundary signal", "boundary error",
        "boundary escalation", "start timer", "start message", "start signal",
    }  # fmt: skip
    assert wanted <= kinds
    assert len(BLOCKS) > 20


# --- the oracle itself, on models small enough to play in one's head -------------------------------------------------


def graph(nodes: list[Node], flows: str, identity: str = "p") -> Graph:
    found = Graph(identity)
    for node in [Node("s", "start"), *nodes, Node("e", "end")]:
        found.add(node)
    for pair in flows.split():
        found.flow(*pair.split(">"))
    return found


def users(game: Game) -> list[str]:
    return sorted(item.element for item in game.open() if item.kind == "task")


def complete(game: Game, element: str, value: int = 1) -> None:
    game.complete(next(item for item in game.open() if item.element == element), value)


def begin(*graphs: Graph) -> Game:
    return Game(Model("p", {found.id: found for found in graphs}), NOW, {"key0": "k"})


def test_a_parallel_join_waits_for_every_branch_also_in_the_second_round():
    found = graph(
        [Node("m", "xor"), Node("g", "and"), Node("a", "user"), Node("b", "user"), Node("j", "and"), Node("x", "xor")],
        "s>m m>g g>a g>b a>j b>j j>x",
    )
    found.flow("x", "m", Condition("v_a", 2, 0))
    found.nodes["x"].default = found.flow("x", "e")
    game = begin(found)
    for value in (2, 4, 5):
        assert users(game) == ["a", "b"]
        complete(game, "a", value)
        assert users(game) == ["b"]
        assert game.result is None
        complete(game, "b", value)
    assert game.result == {"key0": "k", "v_a": 5, "v_b": 5}


def test_an_inclusive_join_waits_for_who_can_still_come_and_for_nobody_else():
    nodes = [Node("g", "or"), Node("a", "user"), Node("b", "user"), Node("c", "user"), Node("j", "or"),
             Node("d", "user")]  # fmt: skip
    found = graph(nodes, "s>g a>j b>j c>j j>d d>e")
    found.flow("g", "a", Condition("n", 1, 0))
    found.flow("g", "b", Condition("n", 1, 0))
    found.nodes["g"].default = found.flow("g", "c")
    game = Game(Model("p", {"p": found}), NOW, {"key0": "k", "n": 0})
    assert users(game) == ["a", "b"]
    complete(game, "a")
    assert users(game) == ["b"]
    complete(game, "b")
    assert users(game) == ["d"]


def test_an_interrupting_timer_keeps_what_was_entered_inside():
    inner = Graph("sp")
    for node in (Node("is", "start"), Node("a", "user"), Node("b", "user"), Node("ie", "end")):
        inner.add(node)
    for pair in (("is", "a"), ("a", "b"), ("b", "ie")):
        inner.flow(*pair)
    found = graph(
        [Node("sp", "sub", body=inner), Node("t", "boundary", trigger=Trigger("timer", minutes=5), host="sp"),
         Node("c", "user")],
        "s>sp sp>e t>c c>e",
    )  # fmt: skip
    game = begin(found)
    complete(game, "a", 7)
    game.happen(next(item for item in game.open() if item.kind == "timer"), 0)
    assert users(game) == ["c"]
    assert "v_a: 7" in game.open()[0].variables


def test_a_branch_that_did_not_write_does_not_undo_what_another_wrote():
    game = begin(graph([Node("g", "and"), Node("a", "user"), Node("b", "user"), Node("j", "and")],
                       "s>g g>a g>b a>j b>j j>e"))  # fmt: skip
    complete(game, "a", 1)
    complete(game, "b", 2)
    assert game.result == {"key0": "k", "v_a": 1, "v_b": 2}


def test_repetition_counts():
    each = graph([Node("a", "user", repeat=Repeat("each", 3, sequential=True, collects=True))], "s>a a>e")
    game = begin(each)
    for _ in range(3):
        complete(game, "a")
    assert game.result == {"key0": "k", "c_a": [[1000, 1], [1001, 2], [1002, 3]]}


def test_the_first_event_of_a_race_wins():
    nodes = [Node("g", "race"), Node("t", "catch", trigger=Trigger("timer", minutes=1)),
             Node("m", "catch", trigger=Trigger("message", "paid")), Node("a", "user"), Node("b", "user")]  # fmt: skip
    game = begin(graph(nodes, "s>g g>t g>m t>a m>b a>e b>e"))
    assert sorted(item.kind for item in game.open()) == ["message", "timer"]
    game.happen(next(item for item in game.open() if item.kind == "message"), 3)
    assert users(game) == ["b"]


def test_a_terminate_end_ends_only_its_own_scope():
    inner = Graph("sp")
    for node in (Node("is", "start"), Node("g", "and"), Node("a", "user"), Node("b", "user"),
                 Node("x", "end", trigger=Trigger("terminate")), Node("ie", "end")):  # fmt: skip
        inner.add(node)
    for pair in ("is>g", "g>a", "g>b", "a>x", "b>ie"):
        inner.flow(*pair.split(">"))
    game = begin(graph([Node("sp", "sub", body=inner), Node("c", "user")], "s>sp sp>c c>e"))
    complete(game, "a")
    assert users(game) == ["c"]


def test_an_escalation_starts_a_branch_and_work_goes_on():
    inner = Graph("sp")
    for node in (Node("is", "start"), Node("a", "user"), Node("x", "throw", trigger=Trigger("escalation", "X")),
                 Node("b", "user"), Node("ie", "end")):  # fmt: skip
        inner.add(node)
    for pair in ("is>a", "a>x", "x>b", "b>ie"):
        inner.flow(*pair.split(">"))
    boundary = Node("bo", "boundary", trigger=Trigger("escalation", "X"), host="sp", interrupting=False)
    game = begin(graph([Node("sp", "sub", body=inner), boundary, Node("c", "user"), Node("e2", "end")],
                       "s>sp sp>e bo>c c>e2"))  # fmt: skip
    complete(game, "a")
    assert users(game) == ["b", "c"]

"""Parallel and inclusive joins: tokens are counted by generation, data is merged three-way."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from engine import bpmn
from tests.engine.drawings import el, end, fork, model, start, sub, timer, xor
from tests.engine.drawings import flows as arrows_
from tests.engine.runs import Run, plain, script
from tests.engine.test_runner_events import MESSAGE, boundary, ran


def either(identity: str, **attributes: str) -> str:
    return el("inclusiveGateway", identity, **attributes)


# ---------------------------------------------------------------- generations
def test_a_parallel_join_in_a_loop_waits_for_both_branches_every_time():
    body = (
        start()
        + xor("m")
        + fork("f")
        + plain("a")
        + plain("b")
        + fork("j")
        + plain("c")
        + xor("g", default="f_g_m")
        + end()
    )
    run = ran(body, "s>m m>f f>a f>b a>j b>j j>c c>g g>m g>e[=done]", done=False)
    for _ in range(4):
        assert run.complete("a").open == ["b"]
        assert run.complete("b").open == ["c"]
        run.complete("c")
        assert run.open == ["a", "b"]
    run.complete("b").complete("a").complete("c", done=True)
    assert run.done


def test_an_inclusive_join_in_a_loop_waits_for_every_chosen_branch_every_time():
    body = (
        start() + xor("m") + either("f", default="f_f_c") + plain("a") + plain("b") + plain("c") + either("j")
        + plain("d") + xor("g", default="f_g_m") + end()
    )  # fmt: skip
    run = ran(body, "s>m m>f f>a[=x] f>b[=y] f>c a>j b>j c>j j>d d>g g>m g>e[=done]", x=True, y=True, done=False)
    for x, y, expected in (
        (True, True, ["a", "b"]),
        (True, False, ["a"]),
        (False, False, ["c"]),
        (True, True, ["a", "b"]),
    ):
        assert run.open == expected
        for element in expected:
            assert "d" not in run.open
            run.complete(element)
        following = {(True, True): (True, False), (True, False): (False, False)}.get((x, y), (True, True))
        assert run.open == ["d"]
        run.complete("d", x=following[0], y=following[1])


def test_an_inclusive_join_does_not_fire_early_behind_two_exclusive_merges():
    body = (
        start()
        + either("f")
        + plain("a")
        + plain("b")
        + xor("m1")
        + xor("m2")
        + xor("x1")
        + xor("x2", default="f_x2_m2")
        + either("j")
        + plain("z")
        + end()
    )
    run = ran(body, "s>f f>a f>x1 x1>m1 m1>x2 x2>m2 x2>m1[=false] m2>b b>j a>j j>z z>e")
    assert run.open == ["a", "b"]
    assert run.complete("a").open == ["b"]
    assert run.complete("b").open == ["z"]


def test_an_inclusive_join_does_not_wait_for_a_branch_that_can_no_longer_come():
    body = start() + fork("f") + plain("a") + plain("b") + xor("g", default="f_g_e") + either("j") + plain("z") + end()
    run = ran(body, "s>f f>a f>b a>j b>g g>j[=back] g>e j>z z>e", back=False)
    assert run.complete("a").open == ["b"]
    assert run.complete("b").open == ["z"]


def test_an_inclusive_join_waits_while_a_boundary_event_could_still_bring_a_token():
    body = (
        start()
        + fork("f")
        + plain("a")
        + plain("b")
        + boundary("t", "b", timer("timeDuration", "PT1H"))
        + either("j")
        + plain("z")
        + end()
    )
    run = ran(body, "s>f f>a f>b a>j b>e t>j j>z z>e")
    assert run.complete("a").open == ["b"]
    assert run.fire("t").open == ["z"]


def test_a_second_token_on_one_flow_is_kept_for_the_next_firing():
    body = start() + fork("f") + plain("a") + plain("b") + plain("c") + xor("m") + fork("j") + plain("z") + end()
    run = ran(body, "s>f f>a f>b f>c a>m b>m m>j c>j j>z z>e")
    assert run.complete("a").complete("b").open == ["c"]
    assert run.complete("c").open == ["z"]
    assert not run.complete("z").done


def test_a_gateway_joins_and_splits_at_once():
    body = start() + fork("f") + plain("a") + plain("b") + fork("g") + plain("c") + plain("d") + fork("j") + end()
    run = ran(body, "s>f f>a f>b a>g b>g g>c g>d c>j d>j j>e")
    run.complete("a").complete("b")
    assert run.open == ["c", "d"]
    assert run.complete("d").complete("c").done


def test_two_flows_from_one_gateway_into_one_join_are_two_flows():
    body = start() + fork("f") + fork("j") + plain("z") + end()
    arrows = (
        arrows_("s>f j>z z>e")
        + el("sequenceFlow", "x1", sourceRef="f", targetRef="j")
        + el("sequenceFlow", "x2", sourceRef="f", targetRef="j")
    )
    run = Run(model(body + arrows)).start()
    assert run.open == ["z"]
    assert run.trace().count("j") == 2
    assert run.complete("z").done


# ---------------------------------------------------------------- data
def both(**variables: object) -> Run:
    body = start() + fork("f") + plain("a") + plain("b") + fork("j") + plain("z") + end()
    return ran(body, "s>f f>a f>b a>j b>j j>z z>e", **variables)


@pytest.mark.parametrize("order", ["ab", "ba"])
def test_a_branch_that_leaves_a_variable_alone_does_not_undo_the_other(order: str):
    run = both(k=0)
    for element in order:
        run.complete(element, **({"k": 1} if element == "a" else {}))
    assert run.variables("z") == {"k": 1}


@pytest.mark.parametrize("order", ["ab", "ba"])
def test_lists_are_neither_cut_nor_freed_of_doubles(order: str):
    run = both(rows=[1, 2, 2, 3, 1])
    for element in order:
        run.complete(element, **({"rows": [1, 2, 2, 3, 1, 9]} if element == "a" else {}))
    assert run.variables("z") == {"rows": [1, 2, 2, 3, 1, 9]}


def test_two_different_changes_are_a_conflict_that_is_reported_and_the_later_one_wins():
    run = both(k=0, same=0).complete("a", k=1, same=5)
    run.complete("b", k=2, same=5)
    assert run.variables("z") == {"k": 2, "same": 5}
    (line,) = [item for item in run.happened if item.data.get("conflicts")]
    assert (line.element_id, line.event, line.data["conflicts"]) == ("j", "completed", {"k": [1, 2]})


def test_true_is_not_one_to_a_merge():
    run = both(k=1).complete("a", k=True)
    assert run.complete("b").variables("z")["k"] is True


def test_nested_joins_merge_against_their_own_splits():
    tasks = plain("a") + plain("b") + plain("c") + plain("z")
    body = start() + fork("f") + fork("f2") + fork("j2") + fork("j") + tasks + end()
    run = ran(body, "s>f f>a f>f2 f2>b f2>c b>j2 c>j2 j2>j a>j j>z z>e", k=0, m=0)
    run.complete("b", k=1).complete("a", m=1).complete("c", n=1)
    assert run.variables("z") == {"k": 1, "m": 1, "n": 1}


def test_a_branch_beside_a_task_joins_without_undoing_or_conflicting():
    body = (
        start()
        + plain("a")
        + boundary("n", "a", MESSAGE, False)
        + plain("b")
        + plain("x")
        + either("j")
        + plain("z")
        + end()
    )
    run = ran(body, "s>a a>b b>j n>x x>j j>z z>e", deal=1, k=0)
    run.deliver("n", told=True)
    run.complete("a", k=1).complete("b", k=2)
    assert run.open == ["x"]
    run.complete("x", y=1)
    assert run.variables("z") == {"deal": 1, "k": 2, "told": True, "y": 1}
    assert not any("conflicts" in item.data for item in run.happened)


def test_the_data_of_a_branch_is_nobody_elses():
    run = both(client={"name": "X", "tags": ["a"]})
    token = next(token for token in run.snapshot.tasks if token.element.id == "a")
    token.variables["client"]["tags"].append("spoilt")
    snapshot = run.snapshot
    snapshot.tasks[0].variables["client"]["name"] = "spoilt"
    assert snapshot.tasks[0].variables["client"]["name"] == "X"
    given = {"client": {"name": "Y", "tags": []}}
    advance = bpmn.complete(run.procedure, run.state, run.task("a"), given, run.host())
    given["client"]["tags"].append("late")
    run.take(lambda: advance)
    assert run.variables("b")["client"] == {"name": "X", "tags": ["a"]}
    assert run.complete("b").variables("z")["client"] == {"name": "Y", "tags": []}


# ---------------------------------------------------------------- random models against a count of tokens by hand
class Drawn:
    """A random block-structured model and, beside it, the tokens it should have."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.count = 0

    def name(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}{self.count}"

    def block(self, depth: int) -> tuple[tuple[object, ...], str, str, str, str]:
        """(expected, elements, arrows, first, last)."""
        kind = (
            self.random.choice(["user", "user", "seq", "seq", "and", "or", "xor", "loop", "sub"]) if depth else "user"
        )
        return getattr(self, "_" + kind)(depth - 1)

    def _user(self, _: int):
        name = self.name("u")
        return ("user", name), plain(name), "", name, name

    def _seq(self, depth: int):
        one, two = self.block(depth), self.block(depth)
        return ("seq", one[0], two[0]), one[1] + two[1], f"{one[2]} {two[2]} {one[4]}>{two[3]}", one[3], two[4]

    def _and(self, depth: int):
        return self._split(depth, "parallelGateway")

    def _or(self, depth: int):
        return self._split(depth, "inclusiveGateway")

    def _xor(self, depth: int):
        return self._split(depth, "exclusiveGateway")

    def _split(self, depth: int, tag: str):
        first, last = self.name("g"), self.name("j")
        parts = [self.block(depth) for _ in range(self.random.choice([2, 2, 3]))]
        takes = [tag == "parallelGateway" or self.random.random() < 0.6 for _ in parts[:-1]]
        arrows = " ".join(part[2] for part in parts) + "".join(f" {part[4]}>{last}" for part in parts)
        for part, take in zip(parts, takes, strict=False):
            arrows += f" {first}>{part[3]}" + ("" if tag == "parallelGateway" else f"[={str(take).lower()}]")
        arrows += f" {first}>{parts[-1][3]}"
        taken = [part[0] for part, take in zip(parts, takes, strict=False) if take]
        if tag == "parallelGateway":
            taken.append(parts[-1][0])
        taken = taken or [parts[-1][0]]
        said = {} if tag == "parallelGateway" else {"default": f"f_{first}_{parts[-1][3]}"}
        elements = el(tag, first, **said) + el(tag, last) + "".join(part[1] for part in parts)
        return ("all", *(taken[:1] if tag == "exclusiveGateway" else taken)), elements, arrows, first, last

    def _loop(self, depth: int):
        zero, merge, add, again, out = (self.name(x) for x in ("z", "m", "i", "g", "o"))
        n, part, times = self.name("n"), self.block(depth), self.random.choice([2, 3])
        elements = script(zero, "0", n) + xor(merge) + part[1] + script(add, f"{n} + 1", n)
        elements += xor(again, default=f"f_{again}_{out}") + el("task", out)
        arrows = f"{part[2]} {zero}>{merge} {merge}>{part[3]} {part[4]}>{add} {add}>{again}"
        arrows += f" {again}>{merge}[={n} < {times}] {again}>{out}"
        return ("seq", *[part[0]] * times), elements, arrows, zero, out

    def _sub(self, depth: int):
        part, name, first, last = self.block(depth), self.name("p"), self.name("s"), self.name("e")
        inner = start(first) + part[1] + end(last) + arrows_(f"{part[2]} {first}>{part[3]} {part[4]}>{last}")
        return part[0], sub(name, inner), "", name, name


class Expected:
    """Which user tasks are open, by the structure alone."""

    def __init__(self, node: tuple[object, ...]) -> None:
        self.node, self.done, self.at = node, False, 0
        parts = node[1:]
        self.parts = (
            [] if node[0] == "user" else [Expected(part) for part in (parts[:1] if node[0] == "seq" else parts)]
        )

    def open(self) -> Iterator[Expected]:
        if not self.done and self.node[0] == "user":
            yield self
        for part in [] if self.done else self.parts:
            yield from part.open()

    def finish(self, leaf: Expected) -> None:
        if self is leaf:
            self.done = True
        for part in self.parts:
            if not part.done:
                part.finish(leaf)
        if self.parts and all(part.done for part in self.parts):
            self.at += 1
            if self.node[0] == "seq" and self.at + 1 < len(self.node):
                self.parts = [Expected(self.node[self.at + 1])]
            else:
                self.done = True


@pytest.mark.parametrize("seed", range(40))
def test_random_models_have_the_open_tasks_that_their_structure_says(seed: int):
    drawn = Drawn(seed)
    node, elements, arrows, first, last = drawn.block(5)
    run = Run(model(start() + elements + end(), f"s>{first} {last}>e {arrows}")).start()
    expected, order = Expected(node), random.Random(seed)
    for _ in range(60):
        leaves = list(expected.open())
        assert run.open == sorted(str(leaf.node[1]) for leaf in leaves)
        if not leaves:
            break
        leaf = order.choice(leaves)
        run.complete(str(leaf.node[1]))
        expected.finish(leaf)
    assert run.done == expected.done


def test_the_later_write_counts_even_when_the_earlier_one_arrives_last():
    body = start() + fork("f") + plain("a") + plain("a2") + plain("b") + fork("j") + plain("z") + end()
    run = ran(body, "s>f f>a a>a2 a2>j f>b b>j j>z z>e", price=1)
    run.complete("a", price=10).complete("b", price=11).complete("a2")
    assert run.variables("z") == {"price": 11}
    (line,) = [item for item in run.happened if item.data.get("conflicts")]
    assert line.data["conflicts"] == {"price": [11, 10]}

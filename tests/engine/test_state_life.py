"""The state of an instance: small at any age, readable by every later release, safe to share a drawing."""

from __future__ import annotations

import base64
import json
import threading
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import orjson
import pytest
import zstandard

from engine import bpmn
from engine.bpmn import state
from engine.errors import Failed, Invalid
from tests.engine.drawings import end, fork, model, start, timer, xor
from tests.engine.runs import Run, plain, script, service
from tests.engine.test_runner_events import MESSAGE, OUTSIDE, boundary, ran
from tests.engine.test_runner_loops import each
from tests.engine.test_runner_scopes import inside, on_event

GOLDEN = Path(__file__).parent / "golden_states.json"
ROUND = model(
    start() + xor("m") + plain("a") + script("c", "n + 1", "n") + xor("g", default="f_g_m") + end(),
    "s>m m>a a>c c>g g>m g>e[=done]",
)


def stored(run: Run) -> dict:
    return orjson.loads(zstandard.ZstdDecompressor().decompress(run.state[1:]))


# ---------------------------------------------------------------- age
def test_a_loop_of_people_does_not_die_at_depth_1000_and_its_state_does_not_grow():
    run = Run(ROUND).start(n=0, done=False)
    sizes = []
    for n in range(1200):
        advance = bpmn.complete(run.procedure, run.state, run.snapshot.tasks[0].token_id, {"k": n}, run.host())
        run.state = advance.state
        sizes.append(len(run.state))
    assert run.variables("a")["n"] == 1200
    assert max(sizes) - sizes[5] < 16
    assert len(stored(run)["scopes"][0]["rows"]) == 2
    assert run.complete("a", done=True).done


def test_an_automatic_loop_of_thousands_of_elements_runs_in_one_step():
    body = start() + xor("m") + script("c", "n + 1", "n") + xor("g", default="f_g_m") + end()
    run = Run(model(body, "s>m m>c c>g g>m g>e[=n >= 1500]"), step_limit=10_000).start(n=0)
    assert run.result == {"n": 1500}


def test_a_loop_inside_one_branch_of_a_long_parallel_split_does_not_grow():
    body = start() + fork("f") + plain("b") + xor("m") + plain("a") + xor("g", default="f_g_m") + fork("j") + end()
    run = ran(body, "s>f f>b f>m m>a a>g g>m g>j[=done] b>j j>e", done=False)
    sizes = [len(run.complete("a", k=n).state) for n in range(60)]
    assert max(sizes) - sizes[2] < 20
    assert run.complete("a", done=True).complete("b").done


def test_a_loop_of_called_sub_processes_leaves_nothing_behind():
    body = start() + xor("m") + inside("p1", plain("a"), "s_p1>a a>e_p1") + xor("g", default="f_g_m") + end()
    run = ran(body, "s>m m>p1 p1>g g>m g>e[=done]", done=False)
    for n in range(20):
        run.complete("a", k=n)
    assert [len(scope["rows"]) for scope in stored(run)["scopes"]] == [2, 2]


def test_branches_that_ended_beside_leave_one_value_per_variable():
    body = start() + plain("a") + boundary("n", "a", MESSAGE, False) + script("c", "k", "seen") + end() + end("e2")
    run = ran(body, "s>a a>e n>c c>e2", deal=1)
    for n in range(30):
        run.deliver("n", k=n)
    assert len(stored(run)["scopes"][0]["rows"]) < 6
    assert len(run.state) < 400
    assert run.complete("a").result == {"deal": 1, "k": 29, "seen": 29}


# ---------------------------------------------------------------- values
KEPT = {
    "text": "Анна «x»", "number": 3, "big": 2**70, "money": Decimal("10.50"), "yes": True, "nothing": None,
    "day": date(2030, 1, 31), "hour": time(9, 30), "moment": datetime(2030, 1, 1, tzinfo=UTC),
    "length": timedelta(days=1, microseconds=3), "rows": [{"a": [1, {"b": None}]}], "empty": {}, "none": [],
}  # fmt: skip


def test_every_kind_of_value_survives():
    run = Run(model(start() + plain("a") + service("b") + end(), "s>a a>b b>e")).start(**KEPT)
    assert run.variables("a") == KEPT
    run.complete("a", more=KEPT)
    assert dict(run.snapshot.services[0].variables) == {**KEPT, "more": KEPT}


@pytest.mark.parametrize(
    "poison", [{"typename": "zzz"}, {"$": "date", "v": "x"}, {"$": "dict", "v": {"$": 1}}, {"class": "Task"}]
)
def test_a_form_cannot_poison_an_instance(poison: dict):
    run = Run(model(start() + plain("a") + plain("b") + end(), "s>a a>b b>e")).start(x=poison)
    assert run.complete("a", y=[poison]).variables("b") == {"x": poison, "y": [poison]}


@pytest.mark.parametrize("value", [b"bytes", {1, 2}, object()])
def test_what_cannot_be_kept_is_refused_at_the_door(value: object):
    run = Run(model(start() + plain("a") + end(), "s>a a>e")).start()
    with pytest.raises(Invalid):
        run.complete("a", x=value)
    with pytest.raises(Invalid):
        Run(model(start() + plain("a") + end(), "s>a a>e")).start(x=value)


def test_true_is_not_one_to_the_state_and_equal_numbers_are_no_change():
    run = Run(model(start() + plain("a") + plain("b") + end(), "s>a a>b b>e")).start(x=1, y=1, z=True)
    run.complete("a", x=True, y=Decimal("1.00"), z=1)
    assert [type(run.variables("b")[name]) for name in "xyz"] == [bool, int, int]
    assert [dict(item.data) for item in run.happened if item.data] == [{"x": True, "z": 1}]


# ---------------------------------------------------------------- versions
def test_an_unknown_version_is_said_out_loud():
    run = Run(ROUND).start(n=0, done=False)
    with pytest.raises(Failed, match="unknown format"):
        bpmn.look(run.procedure, b"\xff" + run.state[1:], run.host())
    with pytest.raises(Failed, match="unknown format"):
        bpmn.look(run.procedure, b"", run.host())


def test_a_token_at_an_element_that_the_drawing_lacks_is_said_out_loud():
    run = Run(ROUND).start(n=0, done=False)
    other = Run(model(start() + plain("other") + end(), "s>other other>e"))
    with pytest.raises(Failed, match="«a»"):
        bpmn.look(other.procedure, run.state, run.host())


def test_token_ids_are_stable_and_new_for_every_visit():
    run = Run(ROUND).start(n=0, done=False)
    first = run.task("a")
    assert run.task("a") == first
    assert len(first) == 16
    assert run.complete("a").task("a") != first


def wide() -> bytes:
    """A drawing in which every kind of thing can stand open at once."""
    handler = on_event("ep", timer("timeDuration", "P2D"), plain("h"), "s_ep>h h>e_ep")
    body = start() + fork("f") + plain("a") + boundary("late", "a", timer("timeCycle", "R3/PT1H"), False)
    body += (
        boundary("told", "a", MESSAGE, False) + service("b") + plain("c", each()) + plain("c2", each(sequential=True))
    )
    body += (
        inside("p1", handler + plain("u"), "s_p1>u u>e_p1") + plain("x") + fork("j") + plain("z") + end() + end("e2")
    )
    arrows = "s>f f>a f>b f>c f>c2 f>p1 a>j b>j c>j c2>j p1>j j>z z>e late>x told>x x>e2"
    return model(body, arrows, OUTSIDE)


def halfway() -> Run:
    """An instance of it after a few steps."""
    run = Run(wide()).start(deal=7, people=["ann", "bob"], money=Decimal("1.50"), day=date(2030, 1, 31), k=0)
    return run.fire("late").deliver("told", said="hm").serve("b", m=2)


def finish(run: Run) -> dict:
    """To the end, by whatever is open."""
    while not run.done:
        name = run.open[0]
        run.complete(name, **({"answer": name} if name.startswith("c") else {f"by_{name}": True}))
    return run.result


def test_states_of_every_released_format_can_be_read_and_go_on_to_the_end():
    golden = json.loads(GOLDEN.read_text("utf-8"))
    assert sorted({item["version"] for item in golden}) == list(range(1, state.VERSION + 1))
    expected = finish(halfway())
    for item in golden:
        run = Run(wide())
        run.state = base64.b64decode(item["state"])
        assert run.state[0] == item["version"]
        assert run.open == item["open"]
        assert {name: moment.isoformat() for name, moment in run.timers.items()} == item["timers"]
        assert finish(run) == expected


# ---------------------------------------------------------------- one drawing, many instances
def picture(run: Run) -> str:
    """Everything a compiled procedure consists of, as text."""
    seen: list[str] = []

    def walk(spec: object) -> None:
        for name, node in sorted(spec.task_specs.items()):
            said = {
                key: str(value) for key, value in vars(node).items() if not key.endswith("_event") and key != "_wf_spec"
            }
            seen.append(f"{name}: {sorted(said.items())}")
            if hasattr(node, "inner"):
                walk(node.inner)

    walk(run.procedure.compiled.spec)
    return "\n".join(seen)


def test_twenty_four_threads_share_one_procedure():
    shared = halfway()
    before, expected = picture(shared), finish(halfway())
    results: list[object] = [None] * 24

    def live(number: int) -> None:
        try:
            run = Run()
            run.procedures = shared.procedures
            run.start(deal=number, people=["ann", "bob"], money=Decimal("1.50"), day=date(2030, 1, 31), k=0)
            run.fire("late").deliver("told", said="hm").serve("b", m=2)
            results[number] = finish(run)
        except BaseException as error:
            results[number] = error

    threads = [threading.Thread(target=live, args=(number,)) for number in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [{**expected, "deal": number} for number in range(24)]
    assert picture(shared) == before

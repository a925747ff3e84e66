"""Warnings are worth reading: sound drawings have none, and the structural ones find what designers get wrong."""
from __future__ import annotations

import pytest

from engine.bpmn import gate
from tests.engine.drawings import el, end, ext, flows, fork, model, start, sub, timer, user, xor, zeebe

PICTURE = {"not-drawn"}
TIMER = timer("timeDuration", "PT1H")
ERROR = '<errorEventDefinition errorRef="er"/>'
CODE = '<error id="er" errorCode="E"/>'


def warned(content: bytes) -> set[tuple[str, str | None]]:
    procedures, faults = gate.inspect("x.bpmn", content)
    assert procedures, [str(fault.reason) for fault in faults]
    return {(fault.code, fault.element_id) for fault in faults if fault.code not in PICTURE}


def boundary(host: str, inner: str = TIMER, **attributes: str) -> str:
    return el("boundaryEvent", "b", inner, attachedToRef=host, **attributes)


def inside(*middle: str, arrows: str = "is>ie") -> str:
    return start("is") + "".join(middle) + end("ie") + flows(arrows)


TWO = start() + user("a") + user("b") + end()
QUIET = {
    "a parallel split and join": model(TWO + fork("g") + fork("j"), "s>g g>a g>b a>j b>j j>e"),
    "a choice and a merge": model(TWO + xor("g", default="f_g_b") + xor("m"), "s>g g>a[=x] g>b a>m b>m m>e"),
    "a choice that merges in a task": model(
        TWO + user("c") + xor("g", default="f_g_b"), "s>g g>a[=x] g>b a>c b>c c>e"),
    "parallel branches that end apart": model(TWO + fork("g") + end("e2"), "s>g g>a g>b a>e b>e2"),
    "a loop around a split and join": model(
        TWO + xor("m") + fork("g") + fork("j") + xor("x", default="f_x_e"),
        "s>m m>g g>a g>b a>j b>j j>x x>m[=again] x>e"),
    "a boundary path that merges by itself": model(start() + user("a") + boundary("a") + user("c") + end(),
                                                   "s>a a>e b>c c>e"),
    "an inclusive join after a choice": model(
        TWO + xor("g", default="f_g_b") + el("inclusiveGateway", "j"), "s>g g>a[=x] g>b a>j b>j j>e"),
    "an error of an action": model(
        start() + el("serviceTask", "a", ext(zeebe("taskDefinition", type="t"))) + boundary("a", ERROR) + end()
        + end("e2"), "s>a a>e b>e2", CODE),
    "an error of a called procedure": model(
        start() + el("callActivity", "a", ext(zeebe("calledElement", processId="q"))) + boundary("a", ERROR) + end()
        + end("e2"), "s>a a>e b>e2", CODE),
    "an error thrown two levels below": model(
        start() + sub("a", inside(sub("n", start("ns") + end("ne", ERROR) + flows("ns>ne")), arrows="is>n n>ie"))
        + boundary("a", ERROR) + end() + end("e2"), "s>a a>e b>e2", CODE),
}  # fmt: skip


@pytest.mark.parametrize("name", QUIET)
def test_a_sound_drawing_has_no_warnings(name: str):
    assert warned(QUIET[name]) == set()


def test_a_join_after_an_interrupting_boundary_event_waits_for_ever():
    body = start() + user("a") + boundary("a") + user("c") + fork("j") + end()
    assert ("join-never-completes", "j") in warned(model(body, "s>a a>j b>c c>j j>e"))


def test_a_join_after_a_non_interrupting_boundary_event_may_be_meant():
    body = start() + user("a") + boundary("a", cancelActivity="false") + user("c") + fork("j") + end()
    assert warned(model(body, "s>a a>j b>c c>j j>e")) == set()


def test_a_join_after_an_event_based_gateway_waits_for_ever():
    def event(name: str) -> str:
        return el("intermediateCatchEvent", name, TIMER)

    body = start() + el("eventBasedGateway", "g") + event("a") + event("b") + fork("j") + end()
    assert ("join-never-completes", "j") in warned(model(body, "s>g g>a g>b a>j b>j j>e"))


def test_branches_of_a_task_that_meet_in_a_task_do_it_twice():
    body = TWO + user("t") + user("c")
    assert ("branches-not-joined", "c") in warned(model(body, "s>t t>a t>b a>c b>c c>e"))


def test_an_error_with_another_code_is_not_the_one_that_is_awaited():
    body = start() + sub("a", start("is") + end("ie", '<errorEventDefinition errorRef="er2"/>') + flows("is>ie"))
    outside = CODE + '<error id="er2" errorCode="F"/>'
    content = model(body + boundary("a", ERROR) + end() + end("e2"), "s>a a>e b>e2", outside)
    assert ("error-nobody-throws", "b") in warned(content)


def test_an_event_that_catches_every_error_needs_one():
    catch_all = boundary("a", "<errorEventDefinition/>")
    content = model(start() + sub("a", inside()) + catch_all + end() + end("e2"), "s>a a>e b>e2")
    assert ("error-nobody-throws", "b") in warned(content)

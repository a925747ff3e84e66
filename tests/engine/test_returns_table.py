"""The rest of the table of docs/returns.md: skip, move, absence and separation of duties against every construct.

In every drawing ``a`` was done by Anna; ``x`` is open, is for lawyers and not for who did ``a``; ``d`` follows.
"""
from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from engine import instances, interventions, messages
from engine.environment import Environment
from engine.errors import Forbidden
from engine.models import Absence, Document
from tests.case import END, START, Clock, catch, drawing, message, timer, user_task
from tests.engine import test_returns, test_returns_flow
from tests.engine.returning import E1, END2, S1, Back, called, each, gate, refused, sound, sub

TABLE = Path(__file__).resolve().parents[2] / "docs" / "returns.md"
A, D = user_task("a"), user_task("d")
X = user_task("x", groups="lawyer", separateFrom="a")
ANSWER = message("m1", "answer", "=number")
TOLD = '<bpmn:startEvent id="told" isInterrupting="false"><bpmn:messageEventDefinition id="td" messageRef="m1"/>'
TOLD += "</bpmn:startEvent>"


def told(back: Back) -> None:
    back.act("anna", messages.correlate, "answer", "k", {})


@dataclass(frozen=True)
class Drawn:
    """One construct around ``x``. ``skipped``/``moved``: what is open after x is left out or moved to d, or why not."""

    body: str
    flows: str
    skipped: list[str]
    moved: list[str] | str
    roots: str = ""
    more: tuple[bytes, ...] = ()
    then: Callable[[Back], None] = lambda back: None
    given: dict[str, object] = field(default_factory=dict)


IN_SUB = sub("inside", S1 + X + E1, "s1>x;x>e1")
OTHER = drawing("other", START + A + X + END, flows="start>a;a>x;x>end")
ASIDE = sub("aside", TOLD + X + END2, "told>x;x>end2", event=True)
OTHERS_INSIDE = "other work is under way"
DRAWN = {
    "parallel": Drawn(
        START + A + gate("fork") + X + user_task("c") + gate("join") + D + END,
        "start>a;a>fork;fork>x;fork>c;x>join;c>join;join>d;d>end", ["c"], "would wait for another branch for ever",
    ),
    "inclusive": Drawn(
        START + A + gate("fork", "inclusive") + X + user_task("c") + gate("join", "inclusive") + D + END,
        "start>a;a>fork;fork>x[=true];fork>c[=false];x>join;c>join;join>d;d>end", ["d"], ["d"],
    ),
    "call": Drawn(START + called("inside", "other") + D + END, "start>inside;inside>d;d>end", ["d"], ["d"],
                  more=(OTHER,)),
    "sub": Drawn(START + A + IN_SUB + D + END, "start>a;a>inside;inside>d;d>end", ["d"], ["d"]),
    "several at once": Drawn(
        START + A + X.replace("</bpmn:userTask>", f"{each(False)}</bpmn:userTask>") + D + END,
        "start>a;a>x;x>d;d>end", ["x"], OTHERS_INSIDE, given={"people": [1, 2]},
    ),
    "several in turn": Drawn(
        START + A + X.replace("</bpmn:userTask>", f"{each(True)}</bpmn:userTask>") + D + END,
        "start>a;a>x;x>d;d>end", ["x"], ["d"], given={"people": [1, 2]},
    ),
    "timer waits": Drawn(
        START + A + X + timer("late", "PT8H", on="x") + D + END + END2, "start>a;a>x;x>d;d>end;late>end2", ["d"], ["d"]
    ),
    "timer has fired": Drawn(
        START + A + X + timer("late", "PT8H", on="x", interrupting=False) + user_task("hurry") + D + END + END2,
        "start>a;a>x;x>d;d>end;late>hurry;hurry>end2", ["d", "hurry"], ["d", "hurry"],
        then=lambda back: back.later(hours=9) and None,
    ),
    "race": Drawn(
        START + A + gate("race", "eventBased") + catch("answer", "message", "m1") + timer("late", "P5D") + X + D + END
        + END2, "start>a;a>race;race>answer;race>late;answer>x;x>d;d>end;late>end2", ["d"], ["d"], roots=ANSWER,
        then=told,
    ),
    "event sub": Drawn(
        START + A + user_task("b") + ASIDE + D + END, "start>a;a>b;b>d;d>end", ["b"], ["b", "d"], roots=ANSWER,
        then=told,
    ),
}  # fmt: skip


@pytest.fixture(params=DRAWN)
def drawn(env: Environment, clock: Clock, request: pytest.FixtureRequest) -> tuple[Back, Drawn]:
    """Every construct, with x open."""
    back, made = Back(env, clock), DRAWN[request.param]
    back.publish(drawing("flow", made.body, roots=made.roots, flows=made.flows), *made.more)
    back.start("flow", number="k", **made.given)
    back.complete("a", "anna")
    made.then(back)
    assert "x" in back.open
    return back, made


def token(back: Back, element_id: str) -> str:
    return next(task.token_id for task in [back.task(element_id)])


def test_a_step_is_left_out(drawn: tuple[Back, Drawn]) -> None:
    back, made = drawn
    back.act("elena", interventions.skip, back.instance_id, token(back, "x"), {}, "By phone")
    assert back.open == made.skipped
    assert "late" not in back.timers
    sound(back)


def test_work_is_moved_on(drawn: tuple[Back, Drawn]) -> None:
    back, made = drawn
    ask = ("elena", interventions.move, back.instance_id, token(back, "x"), "", "d", {}, "Wrong way")
    if isinstance(made.moved, str):
        with refused(made.moved):
            back.act(*ask)
        assert "x" in back.open
    else:
        back.act(*ask)
        assert back.open == made.moved
        assert "late" not in back.timers
    sound(back)


def away(back: Back, login: str, substitute: str) -> None:
    now = back.clock.now
    days = {"starts_at": now - timedelta(days=1), "ends_at": now + timedelta(days=5)}
    back.put(Absence(user_id=back.user(login).id, substitute_id=back.user(substitute).id, reason="vacation", **days))


def test_a_substitute_completes_it_under_both_names(drawn: tuple[Back, Drawn]) -> None:
    back, _ = drawn
    away(back, "lidia", "pavel")
    done = back.complete("x", "pavel")
    assert (done.completed_by, done.completed_for) == (back.user("pavel").id, back.user("lidia").id)
    sound(back)


def test_duties_are_kept_apart_through_substitution_too(drawn: tuple[Back, Drawn]) -> None:
    back, _ = drawn
    away(back, "lidia", "anna")
    with pytest.raises(Forbidden, match="somebody who has not done"):
        back.complete("x", "anna")
    assert "x" in back.open


def test_an_event_that_is_waited_for_is_left_out_and_the_race_is_over(env: Environment, clock: Clock) -> None:
    back, made = Back(env, clock), DRAWN["race"]
    back.publish(drawing("flow", made.body, roots=made.roots, flows=made.flows))
    back.start("flow", number="k")
    back.complete("a")
    waiting = next(visit.token_id for visit in back.visits if visit.element_id == "answer" and visit.left_at is None)
    back.act("elena", interventions.skip, back.instance_id, waiting, {}, "He called")
    assert (back.open, back.timers) == (["x"], [])
    sound(back)


def plain(env: Environment, clock: Clock) -> Back:
    back = Back(env, clock)
    back.publish(drawing("flow", START + A + X + D + END, flows="start>a;a>x;x>d;d>end"))
    back.start("flow")
    back.complete("a", "anna")
    return back


def test_a_document_issued_keeps_nobody_from_moving_work_with_a_reason(env: Environment, clock: Clock) -> None:
    back = plain(env, clock)
    back.put(Document(
        instance_id=back.instance_id, kind="contract", title="Contract", number="7/26", dated=clock.now.date(),
        template="t", template_version=1, data={}, created_at=clock.now, status="sent", sent_at=clock.now,
    ))  # fmt: skip
    with refused("Document 7/26"):
        back.give_back("x", "a", "lidia")
    back.act("elena", interventions.move, back.instance_id, token(back, "x"), "", "a", {}, "The client asked")
    assert back.open == ["a"]


def test_where_nothing_moves_nothing_is_left_out_or_moved(env: Environment, clock: Clock) -> None:
    back = plain(env, clock)
    standing = token(back, "x")
    acts = [
        lambda: back.act("elena", interventions.skip, back.instance_id, standing, {}, "Why"),
        lambda: back.act("elena", interventions.move, back.instance_id, standing, "", "d", {}, "Why"),
        lambda: back.act("elena", interventions.edit, back.instance_id, {"n": 1}, "Why"),
    ]
    back.act("elena", instances.suspend, back.instance_id, "The client thinks")
    for act in acts:
        with refused("is suspended"):
            act()
    back.act("elena", instances.resume, back.instance_id, "He has thought")
    back.complete("x", "lidia")
    back.complete("d", "anna")
    for act in acts:
        with refused("is completed"):
            act()


def test_every_row_of_the_table_is_a_test() -> None:
    """docs/returns.md names a test in every cell, and they exist."""
    named = set(re.findall(r"`(test_\w+)`", TABLE.read_text("utf-8")))
    known = {name for module in (test_returns, test_returns_flow) for name in vars(module)} | set(globals())
    assert named - known == set()
    assert len(named) > 40

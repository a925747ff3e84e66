"""The table of docs/returns.md, one act at a time against every construct of tests.engine.returns_drawn, and the proof
that every row of it names a test of its own."""
from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from engine import bpmn, interventions
from engine.environment import Environment
from engine.errors import Forbidden, Refused
from engine.models import Absence
from tests.case import END, START, Clock, drawing
from tests.engine import test_returns_standing
from tests.engine.returning import Back, called, refused, sound
from tests.engine.returns_drawn import DRAWN, Drawn, Outcome, X

ONE_DATABASE = True  # tests of the same verbs run on both
TABLE = Path(__file__).resolve().parents[2] / "docs" / "returns.md"
ACTS = ["Return", "Recall", "Skip", "Move", "Absence", "Separation"]
every = pytest.mark.parametrize("name", DRAWN)


def begin(env: Environment, clock: Clock, name: str) -> tuple[Back, Drawn]:
    """A construct with x open."""
    back, made = Back(env, clock), DRAWN[name]
    env.actions.add("do.count", lambda *_: {"counted": 1})
    env.actions.add("do.tell", lambda *_: None)
    env.settings["returns"] = {"repeatable": ["do.count"]}
    back.publish(drawing("flow", made.body, roots=made.roots, flows=made.flows), *made.more)
    back.start("flow", number="k", **made.given)
    made.first(back)
    back.complete("a", "anna")
    made.then(back)
    assert "x" in back.open
    return back, made


def play(back: Back, until: str = "") -> None:
    """Everybody does what he has to do, until this task is open or the instance has ended."""
    for _ in range(20):
        back.run_jobs()
        if until in back.open or not back.open:
            break
        for element in sorted(set(back.open)):
            back.complete(element, {"a": "anna", "x": "lidia"}.get(element, "boris"))
            if until in back.open:
                break
    sound(back)
    assert until in back.open if until else back.instance.status == "completed"


def leads(back: Back, outcome: Outcome, act: object) -> bool:
    """Try it: whether it is allowed, and that it leads where it should."""
    assert callable(act)
    before = back.open
    if isinstance(outcome, str):
        with refused(outcome):
            act()
        assert back.open == before
    else:
        act()
        assert back.open == outcome
    sound(back)
    return not isinstance(outcome, str)


def away(back: Back, login: str, substitute: str) -> None:
    now = back.clock.now
    days = {"starts_at": now - timedelta(days=1), "ends_at": now + timedelta(days=5)}
    back.put(Absence(user_id=back.user(login).id, substitute_id=back.user(substitute).id, reason="vacation", **days))


@every
def test_x_is_returned_to_a(env: Environment, clock: Clock, name: str) -> None:
    back, made = begin(env, clock, name)
    if leads(back, made.back, lambda: back.give_back("x", "a", "lidia")):
        assert (back.task("a").assignee_id, back.task("a").round) == (back.user("anna").id, 2)
        assert "late" not in back.timers or name == "fired beside the earlier step"
        made.left(back)
        back.complete("a", "anna")
        play(back, "x")
        entered = [one.element_id for one in back.visits].count(made.anew)
        assert not made.anew or entered == 2 or back.timers == [made.anew]
    play(back)


@every
def test_a_is_recalled_until_x_is_opened(env: Environment, clock: Clock, name: str) -> None:
    back, made = begin(env, clock, name)
    if leads(back, made.recall, lambda: back.recall("a")):
        assert back.task("a").assignee_id == back.user("anna").id
        made.left(back)
        if "x" not in back.open:
            back.complete("a", "anna")
            back.run_jobs()
            back.see("x", "lidia")
            leads(back, "«x» has been opened by Юрьева Лидия", lambda: back.recall("a"))
    play(back)


@every
def test_x_is_left_out(env: Environment, clock: Clock, name: str) -> None:
    back, made = begin(env, clock, name)
    token = back.task("x").token_id
    leads(back, made.skip, lambda: back.act("elena", interventions.skip, back.instance_id, token, {}, "By phone"))
    assert "late" not in back.timers
    made.kept(back)
    play(back)


@every
def test_work_goes_on_from_d(env: Environment, clock: Clock, name: str) -> None:
    back, made = begin(env, clock, name)
    token = back.task("x").token_id
    act = ("elena", interventions.move, back.instance_id, token, "", "d", {}, "Wrong way")
    procedure, host = back.procedure_and_host()
    offered = bpmn.destinations(procedure, back.instance.state, token, host)
    assert any(element.id == "d" for _, element in offered) == (not isinstance(made.move, str))
    leads(back, made.move, lambda: back.act(*act))
    assert "late" not in back.timers or isinstance(made.move, str)
    made.kept(back)
    play(back)


@every
def test_substitutes_act_for_the_absent(env: Environment, clock: Clock, name: str) -> None:
    """Lidia and Anna are away: Pavel gives back and completes for one, Boris does again for the other."""
    back, made = begin(env, clock, name)
    away(back, "lidia", "pavel")
    away(back, "anna", "boris")
    lidia, pavel, boris = (back.user(login).id for login in ("lidia", "pavel", "boris"))
    if leads(back, made.back, lambda: back.give_back("x", "a", "pavel")):
        assert (back.returns[-1].by, back.returns[-1].on_behalf_of) == (pavel, lidia)
        assert back.task("a").assignee_id == back.user("anna").id
        again = back.complete("a", "boris")
        assert (again.completed_by, again.completed_for) == (boris, back.user("anna").id)
        back.run_jobs()
    done = back.complete("x", "pavel")
    assert (done.completed_by, done.completed_for) == (pavel, lidia)
    sound(back)


@every
def test_who_did_a_does_not_do_x(env: Environment, clock: Clock, name: str) -> None:
    """Anna stands in for Lidia: not as the one who did a, in no round."""
    back, made = begin(env, clock, name)
    if not made.apart:
        return cannot_be_drawn(back, name)
    away(back, "lidia", "anna")
    for _ in range(1 if isinstance(made.back, str) else 2):
        with pytest.raises(Forbidden, match="somebody who has not done"):
            back.complete("x", "anna")
        if not isinstance(made.back, str):
            back.give_back("x", "a", "lidia")
            back.complete("a", "anna")
            back.run_jobs()
    assert back.complete("x", "lidia").completed_for is None


def cannot_be_drawn(back: Back, name: str) -> None:
    """Over the border of a called procedure the rule has no step to name: the publication says so."""
    body, flows = START + X + END, "start>x;x>end"
    if name.startswith("into"):
        body, flows = START + called("inside", "other") + X + END, "start>inside;inside>x;x>end"
    with pytest.raises(Refused) as told:
        back.publish(drawing("apart", body, flows=flows))
    assert {(fault.code, fault.element_id) for fault in told.value.faults} == {("separate-from-unknown", "x")}


# --- the table itself ------------------------------------------------------------------------------------------------

ROW = re.compile(r"^\| (?P<act>[\w ]+) \| (?P<told>.+) \| `(?P<test>test_\w+)(\[(?P<case>[^\]]+)\])?` \|$", re.M)


def sections() -> dict[str, list[re.Match[str]]]:
    told = TABLE.read_text("utf-8").partition("## What happens where")[2]
    parts = re.split(r"^### (.+)$", told, flags=re.M)[1:]
    return {name: list(ROW.finditer(body)) for name, body in zip(parts[::2], parts[1::2], strict=True)}


def cases_of(test: object) -> set[str]:
    """The names of its cases: what comes before the database in the name that pytest shows."""
    marks = [mark for mark in getattr(test, "pytestmark", []) if mark.name == "parametrize"]
    return {str(one) for mark in marks for one in mark.args[1]}


def test_every_construct_has_a_row_for_every_act() -> None:
    found = sections()
    assert len(found) > 35
    for name, rows in found.items():
        assert [row["act"] for row in rows] == ACTS, name


def test_every_row_is_a_test_of_its_own() -> None:
    known = {**vars(test_returns_standing), **globals()}
    rows = [row for section in sections().values() for row in section]
    for row in rows:
        assert row["test"] in known, row["test"]
        cases = cases_of(known[row["test"]])
        assert (row["case"] in cases) if cases else row["case"] is None, row[0]
    named = [(row["test"], row["case"]) for row in rows]
    assert len(named) == len(set(named))
    tested = {(test.__name__, case) for test in vars(test_returns_standing).values() if cases_of(test)
              for case in cases_of(test)}  # fmt: skip
    assert tested | {(act, case) for act in DRAWN_ACTS for case in DRAWN} <= set(named)


def test_no_row_says_as_above() -> None:
    for name, rows in sections().items():
        for row in rows:
            assert len(row["told"].split()) > 4, (name, row[0])
            assert "as above" not in row["told"].lower()


DRAWN_ACTS = [
    test.__name__ for test in (
        test_x_is_returned_to_a, test_a_is_recalled_until_x_is_opened, test_x_is_left_out, test_work_goes_on_from_d,
        test_substitutes_act_for_the_absent, test_who_did_a_does_not_do_x,
    )
]  # fmt: skip

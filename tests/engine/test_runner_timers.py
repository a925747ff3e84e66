"""Timers: due once, stored, fired by the engine alone; cycles count from the planned moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from engine import bpmn
from engine.bpmn import ElementFailed
from engine.errors import WrongState
from tests.engine.drawings import el, end, model, start, timer
from tests.engine.runs import NOON, Run, plain, script


def catch(identity: str, inner: str) -> str:
    return el("intermediateCatchEvent", identity, inner)


def boundary(identity: str, host: str, inner: str, interrupting: bool = True) -> str:
    return el("boundaryEvent", identity, inner, attachedToRef=host, cancelActivity=str(interrupting).lower())


WAITING = {
    "PT1H": NOON + timedelta(hours=1),
    "P1D": NOON + timedelta(days=1),
    '=duration("PT30M")': NOON + timedelta(minutes=30),
    '="PT" + string(n) + "H"': NOON + timedelta(hours=3),
    "P2BD": NOON + timedelta(days=2),
}


@pytest.mark.parametrize("said", WAITING)
def test_a_timer_is_due_at_an_absolute_moment_computed_when_the_token_arrives(said: str):
    run = Run(model(start() + catch("t", timer("timeDuration", said)) + end(), "s>t t>e")).start(n=3)
    assert run.timers == {"t": WAITING[said]} or said == "P2BD"
    run.pass_time(days=30)
    assert not run.done
    assert run.fire("t").done


def test_a_date_is_a_moment_too():
    run = Run(model(start() + catch("t", timer("timeDate", "2030-05-01T09:00:00+03:00")) + end(), "s>t t>e")).start()
    assert run.timers == {"t": datetime(2030, 5, 1, 6, tzinfo=UTC)}


def test_nothing_fires_by_the_clock_of_the_machine():
    run = Run(
        model(start() + catch("t", timer("timeDate", "2001-01-01T00:00:00Z")) + plain("a") + end(), "s>t t>a a>e")
    )
    run.start()
    assert run.open == []
    run.resume()
    assert run.open == []
    assert run.fire("t").open == ["a"]


def test_a_timer_that_cannot_be_read_is_an_incident():
    run = Run(model(start() + catch("t", timer("timeDuration", "soon")) + end(), "s>t t>e"))
    with pytest.raises(ElementFailed) as caught:
        run.start()
    assert caught.value.element_id == "t"


def test_an_interrupting_boundary_timer_takes_the_task_away():
    drawing = model(
        start() + plain("a") + boundary("late", "a", timer("timeDuration", "P7D")) + plain("b") + end(),
        "s>a a>e late>b b>e",
    )
    run = Run(drawing).start()
    (open_timer,) = run.snapshot.timers
    assert open_timer.boundary_of == run.task("a")
    token = run.task("a")
    run.fire("late")
    assert run.open == ["b"]
    assert run.timers == {}
    with pytest.raises(WrongState):
        bpmn.complete(run.procedure, run.state, token, {}, run.host())
    assert run.trace("cancelled") == ["a"]
    assert run.complete("b").done


def test_completing_the_task_withdraws_its_timer():
    drawing = model(
        start() + plain("a") + boundary("late", "a", timer("timeDuration", "P7D")) + plain("b") + end(),
        "s>a a>b late>b b>e",
    )
    run = Run(drawing).start()
    token = run.one(run.snapshot.timers, "late")
    run.complete("a")
    assert run.timers == {}
    with pytest.raises(WrongState):
        bpmn.fire_timer(run.procedure, run.state, token, run.host())


def test_two_boundary_timers_on_one_task_each_have_their_own_moment():
    drawing = model(
        start() + plain("a") + boundary("one", "a", timer("timeDuration", "PT1H"), False)
        + boundary("two", "a", timer("timeDuration", "PT2H")) + plain("x") + plain("y") + end(),
        "s>a a>e one>x two>y x>e y>e",
    )  # fmt: skip
    run = Run(drawing).start()
    assert run.timers == {"one": NOON + timedelta(hours=1), "two": NOON + timedelta(hours=2)}
    run.fire("one")
    assert run.open == ["a", "x"]
    run.fire("two")
    assert run.open == ["x", "y"]


def test_a_non_interrupting_timer_of_a_single_moment_goes_off_once():
    drawing = model(
        start() + plain("a") + boundary("r", "a", timer("timeDuration", "PT1H"), False) + plain("x") + end(),
        "s>a a>e r>x x>e",
    )
    run = Run(drawing).start().fire("r")
    assert run.open == ["a", "x"]
    assert run.timers == {}
    run.complete("a")
    assert not run.done
    assert run.complete("x").done


def test_two_timers_after_an_event_gateway_do_not_share_one_moment():
    drawing = model(
        start() + el("eventBasedGateway", "g") + catch("slow", timer("timeDuration", "PT8H"))
        + catch("quick", timer("timeDuration", "PT1H")) + plain("a") + plain("b") + end(),
        "s>g g>slow g>quick slow>a quick>b a>e b>e",
    )  # fmt: skip
    run = Run(drawing).start()
    assert run.timers == {"slow": NOON + timedelta(hours=8), "quick": NOON + timedelta(hours=1)}
    run.fire("quick")
    assert run.open == ["b"]
    assert run.timers == {}
    assert run.trace("cancelled") == ["slow"]


def cyclic(text: str) -> Run:
    drawing = model(
        start() + plain("a") + boundary("r", "a", timer("timeCycle", text), False) + script("x", "n + 1", "n") + end(),
        "s>a a>e r>x x>e",
    )
    return Run(drawing).start(n=0)


def test_a_cycle_goes_off_as_often_as_it_says_also_after_the_host_was_down():
    run = cyclic("R3/PT1H").pass_time(hours=5)
    for hours in (1, 2, 3):
        assert run.timers == {"r": NOON + timedelta(hours=hours)}
        run.fire("r")
    assert run.timers == {}
    assert run.trace().count("x") == 3
    assert run.complete("a").done


def test_an_endless_cycle_stays_armed():
    run = cyclic("R/PT10M")
    for _ in range(5):
        run.fire("r")
    assert run.timers == {"r": NOON + timedelta(minutes=60)}


def test_a_cycle_may_begin_at_a_moment():
    run = cyclic("R2/2030-05-01T09:00:00Z/P1D")
    first = datetime(2030, 5, 1, 9, tzinfo=UTC)
    assert run.timers == {"r": first}
    assert run.fire("r").timers == {"r": first + timedelta(days=1)}
    assert run.fire("r").timers == {}


def test_a_month_from_the_31st_does_not_drift():
    run = cyclic("R3/2030-01-31T09:00:00Z/P1M")
    moments = []
    while run.timers:
        moments.append(run.timers["r"])
        run.fire("r")
    assert moments == [datetime(2030, month, day, 9, tzinfo=UTC) for month, day in ((1, 31), (2, 28), (3, 31))]


@pytest.mark.parametrize("text", ["0 0 9 * * ?", "PT1H", "R0/PT1H", "R3/PT1H/2030-01-01T00:00:00Z"])
def test_what_is_no_repetition_is_an_incident(text: str):
    with pytest.raises(ElementFailed):
        cyclic(text)


def test_a_loop_around_a_reminded_task_forgets_its_old_reminders():
    drawing = model(
        start() + el("exclusiveGateway", "m") + plain("a") + boundary("r", "a", timer("timeCycle", "R/PT1H"), False)
        + script("x", "1", "seen") + end("e2") + el("exclusiveGateway", "g", default="f_g_m") + end(),
        "s>m m>a a>g g>m g>e[=done] r>x x>e2",
    )  # fmt: skip
    run = Run(drawing).start(done=False)
    sizes = []
    for _ in range(12):
        run.fire("r").complete("a", done=False)
        sizes.append(len(run.state))
    assert max(sizes[2:]) - min(sizes[2:]) < 40
    assert run.complete("a", done=True).done
    assert run.result["seen"] == 1


def test_a_moment_without_an_offset_is_the_office_calendars_and_not_the_servers():
    run = Run(model(start() + catch("t", timer("timeDate", "2030-07-01T09:00:00")) + end(), "s>t t>e")).start()
    assert run.timers["t"].utcoffset() is not None


def test_a_negative_duration_is_not_taken_for_a_positive_one():
    with pytest.raises(ElementFailed):
        Run(model(start() + catch("t", timer("timeDuration", "-PT5M")) + end(), "s>t t>e")).start()

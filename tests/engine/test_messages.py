"""Messages find their one instance, early ones wait; signals reach all who listen."""
from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from engine import instances, messages
from engine.errors import Conflict, NotFound
from engine.models import Message, MessageSubscription, ProcessInstance
from tests.case import END, START, Case, catch, drawing, message, script, signal, throw, user_task

PAID = message("M", "paid", "=string(order)")
WAITS = drawing("waits", START + catch("wait", "message", "M") + user_task("after") + END, roots=PAID,
                flows="start>wait;wait>after;after>end")  # fmt: skip
ASKS = drawing("asks", START + user_task("first") + catch("wait", "message", "M") + user_task("after") + END,
               roots=PAID, flows="start>first;first>wait;wait>after;after>end")  # fmt: skip


def paid(case: Case, order: str, **more: Any) -> Any:
    return case.act("system", messages.correlate, "paid", order, {"sum": 5}, **more)


def test_a_message_finds_the_one_instance_with_its_key(case: Case) -> None:
    case.publish(WAITS)
    other = case.start("waits", order=1).id
    case.start("waits", order=2)
    assert paid(case, "2").id == case.instance_id
    assert (case.open, case.variables["sum"]) == (["after"], 5)
    case.instance_id = other
    assert case.open == []


def test_a_message_for_nobody_is_said_out_loud(case: Case) -> None:
    case.publish(WAITS)
    case.start("waits", order=1)
    with pytest.raises(NotFound, match="Nobody awaits message «paid» with key 7"):
        paid(case, "7")


def test_a_message_for_several_is_said_out_loud(case: Case) -> None:
    case.publish(WAITS)
    case.start("waits", order=1)
    case.start("waits", order=1)
    with pytest.raises(Conflict, match="More than one instance"):
        paid(case, "1")


def test_a_message_that_comes_early_waits_for_its_receiver(case: Case) -> None:
    case.publish(ASKS)
    case.start("asks", order=1)
    paid(case, "1", ttl=timedelta(days=1))
    case.run_jobs()
    case.complete("first")
    assert case.open == []
    case.run_jobs()
    assert (case.open, case.variables["sum"]) == (["after"], 5)


def test_an_early_message_whose_time_has_passed_is_not_delivered(case: Case) -> None:
    case.publish(ASKS)
    case.start("asks", order=1)
    paid(case, "1", ttl=timedelta(days=1))
    case.later(days=2)
    case.complete("first")
    case.run_jobs()
    assert case.open == []
    with case.env.sessions() as session:
        assert session.query(Message).one().status == "expired"
    assert "message.expired" in case.logged(0)


def test_the_oldest_of_several_early_messages_goes_first_and_only_one(case: Case) -> None:
    case.publish(ASKS)
    case.start("asks", order=1)
    case.act("system", messages.correlate, "paid", "1", {"sum": 1}, ttl=timedelta(days=1))
    case.act("system", messages.correlate, "paid", "1", {"sum": 2}, ttl=timedelta(days=1))
    case.complete("first")
    case.run_jobs()
    assert case.variables["sum"] == 1
    with case.env.sessions() as session:
        assert sorted(row.status for row in session.query(Message)) == ["correlated", "waiting"]


def test_a_message_sent_twice_under_one_key_has_one_effect(case: Case) -> None:
    case.publish(WAITS)
    case.start("waits", order=1)
    paid(case, "1", key="bank-17")
    paid(case, "1", key="bank-17")
    assert case.logged().count("message.received") == 1


def test_a_message_starts_a_procedure_that_begins_with_it(case: Case) -> None:
    begin = '<bpmn:startEvent id="start"><bpmn:messageEventDefinition id="d" messageRef="M"/></bpmn:startEvent>'
    case.publish(drawing("begins", begin + user_task("do") + END, roots='<bpmn:message id="M" name="enquiry"/>',
                         flows="start>do;do>end"))  # fmt: skip
    started = case.act("system", messages.correlate, "enquiry", None, {"who": "Maria"})
    case.instance_id = started.id
    assert (case.open, case.variables["who"]) == (["do"], "Maria")


def test_an_instance_sends_a_message_to_another(case: Case) -> None:
    case.publish(WAITS, drawing("sends", START + throw("tell", "message", "M") + END, roots=PAID,
                                flows="start>tell;tell>end"))  # fmt: skip
    receiver = case.start("waits", order=5).id
    case.start("sends", order=5)
    assert case.instance.status == "completed"
    case.run_jobs()
    case.instance_id = receiver
    assert case.open == ["after"]


def test_a_message_for_a_suspended_instance_is_delivered_when_it_goes_on(case: Case) -> None:
    case.publish(WAITS)
    case.start("waits", order=1)
    case.act("elena", instances.suspend, case.instance_id, "wait")
    paid(case, "1", ttl=timedelta(days=30))
    case.run_jobs()
    assert case.open == []
    case.act("elena", instances.resume, case.instance_id, "go on")
    case.run_jobs()
    assert case.open == ["after"]


def test_what_is_no_longer_awaited_has_no_subscription(case: Case) -> None:
    case.publish(WAITS)
    case.start("waits", order=1)
    case.act("elena", instances.cancel, case.instance_id, "over")
    with case.env.sessions() as session:
        assert session.query(MessageSubscription).count() == 0
    with pytest.raises(NotFound):
        paid(case, "1")


LAW = signal("S", "law changed")
LISTENS = drawing("listens", START + catch("hear", "signal", "S") + user_task("after") + END, roots=LAW,
                  flows="start>hear;hear>after;after>end")  # fmt: skip
THROWS = drawing("throws", START + throw("shout", "signal", "S") + END, roots=LAW, flows="start>shout;shout>end")


def opened(case: Case, *ids: int) -> list[list[str]]:
    found = []
    for case.instance_id in ids:
        found.append(case.open)
    return found


def test_a_signal_reaches_all_who_listen(case: Case) -> None:
    case.publish(LISTENS, THROWS)
    ids = [case.start("listens").id for _ in range(3)]
    assert case.act("system", messages.broadcast, "law changed", {}) == 3
    case.run_jobs()
    assert opened(case, *ids) == [["after"]] * 3


def test_an_instance_throws_a_signal_to_the_others(case: Case) -> None:
    case.publish(LISTENS, THROWS)
    ids = [case.start("listens").id for _ in range(2)]
    case.start("throws")
    case.run_jobs()
    assert opened(case, *ids) == [["after"]] * 2


def test_who_begins_to_listen_after_the_signal_does_not_hear_it(case: Case) -> None:
    case.publish(LISTENS, THROWS)
    case.start("throws")
    late = case.start("listens").id
    case.run_jobs()
    assert opened(case, late) == [[]]


def test_a_listener_that_fails_disturbs_nobody(case: Case) -> None:
    broken = drawing("broken", START + catch("hear", "signal", "S") + script("s", "=nobody.knows", "x") + END,
                     roots=LAW, flows="start>hear;hear>s;s>end")  # fmt: skip
    case.publish(LISTENS, THROWS, broken)
    case.start("broken")
    good = case.start("listens").id
    case.act("system", messages.broadcast, "law changed", {})
    case.run_jobs()
    assert opened(case, good) == [["after"]]
    assert [incident.kind for incident in case.incidents] == ["element"]


def test_a_signal_starts_a_procedure(case: Case) -> None:
    begin = '<bpmn:startEvent id="start"><bpmn:signalEventDefinition id="d" signalRef="S"/></bpmn:startEvent>'
    case.publish(drawing("begins", begin + user_task("do") + END, roots=LAW, flows="start>do;do>end"), THROWS)
    case.start("throws")
    case.run_jobs()
    with case.env.sessions() as session:
        assert sorted(row.key for row in session.query(ProcessInstance)) == ["begins", "throws"]

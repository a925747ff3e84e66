"""What the engine owes: done once, tried again, given to a person in the end. Workers die at every point."""
from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from engine import incidents, instances, jobs, outbox
from engine.actions import ActionCall
from engine.errors import BusinessError, Failed, Forbidden, Invalid, WrongState
from engine.models import Job, MilestoneReached
from engine.outbox import Owed
from engine.vocabulary import JobKind, JobStatus
from engine.work import SYSTEM, Work, run
from tests.case import END, START, Case, drawing, service_task, timer, user_task


@pytest.fixture
def calls(case: Case) -> list[ActionCall]:
    """Actions: ``note`` remembers its call, ``fail`` always fails, ``refuse`` reports a business error."""
    made: list[ActionCall] = []
    register = case.env.actions.register

    @register("note")
    def note(work: Work, call: ActionCall) -> Mapping[str, Any]:
        made.append(call)
        return {"noted": len(made)}

    @register("fail")
    def fail(work: Work, call: ActionCall) -> None:
        made.append(call)
        raise Failed("The other side is silent")

    @register("refuse")
    def refuse(work: Work, call: ActionCall) -> None:
        raise BusinessError("NO_STOCK", "Nothing is left")

    return made


def serving(key: str, action: str, extra: str = "", more: str = "", flows: str = "", retries: str = "3") -> bytes:
    body = START + service_task("serve", action, extra, retries) + user_task("after") + END + more
    return drawing(key, body, flows="start>serve;serve>after;after>end" + flows)


def test_a_service_task_calls_its_action_with_its_inputs_and_takes_its_outputs(
    case: Case, calls: list[ActionCall]
) -> None:
    inputs = '<zeebe:ioMapping><zeebe:input source="=amount * 2" target="twice"/></zeebe:ioMapping>'
    case.publish(serving("p", "note", inputs))
    case.start("p", amount=21)
    assert case.open == []
    assert case.run_jobs() == 1
    (call,) = calls
    assert (call.inputs, call.element_id, call.instance.id) == ({"twice": 42}, "serve", case.instance_id)
    assert (case.open, case.jobs()[0].status) == (["after"], JobStatus.DONE)
    assert "action.completed" in case.logged()


def test_a_failing_action_is_tried_again_later_and_later_and_becomes_an_incident(
    case: Case, calls: list[ActionCall]
) -> None:
    case.publish(serving("p", "fail"))
    case.start("p")
    waits = []
    for _ in range(3):
        begun = case.clock()
        case.run_jobs()
        (job,) = case.jobs()
        waits.append((job.due_at - begun).total_seconds())
        case.clock.now = max(job.due_at, begun)
    assert waits[:2] == [10, 40]
    assert (job.status, job.attempts, len(calls)) == (JobStatus.FAILED, 3, 3)
    (incident,) = case.incidents
    assert (incident.kind, incident.element_id) == ("job", "serve")
    assert "The other side is silent" in incident.message
    assert case.logged()[-3:] == ["job.failed", "job.failed", "incident.raised"]
    assert case.later(days=1) == 0


def test_a_failed_action_does_not_stop_the_timer_beside_it(case: Case, calls: list[ActionCall]) -> None:
    beside = timer("late", "P2D", on="serve", interrupting=False) + user_task("hurry")
    case.publish(serving("p", "fail", more=beside, flows=";late>hurry;hurry>end", retries="1"))
    case.start("p")
    case.run_jobs()
    assert [one.kind for one in case.incidents] == ["job"]
    case.later(days=3)
    assert case.open == ["hurry"]
    assert len(case.incidents) == 1
    assert len(calls) == 1, "what failed is not done again by itself"


def test_a_retried_incident_gives_the_job_fresh_attempts(case: Case, calls: list[ActionCall]) -> None:
    case.publish(serving("p", "fail", retries="1"))
    case.start("p")
    case.run_jobs()
    incident_id = case.incidents[0].id
    with pytest.raises(Forbidden):
        case.act("anna", incidents.retry, incident_id, "it works again")
    with pytest.raises(Invalid):
        case.act("maria", incidents.retry, incident_id, "")
    case.act("maria", incidents.retry, incident_id, "it works again")
    with pytest.raises(WrongState):
        case.act("maria", incidents.retry, incident_id, "once more")
    assert case.run_jobs() == 1
    assert len(calls) == 2
    assert [incident.status for incident in case.incidents] == ["retried", "open"]


def test_a_resolved_incident_is_not_tried_again(case: Case, calls: list[ActionCall]) -> None:
    case.publish(serving("p", "fail", retries="1"))
    case.start("p")
    case.run_jobs()
    case.act("elena", incidents.resolve, case.incidents[0].id, "done by hand")
    assert case.later(days=2) == 0
    assert (case.incidents[0].status, case.incidents[0].reason) == ("resolved", "done by hand")


CAUGHT = (
    '<bpmn:boundaryEvent id="sold_out" attachedToRef="serve"><bpmn:errorEventDefinition id="d" errorRef="E"/>'
    "</bpmn:boundaryEvent>" + user_task("call_client")
)


def test_a_business_error_takes_the_way_that_is_drawn_for_it(case: Case, calls: list[ActionCall]) -> None:
    body = START + service_task("serve", "refuse") + user_task("after") + END + CAUGHT
    case.publish(drawing("p", body, roots='<bpmn:error id="E" name="E" errorCode="NO_STOCK"/>',
                         flows="start>serve;serve>after;after>end;sold_out>call_client;call_client>end"))  # fmt: skip
    case.start("p")
    case.run_jobs()
    assert case.open == ["call_client"]
    assert "action.refused" in case.logged()


def test_a_business_error_that_nobody_catches_becomes_an_incident(case: Case, calls: list[ActionCall]) -> None:
    case.publish(serving("p", "refuse", retries="1"))
    case.start("p")
    case.run_jobs()
    assert [incident.kind for incident in case.incidents] == ["job"]
    assert "NO_STOCK" in case.incidents[0].message


def test_an_action_nobody_registered_is_refused_at_publication(case: Case) -> None:
    with pytest.raises(Exception, match="Nothing was published"):
        case.publish(serving("p", "unheard.of"))


class Slow:
    """An action in three parts that remembers in which order they ran and whether a transaction was open."""

    def __init__(self, engine: Any) -> None:
        self.engine = engine
        self.steps: list[str] = []
        self.crash: Callable[[], None] = lambda: None

    def prepare(self, work: Work, call: ActionCall) -> Any:
        self.steps.append("prepare")
        return call.variables["amount"]

    def effect(self, plan: Any) -> Any:
        self.steps.append(f"effect {self.engine.pool.checkedout()}")
        self.crash()
        return plan + 1

    def commit(self, work: Work, call: ActionCall, plan: Any, result: Any) -> Mapping[str, Any]:
        self.steps.append("commit")
        return {"result": result}


@pytest.fixture
def slow(case: Case, engine: Any) -> Slow:
    action = Slow(engine)
    case.env.actions.add("slow", action)
    case.publish(serving("p", "slow"))
    return action


def test_a_slow_action_works_outside_any_transaction(case: Case, slow: Slow) -> None:
    case.start("p", amount=1)
    case.run_jobs()
    assert slow.steps == ["prepare", "effect 0", "commit"]
    assert (case.variables["result"], case.open) == (2, ["after"])


def test_a_worker_that_was_taken_for_dead_may_not_write_its_result(case: Case, slow: Slow) -> None:
    case.start("p", amount=1)

    def overtaken() -> None:
        slow.crash = lambda: None
        case.clock.move(minutes=20)
        assert jobs.run_due(case.env) == 1

    slow.crash = overtaken
    jobs.run_due(case.env)
    assert slow.steps == ["prepare", "effect 0", "prepare", "effect 0", "commit"]
    assert case.logged().count("action.completed") == 1
    assert (case.open, case.incidents) == (["after"], [])


class Killed(BaseException):
    """The process dies: nothing after it runs, not even the failure handling."""


def test_a_job_that_kills_its_worker_becomes_an_incident_and_its_neighbours_lose_nothing(
    case: Case, slow: Slow, calls: list[ActionCall]
) -> None:
    def die() -> None:
        raise Killed

    slow.crash = die
    case.publish(serving("good", "note"))
    case.start("p", amount=1)
    bad = case.instance_id
    for _ in range(3):
        case.start("good")
    deaths = 0
    for _ in range(8):
        try:
            case.run_jobs()
        except Killed:
            deaths += 1
        case.clock.move(minutes=20)
    assert deaths == 3
    assert len(calls) == 3
    statuses = {job.type: (job.status, job.attempts) for job in case.jobs()}
    assert statuses == {"slow": (JobStatus.FAILED, 4), "note": (JobStatus.DONE, 1)}
    (incident,) = case.incidents
    assert (incident.instance_id, incident.message) == (bad, "It lost its worker 3 times")


def test_a_job_that_lost_its_worker_twice_runs_alone(case: Case, slow: Slow, calls: list[ActionCall]) -> None:
    case.start("p", amount=1)
    with case.env.sessions() as session, session.begin():
        session.connection(execution_options={"write": True})
        job = session.query(Job).one()
        job.attempts, job.status, job.owner = 2, JobStatus.RUNNING, "dead"
        job.claimed_until = case.clock() - timedelta(minutes=1)
    case.publish(serving("good", "note"))
    case.start("good")
    assert jobs.run_due(case.env) == 1
    assert (len(calls), slow.steps) == (1, [])
    assert jobs.run_due(case.env) == 1
    assert slow.steps[-1] == "commit"


def test_a_worker_goes_on_with_what_a_job_leads_to_but_no_further_than_it_was_asked(
    case: Case, calls: list[ActionCall]
) -> None:
    tasks = "".join(service_task(name, "note") for name in ("one", "two", "three"))
    case.publish(drawing("p", START + tasks + END, flows="start>one;one>two;two>three;three>end"))
    case.start("p")
    commits: list[Any] = []
    event.listen(case.env.sessions.kw["bind"], "commit", commits.append)
    assert jobs.run_due(case.env, 2) == 2
    assert [call.element_id for call in calls] == ["one", "two"]
    assert len(commits) == 3  # one to claim, one for each job: whoever ends a job has claimed and begun the next
    assert jobs.run_due(case.env) == 1
    assert [(job.status, job.attempts) for job in case.jobs()] == [(JobStatus.DONE, 1)] * 3


def test_a_timer_fires_when_it_is_due_and_its_lateness_is_kept(case: Case) -> None:
    case.publish(drawing("p", START + timer("t", "PT1H") + user_task("after") + END,
                         flows="start>t;t>after;after>end"))  # fmt: skip
    case.start("p")
    assert case.later(minutes=59) == 0
    case.clock.move(minutes=3)
    assert case.run_jobs() == 1
    (job,) = case.jobs()
    assert (job.status, job.lateness, case.open) == (JobStatus.DONE, 120.0, ["after"])


def test_a_clock_that_jumps_back_fires_nothing_twice(case: Case) -> None:
    case.publish(drawing("p", START + timer("t", "PT1H") + user_task("after") + END,
                         flows="start>t;t>after;after>end"))  # fmt: skip
    case.start("p")
    assert case.later(hours=2) == 1
    case.clock.move(days=-1)
    assert case.run_jobs() == 0
    assert case.later(days=2) == 0


def test_nothing_moves_while_an_instance_is_suspended(case: Case) -> None:
    case.publish(drawing("p", START + timer("t", "PT1H") + user_task("after") + END,
                         flows="start>t;t>after;after>end"))  # fmt: skip
    case.start("p")
    case.act("elena", instances.suspend, case.instance_id, "the client asked for it")
    assert case.later(hours=2) == 0
    case.act("elena", instances.resume, case.instance_id, "he is back")
    assert case.run_jobs() == 1
    assert case.open == ["after"]


def test_several_workers_do_every_job_once(case: Case, calls: list[ActionCall]) -> None:
    case.publish(serving("p", "note"))
    for _ in range(12):
        case.start("p")

    def work() -> None:
        while jobs.run_due(case.env, limit=2):
            pass

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(call.instance.id for call in calls) == sorted({call.instance.id for call in calls})
    assert {job.status for job in case.jobs()} == {JobStatus.DONE}
    assert len(calls) == 12


def test_two_timers_of_one_instance_that_are_due_at_once_both_fire(case: Case) -> None:
    split = '<bpmn:parallelGateway id="split"/><bpmn:parallelGateway id="join"/>'
    case.publish(drawing(
        "p", START + split + timer("one", "PT1H") + timer("two", "PT1H") + user_task("after") + END,
        flows="start>split;split>one;split>two;one>join;two>join;join>after;after>end",
    ))  # fmt: skip
    case.start("p")
    assert case.later(hours=1) == 2
    assert case.open == ["after"]


def test_a_key_is_owed_once(case: Case) -> None:
    def owe(work: Work) -> None:
        outbox.owe(work, Owed(JobKind.START, "p", "once", work.now))

    run(case.env, SYSTEM, owe)
    with pytest.raises(Exception, match=r"(?i)unique"):
        run(case.env, SYSTEM, owe)


def test_work_that_is_due_at_once_wakes_a_worker_after_the_commit(case: Case, calls: list[ActionCall]) -> None:
    woken: list[list[str]] = []
    case.env.wake = lambda: woken.append([job.status for job in case.jobs()])
    case.publish(serving("p", "note"))
    case.start("p")
    assert woken == [[JobStatus.WAITING]]


def test_old_jobs_are_forgotten_but_not_those_of_incidents(case: Case, calls: list[ActionCall]) -> None:
    case.publish(serving("p", "note"), serving("q", "fail", retries="1"))
    case.start("p")
    case.start("q")
    case.run_jobs()
    case.clock.move(days=40)
    forgotten = run(case.env, SYSTEM, jobs.purge, case.clock() - timedelta(days=30))
    assert forgotten == 1
    assert [job.type for job in case.jobs()] == ["fail"]


def test_a_job_whose_handler_fails_in_the_middle_leaves_nothing_behind(case: Case) -> None:
    @case.env.actions.register("half")
    def half(work: Work, call: ActionCall) -> None:
        work.session.add(MilestoneReached(deal_id=1, milestone="M1", at=work.now))
        raise Failed("now it breaks")

    case.publish(serving("p", "half"))
    case.start("p")
    case.run_jobs()
    with case.env.sessions() as session:
        assert session.query(MilestoneReached).count() == 0
    assert case.jobs()[0].attempts == 1

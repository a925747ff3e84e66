"""What a step leaves in the tables: tasks with their people and dates, timers, visits, versions of the state."""
from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import zstandard
from sqlalchemy import select

from engine import database, history, instances, projection
from engine.errors import NotFound
from engine.models import Candidate, Job, StateVersion
from engine.rows import Prepared
from engine.vocabulary import JobStatus
from tests.case import END, START, Case, drawing, form, script, timer, user_task


def attributes(values: dict[str, str]) -> str:
    return " ".join(f'{name}="{value}"' for name, value in values.items())


def schedule(**values: str) -> str:
    return f"<zeebe:taskSchedule {attributes(values)}/>"


def assigned(**values: str) -> str:
    return f"<zeebe:assignmentDefinition {attributes(values)}/>"


def one_task(key: str, extra: str, **own: str) -> bytes:
    task = user_task("do", "Сделать", groups="", extra=extra, **own)
    return drawing(key, START + task + END, flows="start>do;do>end")


def test_a_new_task_has_the_assignee_its_expression_names(case: Case) -> None:
    case.publish(one_task("mine", assigned(assignee="=initiator")))
    case.start("mine", "maria")
    task = case.task("do")
    assert (task.assignee_id, task.status) == (case.user("maria").id, "claimed")


def test_candidates_are_groups_and_people_literal_or_by_expression(case: Case) -> None:
    case.publish(one_task("ours", assigned(candidateGroups="manager, head", candidateUsers="=[&quot;lidia&quot;]")))
    case.start("ours")
    with case.env.sessions() as session:
        rows = session.scalars(select(Candidate).order_by(Candidate.id)).all()
    assert [row.group_key for row in rows] == ["manager", "head", None]
    assert rows[2].user_id == case.user("lidia").id


def test_a_due_date_is_working_time_and_says_how_it_was_counted(case: Case) -> None:
    case.publish(one_task("due", assigned(candidateGroups="manager") + schedule(dueDate="P1BD")))
    case.clock.now = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)  # Friday
    case.start("due")
    task = case.task("do")
    assert task.due_at == datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
    assert [day[1] for day in (task.due_why or {})["days"]] == ["off", "off", "working"]


def test_a_due_date_may_come_from_the_settings(case: Case) -> None:
    case.publish(
        one_task("set", assigned(candidateGroups="manager") + schedule(dueDate="=setting(&quot;deadlines.CP-01&quot;)"))
    )
    case.start("set")
    assert case.task("do").due_at == datetime(2026, 11, 17, 9, 0, tzinfo=UTC)


def test_the_more_urgent_task_ranks_before_the_sooner_due(case: Case) -> None:
    priority = '<zeebe:priorityDefinition priority="80"/>'
    case.publish(
        one_task("urgent", assigned(candidateGroups="manager") + priority),
        one_task("soon", assigned(candidateGroups="manager") + schedule(dueDate="PT1H")),
        one_task("usual", assigned(candidateGroups="manager")),
    )
    ranks = []
    for key in ("urgent", "soon", "usual"):
        case.start(key)
        ranks.append(case.task("do").rank)
    assert ranks == sorted(ranks)


def test_a_misspelt_assignee_opens_an_incident_but_undoes_nothing(case: Case) -> None:
    case.publish(
        drawing(
            "typo",
            START + user_task("before") + user_task("after", groups="", extra=assigned(assignee="=onwer")) + END,
            flows="start>before;before>after;after>end",
        )
    )
    case.start("typo")
    case.complete("before")
    assert case.open == ["after"]
    assert {incident.kind for incident in case.incidents} == {"assignment"}


def test_a_cancelled_task_leaves_the_inbox_and_its_candidates_with_it(case: Case) -> None:
    case.publish(drawing(
        "late", START + user_task("wait") + timer("after_a_day", "P1D", on="wait") + END + '<bpmn:endEvent id="over"/>',
        flows="start>wait;wait>end;after_a_day>over",
    ))  # fmt: skip
    case.start("late")
    assert case.later(days=2) == 1
    task = case.task("wait")
    assert (task.status, task.rank, case.instance.status) == ("cancelled", None, "completed")
    with case.env.sessions() as session:
        assert session.scalars(select(Candidate)).all() == []
    assert "user_task.cancelled" in case.logged()


def test_a_timer_that_is_no_longer_needed_is_cancelled(case: Case) -> None:
    case.publish(drawing(
        "soon", START + user_task("wait") + timer("t", "P1D", on="wait") + END + '<bpmn:endEvent id="over"/>',
        flows="start>wait;wait>end;t>over",
    ))  # fmt: skip
    case.start("soon")
    case.complete("wait")
    (job,) = case.jobs()
    assert (job.status, job.ended_at) == (JobStatus.CANCELLED, case.clock())
    assert case.later(days=2) == 0


def test_a_repeating_timer_is_armed_anew_each_time(case: Case) -> None:
    remind = timer("t", "R3/P1D", on="wait", interrupting=False, kind="timeCycle")
    case.publish(drawing(
        "nag", START + user_task("wait") + remind + script("count", "=n + 1", "n") + END + '<bpmn:endEvent id="told"/>',
        flows="start>wait;wait>end;t>count;count>told",
    ))  # fmt: skip
    case.start("nag", n=0)
    for _ in range(5):
        case.later(days=1)
    assert case.logged().count("timer.fired") == 3
    assert case.open == ["wait"]


def test_every_visit_is_kept_with_when_it_began_and_ended(case: Case) -> None:
    case.publish(drawing("way", START + user_task("a") + user_task("b") + END, flows="start>a;a>b;b>end"))
    case.start("way")
    case.clock.move(hours=1)
    case.complete("a")
    case.clock.move(hours=1)
    case.complete("b")
    stays = {visit.element_id: (visit.left_at - visit.entered_at).seconds for visit in case.visits if visit.left_at}
    assert [visit.element_id for visit in case.visits] == ["start", "a", "b", "end"]
    assert stays == {"start": 0, "a": 3600, "b": 3600, "end": 0}
    assert {visit.outcome for visit in case.visits} == {"completed"}


@pytest.mark.parametrize(
    ("statement", "index"),
    [(projection.OPEN_ROWS, "ix_user_task_open"), (projection.LEAVE, "ix_visit_open")],
    ids=["open rows", "open visit"],
)
def test_a_step_reads_open_rows_and_not_all_there_ever_were(
    tmp_path: Path, statement: Prepared, index: str
) -> None:
    engine = database.connect(f"sqlite:///{tmp_path / 'plan.db'}")
    database.create_tables(engine)
    with engine.connect() as connection:
        sql = statement.sql(engine.dialect)
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", (0,) * sql.count("?")).all()
    engine.dispose()
    used = [row[3] for row in plan if "SEARCH" in row[3]]
    assert index in used[0]
    assert not any("ix_user_task_round" in step or "PRIMARY KEY" in step for step in used)


def test_every_state_there_was_can_be_restored(case: Case) -> None:
    case.publish(
        drawing(
            "loop", START + user_task("do", form="t/do") + '<bpmn:exclusiveGateway id="g"/>' + END,
            flows="start>do;do>g;g>do[=again];g>end[default]",
        ),
        forms={"t/do": form("again:checkbox", "note")},
    )  # fmt: skip
    case.start("loop")
    states = {case.instance.revision: case.instance.state}
    for number in range(40):
        case.complete("do", again=number < 39, note=f"round {number}")
        states[case.instance.revision] = case.instance.state
    with case.env.sessions() as session:
        kept = session.scalars(select(StateVersion)).all()
        assert {row.revision for row in kept} == set(states)
        for revision in states:
            restored = history.state_at(session, case.instance_id, revision)
            assert _raw(restored) == _raw(states[revision])
        assert sum(len(row.state) for row in kept) < sum(len(state) for state in states.values()) / 2
        with pytest.raises(NotFound):
            history.state_at(session, case.instance_id, 4711)


def _raw(state: bytes) -> bytes:
    return zstandard.ZstdDecompressor().decompress(state[1:], max_output_size=2**26)


def test_the_log_tells_what_scripts_have_changed(case: Case) -> None:
    case.publish(drawing("calc", START + script("sum", "=2 + 3", "total") + user_task("see") + END,
                         flows="start>sum;sum>see;see>end"))  # fmt: skip
    case.start("calc")
    line = next(line for line in case.log() if line.type == "process_instance.advanced")
    assert line.data["changes"][0][0] == "sum"
    assert case.variables["total"] == 5


def test_an_expression_that_fails_holds_its_token_and_keeps_the_completion(case: Case) -> None:
    case.publish(drawing("fail", START + user_task("a") + script("s", "=missing.name + 1", "x") + user_task("b") + END,
                         flows="start>a;a>s;s>b;b>end"))  # fmt: skip
    case.start("fail")
    case.complete("a")
    assert case.task("a").status == "completed"
    (incident,) = case.incidents
    assert (incident.kind, incident.element_id, case.instance.status) == ("element", "s", "active")


def test_a_cancelled_instance_leaves_nothing_open(case: Case) -> None:
    case.publish(drawing(
        "stop", START + user_task("wait") + timer("t", "P1D", on="wait") + END + '<bpmn:endEvent id="over"/>',
        flows="start>wait;wait>end;t>over",
    ))  # fmt: skip
    case.start("stop")
    case.act("elena", instances.cancel, case.instance_id, "the client is gone")
    assert (case.instance.status, case.instance.end_reason, case.open) == ("cancelled", "the client is gone", [])
    with case.env.sessions() as session:
        assert session.scalars(select(Job).where(Job.ended_at.is_(None))).all() == []
    assert all(visit.left_at is not None for visit in case.visits)
    assert case.verify().holds

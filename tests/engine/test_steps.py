"""The daily roll-up of steps, and why deadlines were missed: figures worked out by hand."""
from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from engine import pauses, steps, tasks
from engine.models import Absence, MissedTask, RolledDay, StepDay
from engine.work import SYSTEM, run
from tests.case import END, START, Case, drawing, user_task

MONDAY, TUESDAY = date(2026, 11, 16), date(2026, 11, 17)
TWO = drawing(
    "two",
    START + user_task("write", name="Написать", extra='<zeebe:taskSchedule dueDate="PT4BH"/>')
    + user_task("check", groups="head") + '<bpmn:exclusiveGateway id="again"/>' + END,
    flows="start>write;write>check;check>again;again>write[=redo = true];again>end[default]",
)  # fmt: skip


@pytest.fixture
def two(case: Case) -> Case:
    """A procedure whose first step is due in four working hours: begun on Monday at noon, on Monday at five."""
    case.publish(TWO)
    case.env.settings = {"deadlines": {}, "stages": {}, "pauses": {"reasons": [{"value": "w", "label": "w"}]}}
    return case


def rolled(case: Case, day: date) -> dict[str, Any]:
    run(case.env, SYSTEM, steps.roll_up, day)
    with case.env.sessions() as session:
        return {row.element_id: row for row in session.scalars(select(StepDay).where(StepDay.day == day))}


def missed(case: Case) -> dict[str, tuple[str, int]]:
    with case.env.sessions() as session:
        return {str(row.task_id): (row.why, row.late) for row in session.scalars(select(MissedTask))}


def why(case: Case) -> list[str]:
    run(case.env, SYSTEM, steps.roll_up, case.clock.now.date())
    return [reason for reason, _ in missed(case).values()]


def test_a_day_adds_up_waiting_working_and_lateness_in_working_time(two: Case) -> None:
    two.start("two")
    first = two.instance_id
    two.start("two")
    two.clock.move(hours=1)  # 13:00, the last hour before lunch is over
    two.act("anna", tasks.claim, two.task("write").id)
    two.clock.move(hours=2)  # 15:00: an hour of lunch, an hour of work
    two.complete("write")
    two.instance_id = first
    two.clock.move(hours=5, minutes=30)  # 20:30, three working hours later; it was due at 17:00
    two.complete("write")
    row = rolled(two, MONDAY)["write"]
    assert (row.passes, row.due, row.late) == (2, 2, 1)
    assert row.waiting == 3600 + 5 * 3600, "one hour, and 12-13 with 14-18"
    assert row.working == 3600
    assert (sum(row.waits), row.works[0], row.works[4]) == (2, 1, 1)
    assert list(missed(two).values()) == [("taken_late", 3600)], "due at five, done after hours"


def test_a_day_may_be_rolled_up_again_and_the_next_is_owed_until_today(two: Case) -> None:
    two.start("two")
    two.complete("write")
    run(two.env, SYSTEM, steps.arm)
    run(two.env, SYSTEM, steps.arm)
    assert two.run_jobs() == 0, "today is not over"
    two.later(days=2)
    with two.env.sessions() as session:
        assert list(session.scalars(select(RolledDay.day).order_by(RolledDay.day))) == [MONDAY, TUESDAY]
    assert rolled(two, MONDAY)["write"].passes == 1


def test_what_was_done_after_the_roll_up_is_counted_live(two: Case) -> None:
    two.start("two")
    two.complete("write")
    with two.env.sessions() as session:
        live = steps.summed(steps.fresh(session, two.env, two.clock.now, MONDAY))
    assert {key[2]: total.passes for key, total in live.items()} == {"write": 1}
    rolled(two, MONDAY)
    with two.env.sessions() as session:
        assert steps.fresh(session, two.env, two.clock.now, MONDAY) == []


def test_the_median_lies_where_the_middle_pass_lies() -> None:
    counts = [0] * (len(steps.SCALE) + 1)
    assert steps.median(counts) == 0
    counts[4], counts[7] = 2, 1  # two between half an hour and an hour, one between four hours and a day
    assert steps.median(counts) == 1800 + 1800 * 1.5 / 2


def test_a_paused_case_is_the_reason_before_all_others(two: Case) -> None:
    two.start("two")
    two.act("maria", pauses.pause, instance_id=two.instance_id, reason="w", clock="ours",
            until=datetime(2026, 11, 20, tzinfo=UTC))  # fmt: skip
    two.clock.move(hours=8)
    two.complete("write")
    assert why(two) == ["paused"]


def test_who_was_away_without_a_substitute_is_told_from_who_had_one(two: Case) -> None:
    anna = two.user("anna").id
    two.put(Absence(user_id=anna, starts_at=two.clock.now, ends_at=two.clock.now + timedelta(hours=6)))
    two.start("two")
    two.clock.move(hours=8)
    two.complete("write")
    assert why(two) == ["absent"]
    two.put(Absence(user_id=two.user("boris").id, starts_at=two.clock.now, ends_at=two.clock.now + timedelta(days=3),
                    substitute_id=anna))  # fmt: skip
    two.start("two")
    two.clock.move(days=1)
    two.complete("write", "boris")
    assert why(two) == ["absent", "taken_late"]


def test_another_round_a_colleague_and_a_moved_date_are_reasons(two: Case) -> None:
    two.start("two")
    two.complete("write")
    two.complete("check", "elena")
    two.start("two")
    task = two.task("write")
    two.act("anna", tasks.claim, task.id)
    two.act("anna", tasks.delegate, task.id, two.user("boris").id)
    two.clock.move(hours=8)
    two.act("boris", tasks.resolve, task.id, "Готово")
    two.complete("write")
    two.start("two")
    other = two.task("write")
    two.act("elena", tasks.set_due, other.id, two.clock.now + timedelta(hours=1), "Нужно раньше")
    two.act("anna", tasks.claim, other.id)
    two.clock.move(hours=2)
    two.complete("write")
    assert sorted(why(two)) == ["moved", "others"]


def test_what_was_taken_in_time_and_not_finished_took_longer_than_planned(two: Case) -> None:
    two.start("two")
    two.act("anna", tasks.claim, two.task("write").id)
    two.clock.move(hours=6)
    two.complete("write")
    assert why(two) == ["slow"]

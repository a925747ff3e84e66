"""Rules changed in pages: versions over the files, seen by every process, open deadlines moved or left."""
from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
import yaml

from engine import rulebook
from engine.calendar import data_of
from engine.environment import Environment
from engine.errors import Forbidden, Invalid
from engine.models import ControlPoint, SettingVersion
from engine.work import SYSTEM, unit_of_work
from tests.case import END, START, Case, drawing, user_task

SCHEDULE = '<zeebe:taskSchedule dueDate="P2BD"/>'
NORM = '<zeebe:taskSchedule dueDate="=setting(&quot;deadlines.CP-01&quot;)"/>'
WORK = drawing(
    "work", START + user_task("do", extra=SCHEDULE, controlPoint="CP-01") + user_task("norm", extra=NORM) + END,
    flows="start>do;do>norm;norm>end",
)  # fmt: skip
MAIN, CP = ("calendar", "main"), ("deadlines", "CP-01")


def calendar(case: Case, **other: Any) -> dict[str, Any]:
    return data_of(case.env.calendar("main")) | other


def change(case: Case, place: tuple[str, str], data: Any, by: str = "maria", **more: Any) -> SettingVersion:
    made: SettingVersion = case.act(by, rulebook.save, place, data, "because", **more)
    return made


def another_process(case: Case) -> Environment:
    """A second process on the same database, started before the change."""
    calendars, settings = case.env.from_files()[1], case.env.from_files()[0]
    return Environment(sessions=case.env.sessions, calendars=calendars, settings=settings, clock=case.clock)


def seen(env: Environment, path: str) -> Any:
    with unit_of_work(env, SYSTEM):
        return env.setting(path)


def test_every_process_sees_a_new_version_with_its_next_transaction(case: Case) -> None:
    other = another_process(case)
    assert seen(other, "deadlines.CP-01") == "P1BD"
    change(case, CP, {"value": "P3BD"})
    assert seen(other, "deadlines.CP-01") == seen(case.env, "deadlines.CP-01") == "P3BD"
    assert seen(case.env, "deadlines.CP-02") == "P10BD"


def test_a_version_comes_into_force_at_its_moment(case: Case) -> None:
    change(case, CP, {"value": "P3BD"}, valid_from=case.clock() + timedelta(days=2))
    assert seen(case.env, "deadlines.CP-01") == "P1BD"
    case.clock.move(days=2)
    assert seen(case.env, "deadlines.CP-01") == "P3BD"


def test_a_rule_is_given_back_to_the_file(case: Case) -> None:
    change(case, CP, {"value": "P3BD"})
    change(case, CP, {"value": None})
    assert seen(case.env, "deadlines.CP-01") == "P1BD"
    with case.env.sessions() as session:
        assert [one.version for one in rulebook.versions(session, "deadlines")] == [2, 1]


def test_the_log_keeps_old_and_new_and_why(case: Case) -> None:
    change(case, CP, {"value": "P3BD"})
    line = case.log(0)[-1]
    assert (line.type, line.subject) == ("setting.changed", "setting:deadlines:CP-01")
    assert (line.data["old"], line.data["new"], line.data["reason"]) == (
        {"value": "P1BD"}, {"value": "P3BD"}, "because",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("place", "data", "field"),
    [
        (CP, {"value": "two days"}, "value"),
        (CP, {"value": "2026-12-01"}, "value"),
        (("deadlines", "unheard"), {"value": ""}, "value"),
        (("deadlines", "ladder.head"), {"value": "kings"}, "value"),
        (MAIN, {"hours": []}, "hours"),
        (MAIN, {"hours": ["14:00-13:00"]}, "hours"),
        (MAIN, {"hours": ["09:00-13:00", "12:00-18:00"]}, "hours"),
        (MAIN, {"zone": "Moon/Sea"}, "zone"),
        (MAIN, {"days_off": {"2026-12-05": "x"}, "days_on": {"2026-12-05": "y"}}, "days_on"),
        (MAIN, {"short_days": {"2026-12-04": 900}}, "short_days"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(case: Case, place: Any, data: dict[str, Any], field: str) -> None:
    whole = calendar(case, **data) if place == MAIN else data
    with pytest.raises(Invalid) as refused:
        change(case, place, whole)
    assert field in refused.value.fields


def test_heads_do_not_change_rules_and_nobody_does_without_a_reason(case: Case) -> None:
    with pytest.raises(Forbidden):
        change(case, CP, {"value": "P3BD"}, by="elena")
    with pytest.raises(Invalid):
        case.act("maria", rulebook.save, CP, {"value": "P3BD"}, " ")


def begun(case: Case) -> Case:
    case.publish(WORK)
    case.start("work")
    return case


def moves(case: Case, place: tuple[str, str], data: Any) -> list[tuple[str, int]]:
    with unit_of_work(case.env, SYSTEM) as work:
        found = rulebook.moved(work.session, case.env, place, data)
        return [(one.kind, (one.new - one.old).days) for one in found]


def test_a_new_day_off_shows_what_would_move_and_moves_only_if_asked(case: Case) -> None:
    begun(case)  # Monday noon: the task is due on Wednesday, the control point on Tuesday
    off = calendar(case, days_off={"2026-11-17": "Инвентаризация"})
    assert moves(case, MAIN, off) == [("task", 1), ("point", 1)]
    before = case.task("do").due_at
    change(case, MAIN, off)
    assert case.task("do").due_at == before
    assert moves(case, MAIN, calendar(case)) == []


def test_open_deadlines_follow_with_their_explanation_their_place_and_their_ladder(case: Case) -> None:
    begun(case)
    task = case.task("do")
    ladder = [job.due_at for job in case.jobs(kind="control_point", ended_at=None)]
    change(case, MAIN, calendar(case, days_off={"2026-11-17": "Инвентаризация"}), move=True)
    moved = case.task("do")
    assert moved.due_at == task.due_at + timedelta(days=1)  # type: ignore[operator]
    assert moved.rank == task.rank + 24 * 3600  # type: ignore[operator]
    assert ["2026-11-17", "off", "Инвентаризация"] in moved.due_why["days"]  # type: ignore[index]
    assert [job.due_at for job in case.jobs(kind="control_point", ended_at=None)] != ladder
    assert [line.type for line in case.log()][-2:] == ["user_task.due_date_moved", "control_point.moved"]
    assert case.log()[-1].data["setting"] == "calendar:main:1"


def test_what_was_moved_by_hand_stays(case: Case) -> None:
    from engine import tasks

    begun(case)
    case.act("elena", tasks.set_due, case.task("do").id, case.clock() + timedelta(days=5), "later")
    assert moves(case, MAIN, calendar(case, days_off={"2026-11-17": "Инвентаризация"})) == [("point", 1)]


def test_a_longer_norm_moves_its_control_points_and_the_tasks_that_name_it(case: Case) -> None:
    begun(case)
    assert moves(case, CP, {"value": "P2BD"}) == [("point", 1)]
    case.complete("do")
    assert moves(case, CP, {"value": "P2BD"}) == [("task", 1)]
    change(case, CP, {"value": "P2BD"}, move=True)
    assert case.task("norm").due_why["spec"] == "P2BD"  # type: ignore[index]
    with case.env.sessions() as session:
        assert session.query(ControlPoint).one().planned_why["spec"] == "P1BD"


def test_the_calendar_in_force_counts_new_deadlines(case: Case) -> None:
    change(case, MAIN, calendar(case, days_off={"2026-11-17": "Инвентаризация"}))
    begun(case)
    assert case.task("do").due_at == case.clock() + timedelta(days=3)


def test_rules_in_force_go_back_into_a_settings_file(case: Case) -> None:
    change(case, CP, {"value": "P3BD"})
    change(case, MAIN, calendar(case, days_off={"2026-12-30": "Инвентаризация"}))
    with unit_of_work(case.env, SYSTEM):
        assert yaml.safe_load(rulebook.exported(case.env, "deadlines"))["CP-01"] == "P3BD"
        main = yaml.safe_load(rulebook.exported(case.env, "calendar"))["main"]
    assert main["days_off"] == {date(2026, 12, 30): "Инвентаризация"}
    assert main["hours"] == ["09:00-13:00", "14:00-18:00"]

"""Rows that are read and written past the session's ceremony are the session's rows all the same."""
from __future__ import annotations

from sqlalchemy import inspect, select

from engine.models import ControlPoint, Notice, NoticeHabit, UserTask
from engine.rows import adopt, enter
from engine.work import SYSTEM, Work, run
from tests.case import END, START, Case, drawing, user_task
from tests.cast import actor


def _told(work: Work, user_id: int) -> Notice:
    return enter(work.session, Notice, user_id=user_id, kind="incident", facts={"a": 1}, at=work.now, channel="now")


def test_a_row_entered_at_once_is_held_changed_and_found_again(case: Case) -> None:
    reader = actor(case.env, "anna").user_id
    assert reader is not None

    def tell(work: Work) -> int:
        notice = _told(work, reader)
        assert work.session.get(Notice, notice.id) is notice
        assert (notice.read_at, notice.facts, inspect(notice).persistent) == (None, {"a": 1}, True)
        notice.subject = "comment:5"
        return notice.id

    notice_id = run(case.env, SYSTEM, tell)
    with case.env.sessions() as session:
        kept = session.scalars(select(Notice).where(Notice.id == notice_id)).one()
        assert (kept.subject, kept.facts, kept.read_at) == ("comment:5", {"a": 1}, None)


def test_what_a_model_says_of_itself_is_kept_when_nothing_else_is_given(case: Case) -> None:
    case.publish(drawing("p", START + user_task("a") + END, flows="start>a;a>end"))
    case.start("p")

    def open_point(work: Work) -> int:
        return enter(
            work.session, ControlPoint, instance_id=case.instance_id, token_id="t", element_id="a", code="CP-1",
            title="", planned_at=work.now, planned_why={}, evidence_rule="completion", opened_at=work.now,
        ).id  # fmt: skip

    point_id = run(case.env, SYSTEM, open_point)
    with case.env.sessions() as session:
        point = session.get_one(ControlPoint, point_id)
        assert (point.status, point.level, point.reminder, point.evidence) == ("open", 0, "P1BD", None)


def test_a_row_that_was_only_added_is_found_by_its_key(case: Case) -> None:
    reader = actor(case.env, "anna").user_id
    assert reader is not None
    with case.env.sessions() as session:
        habit = NoticeHabit(user_id=reader, digest_hour=8, quiet="none", quiet_from=0, quiet_until=0)
        session.add(habit)
        assert session.get(NoticeHabit, reader) is habit
        session.rollback()
        assert session.get(NoticeHabit, reader) is None


def test_columns_that_were_not_read_are_read_when_asked_for(case: Case) -> None:
    case.publish(drawing("p", START + user_task("a") + END, flows="start>a;a>end"))
    case.start("p")
    with case.env.sessions() as session:
        row = session.execute(select(UserTask.id, UserTask.name)).one()
        task = adopt(session, UserTask, ("id", "name"), tuple(row))
        assert task.element_id == "a"

"""Steps that nobody could do are told of before anything waits in vain."""

from __future__ import annotations

from sqlalchemy import select

from engine import watch
from engine.models import Job, Membership, Notice
from engine.vocabulary import JobKind
from tests.case import END, START, Case, drawing, user_task

STEP = drawing("one", START + user_task("sign", groups="lawyer") + END, flows="start>sign;sign>end")


def told(case: Case) -> list[str]:
    with case.env.sessions() as session:
        rows = session.scalars(select(Notice).where(Notice.kind == "nobody_could"))
        return [str(row.facts["steps"]) for row in rows]


def test_each_monday_the_administrators_hear_of_a_step_without_people(case: Case) -> None:
    case.publish(STEP)
    case.act("system", watch.arm)
    case.act("system", watch.arm)  # a second worker owes nothing more
    (owed,) = case.jobs(kind=JobKind.WATCH)
    local = owed.due_at.astimezone(case.env.calendar("main").zone)
    assert (local.weekday(), local.hour) == (0, 9)
    case.later(days=7)
    assert told(case) == []  # somebody could
    with case.env.sessions() as session, session.begin():
        for row in session.scalars(select(Membership).where(Membership.group_key == "lawyer")):
            session.delete(row)
    case.later(days=7)
    assert told(case)
    assert all("«sign»" in one for one in told(case))
    with case.env.sessions() as session:
        assert len(session.scalars(select(Job).where(Job.kind == JobKind.WATCH, Job.ended_at.is_(None))).all()) == 1

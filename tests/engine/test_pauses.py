"""A deal stands still for a reason: what rests, by how much, and how it goes on."""
from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from engine import control_points, instances, messages, pauses, tasks
from engine.crm import contact_log, deals
from engine.errors import Forbidden, Invalid, WrongState
from engine.models import ControlPoint, Deal, Job, Pause, UserTask
from engine.vocabulary import JobKind
from tests.case import END, START, Case, catch, drawing, message, timer, user_task
from tests.engine.crm_kit import Office

# Monday noon in Moscow. The task is due on Wednesday noon, its control point on Tuesday, the timer on it on Monday.
SALE = drawing(
    "trial_sale",
    START + user_task("offer", extra='<zeebe:taskSchedule dueDate="P2BD"/>', controlPoint="CP-01")
    + timer("drags", "P5BD", on="offer", interrupting=False) + timer("weekly", "P5BD")
    + user_task("hurry", groups="head") + '<bpmn:parallelGateway id="both"/>' + user_task("wait", groups="head")
    + catch("word", "message", "M1") + END + '<bpmn:endEvent id="other"/>',
    roots=message("M1", "word", "=string(deal_id)"),
    flows="start>both;both>offer;both>weekly;both>word;weekly>wait;word>other;wait>other;offer>end;drags>hurry;"
          "hurry>other",
)  # fmt: skip
FRIDAY = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


@pytest.fixture
def office(case: Case) -> Office:
    case.publish(SALE)
    made = Office(case.env)
    made.do(instances.start, "trial_sale", {}, deal_id=made.deal_id, login="maria")
    with case.env.sessions() as session:
        case.instance_id = session.scalars(select(UserTask.instance_id)).first() or 0
    return made


def due(case: Case, element: str = "offer") -> str:
    at = case.task(element).due_at
    assert at is not None
    return local(at)


def local(at: datetime) -> str:
    return (at + timedelta(hours=3)).strftime("%a %d %H:%M")


def point(case: Case) -> ControlPoint:
    with case.env.sessions() as session:
        return session.scalars(select(ControlPoint)).one()


def job(case: Case, kind: str, element: str | None = None) -> str:
    with case.env.sessions() as session:
        where = [Job.kind == kind, Job.ended_at.is_(None)] + ([Job.element_id == element] if element else [])
        return local(session.scalars(select(Job.due_at).where(*where)).one())


def paused(office: Office, clock: str = "client", until: datetime = FRIDAY, **more: str) -> Pause:
    return office.do(pauses.pause, deal_id=office.deal_id, reason="client_decides", until=until, clock=clock, **more)


def test_while_the_clients_clock_runs_ours_rests(case: Case, office: Office) -> None:
    paused(office)
    assert due(case) == "Tue 24 12:00", "four working days later"
    assert local(point(case).planned_at) == "Mon 23 12:00"
    assert job(case, JobKind.CONTROL_POINT) == "Mon 23 12:00", "the ladder waits as long"
    assert job(case, JobKind.TIMER, "drags") == "Fri 27 12:00"
    assert job(case, JobKind.TIMER, "weekly") == "Mon 23 12:00", "a timer between steps is the drawing's own rhythm"


def test_while_our_clock_runs_nothing_rests(case: Case, office: Office) -> None:
    paused(office, "ours")
    assert (due(case), local(point(case).planned_at)) == ("Wed 18 12:00", "Tue 17 12:00")


def test_going_on_earlier_counts_the_real_length_of_the_pause(case: Case, office: Office) -> None:
    row = paused(office)
    case.clock.move(days=2)
    office.do(pauses.resume, row.id)
    assert (due(case), local(point(case).planned_at)) == ("Fri 20 12:00", "Thu 19 12:00")
    assert job(case, JobKind.TIMER, "drags") == "Wed 25 12:00"
    why = case.task("offer").due_why
    assert why is not None
    assert why["pauses"][0] | {"pause": 0} == {
        "pause": 0, "reason": "client_decides", "since": "2026-11-16T09:00:00+00:00",
        "until": "2026-11-18T09:00:00+00:00", "planned": False,
    }  # fmt: skip
    assert why["spec"] == "P2BD", "the first explanation is kept"
    assert case.logged().count("deadline.rested") == 0, "a deal's pause is told in the common chain"
    assert office.events().count("deadline.rested") == 6


def test_the_pause_ends_by_itself_on_its_day_and_waits_for_a_review(case: Case, office: Office) -> None:
    row = paused(office)
    case.later(days=4)
    with case.env.sessions() as session:
        ended = session.get_one(Pause, row.id)
        assert (ended.ended_how, ended.reviewed_at) == ("expired", None)
    assert due(case) == "Tue 24 12:00"
    with pytest.raises(Forbidden):
        office.do(pauses.review, row.id, "Звоним завтра")
    office.do(pauses.review, row.id, "Звоним завтра", login="elena")
    with pytest.raises(WrongState):
        office.do(pauses.review, row.id, "Ещё раз", login="elena")


def test_another_day_moves_what_rests_again(case: Case, office: Office) -> None:
    row = paused(office)
    case.clock.move(days=1)
    office.do(pauses.change, row.id, reason="client_budget", until=FRIDAY + timedelta(days=7), note="До выходных")
    assert due(case) == "Tue 01 12:00"
    case.later(days=3)
    with case.env.sessions() as session:
        assert session.get_one(Pause, row.id).ended_at is None, "the old day means nothing any more"


def test_what_was_late_stays_late(case: Case, office: Office) -> None:
    case.clock.move(days=3)
    paused(office)
    assert (due(case), local(point(case).planned_at)) == ("Wed 18 12:00", "Tue 17 12:00")


def test_a_date_moved_by_a_person_stays_where_he_put_it(case: Case, office: Office) -> None:
    row = paused(office)
    case.act("elena", tasks.set_due, case.task("offer").id, FRIDAY + timedelta(days=10), "Договорились")
    case.clock.move(days=1)
    office.do(pauses.resume, row.id)
    assert due(case) == "Mon 30 12:00"


def test_a_task_that_opens_during_the_pause_rests_from_its_beginning(case: Case, office: Office) -> None:
    row = paused(office, until=FRIDAY + timedelta(days=14))
    case.later(days=7)  # the weekly timer went off on Monday and opened a task without a due date
    waiting = case.task("wait")
    case.act("elena", tasks.set_due, waiting.id, case.clock.now + timedelta(days=1), "Срок")
    case.clock.move(days=1)
    office.do(pauses.resume, row.id)
    assert due(case, "wait") == "Wed 25 12:00", "due on Tuesday, one working day of the pause"


def test_a_contact_or_a_message_stirs_a_deal_and_a_milestone_ends_its_pause(case: Case, office: Office) -> None:
    row = paused(office)

    def stirred() -> datetime | None:
        with case.env.sessions() as session:
            return session.get_one(Deal, office.deal_id).stirred_at

    case.clock.move(hours=1)
    office.do(contact_log.record, office.client_id, channel="phone", purpose="Как решение?")
    assert stirred() == case.clock.now
    case.clock.move(hours=1)
    case.act("system", messages.correlate, "word", str(office.deal_id), {})
    assert stirred() == case.clock.now
    office.do(deals.reach, office.deal_id, "M1")
    with case.env.sessions() as session:
        assert session.get_one(Pause, row.id).ended_how == "moved_on"
    assert due(case) == "Wed 18 13:00", "two hours, of which one was the lunch break"


def test_a_pause_needs_a_reason_a_day_to_come_and_words_where_the_reason_says_nothing(office: Office) -> None:
    with pytest.raises(Invalid) as refused:
        office.do(
            pauses.pause, deal_id=office.deal_id, reason="mood", clock="moon", until=datetime(2026, 1, 1, tzinfo=UTC)
        )
    assert set(refused.value.fields) == {"reason", "clock", "until"}
    with pytest.raises(Invalid) as refused:
        office.do(pauses.pause, deal_id=office.deal_id, reason="other", clock="nobody", until=FRIDAY)
    assert set(refused.value.fields) == {"note"}


def test_a_deal_is_paused_once_by_its_owner_or_a_head(office: Office) -> None:
    with pytest.raises(Forbidden):
        office.do(pauses.pause, deal_id=office.deal_id, reason="season", clock="nobody", until=FRIDAY, login="lidia")
    paused(office)
    with pytest.raises(WrongState, match="paused already"):
        paused(office)


def test_a_waived_point_and_a_done_task_of_a_paused_deal_are_left_alone(case: Case, office: Office) -> None:
    row = paused(office)
    case.act("elena", control_points.waive, point(case).id, "Не нужен")
    case.complete("offer")
    case.clock.move(days=1)
    office.do(pauses.resume, row.id)
    assert due(case) == "Tue 24 12:00"
    assert local(point(case).planned_at) == "Mon 23 12:00"

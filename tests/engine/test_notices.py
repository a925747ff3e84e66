"""What people are told, by which way and when: by each one's choice, never in his quiet time."""
from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from engine import comments, failures, notices, notifications, tasks
from engine.errors import Invalid, NotFound
from engine.models import Job, Mail, Notice
from engine.notices import Habit
from engine.vocabulary import JobKind
from engine.work import SYSTEM, unit_of_work
from tests.case import END, START, Case, drawing, user_task
from tests.engine.test_notifications import Outbox

FRIDAY_EVENING = datetime(2026, 11, 20, 17, 30, tzinfo=UTC)  # half past eight in Moscow


@pytest.fixture
def sent(case: Case) -> Outbox:
    case.env.mail = Outbox()
    notifications.register(case.env.actions)
    case.publish(drawing("p", START + user_task("do", "Сделать") + END, flows="start>do;do>end"))
    case.start("p")
    return case.env.mail


def give(case: Case, login: str = "boris") -> None:
    case.act("elena", tasks.reassign, case.task("do").id, case.user(login).id, "help")


def told(case: Case, login: str) -> list[Notice]:
    with case.env.sessions() as session:
        mine = select(Notice).where(Notice.user_id == case.user(login).id).order_by(Notice.id)
        return list(session.scalars(mine))


def choose(case: Case, login: str, habit: Habit | None = None, **channels: str) -> None:
    case.act(login, notices.choose, channels, habit or Habit())


def test_a_task_is_told_of_behind_the_bell_and_by_mail_at_once(case: Case, sent: Outbox) -> None:
    give(case)
    case.run_jobs()
    (notice,) = told(case, "boris")
    assert (notice.kind, notice.channel, notice.task_id) == ("task_assigned", "now", case.task("do").id)
    (letter,) = sent.letters
    assert letter.subject == "Task: Сделать"
    assert f"/tasks/{case.task('do').id}" in letter.body


@pytest.mark.parametrize("channel", ["digest", "nothing"])
def test_who_wants_no_mail_at_once_gets_none_but_sees_it_behind_the_bell(
    case: Case, sent: Outbox, channel: str
) -> None:
    choose(case, "boris", tasks=channel)
    give(case)
    case.run_jobs()
    assert sent.letters == []
    assert [notice.channel for notice in told(case, "boris")] == [channel]


def test_the_companys_default_is_overruled_by_the_person(case: Case, sent: Outbox) -> None:
    case.env.settings = {**case.env.settings, "mail": {"tasks": False, "defaults": {"comments": "now"}}}
    with unit_of_work(case.env, SYSTEM) as work:
        boris = case.user("boris").id
        assert [notices.channel(work, boris, kind) for kind in ("task_assigned", "commented")] == ["nothing", "now"]
    choose(case, "boris", tasks="now")
    give(case)
    assert [notice.channel for notice in told(case, "boris")] == ["now"]


def test_a_mail_of_the_evening_waits_until_the_office_opens(case: Case, sent: Outbox) -> None:
    case.clock.now = FRIDAY_EVENING
    give(case)
    case.run_jobs()
    assert sent.letters == []
    case.clock.now = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
    case.run_jobs()
    assert [letter.subject for letter in sent.letters] == ["Task: Сделать"]


def test_quiet_hours_of_ones_own_go_over_midnight(case: Case) -> None:
    wanted = Habit(quiet="hours", quiet_from=21 * 60, quiet_until=7 * 60)
    night = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)  # 23:00 in Moscow
    seven = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
    assert notices.quiet_until(case.env, wanted, night) == seven
    assert notices.quiet_until(case.env, wanted, seven - timedelta(hours=1)) == seven
    assert notices.quiet_until(case.env, wanted, seven) == seven
    assert notices.quiet_until(case.env, Habit(quiet="none"), night) == night


def test_what_is_taken_back_before_the_mail_went_out_is_not_sent(case: Case, sent: Outbox) -> None:
    case.act("boris", tasks.claim, case.task("do").id)
    case.clock.now = FRIDAY_EVENING
    comment = case.act("elena", comments.write, case.instance_id, "@boris сегодня!")
    case.act("elena", comments.withdraw, comment.id)
    case.later(days=4)
    assert sent.letters == []
    assert told(case, "boris") == []


def test_notices_are_read_one_by_one_all_at_once_or_with_the_case(case: Case, sent: Outbox) -> None:
    for _ in range(3):
        give(case)
        give(case, "anna")
    boris, first = case.user("boris").id, told(case, "boris")[0].id

    def unread() -> int:
        with case.env.sessions() as session:
            return notices.unread(session, boris)

    with pytest.raises(NotFound):
        case.act("anna", notices.read, first)
    case.act("boris", notices.read, first)
    assert unread() == 2
    case.act("boris", notices.read_about, case.instance_id)
    assert unread() == 0
    give(case)
    case.act("boris", notices.read_all)
    assert unread() == 0
    assert all(notice.read_at is None for notice in told(case, "anna"))


def test_a_task_that_is_done_calls_nobody_any_more(case: Case, sent: Outbox) -> None:
    give(case)
    case.complete("do", "boris")
    assert [notice.read_at is not None for notice in told(case, "boris")] == [True]


def test_a_colleague_is_asked_and_the_answer_is_told(case: Case, sent: Outbox) -> None:
    case.act("anna", tasks.claim, case.task("do").id)
    case.act("anna", tasks.delegate, case.task("do").id, case.user("boris").id)
    case.act("boris", tasks.resolve, case.task("do").id, "Да")
    assert [notice.kind for notice in told(case, "boris")] == ["task_delegated"]
    assert [notice.kind for notice in told(case, "anna")] == ["task_answered"]


def test_an_incident_is_told_to_the_admins_once(case: Case, sent: Outbox) -> None:
    for _ in range(2):
        with unit_of_work(case.env, SYSTEM) as work:
            failures.report(work, "stuck", "It waits for nobody")
    assert [notice.kind for notice in told(case, "maria")] == ["incident"]


def test_a_mail_server_that_is_down_is_told_behind_the_bell_only(case: Case, sent: Outbox) -> None:
    sent.failures = 1000
    give(case)
    for _ in range(8):
        case.later(hours=2)
    assert [job.status for job in case.jobs(kind=JobKind.MAIL)] == ["failed"]
    assert [notice.channel for notice in told(case, "maria")] == ["nothing"]
    with case.env.sessions() as session:
        assert session.query(Mail).count() == 1
        assert session.query(Job).filter_by(ended_at=None).count() == 0


def test_what_was_read_long_ago_is_forgotten(case: Case, sent: Outbox) -> None:
    give(case)
    case.act("boris", notices.read_all)
    give(case, "anna")
    case.clock.move(days=91)
    case.act("system", notices.purge)
    assert told(case, "boris") == []
    assert len(told(case, "anna")) == 1


@pytest.mark.parametrize(
    ("channels", "habit"),
    [({"tasks": "shout"}, Habit()), ({"weather": "now"}, Habit()), ({}, Habit(quiet="always")),
     ({}, Habit(digest_hour=24)), ({}, Habit(quiet_from=1440))],
)  # fmt: skip
def test_only_what_is_offered_can_be_chosen(case: Case, channels: dict[str, str], habit: Habit) -> None:
    with pytest.raises(Invalid):
        case.act("anna", notices.choose, channels, habit)


def test_the_choice_stands_in_the_log_and_replaces_the_one_before(case: Case) -> None:
    choose(case, "anna", Habit(digest_hour=None), tasks="digest")
    choose(case, "anna", Habit(digest_hour=7), tasks="nothing")
    with case.env.sessions() as session:
        assert notices.choices(session, case.env, case.user("anna").id)["tasks"] == "nothing"
        assert notices.habit(session, case.user("anna").id) == Habit(digest_hour=7)
    assert case.logged(0)[-2:] == ["user.notices_chosen"] * 2

"""The digest: one mail a working day at the person's hour, with what calls for him, and none where nothing does."""
from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default

import pytest

from engine import comments, digests, notices, notifications, tasks
from engine.letters import Letter, as_message
from engine.models import Absence, Job, Notice
from engine.notices import Habit
from engine.vocabulary import JobKind
from tests.case import END, START, Case, drawing, user_task
from tests.engine.test_notifications import Outbox

MONDAY_EIGHT = datetime(2026, 11, 16, 5, 0, tzinfo=UTC)  # by the clock of Moscow


@pytest.fixture
def sent(case: Case) -> Outbox:
    """Monday, eight in the morning: Anna has one overdue task, one for today and one that is new; mails at once are
    switched off for what is not looked at here."""
    case.env.mail = Outbox()
    case.env.settings = {**case.env.settings, "mail": {"tasks": False}, "campaigns": {"address": "http://reg.test"}}
    notifications.register(case.env.actions)
    steps = ("late", "today", "fresh", "free")
    case.clock.now = MONDAY_EIGHT
    for step in steps:
        name = {"late": "Опоздала", "today": "Сегодня", "fresh": "&lt;Новая&gt;", "free": "Ничья"}[step]
        case.publish(drawing(f"p_{step}", START + user_task(step, name) + END, flows=f"start>{step};{step}>end"))
        case.start(f"p_{step}")
        if step != "free":
            case.act("elena", tasks.reassign, case.task(step).id, case.user("anna").id, "help")
        at = {"late": datetime(2026, 11, 13, 12, 0, tzinfo=UTC), "today": datetime(2026, 11, 16, 15, 0, tzinfo=UTC)}
        if step in at:
            case.act("elena", tasks.set_due, case.task(step).id, at[step], "plan")
    case.act("system", digests.arm)
    return case.env.mail


def of(sent: Outbox, login: str) -> list[Letter]:
    return [letter for letter in sent.letters if letter.recipient == f"{login}@example.test"]


def test_the_digest_comes_once_at_nine_on_a_working_day(case: Case, sent: Outbox) -> None:
    case.run_jobs()
    assert sent.letters == []
    for _ in range(12):
        case.later(hours=1)
    (letter,) = of(sent, "anna")
    assert letter.subject == "Digest of 16.11: overdue 1, today 1, new 1"
    for line in ("Overdue (1)\n\n- 13.11 15:00 Опоздала (p_late)", "Due today (1)", "New (1)",
                 "Waits for somebody of your groups (1)", "http://reg.test/tasks/1"):  # fmt: skip
        assert line in letter.body
    case.later(hours=13)
    assert len(of(sent, "anna")) == 2


def test_it_is_a_mail_of_text_and_page(case: Case, sent: Outbox) -> None:
    case.later(hours=1)
    (letter,) = of(sent, "anna")
    message = message_from_bytes(as_message(letter).as_bytes(), policy=default)
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert "&lt;Новая&gt;" in letter.page
    assert "<Новая>" not in letter.page


def test_who_has_nothing_gets_nothing(case: Case, sent: Outbox) -> None:
    case.later(hours=1)
    assert of(sent, "artem") == []
    assert [letter.body.count("Overdue") for letter in of(sent, "boris")] == [0]


def test_each_has_his_own_hour_or_none(case: Case, sent: Outbox) -> None:
    case.act("boris", notices.choose, {}, Habit(digest_hour=11))
    case.act("anna", notices.choose, {}, Habit(digest_hour=None))
    case.later(hours=2)
    assert of(sent, "boris") == of(sent, "anna") == []
    case.later(hours=1)
    assert len(of(sent, "boris")) == 1
    assert of(sent, "anna") == []


def test_on_a_day_off_and_after_hours_nothing_comes(case: Case, sent: Outbox) -> None:
    case.clock.now = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
    case.run_jobs()
    assert sent.letters == []
    case.clock.now = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)  # the server was down all Monday
    case.run_jobs()
    assert sent.letters == []


def test_a_worker_that_was_down_in_the_morning_catches_up_once(case: Case, sent: Outbox) -> None:
    case.later(hours=4)
    case.later(hours=1)
    assert len(of(sent, "anna")) == 1


def test_who_is_away_is_left_in_peace(case: Case, sent: Outbox) -> None:
    case.put(Absence(user_id=case.user("anna").id, substitute_id=case.user("boris").id,
                     starts_at=MONDAY_EIGHT, ends_at=datetime(2026, 11, 17, 5, 0, tzinfo=UTC)))  # fmt: skip
    case.later(hours=2)
    assert of(sent, "anna") == []
    case.later(hours=24)
    assert len(of(sent, "anna")) == 1


def test_notices_for_the_digest_stand_in_it_once(case: Case, sent: Outbox) -> None:
    case.act("anna", notices.choose, {"mentions": "digest"}, Habit())
    case.act("elena", comments.write, case.instance_id, "@anna когда ответим?")
    case.later(hours=1)
    assert "Орлова Елена mentions you (p_free): @anna когда ответим?" in of(sent, "anna")[0].body
    with case.env.sessions() as session:
        assert session.query(Notice).filter_by(kind="mentioned").one().mailed_at is not None
    case.later(hours=24)
    assert "mentions you" not in of(sent, "anna")[1].body


def test_it_speaks_the_readers_language(case: Case, sent: Outbox) -> None:
    case.env.translate = lambda locale, sentence: f"[{locale}] {sentence}"
    case.later(hours=1)
    (letter,) = of(sent, "anna")
    assert letter.subject.startswith("[ru] Digest")
    assert "[ru] Due today (1)" in letter.body


def test_arming_twice_looks_once(case: Case, sent: Outbox) -> None:
    case.act("system", digests.arm)
    with case.env.sessions() as session:
        assert session.query(Job).filter_by(kind=JobKind.DIGEST, ended_at=None).count() == 1


def test_a_long_list_is_cut_and_says_by_how_much(case: Case, sent: Outbox) -> None:
    for _ in range(20):
        case.start("p_free")
    case.later(hours=1)
    assert "and 6 more" in of(sent, "anna")[0].body

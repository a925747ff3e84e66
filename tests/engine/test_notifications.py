"""Mail: written with the decision, handed over afterwards, recognisable if it comes twice."""
from __future__ import annotations

import socket
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as Handler

from engine import notifications, tasks
from engine.errors import Failed, Invalid
from engine.letters import Attachment, Letter, Smtp, as_message
from engine.models import Mail
from engine.work import SYSTEM, unit_of_work
from tests.case import END, START, Case, drawing, service_task, user_task

LETTER = Letter("<1@reglament.local>", "a@example.test", "b@example.test", "Договор", "Здравствуйте", "16 Nov 2026")


class Outbox:
    """A transport that keeps letters, or fails as often as told."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []
        self.failures = 0

    def __call__(self, letter: Letter) -> None:
        if self.failures:
            self.failures -= 1
            raise Failed("silent")
        self.letters.append(letter)


@pytest.fixture
def sent(case: Case) -> Outbox:
    case.env.mail = Outbox()
    notifications.register(case.env.actions)
    return case.env.mail


MAILING = (
    '<zeebe:ioMapping><zeebe:input source="=to" target="to"/>'
    '<zeebe:input source="=&quot;Offer&quot;" target="subject"/>'
    '<zeebe:input source="=&quot;Dear &quot; + name" target="body"/></zeebe:ioMapping>'
)


def mailing(case: Case, to: Any = "client@example.test") -> None:
    case.publish(drawing("p", START + service_task("mail", "mail.send", MAILING) + user_task("after") + END,
                         flows="start>mail;mail>after;after>end"))  # fmt: skip
    case.start("p", to=to, name="Maria")


def test_a_service_task_sends_a_mail(case: Case, sent: Outbox) -> None:
    mailing(case)
    assert sent.letters == []
    case.run_jobs()
    (letter,) = sent.letters
    assert (letter.recipient, letter.subject, letter.body) == ("client@example.test", "Offer", "Dear Maria")
    assert case.open == ["after"]
    assert [line for line in case.logged() if line.startswith("mail.")] == ["mail.written", "mail.sent"]


def test_several_recipients_get_a_mail_each(case: Case, sent: Outbox) -> None:
    mailing(case, ["one@example.test", "two@example.test"])
    case.run_jobs()
    assert [letter.recipient for letter in sent.letters] == ["one@example.test", "two@example.test"]
    assert len({letter.message_id for letter in sent.letters}) == 2


def test_a_mail_that_could_not_be_handed_over_is_tried_again_under_the_same_id(case: Case, sent: Outbox) -> None:
    sent.failures = 2
    mailing(case)
    case.run_jobs()
    with case.env.sessions() as session:
        mail = session.query(Mail).one()
    assert (sent.letters, mail.sent_at) == ([], None)
    for _ in range(3):
        case.later(minutes=10)
    assert [letter.message_id for letter in sent.letters] == [mail.message_id]


def test_the_same_mail_is_written_once(case: Case, sent: Outbox) -> None:
    for _ in range(2):
        with unit_of_work(case.env, SYSTEM) as work:
            notifications.write(work, "once", "a@example.test", "Hello", "")
    case.run_jobs()
    assert len(sent.letters) == 1


@pytest.mark.parametrize(("to", "subject"), [("a@example.test\r\nBcc: eve@example.test", "x"), ("nobody", "x"),
                                             ("a@example.test", "x\nBcc: eve@example.test"), ("", "x")])  # fmt: skip
def test_what_cannot_stand_in_a_header_is_refused(case: Case, to: str, subject: str) -> None:
    with unit_of_work(case.env, SYSTEM) as work, pytest.raises(Invalid):
        notifications.write(work, "k", to, subject, "")


def test_who_gets_a_task_is_told_but_not_who_took_it_himself(case: Case, sent: Outbox) -> None:
    case.publish(drawing("p", START + user_task("do", "Сделать") + END, flows="start>do;do>end"))
    case.start("p")
    case.act("anna", tasks.claim, case.task("do").id)
    case.run_jobs()
    assert sent.letters == []
    case.act("elena", tasks.reassign, case.task("do").id, case.user("boris").id, "help")
    case.run_jobs()
    assert [(letter.recipient, letter.subject) for letter in sent.letters] == [("boris@example.test", "Task: Сделать")]


def test_without_a_mail_server_nobody_is_told_and_nothing_fails(case: Case) -> None:
    case.publish(drawing("p", START + user_task("do") + END, flows="start>do;do>end"))
    case.start("p")
    case.act("elena", tasks.reassign, case.task("do").id, case.user("boris").id, "help")
    assert case.jobs() == []


@pytest.fixture
def mail_server() -> Iterator[tuple[Controller, list[Any]]]:
    received: list[Any] = []

    class Keep(Handler):
        def handle_message(self, message: Any) -> None:
            received.append(message_from_bytes(message.as_bytes(), policy=default))

    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    controller = Controller(Keep(), hostname="127.0.0.1", port=port)
    controller.start()
    yield controller, received
    controller.stop()


def test_a_letter_arrives_at_a_mail_server_with_its_attachment(mail_server: tuple[Controller, list[Any]]) -> None:
    controller, received = mail_server
    attached = Attachment("Договор № 1.pdf", "application/pdf", b"%PDF-1.7")
    Smtp("127.0.0.1", controller.port)(Letter(**{**LETTER.__dict__, "attachments": (attached,)}))
    (message,) = received
    assert (message["Message-ID"], message["Subject"]) == ("<1@reglament.local>", "Договор")
    assert message.get_body().get_content().strip() == "Здравствуйте"
    (part,) = message.iter_attachments()
    assert (part.get_filename(), part.get_content()) == ("Договор № 1.pdf", b"%PDF-1.7")


def test_a_mail_server_that_is_not_there_is_a_failure_that_is_tried_again() -> None:
    with pytest.raises(Failed, match="did not take the mail"):
        Smtp("127.0.0.1", 1)(LETTER)


def test_a_header_cannot_be_injected() -> None:
    with pytest.raises(ValueError, match=r"(?i)header"):
        as_message(Letter(**{**LETTER.__dict__, "subject": "x\r\nBcc: eve@example.test"}))

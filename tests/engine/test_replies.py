"""Replies by mail: over a real mail server and a real mailbox, into a comment of the right person, or nowhere."""
from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as Handler
from sqlalchemy import select

from engine import comments, notifications, replies, tasks
from engine.errors import Invalid
from engine.letters import Smtp
from engine.mailbox import Imap, machine, text_of
from engine.models import Client, Comment, IncomingMail, Mail, Notice, StoredFile, User
from engine.replies import Postman, said
from engine.storage import Folder
from engine.work import SYSTEM, unit_of_work
from tests.case import END, START, Case, drawing, user_task
from tests.engine import imap_server
from tests.engine.imap_server import Post


@pytest.fixture(scope="module")
def server() -> Iterator[Post]:
    with imap_server.serving() as post:
        yield post


@pytest.fixture
def post(server: Post) -> Post:
    """An empty mailbox."""
    server.clear()
    return server


@pytest.fixture
def arrived() -> Iterator[tuple[int, list[Any]]]:
    """A real SMTP server, and what it took."""
    received: list[Any] = []

    class Keep(Handler):
        def handle_message(self, message: Any) -> None:
            received.append(message)

    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    controller = Controller(Keep(), hostname="127.0.0.1", port=port)
    controller.start()
    yield port, received
    controller.stop()


@pytest.fixture
def asked(case: Case, arrived: tuple[int, list[Any]], tmp_path: Any) -> Any:
    """Elena has mentioned Anna on her task; the mail about it has arrived."""
    port, received = arrived
    case.env.files = Folder(tmp_path / "files")
    case.env.mail, case.env.replies = Smtp("127.0.0.1", port), imap_server.USER
    notifications.register(case.env.actions)
    case.publish(drawing("p", START + user_task("do", "Сделать") + END, flows="start>do;do>end"))
    case.start("p")
    case.act("anna", tasks.claim, case.task("do").id)
    case.act("elena", comments.write, case.instance_id, "@anna когда ответим?", task_id=case.task("do").id)
    case.run_jobs()
    (mail,) = received
    return mail


def reply(
    to: Any, body: str = "Завтра до обеда.", sender: str = "anna@example.test", key: str = "<r1@client>", **headers: str
) -> EmailMessage:
    """An answer as a mail program makes it: what is new above what is quoted."""
    mail = EmailMessage()
    quoted = "\n".join(f"> {line}" for line in to.get_payload(decode=True).decode().splitlines())
    mail["From"], mail["To"], mail["Subject"] = sender, to["Reply-To"] or "x@example.test", f"Re: {key}"
    mail["Message-ID"], mail["In-Reply-To"] = key, to["Message-ID"]
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(f"{body}\n\nпн, 16 нояб. 2026 г. в 12:00, Регламент\n<reglament@localhost>:\n\n{quoted}\n")
    return mail


def spoken(case: Case) -> list[Comment]:
    with case.env.sessions() as session:
        return list(session.scalars(select(Comment).where(Comment.via == "mail").order_by(Comment.id)))


def came(case: Case) -> list[IncomingMail]:
    with case.env.sessions() as session:
        return list(session.scalars(select(IncomingMail).order_by(IncomingMail.id)))


def collect(case: Case, post: Post, *mails: EmailMessage) -> list[tuple[str, str | None]]:
    post.deliver(*(mail.as_bytes() for mail in mails))
    replies.collect(case.env, post.mailbox)
    return [(row.status, row.reason) for row in came(case)]


def test_our_mail_says_where_to_answer_and_that_a_machine_wrote_it(case: Case, asked: Any) -> None:
    assert asked["Reply-To"] == imap_server.USER
    assert asked["Auto-Submitted"] == "auto-generated"
    assert notifications.MARK in asked.get_payload(decode=True).decode()


def test_a_reply_becomes_a_comment_of_the_person_on_the_task(case: Case, asked: Any, post: Post) -> None:
    assert collect(case, post, reply(asked)) == [("taken", None)]
    (comment,) = spoken(case)
    assert (comment.body, comment.author_id, comment.task_id) == (
        "Завтра до обеда.", case.user("anna").id, case.task("do").id,
    )  # fmt: skip
    assert post.held()["Reglament-taken"] == ["Re: <r1@client>"]
    assert post.held()["INBOX"] == []
    assert case.log()[-1].actor_id == case.user("anna").id
    with case.env.sessions() as session:
        told = session.scalars(select(Notice.kind).where(Notice.user_id == case.user("elena").id)).all()
    assert told == ["commented"]


def test_the_same_mail_twice_is_one_comment(case: Case, asked: Any, post: Post) -> None:
    collect(case, post, reply(asked), reply(asked))
    collect(case, post, reply(asked))
    assert len(spoken(case)) == 1
    assert post.held()["INBOX"] == []


def test_files_come_along_if_they_may_be_attached(case: Case, asked: Any, post: Post) -> None:
    mail = reply(asked)
    mail.add_attachment(b"a;b", maintype="text", subtype="csv", filename="расчёт.csv")
    mail.add_attachment(b"MZ\0", maintype="application", subtype="octet-stream", filename="setup.exe")
    assert collect(case, post, mail) == [("taken", "setup.exe")]
    (comment,) = spoken(case)
    with case.env.sessions() as session:
        names = [session.get_one(StoredFile, int(one)).name for one in comment.files or []]
    assert names == ["расчёт.csv"]
    assert comment.body.endswith("Not attached from the mail: setup.exe")


def test_nobody_comments_as_somebody_else(case: Case, asked: Any, post: Post) -> None:
    senders = ("elena@example.test", "eve@evil.example", "anna@example.test, eve@evil.example",
               '"anna@example.test" <eve@evil.example>')  # fmt: skip
    mails = [reply(asked, sender=sender, key=f"<{number}@evil>") for number, sender in enumerate(senders)]
    found = collect(case, post, *mails)
    assert found == [("unmatched", "The sender is not the person our mail was sent to")] * len(senders)
    assert spoken(case) == []
    assert len(post.held()["Reglament-unmatched"]) == len(senders)


def test_an_id_that_was_guessed_opens_nothing(case: Case, asked: Any, post: Post) -> None:
    with case.env.sessions() as session:
        ids = set(session.scalars(select(Mail.message_id).where(Mail.user_id.is_not(None))))
    assert all(len(one.partition("@")[0]) == 41 for one in ids)
    mail = reply(asked)
    mail.replace_header("In-Reply-To", "<notice:1@reglament.local>")
    assert collect(case, post, mail) == [("unmatched", "It answers no mail of ours")]


def test_the_mail_server_may_be_asked_to_vouch_for_the_sender(case: Case, asked: Any, post: Post) -> None:
    forged = "mx.evil.example; dmarc=pass"
    good = "mx.example.test; spf=pass; dmarc=pass header.from=example.test"
    for number, header in enumerate((forged, "mx.example.test; dmarc=fail", good)):
        post.deliver(reply(asked, key=f"<{number}@client>", Authentication_Results=header).as_bytes())
    replies.collect(case.env, post.mailbox, "mx.example.test")
    assert [row.status for row in came(case)] == ["unmatched", "unmatched", "taken"]


def test_what_a_machine_wrote_is_put_aside_quietly(case: Case, asked: Any, post: Post) -> None:
    signs = {"Auto-Submitted": "auto-replied", "Precedence": "bulk", "X-Autoreply": "yes", "List-Id": "<news.x>",
             "Return-Path": "<>"}  # fmt: skip
    mails = [reply(asked, key=f"<{name}@client>", **{name: value}) for name, value in signs.items()]
    found = collect(case, post, *mails)
    assert [(status, (reason or "").casefold()) for status, reason in found] == [
        ("ignored", name.casefold()) for name in signs
    ]
    assert spoken(case) == []
    assert len(post.held()["Reglament-ignored"]) == len(signs)


def test_bounces_and_ordinary_mails_are_told_apart() -> None:
    assert machine({"content-type": "multipart/report; report-type=delivery-status"}, "a@b") == "multipart/report"
    assert machine({}, "mailer-daemon@example.test") != ""
    assert machine({"auto-submitted": "no", "precedence": "first-class"}, "a@b") == ""


def test_who_may_not_comment_any_more_reads_why_behind_the_bell(case: Case, asked: Any, post: Post) -> None:
    mail = reply(asked, "@vera посмотри")
    ((status, reason),) = collect(case, post, mail)
    assert status == "unmatched"
    assert "Смирнова Вера may not see this case" in (reason or "")
    with case.env.sessions() as session:
        notice = session.scalars(select(Notice).where(Notice.kind == "reply_refused")).one()
        assert (notice.user_id, notice.channel) == (case.user("anna").id, "nothing")
        assert session.query(Mail).count() == 1  # nothing is answered


def test_who_has_left_says_nothing(case: Case, asked: Any, post: Post) -> None:
    with unit_of_work(case.env, SYSTEM) as work:
        work.session.scalars(select(User).where(User.login == "anna")).one().active = False
    assert collect(case, post, reply(asked))[0][0] == "unmatched"


def test_an_empty_reply_and_one_that_is_too_large_are_kept(case: Case, asked: Any, post: Post) -> None:
    assert collect(case, post, reply(asked, "")) == [("unmatched", "Nothing is written above the quotation")]
    post.deliver(reply(asked, key="<2@client>").as_bytes())
    replies.collect(case.env, replace(post.mailbox, largest=100))
    assert came(case)[1].reason == "The mail is too large"
    assert len(post.held()["Reglament-unmatched"]) == 2


def test_the_administrator_settles_what_fitted_nowhere(case: Case, asked: Any, post: Post) -> None:
    collect(case, post, reply(asked, sender="eve@evil.example"))
    (row,) = came(case)
    with case.env.sessions() as session:
        assert replies.waiting(session) == 1
    with pytest.raises(Invalid):
        case.act("maria", replies.settle, row.id, " ")
    case.act("maria", replies.settle, row.id, "Спам")
    with case.env.sessions() as session:
        assert replies.waiting(session) == 0
    assert case.logged(0)[-1] == "incoming_mail.settled"


def test_a_mailbox_that_stays_silent_becomes_one_incident(case: Case) -> None:
    postman = Postman(Imap("127.0.0.1", 1, "u", "p", security="none"))
    for _ in range(replies.SILENT_FOR + 2):
        assert postman.look(case.env) == 0
    assert [incident.kind for incident in case.incidents] == ["mailbox"]


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        ("Да\n\n16.11.2026 10:00, Регламент пишет:\n> Задача", "Да"),
        ("Да\n\nOn Mon, Nov 16, 2026 at 10:00 AM Reglament <a@b.c> wrote:\n> Task", "Да"),
        ("Да\n\n-----Исходное сообщение-----\nОт: x\nТема: y\n\nТело", "Да"),
        ("Да\n\nОт: Регламент <a@b.c>\nОтправлено: 16 ноября 2026 г. 10:00\n\nТело", "Да"),
        ("Да\n-- \nАнна Иванова\n+7 495", "Да"),
        ("Клиент пишет:\nготов подписать\n\nпт утром созвонимся:\n- Пётр\n- я", None),
        ("> цитата\nмой ответ ниже", "мой ответ ниже"),
        ("", ""),
    ],
)
def test_only_what_was_written_anew_is_kept(body: str, kept: str | None) -> None:
    assert said(body) == (body if kept is None else kept)


def test_a_mail_of_html_only_is_read_without_its_quotations() -> None:
    page = (
        "<html><head><style>p{}</style></head><body><p>Да,&nbsp;<b>согласна</b>.<br>Анна</p>"
        '<div class="gmail_quote"><div>пн</div><blockquote>Задача</blockquote></div><blockquote>x<br>y</blockquote>'
        "<script>alert(1)</script></body></html>"
    )
    assert text_of(page) == "Да, согласна.\nАнна"


def test_a_reply_to_a_mail_about_a_client_becomes_a_comment_on_the_client(
    case: Case, arrived: tuple[int, list[Any]], post: Post, tmp_path: Any
) -> None:
    port, received = arrived
    case.env.files = Folder(tmp_path / "files")
    case.env.mail, case.env.replies = Smtp("127.0.0.1", port), imap_server.USER
    notifications.register(case.env.actions)
    case.put(Client(kind="legal", name="ООО «Ромашка»", full_name="Ромашка", requisites={}, created_at=case.clock()))
    case.act("elena", comments.write_about, "client", 1, "@anna кто ведёт?")
    case.run_jobs()
    (told,) = received
    assert "/clients/1#talk" in told.get_payload(decode=True).decode()
    answer = reply(told, "Я веду.")
    answer.add_attachment("a;b", filename="план.csv")
    assert collect(case, post, answer) == [("taken", None)]
    (comment,) = spoken(case)
    assert (comment.client_id, comment.instance_id, comment.body) == (1, None, "Я веду.")
    assert comment.files is not None
    with case.env.sessions() as session:
        assert session.get_one(StoredFile, int(comment.files[0])).comment_id == comment.id

"""Replies by mail become comments: of the person the mail was sent to, on the case it was about, and of nobody else.

A reply is known by the id of our mail, which nobody can guess, and by the sender's address; both must fit. Whatever
does not fit is kept in a folder of its own and shown to the administrator. Nothing is answered automatically.
"""
from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mailparser_reply import EmailReplyParser
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine import access, attachments, audit, comments, failures, notifications
from engine.environment import Environment
from engine.errors import Failed, Invalid, NotFound, ReglamentError, Text, WrongState, text
from engine.mailbox import FOLDERS, IGNORED, TAKEN, UNMATCHED, Enclosed, Incoming, Mailbox
from engine.models import Comment, IncomingMail, Mail, User
from engine.work import SYSTEM, Actor, Work, run

log = logging.getLogger(__name__)

SILENT_FOR = 3  # looks in vain before the administrator is told
LONGEST_REASON = 300
QUOTED = re.compile(
    r"^(?:"
    r".{0,200}\d{4}.{0,200}(?:пишет|написал|написала|написал\(а\))\s*:"  # «16.11.2026 10:00, Регламент пишет:»
    r"|(?:пн|вт|ср|чт|пт|сб|вс|понедельник|вторник|среда|четверг|пятница|суббота|воскресенье),? \d.{0,80}\d{4}"
    r".{0,200}(?:\n.{0,100})?:"  # «пн, 16 нояб. 2026 г. в 10:00, Регламент <…>:», perhaps on two lines
    r"|\d{1,2}[. ][\w.]{2,10}[. ]\d{4}.{0,200}>\s*:"  # «16 нояб. 2026 г., 10:00 от Регламент <…>:»
    r"|-{2,}\s*(?:Исходное сообщение|Пересылаемое сообщение|Original Message)\s*-{2,}"
    r"|(?:От|From|Отправитель): .{0,200}"
    r")\s*$",
    re.MULTILINE | re.IGNORECASE,
)
SIGNATURE = re.compile(r"^-- ?$", re.MULTILINE)
PARSER = EmailReplyParser(languages=["en"])


@dataclass
class Postman:
    """Looks into a mailbox now and then. ``vouches``: name of the mail server whose «dmarc=pass» is asked for."""

    mailbox: Mailbox
    vouches: str = ""
    failed: int = 0

    def look(self, env: Environment) -> int:
        """Take what has come; returns how many mails that were. A mailbox that stays silent becomes an incident."""
        try:
            count = collect(env, self.mailbox, self.vouches)
        except Failed as error:
            self.failed += 1
            log.warning("%s", error)
            if self.failed == SILENT_FOR:
                run(env, SYSTEM, failures.report, "mailbox", str(error))
            return 0
        self.failed = 0
        return count


def collect(env: Environment, mailbox: Mailbox, vouches: str = "") -> int:
    """Take every mail that has come: first what became of it is written down, then it is moved. Raises Failed."""
    count = 0
    with mailbox.open() as opened:
        for mail in opened.look():  # one at a time: together they may be larger than the memory
            opened.put(mail, take(env, mail, vouches))
            count += 1
    return count


def take(env: Environment, mail: Incoming, vouches: str = "") -> str:
    """Make a comment of a mail, or say why not; once per mail. Returns what became of it."""
    with env.sessions() as session:
        known = _known(session, mail)
        found = None if known else _addressee(session, env, mail, vouches)
    if known is not None:
        return known
    try:
        if isinstance(found, _Reply):
            return run(env, access_of(env, found), _comment, mail, found)
        assert found is not None
        return run(env, SYSTEM, _set_aside, mail, *found)
    except ReglamentError as refused:
        reason, user = str(refused), found.user_id if isinstance(found, _Reply) else None
        return run(env, SYSTEM, _set_aside, mail, UNMATCHED, reason, user, refused.text)
    except IntegrityError:  # another worker took it at the same moment
        with env.sessions() as session:
            return _known(session, mail) or UNMATCHED
    except Exception as error:  # whatever is wrong with one mail, the others are still taken
        log.exception("a mail could not be taken")
        return run(env, SYSTEM, _set_aside, mail, UNMATCHED, f"{type(error).__name__}: {error}")


def settle(work: Work, incoming_id: int, note: str) -> IncomingMail:
    """The administrator has dealt with a mail that fitted nowhere. Raises NotFound, WrongState, Forbidden, Invalid."""
    access.require(work, "people.manage")
    row = work.session.get(IncomingMail, incoming_id)
    if row is None or row.status != UNMATCHED:
        raise NotFound("There is no such mail")
    if row.settled_at is not None:
        raise WrongState("Somebody has dealt with this mail already")
    if not note.strip():
        raise Invalid("Say what was done", {"note": text("Say what was done")})
    row.settled_at, row.settled_by, row.note = work.now, work.actor.user_id, note.strip()[:LONGEST_REASON]
    audit.record(work, "incoming_mail.settled", subject=f"incoming_mail:{row.id}", note=row.note)
    return row


def waiting(session: Session) -> int:
    """How many mails wait for the administrator."""
    still = (IncomingMail.status == UNMATCHED, IncomingMail.settled_at.is_(None))
    return session.scalar(select(func.count()).select_from(IncomingMail).where(*still)) or 0


def said(body: str) -> str:
    """What was written anew, without what is quoted below it and without the signature."""
    fresh = body.replace("\r\n", "\n").replace("\xa0", " ")
    fresh = SIGNATURE.split(fresh.partition(notifications.MARK)[0], maxsplit=1)[0]
    if found := QUOTED.search(fresh):
        fresh = fresh[: found.start()]
    parsed = PARSER.parse_reply(fresh)
    lines = [line for line in (parsed if parsed is not None else fresh).split("\n") if not line.startswith(">")]
    return "\n".join(lines).strip()


@dataclass(frozen=True)
class _Reply:
    """Whose reply it is, and where it belongs. ``comment_id``: where what it answers is about no instance."""

    user_id: int
    instance_id: int | None
    task_id: int | None
    comment_id: int | None


def access_of(env: Environment, found: _Reply) -> Actor:
    """The person as an actor."""
    with env.sessions() as session:
        return access.actor_of(session.get_one(User, found.user_id))


def _known(session: Session, mail: Incoming) -> str | None:
    return session.scalar(select(IncomingMail.status).where(IncomingMail.message_id == mail.message_id))


def _addressee(session: Session, env: Environment, mail: Incoming, vouches: str) -> _Reply | tuple[str, str]:
    """Whose reply to what this is, or what becomes of it and why."""
    if mail.machine or mail.sender == str(env.setting("mail.sender", "reglament@localhost")).casefold():
        return IGNORED, mail.machine or "our own mail"
    ours = select(Mail).where(Mail.message_id.in_(list(mail.answers)[-50:]), Mail.user_id.is_not(None))
    answered = session.scalar(ours.order_by(Mail.id.desc()).limit(1)) if mail.answers else None
    if answered is None:
        return UNMATCHED, text("It answers no mail of ours").template
    person = session.get(User, answered.user_id)
    if person is None or not person.active or mail.sender != person.email.strip().casefold():
        return UNMATCHED, text("The sender is not the person our mail was sent to").template
    if vouches and not _is_vouched_for(mail.vouched, vouches):
        return UNMATCHED, text("The mail server does not vouch for the sender").template
    if answered.instance_id is None and answered.comment_id is None:
        return UNMATCHED, text("It answers a digest, which belongs to no case").template
    if mail.body is None:
        return UNMATCHED, text("The mail is too large").template
    return _Reply(person.id, answered.instance_id, answered.task_id, answered.comment_id)


def _is_vouched_for(headers: Sequence[str], server: str) -> bool:
    """The first header is the one our own server wrote; those below it may come from anybody."""
    first = headers[0].strip().casefold() if headers else ""
    return first.startswith(f"{server.casefold()};") and "dmarc=pass" in first


def _comment(work: Work, mail: Incoming, found: _Reply) -> str:
    files, refused = [], []
    where = _where(work, found)
    access.require(work, f"{where.kind}.comment", where.thing)
    for enclosed in mail.files[: comments.MOST_FILES]:
        try:
            files.append(_enclose(work, where, enclosed)["id"])
        except Invalid:
            refused.append(enclosed.name)
    refused += [enclosed.name for enclosed in mail.files[comments.MOST_FILES :]]
    body = said(mail.body or "")
    if not body and not files:
        raise Invalid("Nothing is written above the quotation")
    if refused:
        line = work.env.translate(work.actor.locale, text("Not attached from the mail: {names}").template)
        body = f"{body[: comments.LONGEST - 600]}\n\n{line.format(names=', '.join(refused)[:500])}"
    body = body if len(body) <= comments.LONGEST else f"{body[: comments.LONGEST - 1]}…"
    if where.instance is not None:
        comment = comments.write(work, where.instance.id, body, task_id=found.task_id, files=files, via="mail")
    else:
        comment = comments.write_about(work, where.kind, where.thing.id, body, files=files, via="mail")
    _keep(work, mail, TAKEN, ", ".join(refused)[:LONGEST_REASON] or None, found.user_id, comment.id)
    return TAKEN


def _where(work: Work, found: _Reply) -> comments.Place:
    """What the reply is about: the instance, else what the comment it answers is about. Raises NotFound."""
    if found.instance_id is not None:
        return comments.place(work.session, "instance", found.instance_id)
    return comments.place_of(work.session, work.session.get_one(Comment, found.comment_id))


def _enclose(work: Work, where: comments.Place, enclosed: Enclosed) -> dict[str, Any]:
    if where.instance is not None:
        return attachments.attach(work, where.instance.id, enclosed.name, enclosed.content)
    return comments.enclose(work, where.kind, where.thing.id, enclosed.name, enclosed.content)


def _set_aside(
    work: Work, mail: Incoming, status: str, reason: str, user_id: int | None = None, said: Text | None = None
) -> str:
    """No comment; ``user_id``: whose reply it was without doubt, he reads behind the bell why it was not taken."""
    row = _keep(work, mail, status, reason[:LONGEST_REASON], user_id, None)
    person = work.session.get(User, user_id) if user_id is not None else None
    if person is not None and said is not None:
        words = work.env.translate(person.locale, said.template).format(**said.values)
        notifications.notify(work, [person], "reply_refused", None, by_mail=False, reason=words, about=mail.subject,
                             subject=f"incoming_mail:{row.id}")  # fmt: skip
    return status


def _keep(
    work: Work, mail: Incoming, status: str, reason: str | None, user_id: int | None, comment_id: int | None
) -> IncomingMail:
    row = IncomingMail(
        message_id=mail.message_id, sender=mail.sender[:300], subject=mail.subject, received_at=work.now,
        size=mail.size, status=status, reason=reason, folder=FOLDERS[status], user_id=user_id, comment_id=comment_id,
    )  # fmt: skip
    work.session.add(row)
    work.session.flush()
    audit.record(work, f"incoming_mail.{status}", subject=f"incoming_mail:{row.id}", comment=comment_id)
    return row

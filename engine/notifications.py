"""Mail. A mail is a row and a job in the transaction that decided it; the job hands it over, with no transaction open.

The Message-ID is made from the row's key, so that a mail which had to be handed over twice (the worker died between
sending and writing that down) is recognised as one by the receiving side.
"""
from __future__ import annotations

import email.policy
import hashlib
import smtplib
import ssl
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import select

from engine import audit, outbox
from engine.actions import ActionCall, Registry
from engine.errors import Failed, Invalid, Text, text
from engine.models import Document, Mail, ProcessInstance, StoredFile, User
from engine.outbox import Owed
from engine.vocabulary import JobKind
from engine.work import Work

# CPython folds a long encoded header between words and loses the space there; one that is not folded arrives whole.
# Servers take lines of 998 bytes, so a subject has a bound.
UNFOLDED = email.policy.SMTP.clone(max_line_length=900)
LONGEST_SUBJECT = 150  # characters
TIMEOUT = 20.0  # seconds for each answer of the mail server
SENTENCES: Mapping[str, tuple[Text, Text]] = {
    "task_assigned": (
        text("Task: {task}"),
        text("«{task}» ({instance}) is yours now."),
    ),
    "control_point_reminder": (
        text("Due soon: {code} {title}"),
        text("Control point {code} «{title}» ({instance}) is due at {planned_at}."),
    ),
    "control_point_overdue": (
        text("Overdue: {code} {title}"),
        text("Control point {code} «{title}» ({instance}) was due at {planned_at} and is still open."),
    ),
    "control_point_director": (
        text("Five working days overdue: {code} {title}"),
        text("Control point {code} «{title}» ({instance}) was due at {planned_at}. The head has been asked already."),
    ),
}


@dataclass(frozen=True)
class Attachment:
    """A file as it goes with a mail."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True)
class Letter:
    """A mail as it is handed over: everything read from the database beforehand."""

    message_id: str
    sender: str
    recipient: str
    subject: str
    body: str
    date: str
    attachments: tuple[Attachment, ...] = ()


class Transport(Protocol):
    """Hands a letter over. Raises Failed when the other side did not take it."""

    def __call__(self, letter: Letter) -> None: ...


@dataclass(frozen=True)
class Smtp:
    """A mail server. ``user`` empty: without signing in."""

    host: str
    port: int = 25
    starttls: bool = False
    user: str = ""
    password: str = ""

    def __call__(self, letter: Letter) -> None:
        try:
            with smtplib.SMTP(self.host, self.port, timeout=TIMEOUT) as server:
                if self.starttls:
                    server.starttls(context=ssl.create_default_context())
                if self.user:
                    server.login(self.user, self.password)
                server.send_message(as_message(letter))
        except (OSError, smtplib.SMTPException) as error:
            raise Failed("The mail server did not take the mail: {error}", error=error) from error


@dataclass(frozen=True)
class MailFolder:
    """Keeps letters as .eml files instead of sending them: for a trial without a mail server."""

    path: Path

    def __call__(self, letter: Letter) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        name = f"{letter.message_id.strip('<>').partition('@')[0]}.eml"
        (self.path / name).write_bytes(as_message(letter).as_bytes())


def as_message(letter: Letter) -> EmailMessage:
    """The letter as it travels. Raises ValueError for a line break in a header (an injection)."""
    message = EmailMessage(policy=UNFOLDED)
    message["Message-ID"] = letter.message_id
    message["From"], message["To"], message["Subject"] = letter.sender, letter.recipient, letter.subject
    message["Date"] = letter.date
    message.set_content(letter.body)
    for attachment in letter.attachments:
        kind, _, subtype = attachment.media_type.partition("/")
        message.add_attachment(attachment.content, maintype=kind, subtype=subtype, filename=attachment.name)
    return message


def write(
    work: Work,
    key: str,
    recipient: str,
    subject: str,
    body: str,
    *,
    instance: ProcessInstance | None = None,
    documents: Sequence[int] = (),
) -> Mail | None:
    """A mail to be sent after the commit. ``key``: once per key, a second call does nothing and returns None.

    Raises Invalid for a recipient or subject that cannot stand in a header.
    """
    for name, value in (("to", recipient), ("subject", subject)):
        if not value.strip() or any(mark in value for mark in "\r\n\0"):
            raise Invalid("A mail needs one line of «{field}»", field=name)
    if "@" not in recipient:
        raise Invalid("«{recipient}» is not a mail address", recipient=recipient)
    host = work.env.setting("mail.domain", "reglament.local")
    message_id = f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@{host}>"
    if work.session.scalar(select(Mail.id).where(Mail.message_id == message_id)) is not None:
        return None
    mail = Mail(
        instance_id=instance.id if instance is not None else None,
        recipient=recipient.strip(),
        subject=textwrap.shorten(subject, LONGEST_SUBJECT, placeholder="…"),
        body=body,
        attachments=[str(document_id) for document_id in documents],
        message_id=message_id,
        created_at=work.now,
    )
    work.session.add(mail)
    work.session.flush()
    outbox.owe(work, Owed(JobKind.MAIL, "mail", f"mail:{mail.id}", work.now, instance, payload={"mail_id": mail.id}))
    audit.record(work, "mail.written", instance=instance, subject=f"mail:{mail.id}", to=mail.recipient,
                 about=mail.subject, documents=list(documents))  # fmt: skip
    return mail


def letter_of(work: Work, mail: Mail) -> Letter:
    """Everything the transport needs. Raises Failed when a document has no file yet."""
    return Letter(
        message_id=mail.message_id,
        sender=work.env.setting("mail.sender", "reglament@localhost"),
        recipient=mail.recipient,
        subject=mail.subject,
        body=mail.body,
        date=format_datetime(mail.created_at),
        attachments=tuple(_attachment(work, int(document_id)) for document_id in mail.attachments),
    )


def notify(work: Work, people: Iterable[User], kind: str, instance: ProcessInstance, **facts: Any) -> None:
    """A mail to each of these people about something of this instance; none if no mail server is set up."""
    if work.env.mail is None:
        return
    subject, body = SENTENCES[kind]
    zone = work.env.calendar(instance.office).zone
    shown = {
        name: value.astimezone(zone).strftime("%d.%m.%Y %H:%M") if hasattr(value, "astimezone") else value
        for name, value in facts.items()
    } | {"instance": instance.title}
    for person in {person.id: person for person in people}.values():
        key = f"{kind}:{instance.id}:{person.id}:{sorted(facts.items(), key=str)}"
        head, told = (work.env.translate(person.locale, one.template).format(**shown) for one in (subject, body))
        write(work, key, person.email, " ".join(head.split()), told, instance=instance)


def task_assigned(work: Work, person: User, instance: ProcessInstance, task_id: int, name: str) -> None:
    """Tell somebody that a task is his, unless he has just done it himself or nobody wants such mails."""
    if person.id != work.actor.user_id and work.env.setting("mail.tasks", True):
        notify(work, [person], "task_assigned", instance, task=name, task_id=task_id)


def _attachment(work: Work, document_id: int) -> Attachment:
    document = work.session.get(Document, document_id)
    file_id = (document.pdf_id or document.docx_id) if document is not None else None
    file = work.session.get(StoredFile, file_id) if file_id is not None else None
    if file is None:
        raise Failed("Document {document} has no file yet", document=document_id)
    return Attachment(file.name, file.media_type, work.env.files.get(file.sha256))


def register(registry: Registry) -> None:
    """The action ``mail.send``: inputs to, subject, body, documents (ids, optional)."""

    @registry.register("mail.send")
    def send(work: Work, call: ActionCall) -> dict[str, Any]:
        inputs = call.inputs
        documents = inputs.get("documents") or []
        documents = documents if isinstance(documents, list) else [documents]
        recipients = inputs.get("to") or ""
        for number, recipient in enumerate(recipients if isinstance(recipients, list) else str(recipients).split(",")):
            write(
                work, f"{call.key}:{number}", str(recipient).strip(), str(inputs.get("subject") or ""),
                str(inputs.get("body") or ""), instance=call.instance, documents=[int(one) for one in documents],
            )  # fmt: skip
        return {}

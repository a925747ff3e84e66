"""Letters as they are handed over: what a mail is made of, and the transports that take it."""
from __future__ import annotations

import email.policy
import re
import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol

from engine.errors import Failed

# CPython folds a long encoded header between words and loses the space there; one that is not folded arrives whole.
# Servers take lines of 998 bytes, so a subject has a bound.
UNFOLDED = email.policy.SMTP.clone(max_line_length=900)
SECRET = re.compile(r"(https?://[^\s\"'<>]*/)[\w-]{32,}")  # a link that ends in a token nobody can guess
TIMEOUT = 20.0  # seconds for each answer of the mail server


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
    page: str | None = None
    reply_to: str = ""
    automatic: bool = False
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


def without_secrets(written: str) -> str:
    """A text as it is kept once it has gone: whoever has the address of a one-time link is taken for its receiver."""
    return SECRET.sub(r"\1…", written)


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
    if letter.reply_to:
        message["Reply-To"] = letter.reply_to
    if letter.automatic:  # nobody's out-of-office note need answer it
        message["Auto-Submitted"] = "auto-generated"
        message["X-Auto-Response-Suppress"] = "All"
    message.set_content(letter.body)
    if letter.page is not None:
        message.add_alternative(letter.page, subtype="html")
    for attachment in letter.attachments:
        kind, _, subtype = attachment.media_type.partition("/")
        message.add_attachment(attachment.content, maintype=kind, subtype=subtype, filename=attachment.name)
    return message

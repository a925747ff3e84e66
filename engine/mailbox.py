"""The mailbox that replies arrive in, over IMAP. Nothing is deleted: what has been looked at is moved to a folder that
says what became of it."""
from __future__ import annotations

import hashlib
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from email.utils import getaddresses
from html.parser import HTMLParser
from typing import Any, Protocol

from imap_tools import BaseMailBox, MailBox, MailBoxStartTls, MailBoxUnencrypted, MailMessage
from imap_tools.errors import ImapToolsError

from engine.errors import Failed

TAKEN, IGNORED, UNMATCHED = "taken", "ignored", "unmatched"
FOLDERS: Mapping[str, str] = {
    TAKEN: "Reglament-taken", IGNORED: "Reglament-ignored", UNMATCHED: "Reglament-unmatched"
}  # fmt: skip
LARGEST = 30 * 1024 * 1024  # bytes of one mail that is read at all
MOST = 50  # mails of one look
TIMEOUT = 30.0  # seconds for each answer of the server
MACHINES = ("mailer-daemon@", "postmaster@", "noreply@", "no-reply@")
BLOCKS = {"p", "div", "br", "li", "tr", "h1", "h2", "h3", "h4", "blockquote"}
SILENT = {"script", "style", "head", "title", "blockquote"}  # a quotation is what was said before
VOID = {"br", "img", "hr", "meta", "link", "input", "area", "base", "col", "embed", "source", "track", "wbr"}


@dataclass(frozen=True)
class Enclosed:
    """A file that came with a mail."""

    name: str
    content: bytes


@dataclass(frozen=True)
class Incoming:
    """A mail as it came. ``sender``: the one address in From, else nothing; ``answers``: ids of the mails it answers;
    ``machine``: why a machine wrote it, if one did; ``body`` None: too large to be read."""

    uid: str
    message_id: str
    sender: str
    subject: str
    answers: Sequence[str]
    size: int
    machine: str = ""
    body: str | None = None
    files: Sequence[Enclosed] = ()
    vouched: Sequence[str] = ()


class Opened(Protocol):
    """A mailbox in the hand."""

    def look(self) -> Iterator[Incoming]:
        """The mails nobody has looked at, oldest first; at most MOST."""
        ...

    def put(self, mail: Incoming, status: str) -> None:
        """Move one to the folder of what became of it."""
        ...


class Mailbox(Protocol):
    """Where mails come in."""

    def open(self) -> AbstractContextManager[Opened]:
        """For one look. Raises Failed when the server cannot be asked, then or in the midst of it."""
        ...


@dataclass(frozen=True)
class Imap:
    """A mailbox on a mail server. ``security``: tls, starttls or none (loopback and tests)."""

    host: str
    port: int
    user: str
    password: str
    security: str = "tls"
    folder: str = "INBOX"
    largest: int = LARGEST

    @contextmanager
    def open(self) -> Iterator[Opened]:
        """Sign in for one look."""
        try:
            with self._connect().login(self.user, self.password, initial_folder=self.folder) as box:
                yield _Folder(box, self.largest)
        except (OSError, ImapToolsError) as error:
            raise Failed("The mailbox cannot be read: {error}", error=error) from error

    def _connect(self) -> BaseMailBox:
        if self.security == "none":
            return MailBoxUnencrypted(self.host, self.port, timeout=TIMEOUT)
        context = ssl.create_default_context()
        if self.security == "starttls":
            return MailBoxStartTls(self.host, self.port, timeout=TIMEOUT, ssl_context=context)
        return MailBox(self.host, self.port, timeout=TIMEOUT, ssl_context=context)


class _Folder:
    def __init__(self, box: BaseMailBox, largest: int) -> None:
        self._box, self._largest = box, largest

    def look(self) -> Iterator[Incoming]:
        for head in list(self._box.fetch(limit=MOST, mark_seen=False, headers_only=True, bulk=True)):
            if head.uid is None:
                continue
            if head.size_rfc822 > self._largest:
                yield _read(head, None)
                continue
            for whole in self._box.fetch(f"UID {head.uid}", mark_seen=False):
                yield _read(head, whole)

    def put(self, mail: Incoming, status: str) -> None:
        if not self._box.folder.exists(FOLDERS[status]):
            self._box.folder.create(FOLDERS[status])
        self._box.move(mail.uid, FOLDERS[status])


def _read(head: MailMessage, whole: MailMessage | None) -> Incoming:
    known_headers: Any = head.headers  # name in small letters -> values; imap-tools does not say so to type checkers
    every: Mapping[str, Sequence[str]] = dict(known_headers)
    headers = {name: " ".join(values) for name, values in every.items()}
    known = headers.get("message-id", "").strip() or f"sha256:{hashlib.sha256(repr(headers).encode()).hexdigest()}"
    if len(known) > 250:
        known = f"sha256:{hashlib.sha256(known.encode()).hexdigest()}"
    addresses = [address for _, address in getaddresses(list(every.get("from", ()))) if address]
    sender = addresses[0].strip().casefold() if len(addresses) == 1 else ""
    files = [] if whole is None else [
        Enclosed(part.filename, part.payload)
        for part in whole.attachments
        if part.filename and not (part.content_disposition == "inline" and part.content_id)
    ]  # fmt: skip
    body = None if whole is None else (whole.text.strip() and whole.text) or text_of(whole.html)
    return Incoming(
        uid=str(head.uid), message_id=known, sender=sender, subject=head.subject[:300],
        answers=(headers.get("in-reply-to", "") + " " + headers.get("references", "")).split(),
        size=head.size_rfc822, machine=machine(headers, sender), body=body, files=files,
        vouched=every.get("authentication-results", ()),
    )  # fmt: skip


def machine(headers: Mapping[str, str], sender: str) -> str:
    """Why a mail was written by a machine (out of office, bounce, list), empty if a person wrote it."""
    if headers.get("auto-submitted", "no").split(";")[0].strip().casefold() != "no":
        return "Auto-Submitted"
    for name in ("x-autoreply", "x-autorespond", "x-autoresponder", "list-id", "list-unsubscribe", "feedback-id"):
        if name in headers:
            return name
    if headers.get("precedence", "").strip().casefold() in {"bulk", "junk", "list", "auto_reply"}:
        return "Precedence"
    if headers.get("return-path", "").strip() == "<>":
        return "Return-Path"
    if headers.get("content-type", "").strip().casefold().startswith("multipart/report"):
        return "multipart/report"
    return sender if sender.startswith(MACHINES) else ""


def text_of(page: str) -> str:
    """The words of a mail that came as HTML only, without what it quotes."""
    reader = _Words()
    reader.feed(page)
    reader.close()
    return "\n".join(" ".join(line.split()) for line in "".join(reader.words).split("\n")).strip()


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        quoted = tag == "div" and "gmail_quote" in (dict(attrs).get("class") or "").split()
        if tag not in VOID and (self._silent or tag in SILENT or quoted):
            self._silent.append(tag)
        elif tag in BLOCKS and not self._silent:
            self.words.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._silent:
            while self._silent and self._silent.pop() != tag:
                pass
        elif tag in BLOCKS and not self._silent:
            self.words.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.words.append(data.replace("\n", " "))

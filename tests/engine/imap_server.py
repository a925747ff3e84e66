"""A real IMAP server on loopback, in a process of its own, with one empty mailbox in memory."""
from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from imap_tools import MailBoxUnencrypted

from engine.mailbox import Imap

PYMAP = Path(sys.executable).with_name("pymap")
USER, PASSWORD = "replies@example.test", "secret"


class Post:
    """The mailbox under test, and a second hand in it: signing in is what costs most."""

    def __init__(self, mailbox: Imap) -> None:
        self.mailbox = mailbox
        self._box = MailBoxUnencrypted(mailbox.host, mailbox.port)
        self._box.login(USER, PASSWORD)

    def deliver(self, *mails: bytes) -> None:
        """Put mails into the mailbox, as a mail server does."""
        for mail in mails:
            self._box.append(mail, "INBOX")

    def held(self) -> dict[str, list[str]]:
        """Subjects by folder."""
        found = {}
        for folder in [one.name for one in self._box.folder.list()]:
            self._box.folder.set(folder)
            found[folder] = [mail.subject for mail in self._box.fetch(mark_seen=False)]
        return found

    def clear(self) -> None:
        """Empty every folder."""
        for folder in [one.name for one in self._box.folder.list()]:
            self._box.folder.set(folder)
            self._box.delete(self._box.uids())

    def close(self) -> None:
        """Sign out."""
        self._box.logout()


@contextmanager
def serving() -> Iterator[Post]:
    """The server, for as long as it is needed."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [PYMAP, "--host", "127.0.0.1", "--port", str(port), "--no-tls", "--no-service", "managesieve",
         "--no-service", "admin", "dict", "--demo-user", USER, "--demo-password", PASSWORD],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        _answers(process, port)
        post = Post(Imap("127.0.0.1", port, USER, PASSWORD, security="none"))
        yield post
        post.close()
    finally:
        process.terminate()
        process.wait(10)


def _answers(process: subprocess.Popen[bytes], port: int) -> None:
    for _ in range(100):
        if process.poll() is not None:
            raise AssertionError(process.stderr.read().decode() if process.stderr else "the IMAP server ended")
        with socket.socket() as probe:
            probe.settimeout(0.3)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
            try:
                process.wait(0.1)
            except subprocess.TimeoutExpired:
                continue
    raise AssertionError("the IMAP server does not answer")

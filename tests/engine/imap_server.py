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


@contextmanager
def serving() -> Iterator[Imap]:
    """The server's mailbox."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [PYMAP, "--host", "127.0.0.1", "--port", str(port), "--no-tls", "--no-service", "managesieve",
         "--no-service", "admin", "dict", "--demo-user", USER, "--demo-password", PASSWORD],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        _answers(process, port)
        yield Imap("127.0.0.1", port, USER, PASSWORD, security="none")
    finally:
        process.terminate()
        process.wait(10)


def deliver(mailbox: Imap, content: bytes) -> None:
    """Put a mail into the mailbox, as a mail server does."""
    with MailBoxUnencrypted(mailbox.host, mailbox.port).login(USER, PASSWORD) as box:
        box.append(content, "INBOX")


def held(mailbox: Imap) -> dict[str, list[str]]:
    """Subjects by folder."""
    with MailBoxUnencrypted(mailbox.host, mailbox.port).login(USER, PASSWORD) as box:
        found = {}
        for folder in [one.name for one in box.folder.list()]:
            box.folder.set(folder)
            found[folder] = [mail.subject for mail in box.fetch(mark_seen=False)]
        return found


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

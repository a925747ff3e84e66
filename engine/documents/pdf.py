"""PDF by LibreOffice kept warm: a converted document takes a fifth of a second instead of two.

A LibreOffice that has a document open stays; a second call with the same profile hands its document over to it and
returns when the PDF is written. So each office here keeps an empty document open, has a profile of its own (two offices
with one profile break each other), no network (a linked picture would be fetched), and is replaced when it hangs.
"""
from __future__ import annotations

import atexit
import contextlib
import os
import queue
import shutil
import signal
import subprocess
import tempfile
import threading
from pathlib import Path

from docx import Document

from engine.documents.isolation import without_network
from engine.errors import Failed, Text, text

START = 60.0  # seconds a cold LibreOffice may take until it has its document open
CONVERT = 60.0  # seconds one document may take
OLD_AGE = 300  # documents after which an office is replaced: it slowly grows
TICK = 0.05
KEPT = "kept-open.docx"


class Office:
    """Converts DOCX to PDF; safe to share among threads. ``offices`` documents are converted at a time."""

    def __init__(self, offices: int = 1, soffice: str | None = None, timeout: float = CONVERT) -> None:
        self._soffice = soffice or shutil.which("soffice")
        self._idle: queue.LifoQueue[_Warm] = queue.LifoQueue()
        if self._soffice:
            for _ in range(offices):
                self._idle.put(_Warm(self._soffice, timeout))
        atexit.register(self.close)

    @property
    def missing(self) -> Text | None:
        """What to do to get PDF, if there is no LibreOffice; else None."""
        if self._soffice:
            return None
        return text("PDF needs LibreOffice: install the package libreoffice-writer-nogui. Documents are made as DOCX.")

    def convert(self, content: bytes) -> bytes | None:
        """The PDF of a DOCX, or None where there is no LibreOffice.

        A hanging or dying office is killed and the document tried once more in a fresh one; then Failed.
        """
        if not self._soffice:
            return None
        office = self._idle.get()
        try:
            for attempt in (1, 2):
                try:
                    return office.convert(content)
                except Failed:
                    office.stop()
                    if attempt == 2:
                        raise
        finally:
            self._idle.put(office)
        raise AssertionError("unreachable")

    def close(self) -> None:
        """End the idle offices."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._idle.get_nowait().stop()


class _Warm:
    """One LibreOffice process with its profile; started when first needed."""

    def __init__(self, soffice: str, timeout: float) -> None:
        self._soffice, self._timeout = soffice, timeout
        self._process: subprocess.Popen[bytes] | None = None
        self._home: Path | None = None
        self._done = 0

    def convert(self, content: bytes) -> bytes:
        """Raises Failed if the office hangs, dies or gives nothing."""
        home = self._running()
        source, target = home / "in" / "document.docx", home / "out" / "document.pdf"
        source.write_bytes(content)
        target.unlink(missing_ok=True)
        self._done += 1
        client = self._start("--convert-to", "pdf:writer_pdf_Export", "--outdir", str(target.parent), str(source))
        try:
            client.wait(self._timeout)
        except subprocess.TimeoutExpired as error:
            _kill(client)
            raise Failed("LibreOffice did not finish the document in {seconds:.0f} seconds.",
                         seconds=self._timeout) from error
        finally:
            source.unlink(missing_ok=True)
        if not target.exists() or not (made := target.read_bytes()).startswith(b"%PDF"):
            raise Failed("LibreOffice made no PDF of the document.")
        target.unlink()
        return made

    def stop(self) -> None:
        """Kill the office and throw its profile away."""
        if self._process is not None:
            _kill(self._process)
            self._process = None
        if self._home is not None:
            shutil.rmtree(self._home, ignore_errors=True)
            self._home = None

    def _running(self) -> Path:
        if self._home is not None and self._process is not None and self._process.poll() is None \
                and self._done < OLD_AGE:
            return self._home
        self.stop()
        self._home, self._done = Path(tempfile.mkdtemp(prefix="reglament-office-")), 0
        for folder in ("in", "out", "profile"):
            (self._home / folder).mkdir()
        kept = self._home / KEPT
        Document().save(str(kept))
        self._process = self._start(str(kept))
        lock = self._home / f".~lock.{KEPT}#"  # appears when the document is open and the office listens
        waited, pause = 0.0, threading.Event()
        while not lock.exists():
            if waited > min(START, self._timeout) or self._process.poll() is not None:
                raise Failed("LibreOffice does not start.")
            pause.wait(TICK)
            waited += TICK
        return self._home

    def _start(self, *words: str) -> subprocess.Popen[bytes]:
        assert self._home is not None
        command = [
            *without_network(), self._soffice, f"-env:UserInstallation={(self._home / 'profile').as_uri()}",
            "--headless", "--norestore", "--nologo", *words,
        ]
        env = {"HOME": str(self._home), "PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LANG": "C.UTF-8"}
        quiet = subprocess.DEVNULL
        return subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet, env=env, start_new_session=True)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """The whole group: soffice is a script that starts others."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()

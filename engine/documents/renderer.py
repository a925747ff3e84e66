"""Rendering and checking templates from the product's side: worker processes, replaced when they die."""
from __future__ import annotations

import atexit
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, cast

import orjson

from engine import values
from engine.documents import wire
from engine.documents.context import SCHEMA
from engine.documents.isolation import without_network
from engine.errors import Failed, Fault, Invalid, Text, text

ROOT = Path(__file__).resolve().parents[2]
SLACK = 5.0  # seconds the server may take beyond the child's wall limit before it counts as lost


@dataclass(frozen=True)
class Limits:
    """What one rendering may use: seconds on the wall, seconds of CPU, megabytes above the warm worker's."""

    wall: float = 20.0
    cpu: int = 15
    memory: int = 512


class Renderer:
    """Renders and checks templates in ``workers`` processes; safe to share among threads.

    A template's own limits hold per rendering; a worker that dies or hangs is replaced and the request answered with
    Failed, so that one template harms nobody else.
    """

    def __init__(self, workers: int = 2, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._idle: queue.LifoQueue[_Worker] = queue.LifoQueue()
        for _ in range(workers):
            self._idle.put(_Worker())
        atexit.register(self.close)

    def render(self, content: bytes, context: Mapping[str, Any], file: str = "") -> bytes:
        """The filled DOCX. ``context``: plain data as engine.documents.context builds it.

        Raises Failed with the place when the template cannot be rendered or passes its limits.
        """
        data = values.dumps(values.encode(dict(context)))
        header, blobs = self._ask("render", content, data)
        if header.get("ok"):
            return blobs[0]
        raise Failed(_failure(header, file))

    def check(
        self, content: bytes, file: str, known_names: Mapping[str, Any] | None = None
    ) -> tuple[Fault, ...]:
        """What keeps a template from being published. ``known_names``: a schema as engine.documents.context.SCHEMA,
        which is the default."""
        schema = orjson.dumps(_wired(SCHEMA if known_names is None else known_names))
        header, _ = self._ask("check", content, schema)
        if "findings" not in header:
            remedy = text("Save the document anew as .docx, without macros, links to files and embedded objects.")
            return (Fault("template-file", file, None, _failure(header, file), remedy),)
        return tuple(_fault(found, file) for found in header["findings"])

    def close(self) -> None:
        """End the idle workers."""
        while True:
            try:
                self._idle.get_nowait().stop()
            except queue.Empty:
                return

    def _ask(self, op: str, content: bytes, data: bytes) -> wire.Frame:
        limits = self.limits
        header = {"op": op, "wall": limits.wall, "cpu": limits.cpu, "memory": limits.memory}
        worker = self._idle.get()
        try:
            return worker.ask(header, [content, data], limits.wall + SLACK)
        finally:
            self._idle.put(worker)


class _Worker:
    """One server process, started at its first request and after each loss."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, header: dict[str, Any], blobs: list[bytes], patience: float) -> wire.Frame:
        """Send a request and wait; a lost or hanging server is stopped and the request Failed."""
        process = self._running()
        timer = threading.Timer(patience, process.kill)
        timer.start()
        try:
            wire.write_frame(cast(BinaryIO, process.stdin), header, blobs)
            answer = wire.read_frame(cast(BinaryIO, process.stdout))
        except OSError:
            answer = None
        finally:
            timer.cancel()
        if answer is None:
            self.stop()
            raise Failed("The process that renders documents stopped; it is started again.")
        return answer

    def stop(self) -> None:
        """End the server process."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for stream in (self._process.stdin, self._process.stdout):
                if stream is not None:
                    stream.close()
            self._process = None

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self.stop()
            self._process = subprocess.Popen(
                [*without_network(), sys.executable, "-m", "engine.documents.worker"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, env=_bare_environment(),
            )
        return self._process


def _bare_environment() -> dict[str, str]:
    """No secret of the product's environment reaches a template's process."""
    kept = {key: os.environ[key] for key in ("PATH", "LANG", "LC_ALL", "HOME", "VIRTUAL_ENV") if key in os.environ}
    return kept | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}


def _wired(schema: Any) -> Any:
    if schema is ...:
        return None
    if isinstance(schema, Mapping):
        return {str(key): _wired(item) for key, item in schema.items()}
    return [_wired(item) for item in schema] if isinstance(schema, (list, tuple)) else str(schema)


def _failure(header: Mapping[str, Any], file: str) -> Text:
    kind = header.get("error")
    if kind == "time":
        return text("The template {file} runs too long.", file=file)
    if kind == "memory":
        return text("The template {file} needs too much memory.", file=file)
    if kind == "file":
        return Text(str(header["template"]), values.decode(header["values"]))
    place = " ".join(word for word in (str(header.get("where", "")), _quoted(header.get("excerpt"))) if word)
    return text("The template {file} cannot be filled ({place}): {problem}",
                file=file, place=place or "?", problem=header.get("message", "?"))


def _quoted(excerpt: Any) -> str:
    return f"«{excerpt}»" if excerpt else ""


REASONS: Mapping[str, tuple[Text, Text]] = {
    "template-unknown-name": (
        text("The name {name} is unknown, near «{excerpt}»."),
        text("Use a name from the list of document fields{hint}."),
    ),
    "template-unknown-filter": (
        text("The filter {name} is unknown or not allowed, near «{excerpt}»."),
        text("Use a filter from the list of document filters{hint}."),
    ),
    "template-forbidden": (
        text("{name} is not allowed in a template, near «{excerpt}»."),
        text("A template only reads values and may not call or look into anything."),
    ),
    "template-not-a-value": (
        text("{name} is not a single value and cannot be printed, near «{excerpt}»."),
        text("Name one of its fields, or go through it with a loop."),
    ),
    "template-syntax": (
        text("The template language does not understand «{excerpt}»: {hint}"),
        text("Check that every opening brace has its closing one and every if and for its end."),
    ),
    "template-part-not-rendered": (
        text("A placeholder stands in {name}, which is never filled in."),
        text("Move it into the text, a table, a header, a footer or a footnote."),
    ),
}


def _fault(found: Mapping[str, str], file: str) -> Fault:
    reason, remedy = REASONS[found["code"]]
    hint = found["hint"]
    if hint and found["code"] != "template-syntax":
        hint = f": {hint}"
    said = {"name": found["name"], "excerpt": found["excerpt"], "hint": hint}
    reason_said, remedy_said = Text(reason.template, said), Text(remedy.template, said)
    return Fault(found["code"], file, found["where"], reason_said, remedy_said)


@cache
def shared() -> Renderer:
    """The process-wide renderer."""
    return Renderer()


def check_template(content: bytes, file: str, known_names: Mapping[str, Any] | None = None) -> tuple[Fault, ...]:
    """What keeps a DOCX template from being published: see Renderer.check. Empty when it is fit."""
    try:
        return shared().check(content, file, known_names)
    except Invalid as error:
        return (Fault("template-file", file, None, error.text, text("Save the document anew as .docx.")),)

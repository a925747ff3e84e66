"""The process in which templates run: a server that forks one child per request, and the child's limits.

The server holds the libraries warm and touches no template; each child gets a memory, a CPU and a wall limit of its
own, writes its answer into a pipe and dies (messages: engine/documents/wire.py).
"""
from __future__ import annotations

import os
import resource
import select
import signal
import sys
import time
from typing import Any

import orjson

from engine import values
from engine.documents import checking, names, wire
from engine.documents.template import Template, TemplateFault
from engine.documents.wire import frame
from engine.errors import Invalid

MEGABYTE = 1 << 20


def serve() -> None:
    """Answer requests on standard input until it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is for the product, which closes our input
    warm()
    source, sink = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints must not break the frames
    while (request := wire.read_frame(source)) is not None:
        header, blobs = request
        answer = _in_child(header, blobs)
        sink.write(answer)
        sink.flush()


def warm() -> None:
    """Load the dictionaries once, so that a child finds them in memory."""
    names.person({"last": "Иванова", "first": "Анна", "position": "генеральный директор"})


def _in_child(header: dict[str, Any], blobs: list[bytes]) -> bytes:
    receiving, sending = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(receiving)
        _child(header, blobs, sending)
    os.close(sending)
    answer, late = _collect(receiving, time.monotonic() + float(header["wall"]))
    os.close(receiving)
    if late:
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    if late:
        return frame({"error": "time"})
    if answer and os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0:
        return answer
    killed = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    return frame({"error": "time" if killed == signal.SIGXCPU else "memory"})


def _collect(pipe: int, deadline: float) -> tuple[bytes, bool]:
    """What the child wrote, and whether it had to be stopped."""
    answer = bytearray()
    while True:
        ready, _, _ = select.select([pipe], [], [], max(deadline - time.monotonic(), 0))
        if not ready:
            return b"", True
        chunk = os.read(pipe, 1 << 16)
        if not chunk:
            return bytes(answer), False
        answer += chunk
        if len(answer) > wire.LARGEST:
            return b"", True


def _child(header: dict[str, Any], blobs: list[bytes], sending: int) -> None:
    """Never returns: limits, work, answer, end."""
    code = 1
    try:
        signal.signal(signal.SIGXCPU, signal.SIG_DFL)
        _let_go_of_all_but(sending)
        _limit(int(header["memory"]), int(header["cpu"]))
        answer = _answer(header, blobs)
        with os.fdopen(sending, "wb") as sink:
            sink.write(answer)
        code = 0
    except BaseException:
        code = 1
    finally:
        os._exit(code)


def _let_go_of_all_but(sending: int) -> None:
    """The server's own pipes are none of a template's business."""
    os.close(0)
    os.closerange(3, sending)
    os.closerange(sending + 1, 256)


def _limit(megabytes: int, seconds: int) -> None:
    """No more memory than ``megabytes`` above what the server has, no more CPU, no files, no processes."""
    with open("/proc/self/statm", "rb") as statm:
        held = int(statm.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    most = held + megabytes * MEGABYTE
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))


def _answer(header: dict[str, Any], blobs: list[bytes]) -> bytes:
    try:
        if header["op"] == "check":
            found = checking.findings(blobs[0], _schema(orjson.loads(blobs[1])))
            return frame({"findings": list(checking.as_plain(found))})
        rendered = Template(blobs[0]).fill(values.decode(orjson.loads(blobs[1])))
        return frame({"ok": True}, [rendered])
    except TemplateFault as error:
        place = error.place
        return frame({"error": "template", "message": str(error), "where": place.where, "excerpt": place.excerpt})
    except Invalid as error:
        said = values.encode(dict(error.text.values))
        return frame({"error": "file", "template": error.text.template, "values": said})
    except MemoryError:
        return frame({"error": "memory"})
    except Exception as error:
        return frame({"error": "template", "message": f"{type(error).__name__}: {error}"[:300],
                       "where": "", "excerpt": ""})


def _schema(node: Any) -> Any:
    """A schema as it came over the wire: ``null`` stands for "anything"."""
    if node is None:
        return checking.ANY
    if isinstance(node, dict):
        return {key: _schema(item) for key, item in node.items()}
    return [_schema(item) for item in node] if isinstance(node, list) else node


if __name__ == "__main__":
    serve()

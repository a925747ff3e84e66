"""Messages between the product and its rendering processes.

A frame is 4 bytes of length, a JSON header with the sizes of the blobs that follow, the blobs. Data, never pickled:
a process that went astray in a template cannot reach the product through its answer.
"""
from __future__ import annotations

from typing import Any, BinaryIO

import orjson

LARGEST = 64 << 20
Frame = tuple[dict[str, Any], list[bytes]]


def frame(header: dict[str, Any], blobs: list[bytes] | None = None) -> bytes:
    """One message as bytes."""
    head = orjson.dumps({**header, "sizes": [len(blob) for blob in blobs or []]})
    return len(head).to_bytes(4, "big") + head + b"".join(blobs or [])


def write_frame(stream: BinaryIO, header: dict[str, Any], blobs: list[bytes]) -> None:
    """Send one message."""
    stream.write(frame(header, blobs))
    stream.flush()


def read_frame(stream: BinaryIO) -> Frame | None:
    """Receive one message; None at the end of the stream or if it breaks off."""
    length = _exactly(stream, 4)
    head = _exactly(stream, int.from_bytes(length, "big")) if length else None
    if head is None:
        return None
    header = orjson.loads(head)
    blobs = []
    for size in header.pop("sizes"):
        blob = _exactly(stream, size)
        if blob is None:
            return None
        blobs.append(blob)
    return header, blobs


def _exactly(stream: BinaryIO, size: int) -> bytes | None:
    if size > LARGEST:
        return None
    content = bytearray()
    while len(content) < size:
        chunk = stream.read(size - len(content))
        if not chunk:
            return None
        content += chunk
    return bytes(content)

"""Where files live: by the SHA-256 of their bytes, written once, verified whenever they are read.

Two implementations share one interface, so that a bucket can follow the folder: ``Storage`` says what the product
needs, ``Folder`` keeps files on a disk.
"""
from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from engine.errors import Failed, NotFound

DIGEST = re.compile(r"[0-9a-f]{64}")


class Storage(Protocol):
    """Content-addressed storage: equal bytes are one file, a stored file never changes."""

    def put(self, content: bytes) -> str:
        """Keep the bytes; returns their SHA-256 in hex. Keeping the same bytes again does nothing."""

    def get(self, sha256: str) -> bytes:
        """The bytes. Raises NotFound if they are not there, Failed if they are no longer what they were."""

    def __contains__(self, sha256: object) -> bool: ...


class Folder:
    """Files in a folder, two levels deep: ``ab/cdef…``. A file appears whole or not at all and survives a power cut."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.path.mkdir(parents=True, exist_ok=True)

    def put(self, content: bytes) -> str:
        """Keep the bytes; returns their SHA-256 in hex."""
        digest = hashlib.sha256(content).hexdigest()
        place = self._place(digest)
        if place.exists() and place.stat().st_size == len(content):
            return digest
        place.parent.mkdir(exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".new-", dir=self.path)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(name, 0o440)
            os.replace(name, place)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        for folder in (place.parent, self.path):
            _sync(folder)
        return digest

    def get(self, sha256: str) -> bytes:
        """The bytes, verified. Raises NotFound or Failed."""
        try:
            content = self._place(sha256).read_bytes()
        except FileNotFoundError as error:
            raise NotFound("The file {sha256} is not in the storage.", sha256=sha256) from error
        if hashlib.sha256(content).hexdigest() != sha256:
            raise Failed("The stored file {sha256} is damaged: its bytes have changed.", sha256=sha256)
        return content

    def __contains__(self, sha256: object) -> bool:
        return isinstance(sha256, str) and DIGEST.fullmatch(sha256) is not None and self._place(sha256).exists()

    def __iter__(self) -> Iterator[str]:
        """Digests of all files kept, for verification."""
        for file in sorted(self.path.glob("??/*")):
            yield file.parent.name + file.name

    def _place(self, sha256: str) -> Path:
        if not DIGEST.fullmatch(sha256):
            raise NotFound("The file {sha256} is not in the storage.", sha256=sha256)
        return self.path / sha256[:2] / sha256[2:]


def _sync(folder: Path) -> None:
    """A rename is on the disk only when its folder is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

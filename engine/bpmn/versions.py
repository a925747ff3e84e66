"""Old states, small: a version is kept as what compression finds new in it against the version before.

One step changes little, so a version costs about a hundred bytes instead of seven hundred. A whole state comes first
and now and again, which bounds how many versions are read to restore one.
"""
from __future__ import annotations

from collections.abc import Iterable

import zstandard

from engine.bpmn.state import LARGEST, VERSION
from engine.errors import Failed, text

DELTA = 0  # first byte of a delta; whole states begin with the version of their format
LEVEL = 1


def delta(content: bytes, before: bytes) -> bytes:
    """``content`` against the state ``before`` it; the whole state if that is not shorter."""
    raw, base = _raw(content), _raw(before)
    known = zstandard.ZstdCompressionDict(base, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
    shape = zstandard.ZstdCompressionParameters.from_level(
        LEVEL, source_size=len(raw), dict_size=len(base), write_content_size=0, write_dict_id=0
    )
    packed = zstandard.ZstdCompressor(dict_data=known, compression_params=shape).compress(raw)
    return bytes([DELTA]) + packed if len(packed) + 1 < len(content) else content


def is_whole(kept: bytes) -> bool:
    """Whether a kept version needs no version before it."""
    return bool(kept) and kept[0] != DELTA


def restore(kept: Iterable[bytes]) -> bytes:
    """The last of these versions as a state; the first must be whole. Raises Failed for bytes that are none."""
    raw, form = b"", VERSION
    for version in kept:
        if is_whole(version):
            raw, form = _raw(version), version[0]
            continue
        known = zstandard.ZstdCompressionDict(raw, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
        try:
            raw = zstandard.ZstdDecompressor(dict_data=known).decompress(version[1:], max_output_size=LARGEST)
        except zstandard.ZstdError as error:
            raise Failed(text("A kept state cannot be read: {error}", error=error)) from error
    return bytes([form]) + zstandard.ZstdCompressor(level=3).compress(raw)


def _raw(content: bytes) -> bytes:
    return zstandard.ZstdDecompressor().decompress(content[1:], max_output_size=LARGEST)

"""Files by the digest of their bytes."""
from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from engine.errors import Failed, NotFound
from engine.storage import Folder


def test_bytes_come_back_under_their_digest(tmp_path: Path) -> None:
    files = Folder(tmp_path / "files")
    digest = files.put("привет".encode())
    assert digest == hashlib.sha256("привет".encode()).hexdigest()
    assert files.get(digest) == "привет".encode()
    assert digest in files
    assert list(files) == [digest]


def test_the_same_bytes_are_one_file(tmp_path: Path) -> None:
    files = Folder(tmp_path)
    assert files.put(b"x") == files.put(b"x")
    assert len(list(files)) == 1


def test_a_damaged_file_is_noticed_when_it_is_read(tmp_path: Path) -> None:
    files = Folder(tmp_path)
    digest = files.put(b"contract")
    place = tmp_path / digest[:2] / digest[2:]
    place.chmod(0o600)
    place.write_bytes(b"contracT")
    with pytest.raises(Failed, match="damaged"):
        files.get(digest)


@pytest.mark.parametrize("name", ["0" * 64, "../../etc/passwd", "..", "", "A" * 64])
def test_what_is_not_there_and_what_is_no_digest_is_not_found(tmp_path: Path, name: str) -> None:
    files = Folder(tmp_path)
    assert name not in files
    with pytest.raises(NotFound):
        files.get(name)


def test_nothing_half_written_is_left_when_writing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = Folder(tmp_path)

    def refuse(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("engine.storage.os.replace", refuse)
    with pytest.raises(OSError, match="disk full"):
        files.put(b"x")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]

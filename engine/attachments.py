"""Files that people attach: judged by their content, kept under their digest, a line in the log for each."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import PurePath
from typing import Any

from sqlalchemy.orm import Session

from engine import access, audit
from engine.errors import Invalid, NotFound
from engine.models import ProcessInstance, StoredFile
from engine.work import Actor, Work

LARGEST = 20 * 1024 * 1024  # bytes of one file
LONGEST_NAME = 120
OPENINGS: tuple[tuple[bytes, str, tuple[str, ...]], ...] = (
    (b"%PDF-", "application/pdf", (".pdf",)),
    (b"\x89PNG\r\n\x1a\n", "image/png", (".png",)),
    (b"\xff\xd8\xff", "image/jpeg", (".jpg", ".jpeg")),
)
OFFICE = "application/vnd.openxmlformats-officedocument."
PACKAGES: Mapping[str, tuple[str, str]] = {  # extension -> the part that makes it one, media type
    ".docx": ("word/document.xml", OFFICE + "wordprocessingml.document"),
    ".xlsx": ("xl/workbook.xml", OFFICE + "spreadsheetml.sheet"),
    ".pptx": ("ppt/presentation.xml", OFFICE + "presentationml.presentation"),
    ".odt": ("content.xml", "application/vnd.oasis.opendocument.text"),
    ".ods": ("content.xml", "application/vnd.oasis.opendocument.spreadsheet"),
}
TEXTS = {".txt": "text/plain", ".csv": "text/csv"}


def attach(work: Work, instance_id: int, name: str, content: bytes) -> dict[str, Any]:
    """Keep a file for an instance; ``{"id", "name", "size"}`` of what was kept.

    Raises NotFound, Forbidden, and Invalid for a file that is too large or is not what its name says.
    """
    instance = work.session.get(ProcessInstance, instance_id)
    if instance is None:
        raise NotFound("There is no process instance {id}", id=instance_id)
    access.require(work, "instance.see", instance)
    row = keep(work, name, content, instance.id)
    audit.record(
        work, "file.attached", instance=instance, subject=f"stored_file:{row.id}", name=row.name, sha256=row.sha256
    )
    return {"id": row.id, "name": row.name, "size": row.size}


def keep(work: Work, name: str, content: bytes, instance_id: int | None = None) -> StoredFile:
    """Store a file, for an instance or until there is one. Raises Invalid for one that is too large or is not what its
    name says."""
    name = _plain(name)
    row = StoredFile(
        sha256="", name=name, media_type=media_type(name, content), size=len(content), instance_id=instance_id,
        created_at=work.now, created_by=work.actor.user_id,
    )  # fmt: skip
    row.sha256 = work.env.files.put(content)
    work.session.add(row)
    work.session.flush()
    return row


def known(session: Session, actor: Actor, file_id: int, instance_id: int) -> dict[str, Any] | None:
    """A file of this instance or one this person attached himself, as a form needs it; None for any other."""
    row = session.get(StoredFile, file_id)
    if row is None or (row.instance_id != instance_id and row.created_by != actor.user_id):
        return None
    return {"id": row.id, "name": row.name, "size": row.size}


def media_type(name: str, content: bytes) -> str:
    """What the file is, by its bytes; its name must agree. Raises Invalid."""
    if len(content) > LARGEST:
        raise Invalid("«{name}» is larger than {limit} MB", name=name, limit=LARGEST // 1024**2)
    ending = PurePath(name).suffix.lower()
    for opening, kind, endings in OPENINGS:
        if content.startswith(opening) and ending in endings:
            return kind
    if ending in PACKAGES and _has_part(content, PACKAGES[ending][0]):
        return PACKAGES[ending][1]
    if ending in TEXTS and b"\0" not in content:
        return TEXTS[ending]
    raise Invalid(
        "«{name}» is not a file that may be attached. Attach PDF, PNG, JPEG, DOCX, XLSX, PPTX, ODT, ODS, TXT or CSV.",
        name=name,
    )


def _has_part(content: bytes, part: str) -> bool:
    try:
        with zipfile.ZipFile(BytesIO(content)) as package:
            return part in package.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return False


def _plain(name: str) -> str:
    """The last part of a path, without what could fool a reader or a shell."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(letter for letter in last if letter.isprintable() and letter not in '<>:"|?*').strip(". ")
    stem, dot, ending = kept.rpartition(".")
    return f"{stem[: LONGEST_NAME - len(ending)]}{dot}{ending}" if kept else "file"

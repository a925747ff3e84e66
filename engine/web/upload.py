"""Files that came with a form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from werkzeug.datastructures import FileStorage, MultiDict

from engine import attachments
from engine.models import UserTask
from engine.web import reading

FileOf = Callable[[int], Mapping[str, Any] | None]


def keep(files: MultiDict[str, FileStorage], instance_id: int) -> dict[str, list[Any]]:
    """Store every file that was chosen; by field name what was kept. Raises Invalid for one that may not be."""
    return keep_by(files, attachments.attach, instance_id)


def keep_by(files: MultiDict[str, FileStorage], verb: Callable[..., Any], *args: Any) -> dict[str, list[Any]]:
    """The same by another verb, which is given the name and the content after ``args``."""
    kept: dict[str, list[Any]] = {}
    for field, chosen in files.items(multi=True):
        if chosen.filename:
            content = chosen.stream.read(attachments.LARGEST + 1)
            stored = reading.do(verb, *args, chosen.filename, content)
            kept.setdefault(field, []).append(stored)
    return kept


def known_in(task: UserTask) -> FileOf:
    """How the form of a task learns of files: those of its instance and those this person attached."""

    def find(file_id: int) -> Mapping[str, Any] | None:
        return attachments.known(reading.session(), reading.actor(), file_id, task.instance_id)

    return find

"""What a simulated year does without: letters that go nowhere, and the files of documents nobody will open any more."""
from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Any

from docx import Document as Word

from engine import notices
from engine.actions import ActionCall, Registry
from engine.documents.issue import Made
from engine.environment import Environment
from engine.work import Work

ISSUING = ("document.issue", "document.new_version")
STAND_IN = "Это документ учебного года. Его номер, дата и сумма верны, а сам файл ради скорости не составлялся."


class NoPost:
    """A transport that takes a letter and keeps nothing; the row of the letter remains."""

    is_instant = True

    def __call__(self, letter: object) -> None:
        """Nothing is sent."""


def unmailed(settings: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The settings of a house in which everybody reads his notices in the product: nobody is mailed about his work."""
    return {**(settings or {}), "tasks": False, "defaults": dict.fromkeys(notices.TOPICS, notices.NOTHING)}


def leave_unprinted(env: Environment) -> Callable[[], None]:
    """From now on issued documents share one file that says so. Returns what makes true files again."""
    sheet = Word()
    sheet.add_paragraph(STAND_IN)
    written = io.BytesIO()
    sheet.save(written)
    content = written.getvalue()
    made = {"docx": Made(env.files.put(content), len(content))}
    true = env.actions
    env.actions = Registry()
    for name in true:
        action = true.get(name)
        env.actions.add(name, _unprinted(action, made) if name in ISSUING else action)

    def print_again() -> None:
        env.actions = true

    return print_again


def _unprinted(action: Any, made: dict[str, Made]) -> Any:
    def issue(work: Work, call: ActionCall) -> Any:
        return action.commit(work, call, action.prepare(work, call), made)

    return issue

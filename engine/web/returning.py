"""What pages show of returns and recalls, and the mark that a task was opened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Flask, g, url_for
from sqlalchemy import select

from engine import access, returns, values
from engine.errors import Text
from engine.forms.expressions import shown
from engine.models import UserTask
from engine.queries import rounds
from engine.vocabulary import InstanceStatus, TaskStatus
from engine.web import labels, reading
from engine.web.i18n import locale


@dataclass(frozen=True)
class Line:
    """One field through the rounds. ``changed``: the last round differs from the one before."""

    label: str
    cells: tuple[str, ...]
    changed: bool


def opened(task: UserTask) -> bool:
    """Note that the signed-in person, if he may do it, has this open task before him. True when that was new: what the
    request had read is to be read again."""
    if task.seen_at is not None or task.rank is None or task.instance.status != InstanceStatus.ACTIVE:
        return False
    if access.may(reading.session(), reading.actor(), g.now, "task.return", task) is None:
        return False
    return bool(reading.do(returns.mark_seen, task.id))


def may_return(task: UserTask) -> bool:
    """Whether there is a button for it: the task is his, and some step was done before."""
    if task.rank is None or task.owner_id is not None or task.instance.status != InstanceStatus.ACTIVE:
        return False
    if access.may(reading.session(), reading.actor(), g.now, "task.return", task) is None:
        return False
    before = select(UserTask.id).where(
        UserTask.instance_id == task.instance_id, UserTask.completed_by.is_not(None), UserTask.id < task.id
    )
    return reading.session().scalar(before.limit(1)) is not None


def why_not_recall(task: UserTask) -> Text | None:
    """Why a completed task is not to be taken back any more."""
    return returns.why_not_recall(reading.look(), task)


def is_mine_to_recall(task: UserTask) -> bool:
    """Whether the signed-in person completed it and its procedure still runs."""
    mine = task.status == TaskStatus.COMPLETED and task.completed_by == reading.actor().user_id
    return mine and task.instance.status == InstanceStatus.ACTIVE


def undo(task_id: int) -> dict[str, Any] | None:
    """The way back for the message after a completion, if there is one."""
    task = reading.session().get(UserTask, task_id)
    if task is None or not is_mine_to_recall(task) or why_not_recall(task) is not None:
        return None
    return {"action": url_for("back.recall", task_id=task_id), "fields": [("back", url_for("inbox.show"))]}


def again(task: UserTask) -> dict[str, Any] | None:
    """Why this task is done once more, with the rounds side by side."""
    found = rounds.again(reading.session(), task)
    if found is None:
        return None
    return {"found": found, "lines": _lines(found), "heads": found.rounds}


def _lines(found: rounds.Again) -> list[Line]:
    step = found.step
    env, form = reading.environment(), None
    if step.form_key is not None and step.form_version is not None:
        form = env.library.form(reading.session(), step.form_key, step.form_version)
    zone = env.calendar(step.instance.office).zone
    outcomes = [values.decode(row.outcome or {}) for row in found.rounds]
    lines = []
    for name in dict.fromkeys(name for outcome in outcomes for name in outcome):
        cells = tuple(shown(outcome.get(name), locale(), zone=zone) for outcome in outcomes)
        lines.append(Line(labels.field(form, name), cells, len(cells) > 1 and cells[-1] != cells[-2]))
    return lines


def install(app: Flask) -> None:
    """Give templates what they ask for."""
    app.jinja_env.globals.update(
        done_again=again, may_return=may_return, why_not_recall=why_not_recall, is_mine_to_recall=is_mine_to_recall
    )

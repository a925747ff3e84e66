"""Approving without opening: for several documents at once, and only where nothing is unusual and nothing unread."""
from __future__ import annotations

from engine import access, tasks
from engine.errors import Forbidden, WrongState, text
from engine.models import UserTask
from engine.queries import approvals
from engine.work import Work


def approve(work: Work, task_id: int) -> UserTask:
    """Agree to the document of this task. Raises NotFound, Forbidden, WrongState (what must be looked at first), and
    what completing a task raises."""
    task = tasks.find(work, task_id)
    if access.may(work.session, work.actor, work.now, "task.see", task) is None:
        raise Forbidden("You may not do this")
    if task.rank is not None:
        today = work.now.astimezone(work.env.calendar(task.instance.office).zone).date()
        (line,) = approvals.rows(work.session, work.env, work.actor, work.now, today, [task_id])
        if line.hindrance is not None:
            raise WrongState(text("«{task}»: {reason}", task=task.name, reason=line.hindrance))
    return tasks.complete(work, task_id, {(task.settings or {}).get("approval", ""): approvals.APPROVE})

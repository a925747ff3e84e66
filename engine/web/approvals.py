"""The queue of approvals: the document in full beside the decision."""

from __future__ import annotations

from flask import Blueprint, g, render_template

from engine.errors import NotFound
from engine.queries import desk
from engine.web import reading, returning, tasks
from engine.web.rules import allow

blueprint = Blueprint("approvals", __name__)


@blueprint.get("/approvals")
@allow("employee")
def queue() -> str:
    """What waits for this person's decision, the most urgent first."""
    return render_template("approvals.html", rows=desk.approvals(reading.session(), reading.actor(), g.now))


@blueprint.get("/approvals/<int:task_id>")
@allow("employee")
def decide(task_id: int) -> str:
    """One document and the decision about it."""
    task = tasks.seen(task_id)
    if not (task.settings or {}).get("document"):
        raise NotFound("This task has no document to approve")
    return tasks.page(tasks.seen(task_id) if returning.opened(task) else task, approval=True)

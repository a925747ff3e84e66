"""Going back: a task returned to an earlier performer, a completed one taken back."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine import returns
from engine.errors import Invalid, ReglamentError, text
from engine.models import UserTask
from engine.queries.deal import people_by_id
from engine.web import reading, returning, tasks
from engine.web.i18n import say
from engine.web.rules import allow, here

blueprint = Blueprint("back", __name__)


@blueprint.get("/tasks/<int:task_id>/return")
@allow("employee")
def choose(task_id: int) -> str | Response:
    """To whom a task may be returned, and why not to the others."""
    task = tasks.seen(task_id)
    if not returning.may_return(task):
        return redirect(url_for("tasks.show", task_id=task_id))
    return _page(task)


@blueprint.post("/tasks/<int:task_id>/return")
@allow("employee")
def give_back(task_id: int) -> Any:
    """Return it with a remark."""
    task = tasks.seen(task_id)
    to, remark = request.form.get("to", ""), request.form.get("remark", "")
    if not to.isdigit():
        return _page(task, remark, say(text("Choose the step to go back to."))), 422
    try:
        opened = reading.do(returns.return_to, task_id, int(to), remark, tasks.revision())
    except Invalid as error:
        return _page(tasks.seen(task_id), remark, say(error.text), int(to)), 422
    except ReglamentError as error:
        return _page(tasks.seen(task_id), remark, say(error.text), int(to)), 409
    flash(say(text("«{task}» is returned: it is open again with your remark.", task=opened.name)), "good")
    return redirect(url_for("inbox.show"))


@blueprint.post("/tasks/<int:task_id>/recall")
@allow("employee")
def recall(task_id: int) -> Response:
    """Take back what one has completed."""
    tasks.seen(task_id)
    try:
        opened = reading.do(returns.recall, task_id, request.form.get("reason", ""))
    except ReglamentError as error:
        flash(say(error.text), "late")
        return redirect(here(request.form.get("back") or url_for("tasks.show", task_id=task_id)))
    flash(say(text("The task is yours again, filled in as it was.")), "good")
    return redirect(url_for("tasks.show", task_id=opened.id))


def _page(task: UserTask, remark: str = "", problem: str = "", chosen: int = 0) -> str:
    found = returns.targets(reading.look(), task)
    found.sort(key=lambda one: one.refused is not None)
    first = next((one.task.id for one in found if one.refused is None), 0)
    people = people_by_id(reading.session(), {one.task.completed_by for one in found})
    return render_template(
        "return.html", task=task, targets=found, people=people, remark=remark, problem=problem, chosen=chosen or first
    )

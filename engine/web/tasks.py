"""The page of one task: the form first, and beside it everything needed to decide."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine import access, forms, tasks
from engine.errors import Conflict, Invalid, NotFound, ReglamentError, Text, WrongState, text
from engine.models import UserTask
from engine.queries import desk
from engine.queries import replay as replays
from engine.vocabulary import InstanceStatus, TaskStatus
from engine.web import drafts, formats, labels, papers, reading, returning, seals
from engine.web.around import around_form
from engine.web.documents import can_show
from engine.web.filled import Filled
from engine.web.i18n import say
from engine.web.rules import OVERSEERS, allow, here

blueprint = Blueprint("tasks", __name__)
ACTS = ("claim", "unclaim", "complete", "delegate", "resolve", "reassign", "set_due", "set_follow_up", "save_draft")


def seen(task_id: int) -> UserTask:
    """The task, if the signed-in person may see it. Raises NotFound otherwise: he may not know that it exists."""
    session = reading.session()
    task = session.get(UserTask, task_id)
    if task is None or access.may(session, reading.actor(), g.now, "task.see", task) is None:
        raise NotFound("There is no such task, or it is not yours to see")
    return task


@blueprint.get("/tasks/<int:task_id>")
@allow("employee")
def show(task_id: int) -> str:
    """One task."""
    task = seen(task_id)
    return page(seen(task_id) if returning.opened(task) else task)


@blueprint.post("/tasks/<int:task_id>/complete")
@allow("employee")
def complete(task_id: int) -> Any:
    """Complete with the form; what is wrong is shown in the form, what somebody else did above it. Nothing typed is
    lost. Then the next task opens."""
    try:
        task = seen(task_id)
    except NotFound:
        return _typed(task_id)
    raw: dict[str, Any] = {}
    instance_id, approval = task.instance_id, request.form.get("_from") == "approvals"
    try:
        raw = Filled(task).sent()
        if forms.asks_refresh(request.form):
            return page(task, raw=raw, approval=approval)
        if drafts.overtaken(task, Filled(task), raw):
            faster = say(text("Another window has filled in this form too."))
            return page(task, raw=raw, problem=faster, approval=approval), 409
        reading.do(tasks.complete, task_id, raw, revision=revision())
    except Invalid as error:
        raw = raw or Filled(seen(task_id)).sent(store=False)
        return page(seen(task_id), raw=raw, errors=error.fields, problem=say(error.text), approval=approval), 422
    except (Conflict, WrongState) as error:
        return page(seen(task_id), raw=raw, problem=say(error.text), approval=approval), 409
    session, actor = reading.session(), reading.actor()
    following = desk.following(session, actor, g.now, instance_id, approval=approval)
    is_same = following is not None and following.instance_id == instance_id
    if not approval and not is_same and desk.is_busy(session, instance_id, g.now):
        _completed(task_id, text("The task is completed."))
        return redirect(url_for("inbox.show", after=instance_id, done=task_id))
    if following is None:
        _completed(task_id, text("The task is completed. There is nothing more for you now."))
        return redirect(url_for("approvals.queue" if approval else "inbox.show"))
    _completed(task_id, text("The task is completed. Here is the next one."))
    return redirect(url_for("approvals.decide" if approval else "tasks.show", task_id=following.id))


@blueprint.get("/tasks/after/<int:instance_id>")
@allow("employee")
def after(instance_id: int) -> Response:
    """Asked again and again by the inbox while the system works on an instance: where to go, once there is a place.
    What was said of the task completed before, and its way back, goes along (``done``: its id)."""
    task = desk.next_in(reading.session(), reading.actor(), g.now, instance_id)
    answer = Response(status=204)
    if task is not None:
        answer.headers["HX-Redirect"] = url_for("tasks.show", task_id=task.id)
        done = reading.session().get(UserTask, request.args.get("done", 0, type=int))
        if done is not None and done.completed_by == reading.actor().user_id:
            _completed(done.id, text("The task is completed. Here is the next one."))
    elif not desk.is_busy(reading.session(), instance_id, g.now):
        answer.headers["HX-Redirect"] = url_for("inbox.show")
    return answer


@blueprint.post("/tasks/<int:task_id>/form")
@allow("employee")
def refresh(task_id: int) -> str:
    """The form again after a field changed: what is shown, computed and offered may depend on it."""
    task = seen(task_id)
    filled = Filled(task)
    raw = filled.sent(store=False)
    view = filled.view(raw, filled.remaining(raw))
    return render_template("form_body.html", task=task, view=view)


@blueprint.post("/tasks/<int:task_id>/<any(claim, unclaim):act>")
@allow("employee")
def take(task_id: int, act: str) -> Response:
    """Claim for oneself, or give back to the group."""
    seen(task_id)
    back = here(request.form.get("back") or url_for("tasks.show", task_id=task_id))
    if act == "claim":
        return reading.act(back, text("The task is yours."), tasks.claim, task_id)
    return reading.act(back, text("The task is free again."), tasks.unclaim, task_id)


@blueprint.post("/tasks/<int:task_id>/delegate")
@allow("employee")
def delegate(task_id: int) -> Response:
    """Give it to a colleague for an answer; it comes back."""
    seen(task_id)
    done = text("The task is with your colleague and comes back to you with the answer.")
    return reading.act(_back(task_id), done, tasks.delegate, task_id, _person())


@blueprint.post("/tasks/<int:task_id>/resolve")
@allow("employee")
def resolve(task_id: int) -> Response:
    """Give a delegated task back with the answer."""
    seen(task_id)
    done = text("Your answer is given; the task is back with whoever asked.")
    return reading.act(url_for("inbox.show"), done, tasks.resolve, task_id, request.form.get("note", ""))


@blueprint.post("/tasks/<int:task_id>/reassign")
@allow(*OVERSEERS)
def reassign(task_id: int) -> Response:
    """Give it to somebody else for good, with a reason."""
    seen(task_id)
    reason = request.form.get("reason", "")
    return reading.act(_back(task_id), text("The task is reassigned."), tasks.reassign, task_id, _person(), reason)


@blueprint.post("/tasks/<int:task_id>/due")
@allow(*OVERSEERS)
def due(task_id: int) -> Response:
    """Move the due date, with a reason."""
    seen(task_id)
    reason = request.form.get("reason", "")
    return _dated(task_id, text("The due date is changed."), tasks.set_due, reason)


@blueprint.post("/tasks/<int:task_id>/follow-up")
@allow("employee")
def follow_up(task_id: int) -> Response:
    """Put it off: it comes back to attention at that moment. An empty date brings it back at once."""
    seen(task_id)
    if not request.form.get("at"):
        return reading.act(_back(task_id), text("The task is back in the list."), tasks.set_follow_up, task_id, None)
    return _dated(task_id, text("The task rests until then."), tasks.set_follow_up)


def _completed(task_id: int, sentence: Text) -> None:
    """Say so, with the way back while there is one."""
    way = returning.undo(task_id)
    told: Any = {"text": say(sentence), "undo": way} if way else say(sentence)
    flash(told, "good")


def _typed(task_id: int) -> Any:
    """The task is no longer this person's to see: somebody completed it first. Who had its page open, as the page's own
    seal proves, is told what happened and gets back what he typed, and nothing else."""
    task = reading.session().get(UserTask, task_id)
    if task is None or not seals.holds(request.form.get("_seal", ""), "task", task_id):
        raise NotFound("There is no such task, or it is not yours to see")
    form = Filled(task).form
    typed = [
        (labels.field(form, name), value)
        for name, value in request.form.items(multi=True)
        if not name.startswith("_") and name != "csrf_token" and value
    ]
    try:
        reading.do(tasks.complete, task_id, {}, revision=revision())
    except ReglamentError as error:
        return render_template("typed.html", name=task.name, problem=say(error.text), typed=typed), 409
    raise AssertionError("a task that may not be seen was completed")


def _dated(task_id: int, done: Text, verb: Any, *rest: Any) -> Response:
    try:
        at = formats.utc(request.form.get("at", ""))
    except ValueError:
        flash(say(text("Give a date and a time.")), "late")
        return redirect(_back(task_id))
    return reading.act(_back(task_id), done, verb, task_id, at, *rest)


def page(
    task: UserTask,
    *,
    raw: dict[str, Any] | None = None,
    errors: Mapping[str, Text] | None = None,
    problem: str | None = None,
    approval: bool = False,
) -> str:
    """The page of a task. ``raw``: the form as it was sent, None for the draft or a first look; ``problem``: why it was
    not accepted; ``approval``: with the document in full."""
    session, actor = reading.session(), reading.actor()
    filled = Filled(task)
    around = desk.around(session, task, actor, filled.scope)
    is_open = task.rank is not None and task.instance.status == InstanceStatus.ACTIVE
    may = {act for act in ACTS if is_open and access.may(session, actor, g.now, f"task.{act}", task)}
    if raw is None and around.draft is not None and ("save_draft" in may or task.status == TaskStatus.CANCELLED):
        raw = around.draft.data
    sent = problem is not None and raw is not None
    way = replays.of(session, task.instance)
    position = replays.position(way, replays.sheet_of(way, task.path).path)
    with_paper = approval or (is_open and around.document is not None and can_show(around.document))
    return render_template(
        "approval.html" if with_paper else "task.html",
        task=task,
        approval=approval,
        no_pdf=reading.environment().pdf is None or reading.environment().pdf.missing is not None,
        around=around,
        view=filled.view(raw, errors),
        is_open=is_open,
        may=may,
        may_waive=bool(actor.groups & set(OVERSEERS)),
        problem=problem,
        help_text=filled.help_text,
        position=position,
        paper=papers.beside(task, around.document, filled.scope) if with_paper else None,
        colleagues=desk.colleagues(session, actor) if may & {"delegate", "reassign"} else [],
        **around_form(task, around, filled, raw, sent, way, may),
    )


def _back(task_id: int) -> str:
    return url_for("tasks.show", task_id=task_id)


def revision() -> int | None:
    """Which revision of the task the person had before him."""
    given = request.form.get("_revision", "")
    return int(given) if given.isdigit() else None


def _person() -> int:
    given = request.form.get("user", "")
    return int(given) if given.isdigit() else 0

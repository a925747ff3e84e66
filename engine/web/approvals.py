"""The queue of approvals, several decisions at once, and the document in full beside the decision."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, render_template, request

from engine import access, approvals, bulk
from engine.errors import NotFound, Text
from engine.queries import approvals as queries
from engine.web import papers, reading, returning, tasks
from engine.web.pages import Pages, number
from engine.web.rules import allow

blueprint = Blueprint("approvals", __name__)


@blueprint.get("/approvals")
@allow("employee")
def queue() -> str:
    """What waits for this person's decision, the most urgent first unless he wants it otherwise."""
    return _queue()


@blueprint.post("/approvals/approve")
@allow("employee")
def approve() -> Any:
    """Agree to several documents: asked once more with all of them named, then each by itself, with what came of it."""
    chosen = request.form.getlist("task", type=int)[: bulk.MOST]
    if not chosen:
        return _queue(none_chosen=True), 422
    lines = _lines(chosen)
    if request.form.get("_sure") != "yes":
        plain = [line for line in lines if line.hindrance is None]
        return render_template("approvals_sure.html", plain=plain, kept=[line for line in lines if line not in plain])
    outcome = bulk.each(reading.environment(), reading.actor(), approvals.approve, [line.task.id for line in lines])
    refused = {one.task_id: one.reason for one in outcome.refused}
    done = [(line, refused.get(line.task.id)) for line in lines]
    return render_template("approvals_done.html", lines=done, count=len(outcome.done))


@blueprint.get("/approvals/<int:task_id>")
@allow("employee")
def decide(task_id: int) -> str:
    """One document and the decision about it."""
    task = _approval(task_id)
    return tasks.page(_approval(task_id) if returning.opened(task) else task, approval=True)


@blueprint.get("/approvals/<int:task_id>/template")
@allow("employee")
def template(task_id: int) -> str:
    """What its words say beyond the plain template."""
    document = papers.document_of(_approval(task_id))
    found = papers.against_template(document)
    told = {"sentence": found, "found": None} if isinstance(found, Text) else {"found": found}
    return render_template("approval_template.html", document=document, **told)


def _approval(task_id: int) -> Any:
    task = tasks.seen(task_id)
    if not (task.settings or {}).get("document"):
        raise NotFound("This task has no document to approve")
    return task


def _queue(*, none_chosen: bool = False) -> str:
    session, actor, page = reading.session(), reading.actor(), number("page", 1)
    order = request.args.get("order", "")
    filters = queries.Filters(
        request.args.get("q", "").strip(), request.args.get("kind", ""), bool(request.args.get("overdue")),
        order if order in queries.ORDERS else queries.ORDERS[0],
    )  # fmt: skip
    rows, count = queries.queue(session, reading.environment(), actor, g.now, papers.today(), filters, page)
    return render_template(
        "approvals.html",
        rows=rows,
        count=count,
        filters=filters,
        kinds=queries.kinds(session, actor, g.now),
        pages=Pages(page, count, queries.PAGE),
        none_chosen=none_chosen,
    )


def _lines(task_ids: list[int]) -> list[queries.Waiting]:
    """The chosen ones in their order, as this person sees them; what is not his to see is not named."""
    session, actor = reading.session(), reading.actor()
    found = queries.rows(session, reading.environment(), actor, g.now, papers.today(), task_ids)
    found = [line for line in found if access.may(session, actor, g.now, "task.see", line.task) is not None]
    by_id = {line.task.id: line for line in found}
    return [by_id[one] for one in dict.fromkeys(task_ids) if one in by_id]

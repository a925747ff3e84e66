"""Assignments: the lists, the button that issues one from anywhere, and taking one back."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, g, redirect, render_template, request, url_for

from engine.crm import assignments
from engine.errors import Invalid, text
from engine.queries import assignments as lists
from engine.queries import desk
from engine.web import downloads, reading, sheets_more
from engine.web.pages import Pages, number
from engine.web.rules import OVERSEERS, allow, here, is_one_of

blueprint = Blueprint("assignments", __name__)
ABOUT = ("client", "deal", "complaint")
SEE_ALL = (*OVERSEERS, "auditor")


@blueprint.get("/assignments")
@allow("employee")
def listing() -> str | Response:
    """Issued by me, given to me; all of them for those who oversee; as a page or as a file."""
    session, actor, page = reading.session(), reading.actor(), number("page", 1)
    names = (lists.GIVEN, lists.ISSUED, *((lists.ALL,) if is_one_of(actor, *SEE_ALL) else ()))
    which = request.args.get("list", lists.GIVEN)
    which = which if which in names else lists.GIVEN
    closed = request.args.get("closed") == "1"
    if form := downloads.wanted():
        found = downloads.every(lambda page: lists.listing(session, actor, which, closed=closed, page=page))
        return sheets_more.assignments(form, found)
    rows, count = lists.listing(session, actor, which, closed=closed, page=page)
    return render_template(
        "assignments.html",
        rows=rows,
        which=which,
        names=names,
        closed=closed,
        waiting=lists.waiting(session, actor),
        may_cancel={row.assignment.id for row in rows if _may_cancel(row)},
        pages=Pages(page, count, lists.PAGE),
    )


@blueprint.post("/assignments")
@allow("employee")
def begin() -> Any:
    """Begin to issue one about a client, a deal or a complaint: the form opens at once."""
    about = {f"{name}_id": _number(request.form.get(name, "")) for name in ABOUT}
    instance = reading.do(assignments.begin, **about)
    task = desk.following(reading.session(), reading.actor(), g.now, instance.id)
    if task is None or task.instance_id != instance.id:
        return redirect(url_for("instances.show", instance_id=instance.id))
    return redirect(url_for("tasks.show", task_id=task.id))


@blueprint.post("/assignments/<int:assignment_id>/cancel")
@allow("employee")
def cancel(assignment_id: int) -> Any:
    """The issuer, or a head, takes it back."""
    back = here(request.form.get("back") or url_for("assignments.listing", list=lists.ISSUED))
    why = request.form.get("reason", "")
    return reading.act(back, text("The assignment is cancelled."), assignments.take_back, assignment_id, why)


def _may_cancel(row: lists.Row) -> bool:
    actor, assignment = reading.actor(), row.assignment
    ours = assignment.issuer_id == actor.user_id or is_one_of(actor, *OVERSEERS)
    return ours and assignment.status in ("issued", "accepted")


def _number(given: str) -> int | None:
    if given and not (given.isascii() and given.isdigit()):
        raise Invalid("Choose from the list")
    return int(given) if given else None

"""Drafts: saved as one types; where two have been typed, in two windows or by two people, each field is chosen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, g, make_response, render_template, request
from sqlalchemy import select
from werkzeug.wrappers import Response

from engine import access, tasks, withdrawals
from engine.errors import Conflict, NotFound, ReglamentError, text
from engine.models import FormDraft, User, UserTask
from engine.web import beside, formats, reading
from engine.web.filled import Filled
from engine.web.i18n import say
from engine.web.rules import allow

blueprint = Blueprint("drafts", __name__)
TAKEN = "_take."


@dataclass(frozen=True)
class Clash:
    """Two fillings of one form. ``other``: who typed the second, None for oneself in another window."""

    lines: list[beside.Difference]
    other: User | None
    saved_at: datetime


@dataclass(frozen=True)
class Companion:
    """Somebody else who has begun to fill in the same task."""

    person: User
    saved_at: datetime


@blueprint.app_template_filter("draft_mark")
def mark(draft: FormDraft | None) -> str:
    """For the form: what it knows of the draft when it is drawn."""
    return tasks.draft_mark(draft)


@blueprint.app_template_filter("draft_until")
def until(ended_at: datetime) -> datetime:
    """For the page of a withdrawn task: when what was typed into it is forgotten."""
    return withdrawals.kept_until(ended_at)


@blueprint.post("/tasks/<int:task_id>/draft")
@allow("employee")
def save(task_id: int) -> Response:
    """Keep what has been typed so far, as it is; if another window was faster, both fillings side by side."""
    task = _mine(task_id)
    filled = Filled(task)
    raw, window, based_on = filled.sent(store=False), request.form.get("_window"), request.form.get("_draft")
    try:
        reading.do(tasks.save_draft, task_id, raw, window=window, based_on=based_on)
    except Conflict:
        return _answer(render_template("draft_clash.html", task=task, clash=clash(task, filled, raw)), task, 409)
    except ReglamentError as error:
        return make_response(say(error.text), 422)
    return _answer(say(text("Draft saved at {time}", time=formats.clock(g.now))), task)


@blueprint.post("/tasks/<int:task_id>/draft/compare")
@allow("employee")
def compare(task_id: int) -> str:
    """What a colleague has typed into the same task, beside one's own."""
    task = _mine(task_id)
    filled = Filled(task)
    found = clash(task, filled, filled.sent(store=False), _other())
    return render_template("draft_clash.html", task=task, clash=found)


@blueprint.post("/tasks/<int:task_id>/draft/merge")
@allow("employee")
def merge(task_id: int) -> Response:
    """One's own input with the fields chosen from the other: the form again, kept as the draft."""
    task = _mine(task_id)
    filled = Filled(task)
    kept = _kept(task, _other())
    taken = [name.removeprefix(TAKEN) for name, value in request.form.items() if _is_taken(name, value)]
    raw = beside.merged(filled.sent(store=False), kept.data if kept is not None else {}, taken)
    try:
        reading.do(tasks.save_draft, task_id, raw, window=request.form.get("_window"))
    except ReglamentError as error:
        return make_response(say(error.text), 422)
    answer = _answer(render_template("form_body.html", task=task, view=Filled(_mine(task_id)).view(raw)), task)
    answer.headers["X-Draft-Note"] = "merged"
    return answer


def clash(task: UserTask, filled: Filled, raw: dict[str, Any], other: int | None = None) -> Clash | None:
    """This input beside the kept draft of somebody; None if nothing differs."""
    kept = _kept(task, other)
    if kept is None:
        return None
    lines = beside.differences(filled.view(raw), filled.view(kept.data))
    person = reading.session().get(User, other) if other is not None else None
    return Clash(lines, person, kept.saved_at) if lines else None


def overtaken(task: UserTask, filled: Filled, raw: dict[str, Any]) -> Clash | None:
    """What another window of the same person has saved and this one does not know of."""
    kept, based_on = _kept(task, None), request.form.get("_draft")
    if based_on is None or not tasks.is_overtaken(kept, raw, request.form.get("_window"), based_on):
        return None
    return clash(task, filled, raw)


def companions(task: UserTask) -> list[Companion]:
    """Who else has begun to fill in this task, the latest first."""
    rows = reading.session().execute(
        select(User, FormDraft.saved_at)
        .join(FormDraft, FormDraft.user_id == User.id)
        .where(FormDraft.task_id == task.id, FormDraft.user_id != reading.actor().user_id)
        .order_by(FormDraft.saved_at.desc())
    )
    return [Companion(row[0], row[1]) for row in rows]


def _is_taken(name: str, value: str) -> bool:
    return name.startswith(TAKEN) and value == "theirs"


def _kept(task: UserTask, other: int | None) -> FormDraft | None:
    whose = other if other is not None else reading.actor().user_id
    return reading.session().get(FormDraft, (task.id, whose)) if whose is not None else None


def _other() -> int | None:
    given = request.form.get("_with", "")
    return int(given) if given.isascii() and given.isdigit() else None


def _mine(task_id: int) -> UserTask:
    """The task, if the signed-in person may fill it in."""
    session, task = reading.session(), reading.session().get(UserTask, task_id)
    if task is None or access.may(session, reading.actor(), g.now, "task.see", task) is None:
        raise NotFound("There is no such task, or it is not yours to see")
    if access.may(session, reading.actor(), g.now, "task.save_draft", task) is None:
        raise NotFound("There is no such task, or it is not yours to see")
    return task


def _answer(body: str, task: UserTask, status: int = 200) -> Response:
    answer = make_response(body, status)
    answer.headers["X-Draft"] = tasks.draft_mark(_kept(task, None))
    return answer

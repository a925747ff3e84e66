"""Comments on the page of a task, an instance or a deal: one box for all three."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Flask, flash, g, jsonify, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from engine import access, comments, notices
from engine.errors import Invalid, NotFound, ReglamentError, text
from engine.models import Deal, ProcessInstance, UserTask
from engine.queries import talk as talks
from engine.queries.deal import one as deal_of
from engine.web import instances, markdown, reading, upload
from engine.web.i18n import say
from engine.web.rules import allow, here

blueprint = Blueprint("comments", __name__)


@blueprint.post("/instances/<int:instance_id>/comments")
@allow("employee")
def say_something(instance_id: int) -> Any:
    """Comment on an instance, or on one of its tasks (``task``)."""
    instance = instances.seen(instance_id)
    given = request.form.get("task", "")
    task = reading.session().get(UserTask, int(given)) if given.isdigit() else None
    return _said(instance, task=task)


@blueprint.post("/deals/<int:deal_id>/comments")
@allow("employee")
def say_about_deal(deal_id: int) -> Any:
    """Comment on a deal: on the newest of its instances."""
    deal = deal_of(reading.session(), reading.actor(), deal_id)
    instance = comments.place_of_deal(reading.session(), deal.id)
    if instance is None:
        raise NotFound("No procedure has run about this deal, so there is nothing to comment on")
    return _said(instance, deal=deal)


@blueprint.post("/comments/<int:comment_id>/withdraw")
@allow("employee")
def withdraw(comment_id: int) -> Response:
    """Take one's own comment back, within a few minutes."""
    back = here(request.form.get("back"))
    return reading.act(f"{back}#talk", text("The comment is taken back."), comments.withdraw, comment_id)


@blueprint.get("/instances/<int:instance_id>/people.json")
@allow("employee")
def people(instance_id: int) -> Response:
    """Whom one may mention there."""
    instance = instances.seen(instance_id)
    found = talks.who_see(reading.session(), instance)
    rows = [
        {"login": one.login, "name": one.name, "position": one.position}
        for one in found
        if one.id != reading.actor().user_id
    ]
    return jsonify(rows)


@blueprint.post("/instances/<int:instance_id>/notices/read")
@allow("employee")
def looked_at(instance_id: int) -> tuple[str, int]:
    """The person has the case before him: what he was told about it is read."""
    instances.seen(instance_id)
    reading.do(notices.read_about, instance_id)
    return "", 204


def box(
    instance: ProcessInstance | None = None,
    task: UserTask | None = None,
    deal: Deal | None = None,
    *,
    said: str = "",
    typed: str = "",
    problem: str = "",
) -> Markup:
    """The talk about an instance, a task or a deal, with the form to say something. ``said``: what has just happened;
    ``typed``: what was not accepted because of ``problem``."""
    session, actor = reading.session(), reading.actor()
    if deal is not None:
        instance = comments.place_of_deal(session, deal.id)
        talk = talks.of_instances(session, actor, g.now, _seen(deal))
    else:
        assert instance is not None
        talk = talks.of_instance(session, actor, g.now, instance.id)
    may = instance is not None and access.may(session, actor, g.now, "instance.comment", instance) is not None
    page = _page_of(instance, task, deal)
    return Markup(
        render_template(
            "comments.html", talk=talk, instance=instance, task=task, deal=deal, may_comment=may, said=said,
            typed=typed, problem=problem, page=page,
        )
    )  # fmt: skip


def _seen(deal: Deal) -> Sequence[int]:
    session, actor = reading.session(), reading.actor()
    found = talks.of_deal(session, deal.id)
    return [one.id for one in found if access.may(session, actor, g.now, "instance.see", one) is not None]


def _page_of(instance: ProcessInstance | None, task: UserTask | None, deal: Deal | None) -> str:
    if deal is not None:
        return url_for("deals.show", deal_id=deal.id)
    if task is not None:
        return url_for("tasks.show", task_id=task.id)
    return url_for("instances.show", instance_id=instance.id if instance is not None else 0)


def _said(instance: ProcessInstance, task: UserTask | None = None, deal: Deal | None = None) -> Any:
    body, page = request.form.get("body", ""), _page_of(instance, task, deal)
    numbers = instance.id, task.id if task is not None else None, deal.id if deal is not None else None
    problem = ""
    try:
        kept = upload.keep(request.files, instance.id)
        files = [one["id"] for found in kept.values() for one in found]
        reading.do(comments.write, numbers[0], body, task_id=numbers[1], files=files)
    except Invalid as error:
        problem = say(next(iter(error.fields.values()), error.text))
    except ReglamentError as error:
        problem = say(error.text)
    done = say(text("The comment is written."))
    if not problem and "HX-Request" not in request.headers:
        flash(done, "good")
        return redirect(f"{page}#talk")
    session = reading.session()
    here_ = session.get_one(ProcessInstance, numbers[0])
    shown = box(
        here_,
        session.get(UserTask, numbers[1]) if numbers[1] is not None else None,
        session.get(Deal, numbers[2]) if numbers[2] is not None else None,
        said="" if problem else done,
        typed=body if problem else "",
        problem=problem,
    )
    if "HX-Request" in request.headers:
        return str(shown)
    return render_template("comment_again.html", shown=shown, title=here_.title, page=page), 422


def spoken(said: talks.Said) -> Markup:
    """What was said as HTML, with the names of the people it mentions."""
    return markdown.light(said.comment.body, said.mentioned)


@blueprint.record_once
def _install(state: Any) -> None:
    """Give templates ``talk_box`` and the filter ``spoken``."""
    app: Flask = state.app
    app.jinja_env.globals["talk_box"] = box
    app.jinja_env.filters["spoken"] = spoken

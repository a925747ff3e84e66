"""Comments on the page of a task, an instance, a deal, a client or a complaint: one box for all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Flask, flash, g, jsonify, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from engine import access, comments, notices
from engine.comments import Place
from engine.errors import Invalid, NotFound, ReglamentError, text
from engine.models import Client, Complaint, Deal, ProcessInstance, User, UserTask
from engine.queries import talk as talks
from engine.web import instances, markdown, reading, upload
from engine.web.i18n import say
from engine.web.rules import allow, here

blueprint = Blueprint("comments", __name__)
THINGS = "<any(deals, clients, complaints):things>/<int:thing_id>"


@dataclass(frozen=True)
class Spot:
    """Where on which page something is said. ``about``: the deal, client or complaint whose page it is; ``instance``:
    its procedure, where what is said there goes to; ``task``: the one whose page it is."""

    about: Place | None = None
    instance: ProcessInstance | None = None
    task: UserTask | None = None

    @property
    def place(self) -> Place:
        """What a comment made here is about."""
        if self.instance is not None:
            return Place("instance", self.instance)
        assert self.about is not None
        return self.about

    @property
    def page(self) -> str:
        """The page it is on."""
        if self.task is not None:
            return url_for("tasks.show", task_id=self.task.id)
        if self.about is None:
            return url_for("instances.show", instance_id=self.place.thing.id)
        return url_for(f"{self.about.kind}s.show", **{f"{self.about.kind}_id": self.about.thing.id})

    @property
    def address(self) -> str:
        """Where the form is sent."""
        if self.about is None:
            return url_for("comments.say_something", instance_id=self.place.thing.id)
        return url_for("comments.say_about", things=f"{self.about.kind}s", thing_id=self.about.thing.id)

    @property
    def names(self) -> str:
        """Where it stands whom one may mention."""
        if self.instance is not None:
            return url_for("comments.people", instance_id=self.instance.id)
        return url_for("comments.people_about", things=f"{self.place.kind}s", thing_id=self.place.thing.id)

    @property
    def read(self) -> str:
        """What is told when the person has looked at the talk."""
        if self.about is None:
            return url_for("comments.looked_at", instance_id=self.place.thing.id)
        return url_for("comments.looked_at_thing", things=f"{self.about.kind}s", thing_id=self.about.thing.id)

    @property
    def title(self) -> str:
        """What it is called."""
        return str(self.place.facts.get("thing") or self.place.facts.get("complaint") or self.place.thing.title)


@blueprint.post("/instances/<int:instance_id>/comments")
@allow("employee")
def say_something(instance_id: int) -> Any:
    """Comment on an instance, or on one of its tasks (``task``)."""
    instance = instances.seen(instance_id)
    given = request.form.get("task", "")
    task = reading.session().get(UserTask, int(given)) if given.isdigit() else None
    return _said(Spot(instance=instance, task=task))


@blueprint.post(f"/{THINGS}/comments")
@allow("employee")
def say_about(things: str, thing_id: int) -> Any:
    """Comment on a deal or a complaint, on its procedure where one runs; or on a client."""
    return _said(_spot(_seen_thing(things, thing_id)))


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
    return _names(talks.who_see(reading.session(), instances.seen(instance_id)))


@blueprint.get(f"/{THINGS}/people.json")
@allow("employee")
def people_about(things: str, thing_id: int) -> Response:
    """Whom one may mention in the talk about a deal, a client or a complaint."""
    return _names(talks.who_see_thing(reading.session(), _seen_thing(things, thing_id)))


@blueprint.post("/instances/<int:instance_id>/notices/read")
@allow("employee")
def looked_at(instance_id: int) -> tuple[str, int]:
    """The person has the case before him: what he was told about it is read."""
    instances.seen(instance_id)
    reading.do(notices.read_about, instance_id)
    return "", 204


@blueprint.post(f"/{THINGS}/notices/read")
@allow("employee")
def looked_at_thing(things: str, thing_id: int) -> tuple[str, int]:
    """The person has the talk about it before him: what he was told of it, and of the procedure, is read."""
    about = _seen_thing(things, thing_id)
    spot = _spot(about)
    reading.do(comments.looked_at, about.kind, about.thing.id)
    if spot.instance is not None:
        reading.do(notices.read_about, spot.instance.id)
    return "", 204


def box(
    instance: ProcessInstance | None = None,
    task: UserTask | None = None,
    *,
    deal: Deal | None = None,
    client: Client | None = None,
    complaint: Complaint | None = None,
) -> Markup:
    """The talk about an instance, a task, a deal, a client or a complaint, with the form to say something."""
    things = {"deal": deal, "client": client, "complaint": complaint}
    about = next((Place(kind, thing) for kind, thing in things.items() if thing is not None), None)
    return _box(_spot(about) if about is not None else Spot(instance=instance, task=task))


def _box(spot: Spot, *, said: str = "", typed: str = "", problem: str = "") -> Markup:
    """``said``: what has just happened; ``typed``: what was not accepted because of ``problem``."""
    session, actor = reading.session(), reading.actor()
    if spot.about is not None:
        talk = talks.of_instances(session, actor, g.now, _procedures(spot.about), spot.about)
    else:
        talk = talks.of_instance(session, actor, g.now, spot.place.thing.id)
    may = access.may(session, actor, g.now, f"{spot.place.kind}.comment", spot.place.thing) is not None
    return Markup(
        render_template("comments.html", talk=talk, spot=spot, task=spot.task, may_comment=may, said=said, typed=typed,
                        problem=problem)
    )  # fmt: skip


def _spot(about: Place) -> Spot:
    """What is said on the page of a deal or a complaint goes to its newest procedure, where everybody who works on it
    reads it; to the thing itself where no procedure has run, or none of which this person may speak."""
    found = None
    if about.kind == "deal":
        found = comments.place_of_deal(reading.session(), about.thing.id)
    elif about.kind == "complaint" and about.thing.instance_id is not None:
        found = reading.session().get(ProcessInstance, about.thing.instance_id)
    may = found is not None and access.may(reading.session(), reading.actor(), g.now, "instance.comment", found)
    return Spot(about, found if may else None)


def _procedures(about: Place) -> Sequence[int]:
    """The instances of a deal or a complaint that this person may see."""
    session, actor = reading.session(), reading.actor()
    found: Sequence[ProcessInstance] = ()
    if about.kind == "deal":
        found = talks.of_deal(session, about.thing.id)
    elif about.kind == "complaint" and about.thing.instance_id is not None:
        found = [session.get_one(ProcessInstance, about.thing.instance_id)]
    return [one.id for one in found if access.may(session, actor, g.now, "instance.see", one) is not None]


def _seen_thing(things: str, thing_id: int) -> Place:
    """The deal, client or complaint, if this person may see it. Raises NotFound."""
    found = comments.place(reading.session(), things.removesuffix("s"), thing_id)
    if access.may(reading.session(), reading.actor(), g.now, f"{found.kind}.see", found.thing) is None:
        raise NotFound("There is no such thing, or it is not yours to see")
    return found


def _names(found: Sequence[User]) -> Response:
    mine = reading.actor().user_id
    return jsonify(
        [{"login": one.login, "name": one.name, "position": one.position} for one in found if one.id != mine]
    )


def _again(spot: Spot) -> Callable[[], Spot]:
    """The same spot, read anew after something was written."""
    about = (spot.about.kind, spot.about.thing.id) if spot.about is not None else None
    numbers = spot.instance.id if spot.instance is not None else None, spot.task.id if spot.task is not None else None

    def find() -> Spot:
        session = reading.session()
        if about is not None:
            return _spot(comments.place(session, *about))
        task = session.get(UserTask, numbers[1]) if numbers[1] is not None else None
        return Spot(instance=session.get_one(ProcessInstance, numbers[0]), task=task)

    return find


def _said(spot: Spot) -> Any:
    body, page, again, problem = request.form.get("body", ""), spot.page, _again(spot), ""
    kind, thing_id, task_id = spot.place.kind, spot.place.thing.id, spot.task.id if spot.task is not None else None
    try:
        if kind == "instance":
            kept = upload.keep(request.files, thing_id)
        else:
            kept = upload.keep_by(request.files, comments.enclose, kind, thing_id)
        files = [one["id"] for found in kept.values() for one in found]
        if kind == "instance":
            reading.do(comments.write, thing_id, body, task_id=task_id, files=files)
        else:
            reading.do(comments.write_about, kind, thing_id, body, files=files)
    except Invalid as error:
        problem = say(next(iter(error.fields.values()), error.text))
    except ReglamentError as error:
        problem = say(error.text)
    done = say(text("The comment is written."))
    if not problem and "HX-Request" not in request.headers:
        flash(done, "good")
        return redirect(f"{page}#talk")
    here_ = again()
    shown = _box(here_, said="" if problem else done, typed=body if problem else "", problem=problem)
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

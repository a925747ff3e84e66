"""People and groups, for administrators; heads and auditors look."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, session, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from engine import access, people
from engine.errors import Invalid, NotFound, ReglamentError, Text, text
from engine.models import Group, User
from engine.people import Person
from engine.queries import people as query
from engine.substitution import away
from engine.web import reading
from engine.web.i18n import say
from engine.web.pages import Pages, number
from engine.web.people_labels import ACT
from engine.web.rules import allow, public

blueprint = Blueprint("people", __name__)
READERS = ("head", "director", "admin", "auditor")
STATES = ("active", "inactive", "locked")


@blueprint.get("/people")
@allow(*READERS)
def listing() -> str:
    """Everybody by name."""
    reader, page = reading.session(), number("page", 1)
    asked = {name: request.args.get(name, "").strip() for name in ("q", "group", "state")}
    state = asked["state"] if asked["state"] in STATES else "active"
    rows, count = query.listing(
        reader, words=asked["q"], group=asked["group"], state=state, now=g.now, page=page
    )  # fmt: skip
    return render_template(
        "people.html",
        rows=rows,
        pages=Pages(page, count, query.PAGE),
        words=asked["q"],
        group=asked["group"],
        state=state,
        groups={one.key: one for one in reader.scalars(select(Group).order_by(Group.title))},
        counts=query.open_counts(reader, [one.id for one in rows]),
        gone=away(reader, g.now),
        twins=query.suspected_twins(reader),
        may_change=_may(),
    )


@blueprint.get("/people/new")
@allow("admin")
def new() -> str:
    """A new account."""
    return _page(None)


@blueprint.post("/people/new")
@allow("admin")
def create() -> Any:
    """Make it, and show the link by which the person sets a password."""
    return _save(None)


@blueprint.get("/people/<int:user_id>")
@allow(*READERS)
def show(user_id: int) -> str:
    """One account: what the person may do, what he has in hand."""
    return _page(_user(user_id))


@blueprint.post("/people/<int:user_id>")
@allow("admin")
def change(user_id: int) -> Any:
    """Change the account and its groups."""
    return _save(_user(user_id))


@blueprint.post("/people/<int:user_id>/deactivate")
@allow("admin")
def deactivate(user_id: int) -> Response:
    """The person leaves: what he has in hand goes to somebody, in one step."""
    user, heir = _user(user_id), request.form.get("heir", "")
    back = url_for("people.show", user_id=user.id)
    try:
        handed = reading.do(
            people.deactivate, user_id, int(heir) if heir.isdigit() else None, request.form.get("reason", "")
        )
    except ReglamentError as error:
        flash(say(error.text), "late")
        return redirect(back)
    flash(say(text("The account is deactivated. Tasks handed over: {count}.", count=handed.passed)), "good")
    for name, why in handed.left:
        flash(say(text("«{task}» stays: {why}", task=name, why=why)), "late")
    return redirect(back)


@blueprint.post("/people/<int:user_id>/<any(activate, unlock):act>")
@allow("admin")
def let_in(user_id: int, act: str) -> Response:
    """Let somebody in again."""
    done = text("The account is active again.") if act == "activate" else text("The account is unlocked.")
    verb = people.activate if act == "activate" else people.unlock
    return reading.act(url_for("people.show", user_id=user_id), done, verb, user_id)


@blueprint.post("/people/<int:user_id>/link")
@allow("admin")
def invite(user_id: int) -> Response:
    """A one-time link for setting a password, shown once."""
    _remember_link(user_id)
    return redirect(url_for("people.show", user_id=user_id))


@blueprint.get("/groups")
@allow(*READERS)
def groups() -> str:
    """Candidate groups with their members and what waits for them."""
    return _groups_page()


@blueprint.post("/groups")
@allow("admin")
def save_group() -> Any:
    """Make a group, or rename one (``known``)."""
    given = request.form
    try:
        reading.do(people.save_group, given.get("key", "").strip(), given.get("title", ""), given.get("title_en", ""),
                   new=not given.get("known"))  # fmt: skip
    except Invalid as error:
        return _groups_page(given, error.fields), 422
    except ReglamentError as error:
        flash(say(error.text), "late")
    else:
        flash(say(text("The group is saved.")), "good")
    return redirect(url_for("people.groups"))


@blueprint.get("/groups/<key>")
@allow(*READERS)
def group(key: str) -> str:
    """One group: who is in it and what it permits."""
    found = reading.session().get(Group, key)
    if found is None:
        raise NotFound("There is no group «{group}»", group=key)
    return render_template(
        "group.html",
        group=found,
        members=query.members(reading.session(), key),
        rights=query.rights(reading.session(), reading.environment().library, [key]),
        acts=ACT,
        gone=away(reading.session(), g.now),
        may_change=_may(),
    )


@blueprint.get("/password/<token>")
@public
def password(token: str) -> Any:
    """The page behind a one-time link."""
    user = people.link_of(reading.session(), token, g.now)
    return render_template("password.html", user=user, problem=None), 200 if user else 410


@blueprint.post("/password/<token>")
@public
def set_password(token: str) -> Any:
    """Set one's own password."""
    first, second = request.form.get("password", ""), request.form.get("again", "")
    user = people.link_of(reading.session(), token, g.now)
    if user is None:
        return render_template("password.html", user=None, problem=None), 410
    if first != second:
        problem = say(text("The two passwords differ. Type the same one twice."))
        return render_template("password.html", user=user, problem=problem), 422
    reading.close()
    try:
        login = people.use_link(reading.environment(), token, first)
    except Invalid as error:
        user = people.link_of(reading.session(), token, g.now)
        return render_template("password.html", user=user, problem=say(error.text)), 422
    except ReglamentError:
        return render_template("password.html", user=None, problem=None), 410
    session.clear()
    flash(say(text("Your password is set. Sign in with it, {login}.", login=login)), "good")
    return redirect(url_for("signin.form"))


def _save(user: User | None) -> Any:
    user_id = user.id if user is not None else None
    try:
        saved = reading.do(people.save, user_id, _given(user), resembles_nobody=bool(request.form.get("two_people")))
    except Invalid as error:
        return _page(_user(user_id) if user_id else None, request.form, error.fields), 422
    except ReglamentError as error:
        flash(say(error.text), "late")
        return redirect(url_for("people.show", user_id=user_id) if user_id else url_for("people.new"))
    if user_id is None:
        _remember_link(saved.id)
        flash(say(text("The account is made.")), "good")
    else:
        flash(say(text("The account is changed.")), "good")
    return redirect(url_for("people.show", user_id=saved.id))


def _given(user: User | None) -> Person:
    form = request.form
    words = {name: form.get(name, "") for name in ("last", "first", "middle", "gender", "position", "email", "phone")}
    superior = form.get("superior_id", "")
    return Person(
        login=user.login if user is not None else form.get("login", ""),
        locale=form.get("locale", "ru"),
        superior_id=int(superior) if superior.isdigit() else None,
        groups=tuple(form.getlist("groups")),
        **words,
    )


def _remember_link(user_id: int) -> None:
    """The token goes into the next page by the signed cookie of this browser, and nowhere else."""
    try:
        session["link"] = [user_id, reading.do(people.invite, user_id)]
    except ReglamentError as error:
        flash(say(error.text), "late")


def _page(user: User | None, given: Any = None, errors: Mapping[str, Text] | None = None) -> str:
    reader = reading.session()
    kept = session.get("link")
    link = session.pop("link")[1] if user is not None and kept and kept[0] == user.id else None
    keys = [one.group_key for one in user.memberships] if user is not None else []
    return render_template(
        "person.html",
        user=user,
        given=given,
        errors=errors or {},
        link=url_for("people.password", token=link, _external=True) if link else None,
        groups=list(reader.scalars(select(Group).order_by(Group.title))),
        chosen=given.getlist("groups") if given is not None else keys,
        superiors=query.superiors(reader, user.id if user is not None else None),
        superior=access.person(reader, user.superior_id) if user is not None else None,
        rights=query.rights(reader, reading.environment().library, keys),
        acts=ACT,
        tasks=people.open_tasks(reader, user.id) if user is not None else [],
        owned=query.owned(reader, user.id) if user is not None else (0, 0),
        gone=away(reader, g.now),
        may_change=_may(),
    )


def _groups_page(given: Any = None, errors: Mapping[str, Text] | None = None) -> str:
    rows = query.groups(reading.session())
    return render_template("groups.html", rows=rows, given=given, errors=errors or {}, may_change=_may())


def _may() -> bool:
    return access.may(reading.session(), reading.actor(), g.now, "people.manage") is not None


def _user(user_id: int | None) -> User:
    user = reading.session().get(User, user_id) if user_id is not None else None
    if user is None:
        raise NotFound("There is no such person")
    return user

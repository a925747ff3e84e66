"""What a view needs of the world below: the environment, a session to read with, verbs run as the signed-in person."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, current_app, flash, g, redirect, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from engine import identity, work
from engine.errors import Invalid, ReglamentError, Text
from engine.models import User
from engine.web.i18n import say
from engine.work import Actor

COOKIE = "login"
Result = TypeVar("Result")


def environment() -> Any:
    """The environment the composition root built."""
    return current_app.extensions["reglament"]


def session() -> Session:
    """This request's session for reading; opened when first asked for, closed with the request, never committed."""
    if "reading" not in g:
        g.reading = environment().sessions()
    opened: Session = g.reading
    return opened


def signed_in() -> Actor | None:
    """Who the login cookie stands for, if anybody."""
    token = request.cookies.get(COOKIE)
    if not token:
        return None
    actor = identity.who(session(), token, g.now)
    if actor is not None:
        g.person = session().get(User, actor.user_id)
    return actor


def actor() -> Actor:
    """The signed-in person; only for views that a rule protects."""
    person: Actor = g.actor
    return person


def look() -> work.Work:
    """A work to look with: this request's session, person and moment. Nothing of it is ever committed."""
    return work.Work(session(), session().connection(), actor(), g.now, environment())


def do(verb: Callable[..., Result], *args: Any, **kwargs: Any) -> Result:
    """Run a verb as the signed-in person in its own unit of work. The reading session starts afresh afterwards."""
    close()
    return work.run(environment(), actor(), verb, *args, **kwargs)


def do_outside(verb: Callable[..., Result], *args: Any, **kwargs: Any) -> Result:
    """Run a verb for somebody who has no account here: a client at a public page. The engine itself acts."""
    close()
    return work.run(environment(), work.SYSTEM, verb, *args, **kwargs)


def act(back: str, done: Text | None, verb: Callable[..., Any], *args: Any, **kwargs: Any) -> Response:
    """Run a verb, say what came of it, and go to ``back``: the ordinary answer to a button."""
    try:
        do(verb, *args, **kwargs)
    except ReglamentError as error:
        fields = error.fields.values() if isinstance(error, Invalid) else ()
        flash(" ".join(say(sentence) for sentence in (error.text, *fields)), "late")
    else:
        if done is not None:
            flash(say(done), "good")
    return redirect(back)


def close(_: BaseException | None = None) -> None:
    """Let go of what this request has read: the next look is a fresh one."""
    opened = g.pop("reading", None)
    if opened is not None:
        opened.close()


def install(app: Flask) -> None:
    """Close the reading session with the request."""
    app.teardown_request(close)

"""Signing in and out."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, g, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from engine import identity
from engine.errors import ReglamentError
from engine.web import i18n, reading
from engine.web.i18n import say
from engine.web.rules import allow, here, public

blueprint = Blueprint("signin", __name__)


@blueprint.get("/signin")
@public
def form() -> Any:
    """The form, or the inbox for who is in already."""
    if g.actor is not None:
        return redirect(here(request.args.get("next")))
    return render_template("signin.html", login="", problem=None)


@blueprint.post("/signin")
@public
def enter() -> Any:
    """Check name and password, begin a login session."""
    login = request.form.get("login", "").strip()
    try:
        token = identity.sign_in(reading.environment(), login, request.form.get("password", ""))
    except ReglamentError as error:
        return render_template("signin.html", login=login, problem=say(error.text)), 401
    session.clear()  # a new CSRF secret for the new person
    answer = redirect(here(request.args.get("next")))
    _remember(answer, token)
    return answer


@blueprint.post("/signout")
@allow("employee")
def leave() -> Response:
    """End the login session for real: a stolen cookie opens nothing afterwards."""
    reading.do(identity.sign_out, request.cookies.get(reading.COOKIE, ""))
    session.clear()
    answer = redirect(url_for("signin.form"))
    answer.delete_cookie(reading.COOKIE)
    answer.set_cookie(i18n.COOKIE, i18n.locale(), max_age=31536000, samesite="Lax", httponly=True)
    return answer


def _remember(answer: Response, token: str) -> None:
    secure = bool(current_app.config["SESSION_COOKIE_SECURE"])
    answer.set_cookie(reading.COOKIE, token, httponly=True, samesite="Lax", secure=secure)

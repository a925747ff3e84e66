"""Errors as pages in plain words: what happened, what to do now. Nothing of the inside is shown."""

from __future__ import annotations

from typing import Any

from flask import Flask, current_app, flash, g, redirect, render_template, request, url_for
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from engine.errors import Conflict, Forbidden, Invalid, NotFound, Refused, ReglamentError, Text, WrongState, text
from engine.web.i18n import say

STATUS: tuple[tuple[type[ReglamentError], int], ...] = (
    (NotFound, 404),
    (Forbidden, 403),
    (Conflict, 409),
    (WrongState, 409),
    (Invalid, 422),
    (Refused, 422),
)
HEADS: dict[int, tuple[Text, Text]] = {
    400: (
        text("The request could not be read"),
        text("The page was probably open for a long time. Go back, reload it and try again."),
    ),
    403: (text("This is not for you"), text("Your role does not allow this. The administrator can change that.")),
    404: (
        text("There is nothing here"),
        text("The page was removed, or the address has a mistake in it, or it is not yours to see."),
    ),
    405: (text("This cannot be done here"), text("Go back and use the button on the page.")),
    409: (text("It has changed meanwhile"), text("Somebody else was faster. Go back and look at it again.")),
    413: (text("The file is too large"), text("A form takes up to 32 MB. Make the file smaller.")),
    422: (text("This cannot be accepted"), text("Go back and correct it.")),
    500: (
        text("Something broke on our side"),
        text("Nothing was changed. Try again; if it happens twice, tell the administrator the time and the page."),
    ),
}


def page(status: int, sentence: str | None = None) -> tuple[str, int]:
    """The page of an error; ``sentence`` replaces the general advice."""
    head, advice = HEADS.get(status, HEADS[500])
    template = "failure.html" if g.get("actor") else "failure_outside.html"
    return render_template(template, status=status, head=say(head), advice=sentence or say(advice)), status


def _refusal(error: ReglamentError) -> tuple[str, int]:
    status = next((code for kind, code in STATUS if isinstance(error, kind)), 500)
    return page(status, say(error.text))


def _http(error: HTTPException) -> Any:
    status = error.code or 500
    if status == 401:
        flash(say(text("You were signed out meanwhile. Sign in and do it again.")), "late")
        return redirect(url_for("signin.form", next=request.referrer and request.path))
    return page(status) if status >= 400 else error


def _csrf(_: CSRFError) -> tuple[str, int]:
    return page(400)


def _broken(error: Exception) -> tuple[str, int]:
    current_app.logger.exception("A page failed", exc_info=error)
    return page(500)


def install(app: Flask) -> None:
    """Every error becomes a page."""
    app.register_error_handler(ReglamentError, _refusal)
    app.register_error_handler(CSRFError, _csrf)
    app.register_error_handler(HTTPException, _http)
    if not app.config.get("PROPAGATE_EXCEPTIONS"):
        app.register_error_handler(Exception, _broken)

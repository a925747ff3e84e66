"""What a person chose for himself: language and colours."""

from __future__ import annotations

from flask import Blueprint, g, redirect, request
from werkzeug.wrappers import Response

from engine import identity
from engine.web import i18n, reading
from engine.web.rules import here, public

blueprint = Blueprint("preferences", __name__)
YEAR = 31536000


@blueprint.post("/language")
@public
def language() -> Response:
    """Switch the language: the account's for who is signed in, the browser's before."""
    chosen = request.form.get("locale", "")
    answer = redirect(here(request.form.get("back")))
    if chosen in i18n.LOCALES:
        if g.actor is not None:
            reading.do(identity.set_locale, chosen)
        answer.set_cookie(i18n.COOKIE, chosen, max_age=YEAR, samesite="Lax", httponly=True)
    return answer


@blueprint.post("/theme")
@public
def theme() -> Response:
    """Switch between light and dark colours, in this browser."""
    answer = redirect(here(request.form.get("back")))
    chosen = "dark" if request.form.get("theme") == "dark" else "light"
    answer.set_cookie("theme", chosen, max_age=YEAR, samesite="Lax", httponly=True)
    return answer

"""The inbox: mine, my groups', overdue, done."""

from __future__ import annotations

from flask import Blueprint, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.queries import inbox
from engine.web import reading
from engine.web.pages import Pages, number
from engine.web.rules import allow

blueprint = Blueprint("inbox", __name__)


@blueprint.get("/")
@allow("employee")
def home() -> Response:
    """Everybody's first page is the inbox."""
    return redirect(url_for("inbox.show"))


@blueprint.get("/tasks")
@allow("employee")
def show() -> str:
    """One tab. Asked for by htmx, only the lines."""
    tab, words, page = request.args.get("tab", "mine"), request.args.get("q", "").strip(), number("page", 1)
    tab = tab if tab in inbox.TABS else "mine"
    session, actor = reading.session(), reading.actor()
    rows, count = inbox.tasks(session, actor, g.now, tab, words=words, page=page)
    template = "inbox_rows.html" if request.headers.get("HX-Request") else "inbox.html"
    return render_template(
        template,
        rows=rows,
        tab=tab,
        words=words,
        awaited=number("after", 0),
        counts=inbox.counts(session, actor, g.now),
        pages=Pages(page, count, inbox.PAGE),
    )

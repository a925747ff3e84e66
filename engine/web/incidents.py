"""Incidents: what stopped, why, and the two ways on: try again, or resolve with a reason."""

from __future__ import annotations

from flask import Blueprint, g, render_template, request, url_for
from werkzeug.wrappers import Response

from engine import access, incidents
from engine.errors import text
from engine.queries import register
from engine.web import reading
from engine.web.pages import Pages, number
from engine.web.rules import OVERSEERS, allow

blueprint = Blueprint("incidents", __name__)


@blueprint.get("/incidents")
@allow(*OVERSEERS, "auditor")
def listing() -> str:
    """Open incidents, or those that were dealt with."""
    status, page = request.args.get("status", "open"), number("page", 1)
    status = "open" if status != "ended" else status
    session, actor = reading.session(), reading.actor()
    rows, count = register.incidents(session, status=status, page=page)
    return render_template(
        "incidents.html",
        rows=rows,
        status=status,
        open_count=register.open_incidents(session),
        may=any(access.may(session, actor, g.now, "incident.retry", row.instance) for row in rows[:1]),
        pages=Pages(page, count, register.PAGE),
    )


@blueprint.post("/incidents/<int:incident_id>/retry")
@allow("head", "admin")
def retry(incident_id: int) -> Response:
    """Try again what failed."""
    done = text("It is being tried again. If it fails, the incident comes back.")
    reason = request.form.get("reason", "")
    return reading.act(url_for("incidents.listing"), done, incidents.retry, incident_id, reason)


@blueprint.post("/incidents/<int:incident_id>/resolve")
@allow("head", "admin")
def resolve(incident_id: int) -> Response:
    """Declare it settled otherwise, with a reason."""
    done = text("The incident is resolved. The reason is in the log.")
    reason = request.form.get("reason", "")
    return reading.act(url_for("incidents.listing"), done, incidents.resolve, incident_id, reason)

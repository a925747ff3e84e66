"""The register of control points: planned, actual, deviation; letting one go with a reason."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, g, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from engine import interventions
from engine.errors import text
from engine.models import Group
from engine.queries import register
from engine.web import downloads, reading, sheets
from engine.web.pages import Pages, number
from engine.web.rules import OVERSEERS, allow, here

blueprint = Blueprint("control_points", __name__)
STATUSES = (*register.TIMES, "open", "late", "met", "missed", "waived", "all")


@blueprint.get("/control-points")
@allow(*OVERSEERS, "auditor")
def listing() -> str | Response:
    """The register, by state and code; as a page or as a file."""
    form = downloads.wanted()
    status, code, page = request.args.get("status", "open"), request.args.get("code", ""), number("page", 1)
    status = status if status in STATUSES else "open"
    times = g.now, (g.now.astimezone(g.zone) + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    rows, count = register.points(
        reading.session(), status=status, code=code, page=1 if form else page, times=times,
        size=downloads.MOST if form else register.PAGE,
    )  # fmt: skip
    if form:
        return sheets.points(form, rows)
    return render_template(
        "control_points.html",
        rows=rows,
        status=status,
        code=code,
        codes=register.codes(reading.session()),
        counts=register.point_counts(reading.session()) | register.point_times(reading.session(), times),
        groups={one.key: one for one in reading.session().scalars(select(Group))},
        may_waive=bool(reading.actor().groups & set(OVERSEERS)),
        pages=Pages(page, count, register.PAGE),
    )


@blueprint.post("/control-points/<int:point_id>/waive")
@allow(*OVERSEERS)
def waive(point_id: int) -> Response:
    """Let an open control point go, with a reason."""
    back = here(request.form.get("back") or url_for("control_points.listing"))
    done = text("The control point is waived. The reason is in the log.")
    if interventions.seconds(reading.environment(), "waive"):
        done = text("A second person is asked. It is done when it is confirmed.")
    return reading.act(back, done, interventions.waive, point_id, request.form.get("reason", ""))

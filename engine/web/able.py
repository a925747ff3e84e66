"""Who could do each step of the procedures in force, and the limits of authority; the steps nobody could do first."""

from __future__ import annotations

from flask import Blueprint, g, render_template
from sqlalchemy import select

from engine.models import Group
from engine.overlay import AUTHORITY
from engine.queries import able
from engine.web import reading
from engine.web.rules import allow

blueprint = Blueprint("able", __name__)


@blueprint.get("/authority")
@allow("head", "director", "admin", "auditor")
def show() -> str:
    """The table of steps and people."""
    session, env = reading.session(), reading.environment()
    found = able.steps(session, env, g.now)
    return render_template(
        "able.html",
        gaps=[one for one in found if one.faults],
        rows=[one for one in found if not one.faults],
        limits=env.setting(AUTHORITY, {}),
        groups={one.key: one for one in session.scalars(select(Group))},
    )

"""Help: one page per role, in plain words, in the reader's language."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from engine.web import reading
from engine.web.i18n import gettext
from engine.web.rules import allow

blueprint = Blueprint("guide", __name__)
ROLES = ("employee", "head", "auditor", "designer", "operator")


@blueprint.get("/help")
@allow("employee")
def show() -> str:
    """The page of a role: asked for, else the one that fits the reader."""
    role = request.args.get("role", "")
    return render_template("guide.html", role=role if role in ROLES else _own(), roles=_names())


def _own() -> str:
    groups = reading.actor().groups
    by_group = {"admin": "operator", "auditor": "auditor", "head": "head", "director": "head"}
    return next((role for group, role in by_group.items() if group in groups), "employee")


def _names() -> dict[str, str]:
    _ = gettext
    names = (_("Employee"), _("Head"), _("Auditor"), _("Designer of procedures"), _("Administrator"))
    return dict(zip(ROLES, names, strict=True))

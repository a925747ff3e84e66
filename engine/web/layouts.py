"""The library of document templates (R157, R180): versions, who answers for them, previews, their way into force."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, Response, g, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from engine import access
from engine.documents import layouts
from engine.documents.issue import DOCX, PDF
from engine.errors import Invalid, text
from engine.web import reading
from engine.web.labels import LAYOUT_FOLDER
from engine.web.rules import allow
from engine.web.security import FILE_POLICY

blueprint = Blueprint("layouts", __name__)
APPROVERS = ("director", "lawyer", "accountant")


@blueprint.get("/layouts")
@allow("employee")
def listing() -> str:
    """All templates with their versions; what waits for approval first."""
    session = reading.session()
    found = layouts.listing(session, _today())
    return render_template(
        "layouts.html",
        groups=_grouped(found),
        waiting=[one for versions in found.values() for one in versions if one.status in ("draft", "approved")],
        kind_of=_kind_of,
        may=access.may(session, reading.actor(), g.now, "layouts.approve") is not None,
        today=_today(),
    )


@blueprint.get("/layouts/<path:template>/<int:version>.<any(pdf, docx):form>")
@allow("employee")
def preview(template: str, version: int, form: str) -> Response:
    """How a version looks with sample data."""
    env = reading.environment()
    made = layouts.preview(reading.session(), env.settings, template, version)
    pdf = env.pdf.convert(made) if form == "pdf" and env.pdf is not None else None
    name = f"{template.replace('/', '-')}-{version}"
    headers = {
        "Content-Type": PDF if pdf else DOCX,
        "Content-Disposition": f'{"inline" if pdf else "attachment"}; filename="{name}.{"pdf" if pdf else "docx"}"',
        "Content-Security-Policy": FILE_POLICY,
    }
    return Response(pdf or made, headers=headers)


@blueprint.post("/layouts/<path:template>/<int:version>/approve")
@allow(*APPROVERS)
def approve(template: str, version: int) -> Answer:
    """Answer for a draft."""
    note = request.form.get("reason", "")
    return reading.act(_back(), text("The version is approved."), layouts.approve, template, version, note)


@blueprint.post("/layouts/<path:template>/<int:version>/put-in-force")
@allow(*APPROVERS)
def put_in_force(template: str, version: int) -> Answer:
    """Documents of a day and later are made from it."""
    try:
        day = date.fromisoformat(request.form.get("from_day", ""))
    except ValueError:
        raise Invalid("Enter a day.") from None
    done = text("The version is put in force.")
    return reading.act(_back(), done, layouts.put_in_force, template, version, day)


@blueprint.post("/layouts/<path:template>/<int:version>/withdraw")
@allow(*APPROVERS)
def withdraw(template: str, version: int) -> Answer:
    """Use it no more."""
    reason = request.form.get("reason", "")
    return reading.act(_back(), text("The version is withdrawn."), layouts.withdraw, template, version, reason)


def _today() -> date:
    env = reading.environment()
    day: date = g.now.astimezone(env.calendar("main").zone).date()
    return day


def _back() -> str:
    return url_for("layouts.listing")


def _kind_of(template: str) -> str:
    """``payment/reminder`` -> payment_reminder, ``sale/act`` -> act: what its documents are called."""
    kinds = reading.environment().settings.get("documents") or {}
    folder, _, stem = template.partition("/")
    return f"{folder}_{stem}" if f"{folder}_{stem}" in kinds else stem


def _grouped(found: dict[str, list[layouts.Layout]]) -> dict[str, dict[str, list[layouts.Layout]]]:
    """By folder: sale, payment, quality, consent, then others."""
    order = list(LAYOUT_FOLDER)
    folders = sorted({key.partition("/")[0] for key in found}, key=lambda one: (one not in order, one))
    known = [one for one in order if one in folders]
    groups: dict[str, dict[str, list[layouts.Layout]]] = {one: {} for one in (*known, *folders)}
    for key, versions in found.items():
        groups[key.partition("/")[0]][key] = versions
    return groups

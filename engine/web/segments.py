"""Segments: the parameters, the segment-product matrix in its versions, a draft with what it would change."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine import access
from engine.crm import development, matrix, products, segments
from engine.errors import Conflict, Invalid, Text, text
from engine.models import Matrix, Segment, SegmentParameter
from engine.web import reading
from engine.web.formats import zone
from engine.web.given import Given
from engine.web.i18n import say
from engine.web.rules import allow
from engine.work import Work

blueprint = Blueprint("segments", __name__)
EDITORS = ("product_head", "marketer", "admin")
SPARE_RULES = 2


def _guarded(work: Work, verb: Any, *args: Any, **kwargs: Any) -> Any:
    access.require(work, "segments.change")
    return verb(work, *args, **kwargs)


def _may() -> bool:
    return access.may(reading.session(), reading.actor(), g.now, "segments.change") is not None


@blueprint.get("/segments")
@allow("employee")
def listing() -> str:
    """The matrix in force, or another version of it."""
    session = reading.session()
    versions = matrix.versions(session)
    in_force = segments.in_force(session)
    chosen = request.args.get("version", "")
    usual = in_force or (versions[0] if versions else None)
    shown = next((row for row in versions if str(row.version) == chosen), usual)
    draft = next((row for row in versions if row.status == matrix.DRAFT), None)
    return render_template(
        "segments.html", versions=versions, shown=shown, draft=draft, may_change=_may(),
        counts=segments.counts(session), gaps=segments.without_segment(session),
        parameters=segments.parameters(session), warnings=segments.warnings(session), tier=segments.tier,
        **_table(shown), **_prospect(shown, in_force),
    )  # fmt: skip


def _table(shown: Matrix | None) -> dict[str, Any]:
    """The columns of the table: every product some segment is meant to use, in the order of the catalogue."""
    session = reading.session()
    plan = development.plan_of(session, shown)
    used = {product.id for cells in plan.values() for _, product in cells}
    return {
        "columns": [row for row in products.listing(session) if row.id in used],
        "cells": development.matrix_table(plan),
        "titles": {row.key: row for row in segments.parameters(session)},
    }


def _prospect(shown: Matrix | None, in_force: Matrix | None) -> dict[str, Any]:
    """What a draft would change, and what still keeps it from coming into force."""
    if shown is None or shown.status != matrix.DRAFT:
        return {"moves": [], "faults": [], "change": None, "names": {}}
    every = [*(in_force.segments if in_force else ()), *shown.segments]
    return {
        "moves": matrix.impact(reading.session(), shown),
        "faults": matrix.faults(shown),
        "change": matrix.difference(in_force, shown),
        "names": {row.key: row for row in every},
    }


@blueprint.post("/segments/draft")
@allow(*EDITORS)
def draft() -> Response:
    """Begin a new version as a copy of the one in force."""
    note = request.form.get("note", "")
    return reading.act(_newest(), text("A draft of the matrix was begun."), _guarded, matrix.draft, note)


def _newest() -> str:
    versions = matrix.versions(reading.session())
    return url_for("segments.listing", version=(versions[0].version + 1) if versions else 1)


@blueprint.post("/segments/<int:matrix_id>/drop")
@allow(*EDITORS)
def drop(matrix_id: int) -> Response:
    """Throw a draft away."""
    done = text("The draft was thrown away.")
    return reading.act(url_for("segments.listing"), done, _guarded, matrix.drop, matrix_id)


@blueprint.post("/segments/<int:matrix_id>/put-in-force")
@allow(*EDITORS)
def put_in_force(matrix_id: int) -> Response:
    """Bring a draft into force."""
    on = g.now.astimezone(zone()).date()
    done = text("The matrix is in force. Each client has the segment it gives him.")
    version = matrix.find(reading.session(), matrix_id).version
    back = url_for("segments.listing", version=version)
    return reading.act(back, done, _guarded, matrix.put_in_force, matrix_id, on)


@blueprint.post("/segments/<int:matrix_id>/<key>/move")
@allow(*EDITORS)
def move(matrix_id: int, key: str) -> Response:
    """Move a segment up or down: the first that fits takes a client."""
    steps = -1 if request.form.get("up") else 1
    version = matrix.find(reading.session(), matrix_id).version
    back = url_for("segments.listing", version=version)
    return reading.act(back, None, _guarded, matrix.move_segment, matrix_id, key, steps)


@blueprint.post("/segments/<int:matrix_id>/<key>/remove")
@allow(*EDITORS)
def remove(matrix_id: int, key: str) -> Response:
    """Take a segment out of a draft."""
    version = matrix.find(reading.session(), matrix_id).version
    back = url_for("segments.listing", version=version)
    return reading.act(back, text("The segment was taken out."), _guarded, matrix.remove_segment, matrix_id, key)


@blueprint.route("/segments/<int:matrix_id>/edit", methods=["GET", "POST"])
@allow(*EDITORS)
def edit(matrix_id: int) -> Any:
    """A segment of a draft: its name, rules and target products."""
    found = matrix.find(reading.session(), matrix_id)
    key = request.args.get("key", "")
    row = next((one for one in found.segments if one.key == key), None)
    if request.method == "GET":
        return _form(found, row, _kept(row))
    given = Given(request.form)
    version, key = found.version, row.key if row is not None else given.words("key")
    rules = given.rows("rules", "parameter", "op", "value")
    ranks = {one.id: given.whole(f"target-{one.id}") for one in products.listing(reading.session())}
    wanted = sorted((product for product, rank in ranks.items() if rank), key=lambda one: (ranks[one] or 0, one))
    try:
        given.check("The segment cannot be saved yet.")
        reading.do(
            _guarded, _save, matrix_id, key, wanted, title=given.words("title"), title_en=given.words("title_en"),
            rules=rules, portrait=given.words("portrait"), specialist_id=given.whole("specialist_id"),
        )  # fmt: skip
    except Invalid as refused:
        again = matrix.find(reading.session(), matrix_id)
        same = next((one for one in again.segments if one.key == key), None)
        values = {**request.form.to_dict(), "rules": rules}
        return _form(again, same, values, refused.fields, refused.text), 422
    flash(say(text("The segment is saved.")), "good")
    return redirect(url_for("segments.listing", version=version))


def _save(work: Work, matrix_id: int, key: str, wanted: list[int], **values: Any) -> None:
    matrix.save_segment(work, matrix_id, key, **values)
    matrix.set_targets(work, matrix_id, key.strip(), wanted)


def _kept(row: Segment | None) -> dict[str, Any]:
    if row is None:
        return {"rules": []}
    rules = [{**rule, "value": _written(rule["value"])} for rule in row.rules]
    return {
        "key": row.key, "title": row.title, "title_en": row.title_en, "portrait": row.portrait,
        "specialist_id": row.specialist_id, "rules": rules,
        **{f"target-{cell.product_id}": cell.priority for cell in row.products},
    }  # fmt: skip


def _written(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _form(
    found: Matrix, row: Segment | None, values: dict[str, Any], faults: dict[str, Text] | None = None,
    sentence: Text | None = None,
) -> str:  # fmt: skip
    session = reading.session()
    catalogue = [one for one in products.listing(session) if one.withdrawn_on is None]
    return render_template(
        "segment.html", matrix=found, row=row, values=values, faults=faults or {}, sentence=sentence,
        rules=[*values["rules"], *({} for _ in range(SPARE_RULES))], operators=segments.OPERATORS,
        parameters=segments.parameters(session), products=products.tree(catalogue),
        people=[(one.id, one.name) for one in access.members(session, "manager")],
    )  # fmt: skip


@blueprint.route("/segments/parameters", methods=["GET", "POST"])
@allow(*EDITORS)
def parameter() -> Any:
    """A parameter that clients are divided by: new, or one to change."""
    key = request.args.get("key", "")
    kept = reading.session().get(SegmentParameter, key) if key else None
    if request.method == "GET":
        names = ("key", "title", "title_en", "nature", "type", "purpose")
        values = {name: getattr(kept, name) for name in names} if kept is not None else {"nature": "inherent"}
        values["choices"] = "\n".join(kept.choices) if kept is not None else ""
        return render_template("segment_parameter.html", kept=kept, values=values, faults={}, sentence=None)
    given = Given(request.form)
    try:
        reading.do(
            _guarded, segments.save_parameter, key or given.words("key"), title=given.words("title"),
            title_en=given.words("title_en"), nature=given.words("nature"), type=given.words("type"),
            purpose=given.words("purpose"), choices=given.words("choices").splitlines(), new=kept is None,
        )  # fmt: skip
    except (Invalid, Conflict) as refused:
        faults = refused.fields if isinstance(refused, Invalid) else {"key": refused.text}
        again = reading.session().get(SegmentParameter, key) if key else None
        page = render_template(
            "segment_parameter.html", kept=again, values=request.form.to_dict(), faults=faults, sentence=refused.text
        )
        return page, 422
    flash(say(text("The parameter is saved.")), "good")
    return redirect(url_for("segments.listing") + "#parameters")


@blueprint.post("/segments/parameters/<key>/remove")
@allow(*EDITORS)
def remove_parameter(key: str) -> Response:
    """Take a parameter away."""
    back = url_for("segments.listing") + "#parameters"
    return reading.act(back, text("The parameter was taken away."), _guarded, segments.remove_parameter, key)

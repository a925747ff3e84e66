"""Import of lists: choose a file, say what its columns are, see what each row would do, take the good ones."""

from __future__ import annotations

from collections import Counter
from typing import Any

from flask import Blueprint, Response, flash, g, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response as Answer

from engine import access
from engine.attachments import LARGEST
from engine.crm import bank_lines, imports
from engine.crm.exports import Column
from engine.crm.imports_kinds import KINDS, Kind
from engine.errors import Invalid, NotFound, ReglamentError, text
from engine.models import ImportRun, StoredFile, User
from engine.web import downloads, reading
from engine.web.i18n import gettext, ngettext, say
from engine.web.rules import allow

blueprint = Blueprint("imports", __name__)
IMPORTERS = ("head", "director", "admin", "product_head", "accountant", "marketer")
SHOWN = 200  # rows of the rehearsal that are shown; faulty ones are all shown first
RUNS = 30
BANK = bank_lines.KIND


@blueprint.get("/imports")
@allow(*IMPORTERS)
def listing() -> str:
    """What this person may import, and what has been imported."""
    session = reading.session()
    rows = session.execute(
        select(ImportRun, StoredFile, User)
        .join(StoredFile, StoredFile.id == ImportRun.file_id)
        .outerjoin(User, User.id == ImportRun.by_id)
        .where(ImportRun.kind.in_([key for key in (*KINDS, BANK) if _may(key)]))
        .order_by(ImportRun.id.desc())
        .limit(RUNS)
    ).all()
    kinds = [kind for key, kind in KINDS.items() if _may(key)]
    return render_template("imports.html", kinds=kinds, known=KINDS, runs=rows, bank=_may(BANK), chosen=_chosen_kind())


@blueprint.post("/imports/file")
@allow(*IMPORTERS)
def upload() -> Answer:
    """Keep the file and go on to its columns."""
    kind, chosen = request.form.get("kind", ""), request.files.get("file")
    try:
        name, content = _content(chosen)
        if kind == BANK:
            return redirect(url_for("bank.preview", file_id=reading.do(bank_lines.keep, name, content)))
        file_id = reading.do(imports.keep, kind, name, content)
    except ReglamentError as error:
        flash(say(error.text), "late")
        return redirect(url_for("imports.listing", kind=kind))
    return redirect(url_for("imports.preview", kind=kind, file_id=file_id))


@blueprint.get("/imports/<kind>/<int:file_id>")
@allow(*IMPORTERS)
def preview(kind: str, file_id: int) -> str:
    """Which column is what, and what would happen."""
    what = _kind(kind)
    stored, grid = imports.grid_of(reading.session(), reading.environment(), reading.actor(), file_id)
    titles = {one.key: say(one.title) for one in what.fields}
    mapping = _mapping(what) if "mapped" in request.args else imports.proposed(what, grid, titles)
    missing, problem, outcomes = imports.missing(what, mapping), "", []
    if not missing:
        try:
            outcomes = imports.rehearse(reading.environment(), reading.actor(), kind, file_id, mapping)
        except ReglamentError as error:
            problem = say(error.text)
    faulty = [one for one in outcomes if one.action == imports.FAULTY]
    shown = faulty[:SHOWN] + [one for one in outcomes if one.action != imports.FAULTY][: max(0, SHOWN - len(faulty))]
    return render_template(
        "import_preview.html",
        kind=what,
        stored=stored,
        grid=grid,
        mapping=mapping,
        missing=missing,
        problem=problem,
        counts=Counter(one.action for one in outcomes),
        count=len(outcomes),
        shown=sorted(shown, key=lambda one: one.line),
    )


@blueprint.post("/imports/<kind>/<int:file_id>")
@allow(*IMPORTERS)
def take(kind: str, file_id: int) -> Answer:
    """Take the good rows."""
    what = _kind(kind)
    mapping = _mapping(what)
    try:
        run = reading.do(imports.take, kind, file_id, mapping)
    except ReglamentError as error:
        flash(say(error.text), "late")
        chosen: dict[str, Any] = {f"f_{key}": place for key, place in mapping.items()}
        return redirect(url_for("imports.preview", kind=kind, file_id=file_id, mapped=1, **chosen))
    flash(ngettext("%(num)d row is taken.", "%(num)d rows are taken.", run.taken) % {"num": run.taken}, "good")
    return redirect(url_for("imports.show", run_id=run.id))


@blueprint.get("/imports/runs/<int:run_id>")
@allow(*IMPORTERS)
def show(run_id: int) -> str:
    """What came of an import."""
    run = _run(run_id)
    session = reading.session()
    return render_template(
        "import_run.html",
        run=run,
        stored=session.get_one(StoredFile, run.file_id),
        person=session.get(User, run.by_id or 0),
        title=KINDS[run.kind].title if run.kind in KINDS else text("Bank statement"),
        faults=[(fault["row"], fault["column"], say(imports.reason_of(fault))) for fault in run.faults],
    )


@blueprint.get("/imports/runs/<int:run_id>/faulty.<any(xlsx, csv):form>")
@allow(*IMPORTERS)
def faulty(run_id: int, form: str) -> Response:
    """The rows that were not taken, with what is wrong: to be put right and imported again."""
    run = _run(run_id)
    if run.kind not in KINDS:
        raise NotFound("There is no such import.")
    columns, rows = imports.faulty_rows(reading.session(), reading.environment(), run)
    reasons: dict[int, list[str]] = {}
    for fault in run.faults:
        where = f"{fault['column']}: " if fault["column"] else ""
        reasons.setdefault(fault["row"], []).append(where + say(imports.reason_of(fault)))
    made = [[*cells, "; ".join(reasons[line])] for line, cells in rows]
    return downloads.sheet(form, gettext("Rows not taken"), [*columns, Column(gettext("What is wrong"))], made)


@blueprint.get("/imports/<kind>/sample.<any(xlsx, csv):form>")
@allow(*IMPORTERS)
def sample(kind: str, form: str) -> Response:
    """A file with the heads that are understood and one row as an example."""
    what = _kind(kind)
    columns = [Column(say(one.title)) for one in what.fields]
    return downloads.sheet(form, say(what.title), columns, [[one.sample for one in what.fields]])


def _may(key: str) -> bool:
    return access.may(reading.session(), reading.actor(), g.now, f"import.{key}") is not None


def _kind(key: str) -> Kind:
    kind = imports.kind_of(key)
    if not _may(key):
        raise NotFound("Such files cannot be imported.")
    return kind


def _chosen_kind() -> str:
    return request.args.get("kind", "")


def _run(run_id: int) -> ImportRun:
    run = reading.session().get(ImportRun, run_id)
    if run is None or not _may(run.kind):
        raise NotFound("There is no such import.")
    return run


def _mapping(kind: Kind) -> dict[str, int]:
    """The columns a person chose: ``f_name=2``."""
    given = {one.key: request.values.get(f"f_{one.key}", "") for one in kind.fields}
    return {key: int(place) for key, place in given.items() if place.isascii() and place.isdigit()}


def _content(chosen: FileStorage | None) -> tuple[str, bytes]:
    if chosen is None or not chosen.filename:
        raise Invalid("Choose a file.")
    return chosen.filename.replace("\\", "/").rsplit("/", 1)[-1], chosen.stream.read(LARGEST + 1)

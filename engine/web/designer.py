"""The designer's pages: procedures and their versions, the drawing board, check, draft, publication."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Any
from xml.sax.saxutils import quoteattr

from flask import Blueprint, Response, g, jsonify, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from engine import deployments
from engine.errors import Fault, NotFound, Refused, ReglamentError, text
from engine.models import Deployment
from engine.overlay import AUTHORITY
from engine.queries import able, procedures
from engine.web import reading, security
from engine.web.i18n import gettext, locale, say
from engine.web.rules import allow, is_one_of
from engine.work import Work

blueprint = Blueprint("designer", __name__)

READERS = ("employee",)  # the diagram is the law: whoever works by it may read it
KEY = re.compile(r"[a-z][a-z0-9_]{1,59}")
LARGEST = 2 * 1024 * 1024  # bytes of one drawing

BLANK = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" \
xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" \
xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" id="Definitions_{key}" targetNamespace="http://bpmn.io/schema/bpmn">
  <bpmn:process id="{key}" name={name} isExecutable="true">
    <bpmn:startEvent id="begin" />
  </bpmn:process>
  <bpmndi:BPMNDiagram id="Diagram_{key}">
    <bpmndi:BPMNPlane id="Plane_{key}" bpmnElement="{key}">
      <bpmndi:BPMNShape id="begin_di" bpmnElement="begin">
        <dc:Bounds x="180" y="160" width="36" height="36" />
      </bpmndi:BPMNShape>
    </bpmndi:BPMNPlane>
  </bpmndi:BPMNDiagram>
</bpmn:definitions>
"""


@blueprint.get("/procedures")
@allow(*READERS)
def index() -> str:
    """Every procedure in its newest version."""
    session = reading.session()
    begun = [(PurePosixPath(one.file).stem, one) for one in procedures.begun(session)]
    return render_template("procedures.html", rows=procedures.procedures(session), begun=begun, may_edit=_may_edit())


@blueprint.get("/procedures/new")
@allow("admin")
def new() -> str:
    """Name a new procedure."""
    return render_template("procedure_new.html", typed={"name": "", "key": ""}, problem=None)


@blueprint.post("/procedures/new")
@allow("admin")
def create() -> Any:
    """Begin a draft with nothing but a start event."""
    typed = {"name": request.form.get("name", "").strip(), "key": request.form.get("key", "").strip()}
    problem = None
    if not KEY.fullmatch(typed["key"]):
        problem = text("A key begins with a Latin letter and has only small letters, digits and underscores")
    elif procedures.source(reading.session(), typed["key"]) or procedures.draft(reading.session(), typed["key"]):
        problem = text("There is a procedure «{key}» already", key=typed["key"])
    if problem:
        return render_template("procedure_new.html", typed=typed, problem=say(problem)), 422
    key = typed["key"]
    content = BLANK.format(key=key, name=quoteattr(typed["name"] or key)).encode()
    return reading.act(
        url_for("designer.edit", key=key), None,
        deployments.save_draft, _file(key), content,
    )  # fmt: skip


@blueprint.get("/procedures/<key>")
@allow(*READERS)
def show(key: str) -> str:
    """One procedure: the drawing of a version and all versions."""
    session = reading.session()
    version = request.args.get("version", type=int)
    shown = procedures.source(session, key, version)
    if shown is None:
        raise NotFound("There is no procedure «{key}»", key=key)
    return render_template(
        "procedure.html", shown=shown, versions=procedures.versions(session, key),
        draft=procedures.draft(session, key), may_edit=_may_edit(),
    )  # fmt: skip


@blueprint.get("/procedures/<key>/source")
@allow(*READERS)
def source(key: str) -> Response:
    """The BPMN file of a version, or of the draft (``?draft=1``)."""
    session = reading.session()
    kept = procedures.draft(session, key) if "draft" in request.args else None
    published = None if kept else procedures.source(session, key, request.args.get("version", type=int))
    if kept is None and published is None:
        raise NotFound("There is no procedure «{key}»", key=key)
    content = kept.content if kept else published.xml if published else b""
    return Response(content, mimetype="application/xml")


@blueprint.get("/procedures/<key>/edit")
@allow("admin")
def edit(key: str) -> str:
    """The drawing board."""
    session = reading.session()
    draft, published = procedures.draft(session, key), procedures.source(session, key)
    if draft is None and published is None:
        raise NotFound("There is no procedure «{key}»", key=key)
    security.allow_inline_styles()
    return render_template(
        "procedure_edit.html", key=key, name=published.name if published else key, draft=draft, published=published,
        revision=draft.revision if draft else 0, words=_words(),
        source=url_for("designer.source", key=key, draft=1 if draft else None), limits=_limits(),
    )  # fmt: skip


@blueprint.post("/procedures/<key>/check")
@allow("admin")
def check(key: str) -> Answer:
    """What would be refused, without saving anything."""
    with reading.environment().sessions() as session:
        faults = deployments.check(session, reading.environment(), {_file(key): _body()})
    return jsonify(faults=_shown(faults))


@blueprint.post("/procedures/<key>/draft")
@allow("admin")
def save(key: str) -> Any:
    """Keep the drawing as a draft; it may have faults."""
    revision = request.headers.get("X-Revision", type=int)
    try:
        draft = reading.do(deployments.save_draft, _file(key), _body(), revision or None)
    except ReglamentError as error:
        return jsonify(message=say(error.text)), 409
    return jsonify(message=say(text("Draft saved")), revision=draft.revision)


@blueprint.post("/procedures/<key>/publish")
@allow("admin")
def publish(key: str) -> Any:
    """Publish the drawing as a new version, or say why not; the old version then stays in force."""
    note = request.headers.get("X-Note")
    try:
        revision = request.headers.get("X-Revision", type=int)
        made = reading.do(_publish, _file(key), _body(), revision or None, note)
    except Refused as refused:
        message = text("Not published: the version in force stays as it is. Mend what is listed below.")
        return jsonify(message=say(message), faults=_shown(refused.faults)), 422
    except ReglamentError as error:
        return jsonify(message=say(error.text)), 409
    if made is None:
        return jsonify(message=say(text("Nothing has changed since the version in force")))
    newest = procedures.source(reading.session(), key)
    done = say(text("Version {version} is in force", version=newest.version if newest else 1))
    return jsonify(message=" ".join([f"{done}.", *_nobody_could(key)]))


def _nobody_could(key: str) -> list[str]:
    """What the designer is told at once: a step of his that would wait for nobody."""
    found = able.steps(reading.session(), reading.environment(), g.now)
    return [
        say(text("Nobody could do «{step}»: {reason}.", step=one.element.name or one.element.id,
                 reason="; ".join(say(fault) for fault in one.faults)))
        for one in found if one.faults and one.definition.key == key
    ]  # fmt: skip


def _publish(work: Work, file: str, content: bytes, revision: int | None, note: str | None) -> Deployment | None:
    """Keep what is on the board and publish it at once: a conflict with another designer stops both."""
    deployments.save_draft(work, file, content, revision)
    return deployments.publish_draft(work, file, note)


def _limits() -> list[dict[str, str]]:
    """Kinds of authority as the choices of an element template."""
    title = "title_en" if locale() == "en" else "title"
    kinds = reading.environment().setting(AUTHORITY, {})
    return [{"name": one.get(title) or key, "value": key} for key, one in kinds.items()]


def _may_edit() -> bool:
    return is_one_of(g.actor, "admin")


def _body() -> bytes:
    content = request.get_data(cache=False)
    if len(content) > LARGEST:
        raise Refused("The drawing is larger than 2 MB")
    return content


def _file(key: str) -> str:
    return procedures.file_of(reading.session(), key)


def _shown(faults: tuple[Fault, ...]) -> list[dict[str, Any]]:
    order = {"error": 0, "warning": 1}
    return [
        {
            "code": fault.code, "file": fault.file, "element_id": fault.element_id, "severity": fault.severity,
            "reason": say(fault.reason), "remedy": say(fault.remedy),
        }
        for fault in sorted(faults, key=lambda fault: order.get(fault.severity, 2))
    ]  # fmt: skip


def _words() -> dict[str, str]:
    """What the drawing board itself says."""
    return {
        "unsaved": gettext("Not saved yet"),
        "lost": gettext("The server did not answer. Nothing is lost: try again."),
        "unreadable": gettext("The drawing cannot be read."),
        "count": gettext("errors: {errors}, warnings: {warnings}"),
        "none": gettext("no remarks"),
    }

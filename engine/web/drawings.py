"""The drawings of published procedures, as the browser's viewer wants them. What the company's rules are is no secret
inside it; which instances run by them is asked elsewhere."""

from __future__ import annotations

from flask import Blueprint, Response

from engine.errors import NotFound
from engine.queries import procedures
from engine.web import reading
from engine.web.rules import allow

blueprint = Blueprint("drawings", __name__)


@blueprint.get("/drawings/<key>/<int:version>.bpmn")
@allow("employee")
def source(key: str, version: int) -> Response:
    """The BPMN file of one version. A version never changes, so the browser may keep it."""
    found = procedures.source(reading.session(), key, version)
    if found is None:
        raise NotFound("There is no such version of a procedure")
    headers = {"Cache-Control": "private, max-age=604800, immutable", "Content-Type": "application/xml; charset=utf-8"}
    return Response(found.xml, headers=headers)

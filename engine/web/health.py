"""Whether the site lives: for the machine that watches it."""

from __future__ import annotations

from flask import Blueprint, jsonify
from sqlalchemy import text as sql
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response

from engine.web import reading
from engine.web.rules import public

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
@public
def healthz() -> tuple[Response, int]:
    """200 while the database answers, 503 otherwise."""
    try:
        reading.session().execute(sql("SELECT 1"))
    except SQLAlchemyError:
        return jsonify(status="no database"), 503
    return jsonify(status="ok"), 200

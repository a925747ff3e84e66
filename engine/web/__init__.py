"""The web floor: server-rendered pages over the verbs and queries. Nothing below imports it; it can be removed."""

from __future__ import annotations

import importlib
import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Flask, g, request, url_for

from engine.web import (
    downloads,
    failures,
    formats,
    i18n,
    keys,
    labels,
    markdown,
    menu,
    papers,
    reading,
    returning,
    rules,
    seals,
    security,
    stillness,
)

NOUNS = (
    "signin", "preferences", "inbox", "bulk", "tasks", "drafts", "back", "start", "deals", "instances", "drawings",
    "approvals",
    "control_points", "documents", "layouts", "incidents", "guide", "health", "public", "reports", "catalogue",
    "imports", "bank",
    "assignments",
    "clients", "client_forms", "products", "segments",
    "knowledge", "market",
    "campaigns", "loyalty", "diagnosis",
    "complaints", "surveys",
    "board", "stalled", "monitoring", "outlook",
    "interventions", "absences", "people", "rulebook", "limits", "able",
    "comments", "notices", "agenda", "ical", "incoming",
)  # fmt: skip
LATER = ("designer",)
HERE = Path(__file__).parent
LARGEST_REQUEST = 32 * 1024 * 1024  # bytes; uploads of forms included


def create_web(env: Any, config: Mapping[str, Any] | None = None) -> Flask:
    """The Flask application over an environment (engine.environment). ``config``: Flask's own settings, above all
    ``SECRET_KEY``, and ``SESSION_COOKIE_SECURE`` where the site is served by https."""
    app = Flask(__name__, static_folder="static", template_folder="templates")
    app.config.update(
        SECRET_KEY=secrets.token_hex(32),
        MAX_CONTENT_LENGTH=LARGEST_REQUEST,
        MAX_FORM_MEMORY_SIZE=4 * 1024 * 1024,
        SESSION_COOKIE_NAME="page",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_TIME_LIMIT=None,
    )
    app.config.update(config or {})
    app.extensions["reglament"] = env
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.before_request(_prepare)
    for part in (
        security, rules, i18n, formats, labels, failures, reading, menu, keys, seals, downloads, markdown, stillness,
        returning, papers,
    ):  # fmt: skip
        part.install(app)
    app.jinja_env.globals["asset"] = asset
    for noun in (*NOUNS, *LATER):
        if noun in LATER and not (HERE / f"{noun}.py").exists():
            continue
        blueprint: Blueprint = importlib.import_module(f"engine.web.{noun}").blueprint
        app.register_blueprint(blueprint)
    return app


def asset(name: str) -> str:
    """Address of a bundled file: ``app.css`` -> ``/static/dist/app-OPS5E6LE.css``."""
    return url_for("static", filename=f"dist/{_manifest()[name]}")


def _manifest() -> dict[str, str]:
    path = HERE / "static" / "dist" / "manifest.json"
    if "manifest" not in g:
        g.manifest = json.loads(path.read_text("utf-8")) if path.exists() else _unbuilt()
    manifest: dict[str, str] = g.manifest
    return manifest


class _unbuilt(dict[str, str]):  # noqa: N801  # a stand-in, named as a value
    """Without a build pages are plain but work: the names stand for themselves."""

    def __missing__(self, name: str) -> str:
        return name


def _prepare() -> None:
    env = reading.environment()
    g.now = env.clock()
    if request.endpoint not in (None, "static"):
        env.refresh(reading.session().connection(), g.now)
    g.zone = next((calendar.zone for calendar in env.calendars.values()), ZoneInfo("UTC"))
    g.theme = "dark" if request.cookies.get("theme") == "dark" else "light"
    g.sprite = asset("icons.svg")
    g.actor = None if request.endpoint == "static" else reading.signed_in()

"""A page's own seal: proof, kept in a hidden field, that this person had this thing open."""

from __future__ import annotations

from flask import Flask, current_app
from itsdangerous import BadData, URLSafeSerializer

from engine.web import reading


def seal(kind: str, number: int) -> str:
    """What the page carries."""
    return str(_serializer().dumps([kind, number, reading.actor().user_id]))


def holds(given: str, kind: str, number: int) -> bool:
    """Was this seal made for this thing and the person signed in now?"""
    try:
        return bool(_serializer().loads(given) == [kind, number, reading.actor().user_id])
    except BadData:
        return False


def install(app: Flask) -> None:
    """Give templates ``seal``."""
    app.jinja_env.globals["seal"] = seal


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt="page seal")

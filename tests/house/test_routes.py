"""Law 7: every route states who may call it; whatever changes state is POST with CSRF protection."""
from __future__ import annotations

from types import SimpleNamespace

import pytest
from flask import Flask

from engine.web import create_web
from engine.web.rules import rule_of


@pytest.fixture(scope="module")
def app() -> Flask:
    return create_web(SimpleNamespace(calendars={}, clock=None, sessions=None))


def test_every_route_states_who_may_call_it(app: Flask) -> None:
    silent = [r.rule for r in app.url_map.iter_rules() if rule_of(app.view_functions[r.endpoint]) is None]
    assert silent == []


def test_whoever_changes_something_does_it_by_post(app: Flask) -> None:
    methods = {m for r in app.url_map.iter_rules() for m in r.methods or ()}
    assert methods <= {"GET", "HEAD", "OPTIONS", "POST"}


def test_no_route_is_exempt_from_csrf_protection(app: Flask) -> None:
    protect = app.extensions["csrf"]
    assert not protect._exempt_views
    assert not protect._exempt_blueprints

"""Who may call a route. Every view says so with ``@allow`` or ``@public``; a view that says nothing is closed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import Flask, Response, abort, current_app, g, redirect, request, url_for

from engine.errors import Forbidden
from engine.work import Actor

View = TypeVar("View", bound=Callable[..., Any])
RULE = "reglament_rule"
EMPLOYEE = "employee"
PUBLIC = "public"
OVERSEERS = ("head", "director", "admin")


def allow(*groups: str) -> Callable[[View], View]:
    """Only for members of one of these candidate groups; ``employee`` means everybody who is signed in."""
    if not groups:
        raise ValueError("say who may call the route")

    def mark(view: View) -> View:
        setattr(view, RULE, frozenset(groups))
        return view

    return mark


def public(view: View) -> View:
    """For everybody, signed in or not."""
    setattr(view, RULE, frozenset({PUBLIC}))
    return view


def rule_of(view: Callable[..., Any]) -> frozenset[str] | None:
    """The rule of a view, or None if nobody wrote one."""
    found: frozenset[str] | None = getattr(view, RULE, None)
    return found


def is_one_of(actor: Actor | None, *groups: str) -> bool:
    """May this person pass a rule of these groups?"""
    return actor is not None and (EMPLOYEE in groups or bool(actor.groups & set(groups)))


def here(path: str | None) -> str:
    """A path of this site to go back to; anything else becomes the inbox."""
    if not path or not path.startswith("/") or path.startswith(("//", "/\\")) or urlsplit(path).netloc:
        return url_for("inbox.show")
    return path


def guard() -> Any:
    """Before every request: is there a rule, and does this person pass it?"""
    if request.endpoint is None:
        return None  # no such address, or not by this method: Flask says so itself
    rule = rule_of(current_app.view_functions[request.endpoint])
    if rule is None:
        abort(403)
    if PUBLIC in rule:
        return None
    if g.actor is None:
        if request.method != "GET":
            abort(401)
        return _to_the_door()
    if not is_one_of(g.actor, *rule):
        raise Forbidden("This page is not for your role. Ask the administrator if you need it.")
    return None


def _to_the_door() -> Any:
    """The form to sign in, and from there back. A script gets 401: it must not put the form in place of its answer."""
    if request.headers.get("Sec-Fetch-Dest") != "empty":
        return redirect(url_for("signin.form", next=request.full_path.rstrip("?")))
    page = here(urlsplit(request.referrer or "").path)
    return Response(status=401, headers={"HX-Redirect": url_for("signin.form", next=page)})


def install(app: Flask) -> None:
    """Put the guard before every request; the built-in route of static files is public."""
    public(app.view_functions["static"])
    app.before_request(guard)
    app.jinja_env.globals["is_one_of"] = is_one_of

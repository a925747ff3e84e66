"""Limits of authority in pages: who may decide up to which value, and which open tasks a change would hand over."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, g, render_template, request, url_for
from sqlalchemy import select

from engine import authority, rulebook
from engine.errors import NotFound, Text, text
from engine.models import Group
from engine.overlay import AUTHORITY
from engine.web import reading
from engine.web.rulebook import NEW, READERS, SHOWN, WRITERS, change, limit_usage, may_change, starts
from engine.web.rules import allow

blueprint = Blueprint("limits", __name__)
THOUSANDS = re.compile(r"\d{1,3}(,\d{3})+")
UNITS = ("₽", "%")


@blueprint.get("/rules/authority/<kind>")
@allow(*READERS)
def show(kind: str) -> str:
    """One kind of authority: up to which value the members of each group decide."""
    return _page(kind, _held(kind))


@blueprint.post("/rules/authority/<kind>")
@allow(*WRITERS)
def save(kind: str) -> Any:
    """Look what would change; then save."""
    key = request.form.get("kind", "").strip() if kind == NEW else kind
    data = _sent()
    if kind == NEW and (key == NEW or key in reading.environment().setting(AUTHORITY, {})):
        return _page(kind, data, request.form, {"kind": text("There is such a kind already")}), 422
    return change(
        (AUTHORITY, key), data,
        lambda errors, moves: _page(kind, data, request.form, errors, moves), url_for("rulebook.index", tab=AUTHORITY),
    )  # fmt: skip


def _page(
    kind: str, data: Mapping[str, Any], given: Any = None, errors: Mapping[str, Text] | None = None,
    moves: list[rulebook.Handover] | None = None,
) -> str:  # fmt: skip
    session, env = reading.session(), reading.environment()
    held = {} if kind == NEW else _held(kind)["limits"]
    groups = session.scalars(select(Group).order_by(Group.title)).all()
    later = given is not None and (starts() or g.now) > g.now
    order = list(dict.fromkeys((*held, *data["limits"])))
    wanted = authority.ordered(data["limits"]) if moves is not None else {}
    return render_template(
        "rule_limits.html",
        kind=kind,
        new=kind == NEW,
        data=data,
        held=held,
        given=given,
        errors=errors or {},
        moves=[] if moves is not None and later else moves,
        later=later,
        wanted=wanted,
        changed=[one.key for one in groups if wanted and held.get(one.key) != wanted.get(one.key)],
        ceiling=None if authority.ANY in wanted.values() else max(wanted.values(), default=None),
        shown=SHOWN,
        deciding=sorted((one for one in groups if one.key in order), key=lambda one: order.index(one.key)),
        others=[one for one in groups if one.key not in order],
        titles={one.key: one for one in groups},
        units=UNITS,
        usage=limit_usage(session, env).get(kind, []),
        history=rulebook.versions(session, AUTHORITY, kind),
        may_change=may_change(),
    )


def _held(kind: str) -> Mapping[str, Any]:
    if kind == NEW:
        return {"title": "", "title_en": "", "unit": UNITS[0], "limits": {}}
    found: Mapping[str, Any] | None = reading.environment().setting(f"{AUTHORITY}.{kind}", None)
    if found is None:
        raise NotFound("There is no kind of authority «{kind}»", kind=kind)
    return found


def _sent() -> dict[str, Any]:
    """What the form says; a number that is none stays as it was written, for the check to refuse it at its field."""
    limits: dict[str, Any] = {}
    for name, value in request.form.items():
        what, _, group = name.partition(".")
        if what == "any" and group:
            limits[group] = authority.ANY
        elif what == "limits" and group and value.strip() and f"any.{group}" not in request.form:
            limits[group] = _number(value)
    given = {name: request.form.get(name, "").strip() for name in ("title", "title_en", "unit")}
    return {**given, "limits": limits}


def _number(written: str) -> Any:
    plain = "".join(written.split())
    plain = plain.replace(",", "") if THOUSANDS.fullmatch(plain) else plain.replace(",", ".")
    try:
        number = float(plain)
    except ValueError:
        return written
    if not 0 <= number < 1e15:
        return written
    return int(number) if number.is_integer() else number

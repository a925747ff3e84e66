"""The board of deals: stages as columns, and what leads a deal from one to another."""
from __future__ import annotations

from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

from flask import Blueprint, g, render_template, request, url_for
from werkzeug.wrappers import Response

from engine import access
from engine.crm import refusing
from engine.errors import NotFound, text
from engine.models import Deal
from engine.queries import board, leads_on
from engine.queries.seen import OVERSEERS
from engine.web import reading
from engine.web.i18n import locale
from engine.web.pages import Pages, number
from engine.web.rules import allow, here

blueprint = Blueprint("board", __name__)
STATES = ("", "moving", "paused")
SPACES = str.maketrans({" ": None, "\u00a0": None, "\u202f": None, ",": "."})


@blueprint.get("/board")
@allow("employee")
def show() -> str:
    """All columns, or one of them alone with pages."""
    session, actor, env = reading.session(), reading.actor(), reading.environment()
    wanted = _wanted()
    columns = board.columns(session, env, actor, g.now, wanted)
    alone = columns[0] if len(columns) == 1 else None
    return render_template(
        "board.html",
        columns=columns,
        alone=alone,
        outline=board.outline(env, wanted.scheme),
        wanted=wanted,
        choices=board.choices(session, actor),
        schemes=_schemes(),
        pages=Pages(wanted.page, alone.count, int(env.setting("board.page", 60))) if alone else None,
        filters={name: value for name, value in request.args.items() if value and name not in {"stage", "page"}},
        is_overseer=bool(actor.groups & OVERSEERS),
    )


@blueprint.get("/board/deals/<int:deal_id>")
@blueprint.get("/board/deals/<int:deal_id>/to/<stage>")
@allow("employee")
def way(deal_id: int, stage: str = "") -> str:
    """Where a deal may go from here and by what; asked by the board's own script, only the part it shows."""
    session, env = reading.session(), reading.environment()
    deal = _deal(deal_id)
    scheme = _scheme()
    columns = board.outline(env, scheme)
    now = next((column.key for column in columns if deal.milestone in column.milestones), "")
    keys = [column.key for column in columns]
    following = keys[keys.index(now) + 1] if now and keys.index(now) + 1 < len(keys) else ""
    found = leads_on.way(session, env, deal, scheme, stage) if stage else None
    seen = {
        step.task.id for step in (found.steps if found else ())
        if access.may(session, reading.actor(), g.now, "task.see", step.task)
    }  # fmt: skip
    page = "board_way_part.html" if request.headers.get("X-Part") else "board_way.html"
    return render_template(
        page, deal=deal, columns=columns, stage=stage, now=now, following=following, way=found, seen=seen,
        scheme=scheme, lost=leads_on.LOST, part=page.endswith("_part.html"),
        names={column.key: column for column in columns},
    )  # fmt: skip


@blueprint.post("/board/deals/<int:deal_id>/refuse")
@allow("employee")
def refuse(deal_id: int) -> Response:
    """The client refuses: the drawing of the deal takes over."""
    _deal(deal_id)
    back = here(request.form.get("back") or url_for("deals.show", deal_id=deal_id))
    done = text("The procedure was told that the client refuses. Its next step asks why.")
    return reading.act(back, done, refusing.begin, deal_id)


def _deal(deal_id: int) -> Deal:
    deal = reading.session().get(Deal, deal_id)
    if deal is None or not board.may_see(reading.actor(), deal):
        raise NotFound("There is no such deal, or it is not yours to see")
    return deal


def _schemes() -> dict[str, str]:
    settings: dict[str, Any] = reading.environment().setting("stages")
    return {key: entry["title_en" if locale() == "en" else "title"] for key, entry in settings.items()}


def _scheme() -> str:
    schemes = _schemes()
    asked = request.args.get("scheme", "")
    return asked if asked in schemes else next(iter(schemes))


def _wanted() -> board.Wanted:
    found = board.Wanted(scheme=_scheme(), page=number("page", 1))
    asked = request.args
    state = asked.get("state", "")
    return replace(
        found,
        words=asked.get("q", "").strip(),
        owner=number("owner", 0) or None,
        product=number("product", 0) or None,
        segment=asked.get("segment", ""),
        least=_sum(asked.get("least", "")),
        state=state if state in STATES else "",
        stage=asked.get("stage", ""),
    )


def _sum(given: str) -> Decimal | None:
    try:
        return Decimal(given.translate(SPACES)) if given.strip() else None
    except InvalidOperation:
        return None

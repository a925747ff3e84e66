"""Deals: the list and the page of one: stages, control points, documents, payments, tasks, history."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, render_template, request

from engine import access
from engine.queries import deal as deals
from engine.web import labels, reading
from engine.web.pages import Pages, number
from engine.web.rules import allow

blueprint = Blueprint("deals", __name__)
STATUSES = ("open", "won", "lost", "all")


@blueprint.get("/deals")
@allow("employee")
def listing() -> str:
    """The deals this person may see, by status, with a search."""
    words, page = request.args.get("q", "").strip(), number("page", 1)
    status = request.args.get("status", "open")
    status = status if status in STATUSES else "open"
    rows, count = deals.listing(
        reading.session(), reading.actor(), words=words, status="" if status == "all" else status, page=page
    )
    return render_template(
        "deals.html", rows=rows, words=words, status=status, statuses=STATUSES, pages=Pages(page, count, deals.PAGE)
    )


@blueprint.get("/deals/<int:deal_id>")
@allow("employee")
def show(deal_id: int) -> str:
    """One deal."""
    session, actor = reading.session(), reading.actor()
    deal = deals.one(session, actor, deal_id)
    page = deals.whole(session, deal)
    seen: dict[int, Any] = {i.id: i for i in page.instances if access.may(session, actor, g.now, "instance.see", i)}
    return render_template(
        "deal.html",
        page=page,
        deal=deal,
        seen=seen,
        stages=labels.stages(page.reached, deal.milestone, deal.status),
        may_waive=actor.groups & {"head", "director", "admin"},
    )

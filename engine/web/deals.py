"""Deals: the list and the page of one: stages, control points, documents, payments, tasks, history."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, g, render_template, request, url_for
from werkzeug.wrappers import Response

from engine import access, pauses
from engine.crm import amounts, stages, transfers
from engine.crm import deals as deals_of_crm
from engine.errors import text
from engine.models import Deal, User
from engine.queries import deal as deals
from engine.web import downloads, reading, sheets
from engine.web.given import Given
from engine.web.i18n import locale
from engine.web.pages import Pages, number
from engine.web.rules import allow
from engine.work import Work

blueprint = Blueprint("deals", __name__)
STATUSES = ("open", "postponed", "won", "lost", "all")


@blueprint.get("/deals")
@allow("employee")
def listing() -> str | Response:
    """The deals this person may see, by status, with a search; as a page or as a file."""
    form = downloads.wanted()
    words, page = request.args.get("q", "").strip(), number("page", 1)
    status = request.args.get("status", "open")
    status = status if status in STATUSES else "open"
    rows, count = deals.listing(
        reading.session(), reading.actor(), words=words, status="" if status == "all" else status,
        page=1 if form else page, size=downloads.MOST if form else deals.PAGE,
    )  # fmt: skip
    totals = {row.deal.id: _amounts(row.deal).total for row in rows}
    if form:
        return sheets.deals(form, rows, totals)
    return render_template(
        "deals.html",
        rows=rows,
        totals=totals,
        words=words,
        status=status,
        statuses=STATUSES,
        pages=Pages(page, count.rows, deals.PAGE, count.more),
    )


@blueprint.get("/deals/<int:deal_id>")
@allow("employee")
def show(deal_id: int) -> str:
    """One deal."""
    session, actor = reading.session(), reading.actor()
    deal = deals.one(session, actor, deal_id)
    page = deals.whole(session, deal)
    settings = reading.environment().setting("stages")
    schemes = {key: entry["title_en" if locale() == "en" else "title"] for key, entry in settings.items()}
    scheme = request.args.get("scheme", "")
    scheme = scheme if scheme in schemes else next(iter(schemes))
    seen: dict[int, Any] = {i.id: i for i in page.instances if access.may(session, actor, g.now, "instance.see", i)}
    return render_template(
        "deal.html",
        page=page,
        deal=deal,
        seen=seen,
        amounts=_amounts(deal),
        paid=amounts.paid(session, deal.id),
        scheme=scheme,
        schemes=schemes,
        stages=stages.view(session, deal, settings, scheme),
        pause=pauses.current(reading.look(), deal.id),
        may_waive=actor.groups & {"head", "director", "admin"},
        takers=_takers(deal),
        may_judge=deal.status == "open" and access.may(session, actor, g.now, "deal.change", deal) is not None,
    )


def _takers(deal: Deal) -> list[User]:
    """Who may get the deal, for somebody who may give it: the other managers."""
    if deal.status != "open" or access.may(reading.session(), reading.actor(), g.now, "deal.give", deal) is None:
        return []
    return [user for user in access.members(reading.session(), "manager") if user.id != deal.owner_id]


@blueprint.post("/deals/<int:deal_id>/owner")
@allow("head", "director", "admin")
def give(deal_id: int) -> Response:
    """Give the deal to another manager, with the open tasks and control points of the former one."""
    user_id, reason = Given(request.form).whole("owner") or 0, request.form.get("reason", "")
    done = text("The deal has another owner now. Open tasks and control points went along.")
    return reading.act(url_for("deals.show", deal_id=deal_id), done, transfers.give_deal, deal_id, user_id, reason)


@blueprint.post("/deals/<int:deal_id>/prospects")
@allow("employee")
def judge(deal_id: int) -> Response:
    """Say anew how likely the deal is, when the sale is expected, and what is known of the client's money and risks."""
    given = Given(request.form)
    chance, day = given.whole("probability"), given.day("expected_on")
    back = url_for("deals.show", deal_id=deal_id)
    done = text("What is thought of the deal is written down.")
    return reading.act(back, done, _judge, given, deal_id, chance, day)


def _judge(work: Work, given: Given, deal_id: int, chance: int | None, day: date | None) -> None:
    given.check("What is thought of the deal cannot be saved yet.")
    deals_of_crm.judge(work, deal_id, chance, day, given.texts(deals_of_crm.KNOWN))


def _amounts(deal: Deal) -> amounts.Amounts:
    return amounts.of(deal, reading.environment(), g.now.date())

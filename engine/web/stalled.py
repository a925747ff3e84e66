"""Deals that stand still: the list against history, pauses with their reason, their review."""
from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine import access, pauses
from engine.crm import staleness
from engine.errors import Invalid, NotFound, ReglamentError, text
from engine.models import Deal, Pause
from engine.queries import board, stalled
from engine.queries import deal as deals
from engine.web import reading, stillness
from engine.web.given import Given
from engine.web.i18n import say
from engine.web.pages import Pages, number
from engine.web.rules import OVERSEERS, allow, here

blueprint = Blueprint("stalled", __name__)
TABS = (stalled.STILL, stalled.PAUSED, stalled.REVIEW)
USUAL = timedelta(days=7)


@blueprint.get("/stalled")
@allow("employee")
def listing() -> str:
    """What stands still longer than such deals do; what is paused; pauses to be reviewed."""
    session, actor, env = reading.session(), reading.actor(), reading.environment()
    tab, owner, page = request.args.get("tab", stalled.STILL), number("owner", 0) or None, number("page", 1)
    tab, scheme = tab if tab in TABS else stalled.STILL, _scheme()
    rows, count = stalled.still(session, env, actor, g.now, owner=owner, scheme=scheme, page=page)
    return render_template(
        "stalled.html",
        tab=tab,
        rows=rows,
        pauses=stalled.pauses(session, actor, tab, owner=owner) if tab != stalled.STILL else [],
        counts=stalled.counts(session, env, actor, g.now, scheme, owner),
        pages=Pages(page, count, stalled.PAGE),
        owners=board.choices(session, actor).owners,
        owner=owner,
        stages=_stage_names(scheme),
        is_overseer=bool(actor.groups & deals.OVERSEERS),
        may_review=bool(actor.groups & set(OVERSEERS)),
    )


@blueprint.get("/deals/<int:deal_id>/pause")
@allow("employee")
def pause_form(deal_id: int) -> str:
    """How a deal stands against the history of its stage, its pauses, and the form for one."""
    return _form(_deal(deal_id), {}, {})


@blueprint.post("/deals/<int:deal_id>/pause")
@allow("employee")
def pause(deal_id: int) -> str | Response:
    """Pause the deal, or agree on another day or reason."""
    _deal(deal_id)
    given = Given(request.form)
    day, reason, note = given.day("until"), given.words("reason"), given.words("note")
    until = _morning(day) if day else datetime(1970, 1, 1, tzinfo=UTC)
    standing = _current(deal_id)
    try:
        if standing is not None:
            reading.do(pauses.change, standing.id, reason=reason, until=until, note=note)
        else:
            reading.do(pauses.pause, deal_id=deal_id, reason=reason, until=until, clock=given.words("clock"), note=note)
    except Invalid as refused:
        return _form(_deal(deal_id), request.form, dict(refused.fields) | given.faults)
    except ReglamentError as error:
        flash(say(error.text), "late")
    else:
        flash(say(text("The pause is written down.")), "good")
    return redirect(url_for("stalled.pause_form", deal_id=deal_id))


@blueprint.post("/pauses/<int:pause_id>/resume")
@allow("employee")
def resume(pause_id: int) -> Response:
    """The deal goes on."""
    back = here(request.form.get("back") or url_for("stalled.listing", tab=stalled.PAUSED))
    return reading.act(back, text("The pause has ended. What rested is due later by its length."), pauses.resume,
                       pause_id)  # fmt: skip


@blueprint.post("/pauses/<int:pause_id>/review")
@allow(*OVERSEERS)
def review(pause_id: int) -> Response:
    """A manager has looked at the reason of a pause that ended on its day."""
    back = here(request.form.get("back") or url_for("stalled.listing", tab=stalled.REVIEW))
    done = text("The review is written down.")
    return reading.act(back, done, pauses.review, pause_id, request.form.get("reason", ""))


def _form(deal: Deal, given: Any, faults: dict[str, Any]) -> str:
    session, env = reading.session(), reading.environment()
    usuals = staleness.Usuals(session, env, _scheme())
    rested = staleness.rested(session, [deal], g.now)[deal.id]
    is_open = deal.status == "open"
    return render_template(
        "pause.html",
        deal=deal,
        judgement=usuals.judge(deal, deal.client.segment, g.now, rested) if is_open else None,
        stage=_stage_names(_scheme()).get(deal.milestone),
        standing=_current(deal.id),
        history=stalled.history(session, deal.id),
        reasons=pauses.reasons(env),
        clocks=stillness.CLOCKS,
        given=given,
        faults={name: say(fault) for name, fault in faults.items()},
        may=is_open and access.may(session, reading.actor(), g.now, "deal.pause", deal) is not None,
        proposed=(g.now.astimezone(g.zone) + USUAL).date(),
        tomorrow=(g.now.astimezone(g.zone) + timedelta(days=1)).date(),
    )


def _current(deal_id: int) -> Pause | None:
    return pauses.current(reading.look(), deal_id)


def _deal(deal_id: int) -> Deal:
    deal = reading.session().get(Deal, deal_id)
    if deal is None or not board.may_see(reading.actor(), deal):
        raise NotFound("There is no such deal, or it is not yours to see")
    return deal


def _morning(day: date) -> datetime:
    """The beginning of work on that day."""
    calendar = reading.environment().calendar(stalled.OFFICE)
    opens = calendar.hours[0][0] if calendar.hours else time(9)
    return datetime.combine(day, opens, calendar.zone).astimezone(UTC)


def _scheme() -> str:
    return str(next(iter(reading.environment().setting("stages"))))


def _stage_names(scheme: str) -> dict[str, board.Column]:
    """Milestone -> the stage a deal works in that has come so far."""
    columns = board.outline(reading.environment(), scheme)
    return {name: column for column in columns for name in column.milestones}

"""Deals that stand still: the list against history; pauses with their reason and review, of a deal or of an instance
that is about none."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine import access, pauses
from engine.crm import staleness
from engine.errors import Invalid, NotFound, ReglamentError, WrongState, text
from engine.models import Deal, Pause, ProcessInstance
from engine.queries import board, stalled
from engine.queries import deal as deals
from engine.vocabulary import InstanceStatus
from engine.web import instances, reading, stillness
from engine.web.given import Given
from engine.web.i18n import say
from engine.web.pages import Pages, number
from engine.web.rules import OVERSEERS, allow, here

blueprint = Blueprint("stalled", __name__)
TABS = (stalled.STILL, stalled.PAUSED, stalled.REVIEW)
GOING = (InstanceStatus.ACTIVE, InstanceStatus.SUSPENDED)
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


@blueprint.get("/instances/<int:instance_id>/pause")
@allow("employee")
def pause_form_of_instance(instance_id: int) -> str:
    """The pauses of an instance that is about no deal, and the form for one."""
    return _form(_instance(instance_id), {}, {})


@blueprint.post("/deals/<int:deal_id>/pause")
@allow("employee")
def pause(deal_id: int) -> str | Response:
    """Pause the deal, or agree on another day or reason."""
    return _pause(_deal, deal_id)


@blueprint.post("/instances/<int:instance_id>/pause")
@allow("employee")
def pause_instance(instance_id: int) -> str | Response:
    """Pause an instance that is about no deal, or agree on another day or reason."""
    return _pause(_instance, instance_id)


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


def _pause(find: Callable[[int], Deal | ProcessInstance], about_id: int) -> str | Response:
    about, given = find(about_id), Given(request.form)
    day, reason, note = given.day("until"), given.words("reason"), given.words("note")
    until = _morning(day) if day else datetime(1970, 1, 1, tzinfo=UTC)
    standing = _current(about)
    try:
        if standing is not None:
            reading.do(pauses.change, standing.id, reason=reason, until=until, note=note)
        else:
            reading.do(pauses.pause, **_which(about), reason=reason, until=until, clock=given.words("clock"), note=note)
    except Invalid as refused:
        return _form(find(about_id), request.form, dict(refused.fields) | given.faults)
    except ReglamentError as error:
        flash(say(error.text), "late")
    else:
        flash(say(text("The pause is written down.")), "good")
    return redirect(request.path)


def _form(about: Deal | ProcessInstance, given: Any, faults: dict[str, Any]) -> str:
    session, env, judgement = reading.session(), reading.environment(), None
    deal = about if isinstance(about, Deal) else None
    is_open = deal.status == "open" if deal is not None else about.status in GOING
    if deal is not None and is_open:
        rested = staleness.rested(session, [deal], g.now)[deal.id]
        judgement = staleness.Usuals(session, env, _scheme()).judge(deal, deal.client.segment, g.now, rested)
    act = "deal.pause" if deal is not None else "instance.pause"
    return render_template(
        "pause.html",
        deal=deal,
        instance=None if deal is not None else about,
        judgement=judgement,
        stage=_stage_names(_scheme()).get(deal.milestone) if deal is not None else None,
        standing=_current(about),
        history=stalled.history(session, **_which(about)),
        reasons=pauses.reasons(env),
        clocks=stillness.CLOCKS,
        given=given,
        faults={name: say(fault) for name, fault in faults.items()},
        may=is_open and access.may(session, reading.actor(), g.now, act, about) is not None,
        proposed=(g.now.astimezone(g.zone) + USUAL).date(),
        tomorrow=(g.now.astimezone(g.zone) + timedelta(days=1)).date(),
    )


def _current(about: Deal | ProcessInstance) -> Pause | None:
    return pauses.current(reading.look(), **_which(about))


def _which(about: Deal | ProcessInstance) -> dict[str, int]:
    return {"deal_id" if isinstance(about, Deal) else "instance_id": about.id}


def _instance(instance_id: int) -> ProcessInstance:
    instance = instances.seen(instance_id)
    if instance.deal_id is not None:
        raise WrongState("«{title}» is about a deal: pause the deal", title=instance.title)
    return instance


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

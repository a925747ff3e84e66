"""What a manager watches: the desk of the day, the load of people, the heat of a drawing, missed deadlines."""
from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from flask import Blueprint, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine import misses, steps
from engine.crm import periods
from engine.errors import NotFound, Text, text
from engine.models import User
from engine.queries import desk, heat, inbox, missed, oversight, procedures, stalled, workload
from engine.web import labels, reading, stillness
from engine.web.i18n import say
from engine.web.pages import Pages, number
from engine.web.rules import OVERSEERS, allow

blueprint = Blueprint("monitoring", __name__)
WATCHERS = (*OVERSEERS, "auditor")
LEVELS = 5
PERIODS: dict[str, Text] = {
    "days30": text("The last 30 days"), "days90": text("The last 90 days"), **periods.PRESETS
}  # fmt: skip
WHY: dict[str, Text] = {
    misses.PAUSED: text("the case was paused"),
    misses.ABSENT: text("absent, nobody stood in"),
    misses.RETURNED: text("came back for another round"),
    misses.OTHERS: text("waited for a colleague"),
    misses.TAKEN_LATE: text("taken late"),
    misses.MOVED: text("the date had been moved already"),
    misses.SLOW: text("took longer than planned"),
}
MEASURES: dict[str, Text] = {
    "working": text("Working"), "waiting": text("Waiting"), "passes": text("Passes"), "late": text("Late"),
}  # fmt: skip


@dataclass(frozen=True)
class Span:
    """A chosen period."""

    name: str
    since: date
    until: date


@blueprint.get("/desk")
@allow(*WATCHERS)
def show() -> str:
    """What calls for a manager today."""
    session, actor, env = reading.session(), reading.actor(), reading.environment()
    midnight, week = _day_end(0), _day_end(7)
    scheme = next(iter(env.setting("stages")))
    return render_template(
        "desk.html",
        approvals=desk.approval_count(session, actor, g.now),
        mine=inbox.pressing(session, actor, g.now, "mine", "overdue"),
        most=inbox.most("overdue"),
        points=oversight.points(session, g.now, midnight, week),
        late_points=oversight.latest_points(session, g.now),
        stalled=stalled.counts(session, env, actor, g.now, scheme),
        reviews=stalled.pauses(session, actor, stalled.REVIEW)[: oversight.SHOWN],
        stillest=stalled.stillest(session, env, actor, g.now, scheme, oversight.SHOWN),
        overdue=oversight.overdue_tasks(session, g.now),
        unclaimed=oversight.unclaimed(session),
        incidents=oversight.incidents(session),
        interventions=oversight.interventions(session),
        away=oversight.away(session, g.now, week),
    )


@blueprint.get("/workload")
@allow(*WATCHERS)
def load() -> str:
    """Everybody's open work, and how long it usually takes."""
    session, span, page = reading.session(), _span(), number("page", 1)
    group = request.args.get("group", "")
    since = steps.bounds(reading.environment(), span.since)[0]
    rows, count = workload.loads(session, g.now, since, _week_end(), group=group, page=page)
    return render_template(
        "workload.html", rows=rows, group=group, groups=workload.groups(session), free=workload.free(session),
        span=span, periods=PERIODS, pages=Pages(page, count, workload.PAGE),
    )  # fmt: skip


@blueprint.get("/workload/<int:user_id>")
@allow(*WATCHERS)
def person(user_id: int) -> str:
    """What one person has, and to whom it may be given."""
    session, page = reading.session(), number("page", 1)
    user = session.get(User, user_id)
    if user is None:
        raise NotFound("There is no such person")
    rows, count = workload.tasks_of(session, user_id, page)
    usual = workload.usual_working(session, {row.task.process_key for row in rows}, g.now.date())
    return render_template(
        "workload_person.html", person=user, rows=rows, usual=usual, pages=Pages(page, count, workload.TASKS),
        colleagues=[one for one in workload.colleagues(session) if one.id != user_id],
        may_reassign=bool(reading.actor().groups & set(OVERSEERS)),
    )  # fmt: skip


@blueprint.get("/heat")
@allow(*WATCHERS)
def hottest() -> Response:
    """The heat of the procedure in which most was done lately."""
    session = reading.session()
    found = heat.busiest(session, _today() - timedelta(days=90))
    key = found[0][0] if found else next(iter(sorted(heat.names(session))), None)
    if key is None:
        raise NotFound("There is no procedure yet")
    return redirect(url_for("monitoring.warmth", key=key))


@blueprint.get("/procedures/<key>/heat")
@allow(*WATCHERS)
def warmth(key: str) -> str:
    """Waiting, working, passes and lateness of each step on the drawing, and the same as a table."""
    session, env, span = reading.session(), reading.environment(), _span()
    measure, chosen = request.args.get("measure", "working"), number("version", 0) or None
    measure = measure if measure in heat.MEASURES else "working"
    shown = procedures.source(session, key, chosen)
    if shown is None:
        raise NotFound("There is no such version of a procedure")
    drawn = env.library.bound(session, key, shown.version).procedure.elements
    totals = heat.totals(session, env, g.now, key, span.since, span.until, chosen)
    element, page = request.args.get("element", ""), number("page", 1)
    cases: list[heat.Case] = []
    count = 0
    if element:
        cases, count = heat.cases(session, env, g.now, key, element, span.since, span.until, page)
    names = {one.id: labels.called(one) for one in drawn.values()}
    below = {one.id: one.settings.called_element or "" for one in drawn.values() if one.kind == "callActivity"}
    reached = {element_id: _reached(first) for element_id, first in below.items() if not first.startswith("=")}
    calls = heat.called(session, env, g.now, reached, span.since, span.until)
    rows = sorted(totals.items(), key=lambda row: (-heat.value(row[1], measure), names.get(row[0], row[0])))
    return render_template(
        "heat.html", shown=shown, chosen=chosen, measure=measure, measures=MEASURES, rows=rows, names=names,
        levels=_levels(totals | calls, measure), below=below, titles=heat.names(session),
        span=span, periods=PERIODS, element=element, cases=cases,
        versions=heat.versions(session, key), worked=_worked(), pages=Pages(page, count, heat.CASES),
        rolled=steps.rolled_until(session), value=heat.value,
        calls=sorted(calls.items(), key=lambda row: (-heat.value(row[1], measure), names[row[0]])),
    )  # fmt: skip


def _reached(first: str) -> set[str]:
    """A procedure and all that it calls, as their newest versions are drawn."""
    session, found, ahead = reading.session(), set[str](), [first]
    while ahead:
        key = ahead.pop()
        newest = procedures.source(session, key, None) if key and key not in found else None
        if newest is not None:
            found.add(key)
            ahead += reading.environment().library.bound(session, key, newest.version).procedure.calls
    return found


@blueprint.get("/misses")
@allow(*WATCHERS)
def late() -> str:
    """Late tasks by step, person, stage, class and reason; a click narrows down to the tasks."""
    session, env, span, page = reading.session(), reading.environment(), _span(), number("page", 1)
    chosen = {name: request.args[name] for name in missed.DIMENSIONS if request.args.get(name)}
    start, end = steps.bounds(env, span.since)[0], steps.bounds(env, span.until)[1]
    wanted = missed.Wanted(span.since, span.until, start, end, chosen)
    count, due = missed.total(session, wanted)
    lines = {name: missed.lines(session, wanted, name) for name in missed.DIMENSIONS}
    return render_template(
        "misses.html", span=span, periods=PERIODS, chosen=chosen, count=count, due=due, lines=lines, why=WHY,
        said=_said_values(lines), tasks=missed.tasks(session, wanted, page), pages=Pages(page, count, missed.PAGE),
        today=missed.today(session, env, g.now, wanted) if span.until >= _today() and not chosen else 0,
        still_open=missed.open_overdue(session, g.now), rolled=steps.rolled_until(session),
    )  # fmt: skip


def _levels(totals: dict[str, steps.Sum], measure: str) -> list[tuple[str, int, str]]:
    """Element, shade from 1 to 5 and the value as it stands on the drawing. The scale goes by the square root: a few
    hot steps must not make all others look cold."""
    most = max((heat.value(total, measure) for total in totals.values()), default=0)
    found = []
    for element_id, total in totals.items():
        own = heat.value(total, measure)
        level = math.ceil(LEVELS * (own / most) ** 0.5) if most and own else 0
        found.append((element_id, min(level, LEVELS), _badge(own, measure)))
    return found


def _badge(own: float, measure: str) -> str:
    if measure == "passes":
        return str(int(own))
    if measure == "late":
        return f"{round(100 * own)}\u00a0%"
    return stillness.hours(own)


def _worked() -> list[tuple[str, str]]:
    """Procedures in which something was done, by name."""
    session = reading.session()
    counted = {key for key, _ in heat.busiest(session, _today() - timedelta(days=365))}
    return sorted(((key, name) for key, name in heat.names(session).items() if key in counted), key=lambda one: one[1])


def _said_values(lines: dict[str, list[missed.Line]]) -> dict[str, dict[str, str]]:
    """What the values of each dimension are called."""
    nothing = say(text("not about a deal"))
    said: dict[str, dict[str, str]] = {name: {one.value: one.label for one in found} for name, found in lines.items()}
    for one in lines["stage"]:
        said["stage"][one.value] = nothing if one.value == missed.NOTHING else labels.named(one.value, labels.MILESTONE)
    for one in lines["class"]:
        said["class"][one.value] = say(text("no class")) if one.value == missed.NOTHING else one.value
    for one in lines["why"]:
        said["why"][one.value] = labels.named(one.value, WHY)
    return said


def _span() -> Span:
    """The period of the address: a name, or two days."""
    name, today = request.args.get("period", "days30"), _today()
    since, until = _day(request.args.get("since")), _day(request.args.get("until"))
    if name == "own" and since and until and since <= until:
        return Span("own", since, min(until, today))
    if name in periods.PRESETS:
        found = periods.preset(name, today)
        return Span(name, found.since, min(found.until, today))
    length = 90 if name == "days90" else 30
    return Span(f"days{length}", today - timedelta(days=length - 1), today)


def _day(given: str | None) -> date | None:
    try:
        return date.fromisoformat(given) if given else None
    except ValueError:
        return None


def _today() -> date:
    today: date = g.now.astimezone(g.zone).date()
    return today


def _day_end(later: int) -> datetime:
    return steps.bounds(reading.environment(), _today() + timedelta(days=later))[1]


def _week_end() -> datetime:
    """The end of Sunday."""
    return _day_end(6 - _today().weekday())

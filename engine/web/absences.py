"""Who is away: the timeline of everybody, and the page on which one's own absence, or somebody's, is planned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from engine import absences, access, tasks
from engine.absences import Named
from engine.errors import Invalid, NotFound, ReglamentError, text
from engine.models import Absence, Group, Membership, User
from engine.queries import absences as query
from engine.substitution import Scope, Standing, away, standing_in, stands_in_for
from engine.web import reading
from engine.web.formats import zone
from engine.web.i18n import say
from engine.web.rules import allow

blueprint = Blueprint("absences", __name__)
WEEKS = 4
BACK = timedelta(days=30)  # how long what was done for somebody is shown to him
ROWS = 3  # places for substitutes in a form, beside those already named


@dataclass(frozen=True)
class Cell:
    """Days of the timeline side by side that look the same. ``kind``: empty, covered, partly, nobody."""

    days: int
    kind: str
    first: date
    last: date


@blueprint.get("/absences")
@allow("employee")
def timeline() -> str:
    """Four weeks of everybody."""
    today = g.now.astimezone(zone()).date()
    first = _day(request.args.get("from")) or today
    first -= timedelta(days=first.weekday())
    days = [first + timedelta(days=number) for number in range(7 * WEEKS)]
    starts, ends = (datetime.combine(day, time(), zone()) for day in (days[0], days[-1] + timedelta(days=1)))
    session = reading.session()
    lines = query.timeline(session, starts, ends)
    calendar = next(iter(reading.environment().calendars.values()))
    return render_template(
        "absences.html",
        days=days,
        today=today,
        off={day for day in days if not calendar.is_working(day)},
        lines=[(line, _cells(line, days), _may(line.person)) for line in lines],
        names=_names(session, [one for line in lines for part in line.stretches for one in part.standing]),
        groups=_groups(session),
        procedures=_procedures(session),
        gone=set(away(session, g.now)),
        earlier=days[0] - timedelta(weeks=WEEKS),
        later=days[0] + timedelta(weeks=WEEKS),
        others=_colleagues(session) if _may_plan_for_others(session) else [],
    )


@blueprint.get("/me/absence")
@allow("employee")
def mine() -> Any:
    """One's own absences."""
    return page(_person(reading.actor().user_id or 0))


@blueprint.get("/absences/person/<int:user_id>")
@allow("employee")
def person(user_id: int) -> Any:
    """Somebody's absences, for whoever may plan them."""
    return page(_person(user_id))


@blueprint.get("/absences/person")
@allow("employee")
def pick() -> Response:
    """Somebody was chosen on the timeline."""
    return redirect(url_for("absences.person", user_id=request.args.get("user", 0, int)))


@blueprint.post("/absences/person/<int:user_id>")
@allow("employee")
def plan(user_id: int) -> Any:
    """Plan an absence."""
    who = _person(user_id)
    return _save(who, None, absences.plan, user_id)


@blueprint.get("/absences/<int:absence_id>")
@allow("employee")
def edit(absence_id: int) -> Any:
    """Change an absence that is planned or going on."""
    absence = _absence(absence_id)
    return page(_person(absence.user_id), absence)


@blueprint.post("/absences/<int:absence_id>")
@allow("employee")
def change(absence_id: int) -> Any:
    """Other days, other substitutes."""
    absence = _absence(absence_id)
    return _save(_person(absence.user_id), absence, absences.change, absence_id)


@blueprint.post("/absences/<int:absence_id>/end")
@allow("employee")
def end(absence_id: int) -> Response:
    """Back already, or not going at all."""
    absence = _absence(absence_id)
    begun, user_id = absence.starts_at <= g.now, absence.user_id
    done = text("The absence is over: the substitutes have no rights any more.") if begun else text(
        "The absence is called off.")  # fmt: skip
    return reading.act(_back(user_id), done, absences.end, absence_id)


@blueprint.post("/absences/task/<int:task_id>/back")
@allow("employee")
def take_back(task_id: int) -> Response:
    """Take over what a substitute still holds."""
    return reading.act(url_for("absences.mine"), text("The task is yours again."), tasks.take_back, task_id)


def page(who: User, absence: Absence | None = None, given: Any = None, errors: Any = None, problem: str = "") -> str:
    """Somebody's absences and the form. ``absence``: the one being changed; ``given``: the form as it was sent."""
    session = reading.session()
    own = who.id == reading.actor().user_id
    known = query.of_person(session, who.id, g.now)
    lines = query.timeline(session, known[0].starts_at, known[-1].ends_at) if known else []
    lines = [line for line in lines if line.person.id == who.id]
    return render_template(
        "absence.html",
        who=who,
        own=own,
        absence=absence,
        lines=lines,
        names=_names(session, [one for line in lines for part in line.stretches for one in part.standing]),
        rows=_rows(absence, given),
        given=given,
        errors=errors or {},
        problem=problem,
        today=g.now.astimezone(zone()).date(),
        colleagues=[one for one in _colleagues(session) if one.id != who.id],
        gone=away(session, g.now),
        own_groups=_groups(session, who.id),
        groups=_groups(session),
        procedures=_procedures(session),
        held=query.held_for(session, who.id) if own else [],
        done=query.done_for(session, who.id, g.now - BACK) if own else [],
    )


def standing() -> dict[int, Standing]:
    """Whom the signed-in person stands in for at this moment: for the notes on his pages."""
    if "standing" not in g:
        user_id = g.actor.user_id if g.actor else None
        found = stands_in_for(reading.session(), user_id, g.now) if user_id else []
        g.standing = {one.user_id: one for one in reversed(found)}
    known: dict[int, Standing] = g.standing
    return known


def stands_for(task: Any) -> tuple[Standing, User] | None:
    """Because of whose absence a task may be done by the signed-in person, if it is not his own."""
    if not standing():
        return None
    grant = access.may(reading.session(), reading.actor(), g.now, "task.complete", task)
    found = standing().get(grant.on_behalf_of) if grant and grant.on_behalf_of else None
    who = access.person(reading.session(), found.user_id) if found else None
    return (found, who) if found and who else None


def away_note(user_id: int) -> str:
    """«away until 4 December: Petrov stands in», beside the name of somebody to whom work may be given."""
    gone = away(reading.session(), g.now)
    if user_id not in gone:
        return ""
    until = gone[user_id].until.astimezone(zone()).strftime("%d.%m")
    standing = list(standing_in(gone, user_id))
    names = _names(reading.session(), standing)
    if not standing:
        return say(text("away until {day}, nobody stands in", day=until))
    who = ", ".join(dict.fromkeys(names[one.substitute_id] for one in standing if one.substitute_id in names))
    return say(text("away until {day}, {name} stands in", day=until, name=who))


def _save(who: User, absence: Absence | None, verb: Any, subject: int) -> Any:
    given = request.form
    try:
        first, last = _day(given.get("first")), _day(given.get("last"))
        if absence is not None and absence.starts_at <= g.now:
            first = absence.starts_at.astimezone(zone()).date()
        if first is None or last is None:
            missing = text("Give the first and the last day.")
            raise Invalid(missing, {"first" if first is None else "last": missing})
        made = reading.do(verb, subject, first, last, _named(given), given.get("reason", ""))
    except Invalid as error:
        who = _person(who.id)
        absence = _absence(absence.id) if absence is not None else None
        return page(who, absence, given, error.fields, say(error.text)), 422
    except ReglamentError as error:
        flash(say(error.text), "late")
        return redirect(_back(who.id))
    flash(say(text("The absence is planned.") if absence is None else text("The absence is changed.")), "good")
    for advice in made.advice:
        flash(say(advice), "soon")
    return redirect(_back(who.id))


def _named(given: Any) -> list[Named]:
    found: list[Named] = []
    for person, scope in zip(given.getlist("substitute"), given.getlist("scope"), strict=False):
        kind, _, key = scope.partition(":")
        if person.isdigit():
            found.append(Named(int(person), key if kind == "group" else None, key if kind == "procedure" else None))
    return list(dict.fromkeys(found))


def _rows(absence: Absence | None, given: Any) -> list[tuple[str, str]]:
    """Person and scope of every place in the form."""
    rows: list[tuple[str, str]] = []
    if given is not None:
        rows = list(zip(given.getlist("substitute"), given.getlist("scope"), strict=False))
    elif absence is not None:
        rows = [(str(one.substitute_id), _scope(Scope(one.group_key, one.process_key))) for one in absence.substitutes]
    return rows + [("", "")] * (max(len([row for row in rows if row[0]]) + 1, ROWS) - len(rows))


def _scope(scope: Scope) -> str:
    return f"group:{scope.group}" if scope.group else f"procedure:{scope.procedure}" if scope.procedure else ""


def _cells(line: query.Line, days: Sequence[date]) -> list[Cell]:
    found: list[Cell] = []
    for day in days:
        noon = datetime.combine(day, time(12), zone())
        kinds = [part.kind for part in line.stretches if part.starts_at <= noon < part.ends_at]
        kind = kinds[0] if kinds else "empty"
        if found and found[-1].kind == kind:
            found[-1] = Cell(found[-1].days + 1, kind, found[-1].first, day)
        else:
            found.append(Cell(1, kind, day, day))
    return found


def _names(session: Any, standing: Sequence[Standing]) -> dict[int, str]:
    ids = {one.substitute_id for one in standing} | {way for one in standing for way in one.via}
    return {one.id: one.name for one in session.scalars(select(User).where(User.id.in_(ids)))}


def _groups(session: Any, user_id: int | None = None) -> dict[str, Group]:
    wanted = select(Group).order_by(Group.title)
    if user_id is not None:
        wanted = wanted.join(Membership, Membership.group_key == Group.key).where(Membership.user_id == user_id)
    return {one.key: one for one in session.scalars(wanted)}


def _procedures(session: Any) -> dict[str, str]:
    found = reading.environment().library.in_force(session)
    return dict(sorted(((one.key, one.name) for one in found), key=lambda pair: pair[1]))


def _colleagues(session: Any) -> Sequence[User]:
    found: Sequence[User] = session.scalars(select(User).where(User.active).order_by(User.last, User.first)).all()
    return found


def _may_plan_for_others(session: Any) -> bool:
    if g.actor.groups & {"head", "director", "admin"}:
        return True
    reports = select(User.id).where(User.superior_id == g.actor.user_id).limit(1)
    return session.scalar(reports) is not None


def _may(who: User) -> bool:
    return access.may(reading.session(), reading.actor(), g.now, "absence.plan", who) is not None


def _person(user_id: int) -> User:
    who = reading.session().get(User, user_id)
    if who is None or not who.active or not _may(who):
        raise NotFound("There is no such person, or his absences are not yours to plan")
    return who


def _absence(absence_id: int) -> Absence:
    found = reading.session().get(Absence, absence_id)
    if found is None or found.ends_at <= g.now:
        raise NotFound("There is no such absence, or it is over")
    return found


def _back(user_id: int) -> str:
    if user_id == reading.actor().user_id:
        return url_for("absences.mine")
    return url_for("absences.person", user_id=user_id)


def _day(given: str | None) -> date | None:
    try:
        return date.fromisoformat(given or "")
    except ValueError:
        return None


def _install(state: Any) -> None:
    state.app.jinja_env.globals.update(stands_for=stands_for, standing=standing, away_note=away_note)


blueprint.record(_install)

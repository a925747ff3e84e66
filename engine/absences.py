"""Absences: who is away, who stands in. Nothing is reassigned: while an absence lasts engine.substitution gives the
substitutes its rights, and takes them back by itself. What a substitute has claimed for somebody stays with him under
both names when the absence ends, until he completes it or the other takes it back (tasks.take_back)."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from engine import access, audit, notifications, substitution
from engine.errors import Invalid, NotFound, Text, WrongState, text
from engine.models import Absence, Membership, ProcessDefinition, Substitution, User
from engine.work import Work

LONGEST = timedelta(days=731)


@dataclass(frozen=True)
class Named:
    """A substitute and with what: the tasks of a group, of a procedure, or everything."""

    user_id: int
    group: str | None = None
    procedure: str | None = None


@dataclass(frozen=True)
class Planned:
    """What came of it. ``advice``: what is allowed but not good: nobody stands in, a substitute is away himself."""

    absence: Absence
    advice: tuple[Text, ...] = ()


def plan(
    work: Work, user_id: int, first: date, last: date, named: Sequence[Named] = (), reason: str = ""
) -> Planned:
    """Somebody will be away from the first day to the last, both included. Raises NotFound, Forbidden, Invalid (field
    by field: dates in the past, an overlapping absence, a circle of substitutes)."""
    person = _person(work, user_id)
    access.require(work, "absence.plan", person)
    starts, ends = _moments(work, first, last)
    if ends <= work.now or first < work.now.astimezone(zone(work.env)).date():
        raise _wrong("first", text("The first day is over already. Begin today or later."))
    _check(work, person, starts, ends, named)
    absence = Absence(user_id=user_id, starts_at=starts, ends_at=ends, reason=reason.strip() or None,
                      planned_by=work.actor.user_id, planned_at=work.now)  # fmt: skip
    absence.substitutes = [_row(one) for one in named]
    work.session.add(absence)
    work.session.flush()
    audit.record(work, "absence.planned", subject=f"absence:{absence.id}", user=user_id, starts=starts.isoformat(),
                 ends=ends.isoformat(), substitutes=_told(absence))  # fmt: skip
    _tell(work, person, absence, {one.user_id for one in named})
    return Planned(absence, tuple(_advice(work, absence)))


def change(
    work: Work, absence_id: int, first: date, last: date, named: Sequence[Named] = (), reason: str = ""
) -> Planned:
    """Other days or other substitutes. An absence that has begun keeps its first day. Raises NotFound, Forbidden,
    WrongState (it is over), Invalid."""
    absence, person = _open(work, absence_id)
    starts, ends = _moments(work, first, last)
    if absence.starts_at <= work.now:
        starts = absence.starts_at
    elif starts < work.now - timedelta(days=1):
        raise _wrong("first", text("The first day is over already. Begin today or later."))
    if ends <= work.now:
        raise _wrong("last", text("The last day is over already. To come back now, end the absence."))
    _check(work, person, starts, ends, named, absence)
    before: dict[str, Any] = {"starts": absence.starts_at.isoformat(), "ends": absence.ends_at.isoformat(),
              "substitutes": _told(absence)}  # fmt: skip
    knew = {one.substitute_id for one in absence.substitutes}
    absence.starts_at, absence.ends_at, absence.reason = starts, ends, reason.strip() or None
    absence.substitutes = [_row(one) for one in named]
    work.session.flush()
    after: dict[str, Any] = {"starts": starts.isoformat(), "ends": ends.isoformat(), "substitutes": _told(absence)}
    changed: dict[str, Any] = {name: [before[name], after[name]] for name in after if before[name] != after[name]}
    audit.record(work, "absence.changed", subject=f"absence:{absence.id}", user=person.id, **changed)
    _tell(work, person, absence, {one.user_id for one in named} - knew)
    return Planned(absence, tuple(_advice(work, absence)))


def end(work: Work, absence_id: int) -> None:
    """Back already: the rights of the substitutes end now. An absence that has not begun is called off. Raises
    NotFound, Forbidden, WrongState."""
    absence, person = _open(work, absence_id)
    substitution.forget(work.session)
    if absence.starts_at > work.now:
        audit.record(work, "absence.called_off", subject=f"absence:{absence.id}", user=person.id,
                     starts=absence.starts_at.isoformat(), ends=absence.ends_at.isoformat())  # fmt: skip
        work.session.delete(absence)
        return
    old, absence.ends_at = absence.ends_at, work.now
    audit.record(work, "absence.ended", subject=f"absence:{absence.id}", user=person.id,
                 ends=[old.isoformat(), work.now.isoformat()])  # fmt: skip


def zone(env: Any) -> ZoneInfo:
    """Days of absence are days of the main office."""
    found: ZoneInfo = next((calendar.zone for calendar in env.calendars.values()), ZoneInfo("UTC"))
    return found


def _moments(work: Work, first: date, last: date) -> tuple[datetime, datetime]:
    if last < first:
        raise _wrong("last", text("The last day comes before the first."))
    if last - first > LONGEST:
        raise _wrong("last", text("An absence lasts two years at most. Deactivate the account instead."))
    here = zone(work.env)
    starts, ends = (datetime.combine(day, time(), here) for day in (first, last + timedelta(days=1)))
    return starts.astimezone(UTC), ends.astimezone(UTC)


def _check(work: Work, person: User, starts: datetime, ends: datetime, named: Sequence[Named],
           own: Absence | None = None) -> None:  # fmt: skip
    others = _around(work, starts, ends, own)
    for other in others.get(person.id, ()):
        here = zone(work.env)
        raise _wrong("first", text(
            "{name} is away from {first} to {last} already. Change that absence or end it first.", name=person.name,
            first=f"{other.starts_at.astimezone(here):%d.%m.%Y}",
            last=f"{(other.ends_at - timedelta(seconds=1)).astimezone(here):%d.%m.%Y}"))  # fmt: skip
    for number, one in enumerate(named):
        _check_named(work, person, one, number)
        path = _circle(others, person.id, one.user_id, starts, ends, (person.id,))
        if path:
            names = " → ".join(_person(work, user_id).name for user_id in path)
            raise _wrong(f"substitutes[{number}]", text("This goes round in a circle: {path}. Choose somebody who is "
                                                        "there.", path=names))  # fmt: skip


def _check_named(work: Work, person: User, one: Named, number: int) -> None:
    field = f"substitutes[{number}]"
    if one.user_id == person.id:
        raise _wrong(field, text("Nobody stands in for himself."))
    substitute = work.session.get(User, one.user_id)
    if substitute is None or not substitute.active:
        raise _wrong(field, text("Choose a colleague who works here."))
    if one.group and work.session.get(Membership, (person.id, one.group)) is None:
        raise _wrong(field, text("{name} is not in that group: there is nothing to stand in with.", name=person.name))
    if one.procedure and work.session.scalar(
        select(ProcessDefinition.id).where(ProcessDefinition.key == one.procedure).limit(1)
    ) is None:  # fmt: skip
        raise _wrong(field, text("There is no procedure «{key}»", key=one.procedure))


def _around(work: Work, starts: datetime, ends: datetime, own: Absence | None) -> dict[int, list[Absence]]:
    query = select(Absence).where(Absence.ends_at > starts, Absence.starts_at < ends).order_by(Absence.starts_at)
    found: dict[int, list[Absence]] = {}
    for absence in work.session.scalars(query):
        if absence is not own:
            found.setdefault(absence.user_id, []).append(absence)
    return found


def _circle(others: dict[int, list[Absence]], goal: int, here: int, starts: datetime, ends: datetime,
            path: tuple[int, ...]) -> tuple[int, ...]:  # fmt: skip
    """The way by which substitution would come back to whom it started from while all on it are away together."""
    if here == goal:
        return (*path, here)
    if here in path:
        return ()
    for absence in others.get(here, ()):
        first, last = max(starts, absence.starts_at), min(ends, absence.ends_at)
        if first < last:
            for one in absence.substitutes:
                if found := _circle(others, goal, one.substitute_id, first, last, (*path, here)):
                    return found
    return ()


def _advice(work: Work, absence: Absence) -> Iterator[Text]:
    if not any(one.group_key is None and one.process_key is None for one in absence.substitutes):
        whole = text("Nobody stands in: tasks will lie until the return.")
        yield text("Nobody stands in for what lies outside these groups and procedures.") if absence.substitutes \
            else whole  # fmt: skip
    others = _around(work, absence.starts_at, absence.ends_at, absence)
    for one in absence.substitutes:
        for other in others.get(one.substitute_id, ())[:1]:
            name = _person(work, one.substitute_id).name
            yield text("{name} is away himself in that time: his own substitutes stand in then.", name=name) \
                if other.substitutes else text("{name} is away himself in that time and nobody stands in for him.",
                                               name=name)  # fmt: skip


def _tell(work: Work, person: User, absence: Absence, whom: set[int]) -> None:
    people = [one for one in (access.person(work.session, user_id) for user_id in sorted(whom)) if one is not None]
    people = [one for one in people if one.id != work.actor.user_id]
    notifications.notify(work, people, "substitute_named", None, name=person.name, first=absence.starts_at,
                         last=absence.ends_at - timedelta(minutes=1), subject=f"absence:{absence.id}")  # fmt: skip


def _open(work: Work, absence_id: int) -> tuple[Absence, User]:
    absence = work.session.get(Absence, absence_id)
    if absence is None:
        raise NotFound("There is no such absence")
    person = _person(work, absence.user_id)
    access.require(work, "absence.plan", person)
    if absence.ends_at <= work.now:
        raise WrongState("This absence is over: nothing can be changed in it.")
    return absence, person


def _person(work: Work, user_id: int) -> User:
    person = access.person(work.session, user_id)
    if person is None or not person.active:
        raise NotFound("There is no such person")
    return person


def _row(one: Named) -> Substitution:
    return Substitution(substitute_id=one.user_id, group_key=one.group, process_key=one.procedure)


def _told(absence: Absence) -> list[list[Any]]:
    return [[one.substitute_id, one.group_key, one.process_key] for one in absence.substitutes]


def _wrong(field: str, sentence: Text) -> Invalid:
    return Invalid(sentence, {field: sentence})

"""Rules of the company changed in pages: working-time calendars, deadlines, limits of authority. Each change is a
version with its moment, author and reason; what the settings files hold stays the base. Before it is saved one sees
which open deadlines would move, and moves them or leaves them."""
from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from sqlalchemy import func, select, tuple_, update
from sqlalchemy.orm import Session

from engine import access, audit, authority, control_points
from engine.assignment import moment, rank
from engine.calendar import Calendar, WorkingDuration, calendar_of, data_of, duration
from engine.errors import Invalid, ReglamentError, Text, text
from engine.models import Candidate, Client, ControlPoint, Group, ProcessInstance, SettingVersion, UserTask
from engine.overlay import AUTHORITY, CALENDAR, DEADLINES
from engine.vocabulary import ControlPointStatus
from engine.work import Work

KEY = re.compile(r"[a-z][a-z0-9_]*")
MOST = 20_000  # open deadlines and tasks that are looked through for a preview
Place = tuple[str, str]


@dataclass(frozen=True)
class Move:
    """An open deadline that a change would move. ``kind``: task or point."""

    kind: str
    id: int
    name: str
    about: str
    instance_id: int
    old: datetime
    new: datetime
    why: Mapping[str, Any]


@dataclass(frozen=True)
class Handover:
    """An open task on which other groups could decide if a limit were changed. ``old``, ``new``: their keys."""

    id: int
    name: str
    about: str
    instance_id: int
    value: str
    old: Sequence[str]
    new: Sequence[str]


def save(
    work: Work, place: Place, data: Mapping[str, Any], note: str, *, valid_from: datetime | None = None,
    move: bool = False,
) -> SettingVersion:  # fmt: skip
    """A new version of a rule. ``place``: kind and key; ``move``: open deadlines follow, and open tasks a limit that
    holds at once. Raises Forbidden, Invalid."""
    access.require(work, "settings.change")
    checked = check(work, place, data)
    if not note.strip():
        raise Invalid("Say why", {"note": text("Say why")})
    if valid_from is not None and valid_from < work.now:
        valid_from = None
    kind, key = place
    follow = move and not (kind == AUTHORITY and valid_from is not None)
    moves = moved(work.session, work.env, place, checked) if follow else []
    mine = (SettingVersion.kind == kind, SettingVersion.key == key)
    last = work.session.scalar(select(func.max(SettingVersion.version)).where(*mine)) or 0
    row = SettingVersion(kind=kind, key=key, version=last + 1, data=checked, valid_from=valid_from or work.now,
                         created_at=work.now, created_by=work.actor.user_id, note=note.strip())  # fmt: skip
    work.session.add(row)
    work.session.flush()
    audit.record(
        work, "setting.changed", subject=f"setting:{kind}:{key}", version=row.version, old=now_in(work.env, place),
        new=checked, valid_from=moment(row.valid_from), moved=len(moves), reason=row.note,
    )  # fmt: skip
    for one in moves:
        _move(work, one, row)
    return row


def check(work: Work, place: Place, data: Mapping[str, Any]) -> dict[str, Any]:
    """The rule as it is kept. Raises Invalid field by field."""
    kind, key = place
    if kind == CALENDAR:
        faults = dict(_calendar_faults(key, data))
        if faults:
            raise Invalid("Some fields are not right", faults)
        return data_of(calendar_of(key, data))
    if kind == DEADLINES:
        return {"value": _deadline(work, key, data.get("value"))}
    return _limits(work, key, data)


def now_in(env: Any, place: Place) -> Any:
    """What holds at this moment, as ``save`` takes it."""
    kind, key = place
    if kind == CALENDAR:
        return data_of(env.calendars[key]) if key in env.calendars else None
    value = env.setting(f"{kind}.{key}", None)
    return {"value": value} if kind == DEADLINES else value


def moved(session: Session, env: Any, place: Place, data: Mapping[str, Any]) -> list[Move] | list[Handover]:
    """Open deadlines that would fall on another moment if this rule had held when they were given; of a limit the open
    tasks on which others could decide. What somebody moved by hand stays; timers of drawings go on as they were set."""
    kind, key = place
    if kind == CALENDAR and key in env.calendars:
        new = calendar_of(key, data)
        since = _first_difference(env.calendars[key], new)
        return list(_of_calendar(session, new, since)) if since is not None else []
    if kind == DEADLINES and isinstance(data.get("value"), str):
        return list(_of_deadline(session, env, key, data["value"]))
    return list(_of_limit(session, env, key, data["limits"])) if kind == AUTHORITY else []


def versions(session: Session, kind: str, key: str | None = None) -> Sequence[SettingVersion]:
    """Everything that was changed, newest first."""
    query = select(SettingVersion).where(SettingVersion.kind == kind)
    if key is not None:
        query = query.where(SettingVersion.key == key)
    return session.scalars(query.order_by(SettingVersion.id.desc()).limit(200)).all()


def exported(env: Any, kind: str) -> str:
    """The rules in force as the settings file would hold them, for a company that keeps it in git."""
    if kind == CALENDAR:
        held: Any = {office: _plain(data_of(calendar)) for office, calendar in env.calendars.items()}
    else:
        held = env.settings.get(kind) or {}
    told: str = yaml.safe_dump(held, allow_unicode=True, sort_keys=False, width=110)
    return told


def _plain(data: dict[str, Any]) -> dict[str, Any]:
    days = ("days_off", "days_on", "short_days")
    return data | {name: {date.fromisoformat(day): value for day, value in data[name].items()} for name in days}


def _calendar_faults(office: str, data: Mapping[str, Any]) -> Iterator[tuple[str, Text]]:
    if not office.replace("_", "").isalnum() or not office.isascii():
        yield "office", text("Small Latin letters, digits and «_», beginning with a letter: {example}", example="north")
    try:
        ZoneInfo(str(data.get("zone") or ""))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield "zone", text("There is no time zone «{zone}». Write for example Europe/Moscow.", zone=data.get("zone"))
    if fault := _hours_fault(data.get("hours") or []):
        yield "hours", fault
    off, on = (set(data.get(name) or {}) for name in ("days_off", "days_on"))
    if both := sorted(off & on):
        yield "days_on", text("{day} cannot be a day off and a working day at once.", day=both[0])
    for day, cut in (data.get("short_days") or {}).items():
        if not isinstance(cut, int) or not 0 < cut < 8 * 60:
            yield "short_days", text("{day}: write by how many minutes the day is shorter, from 1 to 479.", day=day)
            break


def _hours_fault(hours: Sequence[str]) -> Text | None:
    last = time(0)
    if not hours:
        return text("Write the working hours: 09:00-13:00, 14:00-18:00")
    for number, piece in enumerate(hours):
        try:
            opens, closes = (time.fromisoformat(part.strip()) for part in piece.split("-"))
        except ValueError:
            return text("«{piece}» is not a piece of a day. Write 09:00-13:00.", piece=piece)
        if opens >= closes:
            return text("«{piece}» ends before it begins.", piece=piece)
        if number and opens < last:
            return text("«{piece}» begins before the piece before it ends.", piece=piece)
        last = closes
    return None


def _deadline(work: Work, key: str, value: Any) -> Any:
    base = _base(work.env, key)
    if value in (None, ""):
        return None if base is not None else _refuse(text("Write a value"))
    if isinstance(base, int):
        return int(value) if str(value).isdigit() and int(value) > 0 else _refuse(text("Write a whole number above 0"))
    if key.startswith("ladder."):
        known = work.session.get(Group, str(value))
        return str(value) if known else _refuse(text("There is no group «{group}»", group=value))
    try:
        found = duration(str(value))
    except ReglamentError as error:
        return _refuse(error.text)
    if isinstance(found, date):
        return _refuse(text("A deadline is a duration: P2BD, PT4BH, P1M"))
    return str(value).strip()


def _base(env: Any, key: str) -> Any:
    found: Any = env.from_files()[0].get(DEADLINES) or {}
    for part in key.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _refuse(sentence: Text) -> Any:
    raise Invalid(sentence, {"value": sentence})


def _limits(work: Work, key: str, data: Mapping[str, Any]) -> dict[str, Any]:
    limits: dict[str, Any] = {}
    known, faults = set(work.session.scalars(select(Group.key))), dict[str, Text]()
    if not KEY.fullmatch(key):
        faults["kind"] = text("Small Latin letters, digits and «_», beginning with a letter: {example}",
                              example="contract_sum")  # fmt: skip
    for group, limit in (data.get("limits") or {}).items():
        if group not in known:
            raise Invalid("There is no group «{group}»", {f"limits.{group}": text("Choose from the list")}, group=group)
        number = isinstance(limit, (int, float)) and not isinstance(limit, bool) and limit >= 0
        if limit != authority.ANY and not number:
            faults[f"limits.{group}"] = text("Write a number not below 0, or «any»")
        limits[group] = limit
    if faults:
        raise Invalid("Some fields are not right", faults)
    if not limits:
        none = text("Somebody must be able to decide: give at least one group a limit")
        raise Invalid(none, {"limits": none})
    title = str(data.get("title") or "")
    return {"title": title, "title_en": str(data.get("title_en") or title), "unit": str(data.get("unit") or ""),
            "limits": authority.ordered(limits)}  # fmt: skip


def _first_difference(old: Calendar, new: Calendar) -> date | None:
    """The first day on which the two calendars differ; the beginning of time where they differ altogether."""
    if (old.hours, old.zone, old.country, old.decreed_until) != (new.hours, new.zone, new.country, new.decreed_until):
        return date.min
    days: set[date] = set()
    for one, other in ((old.days_off, new.days_off), (old.days_on, new.days_on), (old.short_days, new.short_days)):
        days |= {day for day in {*one, *other} if one.get(day) != other.get(day)}
    return min(days, default=None)


def _of_calendar(session: Session, new: Calendar, since: date) -> Iterator[Move]:
    at = datetime.combine(since, time(), new.zone) if since > date.min else None
    for kind, row in (*_tasks(session, new.office, at), *_points(session, new.office, at)):
        why = row.why or {}
        if _works(why.get("spec")) and "moved_by" not in why:
            yield from _recounted(kind, row, new, why["spec"])


def _of_deadline(session: Session, env: Any, key: str, value: str) -> Iterator[Move]:
    old, mark = env.setting(f"{DEADLINES}.{key}", None), f'"{DEADLINES}.{key}"'
    elements = {
        (one.key, element.id)
        for one in env.library.in_force(session)
        for element in one.procedure.elements.values()
        if mark in (element.settings.due_date or "")
    }
    for office, calendar in env.calendars.items():
        tasks = _tasks(session, office, None) if elements else ()
        found = [(kind, row) for kind, row in tasks if (row.process_key, row.element_id) in elements]
        found += [(kind, row) for kind, row in _points(session, office, None) if row.code == key]
        for kind, row in found:
            if (row.why or {}).get("spec") == old and "moved_by" not in row.why:
                yield from _recounted(kind, row, calendar, value)


def _of_limit(session: Session, env: Any, kind: str, limits: Mapping[str, Any]) -> Iterator[Handover]:
    elements = [
        (one.key, element.id)
        for one in env.library.in_force(session)
        for element in one.procedure.elements.values()
        if authority.KIND in element.settings.properties
    ]
    query = (
        select(UserTask.id, UserTask.name, ProcessInstance.title, UserTask.instance_id, UserTask.settings)
        .join(ProcessInstance, ProcessInstance.id == UserTask.instance_id)
        .where(UserTask.rank.is_not(None), tuple_(UserTask.process_key, UserTask.element_id).in_(elements))
    )
    for row in session.execute(query.order_by(UserTask.id).limit(MOST)) if elements else ():
        kept = row.settings or {}
        if kept.get("limit_kind") == kind and kept.get("limit_value"):
            new, old = authority.covering(limits, kept["limit_value"]), kept.get("limit_groups") or []
            if set(new) != set(old):
                yield Handover(row.id, row.name, row.title, row.instance_id, kept["limit_value"], old, new)


def _recounted(kind: str, row: Any, calendar: Calendar, spec: str) -> Iterator[Move]:
    due = calendar.due(datetime.fromisoformat(row.why["start"]), spec)
    told = datetime.fromisoformat(row.why["at"]) if "at" in row.why else row.at
    if due.at != row.at and abs((told - row.at).total_seconds()) < 60:  # else it rested or was moved meanwhile
        yield Move(kind, row.id, row.name, row.title, row.instance_id, row.at, due.at, due.why)


def _tasks(session: Session, office: str, since: datetime | None) -> list[tuple[str, Any]]:
    query = select(
        UserTask.id, UserTask.name, UserTask.due_at.label("at"), UserTask.due_why.label("why"), UserTask.instance_id,
        UserTask.process_key, UserTask.element_id, ProcessInstance.title,
    ).join(ProcessInstance, ProcessInstance.id == UserTask.instance_id)  # fmt: skip
    where = [UserTask.rank.is_not(None), UserTask.due_at.is_not(None), ProcessInstance.office == office]
    if since is not None:
        where.append(UserTask.due_at >= since)
    return [("task", row) for row in session.execute(query.where(*where).order_by(UserTask.due_at).limit(MOST))]


def _points(session: Session, office: str, since: datetime | None) -> list[tuple[str, Any]]:
    query = select(
        ControlPoint.id, ControlPoint.title.label("name"), ControlPoint.planned_at.label("at"), ControlPoint.code,
        ControlPoint.planned_why.label("why"), ControlPoint.instance_id, ProcessInstance.title,
    ).join(ProcessInstance, ProcessInstance.id == ControlPoint.instance_id)  # fmt: skip
    where = [ControlPoint.status == ControlPointStatus.OPEN, ProcessInstance.office == office]
    if since is not None:
        where.append(ControlPoint.planned_at >= since)
    rows = session.execute(query.where(*where).order_by(ControlPoint.planned_at).limit(MOST))
    return [("point", row) for row in rows]


def _works(spec: Any) -> bool:
    """Does a norm depend on the calendar?"""
    if not isinstance(spec, str):
        return False
    try:
        found = duration(spec)
    except ReglamentError:
        return False
    return isinstance(found, WorkingDuration) or (isinstance(found, date) and not isinstance(found, datetime))


def _move(work: Work, one: Move | Handover, version: SettingVersion) -> None:
    instance = work.session.get_one(ProcessInstance, one.instance_id)
    cause = {"setting": f"{version.kind}:{version.key}:{version.version}", "reason": version.note}
    if isinstance(one, Handover):
        task = work.session.get_one(UserTask, one.id)
        task.settings = {**(task.settings or {}), "limit_groups": list(one.new)}
        audit.record(work, "user_task.limit_changed", instance=instance, subject=f"user_task:{one.id}",
                     limit_groups=[list(one.old), list(one.new)], **cause)  # fmt: skip
        return
    if one.kind == "point":
        control_points.postpone(work, work.session.get_one(ControlPoint, one.id), one.new, dict(one.why))
        audit.record(work, "control_point.moved", instance=instance, subject=f"control_point:{one.id}",
                     planned_at=[moment(one.old), moment(one.new)], **cause)  # fmt: skip
        return
    task = work.session.get_one(UserTask, one.id)
    client = work.session.get(Client, task.client_id) if task.client_id is not None else None
    task.due_at, task.due_why = one.new, dict(one.why)
    task.rank = rank(task.priority, one.new, client.abc if client is not None else None)
    shown = task.rank if task.assignee_id is None else None
    work.session.execute(update(Candidate).where(Candidate.task_id == task.id).values(rank=shown),
                         execution_options={"synchronize_session": False})  # fmt: skip
    audit.record(work, "user_task.due_date_moved", instance=instance, subject=f"user_task:{one.id}",
                 due_at=[moment(one.old), moment(one.new)], **cause)  # fmt: skip


__all__ = [
    "AUTHORITY", "CALENDAR", "DEADLINES", "Handover", "Move", "check", "exported", "moved", "now_in", "save",
    "versions",
]  # fmt: skip

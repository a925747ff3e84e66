"""Who is next after a task and until when: the drawing's answer with the names of this company. SELECTs only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import feel
from engine.bpmn.ahead import Ahead, Level, Step, ahead
from engine.bpmn.types import Procedure
from engine.calendar import WorkingDuration, duration
from engine.errors import NotFound, ReglamentError
from engine.models import Group, ProcessInstance, User, UserTask
from engine.queries.replay import Replay, sheet_of


@dataclass(frozen=True)
class Next:
    """One task that can be next. ``person``, ``groups``: who does it or may, neither where the case decides; ``norm``:
    the span it has, "" for none, None where the case decides; ``by``: until when, if this task were completed now."""

    name: str
    person: str
    groups: Sequence[Group]
    procedure: str
    depends: bool
    after: str
    norm: str | None
    by: datetime | None


@dataclass(frozen=True)
class Future:
    """What can be next. ``more``: others are at work beside this task."""

    steps: Sequence[Next]
    ends: bool
    depends: bool


def after(
    session: Session, env: Any, task: UserTask, way: Replay, now: datetime, scope: Mapping[str, Any]
) -> Future:
    """What the drawing says comes after a task that is completed at this moment. ``scope``: what the task's expressions
    see now; who is named by an expression is told as the case stands, or not at all."""
    instance = task.instance
    found = ahead(_levels(session, env, task, way), lambda key: _bound(session, env, instance, key))
    context = replace(env.context(instance.office, now), strict=True)
    known = [_Known(step, scope, context) for step in found.steps]
    keys, logins = {key for one in known for key in one.groups}, {one.login for one in known if one.login}
    groups = {group.key: group for group in session.scalars(select(Group).where(Group.key.in_(keys)))} if keys else {}
    named = select(User).where(User.login.in_(logins))
    people = {user.login: user for user in session.scalars(named)} if logins else {}
    steps = []
    for one in known:
        element, person = one.step.element, people.get(one.login)
        elsewhere = one.step.procedure.name if one.step.procedure.key != task.process_key else ""
        by = _by(env, instance, one.norm, now) if one.norm and one.step.after is None else None
        steps.append(Next(
            element.name or element.id, person.name if person else "",
            [groups[key] for key in one.groups if key in groups and not person], elsewhere, one.step.depends,
            (one.step.after.name or "") if one.step.after is not None else "", one.norm, by,
        ))  # fmt: skip
    return Future(steps, found.ends, _depends(found))


class _Known:
    """What the settings of a step come to as the case stands. ``norm``: None if it cannot be said yet."""

    def __init__(self, step: Step, scope: Mapping[str, Any], context: feel.Context) -> None:
        settings, self.step = step.element.settings, step
        named = _value(settings.candidate_groups, scope, context) or ()
        self.groups = [str(one).strip() for one in (named.split(",") if isinstance(named, str) else named) if one]
        login = _value(settings.assignee, scope, context)
        self.login = login if isinstance(login, str) else ""
        norm = _value(settings.due_date, scope, context) if settings.due_date else ""
        self.norm: str | None = norm if isinstance(norm, str) else None


def _value(raw: str | None, scope: Mapping[str, Any], context: feel.Context) -> Any:
    try:
        return feel.value(raw, scope, context) if raw else None
    except (ReglamentError, ValueError, TypeError, ArithmeticError):
        return None  # it needs what only the answer brings


def _depends(found: Ahead) -> bool:
    return found.depends and len(found.steps) + found.ends > 1


def _levels(session: Session, env: Any, task: UserTask, way: Replay) -> list[Level]:
    """The drawings around a task, the outermost first: each with the call that led to the next."""
    sheet, element_id, found = sheet_of(way, task.path), task.element_id, list[Level]()
    sheets = {one.path: one for one in way.sheets}
    while True:
        procedure = env.library.bound(session, sheet.key, sheet.version).procedure
        found.insert(0, Level(procedure, element_id))
        if sheet.parent is None or sheet.caller is None:
            return found
        element_id, sheet = sheet.caller, sheets[sheet.parent]


def _bound(session: Session, env: Any, instance: ProcessInstance, key: str) -> Procedure | None:
    version = instance.versions.get(key)
    if version is None:
        return None
    try:
        found: Procedure = env.library.bound(session, key, version).procedure
    except NotFound:
        return None
    return found


def _by(env: Any, instance: ProcessInstance, norm: str, now: datetime) -> datetime | None:
    try:
        if not isinstance(duration(norm), WorkingDuration):
            return None
        found: datetime | None = env.calendar(instance.office).due(now, norm).at
    except (ReglamentError, ValueError):
        return None
    return found

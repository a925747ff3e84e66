"""Who is next after a task and until when: the drawing's answer with the names of this company. SELECTs only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.bpmn.ahead import Ahead, Level, Step, ahead
from engine.bpmn.types import Procedure
from engine.calendar import WorkingDuration, duration
from engine.errors import NotFound, ReglamentError
from engine.models import Group, ProcessInstance, UserTask
from engine.queries.replay import Replay, sheet_of


@dataclass(frozen=True)
class Next:
    """One task that can be next. ``groups``: who may do it, empty where the case decides; ``norm``: as the designer
    wrote it, "" if the case decides it; ``by``: until when, if the task before it were completed now."""

    name: str
    groups: Sequence[Group]
    procedure: str
    depends: bool
    after: str
    norm: str
    by: datetime | None


@dataclass(frozen=True)
class Future:
    """What can be next. ``more``: others are at work beside this task."""

    steps: Sequence[Next]
    ends: bool
    depends: bool


def after(session: Session, env: Any, task: UserTask, way: Replay, now: datetime) -> Future:
    """What the drawing says comes after a task that is completed at this moment."""
    instance = task.instance
    found = ahead(_levels(session, env, task, way), lambda key: _bound(session, env, instance, key))
    keys = {key for step in found.steps for key in _groups(step)}
    groups = {group.key: group for group in session.scalars(select(Group).where(Group.key.in_(keys)))} if keys else {}
    steps = [_told(step, env, instance, groups, now, task.process_key) for step in found.steps]
    return Future(steps, found.ends, _depends(found))


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


def _groups(step: Step) -> list[str]:
    named = step.element.settings.candidate_groups or ""
    return [] if named.startswith("=") else [key.strip() for key in named.split(",") if key.strip()]


def _told(
    step: Step, env: Any, instance: ProcessInstance, groups: dict[str, Group], now: datetime, here: str
) -> Next:
    settings, element = step.element.settings, step.element
    norm = settings.due_date or ""
    plain = "" if norm.startswith("=") else norm
    by = _by(env, instance, plain, now) if plain and step.after is None else None
    elsewhere = step.procedure.name if step.procedure.key != here else ""
    known = [] if settings.assignee else [groups[key] for key in _groups(step) if key in groups]
    waits = (step.after.name or "") if step.after is not None else ""
    return Next(element.name or element.id, known, elsewhere, step.depends, waits, plain if norm else "none", by)


def _by(env: Any, instance: ProcessInstance, norm: str, now: datetime) -> datetime | None:
    try:
        if not isinstance(duration(norm), WorkingDuration):
            return None
        found: datetime | None = env.calendar(instance.office).due(now, norm).at
    except (ReglamentError, ValueError):
        return None
    return found

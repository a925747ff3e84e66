"""What a filter of the inbox means as conditions on tasks: each one is answered from the task's own row or by key."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, exists, or_, select

from engine.filters import Query
from engine.models import Candidate, Client, ProcessInstance, UserTask
from engine.queries.words import contain
from engine.searching import fold

WORDS = 8  # looked at; the rest only narrow what is narrow already
URGENT = 75
NORMAL = 50
CLASSES = ("A", "B", "C")
DAYS = {"today": (0, 1), "tomorrow": (1, 2), "week": (0, 7), "month": (0, 31)}


def conditions(query: Query, now: datetime, zone: ZoneInfo, *, done: bool = False) -> list[ColumnElement[bool]]:
    """Everything the filter asks of a task. ``done``: of finished tasks the dates are those of finishing."""
    found = _found_by(query.words)
    if query.procedure:
        about = ProcessInstance.id == UserTask.instance_id
        older = and_(UserTask.procedure_key.is_(None), _of_task(about, ProcessInstance.key == query.procedure))
        found.append(or_(UserTask.procedure_key == query.procedure, older))
    if query.client:
        named = select(Client.id).where(*contain(query.client, Client.name, Client.inn))
        found.append(UserTask.client_id.in_(named))
    if query.priority:
        spans = {"urgent": UserTask.priority >= URGENT, "low": UserTask.priority < NORMAL}
        normal = and_(UserTask.priority >= NORMAL, UserTask.priority < URGENT)
        found.append(spans.get(query.priority, normal))
    if query.grade:
        of_class = Client.abc.in_(CLASSES) if query.grade == "none" else Client.abc == query.grade
        theirs = _of_task(Client.id == UserTask.client_id, of_class)
        found.append(~theirs if query.grade == "none" else theirs)
    if query.group:
        found.append(_of_task(Candidate.task_id == UserTask.id, Candidate.group_key == query.group))
    return found + _between(query, now, zone, done)


def _found_by(words: str) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    for word in fold(words).split()[:WORDS]:
        kept = UserTask.words.contains(word, autoescape=True)
        title = _of_task(ProcessInstance.id == UserTask.instance_id, *contain(word, ProcessInstance.title))
        older = and_(UserTask.words.is_(None), or_(*contain(word, UserTask.name), title))
        found.append(or_(kept, older))
    return found


def _between(query: Query, now: datetime, zone: ZoneInfo, done: bool) -> list[ColumnElement[bool]]:
    column = UserTask.ended_at if done else UserTask.due_at
    found: list[ColumnElement[bool]] = []
    today = now.astimezone(zone).date()
    if query.due == "late":
        found.append(UserTask.due_at <= now)
    elif query.due == "none":
        found.append(UserTask.due_at.is_(None))
    elif query.due:
        first, last = (_midnight(today + timedelta(days), zone) for days in DAYS[query.due])
        found += [column >= first, column < last]
    if query.since:
        found.append(column >= _midnight(date.fromisoformat(query.since), zone))
    if query.until:
        found.append(column < _midnight(date.fromisoformat(query.until) + timedelta(1), zone))
    return found


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)


def _of_task(*where: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(*where).correlate(UserTask)

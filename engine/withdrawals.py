"""Votes that nobody needs any more: a decision of several people has been reached before all of them answered. What was
left open vanishes from their lists, so they are told who decided what."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select, update

from engine import access, audit, notifications
from engine.models import Candidate, ProcessInstance, User, UserTask, table_of
from engine.work import Work

TASKS, CANDIDATES = table_of(UserTask), table_of(Candidate)


def note(work: Work, instance: ProcessInstance, done: UserTask | None, gone: Mapping[int, str]) -> set[int]:
    """Tell those concerned. ``gone``: tasks that ended with this step, and their elements; ``done``: the one that was
    completed. Gives the votes among them: who could have voted may still look at them."""
    if done is None or "approval" not in (done.settings or {}):
        return set()
    siblings = [task_id for task_id, element_id in gone.items() if element_id == done.element_id]
    if not siblings:
        return set()
    rows = work.connection.execute(
        select(TASKS.c.id, TASKS.c.assignee_id, TASKS.c.settings)
        .where(TASKS.c.id.in_(siblings), TASKS.c.path == done.path)
        .order_by(TASKS.c.id)
    ).all()
    decision = _decision(done)
    for task_id, assignee_id, settings in rows:
        _tell(work, instance, done, task_id, assignee_id, decision)
        kept = {**(settings or {}), "decided_by": done.id}
        work.connection.execute(update(TASKS).where(TASKS.c.id == task_id).values(settings=kept))
        work.connection.execute(update(CANDIDATES).where(CANDIDATES.c.task_id == task_id).values(rank=None))
    return {row.id for row in rows}


def _decision(done: UserTask) -> str:
    answer: Any = (done.outcome or {}).get(done.settings["approval"])
    return str(answer) if answer else "?"


def _tell(
    work: Work, instance: ProcessInstance, done: UserTask, task_id: int, assignee_id: int | None, decision: str
) -> None:
    audit.record(
        work, "user_task.withdrawn", instance=instance, subject=f"user_task:{task_id}", element=done.element_id,
        by=done.id, decided=decision,
    )  # fmt: skip
    people = {person.id: person for person in _concerned(work, task_id, assignee_id)}
    people.pop(work.actor.user_id or 0, None)
    notifications.notify(
        work, people.values(), "approval_withdrawn", instance, task=done.name, task_id=task_id,
        name=notifications.who(work),
    )  # fmt: skip


def _concerned(work: Work, task_id: int, assignee_id: int | None) -> list[User]:
    """Who had it, else who might have taken it."""
    if assignee_id is not None:
        person = work.session.get(User, assignee_id)
        return [person] if person is not None else []
    found: list[User] = []
    for group_key, user_id in work.connection.execute(
        select(CANDIDATES.c.group_key, CANDIDATES.c.user_id).where(CANDIDATES.c.task_id == task_id)
    ):
        person = work.session.get(User, user_id) if user_id is not None else None
        found += access.members(work.session, group_key) if group_key else [person] if person is not None else []
    return found

"""Tasks that ended before anybody completed them.

Votes that nobody needs any more: a decision of several people has been reached before all of them answered. What was
left open vanishes from their lists, so they are told who decided what. And what people had typed into tasks that the
procedure no longer asks for: it stays readable for them for a while.
"""
from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update

from engine import access, audit, notifications
from engine.models import Candidate, FormDraft, ProcessInstance, User, UserTask, table_of
from engine.work import Work

TASKS, CANDIDATES, DRAFTS = table_of(UserTask), table_of(Candidate), table_of(FormDraft)
KEPT = timedelta(days=30)  # how long what was typed into a withdrawn task can still be read


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


def keep_drafts(work: Work, instance: ProcessInstance, gone: Collection[int]) -> None:
    """Tell who had typed something into these tasks that they are withdrawn and until when it can be read."""
    if not gone:
        return
    rows = work.connection.execute(
        select(DRAFTS.c.user_id, DRAFTS.c.task_id, TASKS.c.name)
        .join(TASKS, TASKS.c.id == DRAFTS.c.task_id)
        .where(DRAFTS.c.task_id.in_(gone), DRAFTS.c.user_id != (work.actor.user_id or 0))
        .order_by(DRAFTS.c.task_id, DRAFTS.c.user_id)
    ).all()
    for user_id, task_id, name in rows:
        person = work.session.get(User, user_id)
        notifications.notify(
            work, [person] if person is not None else [], "draft_kept", instance, task=name, task_id=task_id,
            until=kept_until(work.now),
        )  # fmt: skip


def kept_until(ended_at: datetime) -> datetime:
    """Until when a draft of a task that was withdrawn then is kept."""
    return ended_at + KEPT


def purge(work: Work) -> int:
    """Forget the drafts of tasks that were withdrawn long ago; gives how many."""
    old = select(TASKS.c.id).where(
        TASKS.c.id == DRAFTS.c.task_id, TASKS.c.rank.is_(None), TASKS.c.ended_at < work.now - KEPT
    )
    return work.connection.execute(delete(DRAFTS).where(old.exists())).rowcount


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

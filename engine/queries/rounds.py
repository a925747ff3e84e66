"""Why a step is done again, and how what was filled in differs from round to round. SELECTs only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from engine.models import TaskReturn, User, UserTask

MOST_ROUNDS = 3


@dataclass(frozen=True)
class Again:
    """One reason for another round. ``rounds``: what was filled in in the step that was done again, oldest first;
    ``is_answer``: the step was done again since, and this task is to judge it; otherwise this task is that step."""

    back: TaskReturn
    by: User | None
    step: UserTask
    rounds: Sequence[UserTask]
    is_answer: bool


def again(session: Session, task: UserTask) -> Again | None:
    """The latest reason why this task is done once more; None if it is not, or only because it is drawn so."""
    if task.round < 2:
        return None
    backs = session.scalars(
        select(TaskReturn).where(TaskReturn.instance_id == task.instance_id).order_by(TaskReturn.id.desc())
    ).all()
    for back in backs:
        if back.to_task_id == task.id:
            return _told(session, back, task, is_answer=False)
        left = session.get(UserTask, back.from_task_id) if back.from_task_id is not None else None
        is_same = left is not None and (left.path, left.element_id) == (task.path, task.element_id)
        if is_same and back.kind == "returned" and back.to_task_id < task.id:
            return _told(session, back, session.get_one(UserTask, back.earlier_task_id), is_answer=True)
    return None


def backs_of(session: Session, instance_id: int) -> Sequence[TaskReturn]:
    """Every return and recall of an instance, in order."""
    return session.scalars(
        select(TaskReturn).where(TaskReturn.instance_id == instance_id).order_by(TaskReturn.id)
    ).all()


def _told(session: Session, back: TaskReturn, step: UserTask, *, is_answer: bool) -> Again:
    found = select(UserTask).where(
        UserTask.instance_id == step.instance_id, UserTask.element_id == step.element_id, UserTask.path == step.path,
        UserTask.completed_by.is_not(None),
    )  # fmt: skip
    rows = session.scalars(
        found.options(undefer(UserTask.outcome)).order_by(UserTask.round.desc()).limit(MOST_ROUNDS)
    ).all()
    by = session.get(User, back.by) if back.by is not None else None
    return Again(back, by, step, tuple(reversed(rows)), is_answer)

"""The same thing done to many tasks: each in a transaction of its own, so that one that cannot be done stops no
other."""
from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from engine import comments, tasks
from engine.environment import Environment
from engine.errors import Invalid, ReglamentError, Text
from engine.models import UserTask
from engine.work import Actor, Work, run

MOST = 200


@dataclass(frozen=True)
class Refusal:
    """One that was not done, and why."""

    task_id: int
    name: str
    reason: Text


@dataclass(frozen=True)
class Outcome:
    """What came of it, in the order asked: ids of the tasks it was done to, and the refusals."""

    done: tuple[int, ...]
    refused: tuple[Refusal, ...]


def each(env: Environment, actor: Actor, verb: Callable[..., Any], task_ids: Iterable[int], *args: Any) -> Outcome:
    """Run ``verb(work, task_id, *args)`` for every task. Raises Invalid for more than ``MOST`` at once; what a task's
    own verb raises becomes its refusal."""
    ids = list(dict.fromkeys(task_ids))
    if len(ids) > MOST:
        raise Invalid("At most {limit} tasks can be changed at once.", limit=MOST)
    done: list[int] = []
    refused: list[Refusal] = []
    for task_id in ids:
        try:
            run(env, actor, verb, task_id, *args)
        except ReglamentError as error:
            refused.append(Refusal(task_id, _name(env, task_id), _why(error)))
        else:
            done.append(task_id)
    return Outcome(tuple(done), tuple(refused))


def comment(work: Work, task_id: int, body: str) -> None:
    """Say the same about one task after another. Raises NotFound, Forbidden, Invalid."""
    task = tasks.find(work, task_id)
    comments.write(work, task.instance_id, body, task_id=task.id)


def _why(error: ReglamentError) -> Text:
    """What is wrong with the input says more than that it is wrong."""
    fields = list(error.fields.values()) if isinstance(error, Invalid) else []
    return fields[0] if fields else error.text


def _name(env: Environment, task_id: int) -> str:
    with env.sessions() as session:
        task = session.get(UserTask, task_id)
        return task.name if task is not None else str(task_id)

"""Steps taken back: a task returned to an earlier performer, a completed one recalled by its finisher.

Nothing of it is drawn. The token that came of the earlier task is withdrawn and one is put before its element again
(engine.bpmn.moving); what may not be undone refuses it with the reason. See docs/returns.md.
"""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import undefer

from engine import access, audit, bpmn, history, notifications, settled, tasks, values
from engine.errors import Conflict, Invalid, NotFound, ReglamentError, Text, WrongState, text
from engine.instances import advance, require_active
from engine.models import Candidate, ProcessInstance, TaskReturn, User, UserTask, Visit, table_of
from engine.projection import MOST_VISITS
from engine.vocabulary import OPEN_TASK, InstanceStatus, ReturnKind, TaskStatus
from engine.work import Work

MOST_TARGETS = 30
VISITS = table_of(Visit)


@dataclass(frozen=True)
class Target:
    """An earlier task one may return to, or the reason why not."""

    task: UserTask
    refused: Text | None


@dataclass
class Branch:
    """An earlier task and what came of it. ``passed``: rows of visits since; ``way``: what the drawing says of them."""

    task: UserTask
    earlier: bpmn.Earlier
    passed: Sequence[Any]
    way: bpmn.Way = field(default_factory=bpmn.Way)


def mark_seen(work: Work, task_id: int) -> bool:
    """Note that the actor has opened the task, if he may do it. True when nobody had. Raises NotFound."""
    task = tasks.find(work, task_id)
    if task.status not in OPEN_TASK or access.may(work.session, work.actor, work.now, "task.return", task) is None:
        return False
    return tasks.note_seen(work, task)


def targets(work: Work, task: UserTask) -> list[Target]:
    """Every step that was done before this open one, newest first, with the reason where one cannot go back to it."""
    rows = _done_before(work, task)
    return [Target(row, _refused(work, task, row)) for row in rows]


def return_to(
    work: Work, task_id: int, earlier_task_id: int, remark: str, revision: int | None = None
) -> UserTask:
    """Give the work back to who did an earlier step; he does it again and the flow goes on from there.

    Gives the task that was opened for him. Raises NotFound, WrongState (with the reason), Conflict, Forbidden, Invalid
    (no remark).
    """
    task = _open(work, task_id, revision)
    access.require(work, "task.return", task)
    if task.owner_id is not None:
        raise WrongState("«{task}» was delegated to you: give it back with your answer", task=task.name)
    if not remark.strip():
        raise Invalid("Say what has to be changed", {"remark": text("Say what has to be changed")})
    row = _completed(work, task.instance, earlier_task_id)
    branch = _branch(work, row)
    if (fault := _against(work, branch, task)) is not None:
        raise WrongState(fault)
    return _again(work, branch, task, ReturnKind.RETURNED, remark.strip())


def recall(work: Work, task_id: int, reason: str = "") -> UserTask:
    """Take back what one has completed, while nobody has gone on with it: the task is open again, filled in as it was.

    Raises NotFound, WrongState (with the reason), Forbidden.
    """
    row = tasks.find(work, task_id)
    access.require(work, "task.recall", row)
    branch, fault = _recalled(work, row)
    if fault is not None or branch is None:
        raise WrongState(fault or text("«{task}» has not been completed", task=row.name))
    following = _tasks_of(work, branch)
    return _again(work, branch, following[0] if following else None, ReturnKind.RECALLED, reason.strip())


def why_not_recall(work: Work, task: UserTask) -> Text | None:
    """Why who completed this task may not take it back; None if he may."""
    if access.may(work.session, work.actor, work.now, "task.recall", task) is None:
        return text("You may not do this")
    try:
        return _recalled(work, task)[1]
    except ReglamentError as error:
        return error.text


def _open(work: Work, task_id: int, revision: int | None) -> UserTask:
    task = tasks.find(work, task_id)
    if task.status not in OPEN_TASK:
        raise WrongState("«{task}» is not open any more", task=task.name)
    require_active(task.instance)
    if revision is not None and task.revision != revision:
        raise Conflict("Somebody else has just changed this. Reload the page and look again.")
    return task


def _completed(work: Work, instance: ProcessInstance, task_id: int) -> UserTask:
    row = work.session.get(UserTask, task_id, options=[undefer(UserTask.outcome)])
    if row is None or row.instance_id != instance.id or row.completed_by is None:
        raise NotFound("There is no such earlier step")
    return row


def _done_before(work: Work, task: UserTask) -> Sequence[UserTask]:
    """The last completion of every other step, newest first."""
    newest = (
        select(func.max(UserTask.id))
        .where(UserTask.instance_id == task.instance_id, UserTask.completed_by.is_not(None), UserTask.id < task.id)
        .group_by(UserTask.path, UserTask.element_id)
    )
    rows = work.session.scalars(
        select(UserTask).where(UserTask.id.in_(newest)).order_by(UserTask.ended_at.desc(), UserTask.id.desc())
        .limit(MOST_TARGETS)
    )  # fmt: skip
    return [row for row in rows if (row.path, row.element_id) != (task.path, task.element_id)]


def _refused(work: Work, task: UserTask, row: UserTask) -> Text | None:
    try:
        return _against(work, _branch(work, row), task)
    except ReglamentError as error:
        return error.text


def _branch(work: Work, row: UserTask) -> Branch:
    """What came of a completed task. Raises WrongState when it is too old to be known."""
    first = work.connection.execute(
        select(VISITS.c.id).where(VISITS.c.instance_id == row.instance_id, VISITS.c.token_id == row.token_id)
        .order_by(VISITS.c.id.desc()).limit(1)
    ).scalar()  # fmt: skip
    if first is None:
        raise WrongState("How this step stood is not known any more")
    wanted = (VISITS.c.token_id, VISITS.c.path, VISITS.c.process_key, VISITS.c.element_id, VISITS.c.outcome)
    passed = work.connection.execute(
        select(*wanted).where(VISITS.c.instance_id == row.instance_id, VISITS.c.id > first).order_by(VISITS.c.id)
    ).all()
    then = history.state_at(work.session, row.instance_id, first // MOST_VISITS)
    passages = [bpmn.Passage(one.path, one.process_key, one.element_id, one.outcome == "completed") for one in passed]
    branch = Branch(row, bpmn.Earlier(then, row.token_id, passages), passed)
    instance = row.instance
    procedure = work.env.library.definition(work.session, instance.definition_id).procedure
    host = work.env.host(work.session, instance, work.now)
    branch.way = bpmn.way(procedure, instance.state, branch.earlier, host)
    return branch


def _against(work: Work, branch: Branch, task: UserTask) -> Text | None:
    """Why one may not return from this task to that step."""
    way = branch.way
    if way.blocked is not None:
        return way.blocked
    if task.token_id not in {leaf.token_id for leaf in way.leaves}:
        return text("«{step}» is on another branch than «{task}»", step=branch.task.name, task=task.name)
    if way.split is not None:
        return text("At «{gateway}» several branches began: what is done in the others would be lost",
                    gateway=way.split)  # fmt: skip
    for leaf in way.leaves:
        if leaf.token_id != task.token_id:
            return text("«{step}» is under way beside it and came of the same step",
                        step=leaf.element.name or leaf.element.id)  # fmt: skip
    return settled.since(work, branch.task, way.effects)


def _recalled(work: Work, row: UserTask) -> tuple[Branch | None, Text | None]:
    """What came of a task that its finisher wants back, and why he cannot have it."""
    if row.status != TaskStatus.COMPLETED:
        return None, text("«{task}» has not been completed", task=row.name)
    if row.instance.status != InstanceStatus.ACTIVE:
        return None, text("«{title}» is {status}", title=row.instance.title, status=row.instance.status)
    branch = _branch(work, row)
    if branch.way.blocked is not None:
        return branch, branch.way.blocked
    if _was_opened_again(work, row):
        return branch, text("«{task}» has been opened again since: only its last round is taken back", task=row.name)
    for leaf in branch.way.leaves:
        if leaf.kind in ("service", "failed"):
            step = leaf.element.name or leaf.element.id
            return branch, text("The system is at work on «{step}» just now", step=step)
    for task in _tasks_of(work, branch):
        if task.seen_at is not None and task.seen_by != work.actor.user_id:
            return branch, text("«{task}» has been opened by {name} already", task=task.name,
                                name=_name(work, task.seen_by))  # fmt: skip
        if task.owner_id is not None:
            return branch, text("«{task}» was delegated", task=task.name)
    worked = next((effect for effect in branch.way.effects if effect.kind == "work"), None)
    if worked is not None:
        return branch, text("«{step}» has been done since", step=worked.element.name or worked.element.id)
    return branch, settled.since(work, row, branch.way.effects)


def _was_opened_again(work: Work, row: UserTask) -> bool:
    later = select(UserTask.id).where(
        UserTask.instance_id == row.instance_id, UserTask.element_id == row.element_id, UserTask.path == row.path,
        UserTask.id > row.id,
    )  # fmt: skip
    return work.session.scalar(later.limit(1)) is not None


def _tasks_of(work: Work, branch: Branch) -> list[UserTask]:
    """The open tasks that came of it."""
    tokens = [leaf.token_id for leaf in branch.way.leaves if leaf.kind == "task"]
    found = select(UserTask).where(
        UserTask.instance_id == branch.task.instance_id, UserTask.token_id.in_(tokens), UserTask.rank.is_not(None)
    )
    return list(work.session.scalars(found.order_by(UserTask.id))) if tokens else []


def _again(work: Work, branch: Branch, left: UserTask | None, kind: ReturnKind, remark: str) -> UserTask:
    """Open the earlier step again, for who did it; say so in the log, in the register and to whom it concerns."""
    row, instance = branch.task, branch.task.instance
    given = values.decode(row.outcome) if row.outcome else {}
    told = _tasks_of(work, branch)
    audit.record(
        work, f"user_task.{kind}", instance=instance, subject=f"user_task:{left.id if left else row.id}",
        element=left.element_id if left else row.element_id, to=row.element_id, round=row.round, remark=remark,
    )  # fmt: skip
    settled.drop_drafts(work, row, (one.token_id for one in branch.passed), remark)
    advance(work, instance, bpmn.reopen, branch.earlier, given)
    opened = work.session.scalars(
        select(UserTask)
        .where(UserTask.instance_id == instance.id, UserTask.element_id == row.element_id, UserTask.path == row.path,
               UserTask.rank.is_not(None))
        .order_by(UserTask.id.desc()).limit(1)
    ).one()  # fmt: skip
    performer = _performer(work, row, opened, kind)
    if performer is not None:
        _hand_to(work, opened, performer, row.completed_for)
    work.session.add(
        TaskReturn(
            instance_id=instance.id, kind=kind, from_task_id=left.id if left else None, earlier_task_id=row.id,
            to_task_id=opened.id, by=work.actor.user_id, on_behalf_of=work.actor.on_behalf_of, at=work.now,
            remark=remark,
        )
    )  # fmt: skip
    _tell(work, opened, performer, told, kind, remark)
    work.session.flush()
    return opened


def _performer(work: Work, row: UserTask, opened: UserTask, kind: ReturnKind) -> User | None:
    """Who gets it: who did it before. If he has left, whom he stood in for; if neither may do it now (separation of
    duties), whom the drawing names."""
    wanted = [work.actor.user_id] if kind == ReturnKind.RECALLED else [row.completed_by, row.completed_for]
    for user_id in wanted:
        person = access.person(work.session, user_id)
        if person is not None and person.active and not access.separated(work.session, opened, {person.id}):
            return person
    return None


def _hand_to(work: Work, task: UserTask, person: User, absent_id: int | None) -> None:
    task.assignee_id, task.status, task.claimed_at = person.id, TaskStatus.CLAIMED, work.now
    task.claimed_for = absent_id if absent_id != person.id else None
    rows = update(Candidate).where(Candidate.task_id == task.id).values(rank=None)
    work.session.execute(rows, execution_options={"synchronize_session": False})


def _tell(
    work: Work, opened: UserTask, performer: User | None, withdrawn: Iterable[UserTask], kind: ReturnKind, remark: str
) -> None:
    name = _name(work, work.actor.user_id)
    facts: dict[str, Any] = {"task": opened.name, "name": name, "remark": remark or "—", "task_id": opened.id}
    if kind == ReturnKind.RETURNED:
        people = [performer] if performer is not None and performer.id != work.actor.user_id else []
        notifications.notify(work, people, "task_returned", opened.instance, **facts)
        return
    lost = {task.assignee_id for task in withdrawn} - {None, work.actor.user_id}
    people = [work.session.get_one(User, user_id) for user_id in sorted(one for one in lost if one is not None)]
    notifications.notify(work, people, "task_recalled", opened.instance, **facts)


def _name(work: Work, user_id: int | None) -> str:
    person = access.person(work.session, user_id)
    return person.name if person is not None else "?"

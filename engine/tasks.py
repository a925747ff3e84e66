"""User tasks: everything an employee may do with one. The rules who may are in engine.access."""
from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm.attributes import set_committed_value

from engine import access, audit, authority, bpmn, control_points, forms, ledger, notices, notifications, values
from engine.assignment import moment, rank
from engine.environment import Late, Layers
from engine.errors import Conflict, Invalid, NotFound, WrongState, text
from engine.instances import INSTANCE_COLUMNS, INSTANCE_NAMES, advance, look, require_active
from engine.models import Candidate, Client, Comment, FormDraft, ProcessInstance, StoredFile, User, UserTask, table_of
from engine.rows import Prepared, adopt, change
from engine.vocabulary import OPEN_TASK, InterventionKind, TaskStatus
from engine.work import Work

LATER = {"due_why", "outcome"}  # large and seldom looked at
TASK_COLUMNS = [column for column in table_of(UserTask).c if column.name not in LATER]
TASK_NAMES = [column.key for column in TASK_COLUMNS]
SEE = Prepared(
    update(table_of(UserTask))
    .where(table_of(UserTask).c.id == bindparam("task"), table_of(UserTask).c.seen_at.is_(None))
    .values(seen_at=bindparam("at"), seen_by=bindparam("who"))
)
TASK = Prepared(
    select(*TASK_COLUMNS, *INSTANCE_COLUMNS)
    .join_from(table_of(UserTask), table_of(ProcessInstance))
    .where(table_of(UserTask).c.id == bindparam("task"))
    .with_for_update()
)


def find(work: Work, task_id: int) -> UserTask:
    """The task, open or ended, with its instance. Raises NotFound. Rights are asked of engine.access."""
    task = _load(work, task_id)
    if task is None:
        raise NotFound("There is no task {id}", id=task_id)
    return task


def claim(work: Work, task_id: int) -> UserTask:
    """Take the task for oneself; taking what is one's own is no error. Raises NotFound, WrongState, Forbidden."""
    task = _open_task(work, task_id)
    if task.assignee_id is not None and task.assignee_id == work.actor.user_id:
        return task
    if task.assignee_id is not None:
        raise WrongState("«{task}» has been taken by {name}", task=task.name, name=_name(work, task.assignee_id))
    access.require(work, "task.claim", task)
    _give(work, task, work.actor.user_id, work.actor.on_behalf_of)
    _log(work, task, "claimed")
    note_seen(work, task)
    return task


def unclaim(work: Work, task_id: int) -> UserTask:
    """Give the task back to those who may claim it. Raises NotFound, WrongState, Forbidden."""
    task = _open_task(work, task_id)
    access.require(work, "task.unclaim", task)
    if task.assignee_id is None:
        raise WrongState("Nobody has «{task}»", task=task.name)
    if task.owner_id is not None:
        raise WrongState("«{task}» was delegated: give it back with an answer", task=task.name)
    if work.session.scalar(select(Candidate.id).where(Candidate.task_id == task.id).limit(1)) is None:
        raise WrongState("«{task}» is for one person only: there is nobody to give it back to", task=task.name)
    old = task.assignee_id
    _give(work, task, None)
    _log(work, task, "unclaimed", assignee=[old, None])
    return task


def complete(work: Work, task_id: int, raw: Mapping[str, Any], revision: int | None = None) -> UserTask:
    """Finish the task with what was filled in; the instance moves on in the same transaction.

    ``revision``: the task's as the person saw it. Raises NotFound, WrongState (done or cancelled already, suspended, a
    control point open), Conflict (changed since), Forbidden, Invalid (field by field), and what a step may raise.
    """
    task = _open_task(work, task_id, revision)
    instance = task.instance
    access.require(work, "task.complete", task)
    if task.owner_id is not None:
        raise WrongState("«{task}» was delegated to you: give it back with your answer", task=task.name)
    control_points.require(work, task)
    data = clean(work, task, raw)
    outcome = values.encode(data)
    taken = {"assignee_id": work.actor.user_id, "claimed_at": work.now} if task.assignee_id is None else {}
    change(
        work.session, work.connection, task, status=TaskStatus.COMPLETED, ended_at=work.now, rank=None, outcome=outcome,
        completed_by=work.actor.user_id, completed_for=work.actor.on_behalf_of, **taken,
    )  # fmt: skip
    _log(work, task, "completed", element=task.element_id, outcome=audit.digest(outcome))
    notices.settle(work, instance.id, task.id)
    notifications.approval_decided(work, task)
    advance(work, instance, bpmn.complete, task.token_id, data, done=task)
    return task


def take_back(work: Work, task_id: int) -> UserTask:
    """Somebody who was absent takes over what his substitute still holds for him. Raises NotFound, WrongState,
    Forbidden."""
    task = _open_task(work, task_id)
    access.require(work, "task.take_back", task)
    if task.owner_id is not None:
        raise WrongState("«{task}» was delegated: give it back with an answer", task=task.name)
    old = task.assignee_id
    _give(work, task, work.actor.user_id)
    _log(work, task, "taken_back", assignee=[old, task.assignee_id])
    return task


def reassign(work: Work, task_id: int, user_id: int, reason: str) -> UserTask:
    """Give the task to somebody for good. Raises NotFound, WrongState, Forbidden, Invalid (no reason)."""
    task = _open_task(work, task_id)
    access.require(work, "task.reassign", task)
    person = _person(work, task, user_id)
    _because(reason)
    old, task.owner_id = task.assignee_id, None
    _give(work, task, person.id)
    _log(work, task, "reassigned", assignee=[old, person.id], reason=reason.strip())
    ledger.note(work, InterventionKind.REASSIGN, task.instance, reason, task=task, assignee=[old, person.id])
    notifications.task_assigned(work, person, task.instance, task.id, task.name)
    return task


def delegate(work: Work, task_id: int, user_id: int) -> UserTask:
    """Give the task to a colleague for an answer and get it back. Raises NotFound, WrongState, Forbidden."""
    task = _open_task(work, task_id)
    access.require(work, "task.delegate", task)
    if task.owner_id is not None:
        raise WrongState("«{task}» has been delegated already", task=task.name)
    person = _person(work, task, user_id)
    if person.id == task.assignee_id:
        raise WrongState("«{task}» is with {name} already", task=task.name, name=person.name)
    task.owner_id = task.assignee_id
    _give(work, task, person.id, task.claimed_for)
    _log(work, task, "delegated", assignee=[task.owner_id, person.id])
    _tell(work, person, "task_delegated", task)
    return task


def resolve(work: Work, task_id: int, answer: Mapping[str, Any] | str) -> UserTask:
    """Give a delegated task back to who asked, with a note or a filled-in form as his draft. Raises NotFound,
    WrongState, Forbidden."""
    task = _open_task(work, task_id)
    access.require(work, "task.resolve", task)
    if task.owner_id is None:
        raise WrongState("Nobody has delegated «{task}»", task=task.name)
    owner, helper = task.owner_id, task.assignee_id
    note = answer.strip() if isinstance(answer, str) else ""
    if note and work.actor.user_id is not None:
        work.session.add(Comment(instance_id=task.instance_id, task_id=task.id, author_id=work.actor.user_id,
                                 at=work.now, body=note))  # fmt: skip
    if not isinstance(answer, str):
        _keep_draft(work, task, owner, answer)
    task.owner_id = None
    _give(work, task, owner, task.claimed_for)
    _log(work, task, "resolved", assignee=[helper, owner], note=note)
    _tell(work, work.session.get_one(User, owner), "task_answered", task)
    return task


def set_due(work: Work, task_id: int, at: datetime | None, reason: str) -> UserTask:
    """Move the due date, with a reason. Raises NotFound, WrongState, Forbidden, Invalid."""
    task = _open_task(work, task_id)
    access.require(work, "task.set_due", task)
    _because(reason)
    old, task.due_at = task.due_at, at
    who = _name(work, work.actor.user_id)
    task.due_why = {"at": moment(at), "moved_by": who, "reason": reason.strip(), "before": task.due_why}
    task.rank = rank(task.priority, at, _grade(work, task))
    _show_to_candidates(work, task)
    _log(work, task, "due_date_moved", due_at=[moment(old), moment(at)], reason=reason.strip())
    ledger.note(work, InterventionKind.EXTEND, task.instance, reason, task=task, due_at=[old, at])
    return task


def set_follow_up(work: Work, task_id: int, at: datetime | None) -> UserTask:
    """When the task should come back to attention; till then it may rest. Raises NotFound, WrongState, Forbidden."""
    task = _open_task(work, task_id)
    access.require(work, "task.set_follow_up", task)
    old, task.follow_up_at = task.follow_up_at, at
    _log(work, task, "follow_up_set", follow_up_at=[moment(old), moment(at)])
    return task


def save_draft(
    work: Work, task_id: int, raw: Mapping[str, Any], *, window: str | None = None, based_on: str | None = None
) -> None:
    """Keep what has been typed so far, unchecked. Not part of the instance, hence not in the log. ``window``: the
    opened page it was typed in; ``based_on``: the mark of the draft that page knows (``draft_mark``).

    Raises NotFound, WrongState, Forbidden, and Conflict when another page has saved something else since.
    """
    task = _open_task(work, task_id)
    access.require(work, "task.save_draft", task)
    note_seen(work, task)
    if work.actor.user_id is None:
        return
    kept = work.session.get(FormDraft, (task.id, work.actor.user_id))
    if based_on is not None and is_overtaken(kept, raw, window, based_on):
        raise Conflict("The form has been filled in further in another window. Nothing of yours is lost.")
    _keep_draft(work, task, work.actor.user_id, raw, window)


def draft_mark(draft: FormDraft | None) -> str:
    """By which a page knows again what a draft held when it was read."""
    return audit.digest(draft.data) if draft is not None else ""


def is_overtaken(kept: FormDraft | None, raw: Mapping[str, Any], window: str | None, based_on: str) -> bool:
    """Has another page saved something that this one neither knows nor says itself?"""
    if kept is None or (window and kept.window == window):
        return False
    return draft_mark(kept) not in (based_on, audit.digest(dict(raw)))


def note_seen(work: Work, task: UserTask) -> bool:
    """Who may do it has it before him: from now on it cannot be recalled. Once, and no new revision, so that the page
    he looks at stays current."""
    if task.seen_at is not None or work.actor.user_id is None:
        return False
    if not SEE.run(work.connection, task=task.id, at=work.now, who=work.actor.user_id):
        return False
    set_committed_value(task, "seen_at", work.now)
    set_committed_value(task, "seen_by", work.actor.user_id)
    _log(work, task, "seen")
    return True


def seen(work: Work, task: UserTask) -> Mapping[str, Any]:
    """What the task's form may show: its token's variables over the facts. Nothing is loaded before it is asked for."""
    variables = Late(lambda: _variables(work, task))
    return Layers(variables, work.env.seen(work.session, task.instance, variables))


def _variables(work: Work, task: UserTask) -> Mapping[str, Any]:
    instance = task.instance
    here = [token.variables for token in look(work, instance).tasks if token.token_id == task.token_id]
    found: Mapping[str, Any] = here[0] if here else values.decode(instance.variables)
    return found


def clean(work: Work, task: UserTask, raw: Mapping[str, Any]) -> dict[str, Any]:
    """What the form of a task makes of what was typed: its variables. Raises Invalid."""
    if task.form_key is None or task.form_version is None:
        if raw:
            raise Invalid("«{task}» has no form: nothing can be filled in", task=task.name)
        return {}
    form = work.env.library.form(work.session, task.form_key, task.form_version)
    context = work.env.context(task.instance.office, work.now)
    return forms.clean(form, raw, seen(work, task), context, files=_files(work, task))


def _files(work: Work, task: UserTask) -> Any:
    def find(file_id: int) -> Mapping[str, Any] | None:
        file = work.session.get(StoredFile, file_id)
        if file is None or (file.instance_id != task.instance_id and file.created_by != work.actor.user_id):
            return None
        return {"id": file.id, "name": file.name, "size": file.size}

    return find


def _open_task(work: Work, task_id: int, revision: int | None = None) -> UserTask:
    task = find(work, task_id)
    if task.status not in OPEN_TASK:
        raise WrongState(*_how_it_ended(work, task))
    require_active(task.instance)
    if revision is not None and task.revision != revision:
        raise Conflict("«{task}» was changed while you had it open: it is with {name} now. Your input is kept.",
                       task=task.name, name=_name(work, task.assignee_id))  # fmt: skip
    return task


def _load(work: Work, task_id: int) -> UserTask | None:
    row = TASK.first(work.connection, task=task_id)
    if row is None:
        return None
    own, around = row[: len(TASK_COLUMNS)], row[len(TASK_COLUMNS) :]
    task = adopt(work.session, UserTask, TASK_NAMES, own)
    set_committed_value(task, "instance", adopt(work.session, ProcessInstance, INSTANCE_NAMES, around))
    return task


def _how_it_ended(work: Work, task: UserTask) -> tuple[Any]:
    at = task.ended_at.astimezone(work.env.calendar(task.instance.office).zone) if task.ended_at else None
    shown = f"{at:%d.%m.%Y %H:%M}" if at else "?"
    if task.status == TaskStatus.COMPLETED:
        who = _name(work, task.completed_by)
        return (text("«{task}» was completed by {name} on {at}", task=task.name, name=who, at=shown),)
    if "decided_by" in (task.settings or {}):
        return (text("«{task}» was decided without your vote on {at}", task=task.name, at=shown),)
    return (text("«{task}» was cancelled on {at}: the procedure no longer asks for it", task=task.name, at=shown),)


def _give(work: Work, task: UserTask, user_id: int | None, claimed_for: int | None = None) -> None:
    task.assignee_id, task.claimed_for = user_id, claimed_for
    task.status = TaskStatus.CREATED if user_id is None else TaskStatus.CLAIMED
    task.claimed_at = None if user_id is None else work.now
    _show_to_candidates(work, task)


def _show_to_candidates(work: Work, task: UserTask) -> None:
    shown = task.rank if task.assignee_id is None else None
    rows = update(Candidate).where(Candidate.task_id == task.id)
    work.session.execute(rows.values(rank=shown), execution_options={"synchronize_session": False})


def _keep_draft(
    work: Work, task: UserTask, user_id: int, raw: Mapping[str, Any], window: str | None = None
) -> None:
    draft = work.session.get(FormDraft, (task.id, user_id)) or FormDraft(task_id=task.id, user_id=user_id)
    draft.data, draft.saved_at, draft.window = dict(raw), work.now, window
    work.session.add(draft)


def _person(work: Work, task: UserTask, user_id: int) -> User:
    person = work.session.get(User, user_id)
    if person is None or not person.active:
        raise NotFound("There is no such person")
    if access.separated(work.session, task, {user_id}):
        raise WrongState("{name} has done a step that must be kept apart from «{task}»",
                         name=person.name, task=task.name)  # fmt: skip
    if authority.beyond(task, [one.group_key for one in person.memberships]):
        raise WrongState("{name} has no authority for «{task}». These have: {groups}", name=person.name, task=task.name,
                         groups=authority.titles(work.session, task))  # fmt: skip
    return person


def _grade(work: Work, task: UserTask) -> str | None:
    client = work.session.get(Client, task.client_id) if task.client_id is not None else None
    return client.abc if client is not None else None


def _because(reason: str) -> None:
    if not reason.strip():
        raise Invalid("Say why", {"reason": text("Say why")})


def _tell(work: Work, person: User, kind: str, task: UserTask) -> None:
    if person.id != work.actor.user_id:
        name = notifications.who(work)
        notifications.notify(work, [person], kind, task.instance, task=task.name, task_id=task.id, name=name)


def _name(work: Work, user_id: int | None) -> str:
    person = work.session.get(User, user_id) if user_id is not None else None
    return person.name if person is not None else "?"


def _log(work: Work, task: UserTask, what: str, **data: Any) -> None:
    audit.record(work, f"user_task.{what}", instance=task.instance, subject=f"user_task:{task.id}", **data)



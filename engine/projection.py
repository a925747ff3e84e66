"""After every step: rows made to agree with what the adapter says is open, each change with its line in the log.

Cost follows what is open: one query finds the open rows of the instance, everything new is inserted in bulk, and what
did not change is not touched.
"""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Select,
    Table,
    bindparam,
    delete,
    insert,
    literal_column,
    select,
    text,
    union_all,
    update,
)

from engine import audit, control_points, failures, history, outbox, values, withdrawals
from engine.assignment import moment, open_tasks
from engine.bpmn.types import Advance, Happening, OpenService, OpenSubscription, OpenTimer, Snapshot
from engine.models import (
    Candidate,
    FormDraft,
    MessageSubscription,
    ProcessInstance,
    UserTask,
    Visit,
    table_of,
)
from engine.outbox import Owed
from engine.rows import Prepared, change
from engine.thrown import hand_on, meet_waiting
from engine.vocabulary import InstanceStatus, JobKind, SubscriptionKind, TaskStatus
from engine.work import Work

TASKS, CANDIDATES, DRAFTS = table_of(UserTask), table_of(Candidate), table_of(FormDraft)
SUBSCRIPTIONS, VISITS = table_of(MessageSubscription), table_of(Visit)
MOST_VISITS = 2**20  # in one step; the adapter stops long before
HANDLED = {"userTask", "manualTask", "serviceTask", "sendTask"}  # their data has a line of its own
JOBS = outbox.JOBS


def _open_of(what: str, table: Table, *conditions: ColumnElement[bool]) -> Select[Any]:
    here = table.c.instance_id == bindparam("instance")
    columns: tuple[Any, ...] = (literal_column(f"'{what}'"), table.c.id, table.c.token_id, table.c.element_id)
    return select(*columns).where(here, *conditions)


OPEN_ROWS = Prepared(
    union_all(
        # said as a range, or SQLite reads all tasks the instance ever had by the index of rounds
        _open_of("task", TASKS, TASKS.c.rank >= literal_column("0")),
        _open_of("job", JOBS, JOBS.c.ended_at.is_(None), literal_column("kind IN ('timer', 'action')", Boolean)),
        _open_of("subscription", SUBSCRIPTIONS),
    )
)
# an action that failed for good has a job that has ended: its token stands while an incident waits for a person
OWED = Prepared(select(JOBS.c.id).where(JOBS.c.key == bindparam("key")))
ENTER = Prepared(insert(VISITS).inline(), columns=[column.name for column in VISITS.c])
SUBSCRIBE = Prepared(
    insert(SUBSCRIPTIONS).inline(), columns=[column.name for column in SUBSCRIPTIONS.c if column.name != "id"]
)
UNSUBSCRIBE = Prepared(delete(SUBSCRIPTIONS).where(SUBSCRIPTIONS.c.id == bindparam("subscription")))
FORGET = tuple(Prepared(delete(t).where(t.c.task_id == bindparam("task"))) for t in (CANDIDATES, DRAFTS))
END_TASK = Prepared(
    update(TASKS)
    .where(TASKS.c.id == bindparam("task"))
    .values(status=bindparam("how"), rank=None, ended_at=bindparam("at"), revision=TASKS.c.revision + 1)
)
LEAVE = Prepared(
    update(VISITS)
    .where(VISITS.c.instance_id == bindparam("instance"), VISITS.c.token_id == bindparam("token"))
    .where(VISITS.c.left_at.is_(None))
    .values(left_at=bindparam("at"), outcome=bindparam("how"))
)


@dataclass
class _Open:
    """Rows of the instance that were open before this step: token -> row id."""

    tasks: dict[str, int] = field(default_factory=dict)
    jobs: dict[str, int] = field(default_factory=dict)
    subscriptions: dict[str, int] = field(default_factory=dict)
    elements: dict[str, str] = field(default_factory=dict)


def project(
    work: Work, instance: ProcessInstance, advance: Advance, *, done: UserTask | None = None, begins: bool = False
) -> None:
    """Store the new state of an instance and everything that follows from it.

    ``done``: the user task whose completion caused the step; ``begins``: the instance's first step. Afterwards
    ``instance.revision`` is the step's.
    """
    snapshot = advance.snapshot
    known = _Open() if begins else _open_rows(work, instance)
    if done is not None:
        known.tasks.pop(done.token_id, None)
    _store(work, instance, advance, begins)
    _visits(work, instance, advance.happened)
    _log_changes(work, instance, advance.happened)
    _close(work, instance, snapshot, known, done)
    open_tasks(work, instance, [token for token in snapshot.tasks if token.token_id not in known.tasks])
    _open_jobs(work, instance, snapshot, known)
    _open_subscriptions(work, instance, snapshot, known)
    if _is_watched(work, instance):
        control_points.project(work, instance, advance)
    hand_on(work, instance, advance.thrown)
    if snapshot.completed:
        audit.record(work, "process_instance.completed", instance=instance)
    elif not _waits(snapshot):
        failures.report(work, "stuck", "It is not finished, but waits for nobody and nothing", instance=instance)


def _waits(snapshot: Snapshot) -> bool:
    """For somebody or something; a failed token has its incident already."""
    open_now = (snapshot.tasks, snapshot.services, snapshot.timers, snapshot.subscriptions, snapshot.failed)
    return any(open_now)


def close_everything(work: Work, instance: ProcessInstance) -> None:
    """The instance ends before its end: nothing of it stays open. Its state is kept as it was."""
    nothing = Snapshot((), (), (), (), (), True, {})
    known = _open_rows(work, instance)
    _close(work, instance, nothing, known, None)
    if _is_watched(work, instance):
        control_points.project(work, instance, Advance(instance.state, nothing, (), ()))
    rows = work.connection.execute(
        text("SELECT id FROM job WHERE instance_id = :instance AND ended_at IS NULL"), {"instance": instance.id}
    )
    outbox.cancel(work, [row[0] for row in rows])
    open_visits = update(VISITS).where(VISITS.c.instance_id == instance.id, VISITS.c.left_at.is_(None))
    work.connection.execute(open_visits.values(left_at=work.now, outcome="cancelled"))


def _open_rows(work: Work, instance: ProcessInstance) -> _Open:
    known = _Open()
    places = {"task": known.tasks, "job": known.jobs, "subscription": known.subscriptions}
    for what, row_id, token_id, element_id in OPEN_ROWS.all(work.connection, instance=instance.id):
        places[what][token_id] = row_id
        known.elements[token_id] = element_id
    return known


def _store(work: Work, instance: ProcessInstance, advance: Advance, begins: bool) -> None:
    revision, before = instance.revision, None if begins else instance.state
    new: dict[str, Any] = {"state": advance.state, "variables": values.encode(advance.snapshot.result)}
    if advance.snapshot.completed:
        new |= {"status": InstanceStatus.COMPLETED, "ended_at": work.now}
    change(work.session, work.connection, instance, **new)
    history.keep(work, instance, before, revision)


def _visits(work: Work, instance: ProcessInstance, happened: Sequence[Happening]) -> None:
    here: dict[str, dict[str, Any]] = {}
    left: list[dict[str, Any]] = []
    first = instance.revision * MOST_VISITS  # a step is a revision: its visits follow those of the step before
    for number, one in enumerate(happened):
        if one.event == "entered":
            here[one.token_id] = {
                "instance_id": instance.id,
                "id": first + number,
                "token_id": one.token_id,
                "process_key": one.process_key,
                "version": instance.versions[one.process_key],
                "element_id": one.element_id,
                "path": one.path,
                "entered_at": work.now,
                "left_at": None,
                "outcome": None,
            }
        elif one.token_id in here:
            here[one.token_id].update(left_at=work.now, outcome=one.event)
        else:
            left.append({"token": one.token_id, "how": one.event})
    ENTER.run_many(work.connection, here.values())
    LEAVE.run_many(work.connection, ({"instance": instance.id, "at": work.now} | row for row in left))


def _log_changes(work: Work, instance: ProcessInstance, happened: Sequence[Happening]) -> None:
    """What scripts, decisions and joins changed; forms and actions are logged where they come in."""
    elements = None
    changes = []
    for one in happened:
        if one.data and one.event == "completed":
            elements = elements or _elements(work, instance)
            if elements(one.process_key, one.element_id) not in HANDLED:
                changes.append([one.element_id, one.data])
    if changes:
        audit.record(work, "process_instance.advanced", instance=instance, changes=changes)


def _elements(work: Work, instance: ProcessInstance) -> Any:
    def kind(process_key: str, element_id: str) -> str | None:
        definition = work.env.library.bound(work.session, process_key, instance.versions[process_key])
        element = definition.procedure.elements.get(element_id)
        return element.kind if element else None

    return kind


def _close(work: Work, instance: ProcessInstance, now: Snapshot, known: _Open, done: UserTask | None) -> None:
    gone = _gone(known.tasks, now.tasks)
    finished = [done.id] if done is not None else []
    if gone:
        END_TASK.run_many(
            work.connection, ({"task": i, "at": work.now, "how": TaskStatus.CANCELLED} for i in gone.values())
        )
        _refresh(work, gone.values())
        for token_id, task_id in gone.items():
            _log(work, instance, "user_task.cancelled", f"user_task:{task_id}", known.elements[token_id])
    votes = withdrawals.note(work, instance, done, {gone[token]: known.elements[token] for token in gone})
    withdrawals.keep_drafts(work, instance, gone.values())
    for task_id in gone.values():
        if task_id not in votes:
            FORGET[0].run(work.connection, task=task_id)
    for task_id in finished:
        for forget in FORGET:
            forget.run(work.connection, task=task_id)
    jobs = _gone(known.jobs, (*now.services, *now.timers))
    outbox.cancel(work, jobs.values())
    for token_id, job_id in jobs.items():
        _log(work, instance, "job.cancelled", f"job:{job_id}", known.elements[token_id])
    subscriptions = _gone(known.subscriptions, now.subscriptions)
    if subscriptions:
        UNSUBSCRIBE.run_many(work.connection, ({"subscription": row_id} for row_id in subscriptions.values()))
    for token_id in subscriptions:
        _log(work, instance, "subscription.closed", None, known.elements[token_id])


def _gone(known: dict[str, int], here: Iterable[Any]) -> dict[str, int]:
    tokens = {token.token_id for token in here}
    return {token_id: row_id for token_id, row_id in known.items() if token_id not in tokens}


def _refresh(work: Work, task_ids: Iterable[int]) -> None:
    ids = set(task_ids)
    for row in work.session.identity_map.values():
        if isinstance(row, UserTask) and row.id in ids:
            work.session.expire(row)


def _log(work: Work, instance: ProcessInstance, type: str, subject: str | None, element_id: str, **data: Any) -> None:
    audit.record(work, type, instance=instance, subject=subject, element=element_id, **data)


def _open_jobs(work: Work, instance: ProcessInstance, snapshot: Snapshot, known: _Open) -> None:
    timers = [token for token in snapshot.timers if token.token_id not in known.jobs]
    services = [
        token
        for token in snapshot.services
        if token.token_id not in known.jobs and not OWED.see(work.session, key=_action_key(instance, token))
    ]
    outbox.owe(
        work,
        *(_timer(instance, token) for token in timers),
        *(_action(work, instance, token) for token in services),
    )
    for timer in timers:
        _log(work, instance, "timer.armed", None, timer.element.id, due_at=moment(timer.due_at))
    for service in services:
        _log(work, instance, "action.requested", None, service.element.id, action=service.element.settings.action)


def _timer(instance: ProcessInstance, token: OpenTimer) -> Owed:
    key = f"timer:{instance.id}:{token.token_id}:{int(token.due_at.timestamp())}"
    return Owed(JobKind.TIMER, "", key, token.due_at, instance, token.token_id, token.element.id)


def _action_key(instance: ProcessInstance, token: OpenService) -> str:
    return f"action:{instance.id}:{token.token_id}"


def _action(work: Work, instance: ProcessInstance, token: OpenService) -> Owed:
    settings = token.element.settings
    retries = (settings.retries or "").strip()
    return Owed(
        JobKind.ACTION,
        settings.action or "",
        _action_key(instance, token),
        work.now,
        instance,
        token.token_id,
        token.element.id,
        max_attempts=int(retries) if retries.isdigit() and int(retries) > 0 else outbox.ATTEMPTS,
    )


def _open_subscriptions(work: Work, instance: ProcessInstance, snapshot: Snapshot, known: _Open) -> None:
    new: list[OpenSubscription] = [one for one in snapshot.subscriptions if one.token_id not in known.subscriptions]
    if not new:
        return
    rows = [
        {
            "instance_id": instance.id,
            "token_id": one.token_id,
            "element_id": one.element.id,
            "kind": one.kind,
            "name": one.name,
            "correlation_key": one.correlation_key,
        }
        for one in new
    ]
    SUBSCRIBE.run_many(work.connection, rows)
    for one in new:
        _log(work, instance, "subscription.opened", None, one.element.id, name=one.name, key=one.correlation_key)
        if one.kind == SubscriptionKind.MESSAGE:
            meet_waiting(work, instance, one.name, one.correlation_key)


def _is_watched(work: Work, instance: ProcessInstance) -> bool:
    bound = (work.env.library.bound(work.session, key, version) for key, version in instance.versions.items())
    return any(definition.watched for definition in bound)

"""Process instances: start, suspend, resume, cancel."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.attributes import set_committed_value

from engine import access, audit, bpmn, failures, feel, ledger, outbox, projection
from engine.bpmn.types import Advance, ElementFailed, Host, Snapshot
from engine.definitions import Definition
from engine.environment import Layers
from engine.errors import Conflict, Invalid, NotFound, ReglamentError, UnderWay, WrongState, text
from engine.models import Message, ProcessDefinition, ProcessInstance, UserTask, table_of
from engine.rows import Prepared, adopt
from engine.vocabulary import InstanceStatus, InterventionKind, JobKind, MessageStatus
from engine.work import Work

INITIATOR = "initiator"
OPENED = "instances.opened"
SUBJECT = "subject"  # property of a process: what it is about; ``deal``, ``client``: one of them, once at a time
INSTANCES = table_of(ProcessInstance)
INSTANCE_COLUMNS = [column for column in INSTANCES.c if column.name != "variables"]  # large and seldom looked at
INSTANCE_NAMES = [column.key for column in INSTANCE_COLUMNS]
RETITLE = update(INSTANCES).where(INSTANCES.c.id == bindparam("instance")).values(title=bindparam("new"))
INSTANCE = Prepared(select(*INSTANCE_COLUMNS).where(INSTANCES.c.id == bindparam("instance")).with_for_update())


def start(
    work: Work,
    key: str,
    variables: Mapping[str, Any],
    *,
    title: str | None = None,
    business_key: str | None = None,
    deal_id: int | None = None,
    client_id: int | None = None,
    parent_id: int | None = None,
    office: str = "main",
) -> ProcessInstance:
    """Start the version in force. Everything it may call is bound now, so that its rules never change on the way.

    The variable ``initiator`` is the login of who starts it, or of whom the system starts it for. Raises NotFound,
    Forbidden, and what a step may raise.
    """
    definition = work.env.library.latest(work.session, key)
    access.require(work, "instance.start", definition)
    _require_subject(work, definition, deal_id, client_id)
    given = _given(work, variables, deal_id, client_id)
    instance = _bind(work, definition, given, business_key, parent_id, office)
    instance.title = title or _title(work, instance, definition, given)
    return _begin(work, instance, given, partial(bpmn.start, definition.procedure, given))


def _require_subject(work: Work, definition: Definition, deal_id: Any, client_id: Any) -> None:
    """The deal or client that a procedure is about must be chosen, and it runs once at a time for it."""
    about = definition.procedure.properties.get(SUBJECT)
    if about == "deal" and deal_id is None:
        raise Invalid("Choose the deal that «{name}» is about", {"deal": text("Choose a deal")}, name=definition.name)
    if about == "client" and client_id is None:
        raise Invalid(
            "Choose the client that «{name}» is about", {"client": text("Choose a client")}, name=definition.name
        )
    if not is_under_way(work, definition, deal_id, client_id):
        return
    if about == "deal":
        raise UnderWay("«{name}» is under way for this deal already", name=definition.name)
    raise UnderWay("«{name}» is under way for this client already", name=definition.name)


def is_under_way(work: Work, definition: Definition, deal_id: Any, client_id: Any) -> bool:
    """Does a procedure that runs once at a time for its deal or client run for this one?"""
    about = definition.procedure.properties.get(SUBJECT)
    column, wanted = {
        "deal": (ProcessInstance.deal_id, deal_id), "client": (ProcessInstance.client_id, client_id)
    }.get(about or "", (ProcessInstance.id, None))  # fmt: skip
    if wanted is None:
        return False
    running = select(ProcessInstance.id).where(
        column == int(wanted),
        ProcessInstance.definition_id.in_(select(ProcessDefinition.id).where(ProcessDefinition.key == definition.key)),
        ProcessInstance.status.in_((InstanceStatus.ACTIVE, InstanceStatus.SUSPENDED)),
    )
    return work.session.scalar(running.limit(1)) is not None


def start_by_event(
    work: Work, key: str, kind: str, name: str, payload: Mapping[str, Any], *, office: str = "main"
) -> ProcessInstance:
    """Start a procedure by its message, signal or timer start event. The system does this. Raises as ``start``."""
    definition = work.env.library.latest(work.session, key)
    deal_id, client_id = payload.get("deal_id"), payload.get("client_id")
    _require_subject(work, definition, deal_id, client_id)
    given = _given(work, payload, deal_id, client_id)
    instance = _bind(work, definition, given, None, None, office)
    instance.title = _title(work, instance, definition, given)
    return _begin(work, instance, given, partial(bpmn.start_by_event, definition.procedure, kind, name, given))


def suspend(work: Work, instance_id: int, reason: str) -> ProcessInstance:
    """Nothing moves until it is resumed: no task can be completed, no timer fires. Raises NotFound, Forbidden,
    WrongState, Invalid (no reason)."""
    instance = _may(work, "instance.suspend", instance_id, reason)
    _expect(instance, InstanceStatus.ACTIVE)
    instance.status = InstanceStatus.SUSPENDED
    audit.record(work, "process_instance.suspended", instance=instance, reason=reason.strip())
    ledger.note(work, InterventionKind.SUSPEND, instance, reason)
    return instance


def resume(work: Work, instance_id: int, reason: str) -> ProcessInstance:
    """It goes on; what fell due meanwhile is done now. Raises as ``suspend``."""
    instance = _may(work, "instance.resume", instance_id, reason)
    _expect(instance, InstanceStatus.SUSPENDED)
    instance.status = InstanceStatus.ACTIVE
    audit.record(work, "process_instance.resumed", instance=instance, reason=reason.strip())
    _look_for_messages(work, instance)
    outbox.wake(work)
    return instance


def cancel(work: Work, instance_id: int, reason: str) -> ProcessInstance:
    """End it before its end. What was open is cancelled, nothing is deleted. Raises as ``suspend``."""
    instance = _may(work, "instance.cancel", instance_id, reason)
    _expect(instance, InstanceStatus.ACTIVE, InstanceStatus.SUSPENDED)
    instance.status, instance.ended_at, instance.end_reason = InstanceStatus.CANCELLED, work.now, reason.strip()
    projection.close_everything(work, instance)
    audit.record(work, "process_instance.cancelled", instance=instance, reason=reason.strip())
    ledger.note(work, InterventionKind.CANCEL, instance, reason)
    return instance


def find(work: Work, instance_id: int) -> ProcessInstance:
    """The instance, locked against other writers until the commit. Raises NotFound."""
    row = INSTANCE.first(work.connection, instance=instance_id)
    if row is None:
        raise NotFound("There is no process instance {id}", id=instance_id)
    return adopt(work.session, ProcessInstance, INSTANCE_NAMES, row)


def require_active(instance: ProcessInstance) -> None:
    """Raises WrongState when nothing may move."""
    _expect(instance, InstanceStatus.ACTIVE)


def advance(
    work: Work, instance: ProcessInstance, step: Callable[..., Advance], *arguments: Any, done: UserTask | None = None
) -> None:
    """One step of the adapter (``bpmn.fire_timer``, ``bpmn.complete`` …) on this instance's state, and its rows.

    An element that fails on the way opens an incident and holds its token; everything else of the step stands. Raises
    ElementFailed when nothing could be done at all.
    """
    procedure = work.env.library.definition(work.session, instance.definition_id).procedure
    seen = _opened(work).pop(instance.id, None)
    content = seen if seen is not None and seen.content == instance.state else instance.state
    _step(work, instance, partial(step, procedure, content, *arguments), done)


def look(work: Work, instance: ProcessInstance) -> Snapshot:
    """What is open in an instance. Whoever looks mostly goes on to a step, which need not decode the state again."""
    seen = _opened(work).get(instance.id)
    if seen is None or seen.content != instance.state:
        procedure = work.env.library.definition(work.session, instance.definition_id).procedure
        seen = bpmn.Standing(procedure, instance.state, work.env.host(work.session, instance, work.now))
        _opened(work)[instance.id] = seen
    return seen.snapshot


def _opened(work: Work) -> dict[int, bpmn.Standing]:
    """Instances that were looked at in this unit of work and have not moved since."""
    opened: dict[int, bpmn.Standing] = work.memory.setdefault(OPENED, {})
    return opened


def _given(work: Work, variables: Mapping[str, Any], deal_id: Any, client_id: Any) -> dict[str, Any]:
    asked = variables.get(INITIATOR) if work.actor.user_id is None else None  # the system starts it for somebody
    known = {"deal_id": _number(deal_id), "client_id": _number(client_id), INITIATOR: asked or work.actor.name}
    return dict(variables) | {name: value for name, value in known.items() if value is not None}


def _number(value: Any) -> int | None:
    return int(value) if value is not None else None


def _bind(
    work: Work,
    definition: Definition,
    given: Mapping[str, Any],
    business_key: str | None,
    parent_id: int | None,
    office: str,
) -> ProcessInstance:
    return ProcessInstance(
        definition_id=definition.id,
        key=definition.key,
        version=definition.version,
        business_key=business_key,
        title=definition.name,
        status=InstanceStatus.ACTIVE,
        versions=_versions(work, definition),
        variables={},
        deal_id=given.get("deal_id"),
        client_id=given.get("client_id"),
        parent_id=parent_id,
        office=office,
        sole=_sole(definition, given),
        started_at=work.now,
        started_by=work.actor.user_id,
    )


def _sole(definition: Definition, given: Mapping[str, Any]) -> str | None:
    """What it is the only one of its procedure for while it runs: its ``deal`` or ``client``, held by the database."""
    about = str(definition.procedure.properties.get(SUBJECT))
    return about if about in ("deal", "client") and given.get(f"{about}_id") is not None else None


def _versions(work: Work, definition: Definition) -> dict[str, int]:
    """Its own version and the ones in force of everything it may call; of everything, if it calls by expression."""
    found = {definition.key: definition}
    waiting = [definition]
    while waiting:
        current = waiting.pop()
        if current.procedure.calls_any:
            called = work.env.library.in_force(work.session)
        else:
            called = [work.env.library.latest(work.session, key) for key in current.calls if key not in found]
        for one in called:
            if one.key not in found:
                found[one.key] = one
                waiting.append(one)
    return {key: one.version for key, one in sorted(found.items())}


def _title(work: Work, instance: ProcessInstance, definition: Definition, given: Mapping[str, Any]) -> str:
    wanted = definition.procedure.properties.get("title")
    if not wanted:
        return definition.name
    try:
        value = work.env.evaluator(work, instance, Layers(given, {}))(wanted)
    except ReglamentError:  # a title is no reason not to begin
        return definition.name
    return str(value)[:300] if value not in (None, "") else definition.name


def _retitle(work: Work, instance: ProcessInstance, filled: Mapping[str, Any], variables: Mapping[str, Any]) -> None:
    """A form brought what the title speaks of (what an assignment is about is known only once it is written): whoever
    has the next task reads it at a glance. Only the name on lists changes, not the state: the revision stays."""
    definition = work.env.library.definition(work.session, instance.definition_id)
    wanted = definition.procedure.properties.get("title") or ""
    if not wanted.startswith("=") or feel.compile(wanted[1:]).names.isdisjoint(filled):
        return
    old, new = instance.title, _title(work, instance, definition, variables)
    if new != old:
        work.connection.execute(RETITLE, {"instance": instance.id, "new": new})
        set_committed_value(instance, "title", new)
        audit.record(work, "process_instance.retitled", instance=instance, title=[old, new])


def _step(work: Work, instance: ProcessInstance, take: Callable[[Host], Advance], done: UserTask | None) -> None:
    outcome, failure = _take(work, instance, take)
    if done is not None and done.outcome:
        _retitle(work, instance, done.outcome, outcome.snapshot.result)
    projection.project(work, instance, outcome, done=done)
    _report(work, instance, failure)


def _take(
    work: Work, instance: ProcessInstance, take: Callable[[Host], Advance]
) -> tuple[Advance, ElementFailed | None]:
    try:
        return take(work.env.host(work.session, instance, work.now)), None
    except ElementFailed as failure:
        if failure.advance is None:
            raise
        return failure.advance, failure


def _report(work: Work, instance: ProcessInstance, failure: ElementFailed | None) -> None:
    if failure is not None and failure.advance is not None:
        for token in failure.advance.snapshot.failed:
            failures.report(work, "element", str(token.reason), instance=instance, element_id=token.element.id,
                            token_id=token.token_id)  # fmt: skip


def _begin(
    work: Work, instance: ProcessInstance, given: Mapping[str, Any], take: Callable[[Host], Advance]
) -> ProcessInstance:
    advance, failure = _take(work, instance, take)
    instance.state = advance.state
    _insert(work, instance)
    audit.record(
        work, "process_instance.started", instance=instance, variables=given, versions=instance.versions,
        business_key=instance.business_key, title=instance.title, parent=instance.parent_id,
    )  # fmt: skip
    projection.project(work, instance, advance, begins=True)
    _report(work, instance, failure)
    return instance


def _insert(work: Work, instance: ProcessInstance) -> None:
    """Of two that begin at the same moment one waits here for the other; the verb is run again and refused in words."""
    work.session.add(instance)
    sole = instance.sole
    try:
        work.session.flush()
    except IntegrityError as error:
        if sole is None:
            raise
        raise Conflict("Somebody else has just changed this. Reload the page and look again.") from error


def _may(work: Work, act: str, instance_id: int, reason: str) -> ProcessInstance:
    instance = find(work, instance_id)
    access.require(work, act, instance)
    if not reason.strip():
        raise Invalid("Say why", {"reason": text("Say why")})
    return instance


def _expect(instance: ProcessInstance, *statuses: InstanceStatus) -> None:
    if instance.status not in statuses:
        raise WrongState(
            "«{title}» is {status}", title=instance.title, status=InstanceStatus(instance.status).value
        )  # fmt: skip


def _look_for_messages(work: Work, instance: ProcessInstance) -> None:
    held = select(Message.id).where(Message.status == MessageStatus.WAITING, Message.instance_id == instance.id)
    for message_id in work.session.scalars(held):
        key = f"message:{message_id}:{instance.id}:{instance.revision}"
        outbox.owe(work, outbox.Owed(JobKind.MESSAGE, "", key, work.now, payload={"message_id": message_id}))

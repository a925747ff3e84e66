"""Interventions: what a head does to a running instance that the diagram does not foresee, with a reason.

A step is left out, a token is moved, data are put right, an instance is cancelled, a control point let go. Kinds marked
in settings/interventions.yaml need a second person: the first asks, another of the named groups confirms, and only then
it is done. The second acts by groups of his own; nobody is second to himself, nor to whom he stood in for.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import access, audit, bpmn, control_points, instances, ledger, notifications, tasks, values
from engine.errors import Forbidden, Invalid, NotFound, WrongState, text
from engine.models import ControlPoint, Incident, Intervention, ProcessInstance, UserTask
from engine.vocabulary import IncidentStatus, InstanceStatus, InterventionKind, InterventionStatus
from engine.work import Actor, Work

K = InterventionKind
REQUIRED = text("Say why")


def skip(
    work: Work, instance_id: int, token_id: str, variables: Mapping[str, Any], reason: str
) -> Intervention:
    """Let a waiting step pass as if it were done, with the variables it would have given. Gives the row of the ledger,
    done or requested. A step with a form gives what is filled in there (``skip_filled``) or nothing at all. Raises
    NotFound, Forbidden, WrongState, Invalid."""
    instance = _may(work, K.SKIP, instance_id, reason)
    token = _token(work, instance, token_id)
    given = bpmn.typed(variables)
    task = open_task(work.session, instance.id, token_id)
    if given and task is not None and task.form_key is not None:
        raise Invalid("«{task}» has a form: fill it in instead of naming variables", task=task.name)
    return _ask(work, K.SKIP, instance, reason, token, token_id=token_id, variables=given)


def skip_filled(
    work: Work, instance_id: int, token_id: str, raw: Mapping[str, Any], reason: str
) -> Intervention:
    """Let a user task pass with its form filled in, checked as if the employee had completed it. As ``skip``."""
    instance = _may(work, K.SKIP, instance_id, reason)
    token = _token(work, instance, token_id)
    task = open_task(work.session, instance.id, token_id)
    if task is None or task.form_key is None:
        raise WrongState("«{task}» has no form: nothing can be filled in", task=token.element.name)
    given = bpmn.typed(tasks.clean(work, task, raw))
    return _ask(work, K.SKIP, instance, reason, token, token_id=token_id, variables=given, filled=True)


def open_task(session: Session, instance_id: int, token_id: str) -> UserTask | None:
    """The user task that stands open at a token."""
    return session.scalar(
        select(UserTask).where(
            UserTask.instance_id == instance_id, UserTask.token_id == token_id, UserTask.rank.is_not(None)
        )
    )


def move(
    work: Work, instance_id: int, token_id: str, path: str, element_id: str, variables: Mapping[str, Any], reason: str
) -> Intervention:
    """Go on from another step: the token is withdrawn where it stands and put before that one. As ``skip``."""
    instance = _may(work, K.MOVE, instance_id, reason)
    token = _token(work, instance, token_id)
    given = bpmn.typed(variables)
    return _ask(
        work, K.MOVE, instance, reason, token, target=element_id, token_id=token_id, to_path=path, variables=given,
        to_name=_named(work, instance, token, element_id),
    )  # fmt: skip


def edit(work: Work, instance_id: int, changes: Mapping[str, Any], reason: str) -> Intervention:
    """Put variables of an instance right; old and new stay in the ledger and in the log. As ``skip``."""
    instance = _may(work, K.EDIT, instance_id, reason)
    if not changes or not all(name.isidentifier() for name in changes):
        raise Invalid("Say which variable is to be changed", {"name": text("Say which variable is to be changed")})
    before = {name: values.decode(instance.variables or {}).get(name) for name in changes}
    return _ask(work, K.EDIT, instance, reason, None, before=before, after=bpmn.typed(changes))


def cancel(work: Work, instance_id: int, reason: str) -> Intervention:
    """End an instance before its end, by two persons where that is demanded. As ``skip``."""
    instance = _may(work, K.CANCEL, instance_id, reason, suspended=True)
    access.require(work, "instance.cancel", instance)
    return _ask(work, K.CANCEL, instance, reason, None)


def waive(work: Work, control_point_id: int, reason: str) -> Intervention:
    """Let a control point go, by two persons where that is demanded. As ``skip``."""
    point = work.session.get(ControlPoint, control_point_id)
    if point is None:
        raise NotFound("There is no such control point")
    instance = instances.find(work, point.instance_id)
    access.require(work, "control_point.waive", instance)
    if not reason.strip():
        raise Invalid("Say why the control point is waived", {"reason": text("Say why the control point is waived")})
    return _ask(work, K.WAIVE, instance, reason, None, element_id=point.element_id, point=point.id, code=point.code)


def confirm(work: Work, intervention_id: int, answer: str = "") -> Intervention:
    """The second person agrees: it is done now. Raises NotFound, Forbidden, WrongState (decided already; or it cannot
    be done any more)."""
    row, instance = _open(work, intervention_id)
    _require_second(work, row)
    row.decided_by, row.decided_at, row.answer = work.actor.user_id, work.now, answer.strip() or None
    _log(work, row, instance, "confirmed", answer=answer.strip())
    _carry_out(work, row, instance)
    _tell(work, row, instance, "intervention_confirmed")
    return row


def refuse(work: Work, intervention_id: int, answer: str) -> Intervention:
    """The second person does not agree, and says why. Raises as ``confirm``, Invalid."""
    row, instance = _open(work, intervention_id)
    _require_second(work, row)
    if not answer.strip():
        raise Invalid(REQUIRED, {"answer": REQUIRED})
    _end(work, row, InterventionStatus.REFUSED, answer)
    _log(work, row, instance, "refused", answer=answer.strip())
    _tell(work, row, instance, "intervention_refused")
    return row


def withdraw(work: Work, intervention_id: int) -> Intervention:
    """Who asked takes the request back. Raises as ``confirm``."""
    row, instance = _open(work, intervention_id)
    if row.requested_by != work.actor.user_id:
        raise Forbidden("Only who asked for it takes it back")
    _end(work, row, InterventionStatus.WITHDRAWN, "")
    _log(work, row, instance, "withdrawn")
    return row


def seconds(env: Any, kind: str) -> tuple[str, ...]:
    """Groups of whom one must confirm; empty where one person is enough."""
    found: Sequence[Any] = env.setting(f"interventions.second.{kind}", ()) or ()
    return tuple(str(group) for group in found)


def readers(env: Any) -> frozenset[str]:
    """Groups that read the ledger: those who intervene, auditors, and everybody who may be the second."""
    asked = {group for kind in InterventionKind for group in seconds(env, kind)}
    return frozenset(asked | {"head", "director", "admin", "auditor"})


def may_confirm(env: Any, actor: Actor, row: Intervention) -> bool:
    """Whether this person may be the second: by groups of his own, and not for himself or whom he stood in for."""
    concerned = {row.requested_by, row.requested_for}
    return bool(actor.groups & set(seconds(env, row.kind))) and actor.user_id not in concerned


def _may(
    work: Work, kind: InterventionKind, instance_id: int, reason: str, *, suspended: bool = False
) -> ProcessInstance:
    instance = instances.find(work, instance_id)
    access.require(work, "instance.intervene", instance)
    if not reason.strip():
        raise Invalid(REQUIRED, {"reason": REQUIRED})
    if not (suspended and instance.status == InstanceStatus.SUSPENDED):
        instances.require_active(instance)
    waiting = select(Intervention.id).where(
        Intervention.instance_id == instance.id, Intervention.kind == kind, Intervention.decided_at.is_(None)
    )
    if seconds(work.env, kind) and work.session.scalar(waiting.limit(1)) is not None:
        raise WrongState("The same has been asked for already and waits for a second person")
    return instance


def _token(work: Work, instance: ProcessInstance, token_id: str) -> bpmn.Token:
    """The live token. Raises WrongState."""
    definition = work.env.library.definition(work.session, instance.definition_id)
    found = bpmn.look(definition.procedure, instance.state, work.env.host(work.session, instance, work.now))
    open_now = (*found.tasks, *found.services, *found.timers, *found.subscriptions, *found.failed)
    for token in open_now:
        if token.token_id == token_id:
            return token
    raise WrongState("This step is not open any more: it has been completed or cancelled")


def _named(work: Work, instance: ProcessInstance, token: bpmn.Token, element_id: str) -> str:
    for key in (token.process_key, instance.key):
        procedure = work.env.library.bound(work.session, key, instance.versions[key]).procedure
        if element_id in procedure.elements:
            return str(procedure.elements[element_id].name)
    return ""


def _ask(
    work: Work, kind: InterventionKind, instance: ProcessInstance, reason: str, token: bpmn.Token | None,
    *, element_id: str | None = None, target: str | None = None, **what: Any,
) -> Intervention:  # fmt: skip
    row = ledger.draft(
        work, kind, instance, reason, element_id=token.element.id if token else element_id, target=target,
        process_key=token.process_key if token else None, path=token.path if token else "",
        **(what | {"name": token.element.name} if token else what),
    )  # fmt: skip
    if token is not None:
        task = open_task(work.session, instance.id, token.token_id)
        row.task_id = task.id if task is not None else None
    groups = seconds(work.env, kind)
    work.session.flush()
    if not groups:
        row.decided_at = work.now
        _carry_out(work, row, instance)
        return row
    _log(work, row, instance, "requested", reason=row.reason)
    people = [person for group in groups for person in access.members(work.session, group)]
    others = [person for person in people if person.id not in (row.requested_by, row.requested_for)]
    notifications.notify(
        work, others, "intervention_requested", instance, by_mail=True, name=notifications.who(work),
        reason=row.reason, subject=f"intervention:{row.id}",
    )  # fmt: skip
    return row


def _carry_out(work: Work, row: Intervention, instance: ProcessInstance) -> None:
    """Do what the row says. The row is the ledger's for whatever verb does it."""
    work.memory[ledger.ASKED] = row
    _DOERS[K(row.kind)](work, row, instance, values.decode(row.what))
    work.memory.pop(ledger.ASKED, None)
    row.status = InterventionStatus.DONE


def _skip(work: Work, row: Intervention, instance: ProcessInstance, what: dict[str, Any]) -> None:
    instances.require_active(instance)
    given = values.decode(what["variables"])
    said = {"fields": sorted(given), "digest": audit.digest(what["variables"])} if what.get("filled") else {
        "variables": given}  # fmt: skip
    audit.record(work, "step.skipped", instance=instance, subject=f"intervention:{row.id}", element=row.element_id,
                 reason=row.reason, **said)  # fmt: skip
    _settle_incidents(work, instance, what["token_id"], row.reason)
    instances.advance(work, instance, bpmn.skip, what["token_id"], given)


def _move(work: Work, row: Intervention, instance: ProcessInstance, what: dict[str, Any]) -> None:
    instances.require_active(instance)
    given = values.decode(what["variables"])
    audit.record(work, "token.moved", instance=instance, subject=f"intervention:{row.id}", element=row.element_id,
                 to=row.target, variables=given, reason=row.reason)  # fmt: skip
    _settle_incidents(work, instance, what["token_id"], row.reason)
    instances.advance(work, instance, bpmn.move, what["token_id"], what["to_path"], row.target, given)


def _edit(work: Work, row: Intervention, instance: ProcessInstance, what: dict[str, Any]) -> None:
    instances.require_active(instance)
    after = values.decode(what["after"])
    changed = {name: [what["before"].get(name), value] for name, value in after.items()}
    audit.record(work, "process_instance.data_edited", instance=instance, subject=f"intervention:{row.id}",
                 changed=changed, reason=row.reason)  # fmt: skip
    instances.advance(work, instance, bpmn.edit, after)


def _cancel(work: Work, row: Intervention, instance: ProcessInstance, _what: dict[str, Any]) -> None:
    instances.cancel(work, instance.id, row.reason)


def _waive(work: Work, row: Intervention, _instance: ProcessInstance, what: dict[str, Any]) -> None:
    control_points.waive(work, int(what["point"]), row.reason)


_DOERS: Mapping[InterventionKind, Callable[[Work, Intervention, ProcessInstance, dict[str, Any]], None]] = {
    K.SKIP: _skip, K.MOVE: _move, K.EDIT: _edit, K.CANCEL: _cancel, K.WAIVE: _waive,
}  # fmt: skip


def _settle_incidents(work: Work, instance: ProcessInstance, token_id: str, reason: str) -> None:
    """What held the token is over with it."""
    held = select(Incident).where(
        Incident.instance_id == instance.id, Incident.token_id == token_id, Incident.status == IncidentStatus.OPEN
    )
    for incident in work.session.scalars(held).all():
        incident.status, incident.ended_at, incident.reason = IncidentStatus.RESOLVED, work.now, reason
        incident.ended_by = work.actor.user_id
        audit.record(work, "incident.resolved", instance=instance, subject=f"incident:{incident.id}", reason=reason)


def _open(work: Work, intervention_id: int) -> tuple[Intervention, ProcessInstance]:
    row = work.session.scalar(select(Intervention).where(Intervention.id == intervention_id).with_for_update())
    if row is None:
        raise NotFound("There is no such request")
    if row.decided_at is not None:
        raise WrongState("Somebody has decided on this request already")
    return row, instances.find(work, row.instance_id)


def _require_second(work: Work, row: Intervention) -> None:
    if not may_confirm(work.env, work.actor, row):
        raise Forbidden("A second person of the right group decides on this, and not who asked for it")


def _end(work: Work, row: Intervention, status: InterventionStatus, answer: str) -> None:
    row.status, row.decided_by, row.decided_at = status, work.actor.user_id, work.now
    row.answer = answer.strip() or None


def _log(work: Work, row: Intervention, instance: ProcessInstance, what: str, **data: Any) -> None:
    audit.record(work, f"intervention.{what}", instance=instance, subject=f"intervention:{row.id}", kind=row.kind,
                 element=row.element_id, **data)  # fmt: skip


def _tell(work: Work, row: Intervention, instance: ProcessInstance, kind: str) -> None:
    person = access.person(work.session, row.requested_by)
    facts: dict[str, Any] = {
        "name": notifications.who(work), "answer": row.answer or "—", "subject": f"intervention:{row.id}"
    }  # fmt: skip
    notifications.notify(work, [person] if person is not None else [], kind, instance, **facts)


"""What a job of each kind does. ``jobs`` decides when, how often and in which transaction."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from engine import (
    audit,
    bpmn,
    control_points,
    digests,
    instances,
    letters,
    messages,
    notifications,
    pauses,
    starts,
    steps,
    values,
    watch,
)
from engine.actions import ActionCall, SlowAction
from engine.bpmn.types import OpenService
from engine.crm import staleness
from engine.environment import Environment
from engine.errors import BusinessError, Failed
from engine.models import Job, Mail, ProcessInstance
from engine.outbox import Debt
from engine.vocabulary import InstanceStatus, JobKind
from engine.work import Work


@dataclass(frozen=True)
class Errand:
    """A slow job between its two transactions: ``effect`` runs with none open, ``conclude`` writes the result down."""

    effect: Callable[[], Any]
    conclude: Callable[[Work, Any], None]


def is_slow(env: Environment, kind: str, type: str) -> bool:
    """Must this job run outside a transaction?"""
    if kind == JobKind.MAIL:
        return not getattr(env.mail, "is_instant", False)
    return kind == JobKind.ACTION and env.actions.is_slow(type)


def do(work: Work, job: Debt) -> None:
    """Do a fast job in this transaction. Raises whatever goes wrong; BusinessError is for the drawing to catch."""
    _DO[job.kind](work, job)


def prepare(work: Work, job_id: int) -> Errand:
    """Read everything a slow job needs."""
    row = work.session.get_one(Job, job_id)
    job = Debt(**{name: getattr(row, name) for name in Debt.__dataclass_fields__})
    return _prepare_mail(work, job) if job.kind == JobKind.MAIL else _prepare_action(work, job)


def throw(work: Work, job: Debt, error: BusinessError) -> None:
    """The action of this job reported a BPMN error."""
    instance = _instance(work, job)
    audit.record(work, "action.refused", instance=instance, subject=f"job:{job.id}", element=job.element_id,
                 code=error.code, message=str(error))  # fmt: skip
    instances.advance(work, instance, bpmn.throw_error, job.token_id, error.code, str(error))


def _fire(work: Work, job: Debt) -> None:
    instance = _instance(work, job)
    late = round(max(0.0, (work.now - job.due_at).total_seconds()), 3)
    audit.record(work, "timer.fired", instance=instance, element=job.element_id, late=str(late))
    instances.advance(work, instance, bpmn.fire_timer, job.token_id)


def _act(work: Work, job: Debt) -> None:
    instance = _instance(work, job)
    action: Any = work.env.actions.get(job.type)
    outputs = action(work, _call(work, job, instance))
    _finish(work, job, instance, outputs)


def _finish(work: Work, job: Debt, instance: ProcessInstance, outputs: Mapping[str, Any] | None) -> None:
    audit.record(work, "action.completed", instance=instance, subject=f"job:{job.id}", element=job.element_id,
                 action=job.type, outputs=dict(outputs or {}))  # fmt: skip
    instances.advance(work, instance, bpmn.finish_service, job.token_id, dict(outputs or {}))


def _call(work: Work, job: Debt, instance: ProcessInstance) -> ActionCall:
    found = [token for token in instances.look(work, instance).services if token.token_id == job.token_id]
    if not found:
        raise Failed("The token of this service task is gone")
    token: OpenService = found[0]
    settings = token.element.settings
    names = {target.partition(".")[0] for target, _ in settings.inputs}
    return ActionCall(
        instance=instance,
        element_id=token.element.id,
        token_id=token.token_id,
        key=job.key,
        inputs={name: token.variables.get(name) for name in sorted(names)},
        headers=settings.headers,
        variables=token.variables,
    )


def _prepare_action(work: Work, job: Debt) -> Errand:
    action = work.env.actions.get(job.type)
    assert isinstance(action, SlowAction)
    slow: SlowAction = action
    plan = slow.prepare(work, _call(work, job, _instance(work, job)))

    def conclude(later: Work, result: Any) -> None:
        instance = _instance(later, job)
        _finish(later, job, instance, slow.commit(later, _call(later, job, instance), plan, result))

    return Errand(lambda: slow.effect(plan), conclude)


def _prepare_mail(work: Work, job: Debt) -> Errand:
    if work.env.mail is None:
        raise Failed("No mail server is set up")
    transport: letters.Transport = work.env.mail
    mail_id: int = job.payload["mail_id"]
    letter = notifications.letter_of(work, work.session.get_one(Mail, mail_id))

    def conclude(later: Work, _result: Any) -> None:
        mail = later.session.get_one(Mail, mail_id)
        mail.sent_at, mail.body = later.now, letters.without_secrets(mail.body)
        mail.html = letters.without_secrets(mail.html) if mail.html is not None else None
        instance = later.session.get(ProcessInstance, mail.instance_id) if mail.instance_id is not None else None
        audit.record(later, "mail.sent", instance=instance, subject=f"mail:{mail.id}", to=mail.recipient)

    return Errand(lambda: transport(letter), conclude)


def _send(work: Work, job: Debt) -> None:
    """Through a transport that only takes note: nothing to wait for."""
    errand = _prepare_mail(work, job)
    errand.conclude(work, errand.effect())


def _climb(work: Work, job: Debt) -> None:
    control_points.climb(work, work.session.get_one(Job, job.id))


def _deliver(work: Work, job: Debt) -> None:
    messages.deliver_signal(work, job.payload["subscription_id"], values.decode(job.payload["payload"]))


def _correlate(work: Work, job: Debt) -> None:
    messages.deliver_waiting(work, job.payload["message_id"])


def _expire(work: Work, job: Debt) -> None:
    messages.expire(work, job.payload["message_id"])


def _start(work: Work, job: Debt) -> None:
    starts.begin(work, job)


def _end_pause(work: Work, job: Debt) -> None:
    pauses.expire(work, job.payload["pause_id"])


def _roll_up(work: Work, job: Debt) -> None:
    if steps.roll_up(work, date.fromisoformat(job.payload["day"])):
        staleness.renew(work)


def _instance(work: Work, job: Debt) -> ProcessInstance:
    assert job.instance_id is not None
    instance = instances.find(work, job.instance_id)
    if instance.status != InstanceStatus.ACTIVE:
        raise Failed("The instance is {status}", status=instance.status)
    return instance


_DO: Mapping[str, Callable[[Work, Debt], None]] = {
    JobKind.TIMER: _fire,
    JobKind.ACTION: _act,
    JobKind.MAIL: _send,
    JobKind.CONTROL_POINT: _climb,
    JobKind.DELIVERY: _deliver,
    JobKind.MESSAGE: _correlate,
    JobKind.MESSAGE_EXPIRY: _expire,
    JobKind.START: _start,
    JobKind.PAUSE: _end_pause,
    JobKind.ROLL_UP: _roll_up,
    JobKind.DIGEST: digests.run,
    JobKind.WATCH: watch.run,
}

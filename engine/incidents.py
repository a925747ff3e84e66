"""Incidents: a failure that stops an instance until a person tries again or settles it. With a reason, always."""
from __future__ import annotations

from sqlalchemy import select

from engine import access, audit, bpmn, failures, instances, outbox
from engine.errors import Invalid, NotFound, ReglamentError, WrongState, text
from engine.models import Incident, Job, ProcessInstance
from engine.vocabulary import IncidentStatus, InstanceStatus, JobStatus
from engine.work import Work

report = failures.report


def retry(work: Work, incident_id: int, reason: str) -> Incident:
    """Try again what failed: the job gets fresh attempts, a stuck instance is run again from where it stands.

    Raises NotFound, WrongState, Forbidden, Invalid (no reason), and what a step may raise.
    """
    incident, instance = _open(work, incident_id, "incident.retry", reason)
    _end(work, incident, instance, IncidentStatus.RETRIED, reason)
    job = work.session.get(Job, incident.job_id) if incident.job_id is not None else None
    if job is not None:
        job.status, job.attempts, job.due_at, job.ended_at = JobStatus.WAITING, 0, work.now, None
        job.owner = job.claimed_until = None
        outbox.wake(work)
    elif instance is not None and incident.kind in ("stuck", "element", "uncaught"):
        instances.require_active(instance)
        instances.advance(work, instance, bpmn.resume)
    return incident


def resolve(work: Work, incident_id: int, reason: str) -> Incident:
    """Settled by other means: nothing is tried again. Raises NotFound, WrongState, Forbidden, Invalid (no reason)."""
    incident, instance = _open(work, incident_id, "incident.resolve", reason)
    _end(work, incident, instance, IncidentStatus.RESOLVED, reason)
    return incident


def watch(work: Work, instance_id: int) -> None:
    """Look whether an instance that ought to move stands still for ever (a row was lost, a job failed for good), and
    say so. Raises NotFound."""
    instance = instances.find(work, instance_id)
    if instance.status != InstanceStatus.ACTIVE:
        return
    definition = work.env.library.definition(work.session, instance.definition_id)
    host = work.env.host(work.session, instance, work.now)
    try:
        snapshot = bpmn.look(definition.procedure, instance.state, host)
    except ReglamentError as error:
        failures.report(work, "state", str(error), instance=instance)
        return
    if not (snapshot.tasks or snapshot.services or snapshot.timers or snapshot.subscriptions or snapshot.failed):
        failures.report(work, "stuck", "It is not finished, but waits for nobody and nothing", instance=instance)


def _open(work: Work, incident_id: int, act: str, reason: str) -> tuple[Incident, ProcessInstance | None]:
    incident = work.session.scalar(select(Incident).where(Incident.id == incident_id).with_for_update())
    if incident is None:
        raise NotFound("There is no incident {id}", id=incident_id)
    instance = instances.find(work, incident.instance_id) if incident.instance_id is not None else None
    access.require(work, act, instance)
    if incident.status != IncidentStatus.OPEN:
        raise WrongState("Somebody has dealt with this incident already")
    if not reason.strip():
        raise Invalid("Say why", {"reason": text("Say why")})
    return incident, instance


def _end(
    work: Work, incident: Incident, instance: ProcessInstance | None, status: IncidentStatus, reason: str
) -> None:
    incident.status, incident.ended_at, incident.reason = status, work.now, reason.strip()
    incident.ended_by = work.actor.user_id
    audit.record(work, f"incident.{status}", instance=instance, subject=f"incident:{incident.id}",
                 reason=reason.strip())  # fmt: skip

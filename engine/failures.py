"""Incidents are written down here, by whoever finds that an instance cannot go on (verbs on them: engine.incidents)."""
from __future__ import annotations

from sqlalchemy import select

from engine import access, audit, notifications
from engine.models import Incident, Job, ProcessInstance
from engine.vocabulary import IncidentStatus, JobKind
from engine.work import Work

LONGEST = 2000  # characters of a message that are kept


def report(
    work: Work,
    kind: str,
    message: str,
    *,
    instance: ProcessInstance | None = None,
    element_id: str | None = None,
    token_id: str | None = None,
    job: Job | None = None,
) -> Incident:
    """Open an incident, or return the same one that is open already. ``kind``: job, stuck, assignment, uncaught …"""
    same = select(Incident).where(
        Incident.status == IncidentStatus.OPEN,
        Incident.kind == kind,
        Incident.instance_id == (instance.id if instance is not None else None),
        Incident.token_id == token_id,
        Incident.job_id == (job.id if job is not None else None),
    )
    if known := work.session.scalar(same.limit(1)):
        return known
    incident = Incident(
        instance_id=instance.id if instance is not None else None,
        job_id=job.id if job is not None else None,
        kind=kind,
        element_id=element_id,
        token_id=token_id,
        message=message[:LONGEST],
        raised_at=work.now,
        status=IncidentStatus.OPEN,
    )
    work.session.add(incident)
    work.session.flush()
    audit.record(
        work, "incident.raised", instance=instance, subject=f"incident:{incident.id}",
        kind=kind, element=element_id, message=incident.message,
    )  # fmt: skip
    by_mail = job is None or job.kind != JobKind.MAIL  # a mail server that is down is no news for a mail
    admins = access.members(work.session, "admin")
    notifications.notify(work, admins, "incident", instance, by_mail=by_mail, message=incident.message,
                         subject=f"incident:{incident.id}")  # fmt: skip
    return incident

"""Rounds over all clients: the database picks who is hit, and one procedure begins for each of them, once."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from engine import outbox
from engine.models import Job, ProcessDefinition, ProcessInstance
from engine.outbox import Owed
from engine.vocabulary import InstanceStatus, JobKind
from engine.work import Work

UNDER_WAY = (InstanceStatus.ACTIVE, InstanceStatus.SUSPENDED)


def begin_for(
    work: Work, procedure: str, client_id: int, once: str, variables: Mapping[str, Any], *, alone: bool = True
) -> bool:
    """That procedure begins soon for this client, in a transaction of its own. True unless it did under ``once``, or
    (``alone``) runs for the client already, or is not published: a round that is run twice starts nothing twice."""
    key = f"round:{procedure}:{once}"
    if work.session.scalar(select(Job.id).where(Job.key == key).limit(1)) is not None:
        return False
    if alone and is_running(work, procedure, client_id):
        return False
    if not is_published(work, procedure):
        return False
    given = {**variables, "client_id": client_id, "deal_id": None}
    payload = {"key": procedure, "variables": given}
    outbox.owe(work, Owed(JobKind.START, procedure, key, work.now, payload=payload))
    return True


def is_running(work: Work, procedure: str, client_id: int) -> bool:
    """Is this procedure under way for the client?"""
    query = select(ProcessInstance.id).where(
        ProcessInstance.client_id == client_id, ProcessInstance.key == procedure, ProcessInstance.status.in_(UNDER_WAY)
    )
    return work.session.scalar(query.limit(1)) is not None


def is_published(work: Work, procedure: str) -> bool:
    """Is there such a procedure?"""
    query = select(ProcessDefinition.id).where(ProcessDefinition.key == procedure)
    return work.session.scalar(query.limit(1)) is not None

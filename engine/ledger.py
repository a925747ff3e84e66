"""The ledger of interventions: every act beside or against the diagram, by whom and why, in one table.

A row is written in the transaction of the act. What needed a second person has its row since the request; the act then
ends that row instead of writing another.
"""
from __future__ import annotations

from typing import Any

from engine import values
from engine.models import Intervention, ProcessInstance, UserTask
from engine.vocabulary import InterventionKind, InterventionStatus
from engine.work import Work

ASKED = "ledger.asked"  # memory of a work: the row of the request that is carried out now


def note(
    work: Work, kind: InterventionKind, instance: ProcessInstance, reason: str, *, task: UserTask | None = None,
    element_id: str | None = None, target: str | None = None, **what: Any,
) -> Intervention:  # fmt: skip
    """Write down that it was done. ``what``: what the ledger shows of it beside the reason, old and new."""
    row: Intervention | None = work.memory.pop(ASKED, None)
    if row is None:
        row = draft(work, kind, instance, reason, task=task, element_id=element_id, target=target, **what)
        row.decided_at = work.now
    row.status = InterventionStatus.DONE
    return row


def draft(
    work: Work, kind: InterventionKind, instance: ProcessInstance, reason: str, *, task: UserTask | None = None,
    element_id: str | None = None, process_key: str | None = None, path: str = "", target: str | None = None,
    **what: Any,
) -> Intervention:  # fmt: skip
    """A row for what is asked for now."""
    row = Intervention(
        instance_id=instance.id,
        task_id=task.id if task is not None else None,
        kind=kind,
        process_key=process_key or (task.process_key if task is not None else instance.key),
        element_id=element_id or (task.element_id if task is not None else None),
        path=task.path if task is not None else path,
        target=target,
        what=values.encode(({"name": task.name} if task is not None else {}) | what),
        reason=reason.strip(),
        status=InterventionStatus.REQUESTED,
        requested_by=work.actor.user_id,
        requested_for=work.actor.on_behalf_of,
        requested_at=work.now,
    )
    work.session.add(row)
    return row

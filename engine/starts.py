"""Instances that no person starts: by a timer start event of a published procedure, or by a job that asks for one.

A procedure asks for another by the action ``procedure.start``: the other begins in a transaction of its own, and nobody
waits for it.
"""
from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select

from engine import audit, feel, instances, outbox, values
from engine.actions import ActionCall, Registry
from engine.definitions import Definition
from engine.errors import UnderWay
from engine.models import Job
from engine.outbox import Debt, Owed
from engine.vocabulary import JobKind
from engine.work import Work

REPEAT = re.compile(r"R(\d*)/(?:(.+)/)?([^/]+)")
OFFICE = "main"


def register(registry: Registry) -> None:
    """The action by which one procedure starts another."""
    registry.add("procedure.start", start_another)


def start_another(work: Work, call: ActionCall) -> dict[str, Any]:
    """procedure, deal_id, client_id, variables: that procedure starts soon, for whoever started this one.

    Without a deal and a client of its own it is about those of this instance; ``deal_id`` 0 means none.
    """
    inputs, here = call.inputs, call.instance
    deal_id = inputs["deal_id"] if inputs.get("deal_id") is not None else here.deal_id
    client_id = inputs["client_id"] if inputs.get("client_id") is not None else here.client_id
    whose = {"deal_id": deal_id or None, "client_id": client_id or None}
    whose[instances.INITIATOR] = call.variables.get(instances.INITIATOR)
    key = str(inputs["procedure"])
    payload = {"key": key, "variables": {**(inputs.get("variables") or {}), **whose}}
    outbox.owe(work, Owed(JobKind.START, key, f"start:{call.key}", work.now, instance=here, payload=payload))
    audit.record(work, "procedure.asked_for", instance=here, element=call.element_id, procedure=key, deal_id=deal_id)
    return {}


def begin(work: Work, job: Debt) -> None:
    """The work of a START job: ``payload`` names the procedure (``key``), its ``variables``, and the start event."""
    payload = job.payload
    variables: Mapping[str, Any] = values.decode(payload.get("variables") or {})
    kind = payload.get("kind")
    if kind is None:
        _start(work, job, variables)
        return
    if kind == "timer":
        _next(work, payload["key"], payload["name"], payload["left"])
    instances.start_by_event(work, payload["key"], kind, payload["name"], variables)


def _start(work: Work, job: Debt, variables: Mapping[str, Any]) -> None:
    """What runs for this deal or client already is not started a second time: whoever asked wanted it to run."""
    key = job.payload["key"]
    try:
        instances.start(
            work, key, variables, parent_id=job.instance_id,
            deal_id=variables.get("deal_id"), client_id=variables.get("client_id"),
        )  # fmt: skip
    except UnderWay:
        about = {"deal_id": variables.get("deal_id"), "client_id": variables.get("client_id")}
        audit.record(work, "procedure.runs_already", procedure=key, **about)


def arm(work: Work, definition: Definition) -> None:
    """A new version is in force: its timer start events count from now, those of older versions no longer."""
    old = select(Job.id).where(
        Job.kind == JobKind.START, Job.type == definition.key, Job.ended_at.is_(None), Job.key.like("timer_start:%")
    )
    outbox.cancel(work, work.session.scalars(old))
    for raw in definition.procedure.start_timers:
        left = _repetitions(raw)
        _owe(work, definition.key, raw, _due(work, raw), left)
        audit.record(work, "timer_start.armed", definition=f"{definition.key}:{definition.version}", timer=raw)


def _next(work: Work, key: str, raw: str, left: int | None) -> None:
    """The occurrence after this one, counted from now: an engine that was down for a day does not catch up tenfold."""
    if left is None or left > 1:
        if REPEAT.fullmatch(raw.strip()) is None:
            return
        _owe(work, key, raw, _due(work, raw), None if left is None else left - 1)


def _owe(work: Work, key: str, raw: str, at: datetime, left: int | None) -> None:
    payload: dict[str, Any] = {"key": key, "kind": "timer", "name": raw, "variables": {}, "left": left}
    once = f"timer_start:{key}:{raw}:{int(at.timestamp())}:{left}:{int(work.now.timestamp())}"
    outbox.owe(work, Owed(JobKind.START, key, once, at, payload=payload))


def _due(work: Work, raw: str) -> datetime:
    found = REPEAT.fullmatch(raw.strip())
    calendar = work.env.calendar(OFFICE)
    due: datetime = calendar.due(work.now, _value(work, found.group(3) if found else raw)).at
    return due


def _value(work: Work, raw: str) -> Any:
    """The text, or what FEEL makes of it (``=setting("deadlines.sweep")``)."""
    return feel.value(raw.strip(), {}, work.env.context(OFFICE, work.now))


def _repetitions(raw: str) -> int | None:
    """How often it fires; None: for ever."""
    found = REPEAT.fullmatch(raw.strip())
    if found is None:
        return 1
    return int(found.group(1)) if found.group(1) else None

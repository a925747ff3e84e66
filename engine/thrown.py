"""What an instance throws to the outside, and what was waiting for what it now awaits: jobs, written with the step.

A signal is for all who listen at this moment, so the listeners are looked up now, in the throwing transaction; each is
served by a job of its own, so that a listener who fails disturbs nobody. A message is for one and may wait.
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, bindparam, select

from engine import audit, failures, outbox, values
from engine.bpmn.types import Thrown
from engine.models import Message, MessageSubscription, ProcessInstance, table_of
from engine.outbox import Owed
from engine.rows import Prepared
from engine.vocabulary import JobKind, MessageStatus, SubscriptionKind
from engine.work import Work

PATIENCE = timedelta(days=7)  # how long a message thrown by an instance waits for its receiver
MESSAGES = table_of(Message)


def _early(key: ColumnElement[bool]) -> Prepared:
    waiting = (MESSAGES.c.status == bindparam("waiting"), MESSAGES.c.name == bindparam("name"), key)
    fresh = select(MESSAGES.c.id).where(*waiting, MESSAGES.c.expires_at > bindparam("now"))
    return Prepared(fresh.order_by(MESSAGES.c.id).limit(1))


EARLY = {
    True: _early(MESSAGES.c.correlation_key == bindparam("key")), False: _early(MESSAGES.c.correlation_key.is_(None))
}  # fmt: skip


def hand_on(work: Work, instance: ProcessInstance, thrown: Iterable[Thrown]) -> None:
    """Signals to the listeners, messages to the queue, uncaught errors to an incident, the rest to the log."""
    for one in thrown:
        audit.record(
            work, f"{one.kind}.thrown", instance=instance, name=one.name, element=one.element_id,
            key=one.correlation_key,
        )  # fmt: skip
        if one.kind == "signal":
            spread(work, one.name, one.payload, source=instance)
        elif one.kind == "message":
            enqueue(work, one.name, one.correlation_key, one.payload, PATIENCE)
        elif one.kind == "error":
            failures.report(
                work, "uncaught", f"Error {one.name} was thrown and nothing in the drawing catches it",
                instance=instance, element_id=one.element_id,
            )  # fmt: skip


def spread(work: Work, name: str, payload: Mapping[str, Any], source: ProcessInstance | None = None) -> int:
    """A job for every token of other instances that listens to this signal, and for every procedure it starts."""
    listening = select(MessageSubscription).where(
        MessageSubscription.kind == SubscriptionKind.SIGNAL, MessageSubscription.name == name
    )
    if source is not None:  # its own listeners have already heard it in the step itself
        listening = listening.where(MessageSubscription.instance_id != source.id)
    jobs = [_delivery(work, row, payload) for row in work.session.scalars(listening)]
    for definition in work.env.library.in_force(work.session):
        if name in definition.procedure.start_signals:
            jobs.append(start_by_event(work, definition.key, "signal", name, payload))
    outbox.owe(work, *jobs)
    return len(jobs)


def enqueue(
    work: Work,
    name: str,
    correlation_key: str | None,
    payload: Mapping[str, Any],
    ttl: timedelta,
    key: str | None = None,
) -> Message:
    """A message that waits for its receiver until ``ttl`` has passed; jobs look for him now and when he appears."""
    message = Message(
        name=name,
        correlation_key=correlation_key,
        key=key,
        payload=values.encode(payload),
        received_at=work.now,
        expires_at=work.now + ttl,
        status=MessageStatus.WAITING,
    )
    work.session.add(message)
    work.session.flush()
    outbox.owe(
        work,
        Owed(JobKind.MESSAGE, name, f"message:{message.id}:0", work.now, payload={"message_id": message.id}),
        Owed(JobKind.MESSAGE_EXPIRY, name, f"message_expiry:{message.id}", message.expires_at,
             payload={"message_id": message.id}),
    )  # fmt: skip
    return message


def meet_waiting(work: Work, instance: ProcessInstance, name: str, correlation_key: str | None) -> None:
    """An instance has just begun to await this message: perhaps it came early and waits. The oldest goes first."""
    about = {} if correlation_key is None else {"key": correlation_key}
    early = EARLY["key" in about]
    for row in early.see(work.session, waiting=MessageStatus.WAITING, name=name, now=work.now, **about):
        key = f"message:{row[0]}:{instance.id}:{instance.revision}"
        outbox.owe(work, Owed(JobKind.MESSAGE, name, key, work.now, payload={"message_id": row[0]}))


def start_by_event(work: Work, key: str, kind: str, name: str, payload: Mapping[str, Any]) -> Owed:
    """The job that starts a procedure by a signal or message."""
    what = {"key": key, "kind": kind, "name": name, "variables": payload}
    return Owed(JobKind.START, key, f"start:{uuid4().hex}", work.now, payload=what)


def _delivery(work: Work, row: MessageSubscription, payload: Mapping[str, Any]) -> Owed:
    return Owed(
        JobKind.DELIVERY,
        row.name,
        f"delivery:{row.id}:{uuid4().hex}",
        work.now,
        work.session.get_one(ProcessInstance, row.instance_id),
        row.token_id,
        row.element_id,
        {"subscription_id": row.id, "payload": payload},
    )

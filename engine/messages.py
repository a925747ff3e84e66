"""Messages find their one instance; signals reach all who listen.

A message that nobody awaits yet waits for its time-to-live. None or several receivers is an error said out loud.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from engine import audit, bpmn, instances, pauses, thrown, values
from engine.errors import Conflict, NotFound
from engine.models import Message, MessageSubscription, ProcessInstance
from engine.vocabulary import InstanceStatus, MessageStatus, SubscriptionKind
from engine.work import Work


def correlate(
    work: Work,
    name: str,
    correlation_key: str | None,
    payload: Mapping[str, Any],
    ttl: timedelta | None = None,
    key: str | None = None,
) -> ProcessInstance | Message:
    """Deliver a message to the one instance that awaits ``name`` with ``correlation_key``, in this transaction.

    If nobody does, a procedure with such a message start event is started; else, with ``ttl``, the message waits and
    is returned. ``key``: sent again under the same key it has no second effect. Raises NotFound (nobody awaits it, no
    ``ttl``), Conflict (several do).
    """
    if key is not None and (known := work.session.scalar(select(Message).where(Message.key == key))) is not None:
        return known
    found = _receivers(work, name, correlation_key)
    if found and (instance := instances.find(work, found[0].instance_id)).status == InstanceStatus.ACTIVE:
        _note(work, name, correlation_key, payload, key, instance)
        return _deliver(work, found[0], instance, payload)
    starter = None if found else _starter(work, name)
    if starter is not None and _is_busy(work, starter, payload):
        ttl = ttl or thrown.PATIENCE  # the one that runs will listen again in a moment
    elif starter is not None:
        instance = instances.start_by_event(work, starter, "message", name, payload)
        _note(work, name, correlation_key, payload, key, instance)
        return instance
    if ttl is None:
        raise NotFound("Nobody awaits message «{name}» with key {key}", name=name, key=correlation_key)
    message = thrown.enqueue(work, name, correlation_key, payload, ttl, key)
    if found:  # suspended: it is delivered when the instance is resumed
        message.instance_id = found[0].instance_id
    audit.record(work, "message.queued", subject=f"message:{message.id}", name=name, key=correlation_key)
    return message


def broadcast(work: Work, name: str, payload: Mapping[str, Any]) -> int:
    """A signal to all who listen now, and to the procedures it starts; returns how many. Each is served by a job."""
    heard = thrown.spread(work, name, payload)
    audit.record(work, "signal.broadcast", name=name, heard=heard)
    return heard


def deliver_waiting(work: Work, message_id: int) -> bool:
    """A job's work: try to deliver a waiting message; True if it found its receiver. Raises Conflict (several)."""
    message = work.session.scalar(select(Message).where(Message.id == message_id).with_for_update())
    if message is None or message.status != MessageStatus.WAITING or message.expires_at <= work.now:
        return False
    payload = values.decode(message.payload)
    found = _receivers(work, message.name, message.correlation_key)
    if found:
        instance = instances.find(work, found[0].instance_id)
        if instance.status != InstanceStatus.ACTIVE:
            message.instance_id = instance.id
            return False
        message.status, message.instance_id = MessageStatus.CORRELATED, instance.id
        _deliver(work, found[0], instance, payload)
        return True
    if (starter := _starter(work, message.name)) is None or _is_busy(work, starter, payload):
        return False
    message.status = MessageStatus.CORRELATED
    message.instance_id = instances.start_by_event(work, starter, "message", message.name, payload).id
    return True


def expire(work: Work, message_id: int) -> None:
    """A job's work: a message whose time has passed waits no longer."""
    message = work.session.get(Message, message_id)
    if message is not None and message.status == MessageStatus.WAITING:
        message.status = MessageStatus.EXPIRED
        audit.record(work, "message.expired", subject=f"message:{message.id}", name=message.name,
                     key=message.correlation_key)  # fmt: skip


def deliver_signal(work: Work, subscription_id: int, payload: Mapping[str, Any]) -> bool:
    """A job's work: hand a signal to one token, if it still listens."""
    row = work.session.get(MessageSubscription, subscription_id)
    if row is None:
        return False
    instance = instances.find(work, row.instance_id)
    instances.require_active(instance)
    _deliver(work, row, instance, payload)
    return True


def _receivers(work: Work, name: str, correlation_key: str | None) -> Sequence[MessageSubscription]:
    rows = work.session.scalars(
        select(MessageSubscription)
        .where(
            MessageSubscription.kind == SubscriptionKind.MESSAGE,
            MessageSubscription.name == name,
            MessageSubscription.correlation_key == correlation_key,
        )
        .limit(2)
    ).all()
    if len(rows) > 1:
        raise Conflict("More than one instance awaits message «{name}» with key {key}", name=name, key=correlation_key)
    return rows


def _starter(work: Work, name: str) -> str | None:
    starters = [one.key for one in work.env.library.in_force(work.session) if name in one.procedure.start_messages]
    if len(starters) > 1:
        raise Conflict("Message «{name}» starts more than one procedure: {keys}", name=name, keys=", ".join(starters))
    return starters[0] if starters else None


def _is_busy(work: Work, starter: str, payload: Mapping[str, Any]) -> bool:
    """Runs the procedure already that this message would start, for the one deal or client it is about?"""
    definition = work.env.library.latest(work.session, starter)
    return instances.is_under_way(work, definition, payload.get("deal_id"), payload.get("client_id"))


def _deliver(
    work: Work, row: MessageSubscription, instance: ProcessInstance, payload: Mapping[str, Any]
) -> ProcessInstance:
    audit.record(work, f"{row.kind}.received", instance=instance, name=row.name, element=row.element_id,
                 key=row.correlation_key, payload=payload)  # fmt: skip
    if row.kind == SubscriptionKind.MESSAGE:
        pauses.stir(work, instance.deal_id)
    instances.advance(work, instance, bpmn.deliver, row.token_id, payload)
    return instance


def _note(
    work: Work, name: str, correlation_key: str | None, payload: Mapping[str, Any], key: str | None,
    instance: ProcessInstance,
) -> None:  # fmt: skip
    """Remember a message that came with a key, so that it has no second effect."""
    if key is not None:
        work.session.add(
            Message(name=name, correlation_key=correlation_key, key=key, payload=values.encode(payload),
                    received_at=work.now, expires_at=work.now, status=MessageStatus.CORRELATED,
                    instance_id=instance.id)
        )  # fmt: skip



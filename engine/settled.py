"""What happened after a step and stays done, whoever wants the step back: the reason why it may not be undone.

Not undone are: a timer that went off in the flow, a message or signal that came or was sent, an action of the system
that is not listed as repeatable (settings/returns.yaml), a document approved, sent or signed, money booked on the deal,
a procedure started. What may be made again is: a drafted document is cancelled, and the next pass makes a new one.
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import or_, select

from engine.bpmn import Effect
from engine.documents import lifecycle
from engine.errors import Text, text
from engine.models import Document, Payment, ProcessInstance, UserTask
from engine.vocabulary import DocumentStatus
from engine.work import Work

SAID = {
    "timer": text("The timer «{step}» has gone off since"),
    "message": text("The message of «{step}» has come since"),
    "signal": text("The signal of «{step}» has come since"),
    "thrown": text("«{step}» has told others since"),
    "action": text("The system has done «{step}» since, and that cannot be undone"),
}
WHY = {  # headings of ``lasting`` in settings/returns.yaml
    "sent": text("a letter or a notice has gone out"),
    "begun": text("other work has begun because of it"),
    "booked": text("money has been booked"),
    "written": text("what happened is written down for good"),
    "decided": text("others go by it already"),
    "locked": text("a document has been approved, sent, signed or replaced"),
}


def since(work: Work, row: UserTask, effects: Iterable[Effect]) -> Text | None:
    """The first thing after the completion of this task that stays done; None if everything may be done again."""
    return _on_the_way(work, effects) or _documents(work, row) or _money(work, row) or _procedures(work, row)


def drop_drafts(work: Work, row: UserTask, token_ids: Iterable[str], reason: str) -> None:
    """Documents that the withdrawn steps drafted are cancelled: the next pass drafts new ones."""
    keys = [f"action:{row.instance_id}:{token}" for token in token_ids]
    drafts = select(Document.id).where(
        Document.instance_id == row.instance_id, Document.request_key.in_(keys),
        Document.status == DocumentStatus.DRAFT,
    )  # fmt: skip
    for document_id in work.session.scalars(drafts).all() if keys else ():
        lifecycle.cancel(work, document_id, reason)


def _on_the_way(work: Work, effects: Iterable[Effect]) -> Text | None:
    for effect in effects:
        if effect.kind == "work" or (effect.kind == "action" and _may_be_repeated(work, effect)):
            continue
        step = effect.element.name or effect.element.id
        if effect.kind == "action" and (why := _why(work, effect)) is not None:
            return text("The system has done «{step}» since, and that cannot be undone: {why}", step=step, why=why)
        return Text(SAID[effect.kind].template, {"step": step})
    return None


def _may_be_repeated(work: Work, effect: Effect) -> bool:
    allowed: Sequence[Any] = work.env.setting("returns.repeatable", ())
    return effect.element.settings.action in allowed


def _why(work: Work, effect: Effect) -> Text | None:
    """What the settings say of an action that lasts."""
    lasting: Mapping[str, Sequence[Any]] = work.env.setting("returns.lasting", {})
    found = next((why for why, actions in lasting.items() if effect.element.settings.action in actions), None)
    return WHY.get(str(found))


def _documents(work: Work, row: UserTask) -> Text | None:
    at = row.ended_at
    moments = (Document.locked_at, Document.sent_at, Document.signed_at)
    found = work.session.scalar(
        select(Document.number)
        .where(Document.instance_id == row.instance_id, or_(*(moment >= at for moment in moments)))
        .limit(1)
    )
    if found is None:
        return None
    return text("Document {number} has been approved, sent or signed since", number=found)


def _money(work: Work, row: UserTask) -> Text | None:
    deal_id = row.instance.deal_id
    if deal_id is None:
        return None
    booked = select(Payment.id).where(Payment.deal_id == deal_id, Payment.recorded_at >= row.ended_at)
    if work.session.scalar(booked.limit(1)) is None:
        return None
    return text("Money of this deal has been booked since")


def _procedures(work: Work, row: UserTask) -> Text | None:
    started = select(ProcessInstance.title).where(
        ProcessInstance.parent_id == row.instance_id, ProcessInstance.started_at >= row.ended_at
    )
    found = work.session.scalar(started.limit(1))
    return None if found is None else text("The procedure «{title}» has been started since", title=found)

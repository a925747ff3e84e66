"""The actions of documents that service tasks name."""
from __future__ import annotations

from typing import Any

from engine.actions import ActionCall, Registry
from engine.documents import lifecycle
from engine.documents.issue import Issue, NewVersion
from engine.work import Work


def register(registry: Registry) -> None:
    """``document.issue`` and ``document.new_version`` (slow); ``document.approve``, ``.cancel``, ``.mark_sent``,
    ``.mark_signed`` (input ``document_id``; cancel also ``reason``), which give ``document_status``."""
    registry.add("document.issue", Issue())
    registry.add("document.new_version", NewVersion())
    registry.add("document.approve", _approve)
    registry.add("document.cancel", _cancel)
    registry.add("document.mark_sent", _mark_sent)
    registry.add("document.mark_signed", _mark_signed)


def _approve(work: Work, call: ActionCall) -> dict[str, Any]:
    return {"document_status": lifecycle.approve(work, call.inputs.get("document_id")).status}


def _cancel(work: Work, call: ActionCall) -> dict[str, Any]:
    reason = str(call.inputs.get("reason") or "")
    return {"document_status": lifecycle.cancel(work, call.inputs.get("document_id"), reason).status}


def _mark_sent(work: Work, call: ActionCall) -> dict[str, Any]:
    return {"document_status": lifecycle.mark_sent(work, call.inputs.get("document_id")).status}


def _mark_signed(work: Work, call: ActionCall) -> dict[str, Any]:
    return {"document_status": lifecycle.mark_signed(work, call.inputs.get("document_id")).status}

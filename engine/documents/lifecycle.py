"""What happens to an issued document: approved (and locked), sent, signed, superseded, cancelled.

A locked document never changes, whoever tries: what may still be written down are its later stations.
"""
from __future__ import annotations

from typing import Any

from sqlalchemy import event, inspect
from sqlalchemy.orm import Session

from engine import audit
from engine.errors import Failed, NotFound, WrongState
from engine.models import Document, ProcessInstance, StoredFile
from engine.vocabulary import DocumentStatus
from engine.work import Work

FROZEN = ("kind", "title", "number", "version", "dated", "valid_until", "total", "template", "template_version",
          "data", "docx_id", "pdf_id", "locked_at", "deal_id", "instance_id")
OVER = (DocumentStatus.CANCELLED, DocumentStatus.SUPERSEDED)


def find(session: Session, document_id: Any) -> Document:
    """Raises NotFound."""
    try:
        row = session.get(Document, int(document_id))
    except (TypeError, ValueError):
        row = None
    if row is None:
        raise NotFound("There is no document {id}.", id=document_id)
    return row


def approve(work: Work, document_id: Any) -> Document:
    """Approve and lock. Approving what is approved is no error."""
    row = _living(work, document_id)
    if row.status == DocumentStatus.DRAFT:
        _lock(work, row)
        row.status = DocumentStatus.APPROVED
        _record(work, row, "document.approved", sha256=_digests(work.session, row))
    return row


def mark_sent(work: Work, document_id: Any) -> Document:
    """It has gone to the client; what the client has is locked from then on."""
    row = _living(work, document_id)
    if row.sent_at is None:
        _lock(work, row)
        row.sent_at = work.now
        if row.status != DocumentStatus.SIGNED:
            row.status = DocumentStatus.SENT
        _record(work, row, "document.sent", sha256=_digests(work.session, row))
    return row


def mark_signed(work: Work, document_id: Any) -> Document:
    """Both sides have signed it."""
    row = _living(work, document_id)
    if row.signed_at is None:
        _lock(work, row)
        row.signed_at, row.status = work.now, DocumentStatus.SIGNED
        _record(work, row, "document.signed", sha256=_digests(work.session, row))
    return row


def cancel(work: Work, document_id: Any, reason: str = "") -> Document:
    """It no longer holds; its number is not given again. A signed document is not cancelled but followed by another."""
    row = find(work.session, document_id)
    if row.status in OVER:
        return row
    if row.status == DocumentStatus.SIGNED:
        raise WrongState("The document {number} is signed and cannot be cancelled.", number=row.number)
    was, row.status = row.status, DocumentStatus.CANCELLED
    _record(work, row, "document.cancelled", was=was, reason=reason)
    return row


def may_be_replaced(row: Document) -> None:
    """Raises WrongState for what a new version cannot follow."""
    if row.status in (*OVER, DocumentStatus.SIGNED):
        raise WrongState("The document {number} is {status}: it cannot get a new version.",
                         number=row.number, status=row.status)


def supersede(work: Work, old: Document, new: Document) -> None:
    """The new version takes the old one's place."""
    was, old.status = old.status, DocumentStatus.SUPERSEDED
    _record(work, old, "document.superseded", was=was, by=new.id)


def _living(work: Work, document_id: Any) -> Document:
    row = find(work.session, document_id)
    if row.status in OVER:
        raise WrongState("The document {number} is {status}.", number=row.number, status=row.status)
    return row


def _lock(work: Work, row: Document) -> None:
    if row.docx_id is None:
        raise Failed("The document {number} has not been made yet.", number=row.number)
    row.locked_at = row.locked_at or work.now


def _digests(session: Session, row: Document) -> dict[str, str]:
    """Hashes of the files as they stand in the storage, for the log."""
    found = {}
    for kind, file_id in (("docx", row.docx_id), ("pdf", row.pdf_id)):
        stored = session.get(StoredFile, file_id) if file_id is not None else None
        if stored is not None:
            found[kind] = stored.sha256
    return found


def _record(work: Work, row: Document, kind: str, **data: Any) -> None:
    instance = work.session.get(ProcessInstance, row.instance_id) if row.instance_id is not None else None
    audit.record(work, kind, instance=instance, subject=f"document:{row.id}", number=row.number,
                 version=row.version, **data)


@event.listens_for(Session, "before_flush")
def _locked_stays(session: Session, *_: Any) -> None:
    """The last fence: no code path changes or deletes a locked document."""
    for row in session.deleted:
        if isinstance(row, Document) and row.locked_at is not None:
            raise TypeError("a locked document is never deleted")
    for row in session.dirty:
        if isinstance(row, Document) and _was_locked(row) and _changed(row):
            raise TypeError("a locked document never changes; issue a new version")


def _was_locked(row: Document) -> bool:
    history = inspect(row).attrs.locked_at.history
    before = history.deleted or history.unchanged
    return bool(before and before[0] is not None)


def _changed(row: Document) -> bool:
    attributes = inspect(row).attrs
    return any(attributes[name].history.has_changes() for name in FROZEN)

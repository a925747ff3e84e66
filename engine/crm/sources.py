"""Where enquiries come from and what each source costs a month (R237, R320)."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import access, audit
from engine.crm import deals
from engine.errors import Conflict, Invalid, NotFound
from engine.models import Source, SourceCost
from engine.work import Work

CHANNELS = ("phone", "mail", "meeting", "web", "chat", "sms", "fax", "post")
KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
LONGEST = 200


def add(work: Work, key: str, title: str, channel: str) -> Source:
    """Register a source. Raises Forbidden, Invalid, Conflict for a known key."""
    access.require(work, "sources.change")
    if not KEY.fullmatch(key):
        raise Invalid("A key is made of small Latin letters, digits, hyphens and underscores.")
    if work.session.scalar(select(Source.id).where(Source.key == key)):
        raise Conflict("The source «{key}» is known already.", key=key)
    row = Source(key=key, title=_title(title), channel=_channel(channel), active=True)
    work.session.add(row)
    work.session.flush()
    audit.record(work, "source.created", subject=f"source:{row.id}", key=key, title=row.title)
    return row


def change(work: Work, source_id: int, title: str, channel: str, active: bool) -> Source:
    """Change a source, or let it rest. Raises Forbidden, NotFound, Invalid."""
    access.require(work, "sources.change")
    row = find(work.session, source_id)
    before = [row.title, row.channel, row.active]
    row.title, row.channel, row.active = _title(title), _channel(channel), active
    if before != [row.title, row.channel, row.active]:
        audit.record(work, "source.changed", subject=f"source:{row.id}", before=before, title=row.title, active=active)
    return row


def set_cost(work: Work, source_id: int, month: date, sum: Decimal) -> bool:
    """What a source cost in a month; zero takes the entry away. True if anything changed.

    Raises Forbidden, NotFound, Invalid.
    """
    access.require(work, "sources.change")
    find(work.session, source_id)
    if not sum.is_finite() or not 0 <= sum <= deals.BIGGEST or sum != round(sum, 2):
        raise Invalid("Enter a sum in roubles and kopecks.")
    month = month.replace(day=1)
    row = work.session.scalar(select(SourceCost).where(SourceCost.source_id == source_id, SourceCost.month == month))
    before = row.sum if row is not None else Decimal(0)
    if before == sum:
        return False
    if row is None:
        work.session.add(SourceCost(source_id=source_id, month=month, sum=sum))
    elif sum == 0:
        work.session.delete(row)
    else:
        row.sum = sum
    work.session.flush()
    audit.record(work, "source.cost_set", subject=f"source:{source_id}", month=month, sum=[before, sum])
    return True


def find(session: Session, source_id: int) -> Source:
    """Raises NotFound."""
    row = session.get(Source, source_id)
    if row is None:
        raise NotFound("There is no source {id}.", id=source_id)
    return row


def _title(title: str) -> str:
    if not title.strip() or len(title) > LONGEST:
        raise Invalid("Fill in the name.")
    return title.strip()


def _channel(channel: str) -> str:
    if channel not in CHANNELS:
        raise Invalid("Choose one of: {choices}.", choices=", ".join(CHANNELS))
    return channel

"""Once a week: which steps could nobody do in the two weeks to come? The administrators are told before anything waits
in vain; nothing is said where there is nothing to say."""
from __future__ import annotations

from datetime import datetime, time, timedelta

from sqlalchemy import select

from engine import access, notices, notifications, outbox
from engine.models import Job
from engine.outbox import Debt, Owed
from engine.queries import able
from engine.vocabulary import JobKind
from engine.work import Work

MONDAY, HOUR = 0, time(9)
NAMED = 5  # steps named in the notice; the page has them all


def arm(work: Work) -> None:
    """See to it that the next look is owed. Does nothing where it is owed already."""
    waiting = select(Job.id).where(Job.kind == JobKind.WATCH, Job.ended_at.is_(None))
    if work.session.scalar(waiting.limit(1)) is None:
        _owe(work)


def run(work: Work, _job: Debt) -> None:
    """The work of a WATCH job: look, tell the administrators and the heads, and owe the next look."""
    _owe(work)
    gaps = [one for one in able.steps(work.session, work.env, work.now) if one.faults]
    if gaps:
        told = [person for group in ("admin", "head") for person in access.members(work.session, group)]
        names = "; ".join(f"«{one.element.name or one.element.id}» ({one.definition.name})" for one in gaps[:NAMED])
        notifications.notify(work, told, "nobody_could", None, count=len(gaps), steps=names)


def _owe(work: Work) -> None:
    at = _following(work)
    outbox.owe(work, Owed(JobKind.WATCH, "able", f"watch:{int(at.timestamp())}", at))


def _following(work: Work) -> datetime:
    """The next Monday morning by the main office's clock."""
    here = work.now.astimezone(work.env.calendar(notices.OFFICE).zone)
    days = (MONDAY - here.weekday()) % 7 or 7
    return datetime.combine(here.date() + timedelta(days=days), HOUR, here.tzinfo).astimezone(work.now.tzinfo)

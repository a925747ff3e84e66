"""Why a deadline was missed: one main reason for each late task, found from the facts, not asked of anybody.

The first that holds, from what lies outside the performer to what lies with him: the case was paused; he was away and
nobody stood in; the task came back for another round; he waited for a colleague's answer; it was taken late; its date
had been moved already; else it simply took longer than planned.
"""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.models import Absence, AuditEvent, Client, Deal, MilestoneReached, MissedTask, Pause, UserTask
from engine.work import Work

PAUSED, ABSENT, RETURNED, OTHERS, TAKEN_LATE, MOVED, SLOW = (
    "paused", "absent", "returned", "others", "taken_late", "moved", "slow"
)  # fmt: skip
WHY = (PAUSED, ABSENT, RETURNED, OTHERS, TAKEN_LATE, MOVED, SLOW)
BATCH = 500
Times = Sequence[tuple[datetime, datetime | None]]


class Late(Protocol):
    """A late task as engine.steps counts it."""

    @property
    def task_id(self) -> int: ...
    @property
    def key(self) -> tuple[str, int, str]: ...
    @property
    def name(self) -> str: ...
    @property
    def instance_id(self) -> int: ...
    @property
    def deal_id(self) -> int | None: ...
    @property
    def client_id(self) -> int | None: ...
    @property
    def user_id(self) -> int: ...
    @property
    def created_at(self) -> datetime: ...
    @property
    def claimed_at(self) -> datetime: ...
    @property
    def ended_at(self) -> datetime: ...
    @property
    def due_at(self) -> datetime | None: ...
    @property
    def round(self) -> int: ...
    @property
    def waiting(self) -> int: ...
    @property
    def working(self) -> int: ...
    @property
    def late(self) -> int | None: ...


def write(work: Work, day: date, late: Sequence[Late]) -> None:
    """Rows of the day's late tasks."""
    for start in range(0, len(late), BATCH):
        work.session.add_all(rows(work.session, day, late[start : start + BATCH]))


def rows(session: Session, day: date, late: Sequence[Late]) -> list[MissedTask]:
    """Late tasks with their reason, stage and class of client; at most BATCH at once."""
    if not late:
        return []
    facts = _Facts(session, late)
    return [
        MissedTask(
            task_id=one.task_id, day=day, process_key=one.key[0], element_id=one.key[2], name=one.name,
            user_id=one.user_id, deal_id=one.deal_id, milestone=facts.milestone(one),
            client_class=facts.classes.get(facts.client(one) or 0), late=one.late or 0, why=facts.why(one),
        )
        for one in late
    ]  # fmt: skip


class _Facts:
    """What is known around these tasks, read in a few queries for all of them."""

    def __init__(self, session: Session, late: Sequence[Late]) -> None:
        ids, deals = [one.task_id for one in late], [one.deal_id for one in late if one.deal_id is not None]
        instances, people = [one.instance_id for one in late], [one.user_id for one in late]
        since = min(one.created_at for one in late)
        self.pauses: dict[str, list[tuple[datetime, datetime | None]]] = defaultdict(list)
        stood = select(Pause.deal_id, Pause.instance_id, Pause.starts_at, Pause.ended_at).where(
            Pause.deal_id.in_(deals) | Pause.instance_id.in_(instances)
        )
        for deal_id, instance_id, start, end in session.execute(stood):
            self.pauses[f"deal:{deal_id}" if deal_id else f"instance:{instance_id}"].append((start, end))
        self.away: dict[int, list[tuple[datetime, datetime | None]]] = defaultdict(list)
        alone = select(Absence.user_id, Absence.starts_at, Absence.ends_at).where(
            Absence.user_id.in_(people), Absence.ends_at > since, ~Absence.substitutes.any()
        )
        for user_id, start, end in session.execute(alone):
            self.away[user_id].append((start, end))
        subjects = [f"user_task:{number}" for number in ids]
        asked = select(AuditEvent.subject).where(
            AuditEvent.chain.in_(instances), AuditEvent.type == "user_task.delegated", AuditEvent.subject.in_(subjects)
        )
        self.delegated = {int(subject.partition(":")[2]) for subject in session.scalars(asked) if subject}
        explained: Any = session.execute(select(UserTask.id, UserTask.due_why).where(UserTask.id.in_(ids)))
        self.moved = {number for number, why in explained if "moved_by" in (why or {})}
        owners: Any = session.execute(select(Deal.id, Deal.client_id).where(Deal.id.in_(deals)))
        self.clients: Mapping[int, int] = dict(owners.all())
        wanted = {self.client(one) for one in late} - {None}
        classes: Any = session.execute(select(Client.id, Client.abc).where(Client.id.in_(wanted)))
        self.classes: Mapping[int, str | None] = dict(classes.all())
        reached = select(MilestoneReached.deal_id, MilestoneReached.at, MilestoneReached.milestone)
        self.reached: dict[int, list[tuple[datetime, str]]] = defaultdict(list)
        for deal_id, at, milestone in session.execute(reached.where(MilestoneReached.deal_id.in_(deals))):
            self.reached[deal_id].append((at, milestone))

    def client(self, one: Late) -> int | None:
        """Whom it is about."""
        return one.client_id or self.clients.get(one.deal_id or 0)

    def milestone(self, one: Late) -> str | None:
        """How far the deal had come when the task was opened."""
        before = [step for step in self.reached.get(one.deal_id or 0, ()) if step[0] <= one.created_at]
        return max(before)[1] if before else None

    def why(self, one: Late) -> str:
        """The main reason."""
        place = f"deal:{one.deal_id}" if one.deal_id else f"instance:{one.instance_id}"
        due = one.due_at or one.ended_at
        holds = {
            PAUSED: _overlaps(self.pauses.get(place, ()), one.created_at, one.ended_at),
            ABSENT: _overlaps(self.away.get(one.user_id, ()), one.created_at, due),
            RETURNED: one.round > 1,
            OTHERS: one.task_id in self.delegated,
            # past the due moment already, or most of the time that the term left had gone by
            TAKEN_LATE: one.claimed_at > one.created_at + (due - one.created_at) / 2,
            MOVED: one.task_id in self.moved,
        }
        return next((reason for reason, true in holds.items() if true), SLOW)


def _overlaps(times: Times, start: datetime, end: datetime) -> bool:
    return any(begun < end and (ended is None or ended > start) for begun, ended in times)

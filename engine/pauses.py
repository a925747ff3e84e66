"""A deal that stands still for a known reason: until when, and whose time runs meanwhile.

While the clock is not ours, what measures our time rests: due dates of open tasks, control points with their ladder,
and the timers that sit on a step and wait a duration (they measure how long a step takes). Everything is moved at once
by the working time until the agreed day, so that nothing looks late in between, and exactly by the time of the pause
when it ends. What was late already stays late. Timers between steps and timers of a date go on: they are the drawing's
own rhythm; to stop those too the instance is suspended.
"""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, bindparam, select, update
from sqlalchemy.orm.attributes import set_committed_value

from engine import access, audit, bpmn, control_points, notifications, outbox
from engine.assignment import moment, rank
from engine.errors import Invalid, NotFound, Text, WrongState, text
from engine.models import Candidate, Client, ControlPoint, Deal, Job, Pause, ProcessInstance, User, UserTask, table_of
from engine.outbox import Owed
from engine.quick import Rows
from engine.rows import Prepared
from engine.vocabulary import ControlPointStatus, InstanceStatus, JobKind, PauseClock
from engine.work import Work

OFFICE = "main"
LONGEST_NOTE = 1000
LONGEST = 365
A_DURATION = "timeDuration"
DEALS = table_of(Deal)
OF_DEAL: Rows[Pause] = Rows(select(Pause).where(Pause.deal_id == bindparam("deal"), Pause.ended_at.is_(None)))
OF_INSTANCE: Rows[Pause] = Rows(
    select(Pause).where(Pause.instance_id == bindparam("instance"), Pause.ended_at.is_(None))
)
STIR = Prepared(update(DEALS).where(DEALS.c.id == bindparam("deal")).values(stirred_at=bindparam("at")))
RESUMED, EXPIRED, MOVED_ON = "resumed", "expired", "moved_on"


@dataclass(frozen=True)
class Reason:
    """Why a deal may stand still (settings/pauses.yaml)."""

    value: str
    label: str
    label_en: str
    clock: str


def reasons(env: Any) -> list[Reason]:
    """The list of the settings, in its order."""
    rows = env.setting("pauses.reasons", [])
    return [
        Reason(str(row["value"]), str(row["label"]), str(row.get("label_en") or row["label"]),
               str(row.get("clock") or PauseClock.NOBODY))
        for row in rows
    ]  # fmt: skip


def pause(
    work: Work, *, deal_id: int | None = None, instance_id: int | None = None, reason: str, until: datetime,
    clock: str, note: str = "",
) -> Pause:  # fmt: skip
    """Let a deal (or an instance of no deal) stand still until a moment.

    Raises NotFound, Forbidden, WrongState (ended, paused already), Invalid field by field.
    """
    deal = _deal(work, deal_id) if deal_id is not None else None
    if deal is None:
        _instance(work, instance_id)
    if current(work, deal_id, instance_id) is not None:
        raise WrongState("It is paused already: change that pause or end it")
    _check(work, reason, until, clock, note)
    row = Pause(
        deal_id=deal_id, instance_id=None if deal is not None else instance_id, reason=reason, clock=clock,
        note=note.strip() or None, milestone=deal.milestone if deal is not None else None, starts_at=work.now,
        resumes_at=until, started_by=work.actor.user_id, moved={},
    )  # fmt: skip
    work.session.add(row)
    work.session.flush()
    _arm(work, row)
    if clock != PauseClock.OURS:
        row.moved = _Rest(work, row).begin()
    audit.record(
        work, "pause.began", instance=_about(work, row), subject=_subject(row), reason=reason, note=row.note or "",
        clock=clock, until=moment(until), rests=len(row.moved),
    )  # fmt: skip
    return row


def change(work: Work, pause_id: int, *, reason: str, until: datetime, note: str = "") -> Pause:
    """Agree on another day or reason. What rests comes as much later, or earlier. Raises as ``pause``."""
    row = _open(work, pause_id)
    _check(work, reason, until, row.clock, note)
    before = [moment(row.resumes_at), moment(until)]
    _disarm(work, row)
    row.reason, row.note, row.resumes_at = reason, note.strip() or row.note, until
    _arm(work, row)
    row.moved = _Rest(work, row).set(until, planned=True)
    audit.record(work, "pause.changed", instance=_about(work, row), subject=_subject(row), reason=reason,
                 until=before, note=note.strip())  # fmt: skip
    return row


def resume(work: Work, pause_id: int) -> Pause:
    """It goes on: what rested comes later by exactly the working time of the pause. Raises NotFound, Forbidden,
    WrongState."""
    row = _open(work, pause_id)
    _end(work, row, RESUMED)
    row.reviewed_at, row.reviewed_by = work.now, work.actor.user_id
    return row


def expire(work: Work, pause_id: int) -> None:
    """A job's work: the agreed day has come. The owner and the heads are told; the reason waits for a review."""
    row = work.session.get(Pause, pause_id)
    if row is None or row.ended_at is not None or row.resumes_at > work.now:
        return
    _end(work, row, EXPIRED)
    running = _instances(work, row)
    label = next((one.label for one in reasons(work.env) if one.value == row.reason), row.reason)
    notifications.notify(work, _told(work, row), "pause_ended", running[0] if running else None,
                         title=_title(work, row), reason=label)  # fmt: skip


def review(work: Work, pause_id: int, decision: str) -> Pause:
    """A manager has looked at a pause that ended on its day and says what follows. Raises NotFound, Forbidden,
    WrongState, Invalid."""
    row = work.session.get(Pause, pause_id)
    if row is None:
        raise NotFound("There is no such pause")
    access.require(work, "pause.review", row)
    if row.ended_how != EXPIRED or row.reviewed_at is not None:
        raise WrongState("This pause needs no review")
    if not decision.strip():
        raise Invalid("Say what follows", {"decision": text("Say what follows")})
    row.reviewed_at, row.reviewed_by = work.now, work.actor.user_id
    audit.record(work, "pause.reviewed", instance=_about(work, row), subject=_subject(row), reason=row.reason,
                 decision=decision.strip()[:LONGEST_NOTE])  # fmt: skip
    return row


def stir(work: Work, deal_id: int | None, *, moved_on: bool = False) -> None:
    """A contact, a message or a move: staleness counts from now. ``moved_on``: the deal reached a milestone or was
    closed, so that what it waited for is over."""
    if deal_id is None:
        return
    STIR.run(work.connection, deal=deal_id, at=work.now)
    held = work.session.identity_map.get((Deal, (deal_id,), None))
    if held is not None:
        set_committed_value(held, "stirred_at", work.now)
    if moved_on and (row := current(work, deal_id)) is not None:
        _end(work, row, MOVED_ON)


def current(work: Work, deal_id: int | None = None, instance_id: int | None = None) -> Pause | None:
    """The pause that holds now, if any."""
    if deal_id is not None:
        return OF_DEAL.first(work.session, deal=deal_id)
    return OF_INSTANCE.first(work.session, instance=instance_id)


class _Rest:
    """What rests with one pause, and by how much: ``moved`` keeps of each thing its moment before and the one set."""

    def __init__(self, work: Work, row: Pause) -> None:
        self.work, self.row = work, row
        self.instances = _instances(work, row)
        self.ids = [instance.id for instance in self.instances]
        self.calendar = work.env.calendar(OFFICE)

    def begin(self) -> dict[str, Any]:
        """Move everything that is not late yet."""
        found = {key: [moment(at), moment(at)] for key, at in self._open() if at > self.row.starts_at}
        self.row.moved = found
        return self.set(self.row.resumes_at, planned=True)

    def set(self, until: datetime, *, planned: bool) -> dict[str, Any]:
        """Count everything anew for a pause until then. What a person moved in between stays where he put it."""
        kept = dict(self.row.moved)
        open_now = dict(self._open()) if kept else {}
        for key, (before, set_to) in self.row.moved.items():
            at = open_now.get(key)
            if at is None or moment(at) != set_to:
                kept.pop(key)
                continue
            rested = self._later(datetime.fromisoformat(before), self.row.starts_at, until)
            self._put(key, at, rested, until, planned)
            kept[key] = [before, moment(rested)]
        return kept

    def settle(self) -> dict[str, Any]:
        """The pause is over. What was opened meanwhile rested too, from its own beginning."""
        kept = self.set(self.work.now, planned=False)
        for key, at, begun in self._begun_meanwhile():
            rested = self._later(at, begun, self.work.now)
            self._put(key, at, rested, self.work.now, planned=False, since=begun)
            kept[key] = [moment(at), moment(rested)]
        return kept

    def _later(self, at: datetime, since: datetime, until: datetime) -> datetime:
        rested: datetime = self.calendar.after_rest(at, self.calendar.working_minutes_between(since, until))
        return rested

    def _open(self) -> Iterator[tuple[str, datetime]]:
        tasks = select(UserTask.id, UserTask.due_at).where(*self._tasks())
        points = select(ControlPoint.id, ControlPoint.planned_at).where(*self._points())
        for kind, query in (("task", tasks), ("point", points)):
            rows: Any = self.work.session.execute(query)
            yield from ((f"{kind}:{number}", at) for number, at in rows)
        yield from self._timers()

    def _tasks(self) -> Sequence[ColumnElement[bool]]:
        return UserTask.instance_id.in_(self.ids), UserTask.rank.is_not(None), UserTask.due_at.is_not(None)

    def _points(self) -> Sequence[ColumnElement[bool]]:
        return ControlPoint.instance_id.in_(self.ids), ControlPoint.status == ControlPointStatus.OPEN

    def _timers(self) -> Iterator[tuple[str, datetime]]:
        """Timers that sit on a step and wait a duration."""
        env, session = self.work.env, self.work.session
        for instance in self.instances:
            procedure = env.library.definition(session, instance.definition_id).procedure
            standing = bpmn.look(procedure, instance.state, env.host(session, instance, self.work.now))
            tokens = [
                one.token_id for one in standing.timers
                if one.boundary_of is not None and one.element.timer == A_DURATION
            ]  # fmt: skip
            rows = select(Job.id, Job.due_at).where(
                Job.instance_id == instance.id, Job.ended_at.is_(None), Job.kind == JobKind.TIMER,
                Job.token_id.in_(tokens),
            )  # fmt: skip
            yield from ((f"job:{job_id}", at) for job_id, at in session.execute(rows))

    def _begun_meanwhile(self) -> Iterator[tuple[str, datetime, datetime]]:
        since = self.row.starts_at
        tasks = select(UserTask.id, UserTask.due_at, UserTask.created_at)
        points = select(ControlPoint.id, ControlPoint.planned_at, ControlPoint.opened_at)
        for kind, query in (
            ("task", tasks.where(*self._tasks(), UserTask.created_at > since)),
            ("point", points.where(*self._points(), ControlPoint.opened_at > since)),
        ):
            rows: Any = self.work.session.execute(query)
            yield from ((f"{kind}:{number}", at, begun) for number, at, begun in rows)

    def _put(self, key: str, at: datetime, to: datetime, until: datetime, planned: bool, *,
             since: datetime | None = None) -> None:  # fmt: skip
        kind, _, number = key.partition(":")
        rest = {
            "pause": self.row.id, "reason": self.row.reason, "since": moment(since or self.row.starts_at),
            "until": moment(until), "planned": planned,
        }  # fmt: skip
        if kind == "job":
            self.work.session.get_one(Job, int(number)).due_at = to
        elif kind == "point":
            point = self.work.session.get_one(ControlPoint, int(number))
            control_points.postpone(self.work, point, to, _explained(point.planned_why, to, rest))
        else:
            _put_task(self.work, int(number), to, rest)
        if at != to:
            self._log(kind, number, at, to)

    def _log(self, kind: str, number: str, at: datetime, to: datetime) -> None:
        subject = {"task": "user_task", "point": "control_point", "job": "job"}[kind]
        audit.record(self.work, "deadline.rested", instance=_about(self.work, self.row), subject=f"{subject}:{number}",
                     due_at=[moment(at), moment(to)], pause=self.row.id)  # fmt: skip


def _put_task(work: Work, task_id: int, to: datetime, rest: Mapping[str, Any]) -> None:
    task = work.session.get_one(UserTask, task_id)
    task.due_at, task.due_why = to, _explained(task.due_why, to, rest)
    client = work.session.get(Client, task.client_id) if task.client_id is not None else None
    task.rank = rank(task.priority, to, client.abc if client is not None else None)
    shown = update(Candidate).where(Candidate.task_id == task.id, Candidate.rank.is_not(None))
    work.session.execute(shown.values(rank=task.rank), execution_options={"synchronize_session": False})


def _explained(why: Mapping[str, Any] | None, at: datetime, rest: Mapping[str, Any]) -> dict[str, Any]:
    """The explanation of a due moment with this pause in it, once."""
    earlier = [one for one in (why or {}).get("pauses", []) if one["pause"] != rest["pause"]]
    return {**(why or {}), "at": moment(at), "pauses": [*earlier, dict(rest)]}


def _end(work: Work, row: Pause, how: str) -> None:
    _disarm(work, row)
    row.ended_at, row.ended_by, row.ended_how = work.now, work.actor.user_id, how
    if row.clock != PauseClock.OURS:
        row.moved = _Rest(work, row).settle()
        outbox.wake(work)
    if row.deal_id is not None:
        stir(work, row.deal_id)
    audit.record(work, "pause.ended", instance=_about(work, row), subject=_subject(row), reason=row.reason, how=how,
                 rested=len(row.moved))  # fmt: skip


def _arm(work: Work, row: Pause) -> None:
    outbox.owe(work, Owed(JobKind.PAUSE, "pause.end", _key(work, row), row.resumes_at, payload={"pause_id": row.id}))


def _disarm(work: Work, row: Pause) -> None:
    """A job of this pause that has not run; there is at most one."""
    waiting = select(Job.id).where(
        Job.kind == JobKind.PAUSE, Job.ended_at.is_(None), Job.due_at == row.resumes_at,
        Job.key.like(f"pause:{row.id}:%"),
    )  # fmt: skip
    outbox.cancel(work, list(work.session.scalars(waiting)))


def _key(work: Work, row: Pause) -> str:
    return f"pause:{row.id}:{int(row.resumes_at.timestamp())}:{work.now.timestamp()}"


def _open(work: Work, pause_id: int) -> Pause:
    row = work.session.scalar(select(Pause).where(Pause.id == pause_id).with_for_update())
    if row is None:
        raise NotFound("There is no such pause")
    _deal(work, row.deal_id) if row.deal_id is not None else _instance(work, row.instance_id)
    if row.ended_at is not None:
        raise WrongState("This pause has ended")
    return row


def _deal(work: Work, deal_id: int) -> Deal:
    deal = work.session.get(Deal, deal_id)
    if deal is None:
        raise NotFound("There is no deal {id}.", id=deal_id)
    access.require(work, "deal.pause", deal)
    if deal.status != "open":
        raise WrongState("The deal {number} is closed.", number=deal.number)
    return deal


def _instance(work: Work, instance_id: int | None) -> ProcessInstance:
    instance = work.session.get(ProcessInstance, instance_id) if instance_id is not None else None
    if instance is None:
        raise NotFound("There is no process instance {id}", id=instance_id)
    access.require(work, "instance.pause", instance)
    if instance.deal_id is not None:
        raise WrongState("«{title}» is about a deal: pause the deal", title=instance.title)
    if instance.ended_at is not None:
        raise WrongState("«{title}» has ended", title=instance.title)
    return instance


def _instances(work: Work, row: Pause) -> list[ProcessInstance]:
    """Everything under way about it; the procedures of the deal and what they called run in these."""
    here = ProcessInstance.deal_id == row.deal_id if row.deal_id is not None else ProcessInstance.id == row.instance_id
    going = ProcessInstance.status.in_((InstanceStatus.ACTIVE, InstanceStatus.SUSPENDED))
    return list(work.session.scalars(select(ProcessInstance).where(here, going).order_by(ProcessInstance.id)))


def _about(work: Work, row: Pause) -> ProcessInstance | None:
    """The log line of a deal's pause belongs to no instance; that of an instance to itself."""
    return work.session.get(ProcessInstance, row.instance_id) if row.instance_id is not None else None


def _subject(row: Pause) -> str:
    return f"deal:{row.deal_id}" if row.deal_id is not None else f"process_instance:{row.instance_id}"


def _title(work: Work, row: Pause) -> str:
    if row.deal_id is not None:
        return work.session.get_one(Deal, row.deal_id).title
    return work.session.get_one(ProcessInstance, row.instance_id).title


def _told(work: Work, row: Pause) -> list[User]:
    owner = work.session.get_one(Deal, row.deal_id).owner_id if row.deal_id is not None else row.started_by
    mine = [work.session.get_one(User, owner)] if owner is not None else []
    return [*mine, *access.members(work.session, work.env.setting("deadlines.ladder.head", "head"))]


def _check(work: Work, reason: str, until: datetime, clock: str, note: str) -> None:
    faults: dict[str, Text] = {}
    if reason not in {one.value for one in reasons(work.env)}:
        faults["reason"] = text("Choose why it stands still")
    if clock not in set(PauseClock):
        faults["clock"] = text("Choose whose time runs")
    if reason in work.env.setting("pauses.needs_note", []) and not note.strip():
        faults["note"] = text("Say in words why it stands still")
    if len(note) > LONGEST_NOTE:
        faults["note"] = text("The text is too long: at most {limit} characters.", limit=LONGEST_NOTE)
    longest = int(work.env.setting("pauses.longest", LONGEST))
    if not work.now < until <= work.now + timedelta(days=longest):
        faults["until"] = text("Choose a day that is still to come, at most {days} days away", days=longest)
    if faults:
        raise Invalid("The pause cannot be written down yet.", fields=faults)

"""Pays what the engine owes: claims due jobs, runs each in a transaction, tries again, in the end asks a person.

1. Claim due jobs for a while, in one statement. A worker that dies gives them back by the expiry of its claim.
2. Count the attempt in a transaction of its own, just before the work: a job that kills its worker is found out, and
   jobs that merely waited in the same worker lose nothing.
3. Do the work; mark the job done in the same transaction, if it is still this worker's and this attempt (the fence).
4. Whoever has nothing left in hand claims what is due now in the same transaction: a job mostly leads to the next one
   of its instance, and a commit is what a job costs most.
5. If it failed, say so in another transaction and wait longer each time; out of attempts it becomes an incident.
"""
from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from uuid import uuid4

from sqlalchemy import Integer, and_, bindparam, delete, exists, or_, select, update

from engine import audit, errands, failures
from engine.environment import Environment
from engine.errors import BusinessError
from engine.models import Incident, Job, ProcessInstance
from engine.outbox import DEBT, JOBS, Debt
from engine.rows import Prepared
from engine.vocabulary import InstanceStatus, JobStatus
from engine.work import SYSTEM, Work, run, unit_of_work

log = logging.getLogger(__name__)

CLAIM = timedelta(minutes=2)  # a worker that is silent for longer is taken for dead
SLOW_CLAIM = timedelta(minutes=15)  # the same while something slow runs
SUSPECT = 2  # a job that lost its worker this often runs alone
FIRST_WAIT = timedelta(seconds=10)
LONGEST_WAIT = timedelta(hours=1)


class Fenced(Exception):
    """The claim was lost while the work was done: somebody else does it, so this work is undone."""


class Gate:
    """Jobs share the process; one that is suspected of killing workers runs when no other does."""

    def __init__(self) -> None:
        self._change = threading.Condition()
        self._inside = 0
        self._alone = False

    @contextmanager
    def enter(self, alone: bool) -> Iterator[None]:
        """Hold the gate for one job."""
        with self._change:
            self._change.wait_for(lambda: not self._alone and not (alone and self._inside))
            self._alone = alone
            self._inside += 1
        try:
            yield
        finally:
            with self._change:
                self._inside -= 1
                self._alone = False
                self._change.notify_all()


GATE = Gate()
OPEN = JOBS.c.ended_at.is_(None)
LOST = and_(JOBS.c.status == JobStatus.RUNNING, JOBS.c.attempts >= SUSPECT)
SUSPENDED = exists().where(
    ProcessInstance.id == JOBS.c.instance_id, ProcessInstance.status == InstanceStatus.SUSPENDED
)
DUE = (
    select(JOBS.c.id)
    .where(OPEN, JOBS.c.due_at <= bindparam("now"), ~SUSPENDED)
    .where(or_(JOBS.c.claimed_until.is_(None), JOBS.c.claimed_until <= bindparam("now")))
    .order_by(JOBS.c.due_at, JOBS.c.id)
)
CLAIMED = (JOBS.c.id, JOBS.c.kind, JOBS.c.type, JOBS.c.due_at, JOBS.c.attempts, JOBS.c.max_attempts, JOBS.c.status)


BEGIN = Prepared(
    update(JOBS)
    .where(JOBS.c.id == bindparam("job"), JOBS.c.owner == bindparam("me"), OPEN)
    .values(attempts=JOBS.c.attempts + 1, claimed_until=bindparam("until"), status=bindparam("running"))
    .returning(JOBS.c.attempts)
)
FENCE = update(JOBS).where(
    JOBS.c.id == bindparam("job"), JOBS.c.owner == bindparam("me"), JOBS.c.attempts == bindparam("nth"), OPEN
)
DONE = Prepared(
    FENCE.values(
        status=bindparam("new"), ended_at=bindparam("at"), lateness=bindparam("late"), owner=None, claimed_until=None
    ).returning(*DEBT)
)
AGAIN = Prepared(
    FENCE.values(
        status=bindparam("new"), due_at=bindparam("at"), error=bindparam("why"), owner=None, claimed_until=None
    )
)


def run_due(env: Environment, limit: int = 64, *, instance_id: int | None = None) -> int:
    """Claim at most ``limit`` due jobs and run them one after another; returns how many were taken up.

    ``instance_id``: only those of one instance. Any number of threads and processes may do this at the same time.
    """
    owner = uuid4().hex[:16]
    hand = _Hand(env, owner, limit, instance_id)
    with unit_of_work(env, SYSTEM) as work:
        hand.jobs.extend(_claim(work, hand, limit))
    taken = 0
    while hand.jobs:
        job = hand.jobs.popleft()
        taken += 1
        with GATE.enter(alone=job.suspect):
            _run_one(hand, job, 0 if job.suspect else limit - taken)
    return taken


def release(env: Environment, owner: str) -> None:
    """Give back what this worker claimed and has not begun (a worker that is asked to stop)."""
    with unit_of_work(env, SYSTEM) as work:
        mine = update(JOBS).where(JOBS.c.owner == owner, OPEN)
        work.connection.execute(mine.values(owner=None, claimed_until=None, status=JobStatus.WAITING))


def purge(work: Work, before: datetime) -> int:
    """Forget jobs that were done or cancelled before that moment; what they did stands in the log."""
    ended = delete(JOBS).where(
        JOBS.c.ended_at < before,
        JOBS.c.status.in_([JobStatus.DONE, JobStatus.CANCELLED]),
        ~exists().where(Incident.job_id == JOBS.c.id),
    )
    return work.connection.execute(ended).rowcount


class _Claimed:
    """A job in the hand of this worker."""

    def __init__(self, row: object, suspect: bool) -> None:
        self.id: int
        self.kind: str
        self.type: str
        self.due_at: datetime
        self.attempts: int
        self.max_attempts: int
        # a row of a statement: its types are known to the statement only
        self.id, self.kind, self.type, self.due_at, self.attempts, self.max_attempts, _ = row  # type: ignore[misc]
        self.suspect = suspect
        self.begun = False


@dataclass
class _Hand:
    """What a worker holds: the jobs it has claimed and not yet begun, in the order in which it will do them."""

    env: Environment
    owner: str
    limit: int
    instance_id: int | None
    jobs: deque[_Claimed] = field(default_factory=deque)


def _claim(work: Work, hand: _Hand, most: int) -> list[_Claimed]:
    """The innocent first, many at a time; a suspect only when there is nobody else, and by itself."""
    return _take(work, hand, most, suspect=False) or _take(work, hand, 1, suspect=True)


def _take(work: Work, hand: _Hand, most: int, *, suspect: bool) -> list[_Claimed]:
    only = {} if hand.instance_id is None else {"instance": hand.instance_id}
    mine = _mine(suspect, bool(only))
    rows = mine.all(work.connection, me=hand.owner, now=work.now, until=work.now + CLAIM, most=most, **only)
    jobs = sorted((_Claimed(row, suspect) for row in rows), key=lambda job: (job.due_at, job.id))
    if jobs and not suspect and jobs[0].attempts == 0:  # it is done next, so it may be counted here
        jobs[0].begun = _begin(work, hand.owner, jobs[0])
    return jobs


@cache
def _mine(suspect: bool, of_one: bool) -> Prepared:
    """Takes due jobs; ``of_one``: of one instance."""
    due = DUE.where(LOST if suspect else ~LOST).limit(bindparam("most", type_=Integer))
    if of_one:
        due = due.where(JOBS.c.instance_id == bindparam("instance"))
    taken = update(JOBS).where(JOBS.c.id.in_(due.with_for_update(skip_locked=True)))
    return Prepared(taken.values(owner=bindparam("me"), claimed_until=bindparam("until")).returning(*CLAIMED))


def _run_one(hand: _Hand, job: _Claimed, room: int) -> None:
    """Do it. ``room``: how many more jobs may be taken up when the hand is empty."""
    env, owner = hand.env, hand.owner
    if not job.begun and not run(env, SYSTEM, _begin, owner, job):
        return
    try:
        _work(hand, job, room)
    except Fenced:
        log.info("job %s ended or was taken over while it ran", job.id)
    except BusinessError as error:
        _settle(env, owner, job, error)
    except Exception as error:
        log.info("job %s failed (attempt %s)", job.id, job.attempts, exc_info=True)
        run(env, SYSTEM, _fail, owner, job, error)


def _begin(work: Work, owner: str, job: _Claimed) -> bool:
    """Count the attempt. False if the claim was lost, or if this job has used up its attempts by killing workers."""
    claim = SLOW_CLAIM if errands.is_slow(work.env, job.kind, job.type) else CLAIM
    begun = BEGIN.first(
        work.connection, job=job.id, me=owner, until=work.now + claim, running=JobStatus.RUNNING
    )  # fmt: skip
    if begun is None:
        return False
    job.attempts = begun[0]
    if job.attempts <= job.max_attempts:
        return True
    _give_up(work, job, f"It lost its worker {job.attempts - 1} times")
    return False


def _work(hand: _Hand, job: _Claimed, room: int) -> None:
    env = hand.env
    if not errands.is_slow(env, job.kind, job.type):
        begun, more = run(env, SYSTEM, _do, hand, job, room)
    else:
        errand = run(env, SYSTEM, errands.prepare, job.id)
        result = errand.effect()
        begun, more = run(env, SYSTEM, _conclude, hand, job, errand, result, room)
    if hand.jobs:
        hand.jobs[0].begun = begun
    hand.jobs.extend(more)


def _do(work: Work, hand: _Hand, job: _Claimed, room: int) -> tuple[bool, list[_Claimed]]:
    """Do it. If this one fails or dies, nothing of the next one was counted or claimed."""
    errands.do(work, _mark_done(work, hand.owner, job))
    return _go_on(work, hand, room)


def _conclude(
    work: Work, hand: _Hand, job: _Claimed, errand: errands.Errand, result: object, room: int
) -> tuple[bool, list[_Claimed]]:
    _mark_done(work, hand.owner, job)
    errand.conclude(work, result)
    return _go_on(work, hand, room)


def _go_on(work: Work, hand: _Hand, room: int) -> tuple[bool, list[_Claimed]]:
    """The next job follows at once: one commit less. Whether the attempt of the next job in hand was counted; with an
    empty hand, what is due now is claimed."""
    if hand.jobs:
        after = hand.jobs[0]
        return after.attempts == 0 and _begin(work, hand.owner, after), []
    return False, _take(work, hand, room, suspect=False) if room > 0 else []


def _mark_done(work: Work, owner: str, job: _Claimed) -> Debt:
    late = max(0.0, (work.now - job.due_at).total_seconds())
    marked = DONE.first(
        work.connection, job=job.id, me=owner, nth=job.attempts, new=JobStatus.DONE, at=work.now, late=late
    )
    if marked is None:
        raise Fenced(job.id)
    return Debt(*marked)


def _settle(env: Environment, owner: str, job: _Claimed, error: BusinessError) -> None:
    """An action reported a BPMN error: the drawing says what happens now."""

    def throw(work: Work) -> None:
        errands.throw(work, _mark_done(work, owner, job), error)

    try:
        run(env, SYSTEM, throw)
    except Fenced:
        log.info("job %s ended or was taken over while it ran", job.id)
    except Exception as failure:
        run(env, SYSTEM, _fail, owner, job, failure)


def _fail(work: Work, owner: str, job: _Claimed, error: Exception) -> None:
    """Later, and later still; at the end a person."""
    why = f"{type(error).__name__}: {error}"[:1000]
    if job.attempts >= job.max_attempts:
        if _still_mine(work, owner, job):
            _give_up(work, job, why)
        return
    wait = min(LONGEST_WAIT, FIRST_WAIT * 4 ** (job.attempts - 1))
    again = {"new": JobStatus.WAITING, "at": work.now + wait, "why": why}
    if AGAIN.run(work.connection, job=job.id, me=owner, nth=job.attempts, **again) == 1:
        row = work.session.get_one(Job, job.id)
        instance = work.session.get(ProcessInstance, row.instance_id) if row.instance_id is not None else None
        audit.record(work, "job.failed", instance=instance, subject=f"job:{job.id}", kind=job.kind, error=why,
                     attempt=job.attempts)  # fmt: skip


def _still_mine(work: Work, owner: str, job: _Claimed) -> bool:
    row = work.session.get(Job, job.id)
    return row is not None and row.owner == owner and row.attempts == job.attempts and row.ended_at is None


def _give_up(work: Work, job: _Claimed, why: str) -> None:
    row = work.session.get_one(Job, job.id)
    row.status, row.ended_at, row.error, row.owner, row.claimed_until = JobStatus.FAILED, work.now, why, None, None
    instance = work.session.get(ProcessInstance, row.instance_id) if row.instance_id is not None else None
    failures.report(
        work, "job", why, instance=instance, element_id=row.element_id, token_id=row.token_id, job=row
    )  # fmt: skip

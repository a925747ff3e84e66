"""What people are told inside the product, and by which way it leaves the house: a mail at once, a line of the daily
digest, or nothing. Reading a notice is nobody's business but the reader's, hence not in the log."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, delete, func, select, update
from sqlalchemy.orm import Session

from engine import audit, outbox, values
from engine.errors import Invalid, NotFound, Text, text
from engine.models import Job, Notice, NoticeChoice, NoticeHabit, table_of
from engine.rows import Prepared, enter
from engine.work import Work

NOW, DIGEST, NOTHING = "now", "digest", "nothing"
CHANNELS = (NOW, DIGEST, NOTHING)
QUIET = ("none", "working", "hours")
OTHER = "other"
MOST = 99  # unread notices that are counted; more is "99+"
KEPT = timedelta(days=90)  # how long a notice that was read is kept
OFFICE = "main"
NOTICES, CHOICES = table_of(Notice), table_of(NoticeChoice)
CHOSEN = Prepared(
    select(CHOICES.c.channel).where(CHOICES.c.user_id == bindparam("user"), CHOICES.c.topic == bindparam("topic"))
)
SETTLED = Prepared(
    update(NOTICES)
    .where(NOTICES.c.instance_id == bindparam("instance"), NOTICES.c.task_id == bindparam("task"))
    .where(NOTICES.c.kind == bindparam("kind"), NOTICES.c.read_at.is_(None))
    .values(read_at=bindparam("at"))
)
MOOT = Prepared(
    update(NOTICES)
    .where(NOTICES.c.instance_id == bindparam("instance"), NOTICES.c.subject == bindparam("subject"))
    .where(NOTICES.c.read_at.is_(None))
    .values(read_at=bindparam("at"))
)


@dataclass(frozen=True)
class Topic:
    """Kinds of notices that a person decides about together. ``channel``: the default."""

    name: Text
    kinds: frozenset[str]
    channel: str = NOW


def _topic(name: Text, channel: str, *kinds: str) -> Topic:
    return Topic(name, frozenset(kinds), channel)


TOPICS: Mapping[str, Topic] = {
    "tasks": _topic(text("A task is mine now"), NOW, "task_assigned"),
    "returns": _topic(text("Work comes back: returned or recalled"), NOW, "task_returned", "task_recalled",
                      "draft_kept"),
    "mentions": _topic(text("Somebody mentions me"), NOW, "mentioned"),
    "comments": _topic(text("Comments on what I work on"), DIGEST, "commented"),
    "replies": _topic(text("My reply by mail was not taken"), NOTHING, "reply_refused"),
    "delegation": _topic(text("A colleague asks me or answers me"), NOW, "task_delegated", "task_answered"),
    "approvals": _topic(text("An approver has decided"), NOW, "approval_decided", "approval_withdrawn"),
    "assignments": _topic(text("What happens to assignments"), NOW, "assignment_accepted", "assignment_redirected",
                          "assignment_finished", "assignment_cancelled"),
    "reminders": _topic(text("A control point is due soon"), NOW, "control_point_reminder"),
    "overdue": _topic(text("A control point is overdue"), NOW, "control_point_overdue", "control_point_director"),
    "absences": _topic(text("Standing in for an absent colleague"), NOW, "substitute_named", "task_for_absent"),
    "incidents": _topic(text("Incidents"), NOW, "incident"),
    "interventions": _topic(text("Interventions: I am asked, or answered"), NOW, "intervention_requested",
                            "intervention_confirmed", "intervention_refused"),
    "pauses": _topic(text("A pause is over"), NOW, "pause_ended"),
    OTHER: _topic(text("Everything else"), NOW),
}  # fmt: skip
TOPIC_OF = {kind: key for key, topic in TOPICS.items() for kind in topic.kinds}


@dataclass(frozen=True)
class Habit:
    """When mails may come to a person (models.NoticeHabit)."""

    digest_hour: int | None = 9
    quiet: str = "working"
    quiet_from: int = 20 * 60
    quiet_until: int = 8 * 60


def add(
    work: Work, user_id: int, kind: str, facts: Mapping[str, Any], *, instance_id: int | None = None,
    by_mail: bool = True,
) -> Notice:  # fmt: skip
    """Tell a person something. ``facts``: what its sentence says; ``task_id`` and ``subject`` among them are kept as
    what it is about. ``by_mail``: False for what must not leave the house in any way."""
    said = dict(facts)
    task_id, subject = said.pop("task_id", None), said.pop("subject", None)
    return enter(
        work.session, Notice, user_id=user_id, kind=kind, instance_id=instance_id, task_id=task_id, subject=subject,
        facts=values.encode(said), at=work.now, channel=channel(work, user_id, kind) if by_mail else NOTHING,
    )  # fmt: skip


def channel(work: Work, user_id: int, kind: str) -> str:
    """How this person wants to be told of this kind: his choice, else the company's or the topic's default."""
    topic = TOPIC_OF.get(kind, OTHER)
    chosen = CHOSEN.see(work.session, user=user_id, topic=topic)
    return chosen[0][0] if chosen else default(work.env, topic)


def default(env: Any, topic: str) -> str:
    """The company's default of a topic: settings ``mail.tasks: false`` silences mails about tasks,
    ``mail.defaults.<topic>`` names any other."""
    if topic == "tasks" and not env.setting("mail.tasks", True):
        return NOTHING
    chosen: str = env.setting(f"mail.defaults.{topic}", TOPICS[topic].channel)
    return chosen if chosen in CHANNELS else TOPICS[topic].channel


def choices(session: Session, env: Any, user_id: int) -> dict[str, str]:
    """What stands for a person, topic by topic."""
    rows = session.execute(select(NoticeChoice.topic, NoticeChoice.channel).where(NoticeChoice.user_id == user_id))
    own = {row[0]: row[1] for row in rows}
    return {topic: own.get(topic) or default(env, topic) for topic in TOPICS}


def habit(session: Session, user_id: int) -> Habit:
    """When mails may come to a person; the defaults where he chose nothing."""
    row = session.get(NoticeHabit, user_id)
    return Habit(row.digest_hour, row.quiet, row.quiet_from, row.quiet_until) if row is not None else Habit()


def choose(work: Work, channels: Mapping[str, str], wanted: Habit) -> None:
    """The person says how he wants to be told. Raises Invalid."""
    if work.actor.user_id is None or set(channels) - set(TOPICS) or set(channels.values()) - set(CHANNELS):
        raise Invalid("Choose from the list")
    if wanted.quiet not in QUIET or not all(0 <= at < 24 * 60 for at in (wanted.quiet_from, wanted.quiet_until)):
        raise Invalid("Choose from the list")
    if wanted.digest_hour is not None and not 0 <= wanted.digest_hour < 24:
        raise Invalid("Choose from the list")
    mine = work.actor.user_id
    for topic, wished in channels.items():
        work.session.merge(NoticeChoice(user_id=mine, topic=topic, channel=wished))
    work.session.merge(NoticeHabit(user_id=mine, **vars(wanted)))
    audit.record(work, "user.notices_chosen", subject=f"user:{mine}", channels=dict(channels), **vars(wanted))


def quiet_until(env: Any, wanted: Habit, now: datetime) -> datetime:
    """When a mail written now may go out: now, or when the person's quiet time ends."""
    calendar = env.calendar(OFFICE)
    if wanted.quiet == "working":
        opens: datetime = calendar.opens(now)
        return opens
    if wanted.quiet == "hours":
        local = now.astimezone(calendar.zone)
        minute, first, last = local.hour * 60 + local.minute, wanted.quiet_from, wanted.quiet_until
        rests = first <= minute < last if first <= last else minute >= first or minute < last
        if rests:
            day = local.date() + timedelta(days=minute >= last)
            return datetime.combine(day, time(last // 60, last % 60), calendar.zone).astimezone(now.tzinfo)
    return now


def unread(session: Session, user_id: int) -> int:
    """How many notices wait to be read; counts no further than just above MOST."""
    some = select(Notice.id).where(Notice.user_id == user_id, Notice.read_at.is_(None)).limit(MOST + 1)
    return session.scalar(select(func.count()).select_from(some.subquery())) or 0


def find(work: Work, notice_id: int) -> Notice:
    """A notice of the actor. Raises NotFound."""
    notice = work.session.get(Notice, notice_id)
    if notice is None or notice.user_id != work.actor.user_id:
        raise NotFound("There is no such notice")
    return notice


def read(work: Work, notice_id: int) -> Notice:
    """The person has read it. Raises NotFound."""
    notice = find(work, notice_id)
    if notice.read_at is None:
        notice.read_at = work.now
    return notice


def read_all(work: Work) -> int:
    """The person has read everything; returns how many notices that were."""
    return _mark(work, Notice.user_id == work.actor.user_id)


def read_about(work: Work, instance_id: int) -> int:
    """The person has looked at the case: what he was told about it is read."""
    return _mark(work, Notice.instance_id == instance_id, Notice.user_id == work.actor.user_id)


def read_subjects(work: Work, subjects: Select[Any]) -> int:
    """The person has looked at these things that belong to no instance."""
    return _mark(
        work, Notice.instance_id.is_(None), Notice.subject.in_(subjects), Notice.user_id == work.actor.user_id
    )


def settle(work: Work, instance_id: int, task_id: int) -> None:
    """The task is done: nobody need be told of it any more."""
    SETTLED.run(work.connection, instance=instance_id, task=task_id, kind="task_assigned", at=work.now)


def settle_about(work: Work, instance_id: int, subject: str) -> None:
    """What people were told about this thing of an instance does not hold any more: nobody need read it."""
    MOOT.run(work.connection, instance=instance_id, subject=subject, at=work.now)


def take_back(work: Work, subject: str, instance_id: int | None) -> None:
    """What these notices told is no longer said: they go, and the mails of theirs that have not gone out yet."""
    rows = work.session.execute(
        select(Notice.id, Notice.mail_id).where(Notice.instance_id == instance_id, Notice.subject == subject)
    ).all()
    keys = [f"mail:{row.mail_id}" for row in rows if row.mail_id is not None]
    owed = select(Job.id).where(Job.key.in_(keys), Job.ended_at.is_(None))
    outbox.cancel(work, work.session.scalars(owed).all() if keys else ())
    work.session.execute(delete(Notice).where(Notice.id.in_([row.id for row in rows])))


def purge(work: Work) -> int:
    """Forget what was read long ago; what happened stands in the log."""
    old = delete(Notice).where(Notice.read_at < work.now - KEPT)
    return work.connection.execute(old).rowcount


def _mark(work: Work, *conditions: ColumnElement[bool]) -> int:
    marked = update(Notice).where(*conditions, Notice.read_at.is_(None)).values(read_at=work.now)
    result: Any = work.session.execute(marked, execution_options={"synchronize_session": False})
    return int(result.rowcount)

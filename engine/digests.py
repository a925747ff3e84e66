"""The daily digest: one mail in the morning of a working day with what is overdue, due today, new and waiting, and with
the notices that were to come in it. Nothing is sent where there is nothing to say, and nobody away is written to."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from html import escape
from typing import Any

from sqlalchemy import and_, func, literal, or_, select, update

from engine import notices, notifications, outbox, values, withdrawals
from engine.errors import Text, text
from engine.models import Absence, Candidate, Job, Membership, Notice, NoticeHabit, ProcessInstance, User, UserTask
from engine.outbox import Debt, Owed
from engine.vocabulary import JobKind
from engine.work import Work

SWEEP, PERSON = "sweep", "person"
MOST = 15  # lines of one part; the rest is a number
TIDY_HOUR = 4  # when old notices are forgotten
HEADS: dict[str, Text] = {
    "overdue": text("Overdue"),
    "today": text("Due today"),
    "new": text("New"),
    "waiting": text("Waits for somebody of your groups"),
    "told": text("What you were told"),
}


@dataclass(frozen=True)
class Line:
    """One line: what it says, and where it leads."""

    words: str
    link: str


@dataclass(frozen=True)
class Part:
    """One part of a digest. ``more``: how many lines are left out."""

    key: str
    lines: Sequence[Line]
    more: int = 0

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.lines) + self.more


def arm(work: Work) -> None:
    """See to it that somebody looks every hour whose digest is due. Does nothing where it is seen to already."""
    waiting = select(Job.id).where(Job.kind == JobKind.DIGEST, Job.type == SWEEP, Job.ended_at.is_(None))
    if work.session.scalar(waiting.limit(1)) is None:
        _again(work)


def run(work: Work, job: Debt) -> None:
    """The work of a DIGEST job: look whose hour has come, or write to one person."""
    if job.type == SWEEP:
        _sweep(work)
    else:
        send(work, job.payload["user_id"])


def send(work: Work, user_id: int) -> bool:
    """Write the digest of one person, if there is anything to say and he is not away; the notices in it are told."""
    person = work.session.get(User, user_id)
    if person is None or not person.active or "@" not in person.email or _is_away(work, user_id):
        return False
    owed = and_(Notice.user_id == user_id, Notice.channel == notices.DIGEST, Notice.mailed_at.is_(None))
    waiting = work.session.scalars(select(Notice).where(owed, Notice.read_at.is_(None)).order_by(Notice.id)).all()
    parts = [part for part in (*_tasks(work, person), _told(work, person, waiting)) if part.lines]
    if not parts:
        return False
    work.session.execute(update(Notice).where(owed).values(mailed_at=work.now))
    counts = {part.key: part.count for part in parts}
    day = work.now.astimezone(_zone(work)).date()
    numbers = {key: counts.get(key, 0) for key in ("overdue", "today", "new")}
    head = text("Digest of {day}: overdue {overdue}, today {today}, new {new}", day=f"{day:%d.%m}", **numbers)
    subject = _say(work, person, head)
    notifications.write(
        work, f"digest:{user_id}:{day.isoformat()}", person.email, subject, _plain(work, person, parts),
        person=user_id, page=_page(work, person, subject, parts),
    )  # fmt: skip
    return True


def _sweep(work: Work) -> None:
    _again(work)
    local = work.now.astimezone(_zone(work))
    if local.hour == TIDY_HOUR:
        notices.purge(work)
        withdrawals.purge(work)
    calendar = work.env.calendar(notices.OFFICE)
    opens = calendar.opens(work.now).astimezone(local.tzinfo)
    if work.env.mail is None or opens.date() != local.date():  # a day off, or the office has closed
        return
    due = or_(
        and_(NoticeHabit.user_id.is_(None), literal(local.hour) >= (notices.Habit().digest_hour or 0)),
        NoticeHabit.digest_hour <= local.hour,
    )
    people = work.session.scalars(
        select(User.id).outerjoin(NoticeHabit, NoticeHabit.user_id == User.id).where(User.active, due).order_by(User.id)
    ).all()
    keys = {f"digest:{user_id}:{local.date().isoformat()}": user_id for user_id in people}
    known = set(work.session.scalars(select(Job.key).where(Job.key.in_(keys))))
    owed = [
        Owed(JobKind.DIGEST, PERSON, key, work.now, payload={"user_id": user_id})
        for key, user_id in keys.items()
        if key not in known
    ]
    outbox.owe(work, *owed)


def _again(work: Work) -> None:
    at = work.now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    key = f"digest:sweep:{int(at.timestamp())}"
    if work.session.scalar(select(Job.id).where(Job.key == key)) is None:
        outbox.owe(work, Owed(JobKind.DIGEST, SWEEP, key, at))


def _tasks(work: Work, person: User) -> list[Part]:
    end = _end_of(work, work.now.astimezone(_zone(work)).date())
    since = work.env.calendar(notices.OFFICE).before(work.now, "P1BD")
    mine = and_(UserTask.assignee_id == person.id, UserTask.rank.is_not(None))
    late = UserTask.due_at <= work.now
    today = and_(UserTask.due_at > work.now, UserTask.due_at < end)
    rest = or_(UserTask.due_at.is_(None), UserTask.due_at >= end)
    groups = select(Membership.group_key).where(Membership.user_id == person.id)
    may = select(Candidate.task_id).where(
        Candidate.rank.is_not(None), or_(Candidate.group_key.in_(groups), Candidate.user_id == person.id)
    )
    return [
        _part(work, "overdue", mine, late),
        _part(work, "today", mine, today),
        _part(work, "new", mine, rest, UserTask.created_at >= since),
        _part(work, "waiting", UserTask.id.in_(may), UserTask.assignee_id.is_(None), UserTask.rank.is_not(None)),
    ]


def _part(work: Work, key: str, *where: Any) -> Part:
    rows = work.session.execute(
        select(UserTask.id, UserTask.name, UserTask.due_at, ProcessInstance.title)
        .join(ProcessInstance, ProcessInstance.id == UserTask.instance_id)
        .where(*where)
        .order_by(UserTask.rank, UserTask.id)
        .limit(MOST + 1)
    ).all()
    count = len(rows)
    if count > MOST:
        count = work.session.scalar(select(func.count()).select_from(UserTask).where(*where)) or 0
    site = notifications.site(work.env)
    lines = [
        Line(f"{_clock(work, due)}{name} ({title})", f"{site}/tasks/{number}")
        for number, name, due, title in rows[:MOST]
    ]
    return Part(key, lines, max(0, count - MOST))


def _told(work: Work, person: User, waiting: Sequence[Notice]) -> Part:
    lines = []
    for notice in waiting[:MOST]:
        if notice.kind in notifications.SENTENCES:
            instance = work.session.get(ProcessInstance, notice.instance_id) if notice.instance_id else None
            facts = values.decode(notice.facts)
            _, body = notifications.said(work.env, person.locale, notice.kind, facts, instance)
            lines.append(Line(body, notifications.link(work.env, notice)))
    return Part("told", lines, max(0, len(waiting) - MOST))


def _plain(work: Work, person: User, parts: Sequence[Part]) -> str:
    said: list[str] = []
    for part in parts:
        said += [f"{_say(work, person, HEADS[part.key])} ({part.count})", ""]
        said += [f"- {line.words}\n  {line.link}" for line in part.lines]
        if part.more:
            said.append(f"- {_say(work, person, text('and {count} more', count=part.more))}")
        said.append("")
    said += [f"{_say(work, person, _settings())}: {notifications.site(work.env)}/me/notifications"]
    return "\n".join(said)


def _page(work: Work, person: User, subject: str, parts: Sequence[Part]) -> str:
    said = [f'<!doctype html><html lang="{escape(person.locale)}"><body style="font-family:sans-serif;font-size:15px">'
            f'<h1 style="font-size:18px">{escape(subject)}</h1>']  # fmt: skip
    for part in parts:
        said.append(f'<h2 style="font-size:16px">{escape(_say(work, person, HEADS[part.key]))} ({part.count})</h2><ul>')
        said += [f'<li><a href="{escape(line.link)}">{escape(line.words)}</a></li>' for line in part.lines]
        if part.more:
            said.append(f"<li>{escape(_say(work, person, text('and {count} more', count=part.more)))}</li>")
        said.append("</ul>")
    link = f"{notifications.site(work.env)}/me/notifications"
    said.append(f'<p><a href="{escape(link)}">{escape(_say(work, person, _settings()))}</a></p></body></html>')
    return "".join(said)


def _settings() -> Text:
    return text("When and of what you are told")


def _say(work: Work, person: User, sentence: Text) -> str:
    said: str = work.env.translate(person.locale, sentence.template)
    return said.format(**sentence.values)


def _is_away(work: Work, user_id: int) -> bool:
    away = select(Absence.id).where(
        Absence.user_id == user_id, Absence.starts_at <= work.now, Absence.ends_at > work.now
    )
    return work.session.scalar(away.limit(1)) is not None


def _clock(work: Work, due: datetime | None) -> str:
    return f"{due.astimezone(_zone(work)):%d.%m %H:%M} " if due is not None else ""


def _end_of(work: Work, day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), _zone(work))


def _zone(work: Work) -> Any:
    return work.env.calendar(notices.OFFICE).zone

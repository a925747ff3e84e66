"""Deals that stand still: longer than such deals do, or for a reason that was agreed. SELECTs only."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select
from sqlalchemy.orm import Session

from engine.crm import staleness
from engine.models import Client, Deal, Pause, ProcessInstance, User
from engine.queries import board
from engine.queries.seen import OVERSEERS, UNSHOWN
from engine.work import Actor

PAGE = 50
MOST = 500
OFFICE = "main"
STILL, PAUSED, REVIEW = "still", "paused", "review"


@dataclass(frozen=True)
class Still:
    """A deal that stays longer than most of its kind."""

    id: int
    number: str
    title: str
    client_id: int
    client: str
    owner: str | None
    milestone: str
    sum: Any
    judgement: staleness.Judgement
    step: str | None
    step_at: datetime | None


@dataclass(frozen=True)
class Resting:
    """A pause with what it is about. ``instance``: of one that is about no deal."""

    pause: Pause
    deal: Deal | None
    client: str | None
    owner: User | None
    instance: ProcessInstance | None


@dataclass(frozen=True)
class Counts:
    """How many stand still, are paused, wait for a review."""

    still: int
    paused: int
    review: int


def still(
    session: Session, env: Any, actor: Actor, now: datetime, *, owner: int | None = None, scheme: str, page: int = 1
) -> tuple[list[Still], int]:
    """One page of the deals that stand still without a pause, the longest first, and how many there are
    (MOST at most)."""
    usuals = staleness.Usuals(session, env, scheme)
    base = _standing(usuals, env, actor, now, owner)
    return _told(session, usuals, now, base, PAGE, (page - 1) * PAGE), _capped(session, base)


def stillest(session: Session, env: Any, actor: Actor, now: datetime, scheme: str, most: int) -> list[Still]:
    """Those of them that have stood the longest, uncounted."""
    usuals = staleness.Usuals(session, env, scheme)
    return _told(session, usuals, now, _standing(usuals, env, actor, now, None), most, 0)


def _standing(usuals: staleness.Usuals, env: Any, actor: Actor, now: datetime, owner: int | None) -> Select[Any]:
    where = (*_mine(actor, owner), _longer(usuals, env, now), ~_is_paused())
    return select(Deal.id).join(Client, Client.id == Deal.client_id).where(*where)


def _told(
    session: Session, usuals: staleness.Usuals, now: datetime, base: Select[Any], most: int, offset: int
) -> list[Still]:
    ids = list(session.scalars(base.order_by(Deal.stirred_at, Deal.id).limit(most).offset(offset)))
    rows = session.execute(
        select(
            Deal.id, Deal.number, Deal.title, Deal.client_id, Client.name.label("client"), Client.segment, User.last,
            User.first, Deal.milestone, Deal.milestone_at, Deal.stirred_at, Deal.cycle, board.worth().label("sum"),
        )
        .join(Client, Client.id == Deal.client_id).outerjoin(User, User.id == Deal.owner_id)
        .where(Deal.id.in_(ids)).order_by(Deal.stirred_at, Deal.id)
    ).all()  # fmt: skip
    steps = board.first_steps(session, ids)
    return [
        Still(
            id=row.id, number=row.number, title=row.title, client_id=row.client_id, client=row.client,
            owner=f"{row.last} {row.first}" if row.last else None, milestone=row.milestone, sum=row.sum,
            judgement=usuals.judge(row, row.segment, now), step=steps.get(row.id, (None,))[0],
            step_at=steps[row.id][1] if row.id in steps else None,
        )
        for row in rows
    ]  # fmt: skip


def pauses(session: Session, actor: Actor, tab: str, *, owner: int | None = None) -> list[Resting]:
    """Pauses that hold now, the next to end first; or those that ended on their day and wait for a review."""
    which = Pause.ended_at.is_(None) if tab == PAUSED else _unreviewed()
    return _resting(session, and_(which, _whose(actor, owner)), Pause.resumes_at)


def history(session: Session, deal_id: int | None = None, instance_id: int | None = None) -> list[Resting]:
    """All pauses of a deal, or of an instance that is about none, the newest first."""
    which = Pause.deal_id == deal_id if deal_id is not None else Pause.instance_id == instance_id
    return _resting(session, which, Pause.id.desc())


def counts(session: Session, env: Any, actor: Actor, now: datetime, scheme: str, owner: int | None = None) -> Counts:
    """What each tab holds."""
    longer = _standing(staleness.Usuals(session, env, scheme), env, actor, now, owner)
    held = select(func.count()).select_from(Pause).outerjoin(Deal, Deal.id == Pause.deal_id)
    return Counts(
        _capped(session, longer),
        session.scalar(held.where(Pause.ended_at.is_(None), _whose(actor, owner))) or 0,
        session.scalar(held.where(_unreviewed(), _whose(actor, owner))) or 0,
    )


def _capped(session: Session, found: Any) -> int:
    """How many, up to MOST: beyond that the number says nothing more."""
    some = found.order_by(Deal.stirred_at).limit(MOST).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def _resting(session: Session, where: ColumnElement[bool], order: Any) -> list[Resting]:
    rows = session.execute(
        select(Pause, Deal, Client.name, User, ProcessInstance)
        .outerjoin(Deal, Deal.id == Pause.deal_id)
        .outerjoin(Client, Client.id == Deal.client_id)
        .outerjoin(User, User.id == Deal.owner_id)
        .outerjoin(ProcessInstance, ProcessInstance.id == Pause.instance_id)
        .where(where).options(*UNSHOWN).order_by(order, Pause.id.desc()).limit(4 * PAGE)
    )  # fmt: skip
    return [Resting(*row) for row in rows]


def _longer(usuals: staleness.Usuals, env: Any, now: datetime) -> ColumnElement[bool]:
    """Longer than four fifths of such deals, in the stage and segment it is in; without history past the norm."""
    since, found, limits = Deal.stirred_at, [], []
    norms = {
        cycle: env.calendar(OFFICE).before(now, norm)
        for cycle, norm in env.setting("pauses.staleness.norm", {}).items()
    }
    known = sorted({segment for _, segment in usuals.rows} - {staleness.EVERYBODY})
    for column in board.outline(env, usuals.scheme):
        if not column.milestones:
            continue
        here = Deal.milestone.in_(column.milestones)
        for segment in known:
            usual = usuals.of(column.milestones[0], segment, "long")
            if usual.segment:
                limits.append(now - timedelta(days=usual.p80))
                found.append(and_(here, Client.segment == segment, since < limits[-1]))
        own = [one for one in known if usuals.of(column.milestones[0], one, "long").segment]
        others = or_(Client.segment.is_(None), Client.segment.not_in(own))
        usual = usuals.of(column.milestones[0], None, "long")
        if usual.norm is None:
            limits.append(now - timedelta(days=usual.p80))
            found.append(and_(here, others, since < limits[-1]))
        else:
            limits += norms.values()
            found += [and_(here, others, Deal.cycle == cycle, since < limit) for cycle, limit in norms.items()]
    # the latest limit once more, plainly: by it the index leaves out what moved lately
    return and_(since < max(limits), or_(false(), *found)) if limits else false()


def _is_paused() -> ColumnElement[bool]:
    return select(Pause.id).where(Pause.deal_id == Deal.id, Pause.ended_at.is_(None)).exists()


def _unreviewed() -> ColumnElement[bool]:
    return and_(Pause.ended_how == "expired", Pause.reviewed_at.is_(None))


def _mine(actor: Actor, owner: int | None) -> Sequence[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = [Deal.status == "open"]
    if not actor.groups & OVERSEERS:
        where.append(Deal.owner_id == actor.user_id)
    elif owner is not None:
        where.append(Deal.owner_id == owner)
    return where


def _whose(actor: Actor, owner: int | None) -> ColumnElement[bool]:
    if not actor.groups & OVERSEERS:
        return or_(Deal.owner_id == actor.user_id, Pause.started_by == actor.user_id)
    return Deal.owner_id == owner if owner is not None else Pause.id.is_not(None)

"""The address under which a calendar program reads a person's dates: whoever knows it may read, so it can be renewed
and revoked at any time, and only its hash is kept."""
from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import audit
from engine.errors import Forbidden, NotFound, WrongState
from engine.models import CalendarFeed, User
from engine.work import Work

HOUR = timedelta(hours=1)
MOST_READS = 60  # of one feed in an hour


class TooOften(WrongState):
    """The feed has been read too often."""


def renew(work: Work, *, discreet: bool) -> str:
    """A new token for the actor; one he had before opens nothing any more. ``discreet``: without names of clients and
    people. Returns the token: it is shown once and kept by nobody here."""
    if work.actor.user_id is None:
        raise Forbidden("You may not do this")
    token = secrets.token_urlsafe(32)
    work.session.merge(
        CalendarFeed(
            user_id=work.actor.user_id, token_hash=_hash(token), discreet=discreet, created_at=work.now, read_at=None,
            hits=0, hits_since=None,
        )
    )  # fmt: skip
    audit.record(work, "user.feed_opened", subject=f"user:{work.actor.user_id}", discreet=discreet)
    return token


def revoke(work: Work) -> None:
    """The actor's feed opens nothing any more. Raises NotFound."""
    feed = work.session.get(CalendarFeed, work.actor.user_id) if work.actor.user_id is not None else None
    if feed is None:
        raise NotFound("There is no calendar address to revoke")
    work.session.delete(feed)
    audit.record(work, "user.feed_revoked", subject=f"user:{work.actor.user_id}")


def enter(work: Work, token: str) -> tuple[int, bool]:
    """Whose feed this token opens, and whether names stay out of it; counts the reading. Raises NotFound, TooOften."""
    feed = work.session.scalar(select(CalendarFeed).where(CalendarFeed.token_hash == _hash(token)).with_for_update())
    person = work.session.get(User, feed.user_id) if feed is not None else None
    if feed is None or person is None or not person.active:
        raise NotFound("There is no such calendar")
    if feed.hits_since is None or work.now - feed.hits_since >= HOUR:
        feed.hits, feed.hits_since = 0, work.now
    if feed.hits >= MOST_READS:
        raise TooOften("This calendar is read too often. Once in a quarter of an hour is enough.")
    feed.hits += 1
    feed.read_at = work.now
    return person.id, feed.discreet


def of(session: Session, user_id: int) -> CalendarFeed | None:
    """The feed of a person, if he opened one."""
    return session.get(CalendarFeed, user_id)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()

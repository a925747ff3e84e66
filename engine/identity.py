"""Who somebody is: passwords, signing in and out, login sessions. What he may do is engine.access.

Passwords are kept as argon2id hashes, tokens of login sessions as SHA-256: a stolen database opens no door. After five
wrong passwords in a row an account rests, longer each time. One sentence answers every failure, so that nobody learns
which accounts exist.
"""
from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from engine import access, audit
from engine.errors import Forbidden, Invalid, NotFound
from engine.models import LoginSession, User
from engine.work import SYSTEM, Actor, Work
from engine.work import run as run_work

LIFETIME = timedelta(hours=12)
FREE_ATTEMPTS = 5
FIRST_REST = timedelta(minutes=5)
LONGEST_REST = timedelta(hours=4)
SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 256
LOCALES = ("ru", "en")
REFUSED = "The name or the password is wrong, or there were too many attempts. Check them, try again in a few minutes."
_hasher = PasswordHasher()


def hash_password(plain: str) -> str:
    """The argon2id hash to keep. Raises Invalid for a password that is too short or too long."""
    if not SHORTEST_PASSWORD <= len(plain) <= LONGEST_PASSWORD:
        raise Invalid("A password has {least} to {most} characters.", least=SHORTEST_PASSWORD, most=LONGEST_PASSWORD)
    return _hasher.hash(plain)


def password_fits(kept: str, plain: str) -> bool:
    """Whether this is the password of the hash. Takes as long for a broken hash as for a wrong password."""
    if len(plain) > LONGEST_PASSWORD:
        return False
    try:
        return _hasher.verify(kept, plain)
    except InvalidHashError:
        _hasher.hash(plain)
        return False
    except VerificationError:
        return False


def sign_in(env: Any, login: str, password: str) -> str:
    """Check name and password and open a login session; returns its token. Raises Forbidden.

    Hashing takes a while, so it happens with no transaction open; the attempt is counted in one of its own, which
    holds even though the answer is an error.
    """
    with env.sessions() as session:
        found = session.execute(
            select(User.id, User.password_hash).where(User.login == login.strip().lower(), User.active)
        ).first()
    fits = password_fits(found.password_hash if found else _nobody(), password)
    token: str | None = run_work(env, SYSTEM, _attempt, found.id, fits, password) if found else None
    if token is None:
        raise Forbidden(REFUSED)
    return token


def _attempt(work: Work, user_id: int, fits: bool, password: str) -> str | None:
    """Count the attempt; open a session if it may succeed."""
    user = work.session.get_one(User, user_id)
    if user.locked_until is not None and user.locked_until > work.now:
        audit.record(work, "user.sign_in_refused", subject=f"user:{user.id}", reason="locked")
        return None
    if not fits or not user.active:
        user.failed_logins += 1
        over = user.failed_logins - FREE_ATTEMPTS
        if over >= 0:
            user.locked_until = work.now + min(FIRST_REST * 2 ** min(over, 10), LONGEST_REST)
        audit.record(work, "user.sign_in_failed", subject=f"user:{user.id}", attempts=user.failed_logins)
        return None
    user.failed_logins, user.locked_until = 0, None
    if _hasher.check_needs_rehash(user.password_hash):
        user.password_hash = _hasher.hash(password)
    work.session.execute(
        delete(LoginSession).where(LoginSession.user_id == user.id, LoginSession.expires_at <= work.now)
    )
    work.actor = access.actor_of(user)
    audit.record(work, "user.signed_in", subject=f"user:{user.id}")
    return _open(work, user.id, work.now + LIFETIME)


def who(session: Session, token: str, now: datetime) -> Actor | None:
    """Whom a token stands for, with his groups as they are now; None for a token that is unknown, old or ended."""
    row = session.get(LoginSession, _hash(token))
    if row is None or row.expires_at <= now:
        return None
    user = session.get(User, row.user_id)
    return access.actor_of(user) if user is not None and user.active else None


def sign_out(work: Work, token: str) -> None:
    """End a login session for real: its token opens nothing afterwards. An unknown token is no error."""
    row = work.session.get(LoginSession, _hash(token))
    if row is not None:
        work.session.delete(row)
        audit.record(work, "user.signed_out", subject=f"user:{row.user_id}")


def rotate(work: Work, token: str) -> str:
    """A new token for the same login session; the old one ends. Raises Forbidden when it has ended already."""
    row = work.session.get(LoginSession, _hash(token))
    if row is None or row.expires_at <= work.now:
        raise Forbidden("Sign in again.")
    user_id, until = row.user_id, row.expires_at
    work.session.delete(row)
    return _open(work, user_id, until)


def end_sessions(work: Work, user_id: int) -> None:
    """End every login session of a person."""
    work.session.execute(delete(LoginSession).where(LoginSession.user_id == user_id))
    audit.record(work, "user.sessions_ended", subject=f"user:{user_id}")


def change_password(work: Work, old: str, new: str) -> None:
    """Change one's own password; every login session ends. Raises Forbidden for a wrong old one, Invalid."""
    user = _self(work)
    if not password_fits(user.password_hash, old):
        raise Forbidden("The old password is wrong.")
    _set_password(work, user, new)


def set_password(work: Work, user_id: int, new: str) -> None:
    """Give a person a new password and wake a resting account. Raises Forbidden, NotFound, Invalid."""
    access.require(work, "people.manage")
    user = work.session.get(User, user_id)
    if user is None:
        raise NotFound("There is no person {id}.", id=user_id)
    _set_password(work, user, new)


def set_locale(work: Work, locale: str) -> None:
    """Choose one's own language. Raises Invalid for one the product does not speak."""
    if locale not in LOCALES:
        raise Invalid("The language {locale} is not spoken here.", locale=locale)
    user = _self(work)
    if user.locale != locale:
        user.locale = locale
        audit.record(work, "user.locale_chosen", subject=f"user:{user.id}", locale=locale)


def _set_password(work: Work, user: User, new: str) -> None:
    user.password_hash = hash_password(new)
    user.failed_logins, user.locked_until = 0, None
    audit.record(work, "user.password_changed", subject=f"user:{user.id}")
    end_sessions(work, user.id)


def _self(work: Work) -> User:
    user = work.session.get(User, work.actor.user_id) if work.actor.user_id is not None else None
    if user is None:
        raise Forbidden("Sign in again.")
    return user


def _open(work: Work, user_id: int, until: datetime) -> str:
    token = secrets.token_urlsafe(32)
    work.session.add(
        LoginSession(
            token_hash=_hash(token), user_id=user_id, created_at=work.now, seen_at=work.now, expires_at=until
        )
    )
    return token


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


@cache
def _nobody() -> str:
    """A hash that no password fits, so that an unknown name takes as long as a wrong password."""
    return _hasher.hash(secrets.token_urlsafe(32))

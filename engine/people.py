"""People and groups: accounts are made, changed, deactivated and let in; every change is a line of the log.

Two accounts of one person defeat separation of duties, so that whoever resembles somebody is made only on purpose. The
last administrator stays one. The log names which fields changed, and keeps no personal data.
"""
from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select, union
from sqlalchemy.orm import Session

from engine import access, audit, identity, phones, substitution, tasks
from engine.errors import Invalid, NotFound, ReglamentError, Text, WrongState, text
from engine.models import Absence, Candidate, Group, Membership, PasswordLink, Substitution, User, UserTask
from engine.work import SYSTEM, Work
from engine.work import run as run_work

ADMIN = "admin"
LOGIN = re.compile(r"[a-z][a-z0-9._-]{1,31}")
KEY = re.compile(r"[a-z][a-z0-9_]{1,31}")
LINK_LASTS = timedelta(days=3)
UNUSABLE = "!"  # no password fits: the person sets his own by a link
TOLD = ("position", "superior_id", "locale")  # fields whose old and new values the log may hold


@dataclass(frozen=True)
class Person:
    """What an administrator writes about somebody."""

    login: str
    last: str
    first: str
    middle: str
    gender: str
    position: str
    email: str
    phone: str
    locale: str = "ru"
    superior_id: int | None = None
    groups: tuple[str, ...] = ()


@dataclass(frozen=True)
class Handed:
    """What came of handing over somebody's open tasks. ``left``: those that could not be passed on, and why."""

    passed: int
    left: tuple[tuple[str, Text], ...]


def save(work: Work, user_id: int | None, given: Person, *, resembles_nobody: bool = False) -> User:
    """Make an account (``user_id`` None) or change one.

    Raises NotFound, Forbidden, WrongState (the last administrator), Invalid field by field; its field ``twin``:
    somebody like this exists, and nobody said that these are two people.
    """
    access.require(work, "people.manage")
    user = _user(work, user_id) if user_id is not None else None
    given = _tidy(given)
    faults = _faults(work, user, given)
    if not resembles_nobody and (found := [one for one in twins(work.session, given) if one is not user]):
        names = ", ".join(f"{one.name} ({one.login})" for one in found)
        faults["twin"] = text(
            "Somebody like this is known: {names}. Two accounts of one person defeat separation of duties. Say that "
            "these are different people, or change the account there is.", names=names,
        )  # fmt: skip
    if faults:
        raise Invalid("Some fields are not right", faults)
    if user is None:
        user = User(login=given.login, password_hash=UNUSABLE, active=True, failed_logins=0)
        _fill(user, given)
        work.session.add(user)
        work.session.flush()
        audit.record(work, "user.created", subject=f"user:{user.id}", login=user.login)
    else:
        _change(work, user, given)
    _set_groups(work, user, given.groups)
    return user


def twins(session: Session, given: Person | User) -> list[User]:
    """Active accounts with the same mail address, phone or full name."""
    mail, phone = phones.mail_key(given.email), phones.key(given.phone)
    name = (given.last.casefold(), given.first.casefold(), (given.middle or "").casefold())
    found = session.scalars(select(User).where(User.active).order_by(User.id))
    return [
        one for one in found
        if (mail and phones.mail_key(one.email) == mail)
        or (phone and phones.key(one.phone) == phone)
        or (one.last.casefold(), one.first.casefold(), (one.middle or "").casefold()) == name
    ]  # fmt: skip


def deactivate(work: Work, user_id: int, heir_id: int | None, reason: str) -> Handed:
    """Nobody may sign in with the account any more; open tasks go to ``heir_id`` or, without one, back to their groups.
    Raises NotFound, Forbidden, WrongState (the last administrator), Invalid."""
    access.require(work, "people.manage")
    user = _user(work, user_id)
    if not reason.strip():
        raise Invalid("Say why", {"reason": text("Say why")})
    if heir_id == user_id:
        raise Invalid("Choose somebody else to take over", {"heir": text("Choose somebody else to take over")})
    _keep_an_admin(work, user)
    handed = _hand_over(work, user, heir_id, reason)
    user.active = False
    audit.record(work, "user.deactivated", subject=f"user:{user_id}", reason=reason.strip(), heir=heir_id,
                 passed=handed.passed, left=len(handed.left))  # fmt: skip
    identity.end_sessions(work, user_id)
    _leave_absences(work, user)
    return handed


def activate(work: Work, user_id: int) -> None:
    """Let somebody in again. Raises NotFound, Forbidden."""
    access.require(work, "people.manage")
    user = work.session.get(User, user_id)
    if user is None:
        raise NotFound("There is no such person")
    if not user.active:
        user.active = True
        audit.record(work, "user.activated", subject=f"user:{user_id}")


def unlock(work: Work, user_id: int) -> None:
    """Wake an account that rests after wrong passwords. Raises NotFound, Forbidden."""
    access.require(work, "people.manage")
    user = _user(work, user_id)
    user.failed_logins, user.locked_until = 0, None
    audit.record(work, "user.unlocked", subject=f"user:{user_id}")


def invite(work: Work, user_id: int) -> str:
    """A one-time link for setting a password, good for three days; earlier ones end. Returns its token, which is shown
    once and kept nowhere. Raises NotFound, Forbidden."""
    access.require(work, "people.manage")
    user = _user(work, user_id)
    for known in work.session.scalars(select(PasswordLink).where(PasswordLink.user_id == user_id)):
        work.session.delete(known)
    token = secrets.token_urlsafe(32)
    work.session.add(PasswordLink(token_hash=_hash(token), user_id=user.id, created_at=work.now,
                                  created_by=work.actor.user_id, expires_at=work.now + LINK_LASTS))  # fmt: skip
    audit.record(work, "user.invited", subject=f"user:{user_id}")
    return token


def link_of(session: Session, token: str, now: Any) -> User | None:
    """Whose password a link sets, if it still may."""
    row = session.get(PasswordLink, _hash(token))
    if row is None or row.used_at is not None or row.expires_at <= now:
        return None
    user = session.get(User, row.user_id)
    return user if user is not None and user.active else None


def use_link(env: Any, token: str, password: str) -> str:
    """Set the password by a one-time link; returns the login. Raises NotFound (a dead link), Invalid. Hashing takes a
    while, so it happens with no transaction open."""
    hashed = identity.hash_password(password)
    login: str = run_work(env, SYSTEM, _use_link, token, hashed)
    return login


def save_group(work: Work, key: str, title: str, title_en: str, *, new: bool) -> Group:
    """Make a candidate group, or give it other titles. Raises NotFound, Forbidden, Invalid."""
    access.require(work, "people.manage")
    known, faults = work.session.get(Group, key), {}
    if not KEY.fullmatch(key):
        faults["key"] = text("Small Latin letters, digits and «_», beginning with a letter: {example}",
                             example="project_lead")
    elif new and known is not None:
        faults["key"] = text("There is a group «{key}» already", key=key)
    for name, value in (("title", title), ("title_en", title_en)):
        if not value.strip():
            faults[name] = text("Fill this in")
    if faults:
        raise Invalid("Some fields are not right", faults)
    if known is None:
        if not new:
            raise NotFound("There is no group «{group}»", group=key)
        known = Group(key=key, title=title.strip(), title_en=title_en.strip())
        work.session.add(known)
        audit.record(work, "group.created", subject=f"group:{key}", title=known.title)
    elif (known.title, known.title_en) != (title.strip(), title_en.strip()):
        audit.record(work, "group.changed", subject=f"group:{key}", title=[known.title, title.strip()])
        known.title, known.title_en = title.strip(), title_en.strip()
    return known


def open_tasks(session: Session, user_id: int, limit: int = 200) -> Sequence[UserTask]:
    """What somebody has in hand, what waits for him alone, and what he has given to others for an answer."""
    open_ = select(UserTask.id).where(UserTask.rank.is_not(None))
    mine = union(
        open_.where(UserTask.assignee_id == user_id), open_.where(UserTask.owner_id == user_id),
        select(Candidate.task_id).where(Candidate.user_id == user_id, Candidate.rank.is_not(None)),
    )  # fmt: skip
    query = select(UserTask).where(UserTask.rank.is_not(None), UserTask.id.in_(mine))
    return session.scalars(query.order_by(UserTask.rank, UserTask.id).limit(limit)).all()


def _use_link(work: Work, token: str, hashed: str) -> str:
    user = link_of(work.session, token, work.now)
    if user is None:
        raise NotFound("This link was used or has grown old. Ask the administrator for a new one.")
    work.session.get_one(PasswordLink, _hash(token)).used_at = work.now
    work.actor = access.actor_of(user)
    user.password_hash, user.failed_logins, user.locked_until = hashed, 0, None
    audit.record(work, "user.password_changed", subject=f"user:{user.id}")
    identity.end_sessions(work, user.id)
    return user.login


def _tidy(given: Person) -> Person:
    values: dict[str, Any] = {one.name: getattr(given, one.name) for one in fields(given)}
    cleaned: dict[str, Any] = {
        name: " ".join(value.split()) if isinstance(value, str) else value for name, value in values.items()
    }
    cleaned["login"] = given.login.strip().lower()
    return Person(**cleaned)


def _faults(work: Work, user: User | None, given: Person) -> dict[str, Text]:
    faults = {name: text("Fill this in") for name in ("last", "first", "position") if not getattr(given, name)}
    if user is None and not LOGIN.fullmatch(given.login):
        faults["login"] = text("Small Latin letters, digits, «.», «_» and «-», beginning with a letter: {example}",
                               example="ivanova")
    elif user is None and work.session.scalar(select(User.id).where(User.login == given.login)) is not None:
        faults["login"] = text("This user name is taken")
    if not phones.is_mail(given.email):
        faults["email"] = text("This is not a mail address")
    if given.phone and not phones.is_phone(given.phone):
        faults["phone"] = text("This is not a phone number")
    if given.gender not in ("m", "f"):
        faults["gender"] = text("Choose from the list")
    if given.locale not in identity.LOCALES:
        faults["locale"] = text("Choose from the list")
    if user is not None and given.superior_id is not None and _is_below(work.session, given.superior_id, user.id):
        faults["superior_id"] = text("This goes round in a circle: somebody would be his own superior")
    known = set(work.session.scalars(select(Group.key).where(Group.key.in_(given.groups))))
    if unknown := [key for key in given.groups if key not in known]:
        faults["groups"] = text("There is no group «{group}»", group=", ".join(unknown))
    return faults


def _is_below(session: Session, user_id: int, boss_id: int) -> bool:
    here, seen = session.get(User, user_id), set[int]()
    while here is not None and here.id not in seen:
        if here.id == boss_id:
            return True
        seen.add(here.id)
        here = session.get(User, here.superior_id) if here.superior_id is not None else None
    return False


def _fill(user: User, given: Person) -> None:
    for name in ("last", "first", "gender", "position", "email", "locale", "superior_id"):
        setattr(user, name, getattr(given, name))
    user.middle, user.phone = given.middle or None, given.phone or None


def _change(work: Work, user: User, given: Person) -> None:
    names = ("last", "first", "middle", "gender", "position", "email", "phone", "locale", "superior_id")
    old = {name: getattr(user, name) for name in names}
    _fill(user, given)
    changed = [name for name in names if old[name] != getattr(user, name)]
    if changed:
        told: dict[str, Any] = {name: [old[name], getattr(user, name)] for name in changed if name in TOLD}
        audit.record(work, "user.changed", subject=f"user:{user.id}", fields=changed, **told)


def _set_groups(work: Work, user: User, groups: Iterable[str]) -> None:
    old, new = {one.group_key for one in user.memberships}, set(groups)
    if old == new:
        return
    if ADMIN in old - new:
        _keep_an_admin(work, user)
    user.memberships = [one for one in user.memberships if one.group_key in new]
    user.memberships += [Membership(group_key=key) for key in sorted(new - old)]
    audit.record(work, "user.groups_set", subject=f"user:{user.id}", groups=[sorted(old), sorted(new)])


def _keep_an_admin(work: Work, user: User) -> None:
    others = (
        select(func.count()).select_from(User).join(Membership)
        .where(Membership.group_key == ADMIN, User.active, User.id != user.id)
    )  # fmt: skip
    if any(one.group_key == ADMIN for one in user.memberships) and not work.session.scalar(others):
        raise WrongState("{name} is the last administrator. Make somebody else one first.", name=user.name)


def _hand_over(work: Work, user: User, heir_id: int | None, reason: str) -> Handed:
    passed, left = 0, list[tuple[str, Text]]()
    for task in open_tasks(work.session, user.id, limit=10_000):
        name, task_id = task.name, task.id
        try:
            if task.owner_id == user.id:
                if heir_id is None:
                    raise WrongState("He has given it to a colleague for an answer: choose who gets it back")
                task.owner_id = heir_id
                audit.record(work, "user_task.owner_changed", instance=task.instance, subject=f"user_task:{task_id}",
                             owner=[user.id, heir_id], reason=reason.strip())  # fmt: skip
            elif heir_id is not None:
                tasks.reassign(work, task_id, heir_id, reason)
            else:
                tasks.unclaim(work, task_id)
            passed += 1
        except ReglamentError as error:
            left.append((name, error.text))
    return Handed(passed, tuple(left))


def _leave_absences(work: Work, user: User) -> None:
    for absence in work.session.scalars(select(Absence).where(Absence.user_id == user.id, Absence.ends_at > work.now)):
        absence.ends_at = max(work.now, absence.starts_at)
        audit.record(work, "absence.ended", subject=f"absence:{absence.id}", user=user.id)
    standing = select(Substitution).join(Absence).where(
        Substitution.substitute_id == user.id, Absence.ends_at > work.now
    )  # fmt: skip
    for one in work.session.scalars(standing):
        audit.record(work, "absence.changed", subject=f"absence:{one.absence_id}", user=one.absence.user_id,
                     without=user.id)  # fmt: skip
        work.session.delete(one)
    substitution.forget(work.session)


def _user(work: Work, user_id: int) -> User:
    user = work.session.get(User, user_id)
    if user is None or not user.active:
        raise NotFound("There is no such person")
    return user


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()

"""Who may do what, asked of one table (engine.rights): of everybody whom a row names, the first that fits grants it.

Acting as a substitute is tried last and says for whom, so that the log reads "boris for anna" only where boris has no
right of his own. Separation of duties overrules every grant.
"""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session

from engine import authority
from engine.errors import Forbidden, Text, text
from engine.models import Membership, User, UserTask
from engine.quick import Rows
from engine.rights import RULES, Asking, InGroup, Rule, assignee, candidate, delegator, free_to, performer
from engine.substitution import Standing, stands_in_for
from engine.vocabulary import TaskStatus
from engine.work import Actor, Work


@dataclass(frozen=True)
class Grant:
    """Permission, and for whom if the actor stands in for an absent person."""

    on_behalf_of: int | None = None


def acts_of(groups: Iterable[str]) -> list[str]:
    """What membership alone permits, whatever the thing is: the acts of these groups in the order of the table."""
    keys = set(groups)
    return [
        act for act, rules in RULES.items() if any(isinstance(rule, InGroup) and rule.key in keys for rule in rules)
    ]


WHOLE = "granted as a whole"
AS_SUBSTITUTE = {assignee, delegator, candidate, free_to, performer}
SEPARATED = {"task.claim", "task.complete"}
MEMBERS: Rows[User] = Rows(
    select(User).join(Membership).where(Membership.group_key == bindparam("group"), User.active).order_by(User.id)
)


def may(session: Session, actor: Actor, now: datetime, act: str, thing: Any = None) -> Grant | None:
    """The grant, or None. ``thing``: the user task, instance or definition; an incident's or control point's instance.

    The system may do everything. Raises KeyError for an act that is not in the table.
    """
    rules = RULES[act]
    if actor.user_id is None:
        return Grant()
    own = Asking(session, actor.user_id, actor.groups, thing, now)
    if any(rule(own) for rule in rules):
        grant = Grant(actor.on_behalf_of or _represents(actor, thing))
        if not _kept_apart(own, act, grant) and not _beyond(own, act):
            return grant
    substitutable: list[Rule] = [rule for rule in rules if rule in AS_SUBSTITUTE]
    return _as_substitute(own, act, substitutable) if substitutable else None


def require(work: Work, act: str, thing: Any = None) -> None:
    """Raises Forbidden, or notes in the work for whom the actor acts."""
    if work.memory.get(WHOLE):
        return
    grant = may(work.session, work.actor, work.now, act, thing)
    if grant is None:
        raise Forbidden(_refusal(work, act, thing))
    if grant.on_behalf_of != work.actor.on_behalf_of:
        work.actor = replace(work.actor, on_behalf_of=grant.on_behalf_of)


@contextmanager
def whole(work: Work, act: str, thing: Any = None) -> Iterator[None]:
    """An act that is made of others (an import of clients) is asked about once: what is done inside it is granted with
    it. Raises Forbidden."""
    require(work, act, thing)
    before = work.memory.get(WHOLE)
    work.memory[WHOLE] = True
    try:
        yield
    finally:
        work.memory[WHOLE] = before


def separated(session: Session, task: UserTask, people: Iterable[int | None]) -> bool:
    """Has one of these people done a step of this procedure which the same person must not do (``separateFrom``), or
    is one of them whom the task is not for (``notFor``), or has one of them a vote already (``anotherPerson``)?"""
    elements = [part.strip() for part in (task.settings or {}).get("separateFrom", "").split(",") if part.strip()]
    ids = [person for person in people if person is not None]
    if _not_for(session, task, ids) or _has_voted(session, task, ids):
        return True
    if not elements or not ids:
        return False
    done = select(UserTask.id).where(
        UserTask.instance_id == task.instance_id,
        UserTask.process_key == task.process_key,
        UserTask.element_id.in_(elements),
        UserTask.status == TaskStatus.COMPLETED,
        or_(UserTask.completed_by.in_(ids), UserTask.completed_for.in_(ids)),
    )
    return session.scalar(done.limit(1)) is not None


def _not_for(session: Session, task: UserTask, ids: list[int]) -> bool:
    login = (task.settings or {}).get("not_for_login")
    if not login or not ids:
        return False
    return session.scalar(select(User.id).where(User.login == login, User.id.in_(ids)).limit(1)) is not None


def _has_voted(session: Session, task: UserTask, ids: list[int]) -> bool:
    """Of several who decide about one document each is another person: a vote counts once."""
    settings = task.settings or {}
    if settings.get("anotherPerson") != "true" or not ids:
        return False
    votes = select(UserTask.settings).where(
        UserTask.instance_id == task.instance_id,
        UserTask.process_key == task.process_key,
        UserTask.element_id == task.element_id,
        UserTask.path == task.path,
        UserTask.id != task.id,
        UserTask.status == TaskStatus.COMPLETED,
        or_(UserTask.completed_by.in_(ids), UserTask.completed_for.in_(ids)),
    )
    about = settings.get("document_id")
    return any((earlier or {}).get("document_id") == about for earlier in session.scalars(votes))


def person(session: Session, user_id: int | None) -> User | None:
    """Somebody by number, if there is one."""
    return session.get(User, user_id) if user_id is not None else None


def members(session: Session, group_key: str) -> list[User]:
    """The active people of a group."""
    return MEMBERS.all(session, group=group_key)


def absent(session: Session, user_id: int, now: datetime) -> list[Standing]:
    """For whom this one stands in at this moment, with what and until when."""
    return stands_in_for(session, user_id, now)


def actor_of(user: User) -> Actor:
    """The person as an actor, with his groups as they are now."""
    groups = frozenset(membership.group_key for membership in user.memberships)
    return Actor(user.id, user.login, groups, locale=user.locale)


def _as_substitute(own: Asking, act: str, rules: list[Rule]) -> Grant | None:
    for standing in stands_in_for(own.session, own.user_id, own.now):
        groups = frozenset(
            own.session.scalars(select(Membership.group_key).where(Membership.user_id == standing.user_id))
        )
        asking = Asking(own.session, standing.user_id, groups, own.thing, own.now, own.seen)
        grant = Grant(standing.user_id)
        fits = any(rule(asking) for rule in rules) and _covers(standing, asking) and not _beyond(asking, act)
        if fits and not _kept_apart(own, act, grant):
            return grant
    return None


def _covers(standing: Standing, asking: Asking) -> bool:
    needs_groups = standing.scope.group is not None and isinstance(asking.thing, UserTask)
    return standing.covers(asking.thing, asking.candidates()[0] if needs_groups else ())


def _represents(actor: Actor, thing: Any) -> int | None:
    """For whom the actor has taken the task, when he took it as a substitute: it goes on under both names."""
    mine = isinstance(thing, UserTask) and thing.assignee_id == actor.user_id and thing.owner_id is None
    return thing.claimed_for if mine else None


def _kept_apart(own: Asking, act: str, grant: Grant) -> bool:
    return act in SEPARATED and separated(own.session, own.thing, {own.user_id, grant.on_behalf_of})


def _beyond(asking: Asking, act: str) -> bool:
    return act in SEPARATED and authority.beyond(asking.thing, asking.groups)


def _refusal(work: Work, act: str, thing: Any) -> Text:
    if not isinstance(thing, UserTask):
        return text("You may not do this")
    if act in SEPARATED and separated(work.session, thing, {work.actor.user_id, work.actor.on_behalf_of}):
        if _not_for(work.session, thing, [one for one in (work.actor.user_id, work.actor.on_behalf_of) if one]):
            return text("«{task}» is not for the employee it is about", task=thing.name)
        return text("«{task}» must be done by somebody who has not done the step before it", task=thing.name)
    if act in SEPARATED and authority.beyond(thing, work.actor.groups):
        return authority.refusal(work.session, thing)
    if thing.assignee_id is None:
        return text("You are not among those who may do «{task}»", task=thing.name)
    if thing.assignee_id == work.actor.user_id:
        return text("You may not do this with «{task}»", task=thing.name)
    holder = work.session.get(User, thing.assignee_id)
    return text("«{task}» is with {name}", task=thing.name, name=holder.name if holder else "?")

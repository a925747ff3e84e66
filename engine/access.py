"""Who may do what: one table. A row names an act, then everybody who may do it; the first that fits grants it.

Acting as a substitute is tried last and says for whom, so that the log reads "boris for anna" only where boris has no
right of his own. Separation of duties overrules every grant.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session

from engine import authority
from engine.errors import Forbidden, Text, text
from engine.models import Candidate, Deal, Membership, ProcessInstance, User, UserTask, table_of
from engine.rows import Prepared
from engine.substitution import Standing, stands_in_for
from engine.vocabulary import TaskStatus
from engine.work import Actor, Work


@dataclass(frozen=True)
class Grant:
    """Permission, and for whom if the actor stands in for an absent person."""

    on_behalf_of: int | None = None


@dataclass
class Asking:
    """One question: may this person, in these groups, do it to ``thing`` now?"""

    session: Session
    user_id: int
    groups: frozenset[str]
    thing: Any
    now: datetime
    seen: dict[str, Any] = field(default_factory=dict)

    def candidates(self) -> tuple[set[str], set[int]]:
        """Groups and people who may claim the task."""
        if "candidates" not in self.seen:
            rows = CANDIDATES.all(self.session.connection(), task=self.thing.id)
            self.seen["candidates"] = {row[0] for row in rows if row[0]}, {row[1] for row in rows if row[1]}
        found: tuple[set[str], set[int]] = self.seen["candidates"]
        return found


Rule = Callable[[Asking], bool]
CANDIDATES = Prepared(
    select(table_of(Candidate).c.group_key, table_of(Candidate).c.user_id).where(
        table_of(Candidate).c.task_id == bindparam("task")
    )
)


@dataclass(frozen=True)
class InGroup:
    """Members of a group, whatever the thing is."""

    key: str

    def __call__(self, asking: Asking) -> bool:
        return self.key in asking.groups


def group(key: str) -> InGroup:
    """Members of a group, whatever the thing is."""
    return InGroup(key)


def acts_of(groups: Iterable[str]) -> list[str]:
    """What membership alone permits, whatever the thing is: the acts of these groups in the order of the table."""
    keys = set(groups)
    return [
        act for act, rules in RULES.items() if any(isinstance(rule, InGroup) and rule.key in keys for rule in rules)
    ]


def assignee(asking: Asking) -> bool:
    """The one who has the task."""
    return bool(asking.thing.assignee_id == asking.user_id)


def represented(asking: Asking) -> bool:
    """The absent person for whom a substitute has taken the task."""
    return bool(asking.thing.claimed_for == asking.user_id)


def delegator(asking: Asking) -> bool:
    """The one who gave the task to a colleague for an answer."""
    return bool(asking.thing.owner_id == asking.user_id)


def candidate(asking: Asking) -> bool:
    """One who may claim the task."""
    groups, people = asking.candidates()
    return asking.user_id in people or bool(groups & asking.groups)


def free_to(asking: Asking) -> bool:
    """One who may claim a task that nobody has: he need not claim it before he does it."""
    return asking.thing.assignee_id is None and candidate(asking)


def finisher(asking: Asking) -> bool:
    """The one who completed the task."""
    return bool(asking.thing.completed_by == asking.user_id)


def starter(asking: Asking) -> bool:
    """The one who started the instance."""
    return bool(_instance(asking).started_by == asking.user_id)


def performer(asking: Asking) -> bool:
    """One who has, had or may claim a task of the instance."""
    mine = or_(
        UserTask.assignee_id == asking.user_id,
        UserTask.completed_by == asking.user_id,
        Candidate.user_id == asking.user_id,
        Candidate.group_key.in_(asking.groups),
    )
    query = (
        select(UserTask.id)
        .outerjoin(Candidate, Candidate.task_id == UserTask.id)
        .where(UserTask.instance_id == _instance(asking).id, mine)
        .limit(1)
    )
    return asking.session.scalar(query) is not None


def deal_owner(asking: Asking) -> bool:
    """The owner of the deal that the instance is about."""
    deal_id = _instance(asking).deal_id
    owner = select(Deal.owner_id).where(Deal.id == deal_id)
    return deal_id is not None and asking.session.scalar(owner) == asking.user_id


def client_owner(asking: Asking) -> bool:
    """The manager of the client."""
    return asking.thing is not None and bool(asking.thing.owner_id == asking.user_id)


def oneself(asking: Asking) -> bool:
    """The person it is about."""
    return asking.thing is not None and bool(asking.thing.id == asking.user_id)


def superior(asking: Asking) -> bool:
    """The superior of the person it is about."""
    return asking.thing is not None and bool(asking.thing.superior_id == asking.user_id)


def starter_group(asking: Asking) -> bool:
    """A member of one of the groups that may start the procedure by hand."""
    return bool(asking.groups & set(asking.thing.starter_groups))


HEAD, DIRECTOR, ADMIN, AUDITOR = (group(key) for key in ("head", "director", "admin", "auditor"))
MANAGER, OPERATOR, MARKETER, PRODUCT_HEAD = (group(key) for key in ("manager", "operator", "marketer", "product_head"))
ACCOUNTANT, QUALITY = group("accountant"), group("quality")

RULES: Mapping[str, tuple[Rule, ...]] = {
    "task.see": (
        assignee, delegator, represented, finisher, candidate, HEAD, DIRECTOR, ADMIN, AUDITOR, starter, deal_owner,
    ),
    "task.claim": (candidate,),
    "task.unclaim": (assignee, HEAD, DIRECTOR, ADMIN),
    "task.complete": (assignee, free_to),
    "task.save_draft": (assignee, free_to),
    "task.delegate": (assignee,),
    "task.resolve": (assignee,),
    "task.take_back": (represented,),
    "task.reassign": (HEAD, DIRECTOR, ADMIN),
    "task.set_due": (HEAD, DIRECTOR, ADMIN),
    "task.set_follow_up": (assignee, free_to),
    "task.return": (assignee, free_to),
    "task.recall": (finisher,),
    "instance.start": (starter_group, ADMIN),
    "instance.see": (starter, HEAD, DIRECTOR, ADMIN, AUDITOR, deal_owner, performer),
    "instance.comment": (starter, HEAD, DIRECTOR, ADMIN, deal_owner, performer),
    "instance.suspend": (HEAD, DIRECTOR, ADMIN),
    "instance.resume": (HEAD, DIRECTOR, ADMIN),
    "instance.cancel": (HEAD, DIRECTOR, ADMIN),
    "instance.intervene": (HEAD, DIRECTOR, ADMIN),
    "instance.pause": (deal_owner, HEAD, DIRECTOR, ADMIN),
    "deal.pause": (client_owner, HEAD, DIRECTOR, ADMIN),
    "deal.refuse": (client_owner, HEAD, DIRECTOR, ADMIN),
    "pause.review": (HEAD, DIRECTOR, ADMIN),
    "instance.correlate": (starter, HEAD, DIRECTOR, ADMIN, deal_owner, performer),
    "incident.retry": (HEAD, ADMIN),
    "incident.resolve": (HEAD, ADMIN),
    "control_point.waive": (HEAD, DIRECTOR, ADMIN),
    "control_points.read": (HEAD, DIRECTOR, ADMIN, AUDITOR),
    "definitions.publish": (ADMIN,),
    "definitions.draft": (ADMIN,),
    "layouts.approve": (DIRECTOR, group("lawyer"), ACCOUNTANT),
    "filter.share": (HEAD, DIRECTOR, ADMIN),
    "log.read": (HEAD, DIRECTOR, ADMIN, AUDITOR),
    "monitor.read": (HEAD, DIRECTOR, ADMIN, AUDITOR),
    "people.manage": (ADMIN,),
    "people.read": (HEAD, DIRECTOR, ADMIN, AUDITOR),
    "settings.change": (DIRECTOR, ADMIN),
    "absence.plan": (oneself, superior, HEAD, DIRECTOR, ADMIN),
    "client.create": (MANAGER, OPERATOR, MARKETER, HEAD, DIRECTOR, ADMIN),
    "client.change": (client_owner, OPERATOR, HEAD, DIRECTOR, ADMIN),
    "client.give": (HEAD, DIRECTOR, ADMIN),
    "client.merge": (HEAD, ADMIN),
    "products.change": (PRODUCT_HEAD, ADMIN),
    "segments.change": (PRODUCT_HEAD, MARKETER, ADMIN),
    "questionnaires.manage": (group("product_head"), group("quality"), ADMIN),
    "surveys.answer": (group("manager"), group("operator"), group("quality"), ADMIN),
    "competitors.change": (MARKETER, PRODUCT_HEAD, HEAD, ADMIN),
    "sources.change": (MARKETER, HEAD, ADMIN),
    "plans.change": (HEAD, DIRECTOR, ADMIN),
    "campaign.write": (MARKETER, HEAD, ADMIN),
    "campaign.reply": (MARKETER, MANAGER, OPERATOR, HEAD, ADMIN),
    "loyalty.write": (MANAGER, MARKETER, HEAD, ADMIN),
    "knowledge.write": (PRODUCT_HEAD, QUALITY, MARKETER, HEAD, ADMIN),
    "import.clients": (HEAD, DIRECTOR, ADMIN),
    "import.products": (PRODUCT_HEAD, HEAD, ADMIN),
    "import.settlements": (ACCOUNTANT, HEAD, ADMIN),
    "import.bank": (ACCOUNTANT, ADMIN),
    "bank.decide": (ACCOUNTANT, ADMIN),
    "import.plans": (HEAD, DIRECTOR, ADMIN),
    "import.competitor_prices": (MARKETER, PRODUCT_HEAD, HEAD, ADMIN),
    "import.source_costs": (MARKETER, HEAD, ADMIN),
}
WHOLE = "granted as a whole"
AS_SUBSTITUTE = {assignee, delegator, candidate, free_to, performer}
SEPARATED = {"task.claim", "task.complete"}


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
    query = select(User).join(Membership).where(Membership.group_key == group_key, User.active).order_by(User.id)
    return list(session.scalars(query))


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


def _instance(asking: Asking) -> ProcessInstance:
    thing = asking.thing
    instance: ProcessInstance = thing if isinstance(thing, ProcessInstance) else thing.instance
    return instance


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

"""The table of rights: a row names an act, then everybody who may do it. Asked through engine.access."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, or_, select
from sqlalchemy.orm import Session

from engine.models import Candidate, Client, Deal, FormDraft, ProcessInstance, UserTask, table_of
from engine.rows import Prepared


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


def drafter(asking: Asking) -> bool:
    """One who had typed something into a task that was withdrawn since."""
    thing = asking.thing
    return thing.rank is None and asking.session.get(FormDraft, (thing.id, asking.user_id)) is not None


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
    """The manager of the client, or of the deal."""
    return asking.thing is not None and bool(asking.thing.owner_id == asking.user_id)


def in_deal(asking: Asking) -> bool:
    """One who started, has, had, did or may claim something of the procedures about the deal."""
    run, mine = ProcessInstance, asking.user_id
    may_claim = or_(Candidate.user_id == mine, Candidate.group_key.in_(asking.groups))
    part = or_(
        run.started_by == mine, UserTask.assignee_id == mine, UserTask.completed_by == mine,
        and_(UserTask.rank.is_not(None), may_claim),
    )  # fmt: skip
    query = select(run.id).outerjoin(UserTask, UserTask.instance_id == run.id)
    query = query.outerjoin(Candidate, Candidate.task_id == UserTask.id).where(run.deal_id == asking.thing.id, part)
    return asking.session.scalar(query.limit(1)) is not None


def handler(asking: Asking) -> bool:
    """Who answers for the complaint, the unit that has it, and the manager of the client who complained."""
    thing = asking.thing
    owner = select(Client.owner_id).where(Client.id == thing.client_id)
    return (
        thing.responsible_id == asking.user_id
        or thing.unit in asking.groups
        or (thing.client_id is not None and asking.session.scalar(owner) == asking.user_id)
    )


def colleague(asking: Asking) -> bool:
    """Everybody who works here; not those who only audit."""
    return asking.groups != {AUDITOR.key}


def anybody(asking: Asking) -> bool:
    """Everybody who can sign in."""
    return asking.user_id is not None


def oneself(asking: Asking) -> bool:
    """The person it is about."""
    return asking.thing is not None and bool(asking.thing.id == asking.user_id)


def superior(asking: Asking) -> bool:
    """The superior of the person it is about."""
    return asking.thing is not None and bool(asking.thing.superior_id == asking.user_id)


def starter_group(asking: Asking) -> bool:
    """A member of one of the groups that may start the procedure by hand."""
    return bool(asking.groups & set(asking.thing.starter_groups))


def _instance(asking: Asking) -> ProcessInstance:
    thing = asking.thing
    instance: ProcessInstance = thing if isinstance(thing, ProcessInstance) else thing.instance
    return instance


HEAD, DIRECTOR, ADMIN, AUDITOR = (group(key) for key in ("head", "director", "admin", "auditor"))
MANAGER, OPERATOR, MARKETER, PRODUCT_HEAD = (group(key) for key in ("manager", "operator", "marketer", "product_head"))
ACCOUNTANT, QUALITY = group("accountant"), group("quality")

RULES: Mapping[str, tuple[Rule, ...]] = {
    "task.see": (
        assignee, delegator, represented, finisher, candidate, HEAD, DIRECTOR, ADMIN, AUDITOR, starter, deal_owner,
        drafter,
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
    "deal.open": (MANAGER, OPERATOR, MARKETER, HEAD, DIRECTOR, ADMIN),
    "deal.change": (client_owner, HEAD, DIRECTOR, ADMIN),
    "deal.give": (HEAD, DIRECTOR, ADMIN),
    "payment.record": (ACCOUNTANT, HEAD, DIRECTOR, ADMIN),
    "payment.write_off": (HEAD, DIRECTOR, ADMIN),
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
    "client.see": (anybody,),
    "client.comment": (client_owner, colleague),
    "deal.see": (client_owner, HEAD, DIRECTOR, ADMIN, AUDITOR, in_deal),
    "deal.comment": (client_owner, HEAD, DIRECTOR, ADMIN, in_deal),
    "complaint.see": (handler, OPERATOR, QUALITY, MARKETER, PRODUCT_HEAD, HEAD, DIRECTOR, ADMIN, AUDITOR),
    "complaint.comment": (handler, OPERATOR, QUALITY, MARKETER, PRODUCT_HEAD, HEAD, DIRECTOR, ADMIN),
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

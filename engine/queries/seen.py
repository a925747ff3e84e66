"""Which instances, deals and documents a list shows to somebody: the rights of access as lists ask for them.

Two ways lead to the same rows. Who may work in much is asked about row by row, newest first: the page is full soon.
Who may work in little would make the database go through everything that way; what he may see is gathered from his
side instead: what he started, had, did, owns and may claim, each from an index of its own. SELECTs only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true, union
from sqlalchemy.orm import Session, aliased, defer

from engine.models import Candidate, Client, Deal, Document, ProcessInstance, UserTask
from engine.work import Actor

OVERSEERS = frozenset({"head", "director", "admin", "auditor"})
WIDE = 5000  # open tasks of one's groups; whoever may work in more finds a page of them soon
MOST = 500  # counted no further where rights are asked about row by row
UNSHOWN = (defer(ProcessInstance.state), defer(ProcessInstance.variables))  # of an instance in a list: dear to decode


class Count(NamedTuple):
    """How many rows a list has; ``more``: at least so many, counted no further."""

    rows: int
    more: bool = False


@dataclass(frozen=True)
class Seen:
    """What one person sees. ``wide``: he is asked about row by row; ``all``: he oversees."""

    user_id: int
    groups: frozenset[str]
    all: bool
    wide: bool

    @property
    def instances(self) -> ColumnElement[bool]:
        """Of instances: the list's form of the rule ``instance.see``."""
        if self.all:
            return true()
        if not self.wide:
            return ProcessInstance.id.in_(union(*self._taken_part(), self._of_own_deals()))
        owned = select(Deal.id).where(Deal.owner_id == self.user_id)
        return or_(
            ProcessInstance.started_by == self.user_id, ProcessInstance.deal_id.in_(owned),
            self._worked(ProcessInstance.id),
        )  # fmt: skip

    @property
    def deals(self) -> ColumnElement[bool]:
        """Of deals: his own and those he works or may work in."""
        if self.all:
            return true()
        if not self.wide:
            return Deal.id.in_(self._deals())
        return self._his(Deal)

    @property
    def documents(self) -> ColumnElement[bool]:
        """Of documents: those of his deals, and those of his clients, of what he started and of what he made that
        belong to no deal."""
        if self.all:
            return true()
        if not self.wide:
            return Document.id.in_(self._documents())
        run, clients = aliased(ProcessInstance), select(Client.id).where(Client.owner_id == self.user_id)
        his = select(run.id).where(
            run.id == Document.instance_id, or_(run.started_by == self.user_id, run.client_id.in_(clients))
        )
        deal = aliased(Deal)  # a list that is joined to its deals asks about them by itself
        of_deal = select(deal.id).where(deal.id == Document.deal_id, self._his(deal))
        loose = and_(Document.deal_id.is_(None), or_(Document.created_by == self.user_id, _any(his)))
        return or_(_any(of_deal), loose)

    def counted(self, session: Session, ids: Select[Any]) -> Count:
        """How many rows there are, as far as they are counted."""
        limited = ids.limit(MOST + 1) if self.wide else ids
        count = session.scalar(select(func.count()).select_from(limited.order_by(None).subquery())) or 0
        return Count(MOST, True) if self.wide and count > MOST else Count(count)

    def _his(self, deal: Any) -> ColumnElement[bool]:
        """Does he own a deal, or has he taken part in its procedures? Asked deal by deal."""
        run = aliased(ProcessInstance)
        taken_part = select(run.id).where(
            run.deal_id == deal.id, or_(run.started_by == self.user_id, self._worked(run.id))
        )
        return or_(deal.owner_id == self.user_id, _any(taken_part))

    def _worked(self, instance_id: Any) -> ColumnElement[bool]:
        """Has or had he a task of an instance, or may he claim one? Asked instance by instance."""
        task, candidate = aliased(UserTask), aliased(Candidate)
        done = select(task.id).where(
            task.instance_id == instance_id, or_(task.assignee_id == self.user_id, task.completed_by == self.user_id)
        )
        may = (
            select(candidate.id).join(task, task.id == candidate.task_id)
            .where(task.instance_id == instance_id, task.rank.is_not(None),
                   or_(candidate.user_id == self.user_id, candidate.group_key.in_(self.groups)))
        )  # fmt: skip
        return or_(_any(done), _any(may))

    def _taken_part(self) -> Sequence[Select[Any]]:
        """The instances of what he started, has, had, did, and may claim: each condition is that of an index."""
        of_task = select(UserTask.instance_id)
        gone = and_(UserTask.rank.is_(None), or_(UserTask.completed_by.is_(None),
                                                 UserTask.completed_by != UserTask.assignee_id))  # fmt: skip
        named = [Candidate.group_key == key for key in sorted(self.groups)] + [Candidate.user_id == self.user_id]
        to_claim = of_task.join(Candidate, Candidate.task_id == UserTask.id).where(UserTask.rank.is_not(None))
        return [
            select(ProcessInstance.id).where(ProcessInstance.started_by == self.user_id),
            of_task.where(UserTask.assignee_id == self.user_id, UserTask.rank.is_not(None)),
            of_task.where(UserTask.completed_by == self.user_id),
            of_task.where(UserTask.assignee_id == self.user_id, gone),
            *(to_claim.where(one) for one in named),
        ]

    def _of_own_deals(self) -> Select[Any]:
        own = Deal.id == ProcessInstance.deal_id
        return select(ProcessInstance.id).join(Deal, own).where(Deal.owner_id == self.user_id)

    def _deals(self) -> Any:
        run = aliased(ProcessInstance)
        worked = select(run.deal_id).where(run.id.in_(union(*self._taken_part())), run.deal_id.is_not(None))
        return union(select(Deal.id).where(Deal.owner_id == self.user_id), worked)

    def _documents(self) -> Any:
        run, paper = aliased(ProcessInstance), aliased(Document)
        loose = select(paper.id).where(paper.deal_id.is_(None))
        of_run = loose.join(run, run.id == paper.instance_id)
        clients = select(Client.id).where(Client.owner_id == self.user_id)
        return union(
            select(paper.id).where(paper.deal_id.in_(self._deals())),
            loose.where(paper.created_by == self.user_id),
            of_run.where(run.started_by == self.user_id),
            of_run.where(run.client_id.in_(clients)),
        )


def _any(found: Select[Any]) -> ColumnElement[bool]:
    """Is there one? Asked for each row that is looked at: of EXISTS PostgreSQL would rather make a list of all that
    there are, which takes a second where a page needs fifty of them."""
    return found.limit(1).scalar_subquery().is_not(None)


def seen(session: Session, actor: Actor) -> Seen:
    """What this person sees; how much he may work in is counted in the index of candidates."""
    mine = row_by_row(actor)
    if mine.all:
        return replace(mine, wide=False)
    may = select(Candidate.task_id).where(Candidate.group_key.in_(actor.groups)).limit(WIDE + 1)
    return replace(mine, wide=(session.scalar(select(func.count()).select_from(may.subquery())) or 0) > WIDE)


def row_by_row(actor: Actor) -> Seen:
    """The same for one row that is known already."""
    return Seen(
        actor.user_id or 0, frozenset(actor.groups), actor.user_id is None or bool(actor.groups & OVERSEERS), wide=True
    )

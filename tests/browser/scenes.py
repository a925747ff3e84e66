"""What stands on a desk before a day begins: put there by the same verbs, only faster than by clicking."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select

from engine import instances, tasks
from engine.crm import assignments, deals
from engine.models import Deal, ProcessInstance, User, UserTask
from engine.work import Actor, run
from tests.browser.company import Company
from tests.cast import actor
from tests.stories import steps
from tests.stories.story import Postbox, Story

SALE = "sale_long_pull"
LARGE = [{"name": "Конференция для клиентов «под ключ»", "quantity": "2", "unit": "мероприятие", "price": "854000.00"}]


class OwnSale(Story):
    """A sale among others: only its own tasks are meant."""

    def task(self, name: str) -> UserTask:
        with self.env.sessions() as session:
            mine = select(UserTask).where(UserTask.instance_id == self.instance_id, UserTask.name == name)
            found = session.scalars(mine.where(UserTask.rank.is_not(None)).order_by(UserTask.id)).first()
        return found or super().task(name)


def who(company: Company, login: str) -> Actor:
    """A person of the demo company."""
    return actor(company.env, login)


def sale(company: Company, login: str, client: int, title: str) -> Story:
    """A sale of this person, begun; what comes next is told by ``tests.stories.steps``."""
    told = OwnSale(company.env, company.clock, Postbox())  # type: ignore[arg-type]
    deal: Deal = run(company.env, who(company, login), deals.open_deal, client, title, contact_id=None)
    begun: ProcessInstance = run(
        company.env, who(company, login), instances.start, SALE, {}, deal_id=deal.id, client_id=client
    )
    told.deal_id, told.instance_id = deal.id, begun.id
    told.work()
    return told


def assignment(company: Company, issuer: str, executor: str, what: str, due: str = "2026-11-27") -> None:
    """Work that one person gives another."""
    begun: ProcessInstance = run(company.env, who(company, issuer), assignments.begin, client_id=1)
    task = open_task(company, begun.id)
    said = {"assignment_what": what, "assignment_expected": "Готово", "assignment_due": due}
    run(company.env, who(company, issuer), tasks.complete, task.id, said | {"assignment_executor": executor})
    company.work()


def contracts_to_approve(company: Company, owners: Sequence[str]) -> list[Story]:
    """As many sales, each with a contract that its approvers have before them."""
    told = [sale(company, login, number, f"Конференция {number}") for number, login in enumerate(owners, 1)]
    calendar = company.env.calendar("main")
    meeting = calendar.due(company.clock.now, "P2BD").at.astimezone(calendar.zone)
    for one in told:
        steps.agree_meeting(one, at=f"{meeting:%Y-%m-%dT%H:%M}")
    company.wait("P3BD")
    ended = meeting + timedelta(hours=1)
    for one in told:
        one.complete("Провести встречу", meeting_result="held", meeting_ended_at=f"{ended:%Y-%m-%dT%H:%M}")
        steps.write_protocol(one)
        steps.prepare_proposal(one, lines=LARGE)
        one.send()
        one.complete("Защитить предложение", proposal_decision="agreed")
        steps.contract_terms(one, event_at="2027-03-16T10:00")
    return told


def open_task(company: Company, instance_id: int) -> UserTask:
    """The one open task of an instance."""
    with company.env.sessions() as session:
        where = (UserTask.instance_id == instance_id, UserTask.rank.is_not(None))
        return session.scalars(select(UserTask).where(*where)).one()


def user_id(company: Company, login: str) -> int:
    """A person's number."""
    with company.env.sessions() as session:
        return session.scalars(select(User.id).where(User.login == login)).one()


def open_names(company: Company, login: str) -> list[str]:
    """What a person has to do."""
    with company.env.sessions() as session:
        mine = select(UserTask.name).join(User, User.id == UserTask.assignee_id).where(User.login == login)
        return sorted(session.scalars(mine.where(UserTask.rank.is_not(None))))

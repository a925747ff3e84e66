"""The teller of stories: a deal, the people around it, what they do by the names they read on the screen, the clock."""
from __future__ import annotations

import email
import io
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import default
from typing import Any

from lxml import etree
from sqlalchemy import select

from engine import audit, instances, jobs, messages, tasks, values
from engine.crm import deals
from engine.crm.facts import deal_facts
from engine.environment import Environment
from engine.models import (
    Absence,
    AuditEvent,
    Candidate,
    Client,
    ControlPoint,
    Deal,
    Document,
    Incident,
    Job,
    Membership,
    MilestoneReached,
    ProcessInstance,
    StoredFile,
    User,
    UserTask,
)
from engine.vocabulary import JobStatus
from engine.work import SYSTEM, run, unit_of_work
from tests.case import Clock
from tests.cast import actor

WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
ENDLESS = 200
APPROVALS = ("Согласовать документ", "Согласовать в свою очередь", "Проголосовать за документ")


@dataclass
class Postbox:
    """What the mail server took."""

    port: int = 0
    letters: list[EmailMessage] = field(default_factory=list)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        message = email.message_from_bytes(envelope.content, policy=default)
        assert isinstance(message, EmailMessage)
        self.letters.append(message)
        return "250 OK"

    def to(self, address: str) -> list[str]:
        """Subjects of the letters to one address, in order."""
        return [str(letter["Subject"]) for letter in self.letters if address in str(letter["To"])]

    def letter(self, subject: str) -> EmailMessage:
        """The last letter whose subject holds this text."""
        found = [letter for letter in self.letters if subject in str(letter["Subject"])]
        assert found, f"no letter about «{subject}»; there are {[str(letter['Subject']) for letter in self.letters]}"
        return found[-1]


class Story:
    """One sale and everybody who takes part in it."""

    def __init__(self, env: Environment, clock: Clock, mailbox: Postbox) -> None:
        self.env, self.clock, self.mailbox = env, clock, mailbox
        self.deal_id = self.instance_id = 0

    # --- what people do ----------------------------------------------------------------------------------------------

    def begin(self, title: str = "Конференция для партнёров", client: int = 1) -> None:
        """Anna opens a deal and starts the long sale."""
        opened: Deal = self.act("anna", deals.open_deal, client, title, contact_id=None)
        self.deal_id = opened.id
        begun: ProcessInstance = self.act(
            "anna", instances.start, "sale_long_pull", {}, deal_id=self.deal_id, client_id=client
        )
        self.instance_id = begun.id
        self.work()

    def start(
        self, procedure: str, by: str = "anna", client: int | None = None, title: str | None = None,
        variables: Mapping[str, Any] | None = None,
    ) -> None:  # fmt: skip
        """Somebody starts a procedure: about a new deal (``title``) of a client, about a client, or about neither."""
        if title is not None:
            opened: Deal = self.act(by, deals.open_deal, client, title)
            self.deal_id = opened.id
        begun: ProcessInstance = self.act(
            by, instances.start, procedure, dict(variables or {}), client_id=client,
            deal_id=self.deal_id if title is not None else None,
        )  # fmt: skip
        self.instance_id = begun.id
        self.work()

    def begin_about(
        self, deal_id: int, procedure: str, by: str = "anna", variables: Mapping[str, Any] | None = None
    ) -> None:
        """Somebody starts a procedure about a deal that is there already."""
        self.deal_id = deal_id
        self.instance_id = self.act(by, instances.start, procedure, dict(variables or {}), deal_id=deal_id).id
        self.work()

    def act(self, login: str, verb: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """One verb, as this person."""
        return run(self.env, actor(self.env, login), verb, *arguments, **named)

    def complete(self, name: str, by: str | None = None, **filled: Any) -> UserTask:
        """Complete the open task of this name. What is not ``filled`` stays as the form proposes it.

        ``by``: default whoever has the task, else a member of the group that may take it.
        """
        task = self.task(name)
        done: UserTask = self.act(by or self.performer(task), tasks.complete, task.id, filled)
        self.work()
        return done

    def send(self, **filled: Any) -> None:
        """Look at the new document and send it to the client."""
        self.complete("Проверить и отправить", **filled)

    def client_cancels(self) -> None:
        """The client leaves the deal, whatever stage it is in."""
        self.act("anna", messages.correlate, "client_cancels", str(self.deal_id), {})
        self.work()

    def round(self, key: str) -> None:
        """A round over all clients begins: the timer of that procedure goes off."""
        with unit_of_work(self.env, SYSTEM) as work:
            timer = self.env.library.latest(work.session, key).procedure.start_timers[0]
            instances.start_by_event(work, key, "timer", timer, {})
        self.work()

    def stands_in(self, login: str, for_whom: str) -> None:
        """One person acts for another in the coming month."""
        with unit_of_work(self.env, SYSTEM) as work:
            people = {user.login: user.id for user in work.session.scalars(select(User))}
            work.session.add(
                Absence(user_id=people[for_whom], substitute_id=people[login], starts_at=self.clock.now,
                        ends_at=self.clock.now + timedelta(days=30), reason="отпуск")
            )  # fmt: skip

    def wait(self, spec: str) -> None:
        """Let working or calendar time pass (``P2BD``, ``PT3H``); what falls due meanwhile is done in turn."""
        self.until(self.env.calendar("main").due(self.clock.now, spec).at)

    def until(self, moment: datetime) -> None:
        """Let time pass until a moment, going from one due job to the next."""
        while (following := self._next_due()) is not None and following <= moment:
            self.clock.now = max(self.clock.now, following)
            self.work()
        self.clock.now = max(self.clock.now, moment)
        self.work()

    def work(self) -> None:
        """Do all jobs that are due now. A story has no incidents."""
        for _ in range(ENDLESS):
            if not jobs.run_due(self.env):
                break
        with self.env.sessions() as session:
            trouble = [f"{one.element_id}: {one.message}" for one in session.scalars(select(Incident))]
            retried = [f"{job.type}: {job.error}" for job in session.scalars(select(Job)) if job.error]
        assert trouble == []
        assert retried == []

    # --- what one sees -----------------------------------------------------------------------------------------------

    @property
    def open(self) -> list[str]:
        """Names of the open tasks of all instances, sorted."""
        with self.env.sessions() as session:
            return sorted(session.scalars(select(UserTask.name).where(UserTask.rank.is_not(None))))

    def task(self, name: str) -> UserTask:
        """The open task of this name; of several the first."""
        with self.env.sessions() as session:
            query = select(UserTask).where(UserTask.name == name, UserTask.rank.is_not(None)).order_by(UserTask.id)
            found = session.scalars(query).first()
        assert found is not None, f"there is no open task «{name}»; open are {self.open}"
        return found

    def task_of(self, name: str, group: str) -> UserTask:
        """The open task of this name that a group may take (one of several approvals)."""
        with self.env.sessions() as session:
            query = (
                select(UserTask)
                .join(Candidate, Candidate.task_id == UserTask.id)
                .where(UserTask.name == name, UserTask.rank.is_not(None), Candidate.group_key == group)
            )
            found = session.scalars(query).first()
        assert found is not None, f"«{name}» does not wait for {group}; open are {self.open}"
        return found

    def approve(self, group: str, by: str | None = None, decision: str = "approve", remark: str | None = None) -> None:
        """An approver's answer."""
        name = next((name for name in APPROVALS if name in self.open), APPROVALS[0])
        task = self.task_of(name, group)
        said = {"approval_decision": decision} | ({"approval_remark": remark} if remark else {})
        self.act(by or self.performer(task), tasks.complete, task.id, said)
        self.work()

    def performer(self, task: UserTask) -> str:
        """Login of whoever has the task, else of the first member of its group."""
        with self.env.sessions() as session:
            if task.assignee_id is not None:
                return session.get_one(User, task.assignee_id).login
            query = (
                select(User.login)
                .join(Membership, Membership.user_id == User.id)
                .join(Candidate, Candidate.group_key == Membership.group_key)
                .where(Candidate.task_id == task.id)
                .order_by(User.id)
            )
            return str(session.scalars(query).first())

    @property
    def deal(self) -> Mapping[str, Any]:
        """The deal as the forms see it."""
        with self.env.sessions() as session:
            return dict(deal_facts(session, self.env, session.get_one(Deal, self.deal_id)))

    @property
    def client(self) -> Client:
        with self.env.sessions() as session:
            return session.get_one(Client, session.get_one(Deal, self.deal_id).client_id)

    @property
    def milestones(self) -> list[str]:
        """Milestones in the order in which the deal reached them."""
        with self.env.sessions() as session:
            query = select(MilestoneReached).filter_by(deal_id=self.deal_id).order_by(MilestoneReached.id)
            rows = session.scalars(query)
            return [row.milestone for row in rows]

    @property
    def instance(self) -> ProcessInstance:
        with self.env.sessions() as session:
            return session.get_one(ProcessInstance, self.instance_id)

    @property
    def variables(self) -> dict[str, Any]:
        decoded: dict[str, Any] = values.decode(self.instance.variables)
        return decoded

    def variables_of(self, name: str) -> Mapping[str, Any]:
        """The variables as the open task of this name sees them."""
        task = self.task(name)
        with unit_of_work(self.env, SYSTEM) as work:
            return dict(tasks.seen(work, work.session.get_one(UserTask, task.id)))

    def points(self, code: str) -> list[ControlPoint]:
        """Control points of a code, in the order they were opened."""
        with self.env.sessions() as session:
            return list(session.scalars(select(ControlPoint).filter_by(code=code).order_by(ControlPoint.id)))

    def documents(self, kind: str) -> list[Document]:
        """All versions of the documents of a kind."""
        with self.env.sessions() as session:
            return list(session.scalars(select(Document).filter_by(kind=kind).order_by(Document.id)))

    def text_of(self, kind: str) -> str:
        """The words of the last document of a kind, read out of its Word file."""
        with self.env.sessions() as session:
            row = session.scalars(select(Document).filter_by(kind=kind).order_by(Document.id.desc())).first()
            assert row is not None, f"there is no {kind}"
            assert row.docx_id is not None, f"{kind} has no file"
            content = self.env.files.get(session.get_one(StoredFile, row.docx_id).sha256)
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            tree = etree.fromstring(archive.read("word/document.xml"))
        paragraphs = ("".join(run.text or "" for run in one.iter(f"{WORD}t")) for one in tree.iter(f"{WORD}p"))
        return "\n".join(paragraphs).replace("\u00a0", " ").replace("\u202f", " ")

    def log(self) -> list[str]:
        """Types of the lines in the instance's chain."""
        with self.env.sessions() as session:
            query = select(AuditEvent.type).where(AuditEvent.chain == self.instance_id).order_by(AuditEvent.seq)
            return list(session.scalars(query))

    def chain_is_whole(self) -> bool:
        """Does every line of the instance's log follow from the one before it?"""
        with self.env.sessions() as session:
            return audit.verify(session, self.instance_id).holds

    def _next_due(self) -> datetime | None:
        with self.env.sessions() as session:
            found = session.scalar(
                select(Job.due_at).where(Job.status == JobStatus.WAITING).order_by(Job.due_at).limit(1)
            )
        return found


def days(moment: datetime, **distance: float) -> datetime:
    """A moment so much later."""
    return moment + timedelta(**distance)

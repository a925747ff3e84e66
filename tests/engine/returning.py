"""What the tests of returns and recalls share: a story that goes back, and whether the instance is whole afterwards."""
from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import select

from engine import bpmn, returns
from engine.errors import WrongState
from engine.models import Candidate, FormDraft, Job, MessageSubscription, TaskReturn, UserTask, Visit
from engine.vocabulary import JobKind
from engine.work import unit_of_work
from tests.case import Case, drawing, user_task
from tests.cast import actor


class Back(Case):
    """A case in which people change their minds."""

    def give_back(self, element_id: str, to: str, login: str = "elena", remark: str = "The sum is wrong") -> UserTask:
        """Return the open task of one element to the last performer of another."""
        opened: UserTask = self.act(login, returns.return_to, self.task(element_id).id, self.done(to).id, remark)
        sound(self)
        return opened

    def recall(self, element_id: str, login: str = "anna") -> UserTask:
        """Take back what one has completed."""
        opened: UserTask = self.act(login, returns.recall, self.done(element_id).id, "I forgot something")
        sound(self)
        return opened

    def done(self, element_id: str) -> UserTask:
        """The last completed task of an element."""
        with self.env.sessions() as session:
            query = select(UserTask).where(
                UserTask.instance_id == self.instance_id, UserTask.element_id == element_id,
                UserTask.completed_by.is_not(None),
            )
            return session.scalars(query.order_by(UserTask.id.desc())).first() or pytest.fail(f"{element_id} not done")

    def see(self, element_id: str, login: str) -> bool:
        """Somebody opens the page of a task."""
        return bool(self.act(login, returns.mark_seen, self.task(element_id).id))

    def targets(self, element_id: str, login: str = "elena") -> dict[str, str | None]:
        """Earlier steps and why one may not go back to them."""
        with unit_of_work(self.env, actor(self.env, login)) as work:
            task = work.session.get_one(UserTask, self.task(element_id).id)
            found = returns.targets(work, task)
            return {one.task.element_id: str(one.refused) if one.refused else None for one in found}

    def seen_by(self, element_id: str) -> dict[str, object]:
        """The variables an open task sees."""
        procedure, host = self.procedure_and_host()
        tokens = bpmn.look(procedure, self.instance.state, host).tasks
        return dict(next(token.variables for token in tokens if token.element.id == element_id))

    def procedure_and_host(self) -> tuple[bpmn.Procedure, bpmn.Host]:
        with self.env.sessions() as session:
            instance = session.merge(self.instance)
            definition = self.env.library.definition(session, instance.definition_id)
            return definition.procedure, self.env.host(session, instance, self.clock.now)

    @property
    def returns(self) -> list[TaskReturn]:
        with self.env.sessions() as session:
            return list(session.scalars(select(TaskReturn).order_by(TaskReturn.id)))

    @property
    def timers(self) -> list[str]:
        """Elements whose timers run."""
        return sorted(str(job.element_id) for job in self.jobs(kind=JobKind.TIMER) if job.ended_at is None)


@contextmanager
def refused(saying: str) -> Iterator[None]:
    """It is refused, and the sentence says why."""
    with pytest.raises(WrongState, match=saying):
        yield


def sound(case: Case) -> None:
    """Nothing is left over: rows and state agree, the state survives its codec, the chain of the log verifies."""
    instance = case.instance
    assert case.verify().holds
    if instance.status not in ("active", "suspended"):
        return
    assert isinstance(case, Back)
    procedure, host = case.procedure_and_host()
    snapshot = bpmn.look(procedure, instance.state, host)
    root = bpmn.runner.load(procedure, instance.state, host)
    again = bpmn.runner.load(procedure, bpmn.state.encode(root), host)
    assert bpmn.state.encode(again) == bpmn.state.encode(root)
    with case.env.sessions() as session:
        tasks = session.scalars(select(UserTask).where(UserTask.instance_id == instance.id)).all()
        opened = {task.token_id: task.id for task in tasks if task.rank is not None}
        assert set(opened) == {token.token_id for token in snapshot.tasks}
        kinds = (JobKind.TIMER, JobKind.ACTION)
        owed = session.scalars(select(Job).where(Job.instance_id == instance.id, Job.kind.in_(kinds))).all()
        due = {job.token_id for job in owed if job.ended_at is None}
        assert due == {token.token_id for token in (*snapshot.timers, *snapshot.services)}
        awaited = session.scalars(
            select(MessageSubscription.token_id).where(MessageSubscription.instance_id == instance.id)
        )
        assert set(awaited) == {token.token_id for token in snapshot.subscriptions}
        here = select(Visit.token_id).where(Visit.instance_id == instance.id, Visit.left_at.is_(None))
        live = {task.id for scope in root.scopes for task in scope.live()}
        assert set(session.scalars(here)) <= live
        ids = set(session.scalars(select(UserTask.id).where(UserTask.rank.is_not(None))))
        assert {row.task_id for row in session.scalars(select(Candidate))} <= ids
        done = set(session.scalars(select(UserTask.id).where(UserTask.status == "completed")))
        assert not done & set(session.scalars(select(FormDraft.task_id)))


# --- drawings ----------------------------------------------------------------------------------------------------

S1, E1 = '<bpmn:startEvent id="s1"/>', '<bpmn:endEvent id="e1"/>'
END2 = '<bpmn:endEvent id="end2"/>'


def gate(element_id: str, kind: str = "parallel") -> str:
    return f'<bpmn:{kind}Gateway id="{element_id}" name="{element_id}"/>'


def sub(element_id: str, body: str, flows: str, inner: str = "", event: bool = False) -> str:
    """An embedded sub-process; ``inner``: its loop characteristics."""
    made = drawing("x", body, flows=flows).decode()
    made = made[made.index("<bpmn:process") :]
    made = re.sub(r'id="(f\d)', rf'id="{element_id}_\1', made[made.index(">") + 1 : made.index("</bpmn:process>")])
    mark = ' triggeredByEvent="true"' if event else ""
    return f'<bpmn:subProcess id="{element_id}" name="{element_id}"{mark}>{made}{inner}</bpmn:subProcess>'


def each(sequential: bool) -> str:
    return (
        f'<bpmn:multiInstanceLoopCharacteristics isSequential="{str(sequential).lower()}"><bpmn:extensionElements>'
        '<zeebe:loopCharacteristics inputCollection="=people" inputElement="person"/></bpmn:extensionElements>'
        "</bpmn:multiInstanceLoopCharacteristics>"
    )


def several(element_id: str, sequential: bool) -> str:
    return user_task(element_id).replace("</bpmn:userTask>", f"{each(sequential)}</bpmn:userTask>")


def called(element_id: str, key: str) -> str:
    return (
        f'<bpmn:callActivity id="{element_id}" name="{element_id}"><bpmn:extensionElements>'
        f'<zeebe:calledElement processId="{key}"/></bpmn:extensionElements></bpmn:callActivity>'
    )

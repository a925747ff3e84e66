"""The driver of the engine's tests: publish a drawing, start it, act as people by login, complete by element id, move
the clock and let due jobs run. Everything goes through the verbs, nothing is faked."""
from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from engine import audit, deployments, instances, jobs, tasks, values
from engine.environment import Environment
from engine.models import AuditEvent, Incident, Job, ProcessInstance, User, UserTask, Visit
from engine.work import run, unit_of_work
from tests.cast import actor

NAMESPACES = (
    'xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
)


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def move(self, **distance: float) -> None:
        self.now += timedelta(**distance)


def drawing(key: str, body: str, roots: str = "", properties: str = "", flows: str = "") -> bytes:
    """A BPMN file with one process. ``body``: elements; ``flows``: ``a>b b>c[=x > 1] c>d[default]`` as short-hand."""
    known: list[str] = []
    for number, flow in enumerate(flows.split(";") if flows.strip() else []):
        path, _, condition = flow.strip().partition("[")
        source, _, target = path.partition(">")
        condition = condition.removesuffix("]")
        inner = (
            f'<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">{_escape(condition)}'
            "</bpmn:conditionExpression>"
            if condition and condition != "default"
            else ""
        )
        name = f"f{number}"
        if condition == "default":
            body = body.replace(f'id="{source.strip()}"', f'id="{source.strip()}" default="{name}"')
        known.append(
            f'<bpmn:sequenceFlow id="{name}" sourceRef="{source.strip()}" targetRef="{target.strip()}">{inner}'
            "</bpmn:sequenceFlow>"
        )
    extension = f"<bpmn:extensionElements><zeebe:properties>{properties}</zeebe:properties></bpmn:extensionElements>"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><bpmn:definitions {NAMESPACES} id="D_{key}" targetNamespace="urn:test">'
        f'{roots}<bpmn:process id="{key}" name="{key}" isExecutable="true">{extension if properties else ""}'
        f"{body}{''.join(known)}</bpmn:process></bpmn:definitions>"
    ).encode()


def user_task(
    element_id: str, name: str = "", groups: str = "manager", form: str | None = None, extra: str = "", **own: str
) -> str:
    """A user task. ``extra``: more zeebe elements; ``own``: zeebe:property values."""
    properties = "".join(f'<zeebe:property name="{key}" value="{_escape(value)}"/>' for key, value in own.items())
    assigned = f'<zeebe:assignmentDefinition candidateGroups="{groups}"/>' if groups else ""
    shown = f'<zeebe:formDefinition externalReference="{form}"/>' if form else ""
    return (
        f'<bpmn:userTask id="{element_id}" name="{name or element_id}"><bpmn:extensionElements><zeebe:userTask/>'
        f"{assigned}{shown}{extra}"
        + (f"<zeebe:properties>{properties}</zeebe:properties>" if properties else "")
        + "</bpmn:extensionElements></bpmn:userTask>"
    )


def service_task(element_id: str, action: str, extra: str = "", retries: str = "3") -> str:
    """A service task that calls a registered action."""
    return (
        f'<bpmn:serviceTask id="{element_id}" name="{element_id}"><bpmn:extensionElements>'
        f'<zeebe:taskDefinition type="{action}" retries="{retries}"/>{extra}'
        "</bpmn:extensionElements></bpmn:serviceTask>"
    )


def timer(
    element_id: str, value: str, on: str | None = None, interrupting: bool = True, kind: str = "timeDuration"
) -> str:
    """An intermediate timer, or with ``on`` a boundary one."""
    tag = "boundaryEvent" if on else "intermediateCatchEvent"
    attached = f' attachedToRef="{on}" cancelActivity="{str(interrupting).lower()}"' if on else ""
    return (
        f'<bpmn:{tag} id="{element_id}" name="{element_id}"{attached}><bpmn:timerEventDefinition id="{element_id}_d">'
        f'<bpmn:{kind} xsi:type="bpmn:tFormalExpression">{_escape(value)}</bpmn:{kind}></bpmn:timerEventDefinition>'
        f"</bpmn:{tag}>"
    )


def form(*fields: str) -> bytes:
    """A form with these fields: ``amount:number``, ``note`` (text), ``ok:checkbox``."""
    components = []
    for number, field in enumerate(fields):
        key, _, kind = field.partition(":")
        components.append({"type": kind or "textfield", "key": key, "label": key, "id": f"Field_{number}"})
    return json.dumps({"schemaVersion": 16, "type": "default", "id": "form", "components": components}).encode()


def catch(element_id: str, kind: str, ref: str) -> str:
    """An intermediate catch event for a message or signal declared in ``roots``."""
    return (
        f'<bpmn:intermediateCatchEvent id="{element_id}" name="{element_id}"><bpmn:{kind}EventDefinition '
        f'id="{element_id}_d" {kind}Ref="{ref}"/></bpmn:intermediateCatchEvent>'
    )


def throw(element_id: str, kind: str, ref: str) -> str:
    """An intermediate throw event."""
    return (
        f'<bpmn:intermediateThrowEvent id="{element_id}" name="{element_id}"><bpmn:{kind}EventDefinition '
        f'id="{element_id}_d" {kind}Ref="{ref}"/></bpmn:intermediateThrowEvent>'
    )


def message(element_id: str, name: str, key: str) -> str:
    """A message with its correlation key (FEEL)."""
    return (
        f'<bpmn:message id="{element_id}" name="{name}"><bpmn:extensionElements>'
        f'<zeebe:subscription correlationKey="{_escape(key)}"/></bpmn:extensionElements></bpmn:message>'
    )


def signal(element_id: str, name: str) -> str:
    """A signal."""
    return f'<bpmn:signal id="{element_id}" name="{name}"/>'


def script(element_id: str, expression: str, variable: str) -> str:
    """A FEEL script task."""
    return (
        f'<bpmn:scriptTask id="{element_id}" name="{element_id}"><bpmn:extensionElements>'
        f'<zeebe:script expression="{_escape(expression)}" resultVariable="{variable}"/>'
        "</bpmn:extensionElements></bpmn:scriptTask>"
    )


START, END = '<bpmn:startEvent id="start"/>', '<bpmn:endEvent id="end"/>'


class Case:
    """One story: who does what to which instance."""

    def __init__(self, env: Environment, clock: Clock) -> None:
        self.env = env
        self.clock = clock
        self.instance_id = 0

    # --- acting ------------------------------------------------------------------------------------------------------

    def act(self, login: str, verb: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """One verb in its own transaction, as this person."""
        return run(self.env, actor(self.env, login), verb, *args, **kwargs)

    def publish(self, *drawings: bytes, forms: Mapping[str, bytes] | None = None, **more: bytes) -> Any:
        """Publish drawings (and ``forms`` by key) as the process designer."""
        files = {f"processes/test/{number}_{len(content)}.bpmn": content for number, content in enumerate(drawings)}
        files |= {f"forms/{key}.form": content for key, content in (forms or {}).items()} | more
        return self.act("maria", deployments.publish, files)

    def start(self, key: str, login: str = "system", **variables: Any) -> ProcessInstance:
        """Start an instance; it becomes the one that the story is about."""
        instance: ProcessInstance = self.act(login, instances.start, key, variables)
        self.instance_id = instance.id
        return instance

    def complete(self, element_id: str, login: str = "anna", **raw: Any) -> UserTask:
        """Complete the open task of this element."""
        completed: UserTask = self.act(login, tasks.complete, self.task(element_id).id, raw)
        return completed

    def later(self, **distance: float) -> int:
        """Move the clock, run what falls due."""
        self.clock.move(**distance)
        return self.run_jobs()

    def run_jobs(self, limit: int = 50) -> int:
        """Run due jobs until there are none; returns how many."""
        total = 0
        for _ in range(limit):
            done = jobs.run_due(self.env)
            total += done
            if not done:
                return total
        raise AssertionError("jobs make jobs without end")

    # --- looking -----------------------------------------------------------------------------------------------------

    @property
    def instance(self) -> ProcessInstance:
        with self.env.sessions() as session:
            return session.get_one(ProcessInstance, self.instance_id)

    @property
    def variables(self) -> dict[str, Any]:
        decoded: dict[str, Any] = values.decode(self.instance.variables)
        return decoded

    def task(self, element_id: str) -> UserTask:
        """The open task of this element, or the last one that ended."""
        with self.env.sessions() as session:
            rows = session.scalars(
                select(UserTask)
                .where(UserTask.instance_id == self.instance_id, UserTask.element_id == element_id)
                .order_by(UserTask.rank.is_(None), UserTask.id.desc())
            ).all()
        assert rows, f"there is no task {element_id}; open are {self.open}"
        return rows[0]

    @property
    def open(self) -> list[str]:
        """Element ids of the open tasks of this instance."""
        with self.env.sessions() as session:
            return sorted(
                session.scalars(
                    select(UserTask.element_id)
                    .where(UserTask.instance_id == self.instance_id, UserTask.rank.is_not(None))
                )
            )

    def jobs(self, **wanted: Any) -> list[Job]:
        with self.env.sessions() as session:
            return list(session.scalars(select(Job).filter_by(**wanted).order_by(Job.id)))

    @property
    def incidents(self) -> list[Incident]:
        with self.env.sessions() as session:
            return list(session.scalars(select(Incident).order_by(Incident.id)))

    def log(self, chain: int | None = None) -> list[AuditEvent]:
        """Lines of this instance's chain (or of another)."""
        with self.env.sessions() as session:
            return list(
                session.scalars(
                    select(AuditEvent)
                    .where(AuditEvent.chain == (self.instance_id if chain is None else chain))
                    .order_by(AuditEvent.seq)
                )
            )

    def logged(self, chain: int | None = None) -> list[str]:
        return [line.type for line in self.log(chain)]

    @property
    def visits(self) -> list[Visit]:
        with self.env.sessions() as session:
            return list(session.scalars(select(Visit).filter_by(instance_id=self.instance_id).order_by(Visit.id)))

    def user(self, login: str) -> User:
        with self.env.sessions() as session:
            return session.scalars(select(User).where(User.login == login)).one()

    def verify(self) -> audit.Verdict:
        with self.env.sessions() as session:
            return audit.verify(session, self.instance_id)

    def put(self, *rows: Any) -> None:
        """Write rows of test data directly."""
        with unit_of_work(self.env, actor(self.env, "system")) as work:
            work.session.add_all(rows)


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")

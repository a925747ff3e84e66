"""A small driver for instances: every step goes through bytes, so every test also tests saving and loading again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from engine import bpmn
from engine.bpmn import normalize, reader, specs, xml
from engine.bpmn.prepare import prepare
from engine.bpmn.types import Advance, Host, Procedure, Snapshot
from engine.calendar import Calendar
from engine.errors import NotFound
from tests.engine.drawings import el, ext, zeebe

NOON = datetime(2030, 1, 15, 12, tzinfo=UTC)  # a Tuesday
OFFICE = Calendar("test", ZoneInfo("UTC"), ((time(9), time(18)),))


def script(identity: str, expression: str, variable: str) -> str:
    """A script task that sets one variable."""
    return el("scriptTask", identity, ext(zeebe("script", expression="=" + expression, resultVariable=variable)))


def service(identity: str, extra: str = "", action: str = "do") -> str:
    """A service task."""
    return el("serviceTask", identity, ext(zeebe("taskDefinition", type=action) + extra))


def io(*inputs: tuple[str, str], out: tuple[tuple[str, str], ...] = ()) -> str:
    """An ioMapping of (target, source) pairs."""
    return zeebe(
        "ioMapping",
        "".join(zeebe("input", source=source, target=target) for target, source in inputs)
        + "".join(zeebe("output", source=source, target=target) for target, source in out),
    )


def plain(identity: str, inner: str = "") -> str:
    """A user task with nothing but its id."""
    return el("userTask", identity, inner)


def read(*contents: bytes) -> dict[str, Procedure]:
    """Procedures of drawings, past the gate's rules: tests of execution need not be fit for publication."""
    found = {}
    for content in contents:
        root = xml.parse("test.bpmn", content)
        prepare("test.bpmn", root)
        tree = normalize.normalize(root)
        for item in reader.procedures(root):
            found[item.key] = replace(item, compiled=specs.compile(tree, item.key, item.elements))
    return found


class Run:
    """One instance and its world."""

    def __init__(self, *contents: bytes, key: str = "p", facts: Mapping[str, Any] | None = None, **host: Any) -> None:
        self.procedures = read(*contents)
        self.key = key
        self.now = NOON
        self.facts = dict(facts or {})
        self.settings = host
        self.decisions: dict[str, Any] = {}
        self.state = b""
        self.last: Advance | None = None
        self.happened: list[Any] = []
        self.thrown: list[Any] = []

    @property
    def procedure(self) -> Procedure:
        return self.procedures[self.key]

    def host(self) -> Host:
        def procedure(key: str) -> Procedure:
            if key not in self.procedures:
                raise NotFound("There is no procedure «{key}»", key=key)
            return self.procedures[key]

        return Host(
            now=self.now,
            procedure=procedure,
            decide=lambda decision, variables: self.decisions[decision](variables),
            due=lambda value, start: OFFICE.due(start, value).at,
            facts=self.facts,
            **self.settings,
        )

    # ------------------------------------------------------------- steps
    def start(self, **variables: Any) -> Run:
        return self.take(lambda: bpmn.start(self.procedure, variables, self.host()))

    def start_by(self, kind: str, name: str, **payload: Any) -> Run:
        return self.take(lambda: bpmn.start_by_event(self.procedure, kind, name, payload, self.host()))

    def complete(self, element: str, **data: Any) -> Run:
        return self.step(bpmn.complete, self.task(element), data)

    def serve(self, element: str, **data: Any) -> Run:
        return self.step(bpmn.finish_service, self.one(self.snapshot.services, element), data)

    def fail(self, element: str, code: str, message: str = "no") -> Run:
        token = self.one((*self.snapshot.services, *self.snapshot.tasks), element)
        return self.step(bpmn.throw_error, token, code, message)

    def fire(self, element: str) -> Run:
        return self.step(bpmn.fire_timer, self.one(self.snapshot.timers, element))

    def deliver(self, element: str, **payload: Any) -> Run:
        return self.step(bpmn.deliver, self.one(self.snapshot.subscriptions, element), payload)

    def resume(self) -> Run:
        return self.take(lambda: bpmn.resume(self.procedure, self.state, self.host()))

    def step(self, function: Any, token_id: str, *more: Any) -> Run:
        return self.take(lambda: function(self.procedure, self.state, token_id, *more, self.host()))

    def take(self, move: Any) -> Run:
        """Make a step; an incident leaves the instance where it got to, and is raised."""
        try:
            self.last = move()
        except bpmn.ElementFailed as failed:
            if failed.advance is not None:
                self.last = failed.advance
                self.state = failed.advance.state
            raise
        self.state = self.last.state
        self.happened += self.last.happened
        self.thrown += self.last.thrown
        assert bpmn.look(self.procedure, self.state, self.host()) == self.last.snapshot
        return self

    def pass_time(self, **delta: float) -> Run:
        self.now += timedelta(**delta)
        return self

    # ------------------------------------------------------------- what is open
    @property
    def snapshot(self) -> Snapshot:
        return bpmn.look(self.procedure, self.state, self.host())

    @property
    def open(self) -> list[str]:
        return sorted(token.element.id for token in self.snapshot.tasks)

    @property
    def timers(self) -> dict[str, datetime]:
        return {token.element.id: token.due_at for token in self.snapshot.timers}

    @property
    def awaited(self) -> list[tuple[str, str, str | None]]:
        return sorted((t.kind, t.name, t.correlation_key) for t in self.snapshot.subscriptions)

    @property
    def done(self) -> bool:
        return self.snapshot.completed

    @property
    def result(self) -> dict[str, Any]:
        return dict(self.snapshot.result)

    def task(self, element: str) -> str:
        return self.one(self.snapshot.tasks, element)

    def variables(self, element: str) -> dict[str, Any]:
        return dict(next(token.variables for token in self.snapshot.tasks if token.element.id == element))

    def one(self, tokens: Any, element: str) -> str:
        found = [token.token_id for token in tokens if token.element.id == element]
        assert found, f"nothing open at {element}: {[token.element.id for token in tokens]}"
        return str(found[0])

    def trace(self, event: str = "completed") -> list[str]:
        return [item.element_id for item in self.happened if item.event == event]

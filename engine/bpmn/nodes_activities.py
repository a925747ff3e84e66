"""Activities: work that waits for a person or an action, scripts and decisions, and what has an inside."""
from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from SpiffWorkflow.bpmn.specs.mixins import (
    CallActivityMixin,
    ManualTaskMixin,
    ReceiveTaskMixin,
    ScriptTaskMixin,
    SendTaskMixin,
    ServiceTaskMixin,
    SubWorkflowTaskMixin,
    UserTaskMixin,
)
from SpiffWorkflow.util.task import TaskState as State

from engine.bpmn import ending, events, merging, throwing
from engine.bpmn.evaluation import LOCAL, FeelEngine, assign, mapped, visible
from engine.bpmn.known import Known
from engine.bpmn.nodes import ARMED, DONE, ON, Node, engine_of, label, win_race
from engine.bpmn.scopes import Inside, Scope, ScopeSpec, Visit
from engine.bpmn.types import Element
from engine.errors import Failed, text

if TYPE_CHECKING:
    from engine.bpmn.loops import Loop


DEEPEST = 50
WRITES = "writes"  # internal data: the numbers of the writes of what DONE holds
INTO = "into"  # internal data: where to go on inside, instead of at the start (engine.bpmn.moving)
AGAIN = "again"  # internal data: what was given when this step was done before: it shows it again
SHOWN = "shown"  # internal data: the names of what is shown again


class Activity(Node):
    """Anything with input and output mappings and boundary events.

    ``loop``: the loop it is the body of; ``maps_itself``: whether the mappings on it are its own (a loop's are those of
    its rounds).
    """

    loop: Loop | None = None
    maps_itself = True

    def _run_hook(self, my_task: Visit) -> bool | None:
        if DONE in my_task.internal_data:
            self.settle(my_task, my_task.internal_data[DONE])
            return True
        engine = engine_of(my_task)
        if self.drawn.settings.inputs and self.maps_itself:
            names = visible(my_task)
            inputs = mapped(engine, self.drawn.settings.inputs, names)
            my_task.internal_data[LOCAL] = {**my_task.internal_data.get(LOCAL, {}), **inputs}
        if again := my_task.internal_data.pop(AGAIN, None):
            my_task.internal_data[LOCAL] = {**my_task.internal_data.get(LOCAL, {}), **again}
            my_task.internal_data[SHOWN] = list(again)
        armed = [(event, event.arm(my_task)) for event in self.boundaries if event.armed_early]
        my_task.scope.top.note("entered", my_task)
        if self.perform(my_task):
            return True
        for event, what in armed:
            self._sit(my_task, event, what)
        return None

    def perform(self, task: Visit) -> bool | None:
        """Do the work: True when it is done, otherwise the visit has been made to rest."""
        task.rest()
        return None

    def conclude(self, task: Visit, produced: Mapping[str, Any]) -> None:
        """Give a resting visit its results; the loop ends it."""
        shown = task.internal_data.get(SHOWN, ())  # what the form no longer says is not there, but has its name
        emptied = {name: None for name in shown if name not in produced and name not in task.data}
        task.internal_data[DONE] = {**emptied, **produced}
        self.raise_again(task)

    def settle(self, task: Visit, produced: Mapping[str, Any]) -> None:
        """What comes out: the mapped outputs only if there are any, else everything produced."""
        outputs = self.drawn.settings.outputs
        if outputs and self.maps_itself:
            task.write(mapped(engine_of(task), outputs, {**visible(task), **produced}, task.data))
        else:
            task.write(produced)
            if local := task.internal_data.get(LOCAL):  # what an input mapping brought in is now what the form says
                task.internal_data[LOCAL] = local | {name: produced[name] for name in local if name in produced}

    def depart(self, task: Visit) -> None:
        """Boundary events leave with the activity; the body of a loop reports to the loop."""
        if self.loop is not None:
            self.loop.gather(task)
            return
        self.disarm(task)
        super().depart(task)

    def withdraw(self, task: Visit, entered: bool) -> None:
        """Cancelled with its boundary events and its inside."""
        super().withdraw(task, entered)
        self.disarm(task)

    def disarm(self, task: Visit) -> None:
        """Withdraw the boundary events of this visit."""
        if any(event.armed_early for event in self.boundaries):
            for other in task.scope.live():
                if other.internal_data.get(ON) == task.id:
                    other.cancel()

    @staticmethod
    def _sit(task: Visit, event: Node, what: dict[str, Any]) -> None:
        parent = task.parent
        sitting = parent._add_child(event, State.WAITING)
        sitting.known = parent.known
        sitting.internal_data = {ON: task.id, ARMED: what}


class UserTask(Activity, UserTaskMixin):  # type: ignore[misc]  # untyped base
    """Waits for a person."""


class ManualTask(Activity, ManualTaskMixin):  # type: ignore[misc]  # untyped base
    """Waits for a person to say that it is done."""


class ServiceTask(Activity, ServiceTaskMixin):  # type: ignore[misc]  # untyped base
    """Waits for its action, which the engine runs outside of this step."""


class SendTask(Activity, SendTaskMixin):  # type: ignore[misc]  # untyped base
    """Throws its message and goes on."""

    def perform(self, task: Visit) -> bool:
        """Throw."""
        assert self.definition is not None
        throwing.throw(task, self.definition)
        return True


class ReceiveTask(Activity, ReceiveTaskMixin):  # type: ignore[misc]  # untyped base
    """Waits for its message."""

    def perform(self, task: Visit) -> None:
        """Subscribe."""
        assert self.definition is not None
        task.internal_data[ARMED] = events.arm(self.definition, engine_of(task), visible(task))
        task.rest(State.WAITING)

    def trigger(self, task: Visit, payload: Mapping[str, Any]) -> None:
        """The message is there."""
        win_race(task)
        task.internal_data.pop(ARMED, None)
        self.conclude(task, payload)


class ScriptTask(Activity, ScriptTaskMixin):  # type: ignore[misc]  # untyped base
    """Evaluates a FEEL expression into a variable."""

    def __init__(self, spec: ScopeSpec, name: str, drawn: Element, expression: str, result: str | None) -> None:
        Node.__init__(self, spec, name, drawn)
        self.expression = self.script = expression
        self.result = result

    def perform(self, task: Visit) -> bool:
        """Evaluate."""
        found = engine_of(task).feel(self.expression, visible(task))
        self.settle(task, result_of(task, self.result, found))
        return True


class DecisionTask(Activity):
    """Asks a decision table."""

    def perform(self, task: Visit) -> bool:
        """Decide."""
        settings, engine = self.drawn.settings, engine_of(task)
        decision = engine.value(settings.decision, visible(task))
        found = engine.host.decide(str(decision), visible(task))
        self.settle(task, result_of(task, settings.result_variable, found))
        return True


class Containing(Activity):
    """An activity with an inside: a scope of its own that runs while the visit rests. ``returns_all``: whether what is
    written inside comes out when no output mapping says what does."""

    returns_all = True

    def inside_of(self, task: Visit) -> tuple[ScopeSpec, str, bool]:
        """What runs inside, whose drawing it is, whether that is a process of its own."""
        raise NotImplementedError

    def given(self, task: Visit) -> Known:
        """The data with which the inside begins; its own input mappings have no past there."""
        local = task.internal_data.get(LOCAL, {})
        return Known({**task.data, **local}, {name: n for name, n in task.known.writes.items() if name not in local})

    # another kind of node asks for the task
    def reopen(self, task: Visit, key: str | None) -> tuple[ScopeSpec, str, bool]:  # noqa: ARG002
        """The inside again, after the state was stored."""
        return self.inside_of(task)

    def perform(self, task: Visit) -> None:
        """Open the inside."""
        if task.scope.depth >= DEEPEST:
            raise Failed(text("«{element}» would nest more than {limit} levels deep: do procedures call "
                              "each other in a circle?", element=label(self), limit=DEEPEST))  # fmt: skip
        spec, key, called = self.inside_of(task)
        known = self.given(task)
        standing = prepare(spec, engine_of(task), known.values)
        into = task.internal_data.pop(INTO, None)
        scope = Inside(spec, task, key, called)
        task.rest()
        if into is None:
            open_scope(scope, known, standing)
        else:
            _open_within(scope, known, standing, into)

    def inside_done(self, task: Visit, result: Known) -> None:
        """The inside is over."""
        task.internal_data[WRITES] = result.writes
        self.conclude(task, result.values)

    def settle(self, task: Visit, produced: Mapping[str, Any]) -> None:
        """Without output mappings everything written inside comes out, except what the input mappings brought in."""
        if self.drawn.settings.outputs:
            super().settle(task, produced)
        elif self.returns_all:
            task.adopt(Known(dict(produced), task.internal_data[WRITES]), without=task.internal_data.get(LOCAL, ()))

    def outlook(self, task: Visit) -> Known:
        """What would come out if it ended now."""
        inside = task.scope.top.inside(task)
        if inside is None or inside.called or self.drawn.settings.outputs:
            return task.known
        return task.known.later(merging.view(inside), without=task.internal_data.get(LOCAL, ()))

    def withdraw(self, task: Visit, entered: bool) -> None:
        """Cancelled with everything inside."""
        inside = task.scope.top.inside(task)
        if inside is not None:
            ending.close(inside)
        super().withdraw(task, entered)


class SubProcess(Containing, SubWorkflowTaskMixin):  # type: ignore[misc]  # untyped base
    """An embedded sub-process."""

    def __init__(self, spec: ScopeSpec, name: str, drawn: Element, inner: ScopeSpec) -> None:
        Node.__init__(self, spec, name, drawn)
        self.inner = inner

    def inside_of(self, task: Visit) -> tuple[ScopeSpec, str, bool]:
        """The drawing it stands in."""
        return self.inner, task.scope.key, False


class CallActivity(Containing, CallActivityMixin):  # type: ignore[misc]  # untyped base
    """Runs another procedure, in the version this instance is bound to.

    ``all_in``/``all_out``: whether the called one gets all variables and gives all back.
    """

    def __init__(self, spec: ScopeSpec, name: str, drawn: Element, all_in: bool, all_out: bool) -> None:
        Node.__init__(self, spec, name, drawn)
        self.all_in, self.returns_all = all_in, all_out

    def inside_of(self, task: Visit) -> tuple[ScopeSpec, str, bool]:
        """The called procedure."""
        engine = engine_of(task)
        key = engine.value(self.drawn.settings.called_element, visible(task))
        if not isinstance(key, str) or not key:
            raise Failed(text("«{element}» calls no procedure: its called element gives {value}",
                              element=label(self), value=key))  # fmt: skip
        return self.reopen(task, key)

    def reopen(self, task: Visit, key: str | None) -> tuple[ScopeSpec, str, bool]:
        """The procedure that was called; the expression that named it is not asked twice."""
        assert key is not None
        return engine_of(task).host.procedure(key).compiled.spec, key, True

    def given(self, task: Visit) -> Known:
        """All variables and the input mappings, or the mappings alone."""
        return super().given(task) if self.all_in else Known(dict(task.internal_data.get(LOCAL, {})))


def result_of(task: Visit, variable: str | None, found: Any) -> dict[str, Any]:
    """A result under its variable's name (``a.b`` sets a part)."""
    produced: dict[str, Any] = {}
    if variable:
        head, dot, _ = variable.partition(".")
        if dot and head in task.data:
            produced[head] = task.data[head]
        assign(produced, variable, found)
    return produced


def prepare(spec: ScopeSpec, engine: FeelEngine, data: Mapping[str, Any]) -> list[tuple[Node, dict[str, Any]]]:
    """What the event sub-processes of a scope wait for, evaluated before the scope is opened."""
    return [
        (event.start, events.arm(event.start.definition, engine, data))
        for event in spec.event_sub_processes
        if event.start.definition.kind not in events.PROPAGATED
    ]


def _open_within(
    scope: Scope, known: Known, standing: list[tuple[Node, dict[str, Any]]], into: list[list[Any]]
) -> None:
    """Begin a scope at one element. ``into``: its name, values, writes and internal data, and the scope's own data
    (values None: as the scope is given them), then the same for what is inside of that element."""
    (name, values, writes, internal, data), *rest = into
    scope.data.update(data)
    (first,) = open_scope(scope, known, standing, (scope.spec.task_specs[name],))
    first.internal_data.update(internal)
    if values is not None:
        first.known = Known(values, writes)
    if rest:
        first.internal_data[INTO] = rest


def open_scope(scope: Scope, known: Known, standing: list[tuple[Node, dict[str, Any]]],
               starts: tuple[Node, ...] | None = None) -> list[Visit]:  # fmt: skip
    """Begin a scope: its starts are ready, its event sub-processes armed."""
    root = scope.begin(known)
    for node, what in standing:
        armed = root._add_child(node, State.WAITING)
        armed.known = known
        armed.internal_data = {ARMED: what}
    begun = []
    for node in scope.spec.starts if starts is None else starts:
        first = root._add_child(node)
        node._update(first)
        begun.append(first)
    return begun

"""What SpiffWorkflow runs, made flat: visits instead of predicted trees, scopes that know when they are over.

SpiffWorkflow predicts the future of every token, walks the whole tree after each task and stops silently at depth 1000.
Here a task exists only once its token has arrived, nothing is predicted, nothing is walked: every question is a flat
scan over the few tasks that compaction leaves, or a path from a token to the root.
"""
from __future__ import annotations

import heapq
from collections.abc import Collection, Iterator, Mapping
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec
from SpiffWorkflow.bpmn.specs.control import BpmnStartTask
from SpiffWorkflow.bpmn.util.subworkflow import BpmnSubWorkflow
from SpiffWorkflow.specs.WorkflowSpec import WorkflowSpec
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState as State

from engine.bpmn.known import Known
from engine.bpmn.types import Happening, Host, Thrown

if TYPE_CHECKING:
    from engine.bpmn.nodes import Node
    from engine.bpmn.nodes_events import EventSubProcess

ENTRY = "*entry"  # no XML id can look like this: ids such as Start and End stay free for the designer
LIVE = State.FUTURE | State.WAITING | State.READY | State.STARTED
AT_REST = State.WAITING | State.STARTED
FINISHED = State.FINISHED_MASK


class ScopeSpec(BpmnProcessSpec):  # type: ignore[misc]  # untyped base
    """What one process or embedded sub-process is made of. Built once, never changed by an instance."""

    def __init__(self, name: str) -> None:
        WorkflowSpec.__init__(self, name=name)  # not BpmnProcessSpec's: it occupies the ids Start, End and *.EndJoin
        self.io_specification = None
        self.data_objects: dict[str, Any] = {}
        self.data_stores: dict[str, Any] = {}
        self.correlation_keys: dict[str, Any] = {}
        self.bpmn_start_events: list[Any] = []
        self.start = Entry(self, ENTRY)
        self.end = None
        self.event_sub_processes: tuple[EventSubProcess, ...] = ()
        self.starts: tuple[Node, ...] = ()

    def node(self, name: str) -> Node:
        """The element of this name. Raises KeyError."""
        found: Node = self.task_specs[name]
        return found


class Entry(BpmnStartTask):  # type: ignore[misc]  # untyped base
    """The root of a scope's tree; it holds the data with which the scope began."""

    def _predict(self, my_task: Visit, seen: Any = None, looked_ahead: int = 0, mask: int = 0) -> None:
        """Nothing is predicted."""


class Visit(Task):  # type: ignore[misc]  # untyped base
    """One token's visit to one element.

    States: READY has arrived and is executed by the loop; WAITING a join or an armed event; STARTED an activity that
    waits for a person, an action or its inside. Of this step only: ``changed``, what the execution set (for the
    log), and ``chosen``, the flows a gateway selected.
    """

    def __init__(self, workflow: Scope, spec: Any, parent: Visit | None, state: int, token_id: str = "") -> None:
        # not Task's: it reads the clock and counts in a variable of the class that all threads share
        self.id = token_id or token_hex(8)
        self.workflow = workflow
        self.task_spec = spec
        self.triggered = False
        self.thread_id = 0
        self.last_state_change = 0.0
        self._parent = None
        self._children: list[str] = []
        self._state = state
        self.known = Known()
        self.internal_data: dict[str, Any] = {}
        self.changed: dict[str, Any] = {}
        self.chosen: tuple[Any, ...] | None = None
        workflow.tasks[self.id] = self
        if parent is not None:
            self._parent = parent.id
            parent._children.append(self.id)

    @property
    def data(self) -> dict[str, Any]:
        """The token's variables; set by ``write``, never changed in place."""
        return self.known.values

    def write(self, found: Mapping[str, Any]) -> None:
        """Set variables, as one write; those that have this value already stay as they are."""
        changed = self.known.changes(found)
        if changed:
            top = self.scope.top
            top.writes += 1
            self.known = self.known.write(changed, top.writes)
            self.changed = {**self.changed, **changed}

    def adopt(self, other: Known, without: Collection[str] = ()) -> None:
        """Take over what others wrote later."""
        known = self.known.later(other, without)
        if known is not self.known:
            self.changed = {**self.changed, **self.known.changes(known.values)}
            self.known = known

    @property
    def scope(self) -> Scope:
        """The scope whose tree this visit is in."""
        found: Scope = self.workflow
        return found

    @property
    def node(self) -> Node:
        """The element visited."""
        found: Node = self.task_spec
        return found

    @property
    def alive(self) -> bool:
        """Whether the token still stands here."""
        return bool(self._state & LIVE)

    @property
    def at_rest(self) -> bool:
        """Whether the token waits for something."""
        return bool(self._state & AT_REST)

    def rest(self, state: int = State.STARTED) -> None:
        """Wait here."""
        self._state = state

    def run(self) -> bool | None:
        """Execute the element; its visit ends unless the element made it rest or something cancelled it."""
        done: bool | None = self.task_spec._run(self)
        if done and self._state == State.READY:
            self.complete()
        return done

    def cancel(self) -> None:
        """End the visit without completing it, with everything that belongs to it."""
        if self._state & FINISHED:
            return
        entered = self.at_rest
        self._state = State.CANCELLED
        self.node.withdraw(self, entered)

    def _set_state(self, value: int) -> None:
        self._state = value

    def _add_child(self, task_spec: Any, state: int = State.FUTURE) -> Visit:
        return Visit(self.scope, task_spec, self, state)

    def lineage(self) -> Iterator[Visit]:
        """This visit and those before it, up to the scope's root."""
        tasks: dict[Any, Visit] = self.scope.tasks
        at: Visit | None = self
        while at is not None:
            yield at
            at = tasks.get(at._parent)


class Scope:
    """A running process, call activity or sub-process: its tokens as a tree, each with its own data.

    ``key``: whose drawing it is; ``path``: ids of the enclosing activities; ``called``: whether it is a process of its
    own and not a sub-process drawn inside another; ``owner``: the visit of the activity around it.
    """

    spec: ScopeSpec
    tasks: dict[str, Visit]
    task_tree: Visit
    data: dict[str, Any]
    completed: bool
    depth: int
    owner: Visit | None = None
    called: bool
    key: str
    path: str

    @property
    def top(self) -> Root:
        """The instance this scope is a part of."""
        raise NotImplementedError

    def begin(self, known: Known) -> Visit:
        """Plant the tree's root; nothing runs yet."""
        self.task_tree = Visit(self, self.spec.start, None, State.COMPLETED)
        self.task_tree.known = known
        return self.task_tree

    def live(self) -> list[Visit]:
        """Tokens that stand somewhere in this scope, armed events included."""
        return [task for task in self.tasks.values() if task._state & LIVE]

    def tokens(self) -> list[Visit]:
        """Live tokens that keep the scope open: all but the armed starts of event sub-processes."""
        return [task for task in self.live() if not task.node.standing]

    def update_waiting_tasks(self) -> None:
        """Nothing is polled: joins are asked when a token arrives, timers are fired by the engine."""

    def _task_completed_notify(self, task: Visit) -> None:
        """A token that leads nowhere ends; the scope may be over then."""


class Inside(Scope, BpmnSubWorkflow):  # type: ignore[misc]  # untyped base
    """The scope inside a call activity, sub-process or event sub-process."""

    def __init__(self, spec: ScopeSpec, owner: Visit, key: str, called: bool) -> None:
        self.owner, self.key, self.called = owner, key, called
        self.path = "/".join(filter(None, (owner.scope.path, owner.node.bpmn_id)))
        BpmnSubWorkflow.__init__(self, spec, owner.id, owner.scope.top, deserializing=True)
        self.top.subprocesses[owner.id] = self

    @property
    def top(self) -> Root:
        """The instance this scope is a part of."""
        found: Root = self.top_workflow
        return found

    def _calculate_depth(self) -> int:
        assert self.owner is not None
        return self.owner.scope.depth + 1


class Root(Scope, BpmnWorkflow):  # type: ignore[misc]  # untyped base
    """One instance in memory, for the length of one step."""

    def __init__(self, spec: ScopeSpec, key: str, host: Host, engine: Any) -> None:
        self.key, self.called, self.path = key, True, ""
        BpmnWorkflow.__init__(self, spec, script_engine=engine, deserializing=True)
        self.subprocesses: dict[str, Scope] = {}
        self.host = host
        self.happened: list[Happening] = []
        self.thrown: list[Thrown] = []
        self.result: dict[str, Any] = {}
        self.writes = 0
        self._ready: list[tuple[int, int, Visit]] = []
        self._arrivals = 0

    @property
    def top(self) -> Root:
        """Itself."""
        return self

    @property
    def scopes(self) -> list[Scope]:
        """Every scope that runs, outer ones first: in the same order before and after a state was stored."""
        return [self, *sorted(self.subprocesses.values(), key=lambda scope: scope.depth)]

    def inside(self, task: Visit) -> Scope | None:
        """What runs inside an activity."""
        return self.subprocesses.get(task.id)

    def enqueue(self, task: Visit) -> None:
        """A token arrived at an element; the deepest scope goes first, then who came first."""
        self._arrivals += 1
        heapq.heappush(self._ready, (-task.scope.depth, self._arrivals, task))

    def next_ready(self) -> Visit | None:
        """The token to execute next."""
        while self._ready:
            task = heapq.heappop(self._ready)[2]
            if task._state == State.READY:
                return task
        return None

    def find(self, token_id: str) -> Visit | None:
        """The visit with this id, in whichever scope."""
        return next((scope.tasks[token_id] for scope in self.scopes if token_id in scope.tasks), None)

    def note(self, event: str, task: Visit, data: Mapping[str, Any] | None = None) -> None:
        """Write down that a token entered or left an element."""
        scope = task.scope
        self.happened.append(Happening(event, task.id, task.node.bpmn_id, scope.key, scope.path, dict(data or {})))

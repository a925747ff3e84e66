"""What goes into the adapter and what comes out: frozen dataclasses, nothing of SpiffWorkflow.

``variables`` are plain JSON-like values plus Decimal, date, time, datetime and timedelta; the state codec tags them.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from engine.errors import Failed, Text

Variables = Mapping[str, Any]


@dataclass(frozen=True)
class ElementSettings:
    """What the designer wrote on one element, raw: a value beginning with ``=`` is FEEL, any other is literal.

    ``properties``: zeebe:property name -> value. ``inputs``/``outputs``: zeebe:ioMapping as (target, source) pairs.
    """

    assignee: str | None = None
    candidate_groups: str | None = None
    candidate_users: str | None = None
    due_date: str | None = None
    follow_up_date: str | None = None
    priority: str | None = None
    form_key: str | None = None
    action: str | None = None
    retries: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    called_element: str | None = None
    decision: str | None = None
    result_variable: str | None = None
    inputs: tuple[tuple[str, str], ...] = ()
    outputs: tuple[tuple[str, str], ...] = ()
    properties: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Element:
    """One element of a drawing: ``kind`` is the BPMN tag (``userTask``), ``lane`` the innermost lane's name, ``timer``
    how a timer event tells its moment (``timeDuration``, ``timeDate``, ``timeCycle``)."""

    id: str
    kind: str
    name: str
    lane: str | None
    documentation: str | None
    settings: ElementSettings
    timer: str | None = None


@dataclass(frozen=True)
class Procedure:
    """One BPMN process as read from a file that passed the gate.

    ``calls``: statically called process keys; ``calls_any``: whether some call is by expression; ``forms``,
    ``decisions``, ``actions``, ``groups``: what it refers to; ``throws``/``catches``: signal and message names as
    ``signal:NAME`` / ``message:NAME``; ``start_messages``, ``start_signals``: names that start an instance;
    ``start_timers``: raw timer definitions; ``outputs``: names of variables its forms, mappings and scripts can set.
    ``compiled`` is the adapter's own executable specification, opaque to everybody else; ``documentation``: what the
    designer wrote about the whole.
    """

    key: str
    name: str
    elements: Mapping[str, Element]
    properties: Mapping[str, str]
    calls: frozenset[str]
    calls_any: bool
    forms: frozenset[str]
    decisions: frozenset[str]
    actions: frozenset[str]
    groups: frozenset[str]
    throws: frozenset[str]
    catches: frozenset[str]
    start_messages: frozenset[str]
    start_signals: frozenset[str]
    start_timers: tuple[str, ...]
    compiled: Any = field(repr=False, compare=False)
    documentation: str | None = None


@dataclass(frozen=True)
class Host:
    """What one step may ask of the world around it. Built by the verb, lives for one step.

    ``now``: the work's moment, the only clock. ``procedure(key)``: the procedure bound to this instance for a called
    key (raises NotFound), the same version for the instance's whole life. ``decide(decision_id, variables)``: a DMN
    decision's result. ``due(value, start)``: a date, duration or working-time duration as an absolute moment, counted
    from ``start`` (engine.calendar). ``facts``: names visible to every expression beside the variables (``deal``,
    ``client`` …), loaded when first asked for. ``functions``: this product's own FEEL functions by name.
    ``step_limit``: elements executed in one advance before it is declared endless.
    """

    now: datetime
    procedure: Callable[[str], Procedure]
    decide: Callable[[str, Variables], Any]
    due: Callable[[Any, datetime], datetime]
    facts: Mapping[str, Any] = field(default_factory=dict)
    functions: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    step_limit: int = 5000


@dataclass(frozen=True)
class Token:
    """Where a running instance stands. ``token_id``: 16 hex digits, new for every visit, unlike any other instance's.
    ``path``: ids of enclosing call activities and sub-processes, root first, joined by ``/`` (empty at the root).
    ``process_key``: whose drawing the element is in. ``variables``: the scope's variables as the element sees them
    (input mappings applied)."""

    token_id: str
    element: Element
    process_key: str
    path: str
    variables: Variables = field(repr=False)


@dataclass(frozen=True)
class OpenTask(Token):
    """A user or manual task that waits for a person."""


@dataclass(frozen=True)
class OpenService(Token):
    """A service or send task whose action the engine owes."""


@dataclass(frozen=True)
class OpenTimer(Token):
    """A timer that waits. ``boundary_of``: token id of the activity it sits on, if it is a boundary event."""

    due_at: datetime
    boundary_of: str | None = None


@dataclass(frozen=True)
class OpenSubscription(Token):
    """Awaits a message or signal. ``correlation_key``: None for signals; value as text for messages."""

    kind: str
    name: str
    correlation_key: str | None = None


@dataclass(frozen=True)
class OpenCall(Token):
    """A call activity or embedded sub-process that runs (control points may sit on it)."""


@dataclass(frozen=True)
class FailedToken(Token):
    """A token that stands still because its element failed; ``resume`` tries it again. Other tokens go on."""

    reason: Text


@dataclass(frozen=True)
class Snapshot:
    """What is open after a step. ``completed``: nothing is; ``result``: the root scope's variables (while it runs: as
    they would be if it ended now). ``failed``: tokens that an incident holds."""

    tasks: tuple[OpenTask, ...]
    services: tuple[OpenService, ...]
    timers: tuple[OpenTimer, ...]
    subscriptions: tuple[OpenSubscription, ...]
    calls: tuple[OpenCall, ...]
    completed: bool
    result: Variables = field(repr=False)
    failed: tuple[FailedToken, ...] = ()


@dataclass(frozen=True)
class Happening:
    """One token entered or left one element during this step, in order. ``event``: entered, completed, cancelled.

    ``data`` of a completed visit: the variables it set, and under ``conflicts`` what branches that met (at a join or at
    the end of their scope) had written without knowing of each other: variable -> the values, in order of arrival. An
    activity that runs several times has a visit of its own around the visits of its rounds, all with its element id.
    """

    event: str
    token_id: str
    element_id: str
    process_key: str
    path: str
    data: Variables = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Thrown:
    """Something thrown to the outside: kind signal, message, escalation or error (the last two: uncaught)."""

    kind: str
    name: str
    correlation_key: str | None
    payload: Variables = field(repr=False)
    element_id: str = ""


@dataclass(frozen=True)
class Advance:
    """The outcome of one step: the new state to store, what is open, what happened, what was thrown."""

    state: bytes
    snapshot: Snapshot
    happened: tuple[Happening, ...]
    thrown: tuple[Thrown, ...]


class ElementFailed(Failed):
    """An element could not be executed: a wrong expression, no condition that holds, an endless loop …

    ``element_id``, ``process_key`` and ``token_id`` say where. ``advance`` is everything that did happen, with the
    failing token standing before its element: store it and open an incident, or roll back and show the sentence. It is
    None when nothing could be done at all (the data of a completed task did not pass its own mappings).
    """

    def __init__(
        self, reason: Text, element_id: str, process_key: str, token_id: str = "", advance: Advance | None = None
    ) -> None:
        super().__init__(reason)
        self.element_id, self.process_key, self.token_id = element_id, process_key, token_id
        self.advance = advance

    def __str__(self) -> str:
        return f"{self.element_id}: {self.text}"

"""What goes into the adapter and what comes out: frozen dataclasses, nothing of SpiffWorkflow.

``variables`` are plain JSON-like values plus Decimal, date, time, datetime and timedelta; the state codec tags them.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

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
    """One element of a drawing: ``kind`` is the BPMN tag (``userTask``), ``lane`` the innermost lane's name."""

    id: str
    kind: str
    name: str
    lane: str | None
    documentation: str | None
    settings: ElementSettings


@dataclass(frozen=True)
class Procedure:
    """One BPMN process as read from a file that passed the gate.

    ``calls``: statically called process keys; ``calls_any``: whether some call is by expression; ``forms``,
    ``decisions``, ``actions``, ``groups``: what it refers to; ``throws``/``catches``: signal and message names as
    ``signal:NAME`` / ``message:NAME``; ``start_messages``, ``start_signals``: names that start an instance;
    ``start_timers``: raw timer definitions; ``outputs``: names of variables its forms, mappings and scripts can set.
    ``compiled`` is the adapter's own executable specification, opaque to everybody else.
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


@dataclass(frozen=True)
class Host:
    """What one step may ask of the world around it. Built by the verb, lives for one step.

    ``now``: the work's moment, the only clock. ``procedure(key)``: the procedure bound to this instance for a called
    key (raises NotFound). ``decide(decision_id, variables)``: a DMN decision's result. ``due(text_or_value)``: a date,
    duration or working-time duration as an absolute moment (engine.calendar). ``facts``: names visible to every
    expression beside the variables (``deal``, ``client``, ``setting`` values …), loaded when first asked for.
    ``step_limit``: elements executed in one advance before it is declared endless.
    """

    now: datetime
    procedure: Callable[[str], Procedure]
    decide: Callable[[str, Variables], Any]
    due: Callable[[Any], datetime]
    facts: Mapping[str, Any] = field(default_factory=dict)
    step_limit: int = 5000


@dataclass(frozen=True)
class Token:
    """Where a running instance stands. ``path``: ids of enclosing call activities and sub-processes, root first,
    joined by ``/`` (empty at the root). ``process_key``: whose drawing the element is in. ``variables``: the
    scope's variables as the element sees them (input mappings applied)."""

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
class Snapshot:
    """What is open after a step. ``completed``: nothing is; ``result``: the root scope's variables."""

    tasks: tuple[OpenTask, ...]
    services: tuple[OpenService, ...]
    timers: tuple[OpenTimer, ...]
    subscriptions: tuple[OpenSubscription, ...]
    calls: tuple[OpenCall, ...]
    completed: bool
    result: Variables = field(repr=False)


@dataclass(frozen=True)
class Happening:
    """One token entered or left one element during this step, in order. ``event``: entered, completed, cancelled;
    ``data``: what the element changed (completed scripts, decisions, mappings), or a join's conflicts."""

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

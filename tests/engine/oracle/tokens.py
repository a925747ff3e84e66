"""What the oracle keeps: areas, tokens and the history of writes a token knows."""
from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.engine.oracle.model import Graph, Node

Log = dict[int, tuple[str, Any]]


def join(*logs: Log) -> Log:
    """Histories put together."""
    return {number: write for log in logs for number, write in log.items()}


def values(log: Log) -> dict[str, Any]:
    """What the variables are after a history."""
    return dict(log[number] for number in sorted(log))


@dataclass(eq=False)
class Area:
    """A running process, sub-process or event sub-process. ``names``: local names it sees from around it."""

    graph: Graph
    process: str
    path: str
    owner: Token | None
    names: dict[str, Any]
    log: Log
    called: bool = False
    tokens: list[Token] = field(default_factory=list)
    armed: list[Token] = field(default_factory=list)
    ended: Log = field(default_factory=dict)
    alive: bool = True


@dataclass(eq=False)
class Token:
    """A token at a node. ``wait``: what it waits for (task, service, timer, message, signal, join, inside, rounds);
    ``rounds``/``loop``: a repeated activity and its rounds; ``sits``: a boundary event's activity."""

    node: Node
    area: Area
    log: Log
    wait: str = ""
    via: str = ""
    names: dict[str, Any] = field(default_factory=dict)
    due: datetime | None = None
    left: int = 0
    race: object = None
    inside: Area | None = None
    loop: Token | None = None
    rounds: list[Token] = field(default_factory=list)
    todo: list[int] = field(default_factory=list)
    made: dict[int, Any] = field(default_factory=dict)
    gathered: Log = field(default_factory=dict)
    index: int = 0
    sitting: list[Token] = field(default_factory=list)
    sits: Token | None = None
    alive: bool = True

    @property
    def seen(self) -> dict[str, Any]:
        """The variables as the element sees them."""
        return {**values(self.log), **self.area.names, **self.names}


@dataclass(frozen=True)
class Open:
    """Something that waits for a move. Two with equal ``key`` cannot be told apart."""

    kind: str
    element: str
    path: str
    process: str
    detail: str
    variables: str
    token: Token = field(compare=False, repr=False)

    @property
    def key(self) -> tuple[str, ...]:
        return (self.kind, self.element, self.path, self.process, self.detail, self.variables)


def text(value: Any) -> str:
    """A value as comparable text: whole numbers alike, names in order."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {text(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(text(item) for item in value) + "]"
    whole = hasattr(value, "__int__") and not isinstance(value, bool | str)
    return str(int(value)) if whole else str(value)

"""The tree of an expression. ``at`` is the offset of the node in the text."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Node:
    """What every node has: its place."""

    at: int


@dataclass(frozen=True, slots=True)
class Literal(Node):
    """A number, string, boolean, null or temporal value as written."""

    value: Any


@dataclass(frozen=True, slots=True)
class Name(Node):
    """A variable, or a fact."""

    name: str


@dataclass(frozen=True, slots=True)
class Negate(Node):
    """``-value``."""

    value: Node


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """+ - * / ** and the comparisons = != < <= > >=."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Logic(Node):
    """``and`` or ``or`` of two or more parts."""

    operator: str
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Between(Node):
    """``value between low and high``, both ends included."""

    value: Node
    low: Node
    high: Node


@dataclass(frozen=True, slots=True)
class Test(Node):
    """One unary test: ``< 5`` has an operator, an expression to be met has none."""

    operator: str | None
    value: Node


@dataclass(frozen=True, slots=True)
class In(Node):
    """``value in (tests)``: any of the tests is met."""

    value: Node
    tests: tuple[Test, ...]


@dataclass(frozen=True, slots=True)
class If(Node):
    """``if condition then … else …``; a condition that is not true takes the else."""

    condition: Node
    then: Node
    otherwise: Node


@dataclass(frozen=True, slots=True)
class Steps(Node):
    """``from..to`` behind ``in`` of an iteration."""

    start: Node
    end: Node


@dataclass(frozen=True, slots=True)
class Iteration(Node):
    """``for``, ``some`` or ``every`` over one or more named domains."""

    sort: str
    domains: tuple[tuple[str, Node], ...]
    body: Node


@dataclass(frozen=True, slots=True)
class ListOf(Node):
    """``[a, b]``."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class ContextOf(Node):
    """``{name: value}``; an entry sees those before it."""

    entries: tuple[tuple[str, Node], ...]


@dataclass(frozen=True, slots=True)
class RangeOf(Node):
    """``[a..b]`` with either end open or closed."""

    start: Node | None
    end: Node | None
    start_included: bool
    end_included: bool


@dataclass(frozen=True, slots=True)
class Path(Node):
    """``value.name``."""

    value: Node
    name: str


@dataclass(frozen=True, slots=True)
class Filter(Node):
    """``list[condition]`` or ``list[index]``, counted from 1."""

    value: Node
    condition: Node


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A call by position or by name."""

    function: Node
    positional: tuple[Node, ...]
    named: tuple[tuple[str, Node], ...]


@dataclass(frozen=True, slots=True)
class Type:
    """A type as written: ``list<number>`` is name list with one argument; of a context the parts are named."""

    name: str
    arguments: tuple[Type, ...] = ()
    fields: tuple[tuple[str, Type], ...] = ()


@dataclass(frozen=True, slots=True)
class FunctionOf(Node):
    """``function(a, b) body``."""

    parameters: tuple[tuple[str, Type | None], ...]
    body: Node


@dataclass(frozen=True, slots=True)
class InstanceOf(Node):
    """``value instance of type``."""

    value: Node
    type: Type

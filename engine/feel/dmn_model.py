"""What a decision is once it has been read."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.feel.errors import FeelError
from engine.feel.expressions import Expression, UnaryTests
from engine.feel.runtime import Run

Evaluate = Callable[[Mapping[str, Any], Run], Any]


class DecisionError(FeelError):
    """A decision has no lawful result: several rules of a unique table matched, a value is not allowed, …"""


class Layer(dict[str, Any]):
    """Names of a decision in front of the names further out."""

    def __init__(self, own: Mapping[str, Any], outer: Mapping[str, Any]) -> None:
        super().__init__(own)
        self.outer = outer

    def __missing__(self, name: str) -> Any:
        return self.outer[name]


@dataclass(frozen=True)
class Logic:
    """Something with a value: a table, an expression, a boxed context. ``names``: what it needs from outside."""

    evaluate: Evaluate
    names: frozenset[str] = frozenset()
    functions: frozenset[str] = frozenset()
    table: Table | None = None


@dataclass(frozen=True)
class Input:
    """A column of conditions. ``allowed``: the tests a value has to meet, or None. ``type``: the typeRef as written."""

    label: str
    expression: Expression
    allowed: UnaryTests | None
    type: str


@dataclass(frozen=True)
class Output:
    """A column of results. ``order``: the allowed values, the most wanted first (for PRIORITY and OUTPUT ORDER)."""

    name: str
    allowed: UnaryTests | None
    order: tuple[Any, ...]
    default: Expression | None


@dataclass(frozen=True)
class Rule:
    """A row; ``tests`` has None where anything will do. ``number`` counts from 1."""

    number: int
    tests: tuple[UnaryTests | None, ...]
    outputs: tuple[Expression | None, ...]


@dataclass(frozen=True)
class Table:
    """A decision table of the decision ``owner``."""

    owner: str
    policy: str
    aggregation: str
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class Decision:
    """A decision: its id, the name under which others see its value, what it builds on, and its logic."""

    id: str
    name: str
    label: str
    decisions: tuple[str, ...]
    knowledge: tuple[str, ...]
    logic: Logic


@dataclass(frozen=True)
class Knowledge:
    """A business knowledge model: a function that decisions may call by its name."""

    id: str
    name: str
    knowledge: tuple[str, ...]
    parameters: tuple[str, ...]
    logic: Logic


@dataclass
class Model:
    """Everything of one file, by id."""

    decisions: dict[str, Decision] = field(default_factory=dict)
    knowledge: dict[str, Knowledge] = field(default_factory=dict)

"""Intervals written in a string: the argument of ``range("[1..5]")``."""
from __future__ import annotations

from typing import Any

from engine.feel.errors import FeelError
from engine.feel.parser import parse
from engine.feel.temporal import parse_literal
from engine.feel.tree import Call, Literal, Name, Negate, Node, RangeOf
from engine.feel.values import Range

_READERS = ("date", "time", "date and time", "duration")


def read_interval(text: str) -> Range | None:
    """The interval, or None when the text is something else. Raises FeelError when it is no FEEL."""
    if len(text) > 500:
        return None
    tree = parse(text)
    if not isinstance(tree, RangeOf):
        return None
    low, high = _value(tree.start), _value(tree.end)
    if (low is None and high is None) or (low is not None and high is not None and type(low) is not type(high)):
        return None
    return Range(low, high, tree.start_included and low is not None, tree.end_included and high is not None)


def _value(node: Node | None) -> Any:
    if node is None or (isinstance(node, Literal) and node.value is None):
        return None
    if isinstance(node, Literal):
        return node.value
    if isinstance(node, Negate):
        value = _value(node.value)
        return -value if value is not None else None
    if isinstance(node, Call) and isinstance(node.function, Name) and node.function.name in _READERS:
        (argument,) = node.positional
        return parse_literal(argument.value) if isinstance(argument, Literal) else None
    raise FeelError("The ends of an interval in a string have to be plain values")

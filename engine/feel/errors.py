"""What FEEL says when it cannot go on. Positions are offsets into the expression's text, counted from 0."""
from __future__ import annotations

from typing import Any

from engine.errors import ReglamentError, Text


class FeelError(ReglamentError):
    """An expression could not be evaluated. ``position`` is where in its text, or None when it is not known."""

    def __init__(self, template: str | Text, position: int | None = None, **values: Any) -> None:
        super().__init__(template, **values)
        self.position = position


class FeelSyntaxError(FeelError):
    """The text is no FEEL. ``position`` is the offset of the character where reading stopped."""

    def __init__(self, template: str | Text, position: int, **values: Any) -> None:
        super().__init__(template, position, **(values | {"place": position + 1}))
        self.position: int = position


class FeelLimit(FeelError):
    """The expression asked for more steps, depth or memory than one expression may have."""

"""What one evaluation has at hand: its moment, its functions, its budget."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from engine.feel.errors import FeelError, FeelLimit
from engine.feel.values import load

MAX_STEPS = 500_000
MAX_CALLS = 120  # functions within functions
MAX_STRING = 200_000  # characters of one string
MOSCOW = ZoneInfo("Europe/Moscow")


@dataclass(frozen=True, slots=True)
class Context:
    """What surrounds an evaluation.

    now: the moment, aware; ``now()`` and ``today()`` are made of it in ``zone``. functions: what the product adds to
    the language, by FEEL name. strict: an unknown name raises FeelError instead of being null. max_steps: the budget;
    one step is about one operation, one list item, or sixteen characters made.
    """

    now: datetime
    functions: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    strict: bool = False
    max_steps: int = MAX_STEPS
    zone: tzinfo = MOSCOW


class Run:
    """The budget and the surroundings of one evaluation."""

    __slots__ = ("_loaded", "calls", "context", "steps", "zone")

    def __init__(self, context: Context) -> None:
        self.context = context
        self.zone = context.zone
        self.steps = context.max_steps
        self.calls = 0
        self._loaded: dict[str, tuple[Any, Any]] = {}

    def charge(self, steps: int) -> None:
        """Take from the budget. Raises FeelLimit when it is spent."""
        self.steps -= steps
        if self.steps < 0:
            raise FeelLimit("The expression takes more than {limit} steps", limit=self.context.max_steps)

    def charge_text(self, length: int) -> None:
        """Pay for a string of that length that is about to be made."""
        if length > MAX_STRING:
            raise FeelLimit("The expression makes a string longer than {limit} characters", limit=MAX_STRING)
        self.charge(length >> 4)

    def load(self, name: str, value: Any) -> Any:
        """A variable as FEEL sees it; converted once in an evaluation."""
        known = self._loaded.get(name)
        if known is not None and known[0] is value:
            return known[1]
        try:
            loaded = load(value)
        except FeelError as error:
            raise FeelError("The variable {name} cannot be read: {reason}", name=name, reason=error.text) from None
        self._loaded[name] = (value, loaded)
        return loaded

    def enter(self) -> None:
        """One function call deeper. Raises FeelLimit."""
        self.calls += 1
        if self.calls > MAX_CALLS:
            raise FeelLimit("Functions call each other more than {limit} levels deep", limit=MAX_CALLS)


class Frame:
    """Where names are looked up: the variables from outside and the slots of the names bound within."""

    __slots__ = ("run", "slots", "variables")

    def __init__(self, variables: Mapping[str, Any], slots: list[Any], run: Run) -> None:
        self.variables = variables
        self.slots = slots
        self.run = run


Code = Callable[[Frame], Any]

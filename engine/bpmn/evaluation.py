"""The only evaluator a running procedure has: FEEL. No Python from a drawing is ever executed.

It takes the place of SpiffWorkflow's script engine and refuses to do what that one does.
"""
from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine

from engine import feel, values
from engine.bpmn.types import Host
from engine.errors import Failed, ReglamentError, text

if TYPE_CHECKING:
    from engine.bpmn.scopes import Visit

LOCAL = "local"


class FeelEngine(PythonScriptEngine):  # type: ignore[misc]  # untyped base
    """Evaluates what a designer wrote, for one step of one instance."""

    def __init__(self, host: Host) -> None:
        # not PythonScriptEngine's: no environment in which Python could run is made at all
        self.environment = None
        self.host = host
        self.context = feel.Context(now=host.now, functions=host.functions, strict=True)

    def value(self, raw: str | None, names: Mapping[str, Any]) -> Any:
        """A setting: FEEL when it begins with ``=``, else the text itself. Raises FeelError."""
        return _kept(lambda: feel.value(raw, self._seen(names), self.context))

    def feel(self, raw: str, names: Mapping[str, Any]) -> Any:
        """An expression, with or without ``=``. Raises FeelError."""
        return _kept(lambda: feel.compile(raw.strip().removeprefix("=")).evaluate(self._seen(names), self.context))

    def holds(self, condition: str, names: Mapping[str, Any]) -> bool:
        """Whether a condition is true; null counts as not true. Raises Failed for anything else."""
        found = self.feel(condition, names)
        if found is None or isinstance(found, bool):
            return bool(found)
        raise Failed(
            text("The condition {condition} gives neither true nor false but {value}", condition=condition, value=found)
        )

    # the base class asks for the last argument
    def evaluate(self, task: Visit, expression: str, external_context: Any = None) -> Any:  # noqa: ARG002  # given by the caller
        """SpiffWorkflow's way in: the same FEEL."""
        return self.feel(expression, visible(task))

    # the base class asks for the last argument
    def execute(self, task: Visit, script: str, external_context: Any = None) -> Any:  # noqa: ARG002  # given by the caller
        """There are no scripts but FEEL ones, and those are expressions."""
        raise Failed("A procedure executes no program text")

    def call_service(self, task: Visit, **kwargs: Any) -> Any:  # noqa: ARG002  # given by the caller
        """Actions are called by the engine, not from inside a step."""
        raise Failed("A procedure executes no program text")

    def _seen(self, names: Mapping[str, Any]) -> Mapping[str, Any]:
        facts = self.host.facts
        if isinstance(facts, dict) and not facts:
            return names
        beside = getattr(facts, "beside", None)  # a fact may be about the record that a variable of this token names
        facts = beside(names) if beside is not None else facts
        return ChainMap(names, facts)  # type: ignore[arg-type]  # not asked for its length: that would load the facts


def _kept(evaluate: Callable[[], Any]) -> Any:
    """A value that can be stored, whatever else goes wrong becomes a sentence."""
    try:
        return storable(evaluate())
    except ReglamentError:
        raise
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise Failed("The expression failed: {reason}", reason=str(error) or type(error).__name__) from error


def storable(value: Any) -> Any:
    """The value itself when it can be stored. Raises TypeError for functions, ranges and the like."""
    if value is not None and not isinstance(value, (str, bool, int)):
        values.encode(value)
    return value


def visible(task: Visit) -> dict[str, Any]:
    """The variables as the element sees them: the token's data under its own input mappings."""
    local = task.internal_data.get(LOCAL)
    return {**task.data, **local} if local else dict(task.data)


def assign(target: dict[str, Any], name: str, value: Any) -> None:
    """Set ``a`` or ``a.b`` without touching an object that another token may share."""
    head, _, rest = name.partition(".")
    if not rest:
        target[head] = value
        return
    held = target.get(head)
    inner = dict(held) if isinstance(held, Mapping) else {}
    assign(inner, rest, value)
    target[head] = inner


def mapped(
    engine: FeelEngine,
    pairs: tuple[tuple[str, str], ...],
    names: Mapping[str, Any],
    held: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """An ioMapping evaluated in order; later pairs see the targets of earlier ones.

    ``held``: what the targets will be set in; of a dotted target the rest of that object is kept.
    """
    found: dict[str, Any] = {}
    seen = dict(names)
    for target, source in pairs:
        value = engine.value(source, seen)
        head = target.partition(".")[0]
        if "." in target and head not in found and held is not None and head in held:
            found[head] = held[head]
        assign(found, target, value)
        seen[head] = found[head]
    return found

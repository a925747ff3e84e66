"""Actions: the Python behind service tasks, registered by name. Drawings say the name, composition brings the code.

A *fast* action is a function that works inside the transaction which moves the instance on. A *slow* one (rendering,
mail, another system) has three parts, because nothing slow may run inside a transaction: ``prepare`` reads what is
needed, ``effect`` does it with no transaction open and must be safe to repeat under the same key, ``commit`` writes the
result down together with the instance's next step.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar, runtime_checkable

from engine.errors import NotFound
from engine.models import ProcessInstance
from engine.work import Work

Outputs = Mapping[str, Any] | None


@dataclass(frozen=True)
class ActionCall:
    """One call of an action by one service task.

    ``key``: the same whenever this call is repeated. ``inputs``: the evaluated input mappings of the task; ``headers``:
    its literal settings; ``variables``: all variables the task sees, the inputs among them.
    """

    instance: ProcessInstance
    element_id: str
    token_id: str
    key: str
    inputs: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)


class FastAction(Protocol):
    """Works inside the transaction; what it returns becomes the task's outputs. BusinessError becomes a BPMN error."""

    def __call__(self, work: Work, call: ActionCall) -> Outputs: ...


@runtime_checkable
class SlowAction(Protocol):
    """Works in three parts. ``effect`` may be called again with the same plan after a crash."""

    def prepare(self, work: Work, call: ActionCall) -> Any: ...

    def effect(self, plan: Any) -> Any: ...

    def commit(self, work: Work, call: ActionCall, plan: Any, result: Any) -> Outputs: ...


Action = FastAction | SlowAction
Registered = TypeVar("Registered", bound=Any)


class Registry:
    """Actions by name."""

    def __init__(self) -> None:
        self._actions: dict[str, Action] = {}

    def register(self, name: str) -> Callable[[Registered], Registered]:
        """Decorator for a function, or for a class whose instance (made without arguments) is a slow action.

        Raises ValueError when the name is taken.
        """

        def keep(action: Registered) -> Registered:
            self.add(name, action() if isinstance(action, type) else action)
            return action

        return keep

    def add(self, name: str, action: Action) -> None:
        """Register an action made elsewhere (a slow one that needs settings). Raises ValueError."""
        if name in self._actions:
            raise ValueError(f"action {name} is registered twice")
        self._actions[name] = action

    def get(self, name: str) -> Action:
        """Raises NotFound."""
        if name not in self._actions:
            raise NotFound("There is no action «{name}»", name=name)
        return self._actions[name]

    def is_slow(self, name: str) -> bool:
        """Must it run outside a transaction? Unknown names are not slow: they fail quickly."""
        return isinstance(self._actions.get(name), SlowAction)

    @property
    def names(self) -> frozenset[str]:
        """All registered names, for the gate."""
        return frozenset(self._actions)

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._actions))

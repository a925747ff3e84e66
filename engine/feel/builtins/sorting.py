"""``sort``."""
from __future__ import annotations

from collections.abc import Callable
from functools import cmp_to_key
from typing import Any

from engine.feel.errors import FeelError
from engine.feel.registry import builtin
from engine.feel.runtime import Run
from engine.feel.values import FeelFunction, load, order


class _NoOrder(ValueError):
    """Two items that cannot be compared: the sort is null."""


@builtin("sort(list: list)")
def sort(run: Run, items: list[Any]) -> list[Any]:
    """In the natural order; null when two items have none."""

    def natural(left: Any, right: Any) -> int:
        sign = order(left, right, run.zone)
        if sign is None:
            raise _NoOrder
        return sign

    return _sorted(run, items, natural)


@builtin("sort(list: list, precedes: function)")
def sort_by(run: Run, items: list[Any], precedes: FeelFunction) -> list[Any]:
    """By a function of two items that says whether the first comes before the second."""

    def ask(left: Any, right: Any) -> bool:
        verdict = precedes.call(run, [left, right], {})
        if verdict is not None and not isinstance(verdict, bool):
            raise FeelError("The function of sort has to say true or false")
        return verdict is True

    return _sorted(run, items, lambda left, right: -1 if ask(left, right) else int(ask(right, left)))


def _sorted(run: Run, items: list[Any], judge: Callable[[Any, Any], int]) -> list[Any]:
    def paid(left: Any, right: Any) -> int:
        run.charge(2)
        return judge(left, right)

    return sorted((load(item) for item in items), key=cmp_to_key(paid))

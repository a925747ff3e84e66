"""The built-in functions of DMN 1.5 (10.3.4) and the few extras that Camunda's modelers offer."""
from __future__ import annotations

from typing import Any

from engine.feel.builtins import contexts, conversion, lists, numbers, ranges, sorting, strings, times
from engine.feel.registry import BUILTINS, Signature
from engine.feel.runtime import Run
from engine.feel.values import FeelFunction


def invoke(forms: tuple[Signature, ...], values: list[Any], run: Run) -> Any:
    """The result of the first form whose parameters the values fit; null when none does."""
    for form in forms:
        result, fits = form.attempt(values, run)
        if fits:
            return result
    return None


def as_value(name: str) -> FeelFunction:
    """A built-in function as a value, to be handed to another function."""
    return BUILTINS[name].value


__all__ = ["BUILTINS", "as_value", "contexts", "conversion", "invoke", "lists", "numbers", "ranges", "sorting",
           "strings", "times"]  # fmt: skip

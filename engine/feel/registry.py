"""How built-in functions are declared: the signature as a reader of the standard would write it.

``@builtin("substring(string: string, start position: number, length?: number)")``: ``?`` may be left out, ``...``
takes any number. Arguments of the wrong kind make the result null; a single value serves as a list of one and a list
of one as its value (DMN 1.5, 10.3.2.9.4). A function whose first parameter is ``run`` is handed the evaluation.
"""
from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from engine.feel.runtime import Run
from engine.feel.temporal import UTC
from engine.feel.values import FeelFunction, kind

Function = Callable[..., Any]
_MISFIT = object()
_KINDS = {
    "string": ("string",),
    "number": ("number",),
    "boolean": ("boolean",),
    "context": ("context",),
    "function": ("function",),
    "range": ("range",),
    "date": ("date", "date and time"),
    "day": ("date", "date and time"),
    "time": ("time",),
    "moment": ("date and time",),
    "duration": ("days and time duration", "years and months duration"),
    "days": ("days and time duration",),
}


@dataclass(frozen=True)
class Parameter:
    """One parameter of a built-in function, as callers may name it."""

    name: str
    type: str
    optional: bool = False
    many: bool = False

    def fit(self, value: Any) -> Any:
        """The value as this parameter takes it, or the misfit mark."""
        if self.type == "any":
            return value
        if value is None:
            return None if self.optional else _MISFIT
        if self.type == "list":
            return value if isinstance(value, list) else [value]
        kinds = _KINDS[self.type]
        if kind(value) in kinds:
            return value
        if isinstance(value, list) and len(value) == 1 and kind(value[0]) in kinds:
            return value[0]
        if self.type == "moment" and type(value) is date:
            return datetime.combine(value, time(tzinfo=UTC))
        return _MISFIT


@dataclass(frozen=True)
class Signature:
    """One form of a function."""

    usage: str
    parameters: tuple[Parameter, ...]
    function: Function
    with_run: bool

    def takes(self, count: int) -> bool:
        """Whether so many arguments without names can be meant for this form."""
        needed = sum(not parameter.optional and not parameter.many for parameter in self.parameters)
        many = bool(self.parameters) and self.parameters[-1].many
        return needed <= count and (many or count <= len(self.parameters))

    def order(self, keys: Sequence[str]) -> list[int | None] | None:
        """For each parameter the place of its argument among the named ones; None when the names do not fit."""
        names = [parameter.name for parameter in self.parameters]
        if not set(keys) <= set(names) or len(set(keys)) < len(keys):
            return None
        places = [keys.index(name) if name in keys else None for name in names]
        left_out = [parameter for parameter, place in zip(self.parameters, places, strict=True) if place is None]
        return places if all(parameter.optional for parameter in left_out) else None

    def attempt(self, values: list[Any], run: Run) -> tuple[Any, bool]:
        """The result, and whether the values were of the right kinds."""
        arguments = []
        last = len(self.parameters) - 1
        for index, value in enumerate(values):
            fitted = self.parameters[min(index, last)].fit(value)
            if fitted is _MISFIT:
                return None, False
            arguments.append(fitted)
            if isinstance(fitted, list):
                run.charge(len(fitted))
            elif type(fitted) is str:
                run.charge(len(fitted) >> 6)
        try:
            result = self.function(run, *arguments) if self.with_run else self.function(*arguments)
        except (ArithmeticError, ValueError, OverflowError):
            return None, True
        if isinstance(result, (list, Mapping)):
            run.charge(len(result))
        elif type(result) is str:
            run.charge_text(len(result))
        return (result if type(result) is not Decimal or result.is_finite() else None), True


class Overloads:
    """A function with all its forms."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.forms: tuple[Signature, ...] = ()
        self.value = FeelFunction(name, (), self._call)

    @property
    def usage(self) -> str:
        return " / ".join(form.usage for form in self.forms)

    def add(self, form: Signature) -> None:
        self.forms = (*self.forms, form)
        self.value.parameters = tuple(parameter.name for parameter in self.forms[0].parameters)

    def _call(self, run: Run, arguments: list[Any], named: Mapping[str, Any]) -> Any:
        run.charge(1)
        keys = list(named)
        for form in self.forms:
            values: list[Any] | None = arguments if form.takes(len(arguments)) else None
            if keys:
                order = form.order(keys)
                values = order and [None if place is None else named[keys[place]] for place in order]
            if values is not None:
                result, fits = form.attempt(values, run)
                if fits:
                    return result
        return None


class Registry(dict[str, Overloads]):
    """Functions by name."""

    def builtin(self, usage: str) -> Callable[[Function], Function]:
        """Declare a form of a function."""
        name, _, rest = usage.partition("(")

        def declare(function: Function) -> Function:
            parameters = tuple(_parameter(part) for part in rest.rstrip(")").split(",") if part.strip())
            with_run = next(iter(inspect.signature(function).parameters), "") == "run"
            shown = f"{name}({', '.join(parameter.name for parameter in parameters)})"
            self.setdefault(name, Overloads(name)).add(Signature(shown, parameters, function, with_run))
            return function

        return declare


def _parameter(text: str) -> Parameter:
    name, _, type_ = (part.strip() for part in text.partition(":"))
    many, optional = name.endswith("..."), name.endswith("?")
    return Parameter(name.rstrip(".?"), type_, optional, many)


BUILTINS = Registry()
builtin = BUILTINS.builtin

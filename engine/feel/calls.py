"""Closures of function calls: built-in functions, functions of the product, functions written in FEEL."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.feel.builtins import invoke
from engine.feel.errors import FeelError, FeelSyntaxError
from engine.feel.registry import Overloads, Signature
from engine.feel.runtime import Code, Frame, Run
from engine.feel.types import Check
from engine.feel.values import FeelFunction, load

Named = tuple[tuple[str, Code], ...]


def builtin_call(function: Overloads, positional: tuple[Code, ...], named: Named, at: int) -> Code:
    """A call of a function of FEEL itself. Raises FeelSyntaxError when no form of it takes such arguments."""
    if named:
        return _builtin_by_name(function, named, at)
    fitting = tuple(form for form in function.forms if form.takes(len(positional)))
    if not fitting:
        raise FeelSyntaxError("{function} at character {place} does not take {count} arguments; it is written {forms}",
                              at, function=function.name, count=len(positional), forms=function.usage)  # fmt: skip

    def code(frame: Frame) -> Any:
        return invoke(fitting, [argument(frame) for argument in positional], frame.run)

    return code


def _builtin_by_name(function: Overloads, named: Named, at: int) -> Code:
    keys = [key for key, _ in named]
    plans: list[tuple[Signature, tuple[Code | None, ...]]] = []
    for form in function.forms:
        order = form.order(keys)
        if order is not None:
            plans.append((form, tuple(None if place is None else named[place][1] for place in order)))
    if not plans:
        raise FeelSyntaxError("{function} at character {place} has no such argument names; it is written {forms}",
                              at, function=function.name, forms=function.usage)  # fmt: skip

    def code(frame: Frame) -> Any:
        for form, arguments in plans:
            values = [None if argument is None else argument(frame) for argument in arguments]
            result, fits = form.attempt(values, frame.run)
            if fits:
                return result
        return None

    return code


def outside_call(name: str, positional: tuple[Code, ...], named: Named, at: int) -> Code:
    """A call of a function of ``Context.functions``, or of a function among the variables (of a decision model)."""

    def code(frame: Frame) -> Any:
        arguments = [argument(frame) for argument in positional]
        by_name = {key: argument(frame) for key, argument in named}
        function = frame.run.context.functions.get(name)
        if function is not None:
            return _call_outside(name, function, arguments, by_name, at, frame.run)
        try:
            value = frame.variables[name]
        except KeyError:
            value = None
        if type(value) is FeelFunction:
            return value.call(frame.run, arguments, by_name)
        raise FeelError("There is no function {name}, character {place}", at, name=name, place=at + 1)

    return code


def _call_outside(name: str, function: Any, arguments: list[Any], named: Mapping[str, Any], at: int, run: Run) -> Any:
    run.charge(10)
    try:
        result = function(*arguments, **{key.replace(" ", "_"): value for key, value in named.items()})
    except TypeError as error:
        raise FeelError("{name} at character {place} does not take these arguments", at, name=name,
                        place=at + 1) from error  # fmt: skip
    return load(result)


def value_call(function: Code, positional: tuple[Code, ...], named: Named, at: int) -> Code:
    """A call of whatever an expression gives."""

    def code(frame: Frame) -> Any:
        value = function(frame)
        if type(value) is not FeelFunction:
            raise FeelError("What is called at character {place} is no function", at, place=at + 1)
        arguments = [argument(frame) for argument in positional]
        return value.call(frame.run, arguments, {key: argument(frame) for key, argument in named})

    return code


def defined(value: Code) -> Code:
    """``is defined(x)``: whether there is a value other than null."""
    return lambda frame: value(frame) is not None


def written_function(
    name: str,
    parameters: tuple[str, ...],
    types: tuple[Check | None, ...],
    slots: tuple[int, ...],
    body: Code,
    cost: int,
    itself: int | None,
) -> Code:
    """``function(a, b) …``: a function that remembers the names bound where it was written. ``itself`` is the slot
    under which it may call itself."""

    def code(frame: Frame) -> FeelFunction:
        captured = frame.slots[:]
        variables = frame.variables

        def call(run: Run, arguments: list[Any], named: Mapping[str, Any]) -> Any:
            values = _bind(name, parameters, types, arguments, named)
            run.charge(cost + len(captured))
            run.enter()
            inner = captured[:]
            for slot, value in zip(slots, values, strict=True):
                inner[slot] = value
            result = body(Frame(variables, inner, run))
            run.calls -= 1
            return result

        made = FeelFunction(name, parameters, call)
        if itself is not None:
            captured[itself] = made
        return made

    return code


def _bind(name: str, parameters: tuple[str, ...], types: tuple[Check | None, ...], arguments: list[Any],
          named: Mapping[str, Any]) -> list[Any]:  # fmt: skip
    if named:
        unknown = set(named) - set(parameters)
        if unknown or arguments:
            raise FeelError("The function {name} has no argument {unknown}", name=name or "()",
                            unknown=", ".join(sorted(unknown)))  # fmt: skip
        arguments = [named.get(parameter) for parameter in parameters]
    if len(arguments) != len(parameters):
        raise FeelError("The function {name} takes {wanted} arguments, not {count}", name=name or "()",
                        wanted=len(parameters), count=len(arguments))  # fmt: skip
    return [value if check is None or value is None or check(value) else None
            for value, check in zip(arguments, types, strict=True)]  # fmt: skip



"""The only Jinja environment templates are rendered in: plain data, a short list of filters, no attribute of Python.

Stricter than Jinja's own sandbox: no method of anything can be called, a name after a dot is a key of a dict and
nothing else, `*`, `**` and `%` work on small numbers only. Loops and sizes are bounded by the worker's limits.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from jinja2 import StrictUndefined, Undefined
from jinja2.exceptions import SecurityError
from jinja2.runtime import LoopContext, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment

from engine.documents import dates, money, names

LOOP = frozenset({"index", "index0", "revindex", "revindex0", "first", "last", "length"})
KEPT_FILTERS = ("capitalize", "default", "first", "join", "last", "length", "lower", "sum", "trim", "upper")
KEPT_TESTS = ("defined", "undefined", "none", "eq", "ne", "lt", "le", "gt", "ge", "in", "even", "odd", "divisibleby")
LONGEST_TEXT = 100_000
LARGEST_NUMBER = Decimal(10) ** 18
LONGEST_JOIN = 2_000


def environment(autoescape: bool = True) -> Sandbox:
    """A fresh environment for one rendering."""
    env = Sandbox(autoescape=autoescape, undefined=StrictUndefined)
    env.globals.clear()
    env.loader = None  # `include`, `import`, `extends` have nothing to take from
    env.filters = {name: env.filters[name] for name in KEPT_FILTERS} | FILTERS
    tests = {name: env.tests[name] for name in KEPT_TESTS}
    env.tests = tests | {"==": tests["eq"], "!=": tests["ne"]}
    return env


class Sandbox(ImmutableSandboxedEnvironment):
    """Attributes are keys of dicts; calls are macros of the template itself; operators are for numbers."""

    intercepted_binops = frozenset({"*", "**", "%", "+"})

    def getattr(self, obj: Any, attribute: str) -> Any:
        """``deal.items`` is the key «items», never a method."""
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Keys of dicts, places of lists, what a loop tells about itself; anything else is undefined."""
        if isinstance(obj, Mapping):
            return obj[argument] if argument in obj else self.undefined(obj=obj, name=str(argument))
        if isinstance(obj, (list, tuple)) and isinstance(argument, int) and not isinstance(argument, bool):
            return obj[argument] if -len(obj) <= argument < len(obj) else self.undefined(name=str(argument))
        if isinstance(obj, LoopContext) and argument in LOOP:
            return getattr(obj, str(argument))
        if isinstance(obj, Undefined):
            return obj[argument]
        raise SecurityError(f"«{argument}» is not data: a template may only read values")

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:  # noqa: ARG002  # given by the caller
        """None is: see getattr."""
        return False

    def is_safe_callable(self, obj: Any) -> bool:
        """Only macros written in the template."""
        return isinstance(obj, Macro)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Numbers only, and small ones; `+` joins short texts too."""
        if operator == "+" and isinstance(left, str) and isinstance(right, str):
            if len(left) + len(right) > LONGEST_TEXT:
                raise SecurityError("a text grows too long")
            return left + right
        if operator == "**" or not (_is_number(left) and _is_number(right)):
            raise SecurityError(f"«{operator}» is for numbers only")
        result = super().call_binop(context, operator, left, right)
        if abs(result) > LARGEST_NUMBER:
            raise SecurityError("a number grows too large")
        return result


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, Decimal)) and not isinstance(value, bool)


def _words(value: Any) -> str:
    return money.words(value)


def _name(case: str) -> Callable[[Any], str]:
    def declined(value: Any) -> str:
        if isinstance(value, Mapping):
            return str(value[case]) if case in value else names.person(value)[case]
        return names.position_in(case, str(value))

    return declined


def _person(key: str) -> Callable[[Any], str]:
    def shown(value: Any) -> str:
        if not isinstance(value, Mapping):
            return str(value)
        return str(value[key] if key in value else names.person(value)[key])

    return shown


def _plural(value: Any, one: str, few: str, many: str) -> str:
    return f"{money.number(value)}\u00a0{money.plural(Decimal(str(value)), one, few, many)}"


def _capital(value: Any) -> str:
    """The first letter capital, the rest as it is (Jinja's own `capitalize` lowers the rest)."""
    words = str(value)
    return words[:1].upper() + words[1:]


def _lower_first(value: Any) -> str:
    words = str(value)
    return words if words[1:2].isupper() else words[:1].lower() + words[1:]  # «HR-форум» stays


def _join(value: Any, by: str = ", ") -> str:
    items = [str(item) for item in value]
    if len(items) > LONGEST_JOIN:
        raise SecurityError("a list is too long to be joined")
    return by.join(item for item in items if item)


FILTERS: dict[str, Callable[..., Any]] = {
    "money": money.money,
    "number": money.number,
    "words": _words,
    "number_words": money.number_words,
    "plural": _plural,
    "date_long": dates.date_long,
    "date_plain": dates.date_plain,
    "date_words": dates.date_words,
    "date_short": dates.date_short,
    "time_short": dates.time_short,
    "genitive": _name("genitive"),
    "dative": _name("dative"),
    "initials": _person("initials"),
    "short": _person("short"),
    "listed": _join,
    "capital": _capital,
    "lower_first": _lower_first,
}

"""Expressions and unary tests, compiled once and kept."""
from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from engine.feel.compiler import Compiler
from engine.feel.errors import FeelLimit, FeelSyntaxError
from engine.feel.parser import parse, parse_tests
from engine.feel.runtime import Code, Context, Frame, Run
from engine.feel.tree import If, Literal, Node, Test
from engine.feel.values import ATOMS, FeelFunction, load, plain

KEPT = 4096  # compiled expressions


class _Compiled:
    __slots__ = ("_code", "_slots", "functions", "names", "text")

    def __init__(self, text: str, code: Code, compiler: Compiler) -> None:
        self.text = text
        self.names = frozenset(compiler.names)
        self.functions = frozenset(compiler.functions)
        self._code = code
        self._slots = compiler.slots


class Expression(_Compiled):
    """One compiled expression; immutable, shared by threads.

    names: the variables it needs from outside. Names within a filter (``items[qty > 2]``) may belong to the items and
    are left out, as are those asked for by ``is defined``. functions: the functions it calls that FEEL itself lacks.
    """

    __slots__ = ()

    def evaluate(self, variables: Mapping[str, Any], context: Context) -> Any:
        """The value, as plain data. Raises FeelError (unknown function; in strict mode unknown name) and FeelLimit."""
        result = self.run(variables, Run(context))
        return result if type(result) in ATOMS and type(result) is not FeelFunction else plain(result)

    def run(self, variables: Mapping[str, Any], run: Run) -> Any:
        """The value within a larger evaluation (a decision), whose budget it shares. May be a function."""
        try:
            return self._code(Frame(variables, [None] * self._slots, run))
        except RecursionError:
            raise FeelLimit("The expression is nested too deeply to be evaluated") from None

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"


class UnaryTests(_Compiled):
    """Compiled unary tests: ``< 5, [10..20]``, ``not("a", "b")``, ``-``; ``?`` is the value tested."""

    __slots__ = ("_negated", "tests")

    def __init__(self, text: str, code: Code, compiler: Compiler, tests: tuple[Test, ...] | None,
                 negated: bool) -> None:  # fmt: skip
        super().__init__(text, code, compiler)
        self.tests = tests  # the tree; None for anything
        self._negated = negated

    @property
    def room(self) -> int:
        """How many slots the tests need; the value tested is in the first."""
        return self._slots

    def matches(self, value: Any, variables: Mapping[str, Any], context: Context) -> bool:
        """Whether the value meets one of the tests; what cannot be compared does not."""
        return self.run(load(value), variables, Run(context))

    def run(self, value: Any, variables: Mapping[str, Any], run: Run) -> bool:
        """``matches`` within a larger evaluation, for a value already loaded."""
        slots: list[Any] = [None] * self._slots
        slots[0] = value
        return self.holds(Frame(variables, slots, run))

    def holds(self, frame: Frame) -> bool:
        """Whether the tests are met in a frame that has ``room`` slots with the value in the first."""
        try:
            verdict = self._code(frame)
        except RecursionError:
            raise FeelLimit("The expression is nested too deeply to be evaluated") from None
        return verdict is False if self._negated else verdict is True

    def __repr__(self) -> str:
        return f"UnaryTests({self.text!r})"


@lru_cache(maxsize=KEPT)
def compile(text: str, names: frozenset[str] = frozenset()) -> Expression:
    """Compile an expression. ``names``: variables whose names hold signs or keywords (``a-b``); others need no
    mention, blanks are no hindrance. Raises FeelSyntaxError."""
    compiler = Compiler()
    tree = parse(text, names)
    try:
        code = compiler.compile(tree)
    except RecursionError:
        raise FeelSyntaxError("The expression is nested too deeply", 0) from None
    return Expression(text, code, compiler)


@lru_cache(maxsize=KEPT)
def unary_tests(text: str, names: frozenset[str] = frozenset()) -> UnaryTests:
    """Compile unary tests. Raises FeelSyntaxError."""
    parsed = parse_tests(text, names)
    compiler = Compiler()
    (slot,) = compiler.bind(("?",))
    if parsed is None:
        return UnaryTests(text, lambda _: True, compiler, None, negated=False)
    tests, negated = parsed
    try:
        return UnaryTests(text, compiler.tests(tests, slot), compiler, tests, negated)
    except RecursionError:
        raise FeelSyntaxError("The expression is nested too deeply", 0) from None


def constants(raw: str) -> frozenset[str] | None:
    """All strings an attribute of a diagram can mean, or None where that depends on data: a text that is no expression,
    ``="a"``, ``=if x then "a" else "b"``. Raises FeelSyntaxError."""
    return _strings(parse(raw.strip()[1:], frozenset())) if raw.strip().startswith("=") else frozenset({raw})


def _strings(tree: Node) -> frozenset[str] | None:
    if isinstance(tree, Literal) and isinstance(tree.value, str):
        return frozenset({tree.value})
    if isinstance(tree, If):
        then, otherwise = _strings(tree.then), _strings(tree.otherwise)
        return None if then is None or otherwise is None else then | otherwise
    return None


def evaluate(text: str, variables: Mapping[str, Any], context: Context) -> Any:
    """Compile (once) and evaluate."""
    return compile(text).evaluate(variables, context)


def value(raw: str | None, variables: Mapping[str, Any], context: Context) -> Any:
    """What an attribute of a diagram means: text that begins with ``=`` is FEEL, other text means itself."""
    if raw is None or not raw.startswith("="):
        return raw
    return compile(raw[1:]).evaluate(variables, context)

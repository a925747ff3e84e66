"""The tree to closures, once per expression. Names bound within the expression become slots; nothing is looked up by
text while running but the variables from outside."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from engine.feel import operators
from engine.feel.builtins import BUILTINS, as_value
from engine.feel.calls import builtin_call, defined, outside_call, value_call, written_function
from engine.feel.errors import FeelError
from engine.feel.loops import filtered, first_steps, indexed, loop, quantified
from engine.feel.runtime import Code, Frame
from engine.feel.tree import (
    Between,
    Binary,
    Call,
    ContextOf,
    Filter,
    FunctionOf,
    If,
    In,
    InstanceOf,
    Iteration,
    ListOf,
    Literal,
    Logic,
    Name,
    Negate,
    Node,
    Path,
    RangeOf,
    Steps,
    Test,
)
from engine.feel.types import checker
from engine.feel.values import ATOMS, Range, load, order


class Scope:
    """Names bound within the expression. A filter's scope also answers for the entries of the item in its slot."""

    def __init__(self, outer: Scope | None, names: Mapping[str, int], item: int | None = None) -> None:
        self.outer = outer
        self.names = dict(names)
        self.item = item


class Compiler:
    """Compiles one expression; afterwards holds what was learnt about it."""

    def __init__(self) -> None:
        self.scope: Scope | None = None
        self.slots = 0
        self.cost = 0  # nodes compiled so far: what one pass through a body costs
        self.names: set[str] = set()
        self.functions: set[str] = set()
        self._quiet = 0  # within ``is defined`` unknown names are no error

    def compile(self, node: Node) -> Code:
        """The closure of a node."""
        self.cost += 1
        code: Code = _COMPILERS[type(node)](self, node)
        return code

    def all(self, nodes: Iterable[Node]) -> tuple[Code, ...]:
        return tuple(self.compile(node) for node in nodes)

    # ---- names

    def bind(self, names: Iterable[str], item: int | None = None) -> tuple[int, ...]:
        """Open a scope with a slot for each name."""
        slots = {}
        for name in names:
            slots[name] = self.slots
            self.slots += 1
        self.scope = Scope(self.scope, slots, item)
        return tuple(slots.values())

    def leave(self) -> None:
        assert self.scope is not None
        self.scope = self.scope.outer

    def _find(self, name: str) -> tuple[list[int], int | None]:
        """The filter items to be asked first, and the slot of the name if it is bound within."""
        items: list[int] = []
        scope = self.scope
        while scope is not None:
            if name in scope.names:
                return items, scope.names[name]
            if scope.item is not None:
                items.append(scope.item)
            scope = scope.outer
        return items, None

    def name(self, node: Name) -> Code:
        items, slot = self._find(node.name)
        if slot is not None:
            code = _slot(slot)
        else:
            if not items and not self._quiet:
                self.names.add(node.name)
            code = _variable(node.name, node.at, quiet=bool(items or self._quiet))
        for item in reversed(items):
            code = _entry(item, node.name, code)
        return code

    # ---- simple nodes

    def literal(self, node: Literal) -> Code:
        value = node.value
        return lambda _: value

    def negate(self, node: Negate) -> Code:
        return operators.negation(self.compile(node.value))

    def binary(self, node: Binary) -> Code:
        return operators.binary(node.operator, self.compile(node.left), self.compile(node.right))

    def logic(self, node: Logic) -> Code:
        parts = self.all(node.parts)
        return operators.conjunction(parts) if node.operator == "and" else operators.disjunction(parts)

    def between(self, node: Between) -> Code:
        return operators.between(self.compile(node.value), self.compile(node.low), self.compile(node.high))

    def choice(self, node: If) -> Code:
        return operators.choice(self.compile(node.condition), self.compile(node.then), self.compile(node.otherwise))

    def list(self, node: ListOf) -> Code:
        items = self.all(node.items)
        return lambda frame: [item(frame) for item in items]

    def range(self, node: RangeOf) -> Code:
        start = self.compile(node.start) if node.start else None
        end = self.compile(node.end) if node.end else None
        return _range(start, end, node.start_included, node.end_included)

    def path(self, node: Path) -> Code:
        return operators.path(self.compile(node.value), node.name)

    def instance_of(self, node: InstanceOf) -> Code:
        value, check = self.compile(node.value), checker(node.type, node.at)
        return lambda frame: check(value(frame))

    # ---- tests

    def within(self, node: In) -> Code:
        value = self.compile(node.value)
        (slot,) = self.bind(("?",))
        tests = self.tests(node.tests, slot)
        self.leave()

        def code(frame: Frame) -> bool | None:
            frame.slots[slot] = value(frame)
            verdict: bool | None = tests(frame)
            return verdict

        return code

    def tests(self, tests: tuple[Test, ...], slot: int) -> Code:
        """True when the value in the slot, called ``?``, meets one of the tests."""
        codes = tuple(self._test(test, slot) for test in tests)
        return codes[0] if len(codes) == 1 else operators.disjunction(codes)

    def _test(self, test: Test, slot: int) -> Code:
        if test.operator is not None:
            return operators.comparison_test(test.operator, self.compile(test.value), slot)
        if isinstance(test.value, Literal) and type(test.value.value) in (Decimal, str, bool):
            return operators.constant_test(test.value.value, slot)
        code = self.compile(test.value)
        return code if mentions(test.value, "?") else operators.value_test(code, slot, isinstance(test.value, RangeOf))

    # ---- loops

    def iteration(self, node: Iteration) -> Code:
        domains: list[tuple[int, Code]] = []
        for name, domain in node.domains:
            items = self._domain(domain)
            (slot,) = self.bind((name,))
            domains.append((slot, items))
        partial = self.bind(("partial",))[0] if node.sort == "for" and mentions(node.body, "partial") else None
        before = self.cost
        body = self.compile(node.body)
        cost = self.cost - before + 1
        for _ in range(len(domains) + (partial is not None)):
            self.leave()
        if node.sort == "for":
            return loop(tuple(domains), body, cost, partial)
        return quantified(node.sort == "some", tuple(domains), body, cost)

    def _domain(self, node: Node) -> Code:
        if isinstance(node, Steps):
            return first_steps(self.compile(node.start), self.compile(node.end), node.at)
        return self.compile(node)

    def filter(self, node: Filter) -> Code:
        value = self.compile(node.value)
        number = _constant_index(node.condition)
        if number is not None:
            return indexed(value, number)
        item = self.slots
        self.bind(("item",), item)
        before = self.cost
        condition = self.compile(node.condition)
        cost = self.cost - before + 1
        self.leave()
        return filtered(value, condition, item, cost)

    # ---- contexts and functions

    def context(self, node: ContextOf) -> Code:
        entries: list[tuple[str, int, Code]] = []
        for key, value in node.entries:
            itself = self.slots if isinstance(value, FunctionOf) else None
            if isinstance(value, FunctionOf):  # may call itself by its key
                self.bind((key,))
                code = self.function(value, key, itself)
            else:
                code = self.compile(value)
                self.bind((key,))
            assert self.scope is not None
            entries.append((key, self.scope.names[key], code))
        for _ in entries:
            self.leave()
        return _context(tuple(entries))

    def function(self, node: FunctionOf, name: str = "", itself: int | None = None) -> Code:
        slots = self.bind(name for name, _ in node.parameters)
        before = self.cost
        body = self.compile(node.body)
        cost = self.cost - before + 1
        self.leave()
        types = tuple(checker(type_, node.at) if type_ else None for _, type_ in node.parameters)
        parameters = tuple(parameter for parameter, _ in node.parameters)
        return written_function(name, parameters, types, slots, body, cost, itself)

    def call(self, node: Call) -> Code:
        if not isinstance(node.function, Name):
            return self._dynamic(node)
        name = node.function.name
        if self._find(name)[1] is not None:
            return self._dynamic(node)
        if name == "is defined" and len(node.positional) == 1:
            self._quiet += 1
            (value,) = self.all(node.positional)
            self._quiet -= 1
            return defined(value)
        positional = self.all(node.positional)
        named = tuple((key, self.compile(value)) for key, value in node.named)
        if name in BUILTINS:
            return builtin_call(BUILTINS[name], positional, named, node.at)
        self.functions.add(name)
        return outside_call(name, positional, named, node.at)

    def _dynamic(self, node: Call) -> Code:
        function = self.compile(node.function)
        named = tuple((key, self.compile(value)) for key, value in node.named)
        return value_call(function, self.all(node.positional), named, node.at)


_COMPILERS: dict[type[Node], Callable[[Compiler, Any], Code]] = {
    Literal: Compiler.literal, Name: Compiler.name, Negate: Compiler.negate, Binary: Compiler.binary,
    Logic: Compiler.logic, Between: Compiler.between, In: Compiler.within, If: Compiler.choice,
    Iteration: Compiler.iteration, ListOf: Compiler.list, ContextOf: Compiler.context, RangeOf: Compiler.range,
    Path: Compiler.path, Filter: Compiler.filter, Call: Compiler.call, FunctionOf: Compiler.function,
    InstanceOf: Compiler.instance_of,
}  # fmt: skip


def mentions(node: Any, name: str) -> bool:
    """Whether a name occurs in a tree."""
    if isinstance(node, Name):
        return node.name == name
    if isinstance(node, tuple):
        return any(mentions(part, name) for part in node)
    if isinstance(node, In):  # its tests have a "?" of their own
        return mentions(node.value, name) or (name != "?" and mentions(node.tests, name))
    if isinstance(node, (Node, Test)):
        return any(mentions(getattr(node, part), name) for part in type(node).__slots__)
    return False


def _constant_index(node: Node) -> int | None:
    sign, inner = (-1, node.value) if isinstance(node, Negate) else (1, node)
    if isinstance(inner, Literal) and not isinstance(inner.value, (str, bool)) and hasattr(inner.value, "as_tuple"):
        return sign * int(inner.value) if inner.value == int(inner.value) else 0
    return None


def _slot(slot: int) -> Code:
    return lambda frame: frame.slots[slot]


def _variable(name: str, at: int, quiet: bool) -> Code:
    def code(frame: Frame) -> Any:
        try:
            value = frame.variables[name]
        except KeyError:
            return _unknown(frame, name, at, quiet)
        return value if type(value) in ATOMS else frame.run.load(name, value)

    return code


def _unknown(frame: Frame, name: str, at: int, quiet: bool) -> Any:
    if name in BUILTINS:
        return as_value(name)
    if frame.run.context.strict and not quiet:
        raise FeelError("There is no variable {name}", at, name=name)
    return None


def _entry(item: int, name: str, otherwise: Code) -> Code:
    def code(frame: Frame) -> Any:
        owner = frame.slots[item]
        if isinstance(owner, Mapping) and name in owner:
            return owner[name] if type(owner) is dict else load(owner[name])
        return otherwise(frame)

    return code


def _range(start: Code | None, end: Code | None, start_included: bool, end_included: bool) -> Code:
    def code(frame: Frame) -> Range | None:
        low, high = start(frame) if start else None, end(frame) if end else None
        if (start and low is None) or (end and high is None):
            return None
        if start and end and order(low, high, frame.run.zone) is None:
            return None
        return Range(low, high, start_included, end_included)

    return code


def _context(entries: tuple[tuple[str, int, Code], ...]) -> Code:
    def code(frame: Frame) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for key, slot, value in entries:
            made[key] = frame.slots[slot] = value(frame)
        return made

    return code

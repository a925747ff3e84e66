"""Tokens to a tree: precedence climbing, with names of several words.

In FEEL two names never stand side by side, so neighbouring words are one name (``due date``). Names that contain a
keyword or a sign (``date and time``, ``a-b``) are taken when they are known: built in, handed in as ``names``, or
declared further out in the same expression. Any name may be put between backquotes.
"""
from __future__ import annotations

from collections.abc import Iterable

from engine.errors import text
from engine.feel.errors import FeelSyntaxError
from engine.feel.lexer import Token, tokens
from engine.feel.parser_primary import Primary
from engine.feel.tree import Between, Binary, Call, Filter, In, InstanceOf, Logic, Negate, Node, Path, RangeOf, Test

MAX_NESTING = 50
_COMPARE = ("=", "!=", "<=", ">=", "<", ">")
_LEVELS = {"or": 1, "and": 2, "between": 3, "in": 3, "+": 4, "-": 4, "*": 5, "/": 5, "**": 6}
_LEVELS |= dict.fromkeys(_COMPARE, 3) | {"instance": 7}


def parse(text: str, names: Iterable[str] = ()) -> Node:
    """The tree of one expression. Raises FeelSyntaxError."""
    parser = Parser(text, names)
    if parser.here.kind == "end":
        raise FeelSyntaxError("The expression is empty", 0)
    try:
        tree = parser.expression()
    except RecursionError:
        raise FeelSyntaxError("The expression is nested too deeply", parser.here.start) from None
    parser.expect_end()
    return tree


def parse_tests(text: str, names: Iterable[str] = ()) -> tuple[tuple[Test, ...], bool] | None:
    """Unary tests and whether they are negated; None for ``-`` (anything). Raises FeelSyntaxError."""
    parser = Parser(text, names)
    if parser.here.kind == "end":
        raise FeelSyntaxError("The test is empty; write - for any value", 0)
    if parser.is_op("-") and parser.tokens[1].kind == "end":
        return None
    try:
        negated = _negated(parser)
        if negated:
            return negated, True
        found = parser.tests()
    except RecursionError:
        raise FeelSyntaxError("The expression is nested too deeply", parser.here.start) from None
    parser.expect_end()
    return found, False


def _negated(parser: Parser) -> tuple[Test, ...] | None:
    """The tests within ``not(...)`` when that is the whole text."""
    if parser.here[:2] != ("name", "not") or parser.tokens[1][:2] != ("op", "("):
        return None
    parser.index = 2
    found = parser.tests()
    parser.expect(")")
    if parser.here.kind == "end":
        return found
    parser.index = 0  # not(a) and b: an expression
    return None


class Parser(Primary):
    """Reads one text. Operators are here, what stands between operators in ``Primary``."""

    def __init__(self, text: str, names: Iterable[str] = ()) -> None:
        super().__init__(text, tokens(text))
        for name in names:
            self.declare(name)
        self.nesting = 0

    def expression(self, level: int = 1) -> Node:
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            self.work = -1  # no attempt may go on from here
            raise FeelSyntaxError("The expression is nested too deeply at character {place}", self.here.start)
        left = self._prefix()
        while True:
            token = self.here
            reach = _LEVELS.get(token.value, 0) if token.kind in ("op", "keyword") else 0
            if reach < level or not reach:
                break
            self.advance()
            left = self._operator(left, token, reach)
        self.nesting -= 1
        return left

    def _operator(self, left: Node, token: Token, reach: int) -> Node:
        operator = token.value
        if operator == "instance":
            self.expect("of")
            return InstanceOf(token.start, left, self.type())
        if operator == "between":
            low = self.expression(4)
            self.expect("and")
            return Between(token.start, left, low, self.expression(4))
        if operator == "in":
            return In(token.start, left, self._tests_of_in())
        right = self.expression(reach + 1)
        if operator in ("and", "or"):
            return self._logic(left, token, right)
        return Binary(token.start, operator, left, right)

    @staticmethod
    def _logic(left: Node, token: Token, right: Node) -> Node:
        if isinstance(left, Logic) and left.operator == token.value:
            return Logic(left.at, token.value, (*left.parts, right))
        return Logic(token.start, token.value, (left, right))

    def _prefix(self) -> Node:
        token = self.here
        if not self.is_op("-"):
            return self._postfix(self.primary())
        signs = 0
        while self.take("-"):
            signs += 1
        value = self._postfix(self.primary())
        for _ in range(signs if signs < 3 else 2 - signs % 2):
            value = Negate(token.start, value)
        return value

    def _postfix(self, value: Node) -> Node:
        while True:
            token = self.here
            if self.take("."):
                value = Path(token.start, value, self.name_after_dot())
            elif self.is_op("["):
                if self.closes_range:
                    return value
                self.advance()
                value = Filter(token.start, value, self.inner())
                self.expect("]")
            elif self.take("("):
                value = Call(value.at, value, *self._arguments())
            else:
                return value

    def _arguments(self) -> tuple[tuple[Node, ...], tuple[tuple[str, Node], ...]]:
        positional: list[Node] = []
        named: list[tuple[str, Node]] = []
        while not self.is_op(")"):
            name = self.name_before_colon()
            if name is not None:
                named.append((name, self.inner()))
            elif named:
                raise FeelSyntaxError(
                    "Arguments with and without names do not mix, character {place}", self.here.start)  # fmt: skip
            else:
                positional.append(self.inner())
            if not self.take(","):
                break
        self.expect(")")
        return tuple(positional), tuple(named)

    # ---- unary tests

    def tests(self) -> tuple[Test, ...]:
        """One or more tests with commas between."""
        found = [self.test()]
        while self.take(","):
            found.append(self.test())
        return tuple(found)

    def test(self) -> Test:
        token = self.here
        if token.kind == "op" and token.value in _COMPARE:
            self.advance()
            return Test(token.start, token.value, self.expression(4))
        return Test(token.start, None, self.expression())

    def _tests_of_in(self) -> tuple[Test, ...]:
        interval = self.interval_or_none() if self.is_op("(") else None
        if interval is not None:
            return (Test(interval.at, None, interval),)
        if self.take("("):
            found = self.tests()
            self.expect(")")
            return found
        token = self.here
        if token.kind == "op" and token.value in _COMPARE:
            return (self.test(),)
        return (Test(token.start, None, self.expression(4)),)

    def range(self) -> RangeOf:
        """``[1..5]`` in all its spellings, and ``(>= 5)``."""
        token = self.advance()
        if token.value == "(" and self.here.kind == "op" and self.here.value in _COMPARE:
            operator = self.advance().value
            edge = self.inner(4)
            self.expect(")")
            return self.one_sided(token, operator, edge)
        start = self.inner(4)
        self.expect("..")
        edge = self._range_end()
        closing = self.advance()
        if closing.kind != "op" or closing.value not in ("]", ")", "["):
            raise self.unexpected(closing, text("the end of the interval"))
        return RangeOf(token.start, start, edge, token.value == "[", closing.value == "]")

    def _range_end(self) -> Node:
        # in [1..5[ the last sign closes, in [1..a[2]] it is a filter: first try the filter
        whole = self.attempt(self._range_end_closed)
        if whole is not None:
            return whole
        self.closes_range, before = True, self.closes_range
        try:
            return self.expression(4)
        finally:
            self.closes_range = before

    def _range_end_closed(self) -> Node:
        edge = self.inner(4)
        if not any(self.is_op(sign) for sign in ("]", ")", "[")):
            raise self.unexpected(self.here, text("the end of the interval"))
        return edge


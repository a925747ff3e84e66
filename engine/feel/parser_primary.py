"""What stands between operators: literals, names, brackets, ``if``, iterations, functions, types."""
from __future__ import annotations

from engine.errors import text
from engine.feel.cursor import Cursor
from engine.feel.errors import FeelSyntaxError
from engine.feel.lexer import Token
from engine.feel.temporal import parse_literal
from engine.feel.tree import (
    ContextOf,
    FunctionOf,
    If,
    Iteration,
    ListOf,
    Literal,
    Name,
    Node,
    RangeOf,
    Steps,
    Type,
)

_CONSTANTS = {"true": True, "false": False, "null": None}


class Primary(Cursor):
    """The lower half of the parser."""

    def primary(self) -> Node:
        token = self.here
        if token.kind in ("number", "string"):
            return Literal(self.advance().start, token.value)
        if token.kind == "at":
            return self._at(self.advance())
        if self._length_of_name() or token.kind == "quoted":
            return Name(token.start, self.name())
        if token.kind == "keyword":
            return self._keyword(token)
        if token.kind == "op":
            return self._bracket(token)
        raise self.unexpected(token, text("a value"))

    def _at(self, token: Token) -> Node:
        value = parse_literal(token.value)
        if value is None:
            raise FeelSyntaxError('@"{text}" at character {place} is no date, time or duration', token.start,
                                  text=token.value[:40])  # fmt: skip
        return Literal(token.start, value)

    def _keyword(self, token: Token) -> Node:
        word = token.value
        if word in _CONSTANTS:
            return Literal(self.advance().start, _CONSTANTS[word])
        if word == "if":
            return self._if()
        if word in ("for", "some", "every"):
            return self._iteration(word)
        if word == "function":
            return self._function()
        raise self.unexpected(token, text("a value"))

    def _if(self) -> If:
        at = self.advance().start
        condition = self.inner()
        self.expect("then")
        then = self.inner()
        self.expect("else")
        return If(at, condition, then, self.expression())

    def _iteration(self, word: str) -> Iteration:
        at = self.advance().start
        special = self.special
        domains: list[tuple[str, Node]] = []
        while True:
            name = self.name()
            self.expect("in")
            domains.append((name, self._domain()))
            self.declare(name)
            if not self.take(","):
                break
        self.expect("return" if word == "for" else "satisfies")
        body = self.expression()
        self.special = special
        return Iteration(at, word, tuple(domains), body)

    def _domain(self) -> Node:
        at = self.here.start
        start = self.inner()
        return Steps(at, start, self.inner()) if self.take("..") else start

    def _function(self) -> FunctionOf:
        at = self.advance().start
        self.expect("(")
        special = self.special
        parameters: list[tuple[str, Type | None]] = []
        while not self.is_op(")"):
            name = self.name()
            self.declare(name)
            parameters.append((name, self.type() if self.take(":") else None))
            if not self.take(","):
                break
        self.expect(")")
        if self.here[:2] == ("keyword", "external"):
            raise FeelSyntaxError("Functions from outside (external) are not allowed, character {place}",
                                  self.here.start)  # fmt: skip
        body = self.expression()
        self.special = special
        return FunctionOf(at, tuple(parameters), body)

    def _bracket(self, token: Token) -> Node:
        sign = token.value
        if sign == "?":
            return Name(self.advance().start, "?")
        if sign == "{":
            return self._context()
        if sign == "]":
            return self.range()
        if sign not in ("(", "["):
            raise self.unexpected(token, text("a value"))
        interval = self.interval_or_none()
        if interval is not None:
            return interval
        self.advance()
        if sign == "[":
            return self._list(token)
        node = self.inner()
        self.expect(")")
        return node

    def interval_or_none(self) -> RangeOf | None:
        """An interval that begins here. Looked for only where ``..`` or a comparison can make one."""
        following = self.tokens[self.index + 1]
        one_sided = self.is_op("(") and following.kind == "op" and following.value in ("<", "<=", ">", ">=", "=", "!=")
        if one_sided or self._dots_inside():
            return self.attempt(self.range)
        return None

    def _dots_inside(self) -> bool:
        depth = 0
        for token in self.tokens[self.index : self.index + 400]:
            if token.kind == "op":
                if token.value in "([{":
                    depth += 1
                elif token.value in ")]}":
                    depth -= 1
                    if depth <= 0:
                        return False
                elif token.value == ".." and depth == 1:
                    return True
        return False

    @staticmethod
    def one_sided(token: Token, operator: str, edge: Node) -> RangeOf:
        if operator == "=":
            return RangeOf(token.start, edge, edge, True, True)
        if operator in ("<", "<="):
            return RangeOf(token.start, None, edge, False, operator == "<=")
        if operator in (">", ">="):
            return RangeOf(token.start, edge, None, operator == ">=", False)
        raise FeelSyntaxError("!= makes no interval, character {place}", token.start)

    def _list(self, token: Token) -> ListOf:
        items: list[Node] = []
        while not self.is_op("]"):
            items.append(self.inner())
            if not self.take(","):
                break
        self.expect("]")
        return ListOf(token.start, tuple(items))

    def _context(self) -> ContextOf:
        at = self.advance().start
        special = self.special
        entries: list[tuple[str, Node]] = []
        while not self.is_op("}"):
            key = self.key()
            if any(key == other for other, _ in entries):
                raise FeelSyntaxError("The key {key} stands twice in the context at character {place}", at, key=key)
            entries.append((key, self.inner()))
            self.declare(key)
            if not self.take(","):
                break
        self.expect("}")
        self.special = special
        return ContextOf(at, tuple(entries))

    # ---- types

    def type(self) -> Type:
        """A type behind ``instance of`` or of a parameter."""
        if self.here[:2] == ("keyword", "function"):
            self.advance()
            return self._function_type()
        name = "null" if self.here[:2] == ("keyword", "null") and self.advance() else self.name()
        if not self.take("<"):
            return Type(name)
        if name == "context":
            fields = self._fields()
            self.expect(">")
            return Type(name, fields=fields)
        inner = self.type()
        self.expect(">")
        return Type(name, (inner,))

    def _fields(self) -> tuple[tuple[str, Type], ...]:
        fields: list[tuple[str, Type]] = []
        while True:
            key = self.key()
            fields.append((key, self.type()))
            if not self.take(","):
                return tuple(fields)

    def _function_type(self) -> Type:
        arguments: list[Type] = []
        if self.take("<"):
            while not self.is_op(">"):
                arguments.append(self.type())
                if not self.take(","):
                    break
            self.expect(">")
            self.expect("->")
            arguments.append(self.type())
        return Type("function", tuple(arguments))

"""The cursor over the tokens, and the names it reads."""
from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TypeVar

from engine.errors import Text, text
from engine.feel.errors import FeelSyntaxError
from engine.feel.lexer import KEYWORDS, Token, is_digits, tokens
from engine.feel.tree import Node, RangeOf

T = TypeVar("T")
_WORDS = re.compile(r"[^\W\d][\w']*(?: [\w']+)*")
# known names that hold a keyword; other names of several words need no list
_WITH_KEYWORDS = ("date and time", "years and months duration", "days and time duration", "get or else",
                  "working days between", "working hours between")  # fmt: skip


def _spellings(names: tuple[str, ...]) -> dict[str, tuple[tuple[str, ...], ...]]:
    found: dict[str, tuple[tuple[str, ...], ...]] = {}
    for name in names:
        words = tuple(name.split())
        found[words[0]] = (*found.get(words[0], ()), words)
    return found


_NOT_IN_NAMES = frozenset("()[]{},:\"=<>") | {"<=", ">=", "!=", ".."}
_KNOWN = _spellings(_WITH_KEYWORDS)


class Cursor(ABC):
    """A place in the tokens of one text, with the names known there."""

    def __init__(self, text: str, found: list[Token]) -> None:
        self.text = text
        self.tokens = found
        self.index = 0
        self.closes_range = False  # while a "[" ends an interval instead of opening a filter
        self.special = _KNOWN
        self.work = 100 + 10 * len(found)  # attempts that are taken back may not multiply without end
        self.nesting = 0

    @abstractmethod
    def expression(self, level: int = 1) -> Node: ...

    @abstractmethod
    def range(self) -> RangeOf: ...

    # ---- the cursor

    @property
    def here(self) -> Token:
        return self.tokens[self.index]

    def advance(self) -> Token:
        self.work -= 1
        if self.work < 0:
            raise FeelSyntaxError("The expression is too intricate", self.here.start)
        token = self.tokens[self.index]
        if token.kind != "end":
            self.index += 1
        return token

    def is_op(self, sign: str) -> bool:
        token = self.tokens[self.index]
        return token.kind == "op" and token.value == sign

    def take(self, sign: str) -> bool:
        if self.is_op(sign):
            self.advance()
            return True
        return False

    def expect(self, sign: str) -> None:
        token = self.advance()
        if token.value != sign or token.kind not in ("op", "keyword", "name"):
            raise self.unexpected(token, sign)

    def expect_end(self) -> None:
        if self.here.kind != "end":
            raise self.unexpected(self.here, text("the end of the expression"))

    def unexpected(self, token: Token, wanted: str | Text) -> FeelSyntaxError:
        if token.kind == "end":
            return FeelSyntaxError("The expression ends where {wanted} was expected", token.start, wanted=wanted)
        found = self.text[token.start : token.end][:40]
        return FeelSyntaxError("Expected {wanted} but found {found} at character {place}", token.start,
                               wanted=wanted, found=found)  # fmt: skip

    def attempt(self, read: Callable[[], T]) -> T | None:
        """What ``read`` gives, or None with the cursor where it was."""
        index, nesting, special, closes = self.index, self.nesting, self.special, self.closes_range
        try:
            return read()
        except FeelSyntaxError:
            if self.work < 0:
                raise
            self.index, self.nesting, self.special, self.closes_range = index, nesting, special, closes
            return None

    def inner(self, level: int = 1) -> Node:
        """An expression within brackets, where a "[" is a filter again."""
        self.closes_range, before = False, self.closes_range
        node = self.expression(level)
        self.closes_range = before
        return node

    # ---- names

    def declare(self, name: str) -> None:
        """From here on the name is known although it holds a keyword or a sign."""
        if _WORDS.fullmatch(name) and not KEYWORDS.intersection(name.split()):
            return
        try:
            parts = tokens(name)[:-1]
        except FeelSyntaxError:  # a key that no expression could name
            return
        words = tuple(self.text_of(token, name) for token in parts)
        if parts and parts[0].kind == "name" and not _NOT_IN_NAMES.intersection(words):
            self.special = self.special | {words[0]: (*self.special.get(words[0], ()), words)}

    @staticmethod
    def text_of(token: Token, text: str) -> str:
        return text[token.start : token.end]

    def _length_of_name(self) -> int:
        """How many tokens from here are one name; 0 when there is none."""
        first = self.here
        length = 0
        if first.kind == "name":
            length = 1
            while self._goes_on(self.tokens[self.index + length]):
                length += 1
        for words in self.special.get(self.text[first.start : first.end], ()):
            if len(words) > length and words == self._texts(len(words)):
                length = len(words)
        return length

    def _goes_on(self, token: Token) -> bool:
        return token.kind == "name" or is_digits(token, self.text)

    def _texts(self, count: int) -> tuple[str, ...]:
        return tuple(self.text_of(token, self.text) for token in self.tokens[self.index : self.index + count])

    def name(self) -> str:
        """The name that begins here, blanks between its words made one."""
        if self.here.kind == "quoted":
            return str(self.advance().value)
        length = self._length_of_name()
        if not length:
            raise self.unexpected(self.here, text("a name"))
        return self._joined(length)

    def _joined(self, length: int) -> str:
        parts: list[str] = []
        end = None
        for _ in range(length):
            token = self.advance()
            if end is not None and token.start > end:
                parts.append(" ")
            parts.append(self.text_of(token, self.text))
            end = token.end
        return "".join(parts)

    def name_after_dot(self) -> str:
        if self.here.kind == "keyword":
            return str(self.advance().value)
        return self.name()

    def name_before_colon(self) -> str | None:
        """The name of an argument, with its colon eaten; None when the argument has none."""
        index = self.index
        if self.here.kind in ("name", "quoted"):
            name = self.name()
            if self.take(":"):
                return name
        self.index = index
        return None

    def key(self) -> str:
        """The key of a context entry: a string, or whatever stands before the colon."""
        if self.here.kind == "string":
            key = str(self.advance().value)
        elif self.here.kind == "quoted":
            key = self.name()
        else:
            length = 0
            while (token := self.tokens[self.index + length])[:2] != ("op", ":"):
                if token.kind == "end" or (token.kind == "op" and token.value in "{}[](),"):
                    raise self.unexpected(token, text("a key and :"))
                length += 1
            if not length or self.here.kind == "number":
                raise self.unexpected(self.here, text("a key"))
            key = self._joined(length)
        self.expect(":")
        return key

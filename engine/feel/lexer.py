"""Text to tokens. Names of several words are put together by the parser, which knows the names."""
from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, NamedTuple

from engine.feel.errors import FeelSyntaxError
from engine.feel.values import DECIMAL

MAX_TEXT = 20_000  # characters of one expression
KEYWORDS = frozenset(("if", "then", "else", "for", "in", "return", "some", "every", "satisfies", "and", "or",
                      "between", "true", "false", "null", "instance", "function", "external"))  # fmt: skip

# Blanks FEEL knows beside those of Python's \s: byte order mark and zero-width space come in by copying from pages
_BLANK = "[\\s\ufeff\u200b]+"
_WORD = "[^\\W\\d]"
_TOKEN = re.compile(
    rf"(?P<blank>{_BLANK}|//[^\n]*|/\*.*?\*/)"
    r'|(?P<at>@\s*"(?:[^"\\]|\\.)*")'
    r"|(?P<number>(?:\d+(?:\.(?!\.)\d+)?|\.\d+)(?:[eE][+-]?\d+)?)"
    r'|(?P<string>"(?:[^"\\]|\\.)*")'
    r"|(?P<quoted>`[^`\n]+`)"
    rf"|(?P<name>{_WORD}[\w']*|[\U00010000-\U0010ffff][\w\U00010000-\U0010ffff]*)"
    r"|(?P<op>\*\*|\.\.|->|<=|>=|!=|/(?!\*)|[-+*=<>()\[\]{},.:?])",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{6})|(.))", re.DOTALL)
_PLAIN = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "'": "'", "\\": "\\", "/": "/"}


class Token(NamedTuple):
    """One token: kind is number, string, at, name, keyword, op or end; ``value`` what it means."""

    kind: str
    value: Any
    start: int
    end: int


def tokens(text: str) -> list[Token]:
    """The tokens of the text, ending with an ``end``. Raises FeelSyntaxError at the first strange character."""
    if len(text) > MAX_TEXT:
        raise FeelSyntaxError("The expression is longer than {limit} characters", MAX_TEXT, limit=MAX_TEXT)
    found: list[Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _strange(text, at)
        kind = match.lastgroup or ""
        if kind != "blank":
            found.append(_token(kind, match[0], at, match.end()))
        at = match.end()
    found.append(Token("end", None, len(text), len(text)))
    return found


def _strange(text: str, at: int) -> FeelSyntaxError:
    if text[at] == '"' or text.startswith("@", at):
        return FeelSyntaxError("The string that begins at character {place} is not closed", at)
    if text.startswith("/*", at):
        return FeelSyntaxError("The comment that begins at character {place} is not closed", at)
    return FeelSyntaxError("The sign {sign} at character {place} has no meaning here", at, sign=text[at])


def _token(kind: str, text: str, start: int, end: int) -> Token:
    if kind == "number":
        number = DECIMAL.create_decimal(text)
        if not number.is_finite():
            raise FeelSyntaxError("The number {number} at character {place} is too large", start, number=text[:40])
        return Token("number", number, start, end)
    if kind == "string":
        return Token("string", _unescape(text[1:-1]), start, end)
    if kind == "at":
        return Token("at", _unescape(text[text.index('"') + 1 : -1]), start, end)
    if kind == "quoted":
        return Token("quoted", text[1:-1], start, end)
    return Token("keyword" if text in KEYWORDS else kind, text, start, end)


def _unescape(text: str) -> str:
    return _ESCAPE.sub(_character, text) if "\\" in text else text


def _character(match: re.Match[str]) -> str:
    code = match[1] or match[2]
    if code:
        number = int(code, 16)
        return chr(number) if number <= 0x10FFFF else match[0]
    return _PLAIN.get(match[3], match[0])  # an unknown escape stays, so that "\d+" is a pattern


def is_digits(token: Token, text: str) -> bool:
    """Whether a number token is plain digits, which may be a part of a name (``phone 2``)."""
    return token.kind == "number" and text[token.start : token.end].isdigit() and isinstance(token.value, Decimal)

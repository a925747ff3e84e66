"""``${...}`` of Camunda 7 in FEEL: comparisons, logic, arithmetic, paths, ``empty``, ``?:`` and text with holes.

What has no twin in FEEL (beans, most method calls, assignments) is refused with Untranslatable rather than guessed.
"""
from __future__ import annotations

import re
from collections.abc import Callable

_HOLE = re.compile(r"[$#]\{((?:[^{}'\"]|'[^']*'|\"[^\"]*\")*)\}")
_TOKEN = re.compile(
    r"""\s*(?:
    (?P<number>\d+(?:\.\d+)?)
  | (?P<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
  | (?P<name>[^\W\d]\w*)
  | (?P<operator>\|\||&&|==|!=|<=|>=|[-+*/%<>!?:.,()\[\]])
    )""",
    re.VERBOSE,
)
_WORDS = {
    "or": "||", "and": "&&", "eq": "==", "ne": "!=", "lt": "<", "gt": ">", "le": "<=", "ge": ">=", "div": "/",
    "mod": "%", "not": "!",
}  # fmt: skip
_LEVELS: tuple[dict[str, str], ...] = (
    {"||": "or"},
    {"&&": "and"},
    {"==": "=", "!=": "!="},
    {"<": "<", ">": ">", "<=": "<=", ">=": ">="},
    {"+": "+", "-": "-"},
    {"*": "*", "/": "/", "%": "%"},
)
_METHODS: dict[tuple[str, int], Callable[[str, list[str]], str]] = {
    ("size", 0): lambda target, _: f"count({target})",
    ("length", 0): lambda target, _: f"string length({target})",
    ("isEmpty", 0): lambda target, _: _empty(target),
    ("equals", 1): lambda target, given: f"({target} = {given[0]})",
    ("startsWith", 1): lambda target, given: f"starts with({target}, {given[0]})",
    ("endsWith", 1): lambda target, given: f"ends with({target}, {given[0]})",
    ("toLowerCase", 0): lambda target, _: f"lower case({target})",
    ("toUpperCase", 0): lambda target, _: f"upper case({target})",
}
_PLAIN_KEY = re.compile(r"[^\W\d]\w*")
_CONTEXT_OBJECTS = ("execution", "task")


class Untranslatable(ValueError):
    """There is no FEEL twin. ``str(error)`` names the piece that has none."""


def has_holes(text: str | None) -> bool:
    """Whether a text holds ``${`` or ``#{``."""
    return text is not None and ("${" in text or "#{" in text)


def to_feel(text: str) -> str:
    """``=FEEL`` for a text that is or holds ``${…}``; the text itself if it holds none. Raises Untranslatable."""
    if not has_holes(text):
        return text
    whole = _HOLE.fullmatch(text.strip())
    if whole:
        return "=" + translate(whole[1])
    parts: list[str] = []
    at = 0
    for hole in _HOLE.finditer(text):
        parts += _literal(text[at : hole.start()])
        parts.append(f"string({translate(hole[1])})")
        at = hole.end()
    rest = text[at:]
    if has_holes(rest):
        raise Untranslatable(rest)
    return "=" + " + ".join(parts + _literal(rest))


def translate(expression: str) -> str:
    """FEEL for the inside of one ``${…}``. Raises Untranslatable."""
    parser = _Parser(expression)
    found = parser.choice()
    if parser.peek() is not None:
        raise Untranslatable(parser.peek() or expression)
    return found


def _literal(text: str) -> list[str]:
    return [_quote(text)] if text else []


def _quote(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _empty(operand: str) -> str:
    return f'(if {operand} = null then true else string({operand}) in ("", "[]", "{{}}"))'


class _Parser:
    def __init__(self, expression: str) -> None:
        self.tokens = _tokens(expression)
        self.at = 0

    def peek(self) -> str | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def take(self, wanted: str | None = None) -> str:
        token = self.peek()
        if token is None or (wanted is not None and token != wanted):
            raise Untranslatable(token or "…")
        self.at += 1
        return token

    def choice(self) -> str:
        condition = self.binary(0)
        if self.peek() != "?":
            return condition
        self.take("?")
        yes = self.choice()
        self.take(":")
        return f"(if {condition} then {yes} else {self.choice()})"

    def binary(self, level: int) -> str:
        if level == len(_LEVELS):
            return self.unary()
        left = self.binary(level + 1)
        while self.peek() in _LEVELS[level]:
            sign = _LEVELS[level][self.take()]
            left = _join(left, sign, self.binary(level + 1))
        return left

    def unary(self) -> str:
        token = self.peek()
        if token == "!":
            self.take()
            return f"not({self.unary()})"
        if token == "-":
            self.take()
            return f"-{self.unary()}"
        if token == "empty":
            self.take()
            return _empty(self.unary())
        return self.path()

    def path(self) -> str:
        found = self.primary()
        while self.peek() in (".", "["):
            found = self.member(found) if self.take() == "." else self.index(found)
        return found

    def member(self, target: str) -> str:
        name = self.take()
        if self.peek() != "(":
            if target in _CONTEXT_OBJECTS:
                raise Untranslatable(f"{target}.{name}")
            return f"{target}.{name}"
        given = self.arguments()
        if target == "execution" and name in ("getVariable", "hasVariable") and len(given) == 1:
            variable = given[0].strip('"')
            if _PLAIN_KEY.fullmatch(variable):
                return variable if name == "getVariable" else f"({variable} != null)"
        method = _METHODS.get((name, len(given)))
        if method is None or target in _CONTEXT_OBJECTS:
            raise Untranslatable(f"{target}.{name}()")
        return method(target, given)

    def index(self, target: str) -> str:
        key = self.choice()
        self.take("]")
        if key.startswith('"'):
            plain = key[1:-1]
            return f"{target}.{plain}" if _PLAIN_KEY.fullmatch(plain) else f"get value({target}, {key})"
        return f"{target}[{int(key) + 1}]" if key.isdigit() else f"{target}[{key} + 1]"

    def arguments(self) -> list[str]:
        self.take("(")
        given: list[str] = []
        while self.peek() != ")":
            given.append(self.choice())
            if self.peek() == ",":
                self.take()
        self.take(")")
        return given

    def primary(self) -> str:
        token = self.take()
        if token == "(":
            inner = self.choice()
            self.take(")")
            return f"({inner})"
        if token[0] in "'\"":
            return _quote(re.sub(r"\\(.)", r"\1", token[1:-1]))
        if token[0].isdigit():
            return token
        if not (token[0].isalpha() or token[0] == "_"):
            raise Untranslatable(token)
        if self.peek() == "(":
            if token in ("now", "dateTime") and not self.arguments():
                return "now()"
            raise Untranslatable(f"{token}()")
        return token


def _tokens(expression: str) -> list[str]:
    found: list[str] = []
    at = 0
    while expression[at:].strip():
        match = _TOKEN.match(expression, at)
        if match is None:
            raise Untranslatable(expression[at:].strip())
        word = match.group(0).strip()
        found.append(_WORDS.get(word, word) if match["name"] else word)
        at = match.end()
    if not found:
        raise Untranslatable("${}")
    return found


def _join(left: str, sign: str, right: str) -> str:
    if sign == "%":
        return f"modulo({left}, {right})"
    if sign == "+" and (left.startswith('"') or right.startswith('"')):
        left, right = (part if part.startswith('"') else f"string({part})" for part in (left, right))
    return f"{left} {sign} {right}"

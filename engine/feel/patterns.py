"""Regular expressions of strangers. Python's engine goes back and forth without end over some of them, so a pattern is
looked at before it runs: what can take exponential time is refused, what takes a power of the text's length may only
meet a text short enough."""
from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from engine.feel.errors import FeelError, FeelLimit
from engine.feel.runtime import Run

MAX_PATTERN = 300
MAX_INPUT = 20_000
MAX_WORK = 10_000_000  # character steps one match may take in the worst case: about a fifth of a second
_PARSER = importlib.import_module("re._parser")  # no public way to the tree of a pattern
_FORBIDDEN = {"ASSERT", "ASSERT_NOT", "GROUPREF", "GROUPREF_EXISTS"}
_REPEATS = {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}
_FLAGS = {"s": re.DOTALL, "m": re.MULTILINE, "i": re.IGNORECASE, "x": re.VERBOSE}


class Measure:
    """How much a pattern can go back: ``loops`` repetitions without end that something follows, ``forks`` choices."""

    def __init__(self) -> None:
        self.loops = 0
        self.forks = 0


@lru_cache(maxsize=512)
def _compiled(text: str, flags: str) -> tuple[re.Pattern[str], Measure]:
    if len(text) > MAX_PATTERN:
        raise FeelLimit("The pattern is longer than {limit} characters", limit=MAX_PATTERN)
    options = 0
    for flag in flags.replace("q", ""):
        if flag not in _FLAGS:
            raise FeelError("A pattern knows the flags s, m, i, x and q, not {flag}", flag=flag)
        options |= _FLAGS[flag]
    source = re.escape(text) if "q" in flags else text
    measure = Measure()
    try:
        tree = _PARSER.parse(source, options)
        _measure(list(tree), measure, inside=False, followed=False)
        return re.compile(source, options), measure
    except (re.error, RecursionError, OverflowError) as error:
        raise FeelError("{pattern} is no regular expression", pattern=text[:80]) from error


def pattern(text: str, flags: str | None) -> tuple[re.Pattern[str], Measure]:
    """The compiled pattern. Raises FeelError for what is none, FeelLimit for what could run for ever."""
    return _compiled(text, flags or "")


def guarded(found: tuple[re.Pattern[str], Measure], text: str, run: Run) -> re.Pattern[str]:
    """The pattern, if it may meet a text of this length. Raises FeelLimit."""
    compiled, measure = found
    anchored = compiled.pattern.startswith("^") and not compiled.flags & re.MULTILINE
    power = measure.loops + (0 if anchored or not measure.loops else 1)
    work = max(len(text), 1) ** max(power, 1) * 2**measure.forks
    if len(text) > MAX_INPUT or work > MAX_WORK:
        raise FeelLimit("The pattern {pattern} may take too long over a text of {length} characters",
                        pattern=compiled.pattern[:80], length=len(text))  # fmt: skip
    run.charge(min(work, MAX_WORK) // 256)
    return compiled


def _measure(tree: list[Any], measure: Measure, inside: bool, followed: bool) -> None:
    for index, (operation, argument) in enumerate(tree):
        name = str(operation)
        rest = followed or index + 1 < len(tree)
        if name in _FORBIDDEN:
            raise FeelLimit("Patterns with look-around or references to groups are not allowed")
        if name in _REPEATS:
            _measure_repeat(argument, measure, inside, rest)
        elif name == "BRANCH":
            _measure_branch(argument[1], measure, inside, rest)
        elif name == "SUBPATTERN":
            _measure(list(argument[3]), measure, inside, rest)
        elif name == "ATOMIC_GROUP":
            _measure(list(argument), measure, inside, rest)


def _measure_repeat(argument: tuple[int, int, Any], measure: Measure, inside: bool, followed: bool) -> None:
    least, most, body = argument
    if most == 1:
        measure.forks += 1
        if inside:
            raise _dangerous()
        _measure(list(body), measure, inside, followed)
        return
    varies = most != least
    if inside and varies:
        raise _dangerous()
    if varies and followed:
        measure.loops += 1
    _measure(list(body), measure, True, True)


def _measure_branch(branches: list[Any], measure: Measure, inside: bool, followed: bool) -> None:
    if inside and not _distinct(branches):
        raise _dangerous()
    measure.forks += 0 if _distinct(branches) else 1
    for branch in branches:
        _measure(list(branch), measure, inside, followed)


def _distinct(branches: list[Any]) -> bool:
    """Whether every branch begins with another literal character, so that no text fits two of them."""
    firsts = [next(iter(branch), ("", 0)) for branch in branches]
    if not all(str(name) == "LITERAL" for name, _ in firsts):
        return False
    return len({chr(sign).casefold() for _, sign in firsts}) == len(firsts)  # a and A are one under the flag i


def _dangerous() -> FeelLimit:
    return FeelLimit("A pattern that repeats what itself repeats or varies may run for ever; write it without that")


def replacement(text: str, found: tuple[re.Pattern[str], Measure], literal: bool) -> Callable[[re.Match[str]], str]:
    """What ``$1`` and ``\\$`` in the replacement make of a match. Raises FeelError for a group that is not there."""
    groups = found[0].groups
    if literal or not re.search(r"[$\\]", text):
        return lambda _: text
    parts = re.split(r"(\\.|\$\d)", text)
    for part in parts:
        if re.fullmatch(r"\$\d", part) and int(part[1]) > groups:
            raise FeelError("The replacement speaks of the group {group}, which the pattern lacks", group=part)

    def put(match: re.Match[str]) -> str:
        return "".join(
            (match[int(part[1])] or "") if re.fullmatch(r"\$\d", part) else part[1:] if part[:1] == "\\" else part
            for part in parts
        )

    return put

"""FEEL within a decision: compiled, with a fault noted for what is none."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from engine.errors import Text, text
from engine.feel.dmn_model import Logic
from engine.feel.dmn_xml import Element, Faults
from engine.feel.errors import FeelSyntaxError
from engine.feel.expressions import Expression, UnaryTests, compile, unary_tests


def merged(parts: Iterable[Expression | UnaryTests | Logic | None]) -> tuple[frozenset[str], frozenset[str]]:
    """The names and the functions all the parts need."""
    names: set[str] = set()
    functions: set[str] = set()
    for part in parts:
        if part is not None:
            names |= part.names
            functions |= part.functions
    return frozenset(names), frozenset(functions)


class CellReader:
    """Reads the FEEL of one decision. ``known``: names that hold signs or keywords and are to be understood."""

    def __init__(self, faults: Faults, owner: str, known: frozenset[str], allowed: Mapping[str, str]) -> None:
        self.faults = faults
        self.owner = owner
        self.known = known
        self.allowed = allowed  # allowed values of the file's own types, by type name
        self.depth = 0

    def fault(self, code: str, reason: Text, remedy: Text) -> None:
        self.faults.add(code, self.owner, reason, remedy)

    def expression(self, source: str, where: str) -> Expression | None:
        """A compiled expression, or None with a fault noted."""
        made: Expression | None = self._compiled(lambda: compile(source, self.known), where)
        return made

    def tests(self, source: str, where: str) -> UnaryTests | None:
        """Compiled tests; None for anything, and with a fault noted for what is no test."""
        if source in ("", "-"):
            return None
        made: UnaryTests | None = self._compiled(lambda: unary_tests(source, self.known), where)
        return made

    def _compiled(self, make: Callable[[], Any], where: str) -> Any:
        try:
            return make()
        except FeelSyntaxError as error:
            self.fault("dmn-feel", text("{where}: {error}", where=where, error=error.text),
                       text("Correct the expression"))  # fmt: skip
            return None

    def language(self, element: Element) -> None:
        """Note a fault when the element is written in another language than FEEL."""
        named = element.get("expressionLanguage") or ""
        if named and "feel" not in named.lower():
            self.fault("dmn-language", text("An expression is written in {language}", language=named),
                       text("Write it in FEEL; other languages are not executed"))  # fmt: skip

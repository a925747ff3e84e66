"""What a lint rule is: a small generator over a drawing that says where something is wrong.

The code, the remedy and the severity belong to the rule; the place and the reason to each finding.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator

from engine.bpmn.drawing import Drawing, Node
from engine.errors import Fault, Text, text

Findings = Iterator[tuple[str | None, Text]]
Rule = Callable[[Drawing], Iterator[Fault]]

RULES: dict[str, Rule] = {}
SEVERITIES: dict[str, str] = {}


def rule(code: str, remedy: str, severity: str = "error") -> Callable[[Callable[[Drawing], Findings]], Rule]:
    """Register a generator of (element id, reason) under a stable code."""

    def register(check: Callable[[Drawing], Findings]) -> Rule:
        def run(drawing: Drawing) -> Iterator[Fault]:
            for element_id, reason in check(drawing):
                yield Fault(code, drawing.file, element_id, reason, text(remedy), severity)

        run.__doc__ = check.__doc__
        assert code not in RULES, code
        RULES[code] = run
        SEVERITIES[code] = severity
        return run

    return register


def label(node: Node) -> str:
    """How a designer knows the element: its name, or its id."""
    return " ".join((node.element.get("name") or "").split()) or node.id

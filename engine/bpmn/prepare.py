"""Between parsing and reading: one dialect, no shared definitions. What gets lost on the way is said."""
from __future__ import annotations

from engine.bpmn import camunda, normalize
from engine.bpmn.xml import Element
from engine.errors import Fault, text


def prepare(file: str, root: Element) -> list[Fault]:
    """Bring a parsed tree to the one dialect the rest reads, in place."""
    faults = [
        Fault(
            "event-definition-unknown", file, identity or None,
            text("The event refers to a definition that is not in the file"),
            text("Choose the trigger of the event again"),
        )
        for identity in normalize.inline_definitions(root)
    ]  # fmt: skip
    return faults + camunda.translate(file, root)

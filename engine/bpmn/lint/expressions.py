"""FEEL: every expression of the drawing is read before it is published."""
from __future__ import annotations

from engine import feel
from engine.bpmn import places
from engine.bpmn.drawing import Drawing
from engine.bpmn.lint.rules import Findings, rule
from engine.errors import text


@rule("feel-syntax", "Correct the expression; the place is counted in characters after the =")
def feel_syntax(drawing: Drawing) -> Findings:
    """Expressions that are no FEEL, with the place where reading stopped."""
    for place in places.places(drawing):
        try:
            feel.compile(place.text)
        except feel.FeelSyntaxError as error:
            yield place.element_id, text("«{expression}» is no FEEL at character {place}: {reason}",
                                         expression=place.text[:80], place=error.position + 1,
                                         reason=error.text)  # fmt: skip

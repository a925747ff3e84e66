"""The lint rules of publication. ``check`` runs them all; each finding names the element, the reason and the remedy."""
from __future__ import annotations

from engine.bpmn.drawing import Drawing
from engine.bpmn.lint import (  # noqa: F401  each registers its rules
    control_points,
    elements,
    events,
    expressions,
    flows,
    gateways,
    loops,
    structure,
    tasks,
    timers,
)
from engine.bpmn.lint.rules import RULES
from engine.errors import Fault

# with one of these the graph cannot be walked, and everything else would be noise
FUNDAMENTAL = ("id-missing", "id-duplicate", "id-unusable", "flow-broken", "too-many-elements", "nested-too-deep")


def check(drawing: Drawing) -> tuple[Fault, ...]:
    """Every finding, in the order of the rules; only the fundamental ones if there are any."""
    fundamental = tuple(fault for code in FUNDAMENTAL for fault in RULES[code](drawing))
    if fundamental:
        return fundamental
    return tuple(fault for code, run in RULES.items() if code not in FUNDAMENTAL for fault in run(drawing))

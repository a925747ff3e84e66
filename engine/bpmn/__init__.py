"""The adapter to SpiffWorkflow: drawings in, snapshots out. Nothing outside of this package knows how it executes."""
from __future__ import annotations

from engine.bpmn.moving import Earlier, destinations, edit, move, reopen, skip, typed, way
from engine.bpmn.runner import (
    Standing,
    complete,
    deliver,
    finish_service,
    fire_timer,
    look,
    resume,
    start,
    start_by_event,
    throw_error,
)
from engine.bpmn.types import (
    Advance,
    Element,
    ElementFailed,
    ElementSettings,
    FailedToken,
    Happening,
    Host,
    OpenCall,
    OpenService,
    OpenSubscription,
    OpenTask,
    OpenTimer,
    Procedure,
    Snapshot,
    Thrown,
    Token,
    Variables,
)
from engine.bpmn.ways import Effect, Leaf, Passage, Way

__all__ = [
    "Advance", "Earlier", "Effect", "Element", "ElementFailed", "ElementSettings", "FailedToken", "Happening", "Host",
    "Leaf", "OpenCall", "OpenService", "OpenSubscription", "OpenTask", "OpenTimer", "Passage", "Procedure", "Snapshot",
    "Standing", "Thrown", "Token", "Variables", "Way", "complete", "deliver", "destinations", "edit", "finish_service",
    "fire_timer", "look", "move", "reopen", "resume", "skip", "start", "start_by_event", "throw_error", "typed", "way",
]  # fmt: skip

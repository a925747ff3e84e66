"""The adapter to SpiffWorkflow: drawings in, snapshots out. Nothing outside of this package knows how it executes."""
from __future__ import annotations

from engine.bpmn.runner import (
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

__all__ = [
    "Advance", "Element", "ElementFailed", "ElementSettings", "FailedToken", "Happening", "Host", "OpenCall",
    "OpenService", "OpenSubscription", "OpenTask", "OpenTimer", "Procedure", "Snapshot", "Thrown", "Token", "Variables",
    "complete", "deliver", "finish_service", "fire_timer", "look", "resume", "start", "start_by_event", "throw_error",
]  # fmt: skip

"""What the page of a task shows beside its form, and the form's other fillings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import g

from engine.models import UserTask
from engine.queries import ahead, brief
from engine.queries.desk import Surroundings
from engine.queries.replay import Replay
from engine.web import beside, drafts, reading
from engine.web.filled import Filled


def around_form(
    task: UserTask, around: Surroundings, filled: Filled, raw: Mapping[str, Any] | None, sent: bool, way: Replay,
    may: set[str],
) -> dict[str, Any]:  # fmt: skip
    """For the template. ``raw``: what stands in the form, ``sent``: it came with this request and was not accepted."""
    session, is_open, fills = reading.session(), task.rank is not None, "save_draft" in may
    view = filled.view(raw)
    typed = dict(raw or {})
    return {
        "ahead": ahead.after(session, reading.environment(), task, way, g.now, filled.scope) if is_open else None,
        "brief": brief.of(session, around.client, around.deal) if around.client else None,
        "rounds": beside.rounds(task, around.rounds, view) if is_open else None,
        "clash": drafts.overtaken(task, filled, typed) if sent and fills else None,
        "entered": beside.differences(view, filled.view(None)) if sent and task.outcome is not None else [],
        "companions": drafts.companions(task) if fills else [],
    }

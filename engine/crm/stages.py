"""Milestones, and the stage schemes through which people look at them. Schemes are data: settings/stages.yaml."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.errors import Invalid, NotFound
from engine.models import Deal, MilestoneReached

MILESTONES = ("M0", "M1", "M2", "M3", "M4", "M5", "M6", "M6a", "M7", "M8", "M9")
LOST = "MX"


@dataclass(frozen=True)
class Stage:
    """One stage of a deal's way. ``state``: done, now, ahead, lost (the deal ended here). ``at``: when it was done."""

    key: str
    title: str
    title_en: str
    state: str
    at: datetime | None = None


def position(milestone: str) -> int:
    """The place of a milestone on the way from M0 to M9. Raises Invalid for an unknown one."""
    if milestone not in MILESTONES:
        raise Invalid("There is no milestone {milestone}.", milestone=milestone)
    return MILESTONES.index(milestone)


def reached(session: Session, deal_id: int) -> dict[str, datetime]:
    """When a deal first reached each milestone."""
    rows = session.execute(
        select(MilestoneReached.milestone, func.min(MilestoneReached.at))
        .where(MilestoneReached.deal_id == deal_id)
        .group_by(MilestoneReached.milestone)
    )
    return {row[0]: row[1] for row in rows}


def view(session: Session, deal: Deal, settings: Mapping[str, Any], scheme: str = "stepanov6") -> tuple[Stage, ...]:
    """The stages of a deal in a scheme. ``settings``: settings/stages.yaml. Raises NotFound for an unknown scheme."""
    entry = settings.get(scheme)
    if not isinstance(entry, Mapping):
        raise NotFound("There is no stage scheme {scheme} in settings/stages.yaml.", scheme=scheme)
    moments = reached(session, deal.id)
    passed = [position(name) for name in (*moments, deal.milestone) if name != LOST]
    farthest = max(passed, default=-1)
    stages: list[Stage] = []
    for item in entry["stages"]:
        last = str(item["milestones"][-1])
        state = "done" if farthest >= position(last) else "ahead"
        if state == "ahead" and all(stage.state == "done" for stage in stages):
            state = "lost" if deal.milestone == LOST else "now"
        titles = str(item["title"]), str(item.get("title_en") or item["title"])
        stages.append(Stage(str(item["key"]), *titles, state, moments.get(last) if state == "done" else None))
    return tuple(stages)


def stage_of(milestone: str, settings: Mapping[str, Any], scheme: str = "stepanov6") -> str | None:
    """The key of the stage a deal works in once it has reached ``milestone``; None past the last one."""
    entry = settings.get(scheme)
    if not isinstance(entry, Mapping):
        raise NotFound("There is no stage scheme {scheme} in settings/stages.yaml.", scheme=scheme)
    at = position(milestone)
    return next((str(item["key"]) for item in entry["stages"] if position(str(item["milestones"][-1])) > at), None)

"""Stages as people call them: milestones seen through a scheme, refusals by their category."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.crm import stages
from engine.crm.reports.model import Asked, Said, Words
from engine.errors import Text, text

SCHEME = "stepanov6"
CLIENT_STATES: Mapping[str, Text] = {
    "potential": text("potential client"),
    "new": text("new client"),
    "regular": text("regular client"),
    "lost": text("lost client"),
    "restored": text("restored client"),
}


@dataclass(frozen=True)
class Stage:
    """One stage of a scheme. ``milestones``: those that belong to it, the last one ends it; ``no``: from 1."""

    key: str
    title: Words
    milestones: tuple[str, ...]
    no: int


def scheme_of(asked: Asked) -> str:
    """The chosen scheme, if there is one of that name."""
    chosen = asked["scheme"] or SCHEME
    return chosen if chosen in _settings(asked.env) else SCHEME


def stages_of(asked: Asked) -> list[Stage]:
    """The stages of the chosen scheme in order."""
    entry = _settings(asked.env).get(scheme_of(asked)) or {"stages": []}
    return [
        Stage(str(item["key"]), Words(str(item["title"]), str(item.get("title_en") or item["title"])),
              tuple(str(one) for one in item["milestones"]), no)
        for no, item in enumerate(entry["stages"], 1)
    ]  # fmt: skip


def stage_at(known: Sequence[Stage], milestone: str) -> Stage | None:
    """The stage a deal works in once it has reached a milestone: the first that it has not ended. None past the last,
    or lost."""
    if milestone not in stages.MILESTONES:
        return None
    place = stages.position(milestone)
    return next((stage for stage in known if stages.position(stage.milestones[-1]) > place), None)


def stage_name(asked: Asked, milestone: str) -> Said:
    """The name of that stage; past the last one the last."""
    known = stages_of(asked)
    found = stage_at(known, milestone) or (known[-1] if known else None)
    return found.title if found else milestone


def refusal_name(asked: Asked, category: str | None) -> Said | None:
    """The name of a refusal category; of one that is not in the settings any more its key."""
    if category is None:
        return None
    for item in (asked.env.settings.get("refusals") or {}).get("categories", []):
        if item.get("value") == category:
            return Words(str(item["label"]), str(item.get("label_en") or item["label"]))
    return category or text("not said")


def listed(env: Any, file: str, key: str) -> dict[str, Said]:
    """A list of the settings (value, label, label_en) as names by value, in its order."""
    rows = (env.settings.get(file) or {}).get(key) or []
    return {
        str(row["value"]): Words(str(row["label"]), str(row.get("label_en") or row["label"]))
        for row in rows
        if isinstance(row, Mapping) and "value" in row
    }


def _settings(env: Any) -> Mapping[str, Any]:
    found: Mapping[str, Any] = env.settings.get("stages") or {}
    return found

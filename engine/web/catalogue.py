"""The overview of the whole work with clients in a few blocks, and the catalogue of procedures behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, render_template

from engine.queries import catalogue
from engine.queries.catalogue import Entry
from engine.web import reading
from engine.web.i18n import locale
from engine.web.rules import allow

blueprint = Blueprint("catalogue", __name__)


@dataclass(frozen=True)
class Block:
    """One block of the overview. ``main``: the entry a click leads to; ``ahead``: titles of the blocks that follow."""

    key: str
    title: str
    about: str
    icon: str
    side: bool
    main: Entry | None
    entries: tuple[Entry, ...]
    ahead: tuple[str, ...]

    @property
    def running(self) -> int:
        """Instances that run in this block."""
        return sum(entry.running for entry in self.entries)


@blueprint.get("/overview")
@allow("employee")
def overview() -> str:
    """The way of a client through the company at a glance (R170)."""
    entries = {entry.key: entry for entry in _entries()}
    settings: Mapping[str, Any] = reading.environment().setting("overview", {})
    titles = {key: _words(one, "title") for key, one in settings.items()}
    blocks = [_block(key, one, entries, titles) for key, one in settings.items()]
    placed = {entry.key for block in blocks for entry in block.entries}
    support = [entry for entry in entries.values() if entry.key not in placed]
    return render_template("overview.html", blocks=blocks, support=support)


@blueprint.get("/catalogue")
@allow("employee")
def listing() -> str:
    """Every procedure: who, when, until when, documents, control points, requirements, where it leads."""
    entries = _entries()
    return render_template("catalogue.html", entries=entries, names={entry.key: entry.name for entry in entries})


def _entries() -> list[Entry]:
    return catalogue.entries(reading.session(), reading.environment())


def _block(key: str, one: Mapping[str, Any], entries: Mapping[str, Entry], titles: Mapping[str, str]) -> Block:
    found = tuple(entries[name] for name in one["procedures"] if name in entries)
    main = entries.get(one["main"]) or next(iter(found), None)
    ahead = tuple(titles[name] for name in one.get("ahead", ()))
    return Block(key, titles[key], _words(one, "about"), one["icon"], bool(one.get("side")), main, found, ahead)


def _words(one: Mapping[str, Any], name: str) -> str:
    return str(one.get(f"{name}_en") or one[name]) if locale() == "en" else str(one[name])

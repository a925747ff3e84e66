"""What a token knows: its variables, and for each the number of the write that set it.

Writes are numbered through the whole life of an instance. When branches meet, the later write of a variable counts; a
branch that did not write it cannot undo what another did, whatever arrives last. Values are never
changed in place and may be shared by any number of tokens.
"""
from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

ABSENT = object()


@dataclass(frozen=True)
class Known:
    """Variables and the numbers of their writes; 0, which is not stored, is "from the beginning"."""

    values: dict[str, Any] = field(default_factory=dict)
    writes: dict[str, int] = field(default_factory=dict)

    def write(self, found: Mapping[str, Any], number: int) -> Known:
        """With these variables set by this write."""
        return Known({**self.values, **found}, {**self.writes, **dict.fromkeys(found, number)})

    def later(self, other: Known, without: Collection[str] = ()) -> Known:
        """With whatever the other knows that is later or unknown here."""
        if other is self or other.values is self.values:
            return self
        news = [
            name
            for name in other.values
            if name not in without and (name not in self.values or other.number(name) > self.number(name))
        ]
        if not news:
            return self
        values, writes = dict(self.values), dict(self.writes)
        for name in news:
            values[name] = other.values[name]
            if name in other.writes:
                writes[name] = other.writes[name]
        return Known(values, writes)

    def number(self, name: str) -> int:
        """The number of the write that set the variable."""
        return self.writes.get(name, 0)

    def changes(self, found: Mapping[str, Any]) -> dict[str, Any]:
        """What of this is new or different: writing a value that is there already is no write."""
        return dict(changes(self.values, found))


def changes(base: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Variables that differ from the base."""
    for name, value in found.items():
        held = base.get(name, ABSENT)
        if held is not value and (held is ABSENT or not same(held, value)):
            yield name, value


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal and not merely ``1 == True``."""
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)

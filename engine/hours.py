"""Somebody's working hours, what he has in hand in them, and who stands in for him; in minutes from now."""
from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Generic, TypeVar

NEVER = float("inf")
Task = TypeVar("Task")


class Hours:
    """When somebody works: pieces of time, and the two ways between a moment and the minutes worked until then."""

    def __init__(self, pieces: Sequence[tuple[float, float]]) -> None:
        self.pieces = tuple(sorted(piece for piece in pieces if piece[1] > piece[0]))
        self._starts = [start for start, _ in self.pieces]
        self._before = [0.0, *accumulate(end - start for start, end in self.pieces)]

    def worked(self, at: float) -> float:
        """Minutes worked before a moment."""
        nth = bisect_right(self._starts, at) - 1
        return self._before[nth] + min(at, self.pieces[nth][1]) - self.pieces[nth][0] if nth >= 0 else 0.0

    def moment(self, worked: float) -> float:
        """The moment at which so much has been worked; never, when the known pieces do not suffice."""
        nth = bisect_right(self._before, worked) - 1
        if nth >= len(self.pieces):
            return self.pieces[-1][1] if self.pieces and worked <= self._before[-1] else NEVER
        return self.pieces[nth][0] + worked - self._before[nth]

    def without(self, gaps: Sequence[tuple[float, float]]) -> Hours:
        """The same hours with times cut out."""
        left = list(self.pieces)
        for start, end in gaps:
            cut = [((a, min(b, start)), (max(a, end), b)) for a, b in left]
            left = [piece for both in cut for piece in both if piece[1] > piece[0]]
        return Hours(left)

    def joined(self, other: Hours, start: float, end: float) -> Hours:
        """The same hours, and those of another between two moments."""
        theirs = [(max(a, start), min(b, end)) for a, b in other.pieces if a < end and b > start]
        return Hours([*self.without([(start, end)]).pieces, *theirs])


@dataclass(frozen=True)
class Cover:
    """Somebody stands in for an absent person from then to then, with all of his work or that of one procedure."""

    absent: int
    substitute: int
    start: float
    end: float
    procedure: str | None = None

    def fits(self, person: int, key: str) -> bool:
        """Is this work of that person among it?"""
        return person == self.absent and self.procedure in (None, key)


class Hands(Generic[Task]):
    """What one person has in hand: all of it gets on at once, each thing the slower the more there is.

    ``done``: how much of each thing that was always there would have been done by now; ``tasks``: at which ``done``
    each is finished.
    """

    __slots__ = ("count", "done", "hours", "tasks", "turn", "worked")

    def __init__(self, hours: Hours) -> None:
        self.hours, self.worked, self.done = hours, hours.worked(0.0), 0.0
        self.tasks: list[tuple[float, int, Task]] = []
        self.count = self.turn = 0

    def pass_until(self, at: float) -> None:
        """Let the person work until a moment."""
        worked = self.hours.worked(at)
        if self.count:
            self.done += (worked - self.worked) / self.count
        self.worked = worked

    def first_done(self) -> float:
        """When the first thing will be done if nothing comes or goes."""
        return self.hours.moment(self.worked + max(0.0, self.tasks[0][0] - self.done) * self.count)

"""Somebody's working hours as pieces of time, in minutes from now: for looking back at what was done and ahead."""
from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

NEVER = float("inf")


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

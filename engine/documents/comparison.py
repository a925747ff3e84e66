"""Two texts of a document side by side: what was added, removed, changed, word by word; what stayed is folded away."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

from engine.documents.wording import Block

SAME, ADDED, REMOVED, CHANGED = "same", "added", "removed", "changed"
WORDS = re.compile(r"\d+(?:[ .,:/-]\d+)*|\w+|\s+|[^\w\s]")  # a sum or a date is one word
ALIKE = 0.45  # of their words: below it two paragraphs are another one, not the same one changed
PAIRS = 4_000  # more pairs than this are put together by their order alone
CONTEXT = 1  # unchanged lines shown around a change
REMEMBERED = 64


@dataclass(frozen=True)
class Piece:
    """Some words: same, added or removed."""

    kind: str
    text: str


@dataclass(frozen=True)
class Line:
    """A paragraph or a row of a table, cell by cell. ``kind``: same, added, removed or changed. ``number``: of the
    clause, as it stands in the newer text (in the older one, if it was removed)."""

    kind: str
    cells: tuple[tuple[Piece, ...], ...]
    in_table: bool = False
    number: str = ""


@dataclass(frozen=True)
class Passage:
    """Neighbouring lines; ``folded``: nothing changed here, they need not be read."""

    lines: tuple[Line, ...]
    folded: bool


@dataclass(frozen=True)
class Difference:
    """The whole comparison."""

    lines: tuple[Line, ...]

    @property
    def count(self) -> int:
        """Lines that are not as they were."""
        return sum(1 for line in self.lines if line.kind != SAME)

    @property
    def passages(self) -> list[Passage]:
        """The lines with long stretches of unchanged ones folded."""
        near = {
            place + step
            for place, line in enumerate(self.lines)
            if line.kind != SAME
            for step in range(-CONTEXT, CONTEXT + 1)
        }
        found: list[Passage] = []
        start = 0
        for place in range(1, len(self.lines) + 1):
            if place == len(self.lines) or (place in near) != (start in near):
                folded = start not in near and place - start > 1
                found.append(Passage(self.lines[start:place], folded))
                start = place
        return found if self.lines else []


@lru_cache(maxsize=REMEMBERED)
def compare(old: tuple[Block, ...], new: tuple[Block, ...]) -> Difference:
    """What became of ``old`` in ``new``."""
    matcher = SequenceMatcher(None, [one.words for one in old], [one.words for one in new], autojunk=False)
    lines: list[Line] = []
    for kind, i1, i2, j1, j2 in matcher.get_opcodes():
        if kind == "equal":
            lines += (_whole(SAME, block) for block in new[j1:j2])
        else:
            lines += _replaced(old[i1:i2], new[j1:j2])
    return Difference(tuple(lines))


def _whole(kind: str, block: Block) -> Line:
    return Line(kind, tuple((Piece(kind, cell),) if cell else () for cell in block.cells), bool(block.table),
                block.number)  # fmt: skip


def _replaced(old: Sequence[Block], new: Sequence[Block]) -> Iterator[Line]:
    """Pairs of blocks that are the same one changed, in the order of both sides; what has no pair went or came."""
    i = j = 0
    for left, right in [*_pairs(old, new), (len(old), len(new))]:
        yield from (_whole(REMOVED, block) for block in old[i:left])
        yield from (_whole(ADDED, block) for block in new[j:right])
        if left < len(old) and right < len(new):
            yield _changed(old[left], new[right])
        i, j = left + 1, right + 1


def _pairs(old: Sequence[Block], new: Sequence[Block]) -> list[tuple[int, int]]:
    """Which block became which: as much likeness as possible without crossing (as for the longest common part)."""
    if not old or not new:
        return []
    if len(old) * len(new) > PAIRS:
        return [(place, place) for place in range(min(len(old), len(new)))]
    bags = [Counter(WORDS.findall(one.words.lower())) for one in old], [
        Counter(WORDS.findall(one.words.lower())) for one in new
    ]
    best = [[0.0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i in range(len(old) - 1, -1, -1):
        for j in range(len(new) - 1, -1, -1):
            likeness = _likeness(old[i], new[j], bags[0][i], bags[1][j])
            paired = likeness + best[i + 1][j + 1] if likeness >= ALIKE else 0.0
            best[i][j] = max(paired, best[i + 1][j], best[i][j + 1])
    found, i, j = [], 0, 0
    while i < len(old) and j < len(new):
        if best[i][j] == best[i + 1][j]:
            i += 1
        elif best[i][j] == best[i][j + 1]:
            j += 1
        else:
            found.append((i, j))
            i, j = i + 1, j + 1
    return found


def _likeness(one: Block, other: Block, words: Counter[str], others: Counter[str]) -> float:
    if bool(one.table) != bool(other.table) or len(one.cells) != len(other.cells):
        return 0.0
    total = words.total() + others.total()
    return 2 * (words & others).total() / total if total else 1.0


def _changed(old: Block, new: Block) -> Line:
    cells = tuple(_words(before, after) for before, after in zip(old.cells, new.cells, strict=True))
    return Line(CHANGED, cells, bool(new.table), new.number)


def _words(old: str, new: str) -> tuple[Piece, ...]:
    """Word by word. A space or a comma left alone between two changes belongs to them: nobody reads confetti."""
    before, after = WORDS.findall(old), WORDS.findall(new)
    steps: list[tuple[str, str, str]] = []
    for step, i1, i2, j1, j2 in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        gone, came = "".join(before[i1:i2]), "".join(after[j1:j2])
        is_gap = step == "equal" and not re.search(r"\w", gone) and i1 > 0 and i2 < len(before) and j2 < len(after)
        steps.append(("change" if is_gap or step != "equal" else SAME, gone, came))
    pieces: list[Piece] = []
    gone = came = ""
    for kind, left, right in [*steps, (SAME, "", "")]:
        if kind != SAME:
            gone, came = gone + left, came + right
            continue
        pieces += (Piece(what, words) for what, words in ((REMOVED, gone), (ADDED, came)) if words)
        gone = came = ""
        if right:
            pieces.append(Piece(SAME, right))
    return tuple(pieces)

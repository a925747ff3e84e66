"""Functions of intervals and points (Allen's relations; DMN 1.5 table 78). An argument that is no interval is a
point; two that cannot be compared give null."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.feel.errors import FeelError
from engine.feel.literals import read_interval
from engine.feel.registry import builtin
from engine.feel.runtime import Run
from engine.feel.values import Range, order


class _Apart(ValueError):
    """Ends of different kinds: the relation is null."""


Relation = Callable[["_Pair"], bool]


class _Pair:
    """Two intervals, with their ends compared. An open end (None) lies beyond everything."""

    def __init__(self, run: Run, first: Range, second: Range) -> None:
        self.run = run
        self.a = first
        self.b = second

    def sign(self, left: Any, right: Any, left_out: int, right_out: int) -> int:
        """The order of two ends; ``*_out`` is where an open end lies: -1 before everything, 1 behind it."""
        if left is None or right is None:
            return (left_out if left is None else 0) - (right_out if right is None else 0)
        found = order(left, right, self.run.zone)
        if found is None:
            raise _Apart
        return found

    def swapped(self) -> _Pair:
        return _Pair(self.run, self.b, self.a)

    def starts(self) -> int:
        return self.sign(self.a.start, self.b.start, -1, -1)

    def ends(self) -> int:
        return self.sign(self.a.end, self.b.end, 1, 1)

    def end_start(self) -> int:
        """The order of a's end and b's start."""
        return self.sign(self.a.end, self.b.start, 1, -1)


def _before(p: _Pair) -> bool:
    sign = p.end_start()
    return sign < 0 or (sign == 0 and not (p.a.end_included and p.b.start_included))


def _meets(p: _Pair) -> bool:
    return p.a.end_included and p.b.start_included and p.end_start() == 0


def _starts_no_later(p: _Pair) -> bool:
    sign = p.starts()
    return sign < 0 or (sign == 0 and (p.a.start_included or not p.b.start_included))


def _ends_no_earlier(p: _Pair) -> bool:
    sign = p.ends()
    return sign > 0 or (sign == 0 and (p.a.end_included or not p.b.end_included))


def _includes(p: _Pair) -> bool:
    return _starts_no_later(p) and _ends_no_earlier(p)


def _overlaps(p: _Pair) -> bool:
    return not _before(p) and not _before(p.swapped())


def _overlaps_before(p: _Pair) -> bool:
    if _before(p) or p.end_start() < 0:
        return False
    start, end = p.starts(), p.ends()
    begins = start < 0 or (start == 0 and p.a.start_included and not p.b.start_included)
    closes = end < 0 or (end == 0 and (not p.a.end_included or p.b.end_included))
    return begins and closes


def _overlaps_after(p: _Pair) -> bool:
    if _before(p.swapped()):
        return False
    start, end = p.starts(), p.ends()
    begins = start > 0 or (start == 0 and not p.a.start_included and p.b.start_included)
    closes = end > 0 or (end == 0 and (p.a.end_included or not p.b.end_included))
    return begins and closes


def _starts(p: _Pair) -> bool:
    if p.starts() or p.a.start_included is not p.b.start_included:
        return False
    sign = p.ends()
    return sign < 0 or (sign == 0 and (not p.a.end_included or p.b.end_included))


def _finishes(p: _Pair) -> bool:
    if p.ends() or p.a.end_included is not p.b.end_included:
        return False
    sign = p.starts()
    return sign > 0 or (sign == 0 and (not p.a.start_included or p.b.start_included))


def _coincides(p: _Pair) -> bool:
    same_sides = p.a.start_included is p.b.start_included and p.a.end_included is p.b.end_included
    return same_sides and not p.starts() and not p.ends()


def _turned(relation: Relation) -> Relation:
    return lambda p: relation(p.swapped())


_RELATIONS: tuple[tuple[str, Relation, tuple[str, ...]], ...] = (
    ("before", _before, ("point1, point2", "point, range", "range, point", "range1, range2")),
    ("after", _turned(_before), ("point1, point2", "point, range", "range, point", "range1, range2")),
    ("meets", _meets, ("range1, range2",)),
    ("met by", _turned(_meets), ("range1, range2",)),
    ("overlaps", _overlaps, ("range1, range2",)),
    ("overlaps before", _overlaps_before, ("range1, range2",)),
    ("overlaps after", _overlaps_after, ("range1, range2",)),
    ("finishes", _finishes, ("point, range", "range1, range2")),
    ("finished by", _turned(_finishes), ("range, point", "range1, range2")),
    ("includes", _includes, ("range, point", "range1, range2")),
    ("during", _turned(_includes), ("point, range", "range1, range2")),
    ("starts", _starts, ("point, range", "range1, range2")),
    ("started by", _turned(_starts), ("range, point", "range1, range2")),
    ("coincides", _coincides, ("point1, point2", "range1, range2")),
)


def _declare(name: str, relation: Relation, forms: tuple[str, ...]) -> None:
    def function(run: Run, first: Any, second: Any) -> bool | None:
        if first is None or second is None:
            return None
        return relation(_Pair(run, _interval(first), _interval(second)))

    for form in forms:
        first, second = form.split(", ")
        builtin(f"{name}({first}: {_type(first)}, {second}: {_type(second)})")(function)


def _type(parameter: str) -> str:
    return "range" if parameter.startswith("range") else "any"


def _interval(value: Any) -> Range:
    return value if isinstance(value, Range) else Range(value, value)


for _name, _relation, _forms in _RELATIONS:
    _declare(_name, _relation, _forms)


@builtin("range(from: string)")
def read_range(text: str) -> Range | None:
    """An interval from its text; the ends may only be literals. Null for anything else."""
    try:
        return read_interval(text)
    except FeelError:
        return None

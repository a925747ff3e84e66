"""Completeness and overlap of a decision table.

Every column is cut at the values its tests speak of; within one piece all tests answer alike, so one sample stands for
the piece. A gap is a combination of pieces no rule covers, an overlap one that two rules cover. Tests that speak of
other things than plain values (``? > limit``) cannot be looked through: such a rule counts as covering every piece,
and a note says so.
"""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice

from engine.errors import Fault, Text, text
from engine.feel.builtins.conversion import written
from engine.feel.dmn_model import Rule, Table
from engine.feel.dmn_pieces import Piece, Pieces, pieces_of
from engine.feel.errors import FeelError
from engine.feel.runtime import Context, Run

MAX_FINDINGS = 10  # of one sort for one table
MAX_VISITS = 100_000
_CONTEXT = Context(now=datetime(2000, 1, 1, tzinfo=UTC), max_steps=5_000_000)
_OVERLAP_MATTERS = ("UNIQUE", "ANY")


@dataclass(frozen=True)
class Finding:
    """sort: ``gap``, ``overlap`` or ``note``. example: input label -> FEEL text of a value. rules: numbers from 1."""

    sort: str
    decision: str
    text: Text
    example: Mapping[str, str] = field(default_factory=dict)
    rules: tuple[int, ...] = ()

    def fault(self, file: str) -> Fault:
        """The finding as the gate says it: an overlap in a UNIQUE or ANY table stops publication, a gap does not."""
        remedy = {"gap": text("Add a rule for it, or a default output"),
                  "overlap": text("Narrow one of the rules, or choose another hit policy")}  # fmt: skip
        return Fault(f"dmn-{self.sort}", file, self.decision, self.text,
                     remedy.get(self.sort, text("Test the rule by hand")),
                     "error" if self.sort == "overlap" else "warning")  # fmt: skip


def check_table(decision: str, table: Table) -> Iterator[Finding]:
    """What is to be said about one table."""
    grid = _Grid(table)
    for number in sorted(grid.opaque):
        yield Finding("note", decision, text("Rule {rule} has a test that cannot be checked in advance", rule=number),
                      rules=(number,))  # fmt: skip
    if table.policy in _OVERLAP_MATTERS:
        yield from _overlaps(decision, table, grid)
    if not any(output.default is not None for output in table.outputs):
        yield from _gaps(decision, table, grid)


class _Grid:
    """For every rule and column the set of pieces the test accepts, as bits."""

    def __init__(self, table: Table) -> None:
        self.run = Run(_CONTEXT)
        self.columns: list[Pieces] = []
        self.opaque: set[int] = set()
        self.masks: list[list[int]] = [[] for _ in table.rules]
        self.seen_through: list[list[bool]] = [[] for _ in table.rules]
        for place, column in enumerate(table.inputs):
            pieces = pieces_of([rule.tests[place] for rule in table.rules], column.allowed, column.type)
            self.columns.append(pieces)
            for row, rule in enumerate(table.rules):
                self._add(rule, row, place, pieces)

    def _add(self, rule: Rule, row: int, place: int, pieces: Pieces) -> None:
        test = rule.tests[place]
        everything = (1 << len(pieces.items)) - 1
        clear = test is None or row not in pieces.opaque
        mask = everything
        if test is not None and clear:
            try:
                mask = sum(1 << bit for bit, piece in enumerate(pieces.items) if test.run(piece.sample, {}, self.run))
            except FeelError:
                clear, mask = False, everything
        if not clear:
            self.opaque.add(rule.number)
        self.masks[row].append(mask)
        self.seen_through[row].append(clear)


def _example(table: Table, chosen: list[Piece | None], run: Run) -> dict[str, str]:
    return {column.label: ("any value" if piece is None or piece.any else written(piece.sample, run))
            for column, piece in zip(table.inputs, chosen, strict=True)}  # fmt: skip


def _told(example: Mapping[str, str]) -> str:
    return ", ".join(f"{label} = {value}" for label, value in example.items())


# ---- overlaps


def _overlaps(decision: str, table: Table, grid: _Grid) -> Iterator[Finding]:
    told = 0
    for first, rule in enumerate(table.rules):
        for second in range(first + 1, len(table.rules)):
            pieces = _common(grid, first, second)
            if pieces is None or (table.policy == "ANY" and _same_outputs(rule, table.rules[second])):
                continue
            example = _example(table, pieces, grid.run)
            rules = (rule.number, table.rules[second].number)
            yield Finding("overlap", decision, text("Rules {first} and {second} both match, for example {example}",
                                                    first=rules[0], second=rules[1], example=_told(example)),
                          example, rules)  # fmt: skip
            told += 1
            if told >= MAX_FINDINGS:
                return


def _common(grid: _Grid, first: int, second: int) -> list[Piece | None] | None:
    """A piece of every column that both rules surely accept; None when there is none, or when it cannot be told."""
    found: list[Piece | None] = []
    for place, pieces in enumerate(grid.columns):
        both = grid.masks[first][place] & grid.masks[second][place]
        if not both or not (grid.seen_through[first][place] and grid.seen_through[second][place]):
            return None
        found.append(pieces.items[(both & -both).bit_length() - 1])
    return found


def _same_outputs(first: Rule, second: Rule) -> bool:
    return [cell and cell.text for cell in first.outputs] == [cell and cell.text for cell in second.outputs]


# ---- gaps


class _Search:
    """Walks over the columns, keeping the rules that still match; where none is left there is a gap."""

    def __init__(self, grid: _Grid) -> None:
        self.grid = grid
        self.visits = 0
        self.full: set[tuple[int, int]] = set()  # (column, rules) known to hold no gap

    def gaps(self, place: int, rules: int, chosen: list[Piece | None]) -> Iterator[list[Piece | None]]:
        """Every gap below this point, as the pieces chosen; the rest of the columns is free."""
        columns = self.grid.columns
        self.visits += 1
        if not rules:
            yield chosen + [None] * (len(columns) - place)
            return
        if place == len(columns) or (place, rules) in self.full or self.visits > MAX_VISITS:
            return
        found = False
        tried: set[int] = set()
        for bit, piece in enumerate(columns[place].items):
            left = self._left(place, bit, rules)
            if left in tried:  # another piece that leaves the same rules has the same gaps below
                continue
            tried.add(left)
            for gap in self.gaps(place + 1, left, [*chosen, piece]):
                found = True
                yield gap
        if not found and self.visits <= MAX_VISITS:
            self.full.add((place, rules))

    def _left(self, place: int, bit: int, rules: int) -> int:
        left = 0
        for row, masks in enumerate(self.grid.masks):
            if rules >> row & 1 and masks[place] >> bit & 1:
                left |= 1 << row
        return left


def _gaps(decision: str, table: Table, grid: _Grid) -> Iterator[Finding]:
    search = _Search(grid)
    for chosen in islice(search.gaps(0, (1 << len(table.rules)) - 1, []), MAX_FINDINGS):
        example = _example(table, chosen, grid.run)
        yield Finding("gap", decision, text("No rule matches, for example {example}", example=_told(example)), example)
    if search.visits > MAX_VISITS:
        yield Finding("note", decision, text("The table is too large to be searched for every gap"))
